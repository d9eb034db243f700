"""Runs git: without a terminal, in a fixed language, with a timeout."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from session_host.errors import WorktreeError
from session_host.protocol.untrusted_text import one_line

LOOK_TIMEOUT_S = 10.0
WORK_TIMEOUT_S = 300.0
"""A checkout of a large repository, with the user's hooks and filters behind it."""

INSTALL = "install it (Debian: apt install git), or start the chat without --worktree"

LOCAL_VARIABLES = (
    # Set where a hook or an alias of git's started us, they lead to that repository whatever the directory is:
    # `git rev-parse --local-env-vars`, less what is the user's configuration.
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE", "GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_COMMON_DIR", "GIT_INTERNAL_SUPER_PREFIX", "GIT_NAMESPACE",
)  # fmt: skip

_LABEL = re.compile(r"(fatal|error): ")
_ADVICE = re.compile(r"(hint|warning|Preparing worktree)\b")


class GitRefused(WorktreeError):
    """git ended with an error.

    Attributes:
        said: its own word on it, one line without the label.
        code: its exit code.
    """

    def __init__(self, said: str, code: int) -> None:
        super().__init__(f"git failed: {said}")
        self.said = said
        self.code = code


def run_read_only(
    directory: Path, *words: str, extra: Mapping[str, str] | None = None, timeout_s: float | None = None
) -> str:
    """Ask git something; it changes nothing, and takes no lock that would be in another's way.

    Args:
        directory: where it runs.
        words: the command and its arguments.
        extra: set in its environment.
        timeout_s: how long it may take; ``LOOK_TIMEOUT_S`` if None.

    Returns:
        What it printed; bytes that are no UTF-8 as lone surrogates, as in ``os.fsdecode``.

    Raises:
        GitRefused: it ended with an error.
        WorktreeError: it is not installed, or takes too long.
    """
    return _run(directory, words, {"GIT_OPTIONAL_LOCKS": "0", **(extra or {})}, timeout_s or LOOK_TIMEOUT_S)


def ask(directory: Path, *words: str) -> bool:
    """Whether git says yes: it ends with 0, and not with 1.

    Raises:
        GitRefused, WorktreeError: as ``run_read_only``, for any other end.
    """
    try:
        run_read_only(directory, *words)
    except GitRefused as refused:
        if refused.code == 1:
            return False
        raise
    return True


def change(directory: Path, *words: str) -> str:
    """Let git change something.

    Returns:
        What it printed.

    Raises:
        GitRefused, WorktreeError: as ``run_read_only``.
    """
    return _run(directory, words, {}, WORK_TIMEOUT_S)


def _run(directory: Path, words: tuple[str, ...], extra: Mapping[str, str], timeout_s: float) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in LOCAL_VARIABLES}
    environment |= {"LC_ALL": "C", "LANGUAGE": "C", "GIT_TERMINAL_PROMPT": "0", **extra}
    # Files, not pipes: a daemon that a hook leaves behind would hold the ends of those.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaint:
        try:
            process = subprocess.Popen(
                ["git", *words],
                cwd=directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=complaint,
                # No terminal to ask for passphrases on, and a group that can be ended whole.
                start_new_session=True,
            )
        except OSError as error:
            raise _not_started(error, directory) from error
        _wait(process, _name(words), timeout_s)
        output.seek(0)
        if process.returncode:
            complaint.seek(0)
            raise GitRefused(_error_line(complaint.read()), process.returncode)
        return os.fsdecode(output.read())


def _wait(process: subprocess.Popen[bytes], name: str, timeout_s: float) -> None:
    """Wait for its end; whatever ends the waiting (an interrupt, too) ends it as well."""
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired as error:
        raise WorktreeError(f"git {name} took longer than {timeout_s:g} s; check the disk") from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _not_started(error: OSError, directory: Path) -> WorktreeError:
    if not directory.is_dir():
        return WorktreeError(f"the directory {directory} does not exist; choose another with -C")
    if isinstance(error, FileNotFoundError):
        return WorktreeError(f"git is not installed; {INSTALL}")
    return WorktreeError(f"cannot start git: {error.strerror}")


def _name(words: tuple[str, ...]) -> str:
    """The command among the words: ``worktree add``."""
    plain = [word for word in words if not word.startswith(("-", "/"))]
    return " ".join(plain[:2] if plain[:1] == ["worktree"] else plain[:1])


def _error_line(complaint: bytes) -> str:
    """The line of git's complaint that says what is wrong; hooks and advice stand around it."""
    lines = [line.strip() for line in complaint.decode(errors="replace").splitlines() if line.strip()]
    labelled = [line for line in lines if _LABEL.match(line)]
    plain = [line for line in lines if not _ADVICE.match(line)]
    chosen = (labelled or plain or lines or ["no output"])[-1 if labelled else 0]
    return one_line(_LABEL.sub("", chosen, count=1))
