"""Lays out a segment of any kind: here are all kinds but code and diffs.

A paragraph in a right-to-left script is the mirror image of another one: text, marker and quotation bars begin at the
right edge of the text's column.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen, QTextLayout, QTextOption

from gui.chat.content.segments import (
    Action,
    Code,
    Diff,
    DiffHead,
    Face,
    FoldLine,
    Paragraph,
    Picture,
    PlanLine,
    QuietLine,
    Rule,
    Run,
    Segment,
    Table,
    TurnFooter,
    utf16_length,
)
from gui.chat.pictures import decode
from gui.theme.icons import Glyph, paint_glyph
from gui.theme.tokens import RADIUS_PX
from gui.wording import chat_texts

from .code import lay_out_code, lay_out_diff, lay_out_diff_head
from .segment_layout import (
    Control,
    Overflow,
    SegmentLayout,
    draw_line,
    inner_px,
    left_of,
    paint_quotes,
    reads_from_right,
    run_formats,
    run_links,
    square_in,
    text_box,
)
from .style import MARGIN_PX, Style

_FOLD_LINE_PX = 26
_MIN_TITLE_PX = 40
"""With less room for the title, its detail is left out."""
_IMAGE_HEIGHT_PX = 320
_RING_PX = 2
"""The space between an image and the sign that it has the keyboard focus."""
_GAP_PX = 8
_TIGHT_PX = 3
_CELL_PX = 8
_AROUND_PX = 2 * _CELL_PX + 3
"""The width of a column beside its text."""
_ONE_LINE_PX = 1e6
_HALVINGS = 16
"""So often the range of widths is halved: to less than a tenth of a pixel."""
_BAR_PX, _BAR_ABOVE_PX = 6, 4
"""The height of the bar that scrolls a table sideways, and the space above it."""
_MARKER_GAP_PX = 6
_MARKER_BEYOND_PX = MARGIN_PX - 2
"""How far a long number, such as "100.", may reach into the page's margin; a longer one moves its text."""
_CHARACTER_PX = 6.6


def lay_out(segment: Segment, width: float, style: Style, *, columns: bool) -> SegmentLayout:
    """Lay out a segment; ``columns`` shows diffs side by side where there is room."""
    match segment:
        case Paragraph():
            return lay_out_paragraph(segment, width, style)
        case Code():
            return lay_out_code(segment, width, style)
        case FoldLine():
            return lay_out_fold_line(segment, width, style)
        case QuietLine():
            return lay_out_quiet_line(segment, width, style)
        case TurnFooter():
            return lay_out_turn_footer(segment, width, style)
        case DiffHead():
            return lay_out_diff_head(segment, width, style, columns=columns)
        case Diff():
            return lay_out_diff(segment, width, style, columns=columns)
        case PlanLine():
            return lay_out_plan_line(segment, width, style)
        case Table():
            return lay_out_table(segment, width, style)
        case Rule():
            return lay_out_rule(segment, width, style)
        case Picture():
            return lay_out_picture(segment, width, style)
        case _:
            return SegmentLayout()


def estimate(segment: Segment, width: float, style: Style) -> float:
    """A guess at a segment's height, without a layout."""
    match segment:
        case FoldLine():
            return _FOLD_LINE_PX
        case Code() | Diff():
            return (segment.text.count("\n") + 1) * style.code_line_px + 8
        case Picture():
            return 200.0
        case Table():
            return len(segment.rows) * (style.line_px + 8) + 8 * (segment.first + segment.last)
        case _:
            room = min(width - left_of(segment), style.prose_px)
            wrapped = len(segment.text) * _CHARACTER_PX / max(room, 50)
            return (int(wrapped) + 1 + segment.text.count("\n")) * style.line_px + 8


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
    inner = inner_px(segment)
    right_edge = min(width, inner + style.prose_px)
    box = text_box(
        segment.text,
        font=font,
        option=style.wrapping_from_right if mirrored else style.wrapping,
        formats=run_formats(segment.runs, style),
        position=QPointF(inner if mirrored else left, above),
        width=right_edge - left if mirrored else min(width - left, style.prose_px),
        line_px=line_px,
        color=color,
    )
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
    room = max(width - left, 1.0)
    columns = max((len(row) for row in segment.rows), default=0)
    widths = _column_widths(segment, columns, room, style)
    start = 0
    edges: list[float] = [top]
    for number, row in enumerate(segment.rows):
        height, x = 0.0, left
        for column, runs in enumerate(row):
            text = "".join(run.text for run in runs)
            font = style.font(0, Face.BOLD if number == 0 and segment.first else Face.PLAIN)
            box = text_box(
                text,
                font=font,
                option=_aligned(segment, column, style),
                formats=run_formats(runs, style),
                position=QPointF(x + _CELL_PX, top + 4),
                width=widths[column] - 2 * _CELL_PX,
                line_px=style.line_px,
                color=style.text,
                start=start,
            )
            laid.boxes.append(box)
            laid.add_links(run_links(runs, start))
            height = max(height, box.height)
            x += widths[column]
            start += utf16_length(text) + 1
        top += height + 8
        edges.append(top)
    total = sum(widths)
    if total > room:
        bar = QRectF(left, top + _BAR_ABOVE_PX, room, _BAR_PX) if segment.last else None
        laid.overflow = Overflow(left, room, total + 1, bar)  # The last line is beside the last column.
        top += _BAR_ABOVE_PX + _BAR_PX if segment.last else 0
    laid.height = top + (_GAP_PX if segment.last else 0)
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


