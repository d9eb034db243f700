"""A fork that becomes a program: its preparation before the exec, and errors.

The tests make the PTY themselves, since starting a program on a PTY is under test.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from session_host.errors import AgentNotFound, LaunchFailed
from session_host.system.processes.pty_process import Program, ProgramDescriptors, PtyProcess, StartingProcess

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


@pytest.mark.parametrize(("program", "kind"), [("no-such-program", AgentNotFound), ("/etc/passwd", AgentNotFound)])
def test_an_error_of_the_program_keeps_its_type(begin: Begin, program: str, kind: type[Exception]) -> None:
    starting = begin(program)
    with pytest.raises(kind, match=program):
        starting.result()


def test_a_file_that_is_no_program_is_not_started(begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"\0\1\2\3")
    (tmp_path / "data").chmod(0o700)
    starting = begin(str(tmp_path / "data"))
    with pytest.raises(LaunchFailed, match="Exec format error"):
        starting.result()
