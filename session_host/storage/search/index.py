"""The index file: lines in pages, and how far each session is indexed."""

from __future__ import annotations

import contextlib
import heapq
import os
import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from session_host.errors import StoreError
from session_host.storage.store.database import Database, Schema, damaged, directory_lock, is_sound
from session_host.system.clock import moment_of

from .lines import MAX_WRAPPED, IndexedLine, continues, seams_of, wrapped_matches
from .query import Query, Term, folded, trigrams

MAX_PAGE_LINES: Final = 32
MAX_PAGE_CHARACTERS: Final = 8192
"""A page with this many lines or characters is full."""

MAX_LINE_CHARACTERS: Final = 8192
"""Readers split longer lines."""

_ID_BITS: Final = 8
"""How many bits of a page id distinguish pages of the same time."""

_ID_TIME_NS: Final = 16_000_000_000
"""The unit of the time in a page id: with microseconds, the index's lists of ids would take three times the space."""

_MAX_TIME: Final = 1 << (62 - _ID_BITS)
_COMPRESSION_LEVEL: Final = 1

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[tuple[int, int, str, int]])


class DamagedPage(ValueError):
    """A page's data cannot be decoded."""


class Page:
    """Lines with consecutive numbers.

    Attributes:
        first: the number of its first line.
        lines: at least one; only ``add_line`` and ``replace`` change them.
    """

    def __init__(self, first: int, lines: list[IndexedLine]) -> None:
        self.first = first
        self.lines = lines
        self._characters = sum(len(line.text) for line in lines)

    @classmethod
    def of(cls, first: int, data: bytes) -> Page:
        """Restore a page from its ``data``.

        Raises:
            DamagedPage: the data is not a page.
        """
        try:
            rows = _decoder.decode(zlib.decompress(data))
        except (zlib.error, msgspec.MsgspecError) as error:
            raise DamagedPage(str(error)) from error
        return cls(first, [IndexedLine(first + index, *row) for index, row in enumerate(rows)])

    @property
    def data(self) -> bytes:
        """The page as stored."""
        rows = [(line.offset, line.time_ns, line.text, line.room) for line in self.lines]
        return zlib.compress(_encoder.encode(rows), _COMPRESSION_LEVEL)

    @property
    def lines_text(self) -> str:
        """The text of its lines, for comparing."""
        return folded("\n".join([line.text for line in self.lines]))

    @property
    def text(self) -> str:
        """The page's text as indexed for searching: its lines, and the ends of those that a program wrapped itself."""
        seams = [
            seam for line, below in pairwise(self.lines) if continues(line, below) for seam in seams_of(line, below)
        ]
        return folded("\n".join([*(line.text for line in self.lines), *seams]))

    def wrapped(self) -> Iterator[list[IndexedLine]]:
        """The runs of lines that a program wrapped by itself, as far as their widths tell."""
        run: list[IndexedLine] = []
        for line in self.lines:
            if run and not continues(run[-1], line):
                if len(run) > 1:
                    yield run
                run = []
            run.append(line)
        if len(run) > 1:
            yield run

    @property
    def characters(self) -> int:
        """How many characters all its lines have."""
        return self._characters

    @property
    def is_full(self) -> bool:
        """Whether the next line begins another page, unless a program wrapped it by itself."""
        return len(self.lines) >= MAX_PAGE_LINES or self._characters >= MAX_PAGE_CHARACTERS

    def takes(self, line: IndexedLine) -> bool:
        """Whether this is the page of the next line."""
        if not self.is_full:
            return True
        is_larger = len(self.lines) >= MAX_PAGE_LINES + MAX_WRAPPED or self._characters >= 2 * MAX_PAGE_CHARACTERS
        return not is_larger and continues(self.lines[-1], line)

    def add_line(self, line: IndexedLine) -> None:
        """Append a line."""
        self.lines.append(line)
        self._characters += len(line.text)

    def replace(self, line: IndexedLine) -> None:
        """Replace the line that has this line's number."""
        index = line.number - self.first
        self._characters += len(line.text) - len(self.lines[index].text)
        self.lines[index] = line

    def has(self, number: int) -> bool:
        """Whether the page has the line of this number."""
        return self.first <= number < self.first + len(self.lines)

    @property
    def least_id(self) -> int:
        """The lowest possible id of the page, made from the time of its newest line."""
        time = max(line.time_ns for line in self.lines) // _ID_TIME_NS
        return (min(max(time, 0), _MAX_TIME) << _ID_BITS) + 1


