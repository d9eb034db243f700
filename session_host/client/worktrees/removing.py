"""Removes a chat's worktree if no work is lost."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from session_host.client.worktrees.inside import repositories_in
from session_host.client.worktrees.making import delete_branch
from session_host.client.worktrees.missing import REPAIR, why_registered, work_in_modules
from session_host.client.worktrees.repository import (
    PREFIX,
    Entry,
    Repository,
    at,
    branches,
    entries,
    entry_at,
    find,
    locked,
    only_on,
)
from session_host.client.worktrees.submodules import Submodule, filled, own_commits
from session_host.client.worktrees.work import count_of, git_directory, has_worktrees, ignored_paths, work_in
from session_host.errors import WorktreeError
from session_host.git import GitRefused
from session_host.placing.mounts import check_no_mount
from session_host.protocol.facts import OwnWorktree

NAMED = 3
"""How many ignored files or repositories a message names; it counts the others."""


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """The result of removing a worktree."""

    removed: bool
    """Whether the worktree's directory is gone."""
    line: str
    """A line for the user: the kept work and the reason, or the removed branch; "" if there is nothing to say."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What the removal of a worktree will take.

    Attributes:
        path: the worktree's directory; "" if it stays.
        branch: the branch that was made for it; "" if it stays.
        ignored: the paths that git ignores, those that somebody wrote first.
        repositories: the repositories inside that have no work of their own.
    """

    path: str = ""
    branch: str = ""
    ignored: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """It in words, after "with"; "" if nothing goes."""
        if not self.path:
            return ""
        branch = f" and its branch {self.branch}" if self.branch else ""
        ignored = f", and files in it that git ignores: {_named(self.ignored)}" if self.ignored else ""
        return f"its worktree {self.path}{branch}{ignored}{_and_repositories(self.repositories)}"


def plan(worktree: OwnWorktree) -> Plan:
    """What ``remove`` would take now. Blocks."""
    path, made = Path(worktree.path), worktree.branch if worktree.branch_made else ""
    try:
        repository = at(Path(worktree.repository))
        entry = entry_at(repository, path)
        if entry is None or entry.is_gone:
            return Plan()
        judged = _judge(repository, entry, path)
        if judged.why_kept:
            return Plan()
        branch = made if _goes(repository, made, path) else ""
        return Plan(path=worktree.path, branch=branch, ignored=judged.ignored, repositories=judged.repositories)
    except (WorktreeError, OSError):
        return Plan()  # Then it stays, and ``remove`` says why.


def _goes(repository: Repository, made: str, path: Path) -> bool:
    """Whether a branch that was made for the worktree at this path would be deleted with it."""
    commit = branches(repository).get(made) if made else None
    if commit is None:
        return False
    own = entry_at(repository, path)
    is_used = any(each.branch == made and each != own and not each.is_gone for each in entries(repository))
    return not is_used and not only_on(repository, commit, made)


def left_branch(worktree: OwnWorktree) -> str:
    """The branch that ``remove`` would delete of a worktree that is gone; "" for none. Blocks."""
    if os.path.lexists(worktree.path) or not worktree.branch_made:
        return ""
    try:
        repository = at(Path(worktree.repository))
        entry = entry_at(repository, Path(worktree.path))
        stays = entry is not None and _judge(repository, entry, Path(worktree.path)).why_kept
        goes = not stays and _goes(repository, worktree.branch, Path(worktree.path))
    except (WorktreeError, OSError):
        return ""
    return worktree.branch if goes else ""


def worktree_at(path: Path) -> OwnWorktree:
    """The worktree at a path in the directory of chats' worktrees, after its chat was removed. Blocks.

    Raises:
        WorktreeError: it is no worktree any more, or git is missing or refuses.
    """
    repository = find(path)
    entry = entry_at(repository, path)
    branch = entry.branch or "" if entry is not None else ""
    return OwnWorktree(str(repository.common), str(path), branch, branch.startswith(PREFIX))


def why_kept(worktree: OwnWorktree) -> str:
    """Why ``remove`` would keep a worktree now, a line for the user; "" if it would not. Blocks."""
    path = Path(worktree.path)
    try:
        repository = at(Path(worktree.repository))
        entry = entry_at(repository, path)
        if entry is not None:
            return _judge(repository, entry, path).why_kept
        return f"kept {path}: no longer a worktree of {repository.common}" if os.path.lexists(path) else ""
    except WorktreeError as error:
        return f"kept the worktree {path}: {error}" if os.path.lexists(path) else ""
    except OSError as error:
        return f"kept the worktree {path}: {error.strerror}"


def remove(worktree: OwnWorktree) -> Removal:
    """Remove a worktree and the branch that was created for it, unless that would lose work.

    Work is: changed, staged or untracked files in the directory; an operation in progress (a merge, a rebase);
    commits that no other branch, remote branch or tag has; and a repository inside with work of its own. Files that
    git ignores are not work, and are removed. Nothing is removed through a mount. The caller makes sure that nobody
    uses the directory. Blocks.
    """
    path = Path(worktree.path)
    try:
        found = at(Path(worktree.repository))
        with locked(found):
            return _remove(found, path, worktree.branch if worktree.branch_made else "")
    except WorktreeError as error:
        if not os.path.lexists(path):
            return Removal(removed=True, line="")
        return Removal(removed=False, line=f"kept the worktree {path}: {error}")
    except OSError as error:
        return Removal(removed=False, line=f"kept the worktree {path}: {error.strerror}")


