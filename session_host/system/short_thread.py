"""Run blocking work in a thread that exits afterwards; an idle pool thread would cost memory in every host.

Never in a fork: a host has other threads, and locks that they hold would stay held in it.
"""

from __future__ import annotations

import _thread
import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")


async def run_in_transient_thread(work: Callable[[], T], at_work: _thread.LockType | None = None) -> T:
    """Do the work in a thread of its own; return or raise what it does. Where no thread can be had, do it here.

    Args:
        work: what is done.
        at_work: a lock that is held until the thread has told its result.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            tell = partial(result.set_result, work())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is awaited
            tell = partial(result.set_exception, error)
        try:
            with contextlib.suppress(RuntimeError):  # The loop is closed: nobody waits any more.
                loop.call_soon_threadsafe(lambda: None if result.cancelled() else tell())
        finally:
            if at_work is not None:
                at_work.release()

    if at_work is not None:
        at_work.acquire()
    try:
        _thread.start_new_thread(run, ())
    except RuntimeError:
        run()
    return await result
