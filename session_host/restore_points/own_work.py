"""Finds restore points with work that is nowhere else in their repository."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from session_host.errors import WorktreeError
from session_host.git import GitRefused
from session_host.restore_points.kept_tree import Git, find_tree, keep_tree
from session_host.restore_points.points import PREFIX

TIMEOUT_S: Final = 120.0
"""How long git may take to list the objects of all commits."""


def sessions_with_points(common: Path, sessions: Collection[str]) -> dict[str, list[str]]:
    """The restore points of these sessions in a repository: the ids of their trees.

    Args:
        common: git's common directory.
        sessions: the sessions; those without restore points are left out.

    Raises:
        WorktreeError: git is missing or refuses.
    """
    git = Git(common, is_git_directory=True)
    found: dict[str, list[str]] = {}
    for line in git.ask("for-each-ref", "--format=%(refname) %(*objectname)", f"{PREFIX}/").splitlines():
        reference, _, tree = line.partition(" ")
        session = reference.removeprefix(f"{PREFIX}/").partition("/")[0]
        if session in sessions:
            found.setdefault(session, []).append(tree)
    return found


def with_own_work(common: Path, trees: dict[str, list[str]]) -> set[str]:
    """The sessions with a restore point that has a file of its own. Blocks, for up to ``TIMEOUT_S``.

    Such a content is in no commit of a branch, a remote branch or a tag, and in no working tree as it is now.

    Args:
        common: git's common directory.
        trees: as from ``sessions_with_points``.

    Raises:
        WorktreeError: git is missing, refuses or is too slow.
    """
    git = Git(common, timeout_s=TIMEOUT_S, is_git_directory=True)
    elsewhere = set(_objects(git, "--branches", "--remotes", "--tags"))
    for top in _working_trees(git):
        with suppress(WorktreeError):  # Then what is there does not count.
            elsewhere.update(_objects(git, trees=[keep_tree(find_tree(top)).tree]))
    return {session for session, own in trees.items() if _has_file(git, set(_objects(git, trees=own)) - elsewhere)}


def _objects(git: Git, *commits: str, trees: Iterable[str] = ()) -> list[str]:
    """The ids of all objects of commits and trees."""
    data = "".join(f"{tree}\n" for tree in trees).encode()
    return git.run("rev-list", "--objects", "--no-object-names", *commits, "--stdin", data=data).split()


def _working_trees(git: Git) -> Iterator[Path]:
    try:
        listing = git.ask("worktree", "list", "--porcelain")
    except GitRefused:
        return
    for line in listing.splitlines():
        if line.startswith("worktree "):
            yield Path(line.removeprefix("worktree "))


def _has_file(git: Git, objects: Collection[str]) -> bool:
    """Whether one of these objects is a file's content, and no directory."""
    data = "".join(f"{each}\n" for each in objects).encode()
    return bool(objects) and "blob" in git.run("cat-file", "--batch-check=%(objecttype)", data=data).split()
