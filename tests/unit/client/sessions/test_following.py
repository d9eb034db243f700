"""What comes after a place in the store is seen as soon as it is written, once."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import closing

import pytest
from inotify_simple import INotify, flags

from session_host.client.sessions.following import Following, FollowingThread, events_since, is_write, later_changes
from session_host.client.sessions.store_access import open_store
from session_host.errors import LedgerLost
from session_host.paths import database
from session_host.protocol.events import Renamed
from session_host.storage.store import Store
from session_host.storage.store.ledger import Position
from tests.support.area import Area
from tests.support.disks import fill_disk, small_disk
from tests.support.journals import make_record

pytestmark = pytest.mark.usefixtures("area")


def position() -> Position:
    with open_store() as store:
        return store.ledger.position()


def new_chat(name: str) -> str:
    record = make_record(name=name)
    with open_store() as store:
        store.insert(record)
    return record.id


def rename(chat: str, name: str) -> None:
    with open_store() as store:
        store.rename(chat, name)


def test_events_come_once_and_changes_of_rows_alone_are_none() -> None:
    chat = new_chat("one")
    with Following(events_since, position()) as following:
        assert following.wait(0.0) is None
        rename(chat, "two")
        with open_store() as store:
            store.update(chat, title="new")
        found = following.wait(time.monotonic() + 60)
        assert found is not None
        assert [each.event for each in found.entries] == [Renamed(before="one")]
        assert following.wait(0.0) is None
        assert following.position == position(), "a quiet reader's place does not grow old"


def test_a_chat_is_named_once_for_its_row_and_its_events_also_a_removed_one() -> None:
    one, two = new_chat("one"), new_chat("two")
    begin = position()
    rename(one, "other")
    with open_store() as store:
        store.update(one, title="new")
        store.remove(two)
        found = store.chats_changed_since(begin)
        assert (found.position, found.ids) == (store.ledger.position(), sorted([one, two]))
        assert store.chats_changed_since(found.position).is_empty
        assert store.chats_changed_since(begin._replace(number=begin.number + 99)).ids is None


def test_nobody_waits_for_a_reader_that_has_gone() -> None:
    gone, reader = os.pipe()
    with Following(events_since, position(), gone) as following:
        os.close(reader)
        assert following.wait() is None
    os.close(gone)


def test_another_store_in_its_place_is_said() -> None:
    chat = new_chat("one")
    with Following(Store.changes_since, position()) as following:
        Store.move_damaged(database())
        with pytest.raises(LedgerLost):
            following.wait()
    with open_store() as store:
        assert store.get(chat) is None


async def test_changes_come_to_an_event_loop_and_a_wait_that_is_given_up_ends() -> None:
    chat = await asyncio.to_thread(new_chat, "one")
    begin = await asyncio.to_thread(position)
    with FollowingThread(Store.changes_since) as wait:
        for name in ("two", "three"):
            waiting = asyncio.ensure_future(wait(begin))
            await asyncio.to_thread(rename, chat, name)
            found = await waiting
            assert [each.entry.name for each in found.changed] == [name]
            begin = found.position
        given_up = asyncio.ensure_future(wait(begin))
        given_up.cancel()


async def test_another_machine_is_told_all_of_a_store_that_takes_the_place_of_its_own() -> None:
    waiting = asyncio.ensure_future(later_changes(await asyncio.to_thread(position)))
    await asyncio.to_thread(Store.move_damaged, database())
    found = await waiting
    assert (found.changed, found.removed) == ([], None)


def test_reading_the_store_on_a_full_disk_wakes_no_reader(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    with small_disk(area.root / "disk", 8 * 1024) as disk, closing(INotify(nonblocking=True)) as watch:
        monkeypatch.setenv("OUTLIVE_STATE_DIR", str(disk))
        chat, begin = new_chat("one"), position()
        ballast = fill_disk(disk)
        watch.add_watch(disk, flags.MODIFY | flags.CREATE | flags.DELETE | flags.MOVED_TO | flags.MOVED_FROM)
        assert position() == begin
        found = watch.read(timeout=0)
        assert found, "it creates and removes files"
        assert not any(map(is_write, found))
        ballast.unlink()
        rename(chat, "two")
        assert any(map(is_write, watch.read(timeout=0)))
