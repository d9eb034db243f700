"""A chat is exported with the keyboard alone."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow
from tests.e2e.window.user_actions import command
from tests.programs import program
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import outlive

pytestmark = pytest.mark.e2e


def test_the_export_is_written_to_the_chosen_path(open_window: OpenWindow, new_chat: NewChat, area: Area):
    chat = new_chat("said", *program("end_with", "0", "--text", "what was said"))
    outlive("wait", chat["id"], "--exited")
    with open_window() as app:
        app.show(chat["id"])
        app.focus()
        for suffix in ("cast", "txt", "html"):
            wanted = area.home / f"mine.{suffix}"
            command(app, "Export chat")
            app.press("ctrl+a")
            app.type(str(wanted))
            app.press("Return")
            wait_until(partial(has_text, wanted, "what was said"), WAIT_S, f"the file {wanted.name}")


def has_text(path: Path, text: str) -> bool:
    return path.exists() and text in path.read_text()
