""""""

from __future__ import annotations

import json
import os
import pwd
from pathlib import Path

import pytest

from session_host.agents.agent import Agent
from session_host.agents.catalog import load_catalog
from session_host.agents.environment import (
    OFF_VARIABLE,
    SHELL_DIRECTORY,
    chats_path,
    child_environment,
    missing_integration,
    shell_integration,
    variable,
)
from session_host.paths import config_dir

AGENT = Agent(
    name="x", title="X", executable="x", start=("x",), monogram="X", env={"SETTING": "agent"}, scrub_env=("SECRET_*",)
)


def test_the_users_variables_are_passed_on() -> None:
    base = {
        "HOME": "/h",
        "PATH": "/p",
        "USER": "u",
        "LOGNAME": "u",
        "SHELL": "/bin/sh",
        "LANG": "de_DE.UTF-8",
        "DISPLAY": ":1",
        "SSH_AUTH_SOCK": "/s",
        "CODEX_HOME": "/c",
        "CLAUDE_CODE_USE_BEDROCK": "1",
        "CLAUDE_CONFIG_DIR": "/d",
        "GEMINI_API_KEY": "k",
        "OUTLIVE_STATE_DIR": "/o",
        "CLAUDE_CODE_OAUTH_TOKEN": "t",
        "GIT_ASKPASS": "/usr/bin/ksshaskpass",
        "NODE_OPTIONS": "--max-old-space-size=4096",
        "VIRTUAL_ENV": "/v",
    }

    environment = child_environment(base, AGENT, {})

    assert environment == base | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "SETTING": "agent"}


@pytest.mark.parametrize(
    "name",
    [
        "TMUX_PANE",
        "WINDOWID",
        "COLUMNS",
        "TERM_PROGRAM_VERSION",
        "KITTY_WINDOW_ID",
        "TERMINFO",
        "CLAUDECODE",
        "CLAUDE_CODE_SESSION_ID",
        "CODEX_THREAD_ID",
        "VSCODE_IPC_HOOK_CLI",
        "ELECTRON_RUN_AS_NODE",
        "ARGV0",
        "VIMRUNTIME",
        "OUTLIVE_SESSION",
        "PWD",
        "SECRET_KEY",
        "XDG_ACTIVATION_TOKEN",
    ],
)
def test_variables_of_the_callers_terminal_and_agent_are_not_passed_on(name: str) -> None:
    assert name not in child_environment({name: "1"}, AGENT, {})


def test_git_asks_for_no_password_by_an_editors_script_that_needs_the_editor() -> None:
    base = {"GIT_ASKPASS": "/usr/share/code/askpass.sh", "VSCODE_GIT_ASKPASS_NODE": "/usr/share/code/code"}
    assert "GIT_ASKPASS" not in child_environment(base, AGENT, {})


def test_the_terminal_is_ours_whatever_the_callers_is() -> None:
    environment = child_environment({"TERM": "dumb", "COLORTERM": ""}, AGENT, {})

    assert (environment["TERM"], environment["COLORTERM"]) == ("xterm-256color", "truecolor")


def test_the_users_explicit_variables_win_over_all_others() -> None:
    overrides = {"TERM": "vt100", "SETTING": "mine", "TMUX": "on purpose", "LANG": ""}

    environment = child_environment({"SETTING": "base"}, AGENT, overrides)

    assert environment.items() >= overrides.items()


@pytest.mark.parametrize("base", [{}, {"HOME": "", "PATH": "", "LANG": ""}])
def test_an_empty_environment_gets_the_variables_that_programs_need(base: dict[str, str]) -> None:
    account = pwd.getpwuid(os.getuid())

    environment = child_environment(base, AGENT, {})

    assert environment["HOME"] == account.pw_dir
    assert environment["USER"] == environment["LOGNAME"] == account.pw_name
    assert os.access(environment["SHELL"], os.X_OK)
    assert "/usr/bin" in environment["PATH"].split(":")
    assert environment["LANG"] == "C.UTF-8"


@pytest.mark.parametrize("name", ["LANG", "LC_ALL", "LC_CTYPE"])
def test_a_locale_that_is_set_is_kept(name: str) -> None:
    environment = child_environment({name: "ja_JP.UTF-8"}, AGENT, {})

    assert environment[name] == "ja_JP.UTF-8"
    assert ("LANG" in environment) == (name == "LANG")