def newest_ns(page_id: int) -> int:
    """The time of the newest line that a page with this id can have."""
    return ((page_id >> _ID_BITS) + 1) * _ID_TIME_NS


def clean(text: str) -> str:
    """Replace characters that cannot be stored: lone surrogates, line ends and NUL."""
    if text.isprintable():
        return text
    return text.encode("utf-8", "replace").decode().replace("\0", " ").replace("\n", " ")


SCHEMA: Final = Schema(
    steps=(
        (
            """
        CREATE TABLE session (
            key INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            journal TEXT NOT NULL,
            offset INTEGER NOT NULL,
            resizes INTEGER NOT NULL,
            reader BLOB NOT NULL,
            number INTEGER NOT NULL,
            passes INTEGER NOT NULL,
            continues TEXT NOT NULL,
            own_from INTEGER NOT NULL,
            bytes INTEGER NOT NULL
        )
        """,
            """
        CREATE TABLE page (
            id INTEGER PRIMARY KEY,
            session INTEGER NOT NULL,
            first INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            lines BLOB NOT NULL
        )
        """,
            "CREATE TABLE leaving (key INTEGER PRIMARY KEY, bytes INTEGER NOT NULL)",
            "CREATE TABLE removed (one INTEGER PRIMARY KEY CHECK (one = 1), bytes INTEGER NOT NULL)",
            "CREATE UNIQUE INDEX page_by_first ON page (session, first)",
            """
        CREATE VIRTUAL TABLE trigram USING fts5 (
            text, content = '', columnsize = 0, detail = none, tokenize = 'trigram case_sensitive 1'
        )
        """,
        ),
    ),
    tables=frozenset({"session", "page", "leaving", "removed", "trigram"}),
)
"""A page holds several lines, compressed: pages take a sixth of the space of one row for each line, and half of the
time. The full-text table holds only page ids by trigram (``detail=none``, no copy of the text); the search then reads
each page to find the matching lines. ``leaving`` has the removed sessions that still have pages, ``removed`` the size
of the pages that were removed since the trigrams' lists were merged.
"""


MAX_SESSION_BYTES: Final = 64 * 1024 * 1024
"""How much text of a session is kept; of more, the oldest is removed. The limit is that of the journal."""

MAX_COUNTED: Final = 1000
"""A session with so many more matches is searched no further."""

_TRIMMED_SHARE: Final = 0.9
"""The share of ``MAX_SESSION_BYTES`` that is left when old lines are removed."""

_PAGES_AT_ONCE: Final = 200
_REMOVED_AT_ONCE: Final = 20
"""How many pages of removed sessions a transaction removes: it takes 5 to 30 ms, and other writers wait."""

_FREE_SHARE: Final = 0.25
"""The space of less removed text than this share of the present one is not worth the work of a merge."""

_MERGED_PAGES: Final = 100
"""How much of the trigrams' lists one step of a merge writes, in pages of the file."""

_MERGE_CHANGES: Final = 2
"""A step with fewer changes has found nothing to merge (fts5.html, 6.5)."""

_LINE_BYTES: Final = 24
"""The storage that a line needs in addition to its text."""

_CACHE_KIB: Final = 16 * 1024


class Hit(NamedTuple):
    """A line of a session that matches a query."""

    session_id: str
    number: int
    """The line's number in its session, from 1."""
    offset: int
    """The offset of the session's output after which the line was on the screen."""
    time_ns: int
    """Nanoseconds since 1970, UTC."""
    text: str

    @property
    def order(self) -> tuple[int, int]:
        """Newer lines of a session have a greater one."""
        return self.time_ns, self.number

    @property
    def moment(self) -> datetime:
        """The line's time; 1970 if no calendar has it, since the clock was wrong."""
        return moment_of(self.time_ns / 1_000_000)


