"""Slow steps of an agent's first start are done beforehand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from session_host.agents.catalog import load_catalog
from session_host.client.chats.launch import prepare_start
from session_host.errors import AgentNotFound
from session_host.keeper_client.discovery import keeper_status
from session_host.paths import config_dir
from tests.conftest import Sessions
from tests.support.area import Area
from tests.support.windows import outlive

HELP = "claude --session-id <id> --settings <file> --model <model> --print --debug"


@pytest.fixture
def agent_starts(area: Area, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file to which a fake agent appends the first argument of each of its starts."""
    programs, agent_starts = area.home / "bin", area.home / "agent_starts"
    programs.mkdir()
    program = programs / "claude"
    program.write_text(
        f"#!/bin/sh\necho $1 >> {agent_starts}\ncase $1 in --version) echo 1.2.3;; --help) echo '{HELP}';; esac\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return agent_starts


def test_prepare_start_starts_the_keeper_and_asks_the_agents_version_once(
    sessions: Sessions, area: Area, agent_starts: Path
) -> None:
    prepare_start(load_catalog(config_dir())["claude"], os.environ)

    assert keeper_status() is not None
    assert sorted(agent_starts.read_text().split()) == ["--help", "--version"]
    outlive("new", "claude", "-d", cwd=Path("/"))  # what a shell script starts may differ by directory
    assert sorted(agent_starts.read_text().split()) == ["--help", "--settings", "--version"]


def test_a_missing_agent_is_reported(sessions: Sessions) -> None:
    with pytest.raises(AgentNotFound):
        prepare_start(load_catalog(config_dir())["codex"], {"PATH": os.devnull})
