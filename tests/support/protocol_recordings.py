"""Reads recordings of ``protocol_recorder``: an earlier version's message types, and conversations."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple, Union

import msgspec

from session_host.paths import session_socket
from session_host.protocol.codec import LENGTH_BYTES

DIRECTORY = Path(__file__).resolve().parent.parent / "recordings"

INPUTS = frozenset({"Key", "Text", "Paste", "Mouse", "Focus"})
REQUESTS = frozenset({"Describe", "Peek", "Send", "Stop", "Kill", "Rename"})
REPLIES = frozenset({"Description", "Screen", "Done", "Failed"})

Side = Literal["client", "host"]


class Frame(NamedTuple):
    """One message of a conversation."""

    connection: int
    side: Side
    payload: bytes

    @property
    def values(self) -> list[Any]:
        """The message's kind, and its fields in order."""
        values: list[Any] = msgspec.msgpack.decode(self.payload)
        return values

    @property
    def kind(self) -> str:
        """The message's kind."""
        return str(self.values[0])


class Recording:
    """The contents of one recording file.

    Attributes:
        protocol: the protocol version of both sides.
        session_id: the id of the session in all conversations.
        conversations: the frames of each conversation by its name, in order.
    """

    def __init__(self, path: Path) -> None:
        head, *lines = map(json.loads, path.read_text().splitlines())
        self.protocol: int = head["protocol"]
        self.session_id: str = head["session_id"]
        self._messages: dict[Side, dict[str, list[list[Any]]]] = head["messages"]
        self._decoders = {side: _decoder(structs) for side, structs in self._messages.items()}
        self.conversations: dict[str, list[Frame]] = {}
        for line in lines:
            frame = Frame(line["connection"], line["from"], base64.b64decode(line["payload"]))
            self.conversations.setdefault(line["conversation"], []).append(frame)

    def decode(self, side: Side, payload: bytes) -> Any:
        """Decode a message as the earlier version does: unknown parts are errors.

        Raises:
            msgspec.ValidationError: the earlier version had no such message.
        """
        return self._decoders[side].decode(payload)

    def field_index(self, side: Side, kind: str, field: str) -> int | None:
        """The index of a field in ``Frame.values``; None if the message has no such field."""
        names = [name for name, *_ in self._messages[side][kind]]
        return names.index(field) + 1 if field in names else None


def _decoder(structs: dict[str, list[list[Any]]]) -> msgspec.msgpack.Decoder[Any]:
    types = [_struct(name, fields, tag=name) for name, fields in structs.items()]
    return msgspec.msgpack.Decoder(Union[tuple(types)])  # noqa: UP007 - of types that are only known now


def _struct(name: str, fields: list[list[Any]], *, tag: str | None = None) -> type[msgspec.Struct]:
    wanted: list[Any] = []
    for field, kind, required in fields:
        if required:
            wanted.append((field, _type(kind)))
        else:
            wanted.append((field, Union[_type(kind), msgspec.UnsetType], msgspec.UNSET))  # noqa: UP007
    return msgspec.defstruct(name, wanted, array_like=True, tag=tag, forbid_unknown_fields=True, frozen=True)


_PLAIN = {"int": int, "str": str, "bytes": bytes, "bool": bool, "null": None}


def _type(kind: Any) -> Any:
    match kind:
        case str():
            return _PLAIN[kind]
        case {"list": item}:
            return list[_type(item)]  # type: ignore[misc] # a type that is only known now
        case {"union": kinds}:
            return Union[tuple(_type(each) for each in kinds)]  # noqa: UP007
        case {"values": values}:
            return Literal[tuple(values)]
        case {"array": fields}:
            return _struct("value", fields)
        case _:
            raise TypeError(f"unknown type {kind}")


def framed(values: list[Any]) -> bytes:
    """A message's values as a frame."""
    payload = msgspec.msgpack.encode(values)
    return len(payload).to_bytes(LENGTH_BYTES, "big") + payload


