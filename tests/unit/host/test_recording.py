"""The recording: all output is in the journal, in order, with its resizes and snapshots, however the disk behaves."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from session_host.errors import StoreError
from session_host.estate.descriptors import Estate
from session_host.estate.moving import Mover
from session_host.estate.stream_file import PAGE_BYTES, StreamFile
from session_host.host import recording as recording_module
from session_host.host.recording import Recording
from session_host.journal import Entry, Journal, Output, Resize, Snapshot, snapshots
from session_host.protocol.messages import Resized
from session_host.protocol.values import CellSize, GridSize
from tests.support.disks import fill_disk, small_disk
from tests.support.journals import logs, recorded, recorded_bytes
from tests.support.waiting import eventually

LIMIT_BYTES = 64 * 1024 * 1024


SIZE = GridSize(80, 24)


class Recorded:
    """A stream that a test writes, and the recordings of it, one after the other."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.file = os.memfd_create("stream")
        estate = Estate(-1, -1, -1, self.file, -1, -1, -1)
        self.stream = StreamFile(estate, Mover(in_kernel=False))
        self.written = b""
        self.resizes: list[Resized] = []
        self.progress = 0
        self.recording = self.open()

    def open(self) -> Recording:
        self.recording = Recording(self.directory, LIMIT_BYTES, self.stream, self._progressed)
        return self.recording

    def _progressed(self) -> None:
        self.progress += 1

    def output(self, data: bytes) -> None:
        """The program wrote, and the emulator had it."""
        os.pwrite(self.file, data, self.stream.end)
        self.stream.end += len(data)
        self.written += data
        self.recording.output(self.stream.end)

    def resize(self, columns: int) -> None:
        self.resizes.append(Resized(self.stream.end, GridSize(columns, 24), CellSize(), len(self.resizes) + 1))
        self.recording.resized(self.resizes[-1])

    def snapshot(self, data: bytes = b"s") -> Snapshot:
        """The emulator's state as of now."""
        return Snapshot(self.stream.end, len(self.resizes), "pyte-1", GridSize(80, 24), 100, "", data)

    async def start(self) -> None:
        await self.recording.start(SIZE, list(self.resizes))

    async def caught_up(self) -> None:
        await eventually(lambda: self.recording.end == self.stream.end, 10, "all to be recorded")

    async def restart(self) -> None:
        """As after a kill: another recording of the same stream, which knows nothing."""
        await self.recording.close()
        self.open()
        await self.start()

    async def close(self) -> None:
        await self.recording.close()
        os.close(self.file)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches are written and refusals tried again without long waits."""
    monkeypatch.setattr(recording_module, "FLUSH_S", 0.005)
    monkeypatch.setattr(recording_module, "RETRY_S", 0.01)


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Recorded]:
    made = Recorded(tmp_path / "journal")
    yield made
    await made.close()


def sizes(entries: Sequence[Entry]) -> list[tuple[int, int]]:
    """Each resize by the output before it and its columns, checked to stand in its place."""
    found, at = [], 0
    for entry in entries:
        if isinstance(entry, Resize):
            assert entry.offset == at, "a resize stands where the output was when it happened"
            if entry.number:  # 0 is the size at the beginning
                found.append((entry.offset, entry.size.columns))
        else:
            at = entry.offset + len(entry.data)
    return found


async def test_the_size_at_the_beginning_is_recorded_once(own: Recorded) -> None:
    await own.start()
    own.output(b"one")
    await own.caught_up()
    await own.restart()
    own.output(b"two")
    await own.caught_up()
    await own.recording.close()
    first = [entry for entry in recorded(own.directory) if isinstance(entry, Resize)]
    assert [(entry.number, entry.size) for entry in first] == [(0, SIZE)]


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
    await own.recording.close()
    assert sizes(recorded(own.directory)) == [(3, 90), (6, 100)]
    assert own.recording.size_bytes == sum(path.stat().st_size for path in own.directory.iterdir())


async def test_what_came_before_the_start_is_recorded_in_its_order(own: Recorded) -> None:
    """A program runs before its journal is open."""
    own.resize(90)
    own.output(b"early")
    own.resize(100)
    own.output(b"later")
    told = list(own.resizes[:1])
    own.resize(110)  # this one came while the journal was being opened, and is in no list
    await own.recording.start(SIZE, told)
    own.output(b"then")
    await own.caught_up()
    await own.recording.close()
    assert recorded_bytes(own.directory) == b"earlylaterthen"
    assert sizes(recorded(own.directory)) == [(0, 90), (5, 100), (10, 110)]


async def test_before_the_start_nothing_touches_the_disk(own: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that open one journal would be in each other's way."""
    opened = 0
    open_journal = Journal.open

    def count(directory: Path, limit_bytes: int) -> Journal:
        nonlocal opened
        opened += 1
        return open_journal(directory, limit_bytes)

    monkeypatch.setattr(Journal, "open", count)
    own.output(b"early")
    own.recording.checkpoint(own.snapshot())
    assert own.recording._timer is None, "nothing is to be written yet"
    assert not own.directory.exists()
    await own.start()
    await own.caught_up()
    assert opened == 1


