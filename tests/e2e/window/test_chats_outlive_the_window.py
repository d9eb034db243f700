"""However the window ends while a chat writes, the program runs on, no output is lost, and the tabs return."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable

import pytest

from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text, listed
from tests.e2e.window.user_actions import wait_until_tabs_are_saved
from tests.programs import Gate, program
from tests.support import displays, processes
from tests.support.waiting import wait_until
from tests.support.windows import Window

pytestmark = pytest.mark.e2e

LINES = 300
HELD_AT = 150


def kill(app: Window) -> None:
    app.process.kill()


def terminate(app: Window) -> None:
    app.process.send_signal(signal.SIGTERM)


def interrupt(app: Window) -> None:
    app.process.send_signal(signal.SIGINT)


def close(app: Window) -> None:
    app.ask("close")


@pytest.mark.parametrize("end", [kill, terminate, interrupt, close])
def test_nothing_is_lost_however_the_window_ends(
    open_window: OpenWindow, new_chat: NewChat, gate: Gate, end: Callable[[Window], None]
):
    before, streaming, after = (
        new_chat("before", *program("raw_echo")),
        new_chat(
            "streaming",
            *program("numbered_lines", LINES, "--gate", gate.path, "--before", HELD_AT, "--stay"),
        ),
        new_chat("after", *program("raw_echo")),
    )
    order = [after["id"], streaming["id"], before["id"]]
    with open_window() as first:
        for session_id in order:
            first.show(session_id)
        first.show(streaming["id"])
        first.wait_connected(order)
        last = f"line {HELD_AT - 1:06d}"
        wait_until(lambda: last in chat_text(streaming["id"]), WAIT_S, last)
        wait_until_tabs_are_saved(first)
        end(first)
        first.process.wait(WAIT_S)
        if end is not kill:
            assert first.process.returncode == 0

    gate.release()
    wait_until(lambda: "end of lines" in chat_text(streaming["id"]), WAIT_S, "the end of the stream")

    with open_window() as second:
        second.wait_connected(order)
        tabs = second.tabs()
        assert [tab["session_id"] for tab in tabs] == order, "the same tabs in the same order"
        assert [tab["name"] for tab in tabs if tab["active"]] == ["streaming"]
        second.focus()
        shown = wait_until(
            lambda: text if "end of lines" in (text := second.copy_all()) else "", WAIT_S, "the end in the window"
        )
    for text in (shown, chat_text(streaming["id"])):
        wrong = [number for number in range(1, LINES + 1) if text.count(f"line {number:06d}\n") != 1]
        assert wrong == []
    for chat in (before, streaming, after):
        now = listed(chat["id"])
        assert (now["state"], now["child_pid"]) == ("running", chat["child_pid"])
        assert processes.is_alive(chat["child_pid"])


def test_nothing_is_lost_when_the_display_is_killed(
    open_window: OpenWindow, new_chat: NewChat, gate: Gate, monkeypatch: pytest.MonkeyPatch
):
    chat = new_chat("streaming", *program("numbered_lines", LINES, "--gate", gate.path, "--before", HELD_AT, "--stay"))
    with displays.x_server() as own_server, monkeypatch.context() as patch:
        for name, value in own_server.environment().items():
            patch.setenv(name, value)
        with open_window() as first:
            first.show(chat["id"])
            wait_until_tabs_are_saved(first)
            own_server.kill()
            first.process.wait(WAIT_S)
    gate.release()
    wait_until(lambda: "end of lines" in chat_text(chat["id"]), WAIT_S, "the end of the stream")
    with open_window() as second:
        second.wait_connected([chat["id"]])
        second.focus()
        shown = wait_until(
            lambda: text if "end of lines" in (text := second.copy_all()) else "", WAIT_S, "the end in the window"
        )
    assert [number for number in range(1, LINES + 1) if shown.count(f"line {number:06d}\n") != 1] == []
    assert listed(chat["id"])["child_pid"] == chat["child_pid"]


def test_a_tab_that_was_closed_stays_closed_and_its_chat_runs(open_window: OpenWindow, new_chat: NewChat):
    kept, closed = new_chat("kept", *program("raw_echo")), new_chat("closed", *program("raw_echo"))
    with open_window() as first:
        first.show(kept["id"])
        first.show(closed["id"])
        first.focus()
        first.press("ctrl+shift+w")
        wait_until(lambda: len(first.tabs()) == 1, WAIT_S, "the tab to be closed")
        wait_until_tabs_are_saved(first)
        first.kill()
    assert listed(closed["id"])["state"] == "running"
    with open_window() as second:
        assert [tab["name"] for tab in second.tabs()] == ["kept"]
        second.wait_connected([kept["id"]])
        second.focus()
        second.press("ctrl+shift+k")
        second.type("closed")
        second.press("Return")
        wait_until(lambda: [tab["name"] for tab in second.tabs()] == ["kept", "closed"], WAIT_S, "its tab")


def test_a_missing_display_is_reported_in_one_line(area, monkeypatch: pytest.MonkeyPatch):
    import sys

    from tests.support.commands import REPOSITORY, environment

    done = subprocess.run(
        [sys.executable, "-m", "gui"],
        env=environment(), cwd=REPOSITORY, capture_output=True, text=True, timeout=WAIT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "display" in done.stderr
