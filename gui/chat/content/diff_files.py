"""Reads unified diffs: files, hunks and lines with their numbers.

The first line of a hunk gives its length, so that a removed line "-- x" is not mistaken for a header. Each line of a
diff is in the result: as a line of a file, in the file's head, or as ``other`` text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .segments import DiffLine

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)")
_UNNUMBERED_HUNK = re.compile(r"@@(?: (.*))?")
_GIT_PATHS = re.compile(r"diff --git a/(.+) b/(.+)")
_BINARY = re.compile(r"Binary files .* differ|GIT binary patch")
_NOWHERE = "/dev/null"


@dataclass
class DiffFile:
    """One file of a diff.

    Attributes:
        old, new: its path before and after the change; "" if it did not exist.
        lines: the lines of all hunks, unchanged, possibly with "\\r" at the end.
        is_binary: whether the diff only states that the bytes differ.
        modes: the file's mode before and after, "" if unknown.
        other: lines after the hunks that belong to no hunk.
    """

    old: str = ""
    new: str = ""
    lines: list[DiffLine] = field(default_factory=list)
    is_binary: bool = False
    modes: tuple[str, str] = ("", "")
    other: list[str] = field(default_factory=list)


def hunk_title(line: str) -> str:
    """The part of a hunk's first line that names the function or class around it; "" for none."""
    found = _HUNK.fullmatch(line) or _UNNUMBERED_HUNK.fullmatch(line)
    return (found.group(found.lastindex or 0) if found and found.lastindex else "").removesuffix("@@").rstrip()


def read(diff: str) -> list[DiffFile]:
    """The files of a diff. Lines above the first file's header are in a file without paths."""
    return _Reader(diff).files


class _Reader:
    """Reads a diff line by line.

    Attributes:
        files: the files so far.
    """

    def __init__(self, diff: str) -> None:
        self.files: list[DiffFile] = []
        self._lines = diff.removesuffix("\n").split("\n") if diff else []
        self._old = self._new = 0
        """The numbers of the next lines; 0 if unknown."""
        self._old_left = self._new_left = 0
        """The lines of the hunk that are still to come."""
        self._is_counted = True
        """Whether the hunk's first line gives its length. Without that, a removed line "-- x" looks like a header."""
        self._git_head = False
        number = 0
        while number < len(self._lines):
            number += self._read_line(number)

    @property
    def _file(self) -> DiffFile:
        if not self.files:
            self.files.append(DiffFile())
        return self.files[-1]

    def _read_line(self, number: int) -> int:
        """Read a line, or a header of two; returns the number of lines read."""
        line = self._lines[number]
        if self._belongs_to_hunk(line):
            self._add(line)
            return 1
        self._old_left = self._new_left = 0
        if self._is_counted and line.startswith("--- ") and self._after(number).startswith("+++ "):
            self._begin(_path(line), _path(self._after(number)))
            return 2
        if line.startswith("diff --git "):
            self._begin_git(line)
        elif line.startswith("@@") and (found := _HUNK.fullmatch(line) or _UNNUMBERED_HUNK.fullmatch(line)):
            self._begin_hunk(line, found)
        elif self._git_head and self._read_git_header(line):
            pass
        elif line.startswith("\\ ") and self._file.lines:
            self._file.lines.append(DiffLine("\\", 0, 0, line))
        elif (
            self._file.lines
            and not self._file.other
            and (line[:1] in {"+", "-", " "} or not (line or self._is_counted))
        ):
            self._add(line)  # The counts are wrong, or there are none.
        elif line or number + 1 < len(self._lines):
            self._file.other.append(line)
        return 1

    def _after(self, number: int) -> str:
        return self._lines[number + 1] if number + 1 < len(self._lines) else ""

    def _belongs_to_hunk(self, line: str) -> bool:
        """Whether a line belongs to the hunk, by the hunk's length."""
        sign = line[:1] or " "
        return (
            (sign == "-" and self._old_left > 0)
            or (sign == "+" and self._new_left > 0)
            or (sign in " \r" and self._old_left > 0 and self._new_left > 0)
        )

    def _add(self, line: str) -> None:
        sign = line[:1] if line[:1] in {"+", "-"} else " "
        old, new = (0 if sign == "+" else self._old), (0 if sign == "-" else self._new)
        self._file.lines.append(DiffLine(sign, old, new, line[1:] if line[:1] in {"+", "-", " "} else line))
        if sign != "+":
            self._old += 1 if self._old else 0
            self._old_left = max(self._old_left - 1, 0)
        if sign != "-":
            self._new += 1 if self._new else 0
            self._new_left = max(self._new_left - 1, 0)

    def _begin_hunk(self, line: str, found: re.Match[str]) -> None:
        previous = self._old if self._file.lines else 1
        self._is_counted = found.re is _HUNK
        self._git_head = False
        self._old = self._new = self._old_left = self._new_left = 0
        if self._is_counted:
            self._old_left, self._new_left = (int(found.group(group) or 1) for group in (2, 4))
            old, new = int(found.group(1)), int(found.group(3))
            if (old or not self._old_left) and (new or not self._new_left):  # At line 0, the line number is unknown.
                self._old = old + (0 if self._old_left else 1)  # A hunk without lines names the line before it.
                self._new = new + (0 if self._new_left else 1)
        hidden = max(self._old - previous, 0) if previous else 0
        self._file.lines.append(DiffLine("@", hidden, hidden, line, first_hidden=previous if hidden else 0))

    def _begin(self, old: str, new: str) -> None:
        """Read a file's header of two lines."""
        if self._git_head or (old[:2], new[:2]) == ("a/", "b/"):
            old, new = old.removeprefix("a/"), new.removeprefix("b/")
        if not self._git_head:
            self.files.append(DiffFile())
        self._git_head = False
        self._file.old, self._file.new = (path if path != _NOWHERE else "" for path in (old, new))

    def _begin_git(self, line: str) -> None:
        found = _GIT_PATHS.fullmatch(line)
        old, new = found.groups() if found else ("", "")
        self.files.append(DiffFile(old, new))
        self._git_head = self._is_counted = True
        if found is None:
            self._file.other.append(line)

    def _read_git_header(self, line: str) -> bool:
        """Read a line of git's header; returns whether it is one."""
        file = self._file
        words = line.split(" ")
        match words:
            case ["old", "mode", mode]:
                file.modes = (mode, file.modes[1])
            case ["new", "mode", mode]:
                file.modes = (file.modes[0], mode)
            case ["new", "file", "mode", mode]:
                file.old, file.modes = "", ("", mode)
            case ["deleted", "file", "mode", _]:
                file.new = ""
            case ["rename" | "copy", "from", *path]:
                file.old = " ".join(path)
            case ["rename" | "copy", "to", *path]:
                file.new = " ".join(path)
            case ["index", *_] | ["similarity" | "dissimilarity", "index", _]:
                pass
            case _ if _BINARY.fullmatch(line):
                file.is_binary = True
            case _:
                return False
        return True


def _path(header: str) -> str:
    """The path in a line of a header; some tools write a time after it."""
    return header[4:].partition("\t")[0].rstrip("\r")
