"""Reads the journal of a structured chat, which holds a transcript log, and yields the lines of its items.

An item is indexed when it is complete. An incomplete item at the journal's end is indexed as far as it is there, and
keeps the numbers of its lines, so that its later text replaces them.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Final, Self

import msgspec

from session_host.errors import ProtocolViolation
from session_host.storage.journal import Entry, Output, Resize, load_snapshot, read, snapshots
from session_host.structured.items import Append, Item, Put, SetStatus
from session_host.structured.log import FORK, Cause, Record, RecordReader, begins_log
from session_host.structured.text import item_lines
from session_host.structured.transcript import BUILD, Transcript

from .index import MAX_LINE_CHARACTERS
from .lines import IndexedLine
from .reader import CollectedLines

REMEMBERED: Final = 256
"""How many complete items are remembered, so that a later change of one replaces its lines."""

_BEGIN: Final = b"T1"
"""The first bytes of a saved state; the state of a ``Reader`` begins otherwise."""

_COMPRESSION_LEVEL: Final = 1


class _TrackedItem(msgspec.Struct, array_like=True):
    """An item, and its indexed lines: numbers and texts."""

    item: Item | None
    """None once it is complete."""
    lines: list[tuple[int, str]] = []
    changed: bool = True
    pieces: list[tuple[str, str]] = []
    """Appended texts that are not joined yet: (field, text)."""

    def whole_item(self) -> Item | None:
        """The item with all that was appended to it."""
        if self.item is not None and self.pieces:
            names = {field for field, _ in self.pieces}
            texts = {name: [text for field, text in self.pieces if field == name] for name in names}
            whole = {name: getattr(self.item, name) + "".join(parts) for name, parts in texts.items()}
            self.item, self.pieces = msgspec.structs.replace(self.item, **whole), []
        return self.item


class _State(msgspec.Struct, array_like=True):
    """The saved state of a reader."""

    number: int
    log_offset: int
    rest: bytes
    is_lost: bool
    known: dict[str, _TrackedItem]
    record_end: int
    time_ns: int
    continues: str = ""
    own_from: int = 0


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_State)


def has_transcript(journal: Path) -> bool:
    """Whether a journal is that of a structured chat."""
    first = next((entry for entry in read(journal) if isinstance(entry, Output)), None)
    if first is None:
        return False
    if not first.offset:
        return begins_log(first.data)
    snapshot = load_snapshot(journal, first.offset)
    return snapshot is not None and snapshot.build == BUILD


def is_state(saved_state: bytes) -> bool:
    """Whether ``TranscriptReader.save_state`` made this state."""
    return saved_state.startswith(_BEGIN)


class TranscriptReader(CollectedLines):
    """Reads a structured chat's journal, entry by entry; the methods are those of ``reader.Reader``."""

    def __init__(
        self, journal: Path, offset: int = 0, resizes: int = -1, number: int = 0, state: _State | None = None
    ) -> None:
        self._journal = journal
        state = state or _State(number, offset, b"", False, {}, 0, 0)
        super().__init__(offset, resizes, state.number)
        self._records = RecordReader(state.log_offset, state.rest)
        self._is_lost = state.is_lost
        self._known = state.known
        self._record_end, self._time_ns = state.record_end, state.time_ns
        self.continues, self.own_from = state.continues, state.own_from

    @classmethod
    def restored(cls, journal: Path, offset: int, resizes: int, saved_state: bytes) -> Self | None:
        """Restore a reader from ``save_state``; None if another version made the state, or it is damaged."""
        try:
            return cls(journal, offset, resizes, state=_decoder.decode(zlib.decompress(saved_state[len(_BEGIN) :])))
        except (zlib.error, msgspec.MsgspecError):
            return None

    def save_state(self) -> bytes:
        """The state for ``restored``."""
        records = self._records
        state = _State(
            self.number,
            records.offset,
            bytes(records.rest),
            self._is_lost,
            self._known,
            self._record_end,
            self._time_ns,
            self.continues,
            self.own_from,
        )
        return _BEGIN + zlib.compress(_encoder.encode(state), _COMPRESSION_LEVEL)

    def close(self) -> None:
        """Do nothing: there is nothing to free."""

    def forget_lines(self, number: int) -> None:
        """See ``CollectedLines``."""
        super().forget_lines(number)
        for known in self._known.values():
            known.lines = [(0, text) for _, text in known.lines]

    def flush(self) -> None:
        """Do nothing: no output is pending."""

    def settle(self) -> None:
        """Index the items that are not complete, at the journal's present end."""
        for known in self._known.values():
            if known.changed and (item := known.whole_item()) is not None:
                self._index(known, item)
                known.changed = False

    def read_entry(self, entry: Entry) -> None:
        """Read the journal's next entry."""
        if isinstance(entry, Resize):
            self.resizes = max(self.resizes, entry.number)
            return
        data = entry.data[max(0, self.offset - entry.offset) :]
        if not data:
            return
        if entry.offset > self.offset:
            self._is_lost = True
        if self._is_lost:
            self._resume_at_snapshot(entry.offset)
        self.offset = entry.offset + len(entry.data)
        if self._is_lost:
            return
        try:
            for record in self._records.feed(data):
                self._read_record(record)
        except ProtocolViolation:
            self._is_lost = True

    def _resume_at_snapshot(self, offset: int) -> None:
        """Continue after lost output, from the snapshot at this offset, if there is one."""
        if offset not in snapshots(self._journal):
            return
        snapshot = load_snapshot(self._journal, offset)
        if snapshot is None or snapshot.build != BUILD:
            return
        transcript = Transcript.restore(snapshot.data)
        self._records, self._is_lost = transcript.record_reader(), False
        queue_start = transcript.queue_start
        positions = [transcript.position(item_id) for item_id in self._known if item_id in transcript]
        indexes = [position for position in positions if position < queue_start]
        if not indexes and self.number:
            indexes = [queue_start - 1]  # It is unknown which items are indexed: index only later ones.
        first_new = max(indexes, default=-1) + 1
        self._record_end = offset
        for index, item in enumerate(transcript):
            if index >= first_new or item.id in self._known:
                self._time_ns = item.at_ms * 1_000_000
                self._put(item)

    # ------------------------------------------------------------ items

    def _read_record(self, record: Record) -> None:
        self._record_end, self._time_ns = record.end, record.at_ms * 1_000_000
        if is_history := record.cause == Cause.HISTORY:
            self.continues = record.body.cause.removeprefix(FORK).decode(errors="replace")
        for change in record.body.changes:
            match change:
                case Put(item):
                    if is_history:
                        self._time_ns = item.at_ms * 1_000_000
                    self._put(item)
                case Append(item_id, text, field):
                    known = self._known.get(item_id)
                    if known is not None and known.item is not None:
                        known.pieces.append((field, text))
                        known.changed = True
                case SetStatus(item_id, status, ended_ms):
                    known = self._known.get(item_id)
                    if known is not None and (whole := known.whole_item()) is not None:
                        self._put(msgspec.structs.replace(whole, status=status, ended_ms=ended_ms))
                case _:
                    pass
        if is_history and record.body.cause.startswith(FORK):
            self.own_from = self.number + 1

    def _put(self, item: Item) -> None:
        known = self._known.pop(item.id, None) or _TrackedItem(None, [])
        self._known[item.id] = known
        known.pieces = []
        if item.status == "running":
            known.item, known.changed = item, True
            return
        known.item = None
        self._index(known, item)
        if len(self._known) > REMEMBERED:
            complete = (item_id for item_id, tracked in self._known.items() if tracked.item is None)
            del self._known[next(complete)]

    def _index(self, known: _TrackedItem, item: Item) -> None:
        texts = [
            text[start : start + MAX_LINE_CHARACTERS]
            for line in item_lines(item, folded=False)
            if (text := line.text.strip(" │"))
            for start in range(0, len(text), MAX_LINE_CHARACTERS)
        ]
        lines: list[tuple[int, str]] = []
        for index, text in enumerate(texts):
            number, previous = known.lines[index] if index < len(known.lines) else (0, "")
            if not number and previous != text:
                self.number += 1
                number = self.number
                self._add(self.new, number, text)
            elif previous != text:
                self._add(self.new if number in self.new else self.grown, number, text)
            lines.append((number, text))
        for number, _ in known.lines[len(texts) :]:
            if number:
                self._add(self.new if number in self.new else self.grown, number, "")
        known.lines = lines

    def _add(self, lines: dict[int, IndexedLine], number: int, text: str) -> None:
        lines[number] = IndexedLine(number, self._record_end, self._time_ns, text)
