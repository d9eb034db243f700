"""Playbooks of one client's connection: messages in, messages out."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from session_host.host.clients import server
from session_host.host.clients.server import Client
from session_host.host.clients.socket_transport import SocketTransport
from session_host.protocol import messages as m
from session_host.protocol.codec import HostDecoder, encode
from session_host.protocol.values import GridSize, State
from session_host.session.connection import ConnectionState
from session_host.session.subscription import OUTPUT_EVENT_INTERVAL_S
from session_host.terminal import engine_build
from session_host.version import VERSION
from tests.support.session_harness import SESSION_ID, SessionHarness, session_harness

HELLO = m.Hello(m.PROTOCOL_VERSION, "viewer", engine_build("pyte"))


class FakeWire(SocketTransport):
    """Keeps the sent messages."""

    def __init__(self, *_: object) -> None:
        self._decoder = HostDecoder()
        self.got: list[Any] = []
        self.queued_bytes = 0
        self.peer_pid = 0
        self.closed = False

    def write(self, data: bytes) -> None:
        if not self.closed:
            self.got.extend(self._decoder.feed(data))

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def take(self) -> list[Any]:
        """Return the messages since the last call."""
        got, self.got = self.got, []
        return got


class RecordingOwner:
    """An owner of clients that records their requests."""

    def __init__(self) -> None:
        self.requests: list[m.Request] = []

    def client_closed(self, client: Client) -> None:
        """Do nothing."""

    def handle_client_request(self, client: Client, request: m.Request) -> None:
        self.requests.append(request)


class ClientsHarness:
    """A session without a program, and its clients."""

    def __init__(self, harness: SessionHarness) -> None:
        self.harness = harness
        self.driver = harness.host()
        self.session = harness.session
        self.session.program_runs()
        self.server = RecordingOwner()

    def output(self, data: bytes) -> None:
        """Write output of the program."""
        self.harness.write_output(data)

    def program_reads(self) -> None:
        """Let the program read the typed input."""
        assert self.harness.input_log.send_pending()
        self.session.acknowledge_inputs(self.session.pending.collect_delivered())
        self.driver.performer.perform()

    def client(self, *messages: m.Message) -> tuple[Client, FakeWire]:
        with socket.socket() as unused:
            client = Client(unused, self.driver, cast("server.Server", self.server))
        assert isinstance(client.transport, FakeWire)
        say(client, *messages)
        return client, client.transport


@pytest.fixture
async def host(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ClientsHarness]:
    monkeypatch.setattr(server, "make_transport", FakeWire)
    with session_harness() as harness:
        host = ClientsHarness(harness)
        yield host


def kinds(messages: list[Any]) -> list[str]:
    return [type(message).__name__ for message in messages]


def say(connection: Client, *messages: m.Message) -> None:
    for message in messages:
        connection.data_received(encode(message))


async def turn() -> None:
    """Let due timers and the emulator's thread run."""
    loop = asyncio.get_running_loop()
    for _ in range(5):
        done = loop.create_future()
        loop.call_soon(done.set_result, None)
        await done


async def snapshot(wire: FakeWire) -> list[Any]:
    """Wait for a whole snapshot; returns all messages up to it, and those that follow at once."""
    async with asyncio.timeout(60):
        while not any(isinstance(message, m.SnapshotPart) and message.last for message in wire.got):
            await turn()
    return wire.take()


async def test_a_client_greets_attaches_types_and_gets_output(host: ClientsHarness) -> None:
    host.output(b"before")
    connection, wire = host.client(HELLO)
    assert wire.take() == [m.Welcome(m.PROTOCOL_VERSION, VERSION, SESSION_ID, State.RUNNING)]
    say(connection, m.Attach())
    got = await snapshot(wire)
    assert kinds(got) == ["Attached", "ActivityEvent", "SnapshotPart"]
    attached, _, part = got
    assert (attached.offset, attached.resumed, part.offset, part.form) == (6, False, 6, engine_build("pyte"))
    host.output(b"after")
    assert wire.take() == [m.Output(6, b"after")]
    say(connection, m.Detach(attached.attachment))
    host.output(b"unseen")
    assert wire.take() == []
    assert connection.connection.state is ConnectionState.GREETED


async def test_a_reconnected_client_gets_the_missed_output_with_resizes_in_place(host: ClientsHarness) -> None:
    connection, wire = host.client(HELLO, m.Attach())
    attachment = (await snapshot(wire))[1].attachment
    host.output(b"one")
    connection.connection_lost()
    host.output(b"two")
    host.session.ring.resized(m.Resized(6, GridSize(50, 7), number=1))
    host.output(b"three")
    _, wire = host.client(HELLO, m.Attach(resume=attachment, offset=3))
    _, attached, _, *rest = wire.take()
    assert (attached.attachment, attached.resumed, attached.offset) == (attachment, True, 3)
    assert rest == [m.Output(3, b"two"), m.Resized(6, GridSize(50, 7), number=1), m.Output(6, b"three")]


async def test_a_client_that_is_far_behind_gets_a_fresh_snapshot(host: ClientsHarness) -> None:
    connection, wire = host.client(HELLO, m.Attach())
    await snapshot(wire)
    connection.pause_writing()
    for _ in range(3):
        host.output(b"\r" * (1024 * 1024))
    assert wire.take() == []
    connection.resume_writing()
    got = await snapshot(wire)
    assert got[0].offset <= host.driver.output_file.end


async def test_a_follower_of_events_gets_occasional_output_events(host: ClientsHarness) -> None:
    assert OUTPUT_EVENT_INTERVAL_S >= 0.5
    _, wire = host.client(HELLO, m.Attach(output=False))
    wire.take()
    for _ in range(100):
        host.output(b"x")
    assert wire.take() == [m.OutputEvent(1)]


async def test_input_is_accepted_once_and_input_of_a_foreign_attachment_is_refused(host: ClientsHarness) -> None:
    first, wire = host.client(HELLO, m.Attach(output=False))
    attachment = wire.take()[1].attachment
    other, other_wire = host.client(HELLO, m.Attach(output=False))
    other_wire.take()
    say(other, m.Text(attachment, 1, "intruder"))
    refusal = other_wire.take()[0]
    assert (refusal.code, refusal.sequence) == (m.ErrorCode.STALE_ATTACHMENT, 1)
    say(first, m.Text(attachment, 1, "a"), m.Text(attachment, 1, "a"), m.Text(attachment, 2, "b"))
    host.program_reads()
    assert host.harness.read_typed() == b"ab"
    host.output(b"ab")
    async with asyncio.timeout(60):
        while m.InputAck(attachment, 2) not in wire.got:
            await turn()
    assert [message.sequence for message in wire.take() if isinstance(message, m.InputAck)] == [1, 2]