async def read_payload(reader: asyncio.StreamReader) -> bytes | None:
    """Read the next frame; return it without its length, None at the end."""
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        return await reader.readexactly(int.from_bytes(await reader.readexactly(LENGTH_BYTES), "big"))
    return None


# ------------------------------------------------------------------ the client's side


class ReplayedClient:
    """Replays an earlier version's client to a host of this version, and decodes the replies as that client did.

    Values that a host generates (attachments, the epoch, offsets) replace the recorded ones.
    """

    def __init__(self, recording: Recording, session_id: str) -> None:
        self._recording = recording
        self._session_id = session_id
        self._writers: dict[int, asyncio.StreamWriter] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()
        self._attachments: dict[str, str] = {}
        self._epoch = ""
        self._offset = 0
        self._resizes = 0
        self.heard: list[tuple[int, list[Any]]] = []
        """Connection, and the values of each message that came on it."""

    async def replay(self, conversation: str, timeout_s: float) -> None:
        """Replay a conversation; waits for the reply to each message."""
        frames = self._recording.conversations[conversation]
        try:
            async with asyncio.timeout(timeout_s):
                for frame, following in zip(frames, [*frames[1:], None], strict=True):
                    if frame.side == "client":
                        before = len(self.heard)
                        await self._send(frame)
                        if following is not None and following.kind in {"Output", "Resized"}:
                            # Output and grid size arrive a moment later; the next message must not overtake them.
                            awaited = following.kind
                            await self._until(lambda: any(h[0] == awaited for _, h in self.heard[before:]))  # noqa: B023
                wanted = {frame.kind for frame in frames if frame.side == "host"} - {"Starting"}
                await self._until(lambda: wanted <= {values[0] for _, values in self.heard})
        finally:
            for writer in self._writers.values():
                writer.close()
            await asyncio.gather(*self._tasks)

    async def _send(self, frame: Frame) -> None:
        if frame.connection not in self._writers:
            for previous in self._writers.values():
                previous.close()
            await self._connect(frame.connection)
        values = self._with_current_values(frame)
        before = len(self.heard)
        self._writers[frame.connection].write(framed(values))
        kind = frame.kind

        def came(*kinds: str) -> bool:
            return any(heard[0] in kinds for _, heard in self.heard[before:])

        if kind == "Hello":
            await self._until(lambda: came("Welcome", "Error"))
        elif kind == "Attach":
            await self._until(lambda: came("Attached", "Error"))
            # The host decides whether it sends a snapshot or only the missing output.
            attached = next((heard for _, heard in self.heard[before:] if heard[0] == "Attached"), None)
            wants_output = values[4] if len(values) > 4 else True
            if wants_output and attached is not None and not attached[self._host_field_index("Attached", "resumed")]:
                await self._until(lambda: any(h[0] == "SnapshotPart" and h[6] for _, h in self.heard[before:]))
        elif kind in INPUTS:
            await self._until(lambda: came("InputRefused") or self._acknowledged(values[2]))
        elif kind in REQUESTS:
            await self._until(lambda: any(h[0] in REPLIES and h[1] == values[1] for _, h in self.heard[before:]))

    def _host_field_index(self, kind: str, field: str) -> int:
        index = self._recording.field_index("host", kind, field)
        assert index is not None
        return index

    def _acknowledged(self, sequence: int) -> bool:
        return any(heard[0] == "InputAck" and heard[2] >= sequence for _, heard in self.heard)

    async def _connect(self, number: int) -> None:
        reader, self._writers[number] = await asyncio.open_unix_connection(session_socket(self._session_id))
        task = asyncio.create_task(self._listen(number, reader))
        task.add_done_callback(lambda _: self._changed.set())
        self._tasks.append(task)

    async def _listen(self, number: int, reader: asyncio.StreamReader) -> None:
        while (payload := await read_payload(reader)) is not None:
            self._recording.decode("host", payload)
            values: list[Any] = msgspec.msgpack.decode(payload)
            match values[0]:
                case "Attached" | "Starting":
                    self._take_attachment(number, values)
                case "SnapshotPart":
                    self._offset, self._resizes = values[1], values[2]
                case "Output":
                    self._offset = values[1] + len(values[2])
                case "Resized":
                    self._resizes = values[4]
            self.heard.append((number, values))
            self._changed.set()

    def _take_attachment(self, number: int, values: list[Any]) -> None:
        if values[0] == "Attached":
            self._epoch = values[2]
        recorded = {
            frame.values[1]
            for frames in self._recording.conversations.values()
            for frame in frames
            if frame.connection == number and frame.kind in {"Attached", "Starting"}
        }
        self._attachments |= dict.fromkeys(recorded, values[1])

    def _with_current_values(self, frame: Frame) -> list[Any]:
        values = frame.values
        for field, now in (("epoch", self._epoch), ("offset", self._offset), ("resizes", self._resizes)):
            index = self._recording.field_index("client", frame.kind, field)
            if index is not None and index < len(values) and values[index] not in {"", -1}:
                values[index] = now
        for field in ("attachment", "resume"):
            index = self._recording.field_index("client", frame.kind, field)
            if index is not None and index < len(values):
                values[index] = self._attachments.get(values[index], values[index])
        return values

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            for task in self._tasks:
                if task.done():
                    task.result()  # Raises the error of a message that the earlier version could not decode.
            await self._changed.wait()


