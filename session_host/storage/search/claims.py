"""Claims of sessions: while a process indexes one, others index others."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from session_host.system.files import lock_byte, unlock_byte

SUFFIX: Final = "-claims"
"""The end of the file's name, after the name of the index."""


class Claims:
    """Locks of single bytes in a file beside the index, one for each session; a killed process releases its own."""

    def __init__(self, index: Path) -> None:
        """Open the file for this index.

        Raises:
            OSError: it cannot be opened.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(index.with_name(index.name + SUFFIX), flags, 0o600)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    @contextlib.contextmanager
    def claim(self, session_id: str) -> Iterator[bool]:
        """Claim a session for a while; False if another process has it.

        On file systems without such locks each process gets it. Then transactions alone keep the index right.
        """
        byte = zlib.crc32(session_id.encode())
        try:
            lock_byte(self._descriptor, byte)
        except BlockingIOError:
            yield False
            return
        except OSError:
            yield True
            return
        try:
            yield True
        finally:
            unlock_byte(self._descriptor, byte)
