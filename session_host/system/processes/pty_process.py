"""A program on a PTY.

The program is exec'd directly with its argv, without a shell, so no word is quoted, and no shell remains after its
end.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import resource
import signal
import struct
import termios
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from session_host.errors import AgentNotFound, LaunchFailed, OutliveError, why_not_started
from session_host.protocol.values import CellSize, GridSize
from session_host.system.files import find_program, open_log

from .chat_mark import VARIABLE, Mark
from .identity import start_time
from .permission import mark

_IUTF8 = 0o40000
"""termios(3): erase whole characters in the line discipline; Python's termios lacks the name."""

_ERRORS: dict[str, type[OutliveError]] = {each.__name__: each for each in (AgentNotFound, LaunchFailed)}
_PIPE_BYTES = 4096
"""The maximum size of one write."""

_EXEC_FAILED = 127
"""The exit status of a fork that failed to exec, as shells use it."""


def set_size(terminal: int, size: GridSize, cell: CellSize) -> None:
    """Set a terminal's size in the kernel, in cells and in pixels."""
    # The kernel's fields have 16 bits; a large grid of large cells has more pixels.
    width_px, height_px = (min(px, 0xFFFF) for px in (size.columns * cell.width_px, size.rows * cell.height_px))
    packed = struct.pack("HHHH", size.rows, size.columns, width_px, height_px)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, packed)


def resolve(command: str, directory: str, search_path: str) -> str:
    """The absolute path of the program that ``command`` names.

    Raises:
        AgentNotFound: there is no such program, or it is not executable.
        LaunchFailed: the directory does not exist, or the user may not enter it.
    """
    if not os.path.isdir(directory):  # noqa: PTH112 - is_dir raises an error if a parent is closed
        raise LaunchFailed(f"there is no directory {directory}; choose another")
    if not os.access(directory, os.X_OK):
        raise LaunchFailed(f"no permission to enter {directory}; choose another directory")
    if "/" in command:
        path = Path(directory, command)
        if not path.exists():
            raise AgentNotFound(f"there is no file {command}; check the path")
        if not path.is_file() or not os.access(path, os.X_OK):
            raise AgentNotFound(
                f"cannot run {command}: not an executable file; run chmod +x on it, or choose another program"
            )
        return str(path)
    found = find_program(command, search_path)
    if found is None:
        raise AgentNotFound(f"cannot find {command} on PATH; install it, or give its full path")
    return found


def _reset_process(umask: int, open_files: int) -> None:
    """Between fork and exec: reset everything that this process set for itself."""
    for descriptor in map(int, os.listdir("/dev/fd")):  # noqa: PTH208 - no object for each
        if descriptor > 2:
            with contextlib.suppress(OSError):  # The descriptor belonged to listdir.
                os.set_inheritable(descriptor, False)
    for number in signal.valid_signals():
        # Ignored signals stay ignored through an exec (execve(2)), and a shell may not even undo that (sh(1)).
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.umask(umask)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, hard))


def _set_terminal(slave: int, stderr: str) -> None:
    """Between fork and exec, as the last step, since the exit of a session leader hangs up its terminal."""
    os.login_tty(slave)
    if stderr:
        # A full disk must not prevent a start: standard error then goes to the terminal, as usual.
        with contextlib.suppress(OSError):
            errors = open_log(stderr)
            os.dup2(errors, 2)
            os.close(errors)
    attributes = termios.tcgetattr(0)
    attributes[0] |= _IUTF8
    termios.tcsetattr(0, termios.TCSANOW, attributes)


def _set_standard_streams(channel: int, output: int, stderr: str) -> None:
    """Between fork and exec, as the last step: standard input is a socket, standard output a pipe, no terminal.

    One socket for both would suffice, but asyncio's transport for writing (connect_write_pipe) takes input on its
    socket for the end of the reader. The pipe is opened a second time, since our writing end is non-blocking.
    """
    os.setsid()
    try:
        written = os.open(f"/dev/fd/{output}", os.O_WRONLY)
    except OSError:  # There is no /proc.
        written = channel
    errors = os.open("/dev/null", os.O_WRONLY)
    with contextlib.suppress(OSError):  # A full disk must not prevent a start: the errors are lost then.
        if stderr:
            errors = open_log(stderr)
    os.dup2(channel, 0)
    os.dup2(written, 1)
    os.dup2(errors, 2)


