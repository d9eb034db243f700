"""Removes a chat's worktree if no work is lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, nullcontext, suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from session_host.client.worktrees.aside import DELETE, SET_ASIDE, UNREGISTER, RemovalMark, Removing
from session_host.client.worktrees.inside import repositories_in
from session_host.client.worktrees.making import delete_branch
from session_host.client.worktrees.missing import REPAIR, has_references, why_registered, work_in_modules
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
    own_directory,
    unregister,
)
from session_host.client.worktrees.submodules import Submodule, filled, own_commits
from session_host.client.worktrees.work import (
    TIMEOUT_S,
    count_of,
    git_directory,
    has_worktrees,
    work_and_ignored,
    work_in,
)
from session_host.errors import UnsafeDirectory, WorktreeError
from session_host.placing.files import is_hidden
from session_host.placing.trees import Noted, delete, difference, look, put_back, set_aside
from session_host.protocol.facts import OwnWorktree
from session_host.restore_points.kept_tree import put_files_back

_SHARED_INDEX = "sharedindex."
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


def remove(worktree: OwnWorktree, process_in: Callable[[str], str] = lambda _directory: "") -> Removal:
    """Remove a worktree and the branch that was created for it, unless that would lose work.

    Work is: changed, staged or untracked files in the directory; an operation in progress (a merge, a rebase);
    commits that no other branch, remote branch or tag has; and a repository inside with work of its own. Files that
    git ignores are not work, and are removed. Nothing is removed through a mount, nothing that is written meanwhile.
    Blocks.

    Args:
        worktree: the worktree; the caller makes sure that no chat uses it.
        process_in: names a process that is in a directory; "" for none.
    """
    path = Path(worktree.path)
    try:
        found = at(Path(worktree.repository))
        with locked(found):
            return _remove(found, worktree, process_in)
    except (UnsafeDirectory, WorktreeError) as error:
        if not os.path.lexists(path):
            return Removal(removed=True, line="")
        return Removal(removed=False, line=f"kept the worktree {path}: {error}")
    except OSError as error:
        return Removal(removed=False, line=f"kept the worktree {path}: {error.strerror}")


def _remove(repository: Repository, worktree: OwnWorktree, process_in: Callable[[str], str]) -> Removal:
    path, made = Path(worktree.path), worktree.branch if worktree.branch_made else ""
    for mark in RemovalMark.left():
        if mark.removing.worktree.path == worktree.path:
            _go_on(mark)  # Its remover was killed while this one waited for the lock.
    entry = entry_at(repository, path)
    if entry is None:
        if not os.path.lexists(path):
            return Removal(removed=True, line=_remove_missing(repository, path, made))
        return Removal(removed=False, line=f"kept {path}: no longer a worktree of {repository.common}")
    registration = own_directory(repository, path)
    if registration is None:
        return Removal(removed=False, line=f"kept {path}: no longer a worktree of {repository.common}")
    if entry.is_gone:
        if kept := _judge(repository, entry, path).why_kept:
            return Removal(removed=False, line=kept)
        unregister(registration)
        return Removal(removed=True, line=_remove_missing(repository, path, made))
    put_files_back(path, TIMEOUT_S)
    registered = _look_at_registration(registration)
    judged = _judge(repository, entry, path, is_removal=True)
    if judged.why_kept:
        return Removal(removed=False, line=judged.why_kept)
    for directory in (registration.parent, registration):
        if not os.access(directory, os.W_OK):
            return Removal(removed=False, line=f"kept the worktree {path}: {directory} is not writable")
    with closing(RemovalMark.new(worktree, registration)) as mark:
        return _remove_judged(mark, judged, registered, process_in)


def _remove_judged(mark: RemovalMark, judged: _Judged, registered: Noted, process_in: Callable[[str], str]) -> Removal:
    """Set a worktree without work aside, and delete it if nothing has happened in it."""
    path, aside = Path(mark.removing.worktree.path), Path(mark.removing.aside)
    try:
        set_aside(path, aside)
    except OSError as error:
        mark.end()
        return Removal(removed=False, line=f"kept the worktree {path}: it cannot be renamed: {error.strerror}")
    try:
        why = _what_happened(mark.removing, judged.noted, registered, process_in)
    except BaseException:
        _put_back(mark, "")
        raise
    if why:
        return Removal(removed=False, line=_put_back(mark, why))
    ignored = f", including ignored files: {_named(judged.ignored)}" if judged.ignored else ""
    inside = _and_repositories(judged.repositories)
    line = f"removed {path}{ignored}{inside}" if ignored or inside else ""
    mark.begin(UNREGISTER)
    try:
        left = _finish(mark)
    except (OSError, WorktreeError) as error:
        left = f"left {aside}: {error}"
    return Removal(removed=True, line="; ".join(filter(None, [line, left])))


def _look_at_registration(registration: Path) -> Noted:
    """Note git's directory for a worktree, but not when git has last read a split index: it notes that itself."""
    return {
        path: {
            name: facts if not name.startswith(_SHARED_INDEX) else (*facts[:2], 0, 0) for name, facts in names.items()
        }
        for path, names in look(registration).items()
    }


