"""Creates a chat's worktree, recreates it, and undoes its creation."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import msgspec

from session_host.client.worktrees.git import GitRefused, change, run_read_only
from session_host.client.worktrees.names import free_branch
from session_host.client.worktrees.places import held, is_ours, new_directory
from session_host.client.worktrees.repository import HEADS, Entry, Repository, at, branches, entries, entry_at, find
from session_host.errors import WorktreeError
from session_host.paths import make_directories


class Worktree(msgspec.Struct, frozen=True, kw_only=True):
    """A worktree that was made for a chat."""

    path: str
    """Its top."""
    directory: str
    """The place in it that the chat was started from in the original: where it works."""
    repository: str
    """git's own directory, which names the repository for as long as it stands there."""
    name: str
    """What people call the repository."""
    branch: str
    branch_made: bool
    """Whether the branch was made for it; it is then removed with it, once it is merged."""


class _Start(msgspec.Struct, frozen=True, kw_only=True):
    """What a worktree begins with."""

    branch: str
    commit: str
    """The commit that a new branch begins at; "" for a branch that there is."""
    upstream: str = ""
    """The remote branch, ``origin/x``, that a new one follows."""


def make(directory: str, branch: str | None, chat: str) -> Worktree:
    """Make a worktree of the repository that a directory is in.

    Blocks while git checks out its files, and while another is being made in the same repository.

    Args:
        directory: where the chat would be started without; its branch is what a new one begins at.
        branch: the branch to check out: one that there is, or the only remote one of that name, or a new
            one. A new one, named after the chat, if None or "".
        chat: the chat's name.

    Raises:
        WorktreeError: it cannot be made, and nothing is left of it; the message says what to do.
    """
    repository = find(Path(directory))
    if branch:
        _check_name(repository, branch)
    with held(repository) as folder:
        start = _start(repository, branch or None, chat)
        path = new_directory(folder, start.branch)
        made = False
        try:
            if start.commit:
                _make_branch(repository, start)
                made = True
            _add_worktree(repository, path, start.branch)
        except BaseException:
            _clear(repository, path)
            if made:
                forget_branch(repository, start.branch, start.commit)
            raise
    return Worktree(
        path=str(path),
        directory=str(_place_in(path, repository.place)),
        repository=str(repository.common),
        name=repository.name,
        branch=start.branch,
        branch_made=bool(start.commit),
    )


def remake(worktree: str, repository: str, branch: str) -> bool:
    """Recreate a chat's missing worktree, with its branch, at the same place.

    Returns:
        Whether that was needed.

    Raises:
        WorktreeError: it cannot be made again; the message says why.
    """
    path = Path(worktree)
    with contextlib.suppress(OSError):
        path.rmdir()  # An empty one is as good as none, and no other is removed by this.
    if os.path.lexists(path):
        return False
    found = at(Path(repository))
    with held(found):
        if os.path.lexists(path):
            return False  # Another resume of it was faster.
        if branch not in branches(found):
            raise WorktreeError(f"the worktree {path} and its branch {branch} are missing; start a new chat")
        _free(found, branch)
        stale = entry_at(found, path)
        if stale is not None:
            _forget(found, stale)
        try:
            make_directories(path.parent)
            _add_worktree(found, path, branch)
        except BaseException:
            _clear(found, path)
            raise
    return True


def discard(worktree: Worktree) -> None:
    """Undo ``make`` at once, when what it was made for did not come to be: nobody has worked in it.

    Raises:
        WorktreeError: git is missing meanwhile, or refuses.
    """
    repository = at(Path(worktree.repository))
    with held(repository):
        _clear(repository, Path(worktree.path))
        commit = branches(repository).get(worktree.branch)
        if worktree.branch_made and commit is not None:
            forget_branch(repository, worktree.branch, commit)


def forget_branch(repository: Repository, branch: str, commit: str) -> None:
    """Delete a branch which is still at this commit; if it has moved on, or is checked out, it stays."""
    with contextlib.suppress(WorktreeError):
        if branches(repository).get(branch) == commit:
            change(repository.common, f"--git-dir={repository.common}", "branch", "-D", "--quiet", "--", branch)


def _check_name(repository: Repository, branch: str) -> None:
    """Refuse what git would take for something else than a branch's name, or for none."""
    if branch.startswith("-") or branch == "HEAD" or not repository.ask("check-ref-format", f"{HEADS}{branch}"):
        raise WorktreeError(
            f"invalid branch name {branch!r} (no spaces, no `..`, no leading dash; see git check-ref-format)"
        )


