"""The search index, as commands and the window use it: brings it up to date, and finds lines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from session_host.errors import StoreCorrupt
from session_host.paths import search_index, session_journal

from .fingerprint import fingerprint
from .index import Hit, Index
from .query import Query

T = TypeVar("T")


class Search:
    """The open index; not thread-safe. A context manager.

    Attributes:
        problems: the reason for each session that could not be read, by id.
    """

    def __init__(self) -> None:
        """Open the index, or create it.

        Raises:
            StoreError: the index cannot be opened or written, or a newer version wrote it.
            UnsafeDirectory: the state directory cannot be trusted.
        """
        self.problems: dict[str, str] = {}
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

    def update(
        self,
        session_ids: Iterable[str],
        *,
        should_stop: Callable[[], bool] = lambda: False,
        on_indexed: Callable[[str], object] = lambda _session_id: None,
    ) -> None:
        """Index the journals of these sessions to their ends.

        Args:
            session_ids: the sessions, in the order to index them.
            should_stop: called a few times a second; True ends the update.
            on_indexed: called after each session.

        Raises:
            StoreError: the index cannot be written.
        """
        for session_id in self.outdated(session_ids):
            if should_stop():
                return
            if problem := self._use(partial(_update, session_id, should_stop)):
                self.problems[session_id] = problem
            on_indexed(session_id)

    def keep_only(self, session_ids: Collection[str]) -> None:
        """Remove all sessions except these."""
        for session_id in self._use(lambda index: index.journals()).keys() - set(session_ids):
            self.forget(session_id)

    def forget(self, session_id: str) -> None:
        """Remove a session's lines."""
        self._use(lambda index: index.remove_session(session_id))

    def free_space(self, should_stop: Callable[[], bool]) -> None:
        """Give the space of removed sessions back to the disk; see ``Index.free_space``."""
        self._use(lambda index: index.free_space(should_stop))

    def sizes(self) -> dict[str, int]:
        """The space that each session takes in the index, in bytes."""
        return self._use(lambda index: index.sizes())

    def find(self, query: Query, limit: int, among: Collection[str] | None = None) -> list[Hit]:
        """The newest matching lines, newest first; see ``Index.find``."""
        return self._use(lambda index: index.find(query, limit, among))

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


def forget(session_id: str) -> None:
    """Remove a session from the index, if an index exists.

    Raises:
        StoreError: the index cannot be written.
    """
    if search_index().exists():
        with Search() as search:
            search.forget(session_id)
