"""Collects a snapshot's parts and builds the replica; drops the replica's replies. Pure except for the engine."""

from __future__ import annotations

from session_host.errors import OutliveError
from session_host.protocol.messages import SnapshotPart
from session_host.protocol.values import CellSize
from session_host.structured.engine import TranscriptEngine
from session_host.structured.transcript import BUILD as TRANSCRIPT_BUILD
from session_host.structured.transcript import Transcript
from session_host.terminal import from_replay, restore
from session_host.terminal.base import Emulator, EngineName

Replica = Emulator | TranscriptEngine
"""A replica: a terminal, or a structured chat's transcript."""


class SnapshotReceiver:
    """Collects the parts of one snapshot at a time."""

    def __init__(self, engine: EngineName | None, cell: CellSize) -> None:
        """Start without a part; ``engine``: the replica's engine, None for a transcript."""
        self._engine = engine
        self._cell = cell
        self._parts: list[bytes] = []

    def clear(self) -> None:
        """Drop the received parts: the connection is lost, so the other parts will not come."""
        self._parts.clear()

    def add_part(self, part: SnapshotPart) -> None:
        """Append the next part."""
        self._parts.append(part.data)

    def build(self, part: SnapshotPart, build: str) -> Replica:
        """Build the replica after the last part.

        Raises:
            OutliveError: the snapshot does not fit this engine build.
        """
        data = b"".join(self._parts)
        self._parts.clear()
        if self._engine is None:
            if part.form != TRANSCRIPT_BUILD:
                raise OutliveError("the chat runs in another version; run: outlive upgrade")
            return TranscriptEngine(Transcript.restore(data))
        if part.form == build:
            return restore(self._engine, data)
        return from_replay(self._engine, data, part.size, cell=self._cell, scrollback_lines=part.scrollback_lines)


def discard_side_effects(emulator: Replica) -> None:
    """Drop a replica's replies and events: the host's emulator answers and announces."""
    emulator.take_replies()
    emulator.take_events()


def copy_scroll_position(previous: Replica, emulator: Replica) -> None:
    """Scroll a terminal's new replica back as far as the previous one."""
    if isinstance(previous, TranscriptEngine) or isinstance(emulator, TranscriptEngine):
        return
    frame = previous.frame()
    if frame.scroll_offset:
        added_rows = emulator.scrollback_rows - frame.scrollback_rows
        emulator.scroll(-max(0, frame.scroll_offset + added_rows))
