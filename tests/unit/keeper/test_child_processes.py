"""Children that the keeper adopted: unfinished forks of its own program, as opposed to running programs."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from session_host.keeper.child_processes import orphan_forks, pidfd_of
from tests.support.waiting import wait_readable


@pytest.fixture
def fork_pid() -> Iterator[int]:
    """A child process that is a fork of this program."""
    pid = os.fork()
    if pid == 0:
        while True:
            signal.pause()
    yield pid
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_an_unknown_fork_of_our_program_is_an_orphan_fork(fork_pid: int) -> None:
    assert fork_pid in orphan_forks([])
    assert fork_pid not in orphan_forks([fork_pid])


def test_a_running_program_is_no_orphan_fork() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as program:
        assert program.pid not in orphan_forks([])
        program.communicate()


def test_the_end_of_any_process_is_reported(fork_pid: int) -> None:
    pidfd = pidfd_of(fork_pid)
    os.kill(fork_pid, signal.SIGTERM)
    wait_readable(pidfd, 10, "its end")
    os.close(pidfd)
    assert pidfd_of(2**22 + 1) == -1
