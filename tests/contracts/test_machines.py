"""The contract of a ``Machine``: this machine, the window's, and one behind a bridge do the same."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gui.bridge.store_thread import StoreThread, WindowsMachine, open_or_rebuild_store
from session_host.client.chats.ended_chat import inspect_ended_chat
from session_host.client.control import request
from session_host.client.machine import ThisMachine
from session_host.client.sessions.following import later_changes
from session_host.client.sessions.listing import session_named, sessions_listed
from session_host.client.sessions.selection import Selection
from session_host.client.sessions.store_calls import changes_since, recent_directories, rename_chat
from session_host.client.viewer.state import NO_DELEGATE
from session_host.client.viewer.viewer import Viewer
from session_host.client.worktrees.changes import read_changes
from session_host.errors import AmbiguousSession, HostUnavailable, NoSuchSession, Unreachable, WorktreeError
from session_host.machines import link
from session_host.machines.calls import CALLS
from session_host.machines.remote import RemoteMachine
from session_host.paths import database, ensure_private, session_dir, state_dir
from session_host.protocol.bridge import WINDOW_BYTES
from session_host.protocol.facts import ChatFacts
from session_host.protocol.messages import Describe, Peek, Send
from session_host.protocol.values import GridSize, State
from session_host.storage.store import Store
from session_host.system.clock import now
from tests.conftest import Sessions
from tests.support import hosts
from tests.support.area import Area
from tests.support.facts import chat_facts
from tests.support.near_bridges import NearBridges
from tests.support.waiting import eventually, poll_until

AnyMachine = ThisMachine | RemoteMachine


@pytest_asyncio.fixture(params=["this", "window's", "other"])
async def machine(
    request: pytest.FixtureRequest, area: Area, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[AnyMachine]:
    """A machine; each has this test's directories, and so the same chats."""
    if request.param == "this":
        yield ThisMachine()
    elif request.param == "window's":
        storage = StoreThread(open_or_rebuild_store)
        yield WindowsMachine(storage)
        storage.close()
    else:
        other = NearBridges(area.root / "b", monkeypatch).machine()
        yield other
        await other.link.close()


def ended_chat(**values: object) -> ChatFacts:
    """The record of a chat that has ended, in the store."""
    record = chat_facts(
        id=str(uuid.uuid4()), name="x", agent="command", argv=["true"], cwd="/", state=State.EXITED, created_at=now()
    )
    ensure_private(session_dir(record.id))
    with Store.open(database()) as store:
        store.insert(record)
        if values:
            store.update(record.id, **values)
    return record


async def test_blocking_and_coroutine_functions_are_called_and_stores_are_read_and_written(machine: AnyMachine) -> None:
    record = ended_chat()
    found = await machine.call(changes_since, None)
    assert [(type(each), each.id, each.outcome.state) for each in found.changed] == [
        (ChatFacts, record.id, State.EXITED)
    ]
    waiting = asyncio.ensure_future(machine.call(later_changes, found.position))
    await machine.call(rename_chat, record.id, name='"ü" 👩')
    assert [each.entry.name for each in (await waiting).changed] == ['"ü" 👩']
    assert await machine.call(recent_directories, 5) == ["/"]
    assert (await machine.call(session_named, record.id[:8], least_digits=8)).id == record.id
    assert [each.id for each in await machine.call(sessions_listed, Selection(), ended=True)] == [record.id]
    assert not (await machine.call(inspect_ended_chat, record.id)).can_resume
    assert machine.unreachable_since is None
    await machine.wait_reachable()


async def test_errors_have_their_kinds_and_texts(machine: AnyMachine, tmp_path: Path) -> None:
    for _ in range(2):
        ended_chat()
    for kind, text, called in (
        (NoSuchSession, "none", lambda: machine.call(session_named, "none")),
        (AmbiguousSession, "x", lambda: machine.call(session_named, "x")),
        (WorktreeError, "not in a git repository", lambda: machine.call(read_changes, tmp_path)),
        (NoSuchSession, "no ", lambda: machine.call(rename_chat, str(uuid.uuid4()), "y")),
    ):
        with pytest.raises(kind, match=text) as raised:
            await called()
        assert type(raised.value) is kind
        assert str(raised.value).isprintable()


