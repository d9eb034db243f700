"""A snapshot of a host on another machine, which may lie about its length and size."""

from __future__ import annotations

import asyncio
import zlib
from unittest.mock import AsyncMock, Mock, call

import msgspec
import pytest

from session_host import terminal
from session_host.client.machine import HERE
from session_host.client.viewer import snapshot_receiver
from session_host.client.viewer.effects import Connect
from session_host.client.viewer.replica import ReplicaEngine
from session_host.client.viewer.snapshot_receiver import SnapshotReceiver
from session_host.client.viewer.state import NO_DELEGATE
from session_host.client.viewer.viewer import Viewer
from session_host.errors import HostUnavailable, StoreError
from session_host.machines.another import CONNECT_INTERVAL_S
from session_host.protocol import packing
from session_host.protocol.messages import SnapshotPart
from session_host.protocol.packing import MAX_FAR_LINES
from session_host.protocol.values import MAX_CELLS, MAX_COLUMNS, CellSize, GridSize
from session_host.storage.store.saved_screen import SavedScreen
from session_host.structured.engine import TranscriptEngine
from session_host.terminal import available_engines, create, default_engine, engine_build
from session_host.terminal.base import EngineName
from tests.support.other_machine import Alpha
from tests.support.waiting import eventually

BOMB = zlib.compress(bytes(1_000_000))
HUGE = GridSize(65535, 65535)


def receiver_of(engine: EngineName, built: list[ReplicaEngine | None], max_lines: int = 10) -> SnapshotReceiver:
    """A receiver that appends what it builds."""
    terms = HERE._replace(max_lines=max_lines)
    return SnapshotReceiver(engine, CellSize(8, 16), terms, lambda _last, engine: built.append(engine))


def test_a_last_screen_that_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "MAX_SNAPSHOT_BYTES", 999_999)
    for build, snapshot, replay in ((engine_build("pyte"), BOMB, b""), ("another", b"", BOMB)):
        saved = SavedScreen("pyte", build, GridSize(80, 24), 10, "", snapshot, replay, 0)
        with pytest.raises(StoreError, match="damaged"):
            saved.restore("pyte")


def test_a_snapshot_without_an_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_receiver, "MAX_SNAPSHOT_BYTES", 2_500_000)
    built: list[ReplicaEngine | None] = []
    receiver = SnapshotReceiver(
        "pyte", CellSize(8, 16), HERE._replace(is_far=True), lambda _last, engine: built.append(engine)
    )
    part = SnapshotPart(0, 0, "vt", HUGE, 10, last=False, data=bytes(1_000_000))
    receiver.receive(part, "", None)
    receiver.receive(part, "", None)
    assert built == []
    receiver.receive(part, "", None)
    assert built == [None]


@pytest.mark.parametrize("engine", available_engines())
def test_a_terminal_is_not_larger_than_one_can_be(engine: EngineName) -> None:
    built: list[ReplicaEngine | None] = []
    receiver = receiver_of(engine, built, max_lines=MAX_FAR_LINES)
    receiver.receive(SnapshotPart(0, 0, "vt", HUGE, 2**62, last=True, data=b"hello"), "another", None)
    [replica] = built
    assert replica is not None
    saved = SavedScreen(engine, "another", HUGE, 2**62, "", b"", zlib.compress(b"hello"), 0)
    for each in (replica, saved.restore(engine, own_form=False)):
        assert each.size == GridSize(MAX_COLUMNS, MAX_CELLS // MAX_COLUMNS)
        assert each.scrollback_limit == MAX_FAR_LINES
        each.close()


async def test_the_window_goes_on_while_a_snapshot_of_another_machine_is_built() -> None:
    far, connection = Viewer("x", NO_DELEGATE, engine="pyte", machine=Alpha()), Mock(is_lost=False)
    far.connector.connection = connection

    def shown() -> str:
        return far.replica.emulator.rows()[0].text().rstrip() if far.replica.emulator is not None else ""

    far._message(SnapshotPart(0, 0, "vt", GridSize(20, 5), 10, last=True, data=b"shown"))
    assert not shown()
    connection.hold.assert_called_once_with(True)
    await eventually(lambda: shown() == "shown", 10, "the replica")
    await eventually(lambda: connection.hold.call_args == call(False), 10, "the next messages")
    far._message(SnapshotPart(0, 0, "vt", GridSize(20, 5), 10, last=True, data=b"late"))
    far.close()
    await eventually(lambda: connection.hold.call_args == call(False), 10, "the end of the work")
    assert not shown()


def test_a_replica_that_nobody_needs_any_more_is_not_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "_PIECE_BYTES", 5)
    built: list[ReplicaEngine | None] = []
    receiver = receiver_of("pyte", built)
    part = SnapshotPart(0, 0, "vt", GridSize(20, 5), 10, last=True, data=b"hello world")
    for shown in ("hello world", ""):
        receiver.receive(part, "another", None)
        replica = built.pop()
        assert replica is not None
        assert not isinstance(replica, TranscriptEngine)
        assert replica.rows()[0].text().rstrip() == shown
        replica.close()
        receiver.close()


async def test_a_host_that_always_ends_the_connection_does_not_keep_the_window_busy() -> None:
    machine = Alpha()
    machine.connect = AsyncMock(side_effect=HostUnavailable("no"))  # type: ignore[method-assign]
    far, loop = Viewer("x", NO_DELEGATE, engine="pyte", machine=machine), asyncio.get_running_loop()
    began_s = loop.time()
    for _ in range(3):
        await far.connector._run(Connect(0.0))
    assert round(loop.time() - began_s, 3) >= 2 * CONNECT_INTERVAL_S
    far.close()
    await far.delivery.wait()


def test_what_another_machine_sends_in_an_engines_own_form_is_not_read() -> None:
    """A made-up one crashes the engine's library, and with it the window."""
    engine = default_engine()
    emulator = create(engine, GridSize(20, 3))
    emulator.feed(b"shown")
    built: list[ReplicaEngine | None] = []
    receiver = receiver_of(engine, built)
    far = Viewer("x", NO_DELEGATE, engine=engine, machine=Alpha())
    assert far._rules.wants.engine_build == ""
    for form in ("", emulator.build):
        part = SnapshotPart(0, 0, form, GridSize(20, 3), 10, last=True, data=b"\x1b[31mas text")
        receiver.receive(part, far._rules.wants.engine_build, None)
        replica = built.pop()
        assert replica is not None
        assert not isinstance(replica, TranscriptEngine)
        assert replica.rows()[0].text().rstrip() == "as text"
        replica.close()
    with pytest.raises(StoreError):
        SavedScreen.of(emulator, portable=False, offset=0).restore(engine, own_form=False)
    saved = SavedScreen.of(emulator, portable=True, offset=0)
    restored = msgspec.structs.replace(saved, snapshot=b"made up").restore(engine, own_form=False)
    assert restored.rows()[0].text().rstrip() == "shown"
    for each in (restored, emulator):
        each.close()
