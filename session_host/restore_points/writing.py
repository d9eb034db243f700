"""Writes what git has of files, as git writes it: to compare it with files, and to place it in the working tree.

git never writes into the working tree itself. It writes into a directory of its own, with line ends, filters and the
contents of Git LFS; from there each file is placed alone, by ``placing.files``.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from session_host.errors import WorktreeError
from session_host.git import GitRefused
from session_host.placing.files import Changed, Placing, Seen, Tree
from session_host.protocol.untrusted_text import one_line
from session_host.restore_points import lfs
from session_host.restore_points.kept_tree import EXECUTABLE, LINK, Git, WorkingTree, fed, read_umask

ATTRIBUTES: Final = ".gitattributes"
_CHANGING: Final = ("eol", "filter", "ident", "working-tree-encoding")
"""Attributes by which git may write other bytes than it has."""
_SAME_BYTES: Final = {"unspecified", "unset", "lf", ""}
_NO_LINE_ENDS: Final = {"false", "no", "off", "0", "input", "lf", "native"}
"""Values of ``core.autocrlf`` and ``core.eol`` with which git writes no CR."""


class Entry(NamedTuple):
    """A file as git has it: its mode, and the id of its content."""

    mode: str
    blob: str


class Write(NamedTuple):
    """A file to write: the entry, and its permissions; None for those of the file that it replaces."""

    entry: Entry
    permissions: int | None = None


@contextlib.contextmanager
def index_of(git: Git, entries: Iterable[str]) -> Iterator[Path]:
    """A private index with these entries: mode, id, tab, path."""
    with tempfile.TemporaryDirectory(prefix="outlive-") as name:
        index = Path(name, "index")
        git.run("update-index", "-z", "--index-info", data=fed(entries), index=index)
        yield index


def tree_with(git: Git, tree: str, entries: Mapping[str, Entry]) -> str:
    """The id of a tree object like another one, but with these entries.

    Raises:
        WorktreeError: git fails.
    """
    with index_of(git, ()) as index:
        git.run("read-tree", tree, index=index)
        lines = [f"{entry.mode} {entry.blob}\t{path}" for path, entry in entries.items()]
        git.run("update-index", "-z", "--index-info", data=fed(lines), index=index)
        return git.run("write-tree", "--missing-ok", index=index).strip()


def as_written(git: Git, entries: Mapping[str, Entry]) -> dict[str, Seen]:
    """The files of a working tree that have exactly the bytes that git would write of these entries.

    Such a file can be replaced or deleted: git brings it back.

    Raises:
        WorktreeError: git fails.
    """
    seen = dict[str, Seen]()
    with Tree(git.top, algorithm_of(entries.values())) as tree:
        for path in sorted(entries):
            with contextlib.suppress(OSError):
                if (found := tree.look(path)) and stat.S_ISLNK(found.mode) == (entries[path].mode == LINK):
                    seen[path] = found
    changing = _changing(git, [path for path in seen if entries[path].mode != LINK])
    written = {path: entries[path].blob for path in seen if path not in changing}
    if changing:
        with tempfile.TemporaryDirectory(prefix="outlive-") as name:
            write_into(git, Path(name), {path: entries[path] for path in changing})
            with Tree(Path(name), algorithm_of(entries.values())) as tree:
                written |= {path: found.content for path in sorted(changing) if (found := tree.look(path))}
    return {path: found for path, found in seen.items() if written.get(path) == found.content}


def algorithm_of(entries: Iterable[Entry]) -> str:
    """The algorithm of git's ids in these entries."""
    return "sha256" if any(len(entry.blob) > 40 for entry in entries) else "sha1"


def _changing(git: Git, paths: Sequence[str]) -> set[str]:
    """The paths of files that git may write with other bytes than it has."""
    if not paths:
        return set()
    try:
        settings = git.run("config", "-z", "--get-regexp", r"^core\.(autocrlf|eol)$")
    except GitRefused:
        settings = ""  # There are none.
    values = {setting.partition("\n")[2].casefold() for setting in settings.split("\0") if setting}
    if values - _NO_LINE_ENDS:
        return set(paths)
    fields = git.run("check-attr", "-z", "--stdin", *_CHANGING, data=fed(paths)).split("\0")
    return {path for path, value in zip(fields[::3], fields[2::3], strict=False) if value not in _SAME_BYTES}


class Written(NamedTuple):
    """The files that were written into a directory.

    Attributes:
        whole: the paths of files that are whole.
        problem: why others are not there, one line; "" if git does not say.
    """

    whole: set[str]
    problem: str


