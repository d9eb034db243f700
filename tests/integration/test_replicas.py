"""A replica from a snapshot and the output after it equals the host's screen."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from session_host.client.connection import HostConnection
from session_host.client.control import request
from session_host.client.sessions.store_access import outcome_of
from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.errors import OutliveError
from session_host.protocol.messages import Peek, Role, Screen, Send
from session_host.protocol.values import GridSize, State
from session_host.terminal.base import EngineName
from session_host.terminal.text import logical_ansi_lines
from tests.programs import Gate
from tests.support.hosts import Watcher, end, peek, see, shown, start, watching
from tests.support.waiting import TIMEOUT_S, eventually, poll_until

pytestmark = pytest.mark.usefixtures("sessions")

FRAGMENTS = [
    b"plain text ",
    b"\r\n",
    b"\n",
    b"\x1b[31mred\x1b[0m",
    b"\x1b[1;4;48;2;10;20;30mstyled\x1b[m",
    b"\x1b[2J",
    b"\x1b[H",
    b"\x1b[5;10Hthere",
    b"\x1b[?1049h",
    b"\x1b[?1049l",
    b"\x1b7",
    b"\x1b8",
    b"\x1b[3;8r",
    b"\x1b[r",
    b"\x1bM",
    b"\x1b[2L",
    b"\x1b[M",
    b"\x1b[4P",
    b"\x1b[3@",
    b"\x1b[K",
    b"\x1b[1J",
    b"\t",
    b"\b\b",
    "日本語".encode(),
    "e\u0301".encode(),
    "👩‍👩‍👧".encode(),
    "⚠️".encode(),
    b"\x1b[?7l",
    b"\x1b[?7h",
    b"\x1b]0;a title\x07",
    b"\x1b]8;;http://x/\x1b\\link\x1b]8;;\x1b\\",
    b"\x1b[?25l",
    b"\x1b[?25h",
    b"\x1b[4h",
    b"\x1b[4l",
    b"\x1b(0lqk\x1b(B",
    b"\x1b[?6h",
    b"\x1b[?6l",
    b"\x1b[5S",
    b"\x1b[2T",
    b"x" * 90,
    b"\x1b[?2004h",
    b"\x1b[>1u",
    b"\x1b[<u",
    b"\x1bc",
    b"\xff\xfe",
    b"\x1b[38;5;",
    b"\x1b]0;unfin",
]

FEEDER = """
import os, sys
gate = os.open(sys.argv[1], os.O_RDONLY)
data = open(sys.argv[2], "rb").read()
import tty; tty.setraw(0)
os.write(1, b"ready")
for start in range(0, len(data), 997):
    if not os.read(gate, 1):
        sys.exit(3)
    os.write(1, data[start:start + 997])