async def test_without_a_directory_there_is_no_journal() -> None:
    own = Recorded(Path("/nonexistent"))
    own.recording = Recording(None, LIMIT_BYTES, own.stream, lambda: None)
    await own.start()
    own.output(b"x")
    own.resize(90)
    own.recording.checkpoint(own.snapshot())
    assert (own.recording.on, own.recording.end, own.recording.trouble) == (False, 0, "")
    await own.close()


async def test_a_successor_records_what_its_predecessor_did_not_any_more(own: Recorded) -> None:
    await own.start()
    own.output(b"recorded")
    own.resize(90)
    await own.caught_up()
    await own.recording.close()
    own.output(b" and not")
    own.resize(100)
    own.output(b" recorded")
    own.open()
    await own.start()
    await own.caught_up()
    await own.recording.close()
    assert recorded_bytes(own.directory) == own.written
    assert sizes(recorded(own.directory)) == [(8, 90), (16, 100)]


async def test_what_the_stream_has_no_more_is_a_gap(own: Recorded) -> None:
    await own.start()
    own.output(b"a" * 100)
    await own.caught_up()
    await own.recording.close()
    own.output(b"b" * 3 * PAGE_BYTES)
    own.stream.forget_before(PAGE_BYTES + 50)
    own.open()
    await own.start()
    await own.caught_up()
    assert b"\0" not in recorded_bytes(own.directory)
    offsets = [entry.offset for entry in recorded(own.directory) if isinstance(entry, Output)]
    assert offsets == [0, PAGE_BYTES + 50]


