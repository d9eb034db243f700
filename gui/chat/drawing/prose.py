"""Paragraphs, headings, entries of lists, rules and tables.

A paragraph in a right-to-left script is the mirror image of another one: text, marker and quotation bars begin at the
right edge of the text's column.
"""

from __future__ import annotations

import unicodedata

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen, QTextOption

from gui.chat.content.segments import Face, Paragraph, Rule, Segment, Table

from .segment_layout import SegmentLayout, run_formats, run_links, text_box, utf16_length
from .style import INDENT_PX, MARGIN_PX, QUOTE_PX, Style

_GAP_PX = 8
_TIGHT_PX = 3
_CELL_PX = 8
_MIN_COLUMN_PX = 44
_MAX_DEPTH = 8
_INNER_PX = 12
_MARKER_GAP_PX = 6
_MARKER_BEYOND_PX = MARGIN_PX - 2
"""How far a long number, such as "100.", may reach into the page's margin; a longer one moves its text."""
_QUOTE_BAR_PX = 3


def left_of(segment: Segment) -> float:
    """The left edge of a segment's content, within the column."""
    indent, quotes = min(segment.indent, _MAX_DEPTH), min(segment.quotes, _MAX_DEPTH)
    return indent * INDENT_PX + quotes * QUOTE_PX + _inner_px(segment)


def _inner_px(segment: Segment) -> float:
    return _INNER_PX if segment.inner else 0.0


def reads_from_right(text: str) -> bool:
    """Whether a paragraph begins at the right: its first letter is in a right-to-left script (UAX #9, P2 and P3)."""
    if text.isascii():
        return False
    directions = map(unicodedata.bidirectional, text)
    return next((direction for direction in directions if direction in {"L", "R", "AL"}), "L") != "L"


def paint_quotes(
    laid: SegmentLayout, segment: Segment, style: Style, above: float = 0.0, right_edge: float | None = None
) -> None:
    """Paint the bars of quotations along the segment, from ``above`` on, at the left or at ``right_edge``."""
    if not segment.quotes:
        return
    height, color = laid.height, style.color("border")

    def paint(painter: QPainter) -> None:
        for depth in range(min(segment.quotes, _MAX_DEPTH)):
            inwards = depth * QUOTE_PX
            x = inwards if right_edge is None else right_edge - inwards - _QUOTE_BAR_PX
            painter.fillRect(QRectF(x, above, _QUOTE_BAR_PX, height - above), color)

    laid.under.append(paint)


def lay_out_paragraph(segment: Paragraph, width: float, style: Style) -> SegmentLayout:
    """Lay out a paragraph."""
    laid = SegmentLayout()
    size = style.heading_px(segment.level)
    face = Face.BOLD if segment.level else Face.PLAIN
    above = _TIGHT_PX if segment.tight else _GAP_PX
    if segment.level:
        above = _GAP_PX + 4
    font = style.font(size, face)
    line_px = style.line_px + size - style.size_px
    color = style.secondary if segment.inner else style.text
    mirrored = reads_from_right(segment.text)
    marker_px = QFontMetricsF(font).horizontalAdvance(segment.marker)
    left = max(left_of(segment), marker_px + _MARKER_GAP_PX - _MARKER_BEYOND_PX)
    inner = _inner_px(segment)
    right_edge = min(width, inner + style.prose_px)
    box = text_box(
        segment.text, font=font, option=style.wrapping_from_right if mirrored else style.wrapping,
        formats=run_formats(segment.runs, style), position=QPointF(inner if mirrored else left, above),
        width=right_edge - left if mirrored else min(width - left, style.prose_px), line_px=line_px, color=color,
    )  # fmt: skip
    laid.boxes.append(box)
    laid.add_links(run_links(segment.runs))
    laid.height = above + box.height + (_TIGHT_PX if segment.tight else 2)
    if segment.marker:
        marker, tone, line = segment.marker, style.secondary, box.layout.lineAt(0)
        x = box.x + box.width + _MARKER_GAP_PX if mirrored else left - _MARKER_GAP_PX - marker_px
        baseline = QPointF(x, above + line.y() + line.ascent())

        def paint(painter: QPainter) -> None:
            previous = painter.layoutDirection()
            if mirrored:
                painter.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
            painter.setPen(tone)
            painter.setFont(font)
            painter.drawText(baseline, marker)
            painter.setLayoutDirection(previous)

        laid.under.append(paint)
    paint_quotes(laid, segment, style, max(above - 3, 0), right_edge if mirrored else None)
    return laid


