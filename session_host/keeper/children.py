"""Processes that the keeper watches, or has without having made them."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path


def pidfd_of(pid: int) -> int:
    """Tells the end of a process that need not be a child of ours; -1 where that cannot be had."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return -1


def strays(known: Collection[int]) -> list[int]:
    """Children of ours that are forks of this very program and that nobody knows.

    A program's own descendants become our children too when their parents end; those have other command
    lines, and are left alone.
    """
    ours = _command_line(os.getpid())
    return [pid for pid in _children() if pid not in known and _command_line(pid) == ours]


def _children() -> list[int]:
    try:
        text = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    except OSError:
        return []  # No such list (macOS): no subreaper either.
    return [int(pid) for pid in text.split()]


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
