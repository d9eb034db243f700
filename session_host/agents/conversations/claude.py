"""Claude Code (2.1): a transcript a conversation, in a directory a project; a file a running process.

``projects/<directory>/<id>.jsonl`` is made at the first prompt, a second or so after it: one that was cut off right
there holds no line of the user's, and then neither ``--resume`` nor ``--session-id`` accepts the id.

``sessions/<pid>.json`` names the conversation that a process is in; a killed one leaves it behind.
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
    """See the module."""

    def find(self, sought: ConversationQuery) -> LookupResult:
        # By the id alone: the names of long directories are cut, and given a hash. It is resumed in the same one.
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
