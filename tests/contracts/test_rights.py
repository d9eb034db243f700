"""Who may do what at each door, as a whole: nobody gets a right, or loses one, without a change of the golden file.

The door between machines has ``tests/unit/machines/test_rights_of_calls.py``.

``tests/recordings/rights.json`` has a row for everything that can be asked at a door, and in it a letter for each
client: "y" if it may, "n" if it may not, "r" if it only looks on, "a" if it asks for the user's attention.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import msgspec
import pytest

from gui.window.remote_control import server as window_server
from session_host.agents.catalog import load_catalog
from session_host.cli import later
from session_host.client import permission
from session_host.client.chats.fork import fork
from session_host.client.chats.handing_over import hand_over
from session_host.client.chats.launch import launch
from session_host.client.chats.launch_spec import Fork, LaunchRequest
from session_host.client.chats.resume import resume
from session_host.client.chats.sleeping import stop_asleep, wake
from session_host.client.sessions.session_info import SessionInfo
from session_host.client.sessions.store_access import open_store
from session_host.errors import NotAllowed, OutliveError
from session_host.host.clients.server import Client
from session_host.paths import config_dir
from session_host.protocol import messages as m
from session_host.protocol.codec import Decoder, encode
from session_host.protocol.facts import SLEEP, ChatFacts, LaterPrompt
from session_host.protocol.messages import FromHost
from session_host.protocol.rights import Right
from session_host.protocol.values import ErrorCode, GridSize, MouseAction, MouseButton, State
from session_host.session.connection import ClientConnection, ConnectionState
from session_host.session.output_ring import Span
from session_host.structured.items import AgentRequest, RequestOption
from session_host.system.processes.permission import AGENT_CHATS, UNKNOWN
from session_host.web import app as page
from session_host.web.devices import Device, Rights
from session_host.web.gate import Address
from tests.support.facts import chat_facts
from tests.support.session_harness import spec_of
from tests.support.session_rules_harness import HELLO_MESSAGE, ID, Harness

pytestmark = pytest.mark.registrations

GOLDEN = Path(__file__).parents[1] / "recordings" / "rights.json"

CLIENTS: dict[str, tuple[str, ...]] = {
    "user": (),
    "its own agent": ("own", "starter"),
    "an agent that it started": ("started", "own", "starter"),
    "the agent that started it": ("starter",),
    "another agent": ("other",),
    "unknown": (UNKNOWN,),
}
"""The clients of a chat, by the agents' chats that they belong to."""

SETS_MODE = AgentRequest("r2", "edit", 1, "Edit?", "", (RequestOption("mode", "More", "allow_always", sets_mode=True),))
INPUTS: tuple[m.ChatInput, ...] = (
    m.Prompt("hello", attachment=ID, sequence=1),
    m.WithdrawPrompt("i1", attachment=ID, sequence=1),
    m.Interrupt(attachment=ID, sequence=1),
    m.SendNow("i1", attachment=ID, sequence=1),
    m.PassAmount("i1", attachment=ID, sequence=1),
    m.ReleaseHeld(attachment=ID, sequence=1),
    m.AnswerRequest("r1", "yes", "", attachment=ID, sequence=1),
    m.ChangeSetting("mode", "bypass", attachment=ID, sequence=1),
)
MESSAGES: tuple[m.Message, ...] = (
    m.Attach(kind="attach"),
    m.Attach(read_only=True),
    m.Follow(ID, output=True),
    m.Received(ID, 1),
    m.Detach(ID),
    m.Resize(ID, GridSize(9, 9)),
    m.Colors(ID, 0, 0, 0, dark=True),
    m.AcceptRefusal(ID),
    m.ClearTerminal(ID, "reset"),
    m.Continue(ID),
    m.Key(ID, 1, "a", "a"),
    m.Typed(ID, 1, "a"),
    m.Paste(ID, 1, "a"),
    m.Mouse(ID, 1, MouseAction.PRESS, MouseButton.LEFT, 0, 0),
    m.Focus(ID, 1, focused=True),
    *INPUTS,
    *(m.SendChatInput(1, each) for each in INPUTS),
    m.AnswerRequest("r2", "mode", "", attachment=ID, sequence=1),
    m.SendChatInput(1, m.AnswerRequest("r2", "mode", "")),
    m.Describe(1),
    m.Peek(1),
    m.PeekColors(1),
    m.Send(1, "hello", enter=True),
    m.Send(1, keys=["Escape"]),
    m.SendLater(1, "hello", "2100-01-01T00:00:00Z"),
    m.WhyAwake(1),
    m.Sleep(1),
    m.Stop(1),
    m.Kill(1),
    m.Rename(1, "new"),
    m.Explain(1),
    m.OpenRequests(1),
    m.Report("hook", "Stop", report_id="of this chat"),
    m.Report("hook", "Stop", report_id="forged"),
    m.AskUser(1, "1", "{}", report_id="of this chat"),
    m.AskUser(1, "1", "{}", report_id="forged"),
)
"""One of each kind of message to a host, and each that needs another right."""


