"""The search index, as commands and the window use it: brings it up to date, and finds lines.

While a process indexes a session, it claims it, and others index others.
"""

from __future__ import annotations

import contextlib
import os
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, Self, TypeVar

from session_host.errors import StoreCorrupt, StoreError
from session_host.paths import obstacle, search_index, session_journal
from session_host.system.files import lock_byte, unlock_byte

from .fingerprint import fingerprint
from .index import Found, Hit, Index
from .query import Query

SUFFIX: Final = "-claims"
"""The end of the file's name, after the name of the index."""


class Claims:
    """Locks of single bytes in a file beside the index, one for each session; a killed process releases its own."""

    def __init__(self, index: Path) -> None:
        """Open the file for this index.

        Raises:
            OSError: it cannot be opened.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(index.with_name(index.name + SUFFIX), flags, 0o600)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    @contextlib.contextmanager
    def claim(self, session_id: str) -> Iterator[bool]:
        """Claim a session for a while; False if another process has it.

        On file systems without such locks each process gets it. Then transactions alone keep the index right.
        """
        byte = zlib.crc32(session_id.encode())
        try:
            lock_byte(self._descriptor, byte)
        except BlockingIOError:
            yield False
            return
        except OSError:
            yield True
            return
        try:
            yield True
        finally:
            unlock_byte(self._descriptor, byte)


T = TypeVar("T")

_CLAIMED_S: Final = 0.05
"""The pause before another look whether another process has indexed a session."""


class Search:
    """The open index; not thread-safe. A context manager.

    Attributes:
        problems: the reason for each session that could not be read, by id.
        behind: how many sessions ``indexed`` has still to index.
    """

    def __init__(self) -> None:
        """Open the index, or create it.

        Raises:
            StoreError: the index cannot be opened or written, or another version wrote it.
            UnsafeDirectory: the state directory cannot be trusted.
        """
        self.problems: dict[str, str] = {}
        self.behind = 0
        self._path: Path = search_index()
        self._index: Index | None = None
        self._use(lambda _index: None)  # Open the index.

    def close(self) -> None:
        """Close the index; does nothing if it is closed."""
        if self._index is not None:
            self._index.close()
            self._index = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def outdated(self, session_ids: Iterable[str]) -> list[str]:
        """The sessions that have output which is not indexed yet, in the given order."""
        indexed = self._use(lambda index: index.journals())
        fingerprints = ((session_id, fingerprint(session_journal(session_id))) for session_id in session_ids)
        return [session_id for session_id, found in fingerprints if found and found != indexed.get(session_id)]

    def update(self, session_ids: Iterable[str], should_stop: Callable[[], bool] = lambda: False) -> None:
        """Index the journals of these sessions to their ends; see ``indexed``."""
        for _ in self.indexed(session_ids, should_stop):
            pass

    def indexed(self, session_ids: Iterable[str], should_stop: Callable[[], bool] = lambda: False) -> Iterator[str]:
        """Index the journals of these sessions; yield each session when it is indexed to its end.

        Those that another process indexes come last. Nothing more is indexed if the caller takes no more of them.

        Args:
            session_ids: the sessions, in the order to index them.
            should_stop: called a few times a second; True ends the update.

        Raises:
            StoreError: the index cannot be written.
        """
        ordered = list(session_ids)
        outdated = set(self.outdated(ordered))
        self.behind = len(outdated)
        with contextlib.closing(self._claims()) as claims:
            claimed: list[str] = []
            for session_id in ordered:
                if session_id in outdated:
                    if should_stop():
                        return
                    if not self._update(session_id, claims, should_stop):
                        claimed.append(session_id)
                        continue
                    if should_stop():
                        return
                    self.behind -= 1
                yield session_id
            for session_id in claimed:
                while not self._update(session_id, claims, should_stop):
                    if should_stop():
                        return
                    time.sleep(_CLAIMED_S)
                self.behind -= 1
                yield session_id

    def _claims(self) -> Claims:
        try:
            return Claims(self._path)
        except OSError as error:
            raise StoreError(obstacle(self._path) or f"{self._path}: {error.strerror}; see `outlive doctor`") from error

    def _update(self, session_id: str, claims: Claims, should_stop: Callable[[], bool]) -> bool:
        """Index a session; False if another process does."""
        with claims.claim(session_id) as is_ours:
            if is_ours and (problem := self._use(partial(_update, session_id, should_stop))):
                self.problems[session_id] = problem
        return is_ours

    def keep_only(self, session_ids: Collection[str]) -> None:
        """Remove all sessions except these; ``free_space`` removes their lines from the file."""
        if removed := self._use(lambda index: index.journals()).keys() - set(session_ids):
            self._use(lambda index: index.remove_sessions(removed))

    def free_space(self, should_stop: Callable[[], bool]) -> None:
        """Remove the lines of removed sessions from the file; see ``Index.free_space``."""
        self._use(lambda index: index.free_space(should_stop))

    def sizes(self) -> dict[str, int]:
        """The space that each session takes in the index, in bytes."""
        return self._use(lambda index: index.sizes())

    def find(self, query: Query, limit: int, among: Collection[str] | None = None) -> list[Hit]:
        """The newest matching lines, newest first; see ``Index.find``."""
        return self._use(lambda index: index.find(query, limit, among))

    def find_by_session(
        self,
        query: Query,
        limit: int,
        each: int,
        among: Collection[str] | None = None,
        only: Collection[str] | None = None,
    ) -> list[Found]:
        """The newest matching lines of each session; see ``Index.find_by_session``."""
        return self._use(lambda index: index.find_by_session(query, limit, each, among, only))

    def around(self, hit: Hit, before: int, after: int) -> list[Hit]:
        """The lines around a hit in its session, in order."""
        return self._use(lambda index: index.around(hit, before, after))

    def _use(self, work: Callable[[Index], T]) -> T:
        """Call ``work`` with the index. If the index is damaged, delete it and try once more with a new one."""
        try:
            return work(self._open())
        except StoreCorrupt:
            self.close()
            Index.delete_damaged(self._path)
            return work(self._open())

    def _open(self) -> Index:
        if self._index is None:
            self._index = Index(self._path)
        return self._index


def _update(session_id: str, should_stop: Callable[[], bool], index: Index) -> str:
    """Index a session's journal; returns the reason if it cannot be read, else ""."""
    # Imported here: these modules take longer to import than a search of the index.
    from .session_update import Unreadable, Update

    try:
        Update(index, session_id, session_journal(session_id)).run(should_stop)
    except Unreadable as error:
        return str(error)
    return ""
