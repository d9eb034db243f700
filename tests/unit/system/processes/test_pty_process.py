"""A program starts on a PTY with its size, signals and limits; a failure is reported with its kind.

The tests make the PTYs themselves, since starting a program on a PTY is under test.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import select
import signal
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from session_host.errors import AgentNotFound, LaunchFailed
from session_host.protocol.values import CellSize, GridSize
from session_host.system.processes.identity import boot_id, is_running, start_time
from session_host.system.processes.pty_process import Program, ProgramDescriptors, PtyProcess, StartingProcess, resolve
from tests.support import processes
from tests.support.area import Area
from tests.support.other_users import as_another_user, needs_root, open_to_all
from tests.support.waiting import wait_for_end, wait_until

SIZE = GridSize(80, 24)


class Terminal:
    """A PTY as the keeper makes it, and its program; closing ends the program, and reaps it unless the test has."""

    def __init__(self, size: GridSize = SIZE) -> None:
        self.master, self.slave = os.openpty()
        os.set_blocking(self.master, False)
        termios.tcsetwinsize(self.slave, (size.rows, size.columns))
        self.about_to_exec, self._about_to_exec = os.pipe()
        self.process: PtyProcess | None = None

    def run(self, *argv: str, directory: str = "/", umask: int = 0o077, open_files: int = 512) -> PtyProcess:
        def about_to_exec(pid: int) -> None:
            os.write(self._about_to_exec, b"%d" % pid)

        self.process = PtyProcess.fork(
            Program(list(argv), directory, dict(os.environ), umask, open_files),
            ProgramDescriptors(self.master, self.slave),
            about_to_exec=about_to_exec,
        ).result()
        self.close_slave()
        return self.process

    def close_slave(self) -> None:
        if self.slave >= 0:
            os.close(self.slave)
            self.slave = -1

    def read(self) -> bytes | None:
        """Read the program's output; None if there is none now, b"" at the end."""
        try:
            return os.read(self.master, 65536)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return b""

    def read_all(self) -> str:
        data = b""
        while True:
            select.select([self.master], [], [], 60)
            piece = self.read()
            if piece == b"":
                return data.decode()
            data += piece or b""

    def close(self) -> None:
        self.close_slave()
        if self.process is not None:
            if processes.is_alive(self.process.pid):
                os.kill(self.process.pid, signal.SIGKILL)
            wait_for_end(self.process.pid, 5)
            with contextlib.suppress(ChildProcessError):  # the test has reaped the program
                os.waitpid(self.process.pid, 0)
        for descriptor in (self.master, self.about_to_exec, self._about_to_exec):
            os.close(descriptor)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    terminal.close()


def test_a_program_gets_its_terminal_size_directory_and_environment(terminal: Terminal) -> None:
    script = "stty size; pwd; printf '%s\\n' \"$TERM\""
    termios.tcsetwinsize(terminal.slave, (17, 91))
    terminal.run("sh", "-c", script, directory="/usr")
    assert terminal.read_all().split() == ["17", "91", "/usr", "xterm-256color"]


