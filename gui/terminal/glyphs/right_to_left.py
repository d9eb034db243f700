"""Right-to-left text in a row of cells: Arabic joined, and everything in visual order.

Qt orders and shapes a whole stretch of text. Each of its characters is then drawn in a cell: the program counts on
that, and the font's own widths differ.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QGlyphRun, QPainter, QRawFont, QTextLayout, QTextOption

_LETTERS = (
    "\u0590-\u0605\u0608\u060b\u060d\u061b-\u065f\u066d-\u08ff\ufb1d-\ufdff\ufe70-\ufefe"
    "\U00010800-\U00010fff\U0001e800-\U0001efff"
)
LETTER: Final = re.compile(f"[{_LETTERS}]")
"""A character of a script that is written from right to left."""

_END = "[^\\W\\d_]|  |[\u2500-\u259f\ue000-\uf8ff]|[][(){}<>]"
"""The ends of a stretch: a letter of another script, blanks that make columns, lines of a table, a single bracket."""


@cache
def stretch() -> re.Pattern[str]:
    """Finds what is reordered: from one letter of these scripts to another one, a number, or a pair of brackets."""
    one = f"(?:[{_LETTERS}]|(?!{_END}).)"
    pair = "|".join(f"{re.escape(left)}{one}*{re.escape(right)}" for left, right in ("()", "[]", "{}", "<>"))
    return re.compile(f"[{_LETTERS}](?:(?:{one}|{pair})*(?:[{_LETTERS}]|\\d|{pair}))?", re.DOTALL)


_MARKS: Final = frozenset(("Mn", "Me", "Cf"))
_MARKS_IN_ARABIC = "".join(map(chr, (*range(0x64B, 0x660), 0x670, *range(0x6D6, 0x6EE))))
_KASHIDA = "\u0640"
_FORMS = (*range(0xFB50, 0xFC00), *range(0xFE70, 0xFEFD))


class _Cell(NamedTuple):
    """A character with its marks: its position in the text, and the cells that it takes."""

    begin: int
    end: int
    cells: int


class _Glyph(NamedTuple):
    """A glyph of a layout: its position, and how far the next one is."""

    font: QRawFont
    number: int
    x: float
    y: float
    advance: float


class _Shape:
    """The glyphs of a character, or of several that share one.

    Attributes:
        cell: the characters and their cells.
        glyphs: the glyphs.
        left, right: the edges in the layout, then in the picture.
        natural: the width in the layout.
    """

    def __init__(self, cell: _Cell, glyphs: list[_Glyph]) -> None:
        self.cell, self.glyphs = cell, glyphs
        self.left = min(glyph.x for glyph in glyphs)
        self.right = max(glyph.x + glyph.advance for glyph in glyphs)
        self.natural = self.right - self.left


@cache
def _joining() -> tuple[frozenset[str], frozenset[str]]:
    """The letters that join the following one, and those that join the one before, by their presentation forms."""
    forms: dict[str, set[str]] = {"<initial>": set(), "<final>": set()}
    for code in _FORMS:
        kind, *letters = unicodedata.decomposition(chr(code)).split() or [""]
        if len(letters) == 1 and kind in forms:
            forms[kind].add(chr(int(letters[0], 16)))
    return frozenset((*forms["<initial>"], _KASHIDA)), frozenset((*forms["<final>"], _KASHIDA))


def _cells_of(text: str, cells: int) -> list[_Cell]:
    """The characters of a text; [] if they do not take ``cells`` cells, by this module's simple rule."""
    found: list[_Cell] = []
    for index, character in enumerate(text):
        if found and unicodedata.category(character) in _MARKS:
            found[-1] = found[-1]._replace(end=index + 1)
        else:
            wide = unicodedata.east_asian_width(character) in "WF"
            found.append(_Cell(index, index + 1, 2 if wide else 1))
    return found if sum(cell.cells for cell in found) == cells else []


