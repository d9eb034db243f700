"""Collects a snapshot's parts and builds the replica, which replies to nobody. Pure but for the engine."""

from __future__ import annotations

from session_host.errors import OutliveError
from session_host.protocol.messages import SnapshotPart
from session_host.protocol.values import CellSize
from session_host.terminal import from_replay, restore, restore_beginning
from session_host.terminal.base import Emulator, EngineName

MAX_BEGINNING_PARTS = 4
"""The screen stands in the first pieces or, in another form, in none that can be read alone."""


class SnapshotReceiver:
    """Collects the pieces of one snapshot after the other."""

    def __init__(self, engine: EngineName, cell: CellSize) -> None:
        self._engine = engine
        self._cell = cell
        self._parts: list[bytes] = []

    def clear(self) -> None:
        """Forget what came so far: the connection is gone, and its snapshot with it."""
        self._parts.clear()

    def add_part(self, part: SnapshotPart) -> None:
        """Take the next piece."""
        self._parts.append(part.data)

    def build_preview(self, part: SnapshotPart, build: str) -> Emulator | None:
        """The screen, as soon as the pieces up to this one show it: the history takes ten times as long."""
        if part.form != build or len(self._parts) > MAX_BEGINNING_PARTS:
            return None
        try:
            return restore_beginning(self._engine, b"".join(self._parts))
        except OutliveError:
            return None  # The whole will tell what is wrong with it.

    def build(self, part: SnapshotPart, build: str) -> Emulator:
        """The replica, after the last piece.

        Raises:
            OutliveError: it is not of this build after all.
        """
        data = b"".join(self._parts)
        self._parts.clear()
        if part.form == build:
            return restore(self._engine, data)
        return from_replay(self._engine, data, part.size, cell=self._cell, scrollback_lines=part.scrollback_lines)


def discard_side_effects(emulator: Emulator) -> None:
    """A replica answers nobody and announces nothing: the host's emulator does."""
    emulator.take_replies()
    emulator.take_events()


def copy_scroll_position(former: Emulator, emulator: Emulator) -> None:
    """Scroll a new replica back as far as the former one was."""
    frame = former.frame()
    if frame.scroll_offset:
        grown = emulator.scrollback_rows - frame.scrollback_rows
        emulator.scroll(-max(0, frame.scroll_offset + grown))
