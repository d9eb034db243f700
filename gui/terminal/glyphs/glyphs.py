"""Draws and caches pictures of single cells: wide characters, emoji, lines, braille, outlined letters.

The module also decides which parts of a run's text a font draws at once and which need a picture each.
"""

from __future__ import annotations

import unicodedata
from collections import OrderedDict
from collections.abc import Callable
from enum import IntEnum
from functools import lru_cache, partial
from string import ascii_uppercase, digits
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QGlyphRun,
    QImage,
    QPainter,
    QPainterPath,
    QPen,
    QTextLayout,
    QTransform,
)

from gui.terminal.cell_metrics import BOLD, CellMetrics
from session_host.terminal.images.placeholders import PLACEHOLDER

from . import box_drawing, legacy_shapes, powerline, right_to_left, symbols

EMOJI_SELECTOR = "\ufe0f"
"""VS16: shows the character before it as a colour emoji."""

_OUTLINED = dict(zip((*range(0x1CCD6, 0x1CCF0), *range(0x1CCF0, 0x1CCFA)), f"{ascii_uppercase}{digits}", strict=True))
"""The characters that are the outlines of others; nearly no font has them."""

_MARKS = frozenset(("Mn", "Me"))
_OVERLAY, _FIRST_OF_ANY_SCRIPT = 1, 200
_EMOJI_CATEGORIES = frozenset(("So", "Cn"))
"""Python does not know the newest emoji: for it, they are unassigned."""

_MAX_CACHE_BYTES = 16 * 1024 * 1024


DrawsInRun = Callable[[str, int], bool]
"""See ``CellMetrics.draws_in_run``."""


class Kind(IntEnum):
    """The way in which a piece of a run is drawn."""

    TEXT = 0
    """The font draws the piece at once."""
    PICTURE = 1
    """A picture shows one cell."""
    BARS = 2
    """Bars from the first cell to the last show a row of equal characters."""


class Piece(NamedTuple):
    """A part of a run's text."""

    offset: int
    """The offset in cells from the run's start."""
    kind: Kind
    text: str


def _is_legacy(code: int) -> bool:
    return legacy_shapes.is_legacy_shape(code) or legacy_shapes.is_legacy_line(code)


def _loose_marks(text: str, measured: QFontMetricsF) -> str:
    """The combining marks of a cluster that the font can draw only after the letter, not over it.

    These are marks above, below or through any letter, such as accents. The vowel signs and viramas of a script have a
    width of their own, or change the letter; the font joins them. So only those that no font has are loose, too.
    """
    loose = []
    for mark in text[1:]:
        if unicodedata.category(mark) in _MARKS and (_lies_over_letter(mark) or not measured.inFontUcs4(ord(mark))):
            rest = text.replace(mark, "")
            if measured.horizontalAdvance(text) >= measured.horizontalAdvance(rest) + 1:
                loose.append(mark)
    return "".join(loose)


def _lies_over_letter(mark: str) -> bool:
    """Whether a mark may belong to a letter of any script, by its canonical combining class (UAX #44, table 15)."""
    order = unicodedata.combining(mark)
    return order == _OVERLAY or order >= _FIRST_OF_ANY_SCRIPT or unicodedata.category(mark) == "Me"


def _pieces_of(metrics: CellMetrics, draws_in_run: DrawsInRun, text: str, variant: int) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    for offset, character in enumerate(text):
        kind = _kind_of(metrics, draws_in_run, character, variant)
        last = pieces[-1] if pieces else None
        joins = last is not None and last.kind == kind and kind != Kind.PICTURE
        if last is not None and joins and (kind == Kind.TEXT or last.text[0] == character):
            pieces[-1] = last._replace(text=last.text + character)
        elif character != " " or kind == Kind.TEXT:
            pieces.append(Piece(offset, kind, character))
    return tuple(pieces)


def _kind_of(metrics: CellMetrics, draws_in_run: DrawsInRun, character: str, variant: int) -> Kind:
    code = ord(character)
    if box_drawing.is_box_drawing(code):
        bars = box_drawing.bars_of(code, metrics.width, metrics.height, metrics.line)
        return Kind.BARS if bars else Kind.PICTURE
    if symbols.is_braille(code) or powerline.is_separator(code) or _is_legacy(code):
        return Kind.PICTURE
    return Kind.TEXT if draws_in_run(character, variant) else Kind.PICTURE


