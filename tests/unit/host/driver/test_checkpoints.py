"""When checkpoints are due, how failures are handled, and what output is freed afterwards."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from session_host.errors import OutliveError
from session_host.host.driver import checkpoints
from session_host.host.driver.checkpoints import WORK_OF_COST, WORK_S
from session_host.host.driver.driver import Driver
from session_host.protocol.values import CellSize, GridSize
from session_host.storage.descriptors import checkpoint as files
from session_host.storage.descriptors.checkpoint import Checkpoint
from session_host.storage.descriptors.output_file import PAGE_BYTES
from session_host.storage.journal import Snapshot
from session_host.terminal.base import Emulator
from tests.support.emulators import Seen, seen
from tests.support.kept_sessions import KeptSession, kept_session

TEXT = b"\x1b]2;a title\x07" + b"a line of text\r\n" * 40 + b"\x1b[31mred"
T = TypeVar("T")
PAGES = b"\x1b[1mfour pages of output\r\n" * (4 * PAGE_BYTES // 22)


@pytest.fixture
def kept() -> Iterator[KeptSession]:
    with kept_session() as session:
        yield session


async def is_due(kept: KeptSession) -> bool:
    """Check whether a checkpoint is due; a due one is made."""
    kept.checkpointer.maybe_checkpoint()
    due = kept.checkpointer._task is not None
    await kept.checkpointer.close()
    return due


async def shown(driver: Driver) -> Seen:
    """Return the screen once all output so far is interpreted."""
    future: asyncio.Future[Seen] = asyncio.get_running_loop().create_future()
    driver.worker.run_after_output(lambda emulator: future.set_result(seen(emulator)))
    return await future


def newest(kept: KeptSession) -> Checkpoint:
    checkpoint = files.read(kept.descriptors.checkpoint, kept.input_log.header)
    assert checkpoint is not None
    return checkpoint


# ---------------------------------------------------------------------------------- when a checkpoint is due


async def test_a_checkpoint_is_due_after_enough_engine_work(kept: KeptSession) -> None:
    driver = kept.host()
    kept.checkpointer._cost_s = 0.0
    driver.worker.cpu_s = WORK_S
    assert not await is_due(kept)
    driver.worker.cpu_s = WORK_S * 1.01
    assert await is_due(kept)
    assert not await is_due(kept), "the count begins again there"


async def test_expensive_checkpoints_are_made_less_often(kept: KeptSession) -> None:
    driver = kept.host()
    kept.checkpointer._cost_s = 1.0
    driver.worker.cpu_s = WORK_OF_COST
    assert not await is_due(kept)
    driver.worker.cpu_s = WORK_OF_COST * 1.01
    assert await is_due(kept)
    assert kept.checkpointer._cost_s < 1.0, "the cost of the last checkpoint counts"


async def test_a_checkpoint_is_due_after_enough_output(kept: KeptSession, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = kept.host()
    driver.worker.cpu_s = float("-inf")
    monkeypatch.setattr(checkpoints, "OUTPUT_BYTES", len(TEXT))
    kept.write_output(TEXT)
    await shown(driver)
    assert not await is_due(kept)
    kept.write_output(b"x")
    await shown(driver)
    assert await is_due(kept)
    assert newest(kept).offset == len(TEXT) + 1
    assert not await is_due(kept)


async def test_a_checkpoint_is_due_after_enough_input_log_entries(
    kept: KeptSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = kept.host()
    driver.session.rename("one")
    driver.performer.perform()
    monkeypatch.setattr(checkpoints, "INPUT_LOG_BYTES", kept.input_log.end - kept.checkpointer._input_log_end)
    assert not await is_due(kept)
    driver.session.rename("another")
    driver.performer.perform()
    assert await is_due(kept)
    assert newest(kept).log_state.name == "another"
    assert not await is_due(kept)


async def test_a_checkpoint_is_due_after_enough_resizes(kept: KeptSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "RESIZES", 2)
    kept.host()
    kept.attach_pty()
    for columns in (41, 42):
        kept.resize(GridSize(columns, 7), CellSize(8, 16))
    assert not await is_due(kept)
    kept.resize(GridSize(43, 7), CellSize(8, 16))
    assert await is_due(kept)
    assert (newest(kept).resizes, newest(kept).size) == (3, GridSize(43, 7))
    assert not await is_due(kept)


async def test_a_later_host_counts_from_the_last_checkpoint(kept: KeptSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "OUTPUT_BYTES", len(TEXT))
    driver = kept.host()
    kept.write_output(TEXT + b"x")
    await shown(driver)
    assert await is_due(kept)
    kept.kill()
    driver = kept.host()
    kept.write_output(TEXT)
    await shown(driver)
    assert not await is_due(kept)


async def test_only_one_checkpoint_is_made_at_a_time(kept: KeptSession) -> None:
    driver = kept.host()
    driver.worker.cpu_s = WORK_S * 2
    kept.checkpointer.maybe_checkpoint()
    first = kept.checkpointer._task
    assert first is not None
    driver.worker.cpu_s = WORK_S * 100
    kept.checkpointer.maybe_checkpoint()
    assert kept.checkpointer._task is first
    await kept.checkpointer.close()


async def test_a_requested_checkpoint_starts_at_once(kept: KeptSession) -> None:
    kept.host()
    assert not await is_due(kept)
    kept.checkpointer.request_checkpoint()
    assert kept.checkpointer._task is not None
    await kept.checkpointer.close()
    assert not await is_due(kept)


# ---------------------------------------------------------------------------------- failures


async def test_a_failing_engine_is_asked_for_checkpoints_less_and_less_often(
    kept: KeptSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = kept.host()
    kept.write_output(TEXT)
    was = await shown(driver)
    with monkeypatch.context() as patches:

        def fail(_: Emulator) -> bytes:
            raise OutliveError("this engine cannot")

        patches.setattr(type(kept.recovered.emulator), "snapshot", fail)
        costs = []
        for _ in range(3):
            driver.worker.cpu_s = kept.checkpointer._work_s + 1000
            assert await is_due(kept)
            assert kept.input_log.header.checkpoint is None
            costs.append(kept.checkpointer._cost_s)
        assert costs == [WORK_S, WORK_S * 2, WORK_S * 4]
    driver.worker.cpu_s = kept.checkpointer._work_s + costs[-1] * WORK_OF_COST
    assert not await is_due(kept)
    driver.worker.cpu_s += 0.01
    assert await is_due(kept)
    assert newest(kept).offset == len(TEXT)
    assert await shown(driver) == was


async def test_a_checkpoint_that_cannot_be_written_leaves_the_previous_one(
    kept: KeptSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = kept.host()
    kept.write_output(TEXT)
    assert await kept.checkpointer._make(portable=False)
    kept.write_output(b"more")
    was = await shown(driver)
    with monkeypatch.context() as patches:

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        patches.setattr(files, "write", full)
        assert not await kept.checkpointer._make(portable=False)
    assert newest(kept).offset == len(TEXT)
    assert kept.checkpointer._offset == len(TEXT)
    kept.kill()
    assert await shown(kept.host()) == was
    assert await kept.checkpointer._make(portable=False)
    assert newest(kept).offset == len(TEXT) + 4


# ---------------------------------------------------------------------------------- portable


async def test_a_portable_checkpoint_waits_for_a_running_one_and_is_the_last(
    kept: KeptSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = kept.host()
    kept.write_output(TEXT)
    make, happened = kept.checkpointer._make, []

    async def watched(*, portable: bool) -> bool:
        happened.append("begins")
        checkpoint = await make(portable=portable)
        happened.append("is made" if checkpoint else "fails")
        return checkpoint

    monkeypatch.setattr(kept.checkpointer, "_make", watched)
    driver.worker.cpu_s = WORK_S * 2
    kept.checkpointer.maybe_checkpoint()
    assert await kept.checkpointer.make_portable()
    assert happened == ["begins", "is made"] * 2
    assert (newest(kept).form, newest(kept).offset, newest(kept).title) == ("vt", len(TEXT), "a title")
    assert kept.checkpointer._task is None


async def test_the_journal_gets_native_checkpoints_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A portable one is not needed there: any version can interpret the journal's output itself."""
    with kept_session(journal=str(tmp_path / "journal")) as kept:
        driver = kept.host()
        await kept.journal_writer.start(kept.spec.size, [])
        kept.write_output(TEXT)
        snapshots: list[Snapshot] = []
        monkeypatch.setattr(kept.journal_writer, "add_snapshot", snapshots.append)
        assert await kept.checkpointer.make_portable()
        assert snapshots == []
        assert await kept.checkpointer._make(portable=False)
        assert [(each.offset, each.build) for each in snapshots] == [(len(TEXT), kept.recovered.emulator.build)]
        assert driver.worker.interpreted_to == len(TEXT)
        await kept.journal_writer.close()


