"""Runs git: without a terminal, in a fixed language, with a timeout."""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from session_host.errors import WorktreeError
from session_host.protocol.untrusted_text import one_line

READ_TIMEOUT_S = 10.0
WORK_TIMEOUT_S = 300.0
"""Long enough for a checkout of a large repository, with the user's hooks and filters."""
_PIECE_BYTES = 1 << 18

INSTALL = "install it (Debian: apt install git), or start the chat without --worktree"

LOCAL_VARIABLES = (
    # Set if a git hook or alias started us; with these, git uses that repository from any directory. The list is
    # `git rev-parse --local-env-vars` without the user's configuration.
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE", "GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_COMMON_DIR", "GIT_INTERNAL_SUPER_PREFIX", "GIT_NAMESPACE",
)  # fmt: skip

_LABEL = re.compile(r"(fatal|error): ")
_ADVICE = re.compile(r"(hint|warning|Preparing worktree)\b")


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


def check_directory(directory: Path) -> None:
    """Check that a directory exists.

    Raises:
        WorktreeError: the directory does not exist; the message is one line.
    """
    if not directory.is_dir():
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
        if "not a git repository" in refused.message:
            raise WorktreeError(f"{one_line(str(directory))} is not in a git repository") from refused
        if "must be run in a work tree" in refused.message:
            raise WorktreeError(f"{one_line(str(directory))} is git's own directory, without files") from refused
        raise


