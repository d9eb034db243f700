"""A program's exit status, from each source, before and after it is reaped."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys

import pytest

from session_host.system.processes.process_end import (
    code_and_signal,
    status_of_child,
    status_of_reaped,
    status_of_zombie,
    wait_status,
)
from tests.support.processes import start_ticks
from tests.support.waiting import wait_for_end, wait_readable


def ended_child(script: str) -> int:
    """Start a child, and wait until it has ended; it is not reaped."""
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", script], os.environ)
    wait_for_end(pid, 10)
    return pid


@pytest.mark.parametrize(
    ("script", "end"),
    [
        ("exit 0", (0, None)),
        ("exit 255", (255, None)),
        ("kill -TERM $$", (None, signal.SIGTERM)),
        ("ulimit -c 0; kill -SEGV $$", (None, signal.SIGSEGV)),
    ],
)
def test_every_source_gives_the_same_status(script: str, end: tuple[int | None, int | None]) -> None:
    pid = ended_child(script)
    pidfd = os.pidfd_open(pid)
    zombie = status_of_zombie(pid, start_ticks(pid))
    of_child = status_of_child(pid)
    assert status_of_child(pid) == of_child, "it is still not reaped"
    found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert found is not None
    of_wait = wait_status(found.si_code, found.si_status)
    _, status = os.waitpid(pid, 0)
    reaped = status_of_reaped(pidfd)
    os.close(pidfd)
    assert zombie == of_child == of_wait == status
    assert reaped in {status, None}, "a kernel before 6.15 does not keep it"
    assert code_and_signal(status) == end


def test_a_core_dump_is_recognised_too() -> None:
    assert wait_status(os.CLD_DUMPED, signal.SIGABRT) == signal.SIGABRT | 0x80
    assert code_and_signal(signal.SIGABRT | 0x80) == (None, signal.SIGABRT)


def test_a_running_child_has_no_status() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        assert status_of_child(process.pid) is None
        assert status_of_zombie(process.pid, start_ticks(process.pid)) is None
        pidfd = os.pidfd_open(process.pid)
        assert status_of_reaped(pidfd) is None
        os.close(pidfd)
        process.communicate()


PARENT = """
import os, sys
child = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 42"], os.environ)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
print(child, flush=True)
sys.stdin.read(1)
os.waitpid(child, 0)
print("reaped", flush=True)
sys.stdin.read()
"""


def test_a_zombie_of_another_parent_has_its_status_until_it_is_reaped() -> None:
    with subprocess.Popen(
        [sys.executable, "-ISc", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        wait_readable(parent.stdout.fileno(), 10, "the child's PID")
        pid = int(parent.stdout.readline())
        started = start_ticks(pid)
        with pytest.raises(ChildProcessError):
            status_of_child(pid)
        assert status_of_zombie(pid, started) == 42 << 8
        assert status_of_zombie(pid, None) == 42 << 8
        assert status_of_zombie(pid, started + 1) is None, "another process had that PID"
        pidfd = os.pidfd_open(pid)
        parent.stdin.write(b"x")
        wait_readable(parent.stdout.fileno(), 10, "the reaping")
        assert parent.stdout.readline() == b"reaped\n"
        assert status_of_zombie(pid, started) is None
        assert status_of_reaped(pidfd) == (42 << 8 if kernel_keeps_status() else None)
        os.close(pidfd)
        parent.communicate()


def kernel_keeps_status() -> bool:
    """Return whether this kernel keeps the status of a reaped process, tried with a child of this process."""
    pid = ended_child("exit 3")
    pidfd = os.pidfd_open(pid)
    os.waitpid(pid, 0)
    found = status_of_reaped(pidfd)
    os.close(pidfd)
    return found is not None


def test_a_program_of_any_name_is_read(tmp_path: object) -> None:
    """The name is in parentheses in the middle of the fields, and may contain parentheses."""
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", "printf ') Z 1 (' > /proc/$$/comm; exit 9"], os.environ)
    wait_for_end(pid, 10)
    assert status_of_zombie(pid, start_ticks(pid)) == 9 << 8
    os.waitpid(pid, 0)


def test_another_descriptor_than_a_pidfd_has_no_status() -> None:
    with open("/dev/null") as nothing:  # noqa: PTH123 - its descriptor is all that is wanted
        assert status_of_reaped(nothing.fileno()) is None


def test_the_kernels_answer_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    def tell(_: int, __: int, buffer: bytearray) -> int:
        struct.pack_into("<QQ11Ii", buffer, 0, 1 << 3, 0, *range(11), 42 << 8)
        return 0

    monkeypatch.setattr("fcntl.ioctl", tell)
    assert status_of_reaped(0) == 42 << 8
