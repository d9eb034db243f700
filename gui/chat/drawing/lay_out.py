"""Lays out a segment of any kind: here are all kinds but code and diffs.

A paragraph in a right-to-left script is the mirror image of another one: text, marker and quotation bars begin at the
right edge of the text's column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QLinearGradient, QPainter, QPainterPath, QPen, QTextLayout, QTextOption

from gui.chat.content.segments import (
    FAILED_AFTER,
    TASK_BOXES,
    Action,
    AskLine,
    Code,
    CommentBox,
    CommentLine,
    Diff,
    DiffHead,
    Face,
    FoldLine,
    LiveLine,
    NamedPicture,
    Paragraph,
    Picture,
    PlanLine,
    QuietLine,
    Rule,
    Run,
    Segment,
    StatusLine,
    Subject,
    Table,
    TakenBack,
    TurnFooter,
    TurnLine,
    utf16_length,
)
from gui.chat.figures import figures
from gui.chat.pictures import pictures, size_of
from gui.finding.query import unit_offsets
from gui.theme.icons import Glyph, paint_glyph
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, GAP_S_PX, ICON_PX, RADIUS_PX, on
from gui.wording import chat_texts
from session_host.protocol.values import Image

from .asking import lay_out_ask_line, lay_out_subject
from .code import (
    COLUMNS_FROM_PX,
    PADDING_PX,
    USUAL_CODE,
    CodeLook,
    add_diff_buttons,
    figure_of,
    grown,
    lay_out_code,
    lay_out_comment,
    lay_out_diff,
    lay_out_diff_head,
    lay_out_figure,
    lay_out_taken_back,
    line_counts,
)
from .segment_layout import (
    Control,
    Overflow,
    Paint,
    SegmentLayout,
    draw_line,
    in_gutter,
    left_of,
    paint_quotes,
    reads_from_right,
    run_formats,
    run_links,
    square_in,
    text_box,
    x_of,
)
from .style import MARGIN_PX, Style, Widths

_FOLD_LINE_PX = 26
_TURN_LINE_PX = 28
_LIVE_BAR_PX, _BAR_STEP_PX = 2, 2.5
"""The width of a mark for the agent's output, and its height for one step."""
_ABOUT_SHARE = 0.4
_MIN_TITLE_PX = 40
"""With less room for the title, its detail is left out."""
_IMAGE_HEIGHT_PX = 320
_RING_PX = 2
"""The space between an image and the sign that it has the keyboard focus."""
_GAP_PX = 8
_NARROW_GAP_PX = GAP_S_PX // 2
_CARET_PX = 12
_QUIET_ABOVE_PX = 2
_TIGHT_PX = 3
_BOX_PX = 14
_ASIDE_FROM_PX = 300
"""In a narrower column, prompts have neither times nor buttons."""
_FADE_PX = 24
"""Beside the buttons that cover the end of a prompt's first line, the text fades so far."""
_CELL_PX, _CELL_ABOVE_PX = 24, 3
"""The space between two columns, and above and below the text of a cell."""
_SLACK_PX = 1
"""Fractions of pixels break no word."""
_ONE_LINE_PX = 1e6
_WORD = re.compile(r"\S+")
_HALVINGS = 16
"""So often the range of widths is halved: to less than a tenth of a pixel."""
_BAR_PX, _BAR_ABOVE_PX = 6, 4
"""The height of the bar that scrolls a table sideways, and the space above it."""
_MARKER_GAP_PX = 6
_MARKER_BEYOND_PX = MARGIN_PX - 2
"""How far a long number, such as "100.", may reach into the gutter; a longer one moves its text."""
_CHARACTER_PX = 6.6


