"""Records real conversations between a client and a host, to test the compatibility of later versions.

::

    git clone --quiet . /tmp/previous && git -C /tmp/previous checkout --quiet COMMIT
    PYTHONPATH=/tmp/previous python -P tests/support/protocol_recorder.py tests/recordings/protocol-1.jsonl

It runs hosts and clients of the ``session_host`` on the import path, with a proxy between them, and uses no other part
of the project. Each script here is one conversation, run by the client's own code. Tests replay it with the current
client against the recorded messages of the host.

A recording has one JSON object in each line. The first line describes the recording: ``protocol``, ``version``,
``session_id``, and ``messages``, the recorded version's structs of either side: name → [[field, type, required], …]. A
type is "int", "str", "bytes", "bool" or "null", or an object with one key: ``list`` of a type, ``union`` of types,
``values`` that are allowed, ``array`` of the fields of a struct without a name. Every further line is a frame without
its length: ``conversation``, ``connection`` (counted from 0 in each conversation), ``from`` ("client" or "host") and
``payload``, in base64.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self, get_args

import msgspec

from session_host.agents.catalog import load_catalog
from session_host.client.chats.launch import launch
from session_host.client.chats.launch_request import LaunchRequest
from session_host.client.control import ControlConnection
from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.errors import HostUnavailable, UsageError
from session_host.paths import session_socket
from session_host.protocol import messages
from session_host.protocol.codec import LENGTH_BYTES, encode
from session_host.protocol.messages import Attach, Describe, Hello, Key, Kill, Peek, Rename, Send, Stop
from session_host.protocol.values import CellSize, GridSize, KeyAction, Modifiers, MouseAction, MouseButton
from session_host.terminal.base import DefaultColors
from session_host.version import VERSION

TIMEOUT_S = 60.0
PROGRAM = ["sh", "-c", "stty -echo; printf '\\033]2;a title\\007ready\\n'; exec cat"]
EVENTS = "\x1b]9;Run it?\x07\x07\x1b]52;c;Y29waWVk\x07\x1b]2;another title\x07"
"""A line that makes the program write a notification, the bell, a clipboard text, and a title."""


class Follower:
    """A viewer's delegate that records its callbacks."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.refusals: list[Any] = []
        self._changed = asyncio.Event()

    def viewer_state(self, state: ViewerState, message: str) -> None:
        self._changed.set()

    def viewer_replaced(self) -> None:
        self._changed.set()

    def viewer_damaged(self) -> None:
        self._changed.set()

    def viewer_event(self, event: Any) -> None:
        self.events.append(event)
        self._changed.set()

    def viewer_refused(self, refusal: Any) -> None:
        self.refusals.append(refusal)
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition; it is also checked at intervals, since acknowledgements cause no callback."""
        async with asyncio.timeout(TIMEOUT_S):
            while not condition():
                self._changed.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 0.01)


def _shown(viewer: Viewer) -> str:
    return "\n".join(row.text() for row in viewer.emulator.rows()) if viewer.emulator is not None else ""


@asynccontextmanager
async def _live(session_id: str, *, portable: bool = False) -> AsyncIterator[tuple[Viewer, Follower]]:
    follower = Follower()
    viewer = Viewer(session_id, follower, size=GridSize(90, 30), cell=CellSize(8, 16))
    if portable:
        viewer._rules.engine_build = ""  # like a client with another build of the engine
    viewer.start()
    try:
        await follower.until(lambda: viewer.state is ViewerState.LIVE and "ready" in _shown(viewer))
        yield viewer, follower
    finally:
        viewer.close()
        await viewer.closed()


# ------------------------------------------------------------------ the conversations


async def watch_and_type(session_id: str) -> str:
    """Attach with the snapshot that any engine reads, make input of each kind, resize, hide and show the viewer."""
    async with _live(session_id, portable=True) as (viewer, follower):

        async def delivered() -> None:
            await follower.until(lambda: viewer.pending == 0)

        viewer.text("hello")
        await delivered()
        viewer.key("Enter", "\r")
        await delivered()
        await follower.until(lambda: "hello" in _shown(viewer))
        viewer.key("a", "A", int(Modifiers.SHIFT), KeyAction.PRESS)
        await delivered()
        viewer.paste("pasted\n")
        await delivered()
        viewer.mouse(MouseAction.PRESS, MouseButton.LEFT, 3, 4)
        await delivered()
        viewer.focus(True)
        await delivered()
        await follower.until(lambda: "Apasted" in _shown(viewer))
        viewer.resize(GridSize(100, 32), CellSize(8, 16))
        await follower.until(lambda: viewer.emulator is not None and viewer.emulator.size == GridSize(100, 32))
        viewer.set_colors(DefaultColors(0x1A1E24, 0xFFFFFF, 0x1A1E24, False))
        viewer.follow(False)
        viewer.text("unseen\n")
        await delivered()
        viewer.follow(True)
        await follower.until(lambda: "unseen" in _shown(viewer))
        assert follower.refusals == []
        return _shown(viewer)


async def come_back(session_id: str) -> str:
    """Break the connection; the viewer reconnects, gets only the missed output, and types again."""
    async with _live(session_id, portable=True) as (viewer, follower):
        emulator = viewer.emulator
        assert viewer._connection is not None
        viewer._connection.drop()
        await follower.until(lambda: viewer.state is not ViewerState.LIVE)
        viewer.text("typed meanwhile\n")
        await follower.until(lambda: viewer.state is ViewerState.LIVE and viewer.pending == 0)
        await follower.until(lambda: "typed meanwhile" in _shown(viewer))
        assert viewer.emulator is emulator
        return _shown(viewer)


async def watch_natively(session_id: str) -> str:
    """Attach with the engine's own snapshot."""
    async with _live(session_id) as (viewer, _):
        return _shown(viewer)


