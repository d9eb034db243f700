"""The ways by their names in the catalog."""

from __future__ import annotations

from typing import Final

from session_host.agents.conversations.claude import Claude
from session_host.agents.conversations.codex import Codex
from session_host.agents.conversations.opencode import OpenCode
from session_host.agents.conversations.place import Found, Kept, Place, Sought
from session_host.agents.conversations.transcripts import Transcripts

PLACES: Final[dict[str, Place]] = {
    "claude": Claude(),
    "codex": Codex(),
    "opencode": OpenCode(),
    "gemini": Transcripts(
        "Gemini CLI", "", ".gemini", ("tmp/*/chats/session-*-{short}.json*",), inside=True, early=True
    ),
    "copilot": Transcripts("Copilot CLI", "", ".copilot", ("session-state/{id}", "session-state/{id}.jsonl")),
    "qwen": Transcripts("Qwen Code", "", ".qwen", ("projects/*/chats/{id}.jsonl",)),
}

VARIABLES: Final = ("HOME", "XDG_DATA_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME")
"""What leads an agent to its conversations."""


def look(place: str, sought: Sought) -> Found:
    """What is kept of a conversation; a place of an unknown name, or one that cannot be read, tells nothing."""
    way = PLACES.get(place)
    if way is None:
        return Found(Kept.UNKNOWN)
    try:
        return way.look(sought)
    except OSError:
        return Found(Kept.UNKNOWN)


def opened_by(place: str, sought: Sought) -> list[int]:
    """The living processes that have it open, as the agent's own files tell."""
    way = PLACES.get(place)
    try:
        return way.opened_by(sought) if way is not None else []
    except OSError:
        return []