class Found(NamedTuple):
    """The matching lines of one session.

    Attributes:
        hits: the newest ones of different texts, newest first.
        times: how many times the session has each of them.
        more: how many others match.
        is_counted: whether all are counted: not if they are more than ``MAX_COUNTED``.
    """

    hits: list[Hit]
    times: list[int]
    more: int
    is_counted: bool = True

    @property
    def line_count(self) -> int:
        """How many lines match."""
        return sum(self.times) + self.more

    def first(self, count: int) -> Found:
        """The same with so many lines."""
        return self._replace(hits=self.hits[:count], times=self.times[:count], more=self.more + sum(self.times[count:]))


class _Lines:
    """Collects the matching lines of one session, roughly from the newest."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._texts: dict[str, tuple[Hit, int]] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._texts)

    @property
    def is_counted(self) -> bool:
        return self._count <= MAX_COUNTED + self._limit

    def add(self, hit: Hit) -> None:
        self._count += 1
        if hit.text in self._texts:
            other, times = self._texts[hit.text]
            self._texts[hit.text] = max(hit, other, key=lambda each: each.order), times + 1
        elif len(self._texts) < self._limit:
            self._texts[hit.text] = hit, 1

    def found(self) -> Found:
        newest = sorted(self._texts.values(), key=lambda each: each[0].order, reverse=True)
        times = [times for _, times in newest]
        return Found([hit for hit, _ in newest], times, self._count - sum(times), self.is_counted)


class Progress(NamedTuple):
    """How far a session is indexed."""

    journal: str
    """The fingerprint of the journal, if it was indexed to its end; else ""."""
    offset: int
    resizes: int
    reader: bytes
    """The state from ``Reader.save_state``; b"" for none."""
    number: int
    """The number of the last line."""
    passes: int
    """A counter that each write increments."""
    continues: str = ""
    """The resumed or forked session, if this one begins with a copy of its lines; "" for none."""
    own_from: int = 0
    """The number of the first line after the copied ones, if that session was forked; else 0."""


NOT_INDEXED: Final = Progress("", 0, -1, b"", 0, 0)


class Index:
    """The open index; several processes may open it at once. Not thread-safe."""

    def __init__(self, path: Path) -> None:
        """Open the index, or create it.

        Raises:
            StoreCorrupt: the index is damaged; ``delete_damaged`` deletes it, so that another can be created.
            StoreError: the index cannot be opened or written, or another version wrote it.
        """
        self._file = Database(path, SCHEMA)
        with self._file.reading() as connection:
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")

    def close(self) -> None:
        """Close the file; does nothing if it is closed."""
        self._file.close()

    @staticmethod
    def delete_damaged(path: Path) -> None:
        """Delete a damaged index; keep it if another process has replaced it by a sound one.

        Raises:
            StoreError: the index cannot be deleted.
        """
        try:
            with directory_lock(path.parent):
                if not is_sound(path, _is_readable):
                    # The WAL first: without its database SQLite never replays it into the next one.
                    for suffix in ("-wal", "-shm", ""):
                        Path(f"{path}{suffix}").unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{path}: is damaged and cannot be removed ({error.strerror})") from error

    # ------------------------------------------------------------ reading

    def progress(self, session_id: str) -> Progress:
        """How far a session is indexed."""
        with self._file.reading() as connection:
            return _progress(connection, session_id)

    def journals(self) -> dict[str, str]:
        """``Progress.journal`` of every indexed session, by id."""
        with self._file.reading() as connection:
            return dict(connection.execute("SELECT id, journal FROM session"))

    def find(self, query: Query, limit: int, among: Collection[str] | None = None) -> list[Hit]:
        """The newest matching lines, newest first.

        Each line is found once: the lines of a resumed session in the session that resumed it, those of a forked
        session in that one, not in its forks.

        Args:
            query: the words to look for.
            limit: the maximum number of lines.
            among: the sessions to look in, by id; None for all.
        """
        newest: list[tuple[int, int, Hit]] = []  # a heap: the oldest of them comes first
        with self._file.reading() as connection:
            sessions, own_from = _searched_sessions(connection, among)
            for page_id, key, first in _candidates(connection, query, sessions):
                if len(newest) >= limit and newest[0][0] >= newest_ns(page_id):
                    break
                for hit in self._hits(connection, page_id, first, sessions[key], query, own_from.get(key, 0)):
                    entry = (hit.time_ns, hit.number, hit)
                    (heapq.heappushpop if len(newest) >= limit else heapq.heappush)(newest, entry)
        return [hit for _, _, hit in sorted(newest, reverse=True)]

    def find_by_session(
        self,
        query: Query,
        limit: int,
        each: int,
        among: Collection[str] | None = None,
        only: Collection[str] | None = None,
    ) -> list[Found]:
        """The newest matching lines of each session; the session with the newest one comes first.

        Args:
            query: the words to look for.
            limit: the number of lines after which no more sessions are added.
            each: the maximum number of different lines of a session.
            among: the sessions that are searched, by id; None for all. It counts for lines that several have.
            only: those to look in now; None for all of them.
        """
        found: dict[int, _Lines] = {}
        kept = 0
        with self._file.reading() as connection:
            sessions, own_from = _searched_sessions(connection, among)
            if only is not None:
                sessions = {key: session_id for key, session_id in sessions.items() if session_id in only}
            for page_id, key, first in _candidates(connection, query, sessions):
                lines = found.get(key)
                if lines is None:
                    if kept >= limit:
                        continue
                    lines = _Lines(each)
                if not lines.is_counted:
                    continue
                before = len(lines)
                for hit in self._hits(connection, page_id, first, sessions[key], query, own_from.get(key, 0)):
                    lines.add(hit)
                if lines:
                    found[key] = lines
                kept += len(lines) - before
        return sorted((lines.found() for lines in found.values()), key=lambda each: each.hits[0].order, reverse=True)

    def _hits(
        self, connection: sqlite3.Connection, page_id: int, first: int, session_id: str, query: Query, own_from: int
    ) -> Iterator[Hit]:
        """The matching lines of a page, from the last one."""
        row = connection.execute("SELECT lines FROM page WHERE id = ?", (page_id,)).fetchone()
        if row is None:
            return  # Another process has removed the chat since the page was found.
        page = self._page(first, row[0])
        lines: list[IndexedLine] = []
        if query.matches_folded(page.lines_text):
            lines = [line for line in reversed(page.lines) if query.matches(line.text)]
        if len(query.words) > 1 or not lines:
            lines += [line for run in page.wrapped() for line in wrapped_matches(run, query)]
        for line in lines:
            if line.number >= own_from and query.is_within(session_id, line.time_ns, line.text):
                yield Hit(session_id, *line[:-1])

    def around(self, hit: Hit, before: int, after: int) -> list[Hit]:
        """The lines around a hit in its session, including the hit, in order."""
        first, last = hit.number - before, hit.number + after
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT first, lines FROM page JOIN session ON session.key = page.session"
                " WHERE session.id = ? AND first BETWEEN ? AND ? ORDER BY first",
                (hit.session_id, first - MAX_PAGE_LINES, last),
            )
            lines = [line for row in rows for line in self._page(*row).lines]
        return [Hit(hit.session_id, *line[:-1]) for line in lines if first <= line.number <= last]

    def _page(self, first: int, data: bytes) -> Page:
        try:
            return Page.of(first, data)
        except DamagedPage as error:
            raise damaged(self._file.path, str(error)) from error

    # ------------------------------------------------------------ writing

    @contextlib.contextmanager
    def writing(self, session_id: str) -> Iterator[Writer]:
        """One transaction on one session; other writers wait."""
        with self._file.writing() as connection:
            try:
                yield Writer(connection, session_id)
            except DamagedPage as error:
                raise damaged(self._file.path, str(error)) from error

    def remove_sessions(self, session_ids: Iterable[str]) -> None:
        """Remove sessions: their lines are found no more; ``free_space`` removes them from the file."""
        ids = [(session_id,) for session_id in session_ids]
        with self._file.writing() as connection:
            connection.executemany("INSERT INTO leaving SELECT key, bytes FROM session WHERE id = ?", ids)
            connection.executemany("DELETE FROM session WHERE id = ?", ids)

    def free_space(self, should_stop: Callable[[], bool]) -> None:
        """Remove the lines of removed sessions, and give their space back to the disk, in short transactions.

        Args:
            should_stop: called between two transactions; True ends the work.
        """
        while self._remove_lines():
            if should_stop():
                return
        with self._file.writing() as connection:
            if not connection.execute("SELECT 1 FROM page LIMIT 1").fetchone():
                connection.execute("INSERT INTO trigram (trigram) VALUES ('delete-all')")
            else:
                (removed,) = connection.execute("SELECT total(bytes) FROM removed").fetchone()
                (present,) = connection.execute("SELECT total(bytes) FROM session").fetchone()
                if removed < present * _FREE_SHARE:
                    return
            connection.execute("DELETE FROM removed")
        self._merge(should_stop)

    def _remove_lines(self) -> bool:
        """Remove some lines of a removed session; False if there is none."""
        with self._file.writing() as connection:
            row = connection.execute("SELECT key, bytes FROM leaving LIMIT 1").fetchone()
            if row is None:
                return False
            key, left_bytes = row
            try:
                pages = _pages(connection, key, "LIMIT ?", _REMOVED_AT_ONCE)
            except DamagedPage as error:
                raise damaged(self._file.path, str(error)) from error
            size_bytes = _drop(connection, pages)
            if len(pages) < _REMOVED_AT_ONCE:
                size_bytes = left_bytes
                connection.execute("DELETE FROM leaving WHERE key = ?", (key,))
            else:
                connection.execute("UPDATE leaving SET bytes = bytes - ? WHERE key = ?", (size_bytes, key))
            connection.execute(
                "INSERT INTO removed VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET bytes = bytes + excluded.bytes",
                (size_bytes,),
            )
        return True

    def _merge(self, should_stop: Callable[[], bool]) -> None:
        """Take removed pages out of the trigrams' lists, and give free space back to the disk."""
        command, first = "INSERT INTO trigram (trigram, rank) VALUES ('merge', ?)", -_MERGED_PAGES
        while not should_stop():  # fts5.html, 6.5: a negative number begins a merge of everything.
            with self._file.writing() as connection:
                changes = connection.total_changes
                connection.execute(command, (first,))
                first = _MERGED_PAGES
                if connection.total_changes - changes < _MERGE_CHANGES:
                    break
        while not should_stop():
            with self._file.writing() as connection:
                for _ in range(_PAGES_AT_ONCE):  # sqlite3 gives one page at a time back, whatever number it gets.
                    connection.execute("PRAGMA incremental_vacuum(1)")
                if not connection.execute("PRAGMA freelist_count").fetchone()[0]:
                    return

    def sizes(self) -> dict[str, int]:
        """The space that each session takes in the file, in bytes: in proportion to its text."""
        with self._file.reading() as connection:
            weights: dict[str, int] = dict(connection.execute("SELECT id, bytes FROM session"))
            (others,) = connection.execute(
                "SELECT (SELECT total(bytes) FROM leaving) + (SELECT total(bytes) FROM removed)"
            ).fetchone()
            pages, free, page_bytes = (
                connection.execute(f"PRAGMA {each}").fetchone()[0]
                for each in ("page_count", "freelist_count", "page_size")
            )
        share = (pages - free) * page_bytes / max(sum(weights.values()) + others, 1)
        return {session_id: round(weight * share) for session_id, weight in weights.items()}


