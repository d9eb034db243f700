"""Compares a working tree with a restore point, and restores it.

HEAD, branch and the user's index stay as they are; only files change. Never touched: ignored files, files that are
ignored by the rules of the restore point, submodules, repositories inside, and what neither restore point keeps.
"""

from __future__ import annotations

import contextlib
import filecmp
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from session_host.errors import FilesChanged, WorktreeError
from session_host.git import GitRefused
from session_host.protocol.untrusted_text import one_line
from session_host.restore_points import lfs
from session_host.restore_points.kept_tree import (
    LITERAL_PATHS,
    SUBMODULE,
    Git,
    InsideCheck,
    KeptTree,
    WorkingTree,
    exclusive_lock,
    fed,
    find_tree,
    keep_tree,
)
from session_host.restore_points.points import About, Maker, RestorePoint, save

WORK_TIMEOUT_S: Final = 300.0
_EXECUTABLE: Final = "100755"
_LINK: Final = "120000"
_NOTHING: Final = "000000"
_RULES: Final = ".gitignore"

How = Literal["modified", "recreated", "deleted"]
"""The effect of a restore on a file."""


class FileRestore(msgspec.Struct, frozen=True, kw_only=True):
    """One file that a restore changes."""

    path: str
    """The path from the top of the working tree; bytes that are not UTF-8 are lone surrogates."""
    how: How
    mode: str = ""
    """git's mode of the file after the restore; "" if it is deleted."""
    blob: str = ""
    """The id of its content then."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The changes that a restore would make."""

    point: RestorePoint
    now: KeptTree
    """The files as they are now."""
    branch: str | None
    """The branch now."""
    files: tuple[FileRestore, ...]
    """The files, sorted by path."""
    too_large: int = 0
    """How many files stay as they are because they were not kept."""
    submodules: int = 0
    """How many submodules are at another commit; they stay."""

    @property
    def keeps_untracked(self) -> bool:
        """Whether untracked files take part."""
        return self.point.kept.has_untracked and self.now.has_untracked


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a restore."""

    undo: RestorePoint
    """The files before the restore."""
    restored: int
    """How many files were restored."""
    failed: tuple[str, ...] = ()
    """The paths of files that were not."""
    problem: str = ""
    """Why not, one line; "" if git does not say."""


def plan_restore(directory: Path, point: RestorePoint) -> Plan:
    """Plan a restore: find the changes that it would make. Blocks.

    Raises:
        WorktreeError: one line: there is no working tree, or git is missing, refuses or is too slow.
    """
    tree = find_tree(directory)
    return _plan(tree, keep_tree(tree, niceness=0), point)


def file_counts(directory: Path, points: Sequence[RestorePoint]) -> list[int]:
    """How many files a restore to each point would change. Blocks; raises as ``plan_restore``."""
    tree = find_tree(directory)
    now = keep_tree(tree, niceness=0)
    counts: dict[KeptTree, int] = {}
    found = []
    for point in points:
        if point.kept not in counts:  # Points between which nothing changed have the same tree.
            counts[point.kept] = len(_plan(tree, now, point).files)
        found.append(counts[point.kept])
    return found


def _plan(tree: WorkingTree, now: KeptTree, point: RestorePoint) -> Plan:
    git = Git(tree.top)
    changes = _differences(git, now.tree, point.kept.tree)
    hidden = [file.path for file in changes if file.how == "recreated" and os.path.lexists(tree.top / file.path)]
    if hidden:
        # Files that git ignores now: keep them, too, so that the restore can be undone.
        now = keep_tree(tree, also=hidden, niceness=0)
        changes = _differences(git, now.tree, point.kept.tree)
    filtered = git.with_own_filter([file.path for file in changes])
    left_out = now.left_out | point.kept.left_out | filtered
    files = [file for file in changes if file.path not in left_out and file.mode != SUBMODULE]
    deleted = [file.path for file in files if file.how == "deleted"]
    stays: set[str] = set()
    if not point.kept.has_untracked:
        stays = set(deleted)  # They may have been there, untracked.
    elif deleted and any(file.path.rpartition("/")[2] == _RULES for file in files):
        stays = _ignored_then(git, point.kept.tree, deleted)
    return Plan(
        point=point,
        now=now,
        branch=tree.branch,
        too_large=len(left_out),
        submodules=sum(file.mode == SUBMODULE for file in changes),
        files=tuple(file for file in files if file.path not in stays),
    )


def restore(directory: Path, accepted: Plan, session: str) -> Restored:
    """Restore the files that a plan names. Blocks for up to ``WORK_TIMEOUT_S``.

    The files as they are now become a restore point of the session first. Two restores of one working tree do not
    overlap: the second one finds what the first has changed.

    Raises:
        FilesChanged: the plan is not up to date.
        WorktreeError: one line; nothing was restored.
    """
    tree = find_tree(directory)
    try:
        with exclusive_lock(tree.top, Git(tree.top), "restore"):
            return _restore(directory, tree, accepted, session)
    except OSError as error:
        raise WorktreeError(f"the files cannot be restored ({error.strerror})") from error


def _restore(directory: Path, tree: WorkingTree, accepted: Plan, session: str) -> Restored:
    point = accepted.point
    current = plan_restore(directory, point)
    if current.files != accepted.files:
        raise FilesChanged("files have changed in the meantime; look at the list again")
    made_by: Maker = "undo" if point.about.restores else "restore"
    about = About(kind="restore", restores=point.at_ms, made_by=made_by)
    return write_files(directory, tree, current.now, current.files, session, about)


def write_files(
    directory: Path, tree: WorkingTree, now: KeptTree, files: Sequence[FileRestore], session: str, about: About
) -> Restored:
    """Write files of a working tree, after a restore point of the session. Blocks for up to ``WORK_TIMEOUT_S``.

    Args:
        directory: the chat's directory, which is not removed with its last file.
        tree: the working tree.
        now: its files as they are, which become the restore point.
        files: the files to write or delete.
        session: the session.
        about: what the restore point belongs to.

    Raises:
        WorktreeError: one line; nothing was written.
    """
    undo = save(tree, now, session, about)
    git = Git(tree.top, timeout_s=WORK_TIMEOUT_S)
    failed: set[str] = set()
    problem = ""
    try:
        with exclusive_lock(tree.common, git):
            problem = _Writer(tree, git, directory, files, failed).write()
    except (WorktreeError, OSError) as error:
        problem = (error.strerror if isinstance(error, OSError) else "") or str(error)
        failed |= {file.path for file in files if not _is_done(tree, file)}
    return Restored(undo=undo, restored=len(files) - len(failed), failed=tuple(sorted(failed)), problem=problem)


def _is_done(tree: WorkingTree, file: FileRestore) -> bool:
    """Whether a file was certainly restored before the restore failed: only a deletion shows that."""
    return file.how == "deleted" and not os.path.lexists(tree.top / file.path)


def entry_of(git: Git, tree: str, path: str) -> tuple[str, str]:
    """The mode and the id of a file in a tree or a commit; ("", "") if it is not there."""
    found = git.run("ls-tree", "-z", "--full-tree", tree, "--", path, extra=LITERAL_PATHS)
    if not found:
        return "", ""
    mode, _, blob = found.partition("\t")[0].split(" ")
    return mode, blob


def _differences(git: Git, previous: str, later: str) -> list[FileRestore]:
    """The files that differ between two trees; a submodule in either tree has the mode ``SUBMODULE``."""
    records = iter(git.records("diff-tree", "-r", "-z", "--raw", "--no-renames", previous, later))
    found = []
    for record in records:
        first, second, _, blob, _ = record.removeprefix(":").split(" ")
        how: How = "deleted" if second == _NOTHING else "recreated" if first == _NOTHING else "modified"
        mode = SUBMODULE if SUBMODULE in {first, second} else "" if how == "deleted" else second
        found.append(FileRestore(path=next(records), how=how, mode=mode, blob=blob if how != "deleted" else ""))
    return found


def is_as_written(git: Git, path: str, blob: str) -> bool:
    """Whether a file is as it is written with this content: with line ends, and the user's own filters.

    Raises:
        WorktreeError: git fails, or the file cannot be read.
    """
    file = git.top / path
    try:
        if content := lfs.contents(git, {path: blob}).get(path):
            return content.is_file() and filecmp.cmp(content, file, shallow=False)
        written = git.run("cat-file", "--filters", f"--path={path}", blob)
        return os.fsencode(written) == file.read_bytes()
    except OSError as error:
        raise WorktreeError(f"{one_line(path)} cannot be read ({error.strerror})") from error


@contextlib.contextmanager
def index_of(git: Git, entries: Iterable[str]) -> Iterator[Path]:
    """A private index with these entries: mode, id, tab, path."""
    with tempfile.TemporaryDirectory(prefix="outlive-") as name:
        index = Path(name, "index")
        git.run("update-index", "-z", "--index-info", data=fed(entries), index=index)
        yield index


def _ignored_then(git: Git, tree: str, paths: list[str]) -> set[str]:
    """The paths that a tree's own rules ignore, such as a directory in its .gitignore."""
    entries = git.records("ls-tree", "-r", "-z", tree)
    rules = [entry for entry in entries if entry.partition("\t")[2].rpartition("/")[2] == _RULES]
    directory = git.ask("rev-parse", "--absolute-git-dir")
    with index_of(git, rules) as index, tempfile.TemporaryDirectory(prefix="outlive-") as temporary:
        git.run("checkout-index", "-a", f"--prefix={temporary}/", index=index)
        variables = {"GIT_DIR": directory, "GIT_WORK_TREE": temporary}
        words = ("-C", temporary, "check-ignore", "--no-index", "-z", "--stdin")
        try:
            ignored = git.run(*words, data=fed(paths), extra=variables)
        except GitRefused as refused:
            if refused.code == 1:
                return set()
            raise
    return set(ignored.split("\0"))