class Glyphs:
    """A limited cache of pictures of cells in one size; the least recently used are dropped first."""

    def __init__(self, metrics: CellMetrics) -> None:
        self._metrics = metrics
        self._pictures: OrderedDict[tuple[str, int, int, int, int], QImage] = OrderedDict()
        self._bytes = 0
        draws_in_run = lru_cache(maxsize=8192)(metrics.draws_in_run)
        self.pieces = lru_cache(maxsize=4096)(partial(_pieces_of, metrics, draws_in_run))

    def forget_pictures(self) -> None:
        """Free the pictures; they are drawn again when needed."""
        self._pictures.clear()
        self._bytes = 0

    def bars(self, character: str) -> tuple[box_drawing.Rectangle, ...]:
        """The bars of a character of kind BARS, for one cell."""
        metrics = self._metrics
        return box_drawing.bars_of(ord(character), metrics.width, metrics.height, metrics.line)

    def picture(self, text: str, cells: int, variant: int, color: QColor, rgb: int, room: int = 1) -> QImage:
        """The picture of one cell, or of a cluster over several ``cells``, on a transparent background.

        With more ``room``, in cells, a wider character is drawn in its own size. A placeholder of an image is blank.
        """
        if text[0] == PLACEHOLDER:
            text, rgb = " ", 0
        room = max(cells, room)
        key = (text, cells, variant, rgb, room)
        picture = self._pictures.get(key)
        if picture is not None:
            self._pictures.move_to_end(key)
            return picture
        picture = self._drawn(text, cells, variant, color, room)
        self._pictures[key] = picture
        self._bytes += picture.sizeInBytes()
        while self._bytes > _MAX_CACHE_BYTES and len(self._pictures) > 1:
            _, dropped = self._pictures.popitem(last=False)
            self._bytes -= dropped.sizeInBytes()
        return picture

    def _drawn(self, text: str, cells: int, variant: int, color: QColor, room: int) -> QImage:
        metrics = self._metrics
        width = metrics.width * cells
        picture = QImage(metrics.width * room, metrics.height, QImage.Format.Format_ARGB32_Premultiplied)
        picture.fill(0)
        painter = QPainter(picture)
        code = ord(text[0])
        painter.setClipRect(0, 0, width, metrics.height)
        emoji = EMOJI_SELECTOR in text and metrics.emoji_font is not None
        if not emoji and symbols.is_often_missing(code) and not metrics.has_glyph(text[0], variant):
            size = QSizeF(width, metrics.height)
            symbols.draw_missing(painter, code, size, metrics.ascent, metrics.line, color)
        elif box_drawing.is_box_drawing(code):
            box_drawing.draw(painter, code, width, metrics.height, metrics.line, color)
        elif symbols.is_braille(code):
            symbols.draw_braille(painter, code, width, metrics.height, color)
        elif powerline.is_separator(code):
            powerline.draw_separator(painter, code, width, metrics.height, metrics.line, color)
        elif powerline.is_sign(code) and not metrics.has_glyph(text[0], variant):
            powerline.draw_sign(painter, code, width, metrics.ascent, metrics.line, color)
        elif _is_legacy(code):
            legacy_shapes.draw(painter, code, width, metrics.height, metrics.line, color)
        elif code in _OUTLINED and not metrics.has_glyph(text[0], variant):
            self._draw_outline(painter, _OUTLINED[code], color, variant)
        else:
            painter.setClipping(False)
            font = metrics.emoji_font if emoji and metrics.emoji_font else metrics.font_of(text, variant)
            measured = QFontMetricsF(font)
            painter.setPen(color)
            painter.setFont(font)
            loose = "" if emoji else _loose_marks(text, measured)
            is_drawn = right_to_left.LETTER.match(text) is not None and right_to_left.draw(
                painter, text, cells, font, metrics.width, metrics.height, metrics.ascent
            )
            if not is_drawn and not self._draw_mark_alone(painter, text, width, font):
                rest = text.translate(dict.fromkeys(map(ord, loose)))
                self._draw_text(painter, rest, width, measured, picture.width())
                self._draw_marks(painter, loose, width, measured)
            if unicodedata.category(text[0]) in _EMOJI_CATEGORIES and not any(picture.constBits()):
                # A font of colour emoji has no box for those that are newer than it.
                painter.resetTransform()
                symbols.draw_box(painter, width, metrics.ascent, metrics.line, color)
        painter.end()
        return picture

    def _draw_outline(self, painter: QPainter, character: str, color: QColor, variant: int) -> None:
        """Draw the outline of a character, which is narrowed so that the line around it is in the cell, too."""
        metrics = self._metrics
        path, pen = QPainterPath(), QPen(color, 2 * metrics.line)
        path.addText(QPointF(0, 0), metrics.fonts[variant | BOLD], character)
        ink: QRectF = path.boundingRect()
        scale = min((metrics.width - 2 * metrics.line) / ink.width(), 1.0)
        left = metrics.width / 2 - ink.center().x() * scale
        placed = QTransform(scale, 0, 0, 1, left, metrics.ascent - metrics.line).map(path)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.strokePath(placed, pen)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationOut)
        painter.fillPath(placed, color)

    def _draw_mark_alone(self, painter: QPainter, text: str, width: int, font: QFont) -> bool:
        """Draw a mark with a cell of its own, such as a vowel of Burmese; a shaped one has a dotted circle before it.

        Returns whether it was drawn.
        """
        if len(text) > 1 or not unicodedata.category(text).startswith("M"):
            return False
        layout = QTextLayout(text, font)
        layout.beginLayout()
        layout.createLine()
        layout.endLayout()
        raw = next((run.rawFont() for run in layout.glyphRuns()), None)  # Qt has found a font with the mark.
        glyphs = raw.glyphIndexesForString(text) if raw is not None else []
        if raw is None or not glyphs or not glyphs[0]:
            return False
        ink: QRectF = raw.boundingRect(glyphs[0])
        left = (width - ink.width()) / 2 - ink.left()
        run = QGlyphRun()
        run.setRawFont(raw)
        run.setGlyphIndexes(glyphs[:1])
        run.setPositions([QPointF(0, 0)])
        painter.drawGlyphRun(QPointF(round(left), self._metrics.ascent), run)
        return True

    def _draw_marks(self, painter: QPainter, marks: str, width: int, measured: QFontMetricsF) -> None:
        """Draw combining marks over the middle of their letter; those that no font has are left out."""
        for mark in marks:
            if measured.inFontUcs4(ord(mark)):
                ink: QRectF = measured.tightBoundingRect(mark)
                left = (width - ink.width()) / 2 - ink.left()
                painter.drawText(QPointF(round(left), self._metrics.ascent), mark)

    def _draw_text(self, painter: QPainter, text: str, width: int, measured: QFontMetricsF, room_px: int) -> None:
        """Centre a shaped cluster in its cells; shrink one that is too large."""
        metrics = self._metrics
        advance = measured.horizontalAdvance(text)
        ink: QRectF = measured.tightBoundingRect(text)
        height = metrics.height
        if ink.width() > width:
            width = room_px
        scale = min(1.0, width / max(ink.width(), 1.0), height / max(ink.height(), 1.0))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        # Glyphs of other fonts may be higher or lower than this font's; keep them in the cell.
        baseline = float(metrics.ascent)
        top, bottom = baseline + ink.top() * scale, baseline + ink.bottom() * scale
        if top < 0:
            baseline -= top
        elif bottom > metrics.height:
            baseline = max(baseline - (bottom - metrics.height), -ink.top() * scale)
        left = (width - advance) / 2
        if ink.width() > metrics.width and ink.width() <= width == room_px > metrics.width and len(text) == 1:
            left = max(min(0.0, width - ink.right()), -ink.left())  # from its own cell into the blank one
        elif not 0 < advance <= width:  # some fonts give a symbol two cells: the ink has to fit
            left = (width - ink.width() * scale) / 2 - ink.left() * scale
        if scale < 1.0:
            painter.translate(left, baseline)
            painter.scale(scale, scale)
            painter.drawText(QPointF(0, 0), text)
        else:
            painter.drawText(QPointF(round(left), round(baseline)), text)
