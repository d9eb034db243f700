"""Indexes the new part of a session's journal, in short transactions.

Each transaction begins at the place that the index names and moves that place: a process that is killed meanwhile has
changed nothing, and several processes take turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from session_host.errors import OutliveError
from session_host.storage.journal import Entry, read
from session_host.terminal import default_engine

from .fingerprint import fingerprint
from .index import Index, Progress
from .reader import Reader

SLICE_S: Final = 0.25
"""After so long others have their turn."""

SLICE_BYTES: Final = 2 * 1024 * 1024


class Unreadable(OutliveError):
    """A session's recording cannot be read; that says nothing of the others."""


class Update:
    """Reads one session's journal into the index."""

    def __init__(self, index: Index, session_id: str, journal: Path) -> None:
        self._index = index
        self._session_id = session_id
        self._journal = journal
        self._reader: Reader | None = None
        self._entries: Iterator[Entry] = iter(())
        self._passes = -1
        self._grown_to = ""

    def run(self, stop: Callable[[], bool] = lambda: False) -> bool:
        """Read all that there is.

        Args:
            stop: asked between two transactions.

        Returns:
            Whether there was anything to read.

        Raises:
            StoreCorrupt: the index is damaged.
            StoreError: it cannot be written.
            Unreadable: the journal cannot be trusted, or the engine fails at it.
        """
        found = fingerprint(self._journal)
        if not found or found == self._index.progress(self._session_id).journal:
            return False
        try:
            while not self._slice() and not stop():
                pass
        finally:
            if self._reader is not None:
                self._reader.close()
                self._reader = None
        return True

    def _slice(self) -> bool:
        """One transaction; True when the end has been reached."""
        with self._index.writing(self._session_id) as writer:
            progress = writer.progress
            try:
                reader = self._reader
                if reader is None or progress.passes != self._passes:
                    # At the beginning, or another process has read on in the meantime.
                    self._grown_to = fingerprint(self._journal)
                    reader = self._begin(progress)
                ended = self._read_on(reader)
            except OutliveError as error:
                raise Unreadable(str(error)) from error
            new, grown = reader.pop_lines()
            self._passes = progress.passes + 1
            journal = self._grown_to if ended else ""
            place = (reader.offset, reader.resizes, reader.save_state(), reader.number)
            writer.write(new, grown, Progress(journal, *place, self._passes))
        return ended

    def _begin(self, progress: Progress) -> Reader:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        engine = default_engine()
        reader = None
        if progress.reader:
            reader = Reader.restored(engine, progress.offset, progress.resizes, progress.reader)
        if reader is None:
            reader = Reader(engine, number=progress.number)
            self._reader = reader
            # Another build of the engine was at work: its terminal is made again, and its lines are known.
            for entry in _until(read(self._journal), progress.offset):
                reader.read_entry(entry)
            reader.settle()
            reader.forget_lines(progress.number)
        self._reader = reader
        self._entries = read(self._journal, reader.offset)
        return reader

    def _read_on(self, reader: Reader) -> bool:
        """Read for a while; True when the end has been reached."""
        until_s = time.monotonic() + SLICE_S
        until = reader.offset + SLICE_BYTES
        for entry in self._entries:
            reader.read_entry(entry)
            if reader.offset >= until or time.monotonic() > until_s:
                # The screen is looked at when it stands still, or at the end.
                reader.flush()
                return False
        reader.settle()
        return True


def _until(entries: Iterator[Entry], offset: int) -> Iterator[Entry]:
    """The entries that begin before an offset."""
    for entry in entries:
        if entry.offset >= offset:
            return
        yield entry
