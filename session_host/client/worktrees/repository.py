"""The repository of a directory, its worktrees and branches."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import time
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from session_host.errors import WorktreeError
from session_host.git import (
    WORK_TIMEOUT_S,
    GitRefused,
    Stop,
    ask,
    content_of,
    is_no_repository,
    rev_parse,
    run_for_user,
    run_read_only,
)
from session_host.paths import ensure_private, lock_refusal, state_dir, worktrees_dir

PREFIX = "outlive/"
"""The prefix of branches that are named after chats."""

_MAX_BYTES = 80
"""A directory's name may have 255 bytes; a build below the directory needs some of the 4,096 bytes of a path."""

_NOT_IN_NAMES = re.compile(r"[^\w.+=-]+")


def slug(text: str) -> str:
    """Turn a text into a name of a branch and a directory: letters, digits and ``._+=-``; all else becomes a dash.

    Letters of every script stay. The name keeps the rules of git-check-ref-format(1): no ``..``, no ``.lock`` at
    the end, no dot or dash at the ends.
    """
    text = _NOT_IN_NAMES.sub("-", unicodedata.normalize("NFC", text))
    text = re.sub(r"\.{2,}", ".", re.sub(r"-{2,}", "-", text)).strip("-.")
    text = text.encode()[:_MAX_BYTES].decode(errors="ignore").strip("-.")
    while text.endswith(".lock"):
        text = text.removesuffix(".lock").strip("-.")
    return text or "chat"


def numbered(name: str) -> Iterator[str]:
    """``name``, ``name-2``, ``name-3`` and so on."""
    yield name
    number = 1
    while True:
        number += 1
        yield f"{name}-{number}"


def free_branch(chat: str, taken: Collection[str]) -> str:
    """A new branch's name for a chat: ``outlive/<chat>``, numbered if that branch exists.

    A branch is either a file or, as ``a`` of ``a/b``, a directory. Where a branch ``outlive`` exists, the chats'
    branches are ``outlive-<chat>``.
    """
    prefix = PREFIX if not _clashes(PREFIX.rstrip("/"), taken, below=False) else PREFIX.replace("/", "-")
    return next(name for name in numbered(f"{prefix}{slug(chat)}") if not _clashes(name, taken, below=True))


def _clashes(name: str, taken: Collection[str], *, below: bool) -> bool:
    """Whether a branch of this name exists, ignoring case as some disks do; with ``below``, also a branch below it."""
    wanted = name.casefold()
    folded = [other.casefold() for other in taken]
    return wanted in folded or (below and any(other.startswith(f"{wanted}/") for other in folded))


HEADS = "refs/heads/"
MIN_GIT = (2, 36)


class Repository(msgspec.Struct, frozen=True, kw_only=True):
    """A repository, seen from one of its directories."""

    common: Path
    """git's common directory, which all worktrees share, without symbolic links; it identifies the repository."""
    directory: Path
    """The directory that was asked about."""
    top: Path | None
    """The top of the working tree around ``directory``; None in a bare repository."""
    name: str
    """The repository's display name: the name of its directory."""

    @property
    def relative_directory(self) -> str:
        """The path of ``directory`` in the working tree: ``src/x``, or "." at its top."""
        if self.top is None:
            return "."
        relative = os.path.relpath(self.directory.resolve(), self.top.resolve())
        return "." if relative.startswith("..") else relative

    @property
    def key(self) -> str:
        """A unique name of the repository that can name a directory."""
        return f"{slug(self.name)}-{hashlib.sha256(os.fsencode(self.common)).hexdigest()[:8]}"

    def run_read_only(self, *arguments: str) -> str:
        """Ask git about the repository, even if its working trees are gone; raises as ``git.run_read_only``."""
        return run_read_only(self.common, *arguments, is_git_directory=True)

    def ask(self, *arguments: str) -> bool:
        """Ask git a yes-or-no question; raises as ``git.ask``."""
        return ask(self.common, *arguments, is_git_directory=True)

    def change(self, *arguments: str, stop: Stop | None = None, descriptors: Collection[int] = ()) -> None:
        """Run a git command that changes the repository; as ``git.run_for_user``."""
        run_for_user(self.common, f"--git-dir={self.common}", *arguments, stop=stop, descriptors=descriptors)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A worktree as registered in the repository; its directory may be gone."""

    path: Path
    head: str
    """The commit's id; "" in a bare repository."""
    branch: str | None
    """The branch's name; None when none is checked out."""
    locked: str | None
    """The reason of the lock, "" for a lock without a reason; None if the worktree is not locked."""
    is_main: bool
    """Whether this is the repository's main worktree, not a linked one."""

    @property
    def is_gone(self) -> bool:
        """Whether the worktree's directory is missing."""
        return not os.path.lexists(self.path) and not self.is_main


