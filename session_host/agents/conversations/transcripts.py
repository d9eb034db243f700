"""Agents that keep a file or directory a conversation, found by its name, and that tell nobody who has it open."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from session_host.agents.conversations.place import Found, Kept, Sought


class Transcripts(NamedTuple):
    """Where such an agent keeps them.

    Attributes:
        title: its name.
        variable: names the directory in the environment; "" for none.
        directory: below the user's home, else.
        patterns: of what is there (Path.glob); ``{id}`` and ``{short}``, its first eight characters, are filled in.
        inside: whether the whole id must stand in the file, since its name has but a part of it.
        early: whether it is made at the start, before anything is asked.
    """

    title: str
    variable: str
    directory: str
    patterns: tuple[str, ...]
    inside: bool = False
    early: bool = False

    def look(self, sought: Sought) -> Found:
        """As ``Place.look``."""
        home = sought.from_variable(self.variable, sought.home / self.directory)
        names = {"id": sought.conversation, "short": sought.conversation[:8]}
        paths = [path for pattern in self.patterns for path in home.glob(pattern.format(**names))]
        if any(not self.inside or _holds(path, sought.conversation) for path in paths):
            return Found(Kept.WHOLE)
        if self.early or sought.used:
            return Found(Kept.LOST, f"{self.title}'s transcript of it is gone from {home}")
        return Found(Kept.NOTHING, "nothing was asked in it yet")

    def opened_by(self, sought: Sought) -> list[int]:  # noqa: ARG002 - nothing tells
        """As ``Place.opened_by``."""
        return []


def _holds(path: Path, conversation: str) -> bool:
    """Whether the file names the conversation near its beginning."""
    with path.open("rb") as file:
        return conversation.encode() in file.read(65536)
