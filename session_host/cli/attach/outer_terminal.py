"""The terminal that this command runs in: raw mode, non-blocking I/O, and restoring it."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import struct
import termios
import time
import tty
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from session_host.protocol.values import CellSize, GridSize
from session_host.readiness import is_writable

READ_BYTES = 4096
"""The most that a terminal returns at once (n_tty)."""
RESTORE_TIMEOUT_S = 1.0
"""How long to wait at the end for a terminal that does not read."""

_GONE = {errno.EIO, errno.EPIPE, errno.ENXIO, errno.EBADF, errno.ENODEV}
_FALLBACK = GridSize(80, 24)


class OuterTerminal:
    """Raw mode, and reading and writing that never block the loop; a context manager.

    The object writes through its own file description: a shared one would stay non-blocking after this process, and
    break the shell's other programs.

    Attributes:
        final_output: bytes that are always written when the terminal is restored.
        ignores_unknown: whether it ignores sequences that it does not know. Old Linux consoles print them.
    """

    def __init__(self, input_descriptor: int, output_descriptor: int) -> None:
        self._input = input_descriptor
        self._output = output_descriptor
        self._is_opened = False
        """Whether the output is a description of its own; False if the terminal has no name here."""
        self._saved: list[Any] | None = None
        self._unwritten = bytearray()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._on_drained: Callable[[], None] = _nothing
        self._on_gone: Callable[[], None] = _nothing
        self._on_input: Callable[[bytes], None] | None = None
        self.final_output = b""
        self.ignores_unknown = not os.environ.get("TERM", "").startswith("linux")

    def __enter__(self) -> Self:
        self._saved = termios.tcgetattr(self._input)
        try:
            self._output = os.open(os.ttyname(self._output), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
            self._is_opened = True
        except OSError:  # As in another mount namespace.
            pass  # Writing may block.
        self.make_raw()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
            self.restore()
        except (termios.error, OSError) as caught:
            if caught.args[0] not in _GONE:
                raise
        finally:
            if self._is_opened:
                os.close(self._output)

    def make_raw(self) -> None:
        """Enter raw mode, in which every key arrives unchanged, also Ctrl+C."""
        tty.setraw(self._input, termios.TCSANOW)

    def restore(self) -> None:
        """Restore the terminal for a suspension; ``make_raw`` resumes."""
        self._write_finally(self.final_output)
        if self._saved is not None:
            termios.tcsetattr(self._input, termios.TCSANOW, self._saved)

    def start(
        self, on_input: Callable[[bytes], None], on_drained: Callable[[], None], on_gone: Callable[[], None]
    ) -> None:
        """Start reading, from a running loop.

        Args:
            on_input: called with the bytes read.
            on_drained: called when all written bytes have gone out.
            on_gone: called once when the terminal is closed.
        """
        self._loop = asyncio.get_running_loop()
        self._on_drained, self._on_gone, self._on_input = on_drained, on_gone, on_input
        self.resume_reading()

    def pause_reading(self) -> None:
        """Leave input in the terminal until ``resume_reading``."""
        if self._loop is not None:
            self._loop.remove_reader(self._input)

    def resume_reading(self) -> None:
        """Read again; does nothing if stopped."""
        if self._loop is not None and self._on_input is not None:
            self._loop.add_reader(self._input, self._read, self._on_input)

    def stop(self) -> None:
        """Stop reading and writing; does nothing if stopped."""
        if self._loop is not None:
            self._loop.remove_reader(self._input)
            self._loop.remove_writer(self._output)
            self._loop = None

    @property
    def is_drained(self) -> bool:
        """Whether no bytes wait to be written."""
        return not self._unwritten

    def write(self, data: bytes) -> None:
        """Write as much as possible now, and the rest when the terminal accepts it."""
        if self._unwritten:
            self._unwritten += data
        elif (written := self._write_some(data) if data else 0) < len(data):
            self._unwritten += data[written:]
            if self._loop is not None:
                self._loop.add_writer(self._output, self._writable)

    def size(self) -> tuple[GridSize, CellSize]:
        """The grid's size, and the cell's if the terminal reports pixels."""
        try:
            packed = fcntl.ioctl(self._output, termios.TIOCGWINSZ, b"\0" * 8)
        except OSError:
            return _FALLBACK, CellSize()
        rows, columns, width_px, height_px = struct.unpack("4H", packed)
        if not rows or not columns:
            return _FALLBACK, CellSize()
        cell = CellSize()
        if width_px >= columns and height_px >= rows:
            cell = CellSize(width_px // columns, height_px // rows)
        return GridSize(columns, rows), cell

    # ------------------------------------------------------------

    def _read(self, on_input: Callable[[bytes], None]) -> None:
        try:
            data = os.read(self._input, READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            if error.errno not in _GONE:
                raise
            data = b""
        if data:
            on_input(data)
        else:
            self._gone()

    def _writable(self) -> None:
        del self._unwritten[: self._write_some(self._unwritten)]
        if not self._unwritten and self._loop is not None:
            self._loop.remove_writer(self._output)
            self._on_drained()

    def _write_some(self, data: bytes | bytearray) -> int:
        """Write what the terminal accepts now; returns the number of written bytes, for a closed terminal all."""
        try:
            return os.write(self._output, data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            if error.errno not in _GONE:
                raise
            self._gone()
            return len(data)

    def _gone(self) -> None:
        self._unwritten.clear()
        self.stop()
        on_gone, self._on_gone = self._on_gone, _nothing
        on_gone()

    def _write_finally(self, data: bytes) -> None:
        """Write the pending bytes, then ``data``; stop after a timeout if the terminal does not read."""
        rest = bytes(self._unwritten) + data
        self._unwritten.clear()
        deadline_s = time.monotonic() + RESTORE_TIMEOUT_S
        while rest and (left_s := deadline_s - time.monotonic()) > 0:
            writable = is_writable(self._output, left_s)
            if writable:
                try:
                    rest = rest[os.write(self._output, rest) :]
                except BlockingIOError:
                    continue


def _nothing() -> None:
    pass
