"""PTY I/O on the event loop: reads output, watches for writability, detects the program's exit. Output path, 1 of 16.

The end of a session is the end of its child, not of its output: a background process that holds on
to the terminal does not keep a session alive. All that the child wrote before it ended is read.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from typing import Protocol

from session_host.storage.descriptors.input_log import LogHeader
from session_host.storage.descriptors.output_file import OutputFile
from session_host.system.processes import exit_status
from session_host.system.processes.pty_process import PtyProcess
from session_host.system.worker import Worker

log = logging.getLogger(__name__)

BATCH_BYTES = 64 * 1024
"""Maximum bytes read per batch."""

LAST_OUTPUT_QUIET_S = 0.1
"""After the child exits while others hold the terminal, stop reading after this long without output."""

LAST_OUTPUT_S = 2.0
"""Same, but with output still arriving."""

TOLD_WITHIN_S = 3.0
"""How long to wait for the keeper to report the exit status of a child that is not ours."""


class PtyIOOwner(Protocol):
    """The callbacks of PtyIO."""

    def on_output(self, data: bytes) -> bool:
        """Called with the program's output; returns whether to read on at once."""

    def flush_input(self) -> None:
        """Called when the PTY takes input again."""

    def program_ended(self, exit_code: int | None, exit_signal: int | None) -> None:
        """Called when the child was reaped and its last output was passed on."""


class PtyIO:
    """Reads and watches one PtyProcess on the event loop.

    Attributes:
        reaped: the child has ended and its PID may belong to another by now.
        writing: whether the owner is called when the PTY takes input again.
    """

    def __init__(self, process: PtyProcess, output_file: OutputFile, header: LogHeader, owner: PtyIOOwner) -> None:
        self._process = process
        self._output_file = output_file
        self._header = header
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._pidfd = -1
        self._waiter: asyncio.Task[None] | None = None
        self._reading = False
        self._held = False
        self.writing = False
        self.reaped = False
        self._status: tuple[int | None, int | None] | None = None
        self._quiet: asyncio.TimerHandle | None = None
        self._unknown: asyncio.TimerHandle | None = None
        self._last_output_until_s = 0.0
        self._finished = False

    def start(self) -> None:
        """Begin to read, and to watch the child."""
        self._reading = True
        self._loop.add_reader(self._process.master, self._readable)
        try:
            self._pidfd = os.pidfd_open(self._process.pid)
        except ProcessLookupError:
            self._child_ended()
        except (AttributeError, OSError):
            # No pidfds (an old kernel, macOS): a thread waits instead.
            self._waiter = self._loop.create_task(self._wait_in_thread(), name="wait for the child")
        else:
            self._loop.add_reader(self._pidfd, self._child_ended)
            if not self._process.is_it():
                self._child_ended()  # The PID belongs to another process by now.

    def close(self) -> None:
        """Stop reading and watching; may be called twice."""
        self._stop_reading()
        self.watch_writable(False)
        if self._pidfd >= 0:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1
        if self._waiter is not None:
            self._waiter.cancel()
        for timer in (self._quiet, self._unknown):
            if timer is not None:
                timer.cancel()

    @property
    def is_quiet(self) -> bool:
        """Whether the program runs, has read its input, and output is being read."""
        return self._reading and not (self._held or self.writing or self.reaped)

    def watch_writable(self, wanted: bool) -> None:
        """Start or stop watching for the PTY to take input again."""
        if wanted == self.writing:
            return
        self.writing = wanted
        if wanted:
            self._loop.add_writer(self._process.master, self._owner.flush_input)
        else:
            self._loop.remove_writer(self._process.master)

    def _stop_reading(self) -> None:
        if self._reading:
            self._reading = False
            if not self._held:
                self._loop.remove_reader(self._process.master)

    def _readable(self) -> None:
        output_file = self._output_file
        data = output_file.read_new(BATCH_BYTES)
        if data and not self._owner.on_output(data):
            self._pause_reading()
        if output_file.at_end:
            self._stop_reading()
            # A child may close its terminal and live on.
            self._finish_if_over()
        elif self._status is not None and not self._held:
            self._await_quiet()

    def _pause_reading(self) -> None:
        """Stop reading from the PTY, because the emulator is behind."""
        if self._reading and not self._held:
            self._held = True
            self._loop.remove_reader(self._process.master)

    def resume_reading(self) -> None:
        """Read from the PTY again, after ``_pause_reading``."""
        if self._reading and self._held:
            self._held = False
            self._loop.add_reader(self._process.master, self._readable)
            if self._status is not None:
                self._last_output_until_s = self._loop.time() + LAST_OUTPUT_S
                self._await_quiet()

    # ------------------------------------------------------------ the child's end

    def _child_ended(self) -> None:
        """The child has exited: read its status, store it, then reap it."""
        if self.reaped:
            return
        self.reaped = True
        if self._pidfd >= 0:
            self._loop.remove_reader(self._pidfd)
        status = self._learn_status()
        if status is None:
            # Its parent, the keeper, reports the status soon; if the keeper is gone, it stays unknown.
            self._unknown = self._loop.call_later(TOLD_WITHIN_S, self._ended, (None, None))
        else:
            self._ended(exit_status.code_and_signal(status))

    def _learn_status(self) -> int | None:
        header, process = self._header, self._process
        if header.exit_status is not None:
            self._reap()
            return header.exit_status
        learn: tuple[Callable[[], int | None], ...] = (
            lambda: exit_status.of_child(process.pid),
            lambda: exit_status.of_zombie(process.pid, process.started),
            lambda: header.exit_status,
            lambda: exit_status.of_reaped(self._pidfd) if self._pidfd >= 0 else None,
        )
        for way in learn:
            try:
                status = way()
            except ChildProcessError:
                continue  # Its parent is the keeper or init.
            if status is not None:
                header.exit_status = status
                self._reap()
                return status
        return None

    def _reap(self) -> None:
        try:
            os.waitpid(self._process.pid, os.WNOHANG)
        except ChildProcessError:
            pass  # Another process reaps it.

    def on_exit_status(self) -> None:
        """Called when the keeper has saved the child's status."""
        status = self._header.exit_status
        if self.reaped and self._status is None and status is not None:
            self._ended(exit_status.code_and_signal(status))

    async def _wait_in_thread(self) -> None:
        try:
            await Worker().run(lambda: os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT))
        except ChildProcessError:
            log.warning("the child's end cannot be watched here")
            return
        self._child_ended()

    def _ended(self, status: tuple[int | None, int | None]) -> None:
        if self._unknown is not None:
            self._unknown.cancel()
        self._status = status
        self._last_output_until_s = self._loop.time() + LAST_OUTPUT_S
        self.watch_writable(False)
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
