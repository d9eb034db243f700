"""Runs code as another user, if the test run is allowed to."""

from __future__ import annotations

import json
import os
import socket
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from session_host.protocol.codec import Decoder
from session_host.protocol.messages import FromHost

NOBODY = 65534
"""The overflow uid of proc(5); any other user's uid would do."""

TIMEOUT_S = 60.0

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can act as another user")


def as_another_user(function: Callable[[], Any]) -> Any:
    """Run ``function`` in a child process with another uid and no privileges; returns its result, as JSON.

    An OSError is returned as its name: ``PermissionError``.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            try:
                result = function()
            except OSError as error:
                result = type(error).__name__
            os.write(writer, json.dumps(result).encode())
            os._exit(0)
        except BaseException:  # noqa: BLE001 - this process is to end here
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, "the child failed, see its standard error"
    return json.loads(text)


def converse(path: Path, frames: bytes) -> str:
    """Send ``frames`` to a socket; returns "refused", the received messages, or an error's name."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(TIMEOUT_S)
        try:
            connection.connect(str(path))
            received = b""
            try:
                connection.sendall(frames)
                while data := connection.recv(65536):
                    received += data
            except (ConnectionResetError, BrokenPipeError):
                pass
        except TimeoutError:
            return "nothing, and the connection stays open"
        except OSError as error:
            return type(error).__name__
    if not received:
        return "refused"
    try:
        return ", ".join(type(message).__name__ for message in Decoder(FromHost).feed(received))
    except Exception:  # noqa: BLE001 - whatever the error is, there was an answer
        return repr(received[:200])


def open_to_all(paths: Iterable[Path]) -> None:
    """Make directories and sockets accessible to all users."""
    for path in paths:
        path.chmod(0o777)
