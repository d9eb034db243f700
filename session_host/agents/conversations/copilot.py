"""Copilot CLI (1.0): a directory per conversation, ``session-state/<id>``, with a file per process that has it open.

``events.jsonl`` in the directory holds the messages. ``inuse.<pid>.hold`` stays when its process is killed. An unknown
id begins a new conversation.
"""

from __future__ import annotations

import re
from pathlib import Path

from session_host.agents.conversations.base import Availability, ConversationQuery, LookupResult
from session_host.system.processes import proc
from session_host.system.processes.identity import is_running


class Copilot:
    """Copilot CLI's conversations; see the module."""

    def find(self, sought: ConversationQuery) -> LookupResult:
        events = _directory(sought) / "events.jsonl"
        if events.exists() and b'"user.message"' in events.read_bytes():
            return LookupResult(Availability.WHOLE)
        if sought.used:
            return LookupResult(Availability.LOST, f"Copilot CLI's transcript is missing: {events}")
        return LookupResult(Availability.NOTHING, "the conversation is empty")

    def opened_by(self, sought: ConversationQuery) -> list[int]:
        names = [path.name for path in _directory(sought).glob("inuse.*.hold")]
        pids = [int(match[1]) for name in names if (match := re.fullmatch(r"inuse\.(\d{1,10})\.hold", name))]
        return [pid for pid in pids if is_running(pid, None) and _is_it(pid)]


def _directory(sought: ConversationQuery) -> Path:
    return sought.home / ".copilot" / "session-state" / sought.conversation


def _is_it(pid: int) -> bool:
    """Whether the process runs this program, and is not a later one with the same PID."""
    return b"copilot" in proc.command_line(pid)
