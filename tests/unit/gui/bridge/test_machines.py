"""Chats of another machine in the window's list: here it is this machine again, whose calls travel as from afar."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from gui.bridge import chat_files, machine_chats
from gui.bridge.changes import ChangesReader
from gui.bridge.chat import Chat
from gui.bridge.ended_chat import read_last_screen
from gui.bridge.machine_chats import MachineChats
from gui.window.actions.chats.chat_actions import export_to
from gui.window.remote_control.server import ControlRequest, RemoteControl
from session_host import paths
from session_host.client.chats.installed_agents import installed_agents
from session_host.client.sessions import store_calls
from session_host.errors import ProtocolViolation, Unreachable
from session_host.machines import another
from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import MAX_COLUMNS, GridSize, State
from session_host.storage.store import Store
from session_host.storage.store.saved_screen import SavedScreen, save_screen
from session_host.terminal import create, default_engine
from tests.support.area import Area
from tests.support.facts import own_worktree
from tests.support.other_machine import Alpha
from tests.support.repositories import Checkout
from tests.support.waiting import eventually
from tests.unit.gui.conftest import WAIT_S, WindowHarness, insert_record
from tests.unit.gui.window.machines import OtherMachine, chats_on


@pytest.fixture
async def alpha(harness: WindowHarness) -> MachineChats:
    """Its chats, read: one that runs, and an ended one that another ended one continues."""
    ended = {"state": State.EXITED, "exit_code": 0, "ended_at": "2026-01-02T04:00:00.000Z"}
    insert_record("runs", child_pid=1)
    first = insert_record("first", **ended)
    insert_record("second", resumed_from=first.id, **ended)
    chats = harness.sessions.machines.by_name["alpha"] = chats_on(harness.sessions, Alpha())
    await chats.refresh_now()
    return chats


def there(harness: WindowHarness) -> dict[str, Chat]:
    """The chats of the other machine, by their names."""
    return {record.entry.name: harness.chat(record.id) for record in harness.sessions.chats.records_on("alpha")}


async def test_chats_of_two_machines_are_in_one_list(harness: WindowHarness, alpha: MachineChats) -> None:
    await harness.sessions.machines.here.refresh_now()
    assert sorted(harness.listed_names()) == ["runs", "runs", "second", "second"]
    chats = there(harness)
    assert chats.keys() == {"runs", "first", "second"}
    assert harness.sessions.chats.latest_continuation(chats["first"].id) is chats["second"]
    harness.sessions.follow_all()
    viewer: Any = chats["runs"].looks.first.viewer
    assert (viewer.machine, viewer.session_id) == (alpha.machine, chats["runs"].session_id)
    assert chats["runs"].record.program.child_pid is None, "a process of this machine is another one"
    with Store.open(paths.database()) as store:
        store.rename(chats["runs"].session_id, "renamed")
        store.remove(chats["second"].session_id)
    await alpha.refresh_now()
    assert there(harness).keys() == {"renamed", "first"}
    assert sorted(harness.listed_names()) == ["first", "renamed", "runs", "second"]


async def test_window_show_finds_a_chat_of_a_machine_that_cannot_be_reached(
    harness: WindowHarness, alpha: MachineChats, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows, ids = Mock(), {name: chat.id for name, chat in there(harness).items()}
    remote = RemoteControl(windows, harness.sessions, Mock())

    async def shown(chat: str) -> object:
        return (await remote.show(ControlRequest("show", session=f"alpha/{chat}")))["session_id"]

    new = insert_record("new")
    assert await shown("new") == f"alpha/{new.id}", "it was started a moment ago"
    windows.open_chat.return_value.is_settled = False
    monkeypatch.setattr(Alpha, "is_reachable", False)
    monkeypatch.setattr(Alpha, "fails", 9)
    assert await shown("runs") == ids["runs"]
    assert await shown(ids["second"].removeprefix("alpha/")) == ids["second"]
    with pytest.raises(Unreachable):
        await shown("unknown")


@pytest.mark.parametrize("session_id", ["/beta/../x", "", "x\n", "a" * 65])
async def test_an_id_that_another_machine_invents_is_refused(
    harness: WindowHarness, alpha: MachineChats, session_id: str
) -> None:
    insert_record("invented", id=session_id)
    with pytest.raises(ProtocolViolation):
        await alpha.refresh_now()
    assert "invented" not in there(harness)


async def test_what_another_machine_says_of_a_chat_is_harmless(harness: WindowHarness, alpha: MachineChats) -> None:
    hostile = f"\x1b]0;owned\x07\u202e\n{'x' * 9999}"
    insert_record(
        "liar",
        default_name=hostile,
        title=hostile,
        cwd=hostile,
        argv=[hostile],
        columns=60_000,
        rows=0,
        position=float("inf"),
        worktree="/w",
        branch=hostile,
        env={"A": hostile},
    )
    await alpha.refresh_now()
    record = there(harness)["liar"].record
    assert (record.program.size.columns, record.program.size.rows, record.entry.position) == (MAX_COLUMNS, 0, None)
    for text in (
        record.origin.overrides["A"],
        record.entry.default_name,
        record.program.title,
        record.origin.cwd,
        record.origin.argv[0],
        own_worktree(record).branch,
    ):
        assert text is not None
        assert text.isprintable()
        assert len(text) < 5000


async def test_a_machine_with_too_many_chats_is_not_listed(
    harness: WindowHarness, alpha: MachineChats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_chats, "MAX_CHATS", 4)
    insert_record("fourth")
    await alpha.refresh_now()
    insert_record("fifth")
    with pytest.raises(ProtocolViolation, match="more than 4 chats"):
        await alpha.refresh_now()
    assert there(harness).keys() == {"runs", "first", "second", "fourth"}


async def test_of_more_running_chats_than_the_window_bears_the_latest_are_listed_and_one_line_says_so(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_chats, "MAX_RUNNING", 2)
    records = [insert_record(name, created_at=f"2026-01-02T03:04:0{at}Z") for at, name in enumerate("abc")]
    insert_record("ended", state=State.EXITED, exit_code=0, ended_at="2026-01-02T04:00:00.000Z")
    chats = harness.sessions.machines.by_name["alpha"] = chats_on(harness.sessions, Alpha())
    cuts: list[tuple[int, int]] = []
    chats.on_cut = lambda *counts: cuts.append(counts)
    await chats.refresh_now()
    assert there(harness).keys() == {"b", "c", "ended"}
    insert_record("d", created_at="2026-01-02T03:04:09Z")
    await chats.refresh_now()
    assert there(harness).keys() == {"b", "c", "ended"}, "what is listed stays"
    with Store.open(paths.database()) as store:
        store.update(records[1].id, state=State.EXITED, exit_code=0, ended_at="2026-01-02T05:00:00.000Z")
        store.remove(records[2].id)
    await chats.refresh_now()
    assert there(harness).keys() == {"a", "b", "d", "ended"}, "the others follow once there is room"
    assert cuts == [(3, 2)]
    OtherMachine(harness, "build1")
    harness.sessions.machines.by_name["build1"].on_cut(5500, 500)
    assert harness.problems == ["build1: 5,500 chats run there, and 500 of them are listed here."]


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
    assert not (await sessions.lifecycle.explain(chat)).evidence
    await sessions.lifecycle._rename(chat, "new name")
    sessions.order.pin([chat], pinned=True)
    await sessions.tasks.wait_for_others(WAIT_S)
    with Store.open(paths.database()) as store:
        record = store.get(chat.session_id)
        assert record is not None
        assert (record.entry.name, record.entry.pinned) == ("new name", True)
    measured, unanswered = await sessions.removals.ended()
    assert ([each.record.id for each in measured], unanswered) == ([chat.id], [])
    assert (await sessions.removals.size_of([chat]) or 0) > 0
    await sessions.removals.remove_now(chat)
    assert "new name" not in there(harness)


async def test_a_path_there_is_shown_by_the_home_there(harness: WindowHarness) -> None:
    machine = OtherMachine(harness, "build1")
    machine.machine.link.home = "/srv/kim"
    chat = machine.add("api", cwd="/srv/kim")
    assert (chat.workplace.location, chat.workplace.short_directory("/srv/kim/api")) == ("~", "~/api")
    assert chat.workplace.short_directory(str(Path.home())) == str(Path.home())
    assert harness.sessions.machines.home_of(chat.record) == "/srv/kim"


async def test_a_machine_that_does_not_answer_keeps_no_result_waiting(
    harness: WindowHarness, alpha: MachineChats, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions, chat = harness.sessions, there(harness)["second"]
    machine = alpha.machine
    assert isinstance(machine, Alpha)
    machine.fails = 1
    assert (await sessions.removals.ended())[1] == ["alpha"]
    machine.fails = 2
    assert await sessions.removals.size_of([chat]) is None
    sessions.listed.hide(chat)
    with pytest.raises(Unreachable):
        await sessions.removals.remove_now(chat)
    assert not sessions.listed.is_hidden(chat), "a chat that stays is shown again"
    monkeypatch.setattr(another, "ANSWER_S", 0.01)

    async def hang(*_args: Any, **_kwargs: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(machine, "call", hang)
    assert (await sessions.removals.ended())[1] == ["alpha"]
    monkeypatch.setattr(type(machine), "unreachable_since", datetime.now(UTC))
    monkeypatch.setattr(another, "ANSWER_S", 60.0)
    assert (await sessions.removals.ended())[1] == ["alpha"]


async def test_the_changes_window_says_that_the_machine_is_unreachable_and_reads_again_when_it_is_back(
    harness: WindowHarness, alpha: MachineChats, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, machine = there(harness)["runs"], alpha.machine
    assert isinstance(machine, Alpha)
    machine.fails = 1
    reader = ChangesReader(chat, chat.record.origin.cwd, harness.sessions, harness.sessions)
    reader.refresh()
    reader.set_visible(visible=True)
    await harness.until(lambda: reader.problem, "the reason")
    assert reader.problem == "alpha: connection refused"
    monkeypatch.setattr(Alpha, "is_reachable", False)
    chat.changed.emit()
    await harness.until(lambda: reader.problem != "alpha: connection refused", "another read")


async def test_chats_of_a_machine_without_a_link_are_read_once_it_has_one(
    harness: WindowHarness, alpha: MachineChats
) -> None:
    assert isinstance(alpha.machine, Alpha)
    added = insert_record("later")
    alpha.machine.fails = 3
    alpha.refresh()
    await eventually(lambda: "later" in there(harness), 10, added.id)
    alpha.machine.fails = 3
    harness.sessions.tasks.start(alpha.follow(harness.problems.append))
    for name in ("soon", "sooner"):
        insert_record(name)
        await eventually(lambda: name in there(harness), 10, name)  # noqa: B023 - awaited in the same turn
    assert harness.problems == []


async def test_a_machine_that_always_has_changes_does_not_keep_the_window_busy(
    harness: WindowHarness, alpha: MachineChats, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert_record("renamed")
    change = (await alpha.machine.call(store_calls.changes_since, None))._replace(removed=[])
    received, asked = alpha.machine.received, list[float]()
    work_s = 0.05

    def receive(record: ChatFacts) -> ChatFacts:
        end_s = time.monotonic() + work_s  # As much as very many chats take.
        while time.monotonic() < end_s:
            pass
        return received(record)

    async def answer(function: Any, *_arguments: Any) -> Any:
        asked.append(time.monotonic())
        return change if function is not installed_agents else await asyncio.Event().wait()

    monkeypatch.setattr(alpha.machine, "received", receive)
    monkeypatch.setattr(alpha.machine, "call", answer)
    harness.sessions.tasks.start(alpha.follow(harness.problems.append))
    await eventually(lambda: len(asked) == 5, 20, "more reads")
    assert machine_chats.FOLLOW_PAUSES * work_s > machine_chats.FOLLOW_S
    assert asked[4] - asked[3] >= machine_chats.FOLLOW_PAUSES * work_s


async def test_files_of_a_repository_there_complete_a_mention_and_none_of_here_do(
    harness: WindowHarness, area: Area
) -> None:
    repository = Checkout.new(area.home / "api")
    repository.write("only_there.py")
    insert_record("asks", cwd=str(repository.path), runtime="structured")
    (area.home / "plain").mkdir()
    (area.home / "plain" / "only_here.py").touch()
    insert_record("outside", cwd=str(area.home / "plain"), runtime="structured")
    chats = harness.sessions.machines.by_name["alpha"] = chats_on(harness.sessions, Alpha())
    await chats.refresh_now()
    window = harness.open_window()
    window.open_chat(there(harness)["asks"])
    files = harness.content.view.prompt.completion.files
    assert files.directory == "", "nothing here is opened"
    await eventually(lambda: [each.path for each in files.matching("only")] == ["only_there.py"], 10, "the file")
    window.open_chat(there(harness)["outside"])
    files = harness.content.view.prompt.completion.files
    files.matching("only")
    await eventually(lambda: not files._is_listing, 10, "the list")
    assert files.matching("only") == []


async def test_a_chat_there_is_exported_by_its_name_there(
    harness: WindowHarness, alpha: MachineChats, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported: list[str] = []

    async def export(chat: str, _path: Path) -> bool:
        exported.append(chat)
        return True

    monkeypatch.setattr(chat_files, "export", export)
    harness.open_window()
    chat = there(harness)["second"]
    await export_to(Path("x.txt"), chat, harness.window.banners, "key")
    assert exported == [f"alpha:{chat.session_id}"]
