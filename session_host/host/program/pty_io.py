"""PTY I/O on the event loop: reads output to its end, and watches for writability. Output path, 1 of 15.

A session ends with its child, not with its output: a background process that keeps the terminal open does not keep the
session alive. All output that the child wrote before it exited is read.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from session_host.storage.descriptors.output_file import OutputFile
from session_host.system.processes.pty_process import PtyProcess

BATCH_BYTES = 64 * 1024
"""Maximum bytes read per batch."""

LAST_OUTPUT_QUIET_S = 0.1
"""After the child exits while others hold the terminal, stop reading after this long without output."""

LAST_OUTPUT_S = 2.0
"""Same, but with output still arriving."""


class PtyIOOwner(Protocol):
    """The callbacks of PtyIO."""

    def on_output(self, data: bytes) -> bool:
        """Called with the program's output; returns whether to continue reading at once."""

    def flush_input(self) -> None:
        """Called when the PTY accepts input again."""

    def program_ended(self, exit_code: int | None, exit_signal: int | None) -> None:
        """Called when the child is reaped and its last output is passed on."""


class PtyIO:
    """Reads and watches one PtyProcess on the event loop.

    Attributes:
        writing: whether the owner is called when the PTY accepts input again.
    """

    def __init__(self, process: PtyProcess, output_file: OutputFile, owner: PtyIOOwner) -> None:
        self._process = process
        self._output_file = output_file
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._is_started = self._reading = False
        self._is_paused = False
        self.writing = False
        self._status: tuple[int | None, int | None] | None = None
        self._quiet: asyncio.TimerHandle | None = None
        self._last_output_until_s = 0.0
        self._finished = False

    def start(self) -> None:
        """Start reading, and end if the child has exited already."""
        self._is_started = self._reading = True
        self._watch_readable()
        if self._status is not None:
            self._read_last()

    def close(self) -> None:
        """Stop reading and watching; may be called twice."""
        self._stop_reading()
        self.watch_writable(False)
        if self._quiet is not None:
            self._quiet.cancel()

    def watch_writable(self, wanted: bool) -> None:
        """Start or stop watching for the PTY to accept input again."""
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
        data = output_file.read_new(BATCH_BYTES)
        if data and not self._owner.on_output(data):
            self.pause_reading()
        has_pipe = len(output_file.sources) > 1
        if output_file.at_end and has_pipe and self._status is None:
            self._loop.remove_reader(self._process.master)  # The child may close its input, and continue to write.
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

    def child_exited(self, exit_code: int | None, exit_signal: int | None) -> None:
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
