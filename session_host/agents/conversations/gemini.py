"""Gemini CLI (0.61): transcripts a project, which it may delete by itself.

``tmp/<project>/chats/session-<minute>-<first 8 of the id>.jsonl`` below ``.gemini``, removed at the end if nothing was
said. ``--resume`` makes a second one of the same name but for the minute, with nothing in it; the next Gemini CLI that
starts in that project finds it "not resumable" and deletes all files with these eight characters: the conversation
is gone. So such twins are removed before each start, while there is another with something in it.
"""

from __future__ import annotations

import contextlib
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from session_host.agents.conversations.place import Found, Kept, Sought

_LONGEST_TWIN_BYTES = 64 * 1024
_CONTEXT = "<session_context>"
"""What it tells the model before the user says anything begins so."""


class Gemini:
    """See the module."""

    def look(self, sought: Sought) -> Found:
        short = sought.conversation[:8]
        for path in _home(sought).glob(f"tmp/*/chats/session-*-{short}.json*"):
            with path.open("rb") as file:
                if sought.conversation.encode() in file.read(_LONGEST_TWIN_BYTES):
                    return Found(Kept.WHOLE)
        if sought.used:
            return Found(Kept.LOST, f"Gemini CLI's transcript of it is gone from {_home(sought) / 'tmp'}")
        return Found(Kept.NOTHING, "nothing was asked in it yet")

    def opened_by(self, sought: Sought) -> list[int]:  # noqa: ARG002 - nothing tells
        return []

    def before_start(self, sought: Sought) -> None:
        """Remove what would make it delete conversations."""
        for chats in _home(sought).glob("tmp/*/chats"):
            twins: dict[str, list[Path]] = defaultdict(list)
            for path in chats.glob("session-*-*.jsonl"):
                twins[path.stem.rpartition("-")[2]].append(path)
            for paths in twins.values():
                empty = [path for path in paths if len(paths) > 1 and not _has_words(path)]
                if len(empty) < len(paths):
                    for path in empty:
                        with contextlib.suppress(OSError):
                            path.unlink(missing_ok=True)


def _home(sought: Sought) -> Path:
    return sought.home / ".gemini"


def _has_words(path: Path) -> bool:
    """Whether somebody spoke in it: the user, or the model; a file that we do not understand counts as such."""
    try:
        if path.stat().st_size > _LONGEST_TWIN_BYTES:
            return True
        records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        return any(_is_said(message) for record in records for message in _messages(record))
    except (OSError, ValueError, RecursionError, AttributeError, TypeError):
        return True


def _messages(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [record, *record.get("$set", {}).get("messages", [])]


def _is_said(message: dict[str, Any]) -> bool:
    if message.get("type") == "gemini":
        return True
    if message.get("type") != "user":
        return False
    content = message.get("content")
    text = content if isinstance(content, str) else "".join(part.get("text", "") for part in content or [])
    return not text.lstrip().startswith(_CONTEXT)
