"""The files with which an agent is started: settings with hooks, a plugin; one set per session.

Agents get them by flag or variable, so that the user's own configuration stays unchanged.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from session_host.errors import LaunchFailed
from session_host.paths import make_directories

HOOK_PROGRAM = Path(__file__).parents[1] / "hook" / "report.py"
"""The program that agents' hooks run; see there."""

HOOK = "{hook}"
"""The placeholder in a file, within a JSON or JavaScript string, for the shell command that reports to the host."""


ANSWERING = "answering"
"""The directory of files that replace those beside it if the user's answers go through the agent's hooks."""


def hook_command() -> str:
    """The shell command that reports to the host of its session; arguments may follow it."""
    import shlex  # most starts do not need it

    return shlex.join([sys.executable, "-I", "-S", str(HOOK_PROGRAM)])


_LARGEST_BYTES = 1 << 30
"""The largest file of a conversation that is copied."""


def copy_conversation_files(conversation: str, previous: Path, directory: Path) -> None:
    """Copy the agent's files of a conversation from an earlier session to a new one.

    Args:
        conversation: the beginning of the files' names.
        previous: the previous session's directory, which may be missing.
        directory: the new session's directory; created if needed.

    Raises:
        LaunchFailed: the files cannot be read or written.
    """
    import shutil  # most starts do not need it

    try:
        for path in previous.glob(f"{conversation}*"):
            if path.is_file() and not path.is_symlink():
                if path.stat().st_size > _LARGEST_BYTES:
                    raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))  # noqa: TRY301 - as any other
                make_directories(directory)
                shutil.copy2(path, directory / path.name)
    except OSError as error:
        message = f"{error.filename}: cannot copy the conversation ({error.strerror}); see `outlive doctor`"
        raise LaunchFailed(message) from error


def write_files(sources: Sequence[str], directory: Path, *, answering: bool = False) -> None:
    """Write an agent's files for one session, readable by the owner alone.

    Args:
        sources: the paths in the catalog.
        directory: the target directory; created if needed.
        answering: the hooks take the user's answers; such a file is in a directory beside the source.

    Raises:
        LaunchFailed: the files cannot be written.
    """
    import json  # most starts do not need it

    command = json.dumps(hook_command(), ensure_ascii=False)[1:-1]
    try:
        make_directories(directory)
        for source in map(Path, sources):
            other = source.parent / ANSWERING / source.name
            chosen = other if answering and other.is_file() else source
            text = chosen.read_text(encoding="utf-8").replace(HOOK, command)
            _write(directory / source.name, text)
    except OSError as error:
        raise _cannot_write(directory, error) from error


def write_prompt(path: Path, prompt: str) -> None:
    """Write the first prompt into a file, readable by the owner alone.

    Raises:
        LaunchFailed: it cannot be written.
    """
    try:
        make_directories(path.parent)
        _write(path, prompt)
    except OSError as error:
        raise _cannot_write(path.parent, error) from error


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _cannot_write(directory: Path, error: OSError) -> LaunchFailed:
    return LaunchFailed(
        f"{directory}: cannot write to it ({error.strerror}); free some space, or set OUTLIVE_STATE_DIR"
    )