os.read(gate, 1)
"""


async def _check_same_as_host(viewer: Viewer, watcher: Watcher, session_id: str, end: int) -> None:
    """Check that the screens of host and replica are equal once both have all output up to the offset ``end``."""
    ask = Peek(0, scrollback=True, ansi=True)
    await watcher.until(lambda: viewer._rules.progress.now.offset == end, "all output")
    host: Screen = await request(session_id, ask)

    async def of_host() -> Screen:
        nonlocal host
        host = await request(session_id, ask)
        return host

    def is_same(screen: Screen) -> bool:
        replica = viewer.replica.emulator
        return (
            replica is not None
            and replica.size == screen.size
            and logical_ansi_lines(replica.history(0, replica.scrollback_rows) + replica.rows()) == screen.lines
        )

    # A viewer that has just left may have changed the size several times; the replica gets that by another socket.
    await poll_until(of_host, is_same, TIMEOUT_S, lambda: f"the replica to be as the host: {host}")
    replica = viewer.replica.emulator
    assert replica is not None
    cursor = replica.cursor
    assert (cursor.column, cursor.row, cursor.visible) == (host.cursor_column, host.cursor_row, host.cursor_visible)
    assert replica.modes.alternate_screen == host.alternate_screen
    assert (replica.size, replica.title) == (host.size, host.title)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.integers(0, 2**32), st.sampled_from(["ghostty", "pyte"]), st.sampled_from(["ghostty", "pyte"]))
def test_a_replica_attached_at_a_random_moment_equals_the_hosts_screen(
    tmp_path_factory: pytest.TempPathFactory, seed: int, host: EngineName, viewer: EngineName
) -> None:
    asyncio.run(_attach_at_random_moments(tmp_path_factory.mktemp("random"), seed, host, viewer))


async def _attach_at_random_moments(directory: Path, seed: int, host: EngineName, replica: EngineName) -> None:
    choose = random.Random(seed)
    data = b"".join(choose.choice(FRAGMENTS) for _ in range(choose.randrange(200, 1500)))
    (directory / "data").write_bytes(data)
    steps = (len(data) + 996) // 997
    import sys

    with Gate(directory / "gate") as gate:
        record = await start(
            sys.executable, "-ISc", FEEDER, str(gate.path), str(directory / "data"), engine=host, size=GridSize(60, 15)
        )
        async with watching(record.id, engine=host) as (constant, watcher):
            await see(constant, watcher, "ready")
            done = 0
            while done < steps:
                more = choose.randrange(1, steps - done + 1)
                gate.release(more)
                done += more
                async with watching(record.id, engine=replica, size=_some_size(choose)):
                    pass
            total = len(b"ready") + len(data)
            await _check_same_as_host(constant, watcher, record.id, total)
            async with watching(record.id, engine=replica) as (late, late_watcher):
                await _check_same_as_host(late, late_watcher, record.id, total)
        await end(record.id)


def _some_size(choose: random.Random) -> GridSize | None:
    return GridSize(choose.randrange(1, 120), choose.randrange(1, 40)) if choose.random() < 0.5 else None


async def test_a_stalled_viewer_catches_up_after_a_flood(tmp_path: Path) -> None:
    """A stalled viewer takes bounded memory, delays no other viewer, and has the same screen in the end."""
    with Gate(tmp_path / "gate") as gate:
        script = f"read x < {gate.path}; seq 1 600000; echo the very end; read x < {gate.path}"
        record = await start("bash", "-c", script)
        async with watching(record.id) as (viewer, watcher):
            transport = viewer.connector.connection._transport  # type: ignore[union-attr]
            assert transport is not None
            transport.pause_reading()
            os.write(gate._descriptor, b"\n")
            async with watching(record.id) as (other, other_watcher):
                await see(other, other_watcher, "the very end")
            transport.resume_reading()
            await see(viewer, watcher, "the very end")
            assert watcher.replaced >= 2, "it was given a fresh snapshot instead of all that it had missed"
            assert shown(viewer) == await peek(record.id)
            numbers = [int(line) for line in shown(viewer)[:-1]]
            assert numbers == list(range(numbers[0], 600001))
        await end(record.id)


async def test_a_short_disconnection_sends_only_the_missed_output(tmp_path: Path) -> None:
    record = await start("cat")
    async with watching(record.id) as (viewer, watcher):
        viewer.text("before\r")
        await see(viewer, watcher, "before")
        viewer.connector.drop()
        await watcher.until(lambda: viewer.line.shown == "reconnecting", "the break to be seen")
        viewer.text("after\r")
        await see(viewer, watcher, "after")
        assert watcher.replaced == 1, "no second snapshot"
    await end(record.id)


async def test_a_hidden_tab_gets_events_and_no_output_until_it_is_shown(tmp_path: Path) -> None:
    with Gate(tmp_path / "gate") as gate:
        script = f"read x < {gate.path}; printf '\\033]0;a title\\007'; echo shown later; read x < {gate.path}"
        record = await start("bash", "-c", script)
        async with watching(record.id, output=False) as (viewer, watcher):
            os.write(gate._descriptor, b"\n")
            await watcher.until(lambda: any(getattr(e, "title", "") == "a title" for e in watcher.events), "the title")
            assert viewer.replica.emulator is None
            viewer.follow(output=True)
            await see(viewer, watcher, "shown later")
        await end(record.id)


async def test_an_unreadable_snapshot_is_requested_in_the_portable_form(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = await start("sh", "-c", "echo here it is; cat")
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "here it is")

    def unreadable(engine: EngineName, data: bytes) -> None:
        raise OutliveError("not a snapshot of this engine")

    monkeypatch.setattr("session_host.client.viewer.snapshot_receiver.restore", unreadable)
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "here it is")
    await end(record.id)


@pytest.mark.parametrize("engine", ["ghostty", "pyte"])
async def test_a_viewer_disconnected_at_the_end_gets_the_last_output(
    engine: EngineName, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a host is killed and the chat ends at the next host before the viewer has connected to it."""
    open_connection, away, may_go = HostConnection.open, asyncio.Event(), asyncio.Event()

    async def open_late(session_id: str, role: Role, engine_build: str = "") -> HostConnection:
        if role == "viewer" and not may_go.is_set():
            away.set()
            await may_go.wait()
        return await open_connection(session_id, role, engine_build)

    record = await start("sh", "-c", "echo first; read line; echo last; exit 3")
    async with watching(record.id, engine=engine) as (viewer, watcher):
        await see(viewer, watcher, "first")
        monkeypatch.setattr(HostConnection, "open", open_late)
        viewer.connector.drop()
        await away.wait()
        await request(record.id, Send(0, "go on", enter=True))
        await eventually(lambda: outcome_of(record.id).state is State.EXITED, 20, "the end to be recorded")
        may_go.set()
        await watcher.until(lambda: viewer.line.shown is ViewerState.ENDED, "the end")
        assert viewer.line.now.end.exit_code == 3
        assert shown(viewer) == ["first", "go on", "last"]
