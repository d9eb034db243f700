"""Reads a process's exit status without reaping it, also of another process's child.

All values are wait statuses as of wait(2). The parent can query its child; a zombie's status is visible to its user
(proc(5), field 52 of ``stat``); and since Linux 6.15 a pidfd has the status after the reaping (PIDFD_GET_INFO).
"""

from __future__ import annotations

import fcntl
import os
import struct

from .proc import stat_fields

_PIDFD_GET_INFO = 3 << 30 | 64 << 16 | 0xFF << 8 | 11
_PIDFD_INFO_EXIT = 1 << 3
_INFO = struct.Struct("<QQ11Ii")
"""The first fields of struct pidfd_info (linux/pidfd.h): mask, cgroup, eleven ids, exit code."""
_INFO_BYTES = 64


def from_child(pid: int) -> int | None:
    """The status of a child of this process, without reaping it; None while it runs.

    Raises:
        ChildProcessError: it is not a child of this process.
    """
    found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if found is None:
        return None
    return from_waitid(found.si_code, found.si_status)


def from_waitid(code: int, status: int) -> int:
    """The wait status for values of waitid(2)."""
    if code == os.CLD_EXITED:
        return status << 8
    return status | (0x80 if code == os.CLD_DUMPED else 0)


def from_zombie(pid: int, started: int | None) -> int | None:
    """The status of a process that has ended and is not reaped yet; None for any other."""
    try:
        fields = stat_fields(pid)
    except (FileNotFoundError, ProcessLookupError):
        return None
    if fields[0] not in {"Z", "X"} or (started is not None and int(fields[19]) != started):
        return None
    return int(fields[49])


def from_reaped(pidfd: int) -> int | None:
    """The status of a process that another process has reaped; None if the kernel does not provide it."""
    buffer = bytearray(_INFO_BYTES)
    struct.pack_into("<Q", buffer, 0, _PIDFD_INFO_EXIT)
    try:
        fcntl.ioctl(pidfd, _PIDFD_GET_INFO, buffer)
    except OSError:
        return None
    mask, *_, code = _INFO.unpack_from(buffer)
    return int(code) if mask & _PIDFD_INFO_EXIT else None


def code_and_signal(status: int) -> tuple[int | None, int | None]:
    """A wait status as (exit code, None) or (None, signal)."""
    code = os.waitstatus_to_exitcode(status)
    return (code, None) if code >= 0 else (None, -code)