async def ask(session_id: str) -> str:
    """Make requests, each with a reply, on a connection that also receives events."""
    async with ControlConnection(session_id) as connection:
        connection.follow(output=False)
        described = await connection.request(Describe(0))
        await connection.request(Peek(0, 0, True, True))
        await connection.request(Send(0, text="first\n", paste=True))
        await connection.request(Send(0, text=EVENTS, keys=["Enter"]))
        async with asyncio.timeout(TIMEOUT_S):
            async for message in connection.messages():
                if isinstance(message, messages.TitleEvent) and message.title == "another title":
                    break
        with suppress(UsageError):
            await connection.request(Rename(0, "a name with a bell\x07"))
        await connection.request(Rename(0, "another name"))
        renamed = await connection.request(Describe(0))
        screen = await connection.request(Peek(0, 2))
    return f"{described.title}, {renamed.title}, {renamed.name}: {screen.lines}"


async def stop(session_id: str) -> str:
    """Make a Stop request on a connection that also follows the session."""
    return await _end(session_id, Stop(0))


async def kill(session_id: str) -> str:
    """Make a Kill request."""
    return await _end(session_id, Kill(0))


async def _end(session_id: str, request: Stop | Kill) -> str:
    ended = ""
    async with ControlConnection(session_id) as connection:
        connection.follow(output=True)
        connection.send_only(msgspec.structs.replace(request, request=1))
        async with asyncio.timeout(TIMEOUT_S):
            async for message in connection.messages():
                if isinstance(message, messages.StateEvent):
                    ended = f"{message.state}, {message.exit_code}, {message.exit_signal}"
    return ended


Script = Callable[[str], Awaitable[str]]

SCRIPTS: dict[str, Script] = {
    each.__name__: each for each in (watch_and_type, come_back, watch_natively, ask, stop, kill)
}
"""The conversations by name. Each has its own session, in which PROGRAM has written that it is ready."""


def _misuse(session_id: str) -> str:
    """Send messages that a host refuses, and messages for which it drops the client."""
    return _raw(
        session_id,
        Hello(messages.PROTOCOL_VERSION, "viewer"),
        Attach(),
        Key("0" * 32, 1, "a", "a"),
        Attach(),
    )


def _later_version(session_id: str) -> str:
    """Send unknown messages, as a client of a later version."""
    return _raw(session_id, Hello(messages.PROTOCOL_VERSION + 1, "viewer"))


def _raw(session_id: str, *to_send: messages.Message) -> str:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(TIMEOUT_S)
        connection.connect(str(session_socket(session_id)))
        for message in to_send:
            connection.sendall(encode(message))
        while connection.recv(65536):
            pass
    return ""


RAW = {"misuse": _misuse, "later_version": _later_version}


# ------------------------------------------------------------------ the proxy


