"""Starts windows as forks of one process that has imported the window, which takes half a second.

    python -m tests.support.window_server DESCRIPTOR KEEPERS PADDING

Requests are those of ``command_server``. Windows start their keepers by the ``keeper_server`` at the other end of the
socket KEEPERS. Apart from the start of the interpreter and the imports, a window is like a user's process: it has its
own environment, which /proc shows, and its own directory and streams.
"""

from __future__ import annotations

import gc
import importlib
import socket
import sys

from gui import __main__ as window
from tests.support import forked_process
from tests.support.command_server import serve, show_in_proc


def main() -> None:
    """Serve until the other end of the socket is closed; each fork becomes a window."""
    importlib.import_module("gui.qt_overrides").guard_overrides()
    importlib.import_module("gui.start")
    gc.collect()
    gc.freeze()
    keepers = socket.socket(fileno=int(sys.argv[2]))
    if not serve(socket.socket(fileno=int(sys.argv[1]))):
        return
    forked_process.use(keepers)
    show_in_proc([sys.executable, "-m", "gui"])
    sys.exit(window.main(sys.argv[1:]))


if __name__ == "__main__":
    main()
