"""An untracked file as a change that adds it: git can compare such a file only if it writes to the repository."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .changed_files import LINK, MAX_PATCH_CHARACTERS, SUBMODULE, ChangedFile, Withheld

_LOOKED_AT_BYTES = 8000
"""git takes a file for binary if there is a NUL in this many bytes at its beginning."""
_NO_END = "\\ No newline at end of file\n"


def untracked_file(top: Path, path: str, max_bytes: int) -> ChangedFile:
    """An untracked file as a change; of a file with more than ``max_bytes``, only the name. Reads the file.

    Args:
        top: the top of the working tree.
        path: the file's path below it; with a "/" at its end for a repository inside this one.
        max_bytes: how much may be read; longer files are "limit", or "large" if they are too long in any case.
    """
    if path.endswith("/"):
        return ChangedFile(path=path, state="untracked", modes=("", SUBMODULE))
    try:
        facts = (top / path).lstat()
        if stat.S_ISLNK(facts.st_mode):
            return _added(path, LINK, os.fsencode((top / path).readlink()))
        # Opening a pipe would wait for its other end.
        descriptor = os.open(top / path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            facts = os.fstat(descriptor)
            mode = "100755" if facts.st_mode & stat.S_IXUSR else "100644"
            beginning = file.read(_LOOKED_AT_BYTES) if stat.S_ISREG(facts.st_mode) else b"\0"
            if b"\0" in beginning:
                return ChangedFile(path=path, state="untracked", modes=("", mode), withheld="binary")
            if facts.st_size > min(max_bytes, MAX_PATCH_CHARACTERS):
                withheld: Withheld = "large" if facts.st_size > MAX_PATCH_CHARACTERS else "limit"
                return ChangedFile(path=path, state="untracked", modes=("", mode), withheld=withheld)
            return _added(path, mode, beginning + file.read(MAX_PATCH_CHARACTERS))
    except OSError:
        return ChangedFile(path=path, state="untracked")  # The file was deleted, or the user may not read it.


def _added(path: str, mode: str, content: bytes) -> ChangedFile:
    text = content.decode("utf-8", "replace")
    lines = text.removesuffix("\n").split("\n") if text else []
    patch = ""
    if lines:
        added = "+1" if len(lines) == 1 else f"+1,{len(lines)}"
        patch = f"@@ -0,0 {added} @@\n" + "".join(f"+{line}\n" for line in lines)
        patch += "" if text.endswith("\n") else _NO_END
    return ChangedFile(path=path, state="untracked", added=len(lines), modes=("", mode), patch=patch)
