"""Qwen Code (0.24): a transcript per conversation, ``projects/<directory>/chats/<id>.jsonl``; a file per process."""

from __future__ import annotations

from pathlib import Path

from session_host.agents.conversations.base import Availability, ConversationQuery, LookupResult
from session_host.agents.conversations.process_files import in_conversation


class Qwen:
    """Qwen Code's conversations; see the module."""

    def find(self, sought: ConversationQuery) -> LookupResult:
        home = _home(sought)
        for path in home.glob(f"projects/*/chats/{sought.conversation}.jsonl"):
            if b'"user"' in path.read_bytes():
                return LookupResult(Availability.WHOLE)
        if sought.used:
            return LookupResult(Availability.LOST, f"Qwen Code's transcript is missing from {home / 'projects'}")
        return LookupResult(Availability.NOTHING, "the conversation is empty")

    def opened_by(self, sought: ConversationQuery) -> list[int]:
        return list(in_conversation(_home(sought) / "sessions", sought.conversation))


def _home(sought: ConversationQuery) -> Path:
    return sought.home / ".qwen"
