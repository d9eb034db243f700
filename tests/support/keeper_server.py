"""Starts keepers as forks of one process that has loaded and warmed the keeper, which takes a third of a second.

    python -m tests.support.keeper_server DESCRIPTOR PADDING

Requests are those of ``command_server``. Commands, windows and the test's own process start their keepers here. Keepers
that other programs start (a command on a terminal), and those of tests that test the start, are executed. Apart from
the start of the interpreter, a keeper is like a user's: it has its own environment, which /proc shows, and its own
session, directory and streams.
"""

from __future__ import annotations

import os
import socket
import sys

from session_host.keeper import __main__ as keeper
from session_host.keeper.host_forks import preload
from session_host.keeper_client.discovery import keeper_argv
from tests.support.command_server import end, serve, show_in_proc


def main() -> None:
    """Serve until the other end of the socket is closed; each fork becomes a keeper."""
    preload()
    if not serve(socket.socket(fileno=int(sys.argv[1]))):
        return
    vars(keeper)["preload"] = _nothing
    os.setsid()
    show_in_proc(keeper_argv())
    end(keeper.main(sys.argv[1:]))


def _nothing() -> None:
    """Do nothing, since the server has already done this step."""


if __name__ == "__main__":
    main()
