"""A program on a PTY of its own. Key path, 9 of 9. Output path, 1 of 10.

The program is exec'd directly with the argv it was given: there is no shell anywhere, so nothing
is quoted, and nothing is left behind when it ends.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import struct
import termios
from pathlib import Path

import ptyprocess

from session_host.errors import AgentNotFound, LaunchFailed
from session_host.protocol.values import CellSize, GridSize

from .identity import start_time

READ_BYTES = 64 * 1024
_IUTF8 = 0o40000
"""termios(3): erase whole characters in the line discipline; Python's termios lacks the name."""


def resolve(command: str, directory: str, search_path: str) -> str:
    """The absolute path of the program that ``command`` means.

    Raises:
        AgentNotFound: there is no such program, or it may not be executed.
    """
    if "/" in command:
        path = Path(directory, command)
        if not path.exists():
            raise AgentNotFound(f"{command}: no such file; check the path")
        if not path.is_file() or not os.access(path, os.X_OK):
            raise AgentNotFound(f"{command}: is not a program that may be executed; chmod +x it, or name another")
        return str(path)
    found = shutil.which(command, path=search_path)
    if found is None:
        raise AgentNotFound(f"{command}: not found on PATH; install it, or give its full path")
    return found


def _in_child(directory: str, umask: int) -> None:
    """Run between fork and exec: what this process chose for itself must not become the program's."""
    for number in signal.valid_signals():
        # What is ignored stays ignored through an exec (execve(2)), and a shell may not even undo it (sh(1)).
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.umask(umask)
    os.chdir(directory)
    attributes = termios.tcgetattr(0)
    attributes[0] |= _IUTF8
    termios.tcsetattr(0, termios.TCSANOW, attributes)


class PtyProcess:
    """One child and the master side of its PTY; the master is non-blocking.

    Attributes:
        pid: the child, which leads a session and a process group of its own.
        started: its kernel start time, see ``identity.start_time``.
        fd: the master's descriptor.
    """

    def __init__(self, process: ptyprocess.PtyProcess) -> None:
        self._process = process
        self.pid: int = process.pid
        self.fd: int = process.fd
        self.started = start_time(self.pid)
        os.set_blocking(self.fd, False)

    @classmethod
    def spawn(
        cls, argv: list[str], directory: str, environment: dict[str, str], size: GridSize, *, umask: int = 0o022
    ) -> PtyProcess:
        """Start a program; returns once it is exec'd. Blocks that long, so call it off any event loop.

        It gets this environment, directory and umask, every signal as the system has it, and nothing else
        of ours.

        Raises:
            AgentNotFound: there is no such program.
            LaunchFailed: the directory is gone, or the kernel refused the exec.
        """
        if not Path(directory).is_dir():
            raise LaunchFailed(f"the directory {directory} does not exist; choose another")
        program = resolve(argv[0], directory, environment.get("PATH", ""))
        try:
            process = ptyprocess.PtyProcess.spawn(
                [program, *argv[1:]],
                env=environment,
                preexec_fn=lambda: _in_child(directory, umask),
                dimensions=(size.rows, size.columns),
            )
        except (OSError, ptyprocess.PtyProcessError) as error:
            reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
            raise LaunchFailed(f"{argv[0]}: could not be started: {reason}") from error
        return cls(process)

    def read(self, limit: int = READ_BYTES) -> bytes | None:
        """What the program wrote: up to ``limit`` bytes, None if nothing is there now, b"" at the end."""
        try:
            return os.read(self.fd, limit)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno == errno.EIO:  # Linux's end of file: nobody holds the other side.
                return b""
            raise

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Give the program input; returns how many bytes were taken, 0 when it does not read."""
        try:
            return os.write(self.fd, data)
        except BlockingIOError:
            return 0

    def resize(self, size: GridSize, cell: CellSize) -> None:
        """Tell the kernel, and by SIGWINCH the program, of a new size."""
        # The kernel's numbers are of 16 bits; a large grid of large cells has more pixels.
        width_px, height_px = (min(px, 0xFFFF) for px in (size.columns * cell.width_px, size.rows * cell.height_px))
        packed = struct.pack("HHHH", size.rows, size.columns, width_px, height_px)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, packed)

    def signal(self, number: int) -> None:
        """Signal the child's process group, and the group in the foreground if that is another."""
        groups = {self.pid}
        try:
            groups.add(os.tcgetpgrp(self.fd))
        except OSError as error:
            if error.errno not in {errno.ENOTTY, errno.EIO}:
                raise
        for group in groups:
            if group <= 1:
                continue
            try:
                os.killpg(group, number)
            except ProcessLookupError:
                pass  # Already gone.

    def reap(self) -> tuple[int | None, int | None] | None:
        """The child's (exit code, exit signal) once it has ended, else None. Does not block."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            return None
        code = os.waitstatus_to_exitcode(status)
        return (code, None) if code >= 0 else (None, -code)

    def close(self) -> None:
        """Close the master; whoever still holds the other side is hung up."""
        if self.fd >= 0:
            # ptyprocess's own close() also sleeps and signals; the descriptor is all that is to go.
            self._process.fileobj.close()
            self.fd = -1
