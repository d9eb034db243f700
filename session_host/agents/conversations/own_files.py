"""Conversations in Outlive's own files: aider's, by its own option, and those with model servers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

import msgspec

from session_host.agents.conversations.base import Availability, ConversationQuery, LookupResult
from session_host.agents.conversations.records import has_text, lines_backwards, records_backwards
from session_host.agents.conversations.turns import RecordedText, RecordedTurn, turns_of
from session_host.paths import endpoint_conversation

_PROMPT, _NOTE, _LINE_BREAK = "#### ", "> ", "  "
"""How aider begins the lines of prompts and its own lines, and how it ends them; a model's lines rarely end so."""

_PROMPT_LINE: Final = re.compile(rb"\n####")

_BEGINNING = "# aider chat started at "

_NOTHING = LookupResult(Availability.NOTHING, "the conversation is empty")


class Aider:
    """aider (0.86): a history in Markdown, among the session's files; a resumed session gets a copy of it."""

    variables: Final = ()
    lister: Final = None

    def find(self, query: ConversationQuery) -> LookupResult:
        path = query.files / f"{query.conversation}.md"
        try:
            return LookupResult(Availability.WHOLE) if has_text(path, _PROMPT_LINE) else _NOTHING
        except FileNotFoundError:
            return LookupResult(Availability.LOST, f"its history is missing: {path}") if query.used else _NOTHING

    def opened_by(self, query: ConversationQuery) -> list[int]:  # noqa: ARG002 - each session has its own
        return []

    def record(self, query: ConversationQuery) -> Path:
        return query.files / f"{query.conversation}.md"

    def turns(self, query: ConversationQuery) -> Iterator[RecordedTurn]:
        path = self.record(query)
        if path.exists():
            yield from turns_of(_in_history(path, query.most_bytes))


class Endpoint:
    """Outlive's own chat with a model server."""

    variables: Final = ()
    lister: Final = None

    def find(self, query: ConversationQuery) -> LookupResult:
        path = endpoint_conversation(query.conversation)
        if path.exists():
            return LookupResult(Availability.WHOLE)
        return LookupResult(Availability.LOST, f"the conversation is missing: {path}") if query.used else _NOTHING

    def opened_by(self, query: ConversationQuery) -> list[int]:  # noqa: ARG002 - found by command lines
        return []

    def record(self, query: ConversationQuery) -> Path:
        return endpoint_conversation(query.conversation)

    def turns(self, query: ConversationQuery) -> Iterator[RecordedTurn]:
        path = self.record(query)
        if path.exists():
            yield from turns_of(reversed(_messages(path)))


class _Record(msgspec.Struct):
    """A record of a conversation with a model server: a question, the beginning of an answer, a piece of it …"""

    type: str
    text: str = ""
    keep: int = 0


def _messages(path: Path) -> list[RecordedText]:
    texts: list[RecordedText] = []
    for record in reversed(list(records_backwards(path, _Record))):
        match record.type:
            case "question":
                texts.append(RecordedText("user", record.text))
            case "answer":
                texts.append(RecordedText("agent", ""))
            case "piece" if texts:
                texts[-1] = texts[-1]._replace(text=texts[-1].text + record.text)
            case "rewound":
                del texts[max(record.keep, 0) :]
    return texts


def _in_history(path: Path, most_bytes: int) -> Iterator[RecordedText]:
    lines = (line.decode(errors="replace") for line in lines_backwards(path, most_bytes))
    for kind, group in groupby(lines, _kind_of):
        text = "\n".join(reversed([line.removeprefix(_PROMPT) if kind == "user" else line for line in group]))
        if kind == "user":
            yield RecordedText("user", text)
        elif kind == "agent" and text.strip():
            yield RecordedText("agent", text)


def _kind_of(line: str) -> str:
    if line.endswith(_LINE_BREAK):
        if line.startswith(_PROMPT):
            return "user"
        if line.startswith(_NOTE):
            return "note"
    return "note" if line.startswith(_BEGINNING) else "agent"