def find(directory: Path) -> Repository:
    """The repository that a directory is in.

    Raises:
        WorktreeError: the directory is in no repository, or git is missing or refuses; the message says what to do.
    """
    directory = Path(os.path.abspath(directory))  # noqa: PTH100 - the user's own symlinks are kept
    try:
        flags = rev_parse(directory, "--is-bare-repository", "--is-inside-work-tree").split()
        common = _path(rev_parse(directory, "--path-format=absolute", "--git-common-dir"))
        inside = flags[-1:] == ["true"]
        top = _path(rev_parse(directory, "--path-format=absolute", "--show-toplevel")) if inside else None
    except GitRefused as refused:
        raise _no_repository(directory, refused) from refused
    if top is None and flags[:1] != ["true"]:
        raise WorktreeError(f"{directory} is a git directory; start the chat in the working tree")
    common = common.resolve()
    return Repository(common=common, directory=directory, top=top, name=_name(common, top))


def at(common: Path) -> Repository:
    """The repository with this common directory.

    Raises:
        WorktreeError: the directory is no repository any more, or git is missing.
    """
    gone = WorktreeError(f"the repository {common} is missing")
    if not common.is_dir():
        raise gone
    try:
        run_read_only(common, "rev-parse", "--git-dir", is_git_directory=True)
    except GitRefused as refused:
        raise gone from refused
    return Repository(common=common, directory=common, top=None, name=_name(common, None))


def entries(repository: Repository) -> list[Entry]:
    """All registered worktrees, the main one first.

    Raises:
        WorktreeError: git is older than 2.36, or fails.
    """
    try:
        listing = repository.run_read_only("worktree", "list", "--porcelain", "-z")
    except GitRefused as refused:
        raise _too_old(repository) or refused from refused
    found = []
    for number, text in enumerate(filter(None, listing.split("\0\0"))):
        facts = dict(line.partition(" ")[::2] for line in text.strip("\0").split("\0"))
        branch = facts.get("branch")
        found.append(
            Entry(
                path=Path(facts.get("worktree", "")),
                head=facts.get("HEAD", ""),
                branch=branch.removeprefix(HEADS) if branch is not None else None,
                locked=facts.get("locked"),
                is_main=number == 0,
            )
        )
    return found


def entry_at(repository: Repository, path: Path) -> Entry | None:
    """The registered worktree at this path; raises as ``entries``."""
    wanted = {str(path), os.path.realpath(path)}
    return next((entry for entry in entries(repository) if str(entry.path) in wanted), None)


def own_directory(repository: Repository, path: Path) -> Path | None:
    """The directory in which git keeps a registered worktree's HEAD and index; None for none."""
    for file in (repository.common / "worktrees").glob("*/gitdir"):
        named = Path(content_of(str(file)).removesuffix("\n"))
        if Path(os.path.realpath(file.parent / named.parent)) == Path(os.path.realpath(path)):
            return file.parent
    return None


def branches(repository: Repository) -> dict[str, str]:
    """The commit ids of all local branches by branch name; raises as ``git.run_read_only``."""
    listing = repository.run_read_only("for-each-ref", "--format=%(objectname) %(refname)", HEADS)
    pairs = (line.partition(" ") for line in listing.splitlines())
    return {reference.removeprefix(HEADS): commit for commit, _, reference in pairs}


def only_on(repository: Repository, commit: str, branch: str | None) -> list[str]:
    """Commits up to this one that only the named branch has: no other branch, remote branch or tag has them.

    Raises:
        GitRefused, WorktreeError: as ``git.run_read_only``.
    """
    excluded = [f"--exclude={branch}"] if branch else []
    listing = repository.run_read_only("rev-list", commit, "--not", *excluded, "--branches", "--remotes", "--tags")
    return listing.split()


