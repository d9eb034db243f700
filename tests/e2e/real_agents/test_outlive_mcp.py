"""Real agents get the tools of ``outlive mcp``; one starts a chat by them, gets its output, and stops it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Sessions
from tests.fakes.model_server import ModelServer
from tests.support.commands import outlive
from tests.support.real_agents import CLAUDE, CODEX, COPILOT, RealAgent
from tests.support.real_chats import TIMEOUT_S, done
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(600)]


def ask(chat: str, prompt: str) -> str:
    answer = outlive("send", chat, prompt, "--enter", "--wait", "--timeout", "120", timeout_s=150)
    assert answer.code == 0, (answer, outlive("peek", chat).output, outlive("explain", chat).output)
    return answer.output


@pytest.mark.parametrize("agent", [CLAUDE, CODEX, COPILOT], ids=lambda agent: agent.label, indirect=True)
def test_the_model_is_offered_the_tools(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    done("new", agent.name, "--mcp", "-d", "-n", "chat", "-C", str(project), "--", *agent.arguments)
    outlive("wait", "chat", "--text", agent.ready, "--timeout", "120", timeout_s=150)
    ask("chat", "hello")
    assert any("start_chat" in str(each.body) for each in server.requests)


@pytest.mark.parametrize("agent", [CLAUDE], ids=["claude"], indirect=True)
def test_claude_starts_a_shell_runs_a_command_and_stops_it(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    done("new", "shell", "-d", "-n", "users")
    words = ("--allowedTools", "mcp__outlive")
    done("new", "claude", "--mcp", "-d", "-n", "chat", "-C", str(project), "--", *words)
    outlive("wait", "chat", "--text", agent.ready, "--timeout", "120", timeout_s=150)

    ask("chat", 'use: mcp__outlive__start_chat {"agent": "shell", "chat": "helper"}')
    wait_until(lambda: outlive("answer", "helper").code == 1, TIMEOUT_S, "the shell's first prompt")
    assert "42" in ask("chat", 'use: mcp__outlive__send {"chat": "helper", "text": "echo $((6 * 7))"}')
    assert "(exit code 8)" in ask("chat", 'use: mcp__outlive__stop {"chat": "users"}')
    ask("chat", 'use: mcp__outlive__stop {"chat": "helper"}')
    assert [each["name"] for each in outlive("ls", "--json").json()] == ["users", "chat"]
