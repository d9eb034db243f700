"""A program on a PTY.

The program is exec'd directly with its argv, without a shell, so no word is quoted, and no shell is left behind at its
end.
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
"""The maximum size of one write."""

_NOT_EXECED = 127
"""The exit status of a fork that failed to exec, as shells use it."""


def resolve(command: str, directory: str, search_path: str) -> str:
    """The absolute path of the program that ``command`` names.

    Raises:
        AgentNotFound: there is no such program, or it is not executable.
        LaunchFailed: the directory does not exist.
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
    """Between fork and exec: reset everything that this process set for itself."""
    for descriptor in map(int, os.listdir("/dev/fd")):  # noqa: PTH208 - no object for each
        if descriptor > 2:
            with contextlib.suppress(OSError):  # The descriptor was the one that reads the directory.
                os.set_inheritable(descriptor, False)
    for number in signal.valid_signals():
        # Ignored signals stay ignored through an exec (execve(2)), and a shell may not even undo that (sh(1)).
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.umask(umask)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, hard))


def _take_terminal(slave: int, stderr: str) -> None:
    """Between fork and exec, as the last step: a session leader that exits hangs its terminal up."""
    os.login_tty(slave)
    if stderr:
        # A full disk must not prevent a start: standard error then goes to the terminal, as usual.
        with contextlib.suppress(OSError):
            errors = os.open(stderr, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
            os.dup2(errors, 2)
            os.close(errors)
    attributes = termios.tcgetattr(0)
    attributes[0] |= _IUTF8
    termios.tcsetattr(0, termios.TCSANOW, attributes)


def _take_channel(channel: int, output: int, stderr: str) -> None:
    """Between fork and exec, as the last step: standard input is a socket, standard output a pipe, no terminal.

    One socket for both would do, but asyncio's transport for writing (connect_write_pipe) takes input on its socket for
    the end of the reader. The pipe is opened anew, since our writing end does not block.
    """
    os.setsid()
    try:
        written = os.open(f"/dev/fd/{output}", os.O_WRONLY)
    except OSError:  # There is no /proc.
        written = channel
    errors = os.open("/dev/null", os.O_WRONLY)
    with contextlib.suppress(OSError):  # A full disk must not prevent a start: the errors are lost then.
        if stderr:
            errors = os.open(stderr, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    os.dup2(channel, 0)
    os.dup2(written, 1)
    os.dup2(errors, 2)


def _nothing() -> None:
    """Does nothing, for a program without preparation."""


class Starting:
    """A fork of this process, before its exec.

    Attributes:
        pid: the PID of the fork, and then of the program.
    """

    def __init__(self, pid: int, report: int, master: int) -> None:
        self.pid = pid
        self._report = report
        self._master = master

    def close(self) -> None:
        """Stop watching for the exec."""
        if self._report >= 0:
            os.close(self._report)
            self._report = -1

    def fileno(self) -> int:
        """A descriptor that is readable once the exec has succeeded or failed."""
        return self._report

    def result(self) -> PtyProcess:
        """Wait for the exec, and return the program's process. Blocks.

        Raises:
            AgentNotFound, LaunchFailed: the failure in the fork.
        """
        with os.fdopen(self._report, "rb") as report:
            self._report = -1
            kind, _, text = report.read().decode(errors="replace").partition(":")
        if kind:
            os.waitpid(self.pid, 0)
            raise _ERRORS.get(kind, LaunchFailed)(text)
        return PtyProcess(self.pid, start_time(self.pid), self._master)


class PtyProcess:
    """A program on a PTY with its master side in this process; it need not be a child of this process.

    Attributes:
        pid: the program's first process, which leads a session and a process group of its own.
        started: its kernel start time, see ``identity.start_time``.
        master: the PTY's master side; its owner closes it.
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
        output: int = -1,
        about_to_exec: Callable[[int], None],
        prepare: Callable[[], None] = _nothing,
    ) -> Starting:
        """Fork this process, and exec the program in the fork. Best called while there is only one thread.

        The program gets this environment, directory, umask and soft limit of open files, default signal handlers, and
        nothing else of this process.

        Args:
            argv: the program's words; the first is looked up on the environment's PATH.
            directory: the working directory.
            environment: the whole environment.
            master: the PTY's master side.
            slave: the PTY's slave side, which stays open in this process.
            umask: as umask(2) takes it.
            open_files: the soft limit, as getrlimit(2) returns it.
            stderr: the path for standard error; "" for the terminal, or for none.
            output: a pipe for standard output, or -1; with a pipe, ``slave`` is a socket for standard input.
            about_to_exec: called in the fork with its PID, directly before the exec.
            prepare: called in the fork first; if it raises, there is no exec.

        Raises:
            LaunchFailed: the system has no more processes or descriptors.
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
            if output < 0:
                _take_terminal(slave, stderr)
            else:
                _take_channel(slave, output, stderr)
            about_to_exec(os.getpid())
            os.execve(program, [program, *argv[1:]], environment)  # noqa: S606 - no shell is wanted
        except BaseException as error:  # noqa: BLE001 - every failure is reported
            kind = type(error).__name__ if isinstance(error, OutliveError) else ""
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            text = str(error) if kind else f"{argv[0]}: cannot start: {reason}"
            os.write(told, f"{kind or LaunchFailed.__name__}:{text}".encode(errors="replace")[:_PIPE_BYTES])
        finally:
            os._exit(_NOT_EXECED)

    @classmethod
    def spawn(cls, *words: Any, **options: Any) -> PtyProcess:
        """As ``begin``, but wait for the exec. Blocks.

        Raises:
            AgentNotFound: there is no such program.
            LaunchFailed: the directory is missing, or the kernel refused the exec.
        """
        return cls.begin(*words, **options).result()

    def is_it(self) -> bool:
        """Whether the process with this PID is the started one, and not a later one."""
        found = start_time(self.pid)
        return found is None or self.started is None or found == self.started

    def resize(self, size: GridSize, cell: CellSize) -> None:
        """Set the terminal's size in the kernel, which sends SIGWINCH to the program."""
        # The kernel's fields have 16 bits; a large grid of large cells has more pixels.
        width_px, height_px = (min(px, 0xFFFF) for px in (size.columns * cell.width_px, size.rows * cell.height_px))
        packed = struct.pack("HHHH", size.rows, size.columns, width_px, height_px)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, packed)

    def foreground_group(self) -> int:
        """The terminal's foreground process group; 0 for none."""
        try:
            return os.tcgetpgrp(self.master)
        except OSError as error:
            if error.errno not in {errno.ENOTTY, errno.EIO}:
                raise
            return 0

    def signal(self, number: int) -> None:
        """Signal the child's process group, and the foreground group if that is another."""
        for group in {self.pid, self.foreground_group()}:
            if group <= 1:
                continue
            try:
                os.killpg(group, number)
            except ProcessLookupError:
                pass  # The process is gone.
