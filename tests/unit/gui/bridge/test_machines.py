"""Chats of another machine in the window's list: here it is this machine again, whose calls travel as from afar."""

from __future__ import annotations

from typing import Any

import pytest

from gui.bridge.chat import Chat
from gui.bridge.ended_chat import read_last_screen
from gui.bridge.machine_chats import MachineChats
from session_host import paths
from session_host.protocol.values import GridSize, State
from session_host.storage.store import Store
from session_host.storage.store.saved_screen import SavedScreen, save_screen
from session_host.terminal import create, default_engine
from tests.support.other_machine import Alpha
from tests.support.waiting import eventually
from tests.unit.gui.conftest import WindowHarness, insert_record


@pytest.fixture
async def alpha(harness: WindowHarness) -> MachineChats:
    """Its chats, read: one that runs, and an ended one that another ended one continues."""
    ended = {"state": State.EXITED, "exit_code": 0, "ended_at": "2026-01-02T04:00:00.000Z"}
    insert_record("runs", child_pid=1)
    first = insert_record("first", **ended)
    insert_record("second", resumed_from=first.id, **ended)
    chats = harness.sessions.machines["alpha"] = MachineChats(Alpha(), harness.sessions.tasks, harness.sessions.apply)
    await chats.refresh_now()
    return chats


def there(harness: WindowHarness) -> dict[str, Chat]:
    """The chats of the other machine, by their names."""
    ids = [each for each in (*harness.sessions._chats, *harness.sessions._ended) if each.startswith("alpha/")]
    return {chat.record.name: chat for chat in map(harness.chat, ids)}


async def test_chats_of_two_machines_are_in_one_list(harness: WindowHarness, alpha: MachineChats) -> None:
    await harness.sessions.refresh_now()
    assert sorted(harness.listed_names()) == ["runs", "runs", "second", "second"]
    chats = there(harness)
    assert chats.keys() == {"runs", "first", "second"}
    assert harness.sessions.latest_continuation(chats["first"].id) is chats["second"]
    harness.sessions.follow_all()
    viewer: Any = chats["runs"].viewer
    assert (viewer.machine, viewer.session_id) == (alpha.machine, chats["runs"].session_id)
    assert chats["runs"].record.child_pid is None, "a process of this machine is another one"
    with Store.open(paths.database()) as store:
        store.rename(chats["runs"].session_id, "renamed")
        store.remove(chats["second"].session_id)
    await alpha.refresh_now()
    assert there(harness).keys() == {"renamed", "first"}
    assert sorted(harness.listed_names()) == ["first", "renamed", "runs", "second"]


async def test_an_id_that_another_machine_invents_is_of_that_machine(
    harness: WindowHarness, alpha: MachineChats
) -> None:
    insert_record("invented", id="/beta/../x")
    await alpha.refresh_now()
    chat = there(harness)["invented"]
    assert (chat.machine, chat.session_id) == (alpha.machine, "/beta/../x")


async def test_a_chat_there_is_used_there(harness: WindowHarness, alpha: MachineChats) -> None:
    sessions, chat = harness.sessions, there(harness)["second"]
    engine = default_engine()
    emulator = create(engine, GridSize(20, 3))
    emulator.feed(b"shown there")
    save_screen(paths.session_screen(chat.session_id), SavedScreen.of(emulator, portable=True, offset=11))
    shown = await read_last_screen(chat)
    assert shown is not None
    assert shown.rows()[0].text().rstrip() == "shown there"
    shown.close()
    emulator.close()
    assert not (await sessions.explain(chat)).evidence
    await sessions._rename(chat, "new name")
    sessions.order.pin([chat], pinned=True)
    await sessions.tasks.wait_for_others(10)
    with Store.open(paths.database()) as store:
        record = store.get(chat.session_id)
        assert record is not None
        assert (record.name, record.pinned) == ("new name", True)
    measured = await sessions.removals.ended()
    assert [each.record.id for each in measured] == [chat.id]
    assert await sessions.removals.size_of([chat]) > 0
    await sessions.removals.remove_now(chat)
    assert "new name" not in there(harness)


async def test_chats_of_a_machine_without_a_link_are_read_once_it_has_one(
    harness: WindowHarness, alpha: MachineChats
) -> None:
    assert isinstance(alpha.machine, Alpha)
    added = insert_record("later")
    alpha.machine.fails = 3
    harness.sessions.refresh("alpha")
    await eventually(lambda: "later" in there(harness), 10, added.id)
    alpha.machine.fails = 3
    harness.sessions.tasks.start(alpha.follow())
    for name in ("soon", "sooner"):
        insert_record(name)
        await eventually(lambda: name in there(harness), 10, name)  # noqa: B023 - awaited in the same turn
    assert harness.problems == []
