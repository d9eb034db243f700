"""A real agent's status: the order of its activities, their source, and the question."""

from __future__ import annotations

import itertools
import os
import signal
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.conftest import Sessions
from tests.fakes.model_server import ModelServer, answer_line
from tests.support.area import Area
from tests.support.real_agents import RealAgent
from tests.support.real_chats import TIMEOUT_S, Change, Chat, Work, done
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(400)]


def activities(changes: list[Change]) -> list[str]:
    return [change.activity for change in changes]


def since(chat: Chat, past: int) -> list[Change]:
    """The changes after the first ``past`` ones, without leading "idle" reports.

    An agent may report that it is ready after its screen shows it.
    """
    return list(itertools.dropwhile(lambda change: change.activity == "idle", chat.changes()[past:]))


@pytest.mark.shows("status", "asked")
def test_each_activity_is_reported_in_order_with_its_source(
    chat: Chat, server: ModelServer, work: Work, record_property: Callable[[str, object], None]
) -> None:
    agent, past = chat.agent, len(chat.changes())
    with chat.hears("working"):
        chat.hold()
    assert activities(since(chat, past)) == ["working"], chat.changes()
    with chat.hears("idle"):
        server.release()
    with chat.hears("needs_input"):
        chat.ask(f"hold: 0 {work.wish(agent)}")
        chat.becomes("working")  # Of two states at once, a file shows the second alone.
        server.release()
    chat.sees(agent.asks)
    status = chat.explained()
    sources = set(filter(None, (agent.source, agent.asks_source)))
    assert status["activity"] == "needs_input"
    assert status["activity_source"] in sources
    wait_until(lambda: agent.tells in (chat.explained()["activity_detail"] or ""), 20, str(status))
    assert agent.tells in (chat.info()["activity_detail"] or "")
    with chat.hears("working"):
        chat.allow(work.has_begun)
    with chat.hears("idle"):
        work.end()
        server.release()

    wait_until(lambda: activities(chat.changes())[-1] == "idle", TIMEOUT_S, "the ledger, which is later than a waiter")
    changes = since(chat, past)
    # An agent may report a question twice: first that there is one, then its text.
    order = [
        each for number, each in enumerate(activities(changes)) if not number or each != changes[number - 1].activity
    ]
    assert order == ["working", "idle", "working", "needs_input", "working", "idle"], changes
    assert {change.source for change in changes} <= sources, changes
    assert {change.source for change in changes if change.activity != "needs_input"} == {agent.source}, changes
    assert any(agent.tells in change.detail for change in changes)
    record_property("asked", {"work.sh": "", "": "that it asks, not what"}.get(agent.tells, "the tool's name alone"))
    record_property("status", ", ".join(filter(None, (agent.source, agent.asks_source))))


@pytest.mark.shows("interrupt", "limit", "error")
def test_an_interrupted_or_failed_turn_does_not_stay_working(
    chat: Chat, server: ModelServer, shown: Callable[[str], None]
) -> None:
    chat.hold()
    chat.becomes("working")
    with chat.hears("idle"):
        chat.interrupt()
    server.release()
    chat.ask_and_read("afterwards")
    chat.until_idle()
    shown("interrupt")

    for lines, trouble in ((3, "fail: 429 after: 1"), (5, "fail: 500")):
        past, prompt = len(chat.changes()), f"{trouble} times: 1 count: {lines}"
        chat.send(prompt, "--enter")
        server.wait_asked(prompt, times=2, timeout_s=TIMEOUT_S)
        chat.sees(answer_line(lines))
        chat.changed("idle", past)
        assert activities(chat.changes()[past:]) == ["working", "idle"]
    shown("limit")

    past = len(chat.changes())
    chat.ask("fail: 400")
    chat.changed("working", past)
    chat.becomes("idle")
    wait_until(lambda: chat.agent.tells_error in (chat.info()["activity_detail"] or ""), 20, "what stopped the turn")
    chat.ask_and_read("at last")


@pytest.mark.shows("hangs")
def test_a_hung_agent_has_no_signal_until_it_continues(
    agent: RealAgent, server: ModelServer, area: Area, project: object, sessions: Sessions
) -> None:
    agent_file = area.config / "agents" / f"{agent.name}.toml"
    agent_file.parent.mkdir(parents=True)
    agent_file.write_text("[signals]\nstale_after_s = 10\n", encoding="utf-8")
    chat = Chat.start(agent, server, area.home / "project")
    chat.hold()
    chat.becomes("working")
    with hung(chat.info()["child_pid"]):
        chat.becomes("no_signal")
        assert "no signal" in done("ls")
        assert "no output and no report" in chat.explained()["activity_detail"]
    with chat.hears("idle"):
        server.release()
    chat.sees(answer_line(8))


@contextmanager
def hung(pid: int) -> Iterator[None]:
    """The program hangs: its terminal takes no output, so that it waits at its next one."""
    terminal = os.open(f"/proc/{pid}/fd/0", os.O_RDWR | os.O_NOCTTY)
    try:
        termios.tcflow(terminal, termios.TCOOFF)
        yield
        termios.tcflow(terminal, termios.TCOON)
    finally:
        os.close(terminal)


def test_an_agent_that_was_stopped_is_suspended_until_it_continues(chat: Chat, server: ModelServer) -> None:
    chat.hold()
    chat.becomes("working")
    child = chat.info()["child_pid"]
    os.killpg(child, signal.SIGSTOP)  # An agent may be more than one process, and they stop when each next runs.
    wait_until(lambda: chat.info()["activity"] == "suspended", 20, lambda: str(chat.info()))
    os.killpg(child, signal.SIGCONT)
    with chat.hears("idle"):
        server.release()
    chat.sees(answer_line(8))
