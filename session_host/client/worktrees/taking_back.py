"""Takes one hunk of an agent's edit back: its lines in the file become those that were there before the edit.

The hunk is the one that the agent reported. Other lines of the file may have changed since; those of the hunk may not.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from session_host.client.worktrees.changes import readable
from session_host.client.worktrees.discarding import (
    Discarded,
    restore_lock,
    restored_file,
    save_present_files,
    write_file,
)
from session_host.errors import FilesChanged, WorktreeError
from session_host.git import check_directory, explained
from session_host.restore_points.kept_tree import Git, InsideCheck, WorkingTree, find_tree
from session_host.restore_points.restoring import entry_of
from session_host.restore_points.writing import Entry

_HEAD: Final = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_NO_NEWLINE: Final = "\\"
"""The first character of the remark that the line above ends without a newline."""


def take_back(directory: Path, path: str, hunk: str, session: str) -> Discarded:
    """Take a hunk back. Blocks for up to half a minute.

    Args:
        directory: the chat's directory.
        path: the edited file, absolute or below the directory.
        hunk: the hunk with its first line (``@@ …``), as in a unified diff.
        session: the chat, which gets the restore point.

    Raises:
        FilesChanged: the file has other lines there by now; nothing was written.
        WorktreeError: one line; nothing was written.
    """
    check_directory(directory)
    with explained(directory):
        tree = find_tree(directory)
        with restore_lock(tree):
            name = _below(tree, directory, path)
            git, now = Git(tree.top), save_present_files(tree, name)
            entry = Entry(*entry_of(git, now.tree, name))
            if not entry.blob:
                raise FilesChanged("the file is not there any more")
            content = without_hunk((tree.top / name).read_bytes(), hunk)
            written = git.run("hash-object", "-w", "--stdin", f"--path={name}", data=content).strip()
            after = restored_file(name, entry._replace(blob=written), is_there=True)
            return write_file(directory, tree, now, entry, after, session, "take back")


def _below(tree: WorkingTree, directory: Path, path: str) -> str:
    """The path of a file below the top of the working tree.

    Raises:
        WorktreeError: it is not inside of the tree.
    """
    given = directory / path
    file, top = given.parent.resolve() / given.name, tree.top.resolve()
    if file.is_relative_to(top) and file != top and not file.is_symlink():
        name = str(file.relative_to(top))
        if InsideCheck(tree.top)(name):
            return name
    raise WorktreeError(f"{readable(path)} is not a file of the chat's working tree")


def without_hunk(content: bytes, hunk: str) -> bytes:
    """The content of a file without a hunk, found by its lines; of several places, the one at its number counts.

    Raises:
        FilesChanged: the lines are not there, or it is not certain where.
        WorktreeError: the hunk cannot be taken back.
    """
    first, _, rest = hunk.partition("\n")
    head = _HEAD.match(first)
    old, new = _sides(rest.split("\n"))
    if not new:
        raise WorktreeError("the lines were only removed, and nothing around them is known")
    if not old:
        raise WorktreeError("the edit made the whole file; discard it in Changes")
    if b"\r\n" in content and not any(line.endswith(b"\r\n") for line in new):
        old, new = _with_carriage_returns(old), _with_carriage_returns(new)
    found = b"".join(new)
    place = _place(content, found, int(head[3]) if head is not None else 0)
    if place is None:
        raise FilesChanged("the file has other lines there by now")
    return b"".join([content[:place], *old, content[place + len(found) :]])


def _place(content: bytes, lines: bytes, number: int) -> int | None:
    """The offset of some lines in a content: the only one, or that of the line with this number, from 1; else None."""
    whole, wanted = b"\n" + content, b"\n" + lines
    if not lines.endswith(b"\n"):  # They end the file.
        return len(content) - len(lines) if whole.endswith(wanted) else None
    place = whole.find(wanted)
    if place < 0 or whole.find(wanted, place + 1) < 0:
        return place if place >= 0 else None
    at = -1
    for _ in range(number):
        at = whole.find(b"\n", at + 1)
        if at < 0:
            return None
    return at if number and whole.startswith(wanted, at) else None


def _sides(lines: list[str]) -> tuple[list[bytes], list[bytes]]:
    """The lines before and after the change, with their newlines."""
    old: list[bytes] = []
    new: list[bytes] = []
    last: tuple[list[bytes], ...] = ()
    for line in lines:
        if line.startswith(_NO_NEWLINE):
            for side in last:
                side[-1] = side[-1].removesuffix(b"\n")
            continue
        kind, text = line[:1], os.fsencode(line[1:]) + b"\n"
        last = {"-": (old,), "+": (new,), " ": (old, new)}.get(kind, ())
        for side in last:
            side.append(text)
    return old, new


def _with_carriage_returns(lines: list[bytes]) -> list[bytes]:
    return [line[:-1] + b"\r\n" if line.endswith(b"\n") else line for line in lines]
