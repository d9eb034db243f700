"""Qwen Code (0.24): a transcript a conversation, ``projects/<directory>/chats/<id>.jsonl``; a file a process."""

from __future__ import annotations

from pathlib import Path

from session_host.agents.conversations.place import Found, Kept, Sought
from session_host.agents.conversations.processes import in_conversation


class Qwen:
    """See the module."""

    def look(self, sought: Sought) -> Found:
        home = _home(sought)
        for path in home.glob(f"projects/*/chats/{sought.conversation}.jsonl"):
            if b'"user"' in path.read_bytes():
                return Found(Kept.WHOLE)
        if sought.used:
            return Found(Kept.LOST, f"Qwen Code's transcript is missing from {home / 'projects'}")
        return Found(Kept.NOTHING, "the conversation is empty")

    def opened_by(self, sought: Sought) -> list[int]:
        return list(in_conversation(_home(sought) / "sessions", sought.conversation))


def _home(sought: Sought) -> Path:
    return sought.home / ".qwen"
