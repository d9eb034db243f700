"""Shares the turns of an event loop among all sources of messages: many take no more of a turn than one does.

A process with a user (the window) must act on the user's input between two turns, however many hosts and machines send,
and however much.
"""

from __future__ import annotations

import asyncio
from collections import deque
from time import perf_counter
from typing import Protocol
from weakref import WeakKeyDictionary

TURN_S = 0.008
"""What all sources may take of one turn."""


class Source(Protocol):
    """A connection with messages that wait."""

    def pass_next(self) -> bool:
        """Pass one message on, if one can be passed on; return whether another one can."""


class Turns:
    """The turns of one loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Source] = deque()
        self._is_serving = False
        self._next: asyncio.Handle | None = None
        self._taken_s = self._ended_s = 0.0
        """What was taken lately without a pause, and until when."""

    def serve(self, source: Source) -> None:
        """Let a source pass on all that waits: at once, or in later turns, after those that wait already."""
        self._waiting.append(source)
        if self._is_serving or self._next is not None:
            return
        now_s = perf_counter()
        self._taken_s = max(0.0, self._taken_s - (now_s - self._ended_s))
        if self._taken_s < TURN_S:
            self._serve_until(now_s + TURN_S - self._taken_s)
        else:
            self._next = self._loop.call_soon(self._begin_turn)

    def _begin_turn(self) -> None:
        self._taken_s = 0.0
        self._serve_until(perf_counter() + TURN_S)

    def _serve_until(self, end_s: float) -> None:
        """Let the sources pass on their messages, one after the other, until then."""
        self._is_serving, self._next = True, None
        try:
            while self._waiting:
                source = self._waiting.popleft()
                if source.pass_next():
                    self._waiting.append(source)
                if self._waiting and perf_counter() > end_s:
                    break
        finally:
            self._is_serving, self._ended_s = False, perf_counter()
            self._taken_s = TURN_S - max(0.0, end_s - self._ended_s)
            if self._waiting:
                self._next = self._loop.call_soon(self._begin_turn)


_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, Turns] = WeakKeyDictionary()


def serve(source: Source) -> None:
    """Let a source pass on what waits, in the turns of the running loop; see ``Turns.serve``."""
    loop = asyncio.get_running_loop()
    if (turns := _turns.get(loop)) is None:
        turns = _turns[loop] = Turns(loop)
    turns.serve(source)
