"""Blocks of code and of output, and diffs: in one column, or old and new side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from itertools import accumulate
from pathlib import PurePosixPath
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt, QTextBoundaryFinder
from PySide6.QtGui import QColor, QPainter, QPainterPath, QTextCharFormat, QTextLayout

from gui.chat.content.highlighting import spans
from gui.chat.content.patches import equal_characters, pairs
from gui.chat.content.segments import (
    Action,
    AskLine,
    Code,
    CommentBox,
    CommentLine,
    Diff,
    DiffHead,
    Face,
    Run,
    TakenBack,
    utf16_length,
)
from gui.chat.figure_program import SCALE
from gui.chat.figures import Figure, figures, kind_of
from gui.chat.pictures import pictures, size_of
from gui.finding.query import unit_offsets
from gui.theme.icons import Glyph, paint_glyph
from gui.theme.painting import paint_frame
from gui.theme.tokens import GAP_M_PX, GAP_S_PX, RADIUS_PX, on
from gui.wording import changes_texts, chat_texts
from session_host.protocol.values import Image
from session_host.structured.patches import DiffLine, hunk_title

from .segment_layout import (
    LINE_SEPARATOR,
    Control,
    Overflow,
    Paint,
    SegmentLayout,
    TextBox,
    baseline_in,
    draw_line,
    format_range,
    left_of,
    paint_quotes,
    run_formats,
    square_in,
    text_box,
)
from .style import Style, Widths

PADDING_PX, _PADDING_ABOVE_PX = 14, 8
_ABOVE_PX = 6.0
"""The space above and below a block, and above and below a diff's lines."""
_RIGHT_PX = 6
_CORNER_PX, _CORNER_FROM_PX = 10, 260
"""The space right of a block's language; in a narrower block there is only room for one button."""
_FIGURE_PX = 640
"""The most height of a figure, at the text size ``CHAT_PX``."""
_SIDE_BAR_PX = 6
_TITLE_SMALLER_PX = 3
"""How much smaller than the text a block's language is."""
COLUMNS_FROM_PX = 680
"""The minimum width for two columns."""
SHOWN_AT_ONCE = 20
"""Of more than twice as many hidden lines, the user can also show the first or the last ones."""
_HEAD_PX = 30
_BUTTON_PX = 22
_HUNK_BUTTON_PX = 24
_COMMENT_PX = 28
_GLYPH_PX = 14
_NARROW_GAP_PX = GAP_S_PX // 2
_GUTTER_LEFT_PX = 8
ASKED_EDGE_PX, ASKED_BESIDE_PX = 3, 20
"""The width of an open request's edge; how far its ground reaches beyond the text."""
_TO_EDGE_PX = 2 * ASKED_BESIDE_PX
"""Tints of lines of its diff reach so far beyond the text; the page ends them at the edges of the ground."""
_NUMBER_GAP_PX = 8
_SIGN_PX = 14
_MAX_COMPARED_CHARACTERS = 400
"""In a longer line, all from the first change to the last one is marked: comparing its words would take too long."""
_MAX_CHANGED_SHARE = 0.6
"""If a larger part of a line is changed, its changes are not marked: it counts as another line."""
_WITHOUT_SPACES = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""The characters of Chinese and Japanese, which have no spaces between words."""
_WORD = re.compile(rf"[{_WITHOUT_SPACES}]|[^\W{_WITHOUT_SPACES}]+|\s+|\W")
"""Changes within a line are marked by whole words; in Chinese and Japanese by characters."""


class CodeLook(NamedTuple):
    """How a block of code is shown.

    Attributes:
        wraps: whether lines that are too long go on below; if not, the block is scrolled sideways.
        numbers: whether its lines have numbers.
        source: whether it is shown although the figure that it describes is drawn.
    """

    wraps: bool = True
    numbers: bool = False
    source: bool = False

    def switched(self, kind: str) -> CodeLook:
        """The look with one thing changed: "wrap", "numbers" or "source"."""
        field = "wraps" if kind == "wrap" else kind
        return self._replace(**{field: not getattr(self, field)})


USUAL_CODE = CodeLook()
_CornerButton = tuple[str, Action, str]
"""A button over a block: its word, its action, and what is read of it."""


def grown(
    segment: Code | DiffHead | Diff | AskLine | CommentBox | CommentLine,
    widths: Widths,
    style: Style,
    *,
    columns: bool = False,
    code: CodeLook = USUAL_CODE,
) -> float:
    """The width of a block of code or a diff: that of the text, or ``wide`` if its longest line needs more."""
    needed = left_of(segment) + segment.longest * style.code_character_px
    if isinstance(segment, Code):
        if segment.is_output:
            return widths.text
        needed += 2 * PADDING_PX + _numbers_px(segment, style, code)
    else:
        needed += _gutter(segment.digits, style) + _RIGHT_PX
        if columns and widths.wide >= COLUMNS_FROM_PX:
            return widths.wide
    return widths.wide if needed > widths.text else widths.text


def _numbers_px(segment: Code, style: Style, look: CodeLook) -> float:
    """The width of the numbers of a block's lines, with the space beside them."""
    return _number_px(len(str(segment.lines)), style) if look.numbers else 0.0


