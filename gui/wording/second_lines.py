"""Second lines that distinguish chats of the same name or directory. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import NamedTuple, Protocol

_BETWEEN = " · "
ID_DIGITS = 4
"""The number of digits of an id that identify a chat on the command line."""


class ChatLabels(Protocol):
    """The attributes of a chat that its second line uses."""

    @property
    def id(self) -> str:
        """The session's UUID."""

    @property
    def name(self) -> str:
        """The user's name for the chat."""

    @property
    def location(self) -> str:
        """The short form of its directory, with the branch."""

    @property
    def status_text(self) -> str:
        """Its question or last message."""

    @property
    def branch(self) -> str:
        """The current git branch, "" for none; part of ``location``."""

    @property
    def directory(self) -> str:
        """The full path of its directory."""

    @property
    def ended_when(self) -> str:
        """The time of its end, "" while it runs."""

    @property
    def needs_you(self) -> bool:
        """Whether its agent waits for the user."""

    @property
    def is_unresponsive(self) -> bool:
        """Whether its host does not answer."""


class SecondLine(NamedTuple):
    """The line below a chat's name: its location and its status text; the distinguishing part comes first.

    Attributes:
        difference: the part that distinguishes the chat from others of its name; "" if there are none.
    """

    location: str
    status: str
    status_first: bool
    difference: str = ""

    @property
    def whole(self) -> str:
        """Both parts in one line."""
        parts = (self.status, self.location) if self.status_first else (self.location, self.status)
        return _BETWEEN.join(part for part in parts if part)


def second_lines(chats: Iterable[ChatLabels], projects: Mapping[str, str] | None = None) -> dict[str, SecondLine]:
    """The second line of each chat, by its id.

    Args:
        chats: all chats of a list.
        projects: by chats' ids, the names of projects in the headings above them, which the lines do not repeat.
    """
    listed = list(chats)
    headings = defaultdict(str, projects or {})
    directories: dict[str, set[str]] = {}
    for chat in listed:
        directories.setdefault(chat.location, set()).add(chat.directory)
    branches: dict[str, set[str]] = {}
    for chat in listed:
        if chat.branch:  # The branch of an ended chat is not known.
            branches.setdefault(_without_branch(chat), set()).add(chat.branch)
    locations = {}
    for chat in listed:
        name, _, rest = chat.location.partition(_BETWEEN)
        branches_differ = len(branches.get(_without_branch(chat), ())) > 1
        if name == headings[chat.id]:
            locations[chat.id] = rest
        else:
            locations[chat.id] = _location(chat, directories[chat.location], branches_differ=branches_differ)
    _separate_equal_ends(listed, headings, locations)
    shared_locations = Counter((headings[chat.id], locations[chat.id]) for chat in listed)
    same_lines = Counter((headings[chat.id], chat.name, locations[chat.id], chat.status_text) for chat in listed)
    names = Counter(chat.name for chat in listed)
    shared_names = Counter((chat.name, locations[chat.id]) for chat in listed)
    lines: dict[str, SecondLine] = {}
    for chat in listed:
        project, location = headings[chat.id], locations[chat.id]
        # Several chats in one location differ in their status texts.
        is_urgent = chat.needs_you or chat.is_unresponsive
        status_first = bool(chat.status_text) and (is_urgent or shared_locations[project, location] > 1)
        if same_lines[project, chat.name, location, chat.status_text] > 1:
            location = _BETWEEN.join(filter(None, (location, chat.id[:ID_DIGITS])))
            differs_by_location = True
        else:
            differs_by_location = shared_names[chat.name, location] == 1 or not chat.status_text
        difference = location if differs_by_location else chat.status_text
        lines[chat.id] = SecondLine(
            location, chat.status_text, status_first, difference if names[chat.name] > 1 else ""
        )
    return lines


def _separate_equal_ends(chats: list[ChatLabels], headings: Mapping[str, str], locations: dict[str, str]) -> None:
    """Put the time of the end before the locations of ended chats that differ in nothing else."""
    keys = {chat.id: (headings[chat.id], chat.name, locations[chat.id], chat.status_text) for chat in chats}
    alike = Counter(keys.values())
    for chat in chats:
        if alike[keys[chat.id]] > 1 and (when := chat.ended_when):
            locations[chat.id] = _BETWEEN.join(filter(None, (when, locations[chat.id])))


def _without_branch(chat: ChatLabels) -> str:
    """The location without the branch; it is the same for all working trees of a repository."""
    return chat.location.partition(f"{_BETWEEN}{chat.branch}")[0] if chat.branch else chat.location


def _location(chat: ChatLabels, directories: set[str], *, branches_differ: bool) -> str:
    """The location, starting with the branch if branches differ, or with the part of the path that differs."""
    if chat.branch and branches_differ:
        repository, _, rest = chat.location.partition(f"{_BETWEEN}{chat.branch}")
        return f"{chat.branch}{_BETWEEN}{repository}{rest}"
    if len(directories) < 2:
        return chat.location
    parts = PurePath(chat.directory).parts
    others = [PurePath(directory).parts for directory in directories if directory != chat.directory]
    for count in range(2, len(parts) + 1):
        if all(other[-count:] != parts[-count:] for other in others):
            between = "/…/" if count > 2 else "/"
            return f"{parts[-count].rstrip('/')}{between}{chat.location}"
    return chat.location
