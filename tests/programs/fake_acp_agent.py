"""A fake agent of the Agent Client Protocol, made with the protocol's SDK, which checks all messages by the schema.

The lines of a prompt script its turn, in order:

    say TEXT            a message
    think TEXT          a thought
    chunks N DELAY_MS   a message of N chunks, "chunk 1 " and so on
    run COMMAND         a tool call that asks before it runs; its output is "ran COMMAND"
    plan STEP…          a plan
    spend AMOUNT        says that it cost so many USD more
    hold                wait until the turn is cancelled
    read PATH [LINE N]  read a file by the client; its text, or the error, as a message
    write PATH TEXT     write a file by the client; a message "written", or the error
    start LIMIT COMMAND  a tool call with a terminal of the client, with this limit of its output in bytes
    loose COMMAND       a terminal that no tool call shows
    output              the output of the last terminal, as a message in JSON
    wait                wait for the last terminal's end; its exit status as a message in JSON
    kill, release       kill or release the last terminal

Its environment:

    FAKE_ACP_DIRECTORY  the directory of conversations, one file each; without it, none can be loaded or resumed
    FAKE_ACP_RECEIVED   a file to which each received line is appended

With ``--serve SOCKET`` it is a server that forks an agent for each connection, until its standard input ends, since the
import of the SDK takes a second. Each agent first writes its PID, and reads its directory and environment as a line of
JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import signal
import socket
import stat
import sys
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, SupportsIndex, cast

import acp
from acp import helpers, schema

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.programs.acp_client_use import ClientUse

JsonObject = dict[str, Any]


class _Stopped(Exception):
    """The turn was cancelled."""


class FakeAgent:
    """The agent; it has one session after another."""

    def __init__(self) -> None:
        self._environment = dict(os.environ)
        self._cancelled = asyncio.Event()
        self._mode = "ask"
        self._calls = 0
        self._cost = 0.0
        self._use = ClientUse()
        self._client: Any

    def on_connect(self, conn: Any) -> None:
        self._client = conn

    # ------------------------------------------------------------ sessions

    async def initialize(self, protocol_version: int, **_: Any) -> schema.InitializeResponse:
        keeps = "FAKE_ACP_DIRECTORY" in self._environment
        sessions = schema.SessionCapabilities()
        if keeps:
            sessions.resume = schema.SessionResumeCapabilities()
        capabilities = schema.AgentCapabilities(
            load_session=keeps,
            prompt_capabilities=schema.PromptCapabilities(image=True),
            session_capabilities=sessions,
        )
        return acp.InitializeResponse(
            protocol_version=protocol_version,
            agent_capabilities=capabilities,
            agent_info=schema.Implementation(name="fake", title="Fake Agent", version="1"),
            auth_methods=[],
        )

    async def new_session(self, cwd: str, **_: Any) -> schema.NewSessionResponse:
        session = str(uuid.uuid4())
        asyncio.get_running_loop().call_later(0.01, lambda: asyncio.ensure_future(self._offer_commands(session)))
        return schema.NewSessionResponse(session_id=session, modes=self._modes())

    async def load_session(self, cwd: str, session_id: str, **_: Any) -> schema.LoadSessionResponse:
        for update in self._history(session_id):
            await self._client.session_update(session_id, update)
        return schema.LoadSessionResponse(modes=self._modes())

    async def resume_session(self, session_id: str, cwd: str, **_: Any) -> schema.ResumeSessionResponse:
        list(self._history(session_id))
        return schema.ResumeSessionResponse(modes=self._modes())

    async def set_session_mode(self, session_id: str, mode_id: str, **_: Any) -> schema.SetSessionModeResponse:
        self._mode = mode_id
        return schema.SetSessionModeResponse()

    def _modes(self) -> schema.SessionModeState:
        modes = [schema.SessionMode(id="ask", name="Ask"), schema.SessionMode(id="plan", name="Plan")]
        return schema.SessionModeState(current_mode_id=self._mode, available_modes=modes)

    async def _offer_commands(self, session: str) -> None:
        command = schema.AvailableCommand(name="review", description="Review the changes")
        await self._client.session_update(session, helpers.update_available_commands([command]))

    # ------------------------------------------------------------ history

    def _file(self, session: str) -> Path | None:
        directory = self._environment.get("FAKE_ACP_DIRECTORY")
        return Path(directory) / f"{session}.jsonl" if directory else None

    def _keep(self, session: str, kind: str, text: str) -> None:
        if (path := self._file(session)) is not None:
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([kind, text]) + "\n")

    def _history(self, session: str) -> Iterator[Any]:
        path = self._file(session)
        if path is None or not path.exists():
            raise acp.RequestError.resource_not_found(session)
        for line in path.read_text(encoding="utf-8").splitlines():
            kind, text = json.loads(line)
            if kind == "user":
                yield acp.update_user_message_text(text)
            elif kind == "agent":
                yield acp.update_agent_message_text(text)
            else:
                self._calls += 1
                yield acp.start_tool_call(f"old-{self._calls}", text, kind="execute", status="completed")

    # ------------------------------------------------------------ turns

    async def cancel(self, session_id: str, **_: Any) -> None:
        self._cancelled.set()

    async def prompt(self, session_id: str, prompt: list[Any], **more: Any) -> schema.PromptResponse:
        self._cancelled.clear()
        text = "\n".join(block.text for block in prompt if isinstance(block, schema.TextContentBlock))
        self._keep(session_id, "user", text)
        reason = "end_turn"
        try:
            for line in text.splitlines():
                word, _, rest = line.partition(" ")
                await self._do(session_id, word, rest)
        except _Stopped:
            reason = "cancelled"
        return schema.PromptResponse(stop_reason=cast("Any", reason))

    async def _do(self, session: str, word: str, rest: str) -> None:
        """Carry out one line."""
        match word:
            case "say":
                self._keep(session, "agent", rest)
                await self._client.session_update(session, acp.update_agent_message_text(rest))
            case "think":
                await self._client.session_update(session, acp.update_agent_thought_text(rest))
            case "chunks":
                await self._stream(session, rest)
            case "run":
                await self._call_tool(session, rest)
            case "plan":
                entries = [acp.plan_entry(step) for step in rest.split()]
                await self._client.session_update(session, acp.update_plan(entries))
            case "spend":
                self._cost += float(rest)
                cost = schema.Cost(amount=self._cost, currency="USD")
                update = schema.UsageUpdate(session_update="usage_update", used=1, size=10, cost=cost)
                await self._client.session_update(session, update)
            case "read" | "write" | "start" | "loose" | "output" | "wait" | "kill" | "release":
                result = await self._use.do(self._client, session, word, rest)
                await self._client.session_update(session, acp.update_agent_message_text(result))
            case "hold":
                await self._cancelled.wait()
                raise _Stopped
            case _:
                raise acp.RequestError.invalid_params({"word": word})

    async def _stream(self, session: str, rest: str) -> None:
        count, delay_ms = (int(each) for each in rest.split())
        chunks: list[str] = []
        try:
            for number in range(1, count + 1):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._cancelled.wait(), delay_ms / 1000)
                    raise _Stopped
                chunks.append(f"chunk {number} ")
                await self._client.session_update(session, acp.update_agent_message_text(chunks[-1]))
        finally:
            self._keep(session, "agent", "".join(chunks))

    # ------------------------------------------------------------ requests

    async def _call_tool(self, session: str, rest: str) -> None:
        self._calls += 1
        call = f"call-{os.getpid()}-{self._calls}"
        start = acp.start_tool_call(call, rest, status="pending", kind="execute", raw_input={"command": rest})
        await self._client.session_update(session, start)
        named = [
            schema.PermissionOption(option_id=option, name=option.title(), kind=cast("Any", kind))
            for option, kind in _ALLOW_AND_REJECT
        ]
        update = schema.ToolCallUpdate(tool_call_id=call)
        answer = await self._client.request_permission(session, update, named)
        if isinstance(answer.outcome, schema.DeniedOutcome):
            await self._client.session_update(session, acp.update_tool_call(call, status="failed"))
            raise _Stopped
        if answer.outcome.option_id.startswith("no"):
            await self._client.session_update(session, acp.update_tool_call(call, status="failed"))
            return
        self._keep(session, "tool", rest)
        output = acp.tool_content(acp.text_block(f"ran {rest} ({answer.outcome.option_id})"))
        done = acp.update_tool_call(call, status="completed", content=[output])
        await self._client.session_update(session, done)


_ALLOW_AND_REJECT = [["yes", "allow_once"], ["always", "allow_always"], ["no", "reject_once"]]


class _Recorder(asyncio.StreamReader):
    """A stream reader that appends its input to a file."""

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        if path := os.environ.get("FAKE_ACP_RECEIVED"):
            with Path(path).open("ab") as file:
                file.write(bytes(data))
        super().feed_data(data)


class _Output(asyncio.WriteTransport):
    """A standard output that is the same socket as the standard input; asyncio's transport takes its input for EOF."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        write_all(bytes(data))

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass


