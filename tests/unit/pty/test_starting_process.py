"""A fork that is becoming a program: what it does before, and when it must not."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from session_host.errors import AgentNotFound, LaunchFailed, StoreError
from session_host.pty.process import PtyProcess, Starting

ENDED_S = 10.0

Begin = Callable[..., Starting]


@pytest.fixture
def begin() -> Iterator[Begin]:
    master, slave = os.openpty()

    def fork(*argv: str, prepare: Callable[[], None] = lambda: None) -> Starting:
        return PtyProcess.begin(
            list(argv), "/", dict(os.environ), master, slave, umask=0o077, open_files=512,
            about_to_exec=lambda _: None, prepare=prepare,
        )  # fmt: skip

    yield fork
    os.close(master)
    os.close(slave)


def is_known(starting: Starting, within_s: float) -> bool:
    return bool(select.select([starting], [], [], within_s)[0])


def test_it_prepares_at_once_and_runs_the_program_when_it_may(begin: Begin, tmp_path: Path) -> None:
    prepared, told = os.pipe()
    starting = begin("touch", str(tmp_path / "ran"), prepare=lambda: [None, os.write(told, b"x")][0])
    assert os.read(prepared, 1) == b"x"
    assert not is_known(starting, 0)
    assert not (tmp_path / "ran").exists()
    starting.go()
    assert is_known(starting, ENDED_S)
    process = starting.result()
    assert process.pid == starting.pid
    assert os.waitpid(process.pid, 0) == (process.pid, 0)
    assert (tmp_path / "ran").exists()
    os.close(prepared)
    os.close(told)


def test_nothing_is_run_when_who_may_allow_it_is_gone(begin: Begin, tmp_path: Path) -> None:
    starting = begin("touch", str(tmp_path / "ran"))
    starting.close()
    _, status = os.waitpid(starting.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 127
    assert not (tmp_path / "ran").exists()


def refuse() -> None:
    raise StoreError("the disk is full")


def test_nothing_is_run_when_it_cannot_be_prepared(begin: Begin, tmp_path: Path) -> None:
    starting = begin("touch", str(tmp_path / "ran"), prepare=refuse)
    assert is_known(starting, ENDED_S), "that is known before it is allowed"
    starting.go()
    with pytest.raises(StoreError, match="the disk is full"):
        starting.result()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(("program", "kind"), [("no-such-program", AgentNotFound), ("/etc/passwd", AgentNotFound)])
def test_what_is_wrong_with_the_program_is_told_as_it_is(begin: Begin, program: str, kind: type[Exception]) -> None:
    starting = begin(program)
    starting.go()
    with pytest.raises(kind, match=program):
        starting.result()


def test_a_file_that_is_no_program_is_not_started(begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"\0\1\2\3")
    (tmp_path / "data").chmod(0o700)
    starting = begin(str(tmp_path / "data"))
    starting.go()
    with pytest.raises(LaunchFailed, match="Exec format error"):
        starting.result()
