"""Creates a chat's worktree, recreates it, and undoes its creation."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Final, Self

import msgspec

from session_host.errors import WorktreeError
from session_host.git import WORK_TIMEOUT_S, GitRefused, Stop, list_files, run_read_only
from session_host.paths import make_directories, worktrees_dir
from session_host.protocol.facts import OwnWorktree

from .repository import (
    HEADS,
    Entry,
    Repository,
    at,
    branches,
    entries,
    entry_at,
    find,
    free_branch,
    is_ours,
    locked,
    new_directory,
    only_on,
    own_directory,
    unregister,
)
from .submodules import fill

INCLUDE_FILE = ".worktreeinclude"
MAX_BYTES = 2 * 1024**3
"""The size of all files together. A larger one is a mistake, such as a pattern that names a build's output."""


def copy_included(source: Path, target: Path) -> None:
    """Copy the named files from a working tree into a new worktree; files that exist there stay.

    Raises:
        WorktreeError: a file cannot be read or written, or the files are too large; some may have been copied.
    """
    include, files = source / INCLUDE_FILE, included(source)
    if not files:
        return
    from session_host.placing.files import copy_new  # most starts copy none

    try:
        size = sum((source / file).lstat().st_size for file in files)
        if size > MAX_BYTES:
            raise WorktreeError(
                f"the files that {include} names have {size / 1024**3:.1f} GiB; the limit is "
                f"{MAX_BYTES // 1024**3} GiB: name fewer files"
            )
        for file in files:
            copy_new(source / file, target, file)
    except OSError as error:
        name = error.filename or source
        raise WorktreeError(f"cannot copy what {include} names: {error.strerror}: {name}") from error


def included(source: Path) -> list[str]:
    """The files of a working tree that are copied into a new worktree, by their paths; raises as ``git.list_files``."""
    include = source / INCLUDE_FILE
    named = _untracked(source, f"--exclude-from={include}") if include.is_file() else set()
    return sorted(named & _untracked(source, "--exclude-standard")) if named else []


def _untracked(source: Path, patterns: str) -> set[str]:
    """The untracked files of a working tree that patterns of this option name, without those of nested repositories."""
    files = list_files(source, "--others", "--ignored", patterns, timeout_s=WORK_TIMEOUT_S)
    return {file for file in files if not file.endswith("/")}


MARK: Final = ".making"
"""The end of a mark's name in the directory of all worktrees."""


class Made(OwnWorktree, frozen=True, array_like=True, gc=False):
    """A worktree as its mark names it."""

    commit: str = ""
    """The commit that was checked out in it; "" in marks of version 0.1.0, which name none."""


class Worktree(msgspec.Struct, frozen=True, kw_only=True):
    """A worktree that was made for a chat."""

    own: OwnWorktree
    directory: str
    """The chat's working directory: the place in the worktree that corresponds to the directory it was started from."""
    name: str
    """The repository's display name."""


class _Start(msgspec.Struct, frozen=True, kw_only=True):
    """The branch of a new worktree, and where it begins."""

    branch: str
    commit: str
    """The commit at which the branch is, or begins."""
    is_new: bool
    upstream: str = ""
    """The remote branch, ``origin/x``, that a new branch follows."""


class Mark:
    """Marks a worktree that is being made, until its chat is recorded, or it is undone; a context manager.

    The mark is a locked file in the directory of all worktrees. git, with its hooks, inherits the lock. If the mark is
    not locked, its maker was killed, and git has ended: see ``unfinished.clean_up``.
    """

    def __init__(self) -> None:
        self._descriptor = -1
        self._file = Path()
        self._made: Made | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            self.remove()
        elif self._descriptor >= 0:
            os.close(self._descriptor)  # Undoing failed, or was interrupted, and is done again later.

    @property
    def descriptors(self) -> list[int]:
        """The descriptor of the locked file, once there is one."""
        return [self._descriptor] if self._descriptor >= 0 else []

    @property
    def made(self) -> Made | None:
        """The worktree that was marked last; None for none."""
        return self._made

    def set(self, made: Made) -> None:
        """Mark a worktree; without the mark if the disk is full."""
        self._made, path = made, Path(made.path)
        self._file = worktrees_dir() / f".{path.parent.name}-{path.name}{MARK}"
        with contextlib.suppress(OSError):
            self._descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, msgspec.json.encode(made))

    def remove(self) -> None:
        """Remove the mark, if there is one: the chat's record tells who uses the worktree, or the worktree is gone."""
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):  # ``clean_up`` removes it, too.
                self._file.unlink()
            os.close(self._descriptor)
            self._descriptor = -1


