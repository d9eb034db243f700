"""A git worktree for a chat: created, shown and removed through git; no work is lost.

This package knows git and directories. It must not know sessions, their processes, the store or windows: the caller
knows which chat uses a worktree. Each question starts git (2.36 or newer), with a timeout and without a terminal.
"""

from session_host.client.worktrees.making import Mark, Worktree, discard, make, remake
from session_host.client.worktrees.removing import Plan, Removal, finish_removals, plan, remove
from session_host.client.worktrees.repository import Repository, find
from session_host.client.worktrees.status import Status, status_of
from session_host.client.worktrees.submodules import empty_submodules
from session_host.client.worktrees.unfinished import clean_up

# fmt: off
__all__ = [
    "Mark", "Plan", "Removal", "Repository", "Status", "Worktree", "clean_up", "discard", "empty_submodules",
    "find", "finish_removals", "make", "plan", "remake", "remove", "status_of",
]
# fmt: on
