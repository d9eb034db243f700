"""Journal writer: writes output to the journal on disk in batches, off the key path.

The writer reads from the output file, so that it keeps only offsets and times. A disk error stops the recording, but
not the session. When the disk works again, the writer continues with the output that the output file still has.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from session_host.errors import StoreError
from session_host.protocol.messages import Resized
from session_host.protocol.values import GridSize
from session_host.storage.descriptors.output_file import MemoryFile
from session_host.storage.journal import Entry, Journal, Output, Resize, Snapshot, pack
from session_host.structured.transcript import BUILD as TRANSCRIPT
from session_host.system.worker import Worker

log = logging.getLogger(__name__)

FLUSH_S = 0.25
"""How long output waits for a write; a kill costs nothing, a power cut also what is not synced (``disk_sync``)."""

RETRY_S = 5.0
PIECE_BYTES = 512 * 1024
SAME_MOMENT_NS = 5_000_000
"""Output within this time is recorded as one entry."""

FLUSH_BYTES = 1024 * 1024


class _Span(NamedTuple):
    """A range of output, and its time."""

    time_ns: int
    start: int
    end: int


class JournalWriter:
    """Writes one session's journal.

    Attributes:
        end: the offset up to which output is recorded.
        size_bytes: the journal's size on disk.
        error: why nothing is recorded at the moment, one line; "" if there is no problem.
    """

    def __init__(
        self, directory: Path | None, limit_bytes: int, output_file: MemoryFile, progress: Callable[[], None]
    ) -> None:
        """Begin where the journal ends.

        Args:
            directory: the journal's directory; None for no journal.
            limit_bytes: see ``Journal.open``.
            output_file: the output; unrecorded output in it gets the current time.
            progress: called when ``end`` or ``error`` has changed.
        """
        self._directory = directory
        self._limit_bytes = limit_bytes
        self._snapshot_at = 0
        self._needed: set[int] = set()
        """The offsets of snapshots without which the journal would lose its beginning."""
        self._output_file = output_file
        self._progress = progress
        self._loop = asyncio.get_running_loop()
        self._worker = Worker()
        self._journal: Journal | None = None
        self._waiting: deque[_Span | Resize | Snapshot] = deque()
        self._known = 0
        """Output up to this offset is recorded, or waits to be."""
        self._started = False
        self._early: list[Resized] = []
        self._timer: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Future[None] | None = None
        self.end = 0
        self.size_bytes = 0
        self.error = ""

    @property
    def is_enabled(self) -> bool:
        """Whether the session has a journal."""
        return self._directory is not None

    @property
    def picture_bytes(self) -> int:
        """How much of a transcript's pictures a snapshot for the journal may have."""
        return self._limit_bytes // 8

    def needs_snapshot(self, end: int) -> bool:
        """Whether a transcript that has the log up to this offset is needed now.

        Without one, the segment that goes next would take with it the beginning of what follows.
        """
        return self._started and end - self._snapshot_at > self._limit_bytes // 4

    async def start(self, size: GridSize, resizes: list[Resized]) -> None:
        """Open the journal, and record what a previous host had not written.

        Earlier output is in the output file, and earlier resizes are in ``resizes`` or were added meanwhile; ``size``
        is the first grid size.
        """
        if self._directory is None:
            return
        await self._in_thread(self._open)
        self._started = True
        missing = max(self.end, self._output_file.start)
        recorded = self._journal.resizes if self._journal is not None else 0
        if not self.end and not recorded:
            self.add_resize(Resized(0, size))
        known = {each.number: each for each in (*resizes, *self._early)}
        self._early.clear()
        for number in sorted(known):
            if number > recorded:
                self._append_span(missing, known[number].offset)
                missing = max(missing, known[number].offset)
                self.add_resize(known[number])
        self._known = missing
        self.add_output(self._output_file.end)

    def add_output(self, end: int) -> None:
        """Output now reaches to the offset ``end``."""
        if self._started and end > self._known:
            self._append_span(self._known, end)
            self._known = end
            self._soon()

    def _append_span(self, start: int, end: int) -> None:
        if start >= end:
            return
        now_ns = time.time_ns()
        last = self._waiting[-1] if self._waiting else None
        if isinstance(last, _Span) and last.end == start and 0 <= now_ns - last.time_ns < SAME_MOMENT_NS:
            self._waiting[-1] = _Span(last.time_ns, last.start, end)
        else:
            self._waiting.append(_Span(now_ns, start, end))

    def add_resize(self, message: Resized) -> None:
        """The grid was resized after the output so far."""
        if self._directory is None:
            return
        if not self._started:
            self._early.append(message)
        else:
            self._waiting.append(Resize(time.time_ns(), message.offset, message.number, message.size, message.cell))
            self._soon()

    def add_snapshot(self, snapshot: Snapshot) -> None:
        """Begin a segment with this state of the emulator, which may be older than the newest output."""
        if not self._started or snapshot.offset < self.end:
            return  # The snapshot is too late; the next one will do.
        if snapshot.build == TRANSCRIPT and self.needs_snapshot(snapshot.offset):
            self._needed.add(snapshot.offset)
        self._snapshot_at = snapshot.offset
        before: deque[_Span | Resize | Snapshot] = deque()
        while self._waiting:
            first = self._waiting[0]
            if isinstance(first, _Span):
                if first.start >= snapshot.offset:
                    break
                self._waiting.popleft()
                if first.end > snapshot.offset:
                    self._waiting.appendleft(first._replace(start=snapshot.offset))
                    first = first._replace(end=snapshot.offset)
            elif isinstance(first, Resize) and first.number > snapshot.resizes:
                break
            else:
                self._waiting.popleft()
            before.append(first)
        before.append(snapshot)
        self._waiting.extendleft(reversed(before))
        self._soon()

    def _soon(self) -> None:
        if self._timer is None and self._flushing is None:
            self._timer = self._loop.call_later(RETRY_S if self.error else FLUSH_S, self._flush)
        elif self._timer is not None and not self.error and self._known - self.end > FLUSH_BYTES:
            self._timer.cancel()
            self._flush()

    def _flush(self) -> None:
        self._timer = None
        batch = list(self._waiting)
        self._waiting.clear()
        self._flushing = asyncio.ensure_future(self._write_out(batch))

    async def _write_out(self, batch: list[_Span | Resize | Snapshot]) -> None:
        done = await self._in_thread(lambda: self._write(batch))
        # Unwritten entries are tried again, as far as the output file still has their output.
        self._waiting.extendleft(reversed(batch[done:]))
        self._flushing = None
        if self._waiting:
            self._soon()

    async def _in_thread(self, work: Callable[[], int]) -> int:
        previous = self.error
        done = await self._worker.run(work)
        if self.error and not previous:
            log.warning("recording stopped at %d: %s", self.end, self.error)
        self._progress()
        return done

    async def close(self) -> None:
        """Write the waiting entries if the disk works."""
        if self._timer is not None:
            self._timer.cancel()
        if self._flushing is not None:
            await self._flushing
        if self._timer is not None:
            self._timer.cancel()
        if self._waiting:
            self._flush()
            assert self._flushing is not None
            await self._flushing
            if self._timer is not None:
                self._timer.cancel()
        if self._journal is not None:
            await self._worker.run(self._journal.close)
            self._journal = None

    async def compress(self) -> None:
        """Compress the whole journal of an ended session, after ``close``."""
        if (directory := self._directory) is not None:
            with contextlib.suppress(StoreError):  # The user has removed or replaced it.
                await self._worker.run(lambda: pack(directory))

    # ------------------------------------------------------------ in the thread

    def _open(self) -> int:
        assert self._directory is not None
        try:
            self._journal = Journal.open(self._directory, self._limit_bytes)
        except StoreError as error:
            self.error = str(error)
        else:
            self.end, self.size_bytes = self._journal.end, self._journal.size_bytes
            self.error = ""
        return 0

    def _write(self, batch: list[_Span | Resize | Snapshot]) -> int:
        """Write a batch; returns how many of its entries are done."""
        removed = self._journal if self._journal is not None and self._journal.is_removed else None
        if removed is not None:
            log.warning("the journal was removed; recording again from %d", self._output_file.start)
            removed.close()
            self._journal = None
        if self._journal is None:
            self._open()
        journal = self._journal
        if journal is None:
            return 0
        done = 0
        pending: list[Entry] = []
        pending_bytes = 0
        try:
            if removed is not None:
                end = next((each.start for each in batch if isinstance(each, _Span)), self._known)
                journal.append(self._kept_until(end, removed.last_resize))
            for number, each in enumerate(batch):
                if isinstance(each, Snapshot):
                    journal.append(pending)
                    # If the disk has no room for a snapshot, later entries may still fit: skip it; another one will
                    # follow.
                    pending, pending_bytes, done = [], 0, number + 1
                    # Otherwise a slow engine with a large screen would fill the journal with snapshots.
                    if journal.segment_bytes >= len(each.data) or each.offset in self._needed:
                        self._needed.discard(each.offset)
                        journal.begin_segment(each)
                    continue
                entries = [each] if isinstance(each, Resize) else self._outputs(each)
                for entry in entries:
                    pending.append(entry)
                    pending_bytes += len(entry.data) if isinstance(entry, Output) else 0
                if pending_bytes >= PIECE_BYTES:
                    journal.append(pending)
                    pending, pending_bytes, done = [], 0, number + 1
            journal.append(pending)
            done = len(batch)
        except StoreError as error:
            self.error = str(error)
        else:
            self.error = ""
        self.end, self.size_bytes = journal.end, journal.size_bytes
        return done

    def _kept_until(self, end: int, resize: Resize | None) -> list[Entry]:
        """The output up to the offset ``end`` that its file still has, with the last resize before it."""
        now_ns, start = time.time_ns(), self._output_file.start
        if resize is None:
            return list(self._outputs(_Span(now_ns, start, end)))
        resize = resize._replace(offset=max(start, resize.offset))
        before, after = _Span(now_ns, start, resize.offset), _Span(now_ns, resize.offset, end)
        return [*self._outputs(before), resize, *self._outputs(after)]

    def _outputs(self, span: _Span) -> list[Output]:
        """The output of a span that is kept and not recorded yet."""
        assert self._journal is not None
        found: list[Output] = []
        at = max(span.start, self._output_file.start, self._journal.end)
        while at < span.end:
            data = self._output_file.read(at, min(at + PIECE_BYTES, span.end))
            # While recording fails, the output file frees old output, perhaps right now, and the read gives zeros.
            gone = max(0, min(self._output_file.start - at, len(data)))
            if gone < len(data):
                found.append(Output(span.time_ns, at + gone, data[gone:]))
            at += len(data)
        return found
