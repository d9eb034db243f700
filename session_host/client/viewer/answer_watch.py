"""Notices that the host does not answer. Pure.

The host acknowledges an input once the program has it, and a program may read late. So an input that stays
unacknowledged is a reason to ask the host something, and only a missing reply counts. A host that runs replies within
milliseconds.
"""

from __future__ import annotations

from session_host.protocol.messages import Describe

from .effects import Effect, SendMessage, StartAnswerTimer
from .unacknowledged_input import UnacknowledgedInput

TICK_S = 1.0
"""The timer's interval. It runs only after input, and no longer than the host owes an answer."""

SILENT_TICKS = 3
"""Intervals without an answer before the user gets a notice."""


class AnswerWatch:
    """Counts the intervals without an answer.

    Attributes:
        is_timed: the timer runs. An input starts it only if it does not run, so a key costs no timer.
        is_asking: the host was asked something, and has not replied.
        is_silent: so it is for so long that the user knows it.
    """

    def __init__(self, effects: list[Effect], inputs: UnacknowledgedInput) -> None:
        self._effects = effects
        self._inputs = inputs
        self.is_timed = False
        self.reset()

    def reset(self) -> None:
        """Begin anew, since the host has answered or the connection is another; a timer that runs goes on."""
        self.is_asking = self.is_silent = False
        self._seen = 0  # Inputs up to this number had been sent when this interval began.
        self._asked = 0  # The last input before the last question.
        self._received = 0  # The host has the inputs up to this number, acknowledged or not.
        self._silent_ticks = 0
        self._offset = 0

    def start(self) -> None:
        """Start the timer, unless it runs or there is no unacknowledged input."""
        if not self.is_timed and len(self._inputs):
            self._seen = self._newest
            self._start_timer()

    def ask(self, offset: int, silent_ticks: int = 0) -> None:
        """Ask the host something, unless it has been asked; ``offset`` is the replica's place in the output."""
        if not self.is_asking:
            self.is_asking = True
            self._asked, self._offset, self._silent_ticks = self._newest, offset, silent_ticks
            self._effects.append(SendMessage(Describe(0)))
        if not self.is_timed:
            self._start_timer()

    def replied(self) -> None:
        """The host has replied to a question, so it has received all that was sent before."""
        self.is_asking = False
        self._received = self._asked

    def tick(self, offset: int) -> bool:
        """An interval is over; returns whether the host does not answer.

        ``offset`` is the replica's place in the output; the host runs if it has changed.
        """
        self.is_timed = False
        if self.is_asking:
            self._silent_ticks = 0 if offset != self._offset else self._silent_ticks + 1
            self._offset = offset
            if self._silent_ticks >= SILENT_TICKS:
                self.is_silent = True
                return True
            self._start_timer()
            return False
        oldest = max(self._inputs.oldest_sequence, self._received + 1)
        if oldest <= self._seen:
            self.ask(offset, silent_ticks=1)
        elif oldest <= self._newest:
            self._seen = self._newest
            self._start_timer()
        return False

    def wait_on(self) -> None:
        """The interval was longer than wanted, since this process did not run: it counts for nothing."""
        self._start_timer()

    @property
    def _newest(self) -> int:
        return self._inputs.next_sequence - 1

    def _start_timer(self) -> None:
        self.is_timed = True
        self._effects.append(StartAnswerTimer(TICK_S))
