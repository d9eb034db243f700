"""Claude Code (2.1): one transcript per conversation, in one directory per project; one file per running process.

Claude Code creates ``projects/<directory>/<id>.jsonl`` about a second after the first prompt. If it is killed right
there, the file holds no line of the user's, and then neither ``--resume`` nor ``--session-id`` accepts the id.

``sessions/<pid>.json`` names the conversation that a process is in; a killed process leaves its file behind.
"""

from __future__ import annotations

import re
from pathlib import Path

from session_host.agents.conversations.base import Availability, ConversationQuery, LookupResult
from session_host.agents.conversations.process_files import in_conversation

_USER_LINE = re.compile(rb'"type":\s*"user"')
_PIECE_BYTES = 1 << 20
_LONGEST_MATCH_BYTES = 64


class Claude:
    """Claude Code's conversations; see the module."""

    def find(self, sought: ConversationQuery) -> LookupResult:
        # Search by the id alone, since long directory names are cut and hashed. The chat is resumed in the same
        # directory.
        paths = sorted(_projects(sought).glob(f"*/{sought.conversation}.jsonl"))
        if any(_has_user_line(path) for path in paths):
            return LookupResult(Availability.WHOLE)
        if paths:
            return LookupResult(
                Availability.LOST,
                f"Claude Code exited before it saved the prompt: it is not in {paths[0]}",
            )
        if sought.used:
            return LookupResult(Availability.LOST, f"Claude Code's transcript is missing from {_projects(sought)}")
        return LookupResult(Availability.NOTHING, "the conversation is empty")

    def opened_by(self, sought: ConversationQuery) -> list[int]:
        return list(in_conversation(_home(sought) / "sessions", sought.conversation))


def _home(sought: ConversationQuery) -> Path:
    return sought.from_variable("CLAUDE_CONFIG_DIR", sought.home / ".claude")


def _projects(sought: ConversationQuery) -> Path:
    return _home(sought) / "projects"


def _has_user_line(path: Path) -> bool:
    tail = b""
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            if _USER_LINE.search(tail + piece):
                return True
            tail = piece[-_LONGEST_MATCH_BYTES:]
    return False
