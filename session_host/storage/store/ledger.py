"""The ledger: one table with the events of all chats, each written in the transaction of the change that it tells.

One counter, ``ledger.last``, numbers the events and the changes of sessions' rows (``session.changed``, by triggers).
SQLite gives their order: transactions write one after another, so the numbers grow in the order in which readers see
events and rows, and none appears later below one that was read. What is too old goes in pieces, but not the last status
of a running chat, from which a new reader begins, nor the last limits of an account.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from session_host.errors import NoSuchSession
from session_host.protocol.events import (
    Ended,
    Event,
    Interrupted,
    LimitsChanged,
    NumberedEvent,
    Slept,
    StatusChanged,
    TurnCounted,
    TurnEnded,
    changes,
    kind_of,
)
from session_host.protocol.facts import Outcome
from session_host.protocol.values import RUNNING_STATES
from session_host.system.clock import as_text, now

from . import usage
from .database import Database

if TYPE_CHECKING:
    from session_host.protocol.messages import Transition

MAX_ROWS: Final = 100_000
MAX_AGE: Final = timedelta(days=30)
_TRIMMED_EVERY: Final = 256
"""After so many numbers, twice as many of the oldest events may go."""

_HALF_ID: Final = 8
"""The hexadecimal digits of each half of a ledger's id."""
_DIGITS: Final = 18
"""A number in SQLite has no more."""
_STATUS: Final = kind_of(StatusChanged)
_LAST_STATUS: Final = (
    f"SELECT (SELECT max(number) FROM event WHERE chat = session.id AND kind = '{_STATUS}') AS last FROM session"  # noqa: S608
    f" WHERE last NOTNULL AND state IN ({', '.join(repr(each.value) for each in sorted(RUNNING_STATES))})"
)
"""The numbers of the last status of each running chat."""
_LAST_LIMITS: Final = (
    f"SELECT max(number) FROM event WHERE kind = '{kind_of(LimitsChanged)}'"  # noqa: S608
    " GROUP BY json_extract(content, '$.agent'), json_extract(content, '$.account')"
)
"""The numbers of the last limits of each account."""


class LedgerEntry(NamedTuple):
    """One event in the ledger.

    Attributes:
        number: its place; greater ones came later.
        at: when it happened, ISO 8601, UTC.
        chat: the chat's id.
        name: the chat's name then.
        event: what happened.
        own_number: that of the chat's host; None for an event of another process.
    """

    number: int
    at: str
    chat: str
    name: str
    event: Event
    own_number: int | None = None


class Position(NamedTuple):
    """A place in a ledger: between two events, or two changes of rows.

    Attributes:
        ledger: the ledger's own id, as two numbers: another store has another one. Version 0.1.0 has another pair here,
            so that machines of both versions can follow each other's chats.
        number: that of the last event or change before this place.
    """

    ledger: tuple[int, int]
    number: int

    @property
    def cursor(self) -> str:
        """The place as text, opaque to users."""
        first, second = self.ledger
        return f"{first:0{_HALF_ID}x}{second:0{_HALF_ID}x}-{self.number}"

    @classmethod
    def of(cls, cursor: str) -> Position | None:
        """The place of a cursor; None for a text that is none."""
        ledger, _, number = cursor.partition("-")
        is_number = number.isascii() and number.isdecimal() and len(number) <= _DIGITS
        if not is_number or len(ledger) != 2 * _HALF_ID or set(ledger) - set("0123456789abcdef"):
            return None
        return cls.in_ledger(ledger, int(number))

    @classmethod
    def in_ledger(cls, ledger: str, number: int) -> Position:
        """A place in the ledger with this id."""
        return cls((int(ledger[:_HALF_ID], 16), int(ledger[_HALF_ID:], 16)), number)


class Entries(NamedTuple):
    """Events after a place.

    Attributes:
        position: the place after them.
        entries: the events, in order; those of kinds that this version does not know are left out.
    """

    position: Position
    entries: list[LedgerEntry]

    @property
    def is_empty(self) -> bool:
        """Whether there are none."""
        return not self.entries


