"""The demo's viewer if no window is installed: ``outlive attach`` in an invisible terminal."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
import sys
import termios
import threading
from pathlib import Path

from session_host.errors import OutliveError

SHOW_TIMEOUT_S = 30.0
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
        self._master, slave = pty.openpty()
        try:
            termios.tcsetwinsize(slave, SIZE)
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _BOOTSTRAP, str(Path(__file__).parents[3]), "attach", session_id],
                stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                env={**os.environ, "TERM": "xterm-256color"},
            )  # fmt: skip
        finally:
            os.close(slave)
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
        self._process.kill()
        self._process.wait()
        self._reader.join()
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # EIO: the viewer has closed its end
            while data := os.read(self._master, _READ_BYTES):
                with self._changed:
                    self._shown = (self._shown + data)[-_KEPT_BYTES:]
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()
