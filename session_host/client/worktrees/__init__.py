"""A git worktree for a chat: created, shown and removed through git; no work is lost.

It knows git and directories. It must not know sessions, their processes, the record or windows: who uses
a worktree is asked by the caller. git is started for each question, bounded in time, away from any terminal.

::

    repository.find(directory) ─▶ Repository      which repository this is, and where in it we are
    making.make(…)             ─▶ Worktree        a branch, a directory, and the same place in it
    making.remake(…)                              the directory again, after somebody deleted it
    making.discard(…)                             undone, when what it was made for did not come to be
    status.status_of(path)     ─▶ Status          repository, branch, how many files changed, ahead and behind
    removing.remove(…)         ─▶ Removal         gone, or kept and why

Needs git 2.36 (2022), the first whose list of worktrees can be read whatever their paths are.
"""

from session_host.client.worktrees.making import Worktree, discard, make, remake
from session_host.client.worktrees.removing import Removal, remove
from session_host.client.worktrees.repository import Repository, find
from session_host.client.worktrees.status import Status, status_of

__all__ = ["Removal", "Repository", "Status", "Worktree", "discard", "find", "make", "remake", "remove", "status_of"]
