"""Discards a change: a file, or one hunk of it, becomes as it was before the change.

Only files are written, by the means of restore points: the files as they are become a restore point first, so that each
discard can be undone. HEAD, branch and the user's index stay as they are.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from session_host.client.worktrees.changes import (
    DIFF,
    ChangedFile,
    Changes,
    base_of,
    read_diff,
    readable,
    untracked_file,
)
from session_host.errors import FilesChanged, WorktreeError
from session_host.git import check_directory, explained
from session_host.protocol.untrusted_text import one_line
from session_host.restore_points.kept_tree import (
    LITERAL_PATHS,
    MAX_FILE_BYTES,
    Git,
    InsideCheck,
    KeptTree,
    WorkingTree,
    exclusive_lock,
    find_tree,
    keep_tree,
)
from session_host.restore_points.points import About, Maker
from session_host.restore_points.restoring import FileRestore, How, entry_of, index_of, is_as_written, write_files

_HUNK: Final = re.compile(r"^@@ ", re.MULTILINE)
_SECTION: Final = re.compile(r"^(?=diff --git )", re.MULTILINE)
# fmt: off
_APPLY: Final = (
    "-c", "apply.ignoreWhitespace=no", "apply", "--cached", "--reverse", "--whitespace=nowarn", "--unidiff-zero", "-",
)
# fmt: on
_MAX_UNTRACKED_BYTES: Final = 16 << 20
_REGULAR: Final = {"100644", "100755", ""}


class Discarded(msgspec.Struct, frozen=True, kw_only=True):
    """A change that was discarded."""

    path: str
    before: FileRestore
    """Writes the file as it was, which undoes the discard."""
    after: FileRestore
    """The file as the discard left it."""


def hunks_of(file: ChangedFile) -> int:
    """How many hunks of a change can be discarded one by one; 0 if none can."""
    is_modified = file.state in {"modified", "renamed"} and "" not in file.modes
    return len(_HUNK.findall(file.patch)) if is_modified and _is_plain(file) else 0


def can_discard_file(file: ChangedFile) -> bool:
    """Whether the change of a whole file can be discarded.

    A renamed file's cannot: the index has only its new name, and then the file that comes back looks deleted.
    """
    return _is_plain(file) and file.state in {"modified", "added", "untracked", "deleted"}


def _is_plain(file: ChangedFile) -> bool:
    """Whether the file is a text on both sides, and all of its lines are known."""
    is_known = bool(file.patch) or file.modes[0] != file.modes[1]
    return is_known and not file.withheld and set(file.modes) <= _REGULAR and not file.path.endswith("/")


def discard(directory: Path, shown: Changes, file: ChangedFile, session: str, hunk: int | None = None) -> Discarded:
    """Discard the change of a file, or one of its hunks. Blocks for up to half a minute.

    Args:
        directory: the chat's directory, which is never removed.
        shown: the changes that the user sees; compared with a commit.
        file: the changed file among them.
        session: the chat, which gets the restore point.
        hunk: the number of the hunk, from 0; None for the whole file.

    Raises:
        FilesChanged: the file, or what it is compared with, is not as it was shown; nothing was written.
        WorktreeError: one line; nothing was written.
    """
    possible = can_discard_file(file) if hunk is None else hunk < hunks_of(file)
    if not possible or shown.since == "prompt":
        raise WorktreeError("the change cannot be discarded here")
    check_directory(directory)
    with explained(directory):
        tree = find_tree(directory)
        with restore_lock(tree):
            if base_of(tree.top, shown.since) != shown.base:
                raise FilesChanged("another commit is checked out")
            return _Discard(directory, tree, shown.base, file, session).run(hunk)


def undo(directory: Path, done: Discarded, session: str) -> None:
    """Undo a discard; the files as they are become a restore point first, too.

    Raises:
        FilesChanged: the file has changed since; nothing was written.
        WorktreeError: one line; nothing was written.
    """
    with explained(directory):
        tree = find_tree(directory)
        with restore_lock(tree):
            now = save_present_files(tree, done.path)
            if not _is_still(Git(tree.top), now, done.after):
                raise FilesChanged("the file has changed since")
            write_file(directory, tree, now, done.before, session, "undo")


def _is_still(git: Git, now: KeptTree, file: FileRestore) -> bool:
    """Whether a file is as it was written."""
    mode, blob = entry_of(git, now.tree, file.path)
    return mode == file.mode and (blob == file.blob or is_as_written(git, file.path, file.blob))


@contextlib.contextmanager
def restore_lock(tree: WorkingTree) -> Iterator[None]:
    """Hold the lock that a restore of the working tree needs."""
    try:
        with exclusive_lock(tree.top, Git(tree.top), "restore"):
            yield
    except OSError as error:
        raise WorktreeError(f"the files cannot be saved ({error.strerror})") from error


class _Discard:
    """One discard."""

    def __init__(self, directory: Path, tree: WorkingTree, base: str, file: ChangedFile, session: str) -> None:
        self._directory, self._tree, self._base, self._file, self._session = directory, tree, base, file, session
        self._git = Git(tree.top)

    def run(self, hunk: int | None) -> Discarded:
        path = self._file.path
        if not InsideCheck(self._tree.top)(path) and self._file.state != "deleted":
            raise FilesChanged("the file is not where it was")
        now = save_present_files(self._tree, path)
        patch = self._shown_patch(now)
        if self._file.state == "deleted" and not self._is_in_index():
            raise WorktreeError("its deletion is staged; unstage it first (git restore --staged)")
        mode, blob = entry_of(self._git, now.tree, path)
        check_content(self._git, path, blob)
        before = restored_file(path, mode, blob, is_there=bool(entry_of(self._git, self._base, path)[0]))
        if hunk is None:
            base_mode, base_blob = entry_of(self._git, self._base, path)
            after = restored_file(path, base_mode, base_blob, is_there=bool(mode))
        else:
            after = restored_file(path, mode, self._without(mode, blob, patch, hunk), is_there=True)
        write_file(self._directory, self._tree, now, after, self._session, "discard")
        return Discarded(path=path, before=before, after=after)

    def _shown_patch(self, now: KeptTree) -> str:
        """The hunks of the change, with all bytes, which are still those that were shown.

        Raises:
            FilesChanged: they are not.
        """
        file = self._file
        changed = FilesChanged("the file has changed in the meantime")
        if file.state == "untracked":
            if self._is_in_index() or untracked_file(self._tree.top, file.path, _MAX_UNTRACKED_BYTES) != file:
                raise changed
            return ""
        paths = dict.fromkeys(filter(None, (file.old_path, file.path)))
        output = self._git.run(*DIFF, self._base, now.tree, "--", *paths, extra=LITERAL_PATHS)
        found = next((each for each in read_diff(output) if each.path == file.path), None)
        if found is None or (found.patch, found.modes, found.state) != (file.patch, file.modes, file.state):
            raise changed
        hunks = (section[start.start() :] for section in _SECTION.split(output) if (start := _HUNK.search(section)))
        return next((each for each in hunks if readable(each) == file.patch), "")

    def _is_in_index(self) -> bool:
        return bool(self._git.run("ls-files", "--cached", "-z", "--", self._file.path, extra=LITERAL_PATHS))

    def _without(self, mode: str, blob: str, patch: str, hunk: int) -> str:
        """The content of the file without one hunk: the reverse patch is applied in a private index."""
        starts = [*(found.start() for found in _HUNK.finditer(patch)), len(patch)]
        own = f"--- a/_\n+++ b/_\n{patch[starts[hunk] : starts[hunk + 1]]}"
        with index_of(self._git, [f"{mode} {blob}\t_"]) as index:
            self._git.run(*_APPLY, data=os.fsencode(own), index=index)
            return self._git.run("ls-files", "--stage", "-z", index=index).split(" ")[1]


def check_content(git: Git, path: str, blob: str) -> None:
    """Check that git can write a file back exactly as it is: line ends and filters may change it.

    Args:
        git: git in the working tree.
        path: the file.
        blob: the content that git has saved of it; "" if the file is not there.

    Raises:
        WorktreeError: it cannot.
    """
    if blob and not is_as_written(git, path, blob):
        name = git.filters_of([path]).get(path, "")
        what = f"its filter “{one_line(name)}” changes it" if name else "git would write its line ends in another way"
        raise WorktreeError(f"{what}, so that this could not be undone")


def save_present_files(tree: WorkingTree, path: str) -> KeptTree:
    """Save the files as they are, with one that git may ignore or that is not among the untracked ones to keep."""
    is_there = os.path.lexists(tree.top / path)
    now = keep_tree(tree, also=[path] if is_there else [], niceness=0)
    if path in now.left_out:
        raise WorktreeError(f"the file {_why_left_out(tree.top / path)}, so that this could not be undone")
    return now


def _why_left_out(file: Path) -> str:
    """Why a file was not saved, for a sentence."""
    try:
        if file.lstat().st_size > MAX_FILE_BYTES:
            return "is too large to be saved"
    except OSError:
        return "cannot be read"
    if not os.access(file, os.R_OK):
        return "cannot be read"
    return "has a filter that only its repository names, which does not run by itself"


def restored_file(path: str, mode: str, blob: str, *, is_there: bool) -> FileRestore:
    """What writes a file with this mode and content; ``is_there``: whether it is there now."""
    how: How = "deleted" if not mode else "modified" if is_there else "recreated"
    return FileRestore(path=path, how=how, mode=mode, blob=blob)


def write_file(
    directory: Path, tree: WorkingTree, now: KeptTree, file: FileRestore, session: str, made_by: Maker
) -> None:
    """Write one file, after a restore point."""
    outcome = write_files(directory, tree, now, (file,), session, About(kind="restore", made_by=made_by))
    if outcome.failed:
        raise WorktreeError(outcome.problem or "the file could not be written")
