"""Markdown as segments; if a text grows, only its last block is parsed again."""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

from gui.chat.figures import FORMULA, kind_of
from gui.terminal.links.links import addresses_in
from gui.wording import chat_texts
from session_host.protocol.values import Image
from session_host.structured.markdown_syntax import displayed_formula, of_agents

from .segments import (
    LINES_PER_CHUNK,
    Cell,
    Code,
    Face,
    NamedPicture,
    Paragraph,
    Rule,
    Run,
    Segment,
    Table,
    TableRow,
    chunks,
    code_segments,
)

_DATA = "data:"
_IMAGE_DATA = re.compile(r"data:(image/\w+);base64,", re.IGNORECASE)
_WORD_END = re.compile(r"\s")
_TASK = re.compile(r"^\[([ xX])\] ")
_BOXES = {" ": "☐", "x": "☑", "X": "☑"}
_FACES = {"strong_open": Face.BOLD, "em_open": Face.ITALIC, "s_open": Face.STRIKE}
_MAX_PARAGRAPH_CHARACTERS = 20_000
_MAX_REREAD_CHARACTERS = 10_000
"""A longer text is not read again from its beginning while a definition grows: this takes some 40 ms each time."""


class MarkdownText:
    """The segments of a markdown text that may grow."""

    def __init__(self) -> None:
        self._text = ""
        self._segments: list[Segment] = []
        self._settled = 0
        """The number of segments that no later text can change."""
        self._start = 0
        """The offset from which the text is parsed again."""
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
        self._segments, self._settled, self._start = [], 0, 0
        self._references, self._used = {}, set()

    def _read(self, tail: str) -> set[tuple[str, str]]:
        """Parse the text from ``_start`` on, and move ``_start`` to where parsing must begin next time.

        Returns:
            Label and address of all definitions of links up to the text's end.
        """
        # The parser adds definitions, and never changes the address of a label. The last line of a definition may still
        # grow, and its address is not final then: so the parser gets a copy.
        found = {"references": self._references.copy()}
        tokens = parser().parse(tail, found)
        blocks = Blocks()
        for token in tokens:
            blocks.read(token)
        settled, line = blocks.restart
        self._references = {
            label: each
            for label, each in found["references"].items()
            if label in self._references or each["map"][1] <= line
        }
        self._segments = [*self._segments[: self._settled], *blocks.segments]
        self._settled += settled
        self._start += _offset_of_line(tail, line)
        return {(label, each["href"]) for label, each in found["references"].items()}


def _offset_of_line(text: str, line: int) -> int:
    offset = 0
    for _ in range(line):
        end = text.find("\n", offset)
        if end < 0:
            return len(text)
        offset = end + 1
    return offset


def blocks(text: str) -> list[str]:
    """The top-level blocks of a markdown text: paragraphs, lists, tables, code."""
    lines = text.splitlines()
    tokens = parser().parse(text)
    starts = [token.map[0] for token in tokens if token.level == 0 and token.nesting >= 0 and token.map is not None]
    return ["\n".join(lines[start:end]).rstrip() for start, end in pairwise([*starts, len(lines)])]


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


@lru_cache(maxsize=1)
def parser() -> MarkdownIt:
    """The parser of messages."""
    return of_agents(MarkdownIt("commonmark", {"html": False}))


