"""The limits of a subscription, reported by the model service and passed on by the agent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from session_host.cli.session_argument import ask
from session_host.protocol.messages import SendLater
from session_host.structured.dialects.base import Dialect, DialectPort, Start
from session_host.structured.dialects.claude.dialect import ClaudeDialect
from session_host.structured.dialects.codex.dialect import CodexDialect
from session_host.structured.turns import time_text
from session_host.system.clock import as_text
from tests.conftest import Sessions
from tests.fakes.model_script import Script
from tests.fakes.model_server import ModelServer
from tests.support.commands import outlive
from tests.support.hostless_chat import HostlessChat
from tests.support.ledger import turn_counts_of, turn_ends_of
from tests.support.real_agents import CLAUDE, CLAUDE_OF_NODE_20, CODEX, RealAgent
from tests.support.real_chats import TIMEOUT_S, Chat
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(400)]

OF_CLAUDE = ["-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose"]
RESETS_S = int(time.time()) + 9000
WEEKLY_RESETS_S = RESETS_S + 300_000


def headers_of_claude(status: str, five_hours: float) -> dict[str, str]:
    name = "anthropic-ratelimit-unified"
    return {
        f"{name}-status": status,
        f"{name}-representative-claim": "five_hour",
        f"{name}-reset": str(RESETS_S),
        f"{name}-5h-utilization": str(five_hours),
        f"{name}-5h-reset": str(RESETS_S),
        f"{name}-5h-status": status,
        f"{name}-7d-utilization": "0.2",
        f"{name}-7d-reset": str(WEEKLY_RESETS_S),
        f"{name}-7d-status": "allowed",
    }


def headers_of_codex(primary: float) -> dict[str, str]:
    return {
        "x-codex-primary-used-percent": str(primary),
        "x-codex-primary-window-minutes": "300",
        "x-codex-primary-reset-at": str(RESETS_S),
        "x-codex-secondary-used-percent": "20",
        "x-codex-secondary-window-minutes": "10080",
        "x-codex-secondary-reset-at": str(WEEKLY_RESETS_S),
    }


@pytest.fixture
def chat(agent: RealAgent, project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HostlessChat]:
    """A chat with the agent, ready for a prompt; Claude Code uses a subscription's login."""
    dialect: Callable[[DialectPort], Dialect] = CodexDialect
    argv = [agent.name, "app-server"]
    if agent.name == "claude":
        monkeypatch.delenv("ANTHROPIC_API_KEY")
        monkeypatch.setenv("CLAUDE_CODE_OAUTH_TOKEN", "sk-ant-oat01-fake-token-of-the-tests")
        dialect, argv = ClaudeDialect, [agent.name, *OF_CLAUDE]
    with HostlessChat(dialect, Start(directory=str(project)), argv) as chat:
        chat.until(lambda: chat.rules.state.takes_prompts)
        yield chat


def limits(chat: HostlessChat) -> list[tuple[str, float, int, int]]:
    usage = chat.transcript.status.usage
    reported = [] if usage is None else usage.limits
    return [(limit.id, limit.used, limit.window_min, limit.resets_ms // 1000) for limit in reported]


@pytest.mark.parametrize("agent", [CODEX], ids=lambda agent: agent.label, indirect=True)
def test_codex_reports_both_windows_with_each_answer(chat: HostlessChat, server: ModelServer) -> None:
    for percent in (63, 81):
        server.headers = headers_of_codex(percent)
        chat.turn(f"at {percent}")
        assert limits(chat) == [
            ("codex/primary", percent / 100, 300, RESETS_S),
            ("codex/secondary", 0.2, 10080, WEEKLY_RESETS_S),
        ]


@pytest.mark.parametrize("agent", [CLAUDE], ids=lambda agent: agent.label, indirect=True)
def test_claude_reports_both_windows_and_when_the_limit_that_ended_a_turn_is_reset(
    chat: HostlessChat, server: ModelServer
) -> None:
    weekly = ("seven_day", 0.2, 10080, WEEKLY_RESETS_S)
    for share, status in ((0.63, "allowed"), (0.93, "allowed_warning")):
        server.headers = headers_of_claude(status, share)
        chat.turn(f"at {share}")
        assert limits(chat) == [("five_hour", share, 300, RESETS_S), weekly]
    server.headers = headers_of_claude("rejected", 1)
    server.plan(Script(status=429))
    chat.prompt("once more")
    chat.until_idle()
    assert limits(chat) == [("five_hour", 1.0, 300, RESETS_S), weekly]
    assert "limit · resets " in chat.texts("notice")[-1]


@pytest.mark.parametrize("agent", [CLAUDE], ids=lambda agent: agent.label, indirect=True)
def test_in_a_terminal_claude_says_that_a_limit_stopped_its_turn(
    agent: RealAgent, project: Path, server: ModelServer, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.setenv("CLAUDE_CODE_OAUTH_TOKEN", "sk-ant-oat01-fake-token-of-the-tests")
    chat = Chat.start(agent, server, project)
    server.headers = headers_of_claude("rejected", 1)
    server.plan(Script(status=429))
    chat.send("once more", "--enter")
    [ended] = wait_until(lambda: turn_ends_of(chat.id), TIMEOUT_S, lambda: f"{chat.explained()}\n{chat.screen()}")
    assert (ended.outcome, ended.resets_at) == ("limit", "")
    assert ended.error.startswith("You've hit your 5-hour limit · resets ")
    [counted] = wait_until(lambda: turn_counts_of(chat.id), TIMEOUT_S, chat.screen)
    assert (counted.outcome, counted.resets_at) == ("limit", time_text(RESETS_S * 1000)), "its record says when"

    assert ask(chat.id, SendLater(0, "go on", continues=True)).note == as_text(RESETS_S + 120)
    listed = outlive("ls").output
    assert "Limit until " in listed
    assert " · con" in listed, "the rest is cut"
    server.headers = headers_of_claude("allowed", 0.1)
    ask(chat.id, SendLater(0, "go on", as_text(time.time() + 1), continues=True))
    chat.sees("echo: go on")
    chat.until_idle()
    assert [each["later"] for each in outlive("ls", "--json").json()] == [None]


@pytest.mark.parametrize("agent", [CLAUDE_OF_NODE_20], ids=lambda agent: agent.label, indirect=True)
def test_an_older_claude_reports_only_a_limit_that_is_nearly_reached(chat: HostlessChat, server: ModelServer) -> None:
    server.headers = headers_of_claude("allowed", 0.63)
    chat.turn("far")
    assert limits(chat) == []
    server.headers = headers_of_claude("allowed_warning", 0.93) | {
        "anthropic-ratelimit-unified-5h-surpassed-threshold": "0.9"
    }
    chat.turn("near")
    assert limits(chat) == [("five_hour", 0.93, 300, RESETS_S)]
