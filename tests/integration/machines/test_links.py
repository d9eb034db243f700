"""A viewer follows a chat on another machine while its link is cut again and again."""

from __future__ import annotations

import asyncio
import random
import re
import socket
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from session_host.client.sessions.listing import session_named
from session_host.client.viewer.state import FINAL_STATES, NO_DELEGATE, ViewerState
from session_host.client.viewer.viewer import Viewer
from session_host.machines import link
from session_host.machines.forwarding import Forward
from session_host.machines.link import Link
from session_host.machines.names import MachineEntry
from session_host.machines.remote import RemoteMachine
from session_host.protocol.messages import Event, SizeEvent
from session_host.protocol.values import GridSize
from session_host.system import event_loop
from tests.support.commands import outlive
from tests.support.ssh_machines import SshMachine, end_logins
from tests.support.ssh_relay import Relay, ssh_relay
from tests.support.waiting import eventually

LINES = 40

PROGRAM = """
import sys, os
log = open(os.environ["HOME"] + "/received", "w", buffering=1)
for line in sys.stdin:
    log.write(line)
    print("got", line.strip(), flush=True)
    if line.strip() == "end":
        break
"""


@pytest.fixture
def received(alpha: SshMachine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file with the lines that the chat ``log`` on ``alpha`` got; each link that is cut is retried at once."""
    monkeypatch.setattr(link, "STEADY_S", 0.0)
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    assert outlive("new", "-d", "--on", "alpha", "-n", "log", "--", sys.executable, str(program)).code == 0
    return alpha.home / "received"


def test_no_key_and_no_byte_is_lost_or_doubled_when_the_link_is_cut(alpha: SshMachine, received: Path) -> None:
    seen = event_loop.run(_type_during_cuts(alpha))
    expected = [f"{number:04}" for number in range(LINES)] + ["end"]
    assert received.read_text().split() == expected
    assert re.findall(r"got (\w+)$", "\n".join(seen), re.MULTILINE) == expected


async def _type_during_cuts(alpha: SshMachine) -> list[str]:
    machine = RemoteMachine(Link(MachineEntry("alpha", "alpha")))
    machine.link.hold()
    chance = random.Random(5)
    try:
        info = await machine.call(session_named, "log")
        viewer = Viewer(info.id, NO_DELEGATE, size=GridSize(80, 24), machine=machine)
        viewer.start()
        for number in range(LINES):
            viewer.text(f"{number:04}")
            viewer.key("Enter", "\r")
            if chance.random() < 0.15:
                alpha.cut()
            most = chance.randrange(12)
            await eventually(
                partial(_has_few_pending, viewer, most),
                30,
                lambda: (
                    f"{len(viewer.inputs)} {viewer.line.shown} {viewer.line.message} "
                    f"{machine.link.state} {machine.link.error}"
                ),
            )
        viewer.text("end")
        viewer.key("Enter", "\r")
        await eventually(lambda: viewer.line.shown in FINAL_STATES, 30, lambda: f"the end, in {viewer.line.shown}")
        assert viewer.line.shown is ViewerState.ENDED, viewer.line.message
        lines = _lines(viewer)
        viewer.close()
        return lines
    finally:
        await machine.link.close()


def _has_few_pending(viewer: Viewer, most: int) -> bool:
    return len(viewer.inputs) <= most


def _lines(viewer: Viewer) -> list[str]:
    assert viewer.replica.emulator is not None
    rows = viewer.replica.emulator.history(0, viewer.replica.emulator.scrollback_rows) + viewer.replica.emulator.rows()
    return [row.text().strip() for row in rows]


def test_two_laptops_type_into_one_chat_and_one_that_is_cut_and_comes_back_changes_nothing(
    alpha: SshMachine, received: Path
) -> None:
    with ssh_relay(alpha.port) as relay:
        away = MachineEntry("alpha", f"ssh://alpha:{relay.port}")  # So it has a login of its own.
        laptops, sizes = event_loop.run(_use_two(MachineEntry("alpha", "alpha"), away, relay))
        end_logins(away.destination)
    expected = ["0", "1", "2", "3", "4", "end"]
    assert received.read_text().split() == expected
    assert [re.findall(r"got (\w+)$", "\n".join(lines), re.MULTILINE) for lines in laptops] == [expected] * 2
    assert sizes == [HOME_SIZE, AWAY_SIZE] * 2, "only a key takes the size"


HOME_SIZE, AWAY_SIZE = GridSize(80, 40), GridSize(100, 50)


class _Sizes(type(NO_DELEGATE)):  # type: ignore[misc]
    """Notes the sizes that a chat takes."""

    def __init__(self) -> None:
        self.sizes: list[GridSize] = []

    def viewer_event(self, event: Event) -> None:
        if isinstance(event, SizeEvent) and event.size not in self.sizes[-1:]:
            self.sizes.append(event.size)


async def _use_two(home: MachineEntry, away: MachineEntry, relay: Relay) -> tuple[list[list[str]], list[GridSize]]:
    """The lines that two laptops show in the end, and the sizes that the chat took."""
    machines = [RemoteMachine(Link(each)) for each in (home, away)]
    seen = _Sizes()
    try:
        for machine in machines:
            machine.link.hold()
        info = await machines[0].call(session_named, "log")
        at_home = Viewer(info.id, seen, size=HOME_SIZE, machine=machines[0])
        from_away = Viewer(info.id, NO_DELEGATE, size=AWAY_SIZE, machine=machines[1])
        both = (at_home, from_away)
        for viewer in both:
            viewer.start()
            await eventually(partial(_is_live, viewer), 30, partial(_state, viewer))
        await eventually(lambda: seen.sizes[-1:] == [AWAY_SIZE], 30, lambda: f"{seen.sizes}")
        seen.sizes.clear()

        async def type_line(viewer: Viewer, text: str, size: GridSize) -> None:
            viewer.text(text)
            viewer.key("Enter", "\r")
            for each in both:
                await eventually(partial(_shows, each, f"got {text}", size), 30, partial(_state, each))

        async def cut() -> None:
            relay.cut()
            await eventually(lambda: not _is_live(from_away), 30, partial(_state, from_away))
            await eventually(partial(_is_live, from_away), 30, partial(_state, from_away))

        await type_line(at_home, "0", HOME_SIZE)
        await type_line(from_away, "1", AWAY_SIZE)
        await cut()  # The one in use keeps the size.
        await type_line(from_away, "2", AWAY_SIZE)
        await type_line(at_home, "3", HOME_SIZE)
        await cut()  # The other one does not take it.
        from_away.text("4")
        relay.cut()
        from_away.key("Enter", "\r")
        for each in both:
            await eventually(partial(_shows, each, "got 4", AWAY_SIZE), 30, partial(_state, each))
        from_away.text("end")
        from_away.key("Enter", "\r")
        for each in both:
            await eventually(partial(_has_ended, each), 30, partial(_state, each))
        lines = [_lines(each) for each in both]
        for each in both:
            each.close()
        return lines, seen.sizes
    finally:
        for machine in machines:
            await machine.link.close()


def _is_live(viewer: Viewer) -> bool:
    return viewer.line.shown is ViewerState.LIVE


def _has_ended(viewer: Viewer) -> bool:
    return viewer.line.shown is ViewerState.ENDED


def _state(viewer: Viewer) -> str:
    size = viewer.replica.emulator.size if viewer.replica.emulator is not None else None
    return f"{viewer.line.shown} {viewer.line.message} {size} {_lines(viewer)}"


def _shows(viewer: Viewer, line: str, size: GridSize) -> bool:
    return viewer.replica.emulator is not None and viewer.replica.emulator.size == size and line in _lines(viewer)


def test_a_port_of_the_machine_is_reached_here(alpha: SshMachine) -> None:
    event_loop.run(_use_a_port())


async def _use_a_port() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):  # The other side may leave at any time.
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.write(b"end")
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    to_alpha = Link(MachineEntry("alpha", "alpha"))
    to_alpha.hold()
    forward = Forward(to_alpha, server.sockets[0].getsockname()[1])
    await forward.start()
    assert forward.local_port != forward.port, "that port is in use here"
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", forward.local_port)
        data = bytes(range(256)) * 8192
        writer.write(data)
        writer.write_eof()  # As `nc -N` does: the answer still comes.
        assert await asyncio.wait_for(reader.read(), 60) == data + b"end"
        writer.close()
        early = socket.create_connection(("127.0.0.1", forward.local_port))
        early.sendall(b"short")
        early.shutdown(socket.SHUT_WR)
        reader, writer = await asyncio.open_connection(sock=early)
        assert await asyncio.wait_for(reader.read(), 60) == b"shortend", "it was there before the connection there"
        writer.close()
        server.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", forward.local_port)
        assert await asyncio.wait_for(reader.read(), 60) == b"", "nothing listens there now"
        writer.close()
    finally:
        await forward.stop()
        await to_alpha.close()
