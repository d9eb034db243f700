"""Tells a process from a later one with the same PID."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from . import proc


def start_time(pid: int) -> int | None:
    """When a process started, or None if there is no such process (or it is a zombie).

    On Linux in clock ticks since boot: field 22 of ``/proc/PID/stat`` (proc(5)). Elsewhere 0 for any
    process that exists: a lesser check.

    Raises:
        OSError: it cannot be read now (too many open files); that says nothing about the process.
    """
    try:
        fields = proc.stat_fields(pid)
    except FileNotFoundError:
        return None if proc.is_there() else _exists(pid)
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
    """Whether the process that was ``pid`` and started at ``started`` still runs.

    Without a known start time any process with that PID counts.
    """
    if pid is None:
        return False
    found = start_time(pid)
    return found is not None and (started is None or found == started)


def boot_id() -> str:
    """This boot of the machine, "" where the system does not tell.

    Raises:
        OSError: it cannot be read now (too many open files); that says nothing about the boot.
    """
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return ""


def environment_variables(pid: int, *names: str) -> dict[str, str]:
    """Those of the variables that a process was started with (environ(7)); none if it is gone, or not ours to see."""
    environment = b"\0" + proc.environment(pid) + b"\0"
    found = {}
    for name in names:
        start = environment.find(f"\0{name}=".encode())
        if start >= 0:
            value = environment[start + len(name) + 2 : environment.index(b"\0", start + 1)]
            found[name] = value.decode(errors="replace")
    return found


MOST_ANCESTORS = 64


def ancestors(pid: int) -> list[int]:
    """The processes that a process descends from, its parent first; as far as they can be seen."""
    return list(each_ancestor(pid))


def each_ancestor(pid: int) -> Iterator[int]:
    """As ``ancestors``, one at a time."""
    for _ in range(MOST_ANCESTORS):
        if pid <= 1:
            break
        try:
            pid = int(proc.stat_fields(pid)[1])
        except OSError:
            break
        yield pid


_SIGKILL_BIT = 1 << 8  # SIGKILL is 9 on every Linux; ``signal`` takes commands a millisecond to import.


def is_killed(pid: int) -> bool:
    """Whether SIGKILL was sent to a process that has not ended yet: on a busy machine that takes a while."""
    return bool(int(proc.status_field(pid, "ShdPnd") or "0", 16) & _SIGKILL_BIT)


def is_stopped(pid: int) -> bool:
    """Whether somebody stopped a process (SIGSTOP, or a debugger)."""
    try:
        return proc.stat_fields(pid)[0] in {"T", "t"}
    except OSError:
        return False
