"""Second lines: what a chat does, and where. They distinguish chats of one name or directory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import NamedTuple

from gui.bridge.chat_words import ended_when, line_of
from gui.wording.phrases import short_directory
from session_host.protocol.untrusted_text import before_more
from session_host.standing.row_line import Role

from .chat import Chat

_BETWEEN = " · "
ID_DIGITS = 4
"""The number of digits of an id that identify a chat on the command line."""


class SecondLine(NamedTuple):
    """The line below a chat's name: its status text, which distinguishes it best, and its location.

    The order depends on the chat alone: the parts would swap when another chat comes or goes.

    Attributes:
        difference: the part that distinguishes the chat from others of its name on its machine; "" if there are none.
        machine: the name of its machine; "" for this one.
        role: whether the status is a question or an error.
    """

    location: str
    status: str
    status_first: bool
    difference: str = ""
    machine: str = ""
    role: Role = "quiet"

    @property
    def whole(self) -> str:
        """The machine and both parts in one line."""
        parts = (self.status, self.location) if self.status_first else (self.location, self.status)
        return _BETWEEN.join(part for part in (self.machine, *parts) if part)


class Labels(NamedTuple):
    """A chat's attributes, read once: reading one from the chat computes it from the chat's state."""

    chat: Chat
    id: str
    name: str
    location: str
    status: str
    branch: str
    directory: str
    agent: str
    has_ended: bool
    machine: str
    role: Role
    project: str

    @classmethod
    def of(cls, chat: Chat) -> Labels:
        """Read the attributes of a chat."""
        name, line = chat.name, line_of(chat)
        return cls(
            chat,
            chat.id,
            name,
            chat.workplace.listed_location,
            "" if line.text == name else line.text,
            chat.workplace.branch,
            chat.workplace.directory,
            chat.agent_and_account,
            chat.has_ended,
            chat.machine.name,
            line.role,
            chat.workplace.project_name,
        )


def second_lines(chats: Iterable[Chat]) -> dict[str, SecondLine]:
    """The second line of each chat, by its id; ``chats`` are all chats of a list."""
    return second_lines_of([Labels.of(chat) for chat in chats], {})


def second_lines_of(listed: Sequence[Labels], projects: Mapping[str, str]) -> dict[str, SecondLine]:
    """The second line of each chat, by its id.

    Args:
        listed: all chats of a list.
        projects: by chats' ids, the names of projects in the headings above them, which the lines do not repeat.
    """
    headings = [projects.get(chat.id, "") for chat in listed]
    locations = _separate_equal_ends(listed, headings, _locations(listed, headings))
    keys = _keys(listed, headings, locations)
    same_lines = Counter(keys)
    names = Counter((chat.name, chat.machine) for chat in listed)
    shared_names = Counter(
        (chat.name, chat.machine, location) for chat, location in zip(listed, locations, strict=True)
    )
    lines: dict[str, SecondLine] = {}
    for chat, key, location in zip(listed, keys, locations, strict=True):
        status_first = chat.status not in {"", chat.agent}
        shown = location
        if same_lines[key] > 1:
            shown = _BETWEEN.join(filter(None, (location, chat.chat.session_id[:ID_DIGITS])))
            differs_by_location = True
        else:
            differs_by_location = shared_names[chat.name, chat.machine, location] == 1 or not chat.status
        difference = (shown or chat.status) if differs_by_location else chat.status
        is_shared = names[chat.name, chat.machine] > 1
        told = difference if is_shared else ""
        if chat.status and not is_shared and same_lines[key] == 1:
            shown = _without_project(shown, chat)
        lines[chat.id] = SecondLine(shown, chat.status, status_first, told, chat.machine, chat.role)
    return lines


def _without_project(location: str, chat: Labels) -> str:
    """A location without the name of the project, which the row's dot says, and the pointer over the row."""
    first, _, rest = location.partition(_BETWEEN)
    return rest if first == chat.project else location


def _keys(listed: Sequence[Labels], headings: Sequence[str], locations: Sequence[str]) -> list[tuple[str, ...]]:
    """For each chat, all that its row shows: chats with equal ones look alike."""
    rows = zip(listed, headings, locations, strict=True)
    return [(heading, chat.name, chat.machine, location, chat.status) for chat, heading, location in rows]


def _locations(listed: Sequence[Labels], headings: Sequence[str]) -> list[str]:
    """The locations of chats; those of different directories or branches of a machine differ.

    None repeats the heading or the chat's name. If nothing else is left for the line, it is the whole directory.
    """
    directories: dict[tuple[str, str], set[str]] = {}
    for chat in listed:
        directories.setdefault((chat.machine, chat.location), set()).add(chat.directory)
    locations = []
    for chat, heading in zip(listed, headings, strict=True):
        name, _, rest = chat.location.partition(_BETWEEN)
        is_one_directory = len(directories[chat.machine, chat.location]) == 1
        if name == heading or (name == before_more(chat.name) and is_one_directory):
            whole = "" if heading or chat.status else short_directory(chat.directory, chat.chat.machine.home)
            locations.append(rest or whole)
        else:
            locations.append(_location(chat, directories[chat.machine, chat.location]))
    return locations


def _separate_equal_ends(listed: Sequence[Labels], headings: Sequence[str], locations: Sequence[str]) -> list[str]:
    """The locations with the time of the end before those of ended chats that differ in nothing else."""
    keys = _keys(listed, headings, locations)
    alike = Counter(keys)
    return [
        _BETWEEN.join(filter(None, (ended_when(chat.chat), location))) if alike[key] > 1 else location
        for chat, key, location in zip(listed, keys, locations, strict=True)
    ]


def _location(chat: Labels, directories: set[str]) -> str:
    """The location: the branch first, which often differs; the directory with the part of its path that differs.

    The branch is first also if no other chat is on another one: the parts would swap when such a chat comes or goes.
    """
    location = _with_path(chat, directories)
    if not chat.branch:
        return location
    repository, _, rest = location.partition(f"{_BETWEEN}{chat.branch}")
    return f"{chat.branch}{_BETWEEN}{repository}{rest}"


def _with_path(chat: Labels, directories: set[str]) -> str:
    """The location, starting with the part of the path that differs from those of other directories."""
    if len(directories) < 2:
        return chat.location
    parts = PurePath(chat.directory).parts
    others = [PurePath(directory).parts for directory in directories if directory != chat.directory]
    for count in range(2, len(parts) + 1):
        if all(other[-count:] != parts[-count:] for other in others):
            between = "/…/" if count > 2 else "/"
            return f"{parts[-count].rstrip('/')}{between}{chat.location}"
    return chat.location
