"""Real agents find the skill of Outlive; one starts another, gets its answer and stops it, and no more than it may."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.conftest import Sessions
from tests.fakes.model_server import ModelServer
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.real_agents import ALL_AGENTS, CLAUDE, CODEX, RealAgent
from tests.support.real_chats import TIMEOUT_S, Chat, done
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(600)]

DESCRIPTION = "Start other agents, shells or commands as chats of their own"


@pytest.mark.parametrize("agent", ALL_AGENTS, ids=lambda agent: agent.label, indirect=True)
def test_the_model_is_told_of_the_installed_skill(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    done("skill", "--install", agent.name)
    chat = Chat.start(agent, server, project)
    chat.ask("hello")
    chat.until_idle()
    assert any(DESCRIPTION in json.dumps(each.body) for each in server.requests)


def listed() -> list[str]:
    """The names of the chats that run."""
    return [each["name"] for each in outlive("ls", "--json").json()]


@pytest.mark.parametrize("agent", [CLAUDE], ids=["claude"], indirect=True)
def test_claude_starts_a_codex_gets_its_answer_and_stops_it(
    agent: RealAgent,
    server: ModelServer,
    project: Path,
    area: Area,
    sessions: Sessions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in CODEX.prepare(area.home, project, server.url).items():
        monkeypatch.setenv(name, value)
    programs = [str(CODEX.install().parent), str(Path(sys.executable).parent)]
    monkeypatch.setenv("PATH", os.pathsep.join([*programs, os.environ["PATH"]]))
    done("new", "shell", "-d", "-n", "users")
    chat = Chat.start(agent, server, project, arguments=("--allowedTools", "Bash"))

    def run(command: str) -> str:
        """Let the agent run a command; returns what its model then said of the output."""
        answer = outlive("send", chat.id, f"tool: {command}", "--enter", "--wait", "--timeout", "200", timeout_s=250)
        assert answer.code == 0, answer
        return answer.output

    run(f"outlive new codex -d -n helper -C {project}")
    assert "helper" in listed()
    assert "echo: hello from claude" in run("outlive send helper 'hello from claude' --enter --wait --timeout 120")
    assert "echo: hello from claude" in run("outlive answer helper")
    own = run("outlive events --mine --once --json")
    assert '"name":"helper"' in own
    assert '"name":"users"' not in own
    assert "exit 8" in run("outlive stop users; echo exit $?")
    assert "exit 8" in run("outlive send users 'echo hi' --enter; echo exit $?")
    assert "exit 0" not in run("outlive approve $OUTLIVE_SESSION; echo exit $?")
    run("outlive stop helper")
    wait_until(lambda: "helper" not in listed(), TIMEOUT_S, "the end of the helper")
    assert "users" in listed()
