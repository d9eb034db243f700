"""What is typed while the window is busy arrives where it belongs."""

from __future__ import annotations

import os
import signal

import pytest

from tests.e2e.window.conftest import WAIT_S, OpenWindow, listed
from tests.support.area import Area
from tests.support.waiting import wait_until

pytestmark = pytest.mark.e2e


def test_behind_the_list_of_directories(area: Area, open_window: OpenWindow):
    directory = area.home / "api"
    directory.mkdir()
    with open_window() as own:
        own.focus()
        own.press("ctrl+shift+n")
        own.press("Tab")
        own.type(str(directory))
        own.tabs()  # The window has the text by now, and shows the list.
        os.kill(own.process.pid, signal.SIGSTOP)
        try:
            own.press("Escape", "Tab", "Tab")  # the list; past Browse
            own.type("typed ahead")
        finally:
            os.kill(own.process.pid, signal.SIGCONT)
        own.press("Return")
        [tab] = wait_until(own.tabs, WAIT_S, "the chat's tab")
        chat = listed(tab["session_id"])
        assert (chat["name"], chat["cwd"]) == ("typed ahead", str(directory))