def lay_out_code(segment: Code, width: float, style: Style, look: CodeLook = USUAL_CODE) -> SegmentLayout:
    """Lay out some lines of a block."""
    laid = SegmentLayout()
    left, numbers_px = left_of(segment), _numbers_px(segment, style, look)
    above = _ABOVE_PX if segment.first else 0.0
    top = above + (_PADDING_ABOVE_PX if segment.first else 0)
    background = style.code.ground
    if segment.is_output:
        formats = run_formats(segment.runs, style, background)
    else:
        formats = code_formats(segment.text, segment.language, style, background)
    room = width - left - 2 * PADDING_PX - numbers_px
    size_px, line_px = (style.tiny_px, style.output_line_px) if segment.is_output else (0, style.code_line_px)
    needed = segment.longest * style.metrics(size_px, mono=True).horizontalAdvance("0") + 1
    overflows = not look.wraps and needed > room
    title = _title_of(segment, style)
    title_px = style.metrics(_title_px(style)).horizontalAdvance(title) + GAP_M_PX if title else 0.0
    box = text_box(
        segment.text,
        font=style.font(size_px, mono=True),
        option=style.code_wrapping,
        formats=formats,
        position=QPointF(left + PADDING_PX + numbers_px, top),
        width=max(needed, room) if overflows else room,
        line_px=line_px,
        color=style.text,
        aside_px=0.0 if overflows else title_px,
    )
    laid.boxes.append(box)
    if overflows and box.layout.lineAt(0).naturalTextWidth() > room - title_px:
        title = ""  # It would cover the first line.
    bottom = top + box.height + (_PADDING_ABOVE_PX if segment.last else 0)
    content = QRectF(left, above, width - left + (needed - room if overflows else 0), bottom - above)
    if overflows:
        bar = QRectF(left, bottom - _SIDE_BAR_PX - 1, width - left, _SIDE_BAR_PX) if segment.last else None
        laid.overflow = Overflow(left, width - left, content.width(), bar)
    laid.height = bottom + (_ABOVE_PX if segment.last else 0)
    path = rounded(content, top=segment.first, bottom=segment.last)
    laid.under.append(lambda painter: fill_smoothly(painter, path, background))
    if look.numbers:
        laid.under.append(_numbers_painter(segment, box, left + PADDING_PX, numbers_px, style))
    if segment.first:
        buttons = _buttons(look, is_wide=segment.longest * style.code_character_px > room) if segment.copies else []
        corner = QRectF(left, top, width - left - _CORNER_PX, style.code_line_px)
        _add_corner(laid, title, buttons, corner, style, background)
    paint_quotes(laid, segment, style)
    return laid


def _title_of(segment: Code, style: Style) -> str:
    """The word in a block's corner."""
    figure = figure_of(segment, style)
    is_refused = figure is not None and figures().is_refused(figure)
    return chat_texts.NOT_DRAWN(language=segment.title) if is_refused else segment.title


def _buttons(look: CodeLook, *, is_wide: bool) -> list[_CornerButton]:
    """The buttons of a block of code; ``is_wide``: one of its lines is longer than the block."""
    buttons: list[_CornerButton] = []
    if is_wide or not look.wraps:
        name = chat_texts.DO_NOT_WRAP() if look.wraps else chat_texts.WRAP()
        buttons.append((name, Action("wrap"), name))
    name = chat_texts.NO_NUMBERS() if look.numbers else chat_texts.NUMBERS()
    buttons.append((name, Action("numbers"), name))
    if look.source:
        buttons.append((chat_texts.FIGURE(), Action("source"), chat_texts.SHOW_FIGURE()))
    return [*buttons, _copy_button()]


def figure_of(segment: Code, style: Style) -> Figure | None:
    """The figure that a block of code describes; None if it describes none."""
    is_whole = segment.copies and segment.first and segment.last
    if not (is_whole and (kind := kind_of(segment.language, segment.text))):
        return None
    is_dark = style.color("page").lightnessF() < style.text.lightnessF()
    colors = (
        ("is_dark", "yes" if is_dark else "no"),
        ("ground", style.color("page").name()),
        ("box", style.code.ground.name()),
        ("line", style.secondary.name()),
        ("text", style.text.name()),
    )
    return Figure(kind, segment.text, style.size_px, colors)


