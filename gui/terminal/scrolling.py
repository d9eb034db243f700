"""The history of a terminal: the view's scroll position, the scroll bar, and the button for new output."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import Qt, QTimer, Signal, SignalInstance
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QScrollBar, QWidget

from gui.wording import page_texts
from session_host.terminal.base import Frame


class SavedFrame(NamedTuple):
    """The last visible frame of an emulator."""

    frame: Frame
    reverse_screen: bool


_MARGIN_PX = 12
REDRAW_MS = 500
"""Programs draw again so soon after a resize, as shells do with their prompt; that is no new output."""


class NewOutput:
    """The button over the lower end of a terminal, created when it is first shown.

    Attributes:
        is_visible: whether the button is shown.
        button: the button; None if it was never shown.
    """

    def __init__(self, view: QWidget, go_there: Callable[[], object], resized: SignalInstance) -> None:
        """``resized`` is emitted when the program gets another size."""
        self._view = view
        self._go_there = go_there
        self._redraw = QTimer(view, singleShot=True, interval=REDRAW_MS)
        resized.connect(lambda *_size: self._redraw.start())
        self._has_output = self.is_visible = False
        self.button: QPushButton | None = None

    def announce(self) -> None:
        """Note that output arrived while the view is scrolled back, unless that follows a resize."""
        if not self._redraw.isActive():
            self._has_output = True

    def follow(self, offset: int, screen_rows: int) -> None:
        """Show the button while the screen, with its question or prompt, is out of view; ``offset``: rows below it."""
        self._has_output = self._has_output and offset > 0
        is_visible = self._has_output and offset >= screen_rows
        if is_visible == self.is_visible:
            return
        self.is_visible = is_visible
        if self.button is None:
            self.button = QPushButton(page_texts.NEW_OUTPUT(), self._view)
            self.button.setProperty("kind", "primary")
            self.button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.button.setCursor(Qt.CursorShape.ArrowCursor)
            self.button.clicked.connect(lambda _checked: self._go_there())
        self.button.setVisible(is_visible)
        self.place()

    def place(self) -> None:
        """Move the button to the middle of the view's lower end."""
        if self.button is not None:
            room, size = self._view.size(), self.button.sizeHint()
            left, top = (room.width() - size.width()) // 2, room.height() - size.height() - _MARGIN_PX
            self.button.setGeometry(left, top, size.width(), size.height())


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
