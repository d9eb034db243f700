"""Detects that a host does not answer. Pure."""

from __future__ import annotations

from session_host.protocol.messages import Describe

from .effects import Effect, SendMessage, StartAnswerTimer
from .unacknowledged_input import UnacknowledgedInput

INTERVAL_S = 0.65
"""The timer's interval. The timer runs only while an acknowledgement or a reply is missing."""

MAX_SILENT_INTERVALS = 3
"""Intervals without an answer before the user gets a notice."""


class AnswerWatch:
    """Detects that the host does not answer, by counting intervals without an answer.

    The host acknowledges an input once the program has it, and a program may read late. So if an input stays
    unacknowledged, the viewer sends a request (a probe), and only a missing reply counts. A running host replies within
    milliseconds.

    Attributes:
        is_timed: the timer runs. An input starts the timer only if it is not running, so most keys start no timer.
        is_asking: a probe was sent, and the host has not replied.
        is_silent: the reply is missing for so long that the user was notified.
    """

    def __init__(self, effects: list[Effect], inputs: UnacknowledgedInput) -> None:
        self._effects = effects
        self._inputs = inputs
        self.is_timed = False
        self.reset()

    def reset(self) -> None:
        """Forget all counts, since the host has answered or the connection is new; the timer continues."""
        self.is_asking = self.is_silent = False
        self._sent_sequence = 0  # The last input sent before this interval.
        self._probed_sequence = 0  # The last input before the last probe.
        self._received_sequence = 0  # The last input that the host has received, acknowledged or not.
        self._silent_intervals = 0
        self._offset = 0

    def start(self) -> None:
        """Start the timer, unless it runs or there is no unacknowledged input."""
        if not self.is_timed and len(self._inputs):
            self._sent_sequence = self._newest_sequence
            self.start_timer()

    def probe(self, offset: int, silent_intervals: int = 0) -> None:
        """Send a probe, unless one waits for its reply; ``offset`` is the replica's offset of the output."""
        if not self.is_asking:
            self.is_asking = True
            self._probed_sequence = self._newest_sequence
            self._offset, self._silent_intervals = offset, silent_intervals
            self._effects.append(SendMessage(Describe(0)))
        if not self.is_timed:
            self.start_timer()

    def on_reply(self) -> None:
        """The host has replied to a probe, so it has received everything sent before."""
        self.is_asking = False
        self._received_sequence = self._probed_sequence

    def on_interval(self, offset: int) -> bool:
        """An interval is over; returns whether the host does not answer.

        ``offset`` is the replica's offset of the output; if it has changed, the host runs.
        """
        self.is_timed = False
        if self.is_asking:
            self._silent_intervals = 0 if offset != self._offset else self._silent_intervals + 1
            self._offset = offset
            if self._silent_intervals >= MAX_SILENT_INTERVALS:
                self.is_silent = True
                return True
            self.start_timer()
            return False
        oldest = max(self._inputs.oldest_sequence, self._received_sequence + 1)
        if oldest <= self._sent_sequence:
            self.probe(offset, silent_intervals=1)
        elif oldest <= self._newest_sequence:
            self._sent_sequence = self._newest_sequence
            self.start_timer()
        return False

    @property
    def _newest_sequence(self) -> int:
        return self._inputs.next_sequence - 1

    def start_timer(self) -> None:
        """Start an interval; also in place of one that was too long, since this process did not run."""
        self.is_timed = True
        self._effects.append(StartAnswerTimer(INTERVAL_S))
