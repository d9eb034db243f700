"""The widget with the rows of a transcript: has their style, paints the segments on the page, and finds controls."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from gui.chat.content import items as item_content
from gui.chat.content.items import Content
from gui.chat.content.segments import Card, utf16_length
from gui.chat.drawing.segment_layout import Control, Overflow, square_in
from gui.chat.drawing.style import MARGIN_PX, MAX_WIDTH_PX, Style
from gui.finding.query import Pattern
from gui.terminal.cell_metrics import MIN_FONT_PX
from gui.theme.icons import Glyph, paint_glyph
from gui.theme.terminal import TerminalFont
from gui.theme.theme import Theme
from gui.theme.tokens import RADIUS_PX, TEXT_PX, blend
from session_host.structured.transcript import Transcript

from .file_names import FileName, FileNames
from .positions import PlacedSegment
from .rows import FRAME_PX, Rows
from .selection import Selection

BAR_PX = 10
"""The width of the scroll bar, beside the segments."""
_MIN_COLUMN_PX, _MIN_MARGIN_PX = 80, 4
"""For a column of this width, the margins beside it shrink; then the column does."""

_HOVER_ALPHA = 0.06
"""The opacity of the highlight of a control under the pointer."""

_BY_TAB = {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason}
_RETURNS = {Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason}
"""The window or a menu gives the focus back."""


class PaintedPage(QWidget):
    """A page of a transcript that neither scrolls nor takes input.

    Files below ``directory``, the chat's, are named relative to it.

    Attributes:
        theme: the window's theme.
        style_: fonts and colours.
        rows: the rows of the transcript.
        visible: the segments on the page.
        content: the function that returns the segments of an item.
        names: finds the names of files in the text.
        selection: the selected part.
        hovered: the control under the mouse: its row's key, its segment's number, its number in the segment.
        focused: the control with the keyboard focus, or None.
        pattern: the search pattern; its matches are marked.
        copied: the control that copied something a moment ago, or None.
        current_hit: the current match: its row's key, its segment's number, its begin and end in the segment's text.
        covered_px: how much of the page's top another widget covers.
        was_entered_by_tab: whether the Tab key gave the page the keyboard focus.
        max_width_px: the maximum width of the text column.
        grows: whether the transcript gets more items: its end is followed, and a button goes back to it.

    Signals:
        restyled(): the text size or the colours changed.
    """

    restyled = Signal()
    covered_px = 0
    was_entered_by_tab = False
    max_width_px: float = MAX_WIDTH_PX
    grows = True

    def __init__(self, theme: Theme, directory: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self._size_px = TEXT_PX
        self._mono = TerminalFont()
        self.style_ = Style(theme, TEXT_PX)
        self.content: Content = item_content.segments
        self.rows = Rows(Transcript(), self.style_, 100.0, directory)
        self.names = FileNames(self)
        self.selection = Selection()
        self.visible: list[PlacedSegment] = []
        self.hovered: tuple[str, int, int] | None = None
        self.focused: tuple[str, int, int] | None = None
        self.copied: tuple[str, int, int] | None = None
        self.pattern: Pattern | None = None
        self.current_hit: tuple[str, int, int, int] | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        theme.changed.connect(self._apply_style)

    @property
    def transcript(self) -> Transcript:
        """The transcript that the page shows."""
        return self.rows.transcript

    # ------------------------------------------------------------ content and style

    def show_rows(self, transcript: Transcript) -> None:
        """Show the rows of a transcript; which items are unfolded or in two columns stays."""
        previous = self.rows
        transcript.take_changes()
        width, directory = self._column_width(), previous.directory
        self.rows = Rows(transcript, self.style_, width, directory, self.content, has_turns=self.grows)
        self.rows.columns, self.rows.modes = previous.columns, previous.modes
        self.rows.aside_px = previous.aside_px
        self.hovered = self.focused = None

    def set_font_size(self, size_px: int) -> None:
        """Set the text size; a value below the minimum is an offset to the default size."""
        self._size_px = size_px if size_px >= MIN_FONT_PX else max(TEXT_PX + size_px, MIN_FONT_PX)
        self._apply_style()

    def set_mono_font(self, font: TerminalFont) -> None:
        """Set the font of code."""
        self._mono = font
        self._apply_style()

    def _apply_style(self) -> None:
        self.style_ = Style(self.theme, self._size_px, self._mono)
        self.rows.lay_out_again(self.style_, self._column_width())
        self.restyled.emit()

    def fit_width(self) -> None:
        """Lay out the rows again if the column has another width now."""
        if (width := self._column_width()) != self.rows.width:
            self.rows.lay_out_again(self.style_, width)

    def _column_width(self) -> float:
        room_px = self.width() - BAR_PX
        usual_px = min(room_px - 2 * MARGIN_PX, self.max_width_px)
        return float(max(usual_px, min(room_px - 2 * _MIN_MARGIN_PX, _MIN_COLUMN_PX), 1))

    @property
    def column_left(self) -> float:
        """The left edge of the column."""
        return float(max((self.width() - BAR_PX - round(self.rows.width)) // 2, _MIN_MARGIN_PX))

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self.style_.color("page"))
        left = self.column_left
        self._paint_frames(painter, left)
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

    def _paint_frames(self, painter: QPainter, left: float) -> None:
        """Paint the backgrounds of prompts."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.style_.code.prompt)
        for position in dict.fromkeys(placed.position for placed in self.visible):
            row = self.rows.row(position)
            if not row.framed:
                continue
            parts = [placed for placed in self.visible if placed.position == position]
            first, last = parts[0], parts[-1]
            begin = first.top - 2 if first.number == 0 else -20.0
            end = last.bottom - 4 if last.number == len(row.segments) - 1 else self.height() + 20.0
            painter.drawRoundedRect(QRectF(left, begin, self.rows.width, end - begin), RADIUS_PX, RADIUS_PX)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def segment_left(self, position: int) -> float:
        """The left edge of a row's segments."""
        return self.column_left + (FRAME_PX if self.rows.row(position).framed else 0)

    def _paint_segment(self, painter: QPainter, placed: PlacedSegment, left: float) -> None:
        row = self.rows.row(placed.position)
        if placed.number >= len(row.segments):
            return
        segment = row.segments[placed.number]
        x = left + (FRAME_PX if row.framed else 0)
        painter.save()
        painter.translate(x, placed.top)
        marks: list[tuple[int, int, QColor]] = []
        length = utf16_length(segment.text)
        part = self.selection.part_of(self.rows, placed.position, placed.number, length)
        marks += self._hits(row.key, placed.number, segment.text)
        if part is not None:
            marks.append((*part, self.style_.selection))
        shown = QRectF(0, -placed.top, self.rows.width, self.height())
        aside_px = self.rows.aside_of(placed.position, placed.number)
        placed.laid.paint(painter, marks, shown, self.style_.text, aside_px)
        if placed.laid.overflow is not None:
            self._paint_side_bar(painter, placed.laid.overflow, aside_px)
            painter.setClipRect(placed.laid.window, Qt.ClipOperation.IntersectClip)
            painter.translate(-aside_px, 0)
        # Over the segment, because heads of diffs, code and images fill their area.
        if (area := self._area_in(placed, row.key, self.hovered)) is not None:
            veil = QColor(self.style_.color("text"))
            veil.setAlphaF(_HOVER_ALPHA)
            self._paint_highlight(painter, area, Qt.PenStyle.NoPen, veil)
        if (area := self._area_in(placed, row.key, self.copied)) is not None:
            self._paint_check(painter, area)
        if self.hasFocus() and (area := self._area_in(placed, row.key, self.focused)) is not None:
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

    def _area_in(self, placed: PlacedSegment, key: str, target: tuple[str, int, int] | None) -> QRectF | None:
        """The area of a control, if it is one of this segment."""
        control = self.control_of(target) if target and target[:2] == (key, placed.number) else None
        return control.area if control is not None else None

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

    def visible_cards(self) -> dict[str, PlacedSegment]:
        """The segments on the page that widgets cover, by the ids that they have."""
        found: dict[str, PlacedSegment] = {}
        for placed in self.visible:
            segments = self.rows.row(placed.position).segments if placed.position < len(self.rows) else []
            segment = segments[placed.number] if placed.number < len(segments) else None
            if isinstance(segment, Card):
                found[segment.request] = placed
        return found

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
        inside = point - QPointF(self.segment_left(placed.position), placed.top)
        if (overflow := placed.laid.overflow) is not None:
            shown_x = min(max(inside.x(), overflow.left), overflow.left + overflow.width)
            inside.setX(shown_x + self.rows.aside_of(placed.position, placed.number))
        return inside
