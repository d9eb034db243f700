"""What chats did in a stretch of time, by their events: when each worked, waited for the user, and failed. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import msgspec

from session_host.protocol.events import (
    Answered,
    CommandEnded,
    Ended,
    Event,
    Interrupted,
    Removed,
    Slept,
    StatusChanged,
    TurnEnded,
    TurnStarted,
)
from session_host.protocol.values import Activity
from session_host.system.clock import parse_time

if TYPE_CHECKING:
    from typing import Protocol

    class Entry(Protocol):
        """An event with its time (ISO 8601, UTC), its chat's id, and the chat's name then."""

        @property
        def at(self) -> str: ...
        @property
        def chat(self) -> str: ...
        @property
        def name(self) -> str: ...
        @property
        def event(self) -> Event: ...


KINDS: Final = (
    *(StatusChanged, Answered, TurnStarted, TurnEnded, CommandEnded),
    *(Ended, Slept, Interrupted, Removed),
)
"""The events that say it."""
STATES: Final = (StatusChanged, Ended, Slept, Interrupted)
"""The events whose last one before a time says what a chat does at that time."""
MAX_SPANS: Final = 2000
"""The most of one chat; what is more, at its end, is left out."""


class Span(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A time in which a chat worked, or waited for the user.

    Attributes:
        waits: whether it waited for the user.
        begin_s, end_s: in seconds since 1970.
        text: the question, or what the agent said of its work; one line.
        answer: the name of the answer that ended it; "" if it is not known.
        by: who gave it, see ``Answered``.
    """

    waits: bool
    begin_s: float
    end_s: float
    text: str = ""
    answer: str = ""
    by: str = ""


class ChatDay(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a chat did in a stretch of time.

    Attributes:
        id, name: the chat's.
        begin_s, end_s: the part of this time in which it ran, as far as is known, in seconds since 1970.
        spans: in order; between them it was idle, or its status is unknown.
        prompts_s: when turns began.
        failures: when an error stopped a turn, and the error, one line.
    """

    id: str
    name: str
    begin_s: float
    end_s: float
    spans: tuple[Span, ...] = ()
    prompts_s: tuple[float, ...] = ()
    failures: tuple[tuple[float, str], ...] = ()

    @property
    def worked_s(self) -> float:
        """How long it worked, in seconds."""
        return sum(each.end_s - each.begin_s for each in self.spans if not each.waits)

    @property
    def waited_s(self) -> float:
        """How long it waited for the user, in seconds."""
        return sum(each.end_s - each.begin_s for each in self.spans if each.waits)


class _Day:
    """A chat's day while its events are read."""

    def __init__(self, chat: str, begin_s: float) -> None:
        self.chat, self.name = chat, ""
        self.begin_s = begin_s
        self.end_s: float | None = None
        self.spans: list[Span] = []
        self.prompts_s: list[float] = []
        self.failures: list[tuple[float, str]] = []
        self.is_removed = False
        self._open: Span | None = None

    def take(self, at_s: float, event: Event) -> None:
        """Read the next event."""
        match event:
            case StatusChanged():
                self._take_status(at_s, event)
            case Answered() if self._open is not None and self._open.waits:
                self._open = msgspec.structs.replace(self._open, answer=event.name, by=event.by)
            case TurnStarted():
                self.prompts_s.append(at_s)
            case TurnEnded(error=error) if error:
                self.failures.append((at_s, error))
            case CommandEnded(duration_s=duration_s):
                begin_s = max(at_s - duration_s, self.begin_s, self.spans[-1].end_s if self.spans else 0.0)
                self._add(Span(waits=False, begin_s=begin_s, end_s=at_s))
            case Ended() | Slept() | Interrupted():
                self._close(at_s)
                self.end_s = at_s
            case Removed():
                self.is_removed = True
            case _:
                pass

    def _take_status(self, at_s: float, event: StatusChanged) -> None:
        waits, works = event.after is Activity.NEEDS_INPUT, event.after is Activity.WORKING
        self.end_s = None
        if self._open is not None and (waits or works) and self._open.waits == waits:
            self._open = msgspec.structs.replace(self._open, text=event.detail or self._open.text)
            return
        self._close(at_s)
        if waits or works:
            self._open = Span(waits=waits, begin_s=at_s, end_s=at_s, text=event.detail)

    def _close(self, at_s: float) -> None:
        if self._open is not None:
            self._add(msgspec.structs.replace(self._open, end_s=max(at_s, self._open.begin_s)))
            self._open = None

    def _add(self, span: Span) -> None:
        if len(self.spans) < MAX_SPANS:
            self.spans.append(span)

    def result(self, end_s: float) -> ChatDay:
        """The day, once all events are read."""
        self._close(end_s)
        return ChatDay(
            self.chat,
            self.name,
            self.begin_s,
            self.end_s if self.end_s is not None else end_s,
            tuple(self.spans),
            tuple(self.prompts_s),
            tuple(self.failures),
        )


def days(entries: Iterable[Entry], begin_s: float, end_s: float) -> list[ChatDay]:
    """What each chat did that ran in a stretch of time; those that were removed are left out.

    Args:
        entries: the events of ``KINDS`` in this time, and each chat's last one of ``STATES`` before it, in order.
        begin_s: the beginning, in seconds since 1970.
        end_s: the end, or the current time if that is earlier.
    """
    found: dict[str, _Day] = {}
    for entry in entries:
        if (moment := parse_time(entry.at)) is None:
            continue
        at_s = min(moment.timestamp(), end_s)
        if (day := found.get(entry.chat)) is None:
            if at_s < begin_s and isinstance(entry.event, Ended | Slept | Interrupted):
                continue  # It was over before.
            day = found[entry.chat] = _Day(entry.chat, max(at_s, begin_s))
        day.name = entry.name
        day.take(max(at_s, begin_s), entry.event)
    return [day.result(end_s) for day in found.values() if not day.is_removed]