def draw(painter: QPainter, text: str, cells: int, font: QFont, width: int, height: int, ascent: int) -> bool:
    """Draw a stretch into its cells; False if its characters do not fit them.

    Args:
        painter: has its pen.
        text: the stretch, as ``stretch`` finds it, in logical order.
        cells: how many cells it takes.
        font: the font, as it is for shaped text.
        width: the width of a cell.
        height: the height of a cell.
        ascent: the distance of the baseline from a cell's top.
    """
    found = _cells_of(text, cells)
    if not found:
        return False
    layout = QTextLayout(text, font)
    option = QTextOption()
    option.setTextDirection(Qt.LayoutDirection.RightToLeft)
    option.setWrapMode(QTextOption.WrapMode.NoWrap)
    layout.setTextOption(option)
    shapes = _shapes(layout, text, found)
    left = 0.0
    baseline = _baseline(text, QFontMetricsF(font), height, ascent)
    for shape in sorted(shapes, key=lambda shape: shape.left):
        box = shape.cell.cells * width
        scale = min(1.0, box / shape.natural) if shape.natural else 1.0
        shape.left, shape.right = _draw_shape(painter, shape, left, box, scale, baseline)
        left += box
    _join(painter, text, shapes, font, baseline)
    return True


def _shapes(layout: QTextLayout, text: str, cells: Sequence[_Cell]) -> list[_Shape]:
    """The glyphs of characters, in logical order. Characters that share one, such as lam and alef, are one."""
    layout.beginLayout()
    line = layout.createLine()
    layout.endLayout()
    units, top = _unit_offsets(text), line.y() + line.ascent()
    shapes: list[_Shape] = []
    known: set[tuple[int, float]] = set()
    for cell in cells:
        glyphs: list[_Glyph] = []
        for run in layout.glyphRuns(units[cell.begin], units[cell.end] - units[cell.begin]):
            raw, numbers = run.rawFont(), run.glyphIndexes()
            for number, at, by in zip(numbers, run.positions(), raw.advancesForGlyphIndexes(numbers), strict=True):
                if (number, at.x()) not in known:
                    known.add((number, at.x()))
                    glyphs.append(_Glyph(raw, number, at.x(), at.y() - top, by.x()))
        if glyphs:
            shapes.append(_Shape(cell, glyphs))
        elif shapes:
            shapes[-1].cell = shapes[-1].cell._replace(end=cell.end, cells=shapes[-1].cell.cells + cell.cells)
    return shapes


def _unit_offsets(text: str) -> list[int]:
    """The offset of each character, and of the end, in UTF-16 code units, as Qt counts."""
    offsets = [0]
    for character in text:
        offsets.append(offsets[-1] + (2 if character > "\uffff" else 1))
    return offsets


def _baseline(text: str, measured: QFontMetricsF, height: int, ascent: int) -> float:
    """The baseline's distance from the top, so that the text stays in the cell as far as possible."""
    ink = measured.tightBoundingRect(text)
    if ascent + ink.top() < 0:
        return -ink.top()
    return ascent - max(min(ascent + ink.bottom() - height, ascent + ink.top()), 0)


def _draw_shape(
    painter: QPainter, shape: _Shape, left: float, box: int, scale: float, baseline: float
) -> tuple[float, float]:
    """Draw glyphs in the middle of their cells, narrower if they are too wide; returns their edges."""
    begin = left + (box - shape.natural * scale) / 2
    painter.save()
    painter.translate(begin, baseline)
    painter.scale(scale, 1.0)
    for glyph in shape.glyphs:
        run = QGlyphRun()
        run.setRawFont(glyph.font)
        run.setGlyphIndexes([glyph.number])
        run.setPositions([QPointF(glyph.x - shape.left, glyph.y)])
        painter.drawGlyphRun(QPointF(0, 0), run)
    painter.restore()
    return begin, begin + shape.natural * scale


def _join(painter: QPainter, text: str, shapes: Sequence[_Shape], font: QFont, baseline: float) -> None:
    """Fill the gaps between joined letters with the stroke that scribes use for that, the kashida."""
    forward, backward = _joining()
    ink: QRectF | None = None
    for first, second in pairwise(shapes):
        last = text[first.cell.begin : first.cell.end].rstrip(_MARKS_IN_ARABIC)[-1:]
        if last not in forward or text[second.cell.begin] not in backward or first.left - second.right < 1:
            continue
        if ink is None:
            stroke = QTextLayout(_KASHIDA, font)
            stroke.beginLayout()
            stroke.createLine()
            stroke.endLayout()
            run = next(iter(stroke.glyphRuns()), None)
            if run is None:
                return
            ink = run.rawFont().boundingRect(run.glyphIndexes()[0])
        gap = QRectF(second.right - 1, baseline + ink.top(), first.left - second.right + 2, ink.height())
        painter.fillRect(gap, painter.pen().color())
