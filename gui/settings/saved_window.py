"""The saved form of windows and panes, read from layouts of this version and of older ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from gui.settings.pane_tree import Node, Pane, Split, is_sound, numbers
from gui.theme.tokens import SIDEBAR_WIDTH_PX

Px = Annotated[int, msgspec.Meta(ge=-(2**24), lt=2**24)]
"""Pixels as far as Qt's widgets go (``QWIDGETSIZE_MAX``); a larger number overflows in Qt, and no window would open."""


class SavedPane(msgspec.Struct):
    """A pane: its tabs, and the one in front.

    Attributes:
        tabs: ids of chats in tab order.
        active: the id of the tab in front, "" for none.
        places: the scroll position of each chat, by id (a ``terminal.history.scroll_position.ScrollPosition``).
    """

    tabs: list[str] = []
    active: str = ""
    places: dict[str, tuple[int, str]] = {}


class SavedWindow(msgspec.Struct):
    """A window.

    Attributes:
        panes: its panes; their numbers in ``tree`` are indices of this list.
        tree: the arrangement of the panes.
        active_pane: the pane with the keyboard.
        is_pane_maximised: whether that pane covers the others.
        geometry: left, top, width and height of the window when it is neither maximised nor full screen.
    """

    panes: list[SavedPane] = msgspec.field(default_factory=lambda: [SavedPane()])
    tree: Pane | Split = Pane(0)
    active_pane: int = 0
    is_pane_maximised: bool = False
    geometry: tuple[Px, Px, Px, Px] | None = None
    maximized: bool = False
    sidebar_width_px: int = SIDEBAR_WIDTH_PX
    sidebar_collapsed: bool = False

    def arrangement(self) -> Node:
        """The tree; if the saved one does not match the panes, all panes side by side."""
        count = len(self.panes)
        if is_sound(self.tree) and sorted(numbers(self.tree)) == list(range(count)):
            return self.tree
        if count < 2:
            return Pane(0)
        return Split(True, tuple(Pane(number) for number in range(count)), (1 / count,) * count)


def restore_windows(values: dict[str, Any], warn: Callable[[], object]) -> list[SavedWindow]:
    """Restore the windows of a saved layout, at least one; ``warn`` is called if one is damaged."""
    saved = values.get("windows", [])
    is_complete = isinstance(saved, list)
    found: list[SavedWindow] = []
    for each in saved if isinstance(saved, list) else []:
        try:
            window: SavedWindow | None = msgspec.convert(each, SavedWindow)
        except (msgspec.ValidationError, RecursionError):
            is_complete = False
            window = _rescue(each)
        if window is not None:
            is_complete &= _repair(window)
            found.append(window)
    if not is_complete:
        warn()
    return found or [SavedWindow()]


def _repair(window: SavedWindow) -> bool:
    """Make the fields of a window consistent; returns whether its saved arrangement of panes was valid."""
    window.panes = window.panes or [SavedPane()]
    for pane in window.panes:
        pane.tabs = list(dict.fromkeys(pane.tabs))
    window.active_pane = min(max(window.active_pane, 0), len(window.panes) - 1)
    previous, window.tree = window.tree, window.arrangement()
    return previous == window.tree


def _rescue(saved: object) -> SavedWindow | None:
    """A window with only the readable panes of a damaged one; None if there are none."""
    panes = []
    for each in _list_in(saved, "panes"):
        try:
            panes.append(msgspec.convert(each, SavedPane))
        except (msgspec.ValidationError, RecursionError):
            continue
    return SavedWindow(panes=panes) if panes else None


def _list_in(values: object, name: str) -> list[Any]:
    found = values.get(name) if isinstance(values, dict) else None
    return found if isinstance(found, list) else []
