"""The environment of a benchmark: directories, the product's commands, a display. Processes are ended by PID."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.benchmarks.peers import COLUMNS, ROWS
from tests.support import displays, processes
from tests.support.area import Area, new_area
from tests.support.buses import bus_daemon
from tests.support.tray_host import TrayHost, tray_host
from tests.support.windows import outlive

_NUMBERS = itertools.count(1)
"""Numbers that make the names of running chats unique."""


class BenchmarkEnvironment:
    """The environment of one benchmark run: directories, sessions, display.

    Attributes:
        area: the directories.
        cache: a directory for files that are kept between rounds, such as generated ones.
        rounds: how often each program is measured.
    """

    def __init__(self, area: Area, rounds: int, stack: ExitStack) -> None:
        self.area = area
        self.cache = area.root / "cache"
        self.cache.mkdir()
        self.rounds = rounds
        self._stack = stack
        self._displays: set[int] = set()

    def new_session(self, argv: Sequence[str], name: str, *, engine: str = "ghostty") -> dict[str, Any]:
        """Start a detached session; return the output of ``new --json``."""
        options = ["-d", "--json", "-n", f"{name}-{next(_NUMBERS)}", "--size", f"{COLUMNS}x{ROWS}", "--engine", engine]
        session: dict[str, Any] = json.loads(outlive("new", "command", *options, "--", *argv))
        return session

    def end_sessions(self) -> None:
        """End the product's processes in this environment and empty their runtime and state directories."""
        processes.end_product(self._processes)
        for directory in (self.area.runtime, self.area.state):
            for path in sorted(directory.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()

    def _processes(self) -> list[int]:
        # Those of its ``ssh_machines``, too.
        directories = [self.area.runtime, *self.area.root.glob("m/*/r")]
        ours = [pid for each in directories for pid in processes.with_environment("OUTLIVE_RUNTIME_DIR", str(each))]
        return [pid for pid in ours if pid not in self._displays]

    def tray(self) -> TrayHost:
        """Start a session bus with a tray for the rest of the run. Without a tray the window shows a banner."""
        bus = self._stack.enter_context(bus_daemon(self.area.xdg_runtime))
        self._stack.enter_context(pytest.MonkeyPatch.context()).setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
        return self._stack.enter_context(tray_host())

    def display(self, width_px: int = 1600, height_px: int = 1000) -> displays.XServer:
        """Start an off-screen X server with a window manager for the rest of the run."""
        server = self._stack.enter_context(displays.x_server(width_px=width_px, height_px=height_px))
        patch = self._stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in server.environment().items():
            patch.setenv(name, value)
        manager = self._stack.enter_context(displays.openbox(server))
        self._displays |= {server.process.pid, manager.pid}
        return server


@contextmanager
def benchmark_environment(rounds: int) -> Iterator[BenchmarkEnvironment]:
    """The environment of a run; at the end its processes and files are removed."""
    with new_area() as area, pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        area.enter(patch)
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)  # An installed product is compiled once.
        bench = BenchmarkEnvironment(area, rounds, stack)
        try:
            yield bench
        finally:
            bench.end_sessions()
