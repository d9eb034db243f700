"""Fixtures: the window on a real Wayland compositor."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage

from tests.conftest import Sessions, lasting
from tests.e2e.window.conftest import OpenWindow, gate, new_chat, opening, window_server
from tests.support.area import Area
from tests.support.compositors.sway import Sway, sway
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


def is_drawn_right(app: Window, compositor: Sway) -> bool:
    """Whether the window, which fills the display, is on it as it draws itself.

    Each square of the display is compared, not each pixel: the text cursor blinks, and a display may be scaled.
    """
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        app.ask("grab", file=file.name)
        drawn = QImage(file.name)
    return unlike_squares(drawn, compositor.picture()) <= _CURSOR_SQUARES


_SQUARES = QSize(60, 40)
_CURSOR_SQUARES = 4
_UNLIKE = 24
"""The difference of brightness, of 255, from which on a square is another one."""


def unlike_squares(one: QImage, other: QImage) -> int:
    """How many squares of two pictures are not alike, of ``_SQUARES``."""
    bright, others = (
        picture.scaled(_SQUARES, mode=Qt.TransformationMode.SmoothTransformation).convertToFormat(
            QImage.Format.Format_Grayscale8
        )
        for picture in (one, other)
    )
    return sum(
        abs(bright.pixelColor(x, y).lightness() - others.pixelColor(x, y).lightness()) > _UNLIKE
        for x in range(_SQUARES.width())
        for y in range(_SQUARES.height())
    )
