"""Actions of a user: mouse input in a window on the screen, and commands chosen in the palette."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

from gui.settings.layout import WindowLayout
from gui.settings.pane_tree import Rect, areas
from gui.theme.tokens import BAR_HEIGHT_PX, SIDEBAR_COLLAPSED_PX, STATUS_HEIGHT_PX
from gui.window.frame import has_room
from gui.window.panes.pane_area import GAP_PX
from session_host import paths
from session_host.storage.store import Store
from tests.support.waiting import wait_until
from tests.support.windows import Window, outlive, xdotool


def saved_layout() -> WindowLayout:
    """The saved layout of the windows."""
    with Store.open(paths.database()) as store:
        return WindowLayout.from_dict(store.layout())


def wait_until_tabs_are_saved(app: Window) -> None:
    """Wait until a window's tabs are on the disk: a window that is killed earlier restores its previous tabs."""

    def are_saved() -> bool:
        tabs = [chat for window in saved_layout().windows for pane in window.panes for chat in pane.tabs]
        return tabs == [tab["session_id"] for tab in app.tabs()]

    wait_until(are_saved, WAIT_S, "the tabs to be saved")


WAIT_S = 60.0
FRAME_PX = 60
"""An upper limit for the width of the window manager's frame."""


class Mouse:
    """The mouse in one of the windows on the screen.

    Args:
        window_id: the window's id at the X server.
        index: the window's index in the saved layout.
    """

    def __init__(self, window_id: str, index: int) -> None:
        self._id = window_id
        self._index = index

    def pages(self) -> list[Rect]:
        """The areas of the panes' pages in the window, in reading order."""
        layout = saved_layout().windows[self._index]
        assert layout.geometry is not None
        *_, width, height = layout.geometry
        is_expanded = has_room(width, layout.sidebar_width_px)
        left = layout.sidebar_width_px if is_expanded else SIDEBAR_COLLAPSED_PX
        whole = Rect(left, 0, width - left, height - STATUS_HEIGHT_PX)
        places = areas(layout.arrangement(), whole, GAP_PX)[0]
        return [Rect(x, y + BAR_HEIGHT_PX, w, h - BAR_HEIGHT_PX) for x, y, w, h in places.values()]

    def _to(self, x: int, y: int) -> list[str]:
        return ["mousemove", "--window", self._id, "--", str(x), str(y)]

    def move_and_resize(self, left: int, top: int, width: int, height: int) -> None:
        """Move and resize the window; returns when its new geometry is saved."""
        size, place = ["windowsize", self._id, str(width), str(height)], ["windowmove", self._id, str(left), str(top)]
        xdotool(*size, *place)
        wait_until(lambda: self._is_saved_at(left, top, (width, height)), WAIT_S, "the geometry to be saved")

    def _is_saved_at(self, left: int, top: int, size: tuple[int, int]) -> bool:
        """Whether the saved geometry is this one; the window manager's frame may move the window a little."""
        windows = saved_layout().windows
        if self._index >= len(windows):
            return False
        x, y, *saved_size = windows[self._index].geometry or (0, 0, 0, 0)
        return tuple(saved_size) == size and 0 <= x - left < FRAME_PX and 0 <= y - top < FRAME_PX

    def from_here(self, other: Mouse, x: int, y: int) -> tuple[int, int]:
        """A point of another window in this window's coordinates."""
        (left, top), (other_left, other_top) = self._corner(), other._corner()
        return other_left + x - left, other_top + y - top

    def _corner(self) -> tuple[int, int]:
        geometry = saved_layout().windows[self._index].geometry
        assert geometry is not None
        return geometry[:2]

    def click(self, x: int, y: int, *, button: int = 1, times: int = 1) -> None:
        """Click at a point of the window; button 2 is the middle one."""
        xdotool(*self._to(x, y), *["click", str(button)] * times)

    def drag(self, app: Window, *points: tuple[int, int], escapes: bool = False) -> None:
        """Press the left button at the first point, move along the others, and release.

        Args:
            app: whose drag this is. It shows an image of what is dragged; a release before that drops nothing.
            points: in pixels of the window.
            escapes: press Escape before the release.
        """
        before = visible_windows(app)
        start, first = points[:2]
        xdotool(*self._to(*start), "mousedown", "1", *self._way(start, first))
        wait_until(lambda: visible_windows(app) - before, WAIT_S, "the image of the drag")
        way = [word for one, other in pairwise(points[1:]) for word in self._way(one, other)]
        xdotool(*way, "mousemove_relative", "1", "0")
        if escapes:
            xdotool("key", "Escape")
            wait_until(lambda: not visible_windows(app) - before, WAIT_S, "the end of the drag")
        xdotool("mouseup", "1")

    def _way(self, start: tuple[int, int], end: tuple[int, int]) -> list[str]:
        """xdotool's words that move the mouse from a point to another in steps."""
        (x, y), (to_x, to_y) = start, end
        steps = ((x + (to_x - x) * step // 8, y + (to_y - y) * step // 8) for step in range(1, 9))
        return [word for each in steps for word in (*self._to(*each), "sleep", "0.02")]


def command(app: Window, words: str) -> None:
    """Choose a command in the palette by words of its title."""
    app.press("ctrl+shift+p")
    app.type(words)
    app.press("Return")


def show_there(app: Window, chat: str) -> None:
    """Show a chat of another machine, once the window has heard of it, and wait until it is connected."""

    def is_shown() -> bool:
        try:
            outlive("window", "show", chat)
        except RuntimeError:  # The window itself waits only some seconds for the machine.
            return False
        return any(tab["connected"] for tab in app.tabs())

    wait_until(is_shown, WAIT_S, f"{chat} to be shown")


def visible_windows(app: Window, *name: str) -> set[str]:
    """The X server's ids of all visible windows, menus and images of drags of the window, or of those with a name."""
    search = ["xdotool", "search", "--onlyvisible", "--pid", str(app.process.pid), *name]

    def found() -> set[str]:
        done = subprocess.run(search, capture_output=True, text=True, timeout=WAIT_S, check=False)
        # The search fails, and its result lacks windows, if one closes before xdotool has looked at it.
        return set(done.stdout.split()) if done.returncode == 0 else set()

    return wait_until(found, WAIT_S, "a search that no window disturbs")


@contextmanager
def other_window() -> Iterator[str]:
    """Open a window of another program; yields its id at the X server."""
    with subprocess.Popen(["xclock"]) as clock:
        try:
            yield xdotool("search", "--sync", "--onlyvisible", "--class", "xclock").split()[0]
        finally:
            clock.kill()
