"""Reads unified diffs, of any number of files, as agents and git print them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .items import FileChange

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)")
_UNNUMBERED_HUNK = re.compile(r"@@(?: (.*))?")
_GIT_PATHS = re.compile(r"diff --git a/(.+) b/(.+)")
_BINARY = re.compile(r"Binary files .* differ|GIT binary patch")
_NOWHERE = "/dev/null"


class DiffLine(NamedTuple):
    """One line of a diff.

    Attributes:
        kind: "+", "-", " ", "@" (the first line of a hunk) or "\\" (a remark on the line above).
        old, new: its line numbers, 0 if unknown or none; for a hunk, the number of unchanged lines hidden above it.
        text: the text without the sign; for a hunk and a remark, the whole line.
        partner: the text of the line that it replaces, or that replaces it; None for none. the window sets it.
        first_hidden: for a hunk, the old number of the first line hidden above it; 0 if none is, or it is unknown.
    """

    kind: str
    old: int
    new: int
    text: str
    partner: str | None = None
    first_hidden: int = 0

    @property
    def has_sign(self) -> bool:
        """Whether it is a line of the file, before or after the change."""
        return self.kind in {"+", "-", " "}

    @property
    def signed_text(self) -> str:
        """The line as in a patch."""
        return self.kind + self.text if self.has_sign else self.text


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


def counts(changes: Sequence[FileChange]) -> tuple[int, int]:
    """The numbers of added and removed lines."""
    kinds = [line.kind for change in changes for file in read_diff(change.patch) for line in file.lines]
    return kinds.count("+"), kinds.count("-")


def read_diff(diff: str) -> list[DiffFile]:
    """The files of a diff. Lines above the first file's header are in a file without paths."""
    return _Reader(diff).files


def lines_of(diff: str) -> list[DiffLine | None]:
    """What each line of a diff is, between its "\\n"; None for one that belongs to no hunk, such as a file's header."""
    return _Reader(diff).by_line


def hunks_of(diff: str) -> list[str]:
    """The texts of a diff's hunks, to the next one."""
    starts = [number for number, line in enumerate(lines_of(diff)) if line is not None and line.kind == "@"]
    lines = diff.split("\n")
    ends = [*starts[1:], len(lines)]
    hunks = ["\n".join(lines[start:end]) for start, end in zip(starts, ends, strict=True)]
    return [f"{hunk}\n" for hunk in hunks[:-1]] + hunks[-1:]


def changed_runs(kinds: Iterable[str]) -> list[range]:
    """The runs of changed lines between unchanged ones, by the lines' places; a remark belongs to the line above."""
    runs: list[range] = []
    for place, kind in enumerate(kinds):
        is_joined = bool(runs) and runs[-1].stop == place
        if kind in {"+", "-"} or (kind == "\\" and is_joined):
            start = runs.pop().start if is_joined else place
            runs.append(range(start, place + 1))
    return runs


def with_one_run(hunk: str, run: int) -> str:
    """The hunk of a change that is the run with this number alone, in the file as it is after the whole hunk.

    Raises:
        IndexError: there is none.
    """
    lines = hunk.removesuffix("\n").split("\n")[1:]
    runs = changed_runs(line[:1] for line in lines)
    others = {place for each in runs if each != runs[run] for place in each}
    kept: list[str] = []
    is_left_out = False
    for place, line in enumerate(lines):
        is_left_out = place in others and (line[:1] == "-" or (line[:1] == "\\" and is_left_out))
        if not is_left_out:
            kept.append(f" {line[1:]}" if place in others and line[:1] == "+" else line)
    old, new = (sum(line[:1] not in {other, "\\"} for line in kept) for other in "+-")
    start = (hunk_numbers(hunk) or (1, 0, 1, 0))[2]
    return "\n".join([f"@@ -{start},{old} +{start},{new} @@", *kept, ""])


def hunk_numbers(hunk: str) -> tuple[int, int, int, int] | None:
    """The first line and the number of lines before and after the change; None if the agent gives no numbers."""
    found = _HUNK.fullmatch(hunk.partition("\n")[0])
    if found is None:
        return None
    old, old_count, new, new_count = (found[number] for number in range(1, 5))
    return int(old), int(old_count or 1), int(new), int(new_count or 1)


def hunk_title(line: str) -> str:
    """The part of a hunk's first line that names the function or class around it; "" for none."""
    found = _HUNK.fullmatch(line) or _UNNUMBERED_HUNK.fullmatch(line)
    return (found.group(found.lastindex or 0) if found and found.lastindex else "").removesuffix("@@").rstrip()


class _Reader:
    """Reads a diff line by line.

    Attributes:
        files: the files so far.
        by_line: see ``lines_of``.
    """

    def __init__(self, diff: str) -> None:
        self.files: list[DiffFile] = []
        self.by_line: list[DiffLine | None] = []
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
            count = self._read_line(number)
            number += count
            self.by_line += [None] * (number - len(self.by_line))

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
            self._append(DiffLine("\\", 0, 0, line))
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
        self._append(DiffLine(sign, old, new, line[1:] if line[:1] in {"+", "-", " "} else line))
        if sign != "+":
            self._old += 1 if self._old else 0
            self._old_left = max(self._old_left - 1, 0)
        if sign != "-":
            self._new += 1 if self._new else 0
            self._new_left = max(self._new_left - 1, 0)

    def _append(self, line: DiffLine) -> None:
        self._file.lines.append(line)
        self.by_line.append(line)

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
        self._append(DiffLine("@", hidden, hidden, line, first_hidden=previous if hidden else 0))

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
