"""The agent's own terminal as another client of a server: it ends with the server, and says so.

Otherwise the agent would wait until the server comes back.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any, Final

from session_host.ending_signals import EndingSignals, Signalled

from .server import ENDING, connected, exit_code, start_child, wait

END_TIMEOUT_S: Final = 2.0
POLL_INTERVAL_S: Final = 0.5
"""The delay from the end of the connection that watches the server to the check of its socket."""

ENDED: Final = "The chat has ended, and this view of it with it."

RESTORE: Final = (
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[?2026l\x1b[<u"
    "\x1b[r\x1b[m\x1b[?25h\x1b[999;1H\r\n"
)
"""Ends the modes that a terminated agent leaves on: mouse, focus, paste, keyboard. Its last screen stays."""


def run(socket_path: str, command: list[str]) -> int:
    """Run the agent's command on this terminal until it or the server ends; returns the exit code.

    Args:
        socket_path: the path of the server's socket.
        command: the command of the agent's own terminal.
    """
    attributes = _attributes()
    signals = EndingSignals(ENDING)
    try:
        agent = start_child(command, detached=False)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        return 1
    asked = 0
    try:
        if (code := _follow(agent, Path(socket_path), signals)) is not None:
            return exit_code(code)
    except Signalled as signalled:
        asked = signalled.number
    signals.ignore()
    agent.terminate()
    if wait(agent, END_TIMEOUT_S) is None:
        agent.kill()
        agent.wait()
    if attributes is not None:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(0, termios.TCSANOW, attributes)
    sys.stdout.write(RESTORE if asked else RESTORE + ENDED)
    sys.stdout.flush()
    return exit_code(-asked)


def _follow(agent: subprocess.Popen[bytes], path: Path, signals: EndingSignals) -> int | None:
    """Wait for the end of the agent or the server; the agent's exit code, None if the server ended."""
    descriptor = os.pidfd_open(agent.pid)
    try:
        while (connection := connected(path)) is not None:
            with connection:
                signals.wait([descriptor, connection.fileno()])
            if select.select([descriptor], [], [], POLL_INTERVAL_S)[0]:
                code = agent.wait()
                return code if code == 0 or _is_served(path) else None  # It may fail since the server has gone.
    finally:
        os.close(descriptor)
    return None


def _is_served(path: Path) -> bool:
    """Whether the server accepts a connection and keeps it: an ending server accepts, and closes it soon."""
    connection = connected(path)
    if connection is None:
        return False
    with connection:
        return not select.select([connection], [], [], END_TIMEOUT_S)[0]


def _attributes() -> list[Any] | None:
    """The terminal's attributes; None without a terminal."""
    try:
        return termios.tcgetattr(0)
    except termios.error:
        return None
