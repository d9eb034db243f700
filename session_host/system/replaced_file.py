"""Replaces a whole file: a reader sees the old content or the new, never a part."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def replace_file(path: Path, data: bytes, *, is_durable: bool = False) -> None:
    """Write a private file (mode 0600) beside another, and let it take that file's place.

    Args:
        path: the file to replace; it may be missing.
        data: the new content.
        is_durable: wait until the content is on the disk.

    Raises:
        OSError: it cannot be written; the old content stays.
    """
    unfinished = path.with_suffix(".new")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if is_durable:
                file.flush()
                os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        with contextlib.suppress(OSError):  # A disk that has become read-only takes nothing away either.
            unfinished.unlink(missing_ok=True)
        raise