def _what_happened(removing: Removing, noted: Noted, registered: Noted, process_in: Callable[[str], str]) -> str:
    """What has happened in a worktree since it was noted, so that it must stay; "" for nothing.

    Args:
        removing: the worktree, which is set aside.
        noted: what it had.
        registered: what git's directory for it had.
        process_in: as in ``remove``.
    """
    if process := process_in(removing.aside):  # Without one, nobody writes there after the look.
        return f"{process} is using it"
    try:
        now, now_registered = look(Path(removing.aside)), _look_at_registration(Path(removing.registration))
    except OSError as error:
        return str(error.strerror)
    if written := difference(noted, now):
        return f"{written} was written meanwhile"
    if registered != now_registered:
        return "git was used in it meanwhile"
    if os.path.lexists(removing.worktree.path):
        return "it was made again meanwhile"
    return ""


def _put_back(mark: RemovalMark, why: str) -> str:
    """Put a worktree back that was set aside; returns a line for the user, which says why."""
    path, aside = Path(mark.removing.worktree.path), Path(mark.removing.aside)
    try:
        if put_back(aside, path):
            mark.end()
            return f"kept the worktree {path}: {why}"
        return f"kept the worktree {path} as {aside}: {why}; {path} exists again, and stays, too"
    except OSError as error:
        return f"kept the worktree {path} as {aside}: {why}; it cannot be renamed back: {error.strerror}"


def _finish(mark: RemovalMark) -> str:
    """Forget a worktree that was set aside, and delete it with the branch that was made for it; returns what to say."""
    worktree, common = mark.removing.worktree, Path(mark.removing.worktree.repository)
    lines = []
    if mark.removing.step == UNREGISTER:
        registration = Path(mark.removing.registration)
        if not os.path.lexists(f"{worktree.path}/.git"):  # Else another worktree is registered there by now.
            try:
                unregister(registration)
            except OSError as error:
                return f"left {mark.removing.aside}, a worktree of {common}: {error.strerror}"
        if worktree.branch_made and common.is_dir():
            lines.append(_remove_branch(at(common), worktree.branch))
        mark.begin(DELETE)
    if left := delete(Path(mark.removing.aside)):
        lines.append(f"left {left.path}: {left.why}")
    else:
        mark.end()
    if os.path.lexists(worktree.path):
        lines.append(f"{worktree.path} exists again, and stays")
    return "; ".join(filter(None, lines))


def finish_removals() -> list[str]:
    """Put back, or delete, what removers have set aside that were killed; returns lines for the user. Blocks.

    A worktree goes only if its remover had already found that no work would be lost.
    """
    lines = []
    for mark in RemovalMark.left():
        common = Path(mark.removing.worktree.repository)
        with (
            suppress(OSError, UnsafeDirectory, WorktreeError),
            locked(at(common)) if common.is_dir() else nullcontext(),
        ):
            lines.append(_go_on(mark))
    return [line for line in lines if line]


def _go_on(mark: RemovalMark) -> str:
    """Go on with the removal of a remover that was killed, under the repository's lock; returns what to say.

    Raises:
        OSError, WorktreeError: that is not possible now.
    """
    if mark.removing.step != SET_ASIDE:
        return _finish(mark)
    if os.path.lexists(mark.removing.aside):
        return _put_back(mark, "its removal was interrupted")
    mark.end()
    return ""


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
        noted: what it had before git looked.
    """

    why_kept: str = ""
    ignored: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    noted: Noted = {}  # noqa: RUF012 - nobody changes it


def _judge(repository: Repository, entry: Entry, path: Path, *, is_removal: bool = False) -> _Judged:
    """Judge a worktree.

    Args:
        repository: its repository.
        entry: its registration.
        path: its directory.
        is_removal: whether what it has is noted for a second look.

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
    noted = look(
        path, names_only=not is_removal
    )  # What is written from here on is seen: by git, or by the second look.
    if any(name.startswith(".") and is_hidden(name) for names in noted.values() for name in names):
        return _Judged(f"kept the worktree {path}: files are being restored in it")
    submodules = list(filled(path, repository.common / "modules"))
    inside = repositories_in(path, noted, repository.common, [each.top for each in submodules])
    known = {os.path.realpath(git_directory(each.top)) for each in submodules}
    own = git_directory(path)
    work, ignored = work_and_ignored(path)
    reasons = [
        *work,
        *_commits(repository, entry),
        *_work_in_submodules(submodules),
        *work_in_modules(own, repository.common / "modules", known),
        *(each.why_kept for each in inside if each.why_kept),
    ]
    if not reasons and has_references(own):
        reasons = ["it has references of its own"]
    if reasons:
        return _Judged(f"kept the worktree {path}: {' and '.join(reasons)}")
    return _Judged("", tuple(ignored), tuple(each.path for each in inside), noted)


def _work_in_submodules(submodules: Iterable[Submodule]) -> Iterator[str]:
    """Describe the work that exists in the worktree's submodules alone; they are deleted with the worktree."""
    for each in submodules:
        reasons = work_in(each.top)
        if own := own_commits(each.top, each.main):
            reasons.append(f"{count_of(own, 'commit')} not pushed")
        if has_worktrees(git_directory(each.top)):
            reasons.append("a worktree of its own")
        if reasons:
            yield f"its submodule {each.path} has {' and '.join(reasons)}"


def _commits(repository: Repository, entry: Entry) -> Iterable[str]:
    """Describe commits that only the worktree's branch has, or the worktree alone if it has no branch."""
    has_commits = entry.head.strip("0") != ""  # git writes zeros before the first commit.
    if has_commits and (own := only_on(repository, entry.head, entry.branch)):
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
    return f"kept the branch {branch}: git could not delete it" if branch in branches(repository) else ""
