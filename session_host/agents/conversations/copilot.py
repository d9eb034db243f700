"""Copilot CLI (1.0): a directory a conversation, ``session-state/<id>``, with a file for each process that has it open.

``events.jsonl`` in it holds what was said. ``inuse.<pid>.hold`` stays when its process is killed. An id that it does
not know begins a conversation.
"""

from __future__ import annotations

import re
from pathlib import Path

from session_host.agents.conversations.place import Found, Kept, Sought
from session_host.pty.identity import is_running


class Copilot:
    """See the module."""

    def look(self, sought: Sought) -> Found:
        events = _directory(sought) / "events.jsonl"
        if events.exists() and b'"user.message"' in events.read_bytes():
            return Found(Kept.WHOLE)
        if sought.used:
            return Found(Kept.LOST, f"Copilot CLI's transcript is missing: {events}")
        return Found(Kept.NOTHING, "the conversation is empty")

    def opened_by(self, sought: Sought) -> list[int]:
        names = [path.name for path in _directory(sought).glob("inuse.*.hold")]
        pids = [int(match[1]) for name in names if (match := re.fullmatch(r"inuse\.(\d{1,10})\.hold", name))]
        return [pid for pid in pids if is_running(pid, None) and _is_it(pid)]


def _directory(sought: Sought) -> Path:
    return sought.home / ".copilot" / "session-state" / sought.conversation


def _is_it(pid: int) -> bool:
    """Whether the process is of this program, and not a later one with its PID."""
    try:
        return b"copilot" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
