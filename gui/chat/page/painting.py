"""The widget with the rows of a transcript: has their style, paints the segments on the page, and finds controls."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from gui.chat.content import items as item_content
from gui.chat.content.hunks import first_of_hunk
from gui.chat.content.items import Content
from gui.chat.content.segments import AskLine, Card, Diff, TurnFooter, utf16_length
from gui.chat.drawing.asking import ABOVE_PX, BELOW_PX, paint_ground, paint_since, right_of
from gui.chat.drawing.code import ASKED_BESIDE_PX, ASKED_EDGE_PX
from gui.chat.drawing.segment_layout import Control, Overflow, square_in
from gui.chat.drawing.style import GUTTER_PX, MARGIN_PX, MEASURE_PX, WIDE_PX, Style, Widths
from gui.finding.query import Pattern
from gui.terminal.cell_metrics import MIN_FONT_PX
from gui.theme.icons import Glyph, paint_glyph
from gui.theme.terminal import TerminalFont
from gui.theme.theme import Theme
from gui.theme.tokens import CHAT_PX, blend
from session_host.structured.transcript import Transcript

from .file_names import FileName, FileNames
from .positions import PlacedSegment
from .rows import AskedSegments, Rows
from .selection import Selection

BAR_PX = 10
"""The width of the scroll bar, beside the segments."""
RAIL_PX = 28
"""The width of the prompts' ticks, beside the scroll bar."""
_EDGE_PX, _EDGE_LEFT_PX, EDGE_ABOVE_PX = 3, 20, 6
"""The width of a prompt's edge, how far it is left of the text, and how far it begins below the text's layout."""
_MIN_COLUMN_PX, _MIN_MARGIN_PX = 80, 4
"""For a column of this width, the margins beside it shrink; then the column does."""

_BEYOND_PX = 12.0
"""How far the ground of a request reaches beyond the page that shows only a part of it: its corners are not seen."""

_HOVER_ALPHA = 0.06
"""The opacity of the highlight of a control under the pointer."""

_BY_TAB = {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason}
_RETURNS = {Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason}
"""The window or a menu gives the focus back."""


class VisibleRequest(NamedTuple):
    """An open request of which a part is on the page, in the page's coordinates.

    Attributes:
        asked: its segments, in the row at ``position``.
        left, right, top, bottom: the edges of its ground; one that is not on the page is beyond it.
        head_bottom: where its head ends; None if that is above the page.
        card_top: where its answers begin, also below the page.
    """

    asked: AskedSegments
    position: int
    left: float
    right: float
    top: float
    bottom: float
    head_bottom: float | None
    card_top: float