# ---------------------------------------------------------------- the doors


def at_socket(message: m.Message, client: tuple[str, ...], *, is_agent: bool, asks: bool) -> str:
    """What a client may at a chat's socket, where it has attached as well as it may."""
    watch = msgspec.structs.replace(spec_of().watch, ends_all=is_agent, shown_within_s=1.0)
    spec = spec_of(env={AGENT_CHATS: "own:starter" if is_agent else "starter"}, watch=watch)
    harness = Harness().start_program()
    harness.session.report_id = "of this chat"
    kind: Any = harness.session.kind
    kind.asks, kind._watch = lambda: asks, watch
    kind.requests = lambda: {SETS_MODE.id: SETS_MODE}
    host: Any = SimpleNamespace(_origin=client, _driver=SimpleNamespace(spec=spec, session=SimpleNamespace(name="x")))

    def connected(*sent: m.Message) -> ClientConnection:
        connection = ClientConnection(harness.session, object(), lambda right: Client.refusal(host, right))
        for each in sent:
            connection.receive_data(encode(each), None)
        return connection

    connection = connected(HELLO_MESSAGE) if isinstance(message, m.Attach) else connected(HELLO_MESSAGE, m.Attach())
    if connection.state is ConnectionState.CLOSED:
        connection = connected(HELLO_MESSAGE, m.Attach(read_only=True))
    connection.frames.data_to_send()
    connection.receive_data(encode(message), None)
    if isinstance(message, m.Report | m.AskUser):
        return "y" if connection.events_received() else "n"
    decoder, told = Decoder(FromHost), list[Any]()
    for piece in connection.frames.data_to_send():
        told += [] if isinstance(piece, Span) else decoder.feed(piece)
    if any(getattr(each, "code", "") == ErrorCode.NOT_ALLOWED for each in told):
        return "n"
    looks_on = connection.attachment is not None and connection.attachment.read_only
    return "r" if looks_on and hasattr(message, "attachment") else "y"


def named(message: m.Message) -> str:
    """A message's name, and what matters of its content."""
    inner = getattr(message, "chat_input", None)
    words = [key for key in ("read_only", "keys") if getattr(message, key, None)]
    words += ["that sets a mode"] if getattr(inner or message, "agent_request", "") == SETS_MODE.id else []
    words += [message.report_id] if isinstance(message, m.Report | m.AskUser) else []
    return " ".join([_tag(message), *([_tag(inner)] if inner is not None else []), *words])


def _tag(message: m.Message) -> str:
    return str(message.__struct_config__.tag)


Row = Callable[[tuple[str, ...]], str]


def at_sockets() -> Iterator[tuple[str, str, Row]]:
    kinds = {"an agent's chat": (True, False), "an agent's chat that asks": (True, True), "a shell": (False, False)}
    for chat, (is_agent, asks) in kinds.items():
        for each in MESSAGES:
            yield f"socket of {chat}", named(each), partial(at_socket, each, is_agent=is_agent, asks=asks)


def in_window(verb: str) -> str:
    """What the window does for a client: "a" if it only asks for its user's attention."""

    async def does(*_what: object) -> str:
        return "y"

    async def asks(*_what: object) -> str:
        return "a"

    server = window_server.ControlServer(dict.fromkeys(window_server.RIGHTS, does), asks)
    try:
        return str(asyncio.run(server._result(json.dumps({"verb": verb}).encode(), 1)))
    except NotAllowed:
        return "n"


CHAT = "0e9b2c52-6a39-4f7b-9b3c-9d1f6a1c2b3d"
CONVERSATION = "0b9c4c50-6b5e-4f6e-9a57-3a6a4d1c1f00"


def _request(**more: Any) -> LaunchRequest:
    """A start of a program that is not installed."""
    environment = {"HOME": str(Path.home()), "PATH": ""}
    return LaunchRequest(
        agent=load_catalog(config_dir())["claude"], directory=str(Path.home()), environment=environment, **more
    )


async def _started(**more: Any) -> object:
    return await launch(_request(**more))


def _cancelled(record: ChatFacts) -> object:
    return later.cancel(SessionInfo(facts=record))


