"""The product's window as a process, controlled by keys and by the command line.

A script sends requests to its control socket (``ask``). A user types (``type``, ``press``: real key events of the X
server, by xdotool) and reads the screen (``copy_all`` returns its text).
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from gui.input.in_sight import KEYS_AFTER_PAINT_MS
from tests.support import command_client, commands, processes
from tests.support.commands import REPOSITORY, environment
from tests.support.forked_process import ForkedProcess
from tests.support.waiting import wait_until
from tests.support.x_client import XClient

TIMEOUT_S = 60.0
ARGV = (sys.executable, "-m", "gui")
_PATIENT = (
    "import runpy; from session_host.agents import login_shell; login_shell.TIMEOUT_S = 60.0; "
    "runpy.run_module('gui', run_name='__main__')"
)
PATIENT_ARGV = (sys.executable, "-c", _PATIENT)
"""A window that waits a minute for the login shell: on a busy machine, five seconds may be too short."""


def outlive(*arguments: str, cwd: Path | None = None) -> str:
    """Run the product's command; returns its output.

    Raises:
        RuntimeError: the command failed; the error has its message.
    """
    done = commands.outlive(*arguments, cwd=cwd, timeout_s=TIMEOUT_S)
    if done.code:
        raise RuntimeError(f"outlive {' '.join(arguments)}: exit {done.code}: {done.error.strip()}")
    return done.output


class NotListening(Exception):
    """The window does not answer on its control socket (yet)."""


class Window:
    """A running window."""

    def __init__(self, process: subprocess.Popen[bytes] | ForkedProcess) -> None:
        self.process = process

    # ------------------------------------------------------------ as a script

    def ask(self, kind: str, **arguments: str) -> Any:
        """Send a request; returns its result.

        Raises:
            NotListening: the window does not answer.
            RuntimeError: the window refused the request.
        """
        from session_host.paths import window_socket

        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(TIMEOUT_S)
            try:
                connection.connect(str(window_socket()))
                connection.sendall(json.dumps({"verb": kind, **arguments}).encode() + b"\n")
                with connection.makefile("r") as lines:
                    line = lines.readline()
            except (ConnectionError, FileNotFoundError) as error:
                ended = self.process.poll()
                assert ended is None, f"the window ended with status {ended}"
                raise NotListening from error
        if not line:
            raise NotListening
        answer = json.loads(line)
        if not answer["ok"]:
            raise RuntimeError(f"window {kind}: {answer.get('error')}")
        return answer["result"]

    def tabs(self) -> list[dict[str, Any]]:
        """The open tabs; none while the window does not listen yet."""
        try:
            tabs: list[dict[str, Any]] = self.ask("tabs")
        except NotListening:
            return []
        return tabs

    def wait_connected(self, sessions: Sequence[str], *, every_s: float | None = None) -> None:
        """Wait until the tabs of all these sessions are connected."""
        wanted = set(sessions)
        seen: list[dict[str, Any]] = []

        def connected() -> bool:
            seen[:] = self.tabs()
            return wanted <= {tab["session_id"] for tab in seen if tab["connected"]}

        wait_until(connected, TIMEOUT_S, lambda: f"the tabs to be connected; they are {seen}", every_s=every_s)

    def show(self, session: str) -> None:
        """Open a session's tab, or raise it."""
        wait_until(self.is_listening, TIMEOUT_S, "the window to listen")

        def is_shown() -> bool:
            try:
                self.ask("show", session=session)
            except RuntimeError as error:
                if "was not ready within" not in str(error):
                    raise
                return False  # The window itself waits only some seconds, and a busy machine may need more.
            return True

        wait_until(is_shown, TIMEOUT_S, "the chat to be shown")

    def is_listening(self) -> bool:
        """Whether the window answers."""
        try:
            self.ask("tabs")
        except NotListening:
            return False
        return True

    # ------------------------------------------------------------ as a user

    def focus(self) -> None:
        """Give the window the keyboard focus."""
        [window] = wait_until(self.shown, TIMEOUT_S, "the window to be shown")
        xdotool("windowactivate", "--sync", window)
        wait_until(lambda: has_keyboard(int(window)), TIMEOUT_S, "the window to have the keyboard")

    def shown(self) -> list[str]:
        """A list with the X server's id of the window; empty while the window is not visible."""
        search = ["xdotool", "search", "--onlyvisible", "--pid", str(self.process.pid), "--name", "Outlive"]
        search += ["getwindowgeometry", "--shell", "%@"]
        while True:
            done = subprocess.run(search, check=False, capture_output=True, text=True, timeout=TIMEOUT_S)
            if "BadWindow" not in done.stderr:  # Otherwise a window has gone before it was looked at, and others lack.
                break
        found = re.findall(r"WINDOW=(\d+)\nX=.*\nY=.*\nWIDTH=(\d+)\nHEIGHT=(\d+)\n", done.stdout)
        # The icon in a tray, its menu and its balloon are windows of the same process and name.
        least_width, least_height = SMALLEST_PX
        return [window for window, width, height in found if int(width) >= least_width and int(height) >= least_height]

    def type(self, text: str) -> None:
        """Type a text, key by key."""
        xdotool("type", "--delay", "15", "--", text)

    def press(self, *keys: str) -> None:
        """Press keys, by the X server's names: ``Return``, ``ctrl+shift+c``."""
        xdotool("key", *keys)

    def answer(self, *keys: str) -> None:
        """Press keys that answer a question, once it was in sight for long enough: a picture shows that it is."""
        with tempfile.TemporaryDirectory() as directory:
            self.ask("grab", file=f"{directory}/question.png")
        xdotool("sleep", str(KEYS_AFTER_PAINT_MS / 1000), "key", *keys)

    def copy_all(self) -> str:
        """The screen and history of the active terminal, by select all, copy and the clipboard."""
        self.press("ctrl+shift+a")
        self.press("ctrl+shift+c")
        return clipboard()

    # ------------------------------------------------------------ the end

    def kill(self) -> None:
        """Kill the window, as a crash does."""
        self.process.kill()
        self.process.wait()


