"""Restore points: the files of a working tree as they were before a prompt, kept in the repository's own objects.

This package knows git and directories. It must not know event loops, hosts or windows. Each call starts git and blocks.

::

    kept_tree.find_tree(directory)          ─▶ WorkingTree    the working tree around a directory
    kept_tree.keep_tree(tree)               ─▶ KeptTree       its files as a tree object
    points.take(directory, session, about)  ─▶ RestorePoint   the same, with a reference
    points.listed(directory, sessions)      ─▶ RestorePoints  of these sessions, oldest first
    restoring.plan(…)                       ─▶ Plan           what a restore would change
    restoring.file_counts(…)                                  in how many files, for each of several points
    restoring.restore(…)                    ─▶ Outcome        changed, and what could not be

A restore point is a tag object that points to a tree, not a commit: ``git log --all``, ``git branch`` and ``git tag``
do not show it, and no push or fetch takes it along. Its reference keeps its objects from ``git gc``.
HEAD and the user's index, stashes, hooks and reflogs are not used.

    kept_tree   the tracked and untracked files of a working tree as a tree object
    points      the references: taken, listed, removed
    restoring   compares a working tree with a restore point, and restores it
"""
