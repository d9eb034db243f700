"""The index file: lines, and how far each session is indexed."""

from __future__ import annotations

import contextlib
import heapq
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from session_host.errors import StoreError
from session_host.storage.store.database import Database, damaged, directory_lock, is_sound
from session_host.storage.store.schema import Columns

from .pages import MOST_LINES, Damaged, Line, Page, clean, newest_ns
from .query import Query
from .schema import STEPS, TABLES

KEPT_BYTES: Final = 64 * 1024 * 1024
"""So much of a session's text is kept, the newest; as much as its journal."""

_TRIMMED_SHARE: Final = 0.9
_PAGES_AT_ONCE: Final = 200
_LINE_BYTES: Final = 24
"""What a line costs beside its text."""

_CACHE_KIB: Final = 16 * 1024


class Hit(NamedTuple):
    """A line of a session."""

    session_id: str
    number: int
    """Of the session's lines, from 1."""
    offset: int
    """By this offset of the session's output it stood there."""
    time_ns: int
    """Since 1970, UTC."""
    text: str

    @property
    def moment(self) -> datetime:
        """Its time; that of a clock that was far off is 1970."""
        try:
            return datetime.fromtimestamp(self.time_ns / 1_000_000_000, UTC)
        except (OverflowError, ValueError, OSError):
            return datetime.fromtimestamp(0, UTC)


class Progress(NamedTuple):
    """How far a session has been read."""

    journal: str
    """What of the journal was there when all of it had been read; "" while there is more."""
    offset: int
    resizes: int
    reader: bytes
    """``Reader.keep``; b"" for none."""
    number: int
    """Of the last line."""
    passes: int
    """Raised with each writing."""


NOTHING: Final = Progress("", 0, -1, b"", 0, 0)


class _File(Database):
    def _steps(self) -> tuple[tuple[str, ...], ...]:
        return STEPS

    def _tables(self) -> frozenset[str]:
        return TABLES

    def _added_columns(self) -> Columns:
        return ()


class Index:
    """The open index; several processes may have it open at once. Not for use by several threads at once."""

    def __init__(self, path: Path) -> None:
        """Open it, or begin it.

        Raises:
            StoreCorrupt: it is damaged: ``throw_away`` makes room for another.
            StoreError: it cannot be opened or written, or a newer version wrote it.
        """
        self._file = _File(path)
        with self._file.reading() as connection:
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")

    def close(self) -> None:
        """Close the file; harmless when closed."""
        self._file.close()

    @staticmethod
    def throw_away(path: Path) -> None:
        """Remove a damaged index; another process may have begun a sound one meanwhile, which stays.

        Raises:
            StoreError: it cannot be removed.
        """
        try:
            with directory_lock(path.parent):
                if not is_sound(path, _is_readable):
                    # The WAL first: without its database it is never played into the next one.
                    for suffix in ("-wal", "-shm", ""):
                        Path(f"{path}{suffix}").unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{path}: is damaged and cannot be removed ({error.strerror})") from error

    # ------------------------------------------------------------ reading

    def progress(self, session_id: str) -> Progress:
        """How far a session has been read."""
        with self._file.reading() as connection:
            return _progress(connection, session_id)

    def journals(self) -> dict[str, str]:
        """``Progress.journal`` of every session that was read, by id."""
        with self._file.reading() as connection:
            return dict(connection.execute("SELECT id, journal FROM session"))

    def find(self, query: Query, limit: int, among: Collection[str] | None = None) -> list[Hit]:
        """The newest lines that fit, newest first.

        Args:
            query: what is looked for.
            limit: so many at most.
            among: the sessions to look in, by id; None for all.
        """
        newest: list[tuple[int, int, Hit]] = []  # a heap: the oldest of them comes first
        with self._file.reading() as connection:
            keys = {
                key: session_id
                for key, session_id in connection.execute("SELECT key, id FROM session")
                if among is None or session_id in among
            }
            for page_id, key, first, data in _candidates(connection, query, keys):
                if len(newest) >= limit and newest[0][0] >= newest_ns(page_id):
                    break
                if key not in keys:
                    continue
                page = self._page(first, data)
                if not query.is_in(page.text):
                    continue
                for line in page.lines:
                    if query.fits(line.text):
                        found = (line.time_ns, line.number, Hit(keys[key], *line))
                        (heapq.heappushpop if len(newest) >= limit else heapq.heappush)(newest, found)
        return [hit for _, _, hit in sorted(newest, reverse=True)]

    def around(self, hit: Hit, before: int, after: int) -> list[Hit]:
        """The lines of its session around a hit, itself among them, in order."""
        first, last = hit.number - before, hit.number + after
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT first, lines FROM page JOIN session ON session.key = page.session"
                " WHERE session.id = ? AND first BETWEEN ? AND ? ORDER BY first",
                (hit.session_id, first - MOST_LINES, last),
            )
            lines = [line for row in rows for line in self._page(*row).lines]
        return [Hit(hit.session_id, *line) for line in lines if first <= line.number <= last]

    def _page(self, first: int, data: bytes) -> Page:
        try:
            return Page.of(first, data)
        except Damaged as error:
            raise damaged(self._file.path, str(error)) from error

    # ------------------------------------------------------------ writing

    @contextlib.contextmanager
    def writing(self, session_id: str) -> Iterator[Writer]:
        """One transaction on one session; nobody else writes meanwhile."""
        with self._file.writing() as connection:
            try:
                yield Writer(connection, session_id)
            except Damaged as error:
                raise damaged(self._file.path, str(error)) from error

    def remove_session(self, session_id: str) -> None:
        """Remove a session's lines, and that it was read; in short transactions."""
        going_on = True
        while going_on:
            with self.writing(session_id) as writer:
                going_on = writer.remove_lines()


