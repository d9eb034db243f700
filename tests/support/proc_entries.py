"""Changes the command line and environment that /proc shows for a forked process."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path


def show_in_proc(argv: Sequence[str]) -> None:
    """Let /proc show this command line and ``os.environ``, as if this process had been started with them.

    They must fit into the memory of the command line and environment that the forking server was started with.
    """
    argv_start, argv_end, start, end = map(int, Path("/proc/self/stat").read_text().rpartition(")")[2].split()[45:49])
    _show(argv_start, argv_end, argv)
    _show(start, end, [f"{name}={value}" for name, value in os.environ.items()])


def _show(start: int, end: int, texts: Sequence[str]) -> None:
    shown = b"".join(os.fsencode(text) + b"\0" for text in texts)
    assert len(shown) <= end - start
    ctypes.memset(start, 0, end - start)
    ctypes.memmove(start, shown, len(shown))
