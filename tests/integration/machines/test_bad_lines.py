"""Chats on a machine at the end of a bad line."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from session_host.client.sessions.listing import session_named, sessions_listed
from session_host.client.sessions.selection import Selection
from session_host.client.viewer.state import NO_DELEGATE, ViewerState
from session_host.client.viewer.viewer import Viewer
from session_host.errors import Unreachable
from session_host.machines import link, stream
from session_host.machines.link import Link, LinkState
from session_host.machines.names import MachineEntry
from session_host.machines.remote import RemoteMachine
from session_host.protocol.values import GridSize
from session_host.system import event_loop
from tests.support.commands import OnTerminal, outlive
from tests.support.ssh_machines import SshMachine, end_logins
from tests.support.ssh_relay import Relay, ssh_relay
from tests.support.structured_chats import wait_for_text
from tests.support.waiting import eventually, wait_until

PROGRAM = """
import os, sys, tty
tty.setraw(0)
log = open(os.environ["HOME"] + "/received", "ab", buffering=0)
os.write(1, b"ready")
while data := os.read(0, 65536):
    log.write(data)
    os.write(1, b"%d\\r\\n" % log.tell())
"""


@pytest.fixture
def relay(alpha: SshMachine, tmp_path: Path) -> Iterator[Relay]:
    """A relay to ``alpha``, on which a chat ``log`` runs."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    assert outlive("new", "-d", "--on", "alpha", "-n", "log", "--", sys.executable, str(program)).code == 0
    wait_for_text("alpha:log", "ready")
    with ssh_relay(alpha.port) as relay:
        yield relay
        end_logins(_far(relay).destination)


def _far(relay: Relay) -> MachineEntry:
    return MachineEntry("far", f"ssh://alpha:{relay.port}")


@asynccontextmanager
async def _over(relay: Relay) -> AsyncIterator[RemoteMachine]:
    """The machine beyond the relay."""
    machine = RemoteMachine(Link(_far(relay)))
    machine.link.hold()
    try:
        yield machine
    finally:
        await machine.link.close()


async def _live_viewer(machine: RemoteMachine) -> Viewer:
    info = await machine.call(session_named, "log")
    viewer = Viewer(info.id, NO_DELEGATE, size=GridSize(80, 24), machine=machine)
    viewer.start()
    await eventually(
        lambda: viewer.line.shown is ViewerState.LIVE, 30, lambda: f"{viewer.line.shown} {viewer.line.message}"
    )
    return viewer


def _has_passed(relay: Relay, length: int) -> bool:
    return relay.counts().bytes > length


def test_text_typed_into_a_dead_connection_arrives_once_when_the_network_is_back(
    relay: Relay, alpha: SshMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "SILENCE_S", 2.0)
    received = alpha.home / "received"

    async def use() -> None:
        async with _over(relay) as machine:
            viewer = await _live_viewer(machine)
            viewer.text("before")
            await eventually(lambda: received.read_bytes() == b"before", 30, "the first text")
            relay.stall()
            viewer.text(" after")
            await eventually(lambda: viewer.line.shown is ViewerState.UNREACHABLE, 30, lambda: str(viewer.line.shown))
            since = machine.unreachable_since
            relay.flow()
            await eventually(lambda: received.read_bytes() == b"before after", 30, lambda: f"{machine.link.error}")
            assert (since is None, machine.unreachable_since) == (False, None)
            viewer.close()

    event_loop.run(use())


def test_who_only_reads_soon_sees_that_the_line_is_dead(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "IDLE_PING_S", 600.0)

    async def use() -> None:
        async with _over(relay) as machine:
            viewer = await _live_viewer(machine)
            relay.stall()
            await eventually(lambda: viewer.line.shown is ViewerState.UNRESPONSIVE, 30, lambda: str(viewer.line.shown))
            await eventually(lambda: viewer.line.shown is ViewerState.UNREACHABLE, 30, lambda: str(viewer.line.shown))
            relay.flow()
            await eventually(lambda: viewer.line.shown is ViewerState.LIVE, 30, lambda: str(viewer.line.shown))
            viewer.close()

    event_loop.run(use())


