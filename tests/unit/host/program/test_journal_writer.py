"""The journal has all output in order, with its resizes and snapshots."""

from __future__ import annotations

from pathlib import Path

import pytest

from session_host.host.program.journal_writer import JournalWriter
from session_host.storage.descriptors.output_file import PAGE_BYTES
from session_host.storage.journal import Journal, Output, Resize, snapshots
from tests.support.journals import logs, recorded, recorded_bytes
from tests.support.recording import LIMIT_BYTES, SIZE, Recorded, sizes


async def test_output_and_resizes_are_recorded_in_order(own: Recorded) -> None:
    await own.start()
    own.output(b"one")
    own.resize(90)
    own.output(b"two")
    own.resize(100)
    await own.caught_up()
    own.output(b"three")
    await own.caught_up()
    assert recorded_bytes(own.directory) == b"onetwothree"
    await own.journal_writer.close()
    assert sizes(recorded(own.directory)) == [(3, 90), (6, 100)]
    assert own.journal_writer.size_bytes == sum(path.stat().st_size for path in own.directory.iterdir())


async def test_output_and_resizes_before_the_start_are_recorded_in_order(own: Recorded) -> None:
    """A program runs before its journal is open."""
    own.resize(90)
    own.output(b"early")
    own.resize(100)
    own.output(b"later")
    told = list(own.resizes[:1])
    own.resize(110)  # this resize happened while the journal was being opened, and is in no list
    await own.journal_writer.start(SIZE, told)
    own.output(b"then")
    await own.caught_up()
    await own.journal_writer.close()
    assert recorded_bytes(own.directory) == b"earlylaterthen"
    assert sizes(recorded(own.directory)) == [(0, 90), (5, 100), (10, 110)]


async def test_before_the_start_nothing_touches_the_disk(own: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hosts that open one journal would disturb each other."""
    opened = 0
    open_journal = Journal.open

    def count(directory: Path, limit_bytes: int) -> Journal:
        nonlocal opened
        opened += 1
        return open_journal(directory, limit_bytes)

    monkeypatch.setattr(Journal, "open", count)
    own.output(b"early")
    own.journal_writer.add_snapshot(own.snapshot())
    assert own.journal_writer._timer is None, "nothing is to be written yet"
    assert not own.directory.exists()
    await own.start()
    await own.caught_up()
    assert opened == 1


async def test_without_a_directory_there_is_no_journal() -> None:
    own = Recorded(Path("/nonexistent"))
    own.journal_writer = JournalWriter(None, LIMIT_BYTES, own.output_file, lambda: None)
    await own.start()
    own.output(b"x")
    own.resize(90)
    own.journal_writer.add_snapshot(own.snapshot())
    assert (own.journal_writer.is_enabled, own.journal_writer.end, own.journal_writer.error) == (False, 0, "")
    await own.close()


async def test_a_later_host_records_the_output_that_its_predecessor_did_not(own: Recorded) -> None:
    await own.start()
    own.output(b"recorded")
    own.resize(90)
    await own.caught_up()
    await own.journal_writer.close()
    own.output(b" and not")
    own.resize(100)
    own.output(b" recorded")
    own.open()
    await own.start()
    await own.caught_up()
    await own.journal_writer.close()
    assert recorded_bytes(own.directory) == own.written
    assert sizes(recorded(own.directory)) == [(8, 90), (16, 100)]


async def test_freed_output_is_recorded_as_a_gap(own: Recorded) -> None:
    await own.start()
    own.output(b"a" * 100)
    await own.caught_up()
    await own.journal_writer.close()
    own.output(b"b" * 3 * PAGE_BYTES)
    own.output_file.free_before(PAGE_BYTES + 50)
    own.open()
    await own.start()
    await own.caught_up()
    assert b"\0" not in recorded_bytes(own.directory)
    offsets = [entry.offset for entry in recorded(own.directory) if isinstance(entry, Output)]
    assert offsets == [0, PAGE_BYTES + 50]


async def test_output_freed_during_reading_is_not_recorded_as_zeros(
    own: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    await own.start()
    read = own.output_file.read

    def late(start: int, end: int) -> bytes:
        own.output_file.free_before(2 * PAGE_BYTES)
        return read(start, end)

    monkeypatch.setattr(own.output_file, "read", late)
    own.output(b"x" * (3 * PAGE_BYTES))
    await own.caught_up()
    assert recorded_bytes(own.directory) == b"x" * PAGE_BYTES


# --------------------------------------------------------------------------------------- segments


async def test_a_segment_begins_with_the_snapshot_at_its_first_offset(own: Recorded) -> None:
    await own.start()
    own.output(b"a" * 1000)
    own.resize(90)
    own.journal_writer.add_snapshot(own.snapshot(b"first"))
    own.output(b"b" * 1000)
    own.resize(100)
    own.journal_writer.add_snapshot(own.snapshot(b"second"))
    own.output(b"c")
    await own.caught_up()
    await own.journal_writer.close()
    assert recorded_bytes(own.directory) == own.written
    assert sizes(recorded(own.directory)) == [(1000, 90), (2000, 100)]
    assert snapshots(own.directory) == [1000, 2000]


async def test_a_snapshot_is_recorded_before_the_output_after_it(own: Recorded) -> None:
    """A snapshot takes a while to make, during which output and resizes continue."""
    await own.start()
    own.output(b"a" * 1000)
    await own.caught_up()
    own.output(b"b" * 10)
    own.resize(90)
    taken = own.snapshot(b"taken")
    own.resize(100)
    own.output(b"c" * 10)
    own.journal_writer.add_snapshot(taken)
    await own.caught_up()
    await own.journal_writer.close()
    assert recorded_bytes(own.directory) == own.written
    assert sizes(recorded(own.directory)) == [(1010, 90), (1010, 100)]
    assert snapshots(own.directory) == [1010]
    assert (own.directory / "00000002.log").exists()
    second = Journal.open(own.directory)
    second.close()


async def test_a_late_snapshot_is_dropped(own: Recorded) -> None:
    await own.start()
    own.output(b"a" * 1000)
    late = own.snapshot()
    own.output(b"b")
    await own.caught_up()
    own.journal_writer.add_snapshot(late)
    own.output(b"c")
    await own.caught_up()
    assert len(logs(own.directory)) == 1


async def test_snapshots_take_no_more_space_than_the_output_they_cover(own: Recorded) -> None:
    """A slow engine with a large screen makes many snapshots, but the journal's space is for output."""
    await own.start()
    for _ in range(50):
        own.output(b"x" * 100)
        own.journal_writer.add_snapshot(own.snapshot(b"s" * 2000))
        await own.caught_up()
    await own.journal_writer.close()
    assert recorded_bytes(own.directory) == own.written
    taken = sum(path.stat().st_size for path in own.directory.glob("*.snapshot"))
    assert 2000 <= taken <= sum(path.stat().st_size for path in logs(own.directory))


async def test_the_size_at_the_beginning_is_recorded_once(own: Recorded) -> None:
    await own.start()
    own.output(b"one")
    await own.caught_up()
    await own.restart()
    own.output(b"two")
    await own.caught_up()
    await own.journal_writer.close()
    first = [entry for entry in recorded(own.directory) if isinstance(entry, Resize)]
    assert [(entry.number, entry.size) for entry in first] == [(0, SIZE)]
