"""The saved layout: tabs, geometry, zoom and small choices."""

from __future__ import annotations

from typing import Any

import msgspec

from gui.theme.tokens import SIDEBAR_WIDTH_PX
from session_host.protocol.values import Runtime

ENDED_BY_YOU_KEPT = 200
ZOOM_RANGE = (-8, 24)


class Start(msgspec.Struct):
    """The last start of an agent, for the next suggestion of New chat.

    First prompts and variables are not saved: prompts differ each time, and variables may hold secrets.

    Attributes:
        arguments: the user's own arguments, besides those of the presets.
        presets: the names of chosen arguments of the catalog.
        worktree: whether a new git worktree was wanted.
        model, url: the model and server of an endpoint.
        runtime: whether the agent showed its own terminal, or a chat view.
    """

    arguments: list[str] = []
    presets: list[str] = []
    worktree: bool = False
    model: str = ""
    url: str = ""
    runtime: Runtime = "terminal"


class WindowLayout(msgspec.Struct):
    """The window's current state; saved at each change, loaded at the next start.

    Attributes:
        tabs: ids of chats in tab order.
        active: the id of the visible tab, "" for none.
        recent: ids of chats by when they were last shown.
        places: the scroll position of each chat, by id (a ``terminal.history.scroll_place.ScrollPosition``).
        unseen, rang: ids of chats with new output, or a bell, since they were last shown.
        geometry: left, top, width and height of the window when it is neither maximised nor full screen.
        zoom: how many steps the terminal's font is larger than configured.
        groups_folded: names of the sidebar's groups that are folded.
        ended_by_you: ids of chats that this window's user ended, the latest last.
        close_explained: whether the line about closing a tab was shown.
        tray_explained, no_tray_explained: whether the line about the tray, or about its absence, was shown.
        starts: the last start of each agent, by the agent's name.
        grid: the last grid size of a terminal; a new chat starts with it.
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
        """The layout in the form that the store keeps."""
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
                continue  # A layout is a convenience: an invalid value is not worth a message.
        layout.tabs = list(dict.fromkeys(layout.tabs))
        smallest, largest = ZOOM_RANGE
        layout.zoom = min(max(layout.zoom, smallest), largest)
        return layout

    def note_ended_by_you(self, session_id: str) -> None:
        """Remember that the user ended this chat here, so that its tab can show this later."""
        if session_id in self.ended_by_you:
            self.ended_by_you.remove(session_id)
        self.ended_by_you.append(session_id)
        del self.ended_by_you[:-ENDED_BY_YOU_KEPT]
