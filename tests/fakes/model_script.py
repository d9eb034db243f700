"""The script in a prompt: the words with which a test tells the fake model service what to do.

A prompt may hold any of these, in any order; ``Script.of`` reads them:

- ``count: N``: N numbered lines, ``answer line 0001`` …, each a piece of the stream.
- ``delay: MS``: so long a wait before each line.
- ``hold: K``: the stream stands still after K lines (0: before the first) until the test releases it.
- ``tool: COMMAND`` (to the end of the line): the agent's own shell tool is asked for, with that command; the answer
  comes once the agent sent the result. Several such lines are asked one after the other.
- ``use: NAME {JSON}``: any tool by its name, with these arguments.
- ``say: TEXT`` (to the end of the line): what the model says before it asks for each tool.
- ``cut: K``: the connection is dropped after K lines.
- ``fail: STATUS``: refused with this HTTP status; ``after: S`` adds ``Retry-After: S``.
- ``silent: 1``: the request is taken and never answered.
- ``times: N``: ``cut``, ``fail`` and ``silent`` happen to the first N requests of this prompt alone, so that the
  agent's own next try succeeds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

Json = dict[str, Any]

NUMBERS = re.compile(r"\b(count|delay|hold|cut|fail|after|silent|times):\s*(\d+)")
CALLS = re.compile(r"\b(tool|use):[ \t]*(.+)$", re.MULTILINE)
SAYS = re.compile(r"^say:[ \t]*(.+)$", re.MULTILINE)

SHELLS = ("bash", "shell", "shell_command", "exec_command", "local_shell", "run_shell_command")
"""What agents call the tool that runs a command, in lower case."""

COMMAND_ARGUMENTS = ("command", "cmd")
"""What that tool calls the command."""


class Tool(NamedTuple):
    """A tool that an agent offers: its name, and the JSON schema of its arguments."""

    name: str
    schema: Json


class ToolCall(NamedTuple):
    """A piece of an answer that asks the agent for a tool."""

    name: str
    arguments: Json
    id: str

    @property
    def text(self) -> str:
        """The arguments as JSON text."""
        return json.dumps(self.arguments)


Piece = str | ToolCall
"""A piece of an answer: some text, or the call of a tool."""


class Wish(NamedTuple):
    """A tool that a prompt wants called: a command for the shell, or a tool by its name."""

    command: str = ""
    name: str = ""
    arguments: Json = {}  # noqa: RUF012 - it is never changed

    def call(self, tools: Iterable[Tool], call_id: str) -> ToolCall | None:
        """The call, in the words of the agent that offers ``tools``; None when it has no such tool."""
        if self.name:
            return ToolCall(self.name, self.arguments, call_id)
        for tool in tools:
            if tool.name.lower() in SHELLS:
                return ToolCall(tool.name, shell_arguments(tool.schema, self.command), call_id)
        return None


@dataclass(frozen=True)
class Script:
    """What is done about one request.

    Attributes:
        lines: how many numbered lines; None repeats the prompt or tells the tool's result.
        delay_s: before each line.
        hold: after so many lines the stream waits to be released.
        wishes: tools to ask for, one after the other, before the answer.
        says: the text before each of them.
        cut: after so many lines the connection is dropped.
        status: the HTTP status of a refusal.
        retry_after_s: said with the refusal.
        silent: no answer at all.
        times: so many requests of the prompt meet with the trouble; None: all.
    """

    lines: int | None = None
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
        """Read a prompt's words."""
        words = {word: int(number) for word, number in NUMBERS.findall(SAYS.sub("", CALLS.sub("", prompt)))}
        says = SAYS.search(prompt)
        return cls(
            lines=words.get("count"),
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

    def without_trouble(self) -> Script:
        """The same answer, undisturbed."""
        return replace(self, cut=None, status=None, retry_after_s=None, silent=False)


def wish(kind: str, text: str) -> Wish:
    """A ``tool:`` or ``use:`` line."""
    if kind == "tool":
        return Wish(command=text.strip())
    name, _, arguments = text.strip().partition(" ")
    return Wish(name=name, arguments=json.loads(arguments) if arguments.strip() else {})


def shell_arguments(schema: Json, command: str) -> Json:
    """Arguments for a shell tool of this schema: the command, and something for whatever else it requires."""
    properties = schema.get("properties", {})
    arguments: Json = {}
    for name, one in properties.items():
        if name in COMMAND_ARGUMENTS:
            # An array is an argv: codex's `shell` has been one.
            arguments[name] = ["bash", "-lc", command] if one.get("type") == "array" else command
        elif name in schema.get("required", []):
            arguments[name] = example(one)
    return arguments


def example(schema: Any) -> Any:
    """A value that fits a JSON schema: the first choice, the least content."""
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "string")
    kind = str(kind[0] if isinstance(kind, list) else kind).lower()  # Gemini's API writes STRING
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: example(one) for name, one in properties.items() if name in schema.get("required", properties)}
    return {"boolean": False, "integer": 1, "number": 1, "array": [], "null": None}.get(kind, "as the test asks")
