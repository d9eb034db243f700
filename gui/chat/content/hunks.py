"""The hunks of made changes: each has segments of its own, with what the user can do about it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from gui.wording import changes_texts
from session_host.structured.patches import DiffLine, hunks_of

from .segments import Action, Button, CommentBox, CommentLine, Diff, DiffHead, FoldLine, Segment, TakenBack

HunkState = Literal["", "whole", "made", "taken_back"] | int
"""The buttons of a hunk, for each state in turn: none; *Comment*; *Comment* and *Take back*; *Undo*.

A number is that of the line about which *Take back* asks.
"""
HunkStates = Callable[[str, str], HunkState]
"""Returns the state of a hunk of a file: of a path as the agent names it, and a text as the agent sent it."""


def with_hunks(found: Sequence[Segment], item: str, state_of: HunkStates) -> list[Segment]:
    """The segments of an item, with buttons at its hunks, and a line in place of each one that is taken back."""
    made: list[Segment] = []
    path, texts, number = "", list[str](), -1
    state: HunkState = ""
    for segment in found:
        head = segment.head if isinstance(segment, FoldLine) else segment
        if isinstance(head, DiffHead):
            path, number, state = head.file.path if head.file is not None else "", -1, ""
            texts = hunks_of(head.patch) if path else []
        if not isinstance(segment, Diff):
            made.append(segment)
            continue
        pieces: list[Diff] = []
        for piece in _by_hunk(segment):
            if piece.lines[0].kind == "@":
                number += 1
                state = state_of(path, texts[number]) if number < len(texts) else ""
                pieces.append(_begun(piece, item, state))
            elif state != "taken_back":
                pieces.append(piece)
        made += pieces
    return _with_ends(made)


def first_of_hunk(segments: Sequence[Segment], number: int) -> int:
    """The number of the segment with which the hunk begins that has a segment; of another segment its own number."""
    begin = number
    while begin and isinstance(segment := segments[begin], Diff | CommentBox | CommentLine):
        if isinstance(segment, Diff) and segment.lines[0].kind == "@":
            return begin
        begin -= 1
    return begin if isinstance(segments[number], Diff) else number


def with_below(segments: Sequence[Segment], below: Mapping[int, Sequence[Segment]]) -> list[Segment]:
    """The segments of a change with others below lines of its diffs, which are counted from 0 through all of them."""
    found: list[Segment] = []
    line = 0
    for segment in segments:
        if not isinstance(segment, Diff):
            found.append(segment)
            continue
        start, end_line = 0, line + len(segment.lines)
        ends = [last - line + 1 for last in sorted(below) if line <= last < end_line]
        for end in dict.fromkeys([*ends, len(segment.lines)]):
            piece = segment.lines[start:end]
            if piece:
                text = "\n".join(each.signed_text for each in piece)
                is_first, is_last = segment.first and not start, segment.last and end == len(segment.lines)
                buttons = segment.buttons if not start else ()
                found.append(replace(segment, text=text, lines=piece, first=is_first, last=is_last, buttons=buttons))
            found += _on_ground(below.get(line + end - 1, ()), found) if end in ends else []
            start = end
        line = end_line
    return found


def _on_ground(added: Sequence[Segment], found: list[Segment]) -> list[Segment]:
    """Segments below the last one, a diff; those on its ground end it in its place."""
    made = list(added)
    diff, last = found[-1], made[-1] if made else None
    if isinstance(diff, Diff) and isinstance(last, CommentBox | CommentLine):
        made[-1] = replace(last, last=diff.last)
        found[-1] = replace(diff, last=False)
    return made


def _by_hunk(segment: Diff) -> Iterator[Diff]:
    """A segment's lines in pieces that begin with a hunk, if the hunk begins there."""
    starts = [number for number, line in enumerate(segment.lines) if line.kind == "@" and number]
    for first, end in zip([0, *starts], [*starts, len(segment.lines)], strict=True):
        lines = segment.lines[first:end]
        yield replace(segment, lines=lines, text="\n".join(line.signed_text for line in lines))


def _begun(piece: Diff, item: str, state: HunkState) -> Diff:
    """The first segment of a hunk."""
    comment = Button(changes_texts.COMMENT_SHORT(), Action("comment", item))
    match state:
        case int(line):
            name = changes_texts.TAKE_BACK_AT(line=line)
            return replace(piece, buttons=(Button(name, Action("take_back", item, str(line))), comment))
        case "made":
            return replace(piece, buttons=(Button(changes_texts.TAKE_BACK_SHORT(), Action("take_back", item)), comment))
        case "whole":
            return replace(piece, buttons=(comment,))
        case "taken_back":
            return TakenBack(
                changes_texts.lines_taken_back(_changed_numbers(piece.lines)),
                inner=piece.inner,
                indent=piece.indent,
                lines=piece.lines[:1],
                digits=piece.digits,
                longest=piece.longest,
                has_head=piece.has_head,
                buttons=(Button(changes_texts.UNDO_COMMENT(), Action("bring_back", item)),),
            )
        case _:
            return piece


def _changed_numbers(lines: Sequence[DiffLine]) -> list[int]:
    """The numbers of the lines that the change has added, else of those that it has removed; [] if unknown."""
    for numbers in ([line.new for line in lines if line.kind == "+"], [line.old for line in lines if line.kind == "-"]):
        if any(numbers):
            return numbers
    return []


def _with_ends(found: list[Segment]) -> list[Segment]:
    """The same segments, of which the first and the last one of each diff know that."""
    for number, segment in enumerate(found):
        if isinstance(segment, Diff):
            first = not (number and isinstance(found[number - 1], Diff))
            last = not (number + 1 < len(found) and isinstance(found[number + 1], Diff))
            found[number] = replace(segment, first=first, last=last)
    return found
