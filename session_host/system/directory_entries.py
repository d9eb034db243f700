"""Entries of directories that other programs write: one that cannot be read does not hide the others."""

from __future__ import annotations

import os


def is_directory(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a directory, or a link to one; false for one that cannot be read, as a link to itself."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def file_size(entry: os.DirEntry[str]) -> int:
    """The size of a file; 0 for one that vanished or cannot be read."""
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:
        return 0
