"""Reads the output of ``git diff --raw --numstat -p -z``: the changed files and their patches. Pure.

Paths come from the raw entries, where git writes them unchanged; the patches follow in the same order.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Literal, NamedTuple

import msgspec

State = Literal["added", "deleted", "modified", "renamed", "type", "untracked", "conflict"]
"""The kind of a change; "type": a file became a link, or the reverse."""
Withheld = Literal["", "binary", "large", "limit", "unreadable"]
"""Why a change has no patch: not text, too long itself, beyond the limit of all changes together, or not readable."""

MAX_PATCH_CHARACTERS = 1 << 20
"""A file's patch that is longer is withheld."""
SUBMODULE = "160000"
LINK = "120000"

_STATES: dict[str, State] = {
    "A": "added", "C": "added", "D": "deleted", "M": "modified", "R": "renamed", "T": "type", "U": "conflict",
}  # fmt: skip
_NO_MODE = "000000"
_SECTION = re.compile(r"^diff --(?:git|cc|combined) ", re.MULTILINE)
_HUNK = re.compile(r"^@@ ", re.MULTILINE)
_BINARY = re.compile(r"^(?:Binary files .* differ|GIT binary patch)$", re.MULTILINE)
_UNMERGED = re.compile(r"^\* Unmerged path .*\n?", re.MULTILINE)


class ChangedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One changed file.

    Paths are relative to the top of the working tree. Bytes in them that are not UTF-8 are lone surrogates, as in
    ``os.fsdecode``; in patches, they are replacement characters.
    """

    path: str
    old_path: str = ""
    """The path before a renaming, "" without one."""
    state: State
    added: int = 0
    """The number of added lines."""
    removed: int = 0
    modes: tuple[str, str] = ("", "")
    """git's modes before and after, such as "100644"; "" where there is no file."""
    patch: str = ""
    """The hunks of a unified diff, without the lines above them; "" for none."""
    withheld: Withheld = ""

    @property
    def is_submodule(self) -> bool:
        """Whether the file is a submodule: another repository, recorded by its commit."""
        return SUBMODULE in self.modes


class _Entry(NamedTuple):
    """A raw entry, and its numbers of lines."""

    modes: tuple[str, str]
    letter: str
    old_path: str
    path: str
    added: int = 0
    removed: int = 0

    @property
    def sections(self) -> int:
        """How many sections of the patch it has: a change of the type is a deletion and an addition."""
        if self.letter == "U":
            return 0
        before, after = self.modes
        is_replaced = _NO_MODE not in self.modes and before[:2] != after[:2]
        return 2 if is_replaced else 1


def read_diff(output: str, *, is_cut: bool = False) -> list[ChangedFile]:
    """The changed files in git's output.

    Args:
        output: the output of ``git diff --raw --numstat -p -z``.
        is_cut: whether the output's end is missing; files without a whole patch are "limit" then.

    Raises:
        ValueError: this is not such an output.
    """
    entries, rest = _read_entries(output, is_cut=is_cut)
    starts = [found.start() for found in _SECTION.finditer(rest)]
    sections = [rest[start:end] for start, end in pairwise([*starts, len(rest)])]
    if is_cut:
        del sections[-1:]
    elif len(sections) != sum(entry.sections for entry in entries):
        raise ValueError("git's diff has another number of files than its list")
    found, number = [], 0
    for entry in entries:
        own = sections[number : number + entry.sections]
        number += entry.sections
        found.append(_changed_file(entry, own if len(own) == entry.sections else None))
    return found


def _read_entries(output: str, *, is_cut: bool) -> tuple[list[_Entry], str]:
    """The raw entries with their numbers of lines, and the patch."""
    fields = _Fields(output)
    entries: list[_Entry] = []
    counts: list[tuple[int, int]] = []
    try:
        while fields.next_character == ":":
            before, after, _, _, letter = fields.take()[1:].split(" ")
            path = fields.take()
            old_path = ""
            if letter[:1] in {"R", "C"}:
                old_path, path = path, fields.take()
            entries.append(_Entry((before, after), letter[:1], old_path, path))
        while len(counts) < len(entries):
            added, removed, path = fields.take().split("\t", 2)
            if not path:  # The old and the new path follow.
                fields.take()
                fields.take()
            counts.append((int(added) if added != "-" else 0, int(removed) if removed != "-" else 0))
        if entries and fields.take():
            raise ValueError("git's diff has another form than expected")
    except _EndOfText:
        if not is_cut:
            raise
    if not entries and output and not is_cut:
        raise ValueError("git's diff has another form than expected")
    missing = len(entries) - len(counts)
    counts += [(0, 0)] * missing
    numbered = [
        entry._replace(added=added, removed=removed) for entry, (added, removed) in zip(entries, counts, strict=True)
    ]
    return numbered, "" if missing else fields.rest


class _EndOfText(ValueError):
    """The text has no more fields."""


class _Fields:
    """Reads the fields of a text; each field ends with a NUL."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def take(self) -> str:
        """Read the next field.

        Raises:
            _EndOfText: there is none.
        """
        end = self._text.find("\0", self._position)
        if end < 0:
            raise _EndOfText("git's diff ends too early")
        begin, self._position = self._position, end + 1
        return self._text[begin:end]

    @property
    def next_character(self) -> str:
        """The first character of the next field, "" at the end."""
        return self._text[self._position : self._position + 1]

    @property
    def rest(self) -> str:
        """The text after the last field that was read."""
        return self._text[self._position :]


def _changed_file(entry: _Entry, sections: list[str] | None) -> ChangedFile:
    """A raw entry with its sections of the patch; None if they are missing."""
    withheld: Withheld = ""
    patch = ""
    if sections is None:
        withheld = "limit"
    else:
        for section in sections:
            hunk = _HUNK.search(section)
            header = section[: hunk.start()] if hunk is not None else section
            if _BINARY.search(header):
                withheld = "binary"
            elif hunk is not None:
                patch += _UNMERGED.sub("", section[hunk.start() :])
    if len(patch) > MAX_PATCH_CHARACTERS:
        patch, withheld = "", "large"
    before, after = ("" if mode == _NO_MODE else mode for mode in entry.modes)
    return ChangedFile(
        path=entry.path, old_path=entry.old_path if entry.letter == "R" else "",
        state=_STATES.get(entry.letter, "modified"), added=entry.added, removed=entry.removed, modes=(before, after),
        patch=readable(patch), withheld=withheld,
    )  # fmt: skip


def readable(text: str) -> str:
    """A text with replacement characters in place of lone surrogates."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