class Blocks:
    """Converts tokens to segments.

    Attributes:
        segments: the segments so far.
        restart: the numbers of segments and of lines before the last top-level block, or the last entry or block in a
            list or quotation.
    """

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.restart = (0, 0)
        self._lists: list[int | None] = []
        self._marker = ""
        self._quotes = 0
        self._level = 0
        self._rows: list[list[tuple[Run, ...]]] = []
        self._aligned: list[str] = []
        self._in_table = False
        self._tight = False

    def read(self, token: Token) -> None:
        """Read the next token."""
        kind = token.type
        if token.map is not None and self._can_restart_at(token):
            self.restart = (len(self.segments), token.map[0])
        if kind == "inline":
            self._inline(token)
        elif kind in {"fence", "code_block"}:
            self._code(token)
        elif kind == "hr":
            self.segments.append(Rule(indent=len(self._lists), quotes=self._quotes))
        elif "list" in kind:
            self._list(token)
        elif self._in_table or kind == "table_open":
            self._table(token)
        else:
            self._around(token)

    def _can_restart_at(self, token: Token) -> bool:
        """Whether a text that begins at a token reads like this text from there on."""
        is_in_quotation = self._quotes == 1 and not self._lists
        return token.nesting >= 0 and (
            token.level == 0 or (token.level == 1 and (token.type == "list_item_open" or is_in_quotation))
        )

    def _around(self, token: Token) -> None:
        """Read the beginning or end of a heading, a paragraph or a quotation."""
        match token.type:
            case "heading_open":
                self._level = int(token.tag[1:])
            case "heading_close":
                self._level = 0
            case "paragraph_open" | "paragraph_close":
                self._tight = token.hidden and token.nesting > 0
            case "blockquote_open":
                self._quotes += 1
            case "blockquote_close":
                self._quotes -= 1
            case _:
                pass

    def _list(self, token: Token) -> None:
        """Read the beginning or end of a list or of an entry."""
        match token.type:
            case "bullet_list_open":
                self._lists.append(None)
            case "ordered_list_open":
                self._lists.append(int(token.attrs.get("start", 1)))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                number = self._lists[-1]
                self._marker = "•" if number is None else f"{token.info or number}."
            case _ if self._marker:
                self._add_paragraph(())
            case _:
                pass

    def _table(self, token: Token) -> None:
        match token.type:
            case "table_open":
                self._in_table, self._rows, self._aligned = True, [], []
            case "tr_open":
                self._rows.append([])
            case "th_open":
                self._aligned.append(str(token.attrs.get("style", "")).removeprefix("text-align:"))
            case "table_close":
                self._in_table = False
                self._add_table(tuple(tuple(row) for row in self._rows))
            case _:
                pass

    def _add_table(self, rows: tuple[TableRow, ...]) -> None:
        """Add a table, in segments of a limited number of rows; the head comes with the first rows."""
        starts = range(1, max(len(rows), 2), LINES_PER_CHUNK)
        longest, wordiest = (_longest_cells(rows), _wordiest_cells(rows)) if len(starts) > 1 else ((), ())
        for start in starts:
            first = start == 1
            piece = rows[0 if first else start : start + LINES_PER_CHUNK]
            cells = [["".join(run.text for run in cell).replace("\n", " ") for cell in row] for row in piece]
            self.segments.append(
                Table(
                    "\n".join("\t".join(row) for row in cells),
                    len(self._lists),
                    self._quotes,
                    rows=piece,
                    aligned=tuple(self._aligned),
                    first=first,
                    last=start == starts[-1],
                    longest=longest,
                    wordiest=wordiest,
                )
            )

    def _inline(self, token: Token) -> None:
        runs = tuple(_runs(token.children or ()))
        if (picture := _only_picture(token)) is not None and not (self._in_table or self._level):
            if self._marker:
                self._add_paragraph(())
            self._add_picture(picture)
        elif self._in_table:
            self._rows[-1].append(runs)
        elif not (self._marker or self._level) and (formula := displayed_formula(token.content)):
            self._add_code(formula, FORMULA)
        else:
            self._add_paragraph(runs)
            for each in token.children or ():
                if each.type == "image" and _source(each).lower().startswith(_DATA):
                    self._add_picture(each)

    def _add_picture(self, picture: Token) -> None:
        source = _source(picture)
        image = sent_image(source) if source.lower().startswith(_DATA) else None
        name = picture.content or (PurePosixPath(source).name or source if image is None else chat_texts.IMAGE())
        self.segments.append(NamedPicture(name, len(self._lists), self._quotes, source=source, image=image))

    def _add_paragraph(self, runs: tuple[Run, ...]) -> None:
        marker, self._marker = self._marker, ""
        if marker and runs and (task := _TASK.match(runs[0].text)):
            marker = _BOXES[task.group(1)]
            runs = (runs[0]._replace(text=runs[0].text[task.end() :]), *runs[1:])
        text = "".join(run.text for run in runs)
        self.segments.append(
            Paragraph(
                text,
                len(self._lists),
                self._quotes,
                runs=runs,
                level=self._level,
                marker=marker,
                tight=self._tight or bool(marker),
            )
        )

    def _code(self, token: Token) -> None:
        if self._marker:
            self._add_paragraph(())
        self._add_code(token.content.removesuffix("\n"), token.info.split()[0] if token.info.strip() else "")

    def _add_code(self, text: str, language: str) -> None:
        code = Code("", len(self._lists), self._quotes, language=language, title=language, copies=True)
        self.segments += code_segments(text, code, in_pieces=not kind_of(language, text))


