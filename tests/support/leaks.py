"""Finds leaks of a test: processes, sockets, temporary files, threads, descriptors, handlers of signals."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections import Counter
from pathlib import Path

from session_host.system.processes import proc
from tests.support import processes
from tests.support.area import Area
from tests.support.waiting import WaitTimeout, wait_until

GRACE_S = 30.0
"""The time that exiting processes and threads get."""

COUNTED_DESCRIPTORS = ("socket:", "pipe:", "/dev/pts/", "/dev/ptmx", "/memfd:", "anon_inode:[pidfd]")

QT_ALLOWANCE = 6
"""Descriptors that Qt may open for good in any test: the display, event queues, font caches."""

LASTING_THREADS = ("asyncio_", "Dummy-", "MainThread", "pytest_timeout", "QDBusConnection", "execnet")
"""A loop's executor lives as long as the loop. A "dummy" is a thread of Qt that has called Python."""

long_lived: set[int] = set()
"""Processes that belong to fixtures of the whole run."""


class LeakCheck:
    """Records the state of the machine at its creation, and reports what was added since."""

    def __init__(self, area: Area, tests_directory: Path) -> None:
        """Remember what exists now.

        Args:
            area: the test's area.
            tests_directory: the directory that contains the ``tmp_path`` of each test.
        """
        self.area = area
        self._entries = [
            f"\0{start}".encode()
            for start in (f"OUTLIVE_RUNTIME_DIR={area.runtime}\0", f"HOME={area.root}/", f"HOME={tests_directory}/")
        ]
        self._earlier = processes.Earlier.now()
        self._children = processes.children()
        self._threads = set(threading.enumerate())
        self._descriptors = descriptors()
        self._signal_handlers = _signal_handlers()
        self._temporary = product_directories()

    def processes(self) -> list[int]:
        """Living processes that were started in this area or with a home below ``tmp_path``; new children of ours."""
        ours = set(processes.started_with(self._is_ours, after=self._earlier))
        return sorted((ours | (processes.children() - self._children)) - long_lived)

    def _is_ours(self, environment: bytes) -> bool:
        return any(entry in environment for entry in self._entries)

    def leaks(self, *, descriptor_allowance: int = 0) -> list[str]:
        """One line for each leak; waits a moment for exiting processes and threads."""
        found: list[str] = []

        def look() -> bool:
            found[:] = self._look(descriptor_allowance)
            return not found

        if not look():
            gc.collect()  # objects that only a cycle refers to are no leak
            try:
                wait_until(look, GRACE_S, "everything to end", every_s=0.03, is_exact=True)
            except WaitTimeout:
                return found
        return []

    def _look(self, descriptor_allowance: int) -> list[str]:
        found = [f"process {pid}: {processes.command_line(pid) or 'a zombie'}" for pid in self.processes()]
        found += [f"socket: {path}" for path in sockets_below(self.area.root)]
        found += [f"temporary: {path.name}" for path in self.area.temporary.iterdir()]
        found += [f"temporary: {path}" for path in product_directories() - self._temporary]
        found += [
            f"thread: {thread.name}"
            for thread in threading.enumerate()
            if thread not in self._threads and not thread.name.startswith(LASTING_THREADS)
        ]
        found += [f"signal handler: {handler}" for _, handler in _signal_handlers() - self._signal_handlers]
        more = descriptors() - self._descriptors
        if more.total() > descriptor_allowance:
            found += [f"descriptor: {count} × {target}" for target, count in sorted(more.items())]
        return found


def descriptors(pid: int | None = None) -> Counter[str]:
    """A process's descriptors, of the kinds that can leak, by target or kind; None for this process."""
    found: Counter[str] = Counter()
    for _, target in proc.open_files(pid or "self"):
        if target.startswith(COUNTED_DESCRIPTORS):
            found[target.partition(":[")[0] if target.startswith(("socket:", "pipe:")) else target] += 1
    return found


def _signal_handlers() -> set[tuple[int, object]]:
    """The signals that this process handles, and their handlers."""
    return {
        (number, handler)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGWINCH, signal.SIGUSR1)
        if callable(handler := signal.getsignal(number))
    }


def sockets_below(directory: Path) -> list[str]:
    """Paths of the listening unix sockets below ``directory``."""
    listening: list[str] = []
    sockets = Path("/proc/net/unix").read_text()
    if f" {directory}/" not in sockets:
        return listening
    for line in sockets.splitlines()[1:]:
        fields = line.split(maxsplit=7)
        accepts_connections = int(fields[3], 16) & 0x10000  # __SO_ACCEPTCON
        if len(fields) == 8 and fields[7].startswith(f"{directory}/") and accepts_connections:
            listening.append(fields[7])
    return listening


def product_directories() -> set[Path]:
    """The product's directories of this user in /tmp, except those of the user's own Outlive, and builds."""
    others = (f"outlive-{os.getuid()}", "outlive-build.")
    # Called twice for each test, and /tmp may be large: reading only the names takes half the time.
    names = [name for name in os.listdir("/tmp") if name.startswith("outlive") and not name.startswith(others)]  # noqa: PTH208
    return {path for name in names if _is_ours(path := Path("/tmp", name))}


def _is_ours(path: Path) -> bool:
    """Whether this user has made it: others may run their Outlive, or its tests, at the same time."""
    try:
        return path.lstat().st_uid == os.getuid()
    except FileNotFoundError:
        return False