def lay_out_rule(segment: Rule, width: float, style: Style) -> SegmentLayout:
    """Lay out a rule."""
    laid = SegmentLayout()
    laid.height = 17
    color, left = style.color("border"), left_of(segment)
    laid.under.append(lambda painter: painter.fillRect(QRectF(left, 9, width - left, 1), color))
    return laid


def lay_out_table(segment: Table, width: float, style: Style) -> SegmentLayout:
    """Lay out rows of a table; the widths of columns follow the content of the whole table."""
    laid = SegmentLayout()
    left, top = left_of(segment), float(_GAP_PX if segment.first else 0)
    columns = max((len(row) for row in segment.rows), default=0)
    if columns * _MIN_COLUMN_PX > width - left:
        return _lay_out_plain(segment, width, style)
    widths = _column_widths(segment, columns, width - left, style)
    start = 0
    edges: list[float] = [top]
    for number, row in enumerate(segment.rows):
        height, x = 0.0, left
        for column, runs in enumerate(row):
            text = "".join(run.text for run in runs)
            font = style.font(0, Face.BOLD if number == 0 and segment.first else Face.PLAIN)
            box = text_box(
                text, font=font, option=_aligned(segment, column, style), formats=run_formats(runs, style),
                position=QPointF(x + _CELL_PX, top + 4), width=widths[column] - 2 * _CELL_PX, line_px=style.line_px,
                color=style.text, start=start,
            )  # fmt: skip
            laid.boxes.append(box)
            laid.add_links(run_links(runs, start))
            height = max(height, box.height)
            x += widths[column]
            start += utf16_length(text) + 1
        top += height + 8
        edges.append(top)
    laid.height = top + (_GAP_PX if segment.last else 0)
    total = sum(widths)
    # A pen of width 0 is one pixel wide at any scale; at 1.5, others are one or two.
    hairline, head = QPen(style.color("border"), 0), style.code.ground

    def paint(painter: QPainter) -> None:
        if segment.first:
            painter.fillRect(QRectF(left, edges[0], total, edges[1] - edges[0]), head)
        painter.setPen(hairline)
        for edge in edges:
            painter.drawLine(QPointF(left, round(edge) + 0.5), QPointF(left + total, round(edge) + 0.5))
        x = left
        for column_px in (0.0, *widths):
            x += column_px
            painter.drawLine(QPointF(round(x) + 0.5, edges[0]), QPointF(round(x) + 0.5, edges[-1]))

    laid.under.append(paint)
    paint_quotes(laid, segment, style)
    return laid


def _lay_out_plain(segment: Table, width: float, style: Style) -> SegmentLayout:
    """Lay out a table that has too many columns for the width as plain text."""
    laid = SegmentLayout()
    left, above = left_of(segment), _GAP_PX if segment.first else 0
    box = text_box(
        segment.text, font=style.font(mono=True), option=style.code_wrapping, formats=[],
        position=QPointF(left, above), width=width - left, line_px=style.code_line_px, color=style.text,
    )  # fmt: skip
    laid.boxes.append(box)
    laid.height = above + box.height + (_GAP_PX if segment.last else 0)
    return laid


def _aligned(segment: Table, column: int, style: Style) -> QTextOption:
    kind = segment.aligned[column] if column < len(segment.aligned) else ""
    if kind not in {"right", "center"}:
        return style.wrapping
    option = QTextOption(style.wrapping)
    option.setAlignment(Qt.AlignmentFlag.AlignRight if kind == "right" else Qt.AlignmentFlag.AlignHCenter)
    return option


def _column_widths(segment: Table, columns: int, room: float, style: Style) -> list[float]:
    """The widths of the columns: as wide as their texts if there is room, else wide columns share the rest."""
    metrics = style.metrics(0, bold=True)
    code = style.metrics(mono=True)
    widths = [0.0] * columns
    for row in (segment.longest,) if segment.longest else segment.rows:
        for column, runs in enumerate(row):
            lines_px = [0.0]
            for run in runs:
                font_metrics = code if run.face & Face.CODE else metrics
                first, *others = (font_metrics.horizontalAdvance(text) for text in run.text.split("\n"))
                lines_px[-1] += first
                lines_px += others
            widths[column] = max(widths[column], max(lines_px) + 2 * _CELL_PX + 3)
    if sum(widths) <= room:
        return widths
    given = [0.0] * columns
    left_px, open_columns = room, sorted(range(columns), key=lambda column: widths[column])
    for done, column in enumerate(open_columns):
        given[column] = min(widths[column], left_px / (columns - done))
        left_px -= given[column]
    return given