def _only_picture(token: Token) -> Token | None:
    """The picture of a paragraph that has nothing else.

    One beside words, and one in a table, is a link there: a box that opens to a picture would tear the line apart.
    """
    children = [each for each in token.children or () if each.type != "softbreak" and (each.content or each.attrs)]
    return children[0] if len(children) == 1 and children[0].type == "image" else None


def _source(picture: Token) -> str:
    return str(picture.attrs.get("src", ""))


def sent_image(source: str) -> Image:
    """The image that a picture's address itself is; one without data if it is damaged, or of another form."""
    if (found := _IMAGE_DATA.match(source)) is not None:
        with contextlib.suppress(ValueError):
            return Image(found[1], base64.b64decode(unquote(source[found.end() :]), validate=True))
    return Image("", b"")


def _runs(tokens: Sequence[Token]) -> Iterator[Run]:
    """The runs of an inline text."""
    faces: list[Face] = []
    link = ""
    for token in tokens:
        face = Face.PLAIN
        for part in faces:
            face |= part
        match token.type:
            case "text" | "text_special":
                yield from _with_addresses(token.content, face, link)
            case "code_inline":
                yield Run(token.content, face | Face.CODE, link)
            case "softbreak" | "hardbreak":
                yield Run("\n", face, link)
            case "strong_open" | "em_open" | "s_open":
                faces.append(_FACES[token.type])
            case "strong_close" | "em_close" | "s_close":
                faces.pop()
            case "link_open":
                link = str(token.attrs.get("href", ""))
            case "link_close":
                link = ""
            case "image":
                source = _source(token)
                if source.lower().startswith(_DATA):
                    yield Run(token.content or chat_texts.IMAGE(), face, link)
                else:
                    yield Run(token.content or source, face, link or source)
            case _:
                yield Run(token.content, face, link)


def _with_addresses(text: str, face: Face, link: str) -> Iterator[Run]:
    """The runs of a text, in which bare web addresses are links."""
    offset = 0
    if not link and "://" in text:
        for found in addresses_in(text):
            if not found.uri.lower().startswith("http"):
                continue
            if found.first > offset:
                yield Run(text[offset : found.first], face)
            yield Run(found.uri, face, found.uri)
            offset = found.end
    if offset < len(text):
        yield Run(text[offset:], face, link)


def _longest_cells(rows: Iterable[TableRow]) -> TableRow:
    """The longest cell of each column."""
    return tuple(
        max(column, key=lambda cell: sum(len(run.text) for run in cell)) for column in zip(*rows, strict=False)
    )


_WORDIEST = 16
"""How many of the longest words of a column are measured: the longest one need not be the widest."""


def _wordiest_cells(rows: Iterable[TableRow]) -> tuple[TableRow, ...]:
    """The cells with the longest words of each column."""
    found: list[TableRow] = []
    for column in zip(*rows, strict=False):
        cells: dict[str, Cell] = {}
        for cell in column:
            cells.setdefault(max(_WORD_END.split("".join(run.text for run in cell)), key=len), cell)
        found.append(tuple(cells[word] for word in sorted(cells, key=len)[-_WORDIEST:]))
    return tuple(found)
