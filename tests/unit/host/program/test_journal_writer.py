"""The journal has all output in order, with its resizes and snapshots."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from session_host.errors import StoreError
from session_host.host.program.journal_writer import JournalWriter
from session_host.storage.descriptors.output_file import PAGE_BYTES
from session_host.storage.journal import Journal, Output, Resize, snapshots
from tests.support.journals import logs, recorded, recorded_bytes
from tests.support.recording import LIMIT_BYTES, SIZE, Recorded, sizes
from tests.support.waiting import eventually


async def test_output_and_resizes_before_the_start_are_recorded_in_order(recording: Recorded) -> None:
    """A program runs before its journal is open."""
    recording.resize(90)
    recording.output(b"early")
    recording.resize(100)
    recording.output(b"later")
    earlier = list(recording.resizes[:1])
    recording.resize(110)  # this resize happened while the journal was being opened, and is in no list
    await recording.journal_writer.start(SIZE, earlier)
    recording.output(b"then")
    await recording.caught_up()
    await recording.journal_writer.close()
    assert recorded_bytes(recording.directory) == b"earlylaterthen"
    assert sizes(recorded(recording.directory)) == [(0, 90), (5, 100), (10, 110)]


async def test_before_the_start_nothing_touches_the_disk(recording: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hosts that open one journal would disturb each other."""
    opened = 0
    open_journal = Journal.open

    def count(directory: Path, limit_bytes: int) -> Journal:
        nonlocal opened
        opened += 1
        return open_journal(directory, limit_bytes)

    monkeypatch.setattr(Journal, "open", count)
    recording.output(b"early")
    recording.journal_writer.add_snapshot(recording.snapshot())
    assert recording.journal_writer._timer is None, "nothing is to be written yet"
    assert not recording.directory.exists()
    await recording.start()
    await recording.caught_up()
    assert opened == 1


async def test_without_a_directory_there_is_no_journal() -> None:
    recording = Recorded(Path("/nonexistent"))
    recording.journal_writer = JournalWriter(None, LIMIT_BYTES, recording.output_file, lambda: None)
    await recording.start()
    recording.output(b"x")
    recording.resize(90)
    recording.journal_writer.add_snapshot(recording.snapshot())
    assert (recording.journal_writer.is_enabled, recording.journal_writer.end, recording.journal_writer.error) == (
        False,
        0,
        "",
    )
    await recording.close()


async def test_a_later_host_records_the_output_that_its_predecessor_did_not(recording: Recorded) -> None:
    await recording.start()
    recording.output(b"recorded")
    recording.resize(90)
    await recording.caught_up()
    await recording.journal_writer.close()
    recording.output(b" and not")
    recording.resize(100)
    recording.output(b" recorded")
    recording.open()
    await recording.start()
    await recording.caught_up()
    await recording.journal_writer.close()
    assert recorded_bytes(recording.directory) == recording.written
    assert sizes(recorded(recording.directory)) == [(8, 90), (16, 100)]


async def test_freed_output_is_recorded_as_a_gap(recording: Recorded) -> None:
    await recording.start()
    recording.output(b"a" * 100)
    await recording.caught_up()
    await recording.journal_writer.close()
    recording.output(b"b" * 3 * PAGE_BYTES)
    recording.output_file.free_before(PAGE_BYTES + 50)
    recording.open()
    await recording.start()
    await recording.caught_up()
    assert b"\0" not in recorded_bytes(recording.directory)
    offsets = [entry.offset for entry in recorded(recording.directory) if isinstance(entry, Output)]
    assert offsets == [0, PAGE_BYTES + 50]


