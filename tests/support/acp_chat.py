"""A chat with an agent of the Agent Client Protocol: rules, dialect and transcript, without a process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from session_host.protocol.messages import AnswerRequest, ChangeSetting, ChatInput, Interrupt, Prompt
from session_host.structured.dialects.acp.dialect import AcpDialect
from session_host.structured.dialects.base import Start
from session_host.structured.items import AgentRequest, AnyChange, Item, StateChanged, digest
from session_host.structured.lines import AgentLine
from session_host.structured.operations import AnyResult
from session_host.structured.rules import Step, StructuredRules
from session_host.structured.transcript import Transcript

RECORDINGS = Path(__file__).parents[1] / "recordings"
DIRECTORY = "/home/user/project"


class Recorded(NamedTuple):
    """One message of a recording; ``ours``: the client sent it to the agent."""

    ours: bool
    message: dict[str, Any]


def recording(agent: str, process: int) -> list[Recorded]:
    """The messages between one process of an agent and its client."""
    path = RECORDINGS / f"acp-{agent}.jsonl"
    entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Recorded(each["dir"] == "->", each["msg"]) for each in entries if each["process"] == process]


class AcpChat:
    """A chat without a process: the rules with the ACP dialect, and their transcript.

    Attributes:
        sent: all messages for the agent.
        changes: all changes of the transcript.
        timers, operations: all timers and operations that were started.
        reloads: before each step, save the state and load it into new rules.
    """

    def __init__(self, start: Start | None = None, *, reloads: bool = False) -> None:
        self.start = start or Start(directory=DIRECTORY, version="1.0")
        self.reloads = reloads
        self.now_ms = 1_020_000  # 17 minutes.
        self.transcript = Transcript()
        self.operations: list[Any] = []
        self.sent: list[dict[str, Any]] = []
        self.changes: list[AnyChange] = []
        self.timers: list[tuple[str, float]] = []
        self.failure = ""
        self.rules = StructuredRules(AcpDialect, self.start, "me")
        self._take(self.rules.begin(self.now_ms))

    # ------------------------------------------------------------ steps

    def hear(self, *messages: Any) -> list[dict[str, Any]]:
        """Handle messages, or lines of bytes, from the agent; returns the messages that are sent to it."""
        lines = [AgentLine(each if isinstance(each, bytes) else json.dumps(each).encode()) for each in messages]
        return self._take(self._rules().receive_lines(lines, self._later()))

    def do(self, chat_input: ChatInput) -> list[dict[str, Any]]:
        """Give the chat a window's input; returns the messages that are sent to the agent."""
        step = self._rules().receive_input(chat_input, self._later(), by="window")
        assert step.refusal is None, step.refusal
        return self._take(step)

    def prompt(self, text: str, **fields: Any) -> list[dict[str, Any]]:
        return self.do(Prompt(text, **fields))

    def interrupt(self) -> list[dict[str, Any]]:
        return self.do(Interrupt())

    def answer(self, option: str, **texts: str) -> list[dict[str, Any]]:
        """Answer the oldest open request."""
        request = self.request
        return self.do(AnswerRequest(request.id, option, digest(request), texts))

    def change(self, setting: str, value: str) -> list[dict[str, Any]]:
        return self.do(ChangeSetting(setting, value))

    def expire(self, name: str, after_ms: int = 0) -> list[dict[str, Any]]:
        """Expire a timer."""
        self.now_ms += after_ms
        assert name in [each for each, _ in self.timers], self.timers
        return self._take(self._rules().timer_due(name, self._later()))

    def result(self, result: AnyResult) -> list[dict[str, Any]]:
        """Handle the result of an operation of the host; returns the messages that are sent to the agent."""
        return self._take(self._rules().result(result, self._later()))

    def end(self) -> None:
        self._take(self._rules().end(self._later()))

    def update(self, kind: str, /, **fields: Any) -> list[dict[str, Any]]:
        """Handle an update of the session "s" from the agent."""
        return self.hear(update(kind, **fields))

    def reply(self, result: Any, method: str = "") -> list[dict[str, Any]]:
        """Handle the agent's reply to the last request, or to the last one of a method."""
        found = [each for each in self.sent if "method" in each and "id" in each and method in each["method"]]
        return self.hear(
            {"jsonrpc": "2.0", "id": found[-1]["id"], **({"result": result} if result is not None else {})}
        )

    def reply_error(self, code: int, message: str, **more: Any) -> list[dict[str, Any]]:
        """Handle the agent's error reply to the last request."""
        number = [each for each in self.sent if "method" in each and "id" in each][-1]["id"]
        return self.hear({"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message, **more}})

    def open(self, session: dict[str, Any] | None = None, **capabilities: Any) -> None:
        """Handle the agent's replies that open a session."""
        self.reply({"protocolVersion": 1, "agentCapabilities": capabilities, "agentInfo": {"name": "Agent"}})
        self.reply({"sessionId": "s", **(session or {})})

    def _rules(self) -> StructuredRules:
        if self.reloads:
            state, dialect = self.rules.save()
            self.rules = StructuredRules(AcpDialect, self.start, "me")
            self.rules.load(msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=type(state)), dialect)
        return self.rules

    def _later(self) -> int:
        self.now_ms += 1
        return self.now_ms

    def _take(self, step: Step) -> list[dict[str, Any]]:
        for change in step.changes:
            self.transcript.apply(change, self.now_ms)
        self.changes += step.changes
        self.timers += step.timers
        self.operations += step.operations
        self.failure = self.failure or step.failure
        sent = [json.loads(line) for line in step.lines.splitlines()]
        self.sent += sent
        return sent

    # ------------------------------------------------------------ state

    @property
    def request(self) -> AgentRequest:
        return self.transcript.open_requests[0]

    @property
    def items(self) -> list[Item]:
        return list(self.transcript)

    def shown(self) -> list[tuple[str, str, str]]:
        """Kind, text (of a tool: command or title) and status of each item."""
        return [(each.kind, each.command or each.text or each.title, each.status) for each in self.transcript]

    def states(self) -> list[str]:
        return [each.state for each in self.changes if isinstance(each, StateChanged)]

    # ------------------------------------------------------------ recordings

    def replay(self, recorded: list[Recorded]) -> None:
        """Replay a recording: the client's messages become inputs, and the dialect must send the same ones."""
        expected = [each.message for each in recorded if each.ours]
        self._replay(recorded)
        assert len(self.sent) == len(expected)
        for sent, wanted in zip(self.sent, expected, strict=True):
            if sent.get("method") != "initialize":
                assert sent == wanted

    def _replay(self, recorded: list[Recorded]) -> None:
        for each in recorded:
            if not each.ours:
                self.hear(each.message)
            elif each.message.get("method") == "session/prompt":
                if not self.rules.state.takes_prompts:
                    self.expire("settle")
                self.prompt(each.message["params"]["prompt"][0]["text"])
            elif each.message.get("method") == "session/cancel":
                self.interrupt()
            elif "result" in each.message:
                self.answer(each.message["result"]["outcome"]["optionId"])


def update(kind: str, /, **fields: Any) -> dict[str, Any]:
    """An update of the session "s"."""
    params = {"sessionId": "s", "update": {"sessionUpdate": kind, **fields}}
    return {"jsonrpc": "2.0", "method": "session/update", "params": params}


def text_block(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def permission(call: dict[str, Any], *options: tuple[str, str], number: int = 7) -> dict[str, Any]:
    """A request for a permission; options are ids and kinds."""
    named = [{"optionId": option, "name": option.title(), "kind": kind} for option, kind in options]
    params = {"sessionId": "s", "toolCall": call, "options": named}
    return {"jsonrpc": "2.0", "id": number, "method": "session/request_permission", "params": params}
