"""The thin scroll bar in the right margin."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QScrollBar, QWidget

from gui.wording import page_texts

WIDTH_PX = 8
_END_PX = 2
_TICK_PX = 2
_TICK_STEPS = 2000
"""The number of positions that ticks can have: more than a bar has pixels."""
_STYLE = """
QScrollBar:vertical {{ background: transparent; border: none; width: {width}px; margin: 2px 0; }}
QScrollBar::handle:vertical {{ background: {still}; min-height: 24px; border-radius: 2px; margin: 0 2px; }}
QScrollBar::handle:vertical:hover, QScrollBar::handle:vertical:pressed {{
    background: {alive}; border-radius: 3px; margin: 0 1px;
}}
QScrollBar::add-line:vertical, QScrollBar::sub-line:vertical {{ height: 0; }}
QScrollBar::add-page:vertical, QScrollBar::sub-page:vertical {{ background: transparent; }}
"""


class HistoryBar(QScrollBar):
    """A scroll bar over rows, hidden while there is no history.

    Signals:
        moved(int): the user moved the view by this number of rows; negative: back into history.
    """

    moved = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self._silent = False
        self._row = 0
        self._ticks: list[int] = []
        self._current_tick: int | None = None
        self._current_color, self._tick_color = QColor(), QColor()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setAccessibleName(page_texts.SCROLLBAR())
        self.setSingleStep(1)
        self.hide()
        self.valueChanged.connect(self._on_value)

    def set_colors(self, color: QColor, tick: QColor) -> None:
        """Set the colours of text and ticks; the bar's shade is derived from the text's."""
        self._current_color, self._tick_color = color, tick
        red, green, blue = color.red(), color.green(), color.blue()
        still, alive = (f"rgba({red}, {green}, {blue}, {alpha})" for alpha in (90, 160))
        self.setStyleSheet(_STYLE.format(width=WIDTH_PX, still=still, alive=alive))

    def show_viewport(self, history_rows: int, offset: int, page_rows: int) -> None:
        """Show that the view is scrolled back by ``offset`` rows."""
        row = history_rows - offset
        if self.maximum() != history_rows or self._row != row or self.pageStep() != page_rows:
            self._silent = True
            self._row = row
            self.setPageStep(page_rows)
            self.setRange(0, history_rows)
            self.setValue(row)
            self._silent = False
        self.setVisible(history_rows > 0)

    def set_ticks(self, rows: list[int], current: int | None, total: int) -> None:
        """Show ticks at these of ``total`` rows; the current one is drawn differently."""
        ticks = sorted({row * _TICK_STEPS // total for row in rows})
        now = None if current is None else current * _TICK_STEPS // total
        if (ticks, now) != (self._ticks, self._current_tick):
            self._ticks, self._current_tick = ticks, now
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._ticks and self._current_tick is None:
            return
        painter = QPainter(self)
        height = self.height() - 2 * _END_PX - _TICK_PX
        for tick in self._ticks:
            # The left half shows the handle.
            left = self.width() // 2
            painter.fillRect(left, _END_PX + tick * height // _TICK_STEPS, left, _TICK_PX, self._tick_color)
        if self._current_tick is not None:
            top = _END_PX + self._current_tick * height // _TICK_STEPS
            painter.fillRect(0, top - 1, self.width(), _TICK_PX + 1, self._current_color)
        painter.end()

    def _on_value(self, value: int) -> None:
        if self._silent or value == self._row:
            return
        by = value - self._row
        self._row = value
        self.moved.emit(by)