class Writer:
    """Writes lines of one session, within a transaction.

    Attributes:
        progress: how far the session had been read when the transaction began.
    """

    def __init__(self, connection: sqlite3.Connection, session_id: str) -> None:
        self._connection = connection
        self._least_id = self._last_id = 0  # of the last page that was put
        self.progress = _progress(connection, session_id)
        connection.execute(
            "INSERT OR IGNORE INTO session"
            " (id, journal, offset, resizes, reader, number, passes, continues, own_from, bytes)"
            " VALUES (?, '', 0, -1, x'', 0, 0, '', 0, 0)",
            (session_id,),
        )
        self._key, self._bytes = connection.execute(
            "SELECT key, bytes FROM session WHERE id = ?", (session_id,)
        ).fetchone()

    def write(self, new: Sequence[IndexedLine], grown: Sequence[IndexedLine], progress: Progress) -> None:
        """Add lines, replace grown ones, and record how far the session is indexed."""
        self._replace(grown)
        self._append(new)
        self._connection.execute(
            "UPDATE session SET journal = ?, offset = ?, resizes = ?, reader = ?, number = ?, passes = ?,"
            " continues = ?, own_from = ?, bytes = ? WHERE key = ?",
            (*progress, self._bytes, self._key),
        )
        if self._bytes > MAX_SESSION_BYTES:
            while self._bytes > MAX_SESSION_BYTES * _TRIMMED_SHARE and self._remove_oldest():
                pass
            self._connection.execute("UPDATE session SET bytes = ? WHERE key = ?", (self._bytes, self._key))

    def _append(self, lines: Sequence[IndexedLine]) -> None:
        last = self._pages("ORDER BY first DESC LIMIT 1")
        page = None
        if lines and last and last[0][1].takes(lines[0]) and last[0][1].lines[-1].number + 1 == lines[0].number:
            self._drop(last)
            page = last[0][1]
        for line in lines:
            if not line.text.isprintable():
                line = line._replace(text=clean(line.text))  # noqa: PLW2901
            if page is not None and not page.takes(line):
                self._put(page)
                page = None
            if page is None:
                page = Page(line.number, [line])
            else:
                page.add_line(line)
        if page is not None:
            self._put(page)

    def _replace(self, lines: Sequence[IndexedLine]) -> None:
        changed: list[Page] = []
        for line in lines:
            page = next((page for page in changed if page.has(line.number)), None)
            if page is None:
                pages = self._pages("AND first <= ? ORDER BY first DESC LIMIT 1", line.number)
                if not pages or not pages[0][1].has(line.number):
                    continue  # The line was removed to make room for newer ones.
                page = pages[0][1]
                self._drop(pages)
                changed.append(page)
            page.replace(line._replace(text=clean(line.text)))
        for page in changed:
            self._put(page)

    def _pages(self, condition: str, *values: int) -> list[tuple[int, Page]]:
        return _pages(self._connection, self._key, condition, *values)

    def _put(self, page: Page) -> None:
        connection = self._connection
        page_id = least_id = page.least_id
        if least_id == self._least_id:
            page_id = self._last_id + 1  # Many pages can have the same time.
        if connection.execute("SELECT 1 FROM page WHERE id = ?", (page_id,)).fetchone():
            (page_id,) = connection.execute(
                "SELECT id + 1 FROM page AS present WHERE id >= ?"
                " AND NOT EXISTS (SELECT 1 FROM page WHERE id = present.id + 1) ORDER BY id LIMIT 1",
                (page_id,),
            ).fetchone()
        self._least_id, self._last_id = least_id, page_id
        size = _size(page)
        connection.execute(
            "INSERT INTO page (id, session, first, bytes, lines) VALUES (?, ?, ?, ?, ?)",
            (page_id, self._key, page.first, size, page.data),
        )
        connection.execute("INSERT INTO trigram (rowid, text) VALUES (?, ?)", (page_id, page.text))
        self._bytes += size

    def _drop(self, pages: Sequence[tuple[int, Page]]) -> None:
        self._bytes -= _drop(self._connection, pages)

    def _remove_oldest(self) -> bool:
        """Remove some of the oldest lines; False when there are none."""
        pages = self._pages("ORDER BY first LIMIT ?", _PAGES_AT_ONCE)
        self._drop(pages)
        return bool(pages)


