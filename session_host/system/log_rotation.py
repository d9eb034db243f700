"""Rotates a process's log on standard error by size."""

from __future__ import annotations

import logging
import os
import stat
import sys
from pathlib import Path
from typing import TextIO

from session_host.paths import make_directories
from session_host.system.files import open_log, share_lock
from session_host.system.processes import proc

LIMIT_BYTES = 1024 * 1024
"""The limit of a log's size; with the older file, logs take twice as much at most."""

CHECK_AFTER_BYTES = 16 * 1024
"""Check the file's length after this much output."""

ROTATED_SUFFIX = ".1"
FORMAT = "%(asctime)s %(process)d %(name)s %(message)s"


def rotated_path(path: Path) -> Path:
    """The path of a log's older part."""
    return path.with_name(path.name + ROTATED_SUFFIX)


def open_appended(path: Path) -> TextIO:
    """Open a log for appending, beside other processes that may write it; a long one is renamed first.

    Raises:
        OSError: it cannot be opened.
    """
    make_directories(path.parent)
    if path.exists() and path.stat().st_size > LIMIT_BYTES:
        path.replace(rotated_path(path))
    return os.fdopen(open_log(path), "a", encoding="utf-8", errors="replace")


class RotatingHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Logs to the standard error of this process: forked processes have their own files there."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self._written_bytes = 0
        self.setFormatter(logging.Formatter(FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, and rotate the file if it is too long."""
        super().emit(record)
        self._written_bytes += len(record.msg) + 64 if isinstance(record.msg, str) else 256
        if record.exc_info or self._written_bytes > CHECK_AFTER_BYTES:
            self._written_bytes = 0
            rotate()


def rotate(limit_bytes: int = LIMIT_BYTES) -> None:
    """If the standard error is a log file that is too long, rename it and begin a new one."""
    try:
        status = os.fstat(2)
        if not stat.S_ISREG(status.st_mode) or status.st_size < limit_bytes:
            return
        path = Path(proc.descriptor_target(2))
        if path.name.endswith(ROTATED_SUFFIX):
            path = path.with_name(path.name.removesuffix(ROTATED_SUFFIX))  # Another process has rotated the file.
        elif path.suffix != ".log":
            return  # The file was removed, or is not a log.
        else:
            path.replace(rotated_path(path))
        descriptor = open_log(path)
        share_lock(descriptor)  # As the old one, see ``keeper.host_forks.log_to``.
        os.dup2(descriptor, 2)
        os.close(descriptor)
    except OSError:
        return  # The disk is full, or there is no /proc: the old file continues.
