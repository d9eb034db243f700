"""Runs git: without a terminal, in a fixed language, with a timeout; the only place that builds git's command line.

An agent may write into a repository, or make one: also its configuration, which can name programs (filters, hooks, file
system monitors, external diffs, remotes, …). So git runs in one of two ways:

- ``run_for_user`` is for what the user asks for, such as a new worktree: git runs as in the user's shell.
- All others only look, or write objects and references. They run no program that a repository names. git gets the names
  of programs from the repository's configuration alone, and here it reads a private copy, which has only settings that
  name none (``_HARMLESS``). The copy is a common directory of git (GIT_COMMON_DIR), with links to the real objects and
  references. Beyond that, no git below a submodule is started, no remote is asked, no bare repository is found without
  being named, and the working tree is the directory that has ``.git``, whatever ``core.worktree`` says.

Filters of the user's own configuration run in both, but that of Git LFS fetches nothing in the second: it only cleans
there, see ``restore_points/lfs.py``.

git starts in "/" and goes to its directory itself (``-C``): ``subprocess`` would hold the interpreter until a hanging
file system lets the child enter the directory.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import select
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import IO, Final, NamedTuple

from session_host.errors import OutliveError, WorktreeError
from session_host.paths import ensure_private, git_dir, make_directories, state_dir
from session_host.patience import within
from session_host.protocol.untrusted_text import one_line

READ_TIMEOUT_S = 10.0
WORK_TIMEOUT_S = 300.0
"""Long enough for a checkout of a large repository, with the user's hooks and filters."""
_LOOK_S = 0.5
"""How often a git that has not ended is looked at: it may never end, see ``_waits_for_pipe``."""
_PIECE_BYTES = 1 << 18

INSTALL = "install it (Debian: apt install git), or start the chat without --worktree"

# fmt: off
LOCAL_VARIABLES = (
    # Set if a git hook or alias started us; with these, git uses that repository from any directory. The list is
    # `git rev-parse --local-env-vars` without the user's configuration.
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE", "GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_COMMON_DIR", "GIT_INTERNAL_SUPER_PREFIX", "GIT_NAMESPACE",
)

_QUIET: Final = (
    "--no-pager", "-c", "safe.bareRepository=explicit", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null",
    "-c", "credential.helper=", "-c", "gc.auto=0", "-c", "maintenance.auto=false",
)
"""Options of each git that runs without being asked for; of these programs, the user's own do not run, either."""
# fmt: on
_QUIET_VARIABLES: Final = {"GIT_ALLOW_PROTOCOL": "none", "GIT_LFS_SKIP_SMUDGE": "1", "GIT_OPTIONAL_LOCKS": "0"}
"""No remote is asked for missing objects or files of Git LFS, and no lock is taken that another git waits for."""
_QUIET_OPTIONS: Final = {
    "diff": ("--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty"),
    "status": ("--ignore-submodules=dirty",),
}
"""Options of commands that would start programs: of submodules, only the commit is compared."""
_HARMLESS: Final = re.compile(
    r"core\.(repositoryformatversion|bare|filemode|symlinks|ignorecase|precomposeunicode|protecthfs|protectntfs"
    r"|autocrlf|eol|checkroundtripencoding|sparsecheckout|sparsecheckoutcone|excludesfile|attributesfile|checkstat"
    r"|trustctime|bigfilethreshold|logallrefupdates|sharedrepository)"
    r"|extensions\.(objectformat|refstorage)|index\.(sparse|version|skiphash)|status\.showuntrackedfiles"
    r"|branch\..*\.(remote|merge)|remote\..*\.fetch",
    re.DOTALL,
)
"""Settings of a repository that change how its files and references are read, and name no program."""
_FILTER: Final = re.compile(r"filter\.(.*)\.(clean|smudge|process)", re.DOTALL)
_PLAIN: Final = {"rev-parse", "worktree"}
"""Commands that print the common directory, and run no program; they use the real one."""
_LINKED: Final = ("objects", "refs", "packed-refs", "reftable", "info", "logs", "shallow", "worktrees", "lfs", "annex")
_MAX_CONFIG_BYTES: Final = 1 << 20
_REFUSED: Final = 128
"""git's exit code if it refuses."""

