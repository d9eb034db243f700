"""Recorded messages of the previous protocol version, against the present host and client.

``tests/recordings`` holds real conversations of that version; see ``tests/support/protocol_recorder.py``.
"""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from session_host.client.control import ControlConnection, request
from session_host.client.sessions.listing import describe, list_sessions
from session_host.client.sessions.store_access import open_store
from session_host.errors import ProtocolMismatch
from session_host.protocol.codec import encode
from session_host.protocol.compatibility import encode_for
from session_host.protocol.messages import (
    OLDEST_PROTOCOL_VERSION,
    Description,
    Explain,
    ForegroundEvent,
    Key,
    NoticeEvent,
    Send,
    Text,
)
from session_host.protocol.values import GridSize, State
from tests.support import protocol_recorder
from tests.support.hosts import TIMEOUT_S, peek, start
from tests.support.protocol_recordings import DIRECTORY, Frame, Recording, ReplayedClient, ReplayedHost
from tests.support.waiting import eventually

RECORDING = Recording(DIRECTORY / f"protocol-{OLDEST_PROTOCOL_VERSION}.jsonl")

CODED = {"Error": 1, "InputRefused": 3, "Failed": 2}
"""The index of the error code in each message that refuses something."""


def refusals(messages: list[list[object]]) -> list[tuple[object, object]]:
    return [(values[0], values[CODED[str(values[0])]]) for values in messages if values[0] in CODED]


def recorded(conversation: str) -> list[list[object]]:
    return [frame.values for frame in RECORDING.conversations[conversation] if frame.side == "host"]


# ------------------------------------------------------------------ today's host


@pytest.mark.usefixtures("sessions")
@pytest.mark.parametrize("conversation", sorted({*RECORDING.conversations} - {"later_version"}))
async def test_a_client_of_an_earlier_protocol_is_served(conversation: str) -> None:
    record = await start(*protocol_recorder.PROGRAM, size=GridSize(80, 24))

    async def is_ready() -> bool:
        return "ready" in await peek(record.id)

    async with asyncio.timeout(TIMEOUT_S):
        while not await is_ready():
            pass
    client = ReplayedClient(RECORDING, record.id)
    await client.replay(conversation, TIMEOUT_S)
    assert refusals([values for _, values in client.heard]) == refusals(recorded(conversation))


def test_the_recording_has_all_messages_of_a_client() -> None:
    kinds = {frame.kind for frames in RECORDING.conversations.values() for frame in frames if frame.side == "client"}
    assert kinds == {*RECORDING._messages["client"]}


# ------------------------------------------------------------------ today's client


@pytest.mark.usefixtures("area")
@pytest.mark.parametrize("conversation", list(protocol_recorder.SCRIPTS))
async def test_a_client_understands_a_host_of_an_earlier_protocol(conversation: str) -> None:
    host = ReplayedHost(RECORDING, conversation)
    async with host.listening():
        shown = await protocol_recorder.SCRIPTS[conversation](RECORDING.session_id)
        await eventually(lambda: host.problems or not any(host.left.values()), 5, lambda: f"{host.left} to be said")
    assert host.problems == []
    expected = {
        "watch_and_type": "ready\nhello\nApasted\nunseen",
        "come_back": "ready\ntyped meanwhile",
        "watch_natively": "ready",
        "ask": "a title, another title, another name: ['ready', 'first']",
        "stop": "exited, None, 15",
        "kill": "exited, None, 9",
    }
    assert shown.rstrip("\n") == expected[conversation]


@pytest.mark.usefixtures("area")
async def test_a_host_of_an_earlier_protocol_is_listed() -> None:
    host = ReplayedHost(RECORDING, "ask")
    async with host.listening():
        described = await asyncio.to_thread(describe, RECORDING.session_id)
        assert described is not None
        assert (described.state, described.version, described.keeper_pid) == (State.RUNNING, "", None)

        def listed() -> list[tuple[str, int | None]]:
            with open_store() as store:  # The store is new; its rows are made from the replies of such hosts.
                return [(info.state, info.child_pid) for info in list_sessions(store, ended=False)]

        host.left[0].extendleft([_hello(), _hello()])
        assert await asyncio.to_thread(listed) == [("running", described.child_pid)]
    assert host.problems == []


def _hello() -> Frame:
    return RECORDING.conversations["ask"][0]


@pytest.mark.usefixtures("area")
async def test_a_host_with_an_unknown_protocol_is_reported_as_another_version() -> None:
    host = ReplayedHost(RECORDING, "ask", speaks=0)
    async with host.listening():
        with pytest.raises(ProtocolMismatch, match="this chat speaks protocol"):
            async with ControlConnection(RECORDING.session_id):
                pass
        assert await asyncio.to_thread(describe, RECORDING.session_id) is None


@pytest.mark.usefixtures("area")
async def test_a_request_that_an_earlier_protocol_lacks_is_refused_before_it_is_sent() -> None:
    host = ReplayedHost(RECORDING, "ask")
    async with host.listening():
        with pytest.raises(ProtocolMismatch, match="`outlive upgrade`"):
            await request(RECORDING.session_id, Explain(0))
    assert host.problems == []


# ------------------------------------------------------------------ messages left out for it


def test_messages_unknown_to_an_earlier_protocol_are_not_sent_to_it() -> None:
    description = Description(
        request=1, session_id="x", name="n", agent="a", state=State.RUNNING, exit_code=None, exit_signal=None,
        activity="idle", activity_source="", activity_since="", title="", size=GridSize(80, 24), viewers=0,  # type: ignore[arg-type]
        engine="pyte", host_pid=1, child_pid=2, offset=3, argv=[], cwd="/", created_at="",
        keeper_pid=4, version="9", journal_bytes=5, notice="n",
    )  # fmt: skip
    with pytest.raises(msgspec.ValidationError):
        RECORDING.decode("host", encode(description)[4:])
    assert RECORDING.decode("host", encode_for(1, description)[4:]).created_at == ""
    with pytest.raises(msgspec.ValidationError):
        RECORDING.decode("client", encode(Send(1, token="0" * 32))[4:])
    assert RECORDING.decode("client", encode_for(1, Send(1, "x", token="0" * 32))[4:]).text == "x"
    assert encode_for(1, NoticeEvent("recording", "full")) == b""
    ended = ForegroundEvent("", "now", 2, "now")
    assert msgspec.msgpack.decode(encode_for(5, ended)[4:]) == ["ForegroundEvent", "", "now"]
    assert len(msgspec.msgpack.decode(encode_for(5, description)[4:])) == 31
    assert RECORDING.decode("client", encode_for(1, Key("a", 1, "Enter", may_detach=True))[4:]).key == "Enter"
    text = Text("a", 1, "typed")
    assert encode_for(1, text) == encode(text)
