"""Segments as text: plain, and as markdown."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from .segments import (
    Code,
    Diff,
    DiffHead,
    Face,
    FoldLine,
    Paragraph,
    PlanLine,
    QuietLine,
    Rule,
    Run,
    Segment,
    Table,
)


def utf16_slice(text: str, begin: int, end: int) -> str:
    """A part of a text, by offsets in UTF-16 code units, as Qt counts them."""
    if text.isascii():
        return text[begin:end]
    return text.encode("utf-16-le", "surrogatepass")[begin * 2 : end * 2].decode("utf-16-le", "replace")


def cut(segment: Segment, begin: int, end: int) -> Segment:
    """A part of a segment, by offsets in UTF-16 code units, as Qt counts them."""
    text = utf16_slice(segment.text, begin, end)
    if text == segment.text:
        return segment
    if isinstance(segment, Paragraph):
        runs = tuple(_cut_runs(segment.runs, begin, end))
        return dataclasses.replace(segment, text=text, runs=runs, marker=segment.marker if begin == 0 else "")
    if isinstance(segment, Table | DiffHead):
        return Paragraph(text, runs=(Run(text),))
    if isinstance(segment, Diff):
        return Code(text, language="diff")
    return dataclasses.replace(segment, text=text)


def _cut_runs(runs: Iterable[Run], begin: int, end: int) -> Iterable[Run]:
    offset = 0
    for run in runs:
        length = len(run.text.encode("utf-16-le", "surrogatepass")) // 2
        first, last = max(begin - offset, 0), min(end - offset, length)
        if first < last:
            yield run._replace(text=utf16_slice(run.text, first, last))
        offset += length


def as_plain(segments: Sequence[Segment]) -> str:
    """The plain text of segments; a diff that is selected with its file's head becomes a patch."""
    found = ""
    previous: Segment | None = None
    for number, segment in enumerate(segments):
        text = segment.text
        if isinstance(segment, Rule):
            text = "---"
        elif isinstance(segment, DiffHead) and _has_lines(segments, number):
            text = segment.header
        elif isinstance(segment, Paragraph) and segment.marker:
            text = f"{'  ' * (segment.indent - 1)}{segment.marker} {text}"
        if not text:
            continue
        if previous is not None:
            found += "\n" if _is_close(previous, segment) else "\n\n"
        found += text
        previous = segment
    return found


def _has_lines(segments: Sequence[Segment], number: int) -> bool:
    """Whether lines of a diff follow a segment."""
    return number + 1 < len(segments) and isinstance(segments[number + 1], Diff)


def _is_close(previous: Segment, segment: Segment) -> bool:
    """Whether no blank line is between two segments."""
    if isinstance(segment, Paragraph):
        return isinstance(previous, Paragraph) and segment.tight and not (segment.level or previous.level)
    if isinstance(segment, Code):
        return not segment.first or isinstance(previous, FoldLine | QuietLine)
    if isinstance(segment, Table):
        return not segment.first
    return not isinstance(segment, Rule)


def as_markdown(segments: Sequence[Segment]) -> str:
    """The segments as markdown."""
    found: list[str] = []
    number = 0
    while number < len(segments):
        segment = segments[number]
        number += 1
        if isinstance(segment, Code | Diff) or (isinstance(segment, DiffHead) and _has_lines(segments, number - 1)):
            lines = [segment.header if isinstance(segment, DiffHead) else segment.text]
            while number < len(segments) and _continues_block(segments[number]):
                lines.append(segments[number].text)
                number += 1
            language = segment.language if isinstance(segment, Code) else "diff"
            fence = "````" if any("```" in line for line in lines) else "```"
            text = "\n".join([f"{fence}{language}", *lines, fence])
        else:
            text = _markdown_of(segment)
        if not text:
            continue
        prefix = "> " * segment.quotes + "  " * max(segment.indent - (1 if getattr(segment, "marker", "") else 0), 0)
        text = "\n".join(prefix + line for line in text.split("\n"))
        if found and number > 1 and _is_next_line(segments[number - 2], segment):
            found[-1] += f"\n{text}"
        else:
            found.append(text)
    return "\n\n".join(found)


def _is_next_line(previous: Segment, segment: Segment) -> bool:
    """Whether a segment is an entry of the same list, or has rows of the same table."""
    if isinstance(segment, Table):
        return isinstance(previous, Table) and not segment.first
    return _is_list_entry(previous) and _is_list_entry(segment)


def _is_list_entry(segment: Segment) -> bool:
    return isinstance(segment, PlanLine) or bool(getattr(segment, "marker", ""))


def _continues_block(segment: Segment) -> bool:
    return isinstance(segment, Diff) or (isinstance(segment, Code) and not segment.first)


def _markdown_of(segment: Segment) -> str:
    match segment:
        case Paragraph():
            text = "".join(_markdown_run(run) for run in segment.runs) if segment.runs else segment.text
            if segment.level:
                return f"{'#' * segment.level} {text}"
            marker = {"•": "-", "☐": "- [ ]", "☑": "- [x]"}.get(segment.marker, segment.marker)
            return f"{marker} {text}" if marker else text
        case Table():
            rows = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in segment.rows]
            if segment.first and rows:
                rows.insert(1, "| " + " | ".join("---" for _ in segment.rows[0]) + " |")
            return "\n".join(rows)
        case Rule():
            return "---"
        case FoldLine():
            return f"`{segment.text}`" if segment.code else f"**{segment.text}**"
        case DiffHead():
            return f"`{segment.text}`"
        case PlanLine():
            return f"- [{'x' if segment.state == 'completed' else ' '}] {segment.text}"
        case QuietLine():
            return f"_{segment.text}_" if segment.text else ""
        case _:
            return segment.text


def _cell(runs: Iterable[Run]) -> str:
    return "".join(_markdown_run(run) for run in runs).replace("|", "\\|").replace("  \n", "<br>")


def _markdown_run(run: Run) -> str:
    text = run.text
    if not text.strip():
        return text.replace("\n", "  \n")
    if run.face & Face.CODE:
        fence = "``" if "`" in text else "`"
        text = f"{fence}{text}{fence}"
    if run.face & Face.STRIKE:
        text = f"~~{text}~~"
    if run.face & Face.ITALIC:
        text = f"*{text}*"
    if run.face & Face.BOLD:
        text = f"**{text}**"
    if run.link and run.link != run.text:
        text = f"[{text}]({run.link})"
    return text.replace("\n", "  \n") if not run.face & Face.CODE else text
