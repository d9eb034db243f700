"""Conversations in Outlive's own files: aider's, by its own option, and those with model servers."""

from __future__ import annotations

from session_host.agents.conversations.base import Availability, ConversationQuery, LookupResult
from session_host.paths import endpoint_conversation

_NOTHING = LookupResult(Availability.NOTHING, "the conversation is empty")


class Aider:
    """aider (0.86): a history in Markdown, among the session's files; a resumed session gets a copy of it."""

    def find(self, sought: ConversationQuery) -> LookupResult:
        path = sought.files / f"{sought.conversation}.md"
        try:
            # A prompt's line begins with this.
            return (
                LookupResult(Availability.WHOLE)
                if "\n####" in path.read_text(encoding="utf-8", errors="replace")
                else _NOTHING
            )
        except FileNotFoundError:
            return LookupResult(Availability.LOST, f"its history is missing: {path}") if sought.used else _NOTHING

    def opened_by(self, sought: ConversationQuery) -> list[int]:  # noqa: ARG002 - each session has its own
        return []


class Endpoint:
    """Outlive's own chat with a model server."""

    def find(self, sought: ConversationQuery) -> LookupResult:
        path = endpoint_conversation(sought.conversation)
        if path.exists():
            return LookupResult(Availability.WHOLE)
        return LookupResult(Availability.LOST, f"the conversation is missing: {path}") if sought.used else _NOTHING

    def opened_by(self, sought: ConversationQuery) -> list[int]:  # noqa: ARG002 - command lines tell
        return []
