"""What turns used: sums of each chat and quarter of an hour, added in the transaction of a turn's event.

Quarters are counted in UTC: zones of 30 and 45 minutes, and days of 23 and 25 hours, come out right. The sums of a
removed chat stay, without its name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from session_host.protocol.events import Event, NumberedEvent, TurnCounted, TurnEnded
from session_host.protocol.facts import directory_of
from session_host.protocol.turns import TurnWork
from session_host.protocol.untrusted_numbers import money, tokens
from session_host.protocol.usage import QUARTER_S, AmountReached, UsageSum

from .amounts import Amounts, quarter_of, reached, root_of
from .database import Database

MAX_AGE: Final = timedelta(days=400)
_COUNTS: Final = ("turns", "unknown", "least", "read", "cached", "written", "cost")


def add_turn(connection: sqlite3.Connection, chat: str, event: Event, at: str) -> bool:
    """Add what a turn used by its event, within the event's transaction; other events change nothing.

    In a terminal that is the event that the turn is counted, in a chat view that of its end.

    Args:
        connection: the connection, within the transaction.
        chat: the chat's id; it has a row.
        event: what happened.
        at: when it was told, ISO 8601, UTC.

    Returns:
        Whether it added something.
    """
    if not isinstance(event, TurnEnded | TurnCounted):
        return False
    row = connection.execute("SELECT runtime FROM session WHERE id = ?", (chat,)).fetchone()
    quarter = quarter_of(event, at)
    if row is None or quarter is None or (row[0] == "terminal") != isinstance(event, TurnCounted):
        return False
    work = event.work or TurnWork()
    said, cost = [*map(tokens, (work.read, work.cached, work.written))], money(work.cost)
    is_exact = work.known == "exact" and None not in said
    is_unknown = not is_exact and not any(said) and (not work.known or None in said)
    values = (1, int(is_unknown), int(not (is_exact or is_unknown)), *(each or 0 for each in said), cost or 0.0)
    added = ", ".join(f"{name} = {name} + excluded.{name}" for name in _COUNTS)
    connection.execute(
        f"INSERT INTO usage (quarter, chat, currency, {', '.join(_COUNTS)}) VALUES ({', '.join('?' * 10)})"  # noqa: S608 - made of literals
        f" ON CONFLICT DO UPDATE SET {added}",
        (quarter, _number(connection, chat), work.currency if cost is not None else "", *values),
    )
    return True


def _number(connection: sqlite3.Connection, chat: str) -> int:
    """The number of a chat in the sums, with what it is grouped by, which never changes."""
    if found := connection.execute("SELECT number FROM usage_chat WHERE id = ?", (chat,)).fetchone():
        return int(found[0])
    query = (
        "SELECT agent, account, repository, coalesce(nullif(real_cwd, ''), cwd), agent_chats FROM session WHERE id = ?"
    )
    agent, account, repository, directory, chats = connection.execute(query, (chat,)).fetchone()
    project = directory_of(repository) if repository else directory
    added = "INSERT INTO usage_chat (id, agent, account, project, root) VALUES (?, ?, ?, ?, ?) RETURNING number"
    values = (chat, agent, account, project, root_of(chat, chats))
    return int(connection.execute(added, values).fetchone()[0])


def trim(connection: sqlite3.Connection) -> None:
    """Delete the sums that are too old."""
    oldest = int((datetime.now(UTC) - MAX_AGE).timestamp()) // QUARTER_S
    if connection.execute("DELETE FROM usage WHERE quarter < ? RETURNING 1", (oldest,)).fetchall():
        connection.execute("DELETE FROM usage_chat WHERE number NOT IN (SELECT chat FROM usage)")


class UsageTable:
    """The sums of a store."""

    def __init__(self, database: Database) -> None:
        """Use this file."""
        self._database = database

    def within(self, quarters: range) -> list[UsageSum]:
        """The sums of these quarters, in the order of time.

        A chat that another one continues has the id and name of that one; a removed chat has no name. Numbers that
        cannot be true, which an earlier version added, are not known.
        """
        query = (
            "SELECT usage_chat.id, agent, account, project, quarter, turns, unknown, least, read, cached, written,"
            " currency, cost FROM usage JOIN usage_chat ON usage_chat.number = usage.chat"
            " WHERE quarter >= ? AND quarter < ? ORDER BY quarter, usage_chat.number, currency"
        )
        with self._database.snapshot() as connection:
            rows = connection.execute(query, (quarters.start, quarters.stop)).fetchall()
            names = connection.execute("SELECT id, name, continued_by FROM session").fetchall() if rows else []
        chats = {chat: (str(name), later) for chat, name, later in names}
        found: dict[tuple[str, int], UsageSum] = {}
        for chat, agent, account, project, at, turns, unknown, least, read, cached, written, currency, cost in rows:
            shown = _last_of(chat, chats)
            name = chats[shown][0] if shown in chats else ""
            costs, unpriced = (((currency, cost),), 0) if currency else ((), turns)
            counts = (turns, unknown, least, read, cached, written)
            new = UsageSum(shown, name, agent, account, project, at, *counts, costs, unpriced).bounded()
            key = (chat, at)
            found[key] = found[key] + new if key in found else new
        return list(found.values())

    def amount_reached(
        self, chat: str, amounts: Amounts, today: range, unsaved: Sequence[NumberedEvent] = ()
    ) -> AmountReached | None:
        """See ``amounts.reached``."""
        return reached(self._database, chat, amounts, today, unsaved)

    def first_quarter(self) -> int | None:
        """The first quarter that has a sum; None for none."""
        with self._database.reading() as connection:
            (found,) = connection.execute("SELECT min(quarter) FROM usage").fetchone()
        return None if found is None else int(found)


def _last_of(chat: str, known: dict[str, tuple[str, str | None]]) -> str:
    """The chat that continues a chat now, or that chat itself."""
    seen = {chat}
    while chat in known and (later := known[chat][1]) is not None and later in known and later not in seen:
        chat = later
        seen.add(chat)
    return chat
