"""The parts of an open request that the page paints: its head and its command or text, on the ground of the request."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from gui.chat.content.segments import Action, AskLine, Face, Run, Subject
from gui.theme.icons import paint_mark
from gui.theme.tokens import GAP_S_PX, MARK_PX, on
from gui.wording import chat_texts
from session_host.standing.groups import Mark

from .code import ASKED_BESIDE_PX, ASKED_EDGE_PX, add_diff_buttons, fill_smoothly, line_counts, rounded
from .segment_layout import Control, SegmentLayout, draw_line, run_formats, text_box
from .style import Style

ABOVE_PX, BELOW_PX = 6, 10
"""The space above and below it."""
_HEAD_PX, _HEAD_LINE_PX = 36, 20
_RIGHT_PX = 14
"""The space right of the head."""
_HANGING_PX = 24
_SUBJECT_BELOW_PX = 4
_AGE = "59 min"
"""About the widest age of a question."""
_MARK_GAP_PX = 6
_SINCE_SHARE = 2.5
"""A head that is not so many times as wide as its age has none."""


def lay_out_ask_line(
    segment: AskLine, width: float, style: Style, *, columns: bool = False, can_pair: bool = False
) -> SegmentLayout:
    """Lay out the head of a request. Its text is whole: it may say what the answer allows.

    ``columns`` and ``can_pair`` are of the diff that it is the head of, as in ``lay_out_diff_head``.
    """
    laid = SegmentLayout()
    small, font, ground = style.metrics(style.small_px), style.font(style.small_px), style.asked_ground
    line_px = style.scaled(_HEAD_LINE_PX)
    above = (0 if segment.asker else ABOVE_PX) + style.scaled(_HEAD_PX - _HEAD_LINE_PX) / 2
    laid.since = since = _since_area(segment, width, style)
    right = since.left() - GAP_S_PX
    object_at = len(segment.text) if segment.object_at is None else segment.object_at
    runs = (Run(segment.text[:object_at], Face.LEAD), Run(segment.text[object_at:], Face.OBJECT))
    box = text_box(
        segment.text,
        font=font,
        option=style.wrapping,
        formats=run_formats(runs, style),
        position=QPointF(0, above),
        width=max(right, 1),
        line_px=line_px,
        color=style.text,
    )
    laid.boxes.append(box)
    facts = line_counts(segment.added, segment.removed, style, ground)
    for words in (segment.detail, segment.head.note if segment.head is not None else ""):
        facts = [(words, on(style.secondary, ground)), *facts] if words else facts
    last = box.layout.lineAt(box.layout.lineCount() - 1)
    x, y = last.naturalTextWidth() + GAP_S_PX, above + box.height - line_px
    facts_px = sum(small.horizontalAdvance(text) + GAP_S_PX for text, _ in facts)
    is_beside = x + facts_px <= right
    if not is_beside:
        x, y = 0.0, y + line_px
    placed: list[tuple[QRectF, str, QColor]] = []
    for text, color in facts:
        px = small.horizontalAdvance(text) + 1
        placed.append((QRectF(x, y, px, line_px), text, color))
        x += px + GAP_S_PX - 1
    laid.height = y + line_px + style.scaled(_HEAD_PX - _HEAD_LINE_PX) / 2

    def paint(painter: QPainter) -> None:
        for area, text, color in placed:
            draw_line(painter, area, text, font, color)

    laid.over.append(paint)
    if segment.head is not None:
        middle = above + line_px / 2
        add_diff_buttons(laid, segment.head, right, middle, style, columns=columns, can_pair=can_pair)
    if segment.asker:
        laid.controls.append(Control(since, Action("open_chat"), chat_texts.OPEN_NAMED(name=segment.asker)))
    return laid


def _since_area(segment: AskLine, width: float, style: Style) -> QRectF:
    """The area of who asks and since when, at the right of the head's first line."""
    tiny = style.metrics(style.tiny_px)
    px = tiny.horizontalAdvance(chat_texts.joined(segment.asker, _AGE)) + 1
    px += 0 if segment.asker else MARK_PX + _MARK_GAP_PX
    if width < px * _SINCE_SHARE:
        px = 0  # What is asked comes first.
    right = width + ASKED_BESIDE_PX - _RIGHT_PX
    return QRectF(right - px, 0 if segment.asker else ABOVE_PX, px, style.scaled(_HEAD_PX))


def paint_since(painter: QPainter, segment: AskLine, laid: SegmentLayout, age: str, style: Style) -> None:
    """Paint at the right of a head who asks, or a triangle, and since when; at the painter's origin."""
    if laid.since is None or not laid.since.width():
        return
    area, words = QRectF(laid.since), chat_texts.joined(segment.asker, age)
    px = style.metrics(style.tiny_px).horizontalAdvance(words) + 1
    area.setLeft(area.right() - px)
    draw_line(painter, area, words, style.font(style.tiny_px), on(style.secondary, style.asked_ground))
    if not segment.asker:
        middle = QPointF(area.left() - _MARK_GAP_PX - MARK_PX / 2, area.center().y())
        paint_mark(painter, Mark.NEEDS_YOU, middle, style.tokens)


def right_of(laid: SegmentLayout) -> float:
    """The right edge of the ground of a request, by the layout of its head."""
    return laid.since.right() + _RIGHT_PX if laid.since is not None else 0.0


def lay_out_subject(segment: Subject, width: float, style: Style) -> SegmentLayout:
    """Lay out some lines of a command or text; a line that is wrapped goes on further right."""
    laid = SegmentLayout()
    box = text_box(
        segment.text,
        font=style.font(mono=True),
        option=style.code_wrapping,
        formats=[],
        position=QPointF(),
        width=width,
        line_px=style.code_line_px,
        color=style.text,
        hanging_px=min(_HANGING_PX, width / 4),
    )
    laid.boxes.append(box)
    laid.height = box.height + (_SUBJECT_BELOW_PX if segment.last else 0)
    return laid


def paint_ground(painter: QPainter, area: QRectF, ground: QColor, edge: QColor) -> None:
    """Paint the ground of a request and its edge; what is above or below the page is not painted."""
    path = rounded(area, top=True, bottom=True)
    fill_smoothly(painter, path, ground)
    painter.save()
    painter.setClipRect(QRectF(area.left(), area.top(), ASKED_EDGE_PX, area.height()), Qt.ClipOperation.IntersectClip)
    fill_smoothly(painter, path, edge)
    painter.restore()
