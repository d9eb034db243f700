"""The registration of a worktree with a missing directory: the work that only git's own files for it have.

The directory may have been moved, or its disk may not be mounted. git finds a moved one again (``git worktree repair``)
as long as it is registered.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from session_host.git import run_read_only

from .repository import Entry, Repository, only_on, own_directory
from .submodules import modules_in, own_commits
from .work import count_of, has_worktrees, under_way

REPAIR = "if it was moved to NEW, run: git worktree repair NEW"


def why_registered(repository: Repository, entry: Entry) -> str:
    """What a registration has that would be lost with it, after "has"; "" for nothing.

    Raises:
        WorktreeError: git is missing or refuses.
    """
    return " and ".join(_work_in_registration(repository, entry))


def _work_in_registration(repository: Repository, entry: Entry) -> Iterator[str]:
    own = own_directory(repository, entry.path)
    if own is None:
        return
    head = entry.head if entry.head.strip("0") else ""  # git writes zeros before the first commit.
    if staged := _staged(repository.common, own / "index", head):
        yield f"{count_of(staged, 'file')} staged"
    yield from (f"{what} in progress" for what in under_way(own))
    if head and entry.branch is None and (commits := only_on(repository, head, None)):
        yield f"{count_of(commits, 'commit')} on no branch"
    if has_references(own):
        yield "references of its own"
    yield from work_in_modules(own, repository.common / "modules")


def has_references(own: Path) -> bool:
    """Whether a worktree has references that git keeps for it alone, such as ``refs/worktree``."""
    # In a repository with reftables, "heads" is a file that only says so.
    return any(each.is_file() and each.name != "heads" for each in (own / "refs").rglob("*"))


def _staged(repository: Path, index: Path, head: str) -> list[str]:
    """The files of an index that differ from a commit; all if there is no commit."""
    if not index.exists():
        return []
    words = ("diff-index", "--cached", "--name-only", "-z", head) if head else ("ls-files", "-z")
    listing = run_read_only(repository, *words, extra={"GIT_INDEX_FILE": str(index)}, is_git_directory=True)
    return [each for each in listing.split("\0") if each]


def work_in_modules(own: Path, modules: Path, known: Collection[str] = ()) -> Iterator[str]:
    """Describe the work in repositories of submodules that left the index, or have no directory.

    Args:
        own: the worktree's own git directory.
        modules: the directory with the main worktree's repositories of submodules.
        known: the real paths of repositories that are judged elsewhere.
    """
    for module in modules_in(own):
        if os.path.realpath(module) not in known:
            name = str(module.relative_to(own / "modules"))
            reasons = [f"{what} in progress" for what in under_way(module)]
            if commits := own_commits(module, modules / name, is_git_directory=True):
                reasons.append(f"{count_of(commits, 'commit')} not pushed")
            if has_worktrees(module):
                reasons.append("a worktree of its own")
            if reasons:
                yield f"its former submodule {name} has {' and '.join(reasons)}"
