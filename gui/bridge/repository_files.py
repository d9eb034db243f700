"""The files of a git repository, without those that it ignores."""

from __future__ import annotations

from pathlib import Path

from session_host.client.worktrees.git import run_read_only
from session_host.errors import WorktreeError

_TIMEOUT_S = 5.0


def repository_files(directory: str) -> list[str]:
    """The tracked and the new files below a directory, as relative paths; runs git, so call it in a thread.

    A git repository inside that this one does not track is one path with a "/" at its end. Outside of a repository,
    without git, or if git takes too long, there are none.
    """
    try:
        listed = _listed(directory, "--cached", "--others", "--exclude-standard")
        return sorted(listed - _listed(directory, "--deleted"))
    except WorktreeError:
        return []


def _listed(directory: str, *which: str) -> set[str]:
    words = (
        "-c",
        "core.fsmonitor=false",
        "ls-files",
        "-z",
        *which,
    )  # A monitor is a program of the repository's choice.
    output = run_read_only(Path(directory), *words, timeout_s=_TIMEOUT_S)
    return {path for path in output.split("\0") if path}
