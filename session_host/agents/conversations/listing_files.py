"""Lists the conversations of agents with a file for each, the newest first."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from session_host.system.files import is_directory

from .base import MAX_LISTED, ConversationQuery, IsCancelled, StoredConversation, StoredConversations


class FoundFile(NamedTuple):
    """A file that may be a conversation's.

    Attributes:
        path: its path.
        changed_s: the time of its last change, in seconds since 1970.
        is_here: its path says that it belongs to the queried directory.
    """

    path: Path
    changed_s: float
    is_here: bool = False


class FileReader(Protocol):
    """Finds and reads the files of one agent, for one list."""

    def files(self) -> Iterable[FoundFile]:
        """Find the files of all conversations."""

    def read(self, found: FoundFile) -> StoredConversation | None:
        """Read a file's ends; None if it has no conversation that can be resumed.

        Raises:
            OSError: it cannot be read.
        """


class FileLister:
    """See ``ConversationLister``."""

    def __init__(self, make_reader: Callable[[ConversationQuery], FileReader]) -> None:
        """List by a reader that is made for each query."""
        self._make_reader = make_reader

    def list(self, query: ConversationQuery, is_cancelled: IsCancelled) -> StoredConversations:
        reader = self._make_reader(query)
        newest = sorted(reader.files(), key=lambda found: (found.is_here, found.changed_s), reverse=True)
        conversations: list[StoredConversation] = []
        for found in newest[:MAX_LISTED]:
            if is_cancelled():
                break
            try:
                conversation = reader.read(found)
            except OSError:
                continue
            if conversation is not None:
                conversations.append(conversation)
        return StoredConversations(conversations, len(newest) > MAX_LISTED)

    def directory_of(self, query: ConversationQuery) -> str:
        """The directory in which the agent resumes one conversation; "" if it is unknown. Blocks on the disk."""
        reader = self._make_reader(query)
        # Gemini CLI names a file after the beginning of the id alone.
        named = [found for found in reader.files() if query.conversation[:8] in str(found.path)]
        for found in sorted(named, key=lambda each: each.changed_s, reverse=True):
            with contextlib.suppress(OSError):
                stored = reader.read(found)
                if stored is not None and stored.conversation == query.conversation:
                    return stored.directory
        return ""


def files_in(directory: Path, suffix: str, *, is_here: bool = False) -> Iterator[FoundFile]:
    """The files of a directory with this ending of their names; none if the directory cannot be read."""
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if not entry.name.endswith(suffix):
                    continue
                try:
                    changed_s = entry.stat().st_mtime
                except OSError:
                    continue  # It was just removed, or is a broken link.
                yield FoundFile(Path(entry.path), changed_s, is_here)
    except OSError:
        return


def directories_in(directory: Path) -> list[Path]:
    """The directories in a directory; none if it cannot be read."""
    try:
        with os.scandir(directory) as entries:
            return [Path(entry.path) for entry in entries if is_directory(entry)]
    except OSError:
        return []
