"""The events of this machine as lines: first ``hello`` and the states, or what came after a cursor, then what comes."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Collection, Iterator
from typing import Final

from session_host.cli.session_argument import find
from session_host.client.sessions.following import Following, events_since, lost_cursor
from session_host.client.sessions.store_access import open_store
from session_host.errors import UsageError
from session_host.machines.names import HERE
from session_host.protocol.events import (
    KINDS,
    LINE_VERSION,
    At,
    ChatState,
    EventLine,
    Gap,
    Hello,
    NamedChat,
    Printed,
    Reset,
    StatusChanged,
    kind_of,
)
from session_host.protocol.facts import ChatFacts
from session_host.storage.store.ledger import Entries, LedgerEntry, Position
from session_host.system.clock import now
from session_host.system.processes.permission import UNKNOWN, agent_chats, split

LEFT_OUT: Final = 256
LEFT_OUT_S: Final = 60.0
"""After so many events that a filter has left out, or one after this time, a line tells the reader the cursor."""


class EventsHere:
    """The lines of the chats here that are asked for."""

    def __init__(self, options: argparse.Namespace, since: str | None, gone: int | None = None) -> None:
        """Check what is asked for.

        Args:
            options: the command's.
            since: a cursor; None to begin with all states.
            gone: a descriptor; nothing more comes once its other end is closed. None for no such end.

        Raises:
            OutliveError: it is no cursor, or there is no such chat.
        """
        self._is_once, self._begins_anew, self._gone = options.once, options.anyway, gone
        self._since = _position(since) if since is not None else None
        self._kinds: Collection[str] = options.event or KINDS
        self._shows_states = not options.event
        self._chats = {find(each).id for each in options.chats} if options.chats else None
        self._own = ""
        if options.mine:
            self._own = next(iter(agent_chats(os.getpid())), "")
            if self._own in {"", UNKNOWN}:
                raise UsageError("--mine is for an agent that Outlive runs; it prints the chats that the agent started")
        self._started_here: dict[str, bool] = {}
        self._left_out = 0
        """The events that were left out since the last line."""
        self._told_s = time.monotonic()
        """The time of the last line."""

    def batches(self) -> Iterator[list[EventLine]]:
        """The lines that are there, some at a time, and then those that come.

        Raises:
            LedgerLost: the events after the cursor are.
            StoreError: the store cannot be read.
        """
        since, first = self._since, list[EventLine]()
        with open_store() as store:
            position, running, last = store.status_at()
            if since is not None and not store.ledger.knows(since):
                if not self._begins_anew:
                    raise lost_cursor()
                since = None
                first.append(_line(position, Reset()))
        first.append(_line(position if since is None else since, Hello()))
        if since is None:
            since = position
            first += self._states(position, running, last)
        yield first
        with Following(events_since, since, self._gone) as following:
            while found := following.wait(0.0 if self._is_once else float("inf")):
                if lines := self._chosen(found):
                    yield lines
            if self._left_out and self._is_once:
                yield [_line(following.position, At())]

    def _states(self, position: Position, running: list[ChatFacts], last: list[LedgerEntry]) -> Iterator[EventLine]:
        """The state of each running chat at a place."""
        statuses = {each.chat: each for each in last}
        for facts in running:
            if not self._shows_states or not self._is_wanted(facts.id):
                continue
            entry = statuses.get(facts.id)
            event = entry.event if entry is not None and isinstance(entry.event, StatusChanged) else None
            origin = facts.origin
            state = ChatState(agent=origin.agent, directory=origin.cwd, status=event, account=origin.account)
            at = entry.at if entry is not None else facts.origin.created_at
            yield _line(position, state, at, NamedChat(facts.id, facts.entry.name))

    def _chosen(self, found: Entries) -> list[EventLine]:
        """The lines of the events that are asked for; one with the cursor alone where many were not."""
        lines = []
        for each in found.entries:
            if self._is_wanted(each.chat) and (kind_of(each.event) in self._kinds or isinstance(each.event, Gap)):
                place = found.position._replace(number=each.number)
                lines.append(_line(place, each.event, each.at, NamedChat(each.chat, each.name)))
                self._left_out = 0
            else:
                self._left_out += 1
        if lines:
            self._told_s = time.monotonic()
        is_late = self._left_out and time.monotonic() >= self._told_s + LEFT_OUT_S
        if not self._is_once and (is_late or self._left_out >= LEFT_OUT):
            self._left_out, self._told_s = 0, time.monotonic()
            lines.append(_line(found.position, At()))
        return lines

    def _is_wanted(self, chat: str) -> bool:
        if self._chats is not None and chat not in self._chats:
            return False
        if not self._own:
            return True
        if chat not in self._started_here:
            with open_store() as store:
                facts = store.get(chat)
            self._started_here[chat] = facts is not None and self._own in split(facts.origin.agent_chats)
        return chat != self._own and self._started_here[chat]


def _line(position: Position, event: Printed, at: str = "", chat: NamedChat | None = None) -> EventLine:
    return EventLine(LINE_VERSION, position.cursor, at or now(), HERE, chat, event)


def _position(cursor: str) -> Position:
    if (position := Position.of(cursor)) is None:
        raise UsageError("--since needs a cursor that `outlive events --json` or `outlive ls --json` printed")
    return position
