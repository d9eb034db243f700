"""What happens in one session, for the ledger: numbered, in order, and kept until the ledger has it.

An event is in the input log, in the entry of its change, before it goes to the ledger: a replacement host repeats what
the ledger may not have got, and the ledger takes each number once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from session_host.protocol.events import (
    KEPT_CHANGES,
    MAX_SUBJECT_CHARACTERS,
    Answered,
    Asked,
    Choice,
    Event,
    LimitsChanged,
    NumberedEvent,
    StatusChanged,
    TurnCounted,
    TurnEnded,
    TurnStarted,
    Withdrawn,
    changes,
    with_events,
)
from session_host.protocol.messages import Transition
from session_host.protocol.turns import TurnFacts, TurnOutcome, TurnWork
from session_host.protocol.values import Activity
from session_host.standing.limits import are_same
from session_host.storage.descriptors.input_log import InputLog
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.storage.descriptors.log_state import LogState, with_lines
from session_host.structured.items import AgentRequest, RequestResolved, digest


class EventLog:
    """The events of one session.

    Attributes:
        newest: the newest, and those that the ledger has not got.
        saved_to: the number of the last one that the ledger has.
        has_unsaved: set while the ledger lacks some.
        told_to: see ``write``.
        turn, open_turn, last, reported, counted, edited, limits: as in ``LogState``.
        has_unreported: set while turns have ended that are not reported.
    """

    def __init__(
        self, log_state: LogState, input_log: InputLog, now: Callable[[], str], *, counts: bool = False
    ) -> None:
        """Continue with the events that a previous host left.

        Args:
            log_state: what it left.
            input_log: gets the events.
            now: returns the time as ISO 8601 text.
            counts: whether each turn is counted after its end, as in a terminal.
        """
        self.newest, self.saved_to, self.told_to = log_state.events, log_state.events_saved, log_state.told_to
        self.turn, self.open_turn, self.last = log_state.turn, log_state.open_turn, log_state.last
        self.reported, self.counted, self.edited = log_state.reported, log_state.counted, log_state.edited
        self.limits = log_state.limits
        if self.last is None and self.open_turn is None:
            self.counted = self.turn  # Version 0.1.0 saw its end.
        self._counts = counts
        self.has_unsaved, self.has_unreported = asyncio.Event(), asyncio.Event()
        self._input_log, self._now = input_log, now
        self._new: list[NumberedEvent] = []
        self._number = max(self.saved_to, self.newest[-1].number if self.newest else 0)
        if self.unsaved():
            self.has_unsaved.set()
        if self.unreported():
            self.has_unreported.set()

    def add(self, event: Event) -> None:
        """Add an event; the entry of its change takes it from ``take_new``."""
        self._number += 1
        self._new.append(NumberedEvent(self._number, self._now(), event))

    def asked(self, request: AgentRequest) -> None:
        """Add the event of a question, once: a new host, or a hook that lost its connection, may tell it again."""
        if not self._has_asked(request.id):
            subject = request.shown_subject
            event = Asked(
                request=request.id,
                digest=digest(request),
                about=request.kind,
                title=request.title,
                subject=subject[:MAX_SUBJECT_CHARACTERS],
                complete=request.complete and len(subject) <= MAX_SUBJECT_CHARACTERS,
                options=tuple(Choice(each.id, each.name, each.kind) for each in request.options),
            )
            self.add(event)

    def asked_in_dialog(self, title: str, about: str = "") -> None:
        """Add the event of a question that no request has; its next status is the end of it."""
        self.add(Asked(request="", digest="", about=about, title=title, subject="", complete=False))

    def lacks_asked(self) -> bool:
        """Whether the newest status is a question, and the event that it is asked does not follow."""
        question = None
        for event in (each.event for each in reversed([*self.newest, *self._new])):
            match event:
                case Asked():
                    return False
                case StatusChanged(after=Activity.NEEDS_INPUT, since=since) if question in {None, since}:
                    question = since
                case StatusChanged():
                    break
                case _:
                    pass
        return question is not None

    def resolved(self, resolved: RequestResolved) -> None:
        """Add the end of a question, if the event before it is that it was asked."""
        if self._has_asked(resolved.id):
            is_answered = bool(resolved.option or resolved.by)
            answered = Answered(request=resolved.id, by=resolved.by, option=resolved.option, name=resolved.name)
            self.add(answered if is_answered else Withdrawn(request=resolved.id))

    def begin_turn(self, agents_id: str = "", by: str = "") -> None:
        """Add the event that a turn began, unless it runs already."""
        if self.open_turn != agents_id:
            self.end_turn(TurnFacts(outcome="done"))  # Its end was not told.
            self.count_turn()
            self.turn, self.open_turn = self.turn + 1, agents_id
            self.last = TurnFacts(by=by, began=self._now())
            self.add(TurnStarted(turn=self.turn, agents_id=agents_id, by=by))

    def end_turn(self, facts: TurnFacts, *, tokens: int = 0) -> None:
        """Add the event that the running turn ended; without one, nothing.

        Args:
            facts: what is known of it; without a beginning, that of its own event.
            tokens: how many it used; 0 if that is not known.
        """
        if self.open_turn is None:
            return
        self.open_turn, began = None, self.last or TurnFacts()
        if not facts.began:
            facts = msgspec.structs.replace(facts, began=began.began, by=began.by, ended=self._now())
        self.last = msgspec.structs.replace(facts, error=facts.error[:MAX_SUBJECT_CHARACTERS])
        files = facts.work.files if facts.work is not None else 0
        self.edited = with_lines(self.edited, facts.work)
        self.add(TurnEnded(turn=self.turn, tokens=tokens, files_changed=files, **msgspec.structs.asdict(facts)))

    def uncounted(self) -> int:
        """The number of the turn that has ended and is not counted; 0 for none."""
        return self.turn if self._counts and self.open_turn is None and self.counted < self.turn else 0

    def count_turn(
        self, outcome: TurnOutcome | None = None, work: TurnWork | None = None, resets_at: str = "", error: str = ""
    ) -> None:
        """Add the event that the turn is counted which has ended; without one, nothing.

        Args:
            outcome: how it ended, if the agent's record knows better; None for how the turn's end says it.
            work: what it did; None if that is not known.
            resets_at: when the limit is reset that stopped it; "" if that is not known.
            error: the error that stopped it, one line; "" if the record names none.
        """
        if number := self.uncounted():
            known = self.last.outcome if self.last is not None else ""
            how, error = outcome or known or "done", error[:MAX_SUBJECT_CHARACTERS]
            ended = self.last.ended if self.last is not None else ""
            event = TurnCounted(turn=number, outcome=how, work=work, resets_at=resets_at, error=error, ended=ended)
            self.counted, self.last = number, self.last and event.of(self.last)
            self.edited = with_lines(self.edited, work)
            self.add(event)

    def limits_reported(self, event: LimitsChanged) -> None:
        """Add the event of the account's limits, unless it says the same in whole percent as the last one."""
        if event.limits and (self.limits is None or not are_same(self.limits.limits, event.limits)):
            self.limits = event
            self.add(event)

    def turn_before(self) -> TurnFacts | None:
        """The turn before the newest one; None if its end is not kept."""
        events = (each.event for each in reversed([*self.newest, *self._new]))
        ends = (each for each in events if isinstance(each, TurnEnded) and each.turn == self.turn - 1)
        return next(ends, None)

    def _has_asked(self, request: str) -> bool:
        """Whether the last event about this question is that it is asked."""
        events = (each.event for each in reversed([*self.newest, *self._new]))
        about = (each for each in events if getattr(each, "request", "") == request)
        return isinstance(next(about, None), Asked)

    def write(self, told_to: int = 0) -> None:
        """Write the events since the last entry into an entry of their own.

        Args:
            told_to: the offset of the transcript log up to which its questions are among the events.
        """
        if new := self.take_new():
            self.told_to = max(self.told_to, told_to)
            self._input_log.append(EntryKind.EVENTS, msgspec.msgpack.encode(new), number=told_to)

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

    def newest_unsaved(self) -> int:
        """The number of the newest event if the ledger has not got it, else 0."""
        return self.newest[-1].number if self.unsaved() else 0

    def saved(self, number: int) -> None:
        """Note that the ledger has the events up to this number."""
        if number > self.saved_to:
            self.saved_to = number
            self._input_log.append(EntryKind.EVENTS_SAVED, number=number)
        if not self.unsaved():
            self.has_unsaved.clear()
        if self.unreported():
            self.has_unreported.set()

    def unreported(self) -> range:
        """The numbers of the turns that have ended and are not reported, oldest first."""
        return range(self.reported + 1, self.turn + (self.open_turn is None))

    def turns_reported(self, number: int) -> None:
        """Note that the turns up to this one are reported, or that nobody is there to be told."""
        if number > self.reported:
            self.reported = number
            self._input_log.append(EntryKind.REPORTED, number=number)
        if not self.unreported():
            self.has_unreported.clear()

    def changes(self) -> list[Transition]:
        """The last changes of the status, oldest first."""
        return changes(((each.at, each.event) for each in self.newest), KEPT_CHANGES)