def make(
    directory: str, branch: str | None, chat: str, *, mark: Mark | None = None, stop: Stop | None = None
) -> Worktree:
    """Create a worktree of the repository that a directory is in.

    Blocks while git checks out the files, and while another worktree is being created in the same repository.

    Args:
        directory: the chat's directory if it had no worktree; a new branch begins at the branch of this directory.
        branch: the branch to check out: an existing one, the only remote one of that name, or a new one. A new one,
            named after the chat, if None or "".
        chat: the chat's name.
        mark: marks the worktree until its chat is recorded.
        stop: cancels it.

    Raises:
        Cancelled: ``stop`` was set; nothing is left.
        WorktreeError: the worktree cannot be created, and was removed again; the message says what to do.
    """
    if mark is None:
        with Mark() as own:
            return make(directory, branch, chat, mark=own, stop=stop)
    stop = stop or Stop()
    repository = find(Path(directory))
    if branch:
        _check_name(repository, branch)
    with locked(repository, stop) as folder:
        start = _start(repository, branch or None, chat)
        path = new_directory(folder, start.branch)
        words = str(repository.common), str(path), start.branch
        worktree = Worktree(own=OwnWorktree(*words, start.is_new), directory=str(path), name=repository.name)
        mark.set(Made(*words, start.is_new, start.commit))
        made = start.is_new  # Also if it is interrupted while git makes the branch.
        try:
            if start.is_new:
                try:
                    _make_branch(repository, start)
                except WorktreeError:
                    made = False
                    raise
            _add_worktree(repository, path, start.branch, mark, stop)
            fill(repository, path, stop)
            if repository.top is not None:
                copy_included(repository.top, path)
            stop.check()
        except BaseException:
            clear(repository, path)
            if made:
                delete_branch(repository, start.branch, start.commit)
            if not os.path.lexists(path):
                mark.remove()
            raise
    return msgspec.structs.replace(worktree, directory=str(_directory_in(path, repository.relative_directory)))


def remake(worktree: OwnWorktree) -> bool:
    """Recreate a chat's missing worktree, with its branch, at the same place.

    Returns:
        Whether the worktree was missing.

    Raises:
        WorktreeError: the worktree cannot be created again; the message says why.
    """
    path, branch = Path(worktree.path), worktree.branch
    with contextlib.suppress(OSError):
        path.rmdir()  # Removes an empty directory, which counts as missing, and no other.
    if os.path.lexists(path):
        return False
    found = at(Path(worktree.repository))
    with locked(found):
        if os.path.lexists(path):
            return False  # Another process resumed the chat first.
        if branch not in branches(found):
            raise WorktreeError(f"the worktree {path} and its branch {branch} are missing; start a new chat")
        stale = entry_at(found, path)
        _check_is_free(found, branch, stale)
        if stale is not None:
            _forget(found, stale)
        try:
            make_directories(path.parent)
            _add_worktree(found, path, branch, Mark(), Stop())
            fill(found, path, Stop())
            copy_included(entries(found)[0].path, path)
        except BaseException:
            clear(found, path)
            raise
    return True


def discard(worktree: OwnWorktree) -> None:
    """Undo ``make``, when the chat was not started: nobody has worked in the worktree.

    A branch that was made for it goes if it is still at its first commit. If that is not known, it goes if no commit
    goes with it.

    Raises:
        WorktreeError: git has become unavailable, or refuses.
    """
    repository = at(Path(worktree.repository))
    with locked(repository):
        undo(repository, worktree)


def undo(repository: Repository, worktree: OwnWorktree) -> None:
    """``discard``, under the repository's lock."""
    clear(repository, Path(worktree.path))
    commit = branches(repository).get(worktree.branch)
    first = worktree.commit if isinstance(worktree, Made) else ""
    if not worktree.branch_made or commit is None:
        return
    if commit == first or (not first and not only_on(repository, commit, worktree.branch)):
        delete_branch(repository, worktree.branch, commit)


def delete_branch(repository: Repository, branch: str, commit: str) -> None:
    """Delete a branch which is still at this commit; keep a branch that has moved on or is checked out."""
    with contextlib.suppress(WorktreeError):
        if branches(repository).get(branch) == commit:
            # A chat may be removed without being asked for: no hook runs.
            repository.change("-c", "core.hooksPath=/dev/null", "branch", "-D", "--quiet", "--", branch)


def _check_name(repository: Repository, branch: str) -> None:
    """Refuse a text that git would take for something other than a branch's name, or for none."""
    if branch.startswith("-") or branch == "HEAD" or not repository.ask("check-ref-format", f"{HEADS}{branch}"):
        raise WorktreeError(
            f"invalid branch name {branch!r} (no spaces, no `..`, no leading dash; see git check-ref-format)"
        )


