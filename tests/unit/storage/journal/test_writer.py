"""Recording: entries are read as written, within the limit, from files that only this user can read."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from session_host.errors import StoreError
from session_host.protocol.values import CellSize, GridSize
from session_host.storage.journal import (
    SEGMENT_BYTES,
    Entry,
    Journal,
    Output,
    Resize,
    has_damaged_end,
    load_snapshot,
    pack,
    read,
    size_bytes,
    snapshots,
)
from session_host.storage.journal.segments import VERSION, Head, encode_head
from tests.support.journals import (
    logs,
    names,
    one_line,
    output,
    recorded,
    recorded_bytes,
    resize,
    snapshot,
    write_journal,
)

MIB = 1024 * 1024


class TestAppending:
    def test_no_output_makes_no_file(self, directory: Path) -> None:
        with Journal.open(directory) as journal:
            journal.append([])
            journal.append([output(0, b"")])
        assert names(directory) == set()

    def test_entries_recorded_already_are_left_out(self, directory: Path) -> None:
        with Journal.open(directory) as journal:
            journal.append([resize(0, 0), output(0, b"abc"), resize(3, 1, 90)])
            journal.append([output(0, b"ab"), output(2, b"cde"), resize(3, 1, 90), resize(5, 2, 100)])
            assert journal.end == 5
        assert recorded(directory) == [
            resize(0, 0),
            output(0, b"abc"),
            resize(3, 1, 90),
            output(3, b"de"),
            resize(5, 2, 100),
        ]

    def test_more_pieces_than_one_system_call_takes_are_written(self, directory: Path) -> None:
        entries: list[Entry] = [output(place, b"%d" % (place % 10)) for place in range(5000)]
        with Journal.open(directory) as journal:
            journal.append(entries)
        assert recorded(directory) == entries

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
    @given(st.lists(st.tuples(st.binary(min_size=1, max_size=40), st.integers(0, 3)), max_size=30), st.data())
    def test_any_entries_in_a_journal_reopened_at_any_time_are_kept(
        self, tmp_path_factory: pytest.TempPathFactory, stream: list[tuple[bytes, int]], data: st.DataObject
    ) -> None:
        directory = tmp_path_factory.mktemp("any") / "journal"
        entries: list[Entry] = []
        journal = Journal.open(directory)
        place = 0
        for chunk, what in stream:
            if what == 1:
                entries.append(resize(place, len(entries), columns=20 + len(chunk)))
            place += 7 if what == 2 else 0
            entries.append(output(place, chunk))
            place += len(chunk)
            journal.append(entries[-2:])
            if what == 3 and data.draw(st.booleans()):
                journal.close()
                journal = Journal.open(directory)
            elif what == 3:
                journal.begin_segment(snapshot(place, resizes=journal.resizes))
        assert journal.end == place
        assert journal.size_bytes == size_bytes(directory)
        journal.close()
        assert [entry for entry in recorded(directory) if isinstance(entry, Output)] == [
            entry for entry in entries if isinstance(entry, Output)
        ]

    @pytest.mark.parametrize("is_reopened", [False, True])
    def test_a_journal_on_a_full_disk_says_that_its_end_is_missing_until_it_is_written(
        self, directory: Path, monkeypatch: pytest.MonkeyPatch, is_reopened: bool
    ) -> None:
        def fail(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        journal = Journal.open(directory)
        journal.append([resize(0, 0), output(0, b"abc")])
        with monkeypatch.context() as full:
            full.setattr("session_host.storage.journal.writer.write_whole", fail)
            with pytest.raises(StoreError, match="the disk is full"):
                journal.append([output(3, b"def")])
        assert has_damaged_end(directory, is_written=True)
        assert recorded_bytes(directory) == b"abc"
        if is_reopened:
            journal.close()
            journal = Journal.open(directory)
        journal.append([output(3, b"def")])
        journal.close()
        assert not has_damaged_end(directory, is_written=False)
        assert recorded_bytes(directory) == b"abcdef"


class TestReadingFromAnOffset:
    def test_reading_begins_at_the_first_entry_that_ends_after_the_offset(self, directory: Path) -> None:
        write_journal(directory, [resize(0, 0), output(0, b"abc"), output(3, b"def"), resize(6, 1), output(6, b"g")])
        assert recorded(directory, 4) == [resize(0, 0), output(3, b"def"), resize(6, 1), output(6, b"g")]
        assert recorded(directory, 6) == [resize(6, 1), output(6, b"g")]
        assert recorded(directory, 7) == []

    def test_the_current_size_comes_first_in_every_segment(self, directory: Path) -> None:
        with Journal.open(directory) as journal:
            journal.append([resize(0, 0), output(0, b"abc"), resize(3, 1, 100), output(3, b"def", 9.0)])
            journal.begin_segment(snapshot(6, resizes=1)._replace(size=GridSize(100, 24)))
            journal.append([output(6, b"ghi")])
        logs(directory)[0].unlink()
        assert recorded(directory) == [resize(6, 1, 100, at_s=9.0), output(6, b"ghi")]

    def test_a_missing_journal_is_empty(self, directory: Path) -> None:
        assert recorded(directory) == []
        assert snapshots(directory) == []
        assert load_snapshot(directory, 0) is None
        assert size_bytes(directory) == 0

    def test_an_unfinished_reader_leaves_no_descriptor_open(self, directory: Path) -> None:
        write_journal(directory, [output(0, b"a"), output(1, b"b")])
        entries = read(directory)
        assert next(entries) == output(0, b"a")
        del entries  # The leak check finds descriptors that this test leaves open.


class TestSegments:
    def test_a_segment_begins_with_a_snapshot(self, directory: Path) -> None:
        kept = snapshot(3, b"\x00" * 1000)
        with Journal.open(directory) as journal:
            journal.append([output(0, b"abc")])
            journal.begin_segment(kept)
            assert journal.segment_bytes < 100
            journal.append([output(3, b"def")])
            assert journal.size_bytes == size_bytes(directory)
        assert names(directory) == {"00000001.log", "00000002.log", "00000002.snapshot"}
        assert snapshots(directory) == [3]
        assert load_snapshot(directory, 3) == kept
        assert load_snapshot(directory, 4) is None
        assert recorded_bytes(directory) == b"abcdef"
        with Journal.open(directory) as journal:
            assert journal.end == 6
            assert journal.size_bytes == size_bytes(directory)

    def test_the_first_segment_may_begin_with_a_snapshot(self, directory: Path) -> None:
        with Journal.open(directory) as journal:
            journal.begin_segment(snapshot(0))
            journal.append([output(0, b"abc", 5.0)])
        assert recorded(directory) == [resize(0, 0, at_s=5.0), output(0, b"abc", 5.0)]

    def test_a_snapshot_with_a_later_offset_leaves_a_gap(self, directory: Path) -> None:
        with Journal.open(directory) as journal:
            journal.append([output(0, b"abc")])
            journal.begin_segment(snapshot(50))
            assert journal.end == 50
            journal.append([output(50, b"after")])
        assert [entry for entry in recorded(directory) if isinstance(entry, Output)] == [
            output(0, b"abc"),
            output(50, b"after"),
        ]

    def test_segments_begin_without_snapshots_too(self, directory: Path) -> None:
        chunk = b"x" * MIB
        with Journal.open(directory) as journal:
            journal.append([resize(0, 1, 100)])
            for number in range(70):
                journal.append([output(number * MIB, chunk)])
            assert journal.size_bytes <= 64 * MIB
            assert journal.end == 70 * MIB
        assert all(path.stat().st_size <= SEGMENT_BYTES + MIB + 100 for path in logs(directory))
        entries = recorded(directory)
        assert entries[0] == resize(entries[0].offset, 1, 100), "the size is known when its record is gone"
        assert len(entries) - 1 >= 46

    @pytest.mark.parametrize("with_snapshots", [True, False])
    def test_the_limit_is_never_exceeded(self, directory: Path, with_snapshots: bool) -> None:
        limit = 100_000
        with Journal.open(directory, limit) as journal:
            for number in range(600):
                journal.append([output(journal.end, os.urandom(1000))])
                if with_snapshots and number % 17 == 0:
                    journal.begin_segment(snapshot(journal.end, bytes(3000)))
                assert size_bytes(directory) == journal.size_bytes <= limit
            assert journal.size_bytes > limit // 2, "no more is dropped than necessary"
        entries = recorded(directory)
        last = entries[-1]
        assert isinstance(last, Output)
        assert last.offset + len(last.data) == 600_000

    def test_the_newest_output_is_never_dropped(self, directory: Path) -> None:
        with Journal.open(directory, 1000) as journal:
            journal.append([output(0, bytes(5000))])
            assert recorded_bytes(directory) == bytes(5000)
            journal.append([output(5000, b"x" * 5000)])
        assert recorded(directory) == [output(5000, b"x" * 5000)]

    def test_a_snapshot_that_would_take_most_of_the_limit_is_not_kept(self, directory: Path) -> None:
        with Journal.open(directory, 10_000) as journal:
            journal.append([output(0, bytes(2000))])
            journal.begin_segment(snapshot(2000, bytes(9000)))
            journal.append([output(2000, b"x")])
        assert snapshots(directory) == []
        assert len(recorded_bytes(directory)) == 2001

    def test_a_smaller_limit_counts_from_the_next_write(self, directory: Path) -> None:
        write_journal(
            directory, [output(place, bytes(10_000)) for place in range(0, 400_000, 10_000)], limit_bytes=400_000
        )
        with Journal.open(directory, 200_000) as journal:
            journal.append([output(400_000, b"x")])
            assert journal.size_bytes <= 200_000


class TestPermissions:
    def test_files_and_directory_are_private(self, directory: Path) -> None:
        old_mask = os.umask(0)
        try:
            with Journal.open(directory) as journal:
                journal.append([output(0, b"abc")])
                journal.begin_segment(snapshot(3))
        finally:
            os.umask(old_mask)
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}

    def test_widened_permissions_are_restored(self, directory: Path) -> None:
        write_journal(directory, [output(0, b"abc")])
        directory.chmod(0o755)
        logs(directory)[0].chmod(0o644)
        Journal.open(directory).close()
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert stat.S_IMODE(logs(directory)[0].stat().st_mode) == 0o600

    def test_a_symbolic_link_as_directory_is_refused(self, directory: Path, tmp_path: Path) -> None:
        elsewhere = tmp_path / "elsewhere"
        write_journal(elsewhere, [output(0, b"abc")])
        directory.parent.mkdir()
        directory.symlink_to(elsewhere)
        with pytest.raises(StoreError, match="symbolic link") as caught:
            Journal.open(directory)
        one_line(caught.value)
        with pytest.raises(StoreError):
            recorded(directory)
        with pytest.raises(StoreError):
            snapshots(directory)

    @pytest.mark.parametrize("kind", ["link", "fifo", "directory"])
    def test_a_segment_that_is_no_regular_file_is_refused(self, directory: Path, tmp_path: Path, kind: str) -> None:
        write_journal(directory, [output(0, b"abc")])
        (segment,) = logs(directory)
        other = segment.rename(tmp_path / "other.log")
        if kind == "link":
            segment.symlink_to(other)
        elif kind == "fifo":
            os.mkfifo(segment)
        else:
            segment.mkdir()
        before = other.read_bytes()
        with pytest.raises(StoreError, match=r"00000001\.log") as caught:
            Journal.open(directory)
        one_line(caught.value)
        assert recorded(directory) == []
        assert other.read_bytes() == before

    def test_a_symbolic_link_as_snapshot_is_ignored(self, directory: Path, tmp_path: Path) -> None:
        with Journal.open(directory) as journal:
            journal.append([output(0, b"abc")])
            journal.begin_segment(snapshot(3))
        kept = directory / "00000002.snapshot"
        other = kept.rename(tmp_path / "other")
        kept.symlink_to(other)
        assert snapshots(directory) == []
        assert load_snapshot(directory, 3) is None

    def test_other_files_are_left_alone(self, directory: Path) -> None:
        write_journal(directory, [output(0, b"abc")])
        for name in ("notes.txt", "1.log", "00000009.log.bak", "x.new"):
            (directory / name).write_text("mine")
        with Journal.open(directory, 100) as journal:
            for place in range(3, 1000):
                journal.append([output(place, b"x")])
        assert {"notes.txt", "1.log", "00000009.log.bak", "x.new"} <= names(directory)

    def test_a_journal_of_a_newer_version_is_refused(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True)
        newer = encode_head(Head(VERSION + 1, 0, 0, 0, GridSize(80, 24), CellSize())) + b"who knows"
        (directory / "00000001.log").write_bytes(newer)
        with pytest.raises(StoreError, match="newer Outlive") as caught:
            Journal.open(directory)
        one_line(caught.value)
        assert recorded(directory) == []
        assert (directory / "00000001.log").read_bytes() == newer


class TestPacking:
    def test_what_is_no_longer_written_to_is_compressed_before_anything_is_dropped(self, directory: Path) -> None:
        line = b"\x1b[12A\x1b[2K\x1b[31mworking\x1b[0m for some time\r\n" * 20
        count = 600
        with Journal.open(directory, 200_000) as journal:
            journal.append([resize(0, 1, 100)])
            for number in range(count):
                journal.append([output(journal.end, line)])
                if number % 30 == 0:
                    journal.begin_segment(snapshot(journal.end, bytes(5000)))
                assert size_bytes(directory) == journal.size_bytes <= 200_000
        assert recorded_bytes(directory) == line * count, "three times the limit"
        assert len(snapshots(directory)) == 20
        for offset in snapshots(directory):
            assert load_snapshot(directory, offset) == snapshot(offset, bytes(5000))

    def test_an_ended_journal_is_compressed_and_another_writer_continues_it(self, directory: Path) -> None:
        entries: list[Output | Resize] = [
            resize(0, 1, 100),
            *(output(at, bytes(1000), at / 1000) for at in range(0, 50_000, 1000)),
        ]
        write_journal(directory, entries)
        pack(directory)
        pack(directory)
        assert size_bytes(directory) < 10_000
        assert recorded(directory) == entries
        assert not has_damaged_end(directory, is_written=False)
        with Journal.open(directory) as journal:
            assert (journal.end, journal.resizes) == (50_000, 1)
            journal.append([output(50_000, b"more", 60.0)])
        assert recorded_bytes(directory) == bytes(50_000) + b"more"
        assert len(logs(directory)) == 2

    @pytest.mark.parametrize("cut", [-1, 200, 60])
    def test_damage_in_a_compressed_segment_leaves_what_is_before_it(self, directory: Path, cut: int) -> None:
        pieces = [os.urandom(500) for _ in range(100)]
        write_journal(directory, [output(500 * number, piece) for number, piece in enumerate(pieces)])
        pack(directory)
        [segment] = logs(directory)
        segment.write_bytes(segment.read_bytes()[:cut])
        found = recorded_bytes(directory)
        assert b"".join(pieces).startswith(found)
        assert len(found) >= 49_000 if cut == -1 else len(found) < 500
        assert has_damaged_end(directory, is_written=False)

    def test_a_torn_record_is_not_compressed_with_the_others(self, directory: Path) -> None:
        write_journal(directory, [output(0, bytes(9000))])
        [segment] = logs(directory)
        segment.write_bytes(segment.read_bytes() + b"torn")
        pack(directory)
        assert recorded_bytes(directory) == bytes(9000)

    def test_a_segment_stays_as_it_is_while_the_disk_is_full(
        self, directory: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_journal(directory, [output(0, bytes(9000))])
        before = names(directory)

        def fail(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("session_host.storage.journal.folder.write_whole", fail)
        pack(directory)
        assert names(directory) == before
        assert recorded_bytes(directory) == bytes(9000)
