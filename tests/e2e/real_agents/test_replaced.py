"""The window, a host or the keeper is killed or replaced while a real agent answers; nothing is lost.

The agents come from npm. They get typed prompts, and a fake model server holds its answer half-way during the
kill. Run with ``--real-agents``; without npm or a network, the tests are skipped and say why.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Sessions
from tests.fakes.model_server import ModelServer, answer_line
from tests.support import processes
from tests.support.area import Area
from tests.support.displays import XServer
from tests.support.qt_messages import complaints_in
from tests.support.real_agents import AGENTS, ALL_AGENTS, RealAgent
from tests.support.waiting import wait_until
from tests.support.windows import Window, outlive, window

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(300)]

READY_S = 60.0
ANSWER_S = 30.0
STILL_S = 0.3


def start(app: Window, agent: RealAgent, project: Path) -> str:
    """Start the agent in the window (by keys alone, if it needs no arguments); returns the chat's id."""
    wait_until(app.is_listening, READY_S, "the window")
    if agent.arguments:
        options = ["-d", "--json", "-n", "chat", "-C", str(project)]
        chat: str = json.loads(outlive("new", agent.name, *options, "--", *agent.arguments))["id"]
        app.show(chat)
    else:
        app.focus()
        app.press("ctrl+shift+n")  # The only agent on PATH is already selected.
        app.press("Tab")
        app.type(str(project))
        app.press("Escape")  # closes the list of suggestions
        app.press("Return")
        [tab] = wait_until(app.tabs, READY_S, "the new chat's tab")
        chat = tab["session_id"]
    app.wait_connected([chat])
    assert listed()["agent"] == agent.name
    return chat


def listed() -> dict[str, Any]:
    """The only chat, as ``outlive ls`` prints it."""
    [chat] = json.loads(outlive("ls", "--json"))
    return dict(chat)


def chat_text(session: str) -> str:
    """The host's screen and scrollback as text."""
    return outlive("peek", session, "--scrollback", "--lines", "0")


def wait_until_still(session: str) -> None:
    """Wait until the chat's screen has not changed for ``STILL_S``, as a user does before Enter."""
    previous = [""]

    def is_same() -> bool:
        previous.append(chat_text(session))
        return previous[-1] == previous[-2]

    wait_until(is_same, ANSWER_S, lambda: f"a still screen:\n{previous[-1]}", every_s=STILL_S)


def missing_or_doubled(text: str, lines: int) -> list[str]:
    """The lines of the answer that a text does not have exactly once."""
    return [answer_line(number) for number in range(1, lines + 1) if text.count(answer_line(number)) != 1]


def start_detached(agent: RealAgent, project: Path) -> str:
    """Start the agent by the command line; returns the chat's id."""
    # As large as in the window, so that an answer of one screen fits.
    options = ["-d", "--json", "-n", "chat", "-C", str(project), "--size", "120x40"]
    arguments = ["--", *agent.arguments] if agent.arguments else []
    chat: str = json.loads(outlive("new", agent.name, *options, *arguments))["id"]
    return chat


def kill_and_await_another(role: str) -> None:
    """Kill the chat's host or the keeper; returns when another process has replaced it."""
    previous = listed()[role]
    os.kill(previous, signal.SIGKILL)
    wait_until(lambda: listed()[role] not in {previous, None}, READY_S, f"another {role}")


TROUBLES: dict[str, Callable[[], object]] = {
    "host killed": lambda: kill_and_await_another("host_pid"),
    "keeper killed": lambda: kill_and_await_another("keeper_pid"),
    "upgrade": lambda: outlive("upgrade"),
}


