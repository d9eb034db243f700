"""The input log: what was accepted is there, what the program has is known to the byte, whenever its host is killed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.storage.descriptors.input_log import (
    MAX_PAYLOAD_BYTES,
    CheckpointLocation,
    InputLog,
    InputLogCorrupt,
    LogHeader,
)
from session_host.storage.descriptors.log_entries import FOR_PROGRAM, HEADER_BYTES, NO_TAG, EntryKind, LogEntry
from session_host.storage.descriptors.output_file import PAGE_BYTES
from session_host.storage.descriptors.splice import Splicer

BLOCK_BYTES = 512
MASTER = -1
TAG = b"w" * 16


class Reader(Splicer):
    """A program that takes so many bytes and no more, until told."""

    def __init__(self) -> None:
        super().__init__(in_kernel=False)
        self.got = b""
        self.takes = 0

    def sendfile_to_pty(self, master: int, file: int, count: int) -> int:
        assert master == MASTER
        data = os.read(file, min(count, self.takes))  # moves the position past what is taken, as sendfile does
        self.takes -= len(data)
        self.got += data
        return len(data)


class Book:
    """An input log's file, the program it is for, and the log as the last host opened it."""

    def __init__(self, file: int) -> None:
        self.file = file
        self.reader = Reader()
        self.input_log = InputLog(file, MASTER, self.reader)

    def reopen(self) -> list[LogEntry]:
        """Another host begins; returns the records that it finds."""
        self.input_log.close()
        self.input_log = InputLog(self.file, MASTER, self.reader)
        at = self.input_log.header.checkpoint
        found = list(self.input_log.read_entries(at.first_entry if at is not None else PAGE_BYTES, cut=True))
        for record in found:
            self.input_log.mark_pending(record)
        return found

    def take(self, count: int) -> bool:
        """Let the program take up to so many bytes; returns whether nothing is left."""
        self.reader.takes = count
        done = self.input_log.send_pending()
        self.reader.takes = 0
        return done

    def give(self, payload: bytes, count: int, number: int) -> bool:
        """Accept an input while the program takes up to so many bytes; returns whether nothing is left."""
        self.reader.takes = count
        done = self.input_log.append_and_send(EntryKind.INPUT, payload, TAG, number)
        self.reader.takes = 0
        return done

    def taken(self) -> list[int]:
        """The numbers of the inputs that had to wait, and that the program got since this was last asked."""
        return [number for _, number in self.input_log.pending.collect_delivered()]


@contextmanager
def a_book() -> Iterator[Book]:
    file = os.memfd_create("ledger")
    book = Book(file)
    try:
        yield book
    finally:
        book.input_log.close()
        os.close(file)


@pytest.fixture
def book() -> Iterator[Book]:
    with a_book() as own:
        yield own


# ------------------------------------------------------------------------------------ at random


class Add(NamedTuple):
    kind: EntryKind
    payload: bytes
    tag: bytes
    number: int


class Give(NamedTuple):
    """A record that is for the program at once, which takes so much of all that is due."""

    payload: bytes
    length: int


class Take(NamedTuple):
    length: int


class Reopen(NamedTuple):
    torn: int
    """So many bytes of a record that was being written are there already; 0 for none."""


class Commit(NamedTuple):
    """A checkpoint sums up all that is not due."""


adds = st.builds(
    Add,
    st.sampled_from(list(EntryKind)),
    st.one_of(st.binary(max_size=40), st.binary(min_size=1, max_size=3).map(lambda data: data * 3000)),
    st.binary(min_size=16, max_size=16),
    st.integers(0, 2**64 - 1),
)
gives = st.builds(Give, st.binary(min_size=1, max_size=40), st.integers(0, 60))
steps = st.lists(
    st.one_of(
        adds,
        adds,
        gives,
        st.builds(Take, st.integers(0, 5000)),
        st.builds(Reopen, st.integers(0, 60)),
        st.builds(Commit),
    ),
    max_size=30,
)


@given(steps)
def test_whenever_its_host_is_killed_nothing_is_lost_and_nothing_comes_twice(steps: list[NamedTuple]) -> None:
    with a_book() as book:
        added: list[LogEntry] = []
        for step in steps:
            match step:
                case Add():
                    added.append(LogEntry(book.input_log.end, step.kind, step.tag, step.number, step.payload))
                    book.input_log.append(step.kind, step.payload, step.tag, step.number)
                    assert book.input_log.end == added[-1].end
                case Give(payload=payload, length=length):
                    added.append(LogEntry(book.input_log.end, EntryKind.INPUT, TAG, len(added), payload))
                    assert book.give(payload, length, len(added) - 1) == (book.input_log.pending.bytes == 0)
                    assert book.input_log.end == added[-1].end
                case Take(length=length):
                    assert book.take(length) == (book.input_log.pending.bytes == 0)
                case Reopen(torn=torn):
                    tear(book, torn)
                    first = book.input_log.header.checkpoint
                    known = [each for each in added if first is None or each.start >= first.first_entry]
                    assert book.reopen() == known
                case Commit():
                    book.input_log.header.checkpoint = CheckpointLocation(0, 1, 0, book.input_log.first_pending)
            check_due(book, added)
        book.take(1 << 30)
        assert book.reader.got == b"".join(each.payload for each in added if each.kind in FOR_PROGRAM)