def test_values_that_are_not_text_are_left_out() -> None:
    environment = child_environment({"BAD": os.fsdecode(b"\xff"), os.fsdecode(b"N\xff"): "x", "GOOD": "ä"}, AGENT, {})

    assert "BAD" not in environment
    assert environment["GOOD"] == "ä"
    "".join([*environment, *environment.values()]).encode()


OURS = '{"plugin":["file://{files}/status.js"],"share":"disabled"}'
FILES = "/state/sessions/5e55104e-0000-4000-8000-000000000001/agent"
OTHER_FILES = "/state/sessions/5e55104e-0000-4000-8000-000000000002/agent"


def test_without_the_users_settings_ours_are_used() -> None:
    assert json.loads(variable(OURS, FILES, "")) == {"plugin": [f"file://{FILES}/status.js"], "share": "disabled"}
    assert variable("{files}/settings.json", FILES, "theirs") == f"{FILES}/settings.json"


def test_the_users_own_settings_are_kept() -> None:
    theirs = {"plugin": ["file:///mine/status.js"], "share": "auto", "model": "x"}
    assert json.loads(variable(OURS, FILES, json.dumps(theirs))) == {
        "plugin": ["file:///mine/status.js", f"file://{FILES}/status.js"],
        "share": "auto",
        "model": "x",
    }


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
    (directory / "package-lock.json").unlink()
    os.mkfifo(directory / "package-lock.json")
    assert not has_plugin(), "it is not waited for"
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


@pytest.mark.parametrize(
    ("argv", "variable", "file"),
    [
        (["bash"], "ENV", "bash.sh"),
        (["/usr/bin/bash", "-l"], "ENV", "bash.sh"),
        (["/bin/zsh", "-i"], "ZDOTDIR", "zsh"),
        (["fish", "--login"], "XDG_DATA_DIRS", ""),
    ],
)
def test_an_interactive_shell_reads_its_script(argv: list[str], variable: str, file: str) -> None:
    value = shell_integration(argv, {})[variable]
    assert value.split(":")[0] == str(SHELL_DIRECTORY / file)
    assert (SHELL_DIRECTORY / file).exists()


@pytest.mark.parametrize(
    "argv", [["bash", "-c", "true"], ["bash", "--norc"], ["zsh", "script"], ["sh"], ["dash"], ["python3"], ["claude"]]
)
def test_other_programs_are_left_alone(argv: list[str]) -> None:
    assert shell_integration(argv, {}) == {}


def test_a_variable_turns_it_off() -> None:
    assert shell_integration(["zsh"], {OFF_VARIABLE: "0"}) == {}
    assert shell_integration(["zsh"], {OFF_VARIABLE: "1"})


def test_a_bash_that_the_user_wants_in_posix_mode_is_left_alone() -> None:
    assert shell_integration(["bash"], {"POSIXLY_CORRECT": ""}) == {}


def test_the_users_own_values_are_passed_on() -> None:
    values = {"ENV": "/e", "ZDOTDIR": "/z", "XDG_DATA_DIRS": "/x", "HISTFILE": "/h"}
    assert shell_integration(["bash"], values).items() >= {"OUTLIVE_ENV": "/e", "OUTLIVE_HISTFILE": "/h"}.items()
    assert shell_integration(["zsh"], values)["OUTLIVE_ZDOTDIR"] == "/z"
    fish = shell_integration(["fish"], values)
    assert (fish["OUTLIVE_XDG_DATA_DIRS"], fish["XDG_DATA_DIRS"]) == ("/x", f"{SHELL_DIRECTORY}:/x")


@pytest.mark.parametrize(
    ("activated", "path"),
    [("", "/usr/bin:/bin:/s/bin"), ("/v", "/usr/bin:/v/bin:/bin:/s/bin"), ("/mine", "/usr/bin:/bin:/s/bin")],
)
def test_an_agent_gets_outlives_own_python_only_if_the_user_activated_it(activated: str, path: str) -> None:
    """`.venv/bin` was on the PATH of a clone's users, and each agent's `pip` installed into Outlive."""
    environment = {"PATH": "/usr/bin:/v/bin:/bin", "VIRTUAL_ENV": activated}
    assert chats_path(environment, "/v/bin", "/s/bin") == path


def test_a_chat_within_a_chat_has_the_command_once_on_its_path() -> None:
    assert chats_path({"PATH": "/s/bin:/usr/bin"}, "", "/s/bin") == "/usr/bin:/s/bin"
    assert chats_path({"PATH": "/usr/bin"}, "", "") == "/usr/bin"
