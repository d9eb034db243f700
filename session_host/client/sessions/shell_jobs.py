"""The jobs of a shell, by the kernel."""

from __future__ import annotations

from session_host.storage.store import SessionRecord
from session_host.system.processes import proc


def has_jobs(record: SessionRecord) -> bool:
    """Whether a running shell has a program in the foreground, in the background, or stopped; or its PID is unknown."""
    return record.child_pid is None or bool(proc.children(record.child_pid))