def lay_out(
    segment: Segment, widths: Widths, style: Style, *, columns: bool, code: CodeLook = USUAL_CODE
) -> SegmentLayout:
    """Lay out a segment; ``columns`` shows diffs side by side where there is room, ``code`` is the look of code."""
    width, can_pair = widths.text, widths.wide >= COLUMNS_FROM_PX
    match segment:
        case Subject():
            return lay_out_subject(segment, width, style)
        case Code():
            figure = None if code.source else figure_of(segment, style)
            if figure is not None and (image := figures().get(figure)) is not None:
                return lay_out_figure(segment, image, width, style)
            return lay_out_code(segment, grown(segment, widths, style, code=code), style, code)
        case AskLine():
            width = grown(segment, widths, style, columns=columns) if segment.longest else width
            return lay_out_ask_line(segment, width, style, columns=columns, can_pair=can_pair)
        case FoldLine():
            return lay_out_fold_line(segment, width, style, columns=columns, can_pair=can_pair)
        case DiffHead():
            grown_px = grown(segment, widths, style, columns=columns)
            return lay_out_diff_head(segment, grown_px, style, columns=columns, can_pair=can_pair)
        case TakenBack():
            return lay_out_taken_back(segment, grown(segment, widths, style, columns=columns), style)
        case CommentBox() | CommentLine():
            return lay_out_comment(segment, grown(segment, widths, style, columns=columns), widths.text, style)
        case Diff():
            return lay_out_diff(segment, grown(segment, widths, style, columns=columns), style, columns=columns)
        case _:
            found = _WITHIN_TEXT.get(type(segment))
            return found(segment, width, style) if found is not None else SegmentLayout()


def estimate(segment: Segment, width: float, style: Style) -> float:
    """A guess at a segment's height, without a layout."""
    match segment:
        case FoldLine() | TurnLine() | CommentLine():
            return _FOLD_LINE_PX
        case Code() | Diff():
            return (segment.text.count("\n") + 1) * style.code_line_px + 8
        case Picture() | NamedPicture(image=Image()):
            return 200.0
        case Table():
            return len(segment.rows) * (style.line_px + 8) + 8 * (segment.first + segment.last)
        case _:
            room = width - left_of(segment)
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
    is_quiet = segment.inner or TASK_BOXES.get(segment.marker, False)
    color = style.secondary if is_quiet else style.text
    mirrored = reads_from_right(segment.text)
    marker_px = QFontMetricsF(font).horizontalAdvance(segment.marker)
    left = max(left_of(segment), marker_px + _MARKER_GAP_PX - _MARKER_BEYOND_PX)
    aside_px = _lay_out_aside(laid, segment, width, above, style, mirrored=mirrored)
    box = text_box(
        segment.text,
        font=font,
        option=style.wrapping_from_right if mirrored else style.wrapping,
        formats=run_formats(segment.runs, style),
        position=QPointF(0 if mirrored else left, above),
        width=width - left,
        line_px=line_px,
        color=color,
        aside_px=aside_px,
    )
    laid.boxes.append(box)
    laid.add_links(run_links(segment.runs))
    laid.height = above + box.height + (_TIGHT_PX if segment.tight else 2)
    if segment.marker in TASK_BOXES:
        x = box.x + box.width + _MARKER_GAP_PX if mirrored else left - _MARKER_GAP_PX - _BOX_PX
        square = QRectF(x, above + (line_px - _BOX_PX) / 2, _BOX_PX, _BOX_PX)
        laid.under.append(_box_painter(square, style, is_done=TASK_BOXES[segment.marker]))
    elif segment.marker:
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
    paint_quotes(laid, segment, style, max(above - 3, 0), width if mirrored else None)
    return laid


