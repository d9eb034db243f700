"""The log of a session's activity: one JSON object per line, oldest first.

The file is bounded: of one that is too long the older half goes. What a kill or a full disk left of a line is
never read as one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from session_host.protocol.evidence import Transition
from session_host.protocol.values import Activity

MAX_BYTES = 256 * 1024
MAX_LINE_BYTES = 4096


class _Line(msgspec.Struct):
    """A transition as it stands in the file."""

    time: str
    activity: Activity
    source: str
    detail: str = ""


_decoder = msgspec.json.Decoder(_Line)


def append(
    path: Path,
    transitions: Iterable[Transition],
    *,
    instead_of: Transition | None = None,
    limit_bytes: int = MAX_BYTES,
) -> None:
    """Add changes at the end. Blocks on the disk.

    Args:
        path: the file.
        transitions: the changes.
        instead_of: a change that goes, if it stands at the end.
        limit_bytes: of a file longer than this the older half goes.

    Raises:
        OSError: they could not be written.
    """
    lines = [_encoded(each) for each in transitions]
    data = b"".join(line for line in lines if len(line) <= MAX_LINE_BYTES)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        former = _encoded(instead_of) if instead_of is not None else b""
        if former and os.pread(descriptor, len(former), max(0, size - len(former))) == former:
            size -= len(former)
            os.ftruncate(descriptor, size)
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            data = b"\n" + data  # After what a kill left of a line.
        if data:
            os.write(descriptor, data)
        if size + len(data) > limit_bytes:
            _halve(path, os.pread(descriptor, size + len(data), 0)[-limit_bytes // 2 :])
    finally:
        os.close(descriptor)


def _encoded(each: Transition) -> bytes:
    return msgspec.json.encode(_Line(each.at, each.activity, each.source, each.detail)) + b"\n"


def _halve(path: Path, newest: bytes) -> None:
    """Put the whole lines among the newest bytes in the file's place."""
    aside = path.with_suffix(".new")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(newest[newest.index(b"\n") + 1 :] if b"\n" in newest else b"")
        aside.rename(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


def last(path: Path, count: int) -> list[Transition]:
    """The last changes, oldest first; those that can be read. Blocks on the disk."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - count * MAX_LINE_BYTES))
            # A file of another's making may be without bounds.
            lines = file.read(count * MAX_LINE_BYTES).splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            read = _decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        found.append(Transition(read.time, read.activity, read.source, read.detail))
    return found[-count:]
