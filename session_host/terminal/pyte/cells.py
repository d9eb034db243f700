"""The cells of one row, their packed form for the history, and the widths of characters and graphemes.

A row is two lists, characters and styles, so that a run of text is stored by two slice assignments. Rows that leave the
screen are packed into ``bytes``: 10,000 lines of history then take a few MB, go into a snapshot unchanged, and are
unpacked only for display.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec
import wcwidth

from session_host.terminal.rows import DEFAULT_COLOR, PLAIN, Color, Run, Style, Underline

BLANK = "\0"
"""A cell that was never written since it was erased; displayed as a space."""

TAIL = ""
"""The second cell of a wide character."""


_WRAPPED_FLAG = 1

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class CellLine:
    """One row of cells.

    Attributes:
        chars: a character or grapheme for each column; ``BLANK`` or ``TAIL`` for a column without its own.
        styles: a style for each column; as long as ``chars``.
        wrapped: whether the text continues in the next row.
    """

    __slots__ = ("chars", "styles", "wrapped")

    def __init__(self, columns: int, style: Style = PLAIN) -> None:
        self.clear(columns, style)

    def clear(self, columns: int, style: Style) -> None:
        """Make the row blank, ``columns`` wide."""
        self.chars = [BLANK] * columns
        self.styles = [style] * columns
        self.wrapped = False

    def split(self, column: int, style: Style = PLAIN) -> None:
        """Blank a wide character that spans the edge before ``column``."""
        chars = self.chars
        if 0 < column < len(chars) and chars[column] == TAIL:
            chars[column - 1] = chars[column] = BLANK
            self.styles[column - 1] = self.styles[column] = style

    def erase(self, first: int, end: int, style: Style) -> None:
        """Blank the cells from ``first`` up to, not including, ``end``."""
        if first >= end:
            return
        chars, styles = self.chars, self.styles
        self.split(first, style)
        self.split(end, style)
        chars[first:end] = [BLANK] * (end - first)
        styles[first:end] = [style] * (end - first)
        if end == len(chars):
            self.wrapped = False

    def insert(self, column: int, count: int, style: Style) -> None:
        """Shift the cells from ``column`` to the right by ``count``; cells beyond the last column are lost."""
        end = len(self.chars)
        count = min(count, end - column)
        self.split(column, style)
        self.split(end - count, style)
        self.chars[column:] = [BLANK] * count + self.chars[column : end - count]
        self.styles[column:] = [style] * count + self.styles[column : end - count]
        self.wrapped = False

    def delete(self, column: int, count: int, style: Style) -> None:
        """Shift the cells after ``column`` to the left by ``count``, and append blanks."""
        count = min(count, len(self.chars) - column)
        self.split(column, style)
        self.split(column + count, style)
        self.chars[column:] = self.chars[column + count :] + [BLANK] * count
        self.styles[column:] = self.styles[column + count :] + [style] * count
        self.wrapped = False

    def used(self) -> int:
        """How many columns are in use: with text, or with a style that is visible on a blank."""
        chars, styles = self.chars, self.styles
        end = len(chars)
        while end and chars[end - 1] == BLANK and (styles[end - 1] is PLAIN or styles[end - 1] == PLAIN):
            end -= 1
        return end

    def resized(self, columns: int) -> CellLine:
        """The row cut or filled to ``columns``; the same object if it has that width already."""
        have = len(self.chars)
        if have < columns:
            self.chars.extend([BLANK] * (columns - have))
            self.styles.extend([PLAIN] * (columns - have))
        elif have > columns:
            self.split(columns)
            del self.chars[columns:]
            del self.styles[columns:]
            self.wrapped = False
        return self

    def text(self, first: int = 0, end: int | None = None) -> str:
        """The text of some columns, with blanks as spaces."""
        return "".join(self.chars[first:end]).replace(BLANK, " ")

    def style_runs(self, end: int) -> Iterator[tuple[int, int, Style]]:
        """Runs of one style in the first ``end`` columns: (first, end, style)."""
        styles = self.styles
        first = 0
        while first < end:
            style = styles[first]
            column = first + 1
            while column < end and (styles[column] is style or styles[column] == style):
                column += 1
            yield first, column, style
            first = column

    def runs(self) -> tuple[Run, ...]:
        """The row's runs for the Emulator protocol."""
        chars = self.chars
        end = len(chars)
        while end and chars[end - 1] in {BLANK, " "} and self.styles[end - 1] == PLAIN:
            end -= 1
        found: list[Run] = []
        for first, last, style in self.style_runs(end):
            start = column = first
            while column < last:
                char = chars[column]
                cells = 2 if column + 1 < end and chars[column + 1] == TAIL else 1
                if cells == 2 or len(char) > 1:
                    if start < column:
                        found.append(Run(start, column - start, self.text(start, column), style, False))
                    found.append(Run(column, cells, char, style, True))
                    start = column + cells
                column += cells
            if start < last:
                found.append(Run(start, last - start, self.text(start, last), style, False))
        return tuple(found)

    def pack_for_history(self, following: CellLine | None) -> bytes:
        """The row as bytes; at another width it is joined with the row ``following`` (None: not known) if wrapped."""
        if not self.wrapped or self.chars[-1] != BLANK:
            return self.pack()
        is_left_over = following is None or following.chars[1:2] == [TAIL]
        end = len(self.chars) - (is_left_over and len(self.chars) > 1)
        line = CellLine(0)  # Without the last cell, if a wide character did not fit into it.
        line.chars, line.styles, line.wrapped = self.chars[:end], self.styles[:end], True
        line.write_last_blanks()
        return line.pack()

    def write_last_blanks(self) -> None:
        """Write spaces into the never-written cells at the end, which are a part of the text."""
        chars = self.chars
        column = len(chars)
        while column and chars[column - 1] == BLANK:
            column -= 1
            chars[column] = " "

    def pack(self) -> bytes:
        """The row as bytes: a flag, the number of columns used, text and style runs."""
        chars = self.chars
        joined = "".join(chars)
        is_simple = len(joined) == len(chars) and TAIL not in chars
        is_plain = self.styles.count(PLAIN) == len(chars)
        end = len(joined.rstrip(BLANK))
        if not is_simple or self.styles[end:].count(PLAIN) < len(chars) - end:
            end = self.used()
        text = joined[:end] if is_simple else chars[:end]
        styles: list[Any] = []
        for first, last, style in () if is_plain else self.style_runs(end):
            styles += (last - first, None if style == PLAIN else style)
        return bytes((self.wrapped, end >> 8, end & 0xFF)) + _encode((text, styles))


