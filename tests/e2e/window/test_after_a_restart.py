"""The first window after a restart of the computer."""

from __future__ import annotations

import pytest

from session_host.paths import session_journal
from tests.conftest import Sessions
from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, listed
from tests.e2e.window.user_actions import wait_until_tabs_are_saved
from tests.programs import Gate, program
from tests.support.reboots import restart_computer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.e2e

LINES = 300


def test_running_chats_are_interrupted_but_readable_and_ended_chats_stay_ended(
    open_window: OpenWindow, new_chat: NewChat, gate: Gate, sessions: Sessions
):
    over = new_chat("over", *program("end_with", "0", "--text", "its last words"))
    long = new_chat("long", *program("numbered_lines", LINES, "--stay", "--gate", gate.path))
    with open_window() as app:
        for chat in (over, long):
            app.show(chat["id"])
        app.wait_connected([long["id"]])
        wait_until_tabs_are_saved(app)
        app.kill()
    journal = session_journal(long["id"])
    wait_until(
        lambda: any(b"end of lines" in path.read_bytes() for path in journal.glob("*.log")), WAIT_S, "all to be on disk"
    )
    restart_computer(sessions, empty_tmp=True)

    with open_window() as app:
        assert [tab["name"] for tab in app.tabs()] == ["over", "long"], "the same tabs again"
        assert [(tab["state"], tab["connected"]) for tab in app.tabs()] == [("exited", False), ("lost", False)]
        app.show(long["id"])
        app.focus()
        shown = wait_until(
            lambda: text if "end of lines" in (text := app.copy_all()) else "", WAIT_S, "its screen", every_s=0.1
        )
        assert [number for number in range(1, LINES + 1) if shown.count(f"line {number:06d}\n") != 1] == []
        app.show(over["id"])
        app.focus()
        wait_until(lambda: "its last words" in app.copy_all(), WAIT_S, "the other's last screen", every_s=0.1)
        assert [one["state"] for one in (listed(over["id"]), listed(long["id"]))] == ["exited", "lost"]
    assert (listed(over["id"])["reason"], listed(long["id"])["reason"]) == (None, "interrupted")
    assert sessions.processes() == [], "nothing runs again by itself"
