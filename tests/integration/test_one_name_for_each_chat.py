"""No two running chats get one name, although the store is lost or replaced while they start."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from session_host.client.chats import launch as launching
from session_host.client.sessions.session_info import list_sessions
from session_host.client.sessions.store_access import open_store, recover
from session_host.paths import database
from session_host.protocol.facts import ChatFacts
from session_host.protocol.launch import LaunchReport, LaunchSpec
from session_host.storage.store import Store
from tests.support.area import Area
from tests.support.hosts import end, start

pytestmark = pytest.mark.usefixtures("sessions")


def damage() -> None:
    database().write_bytes(b"not a database at all" * 500)


def listed() -> dict[str, str]:
    """The names of the running chats, by their ids."""
    with open_store() as store:
        return {info.id: info.name for info in list_sessions(store, ended=False)}


async def end_all(*records: ChatFacts) -> None:
    for record in records:
        await end(record.id)


async def test_a_chat_whose_start_is_only_recorded_keeps_its_name_when_the_store_is_rebuilt(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_host = launching._start_host
    loop = asyncio.get_running_loop()
    others: list[ChatFacts] = []

    def start_host_later(spec: LaunchSpec, store: Store) -> LaunchReport:
        monkeypatch.setattr(launching, "_start_host", start_host)
        damage()
        recover()[0].close()
        another = asyncio.run_coroutine_threadsafe(start("cat", directory=str(area.home)), loop)
        others.append(another.result())
        return start_host(spec, store)

    monkeypatch.setattr(launching, "_start_host", start_host_later)
    first = await start("cat", directory=str(area.home))
    [second] = others
    assert (first.entry.name, second.entry.name) == ("home", "home-2")
    assert listed() == {first.id: "home", second.id: "home-2"}
    await end_all(first, second)


@pytest.mark.parametrize("is_damaged", [True, False], ids=["damaged", "removed"])
async def test_a_start_before_a_new_store_has_the_running_chats_knows_their_names(
    area: Area, *, is_damaged: bool
) -> None:
    first = await start("cat", directory=str(area.home))
    if is_damaged:
        damage()
        Store.move_damaged(database())
    else:
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{database()}{suffix}").unlink()
    second = await start("cat", directory=str(area.home))
    assert (first.entry.name, second.entry.name) == ("home", "home-2")
    assert listed() == {first.id: "home", second.id: "home-2"}
    await end_all(first, second)
