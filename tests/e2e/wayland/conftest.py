"""Fixtures: the window on a real Wayland compositor."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage

from tests.conftest import Sessions, lasting
from tests.e2e.window.conftest import WAIT_S, OpenWindow, chat_text, gate, new_chat, opening, window_server
from tests.support.area import Area
from tests.support.compositors.sway import Sway, sway
from tests.support.waiting import wait_until
from tests.support.windows import Window

__all__ = ["gate", "new_chat", "window_server"]


@pytest.fixture(scope="session")
def running_sway(run_area: Area) -> Iterator[Sway]:
    """One sway for the whole run."""
    with sway() as compositor, lasting(compositor.process.pid):
        yield compositor


@pytest.fixture
def compositor(running_sway: Sway, area: Area, monkeypatch: pytest.MonkeyPatch) -> Sway:
    """Sway as at its start, with this test's environment variables set to it."""
    running_sway.reset()
    for name, value in running_sway.environment().items():
        monkeypatch.setenv(name, value)
    return running_sway


@pytest.fixture
def open_window(
    compositor: Sway, window_server: None, sessions: Sessions, tmp_path_factory: pytest.TempPathFactory
) -> OpenWindow:
    """Opens the window on the compositor; after its end, checks that its standard error has no warnings."""
    return opening(tmp_path_factory, allowed="The Wayland connection broke")


def wait_for_text(chat: str, text: str) -> None:
    """Wait until a chat's program shows the text."""
    wait_until(lambda: text in chat_text(chat), WAIT_S, lambda: f"{text!r} in {chat_text(chat)!r}", every_s=0.1)


def is_drawn_right(app: Window, compositor: Sway) -> bool:
    """Whether the window, which fills the display, is on it as it draws itself.

    Squares are compared, not pixels: the text cursor blinks, and a display may be scaled.
    """
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        app.ask("grab", file=file.name)
        drawn = QImage(file.name)
    squares = zip(_squares(drawn), _squares(compositor.picture()), strict=True)
    return sum(abs(one - other) > _UNLIKE for one, other in squares) <= _CURSOR_SQUARES


_SQUARES = QSize(60, 40)
_CURSOR_SQUARES = 4
_UNLIKE = 24
"""The difference of brightness, of 255, from which on two squares are unlike."""


def _squares(picture: QImage) -> bytes:
    """The brightness of each square of a picture."""
    small = picture.scaled(_SQUARES, mode=Qt.TransformationMode.SmoothTransformation)
    return bytes(small.convertToFormat(QImage.Format.Format_Grayscale8).constBits())
