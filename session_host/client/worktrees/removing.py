"""Removes a chat's worktree if no work is lost."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from session_host.client.worktrees.making import delete_branch
from session_host.client.worktrees.repository import Entry, Repository, at, branches, entries, entry_at, find, locked
from session_host.client.worktrees.status import changes_of
from session_host.client.worktrees.submodules import Submodule, filled, own_commits
from session_host.errors import WorktreeError
from session_host.git import GitRefused, run_read_only
from session_host.protocol.facts import OwnWorktree

REMOVAL_TIMEOUT_S = 60.0
NAMED = 3
"""How many ignored files the message names; it counts the others."""

UNDER_WAY = {
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "BISECT_LOG": "a bisection",
}
"""Files in a worktree's own git directory while git waits for the user in it."""


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
    """

    path: str = ""
    branch: str = ""
    ignored: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """It in words, after "with"; "" if nothing goes."""
        if not self.path:
            return ""
        branch = f" and its branch {self.branch}" if self.branch else ""
        ignored = f", and files in it that git ignores: {_named(self.ignored)}" if self.ignored else ""
        return f"its worktree {self.path}{branch}{ignored}"


def plan(worktree: OwnWorktree) -> Plan:
    """What ``remove`` would take now. Blocks."""
    path, made = Path(worktree.path), worktree.branch if worktree.branch_made else ""
    try:
        repository = at(Path(worktree.repository))
        entry = entry_at(repository, path)
        if entry is None or entry.is_gone or _why_kept(repository, entry, path):
            return Plan()
        goes = _goes(repository, made, path)
        return Plan(path=worktree.path, branch=made if goes else "", ignored=tuple(_ignored_paths(path)))
    except (WorktreeError, OSError):
        return Plan()  # Then it stays, and ``remove`` says why.


def _goes(repository: Repository, made: str, path: Path) -> bool:
    """Whether a branch that was made for the worktree at this path would be deleted with it."""
    commit = branches(repository).get(made) if made else None
    if commit is None:
        return False
    is_used = any(each.branch == made and each.path != path and not each.is_gone for each in entries(repository))
    return not is_used and not _own_commits(repository, commit, made)


def left_branch(worktree: OwnWorktree) -> str:
    """The branch that ``remove`` would delete of a worktree that is gone; "" for none. Blocks."""
    if os.path.lexists(worktree.path) or not worktree.branch_made:
        return ""
    try:
        goes = _goes(at(Path(worktree.repository)), worktree.branch, Path(worktree.path))
    except WorktreeError:
        return ""
    return worktree.branch if goes else ""


def why_kept(worktree: OwnWorktree) -> str:
    """Why ``remove`` would keep a worktree now, a line for the user; "" if it would not. Blocks."""
    path = Path(worktree.path)
    try:
        repository = at(Path(worktree.repository))
        entry = entry_at(repository, path)
        if entry is not None:
            return _why_kept(repository, entry, path)
        return f"kept {path}: no longer a worktree of {repository.common}" if os.path.lexists(path) else ""
    except WorktreeError as error:
        return f"kept the worktree {path}: {error}" if os.path.lexists(path) else ""
    except OSError as error:
        return f"kept the worktree {path}: {error.strerror}"


def remove(worktree: OwnWorktree) -> Removal:
    """Remove a worktree and the branch that was created for it, unless that would lose work.

    Work is: changed, staged or untracked files in the directory; an operation in progress (a merge, a rebase); and
    commits that no other branch, remote branch or tag has. Files that git ignores are not work, and are removed. The
    caller makes sure that nobody uses the directory. Blocks.
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
            return Removal(removed=True, line=_remove_branch(repository, made))
        return Removal(removed=False, line=f"kept {path}: no longer a worktree of {repository.common}")
    if kept := _why_kept(repository, entry, path):
        return Removal(removed=False, line=kept)
    ignored = [] if entry.is_gone else _ignored_paths(path)
    line = f"removed {path}, including ignored files: {_named(ignored)}" if ignored else ""
    try:
        # Without --force, git looks for changes again, with programs that the repository names, and refuses submodules.
        repository.change("worktree", "remove", "--force", str(entry.path))
    except GitRefused as refused:
        return Removal(removed=False, line=f"kept the worktree {path}: {refused.message}")
    return Removal(removed=True, line="; ".join(filter(None, [line, _remove_branch(repository, made)])))


def _why_kept(repository: Repository, entry: Entry, path: Path) -> str:
    """Why a worktree stays, a line for the user; "" if it can go."""
    if entry.locked is not None:
        why = f": {entry.locked}" if entry.locked else ""
        return f"kept the worktree {path}: it is locked{why}"
    if entry.is_gone:
        return ""
    if find(path).common != repository.common:
        return f"kept {path}: no longer a worktree of {repository.common}"
    inside = list(filled(path, repository.common / "modules"))
    reasons = [*_work(path), *_commits(repository, entry), *_work_in_submodules(inside)]
    return f"kept the worktree {path}: {' and '.join(reasons)}" if reasons else ""