ENDED: dict[str, Callable[[ChatFacts], Any]] = {
    "resume": lambda chat: resume(chat.id),
    "fork": lambda chat: fork(chat.id),
    "hand over": lambda chat: hand_over(chat.id, _request(token="0" * 32)),
    "start that resumes it": lambda chat: _started(resume=chat),
    "start that forks it": lambda chat: _started(fork=Fork(chat, b"")),
    "start that takes it over": lambda chat: _started(handed_from=chat),
    "start in its conversation": lambda _chat: _started(conversation=CONVERSATION),
    "start in its conversation by an argument": lambda _chat: _started(arguments=["--resume", CONVERSATION]),
    "wake": lambda chat: wake(chat.id, "hello"),
    "stop": lambda chat: asyncio.to_thread(stop_asleep, chat.id),
    "take back a prompt for later": lambda chat: asyncio.to_thread(_cancelled, chat),
}
"""What is done to a chat without a host, which no host refuses."""


def to_ended_chat(what: str, *, is_agent: bool) -> str:
    """What a client may do to a chat that is asleep."""
    with open_store() as store:
        store.remove(CHAT)
        store.insert(
            chat_facts(
                id=CHAT,
                name="x",
                agent="gone" if is_agent else "command",
                agent_chats="own:starter" if is_agent else "starter",
                state=State.EXITED,
                end_request=SLEEP,
                provider_session_id=CONVERSATION,
                later=LaterPrompt("2100-01-01T00:00:00.000Z", "hello"),
            )
        )
        record = store.get(CHAT)
    assert record is not None
    try:
        asyncio.run(ENDED[what](record))
    except NotAllowed:
        return "n"
    except OutliveError:
        pass  # Its agent is gone.
    return "y"


def doors(be: Callable[[Sequence[str], Sequence[str]], object]) -> Iterator[tuple[str, str, Row]]:
    """All doors but the page and bridges: the door, what is asked there, and what a client may.

    Args:
        be: makes the process that is asked, and the one that asks, belong to these agents' chats.
    """

    def asked_by(work: Callable[[str], str], what: str, own: Sequence[str] = ()) -> Row:
        def row(client: tuple[str, ...]) -> str:
            be(own, client)
            return work(what)

        return row

    def acts(work: Callable[[], str], client: Sequence[str]) -> str:
        be(client, ())
        return work()

    yield from at_sockets()
    for chat, is_agent in {"an agent's chat": True, "a command's chat": False}.items():
        for what in ENDED:
            work = partial(to_ended_chat, what, is_agent=is_agent)
            yield f"{chat} that is asleep", what, partial(acts, work)
    for verb in window_server.RIGHTS:
        yield "window of the user", verb, asked_by(in_window, verb)
        yield "window that its own agent opened", verb, asked_by(in_window, verb, CLIENTS["its own agent"])


def on_page() -> Iterator[tuple[str, str]]:
    """What is asked on the page, and the words of the devices that may: the first letters."""
    gate, _end = page.application([Address.of("http://localhost:7070")])
    compressing: Any = gate._app
    for route in compressing.app.routes:
        if route.path.startswith("/api/"):
            method = "POST" if "POST" in route.methods else "GET"
            right = gate._right_for(method, route.path)
            assert right is not None, route.path
            devices = [Device("phone", rights, "", "") for rights in Rights]
            name = route.path.removeprefix("/api/")
            yield f"{method} {name}", "".join("y" if right in device.rights.given else "n" for device in devices)
    yield "keys that type", "".join("y" if Right.CONTROL in rights.given else "n" for rights in Rights)


# ---------------------------------------------------------------- as a whole


def found(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """All of it, as in the golden file."""
    chats: dict[bool, Sequence[str]] = {}

    def be(own: Sequence[str], client: Sequence[str]) -> None:
        chats[True], chats[False] = own, client

    monkeypatch.setattr(permission, "agent_chats", lambda pid: tuple(chats[pid != 1]))
    told: dict[str, Any] = {"clients": list(CLIENTS), "devices": [each.word for each in Rights]}
    config_dir().mkdir(parents=True, exist_ok=True)
    for name, setting in {"": "", ", agents may control all": 'agents_may_control = "all"\n'}.items():
        (config_dir() / "chats.toml").write_text(setting)
        for door, what, row in doors(be):
            told.setdefault(door + name, {})[what] = "".join(map(row, CLIENTS.values()))
    return {**told, "page": dict(on_page())}


@pytest.mark.usefixtures("area")
def test_nobody_may_do_anything_else_than_before(monkeypatch: pytest.MonkeyPatch) -> None:
    told = found(monkeypatch)
    expected = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert told.keys() == expected.keys()
    other = [
        f"{door}: {what}: {rows.get(what)}, not {expected[door].get(what)}"
        for door, rows in told.items()
        if isinstance(rows, dict)
        for what in rows.keys() | expected[door].keys()
        if rows.get(what) != expected[door].get(what)
    ]
    assert not other, "\n".join(other)
    assert told == expected


def test_each_message_of_a_client_is_asked_for() -> None:
    assert {type(each) for each in MESSAGES} | {m.Hello} == set(get_args(m.FromClient))
