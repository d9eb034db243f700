"""Worker: does blocking work in a thread, in order. An idle thread ends after a while.

An idle thread costs memory in every host, so it ends. Blocking work never runs in a fork: a host has other threads, and
a lock that one of them holds at the fork would stay locked in the fork.
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
    """Does work in order, in its own thread while there is work. If no thread can be started, does it at once."""

    def __init__(self, linger_s: float = 0.0, at_end: Callable[[], object] | None = None) -> None:
        """Create a worker without a thread.

        Args:
            linger_s: how long an idle thread waits for more work before it ends.
            at_end: called in the thread when it ends because it was idle.
        """
        self._linger_s = linger_s
        self._at_end = at_end
        self._queue: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        """Work, and a None for each time that a thread must end without lingering."""
        self._running = _thread.allocate_lock()
        """Locked while there is a thread."""

    def submit(self, work: Callable[[], object]) -> None:
        """Do this work after the earlier work; log its exceptions."""
        self._queue.put(work)
        if not self._running.acquire(blocking=False):
            return  # The thread checks the queue again after it has released the lock.
        try:
            _thread.start_new_thread(self._work, (self._linger_s,))
        except RuntimeError:
            self._work(0.0)

    def submit_and_call(
        self, work: Callable[[], T], done: Callable[[T], object], failed: Callable[[BaseException], object]
    ) -> None:
        """Do this work; call ``done`` with its result, or ``failed`` with its exception, on this event loop."""
        loop = asyncio.get_running_loop()

        def run() -> None:
            call: Callable[[], object]
            try:
                call = partial(done, work())
            except BaseException as error:  # noqa: BLE001 - it is for the caller
                call = partial(failed, error)
            with contextlib.suppress(RuntimeError):  # The loop is closed, so nobody waits any more.
                loop.call_soon_threadsafe(call)

        self.submit(run)

    async def run(self, work: Callable[[], T]) -> T:
        """Do this work, and return its result or raise its exception."""
        result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.submit_and_call(
            work,
            lambda value: None if result.cancelled() else result.set_result(value),
            lambda error: None if result.cancelled() else result.set_exception(error),
        )
        return await result

    def join(self, timeout_s: float = -1) -> None:
        """Wait until all work is done and the thread ends, but at most ``timeout_s`` if it is not negative. Blocks."""
        self._queue.put(None)
        if self._running.acquire(timeout=timeout_s):
            try:
                self._do_waiting(0.0)  # An ending thread may have left work; this does nothing without the lock.
            finally:
                self._running.release()

    def _work(self, linger_s: float) -> None:
        """Do the waiting work in the thread, and work that arrives meanwhile."""
        while True:
            self._do_waiting(linger_s)
            self._running.release()
            if self._queue.empty() or not self._running.acquire(blocking=False):
                break
        if self._at_end is not None:
            self._at_end()

    def _do_waiting(self, linger_s: float) -> None:
        with contextlib.suppress(Empty):
            while (work := self._queue.get(timeout=linger_s)) is not None:
                try:
                    work()
                except BaseException:
                    log.exception("work in a thread failed")
                del work  # The work may hold much memory while the thread lingers.
