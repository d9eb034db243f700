"""Shells that the user leaves, by real keys: their tabs close, they do not crowd the list, and are found."""

from __future__ import annotations

import json
from typing import Any

import pytest

from session_host.protocol.values import State
from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text, echo
from tests.support.screen_reader import ScreenReader
from tests.support.waiting import wait_until
from tests.support.windows import Window, outlive

pytestmark = pytest.mark.e2e


@pytest.fixture(autouse=True)
def plain_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/bash")


def stored() -> dict[str, str]:
    """The states of all chats in the store, by id."""
    entries: list[dict[str, Any]] = json.loads(outlive("ls", "--all", "--json"))
    return {entry["id"]: entry["state"] for entry in entries}


def open_shell(app: Window) -> str:
    """Open a shell in a tab by its key; returns its id."""
    before = {tab["session_id"] for tab in app.tabs()}
    app.press("ctrl+shift+Return")
    after = wait_until(
        lambda: [tab["session_id"] for tab in app.tabs() if tab["session_id"] not in before], WAIT_S, "the shell"
    )
    app.wait_connected(after)
    return str(after[0])


def run(app: Window, session_id: str, command: str, shows: str) -> None:
    app.type(command)
    app.press("Return")
    wait_until(lambda: shows in chat_text(session_id), WAIT_S, f"{shows} on the screen")


def test_a_shell_that_is_left_or_whose_idle_tab_is_closed_goes_and_is_found_and_one_that_was_killed_stays(
    open_window: OpenWindow, new_chat: NewChat, reader: ScreenReader
):
    chat = new_chat("one", *echo())["id"]
    with open_window() as app:
        app.show(chat)
        app.focus()

        left = open_shell(app)
        run(app, left, "echo sum=$((1 + 2))", "sum=3")
        screen = reader.program("outlive")
        wait_until(lambda: "idle, 1 chat" in screen.showing("list item"), WAIT_S, "the shell to be an idle one")
        app.press("ctrl+d")
        wait_until(lambda: [tab["session_id"] for tab in app.tabs()] == [chat], WAIT_S, "the shell's tab to close")
        wait_until(
            lambda: not any("ended" in each or "idle" in each for each in screen.showing("list item")),
            WAIT_S,
            "it to leave the list",
        )
        app.type("typed")
        wait_until(lambda: "typed" in chat_text(chat), WAIT_S, "the keyboard to be in the next chat")

        # What it printed is found by the search in all chats.
        app.press("ctrl+shift+s")
        app.type("sum=3")
        app.press("Return")
        wait_until(lambda: [tab["session_id"] for tab in app.tabs()] == [chat, left], WAIT_S, "the shell to be found")
        app.press("ctrl+shift+w")
        wait_until(lambda: [tab["session_id"] for tab in app.tabs()] == [chat], WAIT_S, "its tab to close")

        # The tab of an idle shell is closed and comes back, with what it showed.
        idle = open_shell(app)
        run(app, idle, "x=kept; echo ready=$((6 * 7))", "ready=42")
        app.press("ctrl+shift+w")
        wait_until(lambda: [tab["session_id"] for tab in app.tabs()] == [chat], WAIT_S, "the tab to close")
        app.press("ctrl+shift+t")
        wait_until(lambda: len(app.tabs()) == 2, WAIT_S, "the tab to come back")
        run(app, idle, "echo still-$x", "still-kept")

        # One that was killed stays.
        killed = open_shell(app)
        app.type("kill -KILL $$")
        app.press("Return")
        wait_until(
            lambda: [tab["state"] for tab in app.tabs() if tab["session_id"] == killed] == ["exited"], WAIT_S, "its end"
        )
        app.press("ctrl+shift+w")
        wait_until(lambda: len(app.tabs()) == 2, WAIT_S, "the tab to close")

        # A shell in which a program runs keeps running without its tab.
        busy = open_shell(app)
        run(app, busy, "echo begin=$((2 * 4)); cat", "begin=8")
        app.press("ctrl+shift+w")
        wait_until(lambda: len(app.tabs()) == 2, WAIT_S, "the tab to close")

        # One whose program is stopped does, too.
        stopped = open_shell(app)
        run(app, stopped, "cat", "cat")
        app.press("ctrl+z")
        wait_until(lambda: "Stopped" in chat_text(stopped), WAIT_S, "the program to be stopped")
        app.press("ctrl+shift+w")
        wait_until(lambda: len(app.tabs()) == 2, WAIT_S, "the tab to close")

        app.show(idle)
        app.press("ctrl+shift+w")
        wait_until(lambda: [tab["session_id"] for tab in app.tabs()] == [chat], WAIT_S, "the tab to close")
        app.ask("close")  # Now nobody can undo it any more.
        app.process.wait()
        ended = dict.fromkeys((left, idle, killed), State.EXITED.value)
        assert stored() == dict.fromkeys((chat, busy, stopped), State.RUNNING.value) | ended
