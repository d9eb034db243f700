"""Keys of other layouts and input methods on a Wayland compositor."""

from __future__ import annotations

import pytest

from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text, echo
from tests.support.compositors.sway import Sway
from tests.support.waiting import wait_until

pytestmark = pytest.mark.e2e


def test_the_non_joiner_of_persian_is_typed(compositor: Sway, open_window: OpenWindow, new_chat: NewChat) -> None:
    chat = new_chat("first", *echo())["id"]
    with open_window() as app:
        app.show(chat)
        wait_until(compositor.focused, WAIT_S, "the window to have the keyboard")
        compositor.set_layout("ir")
        compositor.press("f", "shift+space", "f")
        wait_until(lambda: "ب\u200cب" in chat_text(chat), WAIT_S, lambda: f"the text, {chat_text(chat)!r}")