class Writer:
    """Writes lines of one session, within a transaction.

    Attributes:
        progress: how far the session had been read when the transaction began.
    """

    def __init__(self, connection: sqlite3.Connection, session_id: str) -> None:
        self._connection = connection
        self._least_id = self._last_id = 0
        """Of the page put last."""
        self.progress = _progress(connection, session_id)
        connection.execute(
            "INSERT OR IGNORE INTO session (id, journal, offset, resizes, reader, number, passes, bytes)"
            " VALUES (?, '', 0, -1, x'', 0, 0, 0)",
            (session_id,),
        )
        self._key, self._bytes = connection.execute(
            "SELECT key, bytes FROM session WHERE id = ?", (session_id,)
        ).fetchone()

    def write(self, new: Sequence[Line], grown: Sequence[Line], progress: Progress) -> None:
        """Add lines, put longer texts in the place of others, and note how far the session has been read."""
        self._replace(grown)
        self._append(new)
        self._connection.execute(
            "UPDATE session SET journal = ?, offset = ?, resizes = ?, reader = ?, number = ?, passes = ?, bytes = ?"
            " WHERE key = ?",
            (*progress, self._bytes, self._key),
        )
        if self._bytes > KEPT_BYTES:
            while self._bytes > KEPT_BYTES * _TRIMMED_SHARE and self._remove_oldest():
                pass
            self._connection.execute("UPDATE session SET bytes = ? WHERE key = ?", (self._bytes, self._key))

    def remove_lines(self) -> bool:
        """Remove some of the session's lines, and with the last ones all that is known of it; True while there are."""
        if self._remove_oldest():
            return True
        self._connection.execute("DELETE FROM session WHERE key = ?", (self._key,))
        return False

    def _append(self, lines: Sequence[Line]) -> None:
        last = self._pages("ORDER BY first DESC LIMIT 1")
        page = None
        if lines and last and not last[0][1].is_full and last[0][1].lines[-1].number + 1 == lines[0].number:
            self._drop(last)
            page = last[0][1]
        for line in lines:
            if not line.text.isprintable():
                line = line._replace(text=clean(line.text))  # noqa: PLW2901
            if page is None:
                page = Page(line.number, [line])
            else:
                page.add_line(line)
            if page.is_full:
                self._put(page)
                page = None
        if page is not None:
            self._put(page)

    def _replace(self, lines: Sequence[Line]) -> None:
        changed: list[Page] = []
        for line in lines:
            page = next((page for page in changed if page.has(line.number)), None)
            if page is None:
                found = self._pages("AND first <= ? ORDER BY first DESC LIMIT 1", line.number)
                if not found or not found[0][1].has(line.number):
                    continue  # It has made room for newer ones.
                page = found[0][1]
                self._drop(found)
                changed.append(page)
            page.replace(line._replace(text=clean(line.text)))
        for page in changed:
            self._put(page)

    def _pages(self, condition: str, *values: int) -> list[tuple[int, Page]]:
        """Pages of the session, with their ids."""
        rows = self._connection.execute(
            f"SELECT id, first, lines FROM page WHERE session = ? {condition}",  # noqa: S608 - words of this file
            (self._key, *values),
        ).fetchall()
        return [(place, Page.of(first, data)) for place, first, data in rows]

    def _put(self, page: Page) -> None:
        connection = self._connection
        place = least = page.least_id
        if least == self._least_id:
            place = self._last_id + 1  # Many pages can be of one moment.
        while connection.execute("SELECT 1 FROM page WHERE id = ?", (place,)).fetchone():
            place += 1
        self._least_id, self._last_id = least, place
        size = _size(page)
        connection.execute(
            "INSERT INTO page (id, session, first, bytes, lines) VALUES (?, ?, ?, ?, ?)",
            (place, self._key, page.first, size, page.data),
        )
        connection.execute("INSERT INTO trigram (rowid, text) VALUES (?, ?)", (place, page.text))
        self._bytes += size

    def _drop(self, pages: Sequence[tuple[int, Page]]) -> None:
        for place, page in pages:
            self._connection.execute(
                "INSERT INTO trigram (trigram, rowid, text) VALUES ('delete', ?, ?)", (place, page.text)
            )
            self._connection.execute("DELETE FROM page WHERE id = ?", (place,))
            self._bytes -= _size(page)

    def _remove_oldest(self) -> bool:
        """Remove some of the oldest lines; False when there are none."""
        pages = self._pages("ORDER BY first LIMIT ?", _PAGES_AT_ONCE)
        self._drop(pages)
        return bool(pages)