def test_attach_says_since_when_a_machine_is_out_of_reach_and_keeps_what_is_typed(
    relay: Relay, alpha: SshMachine
) -> None:
    assert outlive("machines", "add", *_far(relay)).code == 0
    with OnTerminal("attach", "far:log") as user:
        user.see("ready")
        relay.refuse()
        relay.cut()
        screen = user.see("what you type is kept")
        assert re.search(r"far: unreachable since \d\d:\d\d; what you type is kept", screen), screen
        user.type("rm -r")
        user.see("5 characters wait")
        user.type("\x02x")
        user.see("what you type is kept")
        user.type("hello")
        user.see("5 characters wait")
        relay.flow()
        wait_until((alpha.home / "received").exists, 30, "the text")
        wait_until(lambda: (alpha.home / "received").read_bytes() == b"hello", 30, "the text")


def test_attach_says_when_it_tries_again_and_a_key_tries_now(alpha: SshMachine) -> None:
    assert outlive("new", "-d", "--on", "alpha", "-n", "echo", "--", "cat").code == 0
    keys = alpha.home.parent / "client_key.pub"
    key = keys.read_bytes()
    with OnTerminal("attach", "alpha:echo", size=GridSize(150, 24)) as user:
        user.type("hello\r")
        user.see("hello\nhello")
        keys.write_text("")
        end_logins("alpha")
        alpha.cut()
        screen = user.see("next try in")
        shown = re.search(
            r"since \S+ · next try in (\d+) s \(Ctrl\+B t: now\); what you type is kept · .* · a login is needed",
            screen,
        )
        assert shown, screen
        keys.write_bytes(key)
        began_s = time.monotonic()
        user.type("\x02tagain\r")
        user.see("again\nagain")
        assert time.monotonic() - began_s < int(shown[1]) - 1


def test_a_connection_that_died_in_silence_is_replaced_before_anybody_notices(relay: Relay, alpha: SshMachine) -> None:
    """As after the sleep of a laptop: its network is there, and its old connection is dead."""

    async def use() -> None:
        states = []
        async with _over(relay) as machine:
            viewer = await _live_viewer(machine)
            relay.stall()
            viewer.text("typed")
            await eventually(lambda: len(viewer.inputs) > 0, 30, "the text is sent")
            relay.flow()
            machine.link.on_state = lambda: states.append(machine.link.state)
            await eventually((alpha.home / "received").exists, 30, "the file")
            await eventually(lambda: (alpha.home / "received").read_bytes() == b"typed", 30, "the text")
            viewer.close()
        assert LinkState.DOWN not in states[:-1], states

    event_loop.run(use())


def test_text_arrives_once_over_a_line_that_loses_packets(relay: Relay, alpha: SshMachine) -> None:
    text = "".join(f"{number:04} " for number in range(10_000))

    async def use() -> None:
        async with _over(relay) as machine:
            viewer = await _live_viewer(machine)
            relay.loss(0.3)
            viewer.paste(text)
            viewer.text("end")
            received = alpha.home / "received"
            await eventually(lambda: received.exists() and received.read_text() == f"{text}end", 60, "the text")
            await eventually(lambda: not viewer.inputs, 60, "its acknowledgement")
            viewer.close()

    event_loop.run(use())


def test_a_paste_of_a_megabyte_arrives_once_though_the_line_is_cut(relay: Relay, alpha: SshMachine) -> None:
    text = "".join(f"{number:07} " for number in range(128 * 1024))
    received = alpha.home / "received"

    async def use() -> None:
        async with _over(relay) as machine:
            viewer = await _live_viewer(machine)
            begun = relay.counts().bytes
            viewer.paste(text)
            for sent in (200_000, 400_000, 600_000):
                await eventually(partial(_has_passed, relay, begun + sent), 30, "a part is sent")
                relay.cut()
            await eventually(lambda: received.stat().st_size >= len(text), 30, lambda: f"{received.stat().st_size}")
            viewer.close()

    event_loop.run(use())
    assert received.read_text() == text


