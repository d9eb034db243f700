"""Worker: does blocking work in a thread, in order. The thread ends when no work has come for a while.

An idle thread costs memory in every host, so one that has nothing to do ends. Blocking work never runs in a fork: a
host has other threads, and a lock that one of them holds at that moment stays held in the fork.
"""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import logging
from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from typing import TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")


class Worker:
    """Does work in order, in a thread of its own while there is any. Where no thread can be had, does it at once."""

    def __init__(self, linger_s: float = 0.0) -> None:
        """Start no thread yet.

        Args:
            linger_s: how long an idle thread waits for more work before it ends.
        """
        self._linger_s = linger_s
        self._queue: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        """Work, and None for each time that a thread is to end without lingering."""
        self._running = _thread.allocate_lock()
        """Held while there is a thread."""

    def submit(self, work: Callable[[], object]) -> None:
        """Do this work behind the work before it; log what it raises."""
        self._queue.put(work)
        if not self._running.acquire(blocking=False):
            return  # The thread looks at the queue again after it has released the lock.
        try:
            _thread.start_new_thread(self._work, (self._linger_s,))
        except RuntimeError:
            self._work(0.0)

    def submit_and_call(
        self, work: Callable[[], T], done: Callable[[T], object], failed: Callable[[BaseException], object]
    ) -> None:
        """Do this work; call ``done`` with its result, or ``failed`` with what it raised, on this event loop."""
        loop = asyncio.get_running_loop()

        def run() -> None:
            call: Callable[[], object]
            try:
                call = partial(done, work())
            except BaseException as error:  # noqa: BLE001 - it is for the caller
                call = partial(failed, error)
            with contextlib.suppress(RuntimeError):  # The loop is closed: nobody waits any more.
                loop.call_soon_threadsafe(call)

        self.submit(run)

    async def run(self, work: Callable[[], T]) -> T:
        """Do this work; return or raise what it does."""
        result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.submit_and_call(
            work,
            lambda value: None if result.cancelled() else result.set_result(value),
            lambda error: None if result.cancelled() else result.set_exception(error),
        )
        return await result

    def join(self) -> None:
        """Wait until all work is done and the thread ends. Blocks."""
        self._queue.put(None)
        with self._running:
            self._do_waiting(0.0)  # A thread that just ends may have left some: it does nothing without the lock.

    def _work(self, linger_s: float) -> None:
        """In the thread: do what waits, and what comes meanwhile."""
        while True:
            self._do_waiting(linger_s)
            self._running.release()
            if self._queue.empty() or not self._running.acquire(blocking=False):
                return

    def _do_waiting(self, linger_s: float) -> None:
        with contextlib.suppress(Empty):
            while (work := self._queue.get(timeout=linger_s)) is not None:
                try:
                    work()
                except BaseException:
                    log.exception("work in a thread failed")
                del work  # It may hold much memory while the thread lingers.