class Stop:
    """Ends calls of git in another thread, because nobody waits for their output any more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_set = False

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


def run_read_only(
    directory: Path, *arguments: str, extra: Mapping[str, str] | None = None, timeout_s: float | None = None
) -> str:
    """Run a git command that changes nothing, and takes no lock that another git waits for.

    Args:
        directory: the working directory of git.
        arguments: the command and its arguments.
        extra: variables added to git's environment.
        timeout_s: how long it may take; ``READ_TIMEOUT_S`` if None.

    Returns:
        The output of git; bytes that are not UTF-8 become lone surrogates, as in ``os.fsdecode``.

    Raises:
        GitRefused: git exited with an error.
        WorktreeError: git is not installed, or takes too long.
    """
    return _run(directory, arguments, {"GIT_OPTIONAL_LOCKS": "0", **(extra or {})}, timeout_s or READ_TIMEOUT_S)


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
    with tempfile.TemporaryFile() as complaint:
        process = _start(directory, arguments, {"GIT_OPTIONAL_LOCKS": "0", **(extra or {})}, subprocess.PIPE, complaint)
        assert process.stdout is not None
        try:
            with process.stdout, (stop or Stop()).kills(process):
                output = _read(process.stdout.fileno(), max_bytes + 1, until_s)
            if len(output) <= max_bytes:
                process.wait(max(until_s - time.monotonic(), 0))
        except (subprocess.TimeoutExpired, TimeoutError) as error:
            raise _too_slow(arguments, timeout_s) from error
        finally:
            _end(process)
        if process.returncode and len(output) <= max_bytes:
            complaint.seek(0)
            raise GitRefused(_error_line(complaint.read()), process.returncode)
    return os.fsdecode(output[:max_bytes]), len(output) > max_bytes


def _read(descriptor: int, max_bytes: int, until_s: float) -> bytes:
    """Read a pipe to its end, or up to ``max_bytes``.

    Raises:
        TimeoutError: it is ``until_s`` (CLOCK_MONOTONIC).
    """
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    found = bytearray()
    while len(found) < max_bytes:
        if not poll.poll(max(until_s - time.monotonic(), 0) * 1000):
            raise TimeoutError
        piece = os.read(descriptor, min(_PIECE_BYTES, max_bytes - len(found)))
        if not piece:
            break
        found += piece
    return bytes(found)


def list_files(directory: Path, *options: str, timeout_s: float | None = None) -> set[str]:
    """The paths that ``git ls-files`` lists with these options, relative to a directory.

    An untracked repository inside is one path with a "/" at its end. No file system monitor runs: it would be a program
    that the repository names.

    Raises:
        GitRefused, WorktreeError: as ``run_read_only``.
    """
    arguments = ("-c", "core.fsmonitor=false", "ls-files", "-z", *options)
    return {path for path in run_read_only(directory, *arguments, timeout_s=timeout_s).split("\0") if path}


def ask(directory: Path, *arguments: str) -> bool:
    """Whether git says yes: exit code 0 is yes, 1 is no.

    Raises:
        GitRefused, WorktreeError: as ``run_read_only``, for any other exit code.
    """
    try:
        run_read_only(directory, *arguments)
    except GitRefused as refused:
        if refused.code == 1:
            return False
        raise
    return True


def change(directory: Path, *arguments: str) -> str:
    """Run a git command that changes something.

    Returns:
        The output of git.

    Raises:
        GitRefused, WorktreeError: as ``run_read_only``.
    """
    return _run(directory, arguments, {}, WORK_TIMEOUT_S)


def run_with_input(
    directory: Path,
    *arguments: str,
    data: bytes = b"",
    extra: Mapping[str, str],
    timeout_s: float,
    niceness: int = 0,
    stop: Stop | None = None,
) -> str:
    """Run a git command that reads ``data`` from its standard input.

    Args:
        directory: the working directory of git.
        arguments: the command and its arguments.
        data: the standard input.
        extra: variables added to git's environment.
        timeout_s: how long it may take.
        niceness: git's niceness; see setpriority(2).
        stop: ends it early.

    Returns:
        The output of git; bytes that are not UTF-8 become lone surrogates, as in ``os.fsdecode``.

    Raises:
        GitRefused, WorktreeError: as ``run_read_only``.
    """
    with tempfile.TemporaryFile() as source:
        source.write(data)
        source.seek(0)
        return _run(directory, arguments, extra, timeout_s, source, niceness, stop)


def _run(
    directory: Path,
    arguments: tuple[str, ...],
    extra: Mapping[str, str],
    timeout_s: float,
    source: IO[bytes] | int = subprocess.DEVNULL,
    niceness: int = 0,
    stop: Stop | None = None,
) -> str:
    # Files, not pipes: a daemon that a hook leaves behind would keep pipes open.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaint:
        process = _start(directory, arguments, extra, output, complaint, source)
        try:
            if niceness:
                os.setpriority(os.PRIO_PROCESS, process.pid, niceness)
            _wait(process, timeout_s, stop)
        except subprocess.TimeoutExpired as error:
            raise _too_slow(arguments, timeout_s) from error
        finally:
            _end(process)
        output.seek(0)
        if process.returncode:
            complaint.seek(0)
            raise GitRefused(_error_line(complaint.read()), process.returncode)
        return os.fsdecode(output.read())


def _start(
    directory: Path,
    arguments: tuple[str, ...],
    extra: Mapping[str, str],
    output: IO[bytes] | int,
    complaint: IO[bytes],
    source: IO[bytes] | int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if name not in LOCAL_VARIABLES}
    environment |= {"LC_ALL": "C", "LANGUAGE": "C", "GIT_TERMINAL_PROMPT": "0", **extra}
    try:
        return subprocess.Popen(
            ["git", *arguments],
            cwd=directory,
            env=environment,
            stdin=source,
            stdout=output,
            stderr=complaint,
            # Without a terminal git cannot ask for passphrases; its process group can be killed as a whole.
            start_new_session=True,
        )
    except OSError as error:
        raise _not_started(error, directory) from error


def _wait(process: subprocess.Popen[bytes], timeout_s: float, stop: Stop | None) -> None:
    """Wait for a process; ``stop`` kills it.

    Raises:
        subprocess.TimeoutExpired: it runs longer.
    """
    if stop is not None:
        descriptor = os.pidfd_open(process.pid)
        try:
            with stop.kills(process):
                poll = select.poll()
                poll.register(descriptor, select.POLLIN)
                if not poll.poll(timeout_s * 1000):
                    raise subprocess.TimeoutExpired("git", timeout_s)
        finally:
            os.close(descriptor)
    process.wait(timeout_s)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill git if it still runs, because the wait for it ended early (by an interrupt, too)."""
    if process.returncode is None:
        _kill(process)
        process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _too_slow(arguments: tuple[str, ...], timeout_s: float) -> WorktreeError:
    return WorktreeError(f"git {_name(arguments)} took longer than {timeout_s:g} s; check the disk")


def _not_started(error: OSError, directory: Path) -> WorktreeError:
    if not directory.is_dir():
        return WorktreeError(f"there is no directory {directory}; choose another")
    if isinstance(error, FileNotFoundError):
        return WorktreeError(f"git is not installed; {INSTALL}")
    return WorktreeError(f"cannot start git: {error.strerror}")


def _name(arguments: tuple[str, ...]) -> str:
    """The command's name among the arguments: ``worktree add``."""
    values = {number + 1 for number, word in enumerate(arguments) if word == "-c"}
    plain = [word for number, word in enumerate(arguments) if number not in values and not word.startswith(("-", "/"))]
    return " ".join(plain[:2] if plain[:1] == ["worktree"] else plain[:1])


def _error_line(complaint: bytes) -> str:
    """The line of git's error output that says what is wrong, without the output of hooks and git's advice."""
    lines = [line.strip() for line in complaint.decode(errors="replace").splitlines() if line.strip()]
    labelled = [line for line in lines if _LABEL.match(line)]
    plain = [line for line in lines if not _ADVICE.match(line)]
    chosen = (labelled or plain or lines or ["no output"])[-1 if labelled else 0]
    return one_line(_LABEL.sub("", chosen, count=1))
