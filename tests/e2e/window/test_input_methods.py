"""Input methods for which Qt needs a plugin."""

from __future__ import annotations

import pytest

from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text
from tests.support.buses import BusDaemon
from tests.support.input_method import input_method
from tests.support.waiting import wait_until

pytestmark = pytest.mark.e2e


def test_fcitx_types_into_a_terminal_and_chats_do_not_get_the_variables_for_that(
    session_bus: BusDaemon, open_window: OpenWindow, new_chat: NewChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QT_IM_MODULE", "fcitx")
    first = new_chat("first", "cat")["id"]
    with input_method() as service, open_window() as app:
        app.show(first)
        app.focus()
        wait_until(lambda: "SetCursorLocation" in service.members, WAIT_S, "the window to use the input method")
        app.type("azb\n")
        wait_until(lambda: "a中b" in chat_text(first), WAIT_S, "the text of the input method")
        app.press("ctrl+shift+Return")
        wait_until(lambda: len(app.tabs()) == 2, WAIT_S, "a shell that the window has started")
        shell = next(tab["session_id"] for tab in app.tabs() if tab["session_id"] != first)
        app.type("env | grep -c 'QT_IM_MODULES\\|IBUS_USE'; echo end$((1+1))\n")
        wait_until(lambda: "end2" in chat_text(shell), WAIT_S, "the shell's variables")
        assert "\n0\n" in chat_text(shell)
