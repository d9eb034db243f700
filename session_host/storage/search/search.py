"""The search index, as commands and the window use it: brings it up to date, and finds lines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from session_host.errors import StoreCorrupt
from session_host.paths import search_index, session_journal

from .index import Found, Hit, Index, fingerprint
from .query import Query

T = TypeVar("T")


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

        Nothing more is indexed if the caller takes no more of them.

        Args:
            session_ids: the sessions, in the order to index them.
            should_stop: called a few times a second; True ends the update.

        Raises:
            StoreError: the index cannot be written.
        """
        ordered = list(session_ids)
        outdated = set(self.outdated(ordered))
        self.behind = len(outdated)
        for session_id in ordered:
            if session_id in outdated:
                if should_stop():
                    return
                if problem := self._use(partial(_update, session_id, should_stop)):
                    self.problems[session_id] = problem
                if should_stop():
                    return
                self.behind -= 1
            yield session_id

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
