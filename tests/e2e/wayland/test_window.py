"""The window on a Wayland compositor, as a user sees and uses it."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.e2e.wayland.conftest import wait_for_keyboard, wait_until_drawn_right
from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, new_echo
from tests.support.compositors.compositor import Compositor
from tests.support.processes import end
from tests.support.structured_chats import wait_for_text
from tests.support.waiting import wait_for_end, wait_until

pytestmark = pytest.mark.e2e


def test_the_window_is_drawn_right_on_each_display_and_when_its_scale_changes(
    compositor: Compositor, open_window: OpenWindow, new_chat: NewChat
) -> None:
    chat = new_echo(new_chat, "first")["id"]
    with open_window() as app:
        app.show(chat)
        wait_for_keyboard(compositor, chat)
        compositor.press("F11")
        wait_until_drawn_right(app, compositor, 0, "on the whole display")
        for display, scale in ((0, 2), (0, 1.5), (1, 1), (1, 2), (0, 1)):
            compositor.set_scale(scale, display)
            compositor.move_window_to(display)
            wait_until_drawn_right(app, compositor, display, f"at the scale {scale}")
        compositor.type("Typed as before")
        wait_for_text(chat, "Typed as before")


def test_texts_are_copied_from_and_to_other_programs(
    compositor: Compositor, open_window: OpenWindow, new_chat: NewChat
) -> None:
    chat = new_echo(new_chat, "first")["id"]
    environment = {**os.environ, **compositor.environment()}

    def clipboard() -> str:
        """Its text. On GNOME, each look takes the keyboard for a moment."""
        paste = ["wl-paste", "--no-newline"]
        return subprocess.run(paste, env=environment, capture_output=True, text=True, timeout=60, check=False).stdout

    with open_window() as app:
        app.show(chat)
        wait_for_keyboard(compositor, chat)
        other = subprocess.Popen(["wl-copy", "--foreground", "from another program"], env=environment)
        try:
            wait_until(lambda: clipboard() == "from another program", WAIT_S, "the other's text", every_s=0.5)
            compositor.press("ctrl+shift+v")
            wait_for_text(chat, "from another program")
        finally:
            end([other.pid])
            other.wait()
        compositor.press("ctrl+shift+a", "ctrl+shift+c")
        wait_until(lambda: clipboard().startswith("ready\n"), WAIT_S, "the window's text", every_s=0.5)


def test_a_chat_outlives_a_compositor_that_is_killed(
    compositor: Compositor,
    another_compositor: Compositor,
    open_window: OpenWindow,
    new_chat: NewChat,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chat = new_echo(new_chat, "first")["id"]
    with monkeypatch.context() as patch:
        for name, value in another_compositor.environment().items():
            patch.setenv(name, value)
        with open_window() as app:
            app.show(chat)
            wait_for_keyboard(another_compositor, chat)
            another_compositor.kill()
            wait_for_end(app.process.pid, WAIT_S, "the end of the window")
    with open_window() as app:
        app.show(chat)
        wait_for_keyboard(compositor, chat)
        compositor.type("still here")
        wait_for_text(chat, "still here")