def tear(book: Book, count: int) -> None:
    """Leave the first bytes of a record, as a kill in the midst of a write does."""
    if count:
        whole = (100).to_bytes(4, "little") + bytes([EntryKind.INPUT]) + bytes(3 + 16 + 8) + b"t" * 99
        os.pwrite(book.file, whole[:count], book.input_log.end)


def check_due(book: Book, added: list[LogEntry]) -> None:
    owed = b"".join(each.payload for each in added if each.kind in FOR_PROGRAM)[len(book.reader.got) :]
    assert book.input_log.pending.bytes == len(owed)
    first = book.input_log.first_pending
    assert first in {book.input_log.end, *(each.start for each in added)}
    behind = b"".join(each.payload for each in added if each.kind in FOR_PROGRAM and each.start >= first)
    assert behind.endswith(owed), "all that is due stands behind the first that is"


# ----------------------------------------------------------------------------------- one by one


def test_a_record_cut_at_each_of_its_bytes_was_never_there(book: Book) -> None:
    book.input_log.append(EntryKind.NAME, b"kept")
    whole_end = book.input_log.end
    book.input_log.append(EntryKind.INPUT, b"typed", TAG, 7)
    whole = os.pread(book.file, 1000, 0)
    for length in range(whole_end, len(os.pread(book.file, 1 << 20, 0))):
        os.ftruncate(book.file, length)
        assert [record.payload for record in book.reopen()] == [b"kept"]
        assert (book.input_log.end, book.input_log.pending.bytes) == (whole_end, 0)
        assert os.fstat(book.file).st_size == whole_end, "what is left of it is cut off"
        book.input_log.append(EntryKind.INPUT, b"typed", TAG, 7)
    assert os.pread(book.file, 1000, 0) == whole


def test_who_only_looks_cuts_nothing(book: Book) -> None:
    book.input_log.append(EntryKind.NAME, b"kept")
    os.pwrite(book.file, b"torn", book.input_log.end)
    length = os.fstat(book.file).st_size
    looking = InputLog(book.file, MASTER, book.reader)
    assert [record.payload for record in looking.read_entries(PAGE_BYTES, cut=False)] == [b"kept"]
    looking.close()
    assert os.fstat(book.file).st_size == length


def test_the_position_within_a_payload_is_where_the_next_host_goes_on(book: Book) -> None:
    book.input_log.append(EntryKind.INPUT, b"0123456789")
    book.input_log.append(EntryKind.NAME, b"not for the program")
    book.input_log.append(EntryKind.REPLY, b"abc")
    for count in range(13):
        assert book.input_log.pending.bytes == 13 - count
        book.reopen()
        assert book.input_log.pending.bytes == 13 - count
        assert book.take(1) == (count == 12)
    assert book.reader.got == b"0123456789abc"
    book.reopen()
    assert book.input_log.first_pending == book.input_log.end


def test_first_due_is_the_first_that_is_not_wholly_taken(book: Book) -> None:
    starts = []
    for payload in (b"one", b"two", b"three"):
        starts.append(book.input_log.end)
        book.input_log.append(EntryKind.INPUT, payload)
    expected = [0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2]
    for index in expected:
        assert book.input_log.first_pending == starts[index]
        book.take(1)
    assert book.input_log.first_pending == book.input_log.end


def test_that_all_of_it_is_written_is_told_once_and_in_order(book: Book) -> None:
    for number in range(3):
        book.input_log.append(EntryKind.INPUT, b"abc", TAG, number)
        book.input_log.append(EntryKind.REPLY, b"d")
    book.take(2)
    assert book.taken() == []
    book.take(1)
    assert book.taken() == [0]
    book.take(5)
    assert book.taken() == [1]
    book.take(100)
    assert book.taken() == [2]


def test_what_is_given_is_taken_at_once_or_in_its_turn_and_told_of_then(book: Book) -> None:
    assert book.give(b"at once", 7, 1)
    assert book.taken() == [], "who gave it knows"
    assert not book.give(b"in part", 3, 2)
    assert not book.give(b"behind", 0, 3)
    assert (book.taken(), book.input_log.pending.bytes) == ([], 10)
    assert book.give(b"last", 14, 4)
    assert book.taken() == [2, 3, 4]
    assert book.reader.got == b"at oncein partbehindlast"