def _nothing() -> None:
    """Do nothing: the default of ``prepare``."""


class Program(NamedTuple):
    """A program to start; it gets default signal handlers, and nothing else of this process than these values.

    Attributes:
        argv: the program's words; the first is looked up on the environment's PATH.
        directory: the working directory.
        environment: the whole environment.
        umask: as umask(2) takes it.
        open_files: the soft limit of open files, as getrlimit(2) returns it.
        stderr: the path for standard error; "" for the terminal, or for none.
    """

    argv: list[str]
    directory: str
    environment: dict[str, str]
    umask: int
    open_files: int
    stderr: str = ""


class ProgramDescriptors(NamedTuple):
    """The descriptors that connect this process with a program.

    Attributes:
        master: the PTY's master side, or this process's end of a socket.
        slave: the PTY's slave side; with ``output``, a socket for standard input.
        output: a pipe for standard output; -1 for the terminal.
    """

    master: int
    slave: int
    output: int = -1


class StartingProcess:
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
    def fork(
        program: Program,
        descriptors: ProgramDescriptors,
        *,
        about_to_exec: Callable[[int], None],
        prepare: Callable[[], None] = _nothing,
    ) -> StartingProcess:
        """Fork this process, and exec the program in the fork. Best called while there is only one thread.

        Args:
            program: the program.
            descriptors: its PTY, or its socket and pipe; they stay open in this process.
            about_to_exec: called in the fork with its PID, directly before the exec.
            prepare: called in the fork first; if it raises, there is no exec.

        Raises:
            LaunchFailed: the system has no more processes or descriptors.
        """
        opened: tuple[int, ...] = ()
        try:
            report, report_write = opened = os.pipe()
            pid = os.fork()
        except OSError as error:
            for descriptor in opened:
                os.close(descriptor)
            raise LaunchFailed(f"cannot start {program.argv[0]}: {why_not_started(error)}") from error
        if pid:
            os.close(report_write)
            return StartingProcess(pid, report, descriptors.master)
        try:
            signal.set_wakeup_fd(-1)
            prepare()
            path = resolve(program.argv[0], program.directory, program.environment.get("PATH", ""))
            os.chdir(program.directory)
            _reset_process(program.umask, program.open_files)
            mark(program.environment)
            if session_id := program.environment.get(VARIABLE):
                Mark.of_chat(session_id).set_limit()
            if descriptors.output < 0:
                _set_terminal(descriptors.slave, program.stderr)
            else:
                _set_standard_streams(descriptors.slave, descriptors.output, program.stderr)
            about_to_exec(os.getpid())
            os.execve(path, [path, *program.argv[1:]], program.environment)  # noqa: S606 - no shell is wanted
        except BaseException as error:  # noqa: BLE001 - every failure is reported
            kind = type(error).__name__ if isinstance(error, OutliveError) else ""
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            text = str(error) if kind else f"cannot start {program.argv[0]}: {reason}"
            os.write(report_write, f"{kind or LaunchFailed.__name__}:{text}".encode(errors="replace")[:_PIPE_BYTES])
        finally:
            os._exit(_EXEC_FAILED)

    def is_same_process(self) -> bool:
        """Whether the process with this PID is the started one, and not a later one."""
        found = start_time(self.pid)
        return found is None or self.started is None or found == self.started

    @property
    def columns_and_rows(self) -> tuple[int, int]:
        """The terminal's size in the kernel."""
        size = os.get_terminal_size(self.master)
        return size.columns, size.lines

    def is_echoing(self) -> bool:
        """Whether the kernel echoes what is typed (ECHO in termios(3)): it does until a full-screen program starts."""
        try:
            return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)
        except termios.error:
            return False  # It is no terminal, or hung up.

    def resize(self, size: GridSize, cell: CellSize) -> None:
        """Set the terminal's size in the kernel, which sends SIGWINCH to the program."""
        set_size(self.master, size, cell)

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