def _start(repository: Repository, branch: str | None, chat: str) -> _Start:
    """Which branch the worktree is to have, and where that begins if it is new."""
    known = branches(repository)
    if branch is None:
        branch = free_branch(chat, known)
    elif branch in known:
        _free(repository, branch)
        return _Start(branch=branch, commit="")
    else:
        listing = repository.run_read_only("for-each-ref", "--format=%(refname)", f"refs/remotes/*/{branch}")
        remote = [reference.removeprefix("refs/remotes/") for reference in listing.splitlines()]
        if len(remote) > 1:
            raise WorktreeError(
                f"several remotes have the branch {branch}; create a local one: git branch {branch} {remote[0]}"
            )
        if remote:
            commit = repository.run_read_only("rev-parse", "--verify", f"refs/remotes/{remote[0]}^{{commit}}").strip()
            return _Start(branch=branch, commit=commit, upstream=remote[0])
    try:
        commit = run_read_only(repository.directory, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").strip()
    except GitRefused as refused:
        raise WorktreeError(
            f"{repository.name} has no commits; commit something first, or omit --worktree"
        ) from refused
    return _Start(branch=branch, commit=commit)


def _free(repository: Repository, branch: str) -> None:
    """See that a branch is not checked out; what is only registered still, and gone, is no longer.

    Raises:
        WorktreeError: it is; the message says where.
    """
    for entry in entries(repository):
        if entry.branch == branch:
            if not entry.is_gone:
                raise WorktreeError(
                    f"the branch {branch} is checked out in {entry.path}; choose another, or start the chat there"
                )
            _forget(repository, entry)


def _forget(repository: Repository, entry: Entry) -> None:
    """Remove the registration of one worktree with a missing directory, and no other's.

    A locked one is not ours to judge: that is how git is told of disks that are not always there.
    And where nothing else is in the directory above either, that may be such a disk without the lock.

    Raises:
        WorktreeError: it stays.
    """
    if entry.locked is not None:
        raise WorktreeError(
            f"the worktree {entry.path} is locked{f' ({entry.locked})' if entry.locked else ''} but missing; "
            f"restore it, or run: git worktree unlock {entry.path}"
        )
    if not is_ours(entry.path) and not _has_neighbours(entry.path):
        raise WorktreeError(
            f"the worktree {entry.path} and its parent directory are missing; mount its disk, or run: git "
            "worktree prune"
        )
    change(repository.common, f"--git-dir={repository.common}", "worktree", "remove", "--force", str(entry.path))


def _has_neighbours(path: Path) -> bool:
    try:
        return any(path.parent.iterdir())
    except OSError:
        return False


def _make_branch(repository: Repository, start: _Start) -> None:
    track, origin = ("--track", start.upstream) if start.upstream else ("--no-track", start.commit)
    words = ("branch", "--quiet", track, "--", start.branch, origin)
    try:
        change(repository.common, f"--git-dir={repository.common}", *words)
    except GitRefused as refused:
        raise WorktreeError(f"git cannot create the branch {start.branch}: {refused.said}") from refused


def _add_worktree(repository: Repository, path: Path, branch: str) -> None:
    words = ("worktree", "add", "--quiet", "--", str(path), branch)
    try:
        change(repository.common, f"--git-dir={repository.common}", *words)
    except GitRefused as refused:
        entry = entry_at(repository, path)
        if entry is None or entry.branch != branch or not (path / ".git").is_file():
            raise WorktreeError(f"git cannot create the worktree: {refused.said}") from refused
        # All is there, and only the user's own post-checkout hook has failed: git takes that for its own failure.


def _clear(repository: Repository, path: Path) -> None:
    """Take a worktree away whatever is in it, and what a failed attempt left of one."""
    with contextlib.suppress(WorktreeError):
        if entry_at(repository, path) is not None:
            common = f"--git-dir={repository.common}"
            change(repository.common, common, "worktree", "remove", "--force", "--force", str(path))
    shutil.rmtree(path, ignore_errors=True)


def _place_in(top: Path, place: str) -> Path:
    """The same place in another working tree, or the nearest above it that this one has."""
    wanted = top / place
    while not wanted.is_dir() and wanted != top:
        wanted = wanted.parent
    return wanted