async def test_what_is_given_back_while_it_is_read_is_not_recorded_as_zeros(
    own: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    await own.start()
    read = own.stream.read

    def late(start: int, end: int) -> bytes:
        own.stream.forget_before(2 * PAGE_BYTES)
        return read(start, end)

    monkeypatch.setattr(own.stream, "read", late)
    own.output(b"x" * (3 * PAGE_BYTES))
    await own.caught_up()
    assert recorded_bytes(own.directory) == b"x" * PAGE_BYTES


# --------------------------------------------------------------------------------------- segments


async def test_a_segment_begins_with_the_snapshot_of_its_first_offset(own: Recorded) -> None:
    await own.start()
    own.output(b"a" * 1000)
    own.resize(90)
    own.recording.checkpoint(own.snapshot(b"first"))
    own.output(b"b" * 1000)
    own.resize(100)
    own.recording.checkpoint(own.snapshot(b"second"))
    own.output(b"c")
    await own.caught_up()
    await own.recording.close()
    assert recorded_bytes(own.directory) == own.written
    assert sizes(recorded(own.directory)) == [(1000, 90), (2000, 100)]
    assert snapshots(own.directory) == [1000, 2000]


async def test_a_snapshot_of_a_moment_that_is_past_goes_before_what_came_since(own: Recorded) -> None:
    """It takes a while to be made; output and resizes go on."""
    await own.start()
    own.output(b"a" * 1000)
    await own.caught_up()
    own.output(b"b" * 10)
    own.resize(90)
    taken = own.snapshot(b"taken")
    own.resize(100)
    own.output(b"c" * 10)
    own.recording.checkpoint(taken)
    await own.caught_up()
    await own.recording.close()
    assert recorded_bytes(own.directory) == own.written
    assert sizes(recorded(own.directory)) == [(1010, 90), (1010, 100)]
    assert snapshots(own.directory) == [1010]
    assert (own.directory / "00000002.log").exists()
    second = Journal.open(own.directory)
    second.close()


async def test_a_snapshot_that_comes_too_late_is_let_go(own: Recorded) -> None:
    await own.start()
    own.output(b"a" * 1000)
    late = own.snapshot()
    own.output(b"b")
    await own.caught_up()
    own.recording.checkpoint(late)
    own.output(b"c")
    await own.caught_up()
    assert len(logs(own.directory)) == 1


async def test_snapshots_take_no_more_room_than_what_they_are_of(own: Recorded) -> None:
    """A slow engine with a large screen makes many; a journal is for the output."""
    await own.start()
    for _ in range(50):
        own.output(b"x" * 100)
        own.recording.checkpoint(own.snapshot(b"s" * 2000))
        await own.caught_up()
    await own.recording.close()
    assert recorded_bytes(own.directory) == own.written
    taken = sum(path.stat().st_size for path in own.directory.glob("*.snapshot"))
    assert 2000 <= taken <= sum(path.stat().st_size for path in logs(own.directory))


# ---------------------------------------------------------------------------- a disk that refuses


class Moody:
    """A disk that refuses when it is told to."""

    def __init__(self, patch: pytest.MonkeyPatch, method: str) -> None:
        self.refuses = False
        original: Callable[..., None] = getattr(Journal, method)

        def moody(journal: Journal, what: object) -> None:
            if self.refuses:
                raise StoreError("the disk is in no mood")
            original(journal, what)

        patch.setattr(Journal, method, moody)


async def test_a_disk_that_refuses_and_then_takes_again_misses_nothing(
    own: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Moody(monkeypatch, "append")
    await own.start()
    own.output(b"before,")
    await own.caught_up()
    disk.refuses = True
    for number in range(5):
        own.output(b"%d," % number)
        own.resize(90 + number)
        own.recording.checkpoint(own.snapshot(b""))
    await eventually(lambda: own.recording.trouble, 10, "the trouble")
    assert own.recording.trouble == "the disk is in no mood"
    assert own.recording.end == len(b"before,")
    own.output(b"more,")
    seen = own.progress
    await eventually(lambda: own.progress > seen + 2, 10, "several tries")
    disk.refuses = False
    await own.caught_up()
    assert own.recording.trouble == ""
    own.output(b"after")
    await own.caught_up()
    await own.recording.close()
    assert recorded_bytes(own.directory) == own.written
    assert sizes(recorded(own.directory)) == [(7 + 2 * (each + 1), 90 + each) for each in range(5)]


async def test_a_disk_without_room_for_a_snapshot_still_gets_the_output(
    own: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Moody(monkeypatch, "begin_segment")
    disk.refuses = True
    await own.start()
    own.output(b"before,")
    own.recording.checkpoint(own.snapshot())
    own.output(b"after")
    await own.caught_up()
    assert own.recording.trouble == ""
    assert recorded_bytes(own.directory) == b"before,after"


async def test_a_journal_that_cannot_be_opened_is_opened_when_it_can(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("in the way")
    own = Recorded(tmp_path / "journal")
    own.output(b"early")
    await own.start()
    own.resize(90)
    own.output(b"later")
    await eventually(lambda: own.recording.trouble, 10, "the trouble")
    (tmp_path / "journal").unlink()
    await own.caught_up()
    assert own.recording.trouble == ""
    await own.close()
    assert recorded_bytes(own.directory) == b"earlylater"
    assert sizes(recorded(own.directory)) == [(5, 90)]


async def test_a_full_disk_is_said_and_what_the_stream_has_comes_once_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1024) as disk:
        own = Recorded(disk / "journal")
        await own.start()
        own.output(b"before")
        await own.caught_up()
        ballast = fill_disk(disk)
        own.output(os.urandom(50_000))
        await eventually(lambda: own.recording.trouble, 10, "the trouble")
        assert "the disk is full" in own.recording.trouble
        ballast.unlink()
        await own.caught_up()
        assert own.recording.trouble == ""
        await own.close()
        assert recorded_bytes(own.directory) == own.written


async def test_the_end_waits_for_what_is_not_written_yet(own: Recorded) -> None:
    await own.start()
    own.output(b"last words")
    await own.recording.close()
    assert recorded_bytes(own.directory) == b"last words"
    own.open()


async def test_the_end_does_not_wait_for_a_disk_that_refuses(own: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Moody(monkeypatch, "append")
    await own.start()
    disk.refuses = True
    own.output(b"lost")
    await asyncio.wait_for(own.recording.close(), 10)
    assert recorded_bytes(own.directory) == b""
    own.open()
