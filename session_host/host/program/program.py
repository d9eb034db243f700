"""The program of a session on its PTY: read, resized, signalled and watched for its exit from the moment it runs."""

from __future__ import annotations

import os
import time

from session_host.protocol.values import CellSize, GridSize
from session_host.storage.descriptors.input_log import LogHeader
from session_host.storage.descriptors.output_file import OutputFile
from session_host.system.processes.pty_process import PtyProcess

from .child_exit import ChildExit
from .pty_io import PtyIO, PtyIOOwner


class Program:
    """One session's program; before it runs, nothing here has an effect.

    Attributes:
        process: the process, None until it runs.
        pty_io: reads its output, and watches for the PTY to accept input; None until it runs.
        child_exit: watches for its exit; None until it runs.
    """

    def __init__(self, output_file: OutputFile, header: LogHeader, owner: PtyIOOwner) -> None:
        """Await the program.

        Args:
            output_file: takes the bytes that the program writes.
            header: takes its exit status.
            owner: gets its output and its end.
        """
        self.process: PtyProcess | None = None
        self.pty_io: PtyIO | None = None
        self.child_exit: ChildExit | None = None
        self._output_file, self._header, self._owner = output_file, header, owner

    def attach(self, process: PtyProcess) -> None:
        """Watch a running program, new or adopted from a previous host; ``start_reading`` comes last."""
        self.process = process
        self.pty_io = PtyIO(process, self._output_file, self._owner)
        self.child_exit = ChildExit(process, self._header, self.pty_io.child_exited)
        self.child_exit.start()

    def start_reading(self) -> None:
        """Read the program's output from its beginning; if the program has already exited, handle its end."""
        if self.pty_io is not None:
            self.pty_io.start()

    def read_now(self) -> None:
        """Read the output that is there, before the event loop says that there is some."""
        if self.pty_io is not None:
            self.pty_io.read_now()

    def pause_reading(self) -> None:
        """Read no output until ``resume_reading``."""
        if self.pty_io is not None:
            self.pty_io.pause_reading()

    def resume_reading(self) -> None:
        """Read output again."""
        if self.pty_io is not None:
            self.pty_io.resume_reading()

    @property
    def is_running(self) -> bool:
        """Whether the program was started and not reaped yet."""
        return self.child_exit is not None and not self.child_exit.reaped

    def is_echoing(self) -> bool:
        """Whether its terminal itself echoes what is typed."""
        return self.process is not None and self.process.is_echoing()

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
        if self.child_exit is not None:
            self.child_exit.on_exit_status()

    def close(self) -> None:
        """Stop reading and watching."""
        for part in (self.pty_io, self.child_exit):
            if part is not None:
                part.close()