def _pages(connection: sqlite3.Connection, key: int, condition: str, *values: int) -> list[tuple[int, Page]]:
    """Pages of a session, with their ids.

    Raises:
        DamagedPage: the data of one is not a page.
    """
    rows = connection.execute(
        f"SELECT id, first, lines FROM page WHERE session = ? {condition}",  # noqa: S608 - words of this file
        (key, *values),
    ).fetchall()
    return [(page_id, Page.of(first, data)) for page_id, first, data in rows]


def _drop(connection: sqlite3.Connection, pages: Sequence[tuple[int, Page]]) -> int:
    """Remove pages; returns their size in bytes."""
    for page_id, page in pages:
        connection.execute("INSERT INTO trigram (trigram, rowid, text) VALUES ('delete', ?, ?)", (page_id, page.text))
        connection.execute("DELETE FROM page WHERE id = ?", (page_id,))
    return sum(_size(page) for _, page in pages)


def _size(page: Page) -> int:
    return page.characters + _LINE_BYTES * len(page.lines)


def _progress(connection: sqlite3.Connection, session_id: str) -> Progress:
    row = connection.execute(
        "SELECT journal, offset, resizes, reader, number, passes, continues, own_from FROM session WHERE id = ?",
        (session_id,),
    ).fetchone()
    return NOT_INDEXED if row is None else Progress(*row)