class PaintedPage(QWidget):
    """A page of a transcript that neither scrolls nor takes input.

    Files below ``directory``, the chat's, are named relative to it.

    Attributes:
        theme: the window's theme.
        style_: fonts and colours.
        rows: the rows of the transcript.
        visible: the segments on the page, as they were arranged; none once the rows have changed, until they are
            arranged again.
        content: the function that returns the segments of an item.
        names: finds the names of files in the text.
        selection: the selected part.
        hovered: the control under the mouse: its row's key, its segment's number, its number in the segment.
        pointed: the segment under the mouse: its row's key and its number.
        focused: the control with the keyboard focus, or None.
        pattern: the search pattern; its matches are marked.
        copied: the control that copied something a moment ago, or None.
        current_hit: the current match: its row's key, its segment's number, its begin and end in the segment's text.
        covered_px: how much of the page's top another widget covers.
        was_entered_by_tab: whether the Tab key gave the page the keyboard focus.
        is_measured: whether the text has a maximum width; if not, all of the page's width is used.
        grows: whether the transcript gets more items: its end is followed, and a button goes back to it.
        ground: the token of its background; only on "page" does a request have a ground and an edge of its own.
        gutter_px: the least width left of the text.

    Signals:
        restyled(): the text size or the colours changed.
    """

    restyled = Signal()
    covered_px = 0
    was_entered_by_tab = False
    is_measured = True
    grows = True
    ground = "page"
    gutter_px = GUTTER_PX

    def __init__(self, theme: Theme, directory: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self._size_px = CHAT_PX
        self._mono = TerminalFont()
        self.style_ = Style(theme, CHAT_PX)
        self.content: Content = item_content.segments
        self.rows = Rows(Transcript(), self.style_, Widths(100.0, 100.0), directory)
        self.names = FileNames(self)
        self.selection = Selection()
        self.visible: list[PlacedSegment] = []
        self.hovered: tuple[str, int, int] | None = None
        self.pointed: tuple[str, int] | None = None
        self.focused: tuple[str, int, int] | None = None
        self.copied: tuple[str, int, int] | None = None
        self.pattern: Pattern | None = None
        self.current_hit: tuple[str, int, int, int] | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        theme.changed.connect(self._apply_style)

    @property
    def transcript(self) -> Transcript:
        """The transcript as the page shows it: as of its last frame."""
        return self.rows.transcript

    # ------------------------------------------------------------ content and style

    def show_rows(self, transcript: Transcript) -> None:
        """Show the rows of a transcript; which items are unfolded or in two columns stays."""
        previous = self.rows
        widths, directory = self._widths(), previous.directory
        self.rows = Rows(transcript, self.style_, widths, directory, self.content, has_turns=self.grows)
        self.rows.columns, self.rows.modes = previous.columns, previous.modes
        self.rows.folds_turns, self.rows.offers = previous.folds_turns, previous.offers
        self.rows.hunks, self.rows.pictures = previous.hunks, previous.pictures
        self.rows.opened, self.rows.comments = previous.opened, previous.comments
        self.rows.aside_px, self.rows.code_looks = previous.aside_px, previous.code_looks
        self.rows.asker = previous.asker
        self.rows.rearranged = self.visible.clear
        self.visible.clear()
        self.hovered = self.pointed = self.focused = None

    def set_font_size(self, size_px: int) -> None:
        """Set the text size; a value below the minimum is an offset to the default size."""
        self._size_px = size_px if size_px >= MIN_FONT_PX else max(CHAT_PX + size_px, MIN_FONT_PX)
        self._apply_style()

    def set_mono_font(self, font: TerminalFont) -> None:
        """Set the font of code."""
        self._mono = font
        self._apply_style()

    def _apply_style(self) -> None:
        self.style_ = Style(self.theme, self._size_px, self._mono)
        self.rows.lay_out_again(self.style_, self._widths())
        self.restyled.emit()

    def fit_width(self) -> None:
        """Lay out the rows again if the column has another width now."""
        if (widths := self._widths()) != self.rows.widths:
            self.rows.lay_out_again(self.style_, widths)

    def _widths(self) -> Widths:
        room_px = self.width() - BAR_PX
        usual_px: float = room_px - self.gutter_px - MARGIN_PX
        if self.is_measured:
            usual_px = min(usual_px, round(self.style_.scaled(MEASURE_PX)))
        text_px = float(max(usual_px, min(room_px - 2 * _MIN_MARGIN_PX, _MIN_COLUMN_PX), 1))
        beside_px = room_px - self._left_of(text_px) - (RAIL_PX if self.has_wide_rail else MARGIN_PX)
        wide_px = min(beside_px, round(self.style_.scaled(WIDE_PX))) if self.is_measured else text_px
        return Widths(text_px, max(text_px, wide_px))

    @property
    def has_wide_rail(self) -> bool:
        """Whether there is room beside the text for wide ticks of prompts."""
        room_px = self.width() - BAR_PX
        return self.is_measured and room_px >= round(self.style_.scaled(MEASURE_PX)) + 2 * RAIL_PX

    @property
    def column_left(self) -> float:
        """The left edge of the text."""
        return self._left_of(self.rows.widths.text)

    def _left_of(self, text_px: float) -> float:
        room_px = self.width() - BAR_PX
        beside_px = min(self.gutter_px, room_px - round(text_px) - MARGIN_PX)
        return float(max((room_px - round(text_px)) // 2, beside_px, _MIN_MARGIN_PX))

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self.style_.color(self.ground))
        left = self.column_left
        self._paint_edges(painter, left)
        for shown in self.visible_requests() if self.ground == "page" else ():
            area = QRectF(shown.left, shown.top, shown.right - shown.left, shown.bottom - shown.top)
            paint_ground(painter, area, self.style_.asked_ground, self.style_.color("needs_you_fill"))
        for placed in self.visible:
            if placed.bottom >= event.rect().top():
                self._paint_segment(painter, placed, left)
        if self.was_entered_by_tab and self.focused is None and self.hasFocus():
            painter.setPen(QPen(self.style_.color("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            # Other widgets cover the first row and column: the heading, and the line between two panes.
            painter.drawRect(self.rect().adjusted(1, self.covered_px, -2, -2))
        painter.end()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() not in _RETURNS:
            self.was_entered_by_tab = event.reason() in _BY_TAB

    def _paint_edges(self, painter: QPainter, left: float) -> None:
        """Paint the edges of prompts, in the gutter."""
        accent = self.style_.color("accent")
        for position in dict.fromkeys(placed.position for placed in self.visible):
            row = self.rows.row(position)
            parts = [placed for placed in self.visible if placed.position == position and placed.number < row.edged]
            if parts:
                begin, end = parts[0].top + EDGE_ABOVE_PX, parts[-1].top + parts[-1].laid.height
                painter.fillRect(QRectF(left - _EDGE_LEFT_PX, begin, _EDGE_PX, end - begin), accent)

    def _paint_segment(self, painter: QPainter, placed: PlacedSegment, left: float) -> None:
        row = self.rows.row(placed.position)
        segment = row.segments[placed.number]
        painter.save()
        painter.translate(left, placed.top)
        marks: list[tuple[int, int, QColor]] = []
        length = utf16_length(segment.text)
        part = self.selection.part_of(self.rows, placed.position, placed.number, length)
        marks += self._hits(row.key, placed.number, segment.text)
        if part is not None:
            marks.append((*part, self.style_.selection))
        shown = QRectF(0, -placed.top, self.rows.widths.wide, self.height())
        if isinstance(segment, Diff) and segment.asked:
            head = next(each.head for each in row.asked if each.head <= placed.number <= each.card)
            begin, end = self.tinted_between(placed.position, head)
            painter.setClipRect(QRectF(begin - left, -placed.top, end - begin, self.height()))
        aside_px = self.rows.aside_of(placed.position, placed.number)
        here = row.key, placed.number
        has_keyboard = self.hasFocus() and self.focused is not None and self.focused[:2] == here
        pointed = self.pointed
        if pointed is not None and pointed[0] == row.key:
            if isinstance(segment, TurnFooter):
                pointed = here  # It is shown while any part of the answer is pointed at.
            elif isinstance(segment, Diff) and pointed[1] < len(row.segments):  # The row may have got shorter since.
                pointed = row.key, first_of_hunk(row.segments, pointed[1])  # The same, of the hunk.
            elif pointed[1] < row.edged:
                pointed = row.key, 0  # The same, of the prompt.
        is_pointed = pointed == here or has_keyboard or (self.copied is not None and self.copied[:2] == here)
        placed.laid.paint(painter, marks, shown, self.style_.text, aside_px, is_pointed=is_pointed)
        if isinstance(segment, AskLine):
            paint_since(painter, segment, placed.laid, self.rows.live.asked_for(segment.request), self.style_)
        if placed.laid.overflow is not None:
            self._paint_side_bar(painter, placed.laid.overflow, aside_px)
            painter.setClipRect(placed.laid.window, Qt.ClipOperation.IntersectClip)
        # Over the segment, because heads of diffs, code and images fill their area.
        if (area := self._area_in(placed, row.key, self.hovered, aside_px)) is not None:
            control = self.control_of(self.hovered)
            if control is not None and control.underline is not None:
                metrics = self.style_.metrics(self.style_.small_px)
                below = area.center().y() + (metrics.ascent() - metrics.descent()) / 2 + metrics.underlinePos()
                painter.fillRect(QRectF(area.left(), round(below), area.width() - 1, 1), control.underline)
            else:
                veil = QColor(self.style_.color("text"))
                veil.setAlphaF(_HOVER_ALPHA)
                self._paint_highlight(painter, area, Qt.PenStyle.NoPen, veil)
        if (area := self._area_in(placed, row.key, self.copied, aside_px)) is not None:
            self._paint_check(painter, area)
        if self.hasFocus() and (area := self._area_in(placed, row.key, self.focused, aside_px)) is not None:
            self._paint_highlight(painter, area, QPen(self.style_.color("accent"), 1.5), Qt.BrushStyle.NoBrush)
        painter.restore()

    def _paint_side_bar(self, painter: QPainter, overflow: Overflow, aside_px: float) -> None:
        """Paint the bar that scrolls a table sideways."""
        if overflow.bar is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            painter.setPen(Qt.PenStyle.NoPen)
            tokens = self.style_.tokens
            for area, share in ((overflow.bar, 0.06), (overflow.thumb(aside_px), 0.32)):
                painter.setBrush(blend(tokens.text, tokens.page, share))
                painter.drawRoundedRect(area, area.height() / 2, area.height() / 2)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _area_in(
        self, placed: PlacedSegment, key: str, target: tuple[str, int, int] | None, aside_px: float
    ) -> QRectF | None:
        """The area of a control where it is seen, if it is one of this segment."""
        control = self.control_of(target) if target and target[:2] == (key, placed.number) else None
        if control is None:
            return None
        return control.area if control.stays else control.area.translated(-aside_px, 0)

    def _paint_highlight(
        self, painter: QPainter, area: QRectF, pen: QPen | Qt.PenStyle, brush: QColor | Qt.BrushStyle
    ) -> None:
        """Paint the highlight of a control that is under the pointer, or has the keyboard focus."""
        painter.setPen(pen)
        painter.setBrush(brush)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.drawRoundedRect(area.adjusted(-2, 0, 2, 0), 4, 4)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_check(self, painter: QPainter, area: QRectF) -> None:
        """Paint the sign that a control has copied, in place of its icon."""
        painter.fillRect(area.adjusted(-2, 0, 2, 0), self.style_.color("page"))  # It covers the highlight.
        paint_glyph(painter, Glyph.CHECK, square_in(area, 14), self.style_.color("fine"))

    def _hits(self, key: str, number: int, text: str) -> list[tuple[int, int, QColor]]:
        """The matches of the search in a segment, with their background colours."""
        found: list[tuple[int, int, QColor]] = []
        tokens = self.style_.tokens
        for begin, end in self.pattern.spans_as_qt_counts(text) if self.pattern is not None else ():
            is_current = self.current_hit == (key, number, begin, end)
            found.append((begin, end, blend(tokens.needs_you, tokens.page, 0.55 if is_current else 0.22)))
        return found

    # ------------------------------------------------------------ positions on the page

    def file_names(self, placed: PlacedSegment) -> list[FileName]:
        """The names of files in a segment; their controls are counted after the segment's other controls."""
        return self.names.of(self.rows.row(placed.position).segments[placed.number], placed.laid)

    def control_of(self, target: tuple[str, int, int] | None) -> Control | None:
        """The control at a position: a segment's own, or the name of a file in its text."""
        position = None if target is None else self.rows.position(target[0])
        if target is None or position is None or target[1] >= len(self.rows.row(position).segments):
            return None
        laid = self.rows.laid(position, target[1])
        if target[2] < len(laid.controls):
            return laid.controls[target[2]]
        names = self.names.of(self.rows.row(position).segments[target[1]], laid)
        number = target[2] - len(laid.controls)
        return names[number].control if number < len(names) else None

    def control_name(self, target: tuple[str, int, int] | None) -> str:
        """The name of a control's action."""
        control = self.control_of(target)
        return "" if control is None else control.name

    def tip_of(self, target: tuple[str, int, int] | None) -> str:
        """The text of a control's tool tip."""
        control = self.control_of(target)
        return "" if control is None else "\n".join(filter(None, (control.tip, control.name)))

    def area_of(self, target: tuple[str, int, int] | None) -> QRectF | None:
        """The area of a control on the page; None if it is not on the page."""
        for placed in self.visible if target is not None else ():
            key, aside_px = self.rows.key(placed.position), self.rows.aside_of(placed.position, placed.number)
            if (area := self._area_in(placed, key, target, aside_px)) is not None:
                return area.translated(self.column_left, placed.top)
        return None

    def visible_cards(self) -> dict[str, PlacedSegment]:
        """The segments on the page that widgets cover, by the ids that they have."""
        found: dict[str, PlacedSegment] = {}
        for placed in self.visible:
            segment = self.rows.row(placed.position).segments[placed.number]
            if isinstance(segment, Card):
                found[segment.request] = placed
        return found

    def visible_requests(self) -> list[VisibleRequest]:
        """The open requests of which a part is on the page."""
        found: list[VisibleRequest] = []
        if not self.rows.has_open:  # Hot path: each frame asks.
            return found
        height = self.height()
        for position in dict.fromkeys(placed.position for placed in self.visible):
            row = self.rows.row(position)
            for asked in row.asked:
                parts = [
                    each
                    for each in self.visible
                    if each.position == position and asked.head <= each.number <= asked.card
                ]
                if not parts:
                    continue
                first, last = parts[0], parts[-1]
                head = first.top if first.number == asked.head else None
                top = last.top if last.number == asked.card else last.top + last.laid.height
                card_top = top + sum(row.heights[last.number + 1 : asked.card])
                card_px = self.rows.laid(position, asked.card).height
                found.append(
                    VisibleRequest(
                        asked,
                        position,
                        *self.request_between(position, asked.head),
                        head + ABOVE_PX if head is not None else -_BEYOND_PX,
                        min(card_top + card_px - BELOW_PX, height + _BEYOND_PX),
                        head + first.laid.height if head is not None else None,
                        card_top,
                    )
                )
        return found

    def request_between(self, position: int, head: int) -> tuple[float, float]:
        """The left and right edge of a request's ground, in pixels. The request begins with the segment ``head``."""
        left = self.column_left
        right = left + right_of(self.rows.laid(position, head))
        return max(left - ASKED_BESIDE_PX, 0.0), min(right, float(self.width() - BAR_PX))

    def tinted_between(self, position: int, head: int) -> tuple[float, float]:
        """Where the tint of a diff begins and ends, in pixels: at the edges of its request's ground."""
        left, right = self.request_between(position, head)
        return left + ASKED_EDGE_PX, right

    def segment_at(self, point: QPointF) -> PlacedSegment | None:
        """The segment at a point's height, or the nearest one."""
        if not self.visible:
            return None
        for placed in self.visible:
            if point.y() < placed.bottom:
                return placed
        return self.visible[-1]

    def wide_table_at(self, point: QPointF) -> PlacedSegment | None:
        """The segment at a point of the page, if it belongs to a table that is scrolled sideways."""
        placed = self.segment_at(point)
        if placed is None or placed.laid.overflow is None or not placed.top <= point.y() < placed.bottom:
            return None
        return placed

    def within(self, placed: PlacedSegment, point: QPointF) -> QPointF:
        """Convert a point of the page to a segment's coordinates; beside a wide table, it is at the table's edge."""
        inside = point - QPointF(self.column_left, placed.top)
        if (overflow := placed.laid.overflow) is not None:
            shown_x = min(max(inside.x(), overflow.left), overflow.left + overflow.width)
            inside.setX(shown_x + self.rows.aside_of(placed.position, placed.number))
        return inside
