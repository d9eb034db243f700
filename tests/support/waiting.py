"""Waiting for a condition, with a deadline and a clear message on failure.

The machine may be busy, so each timeout is at least a minute. With ``is_exact``, the wait ends after the given time,
for conditions that need not become true.

Tests never sleep: they wait for a condition, and continue as soon as it is true. If the system reports the event (a
readable descriptor, the end of a process), tests wait for that directly. A condition that takes long, as one that runs
a command, is checked less often: otherwise it would take the processor from what it waits for. A benchmark names the
pause itself, since it would measure this one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

POLL_INTERVAL_S = 0.01
PAUSE_RATIO = 3
MAX_PAUSE_S = 0.3
TIMEOUT_S = 60.0
"""The minimum timeout: a busy machine may take this long."""


class WaitTimeout(AssertionError):
    """The condition did not become true in time."""


def wait_until(
    condition: Callable[[], T],
    timeout_s: float,
    what: str | Callable[[], str],
    *,
    every_s: float | None = None,
    is_exact: bool = False,
) -> T:
    """Call ``condition`` until it returns a true value, and return that value.

    Args:
        condition: called at once, and then again and again. A file that it reads may not be there: the program that
            makes it has just begun, or replaces it at this moment.
        timeout_s: after this time the wait fails.
        what: the condition in words, for the failure's message; a callable can add the state reached.
        every_s: the pause between two calls; without it, a condition that takes long is called less often.
        is_exact: the wait ends after ``timeout_s`` even on a busy machine.

    Raises:
        WaitTimeout: the time is up.
    """
    timeout_s = _effective_timeout(timeout_s, is_exact)
    deadline = time.monotonic() + timeout_s
    while True:
        began = time.monotonic()
        is_late = began >= deadline  # Read first, so that the condition is checked once after the deadline.
        if result := _try(condition):
            return result
        if is_late:
            raise WaitTimeout(_message(what, timeout_s))
        select.select([], [], [], _pause_s(every_s, began))


async def eventually(
    condition: Callable[[], T],
    timeout_s: float,
    what: str | Callable[[], str],
    *,
    every_s: float | None = None,
    is_exact: bool = False,
) -> T:
    """As ``wait_until``, with the event loop running meanwhile."""
    timeout_s = _effective_timeout(timeout_s, is_exact)
    deadline = time.monotonic() + timeout_s
    while True:
        began = time.monotonic()
        is_late = began >= deadline
        if result := _try(condition):
            return result
        if is_late:
            raise WaitTimeout(_message(what, timeout_s))
        await asyncio.sleep(_pause_s(every_s, began))


async def poll_until(
    ask: Callable[[], Awaitable[T]], fits: Callable[[T], bool], timeout_s: float, what: str | Callable[[], str]
) -> T:
    """Await ``ask`` until ``fits`` accepts its result, and return that result; otherwise as ``eventually``."""
    timeout_s = _effective_timeout(timeout_s)
    deadline = time.monotonic() + timeout_s
    while True:
        began = time.monotonic()
        is_late = began >= deadline
        if fits(answer := await ask()):
            return answer
        if is_late:
            raise WaitTimeout(_message(what, timeout_s))
        await asyncio.sleep(_pause_s(None, began))


def wait_readable(descriptor: int, timeout_s: float, what: str, *, is_exact: bool = False) -> None:
    """Wait until ``descriptor`` has bytes, or its end, to be read.

    Raises:
        WaitTimeout: the time is up.
    """
    timeout_s = _effective_timeout(timeout_s, is_exact)
    if not select.select([descriptor], [], [], timeout_s)[0]:
        raise WaitTimeout(_message(what, timeout_s))


def wait_for_end(pid: int, timeout_s: float, what: str = "", *, is_exact: bool = False) -> None:
    """Wait until the process has ended; it need not be a child. A zombie counts as ended.

    Raises:
        WaitTimeout: the time is up.
    """
    with contextlib.suppress(ProcessLookupError):  # it has ended already
        descriptor = os.pidfd_open(pid)
        try:
            wait_readable(descriptor, timeout_s, what or f"the end of process {pid}", is_exact=is_exact)
        finally:
            os.close(descriptor)


def _try(condition: Callable[[], T]) -> T | None:
    """The value of the condition; None if a file that it reads is not there."""
    with contextlib.suppress(FileNotFoundError):
        return condition()
    return None


def _pause_s(every_s: float | None, began: float) -> float:
    """The pause after a call of a condition that began at this time."""
    if every_s is not None:
        return every_s
    return max(POLL_INTERVAL_S, min(PAUSE_RATIO * (time.monotonic() - began), MAX_PAUSE_S))


def _effective_timeout(timeout_s: float, is_exact: bool = False) -> float:
    return timeout_s if is_exact else max(timeout_s, TIMEOUT_S)


def _message(what: str | Callable[[], str], timeout_s: float) -> str:
    return f"timed out after {timeout_s:g} s, waiting for {what if isinstance(what, str) else what()}"