def _work(path: Path) -> Iterable[str]:
    """Describe the work that exists in a worktree's directory alone."""
    listing = _status(path, "--untracked-files=all")
    changed, untracked = changes_of(listing, "12u"), changes_of(listing, "?")
    if changed:
        yield f"{_count(changed, 'file')} not committed"
    if untracked:
        yield f"{_count(untracked, 'file')} untracked"
    if not changed and (hidden := _hidden_changes(path)):
        yield f"{_count(hidden, 'file')} changed but hidden from git (assume-unchanged or skip-worktree)"
    git_directory = _git_directory(path)
    yield from {f"{what} in progress" for file, what in UNDER_WAY.items() if os.path.lexists(git_directory / file)}
    nested = [ignored for ignored in _ignored_paths(path) if os.path.lexists(path / ignored / ".git")]
    if nested:
        yield f"{nested[0]} is a separate repository"


def _work_in_submodules(submodules: Iterable[Submodule]) -> Iterable[str]:
    """Describe the work that exists in the worktree's submodules alone; git deletes them with the worktree."""
    for each in submodules:
        reasons = list(_work(each.top))
        if own := own_commits(each):
            reasons.append(f"{_count(own, 'commit')} not pushed")
        if reasons:
            yield f"its submodule {each.path} has {' and '.join(reasons)}"


def _git_directory(path: Path) -> Path:
    """A worktree's own git directory."""
    return Path(run_read_only(path, "rev-parse", "--path-format=absolute", "--git-dir").removesuffix("\n"))


def _status(path: Path, *arguments: str, index: str = "") -> str:
    # An untracked cache may be out of date; this listing must not be.
    return run_read_only(
        path,
        "-c",
        "core.untrackedCache=false",
        "status",
        "--porcelain=v2",
        "-z",
        *arguments,
        extra={"GIT_INDEX_FILE": index} if index else None,
        timeout_s=REMOVAL_TIMEOUT_S,
    )


def _hidden_changes(path: Path) -> list[str]:
    """Changed files marked assume-unchanged or skip-worktree, found with an index that lacks the marks."""
    listing = run_read_only(path, "ls-files", "-v", "-z", timeout_s=REMOVAL_TIMEOUT_S)
    marked = {line[2:] for line in listing.split("\0") if line and (line[0].islower() or line[0] == "S")}
    there = {name for name in marked if os.path.lexists(path / name)}
    if not there:
        return []
    with tempfile.TemporaryDirectory() as folder:
        index = str(Path(folder) / "index")
        run_read_only(path, "-c", "core.sparseCheckout=false", "read-tree", "HEAD", extra={"GIT_INDEX_FILE": index})
        return sorted(there.intersection(changes_of(_status(path, "--untracked-files=no", index=index), "12u")))


def _commits(repository: Repository, entry: Entry) -> Iterable[str]:
    """Describe commits that only the worktree's branch has, or the worktree alone if it has no branch."""
    if own := _own_commits(repository, entry.head, entry.branch):
        count = _count(own, "commit")
        if entry.branch:
            yield f"its branch {entry.branch} has {count} not on any other branch"
        else:
            yield f"it has {count} on no branch"


def _own_commits(repository: Repository, commit: str, branch: str | None) -> list[str]:
    """Commits up to this one that only the named branch has: no other branch, remote branch or tag has them."""
    excluded = [f"--exclude={branch}"] if branch else []
    listing = repository.run_read_only("rev-list", commit, "--not", *excluded, "--branches", "--remotes", "--tags")
    return listing.split()


def _ignored_paths(path: Path) -> list[str]:
    """Paths that git ignores: files such as ``.env`` first, then other files, then directories with only such files."""
    found = changes_of(_status(path, "--untracked-files=normal", "--ignored=matching"), "!")
    return sorted(found, key=lambda each: (not Path(each).name.startswith(".env"), each.endswith("/"), each))


def _named(ignored: Sequence[str]) -> str:
    more = len(ignored) - NAMED
    return ", ".join(ignored[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _remove_branch(repository: Repository, branch: str) -> str:
    """Delete a branch that was made for a chat, unless it is in use or has work; returns what to say."""
    commit = branches(repository).get(branch) if branch else None
    if commit is None:
        return ""
    used = next((entry for entry in entries(repository) if entry.branch == branch), None)
    if used is not None:
        return f"kept the branch {branch}: it is checked out in {used.path}"
    if own := _own_commits(repository, commit, branch):
        return f"kept the branch {branch}: {_count(own, 'commit')} not on any other branch"
    delete_branch(repository, branch, commit)
    return ""


def _count(things: list[str], what: str) -> str:
    return f"{len(things)} {what}{'' if len(things) == 1 else 's'}"