class _Writer:
    """Writes the files of one restore."""

    def __init__(
        self,
        tree: WorkingTree,
        git: Git,
        directory: Path,
        files: Iterable[FileRestore],
        failed: set[str],
    ) -> None:
        """Begin; ``failed`` gets the paths that could not be restored."""
        self._top, self._git, self._failed = tree.top, git, failed
        self._deleted = [file for file in files if file.how == "deleted"]
        self._written = [file for file in files if file.how != "deleted"]
        self._kept_directory = str(directory.resolve())

    def write(self) -> str:
        """Delete and write the files; returns why some could not be, one line, or ""."""
        problem = ""
        is_inside = InsideCheck(self._top)
        for file in self._deleted:
            try:
                if is_inside(file.path):
                    (self._top / file.path).unlink(missing_ok=True)
                    self._remove_empty((self._top / file.path).parent)
            except OSError as error:
                self._failed.add(file.path)
                problem = f"{file.path}: {error.strerror}"
        free = [file for file in self._written if self._is_free(file.path)]
        self._failed |= {file.path for file in self._written} - {file.path for file in free}
        contents = lfs.contents(self._git, {file.path: file.blob for file in free if file.mode != _LINK})
        if absent := {path for path, content in contents.items() if not lfs.is_here(content)}:
            self._failed |= absent
            free = [file for file in free if file.path not in absent]
            problem = f"Git LFS has no content of {min(absent)} on this computer; `git lfs fetch` gets it"
        modes = {file: mode for file in free if (mode := self._mode(file.path))}
        if free:
            with index_of(self._git, (f"{file.mode} {file.blob}\t{file.path}" for file in free)) as index:
                try:
                    self._git.run("checkout-index", "-f", "-u", "-a", index=index)
                except GitRefused as refused:
                    problem = refused.message
                for path, content in contents.items():
                    if path not in absent:
                        lfs.replace_pointer(self._top / path, content)
                self._set_modes(modes)
                self._failed |= self._different(index, {file.path: file.blob for file in free})
        return problem if self._failed else ""

    def _is_free(self, path: str) -> bool:
        """Whether the restore may write to a path: git would remove anything else there without asking."""
        whole = self._top
        for part in Path(path).parts[:-1]:
            whole /= part
            if os.path.lexists(whole) and (whole.is_symlink() or not whole.is_dir()):
                return False
        whole = self._top / path
        if whole.is_dir() and not whole.is_symlink():
            with contextlib.suppress(OSError):
                whole.rmdir()  # Only an empty one.
                return True
            return False
        return True

    def _remove_empty(self, directory: Path) -> None:
        """Remove empty directories up to the top, but not the chat's own."""
        while directory != self._top and not f"{self._kept_directory}/".startswith(f"{directory}/"):
            try:
                directory.rmdir()
            except OSError:
                return
            directory = directory.parent

    def _mode(self, path: str) -> int:
        """The permissions of a file that is about to be replaced; 0 for none."""
        try:
            found = (self._top / path).lstat().st_mode
        except OSError:
            return 0
        return stat.S_IMODE(found) if stat.S_ISREG(found) else 0

    def _set_modes(self, modes: dict[FileRestore, int]) -> None:
        """Give replaced files their permissions again: git only knows whether a file is executable."""
        for file, mode in modes.items():
            plain = mode & ~0o111
            wanted = plain | (plain & 0o444) >> 2 if file.mode == _EXECUTABLE else plain
            path = self._top / file.path
            with contextlib.suppress(OSError):
                if stat.S_ISREG(path.lstat().st_mode):
                    path.chmod(wanted)

    def _different(self, index: Path, blobs: Mapping[str, str]) -> set[str]:
        """The paths of files that are not as git writes those of an index, which has these contents."""
        self._git.run("update-index", "-q", "--refresh", index=index)
        # git compares what it would save, which is not what it has if a file was saved without its present filter.
        found = self._git.records("diff-files", "--raw", "-z", index=index)[1::2]
        return {path for path in found if not self._is_written(path, blobs[path])}

    def _is_written(self, path: str, blob: str) -> bool:
        try:
            return stat.S_ISREG((self._top / path).lstat().st_mode) and is_as_written(self._git, path, blob)
        except (OSError, WorktreeError):
            return False
