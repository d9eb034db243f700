"""Read ``/proc`` (proc(5)): the one module that knows its files about processes and descriptors.

Most functions return something empty for a process that is gone or not ours to see, and elsewhere than on Linux, where
there is no such directory. Some are called for many processes at a time, so they build no ``Path``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

ROOT = "/proc"


def is_there() -> bool:
    """Whether this system has the directory."""
    return os.path.exists(f"{ROOT}/self/stat")  # noqa: PTH110 - no Path, see above


def exists(pid: int) -> bool:
    """Whether there is a process of that number, a zombie too."""
    return os.path.exists(f"{ROOT}/{pid}")  # noqa: PTH110


def pids() -> list[int]:
    """The numbers of all processes."""
    try:
        return [int(name) for name in os.listdir(ROOT) if name.isdecimal()]  # noqa: PTH208
    except OSError:
        return []


def pids_of_user(user: int) -> Iterator[int]:
    """The numbers of a user's processes."""
    for pid in pids():
        try:
            if os.stat(f"{ROOT}/{pid}").st_uid == user:  # noqa: PTH116
                yield pid
        except OSError:
            continue  # It has gone meanwhile.


def stat_fields(pid: int) -> list[str]:
    """The fields of ``/proc/PID/stat`` from the third, the state, on.

    Raises:
        OSError: there is no such process, or it cannot be read now.
    """
    with open(f"{ROOT}/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
        text = file.read()
    # The command's name is in parentheses and may hold anything, so fields are counted from the last one.
    return text[text.rindex(")") + 2 :].split()


def status_field(pid: int | str, name: str) -> str:
    """A field of ``/proc/PID/status``, or of this process (``"self"``); "" if it is not there."""
    mark = f"\n{name}:\t"
    text = read(pid, "status").decode(errors="replace")
    start = text.find(mark)
    return text[start + len(mark) : text.index("\n", start + 1)].strip() if start >= 0 else ""


def name(pid: int) -> str:
    """What a process calls itself (``comm``, 15 bytes at most)."""
    return read(pid, "comm").decode(errors="replace").rstrip("\n")


def command_line(pid: int) -> bytes:
    """A process's argv, each word followed by a NUL."""
    return read(pid, "cmdline")


def command_lines() -> Iterator[bytes]:
    """The argv of all processes."""
    return map(command_line, pids())


def environment(pid: int) -> bytes:
    """The environment that a process was started with, each variable followed by a NUL."""
    return read(pid, "environ")


def children(pid: int) -> list[int]:
    """The children of a process's first thread, zombies too; none without CONFIG_PROC_CHILDREN in the kernel."""
    return [int(word) for word in read(pid, f"task/{pid}/children").split()]


def children_of_all_threads(pid: int) -> list[int]:
    """As ``children``, of every thread."""
    try:
        threads = os.listdir(f"{ROOT}/{pid}/task")  # noqa: PTH208
    except OSError:
        return []
    return [int(word) for thread in threads for word in read(pid, f"task/{thread}/children").split()]


def working_directory(pid: int) -> str:
    """A process's working directory; "" if it is not to be seen."""
    try:
        return os.readlink(f"{ROOT}/{pid}/cwd")  # noqa: PTH115
    except OSError:
        return ""


def open_files(pid: int | str) -> Iterator[tuple[int, str]]:
    """The descriptors of a process, or of this one (``"self"``), and what they lead to."""
    directory = f"{ROOT}/{pid}/fd"
    try:
        numbers = os.listdir(directory)  # noqa: PTH208
    except OSError:
        return
    for number in numbers:
        try:
            yield int(number), os.readlink(f"{directory}/{number}")  # noqa: PTH115
        except OSError:
            continue  # It was closed meanwhile, or is that of the directory being read.


def descriptor_path(descriptor: int, pid: int | str = "self") -> str:
    """A path that opens the file of a descriptor anew."""
    return f"{ROOT}/{pid}/fd/{descriptor}"


def descriptor_target(descriptor: int) -> str:
    """What a descriptor of this process leads to.

    Raises:
        OSError: it is closed.
    """
    return os.readlink(descriptor_path(descriptor))  # noqa: PTH115


def is_writable(pid: int, descriptor: int) -> bool:
    """Whether a descriptor may be written to, by its flags as in open(2), which stand in ``fdinfo`` in octal."""
    lines = read(pid, f"fdinfo/{descriptor}").splitlines()
    flags = next((line.split()[1] for line in lines if line.startswith(b"flags:")), b"0")
    return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY


def read(pid: int | str, file: str) -> bytes:
    """One of a process's files; empty if there is none, or it is not ours to see."""
    try:
        # Unbuffered: a third of the time.
        with open(f"{ROOT}/{pid}/{file}", "rb", buffering=0) as opened:  # noqa: PTH123
            return opened.readall()
    except OSError:
        return b""
