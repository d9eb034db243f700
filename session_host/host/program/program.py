"""The program of a session on its PTY: read, resized, signalled and watched for its exit. Output path, 1 of 15.

A session ends with its child, not with its output: a background process that keeps the terminal open does not keep it
alive. All output that the child wrote before it exited is read. The exit is detected by a pidfd or a thread, and its
status is saved in the input log before the process is reaped.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from typing import Protocol

from session_host.protocol.facts import SLEEP
from session_host.protocol.values import CellSize, GridSize
from session_host.storage.descriptors.input_log import LogHeader
from session_host.storage.descriptors.output_file import OutputFile
from session_host.system.event_loop import Timer
from session_host.system.processes.process_end import (
    code_and_signal,
    status_of_child,
    status_of_reaped,
    status_of_zombie,
)
from session_host.system.processes.pty_process import PtyProcess
from session_host.system.worker import Worker

log = logging.getLogger(__name__)

KEEPER_REPORT_TIMEOUT_S = 3.0
"""How long to wait for the keeper's report of the exit status, if the child is not ours."""

Exited = Callable[[int | None, int | None], None]
"""Called with the exit code or the signal; both are None if they are unknown."""


class ChildExit:
    """Watches one process for its exit, once.

    Attributes:
        reaped: whether the child was reaped, so that its PID may belong to another process.
    """

    def __init__(self, process: PtyProcess, header: LogHeader, exited: Exited) -> None:
        self.reaped = False
        self._process = process
        self._header = header
        self._exited = exited
        self._loop = asyncio.get_running_loop()
        self._pidfd = -1
        self._waiter: asyncio.Task[None] | None = None
        self._is_reported = False
        self._unknown = Timer()

    def start(self) -> None:
        """Start watching."""
        try:
            self._pidfd = os.pidfd_open(self._process.pid)
        except ProcessLookupError:
            self._has_exited()
        except (AttributeError, OSError):
            # No pidfds (an old kernel, macOS): a thread waits instead.
            self._waiter = self._loop.create_task(self._wait_in_thread(), name="wait for the child")
        else:
            self._loop.add_reader(self._pidfd, self._has_exited)
            if not self._process.is_same_process():
                self._has_exited()  # The PID belongs to another process already.

    def close(self) -> None:
        """Stop watching; may be called twice."""
        if self._pidfd >= 0:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1
        if self._waiter is not None:
            self._waiter.cancel()
        self._unknown.cancel()

    def on_exit_status(self) -> None:
        """Called when the keeper has saved the child's status."""
        status = self._header.exit_status
        if self.reaped and not self._is_reported and status is not None:
            self._report(*code_and_signal(status))

    def _has_exited(self) -> None:
        """The child has exited: read its status, store it, then reap it."""
        if self.reaped:
            return
        self.reaped = True
        self._header.note_exit()
        if self._pidfd >= 0:
            self._loop.remove_reader(self._pidfd)
        status = self._find_status()
        if status is None:
            # Its parent, the keeper, reports the status soon; if the keeper is gone, it stays unknown.
            self._unknown.set(KEEPER_REPORT_TIMEOUT_S, lambda: self._report(None, None))
        else:
            self._report(*code_and_signal(status))

    def _report(self, exit_code: int | None, exit_signal: int | None) -> None:
        self._is_reported = True
        self._unknown.cancel()
        self._exited(exit_code, exit_signal)

    def _find_status(self) -> int | None:
        header, process = self._header, self._process
        if header.exit_status is not None:
            self._reap()
            return header.exit_status
        sources: tuple[Callable[[], int | None], ...] = (
            lambda: status_of_child(process.pid),
            lambda: status_of_zombie(process.pid, process.started),
            lambda: header.exit_status,
            lambda: status_of_reaped(self._pidfd) if self._pidfd >= 0 else None,
        )
        for read_status in sources:
            try:
                status = read_status()
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

    async def _wait_in_thread(self) -> None:
        try:
            await Worker().run(lambda: os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT))
        except ChildProcessError:
            log.warning("the child's end cannot be watched here")
            return
        self._has_exited()


BATCH_BYTES = 64 * 1024
"""Maximum bytes read per batch."""

LAST_OUTPUT_QUIET_S = 0.1
"""After the child exits while others hold the terminal, stop reading after this long without output."""

LAST_OUTPUT_S = 2.0
"""Same, but with output still arriving."""


class ProgramOwner(Protocol):
    """The callbacks of Program."""

    def program_wrote(self, data: bytes) -> bool:
        """Called with the program's output; returns whether to continue reading at once."""

    def flush_input(self) -> None:
        """Called when the PTY accepts input again."""

    def program_ended(self, exit_code: int | None, exit_signal: int | None) -> None:
        """Called when the child is reaped and its last output is passed on."""


