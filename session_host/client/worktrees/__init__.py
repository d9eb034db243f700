"""A git worktree for a chat: created, shown and removed through git; no work is lost.

This package knows git and directories. It must not know sessions, their processes, the store or windows: the caller
knows which chat uses a worktree. Each question starts git (2.36 or newer), with a timeout and without a terminal.
What removes a worktree (``removing``, ``unfinished``) is imported from there: most starts do not need it.
"""

from session_host.client.worktrees.making import Mark, Worktree, discard, make, remake
from session_host.client.worktrees.repository import Repository, find
from session_host.client.worktrees.status import Status, status_of
from session_host.client.worktrees.submodules import empty_submodules

# fmt: off
__all__ = [
    "Mark", "Repository", "Status", "Worktree", "discard", "empty_submodules", "find", "make", "remake", "status_of",
]
# fmt: on
