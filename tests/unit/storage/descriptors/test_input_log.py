"""The input log: accepted input survives a kill of the host at any time, and the program's progress is exact."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.storage.descriptors import input_log
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
    """A fake program that takes at most ``takes`` bytes."""

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


class InputLogHarness:
    """An input log's file, a fake program, and the log as the last host opened it."""

    def __init__(self, file: int) -> None:
        self.file = file
        self.reader = Reader()
        self.input_log = InputLog(file, MASTER, self.reader)

    def reopen(self) -> list[LogEntry]:
        """Open the log as another host; returns the entries that it finds."""
        self.input_log.close()
        self.input_log = InputLog(self.file, MASTER, self.reader)
        at = self.input_log.header.checkpoint
        entries = list(self.input_log.read_entries(at.first_entry if at is not None else PAGE_BYTES, cut=True))
        for entry in entries:
            self.input_log.mark_pending(entry)
        return entries

    def take(self, count: int) -> bool:
        """Let the program take up to this many bytes; returns whether nothing is left."""
        self.reader.takes = count
        done = self.input_log.send_pending()
        self.reader.takes = 0
        return done

    def delivered(self) -> list[int]:
        """The numbers of the waiting inputs that the program has taken since the last call."""
        return [number for _, number in self.input_log.pending.collect_delivered()]


@contextmanager
def open_harness() -> Iterator[InputLogHarness]:
    file = os.memfd_create("input log")
    harness = InputLogHarness(file)
    try:
        yield harness
    finally:
        harness.input_log.close()
        os.close(file)


@pytest.fixture
def harness() -> Iterator[InputLogHarness]:
    with open_harness() as harness:
        yield harness


# ------------------------------------------------------------------------------------ at random


class Add(NamedTuple):
    kind: EntryKind
    payload: bytes
    tag: bytes
    number: int


class Take(NamedTuple):
    length: int


class Reopen(NamedTuple):
    torn: int
    """The number of bytes that a killed host had written of an entry; 0 for none."""


class Commit(NamedTuple):
    """A checkpoint that covers all entries before the first pending one."""


adds = st.builds(
    Add,
    st.sampled_from(list(EntryKind)),
    st.one_of(st.binary(max_size=40), st.binary(min_size=1, max_size=3).map(lambda data: data * 3000)),
    st.binary(min_size=16, max_size=16),
    st.integers(0, 2**64 - 1),
)
steps = st.lists(
    st.one_of(
        adds,
        adds,
        st.builds(Take, st.integers(0, 5000)),
        st.builds(Reopen, st.integers(0, 60)),
        st.builds(Commit),
    ),
    max_size=30,
)


@given(steps)
def test_after_kills_at_any_time_no_input_is_lost_or_repeated(steps: list[NamedTuple]) -> None:
    with open_harness() as harness:
        added: list[LogEntry] = []
        for step in steps:
            match step:
                case Add():
                    added.append(LogEntry(harness.input_log.end, step.kind, step.tag, step.number, step.payload))
                    harness.input_log.append(step.kind, step.payload, step.tag, step.number)
                    assert harness.input_log.end == added[-1].end
                case Take(length=length):
                    assert harness.take(length) == (harness.input_log.pending.bytes == 0)
                case Reopen(torn=torn):
                    tear(harness, torn)
                    first = harness.input_log.header.checkpoint
                    known = [each for each in added if first is None or each.start >= first.first_entry]
                    assert harness.reopen() == known
                case Commit():
                    harness.input_log.header.checkpoint = CheckpointLocation(0, 1, 0, harness.input_log.first_pending)
            check_due(harness, added)
        harness.take(1 << 30)
        assert harness.reader.got == b"".join(each.payload for each in added if each.kind in FOR_PROGRAM)


def tear(harness: InputLogHarness, count: int) -> None:
    """Leave the first bytes of an entry, as a kill in the middle of a write does."""
    if count:
        whole = (100).to_bytes(4, "little") + bytes([EntryKind.INPUT]) + bytes(3 + 16 + 8) + b"t" * 99
        os.pwrite(harness.file, whole[:count], harness.input_log.end)


def check_due(harness: InputLogHarness, added: list[LogEntry]) -> None:
    owed = b"".join(each.payload for each in added if each.kind in FOR_PROGRAM)[len(harness.reader.got) :]
    assert harness.input_log.pending.bytes == len(owed)
    first = harness.input_log.first_pending
    assert first in {harness.input_log.end, *(each.start for each in added)}
    behind = b"".join(each.payload for each in added if each.kind in FOR_PROGRAM and each.start >= first)
    assert behind.endswith(owed), "all pending bytes are at or after the first pending entry"


# ----------------------------------------------------------------------------------- one by one


def test_a_reader_that_only_looks_truncates_nothing(harness: InputLogHarness) -> None:
    harness.input_log.append(EntryKind.NAME, b"kept")
    os.pwrite(harness.file, b"torn", harness.input_log.end)
    length = os.fstat(harness.file).st_size
    looking = InputLog(harness.file, MASTER, harness.reader)
    assert [entry.payload for entry in looking.read_entries(PAGE_BYTES, cut=False)] == [b"kept"]
    looking.close()
    assert os.fstat(harness.file).st_size == length


def test_each_complete_delivery_is_reported_once_and_in_order(harness: InputLogHarness) -> None:
    for number in range(3):
        harness.input_log.append(EntryKind.INPUT, b"abc", TAG, number)
        harness.input_log.append(EntryKind.REPLY, b"d")
    harness.take(2)
    assert harness.delivered() == []
    harness.take(1)
    assert harness.delivered() == [0]
    harness.take(5)
    assert harness.delivered() == [1]
    harness.take(100)
    assert harness.delivered() == [2]


