"""Many viewers of one chat: grid size, permission to type, and isolation from slow viewers."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import time
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest

from session_host.client.control import request
from session_host.client.viewer.viewer import Viewer
from session_host.errors import HostUnavailable
from session_host.paths import session_socket
from session_host.protocol.codec import encode
from session_host.protocol.messages import PROTOCOL_VERSION, Attach, Describe, Description, Hello, SizeEvent
from session_host.protocol.values import CellSize, GridSize
from tests.programs import Gate, program
from tests.support import processes
from tests.support.commands import OnTerminal
from tests.support.hosts import Watcher, end, peek, see, shown, start, watching
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")

SIZES = re.compile(r"size (\d+)x(\d+)")


def rss_mb(pid: int) -> float:
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1000


def received_sizes(viewer: Viewer) -> list[str]:
    """All sizes that the program received, in order."""
    return [match.group().removeprefix("size ") for line in shown(viewer) for match in SIZES.finditer(line)]


async def test_twenty_viewers_of_a_flood_reach_the_hosts_screen(tmp_path: Path) -> None:
    with Gate(tmp_path / "gate") as gate:
        script = f"read x < {gate.path}; seq 1 3000; printf '\\033[1;31mthe end\\033[m\\n'; read x < {gate.path}"
        record = await start("bash", "-c", script)
        async with AsyncExitStack() as stack:
            viewers = [await stack.enter_async_context(watching(record.id)) for _ in range(20)]
            assert (await request(record.id, Describe(0))).host.viewers == 20
            os.write(gate._descriptor, b"\n")
            await asyncio.gather(*(see(viewer, watcher, "the end") for viewer, watcher in viewers))
            whole = await peek(record.id)
            assert whole[-1] == "the end"
            for viewer, _ in viewers:
                assert shown(viewer) == whole
        await end(record.id)


async def test_a_flapping_window_gives_the_program_few_sizes_and_the_last_one(tmp_path: Path) -> None:
    record = await start(*program("window_size"), size=GridSize(80, 24))
    async with watching(record.id, size=GridSize(80, 24)) as (viewer, watcher):
        await see(viewer, watcher, "size 80x24")
        for number in range(300):
            viewer.resize(GridSize(30 + number % 60, 10 + number % 20), CellSize(8, 16))
        viewer.resize(GridSize(77, 33), CellSize(8, 16))
        await see(viewer, watcher, "size 77x33")
        sizes = received_sizes(viewer)
        assert sizes[-1] == "77x33"
        assert len(sizes) < 30, "301 changes within a moment are no 301 redraws of a program"
        viewer.key("q", "q")
        await watcher.until(lambda: viewer.line.shown == "ended", "the end")


async def test_the_size_follows_the_last_typing_viewer_and_no_read_only_one(tmp_path: Path) -> None:
    record = await start(*program("window_size"), size=GridSize(80, 24))
    async with (
        watching(record.id, size=GridSize(100, 30)) as (first, first_watcher),
        watching(record.id, size=GridSize(60, 20)) as (second, second_watcher),
        watching(record.id, size=GridSize(33, 11), read_only=True) as (looker, looker_watcher),
    ):
        await see(looker, looker_watcher, "size 60x20")
        first.text("x")
        await see(looker, looker_watcher, "size 100x30")
        looker.resize(GridSize(44, 12), CellSize(8, 16))
        looker.focus(True)
        looker.text("typed by a looker")
        await looker_watcher.until(lambda: len(looker_watcher.refusals) >= 1, "the refusal")
        second.resize(GridSize(61, 21), CellSize(8, 16))  # A viewer that is not in use does not change the size.
        second.text("y")
        await see(looker, looker_watcher, "size 61x21")
        sizes = received_sizes(looker)
        assert not {"33x11", "44x12", "33x20", "44x20"} & set(sizes), sizes
        assert all(refusal.code == "read_only" for refusal in looker_watcher.refusals)
        assert "typed by a looker" not in "".join(shown(first))
        assert first.replica.emulator is not None
        assert looker.replica.emulator is not None
        assert first.replica.emulator.size == looker.replica.emulator.size == GridSize(61, 21), "all reflow alike"
        # After a viewer has left, its size does not count.
        second.close()
        first.focus(True)
        await see(first, first_watcher, "size 100x30")
        first.key("q", "q")
        await first_watcher.until(lambda: first.line.shown == "ended", "the end")
        assert second_watcher.refusals == []


async def test_viewers_learn_that_outlive_attach_sets_the_size_and_when_it_ends() -> None:
    record = await start("cat")
    window = Viewer(record.id, watcher := Watcher(), size=GridSize(100, 30), kind="window")
    window.start()

    def has_size(columns: int, rows: int, kind: str) -> bool:
        sizes = [event for event in watcher.events if isinstance(event, SizeEvent)]
        return sizes[-1:] == [SizeEvent(GridSize(columns, rows), kind)]

    try:
        await watcher.until(lambda: has_size(100, 30, "window"), "the window's size")
        with OnTerminal("attach", record.id, size=GridSize(60, 15)) as terminal:
            await watcher.until(lambda: has_size(60, 15, "attach"), "the size of outlive attach")
            async with watching(record.id, output=False) as (_, late):
                await late.until(lambda: SizeEvent(GridSize(60, 15), "attach") in late.events, "a later viewer to hear")
            terminal.close()
            await watcher.until(lambda: has_size(100, 30, "window"), "the size to be the window's again")
    finally:
        window.close()
        await window.delivery.wait()
    await end(record.id)


async def test_stalled_viewers_take_bounded_memory_and_delay_no_other_viewer(tmp_path: Path) -> None:
    """Twenty viewers that never read again, and one in a stopped process, during 11 MB of output."""
    with Gate(tmp_path / "gate") as gate, ExitStack() as stalled:
        script = f"read x < {gate.path}; seq 1 1500000; echo the end; read x < {gate.path}; exec cat"
        record = await start("bash", "-c", script)
        pid = (await request(record.id, Describe(0))).facts.program.host_pid
        for _ in range(20):
            deaf = stalled.enter_context(socket.socket(socket.AF_UNIX))
            deaf.connect(str(session_socket(record.id)))
            deaf.sendall(encode(Hello(PROTOCOL_VERSION, "viewer")) + encode(Attach(GridSize(80, 24))))
        terminal = stalled.enter_context(OnTerminal("attach", record.id))
        await asyncio.to_thread(wait_until, lambda: _viewers(record.id) == 21, 10, "all to be attached", every_s=0.05)
        processes.stop(terminal.pid)
        async with watching(record.id) as (viewer, watcher):
            before_mb = rss_mb(pid)
            os.write(gate._descriptor, b"\n")
            await see(viewer, watcher, "the end")
            assert rss_mb(pid) - before_mb < 150, "21 queues of 2 MiB each, the ring, and the engine's history"
            os.write(gate._descriptor, b"\n")
            for text in ("one", "two", "three"):
                began_s = time.monotonic()
                viewer.text(f"{text}\r")
                await see(viewer, watcher, text)
                assert time.monotonic() - began_s < 20, "a key's echo waits for nobody"
        os.kill(terminal.pid, signal.SIGCONT)
        await asyncio.to_thread(terminal.see, "three")
        await end(record.id)


def _viewers(session_id: str) -> int:
    description: Description = asyncio.run(request(session_id, Describe(0)))
    return description.host.viewers


async def test_a_viewer_beyond_the_limit_is_refused_and_the_others_stay(tmp_path: Path) -> None:
    record = await start("cat")
    with ExitStack() as crowd:
        for _ in range(300):
            connection = crowd.enter_context(socket.socket(socket.AF_UNIX))
            await asyncio.to_thread(connection.connect, str(session_socket(record.id)))
        with pytest.raises(HostUnavailable) as caught:
            await request(record.id, Describe(0))
        assert "\n" not in str(caught.value)
    async with watching(record.id) as (viewer, watcher):
        viewer.text("room again\r")
        await see(viewer, watcher, "room again")
    await end(record.id)
