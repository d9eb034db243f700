"""On a full disk, the chat continues; its page and the list say that it is not recorded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from session_host.client.chats.launch_spec import DEFAULT_SIZE
from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text, listed
from tests.programs import Gate, program
from tests.support.area import Area
from tests.support.disks import fill_disk, small_disk
from tests.support.waiting import wait_until
from tests.support.windows import outlive

pytestmark = pytest.mark.e2e

LINES = 2000
HELD_AT = 100
DISK_KIB = 4096


@pytest.fixture
def state_on_a_small_disk(area: Area) -> Iterator[Area]:
    """Puts the record and the journals on a disk that can be filled."""
    area.state.rmdir()
    with small_disk(area.state, DISK_KIB):
        yield area
    area.state.rmdir()
    area.state.mkdir(mode=0o700)


def test_a_full_disk_is_reported_until_there_is_room_and_changes_nothing_else(
    state_on_a_small_disk: Area, open_window: OpenWindow, new_chat: NewChat, gate: Gate
):
    chat = new_chat("on", *program("numbered_lines", LINES, "--gate", gate.path, "--before", HELD_AT, "--stay"))
    with open_window() as app:
        app.show(chat["id"])
        app.wait_connected([chat["id"]])
        # The host gets the window's size a moment after the connection.
        rows = wait_until(lambda: (now := listed(chat["id"])["rows"]) != DEFAULT_SIZE.rows and now, WAIT_S, "its size")
        assert listed(chat["id"])["notice"] is None
        ballast = fill_disk(state_on_a_small_disk.state)

        gate.release()
        wait_until(lambda: listed(chat["id"])["notice"], WAIT_S, "the notice")
        assert "the disk is full" in listed(chat["id"])["notice"]
        table = outlive("ls").splitlines()
        assert " ! " in table[1]
        assert "running" in table[1]
        assert table[2].startswith("! on: the disk is full, so recording has stopped; free some space (/")
        wait_until(lambda: f"line {LINES:06d}" in chat_text(chat["id"]), WAIT_S, "the chat to go on")

        ballast.unlink()
        wait_until(lambda: listed(chat["id"])["notice"] is None, WAIT_S, "it to be right again")
        assert listed(chat["id"])["rows"] == rows, (
            "the window shows the notice over the page, and does not make the page smaller"
        )
        assert len(outlive("ls").splitlines()) == 2
        assert listed(chat["id"])["child_pid"] == chat["child_pid"]