def lay_out_fold_line(segment: FoldLine, width: float, style: Style) -> SegmentLayout:
    """Lay out the title line of a tool call, thought, plan or raw message."""
    laid = SegmentLayout()
    laid.height = _FOLD_LINE_PX
    left = left_of(segment)
    area = QRectF(left, 1, width - left, _FOLD_LINE_PX - 2)
    detail = segment.detail
    detail_px = style.metrics(style.small_px).horizontalAdvance(detail) + 4 if detail else 0
    caret = QRectF(width - 20, area.center().y() - 6, 12, 12)
    text_left = left + 24
    room = width - text_left - detail_px - 32
    if room < _MIN_TITLE_PX:
        detail, room = "", room + detail_px
    font = style.font(mono=True) if segment.code else style.font()
    metrics = style.metrics(mono=True) if segment.code else style.metrics()
    shown = metrics.elidedText(segment.text, Qt.TextElideMode.ElideRight, max(room, 20))
    runs = (Run(shown, Face.SECONDARY),)
    box = text_box(
        shown,
        font=font,
        option=style.wrapping,
        formats=run_formats(runs, style),
        position=QPointF(text_left, 0),
        width=room + 8,
        line_px=_FOLD_LINE_PX,
        color=style.text,
    )
    laid.boxes.append(box)
    small, icon = style.font(style.small_px), segment.icon
    tone, detail_tone = style.secondary, style.color(segment.tone)
    text_right = text_left + min(metrics.horizontalAdvance(shown), room)
    detail_area = QRectF(text_right + 10, 0, detail_px, _FOLD_LINE_PX)
    icon_area = QRectF(left + 2, area.center().y() - 8, 16, 16)
    icon_tone = style.color("accent") if segment.running else tone if segment.tone != "failed" else detail_tone

    def paint(painter: QPainter) -> None:
        if icon:
            paint_glyph(painter, Glyph(icon), icon_area, icon_tone)
        if detail:
            draw_line(painter, detail_area, detail, small, detail_tone)
        if segment.folded is not None:
            glyph = Glyph.FOLDED if segment.folded else Glyph.EXPANDED
            paint_glyph(painter, glyph, caret, tone)

    laid.over.append(paint)
    if segment.folded is not None:
        name = chat_texts.UNFOLD(title=segment.text) if segment.folded else chat_texts.FOLD(title=segment.text)
        laid.controls.append(Control(area, Action("fold", segment.item), name))
    return laid


def lay_out_quiet_line(segment: QuietLine, width: float, style: Style) -> SegmentLayout:
    """Lay out a short line with its controls."""
    laid = SegmentLayout()
    left = left_of(segment)
    font = style.font(style.small_px)
    metrics = style.metrics(style.small_px)
    text_left = left + (20 if segment.icon else 0)
    tone = style.color(segment.tone)
    box = text_box(
        segment.text,
        font=font,
        option=style.wrapping,
        formats=[],
        position=QPointF(text_left, 4),
        width=width - text_left,
        line_px=style.line_px,
        color=tone,
    )
    laid.boxes.append(box)
    laid.height = box.height + 8
    lines = box.layout.lineCount()
    last = box.layout.lineAt(lines - 1) if lines else None
    x = text_left + (last.naturalTextWidth() if last is not None else 0) + (12 if segment.text else 0)
    y = 4 + box.height - style.line_px
    buttons: list[tuple[QRectF, str, QColor]] = []
    for button in segment.buttons:
        px = metrics.horizontalAdvance(button.name) + 4
        if x + px > width and x > text_left:
            x, y = text_left, y + style.line_px
            laid.height += style.line_px
        area = QRectF(x, y, px, style.line_px)
        buttons.append((area, button.name, style.color(button.tone or "accent")))
        laid.controls.append(Control(area, button.action, button.name))
        x += px + 12
    icon_area = QRectF(left + 1, 4 + (style.line_px - 14) / 2, 14, 14)

    def paint(painter: QPainter) -> None:
        if segment.icon:
            paint_glyph(painter, Glyph(segment.icon), icon_area, tone)
        for area, name, color in buttons:
            draw_line(painter, area, name, font, color)

    laid.under.append(paint)
    return laid


def lay_out_turn_footer(segment: TurnFooter, width: float, style: Style) -> SegmentLayout:
    """Lay out the end of a turn: the button that copies, and its times beside it, if they fit."""
    laid = SegmentLayout()
    left, laid.height = left_of(segment), style.line_px + 4
    font, tone = style.font(style.small_px), style.secondary
    button = QRectF(left - 4, 2, 22, style.line_px)
    icon = square_in(button, 14)
    beside = QRectF(button.right() + 4, 2, max(width - button.right() - 4, 0), style.line_px)
    label = style.metrics(style.small_px).elidedText(segment.label, Qt.TextElideMode.ElideRight, round(beside.width()))

    def paint(painter: QPainter) -> None:
        paint_glyph(painter, Glyph.COPY, icon, tone)
        draw_line(painter, beside, label, font, tone)

    laid.over.append(paint)
    laid.controls.append(Control(button, Action("copy_answer", segment.item), chat_texts.COPY_ANSWER()))
    return laid