@contextmanager
def window(
    *, errors: Path | None = None, argv: Sequence[str] = ARGV, has_own_session: bool = False
) -> Iterator[Window]:
    """Start the product's window; at the end of the context it is ended.

    It is a fork of the window server, if that runs and no argument requires another process.

    Args:
        argv: the command to run.
        errors: a file for its standard error.
        has_own_session: start it without a terminal, as a desktop does.
    """
    with (errors or Path(os.devnull)).open("ab") as stderr:
        process: subprocess.Popen[bytes] | ForkedProcess | None = None
        if argv is ARGV and not has_own_session:
            process = command_client.forked_window(environment(), stderr.fileno())
        process = process or subprocess.Popen(
            argv,
            env=environment(),
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stderr=stderr if errors else None,
            start_new_session=has_own_session,
        )
    try:
        yield Window(process)
    finally:
        if process.poll() is None:
            processes.end([process.pid])
        process.wait()


def xdotool(*arguments: str) -> str:
    """Run xdotool; returns its output."""
    done = subprocess.run(["xdotool", *arguments], check=True, capture_output=True, text=True, timeout=TIMEOUT_S)
    return done.stdout


def has_keyboard(window_id: int) -> bool:
    """Whether this window has the X server's keyboard focus.

    Qt reports the focus too early: it takes the echo of its own request to the window manager for the grant. Keys that
    are typed before the grant go to the window that still has the focus.
    """
    client = XClient()
    try:
        return client.has_keyboard(window_id)
    finally:
        client.close()


SMALLEST_PX = (400, 200)
"""The window's minimum width and height; menus are narrower, balloons are lower."""


def clipboard(target: str = "", *, selection: Literal["clipboard", "primary"] = "clipboard") -> str:
    """The text of a selection of the X server, or another target of it, as "TARGETS"; "" if there is none.

    After xclip, which may end before the clipboard is its own, a test waits for this.
    """
    words = ["xclip", "-selection", selection, "-out", *(["-target", target] if target else [])]
    return subprocess.run(words, check=False, capture_output=True, timeout=TIMEOUT_S).stdout.decode()


def settings_windows(app: Window) -> list[str]:
    """The id of the visible settings window, in a list; an empty list if there is none."""
    search = ["xdotool", "search", "--all", "--onlyvisible", "--pid", str(app.process.pid), "--name", "^Settings"]
    return subprocess.run(search, check=False, capture_output=True, text=True, timeout=TIMEOUT_S).stdout.split()


def settings_window(app: Window) -> str:
    """The id of the settings window once it has the keyboard."""
    [window] = wait_until(lambda: settings_windows(app), TIMEOUT_S, "the settings window")
    wait_until(lambda: has_keyboard(int(window)), TIMEOUT_S, "the settings window to have the keyboard")
    return window
