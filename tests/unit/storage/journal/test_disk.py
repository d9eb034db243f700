"""Full and read-only disks: recording stops with an error, and continues when it can."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.errors import StoreError
from session_host.storage.journal import Entry, Journal, Output, load_snapshot, size_bytes, snapshots
from tests.support import disks
from tests.support.disks import fill_disk, make_read_only
from tests.support.journals import names, one_line, output, recorded, recorded_bytes, resize, snapshot, write_journal


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with disks.small_disk(tmp_path / "disk", 1024) as mount_point:
        yield mount_point


class TestAFullDisk:
    @pytest.mark.parametrize("room", [0, 65536])
    def test_a_disk_full_during_a_write_keeps_the_earlier_entries(self, small_disk: Path, room: int) -> None:
        directory = small_disk / "journal"
        with Journal.open(directory) as journal:
            journal.append([resize(0, 0), output(0, b"before")])
            size = journal.size_bytes
            ballast = fill_disk(small_disk, leave_bytes=room)
            for attempt in range(3):
                with pytest.raises(StoreError, match="the disk is full") as caught:
                    journal.append([output(6, os.urandom(100_000)), resize(100_006, 1 + attempt, 99)])
                assert str(directory) in one_line(caught.value)
                assert (journal.end, journal.resizes, journal.size_bytes) == (6, 0, size)
                assert size_bytes(directory) == size
            assert recorded_bytes(directory) == b"before"

            ballast.unlink()
            journal.append([output(200_000, b"after")])
            assert journal.end == 200_005
        assert recorded(directory) == [
            resize(0, 0),
            output(0, b"before"),
            resize(100_006, 3, 99),
            output(200_000, b"after"),
        ]

    def test_a_disk_full_at_the_start_records_later_output(self, small_disk: Path) -> None:
        directory = small_disk / "journal"
        journal = Journal.open(directory)
        with journal:
            ballast = fill_disk(small_disk)
            with pytest.raises(StoreError, match="the disk is full"):
                journal.append([output(0, b"x" * 10_000)])
            assert recorded(directory) == []
            ballast.unlink()
            journal.append([output(10_000, b"after")])
        assert recorded(directory) == [output(10_000, b"after")]

    def test_a_snapshot_that_does_not_fit_is_left_out(self, small_disk: Path) -> None:
        directory = small_disk / "journal"
        with Journal.open(directory) as journal:
            journal.append([output(0, b"before")])
            ballast = fill_disk(small_disk, leave_bytes=40_000)
            with pytest.raises(StoreError, match="the disk is full"):
                journal.begin_segment(snapshot(6, os.urandom(400_000)))
            assert names(directory) == {"00000001.log"}
            journal.append([output(6, b" and on")])
            ballast.unlink()
            journal.begin_segment(snapshot(13, os.urandom(400_000)))
            journal.append([output(13, b" and on")])
        assert recorded_bytes(directory) == b"before and on and on"
        assert snapshots(directory) == [13]
        assert load_snapshot(directory, 13) is not None


def test_a_partial_write_that_cannot_be_truncated_is_overwritten(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(descriptor: int, pieces: list[bytes], place: int) -> int:
        real_write(descriptor, b"".join(pieces)[:50], place)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def no_cut(_descriptor: int, _length: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    real_write = os.pwrite
    with Journal.open(directory) as journal:
        journal.append([output(0, b"before")])
        with monkeypatch.context() as broken:
            broken.setattr(os, "pwritev", torn)
            broken.setattr(os, "ftruncate", no_cut)
            for _ in range(2):
                with pytest.raises(StoreError, match="cannot record") as caught:
                    journal.append([output(6, b"y" * 1000)])
                one_line(caught.value)
            assert recorded_bytes(directory) == b"before"
        journal.append([output(6, b"z")])
        assert recorded_bytes(directory) == b"beforez"
        assert journal.size_bytes == size_bytes(directory)


def test_a_short_write_is_continued(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pwritev
    monkeypatch.setattr(os, "pwritev", lambda fd, pieces, place: real(fd, [b"".join(pieces)[:11]], place))
    entries: list[Entry] = [output(0, b"first"), output(5, b"second" * 100)]
    with Journal.open(directory) as journal:
        journal.append(entries)
    assert recorded(directory) == entries


def test_a_read_only_disk_is_reported_and_readable(small_disk: Path) -> None:
    directory = small_disk / "journal"
    write_journal(directory, [output(0, b"abc")])
    make_read_only(small_disk)
    with pytest.raises(StoreError, match="read-only") as caught:
        Journal.open(directory)
    assert str(directory) in one_line(caught.value)
    with pytest.raises(StoreError) as caught:
        Journal.open(small_disk / "another")
    one_line(caught.value)
    assert [entry for entry in recorded(directory) if isinstance(entry, Output)] == [output(0, b"abc")]
