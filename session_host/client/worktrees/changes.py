"""The changes of a working tree since a commit: staged, unstaged and untracked files together.

``git diff`` writes the index, even without optional locks, and the agent's own git could find it locked. So git works
on a copy of the index, next to a lock file that prevents the writing.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec

from session_host.errors import WorktreeError
from session_host.git import (
    READ_TIMEOUT_S,
    GitRefused,
    check_directory,
    current_stop,
    explained,
    read_limited,
    run_read_only,
    run_with_input,
)
from session_host.restore_points.kept_tree import MAX_FILE_BYTES, InsideCheck, fed, find_tree, keep_tree, put_files_back
from session_host.restore_points.points import RestorePoint

from .status import changed_inside, changes_of, facts_of, staged_deletions, untracked_mode

State = Literal["added", "deleted", "modified", "renamed", "type", "untracked", "conflict", "dropped"]
"""The kind of a change; "type": a file became a link, or the reverse; "dropped": it is there, but no longer tracked."""
Withheld = Literal["", "binary", "large", "limit", "unreadable"]
"""Why a change has no patch: not text, too long itself, beyond the limit of all changes together, or not readable."""

MAX_PATCH_CHARACTERS = 1 << 20
"""A file's patch that is longer is withheld."""
SUBMODULE = "160000"
LINK = "120000"

_STATES: dict[str, State] = {
    "A": "added",
    "C": "added",
    "D": "deleted",
    "M": "modified",
    "R": "renamed",
    "T": "type",
    "U": "conflict",
}
_NO_MODE = "000000"
_SECTION = re.compile(r"^diff --(?:git|cc|combined) ", re.MULTILINE)
_HUNK = re.compile(r"^@@ ", re.MULTILINE)
_BINARY = re.compile(r"^(?:Binary files .* differ|GIT binary patch)$", re.MULTILINE)
_UNMERGED = re.compile(r"^\* Unmerged path .*\n?", re.MULTILINE)


class ChangedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One changed file.

    Paths are relative to the top of the working tree. Bytes in them that are not UTF-8 are lone surrogates, as in
    ``os.fsdecode``; in patches, they are escapes, as in ``readable``.
    """

    path: str
    old_path: str = ""
    """The path before a renaming, "" without one."""
    state: State
    added: int = 0
    """The number of added lines."""
    removed: int = 0
    modes: tuple[str, str] = ("", "")
    """git's modes before and after, such as "100644"; "" where there is no file."""
    patch: str = ""
    """The hunks of a unified diff, without the lines above them; "" for none."""
    withheld: Withheld = ""

    @property
    def is_submodule(self) -> bool:
        """Whether the file is a submodule: another repository, recorded by its commit."""
        return SUBMODULE in self.modes


class _Entry(NamedTuple):
    """A raw entry, and its numbers of lines."""

    modes: tuple[str, str]
    letter: str
    old_path: str
    path: str
    added: int = 0
    removed: int = 0

    @property
    def sections(self) -> int:
        """How many sections of the patch it has: a change of the type is a deletion and an addition."""
        if self.letter == "U":
            return 0
        before, after = self.modes
        is_replaced = _NO_MODE not in self.modes and before[:2] != after[:2]
        return 2 if is_replaced else 1


def read_diff(output: str, *, is_cut: bool = False) -> list[ChangedFile]:
    """The changed files in git's output.

    Args:
        output: the output of ``git diff --raw --numstat -p -z``.
        is_cut: whether the output's end is missing; files without a whole patch are "limit" then.

    Raises:
        ValueError: this is not such an output.
    """
    entries, rest = _read_entries(output, is_cut=is_cut)
    starts = [found.start() for found in _SECTION.finditer(rest)]
    sections = [rest[start:end] for start, end in pairwise([*starts, len(rest)])]
    if is_cut:
        del sections[-1:]
    elif len(sections) != sum(entry.sections for entry in entries):
        raise ValueError("git's diff has another number of files than its list")
    found, number = [], 0
    for entry in entries:
        own = sections[number : number + entry.sections]
        number += entry.sections
        found.append(_changed_file(entry, own if len(own) == entry.sections else None))
    return found


