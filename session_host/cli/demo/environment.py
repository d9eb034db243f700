"""The demo's own directories, display and viewers, removed afterwards."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from session_host.cli.demo.terminal import Terminal
from session_host.cli.session_argument import all_sessions
from session_host.cli.window_start import window_command
from session_host.client.window_control import WindowNotOpen, ask
from session_host.errors import OutliveError
from session_host.system import event_loop
from session_host.system.processes.identity import start_time

WINDOW_TIMEOUT_S = 60.0
END_TIMEOUT_S = 10.0
SCREEN = "1280x800x24"
MAX_TEMPORARY_DIRECTORY_BYTES = 40
"""In bytes: a socket's path has at most 107, and Outlive's part of it up to 65."""


class Window:
    """A window's process."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    def wait_until_open(self) -> None:
        """Wait until the window answers.

        Raises:
            OutliveError: the window exited instead, or takes too long.
        """
        deadline_s = time.monotonic() + WINDOW_TIMEOUT_S
        while time.monotonic() < deadline_s:
            try:
                ask("tabs")
            except OutliveError as error:
                # A broken connection shows the window's exit a moment before the system does.
                if self._has_ended(0.005 if isinstance(error, WindowNotOpen) else END_TIMEOUT_S):
                    raise OutliveError(f"the window exited at startup: {self._last_words()}") from None
                if not isinstance(error, WindowNotOpen):
                    raise
            else:
                return
        raise OutliveError(f"the window did not open within {WINDOW_TIMEOUT_S:.0f} s: {self._last_words()}")

    def kill(self) -> None:
        """Kill the window with SIGKILL, like a crash."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """End the window with SIGTERM, then with SIGKILL."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.kill()

    def _has_ended(self, wait_s: float) -> bool:
        try:
            self._process.wait(wait_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"no output (exit code {self._process.poll()})"


class DemoEnvironment:
    """A context manager: inside it, this process and its children use the demo's directories and display.

    Attributes:
        display: a description of the display that shows the viewer.
    """

    def __init__(self, *, with_window: bool) -> None:
        self.display = ""
        self._with_window = with_window
        self._ends = contextlib.ExitStack()
        self._windows: list[Window] = []
        self._terminals: list[Terminal] = []

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as ends:
            self._root = Path(tempfile.mkdtemp(prefix="outlive-demo-", dir=_short_temporary_directory()))
            ends.callback(shutil.rmtree, self._root, ignore_errors=True)
            for number in (signal.SIGTERM, signal.SIGHUP):
                previous = signal.signal(number, _leave)
                ends.callback(signal.signal, number, previous)
            environment = dict(os.environ)
            ends.callback(_set_environment, environment)
            for name, directory in (("RUNTIME", "r"), ("STATE", "s"), ("CONFIG", "c")):
                os.environ[f"OUTLIVE_{name}_DIR"] = str(self._root / directory)
            os.environ.pop("OUTLIVE_SESSION", None)
            if self._with_window:
                self._find_display(ends)
            else:
                self.display = "a terminal off screen (the window is not installed)"
            ends.callback(self._end_viewers_and_chats)
            self._ends = ends.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.close()

    def open_window(self) -> Window:
        """Start a window, and wait until it is open."""
        log = self._root / f"window-{len(self._windows) + 1}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                window_command(), stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
            )
        window = Window(process, log)
        self._windows.append(window)
        window.wait_until_open()
        return window

    def open_terminal(self, session_id: str) -> Terminal:
        """Attach to the chat in a terminal."""
        terminal = Terminal(session_id)
        self._terminals.append(terminal)
        return terminal

    def _find_display(self, ends: contextlib.ExitStack) -> None:
        """Use the current display, else start one."""
        here = next((name for name in ("WAYLAND_DISPLAY", "DISPLAY") if os.environ.get(name)), None)
        if here is None:
            # Off screen there is no desktop: Qt must not start a message bus, which would stay behind.
            os.environ["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={self._root}/no-bus"
        if here is not None:
            self.display = f"your display ({here}={os.environ[here]})"
        elif shutil.which("Xvfb"):
            os.environ["DISPLAY"] = _start_x_server(ends)
            os.environ["QT_QPA_PLATFORM"] = "xcb"
            self.display = f"an X server off screen (Xvfb {os.environ['DISPLAY']})"
        else:
            os.environ["QT_QPA_PLATFORM"] = "offscreen"
            self.display = "Qt's offscreen platform (no display and no Xvfb)"

    def _end_viewers_and_chats(self) -> None:
        for window in self._windows:
            window.end()
        for terminal in self._terminals:
            terminal.end()
        from session_host.cli.lifecycle.kill_all import kill
        from session_host.keeper_client.discovery import keeper_status

        infos = all_sessions(ended=False)
        event_loop.run_command(kill(infos))
        # The hosts exit a moment after they record the end in the directory that is to be removed.
        _end([pid for info in infos for pid in (info.host_pid, info.child_pid) if pid is not None])
        status = keeper_status()
        if status is not None:
            os.kill(status.pid, signal.SIGTERM)
            _end([status.pid])


def _end(pids: list[int]) -> None:
    """Wait, for a limited time, until exiting processes are gone."""
    deadline_s = time.monotonic() + END_TIMEOUT_S
    while (left := [pid for pid in pids if start_time(pid) is not None]) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _short_temporary_directory() -> str:
    """The user's temporary directory, unless the paths of sockets would be too long in it."""
    directory = tempfile.gettempdir()
    return directory if len(os.fsencode(directory)) <= MAX_TEMPORARY_DIRECTORY_BYTES else "/tmp"  # noqa: S108 - mkdtemp is safe


def _leave(number: int, _frame: object) -> None:
    """Exit in order on a signal, so that nothing stays behind."""
    raise SystemExit(128 + number)


def _set_environment(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


def _start_x_server(ends: contextlib.ExitStack) -> str:
    """Run Xvfb until the demo ends; returns its display."""
    reading, writing = os.pipe()
    try:
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", SCREEN, "-nolisten", "tcp", "-noreset"],
            pass_fds=[writing], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        ends.callback(server.wait)
        ends.callback(server.terminate)
        os.close(writing)
        writing = -1
        if not select.select([reading], [], [], WINDOW_TIMEOUT_S)[0]:
            raise OutliveError("Xvfb does not start")
        # Xvfb writes the line in two parts, and exits if it cannot write the second.
        with os.fdopen(os.dup(reading)) as line:
            number = line.readline().strip()
        if not number:
            raise OutliveError("Xvfb exited at startup")
        return f":{number}"
    finally:
        os.close(reading)
        if writing >= 0:
            os.close(writing)
