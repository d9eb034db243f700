"""The saved layout: tabs, geometry, zoom and small choices."""

from __future__ import annotations

from typing import Any

import msgspec

from gui.theme.tokens import SIDEBAR_WIDTH_PX

ENDED_BY_YOU_KEPT = 200
ZOOM_RANGE = (-8, 24)


class Start(msgspec.Struct):
    """How an agent was started last: what the sheet suggests the next time.

    First prompts and variables are not kept: one asks another question each time, and variables may hold secrets.

    Attributes:
        arguments: the user's own, beside those of the presets.
        presets: names of arguments that the catalog has.
        worktree: a git worktree of its own was wanted.
        model, url: of an endpoint.
    """

    arguments: list[str] = []
    presets: list[str] = []
    worktree: bool = False
    model: str = ""
    url: str = ""


class WindowLayout(msgspec.Struct):
    """The window as it is now; written at each change, read at the next start.

    Attributes:
        tabs: ids of chats in tab order.
        active: the id of the tab that is shown, "" for none.
        recent: ids of chats in the order in which they were last shown.
        places: by ids of chats, where in their history one looks (a ``terminal.scroll_place.ScrollPosition``).
        unseen, rang: ids of chats that wrote something, or rang the bell, since they were last shown.
        geometry: left, top, width and height of the window when neither maximised nor full screen.
        zoom: steps that the terminal's font is larger than set.
        groups_folded: names of the sidebar's groups that are folded.
        ended_by_you: ids of chats that were ended from this window, the latest last.
        close_explained: the line about closing a tab was shown once.
        tray_explained, no_tray_explained: the line about the tray was shown once, or that there is none.
        starts: by agents' names, how each was started last.
        grid: columns and rows that a terminal last had room for; a new chat starts with them.
    """

    tabs: list[str] = []
    active: str = ""
    geometry: tuple[int, int, int, int] | None = None
    maximized: bool = False
    zoom: int = 0
    sidebar_width_px: int = SIDEBAR_WIDTH_PX
    sidebar_collapsed: bool = False
    status_line: bool = True
    groups_folded: list[str] = msgspec.field(default_factory=lambda: ["ended"])
    last_agent: str = ""
    last_directory: str = ""
    ended_by_you: list[str] = []
    close_explained: bool = False
    tray_explained: bool = False
    no_tray_explained: bool = False
    starts: dict[str, Start] = {}
    grid: tuple[int, int] = (120, 40)
    recent: list[str] = []
    places: dict[str, tuple[int, str]] = {}
    unseen: list[str] = []
    rang: list[str] = []

    def to_dict(self) -> dict[str, Any]:
        """As the store keeps it."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> WindowLayout:
        """Load from the store; unknown or invalid values become defaults."""
        layout = cls()
        for field in msgspec.structs.fields(cls):
            if field.name not in values:
                continue
            try:
                setattr(layout, field.name, msgspec.convert(values[field.name], field.type))
            except msgspec.ValidationError:
                continue  # A layout is a convenience: one odd value is not worth a word.
        layout.tabs = list(dict.fromkeys(layout.tabs))
        smallest, largest = ZOOM_RANGE
        layout.zoom = min(max(layout.zoom, smallest), largest)
        return layout

    def note_ended_by_you(self, session_id: str) -> None:
        """Remember that the user ended this chat here, so that its tab can say so later."""
        if session_id in self.ended_by_you:
            self.ended_by_you.remove(session_id)
        self.ended_by_you.append(session_id)
        del self.ended_by_you[:-ENDED_BY_YOU_KEPT]
