"""Queue of one client: frames in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from session_host.protocol.codec import encode
from session_host.protocol.messages import Message

from .effects import Flush
from .output_ring import Span
from .session import Session
from .subscription import CaughtUp, OutputSubscription


class FrameQueue:
    """The frames that wait for one client.

    Attributes:
        peer: the socket's transport, which only the driver uses.
        refuse: sends the client an error, with its code and text, and drops it.
        subscription: the client's share of the output.
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

    def close(self) -> None:
        """Stop the subscription of a client that disconnected."""
        self.subscription.close()

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