def add_event(
    connection: sqlite3.Connection, chat: str, event: Event, at: str = "", own_number: int | None = None
) -> None:
    """Add an event of a chat, within the transaction of its change.

    Args:
        connection: the connection, within the transaction.
        chat: the chat's id; it has a row.
        event: what happened.
        at: when it happened; "" for now.
        own_number: that of a host's event, which is added once.
    """
    event = _bounded(event)
    added = connection.execute(
        "INSERT OR IGNORE INTO event (number, chat, own_number, at, kind, name, content)"
        " SELECT last + 1, session.id, ?, ?, ?, name, ? FROM session, ledger WHERE session.id = ?"
        " RETURNING number >= (SELECT trim_at FROM ledger)",
        (own_number, at or now(), kind_of(event), msgspec.json.encode(event).decode(), chat),
    ).fetchall()
    if added and (usage.add_turn(connection, chat, event, at) or isinstance(event, LimitsChanged)):
        # Who follows rows reads the sums and limits again.
        connection.execute("UPDATE session SET id = id WHERE id = ?", (chat,))
    if added and added[0][0]:
        _trim(connection)
        usage.trim(connection)


def add_end(
    connection: sqlite3.Connection, chat: str, before: Outcome, after: Outcome, left: Sequence[str] = ()
) -> None:
    """Add the event of an outcome that ends a chat, or corrects its end; of another, nothing.

    Args:
        connection: the connection, within the transaction.
        chat: the chat's id.
        before: its outcome before the transaction.
        after: its outcome now.
        left: see ``Ended``.
    """
    if not after.is_over or (before.is_over and before.state is after.state):
        return
    if after.reason == "interrupted":
        add_event(connection, chat, Interrupted(), after.ended_at or "")
    elif after.was_put_to_sleep:
        add_event(connection, chat, Slept(freed_bytes=after.freed_bytes), after.ended_at or "")
    else:
        event = Ended(
            exit_code=after.exit_code,
            exit_signal=after.exit_signal,
            end_request=after.end_request,
            error=after.error,
            left=tuple(left),
        )
        add_event(connection, chat, event, after.ended_at or "")


def last_position(connection: sqlite3.Connection) -> Position:
    """The place after all events, and all changes of rows."""
    ledger, last = connection.execute("SELECT id, last FROM ledger").fetchone()
    return Position.in_ledger(ledger, last)


def is_known(connection: sqlite3.Connection, position: Position) -> bool:
    """Whether a place is one of this ledger, and no event after it is lost."""
    (trimmed_to,) = connection.execute("SELECT trimmed_to FROM ledger").fetchone()
    here = last_position(connection)
    return position.ledger == here.ledger and bool(trimmed_to <= position.number <= here.number)


def last_status(connection: sqlite3.Connection) -> list[LedgerEntry]:
    """The last status of each running chat, in the order of the events."""
    return _entries(connection, f"number IN ({_LAST_STATUS}) ORDER BY number")


class Ledger:
    """The events of a store."""

    def __init__(self, database: Database) -> None:
        """Use this file."""
        self._database = database

    def add(self, session_id: str, events: Sequence[NumberedEvent]) -> None:
        """Add the events of a session's host, each once.

        Raises:
            NoSuchSession: no session has this id.
            StoreError: the file cannot be written.
        """
        with self._database.writing() as connection:
            if connection.execute("SELECT 1 FROM session WHERE id = ?", (session_id,)).fetchone() is None:
                raise NoSuchSession.of(session_id)
            for each in events:
                add_event(connection, session_id, each.event, each.at, each.number)

    def has(self, session_id: str, own_number: int) -> bool:
        """Whether it has this event of a session's host, or a later one."""
        condition = "SELECT 1 FROM event WHERE chat = ? AND own_number >= ?"
        with self._database.reading() as connection:
            return connection.execute(condition, (session_id, own_number)).fetchone() is not None

    def position(self) -> Position:
        """The place after all events."""
        with self._database.reading() as connection:
            return last_position(connection)

    def knows(self, position: Position) -> bool:
        """Whether a place is one of this store, and no event after it is lost."""
        with self._database.snapshot() as connection:
            return is_known(connection, position)

    def since(self, position: Position, limit: int) -> Entries | None:
        """The events after a place, at most so many; None if some are lost, or it is no place of this store.

        Args:
            position: the place.
            limit: the most to return.
        """
        with self._database.snapshot() as connection:
            if not is_known(connection, position):
                return None
            rows = _rows(connection, "number > ? ORDER BY number LIMIT ?", position.number, limit)
            end = last_position(connection)
            return Entries(end if len(rows) < limit else end._replace(number=rows[-1][0]), _decoded(rows))

    def between(
        self, begin: str, end: str, kinds: Collection[type[Event]], states: Collection[type[Event]]
    ) -> list[LedgerEntry]:
        """The events of these kinds in a stretch of time, and before it the last one of ``states`` of each chat.

        Args:
            begin: the beginning, ISO 8601 with milliseconds, UTC.
            end: the end, likewise.
            kinds: the kinds of events.
            states: the kinds of which one says what a chat does.
        """
        marks, before = ", ".join("?" * len(kinds)), ", ".join("?" * len(states))
        last = f"SELECT max(number) FROM event WHERE at < ? AND kind IN ({before}) GROUP BY chat"  # noqa: S608
        condition = f"(at >= ? AND at < ? AND kind IN ({marks})) OR number IN ({last}) ORDER BY number"
        values = (begin, end, *map(kind_of, kinds), begin, *map(kind_of, states))
        with self._database.reading() as connection:
            return _entries(connection, condition, *values)

    def last_limits(self) -> list[LedgerEntry]:
        """The last event of the limits of each account, in the order of the events."""
        with self._database.reading() as connection:
            return _entries(connection, f"number IN ({_LAST_LIMITS}) ORDER BY number")

    def of_chat(self, session_id: str, kinds: Collection[type[Event]], count: int) -> list[LedgerEntry]:
        """The last events of these kinds of a session, oldest first."""
        marks = ", ".join("?" * len(kinds))
        condition = f"chat = ? AND kind IN ({marks}) ORDER BY number DESC LIMIT ?"
        with self._database.reading() as connection:
            return _entries(connection, condition, session_id, *map(kind_of, kinds), count)[::-1]

    def last_changes(self, session_id: str, count: int) -> list[Transition]:
        """The last changes of a session's status, oldest first."""
        entries = self.of_chat(session_id, [StatusChanged], 4 * count)  # Several may describe one question.
        return changes(((each.at, each.event) for each in entries), count)


