"""The unchanged lines of a changed file that its diff does not show. Pure.

They are counted as in the file before the change. That content never changes, so opened lines stay where they are
while the agent goes on working.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from gui.bridge.changes import LINK, ChangedFile
from gui.chat.content.segments import DiffLine

_CONTEXT = 3
"""git's usual number of unchanged lines below a change; fewer at the end of a file."""


class HiddenLines:
    """The lines of one file before its change, and which of those that the diff hides are shown.

    Attributes:
        lines: the lines of the file; None until they are read.
        opened: the old numbers of the hidden lines that the user has opened.
        commented: the old numbers of those that are shown because of a comment.
    """

    def __init__(self) -> None:
        self.lines: tuple[str, ...] | None = None
        self.opened: set[int] = set()
        self.commented: set[int] = set()

    @property
    def shown(self) -> set[int]:
        """The old numbers of the hidden lines that are shown."""
        return self.opened | self.commented

    def fits(self, diff: Iterable[DiffLine]) -> bool:
        """Whether a diff changes these lines."""
        lines = self.lines or ()
        return all(
            line.old <= len(lines) and lines[line.old - 1] == line.text
            for line in diff
            if line.kind in {" ", "-"} and line.old
        )

    def in_diff(self, diff: Sequence[DiffLine], *, all_lines: bool = False) -> list[DiffLine]:
        """A diff with the opened lines, or with all lines, and with the lines below its last change."""
        found: list[DiffLine] = []
        old = new = 1
        for line in diff:
            if line.kind == "@":
                found += self._between(old, old + line.old, new - old, line.text, all_lines=all_lines)
                old, new = old + line.old, new + line.old
            else:
                found.append(line)
                old, new = old + (line.kind in {" ", "-"}), new + (line.kind in {" ", "+"})
        if self.lines is not None:
            found += self._between(old, len(self.lines) + 1, new - old, "", all_lines=all_lines)
            return _with_headings(found)
        if [line.kind for line in diff[-_CONTEXT:]] == [" "] * _CONTEXT:
            found.append(DiffLine("@", 0, 0, "", first_hidden=old))
        return found

    def _between(self, first: int, end: int, shift: int, heading: str, *, all_lines: bool) -> list[DiffLine]:
        """The lines above a hunk that the diff hides: those that are opened, and a heading for each part that is not.

        Args:
            first: the old number of the first line.
            end: the old number of the line below the last one.
            shift: the difference between new and old numbers.
            heading: the first line of the hunk.
            all_lines: whether all are opened.
        """
        if first == end:
            return [DiffLine("@", 0, 0, heading)] if heading else []
        found: list[DiffLine] = []
        shown = self.shown
        for is_opened, group in groupby(range(first, end), lambda old: all_lines or old in shown):
            numbers = list(group)
            if is_opened and self.lines is not None:
                found += [DiffLine(" ", old, old + shift, self.lines[old - 1]) for old in numbers]
            else:
                text = heading if numbers[-1] == end - 1 else ""
                found.append(DiffLine("@", len(numbers), len(numbers), text, first_hidden=numbers[0]))
        return found


def can_open(file: ChangedFile) -> bool:
    """Whether the diff of a file hides lines that can be shown: both of its sides are a text."""
    has_sides = file.state in {"modified", "renamed"} and "" not in file.modes
    return has_sides and bool(file.patch) and not file.withheld and not file.is_submodule and LINK not in file.modes


def _with_headings(lines: list[DiffLine]) -> list[DiffLine]:
    """Lines with headings that count the lines below them, as git's do: the user may copy them."""
    found = list(lines)
    old, new = 1, 1
    for number, line in enumerate(lines):
        if line.kind != "@":
            old, new = old + (line.kind in {" ", "-"}), new + (line.kind in {" ", "+"})
            continue
        old, new = old + line.old, new + line.old
        below = []
        for each in lines[number + 1 :]:
            if each.kind == "@":
                break
            below.append(each.kind)
        counts = [sum(kind in kinds for kind in below) for kinds in (" -", " +")]
        starts = [start - (not count) for start, count in zip((old, new), counts, strict=True)]
        ranges = [f"{start},{count}" for start, count in zip(starts, counts, strict=True)]
        title = line.text.partition(" @@")[2]
        text = f"@@ -{ranges[0]} +{ranges[1]} @@{title}" if below else ""
        found[number] = line._replace(text=text)
    return found
