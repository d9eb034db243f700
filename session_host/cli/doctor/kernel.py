"""Checks the kernel: tests each feature that keeps chats alive."""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import NamedTuple

from session_host.cli.doctor.check import Check, Status, ok

ARRIVAL_TIMEOUT_S = 2.0

_PR_SET_CHILD_SUBREAPER, _PR_GET_CHILD_SUBREAPER = 36, 37
"""linux/prctl.h."""

_PIDFD_GET_INFO = 0xC040FF0B
"""linux/pidfd.h: _IOWR(0xFF, 11, struct pidfd_info), 64 bytes in its first version."""
_PIDFD_INFO_EXIT = 8
_PIDFD_INFO = "=QQ11Ii"
"""mask, cgroup, eleven ids, exit status in the form of wait(2)."""


class Feature(NamedTuple):
    """A kernel feature, and a function that tests it."""

    name: str
    attempt: Callable[[], None]
    """A function that raises OSError if the kernel refuses, AttributeError if Python lacks the feature."""
    benefit: str
    consequence: str
    since: str
    status: Status = Status.WARN
    """The status if the feature is missing."""


def kernel() -> Iterator[Check]:
    """Check every feature; none stops the others."""
    for feature in FEATURES:
        name = f"kernel {feature.name}"
        try:
            feature.attempt()
        except (OSError, AttributeError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            message = f"not available ({reason}): {feature.consequence}"
            yield Check(
                name,
                feature.status,
                message,
                f"needs Linux {feature.since} or later and no seccomp filter that blocks it",
            )
        else:
            yield ok(name, feature.benefit)


def _memfd() -> None:
    with ExitStack() as stack:
        file = _file(stack)
        os.write(file, b"outlive")
        _check_equal(os.pread(file, 16, 3), b"live")


def _splice() -> None:
    with ExitStack() as stack:
        master, slave = _pty(stack)
        reading, writing = os.pipe()
        stack.callback(os.close, reading)
        stack.callback(os.close, writing)
        file = _file(stack)
        os.write(slave, b"x")
        _wait_until_readable(master)
        os.splice(master, writing, 1)
        os.splice(reading, file, 1)
        _check_equal(os.pread(file, 16, 0), b"x")


def _sendfile() -> None:
    with ExitStack() as stack:
        master, slave = _pty(stack)
        file = _file(stack)
        os.write(file, b"x\n")
        os.lseek(file, 0, os.SEEK_SET)
        os.sendfile(master, file, None, 2)
        _check_equal(os.lseek(file, 0, os.SEEK_CUR), 2)
        _wait_until_readable(slave)
        _check_equal(os.read(slave, 16), b"x\n")


def _pidfd() -> None:
    with ExitStack() as stack:
        process = stack.enter_context(subprocess.Popen(["true"], stdin=subprocess.DEVNULL))
        descriptor = os.pidfd_open(process.pid)
        stack.callback(os.close, descriptor)
        _wait_until_readable(descriptor)


def _exit_status() -> None:
    with ExitStack() as stack:
        process = stack.enter_context(subprocess.Popen(["sh", "-c", "exit 7"], stdin=subprocess.DEVNULL))
        descriptor = os.pidfd_open(process.pid)
        stack.callback(os.close, descriptor)
        process.wait()
        question = struct.pack(_PIDFD_INFO, _PIDFD_INFO_EXIT, *[0] * 13)
        mask, *_, status = struct.unpack(_PIDFD_INFO, fcntl.ioctl(descriptor, _PIDFD_GET_INFO, question))
        _check_equal((mask & _PIDFD_INFO_EXIT, os.waitstatus_to_exitcode(status)), (_PIDFD_INFO_EXIT, 7))


def _subreaper() -> None:
    before = ctypes.c_int()
    _prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(before))
    _prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(1))
    _prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(before.value))


def _prctl(option: int, argument: object) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, argument, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _pty(stack: ExitStack) -> tuple[int, int]:
    master, slave = os.openpty()
    stack.callback(os.close, master)
    stack.callback(os.close, slave)
    return master, slave


def _file(stack: ExitStack) -> int:
    file = os.memfd_create("outlive-doctor")
    stack.callback(os.close, file)
    return file


def _wait_until_readable(descriptor: int) -> None:
    if not select.select([descriptor], [], [], ARRIVAL_TIMEOUT_S)[0]:
        raise OSError(f"no data within {ARRIVAL_TIMEOUT_S:g} s")


def _check_equal(found: object, expected: object) -> None:
    if found != expected:
        raise OSError(f"got {found!r}, expected {expected!r}")


FEATURES = (
    Feature("memfd", _memfd, "a chat stays in memory when its background process dies",
            "a chat is lost when its background process dies", "3.17", Status.FAIL),
    Feature("splice", _splice, "output moves from the terminal to memory in the kernel",
            "killing a background process can lose the output that it has just read", "5.12"),
    Feature("sendfile", _sendfile, "input moves from memory to the terminal in the kernel",
            "killing a background process can lose or repeat a key", "5.12"),
    Feature("subreaper", _subreaper, "exit codes are known even if the background process was killed",
            "exit codes are unknown if the background process was killed", "3.4"),
    Feature("pidfd", _pidfd, "an agent's exit is seen at once", "an agent's exit is awaited in a thread", "5.3"),
    Feature("PIDFD_GET_INFO", _exit_status, "any process can read an agent's exit code",
            "only the agent's parent process can read its exit code", "6.15"),
)  # fmt: skip
