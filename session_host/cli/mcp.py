"""``outlive mcp``: Outlive's commands as tools of the Model Context Protocol, for an agent that starts this process.

Each tool runs a command of ``outlive`` as a child process. The kernel tells which chat that child belongs to, so a tool
gives an agent no more rights than the command. Messages are JSON-RPC on standard input and output, each in one line.

Source: https://modelcontextprotocol.io/specification/2025-06-18
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
from typing import Annotated, Any, Final, Literal

import msgspec

from session_host.errors import UsageError
from session_host.system import event_loop
from session_host.system.installation import outlive_command
from session_host.version import VERSION

PROTOCOLS: Final = ("2025-06-18", "2025-03-26", "2024-11-05")
"""The versions that are served, the newest first."""

MAX_LINE_BYTES: Final = 4 * 1024 * 1024
MAX_TEXT_CHARACTERS: Final = 400_000
"""A longer output of a command is cut."""

WAIT_S: Final = 50.0
"""How long a tool waits unless the agent says otherwise: many agents give up after a minute."""

_PARSE_ERROR, _INVALID_REQUEST, _NO_METHOD, _INVALID_PARAMS = -32700, -32600, -32601, -32602

Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400, description="Give up after this time; what runs, runs on.")]
ChatName = Annotated[str, msgspec.Meta(pattern="^[^-]", description="The chat's name or id.")]
NOT_BLANK: Final = r"\S"
"""The pattern of a text that must say something: what is given but blank does not mean what its absence means."""


class Tool(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of the tools: the fields are the arguments, and the docstring is the description for the model."""

    def words(self) -> list[str]:
        """The command line that does it."""
        raise NotImplementedError


class ListChats(Tool, frozen=True):
    """List the chats that run, as JSON: names, agents, directories, statuses."""

    def words(self) -> list[str]:
        return ["ls", "--json"]


class StartChat(Tool, frozen=True, kw_only=True):
    """Start a chat with another agent, and give it a first prompt; the user sees it in the window.

    Then call `wait`, or with `report_back` end your turn. Start at most three without asking the user.
    """

    agent: Annotated[
        str, msgspec.Meta(pattern="^[^-]", description="claude, codex, opencode, gemini, copilot or qwen.")
    ]
    chat: Annotated[str, msgspec.Meta(pattern="^[^-]", description="The new chat's name.")]
    prompt: Annotated[str, msgspec.Meta(pattern=NOT_BLANK, description="Its first prompt.")] = ""
    directory: Annotated[str, msgspec.Meta(pattern=NOT_BLANK, description="Its directory; without it, this one.")] = ""
    worktree: Annotated[bool, msgspec.Meta(description="Give it a git worktree of its own.")] = False
    report_back: Annotated[bool, msgspec.Meta(description="Get the answer of each turn as a prompt, later.")] = False

    def words(self) -> list[str]:
        words = ["new", self.agent, "-d", "--json", f"--name={self.chat}"]
        words += [f"--directory={self.directory}"] if self.directory else []
        words += ["--worktree"] if self.worktree else []
        words += ["--report-back"] if self.report_back else []
        return [*words, f"--prompt={self.prompt}"] if self.prompt else words


class Send(Tool, frozen=True, kw_only=True):
    """Send a prompt to a chat that you started, wait for the end of its turn, and return the answer.

    In a shell: run a command, and return its output. If the time is over, call `wait`. With `at`, the prompt is sent
    then, and nothing is waited for.
    """

    chat: ChatName
    text: Annotated[str, msgspec.Meta(pattern=NOT_BLANK, description="The prompt, or the command line.")]
    timeout_s: Seconds = WAIT_S
    at: Annotated[
        str, msgspec.Meta(pattern=NOT_BLANK, description='A later time, such as "15:00" or "tomorrow 09:00".')
    ] = ""

    def words(self) -> list[str]:
        if self.at:
            return ["send", f"--at={self.at}", "--", self.chat, self.text]
        return ["send", "--enter", "--wait", "--timeout", f"{self.timeout_s:g}", "--", self.chat, self.text]


class Wait(Tool, frozen=True, kw_only=True):
    """Wait for the end of the turn that runs in a chat, or begins, and return its answer; else return the last answer.

    If the chat asks something, the question comes back: it is for the user.
    """

    chat: ChatName
    timeout_s: Seconds = WAIT_S

    def words(self) -> list[str]:
        return ["answer", "--follow", "--timeout", f"{self.timeout_s:g}", "--", self.chat]


class Read(Tool, frozen=True, kw_only=True):
    """Read a chat: the last finished answer, the text on its screen, or its changes to files since its first prompt."""

    chat: ChatName
    what: Literal["answer", "screen", "changes"] = "answer"

    def words(self) -> list[str]:
        if self.what == "changes":
            return ["restore", "--diff", "--", self.chat, "1"]
        return ["peek" if self.what == "screen" else "answer", "--", self.chat]


class Stop(Tool, frozen=True, kw_only=True):
    """End a chat that you started; its conversation is kept."""

    chat: ChatName

    def words(self) -> list[str]:
        return ["stop", "--", self.chat]


class AnswerQuestion(Tool, frozen=True, kw_only=True):
    """Give the answer that the user told you to the question of a chat that you started, never an answer of your own.

    Your own questions you cannot answer.
    """

    chat: ChatName
    answer: Literal["allow", "always_allow", "decline"]
    request: Annotated[
        str, msgspec.Meta(pattern=NOT_BLANK, description="The question's id, if the chat asks several.")
    ] = ""

    def words(self) -> list[str]:
        words = {"allow": ["approve"], "always_allow": ["approve", "--always"], "decline": ["deny"]}[self.answer]
        return [*words, *([f"--request={self.request}"] if self.request else []), "--", self.chat]


