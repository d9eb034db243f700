"""Snapshots from a viewer's host: collects their parts, and builds the replica's engine of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial

from session_host.client.connection import HostConnection
from session_host.client.machine import Terms
from session_host.errors import OutliveError
from session_host.protocol.messages import SnapshotPart
from session_host.protocol.packing import MAX_OWN_BYTES, MAX_SNAPSHOT_BYTES, unpacked
from session_host.protocol.values import CellSize, SnapshotKind
from session_host.structured.engine import TranscriptEngine
from session_host.structured.transcript import BUILD as TRANSCRIPT_BUILD
from session_host.structured.transcript import Transcript
from session_host.terminal import from_replay, restore
from session_host.terminal.base import EngineName

from .replica import ReplicaEngine


class SnapshotReceiver:
    """Collects the parts of one snapshot at a time."""

    def __init__(
        self,
        engine: EngineName | None,
        cell: CellSize,
        terms: Terms,
        on_built: Callable[[SnapshotPart, ReplicaEngine | None], None],
    ) -> None:
        """Start without a part.

        Args:
            engine: the engine to build, None for a transcript.
            cell: the size of its cells.
            terms: the longest history, and whether the machine is another one.
            on_built: gets the last part and the engine; None in place of an engine if the snapshot cannot be read.
        """
        self._engine, self._cell, self._terms, self._on_built = engine, cell, terms, on_built
        self._parts = bytearray()
        self._offset = 0
        self._building: asyncio.Future[ReplicaEngine | None] | None = None
        self._is_closed = False

    def clear(self) -> None:
        """Drop the received parts: the others will not come."""
        self._parts.clear()

    def receive(self, part: SnapshotPart, build: str, connection: HostConnection | None) -> None:
        """Append the next part, and build the engine after the last one; a history's parts may end before that.

        Args:
            part: the part.
            build: the engine build that can be read in its own form, "" for none.
            connection: the part's; it waits while an engine is built in a thread, since another machine may send what
                takes long.
        """
        if part.offset != self._offset:
            self._parts.clear()
            self._offset = part.offset
        self._parts += part.data
        if len(self._parts) > (MAX_SNAPSHOT_BYTES if self._terms.is_far else MAX_OWN_BYTES):
            self._parts.clear()
            self._on_built(part, None)
        elif part.last:
            build_it = partial(self._build, self._parts, part, build)
            self._parts = bytearray()
            if self._terms.is_far and connection is not None:
                connection.hold(True)
                self._building = asyncio.get_running_loop().run_in_executor(None, build_it)
                self._building.add_done_callback(partial(self._on_thread_done, part, connection))
            else:
                self._on_built(part, build_it())

    def _on_thread_done(
        self, part: SnapshotPart, connection: HostConnection, building: asyncio.Future[ReplicaEngine | None]
    ) -> None:
        try:
            engine = building.result() if not building.cancelled() else None
            if not (connection.is_lost or self._is_closed):
                self._on_built(part, engine)
            elif engine is not None:
                engine.close()
        finally:
            connection.hold(False)

    def _build(self, parts: bytearray, part: SnapshotPart, build: str) -> ReplicaEngine | None:
        """The engine with a snapshot; None if that does not fit."""
        with contextlib.suppress(OutliveError):
            data: bytes | bytearray = unpacked(parts) if part.kind is not SnapshotKind.WHOLE else parts
            if self._engine is None:
                return TranscriptEngine(Transcript.restore(data)) if part.form == TRANSCRIPT_BUILD else None
            data = bytes(data)
            if build and part.form == build:
                return restore(self._engine, data)
            return from_replay(
                self._engine,
                data,
                part.size.clamped(),
                cell=self._cell,
                scrollback_lines=min(part.scrollback_lines, self._terms.max_lines),
                should_stop=lambda: self._is_closed,
            )
        return None

    def close(self) -> None:
        """Build nothing more; an engine that is being built need not be finished."""
        self._is_closed = True
        if self._building is not None:
            self._building.cancel()
