"""Unified diffs as lines with numbers, and in pairs for two columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import PurePosixPath

from session_host.structured.items import FileChange

from .ansi import visible
from .segments import LINES_PER_CHUNK, Diff, DiffHead, DiffLine, Segment

_HUNK = re.compile(r"^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)$")


def parse(patch: str) -> list[DiffLine]:
    """The lines of a patch."""
    old = new = 1
    found: list[DiffLine] = []
    in_hunk = False
    text = patch.replace("\r\n", "\n").removesuffix("\n")
    for line in text.split("\n") if text else ():
        hunk = _HUNK.match(line)
        if hunk is not None:
            old, new = int(hunk.group(1)), int(hunk.group(2))
            in_hunk = True
            found.append(DiffLine("@", 0, 0, line))
        elif not in_hunk and line.startswith(("--- ", "+++ ", "diff ", "index ")):
            continue
        elif line.startswith("+"):
            found.append(DiffLine("+", 0, new, line[1:]))
            new += 1
        elif line.startswith("-"):
            found.append(DiffLine("-", old, 0, line[1:]))
            old += 1
        elif line.startswith("\\"):
            found.append(DiffLine("@", 0, 0, line))
        else:
            found.append(DiffLine(" ", old, new, line[1:]))
            old, new = old + 1, new + 1
    return found


def pairs(lines: Sequence[DiffLine]) -> list[tuple[int | None, int | None]]:
    """The rows of two columns: the numbers of the lines left and right; a context line is in both."""
    rows: list[tuple[int | None, int | None]] = []
    removed: list[int] = []
    added: list[int] = []

    def flush() -> None:
        rows.extend(zip_longest(removed, added))
        removed.clear()
        added.clear()

    for number, line in enumerate(lines):
        if line.kind == "-":
            if added:
                flush()
            removed.append(number)
        elif line.kind == "+":
            added.append(number)
        else:
            flush()
            rows.append((number, number))
    flush()
    return rows


def segments(change: FileChange, item: str, note: str) -> list[Segment]:
    """The segments of one file's change."""
    lines = parse(change.patch)
    added = sum(line.kind == "+" for line in lines)
    removed = sum(line.kind == "-" for line in lines)
    digits = len(str(max((max(line.old, line.new) for line in lines), default=1)))
    path = visible(change.moved_to or change.path)
    found: list[Segment] = [
        DiffHead(
            path, inner=True, item=item, added=added, removed=removed, note=note, empty=not lines,
            can_pair=bool(added and removed),
        )
    ]  # fmt: skip
    language = PurePosixPath(path).suffix.removeprefix(".")
    start = 0
    while start < len(lines):
        end = min(start + LINES_PER_CHUNK, len(lines))
        while end < len(lines) and end < start + 2 * LINES_PER_CHUNK and lines[end].kind in "+-":
            end += 1  # Removed and added lines of one place stay together.
        piece = tuple(lines[start:end])
        text = "\n".join((line.kind if line.kind != "@" else "") + line.text for line in piece)
        found.append(Diff(text, inner=True, lines=piece, language=language, last=end == len(lines), digits=digits))
        start = end
    return found
