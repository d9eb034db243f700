"""Children that the keeper did not make: which are half a start of ours, and which a program's."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from session_host.keeper.processes.children import orphan_forks, pidfd_of
from tests.support.waiting import wait_readable


@pytest.fixture
def forked() -> Iterator[int]:
    """A child that is a fork of this very program."""
    pid = os.fork()
    if pid == 0:
        while True:
            signal.pause()
    yield pid
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_a_fork_of_ours_that_nobody_knows_is_a_stray(forked: int) -> None:
    assert forked in orphan_forks([])
    assert forked not in orphan_forks([forked])


def test_a_program_is_none() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as program:
        assert program.pid not in orphan_forks([])
        program.communicate()


def test_the_end_of_any_process_is_told(forked: int) -> None:
    pidfd = pidfd_of(forked)
    os.kill(forked, signal.SIGTERM)
    wait_readable(pidfd, 10, "its end")
    os.close(pidfd)
    assert pidfd_of(2**22 + 1) == -1
