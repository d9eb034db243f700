"""Takes one hunk of an agent's edit back: its lines in the file become those that were there before the edit.

The hunk is the one that the agent reported. Other lines of the file may have changed since; those of the hunk may not.
An equal block may stand elsewhere: only what is at the line that the caller names is changed.
"""

from __future__ import annotations

import os
import re
import stat
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
_MAX_BYTES: Final = 64 << 20
_NO_NEWLINE: Final = "\\"
"""The first character of the remark that the line above ends without a newline."""


def line_of_hunk(directory: Path, path: str, hunk: str, expected: int) -> int:
    """The line at which the lines of a hunk begin: the expected one, or else the only place that has them. Blocks.

    Args:
        directory: the chat's directory.
        path: the edited file, absolute or below the directory.
        hunk: the hunk with its first line (``@@ …``), as in a unified diff.
        expected: where it is if only the agent has changed the file since, from 1; 0 if unknown.

    Raises:
        FilesChanged: the file has other lines there by now, or the lines are in several places.
        WorktreeError: one line: the file cannot be read, or the hunk cannot be taken back.
    """
    check_directory(directory)
    with explained(directory):
        tree = find_tree(directory)
        file = tree.top / _below(tree, directory, path)
        try:
            return find_hunk(_content(file), hunk, expected)
        except FileNotFoundError:
            raise FilesChanged("the file is not there any more") from None
        except OSError as error:
            raise WorktreeError(f"the file cannot be read ({error.strerror})") from error


def _content(file: Path) -> bytes:
    """The content of an edited file.

    Raises:
        FilesChanged: something else is in its place.
        WorktreeError: it is too large.
        OSError: it cannot be read.
    """
    # Opening a pipe would wait for its other end.
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FilesChanged("the file is not there any more")
        with os.fdopen(descriptor, "rb", closefd=False) as opened:
            content = opened.read(_MAX_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(content) > _MAX_BYTES:
        raise WorktreeError(f"the file is larger than {_MAX_BYTES >> 20} MiB; discard it in Changes")
    return content


def take_back(directory: Path, path: str, hunk: str, session: str, line: int = 0) -> Discarded:
    """Take a hunk back. Blocks for up to half a minute.

    Args:
        directory: the chat's directory.
        path: the edited file, absolute or below the directory.
        hunk: the hunk with its first line (``@@ …``), as in a unified diff.
        session: the chat, which gets the restore point.
        line: where its lines begin, as ``line_of_hunk`` has found, from 1; 0 for the hunk's own number.

    Raises:
        FilesChanged: its lines are not there by now; nothing was written.
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
            content = without_hunk(_content(tree.top / name), hunk, line)
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


def without_hunk(content: bytes, hunk: str, line: int = 0) -> bytes:
    """The content of a file without a hunk, which is at this line; 0 for the hunk's own number.

    Raises:
        FilesChanged: its lines are not there.
        WorktreeError: the hunk cannot be taken back.
    """
    old, new = _sides_in(content, hunk)
    place = _offset(content, new, line or _number(hunk))
    if place is None:
        raise FilesChanged(f"its lines are at line {_only_line(content, new)} by now")
    return b"".join([content[:place], old, content[place + len(new) :]])


def find_hunk(content: bytes, hunk: str, expected: int) -> int:
    """The line at which a hunk is; see ``line_of_hunk``.

    Raises:
        FilesChanged: its lines are not there, or it is not certain where.
        WorktreeError: the hunk cannot be taken back.
    """
    _, new = _sides_in(content, hunk)
    return expected if _offset(content, new, expected) is not None else _only_line(content, new)


def _sides_in(content: bytes, hunk: str) -> tuple[bytes, bytes]:
    """The lines before and after the change, with the line ends of a content.

    Raises:
        WorktreeError: the hunk cannot be taken back.
    """
    old, new = _sides(hunk.partition("\n")[2].split("\n"))
    if not new:
        raise WorktreeError("the lines were only removed, and nothing around them is known")
    if not old:
        raise WorktreeError("the edit made the whole file; discard it in Changes")
    if b"\r\n" in content and not any(line.endswith(b"\r\n") for line in new):
        old, new = _with_carriage_returns(old), _with_carriage_returns(new)
    return b"".join(old), b"".join(new)


def _number(hunk: str) -> int:
    """The line at which the hunk was right after its edit; 0 for unknown."""
    head = _HEAD.match(hunk)
    return int(head[3]) if head is not None else 0


def _offset(content: bytes, lines: bytes, number: int) -> int | None:
    """The offset of some lines in a content, if they begin at the line with this number, from 1."""
    at = 0
    for _ in range(number - 1):
        at = content.find(b"\n", at) + 1
        if not at:
            return None
    is_there = number > 0 and content.startswith(lines, at)
    # Without a newline, they end the file.
    return at if is_there and (lines.endswith(b"\n") or at + len(lines) == len(content)) else None


def _only_line(content: bytes, lines: bytes) -> int:
    """The number of the line at which some lines begin that are in a content once.

    Raises:
        FilesChanged: they are not there, or in several places.
    """
    whole, wanted = b"\n" + content, b"\n" + lines
    if lines.endswith(b"\n"):
        place = whole.find(wanted)
        is_only = place >= 0 and whole.find(wanted, place + 1) < 0
    else:
        place, is_only = len(whole) - len(wanted), whole.endswith(wanted)
    if not is_only:
        raise FilesChanged("the file has other lines there by now")
    return whole.count(b"\n", 0, place + 1)


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
