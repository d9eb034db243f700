"""Restores the terminal, or the transcript, as it was at the journal's end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from session_host.errors import OutliveError
from session_host.protocol.values import GridSize

from .reader import has_damaged_end, load_snapshot, read, snapshots
from .segments import Output, Resize

if TYPE_CHECKING:
    from session_host.structured.transcript import Transcript
    from session_host.terminal.base import Emulator, EngineName

_FEED_BYTES = 1024 * 1024
_MARK = b"]133;"
_CANCEL = b"\x18"
"""CAN ends an incomplete sequence, after lost output."""

_USUAL_SIZE = GridSize(80, 24)


def restore(directory: Path, engine: EngineName | None) -> Emulator | None:
    """Restore the terminal at the journal's end, from the last readable snapshot, else from all readable output.

    Args:
        directory: the journal's directory.
        engine: the engine to restore it with; None for the best there is.

    Returns:
        The emulator, to be closed by the caller; None if nothing is recorded.

    Raises:
        StoreError: the directory cannot be opened or trusted.
        UsageError: there is no such engine.
    """
    from session_host import terminal
    from session_host.terminal.base import DEFAULT_SCROLLBACK_LINES

    engine = engine or terminal.default_engine()
    build = terminal.engine_build(engine)
    scrollback_lines = DEFAULT_SCROLLBACK_LINES
    for offset in reversed(snapshots(directory)):
        snapshot = load_snapshot(directory, offset)
        if snapshot is None:
            continue
        scrollback_lines = snapshot.scrollback_lines
        if snapshot.build != build:
            continue
        try:
            emulator = terminal.restore(engine, snapshot.data)
        except OutliveError:
            continue
        return _fed(emulator, directory, offset, snapshot.resizes)
    first = next(read(directory), None)
    if first is None:
        return None
    size = first.size if isinstance(first, Resize) else _USUAL_SIZE
    return _fed(terminal.create(engine, size, scrollback_lines=scrollback_lines), directory, 0, -1)


def restore_transcript(directory: Path, on_damage: Callable[[], object] = lambda: None) -> Transcript | None:
    """Restore a structured chat's transcript at the journal's end, as ``restore`` does a terminal.

    Args:
        directory: the journal's directory.
        on_damage: called if the rest of the transcript cannot be read.

    Raises:
        StoreError: the directory cannot be opened or trusted.
    """
    from session_host.structured.transcript import BUILD, Transcript

    transcript, reached = Transcript(), 0
    for offset in reversed(snapshots(directory)):
        snapshot = load_snapshot(directory, offset)
        if snapshot is None or snapshot.build != BUILD:
            continue
        with suppress(OutliveError):
            transcript, reached = Transcript.restore(snapshot.data), offset
            break
    for entry in read(directory, reached):
        if isinstance(entry, Output):
            if entry.offset > reached:
                on_damage()
                break  # Output was lost, and with it the offset of the next record.
            transcript.feed(entry.data[reached - entry.offset :])
            reached = max(reached, entry.offset + len(entry.data))
    else:
        if has_damaged_end(directory, is_written=False):
            on_damage()
    return transcript if reached else None


def _fed(emulator: Emulator, directory: Path, offset: int, resizes: int) -> Emulator:
    """Feed the emulator what was recorded after an offset and a resize; replies are dropped."""
    commands = emulator.commands
    commands.start_numbers(1)
    commands.restore_from_record()
    try:
        for time_ns, step in _steps(directory, offset, resizes):
            commands.clock = partial(_time_of, time_ns)
            if isinstance(step, Resize):
                emulator.resize(step.size, step.cell)
            else:
                emulator.feed(step)
            emulator.take_replies()
            emulator.take_events()
    except BaseException:
        emulator.close()
        raise
    commands.clock = None
    commands.take_changes()
    return emulator


def _time_of(time_ns: int) -> tuple[int, int]:
    """The time of recorded output, as a ``Clock`` gives it."""
    return time_ns // 1_000_000, time_ns // 1_000_000


def _steps(directory: Path, offset: int, resizes: int) -> Iterator[tuple[int, bytes | Resize]]:
    """Yield the output in pieces large enough for one call each, and the resizes between them, with their times in ns.

    The time of a piece is that of its last entry; an entry with a shell's marks is a piece of its own.
    """
    parts: list[bytes] = []
    waiting_bytes = 0
    reached, time_ns, has_mark = offset, 0, False
    for entry in read(directory, offset):
        if isinstance(entry, Output):
            data = entry.data[max(0, reached - entry.offset) :]
            has_mark = _MARK in data
            if has_mark and parts:
                yield time_ns, b"".join(parts)
                parts.clear()
                waiting_bytes = 0
            if entry.offset > reached:
                parts.append(_CANCEL)
            parts.append(data)
            waiting_bytes += len(data)
            reached = entry.offset + len(entry.data)
        elif entry.number <= resizes:
            continue
        time_ns = entry.time_ns
        if isinstance(entry, Resize) or waiting_bytes >= _FEED_BYTES or has_mark:
            yield entry.time_ns, b"".join(parts)
            parts.clear()
            waiting_bytes = 0
        if isinstance(entry, Resize):
            yield entry.time_ns, entry
    yield time_ns, b"".join(parts)