@cache
def _decoder() -> msgspec.json.Decoder[Event]:
    """Made when events are read: it takes 2 ms, and most processes only write some."""
    return msgspec.json.Decoder(Event)


def _entries(connection: sqlite3.Connection, condition: str, *values: object) -> list[LedgerEntry]:
    """The events of a condition; those of kinds that this version does not know are left out."""
    return _decoded(_rows(connection, condition, *values))


def _rows(connection: sqlite3.Connection, condition: str, *values: object) -> list[tuple[Any, ...]]:
    query = f"SELECT number, at, chat, name, content, own_number FROM event WHERE {condition}"  # noqa: S608 - made of literals
    return connection.execute(query, values).fetchall()


def _decoded(rows: Iterable[tuple[Any, ...]]) -> list[LedgerEntry]:
    found = []
    for number, at, chat, name, content, own_number in rows:
        with contextlib.suppress(msgspec.DecodeError, RecursionError):
            found.append(LedgerEntry(number, at, chat, name, _bounded(_event(content)), own_number))
    return found


def _event(content: str) -> Event:
    """The event of a row."""
    try:
        return _decoder().decode(content)
    except msgspec.ValidationError:
        # A cost without end of version 0.1.0. In a text, a quotation mark has a backslash before it.
        return _decoder().decode(content.replace('"cost":null', '"cost":-1'))


def _bounded(event: Event) -> Event:
    """The event with bounded numbers: an agent may have said them; see ``TurnWork.bounded``."""
    if not isinstance(event, TurnEnded | TurnCounted) or event.work is None:
        return event
    work = event.work.bounded()
    if isinstance(event, TurnEnded) and work is not event.work:
        return msgspec.structs.replace(event, work=work, tokens=work.read + work.cached + work.written)
    return msgspec.structs.replace(event, work=work) if work is not event.work else event


def _trim(connection: sqlite3.Connection) -> None:
    """Delete some of the oldest events that are too old or too many."""
    oldest_at = as_text((datetime.now(UTC) - MAX_AGE).timestamp())
    (count,) = connection.execute("SELECT count(*) FROM event").fetchone()
    oldest = connection.execute(
        f"SELECT number, at FROM event WHERE number NOT IN ({_LAST_STATUS} UNION {_LAST_LIMITS})"  # noqa: S608
        " ORDER BY number LIMIT ?",
        (2 * _TRIMMED_EVERY,),
    )
    gone = [number for index, (number, at) in enumerate(oldest) if index < count - MAX_ROWS or at < oldest_at]
    connection.executemany("DELETE FROM event WHERE number = ?", [(number,) for number in gone])
    connection.execute(
        "UPDATE ledger SET trimmed_to = max(trimmed_to, ?), trim_at = last + ?", (max(gone, default=0), _TRIMMED_EVERY)
    )
