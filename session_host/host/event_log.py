"""What happens in one session, for the ledger: numbered, in order, and kept until the ledger has it.

An event is in the input log, in the entry of its change, before it goes to the ledger: a replacement host repeats what
the ledger may not have got, and the ledger takes each number once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from session_host.protocol.events import KEPT_CHANGES, Event, NumberedEvent, changes, with_events
from session_host.protocol.messages import Transition
from session_host.storage.descriptors.input_log import InputLog
from session_host.storage.descriptors.log_entries import EntryKind


class EventLog:
    """The events of one session.

    Attributes:
        newest: the newest, and those that the ledger has not got.
        saved_to: the number of the last one that the ledger has.
        has_unsaved: set while the ledger lacks some.
    """

    def __init__(
        self, previous: Sequence[NumberedEvent], saved_to: int, input_log: InputLog, now: Callable[[], str]
    ) -> None:
        """Continue with the events that a previous host left."""
        self.newest, self.saved_to = list(previous), saved_to
        self.has_unsaved = asyncio.Event()
        self._input_log, self._now = input_log, now
        self._new: list[NumberedEvent] = []
        self._number = max(saved_to, previous[-1].number if previous else 0)
        if self.unsaved():
            self.has_unsaved.set()

    def add(self, event: Event) -> None:
        """Add an event; the entry of its change takes it from ``take_new``."""
        self._number += 1
        self._new.append(NumberedEvent(self._number, self._now(), event))

    def take_new(self) -> tuple[NumberedEvent, ...]:
        """Take the events since the last call, which go into an entry of the input log now."""
        new, self._new = tuple(self._new), []
        if new:
            self.newest = with_events(self.newest, new, saved_to=self.saved_to)
            self.has_unsaved.set()
        return new

    def unsaved(self) -> list[NumberedEvent]:
        """The events that the ledger has not got, oldest first."""
        return [each for each in self.newest if each.number > self.saved_to]

    def saved(self, number: int) -> None:
        """Note that the ledger has the events up to this number."""
        if number > self.saved_to:
            self.saved_to = number
            self._input_log.append(EntryKind.EVENTS_SAVED, number=number)
        if not self.unsaved():
            self.has_unsaved.clear()

    def changes(self) -> list[Transition]:
        """The last changes of the status, oldest first."""
        return changes(((each.at, each.event) for each in self.newest), KEPT_CHANGES)
