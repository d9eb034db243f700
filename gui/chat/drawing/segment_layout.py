"""The layout of a segment: boxes of text, what is painted under and over them, and controls."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QTextCharFormat,
    QTextLayout,
    QTextLine,
    QTextOption,
)

from gui.chat.content.segments import Action, Run, Segment, utf16_length
from gui.wording import chat_texts

from .style import GUTTER_PX, INDENT_PX, QUOTE_PX, Style

LINE_SEPARATOR = "\u2028"

_MAX_DEPTH = 8
_QUOTE_BAR_PX = 3
_ICON_PX = 14
_UTF_16 = "utf-16-le"
_SPACE_AND_SLASH, _LINE_FEED = " /".encode(_UTF_16), "\n".encode(_UTF_16)
_BLANKS = frozenset(blank.encode(_UTF_16) for blank in (" ", "\n", "\t", LINE_SEPARATOR))


class TextBox(NamedTuple):
    """A part of a segment's text at its position.

    Attributes:
        start: the offset of its text in the segment's text.
        length: the length of its text.
        color: the colour of text without a colour of its own.
    """

    layout: QTextLayout
    x: float
    y: float
    width: float
    height: float
    start: int
    length: int
    color: QColor


class Control(NamedTuple):
    """A clickable part.

    Attributes:
        name: the name of its action, for screen readers.
        tip: what its tool tip says besides.
        underline: the colour of the line below its words while it is pointed at; None if it is marked as an area.
        stays: whether it stays where it is while the content is scrolled sideways.
    """

    area: QRectF
    action: Action
    name: str
    stays: bool = False
    tip: str = ""
    underline: QColor | None = None


class LinkArea(NamedTuple):
    """A part of the text that is a link."""

    start: int
    end: int
    address: str
    text: str


class Overflow(NamedTuple):
    """The window in which content that is too wide is scrolled sideways.

    Attributes:
        left: its left edge.
        width: its width.
        content_px: the width of the content.
        bar: the area of its scroll bar; None if a later segment of the same table has it.
    """

    left: float
    width: float
    content_px: float
    bar: QRectF | None

    @property
    def most_px(self) -> float:
        """How far the content can be scrolled."""
        return self.content_px - self.width

    def thumb(self, aside_px: float) -> QRectF:
        """The part of the scroll bar that stands for the visible content."""
        bar = self.bar or QRectF()
        share = bar.width() / self.content_px
        return QRectF(bar.left() + aside_px * share, bar.top(), self.width * share, bar.height())


Paint = Callable[[QPainter], None]


class SegmentLayout:
    """The layout of a segment.

    Attributes:
        boxes: its text.
        under: functions that paint before the text.
        over: functions that paint after the text; ``pointed`` only while the pointer or the keyboard is at the
            segment, ``resting`` only while it is not.
        controls: its controls, with its links; a link on several lines has the area of the first line.
        links: the links in its text.
        overflow: the window in which it is scrolled sideways; None if all of it fits.
        covered: the area of controls that cover its text while it is pointed at; as ``Control.stays``.
        since: of the head of a request, the area in which the page paints since when it is open.
    """

    def __init__(self) -> None:
        self.height = 0.0
        self.covered = QRectF()
        self.boxes: list[TextBox] = []
        self.under: list[Paint] = []
        self.over: list[Paint] = []
        self.pointed: list[Paint] = []
        self.resting: list[Paint] = []
        self.controls: list[Control] = []
        self.links: list[LinkArea] = []
        self.overflow: Overflow | None = None
        self.since: QRectF | None = None

    @property
    def window(self) -> QRectF:
        """The area through which content is seen that is scrolled sideways."""
        assert self.overflow is not None
        return QRectF(self.overflow.left, 0, self.overflow.width, self.height)

    def add_links(self, links: Sequence[LinkArea]) -> None:
        """Add links of the text, for the mouse and the keyboard; call this after the boxes are added."""
        self.links += links
        for link in links:
            if (area := self.area_of(link.start, link.end)) is not None:
                self.controls.append(Control(area, Action("link", value=link.address), chat_texts.LINK(text=link.text)))

    def area_of(self, start: int, end: int) -> QRectF | None:
        """The area of a part of the text, on several lines that of the first; None if it is not shown."""
        box = next((box for box in self.boxes if box.start <= start < box.start + box.length), None)
        line = box.layout.lineForTextPosition(start - box.start) if box is not None else None
        if box is None or line is None or not line.isValid():
            return None
        end = min(end - box.start, line.textStart() + line.textLength())
        left, right = sorted(line.cursorToX(offset)[0] for offset in (start - box.start, end))  # type: ignore[index]
        return QRectF(box.x + left, box.y + line.y(), right - left, line.height())

    # ------------------------------------------------------------ painting

    def paint(
        self,
        painter: QPainter,
        marks: Sequence[tuple[int, int, QColor]],
        shown: QRectF,
        text: QColor,
        aside_px: float = 0.0,
        *,
        is_pointed: bool = False,
    ) -> None:
        """Paint at the painter's origin.

        Args:
            painter: paints.
            marks: parts of the text with another background: start, end, and the colour.
            shown: the part that is visible.
            text: the colour of marked text.
            aside_px: how far it is scrolled to the right.
            is_pointed: whether the pointer or the keyboard is at it.
        """
        painter.save()
        if self.overflow is not None:
            painter.setClipRect(self.window, Qt.ClipOperation.IntersectClip)
            painter.translate(-aside_px, 0)
            shown = shown.translated(aside_px, 0)
        self._paint_content(painter, marks, shown, text)
        painter.restore()
        for paint in (*self.over, *(self.pointed if is_pointed else self.resting)):
            paint(painter)

    def _paint_content(
        self, painter: QPainter, marks: Sequence[tuple[int, int, QColor]], shown: QRectF, text: QColor
    ) -> None:
        for paint in self.under:
            paint(painter)
        for box in self.boxes:
            if box.y > shown.bottom() or box.y + box.height < shown.top():
                continue
            painter.setPen(box.color)
            ranges = []
            for begin, end, color in marks:
                first, last = max(begin - box.start, 0), min(end - box.start, box.length)
                if first < last:
                    marked = QTextCharFormat()
                    marked.setBackground(color)
                    marked.setForeground(text)
                    ranges.append(format_range(first, last - first, marked))
            box.layout.draw(painter, QPointF(box.x, box.y), ranges, shown)

    # ------------------------------------------------------------ places

    def offset_at(self, point: QPointF) -> int:
        """The offset in the text that is nearest to a point."""
        if not self.boxes:
            return 0
        box = min(self.boxes, key=lambda box: _distance(box, point))
        layout = box.layout
        y = point.y() - box.y
        line = layout.lineAt(0)
        for number in range(layout.lineCount()):
            candidate = layout.lineAt(number)
            if number and candidate.y() > y:
                break
            line = candidate
        if not line.isValid():
            return box.start
        return box.start + min(max(line.xToCursor(point.x() - box.x), 0), box.length)

    def end_above(self, y: float) -> int:
        """The offset in the text after the last line that begins at or above ``y``."""
        end = 0
        for box in self.boxes:
            for number in range(box.layout.lineCount()):
                line = box.layout.lineAt(number)
                if box.y + line.y() <= y:
                    end = max(end, box.start + line.textStart() + line.textLength())
        return end

    def link_at(self, point: QPointF) -> str:
        """The address of the link at a point, "" for none."""
        for box in self.boxes:
            if not QRectF(box.x, box.y, box.width, box.height).contains(point):
                continue
            offset = self.offset_at(point)
            for link in self.links:
                if link.start <= offset < link.end and self._is_on_text(box, point):
                    return link.address
        return ""

    @staticmethod
    def _is_on_text(box: TextBox, point: QPointF) -> bool:
        for number in range(box.layout.lineCount()):
            if box.layout.lineAt(number).naturalTextRect().translated(box.x, box.y).contains(point):
                return True
        return False

    def is_on_text(self, point: QPointF) -> bool:
        """Whether a point is on a line of text."""
        return any(self._is_on_text(box, point) for box in self.boxes)


def _distance(box: TextBox, point: QPointF) -> tuple[float, float]:
    vertical = max(box.y - point.y(), point.y() - box.y - box.height, 0.0)
    horizontal = max(box.x - point.x(), point.x() - box.x - box.width, 0.0)
    return vertical, horizontal


def baseline_in(height: float, metrics: QFontMetricsF) -> int:
    """Where the letters of a line of this height stand, from its top."""
    return math.floor((height + metrics.ascent() - metrics.descent() + 1) / 2)


def draw_line(
    painter: QPainter, area: QRectF, text: str, font: QFont, color: QColor, beside: QFontMetricsF | None = None
) -> None:
    """Draw a line of text that is no part of a segment's text, in the middle of an area's height.

    Letters of all sizes stand on one line: ``beside`` has the measures of the text beside it, in another font.
    """
    painter.setFont(font)
    painter.setPen(color)
    baseline = baseline_in(area.height(), beside or QFontMetricsF(font))
    painter.drawText(QPointF(area.left(), area.top() + baseline), text)


def square_in(area: QRectF, side_px: float) -> QRectF:
    """The square in the middle of an area."""
    return QRectF(area.center().x() - side_px / 2, area.center().y() - side_px / 2, side_px, side_px)


def format_range(start: int, length: int, text_format: QTextCharFormat) -> QTextLayout.FormatRange:
    """A part of a text with a format."""
    made = QTextLayout.FormatRange()
    made.start = start
    made.length = length
    made.format = text_format
    return made


def run_formats(runs: Sequence[Run], style: Style, background: QColor | None = None) -> list[QTextLayout.FormatRange]:
    """The formats of successive runs."""
    found: list[QTextLayout.FormatRange] = []
    offset = 0
    for run in runs:
        length = utf16_length(run.text)
        if length and (run.face or run.link or run.color):
            found.append(format_range(offset, length, style.format(run, background)))
        offset += length
    return found


def run_links(runs: Sequence[Run], offset: int = 0) -> list[LinkArea]:
    """The links in successive runs; ``offset`` is that of the first run."""
    found: list[LinkArea] = []
    for run in runs:
        length = utf16_length(run.text)
        if run.link:
            link = LinkArea(offset, offset + length, run.link, run.text)
            if found and (found[-1].end, found[-1].address) == (link.start, link.address):
                previous = found.pop()
                link = link._replace(start=previous.start, text=previous.text + link.text)
            found.append(link)
        offset += length
    return found


def text_box(
    text: str,
    *,
    font: QFont,
    option: QTextOption,
    formats: list[QTextLayout.FormatRange],
    position: QPointF,
    width: float,
    line_px: float,
    color: QColor,
    start: int = 0,
    aside_px: float = 0.0,
    keeps_words: bool = False,
    hanging_px: float = 0.0,
) -> TextBox:
    """Lay out a text in lines of equal height, in which also letters of other fonts stand on the same line.

    Args:
        text: the text.
        font: its font, where ``formats`` have no other one.
        option: how it is broken into lines.
        formats: its formats.
        position: the left upper corner.
        width: the width; ``aside_px`` of it are left free at the end of the first line.
        line_px: the height of a line, if no letters are higher.
        color: its colour.
        start: the offset of the text in its segment's.
        aside_px: see ``width``.
        keeps_words: whether lines are broken at blanks alone, if a word is not longer than a line.
        hanging_px: how much further right a line begins that continues the one above.
    """
    layout = QTextLayout(text.replace("\n", LINE_SEPARATOR), font)
    layout.setTextOption(option)
    layout.setCacheEnabled(True)
    if formats:
        layout.setFormats(formats)
    layout.beginLayout()
    y = 0.0
    # A narrower line that is right-aligned would be displaced.
    keeps_slashes = keeps_words or (" /" in text and not option.alignment() & Qt.AlignmentFlag.AlignRight)
    units = text.encode(_UTF_16, "surrogatepass") if keeps_slashes or hanging_px else b""
    usual_px, alignment = math.ceil(line_px), option.alignment()
    baseline = baseline_in(usual_px, QFontMetricsF(font))
    # What is free of a line is at its beginning, if it ends at the right.
    share = (
        1.0 if alignment & Qt.AlignmentFlag.AlignRight else 0.5 if alignment & Qt.AlignmentFlag.AlignHCenter else 0.0
    )
    while True:
        line = layout.createLine()
        if not line.isValid():
            break
        free_px, begin = 0.0 if y else aside_px, line.textStart()
        left_px = hanging_px if hanging_px and begin and units[2 * begin - 2 : 2 * begin] != _LINE_FEED else 0.0
        line.setLineWidth(max(width - free_px - left_px, 1.0))
        if keeps_words:
            free_px += _keep_word(line, units)
        elif keeps_slashes:
            _keep_slash(line, units)
        height = line.height()
        is_usual = height <= line_px
        step = usual_px if is_usual else math.ceil(height)
        top = baseline - line.ascent() if is_usual else (step - height) / 2
        line.setPosition(QPointF(left_px + free_px * share, y + top))
        y += step
    layout.endLayout()
    return TextBox(layout, position.x(), position.y(), width, y, start, utf16_length(text), color)


def _keep_word(line: QTextLine, units: bytes) -> float:
    """End a line at its last blank, if its end is within a word; returns how much narrower that makes it."""
    begin, end = line.textStart(), line.textStart() + line.textLength()
    if 2 * end >= len(units) or _unit(units, end - 1) in _BLANKS or _unit(units, end) in _BLANKS:
        return 0.0
    last = next((at for at in range(end - 1, begin, -1) if _unit(units, at) in _BLANKS), begin)
    if last == begin:
        return 0.0
    width = line.width()
    narrower = math.ceil(x_of(line, last + 1) - line.x())
    line.setLineWidth(min(narrower, width))
    return width - line.width()


def x_of(line: QTextLine, offset: int) -> float:
    """The x coordinate of an offset in a line of a layout."""
    return cast(tuple[float, int], line.cursorToX(offset))[0]


def _unit(units: bytes, at: int) -> bytes:
    return units[2 * at : 2 * at + 2]


def _keep_slash(line: QTextLine, units: bytes) -> None:
    """Move a slash at a line's end to the next line, with the command or path that it begins: "/continue".

    Args:
        line: a line of the text.
        units: the text in UTF-16. Qt counts its code units.
    """
    length = line.textLength()
    end = line.textStart() + length
    if length > 2 and 2 * end < len(units) and units[2 * (end - 2) : 2 * end] == _SPACE_AND_SLASH:
        line.setLineWidth(x_of(line, end - 1))


def left_of(segment: Segment) -> float:
    """The left edge of a segment's content, within the column."""
    indent, quotes = min(segment.indent, _MAX_DEPTH), min(segment.quotes, _MAX_DEPTH)
    return indent * INDENT_PX + quotes * QUOTE_PX


def in_gutter(left: float, middle: float) -> QRectF:
    """The place of an icon beside a text that begins at ``left``, in the gutter; ``middle`` is its middle's height."""
    return QRectF(left - (GUTTER_PX + _ICON_PX) / 2, middle - _ICON_PX / 2, _ICON_PX, _ICON_PX)


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

    laid.over.append(paint)
