"""Reads the texts of Gemini CLI's transcripts (0.61), the newest first.

A line is a message or a change. A message is written again as it grows. The change ``$set`` may replace all earlier
messages; ``$rewindTo`` drops the messages from an id on. Earlier versions wrote one JSON object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from .backwards import MAX_BYTES, TooFarBack, records_backwards
from .turns import RecordedText, seconds_of

_CONTEXT: Final = ("<session_context>", "<hook_context>")
"""Beginnings of messages that Gemini CLI itself sends to the model as the user's."""


class _Part(msgspec.Struct):
    text: str = ""
    thought: bool = False


class Message(msgspec.Struct, kw_only=True):
    """A message of a transcript."""

    id: str = ""
    type: str = ""
    content: str | _Part | list[_Part | str] = ""
    timestamp: object = None

    @property
    def text(self) -> str:
        """The text, without thoughts and tools."""
        parts = self.content if isinstance(self.content, list) else [self.content]
        return "".join(
            part if isinstance(part, str) else part.text for part in parts if isinstance(part, str) or not part.thought
        )


class _Change(msgspec.Struct):
    messages: list[Message] | None = None


class Record(Message, kw_only=True):
    """A line, or the one object of a file of an earlier version."""

    change: _Change | None = msgspec.field(name="$set", default=None)
    rewound_to: str = msgspec.field(name="$rewindTo", default="")
    messages: list[Message] | None = None


def recorded_texts(path: Path) -> Iterator[RecordedText]:
    """Yield the texts of a transcript, the newest first.

    Raises:
        OSError, TooFarBack: see ``records_backwards``.
    """
    for message in _messages(_records(path)):
        text = message.text
        if message.type == "gemini":
            yield RecordedText("agent", text)
        elif message.type == "user" and text.strip() and not text.startswith(_CONTEXT):
            yield RecordedText("user", text, seconds_of(message.timestamp))


def _records(path: Path) -> Iterator[Record]:
    if path.suffix == ".jsonl":
        yield from records_backwards(path, Record)
    elif path.stat().st_size > MAX_BYTES:
        raise TooFarBack
    else:
        try:
            yield msgspec.json.decode(path.read_bytes(), type=Record)
        except (msgspec.DecodeError, RecursionError):
            return


def _messages(records: Iterable[Record]) -> Iterator[Message]:
    """The messages that are still part of the conversation, the newest first."""
    seen: set[str] = set()
    dropped_from = ""
    for record in records:
        dropped_from = dropped_from or record.rewound_to
        whole = record.change.messages if record.change is not None else record.messages
        for message in [record] if whole is None else reversed(whole):
            if message.id in seen:
                continue
            if message.id:
                seen.add(message.id)
            if not dropped_from:
                yield message
            elif message.id == dropped_from:
                dropped_from = ""
        if whole is not None:
            return
