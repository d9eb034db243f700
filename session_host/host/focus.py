"""Tells a program that asked for it (mode 1004) that nobody looks at it any more, once, and that somebody does again.

A terminal tells so when its window loses the keyboard; this one may have no window at all. Some agents notify their
user only then. What viewers say of the keyboard goes to the program as they say it; this is for when none is left
to say it. A viewer that is gone for a moment, or is about to come, is waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from session_host.estate.ledger import Ledger
from session_host.estate.records import Kind
from session_host.terminal.base import Emulator

from .attachments import Attachment, Attachments
from .lane import EmulatorLane

GRACE_S = 2.0
"""A viewer that went away may come back so soon that nobody is to notice."""


class FocusTeller:
    """What the program believes of the keyboard.

    Attributes:
        told: what it was told last; None for nothing, which means that it has it.
        nobody_looks: no viewer shows it, since long enough: ``look`` is to be called after each use of the emulator.
    """

    def __init__(
        self,
        attachments: Attachments,
        ledger: Ledger,
        lane: EmulatorLane,
        flush: Callable[[], None],
        told: bool | None,
    ) -> None:
        self._attachments = attachments
        self._ledger = ledger
        self._lane = lane
        self._flush = flush
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False
        self.told = told
        self.nobody_looks = False
        attachments.changed = self.changed

    def changed(self) -> None:
        """A viewer came, went, was hidden, or got or lost the keyboard."""
        if self._is_closed:
            return
        if self._attachments.is_looked_at():
            self._forget_timer()
            self.nobody_looks = False
            if self.told is False and self._attachments.has_focus():
                self._lane.soon(lambda emulator: self._tell(emulator, focused=True))
        elif self._timer is None and not self.nobody_looks:
            self._timer = asyncio.get_running_loop().call_later(GRACE_S, self._nobody_came)

    def _nobody_came(self) -> None:
        self._timer = None
        self.nobody_looks = not self._attachments.is_looked_at()
        if self.nobody_looks:
            self._lane.soon(self.look)

    def look(self, emulator: Emulator) -> None:
        """Nobody looks: a program that wants to know, and does not yet, is told."""
        self._tell(emulator, focused=False)

    def _tell(self, emulator: Emulator, *, focused: bool) -> None:
        data = emulator.encode_focus(focused)
        if not data:
            self.told = None  # It does not ask, or no longer; one that asks anew knows nothing.
        elif focused is not (self.told is not False):
            self.told = focused
            self._ledger.add(Kind.FOCUS, data, number=int(focused))
            self._flush()

    def viewer_told(self, attachment: Attachment, *, focused: bool) -> None:
        """A viewer said it, and it went to the program, if that asks."""

        def note(emulator: Emulator) -> None:
            if emulator.encode_focus(focused):
                self.told = focused

        attachment.focused = focused
        self.nobody_looks = self.nobody_looks and not focused
        self._lane.soon(note)
        self.changed()

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        """No more."""
        self._is_closed = True
        self._forget_timer()
        self.nobody_looks = False
