"""Single lines: tool calls, quiet lines, steps of a plan; and pictures."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from gui.chat.content.segments import Action, Face, FoldLine, Picture, PlanLine, QuietLine, Run, TurnFooter
from gui.chat.pictures import decode
from gui.theme.icons import Glyph, paint_glyph
from gui.theme.tokens import RADIUS_PX
from gui.wording import chat_texts

from .prose import left_of
from .segment_layout import Control, SegmentLayout, run_formats, text_box
from .style import Style

FOLD_LINE_PX = 26
_MIN_TITLE_PX = 40
"""With less room for the title, its detail is left out."""
_IMAGE_HEIGHT_PX = 320
_RING_PX = 2
"""The space between an image and the sign that it has the keyboard focus."""


def lay_out_fold_line(segment: FoldLine, width: float, style: Style) -> SegmentLayout:
    """Lay out the title line of a tool call, thought, plan or raw message."""
    laid = SegmentLayout()
    laid.height = FOLD_LINE_PX
    left = left_of(segment)
    area = QRectF(left, 1, width - left, FOLD_LINE_PX - 2)
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
        shown, font=font, option=style.wrapping, formats=run_formats(runs, style), position=QPointF(text_left, 0),
        width=room + 8, line_px=FOLD_LINE_PX, color=style.text,
    )  # fmt: skip
    laid.boxes.append(box)
    small, icon = style.font(style.small_px), segment.icon
    tone, detail_tone = style.secondary, style.color(segment.tone)
    text_right = text_left + min(metrics.horizontalAdvance(shown), room)
    detail_area = QRectF(text_right + 10, 0, detail_px, FOLD_LINE_PX)
    icon_area = QRectF(left + 2, area.center().y() - 8, 16, 16)
    icon_tone = style.color("accent") if segment.running else tone if segment.tone != "failed" else detail_tone

    def paint(painter: QPainter) -> None:
        if icon:
            paint_glyph(painter, Glyph(icon), icon_area, icon_tone)
        if detail:
            painter.setFont(small)
            painter.setPen(detail_tone)
            painter.drawText(detail_area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, detail)
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
        segment.text, font=font, option=style.wrapping, formats=[], position=QPointF(text_left, 4),
        width=width - text_left, line_px=style.line_px, color=tone,
    )  # fmt: skip
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
        painter.setFont(font)
        for area, name, color in buttons:
            painter.setPen(color)
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)

    laid.under.append(paint)
    return laid


def lay_out_turn_footer(segment: TurnFooter, width: float, style: Style) -> SegmentLayout:
    """Lay out the end of a turn: the button that copies, and its times beside it, if they fit."""
    laid = SegmentLayout()
    left, laid.height = left_of(segment), style.line_px + 4
    font, tone = style.font(style.small_px), style.secondary
    button = QRectF(left - 4, 2, 22, style.line_px)
    icon = QRectF(button.center().x() - 7, button.center().y() - 7, 14, 14)
    beside = QRectF(button.right() + 4, 2, max(width - button.right() - 4, 0), style.line_px)
    label = style.metrics(style.small_px).elidedText(segment.label, Qt.TextElideMode.ElideRight, round(beside.width()))

    def paint(painter: QPainter) -> None:
        paint_glyph(painter, Glyph.COPY, icon, tone)
        painter.setFont(font)
        painter.setPen(tone)
        painter.drawText(beside, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, label)

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
        segment.text, font=style.font(), option=style.wrapping, formats=run_formats(runs, style),
        position=QPointF(left + 22, 2), width=width - left - 22, line_px=style.line_px, color=style.text,
    )  # fmt: skip
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
