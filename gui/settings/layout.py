"""The saved layout: windows and their panes, comments on changes, zoom and small choices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from gui.theme.tokens import SIDEBAR_WIDTH_PX
from session_host.protocol.values import Runtime

from .pane_tree import Node, Pane, Split, is_sound, numbers


class ReviewComment(msgspec.Struct, frozen=True, kw_only=True):
    """A comment on lines of a diff.

    The lines are found again by their texts; the numbers are their last known ones.
    """

    id: str
    top: str
    """The top of the working tree; here and in ``path``, bytes that are not UTF-8 are replacement characters."""
    path: str
    """The file's path below it."""
    is_old: bool = False
    """Whether all lines were removed, so that the numbers are those of the file before the change."""
    first: int
    last: int
    """The numbers of the first and the last line, from 1; without removed lines, unless all are."""
    lines: tuple[str, ...]
    """The lines with their signs, as in a diff; long ones are cut."""
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    """The texts of the lines around them in the diff, from the top down; those of the same side only."""
    text: str = ""
    """The comment; "" for one that was not saved yet."""
    draft: str = ""
    """Another text that was typed and is not saved yet."""
    item: str = ""
    """The step of the chat at which it was written, and is shown; "" for one of *Changes*."""

    @property
    def characters(self) -> int:
        """The approximate number of characters."""
        return len(self.text) + len(self.draft) + sum(len(line) for line in (*self.lines, *self.before, *self.after))


Px = Annotated[int, msgspec.Meta(ge=-(2**24), lt=2**24)]
"""Pixels as far as Qt's widgets go (``QWIDGETSIZE_MAX``); a larger number overflows in Qt, and no window would open."""
Above = Annotated[float, msgspec.Meta(ge=0, lt=2**24)]
Number = Annotated[int, msgspec.Meta(ge=0)]


class TranscriptPlace(msgspec.Struct, frozen=True):
    """The scroll position and the folds of a chat view.

    Attributes:
        top: the segment at the top of the page: its item's id, its number, and the pixels of it above the page; None
            for the end, which is followed.
        modes: how the items are shown that the user folded or unfolded (a ``gui.chat.content.items.Mode``), by id.
        columns: the ids of items with diffs in two columns.
    """

    top: tuple[str, Number, Above] | None = None
    modes: dict[str, tuple[bool | None, bool]] = {}
    columns: tuple[str, ...] = ()


Place = tuple[int, str] | TranscriptPlace
"""A page's scroll position: in a terminal's history, as ``session_host.terminal.scroll_position`` has it, or in a
transcript."""


class SavedPane(msgspec.Struct):
    """A pane: its tabs, and the one in front.

    Attributes:
        tabs: ids of chats, and keys of other pages, in tab order.
        active: the id or key of the tab in front, "" for none.
        places: the scroll position and folds of each chat, by id; a chat that is not here shows its end.
    """

    tabs: list[str] = []
    active: str = ""
    places: dict[str, Place] = {}


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


def read_windows(values: dict[str, Any], warn: Callable[[], object]) -> list[SavedWindow]:
    """Read the windows of a saved layout, at least one; ``warn`` is called if one is damaged."""
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
        account: the agent's account; "" for the default one.
    """

    arguments: list[str] = []
    presets: list[str] = []
    worktree: bool = False
    model: str = ""
    url: str = ""
    runtime: Runtime = "terminal"
    defaults: list[str] = []
    account: str = ""


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
        starts: the last start of each agent, by the agent's name; on another machine, by "MACHINE/AGENT".
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
    last_machine: str = ""
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
            values: the saved form.
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
        layout.windows = read_windows(values, warn)
        smallest, largest = ZOOM_RANGE
        layout.zoom = min(max(layout.zoom, smallest), largest)
        return layout
