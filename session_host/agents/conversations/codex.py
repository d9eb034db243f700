"""Codex (0.169): one rollout per thread, created at the first prompt; a lock on each thread that a process has open.

A rollout is ``sessions/Y/M/D/rollout-<time>-<id>.jsonl``, in ``archived_sessions`` once archived; a thread without one
cannot be resumed. ``thread-writer-locks/<id>.lock`` outlives its process, so only flock(2) shows its use
(``/proc/locks``).
"""

from __future__ import annotations

import os
from pathlib import Path

from session_host.agents.conversations.base import Availability, ConversationQuery, LookupResult
from session_host.system.processes import proc


class Codex:
    """Codex's conversations; see the module."""

    def find(self, sought: ConversationQuery) -> LookupResult:
        home = _home(sought)
        name = f"rollout-*-{sought.conversation}.jsonl"
        if any(home.glob(f"sessions/*/*/*/{name}")) or any(home.glob(f"archived_sessions/{name}")):
            return LookupResult(Availability.WHOLE)
        if sought.used:
            return LookupResult(Availability.LOST, f"Codex's transcript is missing from {home / 'sessions'}")
        return LookupResult(Availability.LOST, f"the conversation is empty, or missing from {home / 'sessions'}")

    def opened_by(self, sought: ConversationQuery) -> list[int]:
        lock = _home(sought) / "thread-writer-locks" / f"{sought.conversation}.lock"
        try:
            inode = lock.stat().st_ino
            lines = Path("/proc/locks").read_text(encoding="ascii", errors="replace").splitlines()
        except OSError:
            return []  # No process ever had the thread open, or the system does not list locks.
        # "1: FLOCK  ADVISORY  WRITE 1234 08:02:5678 0 EOF"; a waiting lock has "->" before its kind (proc(5)).
        found = [line.split() for line in lines if " FLOCK " in line and "->" not in line]
        pids = {int(words[4]) for words in found if len(words) > 5 and words[5].rpartition(":")[2] == str(inode)}
        # Inode numbers are unique only within one file system.
        return sorted(pid for pid in pids if _has_open(pid, lock))


def _home(sought: ConversationQuery) -> Path:
    return sought.from_variable("CODEX_HOME", sought.home / ".codex")


def _has_open(pid: int, path: Path) -> bool:
    wanted = os.path.realpath(path)
    return any(target == wanted for _, target in proc.open_files(pid))