def _start(repository: Repository, branch: str | None, chat: str) -> _Start:
    """The branch of a new worktree, and where it begins if it is new."""
    known = branches(repository)
    if branch is None:
        branch = free_branch(chat, known)
    elif branch in known:
        _check_is_free(repository, branch)
        return _Start(branch=branch, commit=known[branch], is_new=False)
    else:
        listing = repository.run_read_only("for-each-ref", "--format=%(refname)", f"refs/remotes/*/{branch}")
        remote = [reference.removeprefix("refs/remotes/") for reference in listing.splitlines()]
        if len(remote) > 1:
            raise WorktreeError(
                f"several remotes have the branch {branch}; create a local one: git branch {branch} {remote[0]}"
            )
        if remote:
            commit = repository.run_read_only("rev-parse", "--verify", f"refs/remotes/{remote[0]}^{{commit}}").strip()
            return _Start(branch=branch, commit=commit, is_new=True, upstream=remote[0])
    try:
        arguments = ("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        is_bare = repository.top is None
        commit = run_read_only(repository.directory, *arguments, is_git_directory=is_bare).strip()
    except GitRefused as refused:
        raise WorktreeError(
            f"{repository.name} has no commits; commit something first, or start without a worktree"
        ) from refused
    return _Start(branch=branch, commit=commit, is_new=True)


def _check_is_free(repository: Repository, branch: str, but: Entry | None = None) -> None:
    """Check that no worktree has the branch checked out; forget a chat's worktree of it with a missing directory.

    Args:
        repository: the repository.
        branch: the branch.
        but: a worktree that does not count.

    Raises:
        WorktreeError: the branch is checked out; the message says where.
    """
    for entry in entries(repository):
        if entry.branch != branch or entry == but:
            continue
        if not entry.is_gone:
            raise WorktreeError(
                f"the branch {branch} is checked out in {entry.path}; choose another, or start the chat there"
            )
        if entry.locked is None and not is_ours(entry.path):
            from .missing import REPAIR  # rarely needed

            raise WorktreeError(
                f"the branch {branch} is checked out in {entry.path}, which is missing; {REPAIR}; if it is gone for "
                "good, run: git worktree prune"
            )
        _forget(repository, entry)


def _forget(repository: Repository, entry: Entry) -> None:
    """Remove the registration of one worktree with a missing directory, and no other's.

    A locked worktree stays: git uses the lock for disks that are not always mounted. So does one with work.

    Raises:
        WorktreeError: the registration stays.
    """
    if entry.locked is not None:
        raise WorktreeError(
            f"the worktree {entry.path} is locked{f' ({entry.locked})' if entry.locked else ''} but missing; "
            f"restore it, or run: git worktree unlock {entry.path}"
        )
    from .missing import REPAIR, why_registered  # rarely needed

    if why := why_registered(repository, entry):
        raise WorktreeError(f"the worktree {entry.path} is missing, but has {why}; {REPAIR}")
    if (registration := own_directory(repository, entry.path)) is not None:
        try:
            unregister(registration)
        except OSError as error:
            raise WorktreeError(f"cannot forget the worktree {entry.path}: {error.strerror}") from error


def _make_branch(repository: Repository, start: _Start) -> None:
    track, origin = ("--track", start.upstream) if start.upstream else ("--no-track", start.commit)
    arguments = ("branch", "--quiet", track, "--", start.branch, origin)
    try:
        repository.change(*arguments)
    except GitRefused as refused:
        raise WorktreeError(f"git cannot create the branch {start.branch}: {refused.message}") from refused


def _add_worktree(repository: Repository, path: Path, branch: str, mark: Mark, stop: Stop) -> None:
    arguments = ("worktree", "add", "--quiet", "--", str(path), branch)
    try:
        repository.change(*arguments, stop=stop, descriptors=mark.descriptors)
    except GitRefused as refused:
        entry = entry_at(repository, path)
        if entry is None or entry.branch != branch or not (path / ".git").is_file():
            raise WorktreeError(f"git cannot create the worktree: {refused.message}") from refused
        # The worktree is complete; only the user's post-checkout hook failed, which git reports as its own failure.


def clear(repository: Repository, path: Path) -> None:
    """Remove a worktree with all its files, or the remains of a failed attempt to create it.

    Raises:
        WorktreeError: something is mounted in it; all stays.
    """
    from session_host.placing.mounts import check_no_mount  # most starts do not fail
    from session_host.placing.trees import delete

    try:
        check_no_mount(path)
    except OSError as error:
        raise WorktreeError(f"kept the worktree {path}: {error.strerror}") from error
    delete(path)
    registration = own_directory(repository, path)
    if registration is not None and not os.path.lexists(path):
        with contextlib.suppress(OSError):
            unregister(registration)


def _directory_in(top: Path, relative: str) -> Path:
    """The same directory in another working tree, or its nearest parent that exists there."""
    wanted = top / relative
    while not wanted.is_dir() and wanted != top:
        wanted = wanted.parent
    return wanted