def _box_painter(area: QRectF, style: Style, *, is_done: bool) -> Paint:
    """A function that paints the box of a task."""
    accent, ground, border = style.color("accent"), style.color("page"), style.secondary
    check = style.color("on_accent")

    def paint(painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(QPen(accent if is_done else border, 1))
        painter.setBrush(accent if is_done else ground)
        painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        if is_done:
            paint_glyph(painter, Glyph.CHECK, square_in(area, _BOX_PX - 2), check)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    return paint


def _lay_out_aside(
    laid: SegmentLayout, segment: Paragraph, width: float, above: float, style: Style, *, mirrored: bool
) -> float:
    """Lay out what is at the end of a prompt's first line: its time, or its buttons, which cover the line's end.

    Returns the room that the line leaves for the time.
    """
    font, metrics = style.font(style.tiny_px), style.metrics(style.tiny_px)
    time_px = metrics.horizontalAdvance(segment.time) + 1
    if not segment.time or width < style.scaled(_ASIDE_FROM_PX):
        return 0
    tone, time, line_px, beside = style.secondary, segment.time, style.line_px, style.metrics()

    def area(right: float, px: float) -> QRectF:
        return QRectF(width - right if mirrored else right - px, above, px, line_px)

    place = area(width, time_px)
    laid.resting.append(lambda painter: draw_line(painter, place, time, font, tone, beside))
    placed: list[tuple[QRectF, str]] = []
    right = width
    for button in reversed(segment.buttons):
        px = metrics.horizontalAdvance(button.name) + 1
        placed.append((area(right, px), button.name))
        laid.controls.insert(0, Control(placed[-1][0], button.action, button.name))
        right -= px + GAP_L_PX
    if not placed:
        laid.pointed.append(laid.resting[-1])
        return time_px + GAP_L_PX
    laid.covered = ground = area(width, width - right - GAP_L_PX + GAP_M_PX)
    edge, outside = (ground.right(), _FADE_PX) if mirrored else (ground.left(), -_FADE_PX)
    fade = QLinearGradient(edge + outside, 0, edge, 0)
    page = style.color("page")
    fade.setColorAt(0, QColor(page.red(), page.green(), page.blue(), 0))
    fade.setColorAt(1, page)
    faded = QRectF(min(edge, edge + outside), above, _FADE_PX, line_px)

    def paint(painter: QPainter) -> None:
        painter.fillRect(faded, fade)
        painter.fillRect(ground, page)
        for button_area, name in placed:
            draw_line(painter, button_area, name, font, tone, beside)

    laid.pointed.append(paint)
    return time_px + GAP_L_PX


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
    room = max(width - left, 1.0)
    widths = _column_widths(segment, columns, room, style)
    start = 0
    edges: list[float] = [top]
    for number, row in enumerate(segment.rows):
        height, x = 0.0, left
        for column, runs in enumerate(row):
            text = "".join(run.text for run in runs)
            is_head = number == 0 and segment.first
            font = style.font(style.tiny_px, Face.BOLD) if is_head else style.font()
            box = text_box(
                text,
                font=font,
                option=_aligned(segment, column, style),
                formats=run_formats(runs, style),
                position=QPointF(x, top + _CELL_ABOVE_PX),
                width=widths[column] - (_CELL_PX if column + 1 < columns else 0),
                line_px=style.line_px,
                color=style.secondary if is_head else style.text,
                start=start,
                keeps_words=True,
            )
            laid.boxes.append(box)
            laid.add_links(run_links(runs, start))
            height = max(height, box.height)
            x += widths[column]
            start += utf16_length(text) + 1
        top += height + 2 * _CELL_ABOVE_PX
        edges.append(top)
    total = sum(widths)
    if total > room + _SLACK_PX:
        bar = QRectF(left, top + _BAR_ABOVE_PX, room, _BAR_PX) if segment.last else None
        laid.overflow = Overflow(left, room, total + 1, bar)  # The last line is beside the last column.
        top += _BAR_ABOVE_PX + _BAR_PX if segment.last else 0
    laid.height = top + (_GAP_PX if segment.last else 0)
    # A pen of width 0 is one pixel wide at any scale; at 1.5, others are one or two.
    hairline, head_line = QPen(style.color("hairline"), 0), QPen(style.color("border"), 0)
    lines = edges[1:-1] if segment.last else edges[1:]

    def paint(painter: QPainter) -> None:
        for number, edge in enumerate(lines):
            painter.setPen(head_line if number == 0 and segment.first else hairline)
            painter.drawLine(QPointF(left, round(edge) + 0.5), QPointF(left + total, round(edge) + 0.5))

    laid.under.append(paint)
    paint_quotes(laid, segment, style)
    return laid


def lay_out_fold_line(
    segment: FoldLine, width: float, style: Style, *, columns: bool = False, can_pair: bool = False
) -> SegmentLayout:
    """Lay out the title line of a tool call, thought, plan or raw message; its icon is in the gutter.

    ``columns`` and ``can_pair`` are of the diff that it is the head of, as in ``lay_out_diff_head``.
    """
    laid = SegmentLayout()
    laid.height = height = max(round(style.scaled(_FOLD_LINE_PX)), style.line_px)
    left = left_of(segment)
    area = QRectF(left, 1, width - left, height - 2)
    small, tiny = style.metrics(style.small_px), style.metrics(style.tiny_px)
    right = width
    caret = QRectF(right - _CARET_PX, area.center().y() - _CARET_PX / 2, _CARET_PX, _CARET_PX)
    if segment.folded is not None:
        right -= _CARET_PX + _NARROW_GAP_PX
    facts = line_counts(segment.added, segment.removed, style, style.color("page"))
    if segment.head is not None and segment.head.note:
        facts.insert(0, (segment.head.note, style.secondary))
    facts_px = sum(small.horizontalAdvance(text) + GAP_S_PX for text, _ in facts)
    detail, detail_px = segment.detail, tiny.horizontalAdvance(segment.detail) + 1 if segment.detail else 0.0
    if right - left - facts_px - detail_px < _MIN_TITLE_PX:
        facts, facts_px = [], 0
    if right - left - detail_px < _MIN_TITLE_PX:
        detail, detail_px = "", 0
    detail_area = QRectF(right - detail_px, 0, detail_px, height)
    right -= detail_px + GAP_S_PX
    room = max(right - left - facts_px, 20)
    runs = segment.runs or title_runs(segment.text, segment.object_at, Face.SECONDARY)
    text_right = left + _add_title(laid, runs, left, room, style)
    small_font, tiny_font, icon = style.font(style.small_px), style.font(style.tiny_px), segment.icon
    tone, detail_tone = style.secondary, style.color(segment.tone)
    icon_area = in_gutter(left, height / 2)
    icon_tone = style.color("accent" if segment.running else segment.icon_tone)
    if segment.tone == "failed" and not segment.running:
        icon_tone = detail_tone

    def paint(painter: QPainter) -> None:
        if icon:
            paint_glyph(painter, Glyph(icon), icon_area, icon_tone)
        x = text_right + GAP_S_PX
        for text, color in facts:
            px = small.horizontalAdvance(text) + 1
            draw_line(painter, QRectF(x, 0, px, height), text, small_font, color)
            x += px + GAP_S_PX - 1
        draw_line(painter, detail_area, detail, tiny_font, detail_tone, small)
        if segment.folded is not None:
            glyph = Glyph.FOLDED if segment.folded else Glyph.EXPANDED
            paint_glyph(painter, glyph, caret, tone)

    laid.over.append(paint)
    if segment.head is not None:
        add_diff_buttons(laid, segment.head, right, height / 2, style, columns=columns, can_pair=can_pair)
    if segment.folded is not None:
        name = chat_texts.UNFOLD(title=segment.text) if segment.folded else chat_texts.FOLD(title=segment.text)
        laid.controls.append(Control(area, Action("fold", segment.item), name))
    return laid


def title_runs(text: str, object_at: int | None, face: Face) -> tuple[Run, ...]:
    """A line of words in ``face`` and, from ``object_at`` on, a command or path."""
    at = len(text) if object_at is None else object_at
    return (Run(text[:at], face), Run(text[at:], Face.OBJECT))


def _add_title(laid: SegmentLayout, runs: Sequence[Run], left: float, room: float, style: Style) -> float:
    """Add a line of runs, cut to fit; returns its width. What it is about is cut first, as far as two fifths of it."""
    words, mono = style.metrics(style.small_px), style.metrics(style.tiny_px, mono=True)
    metrics = [mono if run.face & Face.OBJECT else words for run in runs]
    sizes_px = [each.horizontalAdvance(run.text) for each, run in zip(metrics, runs, strict=True)]
    beyond_px, shown, taken_px = sum(sizes_px) - room, list[Run](), 0.0
    for number, (run, each, px) in enumerate(zip(runs, metrics, sizes_px, strict=True)):
        left_px = room - taken_px
        if number == 1 and beyond_px > 0 and len(runs) > 2:
            left_px = min(left_px, max(px - beyond_px, room * _ABOUT_SHARE))
        text = each.elidedText(run.text, Qt.TextElideMode.ElideRight, max(left_px, 0)) if px > left_px else run.text
        shown.append(run._replace(text=text))
        shown_px = each.horizontalAdvance(text)
        taken_px, beyond_px = taken_px + shown_px, beyond_px - (px - shown_px)
    box = text_box(
        "".join(run.text for run in shown),
        font=style.font(style.small_px),
        option=style.wrapping,
        formats=run_formats(shown, style),
        position=QPointF(left, 0),
        width=room + GAP_S_PX,
        line_px=laid.height,
        color=style.text,
    )
    laid.boxes.append(box)
    return taken_px


def lay_out_quiet_line(segment: QuietLine, width: float, style: Style) -> SegmentLayout:
    """Lay out a short line with its controls; its icon is in the gutter."""
    laid = SegmentLayout()
    left = left_of(segment)
    font = style.font(style.small_px)
    metrics = style.metrics(style.small_px)
    tone = style.color(segment.tone)
    time, time_font = segment.time if width >= style.scaled(_ASIDE_FROM_PX) else "", style.font(style.tiny_px)
    time_px = style.metrics(style.tiny_px).horizontalAdvance(time) + 1 if time else 0
    time_area = QRectF(width - time_px, _QUIET_ABOVE_PX, time_px, style.line_px)
    box = text_box(
        segment.text,
        font=font,
        option=style.wrapping,
        formats=[],
        position=QPointF(left, _QUIET_ABOVE_PX),
        width=width - left - (time_px + GAP_M_PX if time else 0),
        line_px=style.line_px,
        color=tone,
    )
    laid.boxes.append(box)
    laid.height = box.height + 2 * _QUIET_ABOVE_PX
    lines = box.layout.lineCount()
    last = box.layout.lineAt(lines - 1) if lines else None
    x = left + (last.naturalTextWidth() if last is not None else 0) + (GAP_M_PX if segment.text else 0)
    y = _QUIET_ABOVE_PX + box.height - style.line_px
    buttons: list[tuple[QRectF, str, QColor]] = []
    for button in segment.buttons:
        px = metrics.horizontalAdvance(button.name) + 4
        if x + px > width and x > left:
            x, y = left, y + style.line_px
            laid.height += style.line_px
        area = QRectF(x, y, px, style.line_px)
        buttons.append((area, button.name, style.color(button.tone or "accent")))
        laid.controls.append(Control(area, button.action, button.name))
        x += px + GAP_M_PX
    icon_area = in_gutter(left, _QUIET_ABOVE_PX + style.line_px / 2)

    def paint(painter: QPainter) -> None:
        if segment.icon:
            paint_glyph(painter, Glyph(segment.icon), icon_area, tone)
        draw_line(painter, time_area, time, time_font, tone, metrics)
        for area, name, color in buttons:
            draw_line(painter, area, name, font, color)

    laid.under.append(paint)
    return laid


def lay_out_live_line(segment: LiveLine, width: float, style: Style) -> SegmentLayout:
    """Lay out what the agent does now; in the gutter is its output of the last seconds."""
    laid = SegmentLayout()
    laid.height = height = round(style.scaled(_TURN_LINE_PX))
    small, font = style.metrics(style.small_px), style.font(style.small_px)
    facts = f"· {segment.facts}" if segment.facts else ""
    facts_px = small.horizontalAdvance(facts) + 1
    buttons_px = sum(small.horizontalAdvance(button.name) + GAP_L_PX for button in segment.buttons)
    room = max(width - facts_px - buttons_px - GAP_S_PX, 20)
    x = _add_title(laid, title_runs(segment.text, segment.object_at, Face.PLAIN), 0, room, style) + GAP_S_PX / 2
    facts_area, x = QRectF(x, 0, facts_px, height), x + facts_px + GAP_M_PX
    buttons: list[tuple[QRectF, str]] = []
    for button in segment.buttons:
        px = small.horizontalAdvance(button.name) + 1
        buttons.append((QRectF(x, 0, px, height), button.name))
        laid.controls.append(Control(buttons[-1][0], button.action, button.name))
        x += px + GAP_M_PX
    place, accent, tone, bars = in_gutter(0, height / 2), style.color("accent"), style.secondary, segment.bars
    is_flat = not any(bars)

    def paint(painter: QPainter) -> None:
        for number, bar in enumerate(bars):
            bar_px = _BAR_STEP_PX * bar + 2
            x = place.left() + 1 + number * 2 * _LIVE_BAR_PX
            area = QRectF(x, place.bottom() - 2 - bar_px, _LIVE_BAR_PX, bar_px)
            painter.fillRect(area, tone if is_flat else accent)
        draw_line(painter, facts_area, facts, font, tone)
        for area, name in buttons:
            draw_line(painter, area, name, font, accent)

    laid.over.append(paint)
    return laid


def lay_out_turn_line(segment: TurnLine, width: float, style: Style) -> SegmentLayout:
    """Lay out what a turn did: its facts, and at the right what the user can do about it; in a menu if it is narrow.

    In a narrow line the buttons go first, then the commands; what failed stays.
    """
    laid = SegmentLayout()
    laid.height = height = round(style.scaled(_TURN_LINE_PX))
    small, font = style.metrics(style.small_px), style.font(style.small_px)
    right = width
    page, (first, *others) = style.color("page"), segment.facts()
    facts = [(first, style.secondary, 0)]
    lines = line_counts(segment.added, segment.removed, style, page)
    facts += [(Run(text), color, GAP_S_PX - 1) for text, color in lines]
    begun = len(facts)
    facts += [(run, on(style.color(run.color), page) if run.color else style.secondary, 0) for run in others]
    failed_at = next((number for number, (run, _, _) in enumerate(facts) if run.color), -1)
    needed_px = sum(small.horizontalAdvance(run.text) + before_px for run, _, before_px in facts[: failed_at + 1])
    buttons: list[tuple[QRectF, str]] = []
    sizes_px = [small.horizontalAdvance(button.name) + 1 for button in segment.buttons]
    buttons_px = sum(sizes_px) + (len(sizes_px) - 1) * GAP_L_PX
    is_narrow = bool(sizes_px) and buttons_px > min(width / 2, width - needed_px - GAP_L_PX)
    more = QRectF(width - ICON_PX, (height - style.line_px) / 2, ICON_PX, style.line_px) if is_narrow else None
    if more is not None:
        laid.controls.append(Control(more, Action("more", segment.item), chat_texts.MORE_ABOUT_TURN()))
        right = more.left() - GAP_S_PX
    for button, px in zip(() if is_narrow else reversed(segment.buttons), reversed(sizes_px), strict=False):
        area = QRectF(right - px, (height - style.line_px) / 2, px, style.line_px)
        buttons.append((area, button.name))
        laid.controls.insert(0, Control(area, button.action, button.name, underline=style.secondary))
        right -= px + GAP_L_PX
    if needed_px > right:
        del facts[begun : failed_at - 1]
    placed: list[tuple[QRectF, str, QColor]] = []
    x = 0.0
    for number, (run, color, before_px) in enumerate(facts):
        x += before_px
        follows = facts[number + 1][0].text if run.text == FAILED_AFTER else ""
        room = max(right - x - small.horizontalAdvance(follows), 0)
        shown = small.elidedText(run.text, Qt.TextElideMode.ElideRight, room)
        if shown != run.text and placed:
            break  # It would be no more than its beginning.
        px = small.horizontalAdvance(shown)
        area = QRectF(x, 0, px + 1, height)
        placed.append((area, shown, color))
        if run.color:
            name = chat_texts.SHOW_FAILED(n=segment.failed)
            laid.controls.append(Control(area, Action("failures", segment.item), name, underline=color))
        x += px
    arrow, tone = in_gutter(0, height / 2), style.secondary
    glyph = Glyph.FOLDED if segment.folded else Glyph.EXPANDED

    def paint(painter: QPainter) -> None:
        paint_glyph(painter, glyph, square_in(arrow, _CARET_PX), tone)
        for area, text, color in placed:
            draw_line(painter, area, text, font, color)
        for area, text in buttons:
            draw_line(painter, area, text, font, tone)
        if more is not None:
            paint_glyph(painter, Glyph.MORE, square_in(more, ICON_PX), tone)

    laid.over.append(paint)
    name = chat_texts.SHOW_STEPS(n=segment.steps) if segment.folded else chat_texts.HIDE_STEPS(n=segment.steps)
    area = QRectF(arrow.left(), 1, right - arrow.left(), height - 2)
    laid.controls.append(Control(area, Action("fold_turn", segment.item), name, tip="\n".join(segment.changed)))
    return laid


def lay_out_turn_footer(segment: TurnFooter, width: float, style: Style) -> SegmentLayout:
    """Lay out the end of a turn: the button that copies, and its times beside it, if they fit."""
    laid = SegmentLayout()
    left, laid.height = left_of(segment), style.line_px
    font, tone = style.font(style.small_px), style.secondary
    button = QRectF(left - 4, 2, 22, style.line_px)
    icon = square_in(button, 14)
    beside = QRectF(button.right() + 4, 2, max(width - button.right() - 4, 0), style.line_px)
    label = style.metrics(style.small_px).elidedText(segment.label, Qt.TextElideMode.ElideRight, round(beside.width()))

    def paint(painter: QPainter) -> None:
        paint_glyph(painter, Glyph.COPY, icon, tone)
        draw_line(painter, beside, label, font, tone)

    laid.pointed.append(paint)
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
    """Lay out an image; its place is empty until it is decoded."""
    left = left_of(segment)
    size = size_of(segment.image)
    if size is None or pictures().is_broken(segment.image):
        return lay_out_quiet_line(
            QuietLine(segment.text, segment.indent, segment.quotes, segment.inner, icon="image"), width, style
        )
    laid = SegmentLayout()
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
        if (picture := pictures().get(segment.image)) is not None:
            painter.drawImage(area, picture)
        painter.restore()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(border)
        painter.drawPath(outline)

    laid.under.append(paint)
    ring = area.adjusted(-_RING_PX, -_RING_PX, _RING_PX, _RING_PX)
    laid.controls.append(Control(ring, Action("image", image=segment.image), chat_texts.ENLARGE_IMAGE()))
    return laid


def lay_out_named_picture(segment: NamedPicture, width: float, style: Style) -> SegmentLayout:
    """Lay out a picture in a text; of one that is not loaded until the user asks for it, its name."""
    if segment.image is not None:
        picture = Picture(segment.text, segment.indent, segment.quotes, segment.inner, image=segment.image)
        return lay_out_picture(picture, width, style)
    laid = SegmentLayout()
    left, line_px = left_of(segment), style.line_px
    metrics, small = style.metrics(style.small_px), style.font(style.small_px)
    show_px = metrics.horizontalAdvance(chat_texts.SHOW_PICTURE()) + 1
    text_left = left + PADDING_PX + ICON_PX + GAP_S_PX
    room = width - text_left - show_px - GAP_M_PX - PADDING_PX
    shown = metrics.elidedText(segment.text, Qt.TextElideMode.ElideMiddle, max(room, 0))
    area_px = min(text_left + metrics.horizontalAdvance(shown) + GAP_M_PX + show_px + PADDING_PX, width) - left
    area = QRectF(left, _GAP_PX, area_px, line_px + 2 * _NARROW_GAP_PX)
    laid.height = area.bottom() + _GAP_PX
    box = text_box(
        shown,
        font=small,
        option=style.wrapping,
        formats=[],
        position=QPointF(text_left, area.top() + _NARROW_GAP_PX),
        width=max(room, 1) + GAP_S_PX,
        line_px=line_px,
        color=style.text,
    )
    laid.boxes.append(box)
    icon = QRectF(left + PADDING_PX, area.center().y() - ICON_PX / 2, ICON_PX, ICON_PX)
    show_area = QRectF(area.right() - PADDING_PX - show_px, area.top(), show_px, area.height())
    border, tone, accent = QPen(style.color("border"), 1), style.secondary, style.color("accent")
    outline = area.adjusted(0.5, 0.5, -0.5, -0.5)

    def paint(painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(border)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(outline, RADIUS_PX, RADIUS_PX)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        paint_glyph(painter, Glyph.IMAGE, icon, tone)
        draw_line(painter, show_area, chat_texts.SHOW_PICTURE(), small, accent)

    laid.under.append(paint)
    name = chat_texts.SPOKEN(kind=chat_texts.SHOW_PICTURE(), text=segment.text)
    laid.controls.append(Control(area, Action("named_image", value=segment.source), name))
    return laid


def _aligned(segment: Table, column: int, style: Style) -> QTextOption:
    kind = segment.aligned[column] if column < len(segment.aligned) else ""
    if kind not in {"right", "center"}:
        return style.wrapping
    option = QTextOption(style.wrapping)
    option.setAlignment(Qt.AlignmentFlag.AlignRight if kind == "right" else Qt.AlignmentFlag.AlignHCenter)
    return option


def _beside(column: int, columns: int) -> float:
    """The width of a column beside its text."""
    return _SLACK_PX + (_CELL_PX if column + 1 < columns else 0)


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
            widths[column] = max(widths[column], max(lines_px) + _beside(column, columns))
    if sum(widths) <= room:
        return widths
    words = _word_widths(segment, columns, room, style)
    least = [min(word, px, room) for word, px in zip(words, widths, strict=True)]
    low, high = 0.0, room
    for _ in range(_HALVINGS):  # the width that columns have which need no more for a word, and could use more
        level = (low + high) / 2
        given = [max(word, min(level, px)) for word, px in zip(least, widths, strict=True)]
        low, high = (low, level) if sum(given) > room else (level, high)
    return [max(word, min(low, px)) for word, px in zip(least, widths, strict=True)]


def _word_widths(segment: Table, columns: int, room: float, style: Style) -> list[float]:
    """The widths that the columns need for their longest words; one that is wider than the room may be broken."""
    font, option = style.font(0, Face.BOLD), QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WordWrap)
    widths = [0.0] * columns
    for column, cells in enumerate(segment.wordiest or zip(*segment.rows, strict=False)):
        for runs in cells:
            text = "".join(run.text for run in runs).replace("\n", " ")
            layout = QTextLayout(text, font)
            layout.setTextOption(option)
            layout.setFormats(run_formats(runs, style))
            layout.beginLayout()
            if (line := layout.createLine()).isValid():
                line.setLineWidth(_ONE_LINE_PX)
            layout.endLayout()
            units = range(len(text) + 1) if text.isascii() else unit_offsets(text)
            ends = [(units[word.start()], units[word.end()]) for word in _WORD.finditer(text)]
            sizes_px = (abs(x_of(line, end) - x_of(line, begin)) for begin, end in ends)
            needed_px = max((px for px in sizes_px if px <= room), default=0.0)
            widths[column] = max(widths[column], max(needed_px, layout.minimumWidth()) + _beside(column, columns))
    return widths


_WITHIN_TEXT: dict[type[Segment], Callable[[Any, float, Style], SegmentLayout]] = {
    Paragraph: lay_out_paragraph,
    LiveLine: lay_out_live_line,
    QuietLine: lay_out_quiet_line,
    StatusLine: lay_out_quiet_line,
    TurnLine: lay_out_turn_line,
    TurnFooter: lay_out_turn_footer,
    PlanLine: lay_out_plan_line,
    Rule: lay_out_rule,
    Table: lay_out_table,
    NamedPicture: lay_out_named_picture,
    Picture: lay_out_picture,
}
"""The functions for segments that are never wider than the text."""
