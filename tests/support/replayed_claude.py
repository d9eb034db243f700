"""Recorded chats with Claude Code, and a chat that replays them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from session_host.protocol.messages import AnswerRequest, ChatInput
from session_host.structured.dialects.base import Start
from session_host.structured.dialects.claude.dialect import ClaudeDialect
from session_host.structured.items import Item, digest
from session_host.structured.lines import AgentLine
from session_host.structured.rules import Step, StructuredRules
from session_host.structured.transcript import Transcript

RECORDINGS = Path(__file__).parents[1] / "recordings"
CURRENT = RECORDINGS / "claude-stream-json.jsonl"
EARLIER = RECORDINGS / "claude-stream-json-2.1.197.jsonl"
Entry = dict[str, Any]


def entries(path: Path) -> list[Entry]:
    """The lines of a recording: "<-" from Claude, "->" to it, "do" of the user, "end" of the program."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


class ReplayedClaude:
    """A chat that replays a recording."""

    def __init__(self, *, saves: bool = False) -> None:
        self.start = Start(directory="/home/user/project")
        self.rules = StructuredRules(ClaudeDialect, self.start, "s")
        self.transcript = Transcript()
        self.sent: list[Any] = []
        self._saves = saves
        self._take(self.rules.begin(1))

    def _take(self, step: Step) -> None:
        for change in step.changes:
            self.transcript.apply(change, 1)
        self.sent += [msgspec.json.decode(line) for line in step.lines.splitlines()]
        assert step.refusal is None

    def replay(self, entry: Entry) -> None:
        """Replay one line of the recording."""
        if self._saves:
            state, dialect = self.rules.save()
            copied = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=type(state))
            self.rules = StructuredRules(ClaudeDialect, self.start, "s")
            self.rules.load(copied, dialect)
        match entry["dir"]:
            case "<-":
                self._take(self.rules.receive_lines([AgentLine(json.dumps(entry["msg"]).encode())], 1))
            case "do":
                self.do(msgspec.convert(entry["msg"], ChatInput))
            case "end":
                self._take(self.rules.end(1))

    def do(self, chat_input: ChatInput) -> None:
        if isinstance(chat_input, AnswerRequest):
            chat_input = msgspec.structs.replace(
                chat_input, digest=digest(self.transcript.requests[chat_input.agent_request])
            )
        self._take(self.rules.receive_input(chat_input, 1, by="window"))

    def raws(self) -> list[Item]:
        return [each for each in self.transcript if each.kind == "raw"]

    def find(self, kind: str, words: str) -> Item:
        """The item of a kind that has a text in its title, text or command."""
        return next(
            each
            for each in self.transcript
            if each.kind == kind and words in (f"{each.title} {each.text} {each.command}")
        )
