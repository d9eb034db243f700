"""Searches all sessions after bringing the index up to date."""

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
        begun_anew: the index was damaged and deleted; until ``update`` the new one is almost empty.
    """

    def __init__(self) -> None:
        """Open the index, or create it.

        Raises:
            StoreError: the index cannot be opened or written, or a newer version wrote it.
            UnsafeDirectory: the state directory cannot be trusted.
        """
        self.begun_anew = False
        self.problems: dict[str, str] = {}
        self._path: Path = search_index()
        self._index: Index | None = None
        self._with(lambda _index: None)

    def close(self) -> None:
        """Close the index; does nothing if it is closed."""
        if self._index is not None:
            self._index.close()
            self._index = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def behind(self, session_ids: Iterable[str]) -> list[str]:
        """The sessions with journals newer than the index, in the given order."""
        read = self._with(lambda index: index.journals())
        found = ((each, fingerprint(session_journal(each))) for each in session_ids)
        return [each for each, journal in found if journal and journal != read.get(each)]

    def update(
        self,
        session_ids: Iterable[str],
        *,
        stop: Callable[[], bool] = lambda: False,
        done: Callable[[str], object] = lambda _session_id: None,
    ) -> None:
        """Index the journals of these sessions to their ends.

        Args:
            session_ids: the sessions, in the order to index them.
            stop: called a few times a second; True ends the update.
            done: called after each session.

        Raises:
            StoreError: the index cannot be written.
        """
        for session_id in self.behind(session_ids):
            if stop():
                return
            if problem := self._with(partial(_update, session_id, stop)):
                self.problems[session_id] = problem
            done(session_id)

    def keep_only(self, session_ids: Collection[str]) -> None:
        """Remove all sessions except these."""
        for session_id in self._with(lambda index: index.journals()).keys() - set(session_ids):
            self.forget(session_id)

    def forget(self, session_id: str) -> None:
        """Remove a session's lines."""
        self._with(lambda index: index.remove_session(session_id))

    def find(self, query: Query, limit: int, among: Collection[str] | None = None) -> list[Hit]:
        """The newest matching lines, newest first; see ``Index.find``."""
        return self._with(lambda index: index.find(query, limit, among))

    def around(self, hit: Hit, before: int, after: int) -> list[Hit]:
        """The lines around a hit in its session, in order."""
        return self._with(lambda index: index.around(hit, before, after))

    def _with(self, work: Callable[[Index], T]) -> T:
        """Use the index; delete and recreate a damaged one, once."""
        try:
            return work(self._open())
        except StoreCorrupt:
            self.close()
            Index.throw_away(self._path)
            self.begun_anew = True
            return work(self._open())

    def _open(self) -> Index:
        if self._index is None:
            self._index = Index(self._path)
        return self._index


def _update(session_id: str, stop: Callable[[], bool], index: Index) -> str:
    """Index a session's journal; returns the reason if it cannot be read, else ""."""
    # The modules that read journals take longer to import than a search of the index.
    from .session_update import Unreadable, Update

    try:
        Update(index, session_id, session_journal(session_id)).run(stop)
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
