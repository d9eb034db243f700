"""A timer of the event loop that its owner sets repeatedly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Timer:
    """Calls a function once, after a delay; setting the timer again replaces the previous call."""

    def __init__(self) -> None:
        self._handle: asyncio.TimerHandle | None = None

    @property
    def is_set(self) -> bool:
        """Whether a call is pending."""
        return self._handle is not None

    def set(self, delay_s: float, work: Callable[[], object]) -> None:
        """Call ``work`` after the delay, in place of a pending call."""
        self.cancel()
        self._handle = asyncio.get_running_loop().call_later(delay_s, self._due, work)

    def cancel(self) -> None:
        """Cancel a pending call."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _due(self, work: Callable[[], object]) -> None:
        self._handle = None
        work()
