"""What was written is on the disk some seconds later: one sync for all processes, none without a write."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from session_host.storage import disk_sync
from session_host.storage.disk_sync import DiskSync, sync_since
from tests.support.waiting import eventually


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The directories whose file systems were synced."""
    found: list[str] = []

    def sync(descriptor: int) -> int:
        found.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        return 0

    monkeypatch.setattr(disk_sync, "_sync", sync)
    monkeypatch.setattr(disk_sync, "SYNC_S", 0.05)
    return found


def now_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


async def test_many_writes_are_synced_once_and_without_a_write_no_timer_runs(tmp_path: Path, syncs: list[str]) -> None:
    sync = DiskSync(tmp_path, tmp_path / "synced")
    assert not sync.is_waiting()
    for _ in range(100):
        sync.note_written()
    assert sync.is_waiting()
    await eventually(lambda: syncs == [str(tmp_path)], 10, "the sync")
    await eventually(lambda: not sync.is_waiting(), 10, "an idle process without a timer")
    assert syncs == [str(tmp_path)]


async def test_hundreds_of_chats_that_write_at_once_cost_few_syncs(tmp_path: Path, syncs: list[str]) -> None:
    chats = [DiskSync(tmp_path, tmp_path / "synced") for _ in range(300)]
    for chat in chats:
        chat.note_written()
    await asyncio.gather(*(chat.finish() for chat in chats))
    assert len(syncs) == 1


def test_a_write_after_the_begin_of_a_sync_needs_another_one(tmp_path: Path, syncs: list[str]) -> None:
    note = tmp_path / "synced"
    first = now_ns()
    sync_since(tmp_path, note, first)
    sync_since(tmp_path, note, first)
    assert len(syncs) == 1
    sync_since(tmp_path, note, now_ns())
    assert len(syncs) == 2


@pytest.mark.parametrize("content", ["", "nonsense", "99999999999999999999", "-0000000000000000001"])
def test_a_note_that_cannot_be_true_prevents_no_sync(tmp_path: Path, syncs: list[str], content: str) -> None:
    note = tmp_path / "synced"
    note.write_text(content)
    sync_since(tmp_path, note, now_ns())
    assert len(syncs) == 1


def test_without_a_note_each_process_syncs_for_itself(tmp_path: Path, syncs: list[str]) -> None:
    (tmp_path / "synced").mkdir()
    for _ in range(2):
        sync_since(tmp_path, tmp_path / "synced", 1)
    assert len(syncs) == 2
    sync_since(tmp_path / "removed", tmp_path / "synced", 1)
    assert len(syncs) == 2


async def test_a_write_during_a_sync_is_synced_later(
    tmp_path: Path, syncs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = DiskSync(tmp_path, tmp_path / "synced")
    loop = asyncio.get_running_loop()

    def slow(descriptor: int) -> int:
        syncs.append("")
        if len(syncs) == 1:
            asyncio.run_coroutine_threadsafe(_note(sync), loop).result(10)
        return 0

    monkeypatch.setattr(disk_sync, "_sync", slow)
    sync.note_written()
    await eventually(lambda: len(syncs) == 2, 10, "the second sync")
    await eventually(lambda: not sync.is_waiting(), 10, "no timer")


async def _note(sync: DiskSync) -> None:
    sync.note_written()


def test_the_real_call_succeeds_here(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    assert disk_sync._sync(descriptor) == 0
    os.close(descriptor)
