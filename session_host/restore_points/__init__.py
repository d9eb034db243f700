"""Restore points: the files of a working tree as they were before a prompt, kept in the repository's own objects.

This package knows git and directories. It must not know event loops, hosts or windows. Each call starts git and blocks.
A restore point is a tag object that points to a tree, not a commit: ``git log --all``, ``git branch`` and ``git tag``
do not show it, and no push or fetch takes it along. Its reference keeps its objects from ``git gc``.
HEAD and the user's index, stashes, hooks and reflogs are not used.
"""
