"""The window and its surroundings on a Wayland compositor: other programs, tool tips, the tray."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage

from tests.conftest import Sessions
from tests.e2e.wayland.conftest import on_sway, wait_for_keyboard, wait_until_drawn_right
from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, new_echo
from tests.support.buses import BusDaemon
from tests.support.compositors.compositor import Compositor
from tests.support.compositors.sway import Sway
from tests.support.processes import end
from tests.support.settings_portal import settings_portal
from tests.support.tray_host import tray_host
from tests.support.waiting import wait_until
from tests.support.windows import window

pytestmark = pytest.mark.e2e

_OTHER = """
from PySide6.QtGui import QGuiApplication, QRasterWindow
application = QGuiApplication([])
window = QRasterWindow(title="another program")
window.show()
application.exec()
"""


@contextmanager
def another_program(compositor: Compositor) -> Iterator[None]:
    """A program that opens a window, which gets the keyboard."""
    before = compositor.focused()
    process = subprocess.Popen([sys.executable, "-c", _OTHER])
    try:
        wait_until(lambda: compositor.focused() not in {"", before}, WAIT_S, "the other window")
        yield
    finally:
        end([process.pid])
        process.wait()


def test_a_command_raises_the_window_or_the_desktop_marks_it(compositor: Compositor, open_window: OpenWindow) -> None:
    with open_window() as app:
        wait_until(compositor.focused, WAIT_S, "the window to have the keyboard")
        ours = compositor.focused()
        compositor.press("Escape")  # From now on, Qt asks for the focus by the number of this key, in vain.
        with another_program(compositor):
            app.ask("raise")  # As a second start does.
            wait_until(lambda: compositor.has_mark() or compositor.focused() == ours, WAIT_S, "the window to be marked")
        wait_until(lambda: compositor.focused() == ours, WAIT_S, "the window to have the keyboard")
        wait_until(lambda: not compositor.has_mark(), WAIT_S, "the end of the mark")


def test_each_tool_tip_is_beside_what_it_is_about(
    compositor: Compositor, open_window: OpenWindow, new_chat: NewChat
) -> None:
    chat = new_echo(new_chat, "first")["id"]
    right = compositor.display_px[0]
    below_first, below_last = QRect(220, 44, 80, 30), QRect(right - 80, 44, 60, 30)
    with open_window() as app:
        app.show(chat)
        wait_for_keyboard(compositor, chat)
        compositor.press("F11")
        wait_until_drawn_right(app, compositor, how="on the whole display")
        before = compositor.picture()
        compositor.move_to(218, 20)
        compositor.move_to(217, 20)
        wait_until(lambda: _differ(before, compositor.picture(), below_first), WAIT_S, "the first tool tip")
        compositor.move_to(right - 19, 18)
        compositor.move_to(right - 18, 18)
        wait_until(lambda: _differ(before, compositor.picture(), below_last), WAIT_S, "the second tool tip")
        wait_until(lambda: not _differ(before, compositor.picture(), below_first), WAIT_S, "the end of the first one")


@on_sway
def test_a_window_without_a_tray_says_nothing_and_gets_the_icon_when_a_tray_starts(
    compositor: Sway, window_server: None, sessions: Sessions, session_bus: BusDaemon, tmp_path: Path
) -> None:
    errors = tmp_path / "stderr"
    with window(errors=errors) as app:
        wait_until(compositor.focused, WAIT_S, "the window to have the keyboard")
        wait_until(app.is_listening, WAIT_S, "the window to listen")
        with tray_host() as tray:
            assert "Open Outlive" in tray.menu()
            assert errors.read_text() == ""


def test_the_window_is_dark_while_the_desktop_is(
    session_bus: BusDaemon, compositor: Sway, open_window: OpenWindow
) -> None:
    def is_dark() -> bool:
        return compositor.picture().pixelColor(600, 700).lightness() < 60

    with settings_portal(color_scheme=1) as portal, open_window():
        wait_until(compositor.focused, WAIT_S, "the window to have the keyboard")
        wait_until(is_dark, WAIT_S, "a dark window")
        portal.set("color-scheme", 2)
        wait_until(lambda: not is_dark(), WAIT_S, "a light window")


def _differ(one: QImage, other: QImage, area: QRect) -> bool:
    return one.copy(area) != other.copy(area)
