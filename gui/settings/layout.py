"""The saved layout: windows, zoom and small choices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from gui.settings.review_comment import ReviewComment
from gui.settings.saved_window import SavedWindow, restore_windows
from session_host.protocol.values import Runtime

ZOOM_RANGE = (-8, 24)


class Start(msgspec.Struct):
    """The last start of an agent, for the next suggestion of New chat.

    First prompts and variables are not saved: prompts differ each time, and variables may hold secrets.

    Attributes:
        arguments: the user's own arguments, without those of the presets.
        presets: the names of chosen arguments of the catalog.
        worktree: whether a new git worktree was wanted.
        model, url: the model and server of an endpoint.
        runtime: whether the agent showed its own terminal, or a chat view.
        defaults: the agent's default arguments at that time; if they changed since, they are suggested.
    """

    arguments: list[str] = []
    presets: list[str] = []
    worktree: bool = False
    model: str = ""
    url: str = ""
    runtime: Runtime = "terminal"
    defaults: list[str] = []


class WindowLayout(msgspec.Struct):
    """The windows' current state; saved at each change, loaded at the next start.

    Attributes:
        windows: the windows in the order in which they were opened, at least one.
        last_used: the index of the window that was used last.
        recent: ids of chats by the time when they were last shown, latest last.
        unseen, rang: ids of chats with new output, or a bell, since they were last shown.
        notified: the notifications of chats' programs since these chats were last shown, by chats' ids.
        recent_actions: names of the actions that were chosen last in the palette, latest first.
        zoom: how many steps the terminal's font is larger than configured.
        groups_folded: names of the sidebar's groups that are folded.
        own_shells: ids of running shells that were started in a window; see ``Shells``.
        close_explained: whether the line about closing a tab was shown.
        tray_explained, no_tray_explained: whether the line about the tray, or about its absence, was shown.
        starts: the last start of each agent, by the agent's name.
        muted: ids of chats that send no notifications; this and the next are also read by ``notification_rules`` of
            ``session_host.client.chats``.
        muted_until: until when no chat sends any, ISO 8601; "" for no such time.
        starts_at_login: the value of the setting ``start_at_login`` when it was last applied.
        grid: the last grid size of a terminal; a new chat starts with it.
        undelivered: how many characters of input a chat did not get, at most, when the last window closed; by its id.
        drafts: unsent prompts without their images, by the ids of chats; the one that was edited last is the last one.
        review_comments: comments on changes that were not sent yet, by the ids of chats.
        color_labels: names of the colours by which the user marked chats, by their ids; see ``LABEL_COLORS``.
        restart_offered: ids of interrupted chats (by a restart of the computer) that a banner has offered to resume.
    """

    windows: list[SavedWindow] = msgspec.field(default_factory=lambda: [SavedWindow()])
    last_used: int = 0
    zoom: int = 0
    status_line: bool = True
    groups_folded: list[str] = msgspec.field(default_factory=lambda: ["ended"])
    last_agent: str = ""
    last_directory: str = ""
    own_shells: list[str] = []
    close_explained: bool = False
    tray_explained: bool = False
    no_tray_explained: bool = False
    muted: list[str] = []
    muted_until: str = ""
    starts_at_login: bool = False
    starts: dict[str, Start] = {}
    grid: tuple[int, int] = (120, 40)
    recent: list[str] = []
    recent_actions: list[str] = []
    unseen: list[str] = []
    rang: list[str] = []
    notified: dict[str, str] = {}
    undelivered: dict[str, int] = {}
    restart_offered: list[str] = []
    drafts: dict[str, str] = {}
    review_comments: dict[str, list[ReviewComment]] = {}
    color_labels: dict[str, str] = {}

    def to_dict(self) -> dict[str, Any]:
        """The layout in the form that the store keeps."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found

    @classmethod
    def from_dict(cls, values: dict[str, Any], warn: Callable[[], object] = lambda: None) -> WindowLayout:
        """Load from the store; unknown or invalid values become defaults.

        Args:
            values: the saved form of this version, or of an earlier one with one window and one pane.
            warn: called if a window cannot be restored as it was.
        """
        layout = cls()
        for field in msgspec.structs.fields(cls):
            if field.name not in values or field.name == "windows":
                continue
            try:
                setattr(layout, field.name, msgspec.convert(values[field.name], field.type))
            except (msgspec.ValidationError, RecursionError):
                continue  # No message: the default is used.
        layout.windows = restore_windows(values, warn)
        smallest, largest = ZOOM_RANGE
        layout.zoom = min(max(layout.zoom, smallest), largest)
        return layout
