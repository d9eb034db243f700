"""Signals on their way to the outer terminal: they wait for the user's rules, which are on the disk."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from session_host.client.chats.notification_rules import NotificationRules, read_rules

MAX_WAITING: Final = 8
"""How many signals wait for the rules; the newest ones."""

Decide = Callable[[NotificationRules], Sequence[bytes]]
"""Returns the sequences to write under the present rules; none if they do not want the signal, or it is out of date."""


class SignalQueue:
    """Reads the rules of a chat in a thread, and writes what they allow."""

    def __init__(self, session_id: str, write: Callable[[bytes], None]) -> None:
        self._session_id = session_id
        self._write = write
        self._waiting: deque[Decide] = deque(maxlen=MAX_WAITING)
        self._task: asyncio.Task[None] | None = None

    def add(self, decide: Decide) -> None:
        """Write a signal as soon as the rules are known."""
        self._waiting.append(decide)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._pass_on(), name=f"signals {self._session_id}")

    async def finish(self) -> None:
        """Wait until all signals are written: a program may ring and end at once."""
        if self._task is not None:
            await self._task

    async def _pass_on(self) -> None:
        while self._waiting:
            rules = await asyncio.to_thread(read_rules, self._session_id)
            decided, self._waiting = self._waiting, deque(maxlen=MAX_WAITING)
            for decide in decided:
                for signal in decide(rules):
                    self._write(signal)
