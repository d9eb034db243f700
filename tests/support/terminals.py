"""Programs on pseudo terminals of their own: ``Terminal`` gives their bytes, ``ScreenTerminal`` shows them."""

from __future__ import annotations

import asyncio
import functools
import os
import select
import signal
import termios
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ptyprocess import PtyProcess

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import create
from session_host.terminal.text import logical_lines
from tests.support.waiting import TIMEOUT_S, WaitTimeout, wait_readable

SIZE = GridSize(80, 24)

Environment = Mapping[str, str] | None
"""A program's environment; None: the test's own."""


@functools.cache
def fresh_modes() -> list[Any]:
    """The line settings of a new PTY. No program runs on it, which could change them before they are read."""
    master, slave = os.openpty()
    try:
        return termios.tcgetattr(slave)
    finally:
        os.close(slave)
        os.close(master)


class Terminal:
    """A program that leads a session on a PTY. A context manager that kills the program at its end.

    Attributes:
        process: the program's process.
        master: the test's side of the PTY; -1 once it is closed.
        output: bytes that ``until`` has read but not returned yet.
    """

    def __init__(
        self, argv: Sequence[str], *, size: GridSize = SIZE, cwd: Path | None = None, env: Environment = None
    ) -> None:
        self.process = self._spawn(argv, size, cwd, env)
        # PtyProcess.close sleeps, to give the program time to end; this class waits for the end instead.
        self.process.delayafterclose = self.process.delayafterterminate = 0
        self.master: int = self.process.fd
        self.output = b""
        self._ended = self._end_descriptor()

    def _spawn(self, argv: Sequence[str], size: GridSize, cwd: Path | None, env: Environment) -> PtyProcess:
        with warnings.catch_warnings():
            # Python 3.12 warns about forks with threads; between fork and exec the child takes none of their locks.
            warnings.filterwarnings("ignore", message=".*forkpty", category=DeprecationWarning)
            return PtyProcess.spawn(
                list(argv), cwd=cwd, env=env, preexec_fn=_restore_signals, dimensions=(size.rows, size.columns)
            )

    def _end_descriptor(self) -> int:
        """A descriptor that is readable after the program's end."""
        return os.pidfd_open(self.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self.process.wait()
        self.process.close()
        os.close(self._ended)

    @property
    def pid(self) -> int:
        """The program's PID."""
        return int(self.process.pid)

    def kill(self) -> None:
        """Kill the program if it runs."""
        self.process.kill(signal.SIGKILL)

    def wait(self, timeout_s: float = TIMEOUT_S, *, is_exact: bool = False) -> int:
        """Wait for the program's end; returns its exit code, or the negative number of the signal that ended it.

        Raises:
            WaitTimeout: the program does not end in time.
        """
        wait_readable(self._ended, timeout_s, "the end of the program", is_exact=is_exact)
        self.process.wait()
        return int(-self.process.signalstatus if self.process.signalstatus else self.process.exitstatus)

    async def ended(self) -> int:
        """As ``wait``, without a limit, while the event loop runs."""
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._ended, over.set)
        try:
            await over.wait()
        finally:
            loop.remove_reader(self._ended)
        return self.wait()

    def close(self) -> None:
        """Close the PTY's master, so that the kernel hangs up the terminal."""
        self.process.fileobj.close()
        self.master = -1

    def type(self, data: str | bytes) -> None:
        """Write bytes to the program, as a terminal does."""
        os.write(self.master, data.encode() if isinstance(data, str) else data)

    def read(self, timeout_s: float) -> bytes:
        """Wait for output and return it; b"" after the timeout, or once the program has ended and all is read."""
        select.select([self.master, self._ended], [], [], max(0.0, timeout_s))
        # Poll again: the last output may have come between the two polls.
        if not select.select([self.master], [], [], 0)[0]:
            return b""
        try:
            return os.read(self.master, 65536)
        except OSError:  # EIO: no process has the other side open.
            return b""

    def until(self, text: bytes, timeout_s: float = TIMEOUT_S) -> bytes:
        """Wait for ``text``; returns the output up to the end of ``text``.

        Raises:
            WaitTimeout: the text does not come.
        """
        deadline_s = time.monotonic() + timeout_s
        while text not in self.output:
            if not (data := self.read(deadline_s - time.monotonic())):
                raise WaitTimeout(f"timed out waiting for {text!r}; got {self.output[-500:]!r}")
            self.output += data
        position = self.output.index(text) + len(text)
        read, self.output = self.output[:position], self.output[position:]
        return read

    def resize(self, size: GridSize) -> None:
        """Change the window's size."""
        self.process.setwinsize(size.rows, size.columns)

    def modes(self) -> list[Any]:
        """The terminal's line settings now."""
        return termios.tcgetattr(self.master)


