"""Second lines that distinguish chats of the same name or directory. Pure."""

from __future__ import annotations

from collections import Counter
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
    def has_ended(self) -> bool:
        """Whether its process is gone."""

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


class _Labels(NamedTuple):
    """The attributes of a chat that are needed several times; reading one computes it from the chat's state."""

    chat: ChatLabels
    id: str
    name: str
    project: str
    location: str
    status: str
    branch: str
    directory: str
    is_urgent: bool
    has_ended: bool

    @property
    def without_branch(self) -> str:
        """The location without the branch; it is the same for all working trees of a repository."""
        return self.location.partition(f"{_BETWEEN}{self.branch}")[0] if self.branch else self.location


def second_lines(chats: Iterable[ChatLabels], projects: Mapping[str, str] | None = None) -> dict[str, SecondLine]:
    """The second line of each chat, by its id.

    Args:
        chats: all chats of a list.
        projects: by chats' ids, the names of projects in the headings above them, which the lines do not repeat.
    """
    headings = projects or {}
    listed = [
        _Labels(
            chat, chat.id, chat.name, headings.get(chat.id, ""), chat.location, chat.status_text, chat.branch,
            chat.directory, chat.needs_you or chat.is_unresponsive, chat.has_ended,
        )
        for chat in chats
    ]  # fmt: skip
    plain_locations = _locations(listed)
    locations = _separate_equal_ends(listed, plain_locations)
    shared_locations = Counter((chat.project, locations[chat.id]) for chat in listed)
    same_lines = Counter((chat.project, chat.name, locations[chat.id], chat.status) for chat in listed)
    names = Counter(chat.name for chat in listed)
    shared_names = Counter((chat.name, locations[chat.id]) for chat in listed)
    lines: dict[str, SecondLine] = {}
    for chat in listed:
        location = locations[chat.id]
        # Several chats in one location differ in their status texts. Ended chats, which are listed together, begin with
        # theirs, too, unless they differ only in the times of their ends.
        first = chat.is_urgent or (chat.has_ended and location == plain_locations[chat.id])
        status_first = bool(chat.status) and (first or shared_locations[chat.project, location] > 1)
        if same_lines[chat.project, chat.name, location, chat.status] > 1:
            location = _BETWEEN.join(filter(None, (location, chat.id[:ID_DIGITS])))
            differs_by_location = True
        else:
            differs_by_location = shared_names[chat.name, location] == 1 or not chat.status
        difference = location if differs_by_location else chat.status
        lines[chat.id] = SecondLine(location, chat.status, status_first, difference if names[chat.name] > 1 else "")
    return lines


def _locations(listed: list[_Labels]) -> dict[str, str]:
    """The locations by chats' ids; those of different directories or branches differ, and none repeats the heading."""
    directories: dict[str, set[str]] = {}
    branches: dict[str, set[str]] = {}
    for chat in listed:
        directories.setdefault(chat.location, set()).add(chat.directory)
        if chat.branch:  # The branch of an ended chat is not known.
            branches.setdefault(chat.without_branch, set()).add(chat.branch)
    locations = {}
    for chat in listed:
        name, _, rest = chat.location.partition(_BETWEEN)
        if name == chat.project:
            locations[chat.id] = rest
        else:
            branches_differ = len(branches.get(chat.without_branch, ())) > 1
            locations[chat.id] = _location(chat, directories[chat.location], branches_differ=branches_differ)
    return locations


def _separate_equal_ends(listed: list[_Labels], locations: dict[str, str]) -> dict[str, str]:
    """The locations with the time of the end before those of ended chats that differ in nothing else."""
    keys = {chat.id: (chat.project, chat.name, locations[chat.id], chat.status) for chat in listed}
    alike = Counter(keys.values())
    separate = {}
    for each in listed:
        when = each.chat.ended_when if alike[keys[each.id]] > 1 else ""
        separate[each.id] = _BETWEEN.join(filter(None, (when, locations[each.id])))
    return separate


def _location(chat: _Labels, directories: set[str], *, branches_differ: bool) -> str:
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