@pytest.mark.shows("host")
@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.label, indirect=True)
@pytest.mark.parametrize("trouble", list(TROUBLES))
def test_an_answer_is_complete_after_host_or_keeper_was_replaced_in_mid_answer(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions, trouble: str
) -> None:
    lines, held_at = (90, 50) if agent.main_screen else (16, 8)
    prompt = f"count: {lines} hold: {held_at}"
    chat = start_detached(agent, project)
    child = listed()["child_pid"]
    started = processes.start_ticks(child)
    wait_until(lambda: agent.ready in chat_text(chat), READY_S, lambda: f"{agent.ready!r} in:\n{chat_text(chat)}")
    outlive("send", chat, prompt)
    wait_until(lambda: prompt in chat_text(chat), ANSWER_S, lambda: f"the typed prompt in:\n{chat_text(chat)}")
    outlive("send", chat, "--enter")
    server.wait_held()
    wait_until(lambda: answer_line(held_at) in chat_text(chat), ANSWER_S, lambda: chat_text(chat))

    TROUBLES[trouble]()

    server.release()
    wait_until(lambda: answer_line(lines) in chat_text(chat), ANSWER_S, lambda: chat_text(chat))
    assert missing_or_doubled(chat_text(chat), lines) == []
    assert (listed()["id"], listed()["child_pid"], listed()["state"]) == (chat, child, "running")
    assert processes.start_ticks(child) == started, "it is the same process, not another of its number"
    assert sum(request.prompt == prompt and request.turn for request in server.requests) == 1, "it was asked once"
    outlive("send", chat, "typed afterwards")
    wait_until(lambda: "typed afterwards" in chat_text(chat), ANSWER_S, lambda: chat_text(chat))


@pytest.mark.shows("window")
@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.label, indirect=True)
def test_an_answer_is_complete_after_the_window_was_killed_in_mid_answer(
    agent: RealAgent,
    server: ModelServer,
    project: Path,
    area: Area,
    sessions: Sessions,
    display: XServer,
    window_manager: None,
) -> None:
    # Agents with a scrollback get an answer longer than the screen, the others one that fits on it.
    lines, held_at = (90, 50) if agent.main_screen else (16, 8)
    prompt = f"count: {lines} hold: {held_at}"

    with window(errors=area.root / "errors") as first:
        chat = start(first, agent, project)
        child = listed()["child_pid"]
        started = processes.start_ticks(child)
        wait_until(lambda: agent.ready in chat_text(chat), READY_S, lambda: f"{agent.ready!r} in:\n{chat_text(chat)}")

        first.focus()
        first.type(prompt)
        wait_until(lambda: prompt in chat_text(chat), ANSWER_S, lambda: f"the typed prompt in:\n{chat_text(chat)}")
        # Gemini CLI submits the text that it drew last: an early Enter submits an incomplete text.
        wait_until_still(chat)
        first.press("Return")
        server.wait_held(READY_S)
        last_before = answer_line(held_at)
        wait_until(lambda: last_before in chat_text(chat), ANSWER_S, lambda: f"{last_before} in:\n{chat_text(chat)}")
        first.kill()

    assert processes.is_alive(child), "the agent lives without the window"
    server.release()
    last = answer_line(lines)
    wait_until(lambda: last in chat_text(chat), ANSWER_S, lambda: f"{last} in:\n{chat_text(chat)}")

    with window(errors=area.root / "errors") as second:
        second.wait_connected([chat])
        second.focus()
        shown = wait_until(
            lambda: text if last in (text := second.copy_all()) else "",
            ANSWER_S,
            lambda: f"{last} in what the window shows:\n{second.copy_all()}",
            every_s=0.2,
        )

    assert complaints_in((area.root / "errors").read_text()) == []
    assert missing_or_doubled(shown, lines) == []
    assert missing_or_doubled(chat_text(chat), lines) == []
    assert (listed()["id"], listed()["child_pid"], listed()["state"]) == (chat, child, "running")
    assert processes.start_ticks(child) == started, "it is the same process, not another of its number"
    assert sum(request.prompt == prompt and request.turn for request in server.requests) == 1, "it was asked once"


@pytest.mark.parametrize("agent", ALL_AGENTS, ids=lambda agent: agent.label, indirect=True)
def test_an_agent_asks_for_permission_and_continues_once_it_is_allowed(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    prompt = agent.wish.format(command="touch made")
    chat = start_detached(agent, project)
    wait_until(lambda: agent.ready in chat_text(chat), READY_S, lambda: f"{agent.ready!r} in:\n{chat_text(chat)}")
    outlive("send", chat, prompt, "--enter")
    wait_until(lambda: agent.asks in chat_text(chat), ANSWER_S, lambda: f"{agent.asks!r} in:\n{chat_text(chat)}")
    assert not (project / "made").exists()

    # Some agents ignore a key that arrives together with their question.
    wait_until(
        lambda: outlive("send", chat, "--enter") and (project / "made").exists(), ANSWER_S, "the file", every_s=1
    )

    request = server.wait_asked(prompt, times=2)
    assert len(request.results) == 1, "the model got one result of its tool call"
