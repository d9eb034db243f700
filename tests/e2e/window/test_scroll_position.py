"""The scroll position in a chat's scrollback survives the window."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QImage

from session_host import paths
from session_host.storage.store import Store
from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text, picture
from tests.programs import Gate, program
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import Window

pytestmark = pytest.mark.e2e


def saved_places() -> object:
    with Store.open(paths.database()) as store:
        windows = store.layout().get("windows", [])
        return any(pane["places"] for window in windows for pane in window["panes"])


def terminal(app: Window, area: Area, name: str) -> QImage:
    """The upper left part of the terminal, which has its lines."""
    return QImage(str(picture(app, area, name))).copy(260, 40, 300, 400)


def test_a_killed_window_shows_the_same_lines_again(open_window: OpenWindow, new_chat: NewChat, area: Area, gate: Gate):
    chat = new_chat("long", *program("numbered_lines", 2000, "--gate", gate.path, "--stay"))
    with open_window() as first:
        first.show(chat["id"])
        first.wait_connected([chat["id"]])
        first.focus()
        wait_until(lambda: "end of lines" in chat_text(chat["id"]), WAIT_S, "all lines")
        bottom = terminal(first, area, "bottom")
        first.press("shift+Prior")  # Only once: the saved position is the one after the last key.
        wait_until(saved_places, WAIT_S, "the place to be saved")
        before = terminal(first, area, "before")
        assert before != bottom
        first.kill()
    with open_window() as second:
        second.wait_connected([chat["id"]])
        wait_until(lambda: terminal(second, area, "after") == before, WAIT_S, "the same lines to be shown")