# ---------------------------------------------------------------------------------- freed output


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> int:
    """Limit the output that returning viewers may ask for to this many bytes."""
    monkeypatch.setattr(checkpoints, "RING_BYTES", PAGE_BYTES)
    return PAGE_BYTES


async def test_output_that_no_recovery_and_no_viewer_needs_is_freed(kept: KeptSession, ring: int) -> None:
    driver = kept.host()
    kept.write_output(PAGES)
    await shown(driver)
    kept.checkpointer.free_superseded()
    assert kept.output_file.start == 0, "without a checkpoint a recovery needs all of it"
    assert await kept.checkpointer._make(portable=False)
    assert kept.output_file.start == len(PAGES) - ring
    assert os.lseek(kept.descriptors.output_file, 0, os.SEEK_DATA) == kept.output_file.start // PAGE_BYTES * PAGE_BYTES
    kept.write_output(PAGES)
    kept.checkpointer.free_superseded()
    assert kept.output_file.start == len(PAGES), "a recovery begins there"
    was = await shown(driver)
    kept.kill()
    assert await shown(kept.host()) == was


async def test_output_that_the_journal_lacks_is_kept(tmp_path: Path, ring: int) -> None:
    with kept_session(journal=str(tmp_path / "journal")) as kept:
        driver = kept.host()
        kept.write_output(PAGES)
        await shown(driver)
        kept.journal_writer.end = 7
        assert await kept.checkpointer._make(portable=False)
        assert kept.output_file.start == 7
        kept.journal_writer.end = PAGE_BYTES
        kept.checkpointer.free_superseded()
        assert kept.output_file.start == PAGE_BYTES
        kept.journal_writer.end = 0
        kept.checkpointer.free_superseded()
        assert kept.output_file.start == PAGE_BYTES, "freed output is not restored"
        kept.journal_writer.error = "the disk is full"
        kept.checkpointer.free_superseded()
        assert kept.output_file.start == len(PAGES) - ring, "then the journal has a gap"


async def test_a_query_answered_while_a_checkpoint_is_written_is_not_answered_again(
    kept: KeptSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next host reads the log entry of the reply, although the checkpoint was made before the reply."""
    driver = kept.host()
    kept.attach_pty()
    kept.write_output(TEXT)
    worker_runs = kept.checkpointer._file_worker.run

    async def run_late(work: Callable[[], T]) -> T:
        """Start the thread late, so that the program asks in the meantime."""
        kept.write_output(b"\x1b[c")
        return await worker_runs(work)

    monkeypatch.setattr(kept.checkpointer._file_worker, "run", run_late)
    assert await kept.checkpointer.make_portable()
    answer = kept.read_typed()
    assert answer.endswith(b"c")
    assert newest(kept).offset == driver.output_file.end - len(b"\x1b[c")
    kept.kill()
    kept.host()
    assert kept.recovered.replies == b""
