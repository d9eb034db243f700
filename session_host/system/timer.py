"""A timer of the event loop that one owner sets again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Timer:
    """Calls a function once, when it is due; setting it anew replaces the former time."""

    def __init__(self) -> None:
        self._handle: asyncio.TimerHandle | None = None

    @property
    def is_set(self) -> bool:
        """Whether it is to call something yet."""
        return self._handle is not None

    def set(self, delay_s: float, work: Callable[[], object]) -> None:
        """Call ``work`` after the delay, and not what was set before."""
        self.cancel()
        self._handle = asyncio.get_running_loop().call_later(delay_s, self._due, work)

    def cancel(self) -> None:
        """Call nothing."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _due(self, work: Callable[[], object]) -> None:
        self._handle = None
        work()