async def test_a_long_answer_comes_whole(machine: AnyMachine) -> None:
    text = "ä" * WINDOW_BYTES
    chats = [ended_chat(title=f"{number}{text}") for number in range(3)]
    found = await machine.call(changes_since, None)
    assert [each.program.title for each in found.changed] == [f"{number}{text}" for number in range(len(chats))]


async def test_a_cancelled_call_ends_and_others_go_on(machine: AnyMachine) -> None:
    record = ended_chat()
    position = (await machine.call(changes_since, None)).position
    given_up, kept = (asyncio.ensure_future(machine.call(later_changes, position)) for _ in range(2))
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    await machine.call(rename_chat, record.id, "y")
    assert [each.entry.name for each in (await kept).changed] == ["y"]


async def test_a_chat_is_connected_to_by_its_id(machine: AnyMachine, sessions: Sessions) -> None:
    chat = await hosts.start("cat")
    connection = await machine.connect(chat.id, "control")
    assert connection.welcome is not None
    connection.close()
    await connection.wait_closed()
    assert (await request(chat.id, Describe(0), machine)).facts.entry.name == chat.entry.name
    await request(chat.id, Send(0, "hello there", enter=True), machine)

    await poll_until(
        lambda: request(chat.id, Peek(0), machine),
        lambda screen: screen.lines[:2] == ["hello there"] * 2,
        20,
        "cat's line",
    )
    await hosts.end(chat.id)
    with pytest.raises(HostUnavailable) as raised:
        await machine.connect(str(uuid.uuid4()), "control")
    assert not isinstance(raised.value, Unreachable)


async def test_a_viewer_is_far_from_a_chat_of_another_machine_alone(machine: AnyMachine) -> None:
    viewer = Viewer(str(uuid.uuid4()), NO_DELEGATE, size=GridSize(80, 24), machine=machine)
    is_far = isinstance(machine, RemoteMachine)
    assert (machine.terms.is_far, viewer.replica.predicted is not None) == (is_far, is_far)


async def test_the_word_of_another_machine_alone_is_checked_and_its_silence_is_borne(machine: AnyMachine) -> None:
    async def fail() -> None:
        raise NoSuchSession("none")

    facts = chat_facts(id=str(uuid.uuid4()), name="x", agent="shell", title="\x1b]0;owned\x07", host_pid=1)
    received = machine.received(facts)
    assert received.id == f"{machine.prefix}{facts.id}"
    if isinstance(machine, RemoteMachine):
        assert (machine.prefix, received.program.host_pid) == ("near/", None)
        assert received.program.title.isprintable()
        assert await machine.try_ask(fail) == []
    else:
        assert received is facts
        with pytest.raises(NoSuchSession):
            await machine.try_ask(fail)


async def test_another_machine_is_unreachable_until_its_bridge_is_back(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "CALM_S", 0.1)
    near = NearBridges(area.root / "b", monkeypatch)
    machine = near.machine()
    machine.link.hold()
    try:
        position = (await machine.call(changes_since, None)).position
        waiting = asyncio.ensure_future(machine.call(later_changes, position))
        near.set_reachable(False)
        near.cut()
        with pytest.raises(Unreachable, match="near: "):
            await waiting
        await eventually(lambda: "near: connect to host near" in str(machine.link.error), 20, "another attempt")
        with pytest.raises(Unreachable, match="No route to host"):
            await machine.call(recent_directories, 5)
        with pytest.raises(Unreachable):
            await machine.connect(str(uuid.uuid4()), "control")
        assert machine.unreachable_since is not None
        back = asyncio.ensure_future(machine.wait_reachable())
        near.set_reachable(True)
        await back
        assert await machine.call(recent_directories, 5) == []
        assert machine.unreachable_since is None
    finally:
        await machine.link.close()


async def test_another_machine_calls_only_what_is_listed(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    assert state_dir.__name__ not in CALLS
    machine = NearBridges(area.root / "b", monkeypatch).machine()
    with pytest.raises(TypeError, match="cannot be called on another machine"):
        await machine.call(state_dir)
    await machine.link.close()
