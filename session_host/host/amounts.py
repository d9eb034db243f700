"""Looks whether an amount of money is reached at which the user wants to be asked before a chat view's next turn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from session_host.host.event_log import EventLog
from session_host.protocol.events import NumberedEvent
from session_host.protocol.launch import LaunchSpec
from session_host.standing.usage import asked_words, quarters_of_today
from session_host.storage.store import Store
from session_host.storage.store.amounts import AmountFile


class AmountLook:
    """The looks of one session."""

    def __init__(self, spec: LaunchSpec, events: EventLog) -> None:
        """Look at nothing yet.

        Args:
            spec: the session.
            events: has the turns that the store has not got yet.
        """
        self._spec, self._events = spec, events
        self._file = AmountFile(Path(spec.settings))

    def are_set(self) -> bool:
        """Whether the user has set an amount, as of now."""
        return self._file.read().are_set

    def work(self) -> Callable[[], str]:
        """What a thread is to do, which blocks on the disk: it returns the words for the user, "" for none."""
        return partial(self._look, self._events.unsaved())

    def _look(self, unsaved: list[NumberedEvent]) -> str:
        amounts = self._file.read()
        if not amounts.are_set:
            return ""
        today = quarters_of_today(datetime.now(UTC))
        with Store.open(Path(self._spec.database)) as store:
            found = store.usage.amount_reached(self._spec.facts.id, amounts, today, unsaved)
        return asked_words(found) if found is not None else ""
