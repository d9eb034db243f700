"""Truncated and damaged journals: the reader never fails, and the writer continues."""

from __future__ import annotations

import itertools
import random
import select
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from session_host.storage.journal import Entry, Journal, Output, has_damaged_end, load_snapshot, snapshots
from tests.support.commands import environment
from tests.support.journals import logs, names, output, recorded, recorded_bytes, resize, snapshot, write_journal


@pytest.fixture
def three_segments(directory: Path) -> list[Entry]:
    """Write a journal of three segments, two of them with snapshots; returns its entries."""
    entries: list[Entry] = [resize(0, 0)]
    with Journal.open(directory) as journal:
        journal.append(entries)
        for segment in range(3):
            if segment:
                journal.begin_segment(snapshot(journal.end, b"state" * 20))
            for number in range(10):
                entries.append(output(journal.end, b"%d.%d " % (segment, number)))
                journal.append(entries[-1:])
    return entries


class TestTruncatedEnd:
    def test_the_last_segment_is_cut_at_every_length(self, directory: Path, three_segments: list[Entry]) -> None:
        last = logs(directory)[-1]
        whole = last.read_bytes()
        for length in range(len(whole)):
            last.write_bytes(whole[:length])
            with Journal.open(directory) as journal:
                end = journal.end
                assert recorded_bytes(directory) == everything(three_segments)[:end]
                journal.append([output(end, b"on")])
            assert recorded_bytes(directory) == everything(three_segments)[:end] + b"on"

    def test_a_snapshot_without_its_segment_gets_a_new_segment(
        self, directory: Path, three_segments: list[Entry]
    ) -> None:
        end = len(everything(three_segments[:21]))
        logs(directory)[-1].unlink()
        with Journal.open(directory) as journal:
            assert journal.end == end
            journal.append([output(end, b"on")])
        assert names(directory) >= {"00000003.log", "00000003.snapshot"}
        assert recorded_bytes(directory) == everything(three_segments[:21]) + b"on"

    def test_a_last_segment_without_a_head_is_begun_again(self, directory: Path, three_segments: list[Entry]) -> None:
        last = logs(directory)[-1]
        last.write_bytes(bytes(last.stat().st_size))
        with Journal.open(directory) as journal:
            assert journal.end == len(everything(three_segments[:21]))
            journal.append([output(journal.end, b"on")])
            assert journal.size_bytes == sum(path.stat().st_size for path in directory.iterdir())

    def test_a_last_segment_without_a_head_and_a_snapshot_is_removed(
        self, directory: Path, three_segments: list[Entry]
    ) -> None:
        for path in (logs(directory)[-1], directory / "00000003.snapshot"):
            path.write_bytes(bytes(path.stat().st_size))
        with Journal.open(directory) as journal:
            assert journal.end == len(everything(three_segments[:21]))
        assert names(directory) == {"00000001.log", "00000002.log", "00000002.snapshot"}

    def test_a_half_written_snapshot_is_removed(self, directory: Path, three_segments: list[Entry]) -> None:
        (directory / "00000004.snapshot.new").write_bytes(b"half")
        Journal.open(directory).close()
        assert "00000004.snapshot.new" not in names(directory)
        assert recorded(directory) == three_segments

    def test_a_completely_damaged_journal_is_begun_again(self, directory: Path, three_segments: list[Entry]) -> None:
        for path in directory.iterdir():
            path.write_bytes(b"\x00" * 100)
        assert recorded(directory) == []
        with Journal.open(directory) as journal:
            assert (journal.end, journal.size_bytes) == (0, 0)
            journal.append([output(0, b"begun anew")])
        assert recorded_bytes(directory) == b"begun anew"


