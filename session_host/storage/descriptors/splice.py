"""Moves bytes from PTY to file and from file to PTY, inside the kernel.

Key path, 16 of 16. Output path, 3 of 15. Answer path, 15 of 15.

A process that is killed between two system calls leaves bytes in a file, a pipe or the PTY, never in its own memory.
The files' lengths and positions show how much splice(2) and sendfile(2) have moved. If the kernel refuses them (macOS;
ttys of kernels before 5.11), a read and a write are used. A kill in the microseconds between the two loses or doubles
bytes.
"""

from __future__ import annotations

import errno
import os

READ_BYTES = 64 * 1024
TTY_READ_BYTES = 4096
"""A tty returns at most 4096 bytes per call (n_tty), and splice allocates pages for the size requested."""

PIPE_SLOTS = 15
"""A pipe holds 16 buffers of any size (pipe(7)); EAGAIN from a full pipe is indistinguishable from an empty PTY."""

_ENDS = frozenset({errno.EIO, errno.ECONNRESET})
"""Errors that mark the end of a PTY on Linux, and of a socket with unread input."""

_GONE = frozenset({errno.EPIPE, errno.ECONNRESET})
"""Errors of a program that has closed its standard input, which is a socket."""

_REFUSED = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})


class Splicer:
    """Moves the bytes of one session.

    Attributes:
        in_kernel: whether splice(2) and sendfile(2) are used; False once the kernel has refused them.
    """

    def __init__(self, *, in_kernel: bool = hasattr(os, "splice")) -> None:
        self.in_kernel = in_kernel
        self._in_pipe = 0

    def splice_from_pty(
        self, master: int, pipe_read: int, pipe_write: int, file: int, end: int, short_read_bytes: int
    ) -> tuple[int, bool]:
        """Move the program's output to the end of a file.

        Args:
            master: the PTY; non-blocking.
            pipe_read: the read end of the pipe between PTY and file.
            pipe_write: its write end.
            file: the output file.
            end: the file's length.
            short_read_bytes: a read that returns fewer bytes is taken as the last one.

        Returns:
            The number of bytes moved, and whether the output has ended: no process holds the PTY's other side.
        """
        if not self.in_kernel:
            return self._copy(master, file, end)
        received, at_end = 0, False
        try:
            received = count = os.splice(master, pipe_write, TTY_READ_BYTES)
            at_end = not received  # A socket ends with 0 bytes, a PTY with EIO.
            slots = 1
            while count >= short_read_bytes and slots < PIPE_SLOTS:
                count = os.splice(master, pipe_write, TTY_READ_BYTES)
                received += count
                slots += 1
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno in _REFUSED and not received:
                self.in_kernel = False
                return self._copy(master, file, end)
            if error.errno not in _ENDS:
                raise
            at_end = True
        self._in_pipe += received
        moved = os.splice(pipe_read, file, self._in_pipe, None, end) if received else 0
        if moved < self._in_pipe:
            moved += self.drain_pipe(pipe_read, file, end + moved, self._in_pipe - moved)
        self._in_pipe -= moved
        return moved, at_end

    @staticmethod
    def drain_pipe(pipe_read: int, file: int, end: int, count: int) -> int:
        """Move up to ``count`` bytes from the pipe to the file's end; returns the number moved."""
        moved = 0
        while moved < count:
            try:
                moved += os.splice(pipe_read, file, count - moved, offset_dst=end + moved)
            except BlockingIOError:
                break
        return moved

    @staticmethod
    def _copy(master: int, file: int, end: int) -> tuple[int, bool]:
        try:
            data = os.read(master, READ_BYTES)
        except BlockingIOError:
            return 0, False
        except OSError as error:
            if error.errno in _ENDS:
                return 0, True
            raise
        os.pwrite(file, data, end)
        return len(data), not data

    def sendfile_to_pty(self, master: int, file: int, count: int) -> int:
        """Write up to ``count`` bytes to the program from the file's position on, and advance the position.

        Returns:
            The number of bytes written; 0 if the program does not read now. If the program has closed its standard
            input, all bytes are dropped and count as written.
        """
        if self.in_kernel:
            try:
                return os.sendfile(master, file, None, count)
            except BlockingIOError:
                return 0
            except OSError as error:
                if error.errno in _GONE:
                    os.lseek(file, count, os.SEEK_CUR)
                    return count
                if error.errno not in _REFUSED:
                    raise
                self.in_kernel = False
        position = os.lseek(file, 0, os.SEEK_CUR)
        try:
            taken = os.write(master, os.pread(file, count, position))
        except BlockingIOError:
            return 0
        except (BrokenPipeError, ConnectionResetError):
            taken = count
        os.lseek(file, position + taken, os.SEEK_SET)
        return taken
