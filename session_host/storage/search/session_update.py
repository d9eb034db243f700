"""Indexes the new part of a session's journal, in short steps.

Each step begins at the offset that the index records. It reads without a lock; then one short transaction adds the
lines and advances the offset. So a killed process leaves the index unchanged, and others hardly wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from session_host.errors import OutliveError, StoreBusy
from session_host.storage.journal import Entry, read
from session_host.terminal import default_engine

from .index import Index, Progress, fingerprint
from .reader import Reader
from .transcript_reader import TranscriptReader, has_transcript, is_state

STEP_S: Final = 0.25
"""How long a step reads."""

BUSY_TIMEOUT_S: Final = 60.0
"""The maximum time to wait for other processes. On a busy machine, a transaction of the background update, which has a
low priority, takes longer than SQLite waits, and SQLite does not let waiting processes write in order."""

STEP_BYTES: Final = 256 * 1024
"""The length of a step in output. Its lines are in memory, at some 15 bytes for each byte of short lines."""


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
        self._fingerprint = ""

    def run(self, should_stop: Callable[[], bool] = lambda: False) -> bool:
        """Index the journal to its end.

        Args:
            should_stop: called between two steps; True ends the update.

        Returns:
            Whether there was anything to index.

        Raises:
            StoreCorrupt: the index is damaged.
            StoreError: the index cannot be written.
            Unreadable: the journal cannot be trusted, or the engine fails on it.
        """
        current = fingerprint(self._journal)
        if not current or current == self._index.progress(self._session_id).journal:
            return False
        try:
            while not self._run_step(should_stop) and not should_stop():
                pass
        finally:
            if self._reader is not None:
                self._reader.close()
                self._reader = None
        return True

    def _run_step(self, should_stop: Callable[[], bool]) -> bool:
        """Read a part of the journal, and write its lines in one transaction; True when the journal's end is reached.

        True also if ``should_stop`` returns True while another process writes.
        """
        progress = self._index.progress(self._session_id)
        try:
            reader = self._reader
            if reader is None or progress.passes != self._passes:
                # This is the first step, or another process has indexed more since the last one.
                self._fingerprint = fingerprint(self._journal)
                reader = self._begin(progress)
            ended = self._read(reader)
        except OutliveError as error:
            raise Unreadable(str(error)) from error
        new, grown = reader.pop_lines()
        journal = self._fingerprint if ended else ""
        position = (reader.offset, reader.resizes, reader.save_state(), reader.number)
        read_to = Progress(journal, *position, progress.passes + 1, reader.continues, reader.own_from)
        deadline_s = time.monotonic() + BUSY_TIMEOUT_S
        while True:
            try:
                with self._index.writing(self._session_id) as writer:
                    if writer.progress.passes == progress.passes:
                        writer.write(new, grown, read_to)
                        self._passes = read_to.passes
                        return ended
                self._passes = -1  # Another process has written meanwhile, or removed the session.
                return False
            except StoreBusy:
                if should_stop():
                    return True
                if time.monotonic() > deadline_s:
                    raise

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
            # No state can be restored, as after an update of the engine: replay the journal up to this offset, without
            # its lines, which are indexed.
            for entry in _until(read(self._journal), progress.offset):
                reader.read_entry(entry)
            reader.settle()
            reader.forget_lines(progress.number)
        self._reader = reader
        self._entries = read(self._journal, reader.offset)
        return reader

    def _restored(self, progress: Progress) -> Reader | TranscriptReader | None:
        saved_state = progress.reader
        if is_state(saved_state):
            return TranscriptReader.restored(self._journal, progress.offset, progress.resizes, saved_state)
        return (
            Reader.restored(default_engine(), progress.offset, progress.resizes, saved_state) if saved_state else None
        )

    def _read(self, reader: Reader | TranscriptReader) -> bool:
        """Read as much as belongs in one step; True when the journal's end is reached."""
        deadline_s = time.monotonic() + STEP_S
        end_offset = reader.offset + STEP_BYTES
        for entry in self._entries:
            reader.read_entry(entry)
            if reader.offset >= end_offset or time.monotonic() > deadline_s:
                # The lines on the screen are indexed later: when it is unchanged for a while, or at the journal's end.
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
