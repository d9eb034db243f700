"""The event loop of commands."""

from __future__ import annotations

import asyncio
import ctypes
import operator
import os
import select
import signal
import time
from collections import deque
from functools import partial

import pytest

from session_host.system.event_loop import run_command


def test_ctrl_c_just_before_the_loop_waits_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal between the loop's last check and ``epoll_wait`` must end that wait."""

    class Selector:
        """epoll, with Ctrl+C just before its third wait, which lasts a minute unless something ends it."""

        def __init__(self) -> None:
            self._epoll = select.epoll()
            self._waits = 0

        def poll(self, timeout_s: float = -1, maximum: int = -1) -> list[tuple[int, int]]:
            self._waits += 1
            if self._waits == 3:
                libc = ctypes.PyDLL(None)
                events = (ctypes.c_char * (12 * 16))()
                interrupt = partial(libc.kill, os.getpid(), signal.SIGINT)
                wait = partial(libc.epoll_wait, self._epoll.fileno(), events, 16, 60_000)
                # A single call for the interpreter, so that it runs no signal handler between the two.
                deque(map(operator.call, [interrupt, wait]))
            return self._epoll.poll(timeout_s, maximum)

        def __getattr__(self, name: str) -> object:
            return getattr(self._epoll, name)

    async def forever() -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        await asyncio.Event().wait()

    monkeypatch.setattr("selectors.EpollSelector._selector_cls", Selector)
    began_s = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_command(forever())
    assert time.monotonic() - began_s < 40, "it would sleep for a minute"
