"""Emulator worker: serializes access to the emulator, on the loop or in a thread.

An engine must not be used from two threads at once, and a flood of output is best interpreted on another core than the
one that reads it. So small output is fed at once, on the loop, and large output in a worker thread. A caller that needs
the emulator then waits for the gap between two jobs.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from time import perf_counter, thread_time
from typing import Any, Generic, NamedTuple, TypeVar

from session_host.errors import OutliveError
from session_host.storage.descriptors.input_log import LogHeader
from session_host.system.freed_memory import return_freed_memory
from session_host.system.worker import Worker
from session_host.terminal.base import Replica

log = logging.getLogger(__name__)

T = TypeVar("T")
R_co = TypeVar("R_co", bound=Replica, covariant=True)
Failed = Callable[[], None]

INLINE_BYTES = 16 * 1024
INLINE_WINDOW_S = 0.005
"""Output below this rate is interpreted on the event loop, because switching to the thread would delay an echo."""

MAX_JOB_BYTES = 512 * 1024
MIN_JOB_BYTES = 4 * 1024
JOB_TARGET_S = 0.008
"""Target duration of one job, since an attach or a key may wait for it."""

PIECE_BYTES = 64 * 1024
"""A job feeds the engine in pieces, and ends early if it takes too long: some sequences are as slow as 1 KB of text."""

LINGER_S = 1.0
"""An idle thread exits after this time, and returns the memory of snapshots. A flood comes in jobs of milliseconds."""

FULL_S = 0.1
"""The PTY is not read while the engine has more work than this: the only back-pressure on the program. In a flood,
replies to the program and events for the viewers are late by this time."""

MIN_FULL_BYTES = 128 * 1024
MAX_FULL_BYTES = 8 * 1024 * 1024
"""Limits of the output that FULL_S stands for, which is in its file. The lower one is tenths of a second for pyte."""

FIRST_FULL_BYTES = 1024 * 1024
"""The limit until the engine's speed is known."""

RESUME_BYTES = 512 * 1024
"""The PTY is read again when this much was interpreted, or half of the limit: viewers get a flood without pauses."""


def _nothing() -> None:
    """Default failure callback: do nothing."""


class _Work(NamedTuple):
    """A job for the thread, with the callbacks for its result."""

    work: Callable[[Any], Any]
    done: Callable[[Any], None]
    failed: Failed


