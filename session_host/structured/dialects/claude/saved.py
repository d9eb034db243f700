"""A conversation that Claude Code saved (``projects/<directory>/<id>.jsonl``) as items of the transcript. Pure.

Each line names the line before it ("parentUuid"), so a file is a tree: a user who goes back to an earlier prompt begins
a branch. The branch of the last line is shown. Results of parallel tool calls are branches of their own.

Source: files of versions 2.1.197 and 2.1.329.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from session_host.errors import NotResumable
from session_host.protocol.untrusted_numbers import time_ms
from session_host.protocol.untrusted_text import without_escapes
from session_host.protocol.values import Image
from session_host.structured.dialects.reading import array, at, text
from session_host.structured.dialects.reading import message as read_message
from session_host.structured.items import AnyChange, Item, Put
from session_host.structured.transcript import Transcript

from .reader import MessageReader, ReaderState
from .tools import content

_COMMAND: Final = re.compile(
    r"<command-name>(.*?)</command-name>.*?(?:<command-args>(.*?)</command-args>|\Z)", re.DOTALL
)
_SHELL_INPUT: Final = re.compile(r"\A<bash-input>(.*)</bash-input>\Z", re.DOTALL)
_OUTPUT: Final = re.compile(
    r"<(local-command-stdout|local-command-stderr|bash-stdout|bash-stderr)>(.*?)</\1>", re.DOTALL
)
_PASTED: Final = re.compile(r"<pasted_content\b[^>]*>\n?(.*?)\n?</pasted_content\b[^>]*>", re.DOTALL)
"""A long text that the user pasted into a prompt."""
_INTERRUPTED: Final = "[Request interrupted by user"
_REMINDERS: Final = ("<system-reminder>", "<ide_", "<task-notification>", "<local-command-caveat>")
"""The beginnings of texts that Claude Code adds to a prompt for its model."""


def items_of(lines: Iterable[bytes]) -> list[Item]:
    """The items of a saved conversation, oldest first; lines that cannot be read are left out.

    Messages of the agent have the times of their lines, which it writes when a message is complete.
    """
    reader = _SavedReader()
    for line in _last_branch([line for raw in lines if (line := read_message(raw)) is not None]):
        reader.read(line)
    return reader.finish()


def message_before(lines: Iterable[bytes], prompt: str) -> str | None:
    """The id of the last message before a prompt.

    Args:
        lines: the saved conversation.
        prompt: the id of the prompt's message.

    Returns:
        The id; "" if the model had said nothing before the prompt; None if the file does not have the prompt.

    Raises:
        NotResumable: the conversation was compacted since.
    """
    read = [line for raw in lines if (line := read_message(raw)) is not None]
    by_id = {text(line, "uuid"): line for line in read if text(line, "uuid")}
    line = by_id.get(prompt)
    if line is None:
        return None
    if any(text(later, "subtype") == "compact_boundary" for later in read[read.index(line) :]):
        raise NotResumable("Claude Code has compacted the conversation since this prompt")
    found, has_answer = "", False
    while not has_answer:
        line = by_id.get(text(line, "parentUuid") or text(line, "logicalParentUuid"))
        if line is None:
            return ""
        if _is_message(line):
            found = found or text(line, "uuid")
            has_answer = text(line, "type") == "assistant"
    return found


def without_paste_tags(prompt: str) -> str:
    """A prompt as the user wrote it: Claude Code puts tags around a long text that was pasted."""
    return _PASTED.sub(r"\1", prompt).strip("\n") if "<pasted_content" in prompt else prompt


def _last_branch(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of the branch with the last message, and the results of its tool calls."""
    lines = [line for line in lines if line.get("isSidechain") is not True]
    indexes = {text(line, "uuid"): index for index, line in enumerate(lines) if text(line, "uuid")}
    kept: set[int] = set()
    index = next((index for index in range(len(lines) - 1, -1, -1) if _is_message(lines[index])), -1)
    while index >= 0 and index not in kept:
        kept.add(index)
        line = lines[index]
        parent = text(line, "parentUuid") or text(line, "logicalParentUuid")
        if parent in indexes:
            index = indexes[parent]
        elif parent:  # The parent's line is missing: continue with the line before.
            index = next((before for before in range(index - 1, -1, -1) if _is_message(lines[before])), -1)
        else:
            index = -1
    messages = {text(lines[index], "message", "id") for index in kept} - {""}
    kept |= {index for index, line in enumerate(lines) if _is_message(line) and text(line, "message", "id") in messages}
    calls = {text(block, "id") for index in kept for block in _blocks(lines[index])} - {""}
    kept |= {
        index for index, line in enumerate(lines) if any(text(block, "tool_use_id") in calls for block in _blocks(line))
    }
    return [lines[index] for index in sorted(kept)]