def _remove(repository: Repository, path: Path, made: str) -> Removal:
    entry = entry_at(repository, path)
    if entry is None:
        if not os.path.lexists(path):
            return Removal(removed=True, line=_remove_missing(repository, path, made))
        return Removal(removed=False, line=f"kept {path}: no longer a worktree of {repository.common}")
    is_gone = entry.is_gone
    judged = _judge(repository, entry, path)
    if judged.why_kept:
        return Removal(removed=False, line=judged.why_kept)
    if is_gone:
        repository.change("worktree", "remove", str(entry.path))
        return Removal(removed=True, line=_remove_missing(repository, path, made))
    ignored = f", including ignored files: {_named(judged.ignored)}" if judged.ignored else ""
    inside = _and_repositories(judged.repositories)
    line = f"removed {path}{ignored}{inside}" if ignored or inside else ""
    try:
        # Without --force, git looks for changes again, with programs that the repository names, and refuses submodules.
        repository.change("worktree", "remove", "--force", str(entry.path))
    except GitRefused as refused:
        return Removal(removed=False, line=f"kept the worktree {path}: {refused.message}")
    return Removal(removed=True, line="; ".join(filter(None, [line, _remove_branch(repository, made)])))


def _remove_missing(repository: Repository, path: Path, made: str) -> str:
    """Delete the branch of a worktree with a missing directory, as ``_remove_branch``; returns what to say."""
    was_there = bool(made) and made in branches(repository)
    kept = _remove_branch(repository, made)
    removed = f"removed its branch {made}" if was_there and not kept else kept
    return f"the worktree's directory {path} was missing; {removed}" if removed else ""


class _Judged(NamedTuple):
    """What the removal of a worktree would take, or why the worktree stays.

    Attributes:
        why_kept: a line for the user; "" if it can go.
        ignored: as in ``Plan``.
        repositories: as in ``Plan``.
    """

    why_kept: str = ""
    ignored: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()


def _judge(repository: Repository, entry: Entry, path: Path) -> _Judged:
    """Judge a worktree.

    Raises:
        OSError: something is mounted in it, or it cannot be read.
        WorktreeError: git is missing or refuses.
    """
    if entry.locked is not None:
        why = f": {entry.locked}" if entry.locked else ""
        return _Judged(f"kept the worktree {path}: it is locked{why}")
    if entry.is_gone:
        if why := why_registered(repository, entry):
            return _Judged(f"kept {path} as a worktree, although it is missing: it has {why}; {REPAIR}")
        return _Judged()
    if find(path).common != repository.common:
        return _Judged(f"kept {path}: no longer a worktree of {repository.common}")
    check_no_mount(path)
    submodules = list(filled(path, repository.common / "modules"))
    inside = repositories_in(path, repository.common, [each.top for each in submodules])
    known = {os.path.realpath(git_directory(each.top)) for each in submodules}
    reasons = [
        *work_in(path),
        *_commits(repository, entry),
        *_work_in_submodules(submodules),
        *work_in_modules(git_directory(path), repository.common / "modules", known),
        *(each.why_kept for each in inside if each.why_kept),
    ]
    if reasons:
        return _Judged(f"kept the worktree {path}: {' and '.join(reasons)}")
    return _Judged("", tuple(ignored_paths(path)), tuple(each.path for each in inside))


def _work_in_submodules(submodules: Iterable[Submodule]) -> Iterator[str]:
    """Describe the work that exists in the worktree's submodules alone; they are deleted with the worktree."""
    for each in submodules:
        reasons = list(work_in(each.top))
        if own := own_commits(each.top, each.main):
            reasons.append(f"{count_of(own, 'commit')} not pushed")
        if has_worktrees(git_directory(each.top)):
            reasons.append("a worktree of its own")
        if reasons:
            yield f"its submodule {each.path} has {' and '.join(reasons)}"


def _commits(repository: Repository, entry: Entry) -> Iterable[str]:
    """Describe commits that only the worktree's branch has, or the worktree alone if it has no branch."""
    if own := only_on(repository, entry.head, entry.branch):
        count = count_of(own, "commit")
        if entry.branch:
            yield f"its branch {entry.branch} has {count} not on any other branch"
        else:
            yield f"it has {count} on no branch"


def _named(paths: Sequence[str]) -> str:
    more = len(paths) - NAMED
    return ", ".join(paths[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _and_repositories(paths: Sequence[str]) -> str:
    return f", and repositories in it: {_named(paths)}" if paths else ""


def _remove_branch(repository: Repository, branch: str) -> str:
    """Delete a branch that was made for a chat, unless it is in use or has work; returns what to say."""
    commit = branches(repository).get(branch) if branch else None
    if commit is None:
        return ""
    used = next((entry for entry in entries(repository) if entry.branch == branch), None)
    if used is not None:
        return f"kept the branch {branch}: it is checked out in {used.path}"
    if own := only_on(repository, commit, branch):
        return f"kept the branch {branch}: {count_of(own, 'commit')} not on any other branch"
    delete_branch(repository, branch, commit)
    return ""
