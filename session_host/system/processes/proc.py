"""Reads ``/proc`` (proc(5)): the only module that knows its files about processes and descriptors.

Most functions return an empty value for a process that is gone or not readable. Systems other than Linux have no
``/proc``; there, too, the value is empty. Some functions are called for many processes at a time, so they build no
``Path``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator

ROOT = "/proc"


def is_available() -> bool:
    """Whether this system has ``/proc``."""
    return os.path.exists(f"{ROOT}/self/stat")  # noqa: PTH110 - no Path, see above


def exists(pid: int) -> bool:
    """Whether a process with this PID exists, including zombies."""
    return os.path.exists(f"{ROOT}/{pid}")  # noqa: PTH110


def pids() -> list[int]:
    """The PIDs of all processes."""
    try:
        return [int(name) for name in os.listdir(ROOT) if name.isdecimal()]  # noqa: PTH208
    except OSError:
        return []


def pids_of_user(user: int) -> Iterator[int]:
    """The PIDs of a user's processes."""
    for pid in pids():
        try:
            if os.stat(f"{ROOT}/{pid}").st_uid == user:  # noqa: PTH116
                yield pid
        except OSError:
            continue  # The process is gone.


def stat_fields(pid: int) -> list[str]:
    """The fields of ``/proc/PID/stat``, from the third one, the state.

    Raises:
        OSError: there is no such process, or the file cannot be read now.
    """
    with open(f"{ROOT}/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
        text = file.read()
    # The command's name is in parentheses and may contain anything, so count fields from the last parenthesis.
    return text[text.rindex(")") + 2 :].split()


def group_members(group: int) -> list[int]:
    """The living processes of a process group; none without /proc."""
    return _living(2, group)


def session_members(leader: int) -> list[int]:
    """The living processes of a terminal session; none without /proc."""
    return _living(3, leader)


def _living(field: int, number: int) -> list[int]:
    """The living processes with this number in a field of proc(5): state, ppid, pgrp, session."""
    found = []
    for pid in pids():
        try:
            fields = stat_fields(pid)
        except OSError:
            continue  # The process has ended meanwhile.
        if int(fields[field]) == number and fields[0] not in {"Z", "X"}:
            found.append(pid)
    return found


def status_field(pid: int | str, name: str) -> str:
    """A field of ``/proc/PID/status``, or of this process's (``"self"``); "" if it is missing."""
    mark = f"\n{name}:\t"
    text = read(pid, "status").decode(errors="replace")
    start = text.find(mark)
    return text[start + len(mark) : text.index("\n", start + 1)].strip() if start >= 0 else ""


def hard_limit(pid: int, name: str) -> int | None:
    """A hard limit of a process, by its name in ``/proc/PID/limits``; a huge number for none, None if unknown."""
    return _limit(pid, name, 1)


def soft_limit(pid: int, name: str) -> int | None:
    """Like ``hard_limit``, for a soft limit."""
    return _limit(pid, name, 0)


def _limit(pid: int, name: str, column: int) -> int | None:
    for line in read(pid, "limits").decode(errors="replace").splitlines():
        if line.startswith(name):
            value = line[len(name) :].split()[column]
            return int(value) if value.isdecimal() else sys.maxsize
    return None


def name(pid: int) -> str:
    """A process's own name (``comm``, 15 bytes at most)."""
    return read(pid, "comm").decode(errors="replace").rstrip("\n")


def command_line(pid: int) -> bytes:
    """A process's argv, each word followed by a NUL."""
    return read(pid, "cmdline")


def command_lines() -> Iterator[bytes]:
    """The argv of all processes."""
    return map(command_line, pids())


def environment(pid: int) -> bytes:
    """The initial environment of a process, each variable followed by a NUL."""
    return read(pid, "environ")


def memory_bytes(processes: Iterable[int]) -> int | None:
    """The memory of processes, what several share divided among them (PSS); None if the kernel does not tell it.

    Processes that are gone meanwhile are left out.
    """
    total, is_known = 0, False
    for pid in processes:
        try:
            with open(f"{ROOT}/{pid}/smaps_rollup", "rb", buffering=0) as file:  # noqa: PTH123
                lines = file.readall().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            if exists(pid):
                return None  # The kernel has no such file (CONFIG_PROC_PAGE_MONITOR).
            continue
        except OSError:
            return None
        total += sum(int(line.split()[1]) for line in lines if line.startswith(b"Pss:")) * 1024
        is_known = True
    return total if is_known else None


def children(pid: int) -> list[int]:
    """The children of a process's first thread, including zombies; none if the kernel lacks CONFIG_PROC_CHILDREN."""
    return [int(word) for word in read(pid, f"task/{pid}/children").split()]


def tells_children() -> bool:
    """Whether the kernel tells a process's children (CONFIG_PROC_CHILDREN)."""
    return os.path.exists(f"{ROOT}/thread-self/children")  # noqa: PTH110


def parents(pid: int) -> list[int]:
    """The parent of a process, unless that is unknown or the first process of all."""
    try:
        parent = int(stat_fields(pid)[1])
    except OSError:
        return []
    return [parent] if parent > 1 else []


def group_of(pid: int) -> int:
    """The process group of a process; 0 if it has ended."""
    try:
        return int(stat_fields(pid)[2])
    except OSError:
        return 0


def children_of_all_threads(pid: int) -> list[int]:
    """Like ``children``, of every thread."""
    try:
        threads = os.listdir(f"{ROOT}/{pid}/task")  # noqa: PTH208
    except OSError:
        return []
    return [int(word) for thread in threads for word in read(pid, f"task/{thread}/children").split()]


def working_directory(pid: int) -> str:
    """A process's working directory; "" if unknown."""
    try:
        return os.readlink(f"{ROOT}/{pid}/cwd")  # noqa: PTH115
    except OSError:
        return ""


def foreground_group(pid: int) -> int:
    """The foreground process group of a process's terminal; 0 if unknown, or if it has no terminal."""
    try:
        return max(int(stat_fields(pid)[5]), 0)
    except OSError:
        return 0


def open_files(pid: int | str) -> Iterator[tuple[int, str]]:
    """The descriptors of a process, or of this one (``"self"``), and their targets."""
    directory = f"{ROOT}/{pid}/fd"
    try:
        numbers = os.listdir(directory)  # noqa: PTH208
    except OSError:
        return
    for number in numbers:
        try:
            yield int(number), os.readlink(f"{directory}/{number}")  # noqa: PTH115
        except OSError:
            continue  # The descriptor is closed, or is the one that reads this directory.


def hides_files(pid: int) -> bool:
    """Whether the descriptors of a process cannot be read, though it exists: it has changed its user, for one."""
    directory = f"{ROOT}/{pid}/fd"
    return os.path.exists(directory) and not os.access(directory, os.R_OK)  # noqa: PTH110


def descriptor_path(descriptor: int, pid: int | str = "self") -> str:
    """A path that opens a descriptor's file again."""
    return f"{ROOT}/{pid}/fd/{descriptor}"


def descriptor_target(descriptor: int) -> str:
    """The target of a descriptor of this process.

    Raises:
        OSError: the descriptor is closed.
    """
    return os.readlink(descriptor_path(descriptor))  # noqa: PTH115


def is_writable(pid: int, descriptor: int) -> bool:
    """Whether a descriptor is writable, by its flags as in open(2), which ``fdinfo`` has in octal."""
    lines = read(pid, f"fdinfo/{descriptor}").splitlines()
    flags = next((line.split()[1] for line in lines if line.startswith(b"flags:")), b"0")
    return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY


def read(pid: int | str, file: str) -> bytes:
    """Read one of a process's files; empty if it is missing or not readable."""
    try:
        # Unbuffered reading takes a third of the time.
        with open(f"{ROOT}/{pid}/{file}", "rb", buffering=0) as opened:  # noqa: PTH123
            return opened.readall()
    except OSError:
        return b""
