"""A program on a PTY.

The program is exec'd directly with the argv it was given: there is no shell anywhere, so nothing
is quoted, and nothing is left behind when it ends.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import resource
import shutil
import signal
import struct
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

from session_host.errors import AgentNotFound, LaunchFailed, OutliveError
from session_host.protocol.values import CellSize, GridSize

from .identity import start_time

_IUTF8 = 0o40000
"""termios(3): erase whole characters in the line discipline; Python's termios lacks the name."""

_ERRORS: dict[str, type[OutliveError]] = {each.__name__: each for each in (AgentNotFound, LaunchFailed)}
_PIPE_BYTES = 4096
"""So much is written at once."""

_NOT_EXECED = 127
"""The status of a fork that became no program, as shells have it."""


def resolve(command: str, directory: str, search_path: str) -> str:
    """The absolute path of the program that ``command`` means.

    Raises:
        AgentNotFound: there is no such program, or it may not be executed.
        LaunchFailed: there is no such directory.
    """
    if not Path(directory).is_dir():
        raise LaunchFailed(f"the directory {directory} does not exist; choose another")
    if "/" in command:
        path = Path(directory, command)
        if not path.exists():
            raise AgentNotFound(f"{command}: no such file; check the path")
        if not path.is_file() or not os.access(path, os.X_OK):
            raise AgentNotFound(f"{command}: not an executable file; run chmod +x on it, or choose another program")
        return str(path)
    found = shutil.which(command, path=search_path)
    if found is None:
        raise AgentNotFound(f"{command}: not found on PATH; install it, or give its full path")
    return found


def _drop_ours(umask: int, open_files: int) -> None:
    """Run between fork and exec: what this process chose for itself must not become the program's."""
    for descriptor in map(int, os.listdir("/dev/fd")):  # noqa: PTH208 - no object for each
        if descriptor > 2:
            with contextlib.suppress(OSError):  # It was that of the directory being read.
                os.set_inheritable(descriptor, False)
    for number in signal.valid_signals():
        # What is ignored stays ignored through an exec (execve(2)), and a shell may not even undo it (sh(1)).
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.umask(umask)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, hard))


def _take_terminal(slave: int, stderr: str) -> None:
    """Run between fork and exec, when nothing can come in between: who leads a terminal hangs it up at its end."""
    os.login_tty(slave)
    if stderr:
        # A disk that is full is no reason not to start: then it is the terminal's, as everywhere.
        with contextlib.suppress(OSError):
            errors = os.open(stderr, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
            os.dup2(errors, 2)
            os.close(errors)
    attributes = termios.tcgetattr(0)
    attributes[0] |= _IUTF8
    termios.tcsetattr(0, termios.TCSANOW, attributes)


def _nothing() -> None:
    """For a program that needs no preparation."""


class Starting:
    """A fork of this process that is becoming a program.

    Attributes:
        pid: its, and the program's.
    """

    def __init__(self, pid: int, report: int, master: int) -> None:
        self.pid = pid
        self._report = report
        self._master = master

    def close(self) -> None:
        """Ask no more what becomes of it."""
        if self._report >= 0:
            os.close(self._report)
            self._report = -1

    def fileno(self) -> int:
        """Readable once the program is exec'd, or will not be."""
        return self._report

    def result(self) -> PtyProcess:
        """The program. Blocks until it is exec'd.

        Raises:
            AgentNotFound, LaunchFailed: what went wrong in the fork.
        """
        with os.fdopen(self._report, "rb") as report:
            self._report = -1
            kind, _, text = report.read().decode(errors="replace").partition(":")
        if kind:
            os.waitpid(self.pid, 0)
            raise _ERRORS.get(kind, LaunchFailed)(text)
        return PtyProcess(self.pid, start_time(self.pid), self._master)


class PtyProcess:
    """A program on a PTY with its master side here; it need not be a child of this process.

    Attributes:
        pid: the program's first process, which leads a session and a process group of its own.
        started: its kernel start time, see ``identity.start_time``.
        master: the PTY's side that is ours; somebody else's to close.
    """

    def __init__(self, pid: int, started: int | None, master: int) -> None:
        self.pid = pid
        self.started = started
        self.master = master

    @staticmethod
    def begin(
        argv: list[str],
        directory: str,
        environment: dict[str, str],
        master: int,
        slave: int,
        *,
        umask: int,
        open_files: int,
        stderr: str = "",
        about_to_exec: Callable[[int], None],
        prepare: Callable[[], None] = _nothing,
    ) -> Starting:
        """Fork this process; the fork becomes the program. Best called while there is one thread.

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
            stderr: the file that its standard error goes to; "" for the terminal.
            about_to_exec: called in the fork with its PID, as the last thing before the exec.
            prepare: called in the fork as the first thing; if it raises, nothing is exec'd.

        Raises:
            LaunchFailed: there can be no more processes, or descriptors.
        """
        opened: tuple[int, ...] = ()
        try:
            report, told = opened = os.pipe()
            pid = os.fork()
        except OSError as error:
            for descriptor in opened:
                os.close(descriptor)
            raise LaunchFailed(f"{argv[0]}: cannot start: {error.strerror}") from error
        if pid:
            os.close(told)
            return Starting(pid, report, master)
        try:
            signal.set_wakeup_fd(-1)
            prepare()
            program = resolve(argv[0], directory, environment.get("PATH", ""))
            os.chdir(directory)
            _drop_ours(umask, open_files)
            _take_terminal(slave, stderr)
            about_to_exec(os.getpid())
            os.execve(program, [program, *argv[1:]], environment)  # noqa: S606 - no shell is wanted
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
            kind = type(error).__name__ if isinstance(error, OutliveError) else ""
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            text = str(error) if kind else f"{argv[0]}: cannot start: {reason}"
            os.write(told, f"{kind or LaunchFailed.__name__}:{text}".encode(errors="replace")[:_PIPE_BYTES])
        finally:
            os._exit(_NOT_EXECED)

    @classmethod
    def spawn(cls, *words: Any, **options: Any) -> PtyProcess:
        """As ``begin``; returns once the program is exec'd. Blocks that long.

        Raises:
            AgentNotFound: there is no such program.
            LaunchFailed: the directory is gone, or the kernel refused the exec.
        """
        return cls.begin(*words, **options).result()

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

    def foreground_group(self) -> int:
        """The process group that has the terminal now; 0 for none."""
        try:
            return os.tcgetpgrp(self.master)
        except OSError as error:
            if error.errno not in {errno.ENOTTY, errno.EIO}:
                raise
            return 0

    def signal(self, number: int) -> None:
        """Signal the child's process group, and the group in the foreground if that is another."""
        for group in {self.pid, self.foreground_group()}:
            if group <= 1:
                continue
            try:
                os.killpg(group, number)
            except ProcessLookupError:
                pass  # Already gone.