class TestDamage:
    def test_a_damaged_end_is_known_also_while_a_record_is_being_written(self, directory: Path) -> None:
        write_journal(directory, [resize(0, 0), output(0, b"sound"), output(5, b"the last record")])
        (segment,) = logs(directory)
        whole = segment.read_bytes()
        for content, is_damaged, is_damaged_while_written in (
            (whole, False, False),
            (whole[:-1], True, False),
            (whole[:-40], True, False),
            (whole[:-1] + b"!", True, True),
            (b"!" + whole[1:], True, True),
        ):
            segment.write_bytes(content)
            assert has_damaged_end(directory, is_written=False) is is_damaged
            assert has_damaged_end(directory, is_written=True) is is_damaged_while_written

    def test_reading_continues_with_the_next_segment(self, directory: Path, three_segments: list[Entry]) -> None:
        second = logs(directory)[1]
        damaged = bytearray(second.read_bytes())
        damaged[200] ^= 1
        second.write_bytes(damaged)
        entries = recorded(directory)
        lost = len(three_segments) - len(entries)
        assert 0 < lost < 10
        assert entries == three_segments[: 21 - lost] + three_segments[21:]
        assert any(
            after.offset > before.offset + len(before.data)
            for before, after in itertools.pairwise(entries)
            if isinstance(before, Output)
        ), "the gap is seen"

    def test_a_segment_without_its_head_is_skipped(self, directory: Path, three_segments: list[Entry]) -> None:
        logs(directory)[0].write_bytes(b"")
        entries = recorded(directory)
        assert [entry for entry in entries if isinstance(entry, Output)] == three_segments[11:]
        assert entries[0].offset == three_segments[11].offset
        assert isinstance(entries[0], type(three_segments[0])), "the size is known nevertheless"

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.data())
    def test_random_damage_anywhere_loses_only_damaged_entries(
        self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
    ) -> None:
        directory = tmp_path_factory.mktemp("any") / "journal"
        with Journal.open(directory) as journal:
            journal.append([resize(0, 0)])
            for number in range(12):
                if number % 4 == 3:
                    journal.begin_segment(snapshot(journal.end))
                journal.append([output(journal.end, b"line %d\n" % number)])
        paths = sorted(directory.iterdir())
        whole = recorded_bytes(directory)
        for _ in range(data.draw(st.integers(1, 3))):
            path = data.draw(st.sampled_from(paths))
            content = bytearray(path.read_bytes())
            place = data.draw(st.integers(0, max(0, len(content) - 1)))
            how = data.draw(st.sampled_from(["flip", "cut", "insert", "zeros", "noise"]))
            if how == "flip" and content:
                content[place] ^= data.draw(st.integers(1, 255))
            elif how == "cut":
                del content[place:]
            elif how == "insert":
                content[place:place] = data.draw(st.binary(min_size=1, max_size=40))
            elif how == "zeros":
                content[place : place + 64] = bytes(64)
            elif how == "noise":
                content[place:] = data.draw(st.binary(max_size=200))
            path.write_bytes(content)
        for entry in recorded(directory):
            if isinstance(entry, Output):
                assert whole[entry.offset :].startswith(entry.data)
        for offset in snapshots(directory):
            load_snapshot(directory, offset)
        with Journal.open(directory) as journal:
            assert journal.end <= len(whole)
            journal.append([output(journal.end, whole[journal.end :] + b"on")])
        assert recorded_bytes(directory).endswith(b"on")


WRITER = """
import itertools
import sys
from pathlib import Path
from session_host.storage.journal import Journal, Output

journal = Journal.open(Path(sys.argv[1]))
print(journal.end, flush=True)
line = b"".join(b"%07d " % number for number in range(8192))
place = journal.end
for turns in itertools.count():
    start = place % len(line)
    data = (line + line)[start : start + 50_000]
    journal.append([Output(1, place, data[:20_000]), Output(1, place + 20_000, data[20_000:])])
    place += len(data)
    if turns % 20 == 19:
        print(place, flush=True)
"""
"""A program that appends to the journal without end, and prints its position from time to time."""


def test_a_writer_killed_during_an_append_leaves_no_gap(directory: Path) -> None:
    when = random.Random(3)
    line = b"".join(b"%07d " % number for number in range(8192))
    end = 0
    for _ in range(6):
        command = [sys.executable, "-c", WRITER, str(directory)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as writer:
            try:
                assert writer.stdout is not None
                assert int(writer.stdout.readline()) == end
                reported = int(writer.stdout.readline())
                # Wait for a moment within the next one or two appends, which take less than a millisecond.
                select.select([], [], [], when.random() / 1000)
            finally:
                writer.kill()
        with Journal.open(directory) as journal:
            assert journal.end >= reported
            end = journal.end
        entries = [entry for entry in recorded(directory) if isinstance(entry, Output)]
        place = entries[0].offset
        for entry in entries:
            assert entry.offset == place, "no gap"
            start = place % len(line)
            assert entry.data == (line + line)[start : start + len(entry.data)]
            place += len(entry.data)
        assert place == end


def everything(entries: list[Entry]) -> bytes:
    return b"".join(entry.data for entry in entries if isinstance(entry, Output))
