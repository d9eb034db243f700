"""The saved form of windows and their panes, and reading it from this version's and former layouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from gui.settings.pane_tree import Node, Pane, Split, is_sound, numbers
from gui.theme.tokens import SIDEBAR_WIDTH_PX


class SavedPane(msgspec.Struct):
    """A pane: tabs, one of which is in front.

    Attributes:
        tabs: ids of chats in tab order.
        active: the id of the tab in front, "" for none.
        places: the scroll position of each chat, by id (a ``terminal.history.scroll_place.ScrollPosition``).
    """

    tabs: list[str] = []
    active: str = ""
    places: dict[str, tuple[int, str]] = {}


class SavedWindow(msgspec.Struct):
    """A window.

    Attributes:
        panes: its panes; their numbers in ``tree`` are places in this list.
        tree: the arrangement of the panes.
        active_pane: the pane with the keyboard.
        is_pane_zoomed: whether that pane covers the others.
        geometry: left, top, width and height of the window when it is neither maximised nor full screen.
    """

    panes: list[SavedPane] = msgspec.field(default_factory=lambda: [SavedPane()])
    tree: Pane | Split = Pane(0)
    active_pane: int = 0
    is_pane_zoomed: bool = False
    geometry: tuple[int, int, int, int] | None = None
    maximized: bool = False
    sidebar_width_px: int = SIDEBAR_WIDTH_PX
    sidebar_collapsed: bool = False

    def arrangement(self) -> Node:
        """The tree; side by side if the saved one does not fit the panes."""
        count = len(self.panes)
        if is_sound(self.tree) and sorted(numbers(self.tree)) == list(range(count)):
            return self.tree
        if count < 2:
            return Pane(0)
        return Split(True, tuple(Pane(number) for number in range(count)), (1 / count,) * count)


def windows_of(values: dict[str, Any], warn: Callable[[], object]) -> list[SavedWindow]:
    """The windows of a saved layout, at least one; ``warn`` is called if one cannot be restored as it was."""
    saved = values.get("windows", [_former_window(values)])
    is_whole = isinstance(saved, list)
    found: list[SavedWindow] = []
    for each in saved if isinstance(saved, list) else []:
        try:
            window: SavedWindow | None = msgspec.convert(each, SavedWindow)
        except (msgspec.ValidationError, RecursionError):
            is_whole = False
            window = _rescued(each)
        if window is not None:
            is_whole &= _repair(window)
            found.append(window)
    if not is_whole:
        warn()
    return found or [SavedWindow()]


def _repair(window: SavedWindow) -> bool:
    """Make the parts of a window fit each other; returns whether its panes were arranged as saved."""
    window.panes = window.panes or [SavedPane()]
    for pane in window.panes:
        pane.tabs = list(dict.fromkeys(pane.tabs))
    window.active_pane = min(max(window.active_pane, 0), len(window.panes) - 1)
    former, window.tree = window.tree, window.arrangement()
    return former == window.tree


def _rescued(saved: object) -> SavedWindow | None:
    """The panes with their tabs, of a window of which something else cannot be read."""
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


def _former_window(values: dict[str, Any]) -> dict[str, Any]:
    """The window of a layout of former versions, which had one window with one pane."""
    window = _valid(values, SavedWindow, ("geometry", "maximized", "sidebar_width_px", "sidebar_collapsed"))
    return {**window, "panes": [_valid(values, SavedPane, ("tabs", "active", "places"))]}


def _valid(values: dict[str, Any], form: type[msgspec.Struct], names: tuple[str, ...]) -> dict[str, Any]:
    """The values of these fields, without those that are missing or invalid."""
    found = {}
    for field in msgspec.structs.fields(form):
        if field.name in names and field.name in values:
            try:
                found[field.name] = msgspec.to_builtins(msgspec.convert(values[field.name], field.type))
            except (msgspec.ValidationError, RecursionError):
                continue
    return found
