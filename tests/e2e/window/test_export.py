"""A chat is exported with the keyboard alone."""

from __future__ import annotations

import pytest

from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow
from tests.programs import program
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import outlive

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("suffix", ["cast", "txt", "html"])
def test_the_export_is_written_to_the_chosen_path(open_window: OpenWindow, new_chat: NewChat, area: Area, suffix: str):
    chat = new_chat("said", *program("end_with", "0", "--text", "what was said"))
    outlive("wait", chat["id"], "--exited")
    wanted = area.home / f"mine.{suffix}"
    with open_window() as app:
        app.show(chat["id"])
        app.focus()
        app.press("ctrl+shift+p")
        app.type("Export chat")
        app.press("Return")
        app.press("ctrl+a")
        app.type(str(wanted))
        app.press("Return")
        wait_until(lambda: wanted.exists() and "what was said" in wanted.read_text(), WAIT_S, "the file")
