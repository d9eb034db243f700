"""The contents of files of Git LFS, which git has as pointers.

The filter of Git LFS fetches a missing content, from where the repository's files say. So it only cleans here, and does
not smudge (GIT_LFS_SKIP_SMUDGE in ``git.py``): a content that is on this computer is copied, another one is missing.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from io import BufferedReader
from pathlib import Path
from typing import Final

from session_host.git import GitRefused
from session_host.restore_points.kept_tree import Git

_HEX: Final = "[0-9a-f]"
_POINTER: Final = re.compile(
    rf"version https://[^\n]+\n(?:ext-[^\n]+\n)*oid sha256:(({_HEX}{{2}})({_HEX}{{2}}){_HEX}{{60}})\nsize \d+\n?"
)
"""The content that git has of such a file (docs/spec.md of Git LFS)."""
_MAX_POINTER_BYTES: Final = 1024


def contents(git: Git, blobs: Mapping[str, str]) -> dict[str, Path]:
    """The files in which Git LFS has the contents of files, by the paths of these; they may be missing.

    Args:
        git: git in the working tree.
        blobs: the ids of what git has of the files, by their paths.
    """
    filters = git.filters_of(blobs)
    if not filters:
        return {}
    try:
        listing = git.ask("config", "--name-only", "--get-regexp", r"^filter\..*\.(smudge|process)$")
    except GitRefused:
        return {}
    active = {name.removeprefix("filter.").rpartition(".")[0] for name in listing.splitlines()}
    chosen = {path: blobs[path] for path, name in filters.items() if name in active}
    if not chosen:
        return {}
    directory = _directory(git)
    pointers = {blob: found for blob, text in _small(git, chosen.values()) if (found := _POINTER.fullmatch(text))}
    return {
        path: directory / pointers[blob][2] / pointers[blob][3] / pointers[blob][1]
        for path, blob in chosen.items()
        if blob in pointers
    }


def _small(git: Git, blobs: Collection[str]) -> Iterator[tuple[str, str]]:
    """The contents that are no longer than a pointer of Git LFS."""
    sizes = git.run("cat-file", "--batch-check=%(objectname) %(objectsize)", data=_lines(blobs)).splitlines()
    facts = [line.split(" ") for line in sizes]
    small = [blob for blob, size in facts if size.isdigit() and int(size) <= _MAX_POINTER_BYTES]
    printed, at = os.fsencode(git.run("cat-file", "--batch", data=_lines(small))), 0
    for blob in small:
        at = printed.index(b"\n", at) + 1
        size = int(printed[:at].rpartition(b" ")[2])
        yield blob, os.fsdecode(printed[at : at + size])
        at += size + 1


def _lines(texts: Iterable[str]) -> bytes:
    return "".join(f"{text}\n" for text in texts).encode()


def _is_named(file: BufferedReader, path: Path) -> bool:
    """Whether a file has the content that its name in Git LFS's directory says; an agent may have written another."""
    return hashlib.file_digest(file, "sha256").hexdigest() == path.name


def is_here(content: Path) -> bool:
    """Whether a content of Git LFS is on this computer."""
    if not content.is_file():
        return False
    with content.open("rb") as file:
        return _is_named(file, content)


def replace_pointer(path: Path, content: Path) -> None:
    """Replace the file that git wrote by its content of Git LFS.

    Raises:
        OSError: it cannot be read or written, or is another by now.
    """
    with content.open("rb") as source:
        if not _is_named(source, content):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        source.seek(0)
        mode = stat.S_IMODE(path.lstat().st_mode)
        path.unlink()
        with path.open("xb") as file:  # Never through a symbolic link.
            shutil.copyfileobj(source, file)
            os.fchmod(file.fileno(), mode)


def _directory(git: Git) -> Path:
    """The directory with the contents of files of Git LFS."""
    try:
        chosen = git.ask("config", "--get", "lfs.storage")
    except GitRefused:
        chosen = ""
    common = git.ask("rev-parse", "--path-format=absolute", "--git-common-dir")
    return Path(common, chosen or "lfs", "objects")
