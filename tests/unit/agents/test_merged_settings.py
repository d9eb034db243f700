"""Settings that an agent gets in a variable: Outlive's, merged with those that its user has set there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from session_host.agents.catalog import load_catalog
from session_host.agents.environment import child_environment, missing_integration, variable
from session_host.paths import config_dir

OURS = '{"plugin":["file://{files}/status.js"],"share":"disabled"}'
FILES = "/state/sessions/5e55104e-0000-4000-8000-000000000001/agent"
OTHER_FILES = "/state/sessions/5e55104e-0000-4000-8000-000000000002/agent"


def test_without_the_users_settings_ours_are_used() -> None:
    assert json.loads(variable(OURS, FILES, "")) == {"plugin": [f"file://{FILES}/status.js"], "share": "disabled"}
    assert variable("{files}/settings.json", FILES, "theirs") == f"{FILES}/settings.json"


def test_the_users_own_settings_are_kept() -> None:
    theirs = {"plugin": ["file:///mine/status.js"], "share": "auto", "model": "x"}
    assert json.loads(variable(OURS, FILES, json.dumps(theirs))) == {
        "plugin": ["file:///mine/status.js", f"file://{FILES}/status.js"], "share": "auto", "model": "x",
    }  # fmt: skip


@pytest.mark.parametrize("theirs", ["{", "[1]", "null", '"x"', "[" * 100_000])
def test_invalid_settings_are_replaced(theirs: str) -> None:
    assert "plugin" in json.loads(variable(OURS, FILES, theirs))


def test_a_chat_started_from_another_chat_gets_only_its_own_plugin() -> None:
    theirs = variable(OURS, OTHER_FILES, '{"plugin":["mine"]}')
    assert json.loads(variable(OURS, FILES, theirs))["plugin"] == ["mine", f"file://{FILES}/status.js"]


def test_a_directory_of_any_name_makes_a_url() -> None:
    assert json.loads(variable(OURS, '/a "b"#%ü', ""))["plugin"] == ["file:///a%20%22b%22%23%25%C3%BC/status.js"]


def with_plugin_library(place: Path) -> Path:
    """Makes a configuration directory of opencode with its plugin library, so that npm has nothing left to install."""
    (place / "node_modules").mkdir(parents=True)
    lock = {"packages": {"": {"dependencies": {"@opencode-ai/plugin": "1.18.33"}}}}
    (place / "package-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    return place


def test_opencode_gets_its_plugin_whatever_its_user_has_set(tmp_path: Path) -> None:
    agent = load_catalog(config_dir())["opencode"]
    with_plugin_library(tmp_path / "opencode")
    base = {"PATH": "/bin", "XDG_CONFIG_HOME": str(tmp_path), "OPENCODE_CONFIG_CONTENT": '{"plugin":["mine"]}'}
    for overrides, first in (({}, "mine"), ({"OPENCODE_CONFIG_CONTENT": '{"plugin":["other"]}'}, "other")):
        environment = child_environment(base, agent, overrides, FILES, directory="/")
        plugins = json.loads(environment["OPENCODE_CONFIG_CONTENT"])["plugin"]
        assert plugins == [first, f"file://{FILES}/status.js"]


def test_an_opencode_that_would_wait_for_npm_gets_no_plugin(tmp_path: Path) -> None:
    agent = load_catalog(config_dir())["opencode"]
    project = tmp_path / "project" / "below"
    project.mkdir(parents=True)

    def has_plugin(**more: str) -> bool:
        base = {"HOME": str(tmp_path), "OPENCODE_CONFIG_CONTENT": '{"share":"auto"}'} | more
        environment = child_environment(base, agent, {}, FILES, directory=str(project))
        settings = json.loads(environment["OPENCODE_CONFIG_CONTENT"])
        assert settings["share"] == "auto"
        return "plugin" in settings

    assert not has_plugin()
    directory = with_plugin_library(tmp_path / ".config" / "opencode")
    assert has_plugin()
    (tmp_path / "project" / ".opencode").mkdir()
    assert not has_plugin()
    with_plugin_library(tmp_path / "project" / ".opencode")
    assert has_plugin()
    (directory / "package-lock.json").write_text("[" * 100_000, encoding="utf-8")
    assert not has_plugin()
    assert not has_plugin(XDG_CONFIG_HOME=str(tmp_path / "elsewhere"))


def test_qwens_system_defaults_stay_in_effect(tmp_path: Path) -> None:
    agent = load_catalog(config_dir())["qwen"]
    name = "QWEN_CODE_SYSTEM_DEFAULTS_PATH"

    def given(**more: str) -> tuple[str | None, str]:
        base = {"HOME": str(tmp_path), "QWEN_CODE_SYSTEM_SETTINGS_PATH": str(tmp_path / "settings.json")} | more
        environment = child_environment(base, agent, {}, FILES, directory="/")
        return environment.get(name), missing_integration(agent, environment, "/")

    assert given() == (f"{FILES}/settings.json", "")
    # The file of a chat that this chat was started from is Outlive's as well.
    around = "/other/state/sessions/0b9c4c50-6b5e-4f6e-9a57-3a6a4d1c1f00/agent/settings.json"
    assert given(**{name: around}) == (f"{FILES}/settings.json", "")

    path, problem = given(**{name: "/the/users/own.json"})
    assert path == "/the/users/own.json"
    assert "without Outlive's hook" in problem
    (tmp_path / "system-defaults.json").write_text("{}")
    path, problem = given()
    assert path is None
    assert "without Outlive's hook" in problem
