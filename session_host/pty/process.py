"""A program on a PTY.

The program is exec'd directly with the argv it was given: there is no shell anywhere, so nothing
is quoted, and nothing is left behind when it ends.
"""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import shutil
import signal
import struct
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Self

from session_host.errors import AgentNotFound, LaunchFailed
from session_host.protocol.values import CellSize, GridSize

from .identity import start_time

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


def _in_child(slave: int, umask: int, open_files: int, about_to_exec: Callable[[int], None]) -> None:
    """Run between fork and exec: what this process chose for itself must not become the program's."""
    os.login_tty(slave)
    for number in signal.valid_signals():
        # What is ignored stays ignored through an exec (execve(2)), and a shell may not even undo it (sh(1)).
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.umask(umask)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, hard))
    attributes = termios.tcgetattr(0)
    attributes[0] |= _IUTF8
    termios.tcsetattr(0, termios.TCSANOW, attributes)
    about_to_exec(os.getpid())


class PtyProcess:
    """A program whose terminal's master side we hold; it need not be a child of this process.

    Attributes:
        pid: the program's first process, which leads a session and a process group of its own.
        started: its kernel start time, see ``identity.start_time``.
        master: the PTY's side that is ours; somebody else's to close.
    """

    def __init__(self, pid: int, started: int | None, master: int) -> None:
        self.pid = pid
        self.started = started
        self.master = master

    @classmethod
    def spawn(
        cls,
        argv: list[str],
        directory: str,
        environment: dict[str, str],
        master: int,
        slave: int,
        *,
        umask: int,
        open_files: int,
        about_to_exec: Callable[[int], None],
    ) -> Self:
        """Start a program; returns once it is exec'd. Blocks that long, so call it off any event loop.

        It gets this environment, directory, umask and soft limit of open files, every signal as the system
        has it, and nothing else of ours.

        Args:
            argv: its words; the first is looked up on the environment's PATH.
            directory: where it starts.
            environment: all of it.
            master: the PTY.
            slave: the PTY's other side, which stays open here.
            umask: as umask(2) takes it.
            open_files: as getrlimit(2) tells it.
            about_to_exec: called in the child with its PID, as the last thing before the exec.

        Raises:
            AgentNotFound: there is no such program.
            LaunchFailed: the directory is gone, or the kernel refused the exec.
        """
        if not Path(directory).is_dir():
            raise LaunchFailed(f"the directory {directory} does not exist; choose another")
        program = resolve(argv[0], directory, environment.get("PATH", ""))
        try:
            process = subprocess.Popen(
                [program, *argv[1:]],
                cwd=directory,
                env=environment,
                preexec_fn=lambda: _in_child(slave, umask, open_files, about_to_exec),  # noqa: PLW1509 - waits for no thread
            )
        except (OSError, subprocess.SubprocessError) as error:
            reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
            raise LaunchFailed(f"{argv[0]}: could not be started: {reason}") from error
        # Its end is learnt and reaped in a way of our own: subprocess is to forget it.
        process.returncode = 0
        return cls(process.pid, start_time(process.pid), master)

    def is_it(self) -> bool:
        """Whether the process of this PID is the one that was started, and not a later one."""
        found = start_time(self.pid)
        return found is None or self.started is None or found == self.started

    def resize(self, size: GridSize, cell: CellSize) -> None:
        """Tell the kernel, and by SIGWINCH the program, of a new size."""
        # The kernel's numbers are of 16 bits; a large grid of large cells has more pixels.
        width_px, height_px = (min(px, 0xFFFF) for px in (size.columns * cell.width_px, size.rows * cell.height_px))
        packed = struct.pack("HHHH", size.rows, size.columns, width_px, height_px)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, packed)

    def signal(self, number: int) -> None:
        """Signal the child's process group, and the group in the foreground if that is another."""
        groups = {self.pid}
        try:
            groups.add(os.tcgetpgrp(self.master))
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
