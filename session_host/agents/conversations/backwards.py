"""Reads files of lines from their end: an agent's record may have a hundred megabytes, and its end is what counts."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, TypeVar

import msgspec

_PIECE_BYTES: Final = 256 * 1024

MAX_BYTES: Final = 64 << 20
"""How far back is read."""

Record = TypeVar("Record")


class TooFarBack(Exception):
    """The beginning of the file is not read."""


def newest_first(paths: Iterable[Path]) -> list[Path]:
    """Sort files by the time of their last change; deleted ones, and what is no file, are left out."""
    found: list[tuple[int, Path]] = []
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode):
            found.append((status.st_mtime_ns, path))
    return [path for _, path in sorted(found, reverse=True)]


def lines_backwards(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file without their ends, the last one first; it may be written meanwhile.

    Raises:
        OSError: the file cannot be read.
        TooFarBack: ``MAX_BYTES`` are read, and the file has more.
    """
    # Without blocking: a pipe would block forever.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(f"{path} is not a file")
        begin = file.seek(0, os.SEEK_END)
        limit = max(begin - MAX_BYTES, 0)
        rest: list[bytes] = []  # The parts of an incomplete line, the last one first.
        while begin > limit:
            end, begin = begin, max(begin - _PIECE_BYTES, limit)
            file.seek(begin)
            first, *lines = file.read(end - begin).split(b"\n")
            if lines:
                yield lines.pop() + b"".join(reversed(rest))
                yield from reversed(lines)
                rest = []
            rest.append(first)
        if limit:
            raise TooFarBack
        yield b"".join(reversed(rest))


def records_backwards(path: Path, kind: type[Record]) -> Iterator[Record]:
    """Yield the JSON objects of a file with one in each line, the last one first.

    Other lines are left out: a half-written one at the end, damaged ones, and those of unknown forms.

    Raises:
        OSError, TooFarBack: as ``lines_backwards``.
    """
    decoder = msgspec.json.Decoder(kind)
    for line in lines_backwards(path):
        if (found := decoded(decoder, line, kind)) is not None:
            yield found


def decoded(decoder: msgspec.json.Decoder[Record], line: bytes, kind: type[Record]) -> Record | None:
    """A line's JSON object of this kind; None for another kind, and for a damaged or half-written line."""
    try:
        return decoder.decode(line)
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _with_halves(line, kind)


def _with_halves(line: bytes, kind: type[Record]) -> Record | None:
    r"""The object of a line with half a surrogate pair (``\ud83d``): JavaScript cuts texts in the middle of one."""
    if b"\\u" not in line:
        return None
    try:
        return msgspec.convert(_whole(json.loads(line)), kind)
    except (ValueError, RecursionError):
        return None


def _whole(value: object) -> object:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, list):
        return [_whole(each) for each in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(each) for key, each in value.items()}
    return value
