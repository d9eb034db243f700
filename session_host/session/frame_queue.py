"""Queue of one client: frames in order, and delayed acknowledgements of its input. Output path, 7 of 16.

An acknowledgement waits for a moment, to go out behind the next output. Sent alone, it would wake the viewer and delay
the echo.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from session_host.protocol.codec import encode
from session_host.protocol.messages import InputAck, Message

from .effects import Flush, StartTimer, StopTimer
from .output_ring import Span
from .session import Session
from .subscription import CaughtUp, OutputSubscription

ACK, ACK_DELAY_S = "acknowledgement", 0.1
"""Only the viewer's retransmit queue waits for the acknowledgement; a shorter delay would cost a timer for each key."""


class FrameQueue:
    """The frames that wait for one client.

    Attributes:
        peer: the socket's transport, which only the driver uses.
        refuse: sends the client an error, with its code and text, and drops it.
        subscription: the client's share of the output.
        ack_sequence: the last input that is written and not acknowledged yet; 0 for none.
    """

    def __init__(
        self, session: Session, peer: Any, *, caught_up: Callable[[], None], refuse: Callable[[str, str], None]
    ) -> None:
        """Begin without frames.

        Args:
            session: the session that the client connects to.
            peer: see the attribute.
            caught_up: called when all output is queued for the client.
            refuse: see the attribute.
        """
        self.peer, self.refuse = peer, refuse
        self.subscription = OutputSubscription(self, session.ring, session.subscribers, session.effects)
        self.ack_sequence = 0
        self._ack_attachment = ""
        self._is_ack_timer_running = self._has_written_since_timer = False
        self._caught_up = caught_up
        self._effects = session.effects
        self._pieces: list[bytes | Span] = []
        self._is_flush_wanted = False

    def queue_message(self, message: Message) -> None:
        """Queue a message behind the waiting ones."""
        self._collect()
        self._queue(encode(message))

    def data_to_send(self) -> list[bytes | Span]:
        """Return the frames that wait for the client, in order; a Span stands for a part of the output file."""
        self._is_flush_wanted = True
        self._collect()
        self._is_flush_wanted = False
        pieces, self._pieces = self._pieces, []
        return pieces

    def frame(self, shared: bytes) -> bytes:
        """Append a waiting acknowledgement to a frame that was encoded once for all clients."""
        if self.ack_sequence:
            shared += encode(InputAck(self._ack_attachment, self.ack_sequence))
            self.ack_sequence = 0
        return shared

    def written(self, attachment: str, sequence: int) -> None:
        """Acknowledge all inputs up to this one, with the next frame or after a short delay."""
        self._ack_attachment, self.ack_sequence = attachment, sequence
        # A running timer may find nothing, or the acknowledgement of a later key; both are harmless.
        if self._is_ack_timer_running:
            self._has_written_since_timer = True
        else:
            self._is_ack_timer_running = True
            self._effects.append(StartTimer(self, ACK, ACK_DELAY_S))

    def flush_ack(self) -> None:
        """Queue the delayed acknowledgement."""
        if self.ack_sequence:
            sequence, self.ack_sequence = self.ack_sequence, 0
            self.queue_message(InputAck(self._ack_attachment, sequence))

    def timer_due(self, name: str) -> None:  # noqa: ARG002 - there is one
        """Send the acknowledgement by itself, since no frame came in time."""
        # While keys arrive, the timer is restarted here, so that no key has to start it.
        self._is_ack_timer_running, self._has_written_since_timer = self._has_written_since_timer, False
        if self._is_ack_timer_running:
            self._effects.append(StartTimer(self, ACK, ACK_DELAY_S))
        self.flush_ack()

    def close(self) -> None:
        """Stop the subscription and the timer of a client that disconnected."""
        self.subscription.close()
        if self._is_ack_timer_running:
            self._effects.append(StopTimer(self, ACK))

    def _queue(self, piece: bytes | Span) -> None:
        if not self._is_flush_wanted:
            self._is_flush_wanted = True
            self._effects.append(Flush(self))
        self._pieces.append(piece)

    def _collect(self) -> None:
        """Queue what the subscription has for the client."""
        for message in self.subscription.messages_to_send():
            if isinstance(message, Span):
                self._queue(message)
            elif isinstance(message, CaughtUp):
                self._caught_up()
            else:
                self._queue(encode(message))