def test_empty_input_is_delivered_at_once(harness: InputLogHarness) -> None:
    harness.input_log.append(EntryKind.INPUT, b"", TAG, 7)
    assert harness.take(0)
    assert harness.delivered() == [7]
    harness.reopen()
    assert harness.input_log.pending.bytes == 0


def test_after_the_end_of_the_program_no_input_is_pending(harness: InputLogHarness) -> None:
    harness.input_log.append(EntryKind.INPUT, b"0123456789")
    harness.take(4)
    assert harness.input_log.drop_pending() == 6
    assert harness.input_log.first_pending == harness.input_log.end
    harness.reopen()
    assert harness.input_log.pending.bytes == 0
    assert harness.take(100)
    assert harness.reader.got == b"0123"


def test_an_entry_of_an_unknown_kind_is_skipped(harness: InputLogHarness) -> None:
    harness.input_log.append(99, b"of a later version", NO_TAG, 1)  # type: ignore[arg-type]
    harness.input_log.append(EntryKind.NAME, b"name")
    assert [(entry.kind, entry.payload) for entry in harness.reopen()] == [
        (99, b"of a later version"),
        (EntryKind.NAME, b"name"),
    ]


def test_an_impossible_length_ends_the_log(harness: InputLogHarness) -> None:
    harness.input_log.append(EntryKind.NAME, b"name")
    end = harness.input_log.end
    os.pwrite(harness.file, (MAX_PAYLOAD_BYTES + 1).to_bytes(4, "little") + bytes(HEADER_BYTES), end)
    assert len(harness.reopen()) == 1
    assert harness.input_log.end == end


@pytest.mark.parametrize("content", [b"junk", b"outlive ledger 2" + bytes(PAGE_BYTES), bytes(PAGE_BYTES)])
def test_a_file_that_is_no_input_log_is_refused(file: int, content: bytes) -> None:
    os.pwrite(file, content, 0)
    with pytest.raises(InputLogCorrupt):
        InputLog(file, MASTER, Splicer())


# --------------------------------------------------------------------------------- the first page


def test_the_moment_of_the_end_is_the_first_one_that_was_seen(
    harness: InputLogHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = harness.input_log.header
    assert header.exited_at == ""
    for at_ms in (1_700_000_000_123, 1_700_000_999_000):
        monkeypatch.setattr(input_log, "now_ms", lambda at_ms=at_ms: at_ms)
        header.exit_status = 0
        harness.reopen()
        header = harness.input_log.header
        assert header.exited_at == "2023-11-14T22:13:20.123Z"
    header.forget_child()
    assert header.exited_at == ""


def test_the_header_is_shared_by_all_processes_that_map_it(harness: InputLogHarness) -> None:
    other = LogHeader(harness.file)
    header = harness.input_log.header
    assert (header.child, header.exit_status, header.checkpoint) == (0, None, None)
    other.child = 4711
    other.exit_status = 0
    at = CheckpointLocation(1 << 40, 123, 0xFFFFFFFF, PAGE_BYTES)
    other.checkpoint = at
    assert (header.child, header.exit_status, header.checkpoint) == (4711, 0, at)
    other.exit_status = 9
    assert header.exit_status == 9
    assert (header.child, header.checkpoint) == (4711, at), "each field has its own position"
    other.close()
    harness.reopen()
    assert (
        harness.input_log.header.child,
        harness.input_log.header.exit_status,
        harness.input_log.header.checkpoint,
    ) == (
        4711,
        9,
        at,
    )


@pytest.mark.parametrize(
    ("requests", "kept"),
    [
        (("idle", "sleep"), "sleep"),
        (("sleep", "idle"), "sleep"),
        (("sleep", "stop"), "stop"),
        (("stop", "idle"), "stop"),
        (("kill", "stop", "sleep"), "kill"),
    ],
)
def test_of_several_requests_to_end_the_program_the_strongest_stays(
    harness: InputLogHarness, requests: tuple[str, ...], kept: str
) -> None:
    for request in requests:
        harness.input_log.header.request_end(request)
    assert harness.input_log.header.end_request == kept


def test_crashes_of_the_engine_at_one_offset_are_counted(harness: InputLogHarness) -> None:
    header = harness.input_log.header
    assert header.count_engine_crash() == 0, "the engine was not running"
    counts = []
    for offset in (0, 0, 500, 500, 500):
        header.engine_started(offset)
        counts.append(header.count_engine_crash())
    assert counts == [1, 2, 1, 2, 3]
    header.engine_started(500)
    header.engine_returned()
    assert header.count_engine_crash() == 0


def test_entries_covered_by_a_checkpoint_are_freed(harness: InputLogHarness) -> None:
    for _ in range(100):
        harness.input_log.append(EntryKind.NAME, b"n" * 4000)
    harness.input_log.append(EntryKind.INPUT, b"due")
    before = os.fstat(harness.file).st_blocks
    first = harness.input_log.first_pending
    harness.input_log.header.checkpoint = CheckpointLocation(0, 1, 0, first)
    assert os.fstat(harness.file).st_blocks * BLOCK_BYTES <= 4 * PAGE_BYTES < before * BLOCK_BYTES
    assert [entry.payload for entry in harness.reopen()] == [b"due"]
