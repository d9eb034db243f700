"""Commands to the open window: one line of JSON in each direction, over the window's socket.

The functions block, since only commands use them.
"""

from __future__ import annotations

import json
import os
import socket
from typing import Any, Literal

from session_host.errors import OutliveError
from session_host.paths import check_private, obstacle, runtime_dir, window_socket
from session_host.system.unix_sockets import is_foreign

RequestKind = Literal["tabs", "show", "grab", "close", "raise", "toggle", "new_chat", "next"]

HIDDEN_START = "OUTLIVE_START_HIDDEN"
"""This variable of a start at login, if set, opens the window hidden in the tray, and leaves an open one alone."""

ASKED = "asked"
"""A reply with this key: the user was asked to look, since the request came from an agent's process."""

TIMEOUT_S = 10.0
MAX_REPLY_BYTES = 4 * 1024 * 1024


MIN_PYSIDE = (6, 10)
"""The oldest PySide6, and Qt, with which the window works."""


class WindowNotOpen(OutliveError):
    """No window listens."""


class WindowGone(WindowNotOpen):
    """The window closed the connection without an answer: it has just been killed, or is closing."""


class WindowRefused(OutliveError):
    """The window refused or failed.

    Attributes:
        exit_code: the exit code for the command.
    """

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def ask(
    kind: RequestKind,
    *,
    session: str | None = None,
    file: str | None = None,
    window: str | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Any:
    """Send a request to the window, and return its result.

    If the desktop gave this process a token for coming to the front (Wayland), the window gets it.

    Args:
        kind: the kind of request.
        session: a full session id, or ``MACHINE/CHAT``, for ``show``.
        file: an absolute path, for ``grab``.
        window: a window's number or "all", for ``grab``; None for the one that the user used last.
        timeout_s: how long to wait for the answer.

    Returns:
        The reply's result: any JSON value.

    Raises:
        WindowNotOpen: there is no window, or it has just ended.
        WindowRefused: the window refused or failed.
        UnsafeDirectory: another user could have put the socket there.
        OutliveError: the window does not answer, or the socket belongs to something else.
    """
    token = os.environ.get("XDG_ACTIVATION_TOKEN") or None
    request = {"verb": kind, "session": session, "file": file, "window": window, "activation_token": token}
    line = json.dumps({key: value for key, value in request.items() if value is not None}) + "\n"
    check_private(runtime_dir())
    path = window_socket()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        try:
            connection.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise WindowNotOpen("no open window; open one with `outlive`") from error
        except OSError as error:
            raise OutliveError(
                obstacle(path)
                or f"cannot connect to the window at {path}: {error.strerror or error}; reopen the window"
            ) from error
        if is_foreign(connection):
            raise OutliveError(f"the socket {path} belongs to another user's process")
        try:
            connection.sendall(line.encode())
            answer = _line(connection)
        except TimeoutError as error:
            raise OutliveError(f"the window did not respond within {timeout_s:g} s; try again") from error
        except OSError as error:
            raise WindowGone(f"the window closed the connection: {error.strerror or error}") from error
    return _result(answer)


def _line(connection: socket.socket) -> bytes:
    received = bytearray()
    while not received.endswith(b"\n"):
        data = connection.recv(65536)
        if not data or len(received) + len(data) > MAX_REPLY_BYTES:
            break
        received += data
    return bytes(received)


def _result(answer: bytes) -> Any:
    if not answer.strip():
        raise WindowGone("the window closed the connection; try again")
    try:
        reply = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise OutliveError("the process at the window's socket is not Outlive") from error
    if not isinstance(reply, dict) or not isinstance(reply.get("ok"), bool):
        raise OutliveError("the process at the window's socket is not Outlive")
    if not reply["ok"]:
        exit_code = reply.get("exit_code")
        raise WindowRefused(
            str(reply.get("error") or "the window refused the request"), exit_code if isinstance(exit_code, int) else 1
        )
    return reply.get("result")


def outdated(version: str) -> str:
    """The reason why the window cannot open with this version of PySide6 or Qt; "" if it can."""
    if tuple(int(number) for number in version.split(".")[:2]) >= MIN_PYSIDE:
        return ""
    return f"the window needs PySide6 {'.'.join(map(str, MIN_PYSIDE))} or later, and this is {version}"


_VARIABLES = {"could not connect to display": "DISPLAY", "Failed to create wl_display": "WAYLAND_DISPLAY"}


def variable_to_check(message: str) -> str:
    """The variable that names the display that Qt could not reach; "" if the message is about something else."""
    return next((variable for text, variable in _VARIABLES.items() if text in message), "")
