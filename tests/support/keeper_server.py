"""Starts keepers as forks of one process that has loaded and warmed the keeper: that takes a third of a second once.

    python -m tests.support.keeper_server DESCRIPTOR PADDING

Requests are those of ``command_server``. Commands and the test's own process start their keepers here; those that other
programs start (a command on a terminal, the window), and those of the tests of the start, are executed. Apart from the
start of the interpreter, a keeper is a process as a user's: it has its own environment, which /proc shows, its own
session, directory and streams.
"""

from __future__ import annotations

import ctypes
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from session_host.keeper import __main__ as keeper
from session_host.keeper.processes.prefork import preload
from session_host.keeper_client.discovery import keeper_argv
from tests.support.command_server import serve


def main() -> None:
    """Serve until the socket's other end is closed; in each fork, be the keeper."""
    preload()
    if not serve(socket.socket(fileno=int(sys.argv[1]))):
        return
    vars(keeper)["preload"] = _nothing
    os.setsid()
    argv_start, argv_end, start, end = map(int, Path("/proc/self/stat").read_text().rpartition(")")[2].split()[45:49])
    _show(argv_start, argv_end, keeper_argv())
    _show(start, end, [f"{name}={value}" for name, value in os.environ.items()])
    sys.exit(keeper.main(sys.argv[1:]))


def _show(start: int, end: int, texts: Sequence[str]) -> None:
    """Have /proc show these texts, as for a process that was started with them."""
    shown = b"".join(os.fsencode(text) + b"\0" for text in texts)
    assert len(shown) <= end - start
    ctypes.memset(start, 0, end - start)
    ctypes.memmove(start, shown, len(shown))


def _nothing() -> None:
    """The server has done it."""


if __name__ == "__main__":
    main()
