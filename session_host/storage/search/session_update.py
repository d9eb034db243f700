"""Indexes the new part of a session's journal, in short transactions.

Each transaction begins at the place that the index records, and moves that place. So a killed process leaves the index
unchanged, and several processes take turns.
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
from .transcript_reader import TranscriptReader, has_transcript, is_state

SLICE_S: Final = 0.25
"""The length of a transaction, after which other processes get their turn."""

SLICE_BYTES: Final = 2 * 1024 * 1024


class Unreadable(OutliveError):
    """A session's recording cannot be read; other recordings are not affected."""


class Update:
    """Indexes one session's journal."""

    def __init__(self, index: Index, session_id: str, journal: Path) -> None:
        self._index = index
        self._session_id = session_id
        self._journal = journal
        self._reader: Reader | TranscriptReader | None = None
        self._entries: Iterator[Entry] = iter(())
        self._passes = -1
        self._grown_to = ""

    def run(self, stop: Callable[[], bool] = lambda: False) -> bool:
        """Index the journal to its end.

        Args:
            stop: called between two transactions; True ends the update.

        Returns:
            Whether there was anything to index.

        Raises:
            StoreCorrupt: the index is damaged.
            StoreError: the index cannot be written.
            Unreadable: the journal cannot be trusted, or the engine fails on it.
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
        """Run one transaction; True when the journal's end is reached."""
        with self._index.writing(self._session_id) as writer:
            progress = writer.progress
            try:
                reader = self._reader
                if reader is None or progress.passes != self._passes:
                    # This is the first transaction, or another process has read on in the meantime.
                    self._grown_to = fingerprint(self._journal)
                    reader = self._begin(progress)
                ended = self._read_on(reader)
            except OutliveError as error:
                raise Unreadable(str(error)) from error
            new, grown = reader.pop_lines()
            self._passes = progress.passes + 1
            journal = self._grown_to if ended else ""
            place = (reader.offset, reader.resizes, reader.save_state(), reader.number)
            writer.write(new, grown, Progress(journal, *place, self._passes, reader.continues, reader.own_from))
        return ended

    def _begin(self, progress: Progress) -> Reader | TranscriptReader:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        reader = self._restored(progress)
        if reader is None:
            if has_transcript(self._journal):
                reader = TranscriptReader(self._journal, number=progress.number)
            else:
                reader = Reader(default_engine(), number=progress.number)
            self._reader = reader
            # Another build of the engine saved the state: build a new one, and keep the lines as indexed.
            for entry in _until(read(self._journal), progress.offset):
                reader.read_entry(entry)
            reader.settle()
            reader.forget_lines(progress.number)
        self._reader = reader
        self._entries = read(self._journal, reader.offset)
        return reader

    def _restored(self, progress: Progress) -> Reader | TranscriptReader | None:
        kept = progress.reader
        if is_state(kept):
            return TranscriptReader.restored(self._journal, progress.offset, progress.resizes, kept)
        return Reader.restored(default_engine(), progress.offset, progress.resizes, kept) if kept else None

    def _read_on(self, reader: Reader | TranscriptReader) -> bool:
        """Read for one slice; True when the journal's end is reached."""
        until_s = time.monotonic() + SLICE_S
        until = reader.offset + SLICE_BYTES
        for entry in self._entries:
            reader.read_entry(entry)
            if reader.offset >= until or time.monotonic() > until_s:
                # The screen is indexed when it is unchanged for a while, or at the end.
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
