"""The store in its own thread."""

from __future__ import annotations

import asyncio
import threading
import uuid
from typing import Any

import pytest

from gui.bridge import store_thread
from gui.bridge.store_thread import StoreThread
from session_host import paths
from session_host.errors import OutliveError, StoreError
from session_host.protocol.values import State
from session_host.storage.store import Store
from session_host.system.clock import now
from tests.support.facts import chat_facts
from tests.support.waiting import eventually


async def test_of_many_layouts_the_last_is_saved():
    held = threading.Event()
    written: list[dict[str, Any]] = []

    class Slow(Store):
        def save_layout(self, layout: dict[str, Any]) -> None:
            held.wait(60)
            written.append(layout)
            super().save_layout(layout)

    storage = StoreThread(lambda _warnings: Slow.open(paths.database()))
    for number in range(50):
        storage.save_layout({"number": number})
    held.set()
    await eventually(lambda: written and written[-1] == {"number": 49}, 10, "the last layout to be written")
    assert len(written) < 5, "those in between are not written"
    storage.close()
    with Store.open(paths.database()) as store:
        assert store.layout() == {"number": 49}


async def test_closing_writes_the_last_layout():
    storage = StoreThread(lambda _warnings: Store.open(paths.database()))
    storage.save_layout({"number": 1})
    storage.close({"number": 2})
    with Store.open(paths.database()) as store:
        assert store.layout() == {"number": 2}


async def test_closing_while_the_disk_hangs_drops_the_write_without_an_error(monkeypatch: pytest.MonkeyPatch):
    problems: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: problems.append(context))
    monkeypatch.setattr(store_thread, "CLOSE_TIMEOUT_S", 0.01)
    held = threading.Event()
    storage = StoreThread(lambda _warnings: Store.open(paths.database()))
    hanging = storage.submit(lambda _store: held.wait(60))
    storage.save_layout({"number": 1})
    storage.close({"number": 2})
    held.set()
    assert hanging.result()
    await eventually(lambda: storage._store is None, 10, "the store to be closed")
    for _ in range(5):
        await asyncio.sleep(0)
    assert problems == []
    with Store.open(paths.database()) as store:
        assert store.layout() == {}


class FullDisk:
    """A store on a disk that is full at first.

    Attributes:
        tries: the layouts that were to be written.
        written: the layouts that were written.
        failures: the errors that the user was shown.
    """

    def __init__(self) -> None:
        self.is_full = True
        self.tries: list[dict[str, Any]] = []
        self.written: list[dict[str, Any]] = []
        self.failures: list[OutliveError] = []
        disk = self

        class StoreOnIt(Store):
            def save_layout(self, layout: dict[str, Any]) -> None:
                disk.tries.append(layout)
                if disk.is_full:
                    raise StoreError("the disk is full")
                super().save_layout(layout)
                disk.written.append(layout)

        self.storage = StoreThread(lambda _warnings: StoreOnIt.open(paths.database()))
        self.storage.on_error = self.failures.append


async def test_a_layout_that_cannot_be_written_is_written_once_the_disk_has_room(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(store_thread, "RETRY_S", 0.01)
    disk = FullDisk()
    disk.storage.save_layout({"number": 1})
    await eventually(lambda: len(disk.tries) >= 3, 10, "it to be tried again")
    disk.storage.save_layout({"number": 2})
    await eventually(lambda: len(disk.failures) == 2, 10, "a failure for the user's next change, too")
    disk.is_full = False
    await eventually(lambda: disk.written, 10, "it to be written")
    assert disk.written == [{"number": 2}]
    assert len(disk.failures) == 2, "one line for each change of the user"
    disk.storage.close()


async def test_a_layout_that_could_not_be_written_is_written_at_the_end():
    disk = FullDisk()
    disk.storage.save_layout({"number": 1})
    await eventually(lambda: disk.failures, 10, "the failure")
    disk.is_full = False
    disk.storage.close()
    with Store.open(paths.database()) as store:
        assert store.layout() == {"number": 1}


def test_a_store_that_cannot_be_opened_is_reported():
    def fail(_warnings: list[str]) -> Store:
        raise StoreError("no room")

    storage = StoreThread(fail)
    with pytest.raises(StoreError):
        storage.open().result()
    storage.close()


@pytest.mark.parametrize("harm", ["damaged", "damaged behind its first page", "missing"])
async def test_a_store_that_is_lost_under_the_window_is_rebuilt_and_the_user_is_told(harm: str):
    storage = StoreThread(store_thread.open_or_rebuild_store)
    lines: list[str] = []
    storage.on_rebuild = lines.extend
    ended = chat_facts(
        id=str(uuid.uuid4()), name="x", agent="command", argv=["true"], cwd="/", state=State.EXITED, created_at=now()
    )
    paths.session_dir(ended.id).mkdir(parents=True)
    await storage.call(lambda store: store.insert(ended))
    await storage.call(lambda store: store.update(ended.id, name="y"))
    for path in paths.state_dir().glob("outlive.db*"):
        if harm == "missing":
            path.unlink()
        elif harm == "damaged" or path != paths.database():
            path.write_bytes(b"garbage" * 1000)
        else:
            path.write_bytes(path.read_bytes()[:4096] + b"garbage" * 10_000)

    assert [each.entry.name for each in await storage.call(Store.all)] == ["y"]
    assert len(lines) == 1
    assert harm[:7] in lines[0]
    assert "has been rebuilt; 1 ended chat was found" in lines[0]
    await storage.call(Store.all)
    assert len(lines) == 1, "said once"
    storage.close()
