"""Moves bytes from PTY to file and from file to PTY, inside the kernel. Key path, 12 of 12. Output path, 3 of 16.

A process that is killed between two system calls leaves bytes in a file, a pipe or the PTY, never in its
own memory: splice(2) and sendfile(2) are carried out wholly or in a part that the files' lengths and
positions show. Where the kernel refuses them (macOS; ttys of kernels before 5.11 cannot splice), a read and a
write are used, with some microseconds between them in which a kill loses or doubles bytes.
"""

from __future__ import annotations

import errno
import os

READ_BYTES = 64 * 1024
PIECE_BYTES = 4096
"""A tty returns at most 4096 bytes per call (n_tty), and splice allocates pages for the size requested."""

PIPE_SLOTS = 15
"""A pipe holds 16 buffers of any size (pipe(7)); EAGAIN from a full pipe is indistinguishable from an empty PTY."""

_ENDS = frozenset({errno.EIO, errno.ECONNRESET})
"""The end of a PTY on Linux, and of a socket with unread input."""

_GONE = frozenset({errno.EPIPE, errno.ECONNRESET})
"""The program has closed its standard input, which is a socket: it reads no more."""

_REFUSED = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})


class Splicer:
    """Moves the bytes of one session.

    Attributes:
        in_kernel: False once the kernel has refused to.
    """

    def __init__(self, *, in_kernel: bool = hasattr(os, "splice")) -> None:
        self.in_kernel = in_kernel
        self._in_pipe = 0

    def splice_from_pty(
        self, master: int, pipe_read: int, pipe_write: int, file: int, end: int, enough: int
    ) -> tuple[int, bool]:
        """Move the program's output to the end of a file.

        Args:
            master: the PTY; non-blocking.
            pipe_read: the pipe between PTY and file.
            pipe_write: its other end.
            file: gets the output.
            end: the file's length.
            enough: with so many bytes it is enough; and with less than a little, there is no more.

        Returns:
            How many bytes were moved, and whether that was the end: no process holds the PTY's other side.
        """
        if not self.in_kernel:
            return self._copy(master, file, end)
        came, at_end = 0, False
        try:
            came = count = os.splice(master, pipe_write, PIECE_BYTES)
            at_end = not came  # Of a socket; a PTY ends with EIO.
            slots = 1
            while count >= enough and slots < PIPE_SLOTS:
                count = os.splice(master, pipe_write, PIECE_BYTES)
                came += count
                slots += 1
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno in _REFUSED and not came:
                self.in_kernel = False
                return self._copy(master, file, end)
            if error.errno not in _ENDS:
                raise
            at_end = True
        self._in_pipe += came
        moved = os.splice(pipe_read, file, self._in_pipe, None, end) if came else 0
        if moved < self._in_pipe:
            moved += self.drain_pipe(pipe_read, file, end + moved, self._in_pipe - moved)
        self._in_pipe -= moved
        return moved, at_end

    @staticmethod
    def drain_pipe(pipe_read: int, file: int, end: int, count: int) -> int:
        """Move ``count`` bytes, or what there is, from the pipe to the file's end; returns how many."""
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
            How many bytes were written; 0 if the program does not read now. A program that has closed its standard
            input gets none, and all count as written.
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