def lay_out_figure(segment: Code, image: Image, width: float, style: Style) -> SegmentLayout:
    """Lay out the figure that a block of code describes; its place is empty until the image is decoded."""
    laid = SegmentLayout()
    left, size = left_of(segment), QSizeF(size_of(image) or QSize(1, 1)) / SCALE
    room = QSizeF(max(width - left, 1.0), style.scaled(_FIGURE_PX))
    if size.width() > room.width() or size.height() > room.height():
        size = size.scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
    area = QRectF(QPointF(left, 2 * _ABOVE_PX), size)
    laid.height = area.bottom() + 2 * _ABOVE_PX

    def paint(painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if (picture := pictures().get(image)) is not None:
            painter.drawImage(area, picture)

    laid.under.append(paint)
    buttons = [(chat_texts.SOURCE(), Action("source"), chat_texts.SHOW_SOURCE()), _copy_button()]
    corner = QRectF(left, _ABOVE_PX, width - left, style.code_line_px)
    _add_corner(laid, "", buttons, corner, style, style.color("page"))
    laid.controls.append(Control(area, Action("image", image=image), chat_texts.ENLARGE_IMAGE()))
    paint_quotes(laid, segment, style)
    return laid


def _copy_button() -> _CornerButton:
    return chat_texts.COPY_SHORT(), Action("copy"), chat_texts.COPY_CODE()


def _numbers_painter(segment: Code, box: TextBox, left: float, width: float, style: Style) -> Paint:
    """A function that paints the numbers of lines, each beside the first line that it is wrapped into."""
    tone, font = on(style.secondary, style.code.ground), style.font(mono=True)
    metrics, right = style.metrics(mono=True), left + width - _NUMBER_GAP_PX
    baselines: list[float] = []
    text = box.layout.text()
    units = text.encode("utf-16-le", "surrogatepass")
    for number in range(box.layout.lineCount()):
        line = box.layout.lineAt(number)
        start = line.textStart()
        if not start or units[2 * start - 2 : 2 * start] == LINE_SEPARATOR.encode("utf-16-le"):
            baselines.append(box.y + line.y() + line.ascent())

    def paint(painter: QPainter) -> None:
        painter.setFont(font)
        painter.setPen(tone)
        for number, baseline in enumerate(baselines, segment.line):
            painter.drawText(QPointF(right - metrics.horizontalAdvance(str(number)), baseline), str(number))

    return paint


def _title_px(style: Style) -> int:
    """The size of a block's language."""
    return style.size_px - _TITLE_SMALLER_PX


def _add_corner(
    laid: SegmentLayout,
    title: str,
    buttons: list[_CornerButton],
    corner: QRectF,
    style: Style,
    background: QColor,
) -> None:
    """Add a block's title at its right, and in its place what the user can do while it is pointed at.

    In a narrow block there is only the last button.
    """
    tone = on(style.secondary, background)
    size_px = _title_px(style)
    metrics, font, beside = style.metrics(size_px), style.font(size_px), style.metrics(mono=True)

    def add(names: Sequence[str], paints: list[Paint]) -> list[QRectF]:
        """Add texts from the right on; returns their areas."""
        right, areas = corner.right(), list[QRectF]()
        for name in reversed(names):
            px = metrics.horizontalAdvance(name) + 1
            areas.insert(0, QRectF(right - px, corner.top(), px, corner.height()))
            right -= px + GAP_M_PX
        ground = QRectF(right + GAP_S_PX, corner.top(), corner.right() - right, corner.height())

        def paint(painter: QPainter) -> None:
            painter.fillRect(ground, background)
            for area, name in zip(areas, names, strict=True):
                draw_line(painter, area, name, font, tone, beside)

        paints.append(paint)
        return [ground, *areas]

    if title:
        add([title], laid.resting)
    if not buttons:
        return
    if corner.width() < style.scaled(_CORNER_FROM_PX):
        buttons = buttons[-1:]
    laid.covered, *areas = add([name for name, _, _ in buttons], laid.pointed)
    for area, (_, action, spoken) in reversed(list(zip(areas, buttons, strict=True))):  # The Tab key copies first.
        laid.controls.append(Control(area, action, spoken, stays=True))


def line_counts(added: int, removed: int, style: Style, ground: QColor) -> list[tuple[str, QColor]]:
    """The numbers of changed lines, such as "+2" and "−1", each with its colour; those that are 0 are left out."""
    counts = (
        (added, changes_texts.ADDED_LINES(count=added), "fine"),
        (removed, changes_texts.REMOVED_LINES(count=removed), "failed"),
    )
    return [(text, on(style.color(token), ground)) for count, text, token in counts if count]


def add_diff_buttons(
    laid: SegmentLayout, head: DiffHead, right: float, middle: float, style: Style, *, columns: bool, can_pair: bool
) -> float:
    """Add the controls of a file's diff, left of ``right``; returns the left edge of the leftmost.

    Args:
        laid: gets the controls, and their icons, which are shown only while the line is pointed at.
        head: the diff's head.
        right: the right edge of the rightmost one.
        middle: the middle of their height.
        style: the style.
        columns: whether the diff is side by side.
        can_pair: whether there is room for that.
    """
    glyphs: list[tuple[Glyph, QRectF]] = []
    buttons = [(Glyph.COPY, Action("copy"), changes_texts.COPY_PATCH())]
    if head.can_pair and can_pair:
        name = changes_texts.ONE_COLUMN() if columns else changes_texts.SIDE_BY_SIDE()
        buttons.append((Glyph.ROWS if columns else Glyph.COLUMNS, Action("columns", head.item), name))
    if head.discards:
        buttons.append((Glyph.DISCARD, Action("discard", head.item), changes_texts.DISCARD_FILE()))
    if head.file is not None:
        buttons.append((Glyph.OPEN, Action("file", file=head.file), changes_texts.OPEN_IN_EDITOR()))
    if head.folds:  # The leftmost: when it goes, no other button comes under the pointer.
        buttons.append((Glyph.FOLD_LINES, Action("fold_lines", head.item), changes_texts.FOLD_LINES()))
    controls: list[Control] = []
    for glyph, action, name in buttons:
        button = QRectF(right - _BUTTON_PX, middle - _BUTTON_PX / 2, _BUTTON_PX, _BUTTON_PX)
        controls.append(Control(button, action, name))
        glyphs.append((glyph, square_in(button, _GLYPH_PX)))
        right -= _BUTTON_PX + _NARROW_GAP_PX
    laid.controls += reversed(controls)  # The Tab key goes from left to right.
    tone = style.secondary

    def paint(painter: QPainter) -> None:
        for glyph, area in glyphs:
            paint_glyph(painter, glyph, area, tone)

    laid.pointed.append(paint)
    return right


def lay_out_diff_head(
    segment: DiffHead, width: float, style: Style, *, columns: bool, can_pair: bool = True
) -> SegmentLayout:
    """Lay out the first line of a file's diff: its path, what changed, its buttons."""
    laid = SegmentLayout()
    left, above = left_of(segment), _ABOVE_PX
    metrics, font = style.metrics(style.small_px), style.font(style.small_px)
    middle = above + _HEAD_PX / 2
    right = add_diff_buttons(laid, segment, width - GAP_S_PX, middle, style, columns=columns, can_pair=can_pair)
    laid.over, laid.pointed = laid.pointed, []
    facts = [(segment.note, on(style.secondary, style.code.ground))] if segment.note else []
    facts += line_counts(segment.added, segment.removed, style, style.code.ground)
    widths = [metrics.horizontalAdvance(text) + 2 for text, _ in facts]
    facts_px = sum(widths) + GAP_S_PX * len(widths)
    path_px, line_px = metrics.horizontalAdvance(segment.text), style.line_px
    above_text = above + (_HEAD_PX - line_px) / 2
    is_beside = path_px + facts_px <= right - left - PADDING_PX
    room = right - left - PADDING_PX - (facts_px if is_beside else 0)
    directory = len(segment.text) - len(PurePosixPath(segment.text).name)
    runs = (Run(segment.text[:directory], Face.SECONDARY), Run(segment.text[directory:]))
    box = text_box(
        segment.text,
        font=font,
        option=style.code_wrapping,
        formats=run_formats(runs, style, style.code.ground),
        position=QPointF(left + PADDING_PX, above_text),
        width=max(room, 1),
        line_px=line_px,
        color=style.text,
    )
    laid.boxes.append(box)
    extra = box.height - line_px + (line_px if facts and not is_beside else 0)
    laid.height = above + _HEAD_PX + extra
    area = QRectF(left, above, width - left, _HEAD_PX + extra)
    x = right - facts_px + GAP_S_PX if is_beside else left + PADDING_PX
    y = above_text if is_beside else above_text + box.height
    placed: list[tuple[QRectF, str, QColor]] = []
    for (text, color), px in zip(facts, widths, strict=True):
        placed.append((QRectF(x, y, px, line_px), text, color))
        x += px + GAP_S_PX
    path = rounded(area, top=True, bottom=segment.empty)
    background, hairline = style.code.ground, style.color("hairline")

    def paint(painter: QPainter) -> None:
        if not segment.asked:
            fill_smoothly(painter, path, background)
        if not segment.empty and not segment.asked:
            painter.fillRect(QRectF(left, area.bottom() - 1, width - left, 1), hairline)
        for text_area, text, color in placed:
            draw_line(painter, text_area, text, font, color)

    laid.under.append(paint)
    return laid


def lay_out_diff(segment: Diff, width: float, style: Style, *, columns: bool) -> SegmentLayout:
    """Lay out some lines of a file's diff."""
    laid = SegmentLayout()
    left = left_of(segment)
    columns = columns and width >= COLUMNS_FROM_PX
    number_px = _number_px(segment.digits, style)
    painter_of = _Lines(segment, style, laid, width)
    gutter = _gutter(segment.digits, style)
    y = _ABOVE_PX if segment.first and not segment.asked else 0.0
    if columns:
        half = (width - left) / 2
        for old, new in pairs(segment.lines):
            if old is not None and not segment.lines[old].has_sign:
                y += painter_of.remark(old, left, width - left, y, gutter)
                continue
            cells = []
            if old is not None:
                cells.append(_Cell(old, left, half - 1, True))
            if new is not None:
                cells.append(_Cell(new, left + half, half, False))
            y += painter_of.row(cells, y, gutter, number_px)
        middle, border = left + half - 1, style.color("hairline")
        bottom = y
        laid.over.append(lambda painter: painter.fillRect(QRectF(middle, 0, 1, bottom), border))
    else:
        for number, line in enumerate(segment.lines):
            if not line.has_sign:
                y += painter_of.remark(number, left, width - left, y, gutter)
            else:
                y += painter_of.row([_Cell(number, left, width - left, line.kind == "-")], y, gutter, number_px)
    if segment.asked:
        laid.height = y + (_NARROW_GAP_PX if segment.last else 0)
        return laid
    y += _ABOVE_PX if segment.last else 0
    laid.height = y + (_ABOVE_PX if segment.last else 0)
    path = rounded(QRectF(left, 0, width - left, y), top=segment.first and not segment.has_head, bottom=segment.last)
    background = style.code.ground
    laid.under.insert(0, lambda painter: fill_smoothly(painter, path, background))
    if segment.buttons:
        _add_hunk_buttons(laid, segment, QRectF(left, 0, width - left, y), style)
    return laid


def _add_hunk_buttons(laid: SegmentLayout, segment: Diff, area: QRectF, style: Style) -> None:
    """Add what the user can do about a hunk, over the right end of its first lines, if there is room."""
    metrics, font = style.metrics(style.tiny_px), style.font(style.tiny_px)
    height = max(_HUNK_BUTTON_PX, style.scaled(_HUNK_BUTTON_PX))
    right, placed = area.right() - GAP_S_PX, list[tuple[QRectF, str]]()
    controls: list[Control] = []
    for button in reversed(segment.buttons):
        px = metrics.horizontalAdvance(button.name) + 2 * GAP_S_PX
        placed.append((QRectF(right - px, area.top() + _NARROW_GAP_PX, px, height), button.name))
        controls.append(Control(placed[-1][0], button.action, hunk_name(button.action)))
        right -= px + GAP_S_PX
    if right < area.left():
        return
    laid.controls += reversed(controls)
    laid.height = max(laid.height, height + _NARROW_GAP_PX)
    ground, border, tone = style.color("raised"), style.color("border"), style.text

    def paint(painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        for button_area, _ in placed:
            paint_frame(painter, button_area, border, ground)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for button_area, name in placed:
            draw_line(painter, button_area.adjusted(GAP_S_PX, 0, 0, 0), name, font, tone)

    laid.pointed.append(paint)


def hunk_name(action: Action) -> str:
    """The name of what a button at a hunk does."""
    match action.kind:
        case "comment":
            return changes_texts.COMMENT_ON_CHANGE()
        case "bring_back":
            return changes_texts.UNDO_TAKE_BACK()
        case _:
            return changes_texts.TAKE_BACK_AT(line=action.value) if action.value else changes_texts.TAKE_BACK()


def lay_out_taken_back(segment: TakenBack, width: float, style: Style) -> SegmentLayout:
    """Lay out the line in place of a hunk that was taken back, with its buttons at the right."""
    laid = SegmentLayout()
    left, x = left_of(segment), left_of(segment) + _gutter(segment.digits, style)
    metrics, font = style.metrics(style.small_px), style.font(style.small_px)
    height: float = style.line_px + 2 * GAP_S_PX
    laid.height = height + (_ABOVE_PX if segment.last else 0)
    right, placed = width - PADDING_PX, list[tuple[QRectF, str]]()
    for button in reversed(segment.buttons):
        px = metrics.horizontalAdvance(button.name) + 1
        placed.append((QRectF(right - px, GAP_S_PX, px, style.line_px), button.name))
        laid.controls.insert(0, Control(placed[-1][0], button.action, hunk_name(button.action)))
        right -= px + GAP_M_PX
    box = text_box(
        metrics.elidedText(segment.text, Qt.TextElideMode.ElideRight, max(right - x, 0)),
        font=font,
        option=style.wrapping,
        formats=[],
        position=QPointF(x, GAP_S_PX),
        width=max(right - x, 1) + GAP_S_PX,
        line_px=style.line_px,
        color=on(style.secondary, style.code.ground),
    )
    laid.boxes.append(box)
    background, hairline = style.code.ground, style.color("hairline")
    path = rounded(
        QRectF(left, 0, width - left, height), top=segment.first and not segment.has_head, bottom=segment.last
    )
    edges = [0.0] * (not segment.first) + [height - 1] * (not segment.last)
    tone = on(style.color("accent"), background)

    def paint(painter: QPainter) -> None:
        fill_smoothly(painter, path, background)
        for edge in edges:
            painter.fillRect(QRectF(left, edge, width - left, 1), hairline)
        for area, name in placed:
            draw_line(painter, area, name, font, tone)

    laid.under.append(paint)
    return laid


def code_left(segment: CommentBox | CommentLine | Diff, style: Style) -> float:
    """The x of a diff's text."""
    return left_of(segment) + _gutter(segment.digits, style)


def lay_out_comment(segment: CommentBox | CommentLine, width: float, text_px: float, style: Style) -> SegmentLayout:
    """Lay out a comment on the ground of its diff; a box is only that ground, as high as the widget over it is."""
    laid = SegmentLayout()
    left, background, is_last = left_of(segment), style.code.ground, segment.last
    ground = QRectF(left, 0, width - left, round(style.scaled(_COMMENT_PX)))
    laid.height = ground.height() + (2 * _ABOVE_PX if is_last else 0)

    def paint_ground(painter: QPainter) -> None:
        area = QRectF(left, 0, width - left, laid.height - (_ABOVE_PX if is_last else 0))
        fill_smoothly(painter, rounded(area, top=False, bottom=is_last), background)

    laid.under.append(paint_ground)
    if isinstance(segment, CommentBox):
        return laid
    metrics, font, tiny = style.metrics(style.small_px), style.font(style.small_px), style.font(style.tiny_px)
    right, placed = text_px - PADDING_PX, list[tuple[QRectF, str]]()
    tone = on(style.secondary, background)
    for button in reversed(segment.buttons):
        px = _GLYPH_PX if button.action.kind == "drop_comment" else metrics.horizontalAdvance(button.name) + 1
        placed.append((QRectF(right - px, 0, px, ground.height()), "" if px == _GLYPH_PX else button.name))
        laid.controls.insert(0, Control(placed[-1][0], button.action, button.name, underline=None))
        right -= px + GAP_M_PX
    x = code_left(segment, style) + _GLYPH_PX + GAP_S_PX
    place_px = style.metrics(style.tiny_px).horizontalAdvance(segment.place) + (GAP_S_PX if segment.place else 0)
    room = max(right - x - place_px, 1)
    box = text_box(
        metrics.elidedText(segment.text, Qt.TextElideMode.ElideRight, room),
        font=font,
        option=style.wrapping,
        formats=[],
        position=QPointF(x + place_px, 0),
        width=room + GAP_S_PX,
        line_px=ground.height(),
        color=style.text,
    )
    laid.boxes.append(box)
    icon = QRectF(x - _GLYPH_PX - GAP_S_PX, (ground.height() - _GLYPH_PX) / 2, _GLYPH_PX, _GLYPH_PX)

    def paint(painter: QPainter) -> None:
        paint_glyph(painter, Glyph.SAYING, icon, tone)
        draw_line(painter, QRectF(x, 0, place_px, ground.height()), segment.place, tiny, tone, metrics)
        for area, name in placed:
            if name:
                draw_line(painter, area, name, font, tone)
            else:
                paint_glyph(painter, Glyph.CLOSE, square_in(area, _GLYPH_PX - 2), tone)

    laid.over.append(paint)
    return laid


def _number_px(digits: int, style: Style) -> float:
    """The width of a column of line numbers, with the space beside it."""
    return style.code_character_px * digits + _NUMBER_GAP_PX if digits else 0.0


def _gutter(digits: int, style: Style) -> float:
    """The width left of a diff's text: line numbers and signs."""
    return _GUTTER_LEFT_PX + _number_px(digits, style) + _SIGN_PX


class _Cell(NamedTuple):
    """A line in a column."""

    line: int
    left: float
    width: float
    shows_old: bool


class _Lines:
    """Lays out lines of a diff."""

    def __init__(self, segment: Diff, style: Style, laid: SegmentLayout, width: float) -> None:
        self._segment, self._width = segment, width
        self._ground = style.asked_ground if segment.asked else style.code.ground
        self._style = style
        self._laid = laid
        self._starts: list[int] = []
        start = 0
        for line in segment.lines:
            sign = int(line.has_sign)
            self._starts.append(start + sign)
            start += sign + utf16_length(line.text) + 1
        self._colored_parts = self._highlighted()

    def _highlighted(self) -> list[list[tuple[int, int, str]]]:
        """The coloured parts of each line; old lines, and new ones, are highlighted as one text."""
        lines = [line.text for line in self._segment.lines]
        found: list[list[tuple[int, int, str]]] = [[] for _ in lines]
        if not self._segment.language:
            return found
        for kinds in ("-", " +"):
            chosen = [number for number, line in enumerate(self._segment.lines) if line.kind in kinds]
            code = "\n".join(lines[number] for number in chosen)
            starts, offset = [], 0
            for number in chosen:
                starts.append(offset)
                offset += len(lines[number]) + 1
            at = 0
            for span in spans(code, self._segment.language):
                begin, end = span.start, span.start + span.length
                while at + 1 < len(starts) and starts[at + 1] <= begin:
                    at += 1
                index = at
                while index < len(starts) and starts[index] < end:
                    first = max(begin - starts[index], 0)
                    last = min(end - starts[index], len(lines[chosen[index]]))
                    if first < last:
                        found[chosen[index]].append((first, last - first, span.color))
                    index += 1
        return found

    def remark(self, number: int, left: float, width: float, y: float, gutter: float) -> float:
        """Lay out a line without a sign: a hunk's first line, or a remark on the line above; returns its height."""
        style, line = self._style, self._segment.lines[number]
        font, tone = style.font(style.small_px), on(style.secondary, self._ground)
        x = left + gutter
        if line.kind == "\\":
            skipped = line.text[: len(line.text) - len(line.text.lstrip("\\ "))]
            self._add_text(line.text[len(skipped) :], self._starts[number] + len(skipped), x, y, left + width - x)
            return style.code_line_px
        title = hunk_title(line.text)
        is_first = number == 0 and self._segment.first
        words = changes_texts.hidden_lines(line.old, line.first_hidden) or ("" if is_first else "…")
        if not (words or title):
            return 0.0
        height: float = style.line_px + 2 * _NARROW_GAP_PX
        px: float = style.metrics(style.small_px).horizontalAdvance(words)
        area, text_area = QRectF(left, y, width, height), QRectF(x, y, px + 2, height)
        opens = bool(self._segment.opens)
        band, hairline = style.code.prompt if opens else self._ground, style.color("hairline")
        buttons = self._opening_buttons(line, area) if opens and line.first_hidden else []
        mono = style.metrics(mono=True)

        def paint(painter: QPainter) -> None:
            if opens:
                painter.fillRect(area, band)
            for edge in (area.top(), area.bottom() - 1) if opens else ():
                painter.fillRect(QRectF(area.left(), edge, area.width(), 1), hairline)
            draw_line(painter, text_area, words, font, on(tone, band), mono)
            for glyph, square in buttons:
                paint_glyph(painter, glyph, square, on(tone, band))

        self._laid.under.append(paint)
        if title:
            x += px + GAP_M_PX if words else 0
            shown = style.metrics(mono=True).elidedText(title, Qt.TextElideMode.ElideRight, left + width - x - 6)
            start = self._starts[number] + utf16_length(line.text) - utf16_length(title)
            self._add_text(shown, start, x, y + (height - style.code_line_px) / 2, left + width - x)
        return height

    def _opening_buttons(self, line: DiffLine, area: QRectF) -> list[tuple[Glyph, QRectF]]:
        """Add the controls that show hidden lines: a part of many, and all; returns icons with their places."""
        first, count, item = line.first_hidden, line.old, self._segment.opens
        if not count:
            action = Action("lines", item, f"{first}-")
            self._laid.controls.append(Control(area, action, changes_texts.SHOW_LINES_BELOW()))
            return [(Glyph.EXPANDED, _square(area, 0))]
        last = first + count - 1
        found: list[tuple[Glyph, QRectF]] = []
        if count > 2 * SHOWN_AT_ONCE:
            for glyph, value, name in (
                (Glyph.EXPANDED, f"{first}-{first + SHOWN_AT_ONCE - 1}", changes_texts.SHOW_FIRST(count=SHOWN_AT_ONCE)),
                (Glyph.UP, f"{last - SHOWN_AT_ONCE + 1}-{last}", changes_texts.SHOW_LAST(count=SHOWN_AT_ONCE)),
            ):
                square = _square(area, len(found))
                self._laid.controls.append(Control(square, Action("lines", item, value), name))
                found.append((glyph, square))
        self._laid.controls.append(
            Control(area, Action("lines", item, f"{first}-{last}"), changes_texts.SHOW_UNCHANGED(n=count))
        )
        return found or [(Glyph.EXPANDED, _square(area, 0))]

    def _add_text(self, text: str, start: int, x: float, y: float, width: float) -> None:
        """Add text in a quiet colour, at an offset of the segment's text."""
        style = self._style
        box = text_box(
            text,
            font=style.font(mono=True),
            option=style.code_wrapping,
            formats=[],
            position=QPointF(x, y),
            width=max(width, 1),
            line_px=style.code_line_px,
            color=on(style.secondary, self._ground if self._segment.asked else style.code.prompt),
            start=start,
        )
        self._laid.boxes.append(box)

    def row(
        self,
        cells: list[_Cell],
        y: float,
        gutter: float,
        number_px: float,
    ) -> float:
        """Lay out one row: a line, or an old and a new line side by side; returns its height."""
        style, segment = self._style, self._segment
        made: list[tuple[_Cell, QColor | None]] = []
        height = style.code_line_px
        for cell in cells:
            line = segment.lines[cell.line]
            background = {"+": style.code.added, "-": style.code.removed}.get(line.kind)
            box = text_box(
                line.text,
                font=style.font(mono=True),
                option=style.code_wrapping,
                formats=self._formats(line, self._colored_parts[cell.line], background),
                position=QPointF(cell.left + gutter, y),
                width=cell.width - gutter - _RIGHT_PX,
                line_px=style.code_line_px,
                color=style.text,
                start=self._starts[cell.line],
            )
            self._laid.boxes.append(box)
            height = max(height, box.height)
            made.append((cell, background))
        for cell, background in made:
            self._paint_gutter(cell, background, QRectF(cell.left, y, cell.width, height), number_px)
        return height

    def _formats(
        self, line: DiffLine, colored_parts: list[tuple[int, int, str]], background: QColor | None
    ) -> list[QTextLayout.FormatRange]:
        style = self._style
        page = self._ground if background is None else background
        found: list[QTextLayout.FormatRange] = []
        words = style.code.added_words if line.kind == "+" else style.code.removed_words
        if line.partner is not None:
            for begin, end in _as_seen(line.text, _differing(line.text, line.partner)):
                text_format = QTextCharFormat()
                text_format.setBackground(words)
                found.append(format_range(begin, end - begin, text_format))
            page = words
        return found + color_formats(line.text, colored_parts, style, page)

    def _paint_gutter(self, cell: _Cell, background: QColor | None, area: QRectF, number_px: float) -> None:
        style, line = self._style, self._segment.lines[cell.line]
        font = style.font(mono=True)
        tone = on(style.secondary, self._ground if background is None else background)
        sign_tone = on(style.color("fine" if line.kind == "+" else "failed"), background or self._ground)
        tinted = QRectF(area)
        if self._segment.asked and cell.left <= left_of(self._segment):
            tinted.setLeft(area.left() - _TO_EDGE_PX)
        if self._segment.asked and area.right() >= self._width - 1:
            tinted.setRight(area.right() + _TO_EDGE_PX)
        line_number = line.old if cell.shows_old else line.new
        line_px, metrics = style.code_line_px, style.metrics(mono=True)

        def paint(painter: QPainter) -> None:
            if background is not None:
                painter.fillRect(tinted, background)
            painter.setFont(font)
            x = area.left() + _GUTTER_LEFT_PX
            painter.setPen(tone)
            baseline = area.top() + baseline_in(line_px, metrics)
            if line_number:
                number = str(line_number)
                right = x + number_px - _NUMBER_GAP_PX - metrics.horizontalAdvance(number)
                painter.drawText(QPointF(right, baseline), number)
            x += number_px
            if line.kind in "+-":
                painter.setPen(sign_tone)
                painter.drawText(QPointF(x, baseline), "+" if line.kind == "+" else "−")

        self._laid.under.append(paint)


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


def _square(area: QRectF, number: int) -> QRectF:
    """The place of an icon at the left of an area."""
    left = area.left() + _GUTTER_LEFT_PX + number * (_GLYPH_PX + _NARROW_GAP_PX)
    return QRectF(left, area.center().y() - _GLYPH_PX / 2, _GLYPH_PX, _GLYPH_PX)


def _differing(text: str, partner: str) -> list[tuple[int, int]]:
    """The parts of a line that differ from its partner; [] if the two lines are not similar."""
    if max(len(text), len(partner)) > _MAX_COMPARED_CHARACTERS:
        start = equal_characters(text, partner)
        same_end = equal_characters(text[start:][::-1], partner[start:][::-1])
        end = max(len(text) - same_end, start)
        return [(start, end)] if 0 < end - start <= len(text) * _MAX_CHANGED_SHARE else []
    if SequenceMatcher(None, partner, text, autojunk=False).quick_ratio() < 0.5:
        return []
    words = _WORD.findall(text)
    ends = [0, *accumulate(map(len, words))]
    matcher = SequenceMatcher(None, _WORD.findall(partner), words, autojunk=False)
    changed = [(begin, end) for kind, _, _, begin, end in matcher.get_opcodes() if kind != "equal" and end > begin]
    if sum(ends[end] - ends[begin] for begin, end in changed) > len(text) * _MAX_CHANGED_SHARE:
        return []
    return [(ends[begin], ends[end]) for begin, end in changed]


def _as_seen(text: str, parts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same parts of a text in UTF-16 code units, extended to whole graphemes, such as a letter with its accent."""
    if text.isascii() or not parts:
        return parts
    units = unit_offsets(text)
    graphemes = QTextBoundaryFinder(QTextBoundaryFinder.BoundaryType.Grapheme, text)

    def edge(unit: int, *, is_end: bool) -> int:
        graphemes.setPosition(unit)
        if graphemes.isAtBoundary():
            return unit
        return graphemes.toNextBoundary() if is_end else graphemes.toPreviousBoundary()

    return [(edge(units[begin], is_end=False), edge(units[end], is_end=True)) for begin, end in parts]