def test_a_program_gets_the_default_signals(terminal: Terminal) -> None:
    """A Python process ignores SIGPIPE; inherited, that would break pipelines in every shell."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        terminal.run("sh", "-c", "grep -E 'Sig(Ign|Blk)' /proc/self/status")
        text = terminal.read_all()
    finally:
        signal.signal(signal.SIGHUP, before)
    masks = dict(line.split(":\t") for line in text.splitlines())
    # Others are the C library's own: posix_spawn(3), by which Python 3.13 may start programs, ignores them.
    changeable = sum(1 << number - 1 for number in signal.valid_signals())
    assert int(masks["SigIgn"], 16) & changeable == 0
    assert int(masks["SigBlk"], 16) & changeable == 0


def test_a_program_inherits_no_descriptor(terminal: Terminal) -> None:
    leaked = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(leaked, True)
    try:
        terminal.run(sys.executable, "-ISc", "import os; print(*os.listdir('/proc/self/fd'))")
        output = terminal.read_all()
    finally:
        os.close(leaked)
    assert set(output.split()) <= {"0", "1", "2", "3"}, "3 is the descriptor of the listing"


def test_a_program_gets_its_own_umask_and_limit_of_open_files(terminal: Terminal) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    terminal.run("sh", "-c", "umask; ulimit -n; ulimit -H -n", umask=0o002, open_files=333)
    assert terminal.read_all().split() == ["0002", "333", str(before[1])]
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


def test_the_child_reports_its_pid_before_the_exec_leads_a_session_and_has_the_terminal(terminal: Terminal) -> None:
    process = terminal.run("cat")
    assert os.getsid(process.pid) == os.tcgetpgrp(terminal.master) == process.pid
    assert int(os.read(terminal.about_to_exec, 100)) == process.pid
    assert process.started == start_time(process.pid)
    assert process.is_same_process()


def test_a_program_is_not_reaped_by_python(terminal: Terminal) -> None:
    """The host must save the status before the program is reaped, so Python must not reap it earlier."""
    process = terminal.run("sh", "-c", "exit 77")
    wait_for_end(process.pid, 10)
    assert os.waitpid(process.pid, 0) == (process.pid, 77 << 8)


@pytest.mark.parametrize(
    ("size", "cell", "expected"),
    [
        (GridSize(100, 30), CellSize(9, 18), "size 100x30 900x540"),
        # More pixels than fit into the kernel's 16 bits: the program gets the maximum.
        (GridSize(1000, 1000), CellSize(70, 65535), "size 1000x1000 65535x65535"),
    ],
)
def test_a_resize_reaches_the_program_with_pixels(
    terminal: Terminal, size: GridSize, cell: CellSize, expected: str
) -> None:
    from tests.programs import program

    process = terminal.run(*program("window_size"))
    seen = ""

    def has_printed(text: str) -> bool:
        nonlocal seen
        seen += (terminal.read() or b"").decode()
        return text in seen

    wait_until(lambda: has_printed("size 80x24"), 10, "the first size")
    process.resize(size, cell)
    wait_until(lambda: has_printed(expected), 10, "the second size")


def test_signals_reach_the_foreground_group_too(terminal: Terminal) -> None:
    process = terminal.run("bash", "--norc", "-ic", "sleep 60; echo survived $?; exit 9")
    wait_until(lambda: os.tcgetpgrp(terminal.master) != process.pid, 10, "a job in the foreground")
    job = os.tcgetpgrp(terminal.master)
    process.signal(signal.SIGKILL)
    wait_for_end(job, 5)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("no-such-program", "cannot find no-such-program on PATH"),
        ("./missing", "there is no file ./missing"),
        ("/etc/passwd", "not an executable file"),
        ("/usr", "not an executable file"),
    ],
)
def test_a_program_that_cannot_be_found_is_reported(command: str, words: str) -> None:
    with pytest.raises(AgentNotFound, match=words):
        resolve(command, "/", os.environ["PATH"])


def test_a_relative_program_is_searched_in_the_sessions_directory(tmp_path: Path) -> None:
    program = tmp_path / "tool"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert resolve("./tool", str(tmp_path), "") == str(tmp_path / "tool")


def test_a_missing_directory_starts_no_program(terminal: Terminal) -> None:
    with pytest.raises(LaunchFailed, match="there is no directory /no/such/place"):
        terminal.run("true", directory="/no/such/place")


@needs_root
def test_a_directory_that_the_user_may_not_enter_is_named(area: Area) -> None:
    closed = area.root / "closed"
    closed.mkdir(mode=0o700)
    open_to_all([area.root])

    def start() -> str:
        try:
            return resolve("true", str(closed), os.environ["PATH"])
        except LaunchFailed as error:
            return str(error)

    assert as_another_user(start) == f"no permission to enter {closed}; choose another directory"


def test_a_program_that_the_kernel_refuses_is_not_started(terminal: Terminal, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF is not enough")
    broken.chmod(0o755)
    with pytest.raises(LaunchFailed, match=r"cannot start .*/broken: Exec format error"):
        terminal.run(str(broken))


def test_a_process_is_distinguished_from_a_later_one_with_its_pid() -> None:
    started_at = start_time(os.getpid())
    assert started_at is not None
    assert is_running(os.getpid(), started_at)
    assert not is_running(os.getpid(), started_at + 1)
    assert is_running(os.getpid(), None)
    assert not is_running(None, None)
    assert start_time(2**22 + 1) is None
    assert boot_id()


ENDED_S = 60.0

Begin = Callable[..., StartingProcess]


@pytest.fixture
def begin() -> Iterator[Begin]:
    master, slave = os.openpty()

    def fork(*argv: str, prepare: Callable[[], None] = lambda: None) -> StartingProcess:
        return PtyProcess.fork(
            Program(list(argv), "/", dict(os.environ), umask=0o077, open_files=512),
            ProgramDescriptors(master, slave),
            about_to_exec=lambda _: None,
            prepare=prepare,
        )

    yield fork
    os.close(master)
    os.close(slave)


def is_known(starting: StartingProcess, within_s: float) -> bool:
    return bool(select.select([starting], [], [], within_s)[0])


def test_the_fork_prepares_and_then_runs_the_program(begin: Begin, tmp_path: Path) -> None:
    prepared, prepared_write = os.pipe()
    permitted, permit = os.pipe()

    def prepare() -> None:
        os.write(prepared_write, b"x")
        os.read(permitted, 1)

    starting = begin("touch", str(tmp_path / "ran"), prepare=prepare)
    assert os.read(prepared, 1) == b"x"
    assert not is_known(starting, 0)
    assert not (tmp_path / "ran").exists()
    os.write(permit, b"x")
    assert is_known(starting, ENDED_S)
    process = starting.result()
    assert process.pid == starting.pid
    assert os.waitpid(process.pid, 0) == (process.pid, 0)
    assert (tmp_path / "ran").exists()
    for descriptor in (prepared, prepared_write, permitted, permit):
        os.close(descriptor)


def refuse() -> None:
    raise LaunchFailed("not today")


def test_after_a_failed_preparation_no_program_runs(begin: Begin, tmp_path: Path) -> None:
    starting = begin("touch", str(tmp_path / "ran"), prepare=refuse)
    assert is_known(starting, ENDED_S)
    with pytest.raises(LaunchFailed, match="not today"):
        starting.result()
    assert not (tmp_path / "ran").exists()


def test_an_error_of_the_program_keeps_its_type(begin: Begin) -> None:
    starting = begin("no-such-program")
    with pytest.raises(AgentNotFound, match="no-such-program"):
        starting.result()
