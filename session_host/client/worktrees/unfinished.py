"""Undoes the worktrees of starts that were killed before their chat was recorded, unless somebody has worked in one."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from session_host.errors import WorktreeError
from session_host.git import WORK_TIMEOUT_S, run_read_only
from session_host.paths import worktrees_dir
from session_host.placing.mounts import check_no_mount
from session_host.placing.trees import Noted, look
from session_host.protocol.codec import UNREADABLE

from .making import MARK, Made, included, undo
from .missing import REPAIR, has_references, why_registered
from .repository import Repository, at, branches, entries, entry_at, locked, only_on, own_directory
from .submodules import Submodule, names_of, own_commits
from .work import left_out_by_filters, under_way

_MAX_MARK_BYTES: Final = 1 << 16
_INITIALIZING: Final = "initializing"
"""The reason of the lock that git sets while it makes a worktree."""
_PIECE_BYTES: Final = 1 << 20


def clean_up(is_used: Callable[[str], bool], tell: Callable[[str], object] | None = None) -> None:
    """Undo ``make`` for worktrees of makers that were killed before their chat was recorded. Blocks.

    A worktree that has more than a checkout makes stays, with its branch.

    Args:
        is_used: whether a chat uses the worktree at a path.
        tell: takes a line for the user about a worktree that stays; without it, the mark stays for a caller who tells.
    """
    for file in worktrees_dir().glob(f".*{MARK}"):
        try:
            descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            made = msgspec.json.decode(os.read(descriptor, _MAX_MARK_BYTES), type=Made)
            kept = "" if is_used(made.path) else _undo_unless_used(made)
            if kept and tell is None:
                continue
            file.unlink(missing_ok=True)
            if kept and tell is not None:
                tell(f"kept the worktree {made.path} of a start that was interrupted: {kept}")
        except (OSError, WorktreeError):
            pass  # It is still being made, or git refuses.
        except UNREADABLE:
            file.unlink(missing_ok=True)  # The disk was full.
        finally:
            os.close(descriptor)


def _undo_unless_used(made: Made) -> str:
    """Undo ``make``; returns why it stays, "" if it is undone.

    Raises:
        OSError, WorktreeError: it cannot be judged, or not be removed.
    """
    repository, path = at(Path(made.repository)), Path(made.path)
    with locked(repository):
        before = _noted(path)
        if why := next(_more_than_made(repository, made), ""):
            return why
        if before is None or _noted(path) != before:
            raise WorktreeError(f"{path} is written to")  # The next call judges it again.
        undo(repository, made)
    return ""


def _noted(path: Path) -> Noted | None:
    """All that a directory has, if it is there; None if it could not be removed."""
    try:
        return look(path)
    except OSError:
        return None if os.path.lexists(path) else {}


def _more_than_made(repository: Repository, made: Made) -> Iterator[str]:
    """Say what is in a worktree, in its registration or on its branch that no checkout has made."""
    path, tip = Path(made.path), branches(repository).get(made.branch, "")
    commit = made.commit or tip
    if made.branch_made and tip and tip != made.commit and only_on(repository, tip, made.branch):
        yield f"its branch {made.branch} has commits of its own"
    entry = entry_at(repository, path)
    if entry is not None:
        if entry.locked is not None and entry.locked != _INITIALIZING:
            yield "it is locked"
        has_head = entry.head.strip("0") != "" and entry.head != commit  # git begins with zeros.
        if has_head and only_on(repository, entry.head, entry.branch):
            yield "it has commits of its own"
    own = own_directory(repository, path)
    if own is not None and has_references(own):
        yield "it has references of its own"
    if path.is_symlink() or not path.is_dir():
        if os.path.lexists(path):
            yield "it is no directory any more"
        elif entry is not None and (why := why_registered(repository, entry)):
            yield f"it is missing, but has {why}; {REPAIR}"
        return
    try:
        check_no_mount(path)
    except OSError as error:
        yield error.strerror or str(error)
    if commit:
        tree = _Tree(path, repository.common, own, commit, repository.common / "modules")
        real = os.path.realpath(path)
        others = [
            each.path for each in entries(repository) if os.path.realpath(each.path) != real and each.path.is_dir()
        ]
        yield from _more_than_checked_out(tree, {(other, file) for other in others for file in included(other)})
    elif any(path.iterdir()):
        yield f"the branch {made.branch} is missing"


class _Tree(NamedTuple):
    """A checkout of a commit.

    Attributes:
        top: its directory.
        repository: git's directory with the objects.
        own: git's own directory of this working tree; None if it is not registered.
        commit: the commit.
        modules: the directory with the main worktree's repositories of its submodules.
    """

    top: Path
    repository: Path
    own: Path | None
    commit: str
    modules: Path

    def ask(self, index: Path | str, *arguments: str) -> list[str]:
        """Ask git about the files, by an index of them; paths are from the top."""
        listing = run_read_only(
            self.repository,
            "-c",
            "core.sparseCheckout=false",
            "-c",
            "core.untrackedCache=false",
            *arguments,
            extra={"GIT_INDEX_FILE": str(index), "GIT_WORK_TREE": str(self.top)},
            timeout_s=WORK_TIMEOUT_S,
            is_git_directory=True,
        )
        return [each for each in listing.split("\0") if each]


def _more_than_checked_out(tree: _Tree, sources: Collection[tuple[Path, str]]) -> Iterator[str]:
    """Say what a working tree has that a checkout of its commit has not made; missing files do not count.

    Args:
        tree: the working tree.
        sources: the working trees and paths of files that may have been copied into it.
    """
    if tree.own is not None:
        yield from (f"{what} in progress" for what in under_way(tree.own))
        if (tree.own / "index").exists():
            staged = tree.ask(tree.own / "index", "diff-index", "--cached", "--name-only", "-z", tree.commit)
            yield from (f"{file} is staged" for file in staged)
        if (tree.top / ".git").is_file():
            yield from (f"{file} was changed" for file in left_out_by_filters(tree.top))
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        tree.ask(index, "read-tree", tree.commit)
        words = ("diff", "--name-only", "-z", "--no-renames", "--diff-filter=d", "--ignore-submodules=all")
        yield from (f"{file} was changed" for file in tree.ask(index, *words))
        for file in tree.ask(index, "ls-files", "--others", "-z"):
            if file.endswith("/"):
                yield f"{file} is a separate repository"
            elif not any(_is_copy(tree.top / file, source / path) for source, path in sources if path == file):
                yield f"{file} was written there"
        links = [line for line in tree.ask(index, "ls-files", "--stage", "-z") if line.startswith("160000 ")]
    inside = {path: line.split()[1] for line in links for path in [line.partition("\t")[2]]}
    for directory, directories, files in os.walk(tree.top, onerror=_raise):
        relative = os.path.relpath(directory, tree.top)
        if relative in inside:
            directories.clear()
        elif relative != "." and ".git" in {*directories, *files}:
            yield f"{relative}/ is a separate repository"
    names = names_of(tree.top) if inside else {}
    for path, commit in inside.items():
        yield from _more_in_submodule(
            tree, Submodule(path, tree.top / path, tree.modules / names.get(path, path)), commit
        )


def _more_in_submodule(tree: _Tree, submodule: Submodule, commit: str) -> Iterator[str]:
    top = submodule.top
    if top.is_symlink() or not top.is_dir():
        if os.path.lexists(top):
            yield f"{submodule.path} was changed"
    elif not submodule.is_filled:
        yield from (f"{submodule.path}/{each.name} was written there" for each in top.iterdir())
    else:
        own = Path(run_read_only(top, "rev-parse", "--absolute-git-dir").removesuffix("\n"))
        if tree.own is None or not own.is_relative_to(os.path.realpath(tree.own)):
            yield f"{submodule.path} is a separate repository"
        elif own_commits(top, submodule.main):
            yield f"its submodule {submodule.path} has commits of its own"
        else:
            inner = _Tree(top, own, own, commit, submodule.main / "modules")
            yield from (f"in {submodule.path}, {each}" for each in _more_than_checked_out(inner, ()))


def _is_copy(file: Path, source: Path) -> bool:
    """Whether a file is a copy of another one, or the beginning of such a copy."""
    if file.is_symlink() or source.is_symlink():
        return file.is_symlink() and source.is_symlink() and file.readlink() == source.readlink()
    if not file.is_file() or not source.is_file():
        return False
    with file.open("rb") as copy, source.open("rb") as original:
        while piece := copy.read(_PIECE_BYTES):
            if original.read(len(piece)) != piece:
                return False
    return True


def _raise(error: OSError) -> None:
    raise error
