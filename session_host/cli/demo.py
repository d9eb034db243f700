"""``outlive demo``: shows that a chat outlives its window, with real processes, and measures it."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from ptyprocess import PtyProcess

from session_host.cli import wait
from session_host.cli.output import print_line
from session_host.cli.peek import read_screen
from session_host.cli.session_argument import all_sessions, find
from session_host.cli.window import window_command
from session_host.client.sessions.session_info import SessionInfo
from session_host.client.window_control import WindowNotOpen, ask
from session_host.errors import OutliveError
from session_host.keeper_client.discovery import keeper_status
from session_host.paths import config_dir
from session_host.readiness import readable
from session_host.system.installation import missing_modules, own_python
from session_host.system.processes.identity import start_time
from session_host.system.processes.permission import agent_chats

from . import demo_program as program

SIZE = (40, 120)
"""Rows and columns."""

_BOOTSTRAP = "import sys; sys.path.insert(0, sys.argv.pop(1)); from session_host.cli import run; run()"
_READ_BYTES = 65536
_KEPT_BYTES = 1024 * 1024


class Terminal:
    """A process of ``outlive attach``, and all that it wrote to its terminal.

    A thread reads the terminal, since a viewer blocks if nobody reads its output.
    """

    def __init__(self, session_id: str) -> None:
        self._shown = b""
        self._changed = threading.Condition()
        self._ended = False
        self._process = PtyProcess.spawn(
            [*own_python(), "-c", _BOOTSTRAP, str(Path(__file__).parents[2]), "attach", session_id],
            env={**os.environ, "TERM": "xterm-256color"},
            dimensions=SIZE,
        )
        self._process.delayafterclose = 0  # It is dead then.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_until_shown(self, text: str) -> None:
        """Wait until the terminal has shown text that matches the regular expression.

        Raises:
            OutliveError: the viewer exited instead, or takes too long.
        """
        pattern = re.compile(text.encode())
        with self._changed:
            found = self._changed.wait_for(lambda: self._ended or pattern.search(self._shown), SHOW_TIMEOUT_S)
            if not found or (self._ended and not pattern.search(self._shown)):
                raise OutliveError("`outlive attach` does not show the chat")

    def kill(self) -> None:
        """Kill the viewer with SIGKILL, like a crash."""
        self.end()

    def end(self) -> None:
        """End the viewer, and close its terminal."""
        self._process.kill(signal.SIGKILL)
        self._process.wait()
        self._reader.join()
        self._process.close()

    def _read(self) -> None:
        with contextlib.suppress(EOFError):
            while data := self._process.read(_READ_BYTES):
                with self._changed:
                    self._shown = (self._shown + data)[-_KEPT_BYTES:]
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


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
        from session_host.cli.ending import kill_chats

        infos = all_sessions(ended=False)
        kill_chats(infos)
        # The hosts exit a moment after they record the end in the directory that is to be removed.
        _end(
            [
                pid
                for info in infos
                for pid in (info.facts.program.host_pid, info.facts.program.child_pid)
                if pid is not None
            ]
        )
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
            pass_fds=[writing],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        ends.callback(server.wait)
        ends.callback(server.terminate)
        os.close(writing)
        writing = -1
        if not readable([reading], WINDOW_TIMEOUT_S):
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


T = TypeVar("T")

KILL_AT_LINE = 300
LINES_WITHOUT_A_VIEWER = 100
ANSWER_TIMEOUT_S = 60.0
SHOW_TIMEOUT_S = 30.0

_LINE = re.compile(r"^line (\d+)", re.MULTILINE)
_NAME = "demo"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.add_argument("--output", metavar="DIR", default="outlive-demo", help="directory for the screenshots")
    parser.epilog = (
        "Opens a window (off screen without a display), starts a chat, kills the window during the answer, "
        "reopens it, and checks that nothing is missing. Does not touch your chats. Where the window is not "
        "installed, a terminal with `outlive attach` takes its place, and there are no screenshots."
    )


def run(options: argparse.Namespace) -> int:
    """Run the demo; report a broken promise as one line and exit code 1."""
    if missing_modules("window") or agent_chats(os.getpid()):  # An agent cannot show a chat in a window.
        with DemoEnvironment(with_window=False) as demo:
            print_line(f"Running in {demo.display}. Your chats are not touched.")
            _show_in_terminals(demo)
        return 0
    pictures = Path(options.output).absolute()
    try:
        pictures.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutliveError(f"{pictures}: cannot create it ({error.strerror}); choose another with --output") from error
    with DemoEnvironment(with_window=True) as demo:
        print_line(f"Running on {demo.display}. Your chats are not touched.")
        _show_in_windows(demo, pictures)
    print_line(f"Pictures: {pictures}/1-before.png, 2-reopened.png, 3-complete.png")
    return 0


def _show_in_windows(demo: DemoEnvironment, pictures: Path) -> None:
    window, opened_s = _timed(demo.open_window)
    _print_step("window opened", opened_s)
    session_id, started_s = _timed(_start_chat)
    chat = find(session_id)
    _print_step(f"chat started (process {chat.facts.program.child_pid})", started_s)
    _, shown_s = _timed(lambda: ask("show", session=session_id, timeout_s=SHOW_TIMEOUT_S))
    _print_step("chat shown in a tab", shown_s)

    _wait_for(f"^line {KILL_AT_LINE:04} ", chat)
    ask("grab", file=str(pictures / "1-before.png"))
    _kill_during_the_answer(window, "window", chat)

    begun_s = time.perf_counter()
    demo.open_window()
    _wait_for_tab(session_id)
    _print_step("window reopened with the same tab, live", time.perf_counter() - begun_s)
    ask("grab", file=str(pictures / "2-reopened.png"))
    _wait_for(f"^{program.LAST_WORDS}$", chat)
    ask("grab", file=str(pictures / "3-complete.png"))
    _check_complete(chat)


def _show_in_terminals(demo: DemoEnvironment) -> None:
    session_id, started_s = _timed(_start_chat)
    chat = find(session_id)
    _print_step(f"chat started (process {chat.facts.program.child_pid})", started_s)
    terminal, shown_s = _timed(lambda: _attached(demo, chat))
    _print_step("chat shown by `outlive attach`", shown_s)
    _wait_for(f"^line {KILL_AT_LINE:04} ", chat)
    _kill_during_the_answer(terminal, "terminal", chat)
    terminal, shown_s = _timed(lambda: _attached(demo, chat))
    _print_step("attached again in another terminal, live", shown_s)
    terminal.wait_until_shown(program.LAST_WORDS)
    _check_complete(chat)


def _attached(demo: DemoEnvironment, chat: SessionInfo) -> Terminal:
    terminal = demo.open_terminal(chat.id)
    terminal.wait_until_shown(r"line \d{4}")
    return terminal


def _kill_during_the_answer(viewer: Window | Terminal, what: str, chat: SessionInfo) -> None:
    """Kill the viewer, and wait until the answer has continued without it."""
    viewer.kill()
    at_kill = _last_line(chat)
    if at_kill >= program.TOTAL_LINES:
        raise OutliveError(f"the answer ended before the {what} was killed; try again when the computer is less busy")
    _print_step(f"{what} killed (SIGKILL) during the answer, at line {at_kill} of {program.TOTAL_LINES}")
    _wait_for(f"^line {min(at_kill + LINES_WITHOUT_A_VIEWER, program.TOTAL_LINES):04} ", chat)
    _print_step(f"answer continued without a {what}, to line {_last_line(chat)}")


def _check_complete(chat: SessionInfo) -> None:
    _check_answer(chat)
    _check_process(chat)
    _print_step(f"answer complete: {program.TOTAL_LINES} lines, in order, none missing, same process")


def _timed(action: Callable[[], T]) -> tuple[T, float]:
    begun_s = time.perf_counter()
    result = action()
    return result, time.perf_counter() - begun_s


def _print_step(what: str, took_s: float | None = None) -> None:
    print_line(f"  {what}" if took_s is None else f"  {what} ({took_s * 1000:.0f} ms)")


def _start_chat() -> str:
    from session_host.agents.catalog import load_agent
    from session_host.client.chats.launch import launch_now
    from session_host.client.chats.launch_spec import LaunchRequest

    request = LaunchRequest(
        agent=load_agent(config_dir(), "command"),
        arguments=[sys.executable, "-I", "-S", program.__file__],
        name=_NAME,
        directory=str(Path.home()),
        environment=dict(os.environ),
    )
    return launch_now(request).id


def _wait_for(text: str, chat: SessionInfo) -> None:
    parser = argparse.ArgumentParser()
    wait.configure(parser)
    wait.run(parser.parse_args([chat.id, "--text", text, "--timeout", str(ANSWER_TIMEOUT_S)]))


def _last_line(chat: SessionInfo) -> int:
    numbers = _LINE.findall("\n".join(read_screen(chat).lines))
    return int(numbers[-1]) if numbers else 0


def _wait_for_tab(session_id: str) -> None:
    """Wait until the reopened window itself shows the chat's tab."""
    deadline_s = time.monotonic() + SHOW_TIMEOUT_S
    while time.monotonic() < deadline_s:
        if any(tab["session_id"] == session_id and tab["connected"] for tab in ask("tabs")):
            return
        time.sleep(0.005)
    raise OutliveError("the reopened window does not show the chat")


def _check_answer(chat: SessionInfo) -> None:
    lines = [line for line in read_screen(chat, scrollback=True).lines if line.startswith("line ")]
    expected = [program.line(number) for number in range(1, program.TOTAL_LINES + 1)]
    if lines == expected:
        return
    for number, (line, expected_line) in enumerate(zip_longest(lines, expected, fillvalue="nothing"), 1):
        if line != expected_line:
            raise OutliveError(f"the answer is incomplete: line {number} is {line!r}, expected {expected_line!r}")


def _check_process(chat: SessionInfo) -> None:
    now = find(chat.id)
    if now.facts.program.child_pid != chat.facts.program.child_pid or now.state != chat.state:
        raise OutliveError(
            f"the agent's process changed: {now.facts.program.child_pid}, expected {chat.facts.program.child_pid}"
        )
