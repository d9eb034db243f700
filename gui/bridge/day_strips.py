"""The current day of each chat as a strip: past work, work that goes on, and waiting for the user."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from PySide6.QtCore import QObject, Signal

from gui.timers import single_shot

from .sessions import Sessions

if TYPE_CHECKING:
    from session_host.standing.days import ChatDay

FIRST_MS = 2000
"""The day is read first so long after it was asked for: when a window opens, all else is more urgent."""
AGAIN_S = 60.0
"""The day is read again so often at most."""
STEPS = 500
"""The number of positions on a strip: it has fewer pixels, and does not change at each reading."""
_LEAST_S = 3600.0
"""A day that has just begun is shown as if it were so long."""

Part = tuple[int, int, Literal["past", "now", "waits"]]
"""A part of a strip: where it begins and ends, of ``STEPS``, and what the chat did."""


class Strip(NamedTuple):
    """A chat's day.

    Attributes:
        parts: what it did, in order.
        worked_s, waited_s: for how long, in seconds.
    """

    parts: tuple[Part, ...] = ()
    worked_s: float = 0.0
    waited_s: float = 0.0


class DayStrips(QObject):
    """The strips of this computer's chats; the day of all begins with the first activity of one.

    Those of other machines have none: reading them each minute would cost a slow line too much.

    Signals:
        changed: there are new strips.
    """

    changed = Signal()

    def __init__(self, sessions: Sessions, parent: QObject) -> None:
        super().__init__(parent)
        self._sessions = sessions
        self._strips: dict[str, Strip] = {}
        self._due_s = 0.0
        self._first = single_shot(self, FIRST_MS)
        self._first.timeout.connect(self._start)

    def of(self, session_id: str) -> Strip:
        """The strip of a chat; an empty one if it did nothing today."""
        return self._strips.get(session_id, Strip())

    def refresh(self) -> None:
        """Read the day again, unless it was read a moment ago."""
        if not self._due_s and not self._first.isActive():
            self._first.start()
        elif self._due_s and time.monotonic() >= self._due_s:
            self._start()

    def _start(self) -> None:
        self._due_s = time.monotonic() + AGAIN_S
        self._sessions.tasks.start(self._read(), "the day of the chats")

    async def _read(self) -> None:
        from .chat_days import read_day  # the window's start does not need it

        here = self._sessions.machines.here.machine
        day = await read_day(self._sessions, datetime.now().astimezone().date(), [here])
        begin_s = min((_begin(each.day) for each in day.listed), default=day.now_s)
        length_s = max(day.now_s - begin_s, _LEAST_S)
        strips = {each.id: strip_of(each.day, begin_s, length_s, day.now_s) for each in day.listed}
        if strips != self._strips:
            self._strips = strips
            self.changed.emit()


def _begin(day: ChatDay) -> float:
    return min((*(span.begin_s for span in day.spans[:1]), *day.prompts_s[:1], day.end_s))


def strip_of(day: ChatDay, begin_s: float, length_s: float, now_s: float) -> Strip:
    """A chat's strip.

    Args:
        day: what the chat did.
        begin_s: where the strip begins, in seconds since 1970.
        length_s: how long it is.
        now_s: the current time.
    """
    parts: list[Part] = []
    for span in day.spans:
        first, last = (round((at_s - begin_s) / length_s * STEPS) for at_s in (span.begin_s, span.end_s))
        kind: Literal["past", "now", "waits"] = "waits" if span.waits else "now" if span.end_s >= now_s else "past"
        if parts and parts[-1][1] >= first and parts[-1][2] == kind:
            parts[-1] = (parts[-1][0], max(last, parts[-1][1]), kind)
        else:
            parts.append((first, max(last, first + 1), kind))
    return Strip(tuple(parts), day.worked_s, day.waited_s)
