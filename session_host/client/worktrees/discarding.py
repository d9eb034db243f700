"""Discards a change: a file, a hunk of it, or one run of changed lines becomes as it was before the change.

Only files are written, by the means of restore points: the files as they are become a restore point first, so that each
discard can be undone. HEAD, branch and the user's index stay as they are.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
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
    look_permissions,
)
from session_host.restore_points.points import About, Maker
from session_host.restore_points.restoring import FileRestore, How, entry_of, write_files
from session_host.restore_points.writing import Entry, as_written, index_of, tree_with
from session_host.structured.patches import with_one_run

_HUNK: Final = re.compile(r"^@@ ", re.MULTILINE)
_SECTION: Final = re.compile(r"^(?=diff --git )", re.MULTILINE)
# fmt: off
_APPLY: Final = (
    "-c", "apply.ignoreWhitespace=no", "apply", "--cached", "--reverse", "--whitespace=nowarn", "--unidiff-zero", "-",
)
# fmt: on
_MAX_UNTRACKED_BYTES: Final = 16 << 20
REWRITTEN: Final = "git would not write it back as it is (line ends, ident, or a mark such as skip-worktree)"
_REGULAR: Final = {"100644", "100755", ""}


class Discarded(msgspec.Struct, frozen=True, kw_only=True):
    """A change that was discarded."""

    path: str
    before: FileRestore
    """Writes the file as it was, which undoes the discard."""
    after: FileRestore
    """The file as the discard left it."""
    directories: dict[str, int] = {}
    """The permissions of the directories on the way to it, if git would make others."""


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


def discard(
    directory: Path, shown: Changes, file: ChangedFile, session: str, hunk: int | None = None, run: int | None = None
) -> Discarded:
    """Discard the change of a file, one of its hunks, or one run of changed lines. Blocks for up to half a minute.

    Args:
        directory: the chat's directory, which is never removed.
        shown: the changes that the user sees; compared with a commit.
        file: the changed file among them.
        session: the chat, which gets the restore point.
        hunk: the number of the hunk, from 0; None for the whole file.
        run: the number of the run within the hunk, from 0; None for all of it.

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
            return _Discard(directory, tree, shown.base, file, session).run(hunk, run)


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
            git = Git(tree.top)
            entry = Entry(*entry_of(git, now.tree, done.path))
            written = Entry(done.after.mode, done.after.blob)
            if entry != written:
                if entry.mode != written.mode or not as_written(git, {done.path: written}):
                    raise FilesChanged("the file has changed since")
                # By the present rules, git has saved these bytes as another content.
                entry, now = written, msgspec.structs.replace(now, tree=tree_with(git, now.tree, {done.path: written}))
            write_file(directory, tree, now, entry, done.before, session, "undo", done.directories)


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

    def run(self, hunk: int | None, run: int | None) -> Discarded:
        path = self._file.path
        if not InsideCheck(self._tree.top)(path) and self._file.state != "deleted":
            raise FilesChanged("the file is not where it was")
        now = save_present_files(self._tree, path)
        patch = self._shown_patch(now)
        if self._file.state == "deleted" and not self._is_in_index():
            raise WorktreeError("its deletion is staged; unstage it first (git restore --staged)")
        entry, base = (Entry(*entry_of(self._git, each, path)) for each in (now.tree, self._base))
        if hunk is None:
            after = restored_file(path, base, is_there=bool(entry.mode))
        else:
            content = self._without(entry.mode, entry.blob, patch, hunk, run)
            after = restored_file(path, entry._replace(blob=content), is_there=True)
        return write_file(self._directory, self._tree, now, entry, after, self._session, "discard")

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

    def _without(self, mode: str, blob: str, patch: str, hunk: int, run: int | None) -> str:
        """The content of the file without a hunk, or one run of it: the reverse patch is applied in a private index."""
        starts = [*(found.start() for found in _HUNK.finditer(patch)), len(patch)]
        text = patch[starts[hunk] : starts[hunk + 1]]
        try:
            own = f"--- a/_\n+++ b/_\n{text if run is None else with_one_run(text, run)}"
        except IndexError:
            raise WorktreeError("the change cannot be discarded here") from None
        with index_of(self._git, [f"{mode} {blob}\t_"]) as index:
            self._git.run(*_APPLY, data=os.fsencode(own), index=index)
            return self._git.run("ls-files", "--stage", "-z", index=index).split(" ")[1]


def save_present_files(tree: WorkingTree, path: str) -> KeptTree:
    """Save the files as they are, with one that git may ignore or that is not among the untracked ones to keep."""
    is_there = os.path.lexists(tree.top / path)
    now = keep_tree(tree, also=[path] if is_there else [], niceness=0)
    if path in now.left_out or (is_there and Git(tree.top).with_own_filter([path])):
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


def restored_file(path: str, entry: Entry, *, is_there: bool) -> FileRestore:
    """The restore that makes a file as git has it; ``is_there``: whether it is there now."""
    how: How = "deleted" if not entry.mode else "modified" if is_there else "recreated"
    return FileRestore(path=path, how=how, mode=entry.mode, blob=entry.blob)


def write_file(
    directory: Path,
    tree: WorkingTree,
    now: KeptTree,
    entry: Entry,
    file: FileRestore,
    session: str,
    made_by: Maker,
    directories: Mapping[str, int] | None = None,
) -> Discarded:
    """Write one file, after a restore point.

    Args:
        directory: as in ``write_files``.
        tree: the working tree.
        now: its files as they are.
        entry: the file among them.
        file: what to write.
        session: the session.
        made_by: what is done.
        directories: as in ``write_files``.

    Returns:
        What was done.

    Raises:
        WorktreeError: one line; nothing was written.
    """
    git, path = Git(tree.top), file.path
    before = {path: entry} if entry.mode else {}
    seen = as_written(git, before)
    if entry.mode and path not in seen:
        name = git.filters_of([path]).get(path, "")
        what = f"its filter “{one_line(name)}” changes it" if name else REWRITTEN
        raise WorktreeError(f"{what}, so that this could not be undone")
    permissions = look_permissions(tree.top, {path: entry.mode})
    about = About(kind="restore", made_by=made_by)
    outcome = write_files(directory, tree, now, (file,), before, seen, session, about, directories or {})
    if outcome.failed:
        raise WorktreeError(outcome.problem or "the file could not be written")
    previous = restored_file(path, entry, is_there=bool(file.mode))
    mode = stat.S_IMODE(seen[path].mode) if path in seen else None
    return Discarded(
        path=path,
        before=msgspec.structs.replace(previous, permissions=mode),
        after=file,
        directories=permissions.of_directories([path]),
    )
