"""Programs on real PTYs."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.errors import AgentNotFound, LaunchFailed
from session_host.protocol.values import CellSize, GridSize
from session_host.pty.identity import boot_id, is_running, start_time
from session_host.pty.process import PtyProcess, resolve
from tests.support import processes
from tests.support.waiting import wait_for_end, wait_until

SIZE = GridSize(80, 24)


@pytest.fixture
def started() -> Iterator[list[PtyProcess]]:
    """What a test starts is ended and closed."""
    own: list[PtyProcess] = []
    yield own
    for process in own:
        if processes.is_alive(process.pid):
            os.kill(process.pid, signal.SIGKILL)
        wait_for_end(process.pid, 5)
        with contextlib.suppress(ChildProcessError):  # the test has taken its end already
            os.waitpid(process.pid, 0)
        process.close()


def run(started: list[PtyProcess], *argv: str, directory: str = "/", size: GridSize = SIZE) -> PtyProcess:
    process = PtyProcess.spawn(list(argv), directory, dict(os.environ), size)
    started.append(process)
    return process


def read_all(process: PtyProcess) -> str:
    data = b""
    while True:
        select.select([process.fd], [], [], 10)
        piece = process.read()
        if piece == b"":
            return data.decode()
        data += piece or b""


def test_a_program_gets_its_terminal_size_directory_and_environment(started: list[PtyProcess]) -> None:
    script = "stty size; pwd; printf '%s\\n' \"$TERM\""
    process = run(started, "sh", "-c", script, directory="/usr", size=GridSize(91, 17))
    assert read_all(process).split() == ["17", "91", "/usr", "xterm-256color"]


def test_a_program_gets_python_s_signals_undone(started: list[PtyProcess]) -> None:
    """A Python process ignores SIGPIPE; inherited, that would break pipelines in every shell."""
    text = read_all(run(started, "sh", "-c", "grep -E 'Sig(Ign|Blk)' /proc/self/status"))
    masks = dict(line.split(":\t") for line in text.splitlines())
    assert int(masks["SigIgn"], 16) == 0
    assert int(masks["SigBlk"], 16) == 0


def test_a_program_inherits_no_descriptor(started: list[PtyProcess]) -> None:
    leaked = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(leaked, True)
    try:
        found = read_all(run(started, sys.executable, "-ISc", "import os; print(*os.listdir('/proc/self/fd'))"))
    finally:
        os.close(leaked)
    assert set(found.split()) <= {"0", "1", "2", "3"}, "3 is the listing's own"


def test_the_child_leads_a_session_and_has_the_terminal(started: list[PtyProcess]) -> None:
    process = run(started, "cat")
    assert os.getsid(process.pid) == process.pid
    assert os.tcgetpgrp(process.fd) == process.pid


@pytest.mark.parametrize(
    ("script", "end"), [("exit 0", (0, None)), ("exit 77", (77, None)), ("kill -TERM $$", (None, 15))]
)
def test_the_end_is_told(started: list[PtyProcess], script: str, end: tuple[int | None, int | None]) -> None:
    process = run(started, "sh", "-c", script)
    wait_for_end(process.pid, 10)
    assert process.reap() == end


def test_a_running_child_has_no_end(started: list[PtyProcess]) -> None:
    assert run(started, "cat").reap() is None


def test_a_resize_reaches_the_program_with_pixels(started: list[PtyProcess]) -> None:
    from tests.programs import program

    process = run(started, *program("window_size"))
    seen = ""

    def said(text: str) -> bool:
        nonlocal seen
        seen += (process.read() or b"").decode()
        return text in seen

    wait_until(lambda: said("size 80x24"), 10, "the first size")
    process.resize(GridSize(100, 30), CellSize(9, 18))
    wait_until(lambda: said("size 100x30 900x540"), 10, "the second size")


def test_a_huge_window_at_a_great_zoom_still_changes_the_program_s_size(started: list[PtyProcess]) -> None:
    """Its pixels are more than the kernel's 16 bits hold; the program is told as many as there can be."""
    from tests.programs import program

    process = run(started, *program("window_size"))
    seen = ""

    def said(text: str) -> bool:
        nonlocal seen
        seen += (process.read() or b"").decode()
        return text in seen

    wait_until(lambda: said("size 80x24"), 10, "the first size")
    process.resize(GridSize(1000, 1000), CellSize(70, 65535))
    wait_until(lambda: said("size 1000x1000 65535x65535"), 10, "the second size")


def test_signals_reach_the_foreground_group_too(started: list[PtyProcess]) -> None:
    process = run(started, "bash", "--norc", "-ic", "sleep 60; echo survived $?; exit 9")
    wait_until(lambda: os.tcgetpgrp(process.fd) != process.pid, 10, "a job in the foreground")
    job = os.tcgetpgrp(process.fd)
    process.signal(signal.SIGKILL)
    wait_for_end(job, 5)


def test_writing_to_a_program_that_does_not_read_does_not_block(started: list[PtyProcess]) -> None:
    process = run(started, "sh", "-c", "stty raw -echo; sleep 60")
    wait_until(lambda: process.write(b"x" * 4096) == 0, 10, "the kernel's buffer to be full")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("no-such-program", "not found on PATH"),
        ("./missing", "no such file"),
        ("/etc/passwd", "not a program"),
        ("/usr", "not a program"),
    ],
)
def test_a_program_that_cannot_be_found_says_so(command: str, words: str) -> None:
    with pytest.raises(AgentNotFound, match=words):
        resolve(command, "/", os.environ["PATH"])


def test_a_relative_program_is_looked_up_in_the_session_s_directory(tmp_path: Path) -> None:
    program = tmp_path / "tool"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert resolve("./tool", str(tmp_path), "") == str(tmp_path / "tool")


def test_a_directory_that_vanished_is_no_session() -> None:
    with pytest.raises(LaunchFailed, match="does not exist"):
        PtyProcess.spawn(["true"], "/no/such/place", {"PATH": os.environ["PATH"]}, SIZE)


def test_a_process_is_told_from_a_later_one_with_its_pid() -> None:
    started_at = start_time(os.getpid())
    assert started_at is not None
    assert is_running(os.getpid(), started_at)
    assert not is_running(os.getpid(), started_at + 1)
    assert is_running(os.getpid(), None)
    assert not is_running(None, None)
    assert start_time(2**22 + 1) is None
    assert boot_id()
