"""The tracked and untracked files of a working tree as a tree object; ignored files are left out.

git works on a copy of the user's index: it reads only files that differ from the index, and the index itself stays
unchanged. Line ends and the filters of the user's own configuration (``filter.<name>.clean``) are as in ``git add``:
without them, a file of Git LFS would be kept as something that a checkout does not understand. A filter that only the
repository names never runs, because an agent may have written it: changed files with such a filter are left out.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from session_host.errors import WorktreeError
from session_host.git import (
    GitRefused,
    Stop,
    check_directory,
    explained,
    own_filters,
    place_of,
    read_limited,
    run_with_input,
)
from session_host.protocol.untrusted_text import one_line

TIMEOUT_S: Final = 15.0
"""All calls of git for one tree together, with the wait for another one of the same repository."""
MAX_FILE_BYTES: Final = 8 << 20
"""Larger files that git does not have are left out."""
MAX_UNTRACKED: Final = 5000
MAX_UNTRACKED_BYTES: Final = 128 << 20
"""If there are more untracked files, or if they are larger together, none is kept."""
MAX_CHANGED: Final = 20_000
MAX_CHANGED_BYTES: Final = 256 << 20
"""If more tracked files are changed, or if they are larger together, nothing is kept."""
MAX_LEFT_OUT: Final = 200
"""If more files are left out because they are too large, nothing is kept."""
MAX_PERMISSIONS: Final = 5000
"""Of more files with permissions of their own, some are kept."""
_MAX_LIST_BYTES: Final = 16 << 20
_MAX_REFUSED: Final = 5
_LOCK_CHECK_S: Final = 0.02
_NICENESS: Final = 10
_HOME: Final = "outlive-placing"
_SCRATCH: Final = "outlive-index-"
SUBMODULE: Final = "160000"
EXECUTABLE: Final = "100755"
LINK: Final = "120000"
LITERAL_PATHS: Final = {"GIT_LITERAL_PATHSPECS": "1"}
"""The variable with which git takes paths as they are, and not as patterns."""

OPTIONS: Final = (
    # No failure or warning because of line ends.
    "-c",
    "core.safecrlf=false",
    "-c",
    "core.splitIndex=false",
)


class TooMany(WorktreeError):
    """git prints more than fits into memory."""


class WorkingTree(msgspec.Struct, frozen=True, kw_only=True):
    """A working tree and its repository, without symbolic links."""

    top: Path
    common: Path
    """git's common directory, which all worktrees share."""
    index: Path
    worktree: str
    """The worktree's own git directory, below ``common``; "." for the main one."""
    branch: str | None
    """None when a commit is checked out without a branch."""

    @property
    def home(self) -> Path:
        """A directory for what is needed while files are placed; see ``placing.files.Placing``."""
        return self.common / self.worktree / _HOME


def put_files_back(directory: Path, timeout_s: float) -> None:
    """Put back what a killed restore left in the working tree around a directory, unless another one is under way.

    Raises:
        WorktreeError: there is no working tree, or its disk does not answer.
        OSError: the working tree cannot be read.
    """
    top, own = place_of(directory, timeout_s)
    if (own / _HOME).exists():
        tree = find_tree(top)
        with contextlib.suppress(WorktreeError), exclusive_lock(tree.common, Git(top, timeout_s=0)):
            _recover(tree)


def _recover(tree: WorkingTree) -> None:
    if tree.home.exists():
        from session_host.placing.files import recover  # rarely needed

        recover(tree.top, tree.home)


class Permissions(msgspec.Struct, frozen=True, kw_only=True):
    """The permissions of files and directories, of which git keeps one bit."""

    umask: int
    """That under which git writes most of them as they are; a host's own umask says nothing about a user's files."""
    others: dict[str, int] = {}
    """Those that differ from what git writes under this umask, by path."""

    def of(self, path: str, mode: str) -> int:
        """The permissions of a file with this mode of git."""
        return self.others.get(path, (0o777 if mode == EXECUTABLE else 0o666) & ~self.umask)

    def of_directories(self, files: Iterable[str]) -> dict[str, int]:
        """The permissions of the directories on the way to files, without those that this process makes anyway."""
        found = {each: self.others.get(each, 0o777 & ~self.umask) for path in files for each in _parents(path)}
        made = 0o777 & ~read_umask()
        return {path: mode for path, mode in found.items() if mode != made}


