"""Fixtures: the window on a real Wayland compositor."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage

from tests.conftest import Sessions, lasting
from tests.e2e.window.conftest import WAIT_S, OpenWindow, chat_text, gate, new_chat, opening, window_server
from tests.support.area import Area
from tests.support.compositors.compositor import Compositor
from tests.support.compositors.gnome import gnome
from tests.support.compositors.kwin import kwin
from tests.support.compositors.sway import Sway, sway
from tests.support.waiting import wait_until
from tests.support.windows import Window

__all__ = ["gate", "new_chat", "window_server"]


COMPOSITORS: Mapping[str, Callable[[], AbstractContextManager[Compositor]]] = {
    "sway": sway,
    "kwin": kwin,
    "gnome": gnome,
}
ALL = ["sway", *(pytest.param(name, marks=pytest.mark.compositors) for name in ("kwin", "gnome"))]

on_sway = pytest.mark.parametrize("running_compositor", ["sway"], indirect=True)
"""For tests that use what the others do not have; their ``compositor`` is a ``Sway``."""


@pytest.fixture(scope="session", params=ALL)
def running_compositor(request: pytest.FixtureRequest, run_area: Area) -> Iterator[Compositor]:
    """One compositor for all its tests."""
    with COMPOSITORS[request.param]() as compositor, lasting(compositor.process.pid):
        yield compositor


@pytest.fixture
def another_compositor(running_compositor: Compositor, request: pytest.FixtureRequest) -> Iterator[Compositor]:
    """A second one of the same kind, for this test alone."""
    with COMPOSITORS[request.node.callspec.params["running_compositor"]]() as compositor:
        compositor.reset()
        yield compositor


@pytest.fixture
def compositor(running_compositor: Compositor, area: Area, monkeypatch: pytest.MonkeyPatch) -> Compositor:
    """A compositor as at its start, with this test's environment variables set to it."""
    running_compositor.reset()
    for name, value in running_compositor.environment().items():
        monkeypatch.setenv(name, value)
    return running_compositor


@pytest.fixture
def open_window(
    compositor: Compositor, window_server: None, sessions: Sessions, tmp_path_factory: pytest.TempPathFactory
) -> OpenWindow:
    """Opens the window on the compositor; after its end, checks that its standard error has no warnings."""
    return opening(tmp_path_factory, allowed="The Wayland connection broke")


def wait_for_keyboard(compositor: Compositor, chat: str) -> None:
    """Press a key until the chat's program gets it: a compositor may have a window in front before it has the keys."""

    def typed() -> bool:
        compositor.press("x")
        return "x" in chat_text(chat)

    wait_until(compositor.focused, WAIT_S, "the window to be in front")
    wait_until(typed, WAIT_S, "the chat to have the keyboard", every_s=0.1)


def wait_until_drawn_right(app: Window, compositor: Compositor, display: int = 0, how: str = "") -> None:
    """Wait until the picture of a display is that of the window, which fills it, as it draws itself."""

    def state() -> str:
        unlike = _unlike_squares(app, compositor.picture(display))
        windows = compositor.windows() if isinstance(compositor, Sway) else []
        return (
            f"the window to be drawn right {how}; {len(unlike)} squares are unlike, the first ones {unlike[:8]}; "
            f"the compositor's full screen: {[each['fullscreen_mode'] for each in windows]}"
        )

    def is_drawn_right() -> bool:
        return len(_unlike_squares(app, compositor.picture(display))) <= _CURSOR_SQUARES

    wait_until(is_drawn_right, WAIT_S, state, every_s=0.1)


def _unlike_squares(app: Window, seen: QImage) -> list[tuple[int, int]]:
    """Where the picture of a display is unlike that of the window, as columns and rows of squares.

    Squares are compared, not pixels: the text cursor blinks, and a display may be scaled.
    """
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        app.ask("grab", file=file.name)
        drawn = QImage(file.name)
    squares = enumerate(zip(_squares(drawn), _squares(seen), strict=True))
    return [divmod(at, _SQUARES.width())[::-1] for at, (one, other) in squares if abs(one - other) > _UNLIKE]


_SQUARES = QSize(60, 40)
_CURSOR_SQUARES = 4
_UNLIKE = 24
"""The difference of brightness, of 255, from which on two squares are unlike."""


def _squares(picture: QImage) -> bytes:
    """The brightness of each square of a picture."""
    small = picture.scaled(_SQUARES, mode=Qt.TransformationMode.SmoothTransformation)
    grey = small.convertToFormat(QImage.Format.Format_Grayscale8)
    return bytes(grey.constBits())  # Needs a picture that has a name: the memory is the picture's, and goes with it.
