"""Chooses the grid size: the most recently used viewer's, once its size has settled.

States of the grid::

    WAITING ──the program runs──▶ SETTLED
    WAITING ──the program ended──▶ OVER
    SETTLED ──another size is wanted──▶ SETTLING
    SETTLED ──the program ended──▶ OVER
    SETTLING ──the time is over──▶ SETTLED
    SETTLING ──the program ended──▶ OVER

While SETTLING, a timer runs: a window that flaps does not make the program repaint each time. A viewer in use that
leaves may be back at once, after a broken connection; a second timer runs until the viewer that was in use before it
takes its place.
"""

from __future__ import annotations

from enum import StrEnum

from session_host.protocol.messages import SizeEvent
from session_host.protocol.values import CellSize, GridSize

from .attachments import Attachment, Attachments
from .effects import Effect, ResizeGrid, StartTimer, StopTimer, Tell
from .states import Table

RESIZE, RESIZE_DEBOUNCE_S = "resize", 0.03
LEAVING, LEAVING_DEBOUNCE_S = "leaving", 0.3


class State(StrEnum):
    """What the grid's size waits for."""

    WAITING = "WAITING"
    SETTLED = "SETTLED"
    SETTLING = "SETTLING"
    OVER = "OVER"


class _Event(StrEnum):
    RUNS = "the program runs"
    OTHER_WANTED = "another size is wanted"
    TIME_OVER = "the time is over"
    ENDED = "the program ended"


TABLE = Table(
    {
        State.WAITING: {_Event.RUNS: State.SETTLED, _Event.ENDED: State.OVER},
        State.SETTLED: {_Event.OTHER_WANTED: State.SETTLING, _Event.ENDED: State.OVER},
        State.SETTLING: {_Event.TIME_OVER: State.SETTLED, _Event.ENDED: State.OVER},
        State.OVER: {},
    }
)


class Sizing:
    """Decides on the grid's size.

    Attributes:
        state: see the module.
        size, cell: the grid as of the end of the output.
        in_use: the viewer last used; None after it left, until another takes its place.
        told: the size that a viewer set last, None if this host knows of none.
    """

    def __init__(self, attachments: Attachments, effects: list[Effect], size: GridSize, cell: CellSize) -> None:
        self.state = State.WAITING
        self.size, self.cell = size, cell
        self.in_use: Attachment | None = None
        self.told: SizeEvent | None = None
        self._attachments = attachments
        self._effects = effects
        self._is_leaving = False
        self._uses = 0

    # ------------------------------------------------------------ events

    def program_runs(self) -> None:
        """The program runs: from now on it can be told a size. Viewers learn it when they are told Attached."""
        self._apply()
        self.state = TABLE.after(self.state, _Event.RUNS)

    def used(self, attachment: Attachment) -> None:
        """The user did something in this viewer."""
        if self.in_use is not attachment:
            self._come_into_use(attachment)
            self._settle()

    def resized(self, attachment: Attachment) -> None:
        """A viewer's grid changed; it counts if that viewer is in use, or none is."""
        if attachment.read_only:
            return
        if self.in_use is None:
            self._come_into_use(attachment)
        if self.in_use is attachment:
            self._settle()

    def left(self, attachment: Attachment) -> None:
        """A viewer is gone."""
        if self.in_use is attachment:
            self.in_use = None
            if self.state is not State.OVER:
                self._is_leaving = True
                self._effects.append(StartTimer(self, LEAVING, LEAVING_DEBOUNCE_S))

    def timer_due(self, name: str) -> None:
        """The size has settled, or the viewer that left has not come back."""
        if name == RESIZE:
            self.state = TABLE.after(self.state, _Event.TIME_OVER)
            self._apply()
            return
        self._is_leaving = False
        other = self._attachments.last_used()
        if other is not None:
            self._come_into_use(other)
            if self.state is State.SETTLING:
                self._effects.append(StopTimer(self, RESIZE))
                self.state = TABLE.after(self.state, _Event.TIME_OVER)
            self._apply()

    def program_ended(self) -> None:
        """The program ended: the grid stays as it is."""
        if self.state is State.SETTLING:
            self._effects.append(StopTimer(self, RESIZE))
        self._forget_leaving()
        self.state = TABLE.after(self.state, _Event.ENDED)

    # ------------------------------------------------------------ rules

    def _come_into_use(self, attachment: Attachment) -> None:
        self._forget_leaving()
        self.in_use = attachment
        self._uses += 1
        attachment.used = self._uses

    def _forget_leaving(self) -> None:
        if self._is_leaving:
            self._is_leaving = False
            self._effects.append(StopTimer(self, LEAVING))

    def _settle(self) -> None:
        if self.state is State.SETTLED and self._wanted() != (self.size, self.cell):
            self.state = TABLE.after(self.state, _Event.OTHER_WANTED)
            self._effects.append(StartTimer(self, RESIZE, RESIZE_DEBOUNCE_S))

    def _wanted(self) -> tuple[GridSize, CellSize]:
        attachment = self.in_use
        if attachment is None or attachment.size is None or attachment.read_only:
            return self.size, self.cell
        return attachment.size.clamped(), attachment.cell

    def _apply(self) -> None:
        """Give the grid the size that is wanted now."""
        wanted = self._wanted()
        if wanted != (self.size, self.cell):
            self.size, self.cell = wanted
            self._effects.append(ResizeGrid(*wanted))
        attachment = self.in_use
        if attachment is not None and attachment.size is not None:
            event = SizeEvent(self.size, attachment.kind)
            if event != self.told:
                self.told = event
                if self.state is not State.WAITING:
                    self._effects.append(Tell(event))
