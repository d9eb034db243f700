"""The acknowledgement of a viewer's inputs, held back for a moment.

It goes with the echo: a viewer that is woken for the acknowledgement alone gets the echo later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from session_host.protocol.codec import encode
from session_host.protocol.messages import InputAck

DELAY_S = 0.005


class HeldAck:
    """At most one acknowledgement; they are cumulative, so that the last one says it all."""

    def __init__(self, send: Callable[[InputAck], None]) -> None:
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._ack: InputAck | None = None
        self._timer: asyncio.TimerHandle | None = None

    def hold(self, ack: InputAck) -> None:
        """Send this, with something else or after a moment."""
        self._ack = ack
        if self._timer is None:
            self._timer = self._loop.call_later(DELAY_S, self._is_due)

    def take(self) -> bytes:
        """It, as a frame, to be sent with what is sent now; b"" if there is none."""
        if self._ack is None:
            return b""
        # The timer runs on: it finds nothing, or the acknowledgement of a later key, which is as well.
        ack, self._ack = self._ack, None
        return encode(ack)

    def _is_due(self) -> None:
        self._timer = None
        self.flush()

    def flush(self) -> None:
        """Send it now."""
        if self._ack is not None:
            ack, self._ack = self._ack, None
            self._send(ack)

    def close(self) -> None:
        """There is nobody to tell any more."""
        if self._timer is not None:
            self._timer.cancel()