async def test_output_freed_during_reading_is_not_recorded_as_zeros(
    recording: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    await recording.start()
    read = recording.output_file.read

    def late(start: int, end: int) -> bytes:
        recording.output_file.free_before(2 * PAGE_BYTES)
        return read(start, end)

    monkeypatch.setattr(recording.output_file, "read", late)
    recording.output(b"x" * (3 * PAGE_BYTES))
    await recording.caught_up()
    assert recorded_bytes(recording.directory) == b"x" * PAGE_BYTES


# --------------------------------------------------------------------------------------- segments


async def test_a_snapshot_is_recorded_before_the_output_after_it(recording: Recorded) -> None:
    """A snapshot takes a while to make, during which output and resizes continue."""
    await recording.start()
    recording.output(b"a" * 1000)
    await recording.caught_up()
    recording.output(b"b" * 10)
    recording.resize(90)
    snapshot = recording.snapshot(b"taken")
    recording.resize(100)
    recording.output(b"c" * 10)
    recording.journal_writer.add_snapshot(snapshot)
    await recording.caught_up()
    await recording.journal_writer.close()
    assert recorded_bytes(recording.directory) == recording.written
    assert sizes(recorded(recording.directory)) == [(1010, 90), (1010, 100)]
    assert snapshots(recording.directory) == [1010]
    assert (recording.directory / "00000002.log").exists()
    second = Journal.open(recording.directory)
    second.close()


async def test_a_late_snapshot_is_dropped(recording: Recorded) -> None:
    await recording.start()
    recording.output(b"a" * 1000)
    late = recording.snapshot()
    recording.output(b"b")
    await recording.caught_up()
    recording.journal_writer.add_snapshot(late)
    recording.output(b"c")
    await recording.caught_up()
    assert len(logs(recording.directory)) == 1


async def test_snapshots_take_no_more_space_than_the_output_they_cover(recording: Recorded) -> None:
    """A slow engine with a large screen makes many snapshots, but the journal's space is for output."""
    await recording.start()
    for _ in range(50):
        recording.output(b"x" * 100)
        recording.journal_writer.add_snapshot(recording.snapshot(b"s" * 2000))
        await recording.caught_up()
    await recording.journal_writer.close()
    assert recorded_bytes(recording.directory) == recording.written
    snapshot_bytes = sum(path.stat().st_size for path in recording.directory.glob("*.snapshot"))
    assert 2000 <= snapshot_bytes <= sum(path.stat().st_size for path in logs(recording.directory))


async def test_the_size_at_the_beginning_is_recorded_once(recording: Recorded) -> None:
    await recording.start()
    recording.output(b"one")
    await recording.caught_up()
    await recording.restart()
    recording.output(b"two")
    await recording.caught_up()
    await recording.journal_writer.close()
    first = [entry for entry in recorded(recording.directory) if isinstance(entry, Resize)]
    assert [(entry.number, entry.size) for entry in first] == [(0, SIZE)]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the writer try again soon."""
    monkeypatch.setattr("session_host.host.program.journal_writer.RETRY_S", 0.2)


class FailingDisk:
    """A disk on which a method of the journal fails while ``refuses`` is set."""

    def __init__(self, patch: pytest.MonkeyPatch, method: str) -> None:
        self.refuses = False
        original: Callable[..., None] = getattr(Journal, method)

        def fail_or_write(journal: Journal, what: object) -> None:
            if self.refuses:
                raise StoreError("the disk is in no mood")
            original(journal, what)

        patch.setattr(Journal, method, fail_or_write)


@pytest.mark.parametrize("removes_all", [True, False])
async def test_a_removed_journal_is_begun_again_with_the_kept_output(
    recording: Recorded, caplog: pytest.LogCaptureFixture, *, removes_all: bool
) -> None:
    await recording.start()
    recording.output(b"before,")
    recording.resize(91)
    await recording.caught_up()
    if removes_all:
        shutil.rmtree(recording.directory)
    else:
        (recording.directory / "00000001.log").unlink()
    recording.output(b"after,")
    await recording.caught_up()
    recording.output(b"later")
    await recording.caught_up()
    assert recorded_bytes(recording.directory) == b"before,after,later"
    assert sizes(recorded(recording.directory)) == [(7, 91)]
    assert recording.journal_writer.error == ""
    assert [record.getMessage() for record in caplog.records] == ["the journal was removed; recording again from 0"]


async def test_output_written_during_disk_failures_is_recorded_later(
    recording: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FailingDisk(monkeypatch, "append")
    await recording.start()
    recording.output(b"before,")
    await recording.caught_up()
    disk.refuses = True
    for number in range(5):
        recording.output(b"%d," % number)
        recording.resize(90 + number)
        recording.journal_writer.add_snapshot(recording.snapshot(b""))
    await eventually(lambda: recording.journal_writer.error, 10, "the trouble")
    assert recording.journal_writer.error == "the disk is in no mood"
    assert recording.journal_writer.end == len(b"before,")
    recording.output(b"more,")
    seen = recording.progress
    await eventually(lambda: recording.progress > seen + 2, 10, "several tries")
    disk.refuses = False
    await recording.caught_up()
    assert recording.journal_writer.error == ""
    recording.output(b"after")
    await recording.caught_up()
    await recording.journal_writer.close()
    assert recorded_bytes(recording.directory) == recording.written
    assert sizes(recorded(recording.directory)) == [(7 + 2 * (each + 1), 90 + each) for each in range(5)]


async def test_output_is_recorded_although_a_snapshot_does_not_fit_on_the_disk(
    recording: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FailingDisk(monkeypatch, "begin_segment")
    disk.refuses = True
    await recording.start()
    recording.output(b"before,")
    recording.journal_writer.add_snapshot(recording.snapshot())
    recording.output(b"after")
    await recording.caught_up()
    assert recording.journal_writer.error == ""
    assert recorded_bytes(recording.directory) == b"before,after"


async def test_a_journal_that_cannot_be_opened_is_opened_later(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("in the way")
    recording = Recorded(tmp_path / "journal")
    recording.output(b"early")
    await recording.start()
    recording.resize(90)
    recording.output(b"later")
    await eventually(lambda: recording.journal_writer.error, 10, "the trouble")
    (tmp_path / "journal").unlink()
    await recording.caught_up()
    assert recording.journal_writer.error == ""
    await recording.close()
    assert recorded_bytes(recording.directory) == b"earlylater"
    assert sizes(recorded(recording.directory)) == [(5, 90)]


async def test_closing_does_not_wait_for_a_failing_disk(recording: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FailingDisk(monkeypatch, "append")
    await recording.start()
    disk.refuses = True
    recording.output(b"lost")
    await asyncio.wait_for(recording.journal_writer.close(), 60)
    assert recorded_bytes(recording.directory) == b""
    recording.open()