TOOLS: Final[dict[str, type[Tool]]] = {
    "list_chats": ListChats,
    "start_chat": StartChat,
    "send": Send,
    "wait": Wait,
    "read": Read,
    "stop": Stop,
    "answer_question": AnswerQuestion,
}


class _Message(msgspec.Struct):
    """A message of the client: a request, or without an id a notification."""

    method: str = ""
    jsonrpc: str = ""
    id: str | int | None = None
    params: msgspec.Raw = msgspec.Raw(b"{}")


class _Call(msgspec.Struct):
    name: str
    arguments: msgspec.Raw = msgspec.Raw(b"{}")


class _Cancelled(msgspec.Struct):
    request: str | int = msgspec.field(name="requestId")


class _Begin(msgspec.Struct):
    protocol: str = msgspec.field(name="protocolVersion", default="")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.epilog = "An agent starts this by its own configuration, as an MCP server on standard input and output."


def run(options: argparse.Namespace) -> int:
    """Serve until the end of standard input."""
    del options
    event_loop.run_command(_Server().serve())
    return 0


class _Failed(Exception):
    """A request that gets an error."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class _Server:
    def __init__(self) -> None:
        self._calls: dict[str | int, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=MAX_LINE_BYTES)
        try:
            await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        except ValueError as error:
            raise UsageError("an agent starts `outlive mcp`, with pipes as its standard input and output") from error
        try:
            while line := await reader.readline():
                self._receive(line)
        except ValueError:
            pass  # A line was too long, and the rest of it is no line.
        finally:
            for task in self._calls.values():
                task.cancel()
            await asyncio.gather(*self._calls.values(), return_exceptions=True)

    def _receive(self, line: bytes) -> None:
        try:
            message = msgspec.json.decode(line, type=_Message)
        except msgspec.ValidationError as error:
            return self._reply(None, _Failed(_INVALID_REQUEST, str(error)))
        except (msgspec.DecodeError, RecursionError) as error:
            return self._reply(None, _Failed(_PARSE_ERROR, str(error)))
        if message.method == "notifications/cancelled":
            with contextlib.suppress(msgspec.MsgspecError, KeyError):
                self._calls[_params(message, _Cancelled).request].cancel()
            return None
        if message.id is None or not message.method:
            return None  # A notification, or the answer to a request that was never made.
        try:
            if message.method == "tools/call":
                return self._call(message)
            return self._reply(message.id, self._answer(message))
        except _Failed as error:
            return self._reply(message.id, error)
        except msgspec.MsgspecError as error:
            return self._reply(message.id, _Failed(_INVALID_PARAMS, str(error)))

    def _answer(self, message: _Message) -> dict[str, Any]:
        match message.method:
            case "initialize":
                asked = _params(message, _Begin).protocol
                return {
                    "protocolVersion": asked if asked in PROTOCOLS else PROTOCOLS[0],
                    "capabilities": {"tools": {}},
                    "serverInfo": {"name": "outlive", "version": VERSION},
                }
            case "ping":
                return {}
            case "tools/list":
                return {"tools": [_described(name, tool) for name, tool in TOOLS.items()]}
            case method:
                raise _Failed(_NO_METHOD, f"there is no method {method!r}")

    def _call(self, message: _Message) -> None:
        assert message.id is not None
        call = _params(message, _Call)
        if (kind := TOOLS.get(call.name)) is None:
            raise _Failed(_INVALID_PARAMS, f"there is no tool {call.name!r}")
        if message.id in self._calls:
            raise _Failed(_INVALID_REQUEST, f"the request {message.id!r} runs")
        tool = msgspec.json.decode(call.arguments, type=kind)
        number = message.id
        task = asyncio.ensure_future(self._run(number, tool))
        self._calls[number] = task
        task.add_done_callback(lambda _: self._calls.pop(number, None))

    async def _run(self, number: str | int, tool: Tool) -> None:
        """Run a tool's command; a cancelled one is ended, and gets no answer."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *outlive_command(), *tool.words(), stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
        )
        try:
            output, errors = await process.communicate()
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
            raise
        text = output.decode(errors="replace")
        if process.returncode:
            text = f"{text}{errors.decode(errors='replace')}(exit code {process.returncode})"
        if len(text) > MAX_TEXT_CHARACTERS:
            text = f"{text[:MAX_TEXT_CHARACTERS]}\n(the rest is left out)"
        self._reply(number, {"content": [{"type": "text", "text": text}], "isError": bool(process.returncode)})

    def _reply(self, number: str | int | None, result: dict[str, Any] | _Failed) -> None:
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": number}
        if isinstance(result, _Failed):
            answer["error"] = {"code": result.code, "message": str(result)}
        else:
            answer["result"] = result
        data = msgspec.json.encode(answer) + b"\n"
        while data:
            data = data[os.write(sys.stdout.fileno(), data) :]


def _params(message: _Message, kind: type[Any]) -> Any:
    return msgspec.json.decode(message.params, type=kind)


def _described(name: str, tool: type[Tool]) -> dict[str, Any]:
    """A tool, as ``tools/list`` names it."""
    schema = msgspec.json.schema(tool)
    form = schema["$defs"][tool.__name__]
    text = " ".join((tool.__doc__ or "").split())
    return {
        "name": name,
        "description": text,
        "inputSchema": {key: form[key] for key in ("type", "properties", "required") if key in form},
    }
