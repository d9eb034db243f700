"""A viewer that writes all output that it receives to a file; also as a process that can be killed.

``python -m tests.kills.recorder DIRECTORY SESSION…`` follows sessions, writes their output to
``DIRECTORY/SESSION``, and prints ``live SESSION`` when it has caught up with a session. It runs until it is ended.
"""

from __future__ import annotations

import asyncio
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from session_host.client.viewer.effects import Effect, FeedReplica
from session_host.client.viewer.replica import ReplicaEngine
from session_host.client.viewer.state import ViewerDelegate
from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.protocol.messages import Event, InputRefused, SnapshotPart
from session_host.protocol.values import CellSize, GridSize
from session_host.system import event_loop
from session_host.terminal.base import EngineName
from tests.kills.evidence import ReceivedPiece
from tests.kills.witness import SIZE

RECORD_HEADER = struct.Struct("<cQI")
"""The header of a record in the file: kind, offset, length of the data that follows."""


class RecordingViewer(Viewer):
    """A viewer that appends its replica's input to a file before it notifies its delegate.

    Attributes:
        snapshots: the number of received snapshots.
    """

    def __init__(
        self,
        session_id: str,
        delegate: ViewerDelegate,
        path: Path,
        *,
        size: GridSize = SIZE,
        engine: EngineName = "ghostty",
        on_output: Callable[[bytes], None] | None = None,
    ) -> None:
        super().__init__(session_id, delegate, size=size, cell=CellSize(8, 16), engine=engine)
        self._file = path.open("ab", buffering=0)
        self._on_output = on_output
        self.snapshots = 0
        self._recorded = -1

    @property
    def position(self) -> int:
        """The offset up to which the replica has the output."""
        return self._rules.progress.now.offset

    def close(self) -> None:
        super().close()
        self._file.close()

    def _perform_effect(self, effect: Effect) -> None:
        super()._perform_effect(effect)
        if isinstance(effect, FeedReplica):
            self._write_record(b"O", effect.message.offset, effect.message.data)
            if self._on_output is not None:
                self._on_output(effect.message.data)

    def _on_snapshot(self, last: SnapshotPart, engine: ReplicaEngine | None) -> None:
        super()._on_snapshot(last, engine)
        if engine is not None:
            self.snapshots += 1
            self._write_record(b"S", last.offset)

    def _notify_state(self, state: ViewerState, message: str) -> None:
        if self.position > self._recorded:  # The host had ended, and the viewer got the last screen.
            self._write_record(b"S", self.position)
        super()._notify_state(state, message)

    def _write_record(self, kind: bytes, offset: int, data: bytes = b"") -> None:
        self._file.write(RECORD_HEADER.pack(kind, offset, len(data)) + data)
        self._recorded = offset + len(data)


def read_recording(path: Path) -> Iterator[ReceivedPiece]:
    """Read a recording viewer's file; an incomplete last record is left out."""
    data = path.read_bytes() if path.exists() else b""
    position = 0
    while position + RECORD_HEADER.size <= len(data):
        kind, offset, length = RECORD_HEADER.unpack_from(data, position)
        position += RECORD_HEADER.size
        if position + length > len(data):
            return
        yield ReceivedPiece("S" if kind == b"S" else "O", offset, data[position : position + length])
        position += length


class _PrintingDelegate:
    """A viewer's delegate that prints the viewer's states."""

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id

    def viewer_state(self, state: ViewerState, message: str) -> None:
        print(state.value, self.session_id, message, flush=True)

    def viewer_replaced(self) -> None:
        pass

    def viewer_damaged(self) -> None:
        pass

    def viewer_event(self, event: Event) -> None:
        pass

    def viewer_refused(self, refusal: InputRefused) -> None:
        pass


async def record(directory: Path, session_ids: list[str]) -> None:
    """Follow sessions until the process is ended."""
    viewers = [RecordingViewer(each, _PrintingDelegate(each), directory / each) for each in session_ids]
    for viewer in viewers:
        viewer.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    event_loop.run(record(Path(sys.argv[1]), sys.argv[2:]))
