"""Finds the work that the undo of a restore would overwrite."""

from __future__ import annotations

from pathlib import Path

from session_host.restore_points.kept_tree import Git, find_tree
from session_host.restore_points.points import RestorePoint
from session_host.restore_points.restoring import Plan


def changed_since_restore(directory: Path, undo: Plan, restored: RestorePoint) -> tuple[str, ...]:
    """The paths of the files that the undo of a restore changes, and that are not as the restore left them. Blocks.

    Args:
        directory: the chat's directory.
        undo: the plan of the undo.
        restored: the restore point that was restored.

    Raises:
        WorktreeError: there is no working tree, or git is missing or refuses.
    """
    git = Git(find_tree(directory).top)
    names = ("diff-tree", "-r", "-z", "--name-only", "--no-renames")
    differing = set(git.records(*names, undo.now.tree, restored.kept.tree))
    return tuple(file.path for file in undo.files if file.path in differing)
