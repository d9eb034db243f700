"""The amounts of money at which the user wants to be asked before the next turn of a chat view: whether one is reached.

Chats that an agent started count to the chat of the agent that the user started (``usage_chat.root``).
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from session_host.errors import ConfigError
from session_host.protocol.events import NumberedEvent, TurnCounted, TurnEnded
from session_host.protocol.untrusted_numbers import MOST_MONEY, money
from session_host.protocol.usage import ASK_AT_CHAT, ASK_AT_DAY, QUARTER_S, AmountReached
from session_host.system.clock import parse_time

from .database import Database


class Amounts(NamedTuple):
    """What the user has set; 0 for never."""

    chat: float = 0.0
    day: float = 0.0

    @property
    def are_set(self) -> bool:
        """Whether there is one."""
        return bool(self.chat or self.day)


class AmountFile:
    """The amounts in the user's ``chats.toml``, which is read again once it has changed."""

    def __init__(self, settings: Path) -> None:
        """Read nothing yet."""
        self._settings = settings
        self._version: tuple[int, int, int] | None = None
        self._amounts = Amounts()

    def read(self) -> Amounts:
        """The amounts now; none if the file is missing or damaged."""
        version = (0, 0, 0)
        with contextlib.suppress(OSError):
            status = self._settings.stat()
            version = (status.st_ino, status.st_mtime_ns, status.st_size)
        if version != self._version:
            self._version, self._amounts = version, _amounts(self._settings) if version[0] else Amounts()
        return self._amounts


def _amounts(settings: Path) -> Amounts:
    from session_host.toml_file import TomlFile  # a host of a user without the file does not need it

    try:
        values = TomlFile.read(settings).values()
    except ConfigError:
        return Amounts()
    return Amounts(*(_amount(values.get(name)) for name in (ASK_AT_CHAT, ASK_AT_DAY)))


def _amount(value: object) -> float:
    return money(value) or 0.0


def reached(
    database: Database, chat: str, amounts: Amounts, today: range, unsaved: Sequence[NumberedEvent] = ()
) -> AmountReached | None:
    """The amount that is reached before a chat's next turn, that of the chat first; None for none.

    A chat whose agent says no money is not asked about.

    Args:
        database: the store's file.
        chat: the chat's id.
        amounts: what the user has set.
        today: the quarters of this machine's day; see ``UsageSum.quarter``.
        unsaved: events of the chat's host that the store may not have.
    """
    with database.snapshot() as connection:
        row = connection.execute("SELECT agent, agent_chats FROM session WHERE id = ?", (chat,)).fetchone()
        if row is None:
            return None
        agent, root = row[0], root_of(chat, row[1])
        more = _unsaved(connection, chat, unsaved)
        query = "SELECT 1 FROM usage JOIN usage_chat ON number = chat WHERE agent = ? AND currency <> '' LIMIT 1"
        if not more and connection.execute(query, (agent,)).fetchone() is None:
            return None
        found = None
        if amounts.chat:
            found = _over(ASK_AT_CHAT, amounts.chat, _sums(connection, "root = ?", root), more)
        if found is None and amounts.day:
            of_day = _sums(connection, "quarter >= ? AND quarter < ?", today.start, today.stop)
            found = _over(ASK_AT_DAY, amounts.day, of_day, [each for each in more if each[2] in today])
        return found


_Cost = tuple[str, float, int]
"""A currency, an amount, and the quarter in which it was spent."""


def root_of(chat: str, agent_chats: str) -> str:
    """The chat that the user started and from whose agent a chat comes, which resumed chats share; or it itself."""
    return agent_chats.rpartition(":")[2] or chat


def quarter_of(event: TurnEnded | TurnCounted, at: str) -> int | None:
    """The quarter in which a turn counts: that of its end, or now if that is to come; None if it is not known.

    Args:
        event: that of its end, or that it is counted.
        at: when that was told, ISO 8601.
    """
    moment = parse_time(event.ended or at)
    return int(min(moment, datetime.now(UTC)).timestamp()) // QUARTER_S if moment is not None else None


def _unsaved(connection: sqlite3.Connection, chat: str, events: Sequence[NumberedEvent]) -> list[_Cost]:
    """The costs of turns that the store has not got yet."""
    (known,) = connection.execute("SELECT coalesce(max(own_number), 0) FROM event WHERE chat = ?", (chat,)).fetchone()
    return [
        (event.work.currency, cost, quarter)
        for number, at, event in ((each.number, each.at, each.event) for each in events)
        if number > known and isinstance(event, TurnEnded) and event.work is not None and event.work.currency
        if (cost := money(event.work.cost)) is not None and (quarter := quarter_of(event, at)) is not None
    ]


def _sums(connection: sqlite3.Connection, condition: str, *values: object) -> dict[str, float]:
    """The sums by currency; an amount that cannot be true, which an earlier version added, is not known."""
    table, known = "usage JOIN usage_chat ON number = chat", "cost BETWEEN 0 AND turns * ? AND currency <> ''"
    query = f"SELECT currency, sum(cost) FROM {table} WHERE {condition} AND {known} GROUP BY currency"  # noqa: S608
    return dict(connection.execute(query, (*values, MOST_MONEY)))


def _over(setting: str, amount: float, sums: dict[str, float], more: Sequence[_Cost]) -> AmountReached | None:
    for currency, cost, _ in more:
        sums[currency] = sums.get(currency, 0.0) + cost
    over = [(spent, currency) for currency, spent in sums.items() if spent >= amount]
    return AmountReached(setting, max(over)[0], amount, max(over)[1]) if over else None
