"""The end of a process: its exit status, and a watch for a process that is no child of this one (pidfd_open(2)).

Statuses are wait statuses as of wait(2), read without reaping. The parent can query its child; a zombie's status is
visible to its user (proc(5), field 52 of ``stat``); and since Linux 6.15 a pidfd has the status after the reaping
(PIDFD_GET_INFO).
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
from collections.abc import Callable

from .identity import is_running
from .proc import stat_fields


class ProcessEnd:
    """Watches one process at a time on the event loop; without pidfds it watches nothing."""

    def __init__(self, on_end: Callable[[], object]) -> None:
        """Watch nothing yet.

        Args:
            on_end: called once when the watched process has ended.
        """
        self._on_end = on_end
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process: tuple[int, int | None] | None = None
        self._descriptor = -1

    def watch(self, pid: int, started: int | None) -> None:
        """Watch this process instead of the previous one; ``started`` distinguishes it from a later one of its PID."""
        if (pid, started) == self._process:
            return
        self.close()
        self._process = pid, started
        self._loop = asyncio.get_running_loop()
        try:
            self._descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            self._loop.call_soon(self._ended, self._process)
            return
        except (AttributeError, OSError):
            return
        self._loop.add_reader(self._descriptor, self._ended, self._process)
        if not is_running(pid, started):
            self._loop.call_soon(self._ended, self._process)

    def close(self) -> None:
        """Watch nothing."""
        self._process = None
        if self._descriptor >= 0:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def _ended(self, process: tuple[int, int | None]) -> None:
        if process == self._process:
            self.close()
            self._on_end()


_PIDFD_GET_INFO = 3 << 30 | 64 << 16 | 0xFF << 8 | 11
_PIDFD_INFO_EXIT = 1 << 3
_INFO = struct.Struct("<QQ11Ii")
"""The first fields of struct pidfd_info (linux/pidfd.h): mask, cgroup, eleven ids, exit code."""
_INFO_BYTES = 64


def status_of_child(pid: int) -> int | None:
    """The status of a child of this process, without reaping it; None while it runs.

    Raises:
        ChildProcessError: it is not a child of this process.
    """
    found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if found is None:
        return None
    return wait_status(found.si_code, found.si_status)


def wait_status(code: int, status: int) -> int:
    """The wait status for values of waitid(2)."""
    if code == os.CLD_EXITED:
        return status << 8
    return status | (0x80 if code == os.CLD_DUMPED else 0)


def status_of_zombie(pid: int, started: int | None) -> int | None:
    """The status of a process that has ended and is not reaped yet; None for any other."""
    try:
        fields = stat_fields(pid)
    except (FileNotFoundError, ProcessLookupError):
        return None
    if fields[0] not in {"Z", "X"} or (started is not None and int(fields[19]) != started):
        return None
    return int(fields[49])


def status_of_reaped(pidfd: int) -> int | None:
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
