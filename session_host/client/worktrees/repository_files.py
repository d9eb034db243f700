"""The files of a repository, for completing their names."""

from __future__ import annotations

from pathlib import Path

from session_host.errors import WorktreeError
from session_host.git import list_files

_TIMEOUT_S = 5.0


def repository_files(directory: str) -> list[str]:
    """The tracked and the new files below a directory, as relative paths; runs git, so call it in a thread.

    A git repository inside that this one does not track is one path with a "/" at its end. The list is empty outside of
    a repository, without git, or if git takes too long.
    """
    try:
        listed = list_files(Path(directory), "--cached", "--others", "--exclude-standard", timeout_s=_TIMEOUT_S)
        return sorted(listed - list_files(Path(directory), "--deleted", timeout_s=_TIMEOUT_S))
    except WorktreeError:
        return []
