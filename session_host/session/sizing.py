"""Chooses the grid size: the most recently used viewer's, once its size has settled.

States of the grid::

    WAITING ──the program runs──▶ SETTLED
    WAITING ──the program ended──▶ OVER
    SETTLED ──another size is wanted──▶ SETTLING
    SETTLED ──the program ended──▶ OVER
    SETTLING ──the timer expires──▶ SETTLED
    SETTLING ──the program ended──▶ OVER

While SETTLING, a timer runs, so that a window that changes size repeatedly causes one repaint. A viewer that
leaves or is cut off may be back soon, so a second timer delays the change to the previously used viewer.
"""

from __future__ import annotations

from enum import StrEnum

from session_host.protocol.messages import SizeEvent
from session_host.protocol.values import CellSize, GridSize

from .attachments import Attachment, Attachments
from .effects import Broadcast, Effect, ResizeGrid, Timers

RESIZE, RESIZE_DEBOUNCE_S = "resize", 0.03
LEAVING, LEAVING_DEBOUNCE_S = "leaving", 0.3
CUT_OFF_DEBOUNCE_S = 5.0
"""A viewer on another machine has a new link by then."""


class SizingState(StrEnum):
    """The states of the grid's size."""

    WAITING = "WAITING"
    SETTLED = "SETTLED"
    SETTLING = "SETTLING"
    OVER = "OVER"


class Sizing:
    """Decides on the grid's size.

    Attributes:
        state: see the module.
        size, cell: the grid as of the end of the output.
        in_use: the most recently used viewer; None after it has left, until another one is used.
        last_event: the last size event, None if this host has sent none.
    """

    def __init__(self, attachments: Attachments, effects: list[Effect], size: GridSize, cell: CellSize) -> None:
        self.state = SizingState.WAITING
        self.size, self.cell = size, cell
        self.in_use: Attachment | None = None
        self.last_event: SizeEvent | None = None
        self._attachments = attachments
        self._effects = effects
        self._timers = Timers(self, effects)
        self._uses = 0

    # ------------------------------------------------------------ events

    def program_runs(self) -> None:
        """Set the size of the program, which runs now. Viewers get the size with Attached."""
        self._apply()
        if self.state is SizingState.WAITING:
            self.state = SizingState.SETTLED

    def viewer_used(self, attachment: Attachment) -> None:
        """Note that this viewer is in use."""
        if self.in_use is not attachment:
            self._set_in_use(attachment)
            self._settle()

    def viewer_resized(self, attachment: Attachment) -> None:
        """Handle a changed grid of a viewer; it has an effect if this viewer, or none, is in use."""
        if attachment.read_only:
            return
        if self.in_use is None:
            self._set_in_use(attachment)
        if self.in_use is attachment:
            self._settle()

    def viewer_left(self, attachment: Attachment, *, is_cut_off: bool = False) -> None:
        """Handle a viewer that left, or lost its connection."""
        if self.in_use is attachment:
            self.in_use = None
            if self.state is not SizingState.OVER:
                self._timers.start(LEAVING, CUT_OFF_DEBOUNCE_S if is_cut_off else LEAVING_DEBOUNCE_S)

    def timer_due(self, name: str) -> None:
        """Apply the settled size, or change to another viewer since the one in use has not returned."""
        self._timers.expired(name)
        if name == RESIZE:
            self.state = SizingState.SETTLED
            self._apply()
            return
        other = self._attachments.last_used()
        if other is not None:
            self._set_in_use(other)
            if self.state is SizingState.SETTLING:
                self._timers.stop(RESIZE)
                self.state = SizingState.SETTLED
            self._apply()

    def program_ended(self) -> None:
        """Stop all timers; the grid keeps its size after the program's end."""
        self._timers.stop(RESIZE, LEAVING)
        self.state = SizingState.OVER

    # ------------------------------------------------------------ rules

    def _set_in_use(self, attachment: Attachment) -> None:
        self._timers.stop(LEAVING)
        self.in_use = attachment
        self._uses += 1
        attachment.last_use = self._uses

    def _settle(self) -> None:
        if self.state is SizingState.SETTLED and self._target_grid() != (self.size, self.cell):
            self.state = SizingState.SETTLING
            self._timers.start(RESIZE, RESIZE_DEBOUNCE_S)

    def _target_grid(self) -> tuple[GridSize, CellSize]:
        attachment = self.in_use
        if attachment is None or attachment.size is None or attachment.read_only:
            return self.size, self.cell
        return attachment.size.clamped(), attachment.cell

    def _apply(self) -> None:
        """Give the grid the size of the viewer in use."""
        target = self._target_grid()
        if target != (self.size, self.cell):
            self.size, self.cell = target
            self._effects.append(ResizeGrid(*target))
        attachment = self.in_use
        if attachment is not None and attachment.size is not None:
            event = SizeEvent(self.size, attachment.kind)
            if event != self.last_event:
                self.last_event = event
                if self.state is not SizingState.WAITING:
                    self._effects.append(Broadcast(event))
