"""The page of diffs with lines that the user marks, by the keyboard or beside them, to comment on them."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent

from gui.chat.content.segments import Diff
from gui.chat.drawing.segment_layout import left_of
from gui.chat.page.page import DocumentPage
from gui.chat.page.rows import TAIL
from gui.theme.icons import Glyph, paint_glyph
from gui.theme.tokens import blend
from gui.window.changes import line_ranges
from gui.window.changes.line_ranges import LineRange
from gui.window.widgets.accessibility import announce

_BAR_PX = 3
_LINES = Diff(inner=True)
"""Like the segments of a diff."""
_RIGHT_PX = 6
"""The space behind the text of a line."""
_BUTTON_PX = 16
_BUTTON_GAP_PX = 4
"""Between the button beside a line and the diff."""
_STEPS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}


class LineMarkPage(DocumentPage):
    """The page; a button beside the line under the mouse, and Ctrl+Enter, choose lines.

    Attributes:
        marked: the lines that are marked by the keyboard; None for none.
        chosen_file: the key of the file to which the user went last.
        bars: other lines that have a bar beside them.

    Signals:
        lines_chosen(LineRange): the user comments on these lines.
    """

    lines_chosen = Signal(object)

    marked: LineRange | None = None
    chosen_file = ""
    bars: tuple[LineRange, ...] = ()
    _anchor = _head = 0
    """The line from which marking is extended, and the line that was marked last."""
    _hovered_line: LineRange | None = None
    _pressed_line: LineRange | None = None
    """The line beside which the mouse was pressed."""

    def chosen_lines(self) -> LineRange | None:
        """The lines that the user selected or marked, or that the search shows; None for none."""
        found = line_ranges.selected_lines(self) or self.marked
        if found is None and self.current_hit is not None and self.pattern is not None:
            key, number, begin, _ = self.current_hit
            position = self.rows.position(key)
            if position is not None and isinstance(self.rows.row(position).segments[number], Diff):
                line = line_ranges.line_at_offset(self.rows.row(position).segments, number, begin)
                found = LineRange(key, line, line)
        return found

    def unmark(self) -> None:
        """Mark no line."""
        if self.marked is not None:
            self.marked = None
            self.update()

    # ------------------------------------------------------------ keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _STEPS.get(Qt.Key(event.key()), 0)
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
        if step and self.hasFocus() and modifiers in {control, control | shift}:
            self._mark(step, extends=bool(modifiers & shift))
        elif event.key() == Qt.Key.Key_Escape and self.marked is not None and self.hasFocus():
            self.unmark()
        else:
            super().keyPressEvent(event)

    def _mark(self, step: int, *, extends: bool) -> None:
        """Mark the next line, or the one before; or one line more."""
        if self.marked is not None and not any(line_ranges.areas(self, self.marked)):
            self.marked = None  # The user has scrolled on.
        current = self.chosen_lines()
        if current is None:
            found = self._first_visible()
        else:
            if self.marked is None:
                self._anchor, self._head = current.first, current.last
            found = self._neighbour(current.key, self._head, step, within=extends)
        if found is None:
            return
        key, self._head = found
        if not extends or current is None:
            self._anchor = self._head
        self.marked = LineRange(key, min(self._anchor, self._head), max(self._anchor, self._head))
        self.selection.clear()
        self._show_line(key, self._head)
        self.update()

    def _first_visible(self) -> tuple[str, int] | None:
        """The first changed line on the page, of the file that the user chose, if it is there; else the first line."""
        lines = []
        for placed in self.visible:
            key = self.rows.key(placed.position)
            segments = self.rows.row(placed.position).segments
            segment = segments[placed.number]
            if key == TAIL or not isinstance(segment, Diff):
                continue
            above = line_ranges.line_count(segments[: placed.number])
            for number, line in enumerate(segment.lines):
                if line.has_sign and any(
                    area.top() >= 0 for area in line_ranges.areas(self, LineRange(key, above + number, above + number))
                ):
                    lines.append(((key != self.chosen_file, line.kind == " "), key, above + number))
        return min(lines, key=lambda each: each[0])[1:] if lines else None

    def _neighbour(self, key: str, line: int, step: int, *, within: bool) -> tuple[str, int] | None:
        """The next line of a file after one, or before it; perhaps of another file."""
        position = self.rows.position(key)
        while position is not None and 0 <= position < len(self.rows):
            segments = self.rows.row(position).segments
            lines = [each for segment in segments if isinstance(segment, Diff) for each in segment.lines]
            line += step
            while 0 <= line < len(lines):
                if lines[line].has_sign:
                    return self.rows.key(position), line
                line += step
            position += step
            if within or not 0 <= position < len(self.rows):
                return None
            line = -1 if step > 0 else line_ranges.line_count(self.rows.row(position).segments)
        return None

    def _show_line(self, key: str, line: int) -> None:
        """Scroll to a line if it is not on the page, and let screen readers say it."""
        position = self.rows.position(key)
        assert position is not None
        segments = self.rows.row(position).segments
        span = line_ranges.span_of_line(segments, line)
        if span is None:
            return
        segment = segments[span[0]]
        assert isinstance(segment, Diff)
        own = segment.lines[line - line_ranges.line_count(segments[: span[0]])]
        self.scroller.reveal(key, span[0], span[1])
        announce(self, own.signed_text)

    # ------------------------------------------------------------ mouse

    def _button(self, line: LineRange) -> QRectF:
        """The area of the button beside a line; empty if the line is not on the page."""
        area = next(line_ranges.areas(self, line), None)
        if area is None:
            return QRectF()
        left = self.lines_left - _BUTTON_PX - _BUTTON_GAP_PX
        return QRectF(left, area.top() + (self.style_.code_line_px - _BUTTON_PX) / 2, _BUTTON_PX, _BUTTON_PX)

    def _line_beside(self, point: QPointF) -> LineRange | None:
        """The line with a button at a point."""
        line = line_ranges.line_at_point(self, point) if point.x() < self.lines_left else None
        return line if line is not None and not self._button(line).isEmpty() else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed_line = None
        if event.button() == Qt.MouseButton.LeftButton:
            self.marked = None
            self._pressed_line = self._line_beside(event.position())
        if self._pressed_line is None:
            super().mousePressEvent(event)
        else:
            self.selection.clear()
            self.marked = self._pressed_line
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        line = line_ranges.line_at_point(self, event.position())
        pressed = self._pressed_line
        if pressed is not None and line is not None and line.key == pressed.key:
            self.marked = LineRange(line.key, min(pressed.first, line.first), max(pressed.first, line.first))
            self.update()
        if pressed is None:
            super().mouseMoveEvent(event)
            if line != self._hovered_line:
                self._hovered_line = line
                self.update()
            if self._line_beside(event.position()) is not None:
                self.setCursor(Qt.CursorShape.PointingHandCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed_line is None:
            super().mouseReleaseEvent(event)
            return
        self._pressed_line = None
        if self.marked is not None:
            self.lines_chosen.emit(self.marked)

    @property
    def lines_left(self) -> float:
        """The left edge of the diffs' lines."""
        return self.column_left + left_of(_LINES)

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = self.style_.tokens
        accent = tokens.color("accent")
        for lines in self.bars:
            self._paint_bar(painter, lines, blend(tokens.accent, tokens.page, 0.6))
        if self.marked is not None:
            tint = tokens.color("accent")
            tint.setAlphaF(0.18)
            for area in line_ranges.areas(self, self.marked):
                painter.fillRect(area.adjusted(self.lines_left - area.left(), 0, _RIGHT_PX, 0), tint)
            self._paint_bar(painter, self.marked, accent)
        if self._hovered_line is not None and self.underMouse():
            area = self._button(self._hovered_line)
            if not area.isEmpty():
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(accent)
                painter.drawRoundedRect(area, 4, 4)
                paint_glyph(painter, Glyph.ADD, area.adjusted(2, 2, -2, -2), tokens.color("on_accent"))
        painter.end()

    def _paint_bar(self, painter: QPainter, lines: LineRange, color: QColor) -> None:
        for area in line_ranges.areas(self, lines):
            painter.fillRect(QRectF(self.lines_left, area.top(), _BAR_PX, area.height()), color)
