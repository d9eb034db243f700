"""Processes as the kernel reports them: the processes of a test, their states, ending them."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import select
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from session_host.system.processes import proc, process_tree
from tests.support.waiting import WaitTimeout, wait_for_end, wait_until

PROC = Path("/proc")


def is_alive(pid: int) -> bool:
    """Whether the process exists and is not a zombie."""
    return state(pid) not in {"", "Z", "X"}


def state(pid: int) -> str:
    """The process's state letter of proc(5), "" if there is no such process."""
    try:
        return proc.stat_fields(pid)[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def sleeps(pid: int) -> dict[str, int] | None:
    """How often each thread of the process went to sleep, None if one is awake; two equal answers are one sleep."""
    counted = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            said = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines())
            if not said["State"].strip().startswith("S"):
                return None
            counted[task.name] = int(said["voluntary_ctxt_switches"])
    return counted


def stop(pid: int) -> None:
    """Stop the process, and wait until it is stopped: kill(2) returns before a process that is busy elsewhere stops."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: state(pid) in {"T", "t", "Z", ""}, 10, f"process {pid} to stop")


def start_ticks(pid: int) -> int:
    """The kernel's start time of the process, in clock ticks since boot; with the PID it identifies a process."""
    return int(proc.stat_fields(pid)[19])


