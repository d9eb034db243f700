"""Follows one chat's turns in the ledger: which one runs, how each ended, and whether the agent asks. Blocks."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Final

import msgspec

from session_host.errors import NoSuchSession, StoreError
from session_host.protocol.events import (
    CommandEnded,
    Ended,
    Interrupted,
    NumberedEvent,
    Removed,
    Slept,
    StatusChanged,
    TurnCounted,
    TurnEnded,
    TurnStarted,
)
from session_host.protocol.messages import HostReport
from session_host.protocol.values import Activity
from session_host.storage.store.ledger import LedgerEntry

from .following import Following, events_since
from .session_info import SessionInfo, describe
from .stale_rows import record_of
from .store_access import open_store

_ALL: Final = 1_000_000
LOOK_S: Final = 10.0
"""After so much silence, it is checked whether the chat still runs: a host that was killed says nothing."""

_SAVED_WITHIN_S: Final = 10.0
"""How long a host may take to write an event into the ledger, also on a slow disk."""


class TurnWatch(contextlib.AbstractContextManager["TurnWatch"]):
    """The turns of one chat, as far as the ledger has them, or the chat's host for it.

    Attributes:
        chat: the chat's id.
        starts: the events of the beginnings of turns, by their numbers; those that are too old are missing.
        ends, ended_at: how and when turns ended, by their numbers.
        counted: the numbers of those of a terminal that are counted.
        status: the last change of the status; None for none.
        commands: the ends of a shell's commands since the watch began.
        is_over: whether the chat has ended.
    """

    def __init__(self, info: SessionInfo) -> None:
        """Read what the ledger has, and what the chat's host had for it when it described the chat.

        Raises:
            NoSuchSession: there is no such chat.
            StoreError: the store cannot be read, or does not get the events of a host of version 0.1.0.
        """
        if info.host is not None and not info.host.unsaved:
            wait_until_saved(info)  # A host of version 0.1.0 does not tell them.
        self.chat = chat = info.id
        self.starts: dict[int, LedgerEntry] = {}
        self.ends: dict[int, TurnEnded] = {}
        self.ended_at: dict[int, str] = {}
        self.counted: set[int] = set()
        self.status: StatusChanged | None = None
        self.commands: list[CommandEnded] = []
        self._taken: set[int] = set()
        """The host's numbers of the events that are known, from the ledger or from the host itself."""
        self._status_number = 0
        with open_store() as store:
            position = store.ledger.position()
            self.is_over = record_of(store, chat).outcome.is_over
            self._take(store.ledger.of_chat(chat, [TurnStarted, TurnEnded, TurnCounted], _ALL))
            self._take(store.ledger.of_chat(chat, [StatusChanged], 1))
        self._take_unsaved(info.host)
        self.commands.clear()
        self._following = Following(events_since, position)

    def __exit__(self, *exception: object) -> None:
        self._following.__exit__(*exception)

    @property
    def running(self) -> int:
        """The number of the turn that runs; 0 for none."""
        return 0 if self.is_over else max((number for number in self.starts if number not in self.ends), default=0)

    @property
    def question(self) -> str | None:
        """What the agent asks; "" if that is not known, None if it asks nothing."""
        status = self.status
        asks = status is not None and status.after is Activity.NEEDS_INPUT and not self.is_over
        return status.detail if asks and status is not None else None

    def number_of(self, agents_id: str) -> int:
        """The number of the turn with an agent's own id; 0 if there is none yet."""
        found = (number for number, each in self.starts.items() if started(each).agents_id == agents_id)
        return max(found, default=0)

    def wait(self, until_s: float) -> bool:
        """Wait for the next event of the chat; returns False at a time of ``time.monotonic``."""
        while time.monotonic() < until_s and not self.is_over:
            found = self._following.wait(min(until_s, time.monotonic() + LOOK_S))
            if found is not None and self._take(found.entries):
                return True
            if found is None and self.look():
                return True
        return False

    def look(self) -> bool:
        """Ask whether the chat runs, and its host for what the ledger has not got: a disk is full, or the store locked.

        Returns:
            Whether there is something new.
        """
        try:
            self.is_over = record_of(self._following.store, self.chat).outcome.is_over
        except NoSuchSession:
            self.is_over = True
        description = describe(self.chat) if not self.is_over else None
        has_new = self._take_unsaved(description.host if description is not None else None)
        while found := self._following.wait(0.0):  # What was saved before the host was asked, or before the end.
            has_new = self._take(found.entries) or has_new
        return has_new or self.is_over

    def _take_unsaved(self, host: HostReport | None) -> bool:
        """Take the events that a host tells; returns whether some are new."""
        if host is None or not host.unsaved:
            return False
        unsaved = msgspec.msgpack.decode(host.unsaved, type=list[NumberedEvent])
        return self._take([LedgerEntry(0, each.at, self.chat, "", each.event, each.number) for each in unsaved])

    def _take(self, entries: Sequence[LedgerEntry]) -> bool:
        """Take those of the chat, each once; returns whether some are new."""
        new = [each for each in entries if each.chat == self.chat and each.own_number not in self._taken]
        self._taken.update(each.own_number for each in new if each.own_number is not None)
        for entry in new:
            match entry.event:
                case TurnStarted(turn=number):
                    self.starts[number] = entry
                case TurnEnded(turn=number) as event:
                    self.ends[number], self.ended_at[number] = event, entry.at
                case TurnCounted(turn=number) as event:
                    self.counted.add(number)
                    if number in self.ends:
                        self.ends[number] = event.of(self.ends[number])
                case StatusChanged() as event if (entry.own_number or 0) >= self._status_number:
                    self.status, self._status_number = event, entry.own_number or 0
                case CommandEnded() as event:
                    self.commands.append(event)
                case Ended() | Slept() | Interrupted() | Removed():
                    self.is_over = True
        return bool(new)


def wait_until_saved(info: SessionInfo) -> None:
    """Wait until the ledger has all that a chat's host knew when it described the chat.

    Raises:
        StoreError: it does not get that in time.
    """
    if info.host is None or not info.host.unsaved_event:
        return
    until_s = time.monotonic() + _SAVED_WITHIN_S
    with open_store() as store:
        position = store.ledger.position()
    with Following(events_since, position) as following:
        while not following.store.ledger.has(info.id, info.host.unsaved_event):
            if following.wait(until_s) is None:
                raise StoreError(f"{info.name}: its newest events are not recorded; check that the disk is not full")


def started(entry: LedgerEntry) -> TurnStarted:
    """The event of a turn's beginning."""
    assert isinstance(entry.event, TurnStarted)
    return entry.event
