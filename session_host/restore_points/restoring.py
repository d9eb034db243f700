"""Compares a working tree with a restore point, and restores it.

HEAD, branch and the user's index stay as they are; only files change. Never touched: ignored files, files that are
ignored by the rules of the restore point, submodules, repositories inside, what neither restore point keeps, and what
git would not write back as it is.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec

from session_host.errors import FilesChanged, WorktreeError
from session_host.git import GitRefused
from session_host.placing.files import Seen
from session_host.restore_points.kept_tree import (
    LINK,
    LITERAL_PATHS,
    SUBMODULE,
    Git,
    KeptTree,
    Permissions,
    WorkingTree,
    exclusive_lock,
    fed,
    find_tree,
    keep_tree,
    look_permissions,
)
from session_host.restore_points.points import PREFIX, About, Maker, RestorePoint, permissions_of, save
from session_host.restore_points.writing import (
    Entry,
    Write,
    Writer,
    as_written,
    index_of,
    is_ruled,
    is_rules,
    reason_of,
    tree_with,
)

WORK_TIMEOUT_S: Final = 300.0
_NOTHING: Final = "000000"
_RULES: Final = ".gitignore"

How = Literal["modified", "recreated", "deleted"]
"""The effect of a restore on a file."""
Why = Literal["unsaved", "rewritten", "new"]
"""Why a file stays: it was not saved; git would not write it back as it is; it was made since, and may be wanted."""


class FileRestore(msgspec.Struct, frozen=True, kw_only=True):
    """One file that a restore changes."""

    path: str
    """The path from the top of the working tree; bytes that are not UTF-8 are lone surrogates."""
    how: How
    mode: str = ""
    """git's mode of the file after the restore; "" if it is deleted."""
    blob: str = ""
    """The id of its content then."""
    permissions: int | None = None
    """Its permissions then; None for those of the file that is replaced, or as git writes it."""

    @property
    def what(self) -> tuple[str, How, str, str]:
        """All but the permissions, which another version may not know."""
        return self.path, self.how, self.mode, self.blob


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a restore leaves as it is, although it is or may be another than in the restore point."""

    path: str
    why: Why


_WHYS: Final[dict[Why, str]] = {
    "unsaved": "not saved (too large, unreadable, hidden from git, or not as git would write it)",
    "rewritten": "which git would write in another way (filter, line ends, ident)",
    "new": "perhaps there before (ignored then, or one of too many new files)",
}


def stay_lines(stays: Sequence[Stay], shown: Callable[[str], str], most: int) -> list[str]:
    """The files that stay, a line for each reason.

    Args:
        stays: the files.
        shown: a path for people.
        most: how many are named for each reason.
    """
    lines = []
    for why, words in _WHYS.items():
        paths = [stay.path for stay in stays if stay.why == why]
        if paths:
            names = ", ".join(map(shown, paths[:most])) + (", …" if len(paths) > most else "")
            count = "1 file stays as it is" if len(paths) == 1 else f"{len(paths):,} files stay as they are"
            lines.append(f"{count}, {words}: {names}")
    return lines


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
    stays: tuple[Stay, ...] = ()
    """The files that stay as they are, sorted by path."""

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
    stayed: tuple[Stay, ...] = ()
    """As ``Plan.stays``."""


class _Change(NamedTuple):
    """A file that differs between two trees: as the first has it, if it does, and what makes it as in the second."""

    before: Entry | None
    file: FileRestore


class _Found(NamedTuple):
    """A plan, the files that it changes as git has them now, and as they were seen; and permissions then."""

    plan: Plan
    before: Mapping[str, Entry]
    seen: Mapping[str, Seen]
    permissions: Permissions | None


def plan_restore(directory: Path, point: RestorePoint) -> Plan:
    """Plan a restore: find the changes that it would make. Blocks.

    Raises:
        WorktreeError: one line: there is no working tree, or git is missing, refuses or is too slow.
    """
    with _disk_errors():
        tree = find_tree(directory)
        return _plan(tree, keep_tree(tree, niceness=0), point).plan


def file_counts(directory: Path, points: Sequence[RestorePoint]) -> list[int]:
    """How many files a restore to each point would change. Blocks; raises as ``plan_restore``."""
    with _disk_errors():
        return _file_counts(directory, points)


@contextlib.contextmanager
def _disk_errors() -> Iterator[None]:
    """Raise WorktreeError, one line, in place of OSError."""
    try:
        yield
    except OSError as error:
        raise WorktreeError(f"the files cannot be restored ({error.strerror})") from error


def _file_counts(directory: Path, points: Sequence[RestorePoint]) -> list[int]:
    tree = find_tree(directory)
    now = keep_tree(tree, niceness=0)
    git = Git(tree.top)
    counts: dict[KeptTree, int] = {}
    looked: dict[str, Entry] = {}
    seen: dict[str, Seen] = {}
    found = []
    for point in points:
        if point.kept not in counts:  # Points between which nothing changed have the same tree.
            changes = _differences(git, now.tree, point.kept.tree)
            more = {each.file.path: each.before for each in changes if each.before and each.file.path not in looked}
            if more:
                looked |= more
                seen |= as_written(git, more)
            counts[point.kept] = len(_plan(tree, now, point, seen).plan.files)
        found.append(counts[point.kept])
    return found


def _plan(tree: WorkingTree, now: KeptTree, point: RestorePoint, looked: Mapping[str, Seen] | None = None) -> _Found:
    """Plan a restore; ``looked``: what ``as_written`` has found of the files, if they are only counted."""
    git, is_counted = Git(tree.top), looked is not None
    changes = _differences(git, now.tree, point.kept.tree)
    hidden = [each.file.path for each in changes if not each.before and os.path.lexists(tree.top / each.file.path)]
    if hidden:
        # Files that git ignores now: keep them, too, so that the restore can be undone.
        now, looked = keep_tree(tree, also=hidden, niceness=0), None
        changes = _differences(git, now.tree, point.kept.tree)
    filtered = git.with_own_filter([each.file.path for each in changes])
    left_out = now.left_out | point.kept.left_out | filtered
    wanted = [each for each in changes if each.file.path not in left_out and each.file.mode != SUBMODULE]
    deleted = [each.file.path for each in wanted if each.file.how == "deleted"]
    new: set[str] = set()
    if not point.kept.has_untracked:
        new = set(deleted)  # They may have been there, untracked.
    elif deleted and any(_name(each.file.path) == _RULES for each in wanted):
        new = _ignored_then(git, point.kept.tree, deleted)
    before = {each.file.path: each.before for each in wanted if each.before and each.file.path not in new}
    seen = as_written(git, before) if looked is None else looked
    rewritten = before.keys() - seen.keys()
    if rewritten and point.about.restores and not is_counted:
        restored = _as_restored(git, now, point, rewritten)
        if as_it_left := as_written(git, restored):
            # By the present rules, git has saved these bytes as other contents.
            own = {path: restored[path] for path in as_it_left}
            now = msgspec.structs.replace(now, tree=tree_with(git, now.tree, own))
            before, seen, rewritten = {**before, **own}, {**seen, **as_it_left}, rewritten - own.keys()
    # With other rules for line ends, the undo would find another content of them.
    now = msgspec.structs.replace(now, left_out=now.left_out | rewritten)
    left_rules = {path for path in rewritten | left_out if is_rules(path)}
    # Those are written by rules of another time: by the restore, or by the undo of their deletion.
    rewritten |= {each.file.path for each in wanted if is_ruled(each.file.path, left_rules)}
    permissions = None if is_counted else permissions_of(git, point)
    files = [each.file for each in wanted if each.file.path not in new | rewritten]
    sorted_out: dict[Why, Iterable[str]] = {"unsaved": left_out, "new": new, "rewritten": rewritten}
    stays = sorted({path: why for why, paths in sorted_out.items() for path in paths}.items())
    plan = Plan(
        point=point,
        now=now,
        branch=tree.branch,
        too_large=len(left_out),
        submodules=sum(each.file.mode == SUBMODULE for each in changes),
        files=tuple(_with_permissions(file, permissions) for file in files),
        stays=tuple(Stay(path=path, why=why) for path, why in stays),
    )
    return _Found(plan, before, seen, permissions)


def _as_restored(git: Git, now: KeptTree, undo: RestorePoint, paths: Collection[str]) -> dict[str, Entry]:
    """What the restore that a point undoes has written at these paths, where that is not what git would save now."""
    try:
        changes = _differences(git, now.tree, f"{PREFIX}/{undo.session}/{undo.about.restores}")
    except GitRefused:
        return {}  # The point that was restored is gone, or of another chat.
    files = (each.file for each in changes if each.file.path in paths)
    return {file.path: Entry(file.mode, file.blob) for file in files if file.mode not in {"", SUBMODULE}}


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _with_permissions(file: FileRestore, permissions: Permissions | None) -> FileRestore:
    if permissions is None or file.how == "deleted":
        return file
    return msgspec.structs.replace(file, permissions=permissions.of(file.path, file.mode))


def restore(directory: Path, accepted: Plan, session: str) -> Restored:
    """Restore the files that a plan names. Blocks for up to ``WORK_TIMEOUT_S``.

    The files as they are now become a restore point of the session first. Two restores of one working tree do not
    overlap: the second one finds what the first has changed.

    Raises:
        FilesChanged: the plan is not up to date.
        WorktreeError: one line; nothing was restored.
    """
    tree = find_tree(directory)
    with _disk_errors(), exclusive_lock(tree.top, Git(tree.top), "restore"):
        return _restore(directory, tree, accepted, session)


def _restore(directory: Path, tree: WorkingTree, accepted: Plan, session: str) -> Restored:
    point = accepted.point
    plan, before, seen, permissions = _plan(tree, keep_tree(tree, niceness=0), point)
    if [file.what for file in plan.files] != [file.what for file in accepted.files]:
        raise FilesChanged("files have changed in the meantime; look at the list again")
    made_by: Maker = "undo" if point.about.restores else "restore"
    about = About(kind="restore", restores=point.at_ms, made_by=made_by)
    paths = [file.path for file in plan.files if file.how != "deleted"]
    directories = permissions.of_directories(paths) if permissions is not None else {}
    done = write_files(directory, tree, plan.now, plan.files, before, seen, session, about, directories)
    return msgspec.structs.replace(done, stayed=plan.stays)


def write_files(
    directory: Path,
    tree: WorkingTree,
    now: KeptTree,
    files: Sequence[FileRestore],
    before: Mapping[str, Entry],
    seen: Mapping[str, Seen],
    session: str,
    about: About,
    directories: Mapping[str, int],
) -> Restored:
    """Write files of a working tree, after a restore point of the session. Blocks for up to ``WORK_TIMEOUT_S``.

    Args:
        directory: the chat's directory, which is not removed with its last file.
        tree: the working tree.
        now: its files as they are, which become the restore point.
        files: the files to write or delete.
        before: those that are there, as the restore point has them.
        seen: the same files, as ``as_written`` has found them.
        session: the session.
        about: what the restore point belongs to.
        directories: the permissions of directories that have to be made; of others, what the umask leaves.

    Raises:
        WorktreeError: one line; nothing was written.
    """
    changed = {file.path: before[file.path].mode for file in files if file.path in before}
    undo = save(tree, now, session, about, look_permissions(tree.top, changed))
    git = Git(tree.top, timeout_s=WORK_TIMEOUT_S)
    writes = {
        file.path: None
        if file.how == "deleted"
        else Write(Entry(file.mode, file.blob), _permissions(file, before, seen))
        for file in files
    }
    writer = Writer(tree, git, directory, writes)
    problem = ""
    try:
        with exclusive_lock(tree.common, git):
            writer.write(seen, directories)
    except (WorktreeError, OSError) as error:
        problem = reason_of(error)
    failed = tuple(sorted(writer.failed))
    return Restored(
        undo=undo,
        restored=len(files) - len(failed),
        failed=failed,
        problem=(problem or writer.problem) if failed else "",
    )


def _permissions(file: FileRestore, before: Mapping[str, Entry], seen: Mapping[str, Seen]) -> int | None:
    """The permissions of a file to write, as ``FileRestore``: a mode that git need not change says nothing of them."""
    if file.permissions is None and file.path in seen and before[file.path].mode == file.mode != LINK:
        return stat.S_IMODE(seen[file.path].mode)  # git does not look at them where core.fileMode is false.
    return file.permissions


def entry_of(git: Git, tree: str, path: str) -> tuple[str, str]:
    """The mode and the id of a file in a tree or a commit; ("", "") if it is not there."""
    found = git.run("ls-tree", "-z", "--full-tree", tree, "--", path, extra=LITERAL_PATHS)
    if not found:
        return "", ""
    mode, _, blob = found.partition("\t")[0].split(" ")
    return mode, blob


def _differences(git: Git, previous: str, later: str) -> list[_Change]:
    """The files that differ between two trees; a submodule in either tree has the mode ``SUBMODULE``."""
    records = iter(git.records("diff-tree", "-r", "-z", "--raw", "--no-renames", previous, later))
    found = []
    for record in records:
        first, second, old, blob, _ = record.removeprefix(":").split(" ")
        how: How = "deleted" if second == _NOTHING else "recreated" if first == _NOTHING else "modified"
        mode = SUBMODULE if SUBMODULE in {first, second} else "" if how == "deleted" else second
        file = FileRestore(path=next(records), how=how, mode=mode, blob=blob if how != "deleted" else "")
        found.append(_Change(Entry(first, old) if first != _NOTHING else None, file))
    return found


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
    return set(filter(None, ignored.split("\0")))
