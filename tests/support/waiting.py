"""Waiting for something to become true, with a deadline and a clear complaint.

The machine may be busy with other work: what must come is waited for a minute at least, whatever a test says. Where a
test means its time, since what it waits for need not come, it says ``need_not_come``.

Tests never sleep: they wait for what they need, and go on in the moment it is there. Where the
system tells of it (a descriptor, the end of a process) it is waited for directly.
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

LOOK_AGAIN_S = 0.01
PATIENCE_S = 60.0
"""What must come may take so long on a busy machine."""


class WaitedInVain(AssertionError):
    """What a test waited for did not come."""


def wait_until(
    condition: Callable[[], T],
    timeout_s: float,
    what: str | Callable[[], str],
    *,
    every_s: float = LOOK_AGAIN_S,
    need_not_come: bool = False,
) -> T:
    """Look at ``condition`` until it gives something true, and return that.

    Args:
        condition: called at once and then every ``every_s`` seconds.
        timeout_s: after this time the wait fails.
        what: what is waited for, said in the failure; a callable can say how far it came.
        every_s: how often to look.
        need_not_come: the wait ends after ``timeout_s`` even on a busy machine.

    Raises:
        WaitedInVain: the time is up.
    """
    timeout_s = _patient(timeout_s, need_not_come)
    deadline = time.monotonic() + timeout_s
    while True:
        late = time.monotonic() >= deadline  # read first: the condition is always looked at once more
        if result := condition():
            return result
        if late:
            raise WaitedInVain(_complaint(what, timeout_s))
        select.select([], [], [], every_s)


async def eventually(
    condition: Callable[[], T],
    timeout_s: float,
    what: str | Callable[[], str],
    *,
    every_s: float = LOOK_AGAIN_S,
    need_not_come: bool = False,
) -> T:
    """As ``wait_until``, with the event loop running meanwhile."""
    timeout_s = _patient(timeout_s, need_not_come)
    deadline = time.monotonic() + timeout_s
    while True:
        late = time.monotonic() >= deadline
        if result := condition():
            return result
        if late:
            raise WaitedInVain(_complaint(what, timeout_s))
        await asyncio.sleep(every_s)


async def until_told(
    ask: Callable[[], Awaitable[T]], fits: Callable[[T], bool], timeout_s: float, what: str | Callable[[], str]
) -> T:
    """As ``eventually``, of what has to be asked for; returns the answer that fits."""
    timeout_s = _patient(timeout_s)
    deadline = time.monotonic() + timeout_s
    while True:
        late = time.monotonic() >= deadline
        if fits(answer := await ask()):
            return answer
        if late:
            raise WaitedInVain(_complaint(what, timeout_s))
        await asyncio.sleep(LOOK_AGAIN_S)


def wait_readable(descriptor: int, timeout_s: float, what: str, *, need_not_come: bool = False) -> None:
    """Wait until ``descriptor`` has bytes, or its end, to be read.

    Raises:
        WaitedInVain: the time is up.
    """
    timeout_s = _patient(timeout_s, need_not_come)
    if not select.select([descriptor], [], [], timeout_s)[0]:
        raise WaitedInVain(_complaint(what, timeout_s))


def wait_for_end(pid: int, timeout_s: float, what: str = "", *, need_not_come: bool = False) -> None:
    """Wait until the process has ended; it need not be a child. A zombie counts as ended.

    Raises:
        WaitedInVain: the time is up.
    """
    with contextlib.suppress(ProcessLookupError):  # it has ended already
        descriptor = os.pidfd_open(pid)
        try:
            wait_readable(descriptor, timeout_s, what or f"the end of process {pid}", need_not_come=need_not_come)
        finally:
            os.close(descriptor)


def _patient(timeout_s: float, need_not_come: bool = False) -> float:
    return timeout_s if need_not_come else max(timeout_s, PATIENCE_S)


def _complaint(what: str | Callable[[], str], timeout_s: float) -> str:
    return f"waited {timeout_s:g} s in vain for {what if isinstance(what, str) else what()}"
