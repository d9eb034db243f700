"""Reads the files of agents: their first and last lines, and their names; a file may have a hundred megabytes."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from session_host.structured.dialects.reading import message
from session_host.system.files import open_regular
from session_host.system.processes.identity import boot_id, is_running

_PIECE_BYTES: Final = 64 * 1024

MAX_BYTES: Final = 64 << 20
"""How far back is read."""

LARGEST_BYTES: Final = 16 << 30
"""The size of the largest file that is read at all; no agent writes larger ones."""

Record = TypeVar("Record")
_OUT_OF_RANGE: Final = "out of range"
"""msgspec's words for a number that it does not read."""


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


def lines_backwards(path: Path, most_bytes: int = MAX_BYTES) -> Iterator[bytes]:
    """Yield the lines of a file without their ends, the last one first; it may be written meanwhile.

    Raises:
        OSError: the file cannot be read.
        TooFarBack: so many bytes are read, and the file has more.
    """
    with open_regular(path, LARGEST_BYTES) as file:
        begin = file.seek(0, os.SEEK_END)
        limit = max(begin - most_bytes, 0)
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


def records_backwards(path: Path, kind: type[Record], most_bytes: int = MAX_BYTES) -> Iterator[Record]:
    """Yield the JSON objects of a file with one in each line, the last one first.

    Other lines are left out: a half-written one at the end, damaged ones, and those of unknown forms.

    Raises:
        OSError, TooFarBack: as ``lines_backwards``.
    """
    decoder = msgspec.json.Decoder(kind)
    for line in lines_backwards(path, most_bytes):
        if (found := decoded(decoder, line, kind)) is not None:
            yield found


def decoded(decoder: msgspec.json.Decoder[Record], line: bytes, kind: type[Record]) -> Record | None:
    """A line's JSON object of this kind; None for another kind, and for a damaged or half-written line."""
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if isinstance(error, msgspec.ValidationError) and _OUT_OF_RANGE not in str(error):
            return None
        # JavaScript programs cut texts in the middle of a surrogate pair; a number may be 1e999, or "NaN".
        found = message(line)
    try:
        return None if found is None else msgspec.convert(found, kind)
    except msgspec.ValidationError:
        return None


FIRST_BYTES: Final = 256 * 1024
"""How far a file is read from its beginning."""

LAST_BYTES: Final = 64 * 1024
"""How far a file is read from its end."""


class FileEnds(AbstractContextManager["FileEnds"]):
    """An open file, as a context manager; another process may write to the file at the same time.

    Raises:
        OSError: the file cannot be read, or is not a regular file of at most ``LARGEST_BYTES``.
    """

    def __init__(self, path: Path) -> None:
        self._file = open_regular(path, LARGEST_BYTES)

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def first_records(self, kind: type[Record]) -> Iterator[Record]:
        """Yield the records of the first ``FIRST_BYTES``; lines of other forms are left out."""
        decoder = msgspec.json.Decoder(kind)
        for line in self._first_lines():
            if (record := decoded(decoder, line, kind)) is not None:
                yield record

    def _first_lines(self) -> Iterator[bytes]:
        offset, rest = 0, b""
        while offset < FIRST_BYTES and (piece := os.pread(self._file.fileno(), _PIECE_BYTES, offset)):
            offset += len(piece)
            *lines, rest = (rest + piece).split(b"\n")
            yield from lines
        if offset < FIRST_BYTES:
            yield rest

    def first_bytes(self, max_bytes: int) -> bytes:
        """The first ``max_bytes`` of the file."""
        return os.pread(self._file.fileno(), max_bytes, 0)

    def last_lines(self, max_bytes: int = LAST_BYTES) -> list[bytes]:
        """The whole lines within the last ``max_bytes`` of the file."""
        begin = max(os.fstat(self._file.fileno()).st_size - max_bytes, 0)
        lines = os.pread(self._file.fileno(), max_bytes, begin).split(b"\n")
        return lines[1:] if begin else lines


def last_record(lines: list[bytes], mark: bytes, kind: type[Record]) -> Record | None:
    """The last record of these lines that contains a text; other lines are not decoded."""
    decoder = msgspec.json.Decoder(kind)
    for line in reversed(lines):
        if mark in line and (record := decoded(decoder, line, kind)) is not None:
            return record
    return None


_LONGEST_MATCH_BYTES: Final = 64
_KEY_CHARACTERS: Final = 8


class TranscriptFiles:
    """Lists of files, each read once.

    A pass over many chats has one, so that it reads each directory once, and not once for each chat.
    """

    def __init__(self) -> None:
        self._lists: dict[tuple[Path, str], dict[str, list[str]]] = {}

    def named(self, parent: Path, pattern: str, ending: str) -> list[Path]:
        """The files below ``parent`` with paths that match ``pattern`` (glob(7)), and names that end with ``ending``.

        Args:
            parent: the directory.
            pattern: the pattern of the relative paths; its names do not begin with a dot.
            ending: the whole name without its suffix, or all after a "-" in it.
        """
        files = self._lists.get((parent, pattern))
        if files is None:
            files = self._lists[parent, pattern] = defaultdict(list)
            for name in glob.iglob(pattern, root_dir=parent):  # noqa: PTH207 - names, without a path object for each
                files[_stem(name)[-_KEY_CHARACTERS:]].append(name)
        named = files.get(ending[-_KEY_CHARACTERS:], ())
        return [parent / name for name in named if f"-{_stem(name)}".endswith(f"-{ending}")]


def _stem(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[0]


def has_text(path: Path, pattern: re.Pattern[bytes]) -> bool:
    """Whether a file has a match of at most 64 bytes in its first ``MAX_BYTES``; reads no further than that.

    Raises:
        OSError: the file cannot be read.
    """
    tail = b""
    with open_regular(path, LARGEST_BYTES) as file:
        while file.tell() < MAX_BYTES and (piece := file.read(_PIECE_BYTES)):
            if pattern.search(tail + piece):
                return True
            tail = piece[-_LONGEST_MATCH_BYTES:]
    return False


_MAX_BYTES = 64 * 1024
_MOST_DIGITS: Final = 20


class _Running(msgspec.Struct):
    """The contents of such a file."""

    pid: int
    sessionId: str  # noqa: N815 - the agents' name for it
    procStart: str = ""  # noqa: N815 - as above


def processes_in_conversation(directory: Path, conversation: str) -> list[int]:
    """The living processes that have a file in the directory which names the conversation.

    ``procStart`` is the start in clock ticks since boot; the boot's id and a colon may precede it.
    """
    found: list[int] = []
    for path in directory.glob("*.json"):
        try:
            with FileEnds(path) as ends:
                running = msgspec.json.decode(ends.first_bytes(_MAX_BYTES), type=_Running)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue  # The file is being rewritten, or is of an unknown version.
        boot, _, started = running.procStart.rpartition(":")
        if running.sessionId != conversation or (boot and boot != boot_id()):
            continue
        if is_running(running.pid, int(started) if started.isdecimal() and len(started) <= _MOST_DIGITS else None):
            found.append(running.pid)
    return found
