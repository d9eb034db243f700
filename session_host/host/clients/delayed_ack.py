"""The acknowledgement of a viewer's inputs, held back for a moment.

It goes with the echo: a viewer that is woken for the acknowledgement alone gets the echo later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from session_host.protocol.messages import InputAck

DELAY_S = 0.02
"""Nothing waits for it but the viewer's memory of what it sent; and a key may have to wait for a timer."""


class DelayedAck:
    """At most one acknowledgement; they are cumulative, so that the last one says it all.

    Attributes:
        attachment: whose inputs it is about.
        sequence: of the last of them, 0 while there is nothing to tell; who tells it with something else makes it 0.
    """

    def __init__(self, send: Callable[[InputAck], None]) -> None:
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.attachment = ""
        self.sequence = 0

    def schedule(self, attachment: str, sequence: int) -> None:
        """Tell the viewer, with something else or after a moment, that all its inputs up to this one are written."""
        self.attachment, self.sequence = attachment, sequence
        # A timer that still runs finds nothing, or the acknowledgement of a later key, which is as well.
        if self._timer is None:
            self._timer = self._loop.call_later(DELAY_S, self._is_due)

    def _is_due(self) -> None:
        self._timer = None
        self.flush()

    def flush(self) -> None:
        """Send it now."""
        if self.sequence:
            sequence, self.sequence = self.sequence, 0
            self._send(InputAck(self.attachment, sequence))

    def close(self) -> None:
        """There is nobody to tell any more."""
        if self._timer is not None:
            self._timer.cancel()