def test_input_of_no_bytes_is_written_at_once(book: Book) -> None:
    book.input_log.append(EntryKind.INPUT, b"", TAG, 7)
    assert book.take(0)
    assert book.taken() == [7]
    book.reopen()
    assert book.input_log.pending.bytes == 0


def test_when_the_program_has_ended_nothing_is_due_any_more(book: Book) -> None:
    book.input_log.append(EntryKind.INPUT, b"0123456789")
    book.take(4)
    assert book.input_log.drop_pending() == 6
    assert book.input_log.first_pending == book.input_log.end
    book.reopen()
    assert book.input_log.pending.bytes == 0
    assert book.take(100)
    assert book.reader.got == b"0123"


def test_a_record_of_a_kind_that_is_not_known_is_stepped_over(book: Book) -> None:
    book.input_log.append(99, b"of a later version", NO_TAG, 1)  # type: ignore[arg-type]
    book.input_log.append(EntryKind.NAME, b"name")
    assert [(record.kind, record.payload) for record in book.reopen()] == [
        (99, b"of a later version"),
        (EntryKind.NAME, b"name"),
    ]


def test_a_length_that_cannot_be_is_the_end(book: Book) -> None:
    book.input_log.append(EntryKind.NAME, b"name")
    end = book.input_log.end
    os.pwrite(book.file, (MAX_PAYLOAD_BYTES + 1).to_bytes(4, "little") + bytes(HEADER_BYTES), end)
    assert len(book.reopen()) == 1
    assert book.input_log.end == end


@pytest.mark.parametrize("content", [b"junk", b"outlive ledger 2" + bytes(PAGE_BYTES), bytes(PAGE_BYTES)])
def test_what_is_no_input_log_is_refused(file: int, content: bytes) -> None:
    os.pwrite(file, content, 0)
    with pytest.raises(InputLogCorrupt):
        InputLog(file, MASTER, Splicer())


# --------------------------------------------------------------------------------- the first page


def test_the_first_page_is_shared_by_all_who_have_it(book: Book) -> None:
    other = LogHeader(book.file)
    header = book.input_log.header
    assert (header.child, header.exit_status, header.checkpoint) == (0, None, None)
    other.child = 4711
    other.exit_status = 0
    at = CheckpointLocation(1 << 40, 123, 0xFFFFFFFF, PAGE_BYTES)
    other.checkpoint = at
    assert (header.child, header.exit_status, header.checkpoint) == (4711, 0, at)
    other.exit_status = 9
    assert header.exit_status == 9
    assert (header.child, header.checkpoint) == (4711, at), "each has a place of its own"
    other.close()
    book.reopen()
    assert (book.input_log.header.child, book.input_log.header.exit_status, book.input_log.header.checkpoint) == (
        4711,
        9,
        at,
    )


def test_deaths_while_feeding_the_same_place_are_counted(book: Book) -> None:
    header = book.input_log.header
    assert header.count_engine_crash() == 0, "it was no feed"
    counts = []
    for offset in (0, 0, 500, 500, 500):
        header.engine_started(offset)
        counts.append(header.count_engine_crash())
    assert counts == [1, 2, 1, 2, 3]
    header.engine_started(500)
    header.engine_returned()
    assert header.count_engine_crash() == 0


def test_records_that_a_checkpoint_sums_up_are_given_back(book: Book) -> None:
    for _ in range(100):
        book.input_log.append(EntryKind.NAME, b"n" * 4000)
    book.input_log.append(EntryKind.INPUT, b"due")
    before = os.fstat(book.file).st_blocks
    first = book.input_log.first_pending
    book.input_log.header.checkpoint = CheckpointLocation(0, 1, 0, first)
    assert os.fstat(book.file).st_blocks * BLOCK_BYTES <= 4 * PAGE_BYTES < before * BLOCK_BYTES
    assert [record.payload for record in book.reopen()] == [b"due"]


def test_many_small_entries_are_read_with_few_calls(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    written = [b"k"] * 3000 + [b"pasted" * 50_000] + [b"x" * 40] * 3000
    for payload in written:
        book.input_log.append(EntryKind.NAME, payload)
    calls: list[int] = []
    pread = os.pread

    def counted(file: int, length: int, position: int) -> bytes:
        calls.append(length)
        return pread(file, length, position)

    monkeypatch.setattr(os, "pread", counted)
    found = list(book.input_log.read_entries(PAGE_BYTES, cut=False))
    assert [entry.payload for entry in found] == written
    assert len(calls) < 20
