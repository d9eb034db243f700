"""Random client messages: the host survives, its agent lives, and its memory is bounded."""

from __future__ import annotations

import asyncio
import random
import re
import typing
from pathlib import Path

import msgspec
import pytest

from session_host.client.control import request
from session_host.errors import ProtocolViolation
from session_host.paths import session_log, session_socket
from session_host.protocol import messages as m
from session_host.protocol.codec import Decoder, encode
from session_host.protocol.messages import FromHost
from session_host.protocol.values import GridSize, State
from session_host.terminal.base import EngineName
from tests.benchmarks.usage import descriptor_count
from tests.programs import program
from tests.support import processes
from tests.support.fuzzing import chance, frame, some, some_frame, times
from tests.support.hosts import end, see, start, watching
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("sessions")

SENSELESS = [m.Hello, m.Attach]
"""Messages that end the connection if they are sent a second time; so they are sent rarely."""

KINDS = [kind for kind in typing.get_args(m.FromClient) if kind not in {m.Stop, m.Kill}]
OFTEN = [kind for kind in KINDS if kind not in SENSELESS]
CONVERSATIONS = 40
GROWTH_MB = 60
"""Allows for caches, the history of input and unused memory of allocators; a leak would be far larger."""


def rss_mb(pid: int) -> float:
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1000


async def converse(choose: random.Random, session_id: str) -> None:
    """Connect, send random messages, mostly after a valid greeting, and close the connection in a random way."""
    reader, writer = await asyncio.open_unix_connection(str(session_socket(session_id)))
    decoder = Decoder(FromHost)
    attachments: list[str] = []

    async def listen() -> None:
        while data := await reader.read(65536):
            messages = decoder.feed(data)
            attachments.extend(
                message.attachment for message in messages if isinstance(message, m.Starting | m.Attached)
            )

    def say(data: bytes) -> None:
        if not writer.transport.is_closing():
            writer.write(data)

    listening = asyncio.ensure_future(listen())
    try:
        if choose.random() < 0.95:
            say(encode(m.Hello(m.PROTOCOL_VERSION, "viewer", "ghostty" if choose.random() < 0.5 else "")))
            if choose.random() < 0.8:
                say(encode(m.Attach(GridSize(80, 24), output=choose.random() < 0.7)))
                await eventually(lambda: attachments or listening.done(), 10, "an answer", every_s=0.001)
        for _ in range(choose.randrange(60)):
            if listening.done() or writer.transport.is_closing():
                break
            data = some_frame(choose, OFTEN if choose.random() < 0.98 else KINDS, attachments, wrong=0.02)
            cut = choose.randrange(len(data) + 1) if choose.random() < 0.1 else len(data)
            say(data[:cut])
            if choose.random() < 0.2:
                await asyncio.wait([listening], timeout=0.001)  # Let other connections send.
            say(data[cut:])
        if choose.random() < 0.3:
            writer.transport.abort()
        elif choose.random() < 0.5 and not writer.transport.is_closing():
            writer.write_eof()
            await asyncio.wait([listening], timeout=0.05)
    except (ConnectionError, OSError):
        pass  # The host has closed the connection, as it should.
    finally:
        listening.cancel()
        result = await asyncio.gather(listening, return_exceptions=True)
        assert not isinstance(result[0], ProtocolViolation), "the host itself said something that is no message"
        writer.close()


@pytest.mark.parametrize("engine", ["ghostty", "pyte"])
async def test_a_host_survives_random_client_messages(engine: EngineName) -> None:
    record = await start(*program("raw_echo", "--until", ""), engine=engine)
    assert record.program.host_pid is not None
    async with watching(record.id, read_only=True) as (viewer, watcher):
        await see(viewer, watcher, "ready")
    with chance() as choose:
        for _ in range(5):
            await converse(choose, record.id)
        pid = (await request(record.id, m.Describe(1))).facts.program.host_pid
        before_mb, before_descriptors = rss_mb(pid), descriptor_count(pid)
        for _ in range(times(CONVERSATIONS // 4)):
            await asyncio.gather(*(converse(choose, record.id) for _ in range(4)))

        description = await request(record.id, m.Describe(1))
        assert (description.facts.outcome.state, description.facts.program.child_pid) == (
            State.RUNNING,
            record.program.child_pid,
        )
        assert description.facts.program.host_pid == pid, "it is still the same host"
        assert processes.is_alive(description.facts.program.child_pid)
        assert 20 <= description.facts.program.size.columns <= 1000
        assert 5 <= description.facts.program.size.rows <= 1000
        await eventually(lambda: descriptor_count(pid) <= before_descriptors + 2, 10, "the host to close what went")
        assert rss_mb(pid) - before_mb < GROWTH_MB * (1 if engine == "ghostty" else 3)
        log = session_log(record.id).read_text()
        assert "Traceback" not in log, log[log.index("Traceback") :][:3000]

        # The host still serves valid clients.
        async with watching(record.id, engine=engine) as (viewer, watcher):
            # A client's request to clear the screen may wait for the end of a sequence; it must not clear what follows.
            viewer.text("\x18\x18")
            await watcher.until(lambda: watcher.damaged > 0, "the echo")
        async with watching(record.id, size=GridSize(100, 30), engine=engine) as (viewer, watcher):
            viewer.text("\r\nsomething sensible")  # From column 0 on, so that it is not wrapped.
            await see(viewer, watcher, "something sensible")
        assert (await request(record.id, m.Describe(1))).host.viewers <= 1, "only the one that is just going"
    await end(record.id)


async def test_the_log_has_one_line_per_event_and_no_text_of_users() -> None:
    record = await start("cat")
    secret = "my-passw0rd\n2026-01-01 forged line\x1b[2J"
    with chance() as choose:
        hello = encode(m.Hello(m.PROTOCOL_VERSION, "viewer"))
        wrong = [
            ["Hello", m.PROTOCOL_VERSION, secret],
            ["Hello", m.PROTOCOL_VERSION, "viewer", secret, secret],
            [secret],
            ["Key", secret, 1, secret, secret, 0, secret],
            ["Mouse", "a", 1, secret, secret, 1, 1],
            ["Send", 1, secret, False, [secret], False],
            ["Rename", 1, secret],
            ["Detach", secret],
            {secret: secret},
            ["Attach", None, [8, 16], False, True, secret, secret, 3, 3],
        ]
        for message in wrong:
            reader, writer = await asyncio.open_unix_connection(str(session_socket(record.id)))
            writer.write((hello if some(choose, [True, True, False]) else b"") + frame(msgspec.msgpack.encode(message)))
            writer.write_eof()
            await asyncio.wait_for(reader.read(), 60)
            writer.close()
    text = session_log(record.id).read_text()
    assert "passw0rd" not in text
    assert "forged" not in text
    assert all(re.match(r"\d{4}-\d\d-\d\d ", line) for line in text.splitlines())
    await end(record.id)
