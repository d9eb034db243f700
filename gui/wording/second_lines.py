"""Second lines that distinguish chats of the same name or directory. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePath
from typing import NamedTuple, Protocol

ID_DIGITS = 4
"""As many of an id name a chat on the command line."""


class ChatLabels(Protocol):
    """What is asked of a chat."""

    @property
    def id(self) -> str:
        """The session's UUID."""

    @property
    def name(self) -> str:
        """What the user calls it."""

    @property
    def place(self) -> str:
        """Where it works, in short."""

    @property
    def status_text(self) -> str:
        """What it asks or said last."""

    @property
    def branch(self) -> str:
        """The git branch that it works on, "" for none; part of ``place``."""

    @property
    def directory(self) -> str:
        """Where it works, in full."""

    @property
    def needs_you(self) -> bool:
        """Its agent waits for the user."""


class SecondLine(NamedTuple):
    """The line below a chat's name: where it works, and what it said; what tells it apart comes first."""

    place: str
    said: str
    said_first: bool

    @property
    def whole(self) -> str:
        """Both in a line."""
        parts = (self.said, self.place) if self.said_first else (self.place, self.said)
        return " · ".join(part for part in parts if part)


def second_lines(chats: Iterable[ChatLabels]) -> dict[str, SecondLine]:
    """The second line of each chat, by its id."""
    listed = list(chats)
    directories: dict[str, set[str]] = {}
    for chat in listed:
        directories.setdefault(chat.place, set()).add(chat.directory)
    branches: dict[str, set[str]] = {}
    for chat in listed:
        branches.setdefault(_without_branch(chat), set()).add(chat.branch)
    places = {
        chat.id: _place(chat, directories[chat.place], of_one=len(branches[_without_branch(chat)]) < 2)
        for chat in listed
    }
    shared_places = Counter(places.values())
    alike = Counter((chat.name, places[chat.id], chat.status_text) for chat in listed)
    lines: dict[str, SecondLine] = {}
    for chat in listed:
        place = places[chat.id]
        if alike[chat.name, place, chat.status_text] > 1:
            place = f"{place} · {chat.id[:ID_DIGITS]}"
        # Where several chats work in one place, what they said differs, and not the place.
        said_first = bool(chat.status_text) and (chat.needs_you or shared_places[places[chat.id]] > 1)
        lines[chat.id] = SecondLine(place, chat.status_text, said_first)
    return lines


def _without_branch(chat: ChatLabels) -> str:
    """The place but for the branch: that of all working trees of a repository."""
    return chat.place.partition(f" · {chat.branch}")[0] if chat.branch else chat.place


def _place(chat: ChatLabels, directories: set[str], *, of_one: bool) -> str:
    """The place in short; the branch first where branches differ, and before a name that others have, what differs."""
    if chat.branch and not of_one:
        repository, _, rest = chat.place.partition(f" · {chat.branch}")
        return f"{chat.branch} · {repository}{rest}"
    if len(directories) < 2:
        return chat.place
    parts = PurePath(chat.directory).parts
    others = [PurePath(each).parts for each in directories if each != chat.directory]
    for count in range(2, len(parts) + 1):
        if all(other[-count:] != parts[-count:] for other in others):
            between = "/…/" if count > 2 else "/"
            return f"{parts[-count].rstrip('/')}{between}{chat.place}"
    return chat.place