class KeptTree(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a working tree as a tree object."""

    tree: str
    """The id of the tree."""
    left_out: frozenset[str] = frozenset()
    """Paths of files that are too large, cannot be read, are hidden from git by the index, or have a filter that only
    the repository names."""
    has_untracked: bool = True
    """False if no untracked file is kept: there are too many, or the user's configuration hides them."""


class Git:
    """Calls of git in one working tree, all together within a time limit.

    Attributes:
        top: the working directory of git.
    """

    def __init__(
        self,
        top: Path,
        *,
        timeout_s: float = TIMEOUT_S,
        niceness: int = 0,
        stop: Stop | None = None,
        is_git_directory: bool = False,
    ) -> None:
        self.top = top
        self._is_git_directory = is_git_directory
        self._until_s = time.monotonic() + timeout_s
        self._niceness, self._stop = niceness, stop

    @property
    def left_s(self) -> float:
        """The time that is left."""
        return max(round(self._until_s - time.monotonic(), 1), 0.1)

    @property
    def is_late(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() > self._until_s

    def ask(self, *arguments: str) -> str:
        """The output of a command, without the line end; raises as ``git.run_read_only``."""
        return self.run(*arguments).removesuffix("\n")

    def run(self, *arguments: str, data: bytes = b"", index: Path | None = None, extra: Mapping[str, str] = {}) -> str:
        """Run a command with a private index; raises as ``git.run_read_only``."""
        variables = {**({"GIT_INDEX_FILE": str(index)} if index is not None else {}), **extra}
        return run_with_input(
            self.top,
            *OPTIONS,
            *arguments,
            data=data,
            extra=variables,
            timeout_s=self.left_s,
            niceness=self._niceness,
            stop=self._stop,
            is_git_directory=self._is_git_directory,
        )

    def with_own_filter(self, paths: Collection[str]) -> set[str]:
        """The paths with a filter that only the repository names; see ``git.own_filters``."""
        names = own_filters(self.top) if paths else frozenset()
        return {path for path, name in self.filters_of(paths).items() if name in names} if names else set()

    def filters_of(self, paths: Collection[str]) -> dict[str, str]:
        """The names of the paths' filters, which need not exist; of paths that have one."""
        fields = self.run("check-attr", "-z", "--stdin", "filter", data=fed(paths)).split("\0")
        named = zip(fields[::3], fields[2::3], strict=False)
        return {path: name for path, name in named if name not in {"unspecified", "unset", "set", ""}}

    def records(self, *arguments: str, index: Path | None = None, max_bytes: int = _MAX_LIST_BYTES) -> list[str]:
        """The records that a command prints, each with a NUL behind it.

        Raises:
            TooMany: there are too many.
            WorktreeError: as ``git.run_read_only``.
        """
        extra = {"GIT_INDEX_FILE": str(index)} if index is not None else None
        output, is_cut = read_limited(
            self.top,
            *OPTIONS,
            *arguments,
            max_bytes=max_bytes,
            timeout_s=self.left_s,
            extra=extra,
            stop=self._stop,
        )
        if is_cut:
            raise TooMany("there are too many files")
        return [record for record in output.split("\0") if record]


def find_tree(directory: Path, stop: Stop | None = None) -> WorkingTree:
    """The working tree around a directory.

    Raises:
        WorktreeError: one line: there is none, or git is missing or refuses.
    """
    check_directory(directory)
    real = directory.resolve()
    if not any(os.path.lexists(each / ".git") for each in (real, *real.parents)):
        # At once: a prompt may wait for this.
        raise WorktreeError(f"{one_line(str(directory))} is not in a git repository, so it has no restore points")
    git = Git(directory, stop=stop)

    def path(*arguments: str) -> Path:
        return Path(git.ask("rev-parse", "--path-format=absolute", *arguments))

    with explained(directory):
        top, common = path("--show-toplevel").resolve(), path("--git-common-dir").resolve()
        worktree = os.path.relpath(path("--git-dir").resolve(), common)
        branch: str | None = git.ask("branch", "--show-current") or None
        return WorkingTree(top=top, common=common, index=path("--git-path", "index"), worktree=worktree, branch=branch)


def read_umask() -> int:
    """This process's umask."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    return 0o022


def permissions_in(tree: WorkingTree, kept: str, *, niceness: int = _NICENESS, stop: Stop | None = None) -> Permissions:
    """The permissions of a kept tree's files, as they are now. Blocks.

    Args:
        tree: the working tree.
        kept: the id of the kept tree.
        niceness: git's niceness.
        stop: ends it early, with an error.

    Raises:
        WorktreeError: git fails or is too slow.
    """
    git = Git(tree.top, niceness=niceness, stop=stop)
    try:
        entries = git.records("ls-tree", "-r", "-z", "--full-tree", kept)
    except TooMany:
        entries = []
    return look_permissions(tree.top, {entry.partition("\t")[2]: entry[: len(SUBMODULE)] for entry in entries})


def look_permissions(top: Path, files: Mapping[str, str]) -> Permissions:
    """The permissions of files, and of the directories on the way to them.

    Args:
        top: the top of the working tree.
        files: git's modes of the files, by path.
    """
    wanted: dict[str, int] = {}
    for path, mode in files.items():
        for parent in _parents(path):
            if parent in wanted:
                break
            wanted[parent] = 0o777
        if mode not in {SUBMODULE, LINK}:
            wanted[path] = 0o777 if mode == EXECUTABLE else 0o666
    now: dict[str, int] = {}
    for path in wanted:
        with contextlib.suppress(OSError):
            mode_now = os.lstat(f"{top}/{path}").st_mode
            if stat.S_ISREG(mode_now) or stat.S_ISDIR(mode_now):
                now[path] = stat.S_IMODE(mode_now)
    masks = Counter(wanted[path] & ~mode for path, mode in now.items())
    # A plain file does not show whether others may execute; they may if they may read.
    by_umask = Counter[int]()
    for mask, count in masks.items():
        by_umask[mask | (mask & 0o444) >> 2] += count
    umask = by_umask.most_common(1)[0][0] if by_umask else read_umask()
    others = ((path, mode) for path, mode in now.items() if mode != wanted[path] & ~umask)
    return Permissions(umask=umask, others=dict(islice(others, MAX_PERMISSIONS)))


def _parents(path: str) -> Iterator[str]:
    """The directories on the way to a file, the nearest first."""
    while path := path.rpartition("/")[0]:
        yield path


def keep_tree(
    tree: WorkingTree,
    *,
    also: Iterable[str] = (),
    scratch: Path | None = None,
    niceness: int = _NICENESS,
    stop: Stop | None = None,
) -> KeptTree:
    """Write the files of a working tree as objects. Blocks for up to ``TIMEOUT_S``.

    Args:
        tree: the working tree.
        also: paths to keep even if git ignores them.
        scratch: the directory for the private index, with what a process that was killed has left; None for a
            temporary one.
        niceness: git's niceness.
        stop: ends it early, with an error.

    Raises:
        WorktreeError: one line: git fails or is too slow, or there is too much.
    """
    git = Git(tree.top, niceness=niceness, stop=stop)
    try:
        with exclusive_lock(tree.common, git), _copy_of(tree.index, scratch) as index:
            _recover(tree)
            return _TreeWriter(git, tree.top, index).write(also)
    except OSError as error:
        raise WorktreeError(f"the files cannot be saved ({error.strerror})") from error


@contextlib.contextmanager
def _copy_of(index: Path, scratch: Path | None) -> Iterator[Path]:
    """A copy of the user's index in a directory of its own."""
    if scratch is not None:
        for left in scratch.glob(f"{_SCRATCH}*"):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=scratch) as name:
        copy = Path(name, "index")
        with contextlib.suppress(FileNotFoundError):  # Nothing was added yet.
            shutil.copy2(index, copy)  # Keep its time: git compares it with the times of files.
        yield copy


@contextlib.contextmanager
def exclusive_lock(directory: Path, git: Git, what: str = "restore point") -> Iterator[None]:
    """Wait until no other process is in such a context.

    Args:
        directory: git's common directory while a restore point of the repository is taken or files are written; the
            top of a working tree during a whole restore.
        git: its time is the limit.
        what: the name of the result, for the error message.

    Raises:
        WorktreeError: that takes too long.
        OSError: the directory cannot be read.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if git.is_late:
                    raise WorktreeError(f"another {what} of the repository is being made; try again") from None
                time.sleep(_LOCK_CHECK_S)
            except OSError:
                break  # A file system without such locks: two are only slower.
            else:
                break
        yield
    finally:
        os.close(descriptor)


class _TreeWriter:
    """Writes one tree with a private index."""

    def __init__(self, git: Git, top: Path, index: Path) -> None:
        self._git, self._top, self._index = git, top, index

    def write(self, also: Iterable[str]) -> KeptTree:
        files, submodules = self._changed()
        changed = _SortedPaths(self._top, files)
        changed.leave_out(self._git)
        if len(changed.here) > MAX_CHANGED or changed.bytes > MAX_CHANGED_BYTES:
            raise WorktreeError("too many files have changed since the last commit")
        listing = self._untracked()
        untracked = _SortedPaths(self._top, (listing or ())[:MAX_UNTRACKED])
        untracked.leave_out(self._git)
        has_untracked = listing is not None and len(listing) <= MAX_UNTRACKED and untracked.bytes <= MAX_UNTRACKED_BYTES
        parts = [changed, *([untracked] if has_untracked else []), _SortedPaths(self._top, also)]
        self._update(changed.gone, "--force-remove")
        self._update(submodules)
        refused = self._add([path for each in parts for path in each.here])
        left_out = frozenset(path for each in parts for path in each.left_out).union(refused)
        if len(left_out) > MAX_LEFT_OUT:
            raise WorktreeError("too many files cannot be saved")
        with contextlib.suppress(TooMany):  # Then they stay all the same: see ``writing.as_written``.
            left_out |= hidden_changes(self._git, self._index)
        tree = self._git.run("write-tree", "--missing-ok", index=self._index).strip()
        return KeptTree(tree=tree, left_out=left_out, has_untracked=has_untracked)

    def _update(self, paths: list[str], *options: str) -> None:
        if paths:
            data = fed(dict.fromkeys(paths))
            self._git.run("update-index", *options, "-z", "--stdin", data=data, index=self._index)

    def _add(self, paths: list[str]) -> list[str]:
        """Add files; returns those that git refuses, such as one that is not in the encoding that its rules name.

        Raises:
            GitRefused: it refuses many.
        """
        refused: list[str] = []
        waiting = [paths]
        while waiting:
            some = waiting.pop()
            try:
                self._update(some, "--add", "--remove", "--replace")
            except GitRefused:
                if len(some) > 1:
                    waiting += [some[: len(some) // 2], some[len(some) // 2 :]]
                    continue
                refused += some
                if len(refused) > _MAX_REFUSED:
                    raise
        return refused

    def _changed(self) -> tuple[list[str], list[str]]:
        """The tracked files that may differ from the index, and the submodules that are at another commit."""
        records = iter(self._git.records("diff-files", "--raw", "-z", "--ignore-submodules=dirty", index=self._index))
        files, submodules = [], []
        for record in records:
            before, after = record.removeprefix(":").split(" ", 2)[:2]
            path = next(records, "")
            if SUBMODULE not in {before, after}:
                files.append(path)
            elif before == after:
                submodules.append(path)
        return files, submodules

    def _untracked(self) -> list[str] | None:
        """The untracked files; None if the user's configuration hides them. Repositories inside are left out."""
        try:
            chosen = self._git.ask("config", "--get", "status.showUntrackedFiles")
        except GitRefused:
            chosen = ""
        if chosen.casefold() in {"no", "false", "off", "0"}:
            return None
        records = self._git.records("ls-files", "-z", "--others", "--exclude-standard", index=self._index)
        from session_host.placing.files import is_hidden  # no start needs it

        return [path for path in records if not path.endswith("/") and not is_hidden(path)]


def hidden_changes(git: Git, index: Path, max_bytes: int = _MAX_LIST_BYTES) -> frozenset[str]:
    """The files that an index hides from git (assume-unchanged, skip-worktree) and that differ from it.

    A sparse checkout hides files that are missing; these are left out.

    Raises:
        OSError: the index cannot be copied.
        TooMany: the list of all files is longer than ``max_bytes``.
        WorktreeError: git fails.
    """
    listing = git.records("ls-files", "-v", "-z", index=index, max_bytes=max_bytes)
    hidden = [line[2:] for line in listing if line[0].islower() or line[0] == "S"]
    marked = [path for path in hidden if os.path.lexists(git.top / path)]
    if not marked:
        return frozenset()
    with _copy_of(index, None) as copy:
        for option in ("--no-assume-unchanged", "--no-skip-worktree"):
            git.run("update-index", option, "-z", "--stdin", data=fed(marked), index=copy)
        different = git.records("diff-files", "--name-only", "-z", "--ignore-submodules=dirty", index=copy)
    return frozenset(marked).intersection(different)


class _SortedPaths:
    """Paths of a working tree, sorted by what is there.

    Attributes:
        here: files and symbolic links to keep.
        gone: paths without a file: nothing is there, a directory, or the way there leads over a symbolic link.
        left_out: files that are too large or cannot be read; see ``leave_out``.
        bytes: the size of the files to keep.
    """

    def __init__(self, top: Path, paths: Iterable[str]) -> None:
        self.here: list[str] = []
        self.gone: list[str] = []
        self.left_out: list[str] = []
        self.bytes = 0
        is_inside = InsideCheck(top)
        for path in paths:
            try:
                found = (top / path).lstat()
            except (FileNotFoundError, NotADirectoryError):
                self.gone.append(path)
                continue
            except OSError:
                self.left_out.append(path)
                continue
            if stat.S_ISDIR(found.st_mode) or not is_inside(path):
                self.gone.append(path)
            elif stat.S_ISLNK(found.st_mode):
                self.here.append(path)
            elif (
                not stat.S_ISREG(found.st_mode) or found.st_size > MAX_FILE_BYTES or not os.access(top / path, os.R_OK)
            ):
                self.left_out.append(path)
            else:
                self.here.append(path)
                self.bytes += found.st_size

    def leave_out(self, git: Git) -> None:
        """Leave out files with a filter that only the repository names."""
        if filtered := git.with_own_filter(self.here):
            self.here = [path for path in self.here if path not in filtered]
            self.left_out += filtered


def fed(paths: Iterable[str]) -> bytes:
    """Paths as git reads them after ``-z --stdin``."""
    return b"".join(os.fsencode(path) + b"\0" for path in paths)


class InsideCheck:
    """Whether the way from a working tree's top to a path leads over directories only, not over symbolic links."""

    def __init__(self, top: Path) -> None:
        self._top = str(top)
        self._known: dict[str, bool] = {"": True}

    def __call__(self, path: str) -> bool:
        parent = path.rpartition("/")[0]
        known = self._known.get(parent)
        if known is None:
            try:
                mode = os.lstat(f"{self._top}/{parent}").st_mode
            except OSError:
                mode = 0
            known = self._known[parent] = stat.S_ISDIR(mode) and self(parent)
        return known
