"""The server's process and its socket; a child is killed at this process's end."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from session_host.system.unix_sockets import is_foreign

ENDING: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
"""Signals that ask for the end."""

_PR_SET_PDEATHSIG: Final = 1
"""prctl(2)."""

_libc = ctypes.CDLL(None, use_errno=True)


def start_child(command: Sequence[str], *, detached: bool) -> subprocess.Popen[bytes]:
    """Start a child that is killed at the end of this process.

    Args:
        command: the child's argv.
        detached: do not pass our stdin and stdout to the child.

    Raises:
        OSError: the child cannot be started.
    """
    parent = os.getpid()
    end = subprocess.DEVNULL if detached else None

    def die_with_parent() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        for number in ENDING:
            signal.signal(number, signal.SIG_DFL)
        if os.getppid() != parent:
            os._exit(1)

    return subprocess.Popen(
        command,
        stdin=end,
        stdout=end,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - this process has one thread
    )


def wait(child: subprocess.Popen[bytes], timeout_s: float) -> int | None:
    """Wait for a child's end; its exit code, negative for a signal, or None."""
    try:
        return child.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return None


def exit_code(code: int) -> int:
    """The exit code to use after a child's; if a signal killed the child, kill this process by the same signal."""
    if code >= 0:
        return code
    if -code != signal.SIGKILL:
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
    return 128 - code


START_TIMEOUT_S: Final = 60.0
POLL_INTERVAL_S: Final = 0.02
END_TIMEOUT_S: Final = 3.0
"""A server that has not ended by then is killed."""

ASK_AGAIN_S: Final = 0.2
"""At the first SIGTERM, Codex waits for the end of its turns; at another one it ends."""

STALE_AFTER_S: Final = 60.0
"""A younger socket may be that of a server that starts just now."""


class ServerFailed(Exception):
    """There is no connection to the server."""


class Server:
    """A running server, which does not outlive this process."""

    def __init__(self, command: Sequence[str], path: Path) -> None:
        """Start a server that will listen on ``path``.

        Raises:
            OSError: it cannot be started.
        """
        self._path = path
        _remove(path)
        self._process = start_child(command, detached=True)

    def connect(self) -> socket.socket:
        """Connect to the server, as soon as it listens.

        Raises:
            ServerFailed: it has ended, or takes too long.
        """
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline_s:
            if (connection := connected(self._path)) is not None:
                return connection
            if self._process.poll() is not None:
                raise ServerFailed("the server ended before it took connections")
            time.sleep(POLL_INTERVAL_S)
        raise ServerFailed(f"the server took no connections within {START_TIMEOUT_S:g} s")

    def wait(self, timeout_s: float) -> int | None:
        """Wait for the server's end; its exit code, negative for a signal, or None."""
        return wait(self._process, timeout_s)

    def end(self) -> None:
        """End the server, whatever it does, and remove its socket."""
        deadline_s = time.monotonic() + END_TIMEOUT_S
        while self._process.poll() is None and time.monotonic() < deadline_s:
            self._process.terminate()
            self.wait(ASK_AGAIN_S)
        self._process.kill()
        self._process.wait()
        _remove(self._path)


def connected(path: Path) -> socket.socket | None:
    """A connection to the user's own server that listens on a path; None if there is none."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(path))
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    if is_foreign(connection):
        connection.close()
        return None
    return connection


def remove_left_behind(own: Path) -> None:
    """Remove the sockets of killed servers from the directory of our own."""
    for path in own.parent.glob(f"*{own.suffix}"):
        with contextlib.suppress(OSError):
            if path == own or time.time() - path.lstat().st_mtime < STALE_AFTER_S:
                continue
            if (connection := connected(path)) is not None:
                connection.close()
            else:
                _remove(path)


def _remove(path: Path) -> None:
    """Remove a server's socket; the path may be a link to it."""
    with contextlib.suppress(OSError):
        if path.is_symlink() and (target := path.readlink()).is_absolute() and target.is_socket():
            target.unlink()
        path.unlink()
