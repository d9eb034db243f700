"""Follows the agent's record after the end of each turn in a terminal, until it has the turn (``turn_counted``).

Agents write the rest of an answer some time after they have said that the turn is over. The record is read in a thread
(``agents.conversations.counting``), and again whenever a file beside it changes. A turn is counted once, by one host or
the next; what it did stays unknown if the record does not have it in time, if the next turn begins, or at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.counting.base import Counted
from session_host.agents.conversations.counting.counting import count
from session_host.agents.conversations.stores import STORES
from session_host.agents.conversations.turns import start_before_next
from session_host.host.event_log import EventLog
from session_host.protocol.launch import LaunchSpec
from session_host.protocol.turns import TurnFacts, TurnOutcome
from session_host.system.event_loop import Timer
from session_host.system.inotify import Event, Inotify
from session_host.system.worker import Worker

from .conversation import ConversationTracker
from .logged_calls import log_errors

WITHIN_S: Final = 10.0
"""How long an agent may take to record the rest of a turn."""

STOPPED_WITHIN_S: Final = 2.0
"""The same for a turn that did not end well: it may have no answer."""

LOOK_S: Final = 0.1
"""The time from a change to the look at it: agents write several lines."""


class TurnRecord:
    """The turn of one session that has ended and is not counted, if there is one."""

    def __init__(
        self, spec: LaunchSpec, events: EventLog, conversation: ConversationTracker, said: Callable[[str], object]
    ) -> None:
        """Follow nothing yet.

        Args:
            spec: the session's launch spec.
            events: knows the turns, and counts them.
            conversation: knows the conversation that the agent records.
            said: called with the first sentence of the turn's answer, "" if that is not known.
        """
        self._said = said
        agent = spec.facts.origin.agent
        self._store = spec.watch.record or (agent if agent in STORES else "")  # Version 0.1.0 does not name it.
        self._spec, self._events, self._conversation = spec, events, conversation
        self._worker = Worker()
        self._look, self._deadline = Timer(), Timer()
        self._inotify = Inotify(self._on_file_events)
        self._number = 0
        self._watched: Path | None = None
        self._is_reading = self._has_changed = False

    def follow(self) -> None:
        """Follow the record if a turn has ended, and no longer if another one has begun.

        Without a record, the turn is counted at once, and ``EventLog.take_new`` has the event.
        """
        number, last = self._events.uncounted(), self._events.last
        if number == self._number:
            return
        self.close()
        if not number:
            return
        if not (self._store and self._conversation.id and last is not None and last.began):
            self._events.count_turn()
            return
        self._number = number
        self._deadline.set(WITHIN_S if last.outcome == "done" else STOPPED_WITHIN_S, self._give_up)
        self._read()

    def close(self) -> None:
        """Follow nothing."""
        self._number = 0
        self._look.cancel()
        self._deadline.cancel()
        self._inotify.close()
        self._watched = None

    @log_errors
    def _read(self) -> None:
        if self._is_reading:
            self._has_changed = True
            return
        spec, last = self._spec, self._events.last
        assert last is not None
        query = ConversationQuery.of_own(spec, self._conversation.id)
        read = partial(count, self._store, query, self._starts(last), self._number, _seconds(last.ended))
        self._is_reading, self._has_changed = True, False
        self._worker.submit_and_call(read, partial(self._found, self._number), partial(self._failed, self._number))

    def _starts(self, last: TurnFacts) -> dict[int, float]:
        """When the turn began, and the one before it; see ``turn_of_number``."""
        starts, before = {self._number: _seconds(last.began)}, self._events.turn_before()
        if before is not None and before.began:
            starts[self._number - 1] = start_before_next(_seconds(before.began), _seconds(before.ended))
        return starts

    @log_errors
    def _found(self, number: int, found: Counted | None) -> None:
        self._is_reading = False
        if not self._number:
            return
        if number != self._number:
            self._read()  # Another turn has ended meanwhile.
        elif found is None or found.is_whole:
            self._count(found)
        elif self._watch(found.directory) or self._has_changed:
            self._read()

    @log_errors
    def _failed(self, number: int, error: BaseException) -> None:
        self._found(number, None)
        raise error

    def _count(self, found: Counted | None) -> None:
        self.close()
        ended = self._events.last.outcome if self._events.last is not None else ""
        outcome: TurnOutcome | None = None
        if found is not None and found.is_stopped and ended == "done":
            outcome = "interrupted"
        elif found is not None and found.error and ended in {"done", "error"}:
            outcome = "limit" if found.is_limit else "error"  # Its hook may come after another sign that it is idle.
        if found is None:
            self._events.count_turn()
        else:
            self._events.count_turn(outcome, found.work, found.resets_at, found.error)
        self._events.write()
        self._said(found.said if found is not None else "")

    @log_errors
    def _give_up(self) -> None:
        self._count(None)

    def _watch(self, directory: Path) -> bool:
        """Watch a directory; returns whether it was not watched before."""
        if directory == self._watched or not (self._inotify.is_open or self._inotify.start()):
            return False
        flags = self._inotify.flags
        try:
            self._inotify.watch(directory, flags.MODIFY | flags.CREATE | flags.CLOSE_WRITE | flags.MOVED_TO)
        except OSError:
            return False
        self._watched = directory
        return True

    def _on_file_events(self, events: list[Event]) -> None:  # noqa: ARG002 - any change
        if not self._look.is_set:
            self._look.set(LOOK_S, self._read)


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
