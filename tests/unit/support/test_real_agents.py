"""Real agents for tests: reasons why one cannot be installed, and settings that prevent its questions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from session_host.agents.catalog import load_catalog
from tests.support.real_agents import AGENTS, ALL_AGENTS, CLAUDE, CLAUDE_OF_NODE_20, CannotInstall, RealAgent


def test_without_npm_the_reason_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTLIVE_TEST_AGENTS_DIR", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotInstall, match="npm, which is not on PATH"):
        CLAUDE.install()


def test_npms_error_is_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error network is unreachable' >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("OUTLIVE_TEST_AGENTS_DIR", str(tmp_path / "agents"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(CannotInstall, match="network is unreachable"):
        CLAUDE.install()


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.label)
def test_an_agents_settings_name_the_server_and_are_in_its_home(agent: RealAgent, tmp_path: Path) -> None:
    cwd = tmp_path / "project"
    environment = agent.prepare(tmp_path, cwd, "http://127.0.0.1:1")
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written or not agent.package
    text = json.dumps(environment) + "".join(path.read_text() for path in written)
    assert "http://127.0.0.1:1" in text


@pytest.mark.parametrize("agent", [*ALL_AGENTS, CLAUDE_OF_NODE_20], ids=lambda agent: agent.label)
def test_the_catalog_names_the_versions_that_the_tests_run(agent: RealAgent) -> None:
    assert agent.version in load_catalog(Path("/nonexistent"))[agent.name].tested
