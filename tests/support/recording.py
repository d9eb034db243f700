"""An output file that a test writes, and the recordings of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from session_host.host.program.journal_writer import JournalWriter
from session_host.protocol.messages import Resized
from session_host.protocol.values import CellSize, GridSize
from session_host.storage.descriptors.output_file import OutputFile
from session_host.storage.descriptors.session_descriptors import SessionDescriptors
from session_host.storage.descriptors.splice import Splicer
from session_host.storage.journal import Entry, Resize, Snapshot
from tests.support.waiting import eventually

LIMIT_BYTES = 64 * 1024 * 1024


SIZE = GridSize(80, 24)


class Recorded:
    """An output file that a test writes, and successive recordings of it in one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.file = os.memfd_create("output")
        descriptors = SessionDescriptors(-1, -1, -1, self.file, -1, -1, -1)
        self.output_file = OutputFile(descriptors, Splicer(in_kernel=False))
        self.written = b""
        self.resizes: list[Resized] = []
        self.progress = 0
        self.journal_writer = self.open()

    def open(self) -> JournalWriter:
        self.journal_writer = JournalWriter(self.directory, LIMIT_BYTES, self.output_file, self._progressed)
        return self.journal_writer

    def _progressed(self) -> None:
        self.progress += 1

    def output(self, data: bytes) -> None:
        """Append output that the emulator has interpreted."""
        os.pwrite(self.file, data, self.output_file.end)
        self.output_file.end += len(data)
        self.written += data
        self.journal_writer.add_output(self.output_file.end)

    def resize(self, columns: int) -> None:
        self.resizes.append(Resized(self.output_file.end, GridSize(columns, 24), CellSize(), len(self.resizes) + 1))
        self.journal_writer.add_resize(self.resizes[-1])

    def snapshot(self, data: bytes = b"s") -> Snapshot:
        """Record a snapshot of the emulator's present state."""
        return Snapshot(self.output_file.end, len(self.resizes), "pyte-1", GridSize(80, 24), 100, "", data)

    async def start(self) -> None:
        await self.journal_writer.start(SIZE, list(self.resizes))

    async def caught_up(self) -> None:
        await eventually(lambda: self.journal_writer.end == self.output_file.end, 10, "all to be recorded")

    async def restart(self) -> None:
        """Start another recording of the same output without the previous one's state, as after a kill."""
        await self.journal_writer.close()
        self.open()
        await self.start()

    async def close(self) -> None:
        await self.journal_writer.close()
        os.close(self.file)


def sizes(entries: Sequence[Entry]) -> list[tuple[int, int]]:
    """Each resize as (bytes of output before it, columns); asserts that its entry is at the right position."""
    found, at = [], 0
    for entry in entries:
        if isinstance(entry, Resize):
            assert entry.offset == at, "a resize stands where the output was when it happened"
            if entry.number:  # 0 is the initial size
                found.append((entry.offset, entry.size.columns))
        else:
            at = entry.offset + len(entry.data)
    return found