def packed_columns(packed: bytes) -> int:
    """How many columns of a packed row are used."""
    return packed[1] << 8 | packed[2]


def packed_wrapped(packed: bytes) -> bool:
    """Whether a packed row continues in the next one."""
    return bool(packed[0] & _WRAPPED_FLAG)


def unpack(packed: bytes, columns: int) -> CellLine:
    """Restore a row from ``pack``, cut or filled to ``columns``."""
    text, runs = _decode(packed[3:])
    line = CellLine(0)
    line.chars = list(text)
    line.styles = styles = []
    if runs:
        for count, fields in zip(runs[::2], runs[1::2], strict=True):
            styles.extend([PLAIN if fields is None else _decode_style(*fields)] * count)
    else:
        line.styles = [PLAIN] * len(line.chars)
    line.resized(columns)
    line.wrapped = packed_wrapped(packed)
    return line


@lru_cache(maxsize=4096)
def _decode_style(
    foreground: Color, background: Color, attributes: int, underline: str, underline_color: Color, link: str
) -> Style:
    """Restore a style from msgpack's values."""
    return Style(foreground, background, attributes, Underline(underline), underline_color, link)


def erased(background: Color) -> Style:
    """The style of a cell that was erased while ``background`` was set (BCE)."""
    return PLAIN if background == DEFAULT_COLOR else Style(background=background)


NARROW = (
    "\x20-\x7e\xa1-\xa8\xaa-\xac\xaf-\u02ff\u0370-\u0377\u037a-\u037f\u0391-\u03a1\u03a3-\u03ff\u0400-\u0482"
    "\u048a-\u052f\u1e00-\u1eff\u2010-\u2027\u2030-\u203b\u2190-\u2193\u2200-\u22ff\u2500-\u25a9\u2800-\u28ff"
)
"""Characters (as a regular expression's class) of one cell that do not combine with the one before."""

WIDE = "\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uff01-\uff60"
"""Characters of two cells that do not combine with the one before."""

SEGMENTS = re.compile(f"([{NARROW}]+)|([{WIDE}]+)|(.)", re.DOTALL)
"""Splits a text into runs of narrow characters, runs of wide ones, and other single characters."""

MAX_CLUSTER = 32
"""The maximum number of code points in a cell; further combining characters are dropped."""


@lru_cache(maxsize=8192)
def char_cells(char: str) -> int:
    """The cells of a single character: 0, 1 or 2. A vowel sign that joins no letter, as some of Burmese, has one."""
    cells = max(wcwidth.wcwidth(char), 0)
    return 1 if not cells and unicodedata.category(char) == "Mc" and not joins("a", char) else cells


@lru_cache(maxsize=8192)
def cluster_cells(cluster: str) -> int:
    """The cells of a whole grapheme: 1 or 2."""
    return min(max(wcwidth.wcswidth(cluster), 1), 2)


@lru_cache(maxsize=8192)
def joins(cluster: str, char: str) -> bool:
    """Whether ``char`` extends the grapheme ``cluster`` (UAX #29)."""
    graphemes = wcwidth.iter_graphemes(cluster + char)
    next(graphemes)
    return next(graphemes, None) is None