def lay_out_plan_line(segment: PlanLine, width: float, style: Style) -> SegmentLayout:
    """Lay out one step of a plan."""
    laid = SegmentLayout()
    left = left_of(segment)
    done = segment.state == "completed"
    runs = (Run(segment.text, Face.SECONDARY if done else Face.PLAIN),)
    box = text_box(
        segment.text,
        font=style.font(),
        option=style.wrapping,
        formats=run_formats(runs, style),
        position=QPointF(left + 22, 2),
        width=width - left - 22,
        line_px=style.line_px,
        color=style.text,
    )
    laid.boxes.append(box)
    laid.height = box.height + 4
    glyph = {"completed": Glyph.CHECK_CIRCLE, "in_progress": Glyph.HALF_CIRCLE}.get(segment.state, Glyph.CIRCLE)
    tone = style.color({"completed": "fine", "in_progress": "accent"}.get(segment.state, "secondary"))
    area = QRectF(left, 2 + (style.line_px - 16) / 2, 16, 16)
    laid.under.append(lambda painter: paint_glyph(painter, glyph, area, tone))
    return laid


def lay_out_picture(segment: Picture, width: float, style: Style) -> SegmentLayout:
    """Lay out an image."""
    left = left_of(segment)
    decoded = decode(segment.image, QSize(max(round(width - left), 16) * 2, _IMAGE_HEIGHT_PX * 2))
    if decoded is None:
        return lay_out_quiet_line(
            QuietLine(segment.text, segment.indent, segment.quotes, segment.inner, icon="image"), width, style
        )
    laid = SegmentLayout()
    size = QSize(decoded.width(), decoded.height())
    room = QSize(max(round(width - left), 16), _IMAGE_HEIGHT_PX)
    if size.width() > room.width() or size.height() > room.height():
        size = size.scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
    area = QRectF(left, 6, size.width(), size.height())
    laid.height = size.height() + 12
    border = QPen(style.color("hairline"), 1)
    outline = QPainterPath()
    outline.addRoundedRect(area, RADIUS_PX / 2, RADIUS_PX / 2)

    def paint(painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.save()
        painter.setClipPath(outline, Qt.ClipOperation.IntersectClip)
        painter.drawImage(area, decoded)
        painter.restore()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(border)
        painter.drawPath(outline)

    laid.under.append(paint)
    ring = area.adjusted(-_RING_PX, -_RING_PX, _RING_PX, _RING_PX)
    laid.controls.append(Control(ring, Action("image", image=segment.image), chat_texts.ENLARGE_IMAGE()))
    return laid


def _aligned(segment: Table, column: int, style: Style) -> QTextOption:
    kind = segment.aligned[column] if column < len(segment.aligned) else ""
    if kind not in {"right", "center"}:
        return style.wrapping
    option = QTextOption(style.wrapping)
    option.setAlignment(Qt.AlignmentFlag.AlignRight if kind == "right" else Qt.AlignmentFlag.AlignHCenter)
    return option


def _column_widths(segment: Table, columns: int, room: float, style: Style) -> list[float]:
    """The widths of the columns: as wide as their texts if there is room, but never less than the longest word.

    Wide columns share the room that the others leave. No word gets more than the whole room, such as a long address.
    """
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
            widths[column] = max(widths[column], max(lines_px) + _AROUND_PX)
    if sum(widths) <= room:
        return widths
    words = _word_widths(segment, columns, style)
    least = [min(word, px, room) for word, px in zip(words, widths, strict=True)]
    low, high = 0.0, room
    for _ in range(_HALVINGS):  # the width that columns have which need no more for a word, and could use more
        level = (low + high) / 2
        given = [max(word, min(level, px)) for word, px in zip(least, widths, strict=True)]
        low, high = (low, level) if sum(given) > room else (level, high)
    return [max(word, min(low, px)) for word, px in zip(least, widths, strict=True)]


def _word_widths(segment: Table, columns: int, style: Style) -> list[float]:
    """The widths that the columns need for their longest words, as Qt breaks lines."""
    font, option = style.font(0, Face.BOLD), QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WordWrap)
    widths = [0.0] * columns
    for column, cells in enumerate(segment.wordiest or zip(*segment.rows, strict=False)):
        for runs in cells:
            layout = QTextLayout("".join(run.text for run in runs).replace("\n", " "), font)
            layout.setTextOption(option)
            layout.setFormats(run_formats(runs, style))
            layout.beginLayout()
            if (line := layout.createLine()).isValid():
                line.setLineWidth(_ONE_LINE_PX)
            layout.endLayout()
            widths[column] = max(widths[column], layout.minimumWidth() + _AROUND_PX)
    return widths