def _is_message(line: dict[str, Any]) -> bool:
    return text(line, "type") in ("user", "assistant")


def _blocks(line: dict[str, Any]) -> list[Any]:
    return array(line, "message", "content") if _is_message(line) else []


class _SavedReader:
    """Reads the lines of one branch, in order. It is the port of the reader of Claude's messages."""

    def __init__(self) -> None:
        self.now_ms = 0
        self._transcript = Transcript()
        self._state = ReaderState()
        self._reader = MessageReader(self, self._state)

    def read(self, line: dict[str, Any]) -> None:
        """Read a line."""
        self.now_ms = _milliseconds(text(line, "timestamp")) or self.now_ms
        self._state.directory = text(line, "cwd")
        match text(line, "type"), text(line, "subtype"):
            case "user", _ if line.get("isMeta") is not True and line.get("isCompactSummary") is not True:
                self._user(line)
            case "assistant", _ if line.get("isApiErrorMessage") is True:
                self.notice(content(at(line, "message", "content"))[0])
            case "assistant", _:
                self._reader.assistant(line)
            case "system", "local_command":
                self._words(line, text(line, "content"))
            case "system", "compact_boundary":
                self.notice(text(line, "content") or "Conversation compacted")
            case _:
                pass

    def finish(self) -> list[Item]:
        """The items; what was not complete is cut."""
        self._reader.finish("cut")
        return list(self._transcript)

    def _user(self, line: dict[str, Any]) -> None:
        if any(text(block, "type") == "tool_result" for block in _blocks(line)):
            if text(line, "permissionDecision", "decision") == "reject":
                for block in _blocks(line):
                    self._reader.deny(text(block, "tool_use_id"))
            self._reader.user(line | {"tool_use_result": line.get("toolUseResult")})
            return
        value = at(line, "message", "content")
        if isinstance(value, list):
            value = [block for block in value if not text(block, "text").startswith(_REMINDERS)]
        words, images = content(value)
        if words.startswith(_INTERRUPTED):
            self._reader.finish("interrupted")
        elif (words.strip() or images) and not words.startswith(_REMINDERS):
            self._words(line, words, images)

    def _words(self, line: dict[str, Any], words: str, images: tuple[Image, ...] = ()) -> None:
        """Read a text in the user's name: a prompt, a command, or a command's output."""
        if outputs := _OUTPUT.findall(words):
            for _, output in outputs:
                self.notice(without_escapes(output).strip())
            return
        if command := _COMMAND.search(words):
            words = f"{command[1].strip()} {(command[2] or '').strip()}".strip()
        elif shell := _SHELL_INPUT.match(words.strip()):
            words = f"! {shell[1].strip()}"
        else:
            words = without_paste_tags(words)
        self._state.turn = text(line, "uuid") or f"prompt-{len(self._transcript)}"
        item = Item(self._state.turn, "user", self.now_ms, words, "done", self._state.turn, images=images)
        self.emit(Put(item))

    # ------------------------------------------------------------ the port

    def emit(self, change: AnyChange) -> None:
        """See ``DialectPort``."""
        self._transcript.apply(change)

    def notice(self, text: str) -> None:
        """See ``DialectPort``."""
        if text:
            number = len(self._transcript)
            self.emit(Put(Item(f"saved-notice-{number}", "notice", self.now_ms, text, turn=self._state.turn)))

    def raw(self, title: str, message: Any) -> None:
        """See ``DialectPort``; an earlier message that is not understood is left out."""


def _milliseconds(timestamp: str) -> int:
    try:
        return time_ms(datetime.fromisoformat(timestamp).timestamp(), 1000) or 0
    except (ValueError, OverflowError):
        return 0
