"""Unified diffs: of two texts, for agents that report a file's old and new text, and of several files. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

from session_host.structured.items import FileChange

CONTEXT_LINES = 3
MAX_COMPARED_LINES = 4000
"""Larger differing parts are shown as removed and added whole: comparing them would take seconds."""

_NO_END = "\\ No newline at end of file"


def fragment_patch(old: str, new: str) -> str:
    """Like ``unified_patch``, for parts of a file: hunks begin at line 0, since their position is unknown.

    A text without a newline at its end does not end the file.
    """
    if not old.endswith("\n") and not new.endswith("\n"):
        old, new = (f"{text}\n" if text else "" for text in (old, new))
    return unified_patch(old, new, is_fragment=True)


def unified_patch(old: str, new: str, *, is_fragment: bool = False) -> str:
    """The hunks that turn one text into another, without the two header lines; "" if they are equal.

    If both texts lack a newline at their end, they may be parts of a file: then the patch does not mention it.
    """
    if old == new:
        return ""
    if old and new and not old.endswith("\n") and not new.endswith("\n"):
        old, new = f"{old}\n", f"{new}\n"
    before, after = _lines(old), _lines(new)
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    lead = min(CONTEXT_LINES, start)
    trail = min(CONTEXT_LINES, end)
    first = start - lead
    before = before[first : len(before) - end + trail]
    after = after[first : len(after) - end + trail]
    lines: list[str] = []
    for group in _groups(before, after, lead, trail):
        lines.append(_header(group, None if is_fragment else first))
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                lines += [f" {line}" for line in before[old_from:old_to]]
                continue
            lines += [f"-{line}" for line in before[old_from:old_to]]
            lines += [f"+{line}" for line in after[new_from:new_to]]
    return "\n".join(lines) + "\n"


_Group = list[tuple[str, int, int, int, int]]


def _groups(before: list[str], after: list[str], lead: int, trail: int) -> list[_Group]:
    if len(before) + len(after) <= MAX_COMPARED_LINES:
        matcher = SequenceMatcher(None, before, after)
        return [list(group) for group in matcher.get_grouped_opcodes(CONTEXT_LINES)]
    old_end, new_end = len(before) - trail, len(after) - trail
    group: _Group = [
        ("equal", 0, lead, 0, lead),
        ("replace", lead, old_end, lead, new_end),
        ("equal", old_end, len(before), new_end, len(after)),
    ]
    return [group]


def _header(group: _Group, offset: int | None) -> str:
    """A hunk's first line; ``offset`` is the number of lines before the texts, None if unknown."""
    _, old_from, _, new_from, _ = group[0]
    _, _, old_to, _, new_to = group[-1]
    return f"@@ -{_hunk_range(old_from, old_to, offset)} +{_hunk_range(new_from, new_to, offset)} @@"


def _hunk_range(start: int, end: int, offset: int | None) -> str:
    length = end - start
    begin = 0 if offset is None else start + offset + (1 if length else 0)
    return str(begin) if length == 1 else f"{begin},{length}"


def _lines(text: str) -> list[str]:
    """The lines of a text; if the last one has no newline, git's remark about that is added to it."""
    lines = text.split("\n")
    if not lines[-1]:
        return lines[:-1]
    lines[-1] += f"\n{_NO_END}"
    return lines


def whole_diff(changes: Iterable[FileChange]) -> str:
    """All changes as one unified diff, with headers."""
    parts = []
    for change in changes:
        old = "/dev/null" if change.kind == "add" else change.path
        new = "/dev/null" if change.kind == "delete" else change.moved_to or change.path
        parts.append(f"--- {old}\n+++ {new}\n{change.patch}".rstrip("\n") + "\n")
    return "".join(parts)