def parent(pid: int) -> int:
    """The process's parent; 0 if the process has ended."""
    try:
        return int(proc.stat_fields(pid)[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def foreground_group(pid: int) -> int:
    """The foreground process group of the process's terminal."""
    return int(proc.stat_fields(pid)[5])


def command_line(pid: int) -> str:
    """The process's argv as text for a message, "" if the process has ended."""
    return process_tree.command_line(pid)


def environment(pid: int) -> dict[bytes, bytes]:
    """The environment that the process was started with; {} if it has ended or is another user's."""
    return dict(entry.partition(b"=")[::2] for entry in proc.environment(pid).split(b"\0") if entry)


class Earlier(NamedTuple):
    """The processes of an earlier moment, so that later looks need not read the environment of each.

    Attributes:
        pids: their PIDs.
        latest: the PID that the kernel had assigned last. It assigns them in ascending order, and wraps around.
        started: how many processes and threads had been started since boot.
    """

    pids: frozenset[int]
    latest: int
    started: int

    @classmethod
    def now(cls) -> Earlier:
        """The processes of now, or of a moment since when few have started."""
        count = _count()
        if not _known or count - _known[0].started > MAX_MISSED:
            latest = int((PROC / "loadavg").read_text().split()[-1])
            _known[:] = [cls(frozenset(proc.pids()), latest, count)]
        return _known[0]

    def later(self) -> list[int]:
        """The PIDs of processes that may have started later: also of those that got the PID of one that has ended."""
        passed = _count() - self.started
        if not passed:
            return []
        passed += UNCOUNTED
        return [pid for pid in proc.pids() if pid not in self.pids or (pid - self.latest) % _pid_max() <= passed]


MAX_MISSED = 64
"""So many processes may be looked at needlessly."""

UNCOUNTED = 1000
"""PIDs that pass without a process: the first 300 after a wrap-around, and those of failed forks."""

_known: list[Earlier] = []


def _count() -> int:
    """How many processes and threads have been started since boot: ``processes`` of proc(5)'s ``/proc/stat``."""
    text = (PROC / "stat").read_bytes()
    return int(text[text.rindex(b"\nprocesses ") :].split(maxsplit=2)[1])


@cache
def _pid_max() -> int:
    return int((PROC / "sys/kernel/pid_max").read_text())


def with_environment(name: str, value: str) -> list[int]:
    """All other living processes that were started with ``name=value``, lowest PID first.

    Args:
        name: the variable.
        value: the variable's whole value.
    """
    entry = f"\0{name}={value}\0".encode()
    return started_with(lambda environment: entry in environment)


def started_with(is_wanted: Callable[[bytes], bool], *, after: Earlier | None = None) -> list[int]:
    """All other living processes that were started with a wanted environment, lowest PID first.

    Args:
        is_wanted: called with an environment: its entries (``NAME=value``), with a null byte before and after each. It
            is not split, since a process that changed its title may have thousands of null bytes.
        after: only processes that have started since then are returned.
    """
    found = []
    for pid in proc.pids() if after is None else after.later():
        if pid == os.getpid():
            continue
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            if is_wanted(b"\0%b\0" % _environment_of(PROC / str(pid))) and is_alive(pid):
                found.append(pid)
    return sorted(found)


def _environment_of(directory: Path) -> bytes:
    """A process's environment; in the midst of an exec it is empty, as are its words, so both are read again."""
    for _ in range(250):
        if raw := (directory / "environ").read_bytes():
            return raw
        (directory / "exe").readlink()  # a kernel thread has none: FileNotFoundError
        if (directory / "cmdline").read_bytes():
            break
        select.select([], [], [], 0.002)
    return (directory / "environ").read_bytes()


def children() -> set[int]:
    """The children of this process, zombies too."""
    return set(proc.children_of_all_threads(os.getpid()))


def name(pid: int) -> str:
    """The process's name; "" if it has ended."""
    return proc.name(pid)


@contextlib.contextmanager
def killed_after(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kill a program at the end of a block: ``Popen`` as a context waits for it, also when a test has failed."""
    try:
        yield
    finally:
        process.kill()


def kill_at_once(pids: Iterable[int]) -> None:
    """Stop all processes, then kill them, so that none reacts to another's end."""
    pids = tuple(pids)
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def kill_keepers(active: int) -> None:
    """Kill both processes of a keeper at once, so that neither can replace the other."""
    kill_at_once((active, parent(active)))


def keepers(active: int) -> list[int]:
    """The two keepers: the active one and its standby, which is its parent."""
    return [active, *(pid for pid in [parent(active)] if name(pid) == "outlive-standby")]


def end_product(living: Callable[[], Iterable[int]]) -> None:
    """End all processes that ``living`` returns; hosts and keepers would otherwise restart each other.

    The programs go first, so that their hosts see them end and leave; then the keeper has nothing to keep.
    """
    for _ in range(5):
        pids = list(living())
        if not pids:
            return
        keepers = [pid for pid in pids if name(pid) in {"outlive-keeper", "outlive-standby"}]
        hosts = [pid for pid in pids if name(pid) == "outlive-host"]
        # A shell ignores SIGTERM, and ends by SIGHUP, as when its terminal is closed; a stopped job needs SIGCONT.
        signals = (signal.SIGTERM, signal.SIGHUP, signal.SIGCONT)
        end((pid for pid in pids if pid not in {*keepers, *hosts}), signals)
        for pid in hosts:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        for pid in hosts:
            with contextlib.suppress(WaitTimeout):
                wait_for_end(pid, 3.0, is_exact=True)
        end([*keepers, *(pid for pid in hosts if is_alive(pid))])


def end(pids: Iterable[int], signals: Iterable[signal.Signals] = (signal.SIGTERM,), *, grace_s: float = 1.5) -> None:
    """End exactly these processes: by these signals, and SIGKILL for those that are left after ``grace_s`` seconds."""
    pids = list(pids)
    for pid, each in itertools.product(pids, signals):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, each)
    for pid in pids:
        try:
            wait_for_end(pid, grace_s, is_exact=True)
        except WaitTimeout:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            wait_for_end(pid, 5, f"process {pid} to end after SIGKILL")


_C = ctypes.CDLL(None)
_C.getenv.restype = ctypes.c_char_p


def c_variable(name: str) -> str | None:
    """The value of a variable as ``getenv(3)`` returns it; None if it is not set."""
    value: bytes | None = _C.getenv(name.encode())
    return None if value is None else value.decode()