# ------------------------------------------------------------------ the host's side


class ReplayedHost:
    """Replays an earlier version's host from one recorded conversation; refuses messages unknown to that version.

    Attributes:
        problems: differences from the recorded client's messages.
        left: the recorded client's messages that have not come yet, by connection.
    """

    def __init__(self, recording: Recording, conversation: str, *, speaks: int | None = None) -> None:
        """``speaks`` is the only accepted protocol version; by default the recording's."""
        self._protocol = recording.protocol if speaks is None else speaks
        self._recording = recording
        self._frames = recording.conversations[conversation]
        self._connections = 0
        self.problems: list[str] = []
        self.left: dict[int, deque[Frame]] = {}
        for frame in self._frames:
            if frame.side == "client":
                self.left.setdefault(frame.connection, deque()).append(frame)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Accept connections at the socket of the recorded session."""
        tasks: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            try:
                await self._serve(reader, writer)
            except (msgspec.ValidationError, AssertionError) as error:
                self.problems.append(repr(error))
            finally:
                writer.close()

        path = session_socket(self._recording.session_id)
        server = await asyncio.start_unix_server(serve, path)
        try:
            yield
        finally:
            server.close()
            if tasks:
                await asyncio.wait(tasks, timeout=60)
            path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = await read_payload(reader)
        if hello is None:
            return  # The client only checked whether the host accepts connections.
        if self._recording.decode("client", hello).protocol != self._protocol:
            [_, refusal] = self._recording.conversations["later_version"]
            writer.write(framed(refusal.values))
            return
        number, self._connections = self._connections, self._connections + 1
        wanted = self.left[min(number, len(self.left) - 1)]
        self._replay(writer, wanted.popleft())
        while (payload := await read_payload(reader)) is not None:
            self._recording.decode("client", payload)
            received = Frame(number, "client", payload)
            if wanted and received.values == wanted[0].values:
                self._replay(writer, wanted.popleft())
                if not wanted and received.kind in {"Stop", "Kill"}:
                    return
            elif received.kind == "Describe":
                self._describe(writer, received.values[1])
            else:
                self.problems.append(
                    f"{received.values} came; recorded was {wanted[0].values if wanted else 'the end'}"
                )

    def _replay(self, writer: asyncio.StreamWriter, received: Frame) -> None:
        """Send the host's recorded messages that follow this client's message on this connection."""
        mine = [frame for frame in self._frames if frame.connection == received.connection]
        for frame in mine[next(index for index, each in enumerate(mine) if each is received) + 1 :]:
            if frame.side == "client":
                return
            writer.write(framed(frame.values))

    def _describe(self, writer: asyncio.StreamWriter, request: int) -> None:
        values = next(
            frame.values
            for frames in self._recording.conversations.values()
            for frame in frames
            if frame.kind == "Description"
        )
        values[1] = request
        writer.write(framed(values))