def _size(page: Page) -> int:
    return page.characters + _LINE_BYTES * len(page.lines)


def _progress(connection: sqlite3.Connection, session_id: str) -> Progress:
    row = connection.execute(
        "SELECT journal, offset, resizes, reader, number, passes FROM session WHERE id = ?", (session_id,)
    ).fetchone()
    return NOTHING if row is None else Progress(*row)


def _candidates(
    connection: sqlite3.Connection, query: Query, keys: Collection[int]
) -> Iterator[tuple[int, int, int, bytes]]:
    """Pages that may have lines that fit, the newest first: id, session, first number, data."""
    columns = "page.id, page.session, page.first, page.lines"
    chosen = f"page.session IN ({', '.join(map(str, keys))})"
    if trigrams := query.trigrams():
        match = " AND ".join(f'"{trigram.replace(chr(34), chr(34) * 2)}"' for trigram in trigrams)
        # CROSS JOIN keeps SQLite from reading the pages first.
        statement = (
            f"SELECT {columns} FROM trigram CROSS JOIN page ON page.id = trigram.rowid"  # noqa: S608 - numbers of ours
            f" WHERE trigram MATCH ? AND {chosen} ORDER BY trigram.rowid DESC"
        )
        return connection.execute(statement, (match,))
    statement = f"SELECT {columns} FROM page WHERE +{chosen} ORDER BY id DESC"  # noqa: S608 - numbers of ours
    return connection.execute(statement)


def _is_readable(connection: sqlite3.Connection) -> bool:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.execute("SELECT 1 FROM session, page, trigram LIMIT 1").fetchone()
    return bool(version == len(STEPS))