_LABEL = re.compile(r"(fatal|error): ")
_MISSING = re.compile(r"unable to read (?:tree )?\(?[0-9a-f]{40}|missing (?:blob|tree) object")
_ADVICE = re.compile(r"(hint|warning|Preparing worktree)\b")
_NOT_WRITTEN = re.compile(r"(?:unable to write file|couldn't write) '?(/.+?)'?$")
_FEW_BYTES: Final = 8 << 20
_FULL: Final = "the disk is full; free some space"


class GitRefused(WorktreeError):
    """git exited with an error.

    Attributes:
        message: git's error message, one line without the label.
        code: git's exit code.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(f"git failed: {message}")
        self.message = message
        self.code = code


def is_no_repository(error: WorktreeError) -> bool:
    """Whether git refused since a directory is in no repository."""
    return isinstance(error, GitRefused) and "not a git repository" in error.message


def check_directory(directory: Path) -> None:
    """Check that a directory exists.

    Raises:
        WorktreeError: the directory does not exist, or its disk does not answer; the message is one line.
    """
    try:
        is_there = within(READ_TIMEOUT_S, directory.is_dir)
    except TimeoutError as error:
        raise _no_answer(directory) from error
    if not is_there:
        raise WorktreeError(f"the directory {one_line(str(directory))} does not exist any more")


@contextlib.contextmanager
def explained(directory: Path) -> Iterator[None]:
    """Calls of git that need a working tree around a directory.

    Raises:
        WorktreeError: one line: git is not installed, or the directory is in no working tree.
        GitRefused: git refuses for another reason.
    """
    if shutil.which("git") is None:
        raise WorktreeError("git is not installed; install it (Debian: apt install git)")
    try:
        yield
    except GitRefused as refused:
        if is_no_repository(refused):
            raise WorktreeError(f"{one_line(str(directory))} is not in a git repository") from refused
        if "must be run in a work tree" in refused.message:
            raise WorktreeError(f"{one_line(str(directory))} is git's own directory, without files") from refused
        if _MISSING.search(refused.message):
            raise WorktreeError(
                "an object of the repository is not on this computer; in a partial clone, `git diff` fetches it"
            ) from refused
        raise


class Cancelled(WorktreeError):
    """The user cancelled the call of git."""


class Stop:
    """Ends calls of git in another thread, because nobody waits for their output any more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_set = False

    @property
    def is_set(self) -> bool:
        """Whether the calls are ended."""
        return self._is_set

    def check(self) -> None:
        """Raise Cancelled if the calls are ended."""
        if self._is_set:
            raise Cancelled("cancelled")

    def set(self) -> None:
        """Kill the git that runs now, and each later one."""
        with self._lock:
            self._is_set = True
            if self._process is not None:
                _kill(self._process)

    @contextlib.contextmanager
    def kills(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Let ``set`` kill a process, which must not be waited for within the context."""
        with self._lock:
            self._process = process
            if self._is_set:
                _kill(process)
        try:
            yield
        finally:
            with self._lock:
                self._process = None


_current_stop: ContextVar[Stop | None] = ContextVar("stop", default=None)


@contextlib.contextmanager
def stopped_by(stop: Stop) -> Iterator[None]:
    """Within this context, and in threads that it starts, ``stop`` is ``current_stop``."""
    token = _current_stop.set(stop)
    try:
        yield
    finally:
        _current_stop.reset(token)


def current_stop() -> Stop | None:
    """The ``Stop`` of the caller of a function that does not take one; None for none. It ends each call of git here."""
    return _current_stop.get()


def run_read_only(
    directory: Path,
    *arguments: str,
    extra: Mapping[str, str] | None = None,
    timeout_s: float | None = None,
    is_git_directory: bool = False,
) -> str:
    """Run a git command that changes nothing, and takes no lock that another git waits for.

    Args:
        directory: the working directory of git.
        arguments: the command and its arguments.
        extra: variables added to git's environment.
        timeout_s: how long it may take; ``READ_TIMEOUT_S`` if None.
        is_git_directory: whether the directory is git's own, and not in a working tree.

    Returns:
        The output of git; bytes that are not UTF-8 become lone surrogates, as in ``os.fsdecode``.

    Raises:
        GitRefused: git exited with an error.
        WorktreeError: git is not installed, or takes too long.
    """
    timeout_s = timeout_s or READ_TIMEOUT_S
    call = _quiet(directory, arguments, extra, timeout_s, is_git_directory=is_git_directory)
    return _run(call, timeout_s)


def read_limited(
    directory: Path,
    *arguments: str,
    max_bytes: int,
    timeout_s: float,
    extra: Mapping[str, str] | None = None,
    stop: Stop | None = None,
) -> tuple[str, bool]:
    """Run a command as ``run_read_only`` does, and read at most ``max_bytes`` of its output; ``stop`` ends it early.

    Returns:
        The output, and whether it is cut off. git is killed when it prints more.

    Raises:
        GitRefused, WorktreeError: as ``run_read_only``.
    """
    until_s = time.monotonic() + timeout_s
    call = _quiet(directory, arguments, extra, timeout_s)
    with _scratch() as complaint:
        process = _start(call, subprocess.PIPE, complaint)
        assert process.stdout is not None
        try:
            with process.stdout, (stop or current_stop() or Stop()).kills(process):
                output = _read(process, max_bytes + 1, until_s)
            if len(output) <= max_bytes:
                process.wait(max(until_s - time.monotonic(), 0))
        except (subprocess.TimeoutExpired, TimeoutError) as error:
            raise _too_slow(call, timeout_s) from error
        finally:
            _end(process)
        if process.returncode and len(output) <= max_bytes:
            raise _refused(call, complaint, process.returncode)
    return os.fsdecode(output[:max_bytes]), len(output) > max_bytes


def _read(process: subprocess.Popen[bytes], max_bytes: int, until_s: float) -> bytes:
    """Read what git prints to its end, or up to ``max_bytes``.

    Raises:
        TimeoutError, WorktreeError: as ``_until_readable``.
    """
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    found = bytearray()
    while len(found) < max_bytes:
        _until_readable(descriptor, process, until_s)
        piece = os.read(descriptor, min(_PIECE_BYTES, max_bytes - len(found)))
        if not piece:
            break
        found += piece
    return bytes(found)


def list_files(directory: Path, *options: str, timeout_s: float | None = None) -> set[str]:
    """The paths that ``git ls-files`` lists with these options, relative to a directory.

    An untracked repository inside is one path with a "/" at its end.

    Raises:
        GitRefused, WorktreeError: as ``run_read_only``.
    """
    listing = run_read_only(directory, "ls-files", "-z", *options, timeout_s=timeout_s)
    return {path for path in listing.split("\0") if path}


def ask(directory: Path, *arguments: str, is_git_directory: bool = False) -> bool:
    """Whether git says yes: exit code 0 is yes, 1 is no.

    Raises:
        GitRefused, WorktreeError: as ``run_read_only``, for any other exit code.
    """
    try:
        run_read_only(directory, *arguments, is_git_directory=is_git_directory)
    except GitRefused as refused:
        if refused.code == 1:
            return False
        raise
    return True


def rev_parse(directory: Path, *arguments: str) -> str:
    """Ask ``git rev-parse``, which runs no program, about a working tree or a bare repository.

    Raises:
        GitRefused, WorktreeError: as ``run_read_only``.
    """
    words = ("rev-parse", *arguments)
    return _run(_Call(directory, words, ("-C", str(directory), *words), {}), READ_TIMEOUT_S)


def default_branch(directory: Path, timeout_s: float) -> str:
    """The default branch of the remote "origin" as a clone or fetch noted it; "" if unknown. Starts no git.

    Raises:
        WorktreeError: the directory is in no working tree, or its disk does not answer.
    """
    try:
        common = within(timeout_s, lambda: _place(directory, is_git_directory=False).common)
        head = within(timeout_s, lambda: content_of(f"{common}/refs/remotes/origin/HEAD"))
    except TimeoutError as error:
        raise _no_answer(directory) from error
    prefix = "ref: refs/remotes/origin/"
    return head.removeprefix(prefix).strip() if head.startswith(prefix) else ""


def place_of(directory: Path, timeout_s: float) -> tuple[Path, Path]:
    """The top of the working tree around a directory, and git's own directory of it. Starts no git.

    Raises:
        WorktreeError: the directory is in no working tree, or its disk does not answer.
    """
    try:
        place = within(timeout_s, lambda: _place(directory, is_git_directory=False))
        return Path(place.top), Path(place.git_directory)
    except TimeoutError as error:
        raise _no_answer(directory) from error


def run_for_user(directory: Path, *arguments: str, stop: Stop | None = None, descriptors: Collection[int] = ()) -> str:
    """Run a git command that the user asked for, as the user's shell would: with hooks, filters and remotes.

    Args:
        directory: the working directory of git.
        arguments: the command and its arguments.
        stop: ends it early.
        descriptors: git and its programs inherit them.

    Returns:
        The output of git.

    Raises:
        Cancelled: ``stop`` ended it.
        GitRefused, WorktreeError: as ``run_read_only``.
    """
    call = _Call(directory, arguments, ("-C", str(directory), *arguments), {}, tuple(descriptors), is_for_user=True)
    try:
        return _run(call, WORK_TIMEOUT_S, stop=stop)
    finally:
        if stop is not None:
            stop.check()


def run_with_input(
    directory: Path,
    *arguments: str,
    data: bytes = b"",
    extra: Mapping[str, str],
    timeout_s: float,
    niceness: int = 0,
    stop: Stop | None = None,
    is_git_directory: bool = False,
) -> str:
    """Run a command as ``run_read_only`` does, with ``data`` as its standard input; it may write into the repository.

    Args:
        directory: the working directory of git.
        arguments: the command and its arguments.
        data: the standard input.
        extra: variables added to git's environment.
        timeout_s: how long it may take.
        niceness: git's niceness; see setpriority(2).
        stop: ends it early.
        is_git_directory: as in ``run_read_only``.

    Returns:
        The output of git; bytes that are not UTF-8 become lone surrogates, as in ``os.fsdecode``.

    Raises:
        GitRefused, WorktreeError: as ``run_read_only``.
    """
    call = _quiet(directory, arguments, extra, timeout_s, is_git_directory=is_git_directory)
    with _scratch() as source:
        try:
            source.write(data)
            source.seek(0)
        except OSError as error:
            raise _no_room(error) from error
        return _run(call, timeout_s, source, niceness, stop)


def own_filters(directory: Path) -> frozenset[str]:
    """The names of the filters that only the repository around a directory defines; they never run by themselves.

    Raises:
        GitRefused, WorktreeError: as ``run_read_only``.
    """
    place = _place(directory, is_git_directory=False)
    names = _filters(line.partition("\n")[0] for path in place.config for line in _settings(path))
    if not names:
        return names
    listing = run_read_only(directory, "config", "--list", "--name-only", "-z")
    return names - _filters(listing.split("\0"))


def _filters(keys: Iterable[str]) -> frozenset[str]:
    return frozenset(found[1] for key in keys if (found := _FILTER.fullmatch(key)))


class _Call(NamedTuple):
    """One call of git: directory, own arguments, the whole command line, and the variables and descriptors for it.

    One that is not for the user ends with this process, which may be killed while git waits for a pipe.
    """

    directory: Path
    arguments: tuple[str, ...]
    words: tuple[str, ...]
    variables: Mapping[str, str]
    descriptors: tuple[int, ...] = ()
    is_for_user: bool = False


class _Place(NamedTuple):
    """The repository around a directory, as its files show it."""

    top: str
    """The directory that has ``.git``; "" for git's own directory."""
    git_directory: str
    common: str

    @property
    def config(self) -> tuple[str, ...]:
        """The files of its configuration."""
        return f"{self.common}/config", f"{self.git_directory}/config.worktree"


def _place(directory: Path, *, is_git_directory: bool) -> _Place:
    """Find the repository around a directory without git.

    Raises:
        GitRefused: it is in no working tree.
        WorktreeError: there is no such directory.
    """
    real = os.path.realpath(directory)
    if not os.path.isdir(real):  # noqa: PTH112 - no object for each parent
        raise WorktreeError(f"there is no directory {directory}; choose another")
    if is_git_directory:
        return _Place("", real, _common(real))
    top = real
    while True:
        own = os.path.join(top, ".git")  # noqa: PTH118
        if os.path.lexists(own):
            git_directory = _linked(own, "gitdir: ") if os.path.isfile(own) else own  # noqa: PTH113
            return _Place(top, git_directory, _common(git_directory))
        if all(os.path.exists(os.path.join(top, name)) for name in ("HEAD", "objects", "refs")):  # noqa: PTH110, PTH118
            raise GitRefused("this operation must be run in a work tree", _REFUSED)
        if top == "/":
            raise GitRefused("not a git repository", _REFUSED)
        top = os.path.dirname(top)  # noqa: PTH120


def _common(git_directory: str) -> str:
    file = f"{git_directory}/commondir"
    return _linked(file, "") if os.path.lexists(file) else git_directory


def _linked(file: str, label: str) -> str:
    """The directory that a file names, relative to the file's own."""
    named = content_of(file).strip("\r\n").removeprefix(label)
    return os.path.realpath(os.path.join(os.path.dirname(file), named))  # noqa: PTH118, PTH120


def content_of(path: str, max_bytes: int = _MAX_CONFIG_BYTES) -> str:
    """The content of a file that others may write; "" if it is missing, too large, or no file."""
    try:
        # Opening a pipe would wait for its other end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return ""
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(max_bytes + 1)
    except OSError:
        return ""
    finally:
        os.close(descriptor)
    return os.fsdecode(content) if len(content) <= max_bytes else ""


def _settings(path: str) -> tuple[str, ...]:
    """The settings in a file of configuration: key, line feed, value; a key alone for a setting without a value.

    Raises:
        GitRefused: git cannot read it.
    """
    content = content_of(path)
    return _parsed(content) if content else ()


@lru_cache(maxsize=64)
def _parsed(content: str) -> tuple[str, ...]:
    with _scratch() as source:
        source.write(os.fsencode(content))
        source.seek(0)
        words = ("config", "--file", "-", "--no-includes", "--list", "-z")
        listing = _run(_Call(Path("/"), words, words, _QUIET_VARIABLES), READ_TIMEOUT_S, source)
    return tuple(filter(None, listing.split("\0")))


def _harmless(place: _Place) -> str:
    """The settings of a repository that name no program, as a file of configuration.

    Raises:
        GitRefused: git cannot read its configuration.
    """
    lines = []
    for setting in (each for path in place.config for each in _settings(path)):
        key, has_value, value = setting.partition("\n")
        if _HARMLESS.fullmatch(key):
            section, _, name = key.rpartition(".")
            section, _, part = section.partition(".")
            heading = f"[{section} {_quoted(part)}]" if part else f"[{section}]"
            lines.append(f"{heading}\n\t{name}{f' = {_quoted(value)}' if has_value else ''}\n")
    return "".join(lines)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _quiet(
    directory: Path,
    arguments: tuple[str, ...],
    extra: Mapping[str, str] | None,
    timeout_s: float,
    *,
    is_git_directory: bool = False,
) -> _Call:
    """A call of git that runs no program of the repository.

    Raises:
        GitRefused: the directory is in no working tree, or git cannot read the configuration.
        WorktreeError: git is missing, or the directory's disk does not answer.
    """
    index = _command_index(arguments)
    command = arguments[index] if index < len(arguments) else ""
    own = (*arguments[: index + 1], *_QUIET_OPTIONS.get(command, ()), *arguments[index + 1 :])

    def look() -> tuple[_Place, bytes]:
        place = _place(directory, is_git_directory=is_git_directory)
        return place, os.fsencode(_harmless(place)) if command not in _PLAIN else b""

    try:
        place, settings = within(timeout_s, look)
    except TimeoutError as error:
        raise _no_answer(directory) from error
    variables = {**_QUIET_VARIABLES, **({"GIT_WORK_TREE": place.top} if place.top else {})}
    if command not in _PLAIN:
        variables["GIT_COMMON_DIR"] = _private_common_directory(place, settings)
    where = ("-C", str(directory), *((f"--git-dir={place.common}",) if is_git_directory else ()))
    return _Call(directory, arguments, (*where, *_QUIET, *own), {**variables, **(extra or {})})


def _private_common_directory(place: _Place, settings: bytes) -> str:
    """A common directory of git with the repository's objects and references, and these settings.

    It stays for the next call. It is in the state directory, where an agent that may only write into its working tree
    and /tmp cannot change it.

    Raises:
        WorktreeError: it cannot be written.
    """
    key = hashlib.sha256(os.fsencode(f"{place.common}\0{place.git_directory}")).hexdigest()[:24]
    directory = git_dir() / key
    config = directory / "config"
    try:
        if not config.exists():
            ensure_private(state_dir())
            make_directories(directory)
            for each in _LINKED:
                with contextlib.suppress(FileExistsError):
                    (directory / each).symlink_to(f"{place.common}/{each}")
        if not config.exists() or config.read_bytes() != settings:
            with tempfile.NamedTemporaryFile(dir=directory, delete=False) as file:
                file.write(settings)
            Path(file.name).replace(config)  # Another process may read it now.
    except (OSError, OutliveError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise WorktreeError(f"cannot prepare {directory} for git: {reason}") from error
    return str(directory)


@contextlib.contextmanager
def _scratch() -> Iterator[IO[bytes]]:
    """A file for what git reads or prints.

    Raises:
        WorktreeError: there is no room for it.
    """
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - only opening it is tried
    except OSError as error:
        raise _no_room(error) from error
    with file:
        yield file


def _no_room(error: OSError) -> WorktreeError:
    return WorktreeError(f"cannot write a temporary file for git ({error.strerror}); free some space")


def _run(
    call: _Call,
    timeout_s: float,
    source: IO[bytes] | int = subprocess.DEVNULL,
    niceness: int = 0,
    stop: Stop | None = None,
) -> str:
    # Files, not pipes: a daemon that a hook leaves behind would keep pipes open.
    with _scratch() as output, _scratch() as complaint:
        process = _start(call, output, complaint, source)
        try:
            if niceness:
                os.setpriority(os.PRIO_PROCESS, process.pid, niceness)
            _wait(process, timeout_s, stop)
        except TimeoutError as error:
            raise _too_slow(call, timeout_s) from error
        finally:
            _end(process)
        output.seek(0)
        if process.returncode:
            raise _refused(call, complaint, process.returncode)
        return os.fsdecode(output.read())


def _start(
    call: _Call,
    output: IO[bytes] | int,
    complaint: IO[bytes],
    source: IO[bytes] | int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if name not in LOCAL_VARIABLES}
    if shutil.which("git") is None:
        raise WorktreeError(f"git is not installed; {INSTALL}")
    environment |= {"LC_ALL": "C", "LANGUAGE": "C", "GIT_TERMINAL_PROMPT": "0", **call.variables}
    try:
        return subprocess.Popen(
            [*(() if call.is_for_user else _ending_with_us()), "git", *call.words],
            cwd="/",
            env=environment,
            stdin=source,
            stdout=output,
            stderr=complaint,
            # Without a terminal git cannot ask for passphrases; its process group can be killed as a whole.
            start_new_session=True,
            pass_fds=call.descriptors,
        )
    except OSError as error:
        raise WorktreeError(f"cannot start git: {error.strerror}") from error


def _ending_with_us() -> tuple[str, ...]:
    """The words before a command line whose process is to end with this one: of util-linux, which Debian always has.

    On SIGTERM, git removes its locks; one that stayed would refuse each later change, also by the user's own git.
    """
    path = shutil.which("setpriv")
    is_known = path is not None and "busybox" not in os.path.realpath(path)
    return (path, "--pdeathsig", "TERM") if path is not None and is_known else ()


def _wait(process: subprocess.Popen[bytes], timeout_s: float, stop: Stop | None) -> None:
    """Wait for a process; ``stop`` kills it.

    Raises:
        TimeoutError, WorktreeError: as ``_until_readable``.
    """
    descriptor = os.pidfd_open(process.pid)
    try:
        with (stop or current_stop() or Stop()).kills(process):
            _until_readable(descriptor, process, time.monotonic() + timeout_s)
    finally:
        os.close(descriptor)
    process.wait()


def _until_readable(descriptor: int, process: subprocess.Popen[bytes], until_s: float) -> None:
    """Wait until a descriptor of a git is readable.

    Raises:
        TimeoutError: it is ``until_s`` (CLOCK_MONOTONIC).
        WorktreeError: that would take for ever.
    """
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while not poll.poll(max(min(until_s - time.monotonic(), _LOOK_S), 0) * 1000):
        if time.monotonic() >= until_s:
            raise TimeoutError
        if _waits_for_pipe(process.pid):
            raise WorktreeError("git waits for a pipe among its files: `find . -type p` names it; remove it")


def _waits_for_pipe(pid: int) -> bool:
    """Whether a git, or one that it has started, waits for the other end of a named pipe.

    It opens none of its own: the pipe is in the place of a file that it reads, such as ``.gitignore``. Linux tells
    where a process waits (``wchan`` in proc(5)); where that is unknown, the timeout ends git.
    """
    if not _of_process(pid, "comm").startswith("git"):
        return False
    children = _of_process(pid, f"task/{pid}/children").split()
    return _of_process(pid, "wchan") == "wait_for_partner" or any(_waits_for_pipe(int(child)) for child in children)


def _of_process(pid: int, file: str) -> str:
    """A file of a process; "" if there is none."""
    try:
        return Path(f"/proc/{pid}/{file}").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill git if it still runs, because the wait for it ended early (by an interrupt, too)."""
    if process.returncode is None:
        _kill(process)
        process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _too_slow(call: _Call, timeout_s: float) -> WorktreeError:
    return WorktreeError(f"git {_name(call.arguments)} took longer than {timeout_s:g} s; check the disk")


def _refused(call: _Call, complaint: IO[bytes], code: int) -> WorktreeError:
    if not call.directory.is_dir():
        return WorktreeError(f"there is no directory {call.directory}; choose another")
    complaint.seek(0)
    message = _error_line(complaint.read())
    return GitRefused(_FULL if _is_disk_full(message) else message, code)


def _is_disk_full(message: str) -> bool:
    """Whether git's message means that a disk is full; of some files it only says that it cannot write them."""
    if "No space left on device" in message:
        return True
    if (found := _NOT_WRITTEN.search(message)) is None:
        return False
    try:
        space = os.statvfs(os.path.dirname(found[1]))  # noqa: PTH120
    except OSError:
        return False
    return space.f_bavail * space.f_frsize < _FEW_BYTES


def _no_answer(directory: Path) -> WorktreeError:
    return WorktreeError(f"the disk of {one_line(str(directory))} does not answer; is it on a network?")


def _command_index(arguments: tuple[str, ...]) -> int:
    """The position of the command among the arguments, behind git's own options."""
    index = 0
    while index < len(arguments) and arguments[index].startswith("-"):
        index += 2 if arguments[index] in {"-c", "-C"} else 1
    return index


def _name(arguments: tuple[str, ...]) -> str:
    """The command's name among the arguments: ``worktree add``."""
    words = arguments[_command_index(arguments) :]
    return " ".join(words[: 2 if words[:1] == ("worktree",) else 1])


def _error_line(complaint: bytes) -> str:
    """The line of git's error output that says what is wrong, without the output of hooks and git's advice."""
    lines = [line.strip() for line in complaint.decode(errors="replace").splitlines() if line.strip()]
    labelled = [line for line in lines if _LABEL.match(line)]
    plain = [line for line in lines if not _ADVICE.match(line)]
    chosen = (labelled or plain or lines or ["no output"])[-1 if labelled else 0]
    return one_line(_LABEL.sub("", chosen, count=1))
