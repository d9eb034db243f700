"""The first and the last records of a file with a JSON object in each line."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

import msgspec

from session_host.agents.conversations.backwards import decoded

FIRST_BYTES: Final = 256 * 1024
"""How far a file is read from its beginning."""

LAST_BYTES: Final = 64 * 1024
"""How far a file is read from its end."""

_PIECE_BYTES: Final = 32 * 1024

Record = TypeVar("Record")


class FileEnds:
    """An open file, as a context manager; another process may write to the file at the same time.

    Raises:
        OSError: the file cannot be read, or is not a regular file.
    """

    def __init__(self, path: Path) -> None:
        # Without blocking: a pipe would block forever.
        self._file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        found = os.fstat(self._file)
        if not stat.S_ISREG(found.st_mode):
            os.close(self._file)
            raise OSError(f"{path} is not a file")
        self._size = found.st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def first_records(self, kind: type[Record]) -> Iterator[Record]:
        """Yield the records of the first ``FIRST_BYTES``; lines of other forms are left out."""
        decoder = msgspec.json.Decoder(kind)
        for line in self._first_lines():
            if (record := decoded(decoder, line, kind)) is not None:
                yield record

    def _first_lines(self) -> Iterator[bytes]:
        offset, rest = 0, b""
        while offset < FIRST_BYTES and (piece := os.pread(self._file, _PIECE_BYTES, offset)):
            offset += len(piece)
            *lines, rest = (rest + piece).split(b"\n")
            yield from lines
        if offset < FIRST_BYTES:
            yield rest

    def first_bytes(self, max_bytes: int) -> bytes:
        """The first ``max_bytes`` of the file."""
        return os.pread(self._file, max_bytes, 0)

    def last_lines(self, max_bytes: int = LAST_BYTES) -> list[bytes]:
        """The whole lines within the last ``max_bytes`` of the file."""
        begin = max(self._size - max_bytes, 0)
        lines = os.pread(self._file, max_bytes, begin).split(b"\n")
        return lines[1:] if begin else lines


def last_record(lines: list[bytes], mark: bytes, kind: type[Record]) -> Record | None:
    """The last record of these lines that contains a text; other lines are not decoded."""
    decoder = msgspec.json.Decoder(kind)
    for line in reversed(lines):
        if mark in line and (record := decoded(decoder, line, kind)) is not None:
            return record
    return None
