"""Opens the file of a terminal, and identifies it across processes."""

from __future__ import annotations

import os

from session_host.protocol.values import TerminalFile


def open_for_writing(path: str) -> int:
    """Open a terminal with a file description of its own, which does not block; returns the descriptor.

    Raises:
        OSError: it cannot be opened.
    """
    # Without O_NOCTTY it could become the controlling terminal of this process, which would end with it.
    return os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)


def identify(path: str, descriptor: int) -> TerminalFile:
    """Identify the open file of a terminal: in another container, the same path can be another terminal."""
    found = os.fstat(descriptor)
    return TerminalFile(path, found.st_dev, found.st_ino, found.st_rdev)