def write_into(git: Git, directory: Path, entries: Mapping[str, Entry]) -> Written:
    """Write files into a directory, as git writes them into the working tree.

    Raises:
        WorktreeError: git fails.
    """
    problem = ""
    contents = lfs.contents(git, {path: entry.blob for path, entry in entries.items() if entry.mode != LINK})
    absent = {path for path, content in contents.items() if not lfs.is_here(content)}
    if absent:
        problem = f"Git LFS has no content of {one_line(min(absent))} on this computer; `git lfs fetch` gets it"
    lines = [f"{entry.mode} {entry.blob}\t{path}" for path, entry in entries.items() if path not in absent]
    with index_of(git, lines) as index:
        try:
            git.run("checkout-index", "-f", "-a", f"--prefix={directory}/", index=index)
            whole = entries.keys() - absent
        except GitRefused as refused:
            problem = refused.message
            whole = _unchanged_in(git, directory, {path: entries[path] for path in entries if path not in absent})
    for path in contents.keys() & whole:
        try:
            lfs.replace_pointer(directory / path, contents[path])
        except OSError as error:
            whole = whole - {path}
            problem = f"{one_line(path)}: {error.strerror}"
    return Written({path for path in whole if os.path.lexists(directory / path)}, problem)


def _unchanged_in(git: Git, directory: Path, entries: Mapping[str, Entry]) -> set[str]:
    """The files in a directory that have the bytes that git has; git may have written others in part."""
    changing = _changing(git, [path for path, entry in entries.items() if entry.mode != LINK])
    with Tree(directory, algorithm_of(entries.values())) as tree:
        return {
            path
            for path in sorted(entries.keys() - changing)
            if (found := tree.look(path)) and found.content == entries[path].blob
        }


class Writer:
    """Writes and deletes files of a working tree, each for itself.

    Attributes:
        failed: the paths that are not as they should be.
        problem: why not, one line; "" if nobody says.
    """

    def __init__(self, tree: WorkingTree, git: Git, directory: Path, files: Mapping[str, Write | None]) -> None:
        """Begin.

        Args:
            tree: the working tree.
            git: git in it.
            directory: the chat's directory, which is not removed with its last file.
            files: the files to write, by path; None for those to delete.
        """
        self._tree, self._git, self._files = tree, git, files
        self._kept_directory = os.path.relpath(directory.resolve(), tree.top)
        self._umask = read_umask()
        self.failed = set[str]()
        self.problem = ""

    def write(self, seen: Mapping[str, Seen], directories: Mapping[str, int]) -> None:
        """Write all that can be written.

        Args:
            seen: the files that may go, as they were seen; where there is none, none may be there.
            directories: the permissions of directories that have to be made; of others, what the umask leaves.

        Raises:
            OSError, WorktreeError: the others are not written.
        """
        self.failed = set(self._files)
        known = {path: seen.get(path) for path in self._files}
        written = {path: write.entry for path, write in self._files.items() if write is not None}
        algorithm = algorithm_of([*written.values(), *(Entry("", each.content) for each in seen.values())])
        with Placing(self._tree.top, self._tree.home, algorithm, known, directories) as placing:
            self._delete(placing)
            rules = {path: entry for path, entry in written.items() if is_rules(path)}
            self._write(placing, rules, seen)
            left = {path for path in self._files if is_rules(path)} & self.failed
            self._write(
                placing, {path: written[path] for path in written.keys() - rules if not is_ruled(path, left)}, seen
            )

    def _delete(self, placing: Placing) -> None:
        for path in sorted(path for path, write in self._files.items() if write is None):
            with self._trying(path):
                placing.delete(path)
                placing.remove_empty(path, self._kept_directory)

    def _write(self, placing: Placing, entries: Mapping[str, Entry], seen: Mapping[str, Seen]) -> None:
        if not entries:
            return
        written = write_into(self._git, placing.new, entries)
        self.problem = self.problem or written.problem
        for path in sorted(written.whole):
            with self._trying(path):
                placing.place(path, placing.new / path, self._permissions(path, seen.get(path)))

    @contextlib.contextmanager
    def _trying(self, path: str) -> Iterator[None]:
        try:
            yield
        except (Changed, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            self.problem = self.problem or f"{one_line(path)}: {reason}"
        else:
            self.failed.discard(path)

    def _permissions(self, path: str, replaced: Seen | None) -> int:
        """The permissions of a file: git only knows whether it is executable."""
        write = self._files[path]
        assert write is not None
        if write.permissions is not None:
            return write.permissions
        is_executable = write.entry.mode == EXECUTABLE
        if replaced is None or stat.S_ISLNK(replaced.mode):
            return (0o777 if is_executable else 0o666) & ~self._umask
        if bool(replaced.mode & stat.S_IXUSR) == is_executable:
            return stat.S_IMODE(replaced.mode)
        plain = stat.S_IMODE(replaced.mode) & ~0o111
        return plain | (plain & 0o444) >> 2 if is_executable else plain


def is_rules(path: str) -> bool:
    """Whether a file has attributes of others."""
    return path.rpartition("/")[2] == ATTRIBUTES


def is_ruled(path: str, rules: Iterable[str]) -> bool:
    """Whether a file may have attributes by one of these files."""
    return any(path.startswith(each.removesuffix(ATTRIBUTES)) for each in rules)


def reason_of(error: WorktreeError | OSError) -> str:
    """An error in a line."""
    return (error.strerror if isinstance(error, OSError) else "") or str(error)
