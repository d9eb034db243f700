"""Markdown as segments; if a text grows, only its last block is parsed again.

Of a long block of code and of a long table, only the last lines are.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from .blocks import Blocks, parser
from .segments import LINES_PER_CHUNK, Face, Paragraph, Run, Segment, chunks
from .tables import with_shared_columns

_MAX_PARAGRAPH_CHARACTERS = 20_000
_MAX_REREAD_CHARACTERS = 10_000
"""A longer text is not read again from its beginning while a definition grows: this takes some 40 ms each time."""


def blocks(text: str) -> list[str]:
    """The top-level blocks of a markdown text: paragraphs, lists, tables, code."""
    lines = text.splitlines()
    tokens = parser().parse(text)
    starts = [token.map[0] for token in tokens if token.level == 0 and token.nesting >= 0 and token.map is not None]
    return ["\n".join(lines[start:end]).rstrip() for start, end in pairwise([*starts, len(lines)])]


class MarkdownText:
    """The segments of a markdown text that may grow."""

    def __init__(self) -> None:
        self._text = ""
        self._segments: list[Segment] = []
        self._settled = 0
        """The number of segments that no later text can change."""
        self._start = 0
        """The offset from which the text is parsed again."""
        self._prefix = ""
        """The opening line of the code block that contains ``_start``, or the first two of the table; "" outside."""
        self._references: dict[str, Any] = {}
        """The definitions of links before ``_start``, as the parser reports them."""
        self._used: set[tuple[str, str]] = set()
        """Label and address of the definitions with which the settled segments were read."""

    def segments(self, text: str) -> list[Segment]:
        """The segments of ``text``; if it begins with the previous text, segments before the last block are reused."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if not (self._text and text.startswith(self._text)):
            self._restart()
        elif len(text) == len(self._text):
            return self._segments
        self._text = text
        start = self._start
        defined = self._read(text[start:])
        changed = defined ^ self._used
        if changed and start and len(text) <= _MAX_REREAD_CHARACTERS:
            settled = text[:start].upper()
            if any(f"[{label}]" in settled for label, _ in changed):
                self._restart()
                self._read(text)
        self._used = defined
        return self._segments

    def _restart(self) -> None:
        self._segments, self._settled, self._start, self._prefix = [], 0, 0, ""
        self._references, self._used = {}, set()

    def _read(self, tail: str) -> set[tuple[str, str]]:
        """Parse the text from ``_start`` on, and move ``_start`` to where parsing must begin next time.

        Returns:
            Label and address of all definitions of links up to the text's end.
        """
        prefix = self._prefix
        # The parser adds definitions, and never changes the address of a label. The last line of a definition may still
        # grow, and its address is not final then: so the parser gets a copy.
        found = {"references": self._references.copy()}
        tokens = parser().parse(prefix + tail, found)
        blocks = Blocks(continued=bool(prefix))
        for token in tokens:
            blocks.read(token)
        settled, line = blocks.restart
        self._prefix = ""
        last = tokens[-1] if tokens else None
        if last is not None and last.type == "fence" and last.level == 0 and last.map is not None:
            pieces = max(last.content.count("\n") - 1, 0) // LINES_PER_CHUNK
            if pieces or (prefix and len(tokens) == 1):
                settled += pieces
                line = last.map[0] + 1 + pieces * LINES_PER_CHUNK
                self._prefix = f"{last.markup}{last.info}\n"
        elif last is not None and last.type == "table_close" and last.level == 0:
            pieces = max(blocks.rows - 1, 0) // LINES_PER_CHUNK
            if pieces or (prefix and line == 0):
                settled += pieces
                self._prefix = "".join(f"{each}\n" for each in (prefix + tail).split("\n", line + 2)[line : line + 2])
                line += 2 + pieces * LINES_PER_CHUNK
        self._references = {
            label: each
            for label, each in found["references"].items()
            if label in self._references or each["map"][1] <= line
        }
        self._segments = with_shared_columns([*self._segments[: self._settled], *blocks.segments], self._settled)
        self._settled += settled
        self._start += _offset_of_line(tail, max(line - prefix.count("\n"), 0))
        return {(label, each["href"]) for label, each in found["references"].items()}


def _offset_of_line(text: str, line: int) -> int:
    offset = 0
    for _ in range(line):
        end = text.find("\n", offset)
        if end < 0:
            return len(text)
        offset = end + 1
    return offset


def plain_paragraphs(text: str, *, face: Face = Face.PLAIN, inner: bool = False) -> list[Segment]:
    """A text that is not markdown, with its line ends, in segments of limited length."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    pieces = [
        piece[start : start + _MAX_PARAGRAPH_CHARACTERS]
        for piece in chunks(text)
        for start in range(0, max(len(piece), 1), _MAX_PARAGRAPH_CHARACTERS)
    ]
    return [
        Paragraph(piece, inner=inner, runs=(Run(piece, face),), tight=number > 0) for number, piece in enumerate(pieces)
    ]
