"""Copies ignored files, such as ``.env``, into a new worktree: those that ``.worktreeinclude`` names.

The file has patterns as ``.gitignore`` has them, and is at the top of the working tree. Only files that git also
ignores are copied: all others come with the checkout, or are work in progress.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from session_host.errors import WorktreeError
from session_host.git import WORK_TIMEOUT_S, list_files

INCLUDE_FILE = ".worktreeinclude"
MAX_BYTES = 2 * 1024**3
"""The size of all files together. A larger one is a mistake, such as a pattern that names a build's output."""


def copy_included(source: Path, target: Path) -> None:
    """Copy the named files from a working tree into a new worktree; files that exist there stay.

    Raises:
        WorktreeError: a file cannot be read or written, or the files are too large; some may have been copied.
    """
    include = source / INCLUDE_FILE
    if not include.is_file():
        return
    named = _untracked(source, f"--exclude-from={include}")
    if not named:
        return
    files = sorted(named & _untracked(source, "--exclude-standard"))
    try:
        size = sum((source / file).lstat().st_size for file in files)
        if size > MAX_BYTES:
            raise WorktreeError(
                f"the files that {include} names have {size / 1024**3:.1f} GiB; the limit is "
                f"{MAX_BYTES // 1024**3} GiB: name fewer files"
            )
        for file in files:
            _copy(source / file, target / file, target)
    except OSError as error:
        name = error.filename or source
        raise WorktreeError(f"cannot copy what {include} names: {error.strerror}: {name}") from error


def _untracked(source: Path, patterns: str) -> set[str]:
    """The untracked files of a working tree that patterns of this option name, without those of nested repositories."""
    files = list_files(source, "--others", "--ignored", patterns, timeout_s=WORK_TIMEOUT_S)
    return {file for file in files if not file.endswith("/")}


def _copy(file: Path, copy: Path, top: Path) -> None:
    # A symbolic link of the new branch may lead out of the worktree.
    is_inside = copy.parent.resolve().is_relative_to(top.resolve())
    if is_inside and not os.path.lexists(copy):
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, copy, follow_symlinks=False)