def write_all(data: bytes) -> None:
    """Write to the standard output, which may be a non-blocking socket."""
    while data:
        try:
            data = data[os.write(1, data) :]
        except BlockingIOError:
            select.select([], [1], [])


async def main() -> None:
    loop = asyncio.get_running_loop()
    reader = _Recorder(limit=50_000_000)
    with open(0, "rb", buffering=0, closefd=False) as stdin:
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), stdin)
        transport: asyncio.WriteTransport = _Output()
        flow = asyncio.streams.FlowControlMixin()
        if stat.S_ISFIFO(os.fstat(1).st_mode):
            transport, flow = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sys.stdout)
        writer = asyncio.StreamWriter(transport, flow, None, loop)
        agent: Any = FakeAgent()
        await acp.run_agent(agent, writer, reader, use_unstable_protocol=True)


def serve(path: str) -> None:
    """Fork an agent for each connection, until the standard input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        print("ready", flush=True)
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    become_agent(connection)
                    return


def become_agent(connection: socket.socket) -> None:
    """Make this fork the agent of a connection."""
    connection.sendall(f"{os.getpid()}\n".encode())
    line = b""
    while not line.endswith(b"\n"):
        line += connection.recv(1)
    directory, environment = json.loads(line)
    os.chdir(directory)
    os.environ.update(environment)
    for descriptor in (0, 1):
        os.dup2(connection.fileno(), descriptor)
    asyncio.run(main())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2])
    else:
        asyncio.run(main())
