"""Moves bytes between the event loop and the PTY, and notices the child's end. Output path, 2 of 10.

The end of a session is the end of its child, not of its output: a background process that holds on
to the terminal does not keep a session alive. What the child wrote before it ended is all taken.
"""

from __future__ import annotations

import asyncio
import os
from typing import Protocol

from session_host.pty.process import PtyProcess

BATCH_BYTES = 64 * 1024
"""The most that is read before the emulator and the viewers get it."""

LITTLE_BYTES = 1024

LAST_OUTPUT_QUIET_S = 0.1
"""After the child's end, with the terminal still held by others: so long without output is the end."""

LAST_OUTPUT_S = 2.0
"""And so long with it."""


class PumpOwner(Protocol):
    """Whoever the pump works for."""

    def output(self, data: bytes) -> bool:
        """The program wrote; returns whether to read on at once."""

    def writable(self) -> None:
        """The PTY takes input again."""

    def program_ended(self, exit_code: int | None, exit_signal: int | None) -> None:
        """The child was reaped and its last output given."""


class PtyPump:
    """The event loop's hold on one PtyProcess.

    Attributes:
        reaped: the child has ended and its PID may belong to another by now.
    """

    def __init__(self, process: PtyProcess, owner: PumpOwner) -> None:
        self._process = process
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._pidfd = -1
        self._waiter: asyncio.Task[None] | None = None
        self._reading = False
        self._held = False
        self._writing = False
        self._status: tuple[int | None, int | None] | None = None
        self._quiet: asyncio.TimerHandle | None = None
        self._last_output_until_s = 0.0
        self._finished = False

    @property
    def reaped(self) -> bool:
        """See the class."""
        return self._status is not None

    def start(self) -> None:
        """Begin to read, and to watch the child."""
        self._reading = True
        self._loop.add_reader(self._process.fd, self._readable)
        try:
            self._pidfd = os.pidfd_open(self._process.pid)
        except (AttributeError, OSError):
            # No pidfds (an old kernel, macOS): a thread waits instead.
            self._waiter = self._loop.create_task(self._wait_in_thread(), name="wait for the child")
            return
        self._loop.add_reader(self._pidfd, self._child_ended)

    def close(self) -> None:
        """Let go of everything; may be called twice."""
        self._stop_reading()
        self.want_write(False)
        if self._pidfd >= 0:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1
        if self._waiter is not None:
            self._waiter.cancel()
        if self._quiet is not None:
            self._quiet.cancel()

    def want_write(self, wanted: bool) -> None:
        """Ask to be told, or not to be, when the PTY takes input again."""
        if wanted == self._writing:
            return
        self._writing = wanted
        if wanted:
            self._loop.add_writer(self._process.fd, self._owner.writable)
        else:
            self._loop.remove_writer(self._process.fd)

    def _stop_reading(self) -> None:
        if self._reading:
            self._reading = False
            if not self._held:
                self._loop.remove_reader(self._process.fd)

    def _readable(self) -> None:
        chunks: list[bytes] = []
        taken = 0
        at_end = False
        while taken < BATCH_BYTES:
            data = self._process.read()
            if data is None:
                break
            if not data:
                at_end = True
                break
            chunks.append(data)
            taken += len(data)
            if taken < LITTLE_BYTES:
                break  # An echo: there is no more, and to ask would cost as much as the read did.
        if chunks and not self._owner.output(chunks[0] if len(chunks) == 1 else b"".join(chunks)):
            self._hold()
        if at_end:
            self._stop_reading()
            # A child may close its terminal and live on; then its end is still to come.
            self._finish_if_over()
        elif self._status is not None and not self._held:
            self._await_quiet()

    def _hold(self) -> None:
        """Let the program wait: more is read than can be interpreted."""
        if self._reading and not self._held:
            self._held = True
            self._loop.remove_reader(self._process.fd)

    def read_on(self) -> None:
        """The end of a hold."""
        if self._reading and self._held:
            self._held = False
            self._loop.add_reader(self._process.fd, self._readable)
            if self._status is not None:
                self._last_output_until_s = self._loop.time() + LAST_OUTPUT_S
                self._await_quiet()

    def _child_ended(self) -> None:
        status = self._process.reap()
        if status is not None:
            self._loop.remove_reader(self._pidfd)
            self._ended(status)

    async def _wait_in_thread(self) -> None:
        await asyncio.to_thread(os.waitid, os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        status = self._process.reap()
        if status is not None:
            self._ended(status)

    def _ended(self, status: tuple[int | None, int | None]) -> None:
        self._status = status
        self._last_output_until_s = self._loop.time() + LAST_OUTPUT_S
        self.want_write(False)
        if self._reading and not self._held:
            self._readable()
        self._finish_if_over()

    def _await_quiet(self) -> None:
        if self._quiet is not None:
            self._quiet.cancel()
        until_s = min(self._loop.time() + LAST_OUTPUT_QUIET_S, self._last_output_until_s)
        self._quiet = self._loop.call_at(until_s, self._stop_and_finish)

    def _stop_and_finish(self) -> None:
        self._stop_reading()
        self._finish_if_over()

    def _finish_if_over(self) -> None:
        if self._status is None or self._reading or self._finished:
            return
        self._finished = True
        if self._quiet is not None:
            self._quiet.cancel()
        self._owner.program_ended(*self._status)