class Proxy:
    """A proxy between a session's clients and its host that records every frame."""

    def __init__(self, session_id: str, conversation: str) -> None:
        self.lines: list[dict[str, Any]] = []
        self._conversation = conversation
        self._path = session_socket(session_id)
        self._real = self._path.with_suffix(".real")
        self._connections = 0
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._path.rename(self._real)
        self._server = await asyncio.start_unix_server(self._serve, self._path)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        with suppress(FileNotFoundError):
            self._real.rename(self._path)

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        number, self._connections = self._connections, self._connections + 1
        host, to_host = await asyncio.open_unix_connection(self._real)
        ways = [
            asyncio.create_task(self._pass_on(client, to_host, number, "client")),
            asyncio.create_task(self._pass_on(host, to_client, number, "host")),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for writer in (to_host, to_client):
            writer.close()
        for way in ways:
            way.cancel()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int, side: str
    ) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = await reader.readexactly(LENGTH_BYTES)
                payload = await reader.readexactly(int.from_bytes(length, "big"))
                self.lines.append(
                    {
                        "conversation": self._conversation,
                        "connection": connection,
                        "from": side,
                        "payload": base64.b64encode(payload).decode(),
                    }
                )
                writer.write(length + payload)
                await writer.drain()


# ------------------------------------------------------------------ the message types


def _structs(union: Any) -> dict[str, list[list[Any]]]:
    return {each.__name__: _fields(msgspec.inspect.type_info(each)) for each in get_args(union)}


def _fields(info: Any) -> list[list[Any]]:
    return [[field.name, _type(field.type), field.required] for field in info.fields]


def _type(info: Any) -> Any:
    inspect = msgspec.inspect
    match info:
        case inspect.BoolType():
            return "bool"
        case inspect.IntType():
            return "int"
        case inspect.StrType():
            return "str"
        case inspect.BytesType():
            return "bytes"
        case inspect.NoneType():
            return "null"
        case inspect.ListType(item_type=item):
            return {"list": _type(item)}
        case inspect.UnionType(types=types):
            return {"union": [_type(each) for each in types]}
        case inspect.LiteralType(values=values):
            return {"values": list(values)}
        case inspect.EnumType(cls=cls):
            return {"values": [each.value for each in cls]}
        case inspect.StructType():
            return {"array": _fields(info)}
        case _:
            raise TypeError(f"no word for {info}")


async def _record(path: Path) -> None:
    lines: list[dict[str, Any]] = []
    for name in [*SCRIPTS, *RAW]:
        record = await launch(
            LaunchRequest(
                agent=load_catalog(Path("/nowhere"))["command"],
                arguments=PROGRAM,
                name=name,
                directory="/",
                environment={"PATH": os.environ["PATH"], "TERM": "xterm-256color"},
            )
        )
        async with ControlConnection(record.id) as connection:
            while "ready" not in (await connection.request(Peek(0))).lines:
                pass
        async with Proxy(record.id, name) as proxy:
            if name in SCRIPTS:
                print(name, repr(await SCRIPTS[name](record.id)))  # noqa: T201 - a tool
            else:
                await asyncio.to_thread(RAW[name], record.id)
        with suppress(HostUnavailable):
            async with ControlConnection(record.id) as connection:
                await connection.request(Kill(0))
        # All conversations use one session id, so that one host can play them.
        lines += proxy.lines
        head_id = lines[0].setdefault("id", record.id)
        for line in proxy.lines:
            payload = base64.b64decode(line["payload"])
            line["payload"] = base64.b64encode(payload.replace(record.id.encode(), head_id.encode())).decode()
    head = {
        "protocol": messages.PROTOCOL_VERSION,
        "version": VERSION,
        "session_id": lines[0].pop("id"),
        "messages": {"client": _structs(messages.FromClient), "host": _structs(messages.FromHost)},
    }
    path.write_text("".join(json.dumps(line) + "\n" for line in [head, *lines]))


def main() -> None:
    """Record into the file that the argument names."""
    with tempfile.TemporaryDirectory(prefix="record-") as area:
        for variable in ("RUNTIME", "STATE", "CONFIG"):
            directory = Path(area, variable.lower())
            directory.mkdir(mode=0o700)
            os.environ[f"OUTLIVE_{variable}_DIR"] = str(directory)
        asyncio.run(_record(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