def _searched_sessions(
    connection: sqlite3.Connection, among: Collection[str] | None
) -> tuple[dict[int, str], dict[int, int]]:
    """The sessions to search: ids by keys; and of forks the number of the first line to search, by keys.

    Only copies of lines that are still there are left out: a session that grew too large has lost its first lines.
    """
    chosen = {
        key: session_id
        for key, session_id in connection.execute("SELECT key, id FROM session")
        if among is None or session_id in among
    }
    resumes = connection.execute(
        "SELECT key, continues FROM session JOIN page ON page.session = key AND first = 1"
        " WHERE continues != '' AND own_from = 0"
    )
    resumed = {continues for key, continues in resumes if key in chosen}
    forks = connection.execute(
        "SELECT fork.key, fork.own_from, source.key FROM session AS fork JOIN session AS source"
        " ON source.id = fork.continues JOIN page ON page.session = source.key AND first = 1"
        " WHERE fork.own_from > 0"
    )
    own_from = {key: number for key, number, source in forks if source in chosen}
    return {key: session_id for key, session_id in chosen.items() if session_id not in resumed}, own_from


def _candidates(
    connection: sqlite3.Connection, query: Query, sessions: Mapping[int, str]
) -> Iterator[tuple[int, int, int]]:
    """Pages that may have matching lines, newest first: id, session, first number."""
    columns = "page.id, page.session, page.first"
    chosen = f"page.session IN ({', '.join(map(str, sessions))})"
    if match := _match(query.words):
        # CROSS JOIN keeps SQLite from reading the pages first.
        statement = (
            f"SELECT {columns} FROM trigram CROSS JOIN page ON page.id = trigram.rowid"  # noqa: S608 - numbers of ours
            f" WHERE trigram MATCH ? AND {chosen} ORDER BY trigram.rowid DESC"
        )
        rows = connection.execute(statement, (match,))
    else:
        statement = f"SELECT {columns} FROM page WHERE +{chosen} ORDER BY id DESC"  # noqa: S608 - numbers of ours
        rows = connection.execute(statement)
    terms = [(term.scope, _pages_with(connection, (*query.words, *term.words), term)) for term in query.terms]
    for row in rows:
        page_id, key, _ = row
        if all(page_id in pages or scope.may_have(sessions[key], newest_ns(page_id)) for scope, pages in terms):
            yield row


