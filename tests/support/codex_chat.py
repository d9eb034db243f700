"""A chat with the Codex dialect, without a process: handles messages of the server, and keeps the results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from session_host.protocol.messages import AnswerRequest, ChatInput, Interrupt, Prompt
from session_host.structured.answers import Refusal
from session_host.structured.dialects.base import Start
from session_host.structured.dialects.codex.dialect import CodexDialect
from session_host.structured.items import AnyChange, Item, digest
from session_host.structured.lines import AgentLine
from session_host.structured.rules import Step, StructuredRules
from session_host.structured.transcript import Transcript

RECORDING = Path(__file__).parents[1] / "recordings" / "codex-app-server.jsonl"

THREAD = "t"
DIRECTORY = "/home/user/proj"

Json = dict[str, Any]


class Recorded(NamedTuple):
    """A recorded message; ``ours``: the client sent it."""

    at_ms: int
    ours: bool
    message: Json


def recording(process: int) -> list[Recorded]:
    """The messages of the first (1) or second (2) process of the recording."""
    found: list[Recorded] = []
    for line in RECORDING.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if entry["msg"].get("method") == "initialize":
            process -= 1
        if process == 0:
            found.append(Recorded(int(entry["t"] * 1000) + 1, entry["dir"] == "->", entry["msg"]))
    return found


class CodexChat:
    """Rules with the Codex dialect, and their transcript.

    Attributes:
        sent: each message for the server.
        changes: all changes of the transcript, in order.
        reloads: save and load the state before each step.
    """

    def __init__(self, start: Start | None = None, *, reloads: bool = False) -> None:
        self.start = start or Start(directory=DIRECTORY)
        self.rules = StructuredRules(CodexDialect, self.start, "me")
        self.transcript = Transcript()
        self.sent: list[Json] = []
        self.changes: list[AnyChange] = []
        self.timers: list[tuple[str, float]] = []
        self.now_ms = 1
        self.reloads = reloads
        self._take(self.rules.begin(1))

    def _take(self, step: Step) -> Step:
        for change in step.changes:
            self.transcript.apply(change, self.now_ms)
        self.changes += step.changes
        self.sent += [msgspec.json.decode(line) for line in step.lines.splitlines()]
        self.timers += step.timers
        if self.reloads:
            saved = self.rules.save()
            self.rules = StructuredRules(CodexDialect, self.start, "me")
            self.rules.load(*saved)
        return step

    # ------------------------------------------------------------ the server

    def hear(self, *messages: Json) -> None:
        """Handle messages of the server."""
        for message in messages:
            line = AgentLine(json.dumps(message).encode())
            self._take(self.rules.receive_lines([line], self.now_ms))

    def notify(self, method: str, **params: Any) -> None:
        """Handle a notification of the server."""
        self.hear({"method": method, "params": {"threadId": THREAD, "turnId": "u1", **params}})

    def ask(self, method: str, number: int | str = 0, **params: Any) -> None:
        """Handle a request of the server."""
        place = {"threadId": THREAD, "turnId": "u1", "itemId": "i1", "startedAtMs": 1}
        self.hear({"id": number, "method": method, "params": {**place, **params}})

    def reply(self, result: Any) -> None:
        """Handle the server's reply to the last request."""
        self.hear({"id": self.last_request()["id"], "result": result})

    def last_request(self) -> Json:
        """The last request that was sent to the server."""
        return next(each for each in reversed(self.sent) if "id" in each and "method" in each)

    def open(self) -> None:
        """Open a thread and begin a turn in it, by the server's replies."""
        self.reply({"userAgent": "x"})
        self.reply({"thread": {"id": THREAD, "name": None}, "model": "m", "approvalPolicy": "on-request"})
        self.reply({"account": None, "requiresOpenaiAuth": False})
        self.do(Prompt("go"))
        self.reply({"turn": {"id": "u1", "status": "inProgress"}})

    def expire(self, name: str) -> None:
        """Expire a timer."""
        self._take(self.rules.timer_due(name, self.now_ms))

    def end(self) -> None:
        """Handle the server's end."""
        self._take(self.rules.end(self.now_ms))

    # ------------------------------------------------------------ the user

    def do(self, chat_input: ChatInput) -> Refusal | None:
        """Give the chat a window's input."""
        return self._take(self.rules.receive_input(chat_input, self.now_ms, by="window")).refusal

    def answer(self, option: str, texts: dict[str, str] | None = None) -> Any:
        """Answer the oldest request; returns the reply's result."""
        request = self.transcript.open_requests[0]
        assert self.do(AnswerRequest(request.id, option, digest(request), texts or {})) is None
        return self.sent[-1]["result"]

    # ------------------------------------------------------------ what is shown

    @property
    def items(self) -> list[Item]:
        return list(self.transcript)

    def shown(self) -> list[tuple[str, str, str]]:
        """Kind, status, and text or title of each item."""
        return [(each.kind, each.status, each.title or each.text) for each in self.transcript]

    # ------------------------------------------------------------ recordings

    def replay(self, messages: list[Recorded]) -> None:
        """Replay a recording; the user's actions are those of the recorded client."""
        numbers: dict[Any, int] = {}
        for each in messages:
            self.now_ms = each.at_ms
            if each.ours:
                self._play_ours(each.message, numbers)
            elif "method" not in each.message and each.message["id"] not in numbers:
                continue  # A reply to a request that this client does not make.
            else:
                known = "method" in each.message or each.message["id"] is None
                message = each.message if known else each.message | {"id": numbers[each.message["id"]]}
                self.hear(message)
                if self.last_request()["method"] == "thread/turns/list" and "result" in message:
                    self.reply({"data": message["result"]["thread"]["turns"], "nextCursor": None})

    def _play_ours(self, message: Json, numbers: dict[Any, int]) -> None:
        method, params = message.get("method"), message.get("params", {})
        words = "".join(each["text"] for each in params.get("input", []))
        before = len(self.sent)
        match method:
            case "turn/start":
                self.do(Prompt(words))
            case "turn/steer" if self.transcript.status.state == "running":
                self.do(Prompt(words, "steer"))
            case "turn/interrupt":
                self.do(Interrupt())
            case None:
                self.answer(message["result"]["decision"])
            case "initialize" | "thread/start" | "thread/resume":
                before = 0
            case _:
                return
        for each in self.sent[before:]:
            if each.get("method") == method and "id" in each and each["id"] not in numbers.values():
                numbers[message["id"]] = each["id"]
                return
