"""A viewer follows a chat on another machine while its link is cut again and again."""

from __future__ import annotations

import asyncio
import random
import re
import sys
from functools import partial
from pathlib import Path

from session_host.client.sessions.listing import session_named
from session_host.client.viewer.state import FINAL_STATES, NO_DELEGATE, ViewerState
from session_host.client.viewer.viewer import Viewer
from session_host.machines.forwarding import Forward
from session_host.machines.link import Link
from session_host.machines.names import MachineEntry
from session_host.machines.remote import RemoteMachine
from session_host.protocol.values import GridSize
from session_host.system import event_loop
from tests.support.commands import outlive
from tests.support.ssh_machines import SshMachine
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


def test_no_key_and_no_byte_is_lost_or_doubled_when_the_link_is_cut(alpha: SshMachine, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    assert outlive("new", "-d", "--on", "alpha", "-n", "log", "--", sys.executable, str(program)).code == 0
    seen = event_loop.run(_type_during_cuts(alpha))
    expected = [f"{number:04}" for number in range(LINES)] + ["end"]
    assert (alpha.home / "received").read_text().split() == expected
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
                lambda: f"{viewer.pending} {viewer.state} {viewer.message} {machine.link.state} {machine.link.error}",
            )
        viewer.text("end")
        viewer.key("Enter", "\r")
        await eventually(lambda: viewer.state in FINAL_STATES, 30, lambda: f"the end, in {viewer.state}")
        assert viewer.state is ViewerState.ENDED, viewer.message
        assert viewer.emulator is not None
        rows = viewer.emulator.history(0, viewer.emulator.scrollback_rows) + viewer.emulator.rows()
        viewer.close()
        return [row.text().strip() for row in rows]
    finally:
        await machine.link.close()


def _has_few_pending(viewer: Viewer, most: int) -> bool:
    return viewer.pending <= most


def test_a_port_of_the_machine_is_reached_here(alpha: SshMachine) -> None:
    event_loop.run(_use_a_port())


async def _use_a_port() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    link = Link(MachineEntry("alpha", "alpha"))
    link.hold()
    forward = Forward(link, server.sockets[0].getsockname()[1])
    await forward.start()
    assert forward.local_port != forward.port, "that port is in use here"
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", forward.local_port)
        data = bytes(range(256)) * 8192
        writer.write(data)
        assert await asyncio.wait_for(reader.readexactly(len(data)), 30) == data
        writer.close()
        server.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", forward.local_port)
        assert await asyncio.wait_for(reader.read(), 30) == b"", "nothing listens there now"
        writer.close()
    finally:
        await forward.stop()
        await link.close()