class Program:
    """One session's program; before it runs, nothing here has an effect.

    Attributes:
        process: the process, None until it runs.
        writing: whether the owner is called when the PTY accepts input again.
    """

    def __init__(self, output_file: OutputFile, header: LogHeader, owner: ProgramOwner) -> None:
        """Await the program.

        Args:
            output_file: takes the bytes that the program writes.
            header: takes its exit status.
            owner: gets its output and its end.
        """
        self.process: PtyProcess | None = None
        self._child_exit: ChildExit | None = None
        self._output_file, self._header, self._owner = output_file, header, owner
        self._loop = asyncio.get_running_loop()
        self._is_started = self._reading = self._is_paused = self._finished = self.writing = False
        self._status: tuple[int | None, int | None] | None = None
        self._quiet = Timer()
        self._last_output_until_s = 0.0

    def attach(self, process: PtyProcess) -> None:
        """Watch a running program, new or adopted from a previous host; ``start_reading`` comes last."""
        self.process = process
        self._child_exit = ChildExit(process, self._header, self._child_exited)
        self._child_exit.start()

    def start_reading(self) -> None:
        """Read the program's output from its beginning; if the program has already exited, handle its end."""
        self._is_started = self._reading = True
        self._watch_readable()
        if self._status is not None:
            self._read_last()

    @property
    def is_running(self) -> bool:
        """Whether the program was started and not reaped yet."""
        return self._child_exit is not None and not self._child_exit.reaped

    def is_echoing(self) -> bool:
        """Whether its terminal itself echoes what is typed, as it does before the program runs."""
        return self.process is None or self.process.is_echoing()

    def age_s(self) -> float:
        """For how many seconds it has run; 0 if that is unknown."""
        started = self.process.started if self.process is not None else None
        if not started:
            return 0.0
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started / os.sysconf("SC_CLK_TCK")

    def resize(self, size: GridSize, cell: CellSize) -> None:
        """Set the size of its terminal."""
        if self.process is not None:
            self.process.resize(size, cell)

    def signal(self, number: int) -> None:
        """Signal it, if it still runs."""
        if self.process is not None and self.is_running:
            self.process.signal(number)

    def exit_status_saved(self) -> None:
        """Called when the keeper has saved its status in the input log."""
        if self._child_exit is not None:
            self._child_exit.on_exit_status()

    def close(self) -> None:
        """Stop reading and watching; may be called twice."""
        self._stop_reading()
        self.watch_writable(False)
        self._quiet.cancel()
        if self._child_exit is not None:
            self._child_exit.close()

    # ------------------------------------------------------------ reading and writing

    def watch_writable(self, wanted: bool) -> None:
        """Start or stop watching for the PTY to accept input again."""
        if wanted == self.writing or self.process is None:
            return
        self.writing = wanted
        if wanted:
            self._loop.add_writer(self.process.master, self._owner.flush_input)
        else:
            self._loop.remove_writer(self.process.master)

    def _stop_reading(self) -> None:
        if self._reading:
            self._reading = False
            if not self._is_paused:
                self._unwatch_readable()

    def _watch_readable(self) -> None:
        for source in self._output_file.sources:
            self._loop.add_reader(source, self._readable)

    def _unwatch_readable(self) -> None:
        for source in self._output_file.sources:
            self._loop.remove_reader(source)

    def read_now(self) -> None:
        """Read the output that is there, before the event loop says that there is some."""
        if self._reading and not self._is_paused:
            self._readable()

    def _readable(self) -> None:
        output_file = self._output_file
        has_pipe = len(output_file.sources) > 1
        if self._header.end_request == SLEEP and not has_pipe:
            output_file.drop_new(BATCH_BYTES)  # What it writes as it leaves would take the place of its last screen.
            data = b""
        else:
            data = output_file.read_new(BATCH_BYTES)
        if data and not self._owner.program_wrote(data):
            self.pause_reading()
        if output_file.at_end and has_pipe and self._status is None:
            assert self.process is not None
            self._loop.remove_reader(self.process.master)  # The child may close its input, and continue to write.
        elif output_file.at_end and not (has_pipe and data):
            self._stop_reading()
            # A child may close its terminal and continue to run.
            self._finish_if_over()
        elif self._status is not None and not self._is_paused:
            self._await_quiet()

    def pause_reading(self) -> None:
        """Stop reading from the PTY, because the emulator is behind."""
        if self._reading and not self._is_paused:
            self._is_paused = True
            self._unwatch_readable()

    def resume_reading(self) -> None:
        """Read from the PTY again, after ``pause_reading``."""
        if self._reading and self._is_paused:
            self._is_paused = False
            self._watch_readable()
            if self._status is not None:
                self._last_output_until_s = self._loop.time() + LAST_OUTPUT_S
                self._await_quiet()

    # ------------------------------------------------------------ the last output

    def _child_exited(self, exit_code: int | None, exit_signal: int | None) -> None:
        """The child has exited: read its last output, then tell the owner."""
        self._status = exit_code, exit_signal
        self.watch_writable(False)
        if self._is_started:
            self._read_last()

    def _read_last(self) -> None:
        self._last_output_until_s = self._loop.time() + LAST_OUTPUT_S
        self.read_now()
        self._finish_if_over()

    def _await_quiet(self) -> None:
        left_s = self._last_output_until_s - self._loop.time()
        self._quiet.set(max(0.0, min(LAST_OUTPUT_QUIET_S, left_s)), self._stop_and_finish)

    def _stop_and_finish(self) -> None:
        self._stop_reading()
        self._finish_if_over()

    def _finish_if_over(self) -> None:
        if self._status is None or self._reading or self._finished:
            return
        self._finished = True
        self._quiet.cancel()
        self._owner.program_ended(*self._status)
