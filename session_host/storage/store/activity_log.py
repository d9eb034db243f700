"""The log of a session's activity: one JSON object per line, oldest first.

The file is bounded: if it is too long, the older half is dropped. An incomplete line, left by a kill or a full disk, is
never read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from session_host.protocol.messages import Transition
from session_host.protocol.values import Activity

MAX_BYTES = 256 * 1024
MAX_LINE_BYTES = 4096


class _Line(msgspec.Struct):
    """A transition in the form of the file."""

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
        instead_of: a change to replace, if it is the last one.
        limit_bytes: if the file is longer, its older half is dropped.

    Raises:
        OSError: they could not be written.
    """
    lines = [_encoded(each) for each in transitions]
    data = b"".join(line for line in lines if len(line) <= MAX_LINE_BYTES)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        previous = _encoded(instead_of) if instead_of is not None else b""
        if previous and os.pread(descriptor, len(previous), max(0, size - len(previous))) == previous:
            size -= len(previous)
            os.ftruncate(descriptor, size)
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            data = b"\n" + data  # After an incomplete line that a kill left.
        if data:
            os.write(descriptor, data)
        if size + len(data) > limit_bytes:
            _halve(path, os.pread(descriptor, size + len(data), 0)[-limit_bytes // 2 :])
    finally:
        os.close(descriptor)


def _encoded(each: Transition) -> bytes:
    return msgspec.json.encode(_Line(each.at, each.activity, each.source, each.detail)) + b"\n"


def _halve(path: Path, newest: bytes) -> None:
    """Replace the file by the whole lines in its newer half."""
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
    """Read the last changes that are readable, oldest first. Blocks on the disk."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - count * MAX_LINE_BYTES))
            # A file that another program made may have any size.
            lines = file.read(count * MAX_LINE_BYTES).splitlines()
    except OSError:
        return []
    found: list[Transition] = []
    for line in reversed(lines):
        if len(found) == count:
            break
        try:
            read = _decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        found.append(Transition(read.time, read.activity, read.source, read.detail))
    return found[::-1]
