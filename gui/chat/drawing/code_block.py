"""Blocks of code and of output."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QTextLayout

from gui.chat.content.highlighting import spans
from gui.chat.content.segments import Action, Code, Run
from gui.finding.query import unit_offsets
from gui.theme.icons import Glyph, paint_glyph
from gui.theme.tokens import RADIUS_PX
from gui.wording import chat_texts

from .prose import left_of, paint_quotes
from .segment_layout import Control, SegmentLayout, format_range, run_formats, text_box
from .style import Style

PADDING_PX = 10
_HEAD_PX = 24


def rounded(area: QRectF, *, top: bool, bottom: bool) -> QPainterPath:
    """A rectangle with round corners above, below, or both."""
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    path.addRoundedRect(area, RADIUS_PX, RADIUS_PX)
    if not top:
        path.addRect(QRectF(area.left(), area.top(), area.width(), min(area.height(), RADIUS_PX)))
    if not bottom:
        path.addRect(QRectF(area.left(), area.bottom() - RADIUS_PX, area.width(), RADIUS_PX))
    return path.simplified()


def fill_smoothly(painter: QPainter, path: QPainterPath, color: QColor) -> None:
    """Fill a shape with antialiasing. Rectangles have none, so that no seams appear between rows."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.fillPath(path, color)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def code_formats(text: str, language: str, style: Style, background: QColor) -> list[QTextLayout.FormatRange]:
    """The formats of highlighted code."""
    return color_formats(text, spans(text, language), style, background)


def color_formats(
    text: str, parts: Iterable[tuple[int, int, str]], style: Style, background: QColor
) -> list[QTextLayout.FormatRange]:
    """The formats of the coloured parts of a text; each has a start and a length in characters, and a colour's name."""
    units = range(len(text) + 1) if text.isascii() else unit_offsets(text)
    return [
        format_range(units[start], units[start + length] - units[start], style.format(Run("", color=color), background))
        for start, length, color in parts
    ]


def lay_out_code(segment: Code, width: float, style: Style) -> SegmentLayout:
    """Lay out some lines of a block."""
    laid = SegmentLayout()
    left = left_of(segment)
    above = 6.0 if segment.first else 0.0
    head = _HEAD_PX if segment.first and segment.title else 0
    top = above + ((head or PADDING_PX - 2) if segment.first else 0)
    background = style.code.ground
    if segment.runs:
        formats = run_formats(segment.runs, style, background)
    else:
        formats = code_formats(segment.text, segment.language, style, background)
    box = text_box(
        segment.text, font=style.font(mono=True), option=style.code_wrapping, formats=formats,
        position=QPointF(left + PADDING_PX, top), width=width - left - 2 * PADDING_PX, line_px=style.code_line_px,
        color=style.text,
    )  # fmt: skip
    laid.boxes.append(box)
    bottom = top + box.height + (PADDING_PX - 2 if segment.last else 0)
    laid.height = bottom + (6 if segment.last else 0)
    path = rounded(QRectF(left, above, width - left, bottom - above), top=segment.first, bottom=segment.last)
    title, font, tone = segment.title, style.font(style.small_px), style.secondary
    title_area = QRectF(left + PADDING_PX, above, width - left - 2 * PADDING_PX - 28, _HEAD_PX)

    def paint(painter: QPainter) -> None:
        fill_smoothly(painter, path, background)
        if head and title:
            painter.setPen(tone)
            painter.setFont(font)
            painter.drawText(title_area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, title)

    laid.under.append(paint)
    if segment.first and segment.copies:
        area = QRectF(width - 28, above + 2, 22, 20)
        background_area = area.adjusted(-4, 2, 2, -1)
        laid.over.append(lambda painter: painter.fillRect(background_area, background))
        icon = QRectF(area.center().x() - 7, area.center().y() - 7, 14, 14)
        laid.over.append(lambda painter: paint_glyph(painter, Glyph.COPY, icon, tone))
        laid.controls.append(Control(area, Action("copy"), chat_texts.COPY_CODE()))
    paint_quotes(laid, segment, style)
    return laid
