"""Conversations that are kept in files of ours: aider's, by its own option, and those with model servers."""

from __future__ import annotations

from session_host.agents.conversations.place import Found, Kept, Sought
from session_host.paths import endpoint_conversation

_NOTHING = Found(Kept.NOTHING, "the conversation is empty")


class Aider:
    """aider (0.86): a history in Markdown, beside the session's other files; it goes along to the next session."""

    def look(self, sought: Sought) -> Found:
        path = sought.files / f"{sought.conversation}.md"
        try:
            # A prompt begins with this, in a line of its own.
            return Found(Kept.WHOLE) if "\n####" in path.read_text(encoding="utf-8", errors="replace") else _NOTHING
        except FileNotFoundError:
            return Found(Kept.LOST, f"its history is missing: {path}") if sought.used else _NOTHING

    def opened_by(self, sought: Sought) -> list[int]:  # noqa: ARG002 - each session has its own
        return []


class Endpoint:
    """The product's own chat with a model server."""

    def look(self, sought: Sought) -> Found:
        path = endpoint_conversation(sought.conversation)
        if path.exists():
            return Found(Kept.WHOLE)
        return Found(Kept.LOST, f"the conversation is missing: {path}") if sought.used else _NOTHING

    def opened_by(self, sought: Sought) -> list[int]:  # noqa: ARG002 - command lines tell
        return []
