"""The script in a prompt: words that control the answer of the fake model service.

A prompt may contain any of these, in any order; ``Script.of`` reads them:

- ``count: N``: answer with N numbered lines, ``answer line 0001`` …, each a piece of the stream.
- ``width: N``: each line is at least this long.
- ``delay: MS``: wait this long before each line.
- ``hold: K``: pause the stream after K lines (0: before the first, a refusal and each tool call) until it is released.
- ``tool: COMMAND`` (to the end of the line): call the agent's shell tool with this command; the answer comes after the
  agent has sent the result. Several such lines are called one after another.
- ``use: NAME {JSON}``: call any tool by its name, with these arguments; ``use: NAMESPACE/NAME {JSON}``, one of Codex's
  namespaces.
- ``say: TEXT`` (to the end of the line): a text before each tool call.
- ``cut: K``: drop the connection after K lines.
- ``fail: STATUS``: refuse with this HTTP status; ``after: S`` adds ``Retry-After: S``.
- ``silent: 1``: accept the request and never answer it.
- ``times: N``: apply ``cut``, ``fail`` and ``silent`` only to the first N requests with this prompt, so that the
  agent's retry succeeds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

Json = dict[str, Any]

NUMBERS = re.compile(r"\b(count|width|delay|hold|cut|fail|after|silent|times):\s*(\d+)")
CALLS = re.compile(r"\b(tool|use):[ \t]*(.+)$", re.MULTILINE)
SAYS = re.compile(r"^say:[ \t]*(.+)$", re.MULTILINE)

SHELLS = ("bash", "shell", "shell_command", "exec_command", "local_shell", "run_shell_command")
"""Agents' names for the tool that runs a command, in lower case."""

COMMAND_ARGUMENTS = ("command", "cmd")
"""Names of that tool's argument with the command."""


class Tool(NamedTuple):
    """A tool that an agent offers: its name, and the JSON schema of its arguments."""

    name: str
    schema: Json


class ToolCall(NamedTuple):
    """A piece of an answer that calls a tool of the agent."""

    name: str
    arguments: Json
    id: str

    @property
    def text(self) -> str:
        """The arguments as JSON text."""
        return json.dumps(self.arguments)


class Tokens(NamedTuple):
    """What a service bills for one request: tokens that it read anew, those of its cache, and written ones."""

    read: int = 1
    cached: int = 0
    written: int = 1


Piece = str | ToolCall
"""A piece of an answer: some text, or the call of a tool."""


class Wish(NamedTuple):
    """A tool call that a prompt asks for: a command for the shell tool, or any tool by its name."""

    command: str = ""
    name: str = ""
    arguments: Json = {}  # noqa: RUF012 - it is never changed

    def call(self, tools: Iterable[Tool], call_id: str) -> ToolCall | None:
        """The call for an agent that offers ``tools``; None if the agent has no such tool."""
        if self.name:
            return ToolCall(self.name, self.arguments, call_id)
        for tool in tools:
            if tool.name.lower() in SHELLS:
                return ToolCall(tool.name, shell_arguments(tool.schema, self.command), call_id)
        return None


@dataclass(frozen=True)
class Script:
    """The script of the answer to one request.

    Attributes:
        lines: the number of numbered lines; None: the answer repeats the prompt or the tool's result.
        width: the least length of each line.
        delay_s: the delay before each line.
        hold: the number of lines after which the stream waits for a release.
        wishes: tools to call, one after another, before the answer.
        says: the text before each tool call.
        cut: the number of lines after which the connection is dropped.
        status: the HTTP status of a refusal.
        retry_after_s: the Retry-After header of the refusal.
        silent: whether there is no answer.
        times: the number of requests with this prompt that ``cut``, ``status`` and ``silent`` apply to; None: all.
    """

    lines: int | None = None
    width: int = 0
    delay_s: float = 0.0
    hold: int | None = None
    wishes: tuple[Wish, ...] = ()
    says: str = ""
    cut: int | None = None
    status: int | None = None
    retry_after_s: int | None = None
    silent: bool = False
    times: int | None = None

    @classmethod
    def of(cls, prompt: str) -> Self:
        """Read the script in a prompt."""
        words = {word: int(number) for word, number in NUMBERS.findall(SAYS.sub("", CALLS.sub("", prompt)))}
        says = SAYS.search(prompt)
        return cls(
            lines=words.get("count"),
            width=words.get("width", 0),
            delay_s=words.get("delay", 0) / 1000,
            hold=words.get("hold"),
            wishes=tuple(wish(*found) for found in CALLS.findall(prompt)),
            says=says[1].strip() if says else "",
            cut=words.get("cut"),
            status=words.get("fail"),
            retry_after_s=words.get("after"),
            silent=bool(words.get("silent")),
            times=words.get("times"),
        )

    def without_faults(self) -> Script:
        """The same answer without ``cut``, refusal and ``silent``."""
        return replace(self, cut=None, status=None, retry_after_s=None, silent=False)


def wish(kind: str, text: str) -> Wish:
    """Read a ``tool:`` or ``use:`` line."""
    if kind == "tool":
        return Wish(command=text.strip())
    name, _, arguments = text.strip().partition(" ")
    return Wish(name=name, arguments=json.loads(arguments) if arguments.strip() else {})


def shell_arguments(schema: Json, command: str) -> Json:
    """Arguments for a shell tool with this schema: the command, and an example for each other required argument."""
    properties = schema.get("properties", {})
    arguments: Json = {}
    for name, one in properties.items():
        if name in COMMAND_ARGUMENTS:
            # An array is an argv, as in earlier versions of Codex's `shell`.
            arguments[name] = ["bash", "-lc", command] if one.get("type") == "array" else command
        elif name in schema.get("required", []):
            arguments[name] = example(one)
    return arguments


def example(schema: Any) -> Any:
    """A value that fits a JSON schema: the first choice, with as little content as possible."""
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "string")
    kind = str(kind[0] if isinstance(kind, list) else kind).lower()  # Gemini's API writes STRING
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: example(one) for name, one in properties.items() if name in schema.get("required", properties)}
    return {"boolean": False, "integer": 1, "number": 1, "array": [], "null": None}.get(kind, "as the test asks")
