"""The files that an agent is started with: settings with hooks, a plugin; one set per session.

They are given by flag or variable, so that the user's own configuration is not touched.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from session_host.errors import LaunchFailed
from session_host.paths import make_directories

HOOK_PROGRAM = Path(__file__).parents[1] / "hook" / "report.py"
"""Run by agents' hooks; see there."""

HOOK = "{hook}"
"""Stands in a file, within a JSON or JavaScript string, for the shell command that reports to the session's host."""


def hook_command() -> str:
    """The shell command that reports to the host of the session that it is run in; arguments may follow it."""
    return shlex.join([sys.executable, "-I", "-S", str(HOOK_PROGRAM)])


def copy_conversation_files(conversation: str, former: Path, directory: Path) -> None:
    """Give a session copies of the files of a former one's that the agent keeps a conversation in, by their names.

    Args:
        conversation: the files' names begin with it.
        former: the directory of the former one's; it need not be there.
        directory: the session's own; made if need be.

    Raises:
        LaunchFailed: they cannot be read or written.
    """
    try:
        for path in former.glob(f"{conversation}*"):
            if path.is_file() and not path.is_symlink():
                make_directories(directory)
                shutil.copy2(path, directory / path.name)
    except OSError as error:
        message = f"{error.filename}: cannot copy the conversation ({error.strerror}); see `outlive doctor`"
        raise LaunchFailed(message) from error


def write_files(sources: Sequence[str], directory: Path) -> None:
    """Write an agent's files for one session, for the owner alone.

    Args:
        sources: the paths in the catalog.
        directory: made if need be.

    Raises:
        LaunchFailed: the disk does not let us.
    """
    command = json.dumps(hook_command(), ensure_ascii=False)[1:-1]
    try:
        make_directories(directory)
        for source in sources:
            text = Path(source).read_text(encoding="utf-8").replace(HOOK, command)
            path = directory / Path(source).name
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        message = f"{directory}: cannot write to it ({error.strerror}); free some space, or set OUTLIVE_STATE_DIR"
        raise LaunchFailed(message) from error