class EmulatorWorker(Generic[R_co]):
    """Feeds an emulator or a transcript, and lends it to callers in between.

    Attributes:
        after: called with the emulator after each use that may have produced replies or events.
        idle: the emulator while it is free, else None; for queries that produce no replies or events.
        interpreted_to: the offset up to which output is interpreted.
        resizes: the number of the last resize that the emulator has applied; the output may be ahead of it.
        cpu_s: the processor's total time of interpreting, in seconds; it does not grow while other programs run.
    """

    def __init__(
        self,
        emulator: R_co,
        after: Callable[[R_co], None],
        drained: Callable[[], None],
        read: Callable[[int, int], bytes],
        *,
        fed: int = 0,
        resizes: int = 0,
        header: LogHeader | None = None,
    ) -> None:
        """Own an emulator.

        Args:
            emulator: the emulator, which ``close`` frees.
            after: see the attribute.
            drained: called when ``is_full`` becomes False.
            read: returns the output from one offset to another; called in the thread.
            fed: how much output the emulator has interpreted before.
            resizes: the number of the last resize that it has applied before.
            header: records the output that is being fed, so that a later host knows which output crashed the engine.
        """
        self._loop = asyncio.get_running_loop()
        self._thread = Worker(LINGER_S, return_freed_memory)
        self.after: Callable[[Any], None] = after
        self._drained = drained
        self._read = read
        self._emulator = emulator
        self._header = header
        self._queue: deque[int | Callable[[Any], None]] = deque()
        """Output to interpret, as a number of bytes, and uses in between."""
        self._soon: deque[Callable[[Any], None] | _Work] = deque()
        self._waiting_bytes = 0
        self._was_full = False
        self._window_began_s = 0.0
        self._window_bytes = 0
        self._job_bytes = 64 * 1024
        self._full_bytes = FIRST_FULL_BYTES
        self.idle: R_co | None = emulator
        self._closed = False
        self.interpreted_to, self.resizes = fed, resizes
        self.cpu_s = 0.0
        self._queued_at_s = 0.0

    @property
    def received_to(self) -> int:
        """The offset of the end of all output that was received, interpreted or not."""
        return self.interpreted_to + self._waiting_bytes

    @property
    def is_full(self) -> bool:
        """Whether the PTY must not be read for now."""
        full = self._waiting_bytes > self._full_bytes
        self._was_full = self._was_full or full
        return full

    @property
    def last_output_s(self) -> float:
        """The time of the last output, as ``loop.time`` counts, precise to milliseconds; 0 for never."""
        return max(self._window_began_s, self._queued_at_s)

    def feed_output(self, data: bytes) -> bool:
        """Interpret output now or later; return whether to continue reading the PTY.

        Args:
            data: the output's next bytes, which ``read`` can return from now on.
        """
        if self.idle is not None and not self._queue and self._is_little(len(data)):
            self._interpret(self._emulator, data, self.interpreted_to)
            self.interpreted_to += len(data)
            self._deliver(self._emulator)
            return True
        self._queue_output(len(data))
        self._queued_at_s = self._loop.time()
        self._next()
        return not self.is_full

    def _queue_output(self, length: int) -> None:
        last = self._queue[-1] if self._queue else None
        if isinstance(last, int):
            self._queue[-1] = last + length
        else:
            self._queue.append(length)
        self._waiting_bytes += length

    def _is_little(self, length: int) -> bool:
        now_s = self._loop.time()
        if now_s - self._window_began_s > INLINE_WINDOW_S:
            self._window_began_s, self._window_bytes = now_s, 0
        self._window_bytes += length
        return self._window_bytes <= INLINE_BYTES

    def _deliver(self, emulator: Replica) -> None:
        """Report the emulator's replies and events; a failure must not block waiting output and callers."""
        try:
            self.after(emulator)
        except Exception:
            log.exception("an event of the emulator was not handled")

    def run_after_output(self, use: Callable[[R_co], None]) -> None:
        """Use the emulator once all output so far is interpreted. Exceptions of ``use`` are logged."""
        self._queue.append(use)
        self._next()

    def run_next(self, use: Callable[[R_co], None]) -> None:
        """Use the emulator as soon as it is free; such uses keep their order."""
        self._soon.append(use)
        self._next()

    async def run(self, use: Callable[[R_co], T]) -> T:
        """Use the emulator once all output so far is interpreted, and return the result; raises what ``use`` raises."""
        result: asyncio.Future[T] = self._loop.create_future()

        def run(emulator: Any) -> None:
            if result.cancelled():
                return
            try:
                result.set_result(use(emulator))
            except Exception as error:  # noqa: BLE001 - the awaiting caller gets it
                result.set_exception(error)

        self.run_after_output(run)
        return await result

    def submit(self, work: Callable[[R_co], T], done: Callable[[T], None], failed: Failed) -> None:
        """Like ``run_next``, in the thread: calls ``done`` or ``failed`` on the loop, before any other use."""
        self._soon.append(_Work(work, done, failed))
        self._next()

    async def run_in_thread(self, work: Callable[[R_co], T]) -> T:
        """Use the emulator as soon as it is free, in the thread, for long work; returns the result.

        Raises:
            OutliveError: the engine failed.
        """
        result: asyncio.Future[T] = self._loop.create_future()

        def done(value: T) -> None:
            if not result.cancelled():
                result.set_result(value)

        def failed() -> None:
            if not result.cancelled():
                result.set_exception(OutliveError("the terminal engine failed"))

        self.submit(work, done, failed)
        return await result

    def close(self) -> None:
        """Free the emulator; drop waiting output and uses."""
        self._closed = True
        self.idle = None
        self._thread.join()
        self._emulator.close()

    # ------------------------------------------------------------ work

    def _next(self) -> None:
        """Do the work that belongs on the loop, and give the thread the rest."""
        while (emulator := self.idle) is not None:
            if self._soon:
                first = self._soon.popleft()
                if isinstance(first, _Work):
                    self._submit(partial(first.work, emulator), first.done, first.failed)
                else:
                    self._use(emulator, first)
            elif self._queue:
                head = self._queue[0]
                if not isinstance(head, int):
                    self._queue.popleft()
                    self._use(emulator, head)
                else:
                    self._feed_in_thread(emulator, self._take_piece(head))
            else:
                return

    def _is_idle(self) -> None:
        self.idle = None if self._closed else self._emulator

    def _use(self, emulator: Replica, use: Callable[[Any], None]) -> None:
        # A use may request another use; that one waits until this one ends.
        self.idle = None
        try:
            use(emulator)
        except Exception:
            # Other uses wait behind this job.
            log.exception("a use of the emulator failed")
        finally:
            self._is_idle()
        self._deliver(emulator)

    def _take_piece(self, waiting: int) -> int:
        """Take about one job's worth of the output that is first in the queue; returns its length."""
        length = min(waiting, self._job_bytes)
        if length < waiting:
            self._queue[0] = waiting - length
        else:
            self._queue.popleft()
        return length

    def _put_back(self, length: int) -> None:
        """Put output in front that a job has not interpreted."""
        head = self._queue.popleft() if self._queue else 0
        self._queue.extendleft([head + length] if isinstance(head, int) else [head, length])

    def _interpret(self, emulator: Replica, data: bytes, offset: int) -> None:
        header = self._header
        if header is not None:
            header.engine_started(offset)
        began_s = thread_time()
        try:
            emulator.feed(data)
        except Exception:
            # The screen may be wrong from now on; the agent and its output must continue.
            log.exception("the engine failed on %d bytes at offset %d", len(data), offset)
        self.cpu_s += thread_time() - began_s
        if header is not None:
            header.engine_returned()

    def _feed_in_thread(self, emulator: Replica, length: int) -> None:
        def feed() -> tuple[int, float]:
            began_s, took_s = perf_counter(), 0.0
            start = at = self.interpreted_to
            while at < start + length and took_s < 2 * JOB_TARGET_S:
                end = min(at + PIECE_BYTES, start + length)
                self._interpret(emulator, self._read(at, end), at)
                at, took_s = end, perf_counter() - began_s
            return at - start, took_s

        def fed(result: tuple[int, float]) -> None:
            done, took_s = result
            if done < length:
                self._put_back(length - done)
            self.interpreted_to += done
            self._waiting_bytes -= done
            bytes_per_s = done / max(took_s, 1e-6)
            self._job_bytes = int(min(max(bytes_per_s * JOB_TARGET_S, MIN_JOB_BYTES), MAX_JOB_BYTES))
            self._full_bytes = int(min(max(bytes_per_s * FULL_S, MIN_FULL_BYTES), MAX_FULL_BYTES))
            self._deliver(emulator)
            if self._was_full and self._waiting_bytes <= self._full_bytes - min(RESUME_BYTES, self._full_bytes // 2):
                self._was_full = False
                self._drained()

        self._submit(feed, fed)

    def _submit(self, work: Callable[[], T], done: Callable[[T], None], failed: Failed = _nothing) -> None:
        self.idle = None

        def give_up(error: BaseException) -> None:
            log.error("the engine failed", exc_info=error)
            if not self._closed:
                self._is_idle()
                try:
                    failed()
                finally:
                    self._next()

        def finish(result: T) -> None:
            if self._closed:
                return
            self._is_idle()
            try:
                done(result)
            finally:
                self._next()

        self._thread.submit_and_call(work, finish, give_up)