def unregister(registration: Path) -> None:
    """Forget a worktree as git does, but delete none of its files, whatever is in its place by now.

    Args:
        registration: git's directory for it, with its index and the repositories of its submodules.

    Raises:
        OSError: it cannot be deleted.
    """
    from session_host.placing.trees import delete  # no start needs it

    if left := delete(registration):
        raise OSError(errno.EBUSY, f"{left.path}: {left.why}")
    with contextlib.suppress(OSError):
        registration.parent.rmdir()


def _path(printed: str) -> Path:
    return Path(printed.removesuffix("\n"))


def _name(common: Path, top: Path | None) -> str:
    """The display name: ``x`` of ``x/.git``, ``x.git``, ``x/.bare``; a submodule's git directory keeps its name."""
    if common.name.startswith(".") or common.name == "git":
        return common.parent.name or "repository"
    if top is not None and common.parent == top:
        return top.name
    return common.name.removesuffix(".git")


def _no_repository(directory: Path, refused: GitRefused) -> WorktreeError:
    if is_no_repository(refused):
        return WorktreeError(
            f"{directory} is not in a git repository; run `git init` there, or start without a worktree"
        )
    if "dubious ownership" in refused.message:
        named = refused.message.partition("'")[2].rpartition("'")[0] or directory
        return WorktreeError(
            f"{named} belongs to another user; if you trust it, run: git config --global --add safe.directory {named}"
        )
    return WorktreeError(f"git failed in {directory}: {refused.message}")


def _too_old(repository: Repository) -> WorktreeError | None:
    version = repository.run_read_only("version")
    match = re.search(r"(\d+)\.(\d+)", version)
    if match and (int(match[1]), int(match[2])) < MIN_GIT:
        return WorktreeError(f"{version.strip()} is too old; worktrees need git 2.36 or newer")
    return None


POLL_INTERVAL_S = 0.05


def is_ours(path: Path) -> bool:
    """Whether a worktree was made for a chat; one inside of it was not."""
    return os.path.realpath(path.parent.parent) == os.path.realpath(worktrees_dir())


def new_directory(folder: Path, branch: str) -> Path:
    """Create an empty directory for a branch's worktree.

    Raises:
        WorktreeError: the directory cannot be created.
    """
    for name in numbered(slug(branch)):
        try:
            (folder / name).mkdir(mode=0o700)
        except FileExistsError:
            continue
        except OSError as error:
            raise WorktreeError(
                f"cannot create a worktree in {folder}: {error.strerror}; free some space, or set OUTLIVE_STATE_DIR"
            ) from error
        return folder / name
    raise AssertionError  # There are more numbers than directories.


@contextmanager
def locked(repository: Repository, stop: Stop | None = None) -> Iterator[Path]:
    """Lock the folder of a repository's worktrees against other makers and removers; remove it at the end if empty.

    Raises:
        Cancelled: ``stop`` ended the wait for the lock.
        WorktreeError: another process holds the lock for longer than git may take.
        OutliveError: the folder cannot be created, or cannot be trusted.
    """
    folder = worktrees_dir() / repository.key
    ensure_private(state_dir())
    descriptor = _lock(folder, time.monotonic() + WORK_TIMEOUT_S, stop or Stop())
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):
            folder.rmdir()  # Usually fails: the folder is seldom empty.
        os.close(descriptor)


def _lock(folder: Path, deadline_s: float, stop: Stop) -> int:
    """Lock the folder, and return its descriptor; closing that, or the end of this process, releases the lock."""
    while True:
        stop.check()
        ensure_private(folder.parent)
        ensure_private(folder)
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue  # The previous holder of the lock removed the folder.
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(folder, descriptor):
                return descriptor
        except BlockingIOError:
            if time.monotonic() > deadline_s:
                os.close(descriptor)
                raise WorktreeError(f"another worktree is being created in {folder}; try again") from None
            time.sleep(POLL_INTERVAL_S)
        except OSError as error:
            os.close(descriptor)
            raise WorktreeError(lock_refusal(folder, "OUTLIVE_STATE_DIR") or f"{folder}: {error.strerror}") from error
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_still(folder: Path, descriptor: int) -> bool:
    """Whether the path still leads to the locked folder: the previous holder of the lock may have removed it."""
    try:
        return os.path.samestat(folder.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