def test_a_call_that_a_cut_interrupts_fails_and_the_next_one_does_not(relay: Relay) -> None:
    async def use() -> None:
        async with _over(relay) as machine:
            await machine.link.ready()
            relay.delay(0.1, 0.05)
            calling = asyncio.create_task(machine.call(sessions_listed, Selection(), ended=False))
            await asyncio.sleep(0)
            relay.cut()
            with pytest.raises(Unreachable, match="far: "):
                await calling
            relay.delay(0)
            await machine.wait_reachable()
            assert [info.name for info in await machine.call(sessions_listed, Selection(), ended=False)] == ["log"]

    event_loop.run(use())


def test_a_command_that_a_cut_interrupts_has_exit_code_7(relay: Relay) -> None:
    assert outlive("machines", "add", *_far(relay)).code == 0
    begun = relay.counts().bytes
    relay.delay(0.1)
    with ThreadPoolExecutor(1) as another:
        sending = another.submit(outlive, "send", "far:log", "-", typed="x" * 500_000)
        wait_until(lambda: relay.counts().bytes > begun + 100_000, 30, "the command is on its way")
        relay.cut()
        done = sending.result()
    assert done.code == 7
    assert done.complaint().startswith("far: ")


FLOOD = """
import os, signal, sys, time
for number in range(3000):
    print(f"line {number}")
print("ready", flush=True)
try:
    sys.stdin.readline()
    while True:
        print("y" * 90)
except KeyboardInterrupt:
    print("\\ninterrupted", flush=True)
    sys.stdin.readline()
"""


def test_a_flood_does_not_delay_ctrl_c_on_a_slow_line_and_the_history_follows(relay: Relay) -> None:
    assert outlive("new", "-d", "--on", "alpha", "-n", "flood", "--", sys.executable, "-c", FLOOD).code == 0

    def sees(viewer: Viewer, text: str) -> bool:
        rows = viewer.replica.emulator.rows() if viewer.replica.emulator is not None else []
        return any(run.text.startswith(text) for row in rows for run in row.runs)

    def has_history(viewer: Viewer) -> bool:
        return viewer.replica.emulator is not None and viewer.replica.emulator.scrollback_rows > 2000

    async def use() -> None:
        async with _over(relay) as machine:
            info = await machine.call(session_named, "flood")
            relay.rate(50_000)
            viewer = Viewer(info.id, NO_DELEGATE, size=GridSize(100, 30), machine=machine)
            viewer.start()
            await eventually(lambda: sees(viewer, "ready"), 30, "the first screen")
            assert viewer.replica.emulator is not None
            viewer.text("\r")
            await eventually(lambda: sees(viewer, "y" * 90), 30, "the flood")
            begun = relay.counts().bytes
            await eventually(partial(_has_passed, relay, begun + 3_000), 30, "a part of the flood")
            begun = relay.counts().bytes
            viewer.text("\x03")
            await eventually(lambda: sees(viewer, "interrupted"), 30, "the end of the flood")
            assert relay.counts().bytes - begun < 200_000
            relay.rate(0)
            await eventually(lambda: has_history(viewer), 30, "the history")
            viewer.close()

    event_loop.run(use())


def test_after_a_sleep_a_link_is_back_as_soon_as_the_network_and_waits_for_no_retry(
    relay: Relay, alpha: SshMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "RETRY_S", (600.0,))
    monkeypatch.setattr(stream, "SILENCE_S", 600.0)
    monkeypatch.setattr(stream, "IDLE_PING_S", 600.0)

    async def use() -> None:
        async with _over(relay) as machine:
            await machine.link.wait_up()
            relay.stall()
            before = relay.counts().bytes
            machine.link.ask_now()  # The idle connection does not know that it is dead.
            await eventually(lambda: relay.counts().bytes > before, 10, "the question is lost")
            relay.flow()
            is_replaced = asyncio.Event()
            machine.link.on_state = is_replaced.set
            machine.link.ask_now()
            await asyncio.wait_for(is_replaced.wait(), 60)
            await machine.call(sessions_listed, Selection(), ended=False)
            relay.refuse()
            relay.cut()
            await eventually(lambda: machine.link.state is LinkState.DOWN, 10, "the link is down")
            relay.flow()
            machine.link.ask_now()
            await asyncio.wait_for(machine.link.wait_up(), 60)

    event_loop.run(use())