def _restore_signals() -> None:
    """Restore the signals that Python ignores since its start, as subprocess does; programs would inherit that."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)


class ScreenTerminal(Terminal):
    """A terminal with a screen; checks that the program sends no queries.

    Attributes:
        screen: the emulator that interprets the program's output.
        raw: the program's output.
    """

    def __init__(
        self, argv: Sequence[str], *, size: GridSize = SIZE, cwd: Path | None = None, env: Environment = None
    ) -> None:
        self.screen = create(None, size)
        self.raw = bytearray()
        super().__init__(argv, size=size, cwd=cwd, env=env)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self.screen.close()

    def type_all(self, data: bytes) -> None:
        """As ``type``, for more bytes than the PTY accepts at once; reads the program's output meanwhile."""
        os.set_blocking(self.master, False)
        try:
            deadline_s = time.monotonic() + TIMEOUT_S
            while data:
                readable, writable, _ = select.select([self.master], [self.master], [], TIMEOUT_S)
                if readable:
                    self._show(deadline_s)
                if writable:
                    data = data[os.write(self.master, data) :]
                if time.monotonic() > deadline_s:
                    raise WaitTimeout("the program does not read what is typed")
        finally:
            os.set_blocking(self.master, True)

    def resize(self, size: GridSize) -> None:
        """Change the window's size."""
        self.screen.resize(size, CellSize())
        super().resize(size)

    def text(self) -> str:
        """The text on the screen."""
        return "\n".join(logical_lines(self.screen.rows())).rstrip("\n")

    def see(self, text: str, *, timeout_s: float = TIMEOUT_S) -> str:
        """Wait until ``text`` is on the screen; returns the whole screen.

        Raises:
            WaitTimeout: the text does not come.
        """
        deadline_s = time.monotonic() + timeout_s
        while text not in self.text():
            if not self._show(deadline_s):
                raise WaitTimeout(f"timed out waiting for {text!r}; the terminal shows:\n{self.text()}")
        return self.text()

    def see_bytes(self, data: bytes) -> None:
        """Wait until the program has written these bytes.

        Raises:
            WaitTimeout: they did not come.
        """
        deadline_s = time.monotonic() + TIMEOUT_S
        while data not in self.raw:
            if not self._show(deadline_s):
                raise WaitTimeout(f"timed out waiting for {data!r}")

    def not_see(self, text: str) -> None:
        """Wait until ``text`` is no longer on the screen.

        Raises:
            WaitTimeout: it stays.
        """
        deadline_s = time.monotonic() + TIMEOUT_S
        while text in self.text():
            if not self._show(deadline_s):
                raise WaitTimeout(f"timed out waiting for {text!r} to go; the terminal shows:\n{self.text()}")

    def end(self) -> int:
        """Read all output and wait for the program's end; returns its exit code."""
        code = self.wait()
        if self.master >= 0:
            self.show_pending()
        return code

    def show_pending(self) -> None:
        """Read and show the output so far, so that the program does not wait for a reader."""
        while self._show(time.monotonic()):
            pass

    def _show(self, deadline_s: float) -> bool:
        """Wait for output until the deadline and show it; False if there was none."""
        data = self.read(deadline_s - time.monotonic())
        self.raw += data
        self.screen.feed(data)
        if replies := self.screen.take_replies():
            self._is_asked(replies)
        return bool(data)

    def _is_asked(self, replies: bytes) -> None:
        raise AssertionError(f"the terminal was asked something and would answer {replies!r}")
