"""Where a benchmark runs: directories of its own, the product's commands, a display; all ended by PID."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.peers import COLUMNS, ROWS
from tests.support import displays, processes
from tests.support.area import Area, new_area
from tests.support.waiting import wait_until

REPOSITORY = Path(__file__).resolve().parent.parent.parent
OUTLIVE = [sys.executable, "-m", "session_host.cli"]
WINDOW_TIMEOUT_S = 60.0


class Setting:
    """One run's corner of the machine.

    Attributes:
        area: its directories.
        cache: what is kept from round to round, such as generated files.
        rounds: how often each contestant has its turn.
    """

    def __init__(self, area: Area, rounds: int, stack: ExitStack) -> None:
        self.area = area
        self.cache = area.root / "cache"
        self.cache.mkdir()
        self.rounds = rounds
        self._stack = stack

    def environment(self) -> dict[str, str]:
        """For processes of the product and its peers."""
        return {**os.environ, "PYTHONPATH": str(REPOSITORY)}

    def outlive(self, *arguments: str) -> str:
        """Run the product's command; what it says.

        Raises:
            RuntimeError: it failed; with its message.
        """
        done = subprocess.run(
            [*OUTLIVE, *arguments], env=self.environment(), cwd=self.area.home,
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"outlive {' '.join(arguments)}: exit {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def new_session(self, argv: Sequence[str], name: str, *, engine: str = "ghostty") -> dict[str, Any]:
        """Start a session, detached; what ``new --json`` says of it."""
        options = ["-d", "--json", "-n", name, "--size", f"{COLUMNS}x{ROWS}", "--engine", engine]
        session: dict[str, Any] = json.loads(self.outlive("new", "command", *options, "--", *argv))
        return session

    def end_sessions(self) -> None:
        """End every process of the product in this setting."""
        processes.end(processes.with_environment("OUTLIVE_RUNTIME_DIR", str(self.area.runtime)))
        for directory in (self.area.runtime, self.area.state):
            for path in sorted(directory.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()

    def display(self) -> displays.XServer:
        """An X server off screen with a window manager, until the setting ends."""
        server = self._stack.enter_context(displays.x_server())
        patch = self._stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in server.environment().items():
            patch.setenv(name, value)
        self._stack.enter_context(displays.openbox(server))
        return server

    @contextmanager
    def window(self) -> Iterator[Window]:
        """The product's window, started; closed at the end."""
        process = subprocess.Popen(
            [sys.executable, "-m", "gui"], env=self.environment(), cwd=REPOSITORY, stdin=subprocess.DEVNULL
        )
        window = Window(process)
        try:
            yield window
        finally:
            processes.end([process.pid])
            process.wait()


class Window:
    """A running window, spoken to over its control socket."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def ask(self, verb: str, **arguments: str) -> Any:
        """One request; its result.

        Raises:
            ConnectionError, FileNotFoundError: the window does not listen yet.
            RuntimeError: it refused.
        """
        from session_host.paths import window_socket

        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(WINDOW_TIMEOUT_S)
            connection.connect(str(window_socket()))
            connection.sendall(json.dumps({"verb": verb, **arguments}).encode() + b"\n")
            with connection.makefile("r") as lines:
                answer = json.loads(lines.readline() or '{"ok": false, "error": "the window closed the connection"}')
        if not answer["ok"]:
            raise RuntimeError(f"window {verb}: {answer.get('error')}")
        return answer["result"]

    def tabs(self) -> list[dict[str, Any]]:
        """The open tabs; none while the window does not listen yet."""
        try:
            tabs: list[dict[str, Any]] = self.ask("tabs")
        except (ConnectionError, FileNotFoundError):
            assert self.process.poll() is None, f"the window ended with status {self.process.returncode}"
            return []
        return tabs

    def wait_connected(self, sessions: Sequence[str], *, every_s: float = 0.01) -> None:
        """Wait until the tabs of all these sessions are connected."""
        wanted = set(sessions)

        def connected() -> bool:
            return wanted <= {tab["session_id"] for tab in self.tabs() if tab["connected"]}

        wait_until(connected, WINDOW_TIMEOUT_S, "the tabs to be connected", every_s=every_s)

    def show(self, session: str) -> None:
        """Open a session's tab, or raise it."""
        wait_until(self.is_listening, WINDOW_TIMEOUT_S, "the window to listen")
        self.ask("show", session=session)

    def is_listening(self) -> bool:
        """The window answers."""
        try:
            self.ask("tabs")
        except (ConnectionError, FileNotFoundError):
            assert self.process.poll() is None, f"the window ended with status {self.process.returncode}"
            return False
        return True


@contextmanager
def setting(rounds: int) -> Iterator[Setting]:
    """Make a setting, and leave nothing of it."""
    with new_area() as area, pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        area.enter(patch)
        own = Setting(area, rounds, stack)
        try:
            yield own
        finally:
            own.end_sessions()