def _pages_with(connection: sqlite3.Connection, words: Sequence[str], term: Term) -> set[int]:
    """The pages that may contain the words; none if those of the term are no text."""
    if not trigrams(term.words):
        return set()
    return {row[0] for row in connection.execute("SELECT rowid FROM trigram WHERE trigram MATCH ?", (_match(words),))}


def _match(words: Sequence[str]) -> str:
    """The words in the language of FTS5; "" if they are too short for it."""
    return " AND ".join(f'"{trigram.replace(chr(34), chr(34) * 2)}"' for trigram in trigrams(words))


def _is_readable(connection: sqlite3.Connection) -> bool:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.execute("SELECT 1 FROM session, page, trigram LIMIT 1").fetchone()
    return bool(version == len(SCHEMA.steps))


_SEGMENT_SUFFIX: Final = ".log"


def fingerprint(journal: Path) -> str:
    """A text that changes when the journal grows: its newest segment and that file's size; "" if there is none."""
    newest = ""
    size_bytes = 0
    try:
        with os.scandir(journal) as entries:
            for entry in entries:
                if entry.name.endswith(_SEGMENT_SUFFIX) and entry.name > newest:
                    newest, size_bytes = entry.name, entry.stat(follow_symlinks=False).st_size
    except OSError:
        return ""  # The journal is missing, or is being deleted.
    return f"{newest}:{size_bytes}" if newest else ""
