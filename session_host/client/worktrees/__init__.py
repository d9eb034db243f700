"""A git worktree for a chat: created, shown and removed through git; no work is lost.

This package knows git and directories. It must not know sessions, their processes, the store or windows: the caller
knows which chat uses a worktree. Each question starts git, with a timeout and without a terminal.

::

    repository.find(directory) ─▶ Repository      the repository around a directory, and the path in it
    making.make(…)             ─▶ Worktree        a branch, a directory, and the same path in it
    making.remake(…)                              recreates a deleted directory
    making.discard(…)                             undoes it after a failed start of the chat
    making.clean_up(…)                            undoes it after its maker was killed
    status.status_of(path)     ─▶ Status          repository, branch, how many files changed, ahead and behind
    removing.remove(…)         ─▶ Removal         removed, or the reason why not
    changes.read_changes(…)    ─▶ Changes         the changed files of a working tree, with their diffs

Needs git 2.36 (2022), the first version that lists worktrees readably with any path (``-z``).

    changed_files  reads the output of ``git diff``: files and their patches; pure
    changes     the changes of a working tree since a commit, untracked files included
    discarding  discards the change of a file, or a hunk of it
    included    copies ignored files that .worktreeinclude names into a new worktree
    making      creates a chat's worktree, recreates it, and undoes its creation
    names       branch and directory names derived from the user's names
    directories those of chats' worktrees: ``worktrees/<repository>-<hash>/<branch>`` of the state directory
    removing    removes a chat's worktree if no work is lost
    repository  the repository of a directory, its worktrees and branches
    status      a worktree's status: repository, branch and changes
    submodules  the submodules of a worktree: fills them, and finds work in them
    untracked   an untracked file as a change that adds it
"""

from session_host.client.worktrees.making import Mark, Worktree, clean_up, discard, make, remake
from session_host.client.worktrees.removing import Removal, remove
from session_host.client.worktrees.repository import Repository, find
from session_host.client.worktrees.status import Status, status_of
from session_host.client.worktrees.submodules import empty_submodules

__all__ = [
    "Mark", "Removal", "Repository", "Status", "Worktree", "clean_up", "discard", "empty_submodules", "find", "make",
    "remake", "remove", "status_of",
]  # fmt: skip
