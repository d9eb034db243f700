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
from session_host.host.driver.terminal import TerminalDriver
from session_host.protocol.values import CellSize, GridSize
from session_host.session import output_ring
from session_host.storage.descriptors import checkpoint as files
from session_host.storage.descriptors.checkpoint import Checkpoint
from session_host.storage.descriptors.output_file import PAGE_BYTES
from session_host.storage.journal import Snapshot
from session_host.terminal.base import Emulator
from tests.support.emulators import VisibleState, visible_state
from tests.support.session_harness import SessionHarness, session_harness

TEXT = b"\x1b]2;a title\x07" + b"a line of text\r\n" * 40 + b"\x1b[31mred"
T = TypeVar("T")
PAGES = b"\x1b[1mfour pages of output\r\n" * (4 * PAGE_BYTES // 22)


@pytest.fixture
def harness() -> Iterator[SessionHarness]:
    with session_harness() as session:
        yield session


async def is_due(harness: SessionHarness) -> bool:
    """Check whether a checkpoint is due; a due one is made."""
    harness.checkpointer.maybe_checkpoint()
    due = harness.checkpointer._task is not None
    await harness.checkpointer.close()
    return due


async def shown(driver: Driver) -> VisibleState:
    """Return the screen once all output so far is interpreted."""
    assert isinstance(driver.kind, TerminalDriver)
    future: asyncio.Future[VisibleState] = asyncio.get_running_loop().create_future()
    driver.kind.worker.run_after_output(lambda emulator: future.set_result(visible_state(emulator)))
    return await future


def newest(harness: SessionHarness) -> Checkpoint:
    checkpoint = files.read(harness.descriptors.checkpoint, harness.input_log.header)
    assert checkpoint is not None
    return checkpoint


# ---------------------------------------------------------------------------------- when a checkpoint is due


async def test_a_checkpoint_is_due_after_enough_engine_work(harness: SessionHarness) -> None:
    driver = harness.host()
    harness.checkpointer._cost_s = 0.0
    driver.worker.cpu_s = WORK_S
    assert not await is_due(harness)
    driver.worker.cpu_s = WORK_S * 1.01
    assert await is_due(harness)
    assert not await is_due(harness), "the count begins again there"


async def test_a_checkpoint_is_due_after_enough_output(
    harness: SessionHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = harness.host()
    driver.worker.cpu_s = float("-inf")
    monkeypatch.setattr(checkpoints, "OUTPUT_BYTES", len(TEXT))
    harness.write_output(TEXT)
    await shown(driver)
    assert not await is_due(harness)
    harness.write_output(b"x")
    await shown(driver)
    assert await is_due(harness)
    assert newest(harness).offset == len(TEXT) + 1
    assert not await is_due(harness)


async def test_a_long_chat_is_not_written_again_for_each_picture(
    harness: SessionHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "OUTPUT_BYTES", 1)
    driver = harness.host()
    assert await harness.checkpointer._make(portable=False)
    driver.worker.cpu_s = float("-inf")
    at = harness.input_log.header.checkpoint
    assert at is not None
    harness.write_output(b"x" * (at.length // 2))
    await shown(driver)
    assert not await is_due(harness)
    harness.write_output(b"x")
    await shown(driver)
    assert await is_due(harness)


async def test_a_checkpoint_is_due_after_enough_input_log_entries(
    harness: SessionHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = harness.host()
    driver.session.rename("one")
    driver.performer.perform()
    monkeypatch.setattr(checkpoints, "INPUT_LOG_BYTES", harness.input_log.end - harness.checkpointer._input_log_end)
    assert not await is_due(harness)
    driver.session.rename("another")
    driver.performer.perform()
    assert await is_due(harness)
    assert newest(harness).log_state.name == "another"
    assert not await is_due(harness)


async def test_a_checkpoint_is_due_after_enough_resizes(
    harness: SessionHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "RESIZES", 2)
    harness.host()
    harness.attach_pty()
    for columns in (41, 42):
        harness.resize(GridSize(columns, 7), CellSize(8, 16))
    assert not await is_due(harness)
    harness.resize(GridSize(43, 7), CellSize(8, 16))
    assert await is_due(harness)
    assert (newest(harness).resizes, newest(harness).size) == (3, GridSize(43, 7))
    assert not await is_due(harness)


async def test_a_requested_checkpoint_starts_at_once(harness: SessionHarness) -> None:
    harness.host()
    assert not await is_due(harness)
    harness.checkpointer.request_checkpoint()
    assert harness.checkpointer._task is not None
    await harness.checkpointer.close()
    assert not await is_due(harness)


# ---------------------------------------------------------------------------------- failures


@pytest.mark.usefixtures("caplog")  # It says so each time.
async def test_a_failing_engine_is_asked_for_checkpoints_less_and_less_often(
    harness: SessionHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = harness.host()
    harness.write_output(TEXT)
    was = await shown(driver)
    with monkeypatch.context() as patches:

        def fail(_: Emulator) -> bytes:
            raise OutliveError("this engine cannot")

        patches.setattr(type(harness.recovered.emulator), "snapshot", fail)
        costs = []
        for _ in range(3):
            driver.worker.cpu_s = harness.checkpointer._work_s + 1000
            assert await is_due(harness)
            assert harness.input_log.header.checkpoint is None
            costs.append(harness.checkpointer._cost_s)
        assert costs == [WORK_S, WORK_S * 2, WORK_S * 4]
    driver.worker.cpu_s = harness.checkpointer._work_s + costs[-1] * WORK_OF_COST
    assert not await is_due(harness)
    driver.worker.cpu_s += 0.01
    assert await is_due(harness)
    assert newest(harness).offset == len(TEXT)
    assert await shown(driver) == was


async def test_a_checkpoint_that_cannot_be_written_leaves_the_previous_one(
    harness: SessionHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = harness.host()
    harness.write_output(TEXT)
    assert await harness.checkpointer._make(portable=False)
    harness.write_output(b"more")
    was = await shown(driver)
    with monkeypatch.context() as patches:

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        patches.setattr(files, "write", full)
        assert not await harness.checkpointer._make(portable=False)
    assert newest(harness).offset == len(TEXT)
    assert harness.checkpointer._offset == len(TEXT)
    harness.kill()
    assert await shown(harness.host()) == was
    assert await harness.checkpointer._make(portable=False)
    assert newest(harness).offset == len(TEXT) + 4


# ---------------------------------------------------------------------------------- portable


async def test_a_portable_checkpoint_waits_for_a_running_one_and_is_the_last(
    harness: SessionHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = harness.host()
    harness.write_output(TEXT)
    make, happened = harness.checkpointer._make, []

    async def watched(*, portable: bool) -> bool:
        happened.append("begins")
        checkpoint = await make(portable=portable)
        happened.append("is made" if checkpoint else "fails")
        return checkpoint

    monkeypatch.setattr(harness.checkpointer, "_make", watched)
    driver.worker.cpu_s = WORK_S * 2
    harness.checkpointer.maybe_checkpoint()
    assert await harness.checkpointer.make_portable()
    assert happened == ["begins", "is made"] * 2
    assert (newest(harness).form, newest(harness).offset, newest(harness).title) == ("vt", len(TEXT), "a title")
    assert harness.checkpointer._task is None


async def test_the_journal_gets_native_checkpoints_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A portable one is not needed there: any version can interpret the journal's output itself."""
    with session_harness(journal=str(tmp_path / "journal")) as harness:
        driver = harness.host()
        await harness.journal_writer.start(harness.spec.facts.program.size, [])
        harness.write_output(TEXT)
        snapshots: list[Snapshot] = []
        monkeypatch.setattr(harness.journal_writer, "add_snapshot", snapshots.append)
        assert await harness.checkpointer.make_portable()
        assert snapshots == []
        assert await harness.checkpointer._make(portable=False)
        assert [(each.offset, each.build) for each in snapshots] == [(len(TEXT), harness.recovered.replica.build)]
        assert driver.worker.interpreted_to == len(TEXT)
        await harness.journal_writer.close()


# ---------------------------------------------------------------------------------- freed output


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> int:
    """Limit the output that returning viewers may ask for to this many bytes."""
    monkeypatch.setattr(output_ring, "RING_BYTES", PAGE_BYTES)
    return PAGE_BYTES


async def test_output_that_no_recovery_and_no_viewer_needs_is_freed(harness: SessionHarness, ring: int) -> None:
    driver = harness.host()
    harness.write_output(PAGES)
    await shown(driver)
    harness.checkpointer.free_superseded()
    assert harness.output_file.start == 0, "without a checkpoint a recovery needs all of it"
    assert await harness.checkpointer._make(portable=False)
    assert harness.output_file.start == len(PAGES) - ring
    assert (
        os.lseek(harness.descriptors.output_file, 0, os.SEEK_DATA)
        == harness.output_file.start // PAGE_BYTES * PAGE_BYTES
    )
    harness.write_output(PAGES)
    harness.checkpointer.free_superseded()
    assert harness.output_file.start == len(PAGES), "a recovery begins there"
    was = await shown(driver)
    harness.kill()
    assert await shown(harness.host()) == was


async def test_output_that_the_journal_lacks_is_kept(tmp_path: Path, ring: int) -> None:
    with session_harness(journal=str(tmp_path / "journal")) as harness:
        driver = harness.host()
        harness.write_output(PAGES)
        await shown(driver)
        harness.journal_writer.end = 7
        assert await harness.checkpointer._make(portable=False)
        assert harness.output_file.start == 7
        harness.journal_writer.end = PAGE_BYTES
        harness.checkpointer.free_superseded()
        assert harness.output_file.start == PAGE_BYTES
        harness.journal_writer.end = 0
        harness.checkpointer.free_superseded()
        assert harness.output_file.start == PAGE_BYTES, "freed output is not restored"
        harness.journal_writer.error = "the disk is full"
        harness.checkpointer.free_superseded()
        assert harness.output_file.start == len(PAGES) - ring, "then the journal has a gap"


async def test_a_query_answered_while_a_checkpoint_is_written_is_not_answered_again(
    harness: SessionHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next host reads the log entry of the reply, although the checkpoint was made before the reply."""
    driver = harness.host()
    harness.attach_pty()
    harness.write_output(TEXT)
    worker_runs = harness.checkpointer._file_worker.run

    async def run_late(work: Callable[[], T]) -> T:
        """Start the thread late, so that the program asks in the meantime."""
        harness.write_output(b"\x1b[c")
        return await worker_runs(work)

    monkeypatch.setattr(harness.checkpointer._file_worker, "run", run_late)
    assert await harness.checkpointer.make_portable()
    answer = harness.read_typed()
    assert answer.endswith(b"c")
    assert newest(harness).offset == driver.output_file.end - len(b"\x1b[c")
    harness.kill()
    harness.host()
    assert harness.recovered.replies == b""