def _read_entries(output: str, *, is_cut: bool) -> tuple[list[_Entry], str]:
    """The raw entries with their numbers of lines, and the patch."""
    fields = _Fields(output)
    entries: list[_Entry] = []
    counts: list[tuple[int, int]] = []
    try:
        while fields.next_character == ":":
            before, after, _, _, letter = fields.take()[1:].split(" ")
            path = fields.take()
            old_path = ""
            if letter[:1] in {"R", "C"}:
                old_path, path = path, fields.take()
            entries.append(_Entry((before, after), letter[:1], old_path, path))
        while len(counts) < len(entries):
            added, removed, path = fields.take().split("\t", 2)
            if not path:  # The old and the new path follow.
                fields.take()
                fields.take()
            counts.append((int(added) if added != "-" else 0, int(removed) if removed != "-" else 0))
        if entries and fields.take():
            raise ValueError("git's diff has another form than expected")
    except _EndOfText:
        if not is_cut:
            raise
    if not entries and output and not is_cut:
        raise ValueError("git's diff has another form than expected")
    missing = len(entries) - len(counts)
    counts += [(0, 0)] * missing
    numbered = [
        entry._replace(added=added, removed=removed) for entry, (added, removed) in zip(entries, counts, strict=True)
    ]
    return numbered, "" if missing else fields.rest


class _EndOfText(ValueError):
    """The text has no more fields."""


class _Fields:
    """Reads the fields of a text; each field ends with a NUL."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def take(self) -> str:
        """Read the next field.

        Raises:
            _EndOfText: there is none.
        """
        end = self._text.find("\0", self._position)
        if end < 0:
            raise _EndOfText("git's diff ends too early")
        begin, self._position = self._position, end + 1
        return self._text[begin:end]

    @property
    def next_character(self) -> str:
        """The first character of the next field, "" at the end."""
        return self._text[self._position : self._position + 1]

    @property
    def rest(self) -> str:
        """The text after the last field that was read."""
        return self._text[self._position :]


def _changed_file(entry: _Entry, sections: list[str] | None) -> ChangedFile:
    """A raw entry with its sections of the patch; None if they are missing."""
    withheld: Withheld = ""
    patch = ""
    if sections is None:
        withheld = "limit"
    else:
        for section in sections:
            hunk = _HUNK.search(section)
            header = section[: hunk.start()] if hunk is not None else section
            if _BINARY.search(header):
                withheld = "binary"
            elif hunk is not None:
                patch += _UNMERGED.sub("", section[hunk.start() :])
    if len(patch) > MAX_PATCH_CHARACTERS:
        patch, withheld = "", "large"
    before, after = ("" if mode == _NO_MODE else mode for mode in entry.modes)
    return ChangedFile(
        path=entry.path,
        old_path=entry.old_path if entry.letter == "R" else "",
        state=_STATES.get(entry.letter, "modified"),
        added=entry.added,
        removed=entry.removed,
        modes=(before, after),
        patch=readable(patch),
        withheld=withheld,
    )


def readable(text: str) -> str:
    """A text with escapes (``\\xe9``) in place of lone surrogates, so that other bytes look different."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


_LOOKED_AT_BYTES = 8000
"""git takes a file for binary if there is a NUL in this many bytes at its beginning."""
_NO_END = "\\ No newline at end of file\n"


