"""Distinguishes a process from a later one with the same PID."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from session_host.errors import OutliveError

from . import proc


def start_time(pid: int) -> int | None:
    """The start time of a process, or None if there is no such process (or it is a zombie).

    On Linux the unit is clock ticks since boot: field 22 of ``/proc/PID/stat`` (proc(5)). On other systems the value is
    0 for any existing process, which is a weaker check.

    Raises:
        OSError: the file cannot be read now (too many open files); the process may exist or not.
    """
    try:
        fields = proc.stat_fields(pid)
    except FileNotFoundError:
        return None if proc.is_available() else _exists(pid)
    except ProcessLookupError:
        return None
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def _exists(pid: int) -> int | None:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return 0


def is_running(pid: int | None, started: int | None) -> bool:
    """Whether the process with this PID and start time still runs.

    Without a known start time, any process with that PID counts.
    """
    if pid is None:
        return False
    found = start_time(pid)
    return found is not None and (started is None or found == started)


def boot_id() -> str:
    """The id of this boot, "" if unknown.

    Raises:
        OSError: the file cannot be read now (too many open files).
    """
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return ""


@cache
def machine_id() -> str:
    """The id of this machine or container (machine-id(5)); without one, its host name."""
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        with contextlib.suppress(OSError, ValueError):
            if (found := Path(path).read_text(encoding="ascii").strip()) and found != "uninitialized":
                return found
    return host_name()


def host_name() -> str:
    """The name that this machine or container has for itself."""
    return os.uname().nodename


def pid_namespace() -> int:
    """The number of the namespace in which this process's PIDs are valid (pid_namespaces(7)); 0 if unknown."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino  # noqa: PTH116 - a link to nothing that has a path
    except OSError:
        return 0


def environment_variables(pid: int, *names: str) -> dict[str, str]:
    """The named variables in a process's initial environment (environ(7)); empty if it is gone, or not readable."""
    environment = b"\0" + proc.environment(pid) + b"\0"
    found = {}
    for name in names:
        start = environment.find(f"\0{name}=".encode())
        if start >= 0:
            value = environment[start + len(name) + 2 : environment.index(b"\0", start + 1)]
            found[name] = value.decode(errors="replace")
    return found


MAX_ANCESTORS = 256


class AncestorsUnknown(OutliveError):
    """Not all ancestors of a process can be read."""


def ancestors(pid: int) -> list[int]:
    """The visible ancestors of a process, its parent first."""
    return list(each_ancestor(pid))


def each_ancestor(pid: int, *, is_complete: bool = False) -> Iterator[int]:
    """Like ``ancestors``, one at a time.

    Raises:
        AncestorsUnknown: with ``is_complete``, an ancestor has ended meanwhile, one of this user's processes is hidden
            (hidepid of proc(5)), or there are more than ``MAX_ANCESTORS``.
    """
    for _ in range(MAX_ANCESTORS):
        if pid <= 1:
            return
        try:
            pid = int(proc.stat_fields(pid)[1])
        except OSError:
            if is_complete and proc.is_available() and not _is_of_another_user(pid):
                raise AncestorsUnknown(f"process {pid}") from None
            return
        yield pid
    if is_complete:
        raise AncestorsUnknown(f"more than {MAX_ANCESTORS}")


def _is_of_another_user(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except ProcessLookupError:
        pass
    return False


_SIGKILL_BIT = 1 << 8  # SIGKILL is 9 on every Linux; ``signal`` costs commands a millisecond to import.


def is_killed(pid: int) -> bool:
    """Whether a process was sent SIGKILL and has not ended yet: on a busy machine that takes a while."""
    return bool(int(proc.status_field(pid, "ShdPnd") or "0", 16) & _SIGKILL_BIT)


def is_stopped(pid: int, *, traced: bool = True) -> bool:
    """Whether a process is stopped by SIGSTOP, or, with ``traced``, by a debugger."""
    try:
        return proc.stat_fields(pid)[0] in ({"T", "t"} if traced else {"T"})
    except OSError:
        return False


def current_umask() -> int:
    """This process's umask, as umask(2) takes it."""
    if found := proc.status_field("self", "Umask"):
        return int(found, 8)
    # Other systems can only read it by setting it.
    umask = os.umask(0o077)
    os.umask(umask)
    return umask
