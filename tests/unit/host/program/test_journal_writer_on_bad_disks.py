"""The journal on a failing disk: recording pauses, the session continues, and kept output is recorded later."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from session_host.errors import StoreError
from session_host.storage.journal import Journal
from tests.support.disks import fill_disk, small_disk
from tests.support.journals import recorded, recorded_bytes
from tests.support.recording import Recorded, sizes
from tests.support.waiting import eventually


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


async def test_a_full_disk_is_reported_and_kept_output_is_recorded_once_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1024) as disk:
        recording = Recorded(disk / "journal")
        await recording.start()
        recording.output(b"before")
        await recording.caught_up()
        ballast = fill_disk(disk)
        recording.output(os.urandom(50_000))
        await eventually(lambda: recording.journal_writer.error, 10, "the trouble")
        assert "the disk is full" in recording.journal_writer.error
        ballast.unlink()
        await recording.caught_up()
        assert recording.journal_writer.error == ""
        await recording.close()
        assert recorded_bytes(recording.directory) == recording.written


async def test_closing_waits_for_unwritten_output(recording: Recorded) -> None:
    await recording.start()
    recording.output(b"last words")
    await recording.journal_writer.close()
    assert recorded_bytes(recording.directory) == b"last words"
    recording.open()


async def test_closing_does_not_wait_for_a_failing_disk(recording: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FailingDisk(monkeypatch, "append")
    await recording.start()
    disk.refuses = True
    recording.output(b"lost")
    await asyncio.wait_for(recording.journal_writer.close(), 60)
    assert recorded_bytes(recording.directory) == b""
    recording.open()