def untracked_file(top: Path, path: str, max_bytes: int) -> ChangedFile:
    """An untracked file as a change; of a file with more than ``max_bytes``, only the name. Reads the file.

    Args:
        top: the top of the working tree.
        path: the file's path below it; with a "/" at its end for a repository inside this one.
        max_bytes: how much may be read; longer files are "limit", or "large" if they are too long in any case.
    """
    if path.endswith("/"):
        return ChangedFile(path=path, state="untracked", modes=("", SUBMODULE))
    try:
        facts = (top / path).lstat()
        if stat.S_ISLNK(facts.st_mode):
            return _added(path, LINK, os.fsencode((top / path).readlink()))
        # Opening a pipe would wait for its other end.
        descriptor = os.open(top / path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            facts = os.fstat(descriptor)
            mode = "100755" if facts.st_mode & stat.S_IXUSR else "100644"
            beginning = file.read(_LOOKED_AT_BYTES) if stat.S_ISREG(facts.st_mode) else b"\0"
            if b"\0" in beginning:
                return ChangedFile(path=path, state="untracked", modes=("", mode), withheld="binary")
            if facts.st_size > min(max_bytes, MAX_PATCH_CHARACTERS):
                withheld: Withheld = "large" if facts.st_size > MAX_PATCH_CHARACTERS else "limit"
                return ChangedFile(path=path, state="untracked", modes=("", mode), withheld=withheld)
            return _added(path, mode, beginning + file.read(MAX_PATCH_CHARACTERS))
    except OSError:
        return ChangedFile(path=path, state="untracked")  # The file was deleted, or the user may not read it.


def _with_changes_inside(path: str, commit: str) -> ChangedFile:
    """A submodule with changed files inside, as git shows it."""
    patch = f"@@ -1 +1 @@\n-Subproject commit {commit}\n+Subproject commit {commit}-dirty\n"
    return ChangedFile(path=path, state="modified", added=1, removed=1, modes=(SUBMODULE, SUBMODULE), patch=patch)


def _added(path: str, mode: str, content: bytes) -> ChangedFile:
    text = content.decode("utf-8", "backslashreplace")
    lines = text.removesuffix("\n").split("\n") if text else []
    patch = ""
    if lines:
        added = "+1" if len(lines) == 1 else f"+1,{len(lines)}"
        patch = f"@@ -0,0 {added} @@\n" + "".join(f"+{line}\n" for line in lines)
        patch += "" if text.endswith("\n") else _NO_END
    return ChangedFile(path=path, state="untracked", added=len(lines), modes=("", mode), patch=patch)


Since = Literal["commit", "branch", "prompt"]
"""The files are compared with the last commit, the commit at which the branch began, or a restore point."""

TIMEOUT_S: Final = 20.0
MAX_BYTES: Final = 16 << 20
"""The limit of git's output, and of all untracked files that are read."""
MAX_FILES: Final = 3000
"""More changed files are only counted."""
LARGE_FILE_BYTES: Final = 8 << 20
"""git compares no larger files: it treats them as binary."""

_SETTINGS: Final = (
    # Override settings that change the output.
    "-c",
    "diff.autoRefreshIndex=true",
    "-c",
    f"core.bigFileThreshold={LARGE_FILE_BYTES}",
)
# fmt: off
DIFF: Final = (
    "diff", "--raw", "--numstat", "-p", "-z", "-M", "--no-color", "--no-relative",
    "--submodule=short", "--src-prefix=a/", "--dst-prefix=b/",
)
# fmt: on


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """The changes of a working tree."""

    top: str
    """The top of the working tree, an absolute path."""
    branch: str | None
    """None when a commit is checked out without a branch."""
    since: Since
    default_branch: str = ""
    """The name of the branch from which this one began, if it has commits since then; "" if there is none."""
    files: tuple[ChangedFile, ...] = ()
    """The changed files, by their paths."""
    more: int = 0
    """How many more changed files there are."""
    base: str = ""
    """The id of the commit or tree with which the files are compared."""
    is_late: bool = False
    """Whether files are without their lines because reading took too long, not because of their length."""

    @property
    def without_lines(self) -> int:
        """How many files are without their lines, because all together are too long, or took too long."""
        return sum(file.withheld == "limit" for file in self.files)


def read_changes(directory: Path, since: Since = "commit", point: RestorePoint | None = None) -> Changes:
    """The changes of the working tree around a directory. Blocks for up to ``TIMEOUT_S``; ``git.stopped_by`` ends it.

    Args:
        directory: a directory in the working tree.
        since: what the files are compared with; "branch" is "commit" if no beginning of the branch is known.
        point: the restore point, for "prompt".

    Raises:
        WorktreeError: one line: git is missing, refuses or is too slow, or there is no working tree.
    """
    check_directory(directory)
    try:
        with explained(directory):
            put_files_back(directory, READ_TIMEOUT_S)
            return _Reader(directory).read(since, point)
    except ValueError as error:
        raise WorktreeError(f"git's output is not understood ({error}); try again") from error
    except OSError as error:
        raise WorktreeError(f"the changes cannot be read ({error.strerror})") from error


def lines_before(changes: Changes, file: ChangedFile) -> tuple[str, ...]:
    """The lines of a changed file before the change, as those of its patch are. Blocks for up to ``TIMEOUT_S``.

    Raises:
        WorktreeError: one line: git is missing or refuses, or the repository no longer has the file's old content.
    """
    directory = Path(changes.top)
    check_directory(directory)
    arguments = ("cat-file", "blob", f"{changes.base}:{file.old_path or file.path}")
    with explained(directory):
        content, _ = read_limited(directory, *arguments, max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S, stop=current_stop())
    return tuple(readable(content).removesuffix("\n").split("\n")) if content else ()


def base_of(directory: Path, since: Since) -> str:
    """The id of the git object that the files are compared with now; see ``Changes.base``.

    Raises:
        WorktreeError: as ``read_changes``.
    """
    reader = _Reader(directory)
    return reader.base(since, reader.head())[0]


class _Reader:
    """Reads the changes of one working tree, all calls of git together within ``TIMEOUT_S``."""

    def __init__(self, directory: Path) -> None:
        self._stop = current_stop()
        self._until_s = time.monotonic() + TIMEOUT_S
        self._directory = directory
        self._directory = self._path("--show-toplevel")

    def read(self, since: Since, point: RestorePoint | None) -> Changes:
        listing, _ = self._limited(
            "status",
            "--porcelain=v2",
            "--branch",
            "-z",
            "--no-renames",
            f"--untracked-files={untracked_mode(self._directory, self._left_s())}",
        )
        head = facts_of(listing)
        branch, commit = head.get("branch.head", ""), head.get("branch.oid", "")
        base, default_branch, is_since_branch = self.base(since, "" if commit == "(initial)" else commit)
        if point is not None and since == "prompt":
            return self._since_point(point, None if branch in {"", "(detached)"} else branch, default_branch)
        unreadable = [path for path in changes_of(listing, "12u") if not self._is_readable(path)]
        dropped = self._entries(base, self._left(staged_deletions(listing)))
        tracked, read_bytes = self._diff(base, unreadable, dropped)
        conflicts = set(changes_of(listing, "u"))
        known = {file.path: file for file in tracked} | {path: self._unread(path) for path in unreadable}
        for path, (mode, _) in dropped.items():
            same = ChangedFile(path=path, state="dropped", modes=(mode, mode))
            known[path] = msgspec.structs.replace(known.get(path, same), state="dropped")
        for path in conflicts:
            previous = known.get(path, ChangedFile(path=path, state="conflict"))
            known[path] = msgspec.structs.replace(previous, state="conflict")
        for path, commit_there in self._submodules().items():
            known.setdefault(path, _with_changes_inside(path, commit_there))
        untracked = [path for path in changes_of(listing, "?") if path not in known]
        files = self._sized(list(known.values())[:MAX_FILES], base)
        is_late = False
        for path in untracked[: MAX_FILES - len(files)]:
            is_late = is_late or time.monotonic() > self._until_s
            files.append(untracked_file(self._directory, path, 0 if is_late else MAX_BYTES - read_bytes))
            read_bytes += len(files[-1].patch)
        files.sort(key=lambda file: file.path.split("/"))
        return Changes(
            top=str(self._directory),
            branch=None if branch in {"", "(detached)"} else branch,
            since="branch" if is_since_branch else "commit",
            default_branch=default_branch,
            files=tuple(files),
            more=len(known) + len(untracked) - len(files),
            base=base,
            is_late=is_late,
        )

    def base(self, since: Since, commit: str) -> tuple[str, str, bool]:
        """The commit or tree to compare with, the default branch, and whether that commit is the branch's start.

        Args:
            since: see ``read_changes``.
            commit: the commit that is checked out, "" if there is none yet.
        """
        if not commit:
            return self._ask("hash-object", "-t", "tree", "--stdin"), "", False
        default_branch, start = self._branch_start(commit)
        is_since_branch = since == "branch" and bool(start)
        return start if is_since_branch else commit, default_branch, is_since_branch

    def head(self) -> str:
        """The commit that is checked out; "" if there is none yet."""
        try:
            return self._ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        except GitRefused:
            return ""

    def _is_readable(self, path: str) -> bool:
        """Whether git can read a changed file: for one that it cannot read, ``git diff`` fails as a whole."""
        whole = self._directory / path
        try:
            mode = whole.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return True  # It is deleted.
        except OSError:
            return False
        return (stat.S_ISREG(mode) and os.access(whole, os.R_OK)) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode)

    def _unread(self, path: str) -> ChangedFile:
        modes = ("100644", "100644")
        return ChangedFile(path=path, state="modified", modes=modes, withheld="unreadable")

    def _left_out(self, path: str) -> ChangedFile:
        """A file that was not kept: it is too large, cannot be read, or has a filter that only the repository names."""
        found = self._unread(path)
        if not self._is_readable(path):
            return found
        is_large = (self._directory / path).lstat().st_size > MAX_FILE_BYTES
        return msgspec.structs.replace(found, withheld="large" if is_large else "")

    def _submodules(self) -> dict[str, str]:
        """The submodules with changed files inside, and the commits that are checked out there."""
        try:
            return changed_inside(self._directory, self._left_s())
        except WorktreeError:
            return {}  # Those of the working tree itself are listed.

    def _left(self, paths: list[str]) -> list[str]:
        """The files among these paths that are there."""
        is_inside = InsideCheck(self._directory)
        places = ((path, self._directory / path) for path in paths if is_inside(path))
        return [path for path, place in places if os.path.lexists(place) and (place.is_symlink() or place.is_file())]

    def _entries(self, base: str, paths: list[str]) -> dict[str, tuple[str, str]]:
        """The modes and objects of these files in a commit or tree, for those that it has."""
        if not paths:
            return {}
        listing = self._ask("ls-tree", "-r", "-z", "--full-tree", base, "--", *(f":(literal){path}" for path in paths))
        entries = (entry.partition("\t") for entry in listing.split("\0") if entry)
        return {path: (facts.split(" ")[0], facts.split(" ")[2]) for facts, _, path in entries}

    def _diff(
        self, base: str, unreadable: list[str], dropped: Mapping[str, tuple[str, str]]
    ) -> tuple[list[ChangedFile], int]:
        """The readable files that differ from a commit or tree, and the length of git's output.

        Args:
            base: the commit or tree.
            unreadable: tracked files that are left out.
            dropped: files that the index lacks and that are there, with their modes and objects in ``base``.
        """
        index = self._path("--path-format=absolute", "--git-path", "index")
        with tempfile.TemporaryDirectory() as name:
            copy = Path(name, "index")
            if index.exists():
                shutil.copy2(index, copy)  # Keep its time: git compares it with the times of files.
            if unreadable:
                run_with_input(
                    self._directory,
                    "update-index",
                    "--assume-unchanged",
                    "-z",
                    "--stdin",
                    data=fed(unreadable),
                    extra={"GIT_INDEX_FILE": str(copy)},
                    timeout_s=self._left_s(),
                    stop=self._stop,
                )
            if dropped:
                run_with_input(
                    self._directory,
                    "update-index",
                    "-z",
                    "--index-info",
                    data=fed(f"{mode} {blob}\t{path}" for path, (mode, blob) in dropped.items()),
                    extra={"GIT_INDEX_FILE": str(copy)},
                    timeout_s=self._left_s(),
                    stop=self._stop,
                )
            copy.with_suffix(".lock").touch()
            output, is_cut = self._limited(*DIFF, base, "--", extra={"GIT_INDEX_FILE": str(copy)})
        return read_diff(output, is_cut=is_cut), len(output)

    def _since_point(self, point: RestorePoint, branch: str | None, default_branch: str) -> Changes:
        """The changes since a restore point; untracked files are in both trees."""
        now = keep_tree(find_tree(self._directory, self._stop), niceness=0, stop=self._stop)
        output, is_cut = self._limited(*DIFF, point.kept.tree, now.tree)
        left_out = point.kept.left_out | now.left_out
        has_untracked = point.kept.has_untracked and now.has_untracked
        files = [
            file
            for file in read_diff(output, is_cut=is_cut)
            if file.path not in left_out and (has_untracked or file.state not in {"added", "deleted"})
        ]
        files = self._sized(files, point.kept.tree)
        files += map(self._left_out, now.left_out - point.kept.left_out)
        files.sort(key=lambda file: file.path.split("/"))
        return Changes(
            top=str(self._directory),
            branch=branch,
            since="prompt",
            default_branch=default_branch,
            files=tuple(files[:MAX_FILES]),
            more=max(len(files) - MAX_FILES, 0),
            base=point.kept.tree,
        )

    def _sized(self, files: list[ChangedFile], base: str) -> list[ChangedFile]:
        """Changed files; "large" in place of "binary" where git compared nothing because a side is too long."""
        unknown = {file.path: file.old_path or file.path for file in files if file.withheld == "binary"}
        large = {path for path in unknown if self._is_large(path)}
        before = [old_path for path, old_path in unknown.items() if path not in large]
        large_before = self._large_before(base, before) if before else set()
        return [
            msgspec.structs.replace(file, withheld="large")
            if file.path in large or unknown.get(file.path) in large_before
            else file
            for file in files
        ]

    def _is_large(self, path: str) -> bool:
        try:
            facts = (self._directory / path).lstat()
        except OSError:
            return False  # It is deleted.
        return stat.S_ISREG(facts.st_mode) and facts.st_size > LARGE_FILE_BYTES

    def _large_before(self, base: str, paths: list[str]) -> set[str]:
        """The files among these paths that git does not compare because of their length in a commit or tree."""
        words = ("ls-tree", "-r", "-l", "-z", "--full-tree", base, "--", *(f":(literal){path}" for path in paths))
        try:
            entries = (entry.partition("\t") for entry in self._ask(*words).split("\0") if entry)
        except GitRefused:
            return set()  # The repository does not have these objects.
        sizes = ((facts.split()[3], path) for facts, _, path in entries)
        return {path for size, path in sizes if size.isdigit() and int(size) > LARGE_FILE_BYTES}

    def _branch_start(self, commit: str) -> tuple[str, str]:
        """The name of the default branch, and the commit at which the current branch began; "" for none."""
        listing = self._ask(
            "for-each-ref",
            "--format=%(refname) %(symref)",
            "refs/remotes/origin/HEAD",
            "refs/heads/main",
            "refs/heads/master",
        )
        references = dict(line.split(" ", 1) for line in listing.splitlines())
        remote = references.pop("refs/remotes/origin/HEAD", "")
        name = remote.removeprefix("refs/remotes/origin/") or next(
            (reference.removeprefix("refs/heads/") for reference in references), ""
        )
        found = []
        for reference in filter(None, (remote, f"refs/heads/{name}" if name else "")):
            try:
                found.append(self._ask("rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}"))
            except GitRefused:
                continue
        if not found:
            return "", ""
        try:
            start = self._ask("merge-base", commit, *found)
        except GitRefused:
            return "", ""  # They have no common commit.
        return (name, start) if start != commit else ("", "")

    # ------------------------------------------------------------ git

    def _ask(self, *arguments: str) -> str:
        return run_read_only(self._directory, *arguments, timeout_s=self._left_s()).removesuffix("\n")

    def _path(self, *arguments: str) -> Path:
        return Path(self._ask("rev-parse", *arguments))

    def _limited(self, *arguments: str, extra: dict[str, str] | None = None) -> tuple[str, bool]:
        return read_limited(
            self._directory,
            *_SETTINGS,
            *arguments,
            max_bytes=MAX_BYTES,
            timeout_s=self._left_s(),
            extra=extra,
            stop=self._stop,
        )

    def _left_s(self) -> float:
        return max(round(self._until_s - time.monotonic(), 1), 0.1)
