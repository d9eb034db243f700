"""The window on a Wayland compositor, as a user sees and uses it."""

from __future__ import annotations

import pytest

from tests.e2e.wayland.conftest import is_drawn_right, wait_for_text
from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, echo
from tests.support.compositors.sway import Sway
from tests.support.waiting import wait_until

pytestmark = pytest.mark.e2e


def test_typed_keys_arrive_in_the_chat_and_the_display_shows_them(
    compositor: Sway, open_window: OpenWindow, new_chat: NewChat
) -> None:
    chat = new_chat("first", *echo())["id"]
    with open_window() as app:
        app.show(chat)
        wait_until(compositor.focused, WAIT_S, "the window to have the keyboard")
        compositor.type("Hello there")
        wait_for_text(chat, "Hello there")
        wait_until(lambda: is_drawn_right(app, compositor), WAIT_S, "the display to show the window")


def test_a_display_that_changes_its_scale_shows_the_window_right(
    compositor: Sway, open_window: OpenWindow, new_chat: NewChat
) -> None:
    chat = new_chat("first", *echo())["id"]
    with open_window() as app:
        app.show(chat)
        wait_until(compositor.focused, WAIT_S, "the window to have the keyboard")
        for scale in (2, 1.5, 1):
            compositor.set_scale(scale)
            wait_until(lambda: is_drawn_right(app, compositor), WAIT_S, f"the window at the scale {scale}", every_s=0.1)
        compositor.type("as before")
        wait_for_text(chat, "as before")
