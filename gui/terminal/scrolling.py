"""The history of a terminal: the view's scroll position, the scroll bar, and the button for new output."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, Signal, SignalInstance, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QScrollBar, QWidget

from gui.theme.terminal import TerminalTheme
from gui.timers import single_shot
from gui.wording import page_texts
from session_host.terminal.scroll_position import ScrollPosition, go_to, position_in

from .display import TerminalDisplay
from .sizing import Sizing

_MARGIN_PX = 12
REDRAW_MS = 500
"""Programs draw again so soon after a resize, as shells do with their prompt; that is no new output."""


class NewOutput(QObject):
    """The button over the lower end of a terminal, created when it is first shown.

    Attributes:
        is_visible: whether the button is shown.
        button: the button; None if it was never shown.

    Signals:
        clicked(): the user wants to see the new output.
    """

    clicked = Signal()

    def __init__(self, view: QWidget, resized: SignalInstance) -> None:
        """``resized`` is emitted when the program gets another size."""
        super().__init__(view)
        self._view = view
        self._redraw = single_shot(view, REDRAW_MS)
        resized.connect(lambda *_size: self._redraw.start())
        self._has_output = self.is_visible = False
        self.button: QPushButton | None = None

    @Slot()
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
            self.button.clicked.connect(self.clicked)
        self.button.setVisible(is_visible)
        self.place()

    def place(self) -> None:
        """Move the button to the middle of the view's lower end."""
        if self.button is not None:
            room, size = self._view.size(), self.button.sizeHint()
            left, top = (room.width() - size.width()) // 2, room.height() - size.height() - _MARGIN_PX
            self.button.setGeometry(left, top, size.width(), size.height())


_WIDTH_PX = 8
_END_PX = 2
_TICK_PX = 2
_TICK_STEPS = 2000
"""The number of positions that ticks can have: more than a bar has pixels."""
_PLAIN_ALPHA = 110
"""The opacity of the ticks of commands that did not fail."""
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
        self._current_color, self._tick_color, self._failed_color = QColor(), QColor(), QColor()
        self._commands: dict[int, bool] = {}
        """The positions of commands, and whether each failed."""
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setAccessibleName(page_texts.SCROLLBAR())
        self.setSingleStep(1)
        self.hide()
        self.valueChanged.connect(self._on_value)

    def set_colors(self, color: QColor, tick: QColor, failed: QColor) -> None:
        """Set the colours of text, ticks and failed commands; the bar's shade is derived from the text's."""
        self._current_color, self._tick_color, self._failed_color = color, tick, failed
        red, green, blue = color.red(), color.green(), color.blue()
        still, alive = (f"rgba({red}, {green}, {blue}, {alpha})" for alpha in (90, 160))
        self.setStyleSheet(_STYLE.format(width=_WIDTH_PX, still=still, alive=alive))

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

    def set_commands(self, rows: Sequence[tuple[int, bool]], total: int) -> None:
        """Show a tick for each of these commands: its row of ``total`` rows, and whether it failed.

        One that failed is as wide as the bar and has the colour of errors.
        """
        commands = {
            row * _TICK_STEPS // max(total, 1): failed for row, failed in sorted(rows, key=lambda each: each[1])
        }
        if commands != self._commands:
            self._commands = commands
            self.update()

    def _paint_commands(self, painter: QPainter, height: int) -> None:
        plain = QColor(self._current_color)
        plain.setAlpha(_PLAIN_ALPHA)
        for tick, failed in self._commands.items():
            top, left = _END_PX + tick * height // _TICK_STEPS, 0 if failed else self.width() // 2
            color = self._failed_color if failed else plain
            painter.fillRect(left, top, self.width() - left, _TICK_PX if failed else 1, color)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._ticks and self._current_tick is None and not self._commands:
            return
        painter = QPainter(self)
        height = self.height() - 2 * _END_PX - _TICK_PX
        self._paint_commands(painter, height)
        for tick in self._ticks:
            # The left half shows the handle.
            left = self.width() // 2
            painter.fillRect(left, _END_PX + tick * height // _TICK_STEPS, left, _TICK_PX, self._tick_color)
        if self._current_tick is not None:
            top = _END_PX + self._current_tick * height // _TICK_STEPS
            painter.fillRect(0, top - 1, self.width(), _TICK_PX + 1, self._current_color)
        painter.end()

    @Slot(int)
    def _on_value(self, value: int) -> None:
        if self._silent or value == self._row:
            return
        by = value - self._row
        self._row = value
        self.moved.emit(by)


class Scroller(QObject):
    """Scrolls a view in its history. Rows are counted from the oldest.

    Attributes:
        pending: the position to scroll to once the history has it; None for no such position.
        bar: the scroll bar.
        new_output: the button for new output.

    Signals:
        scrolled(): the user scrolled.
        jumped(): other code scrolled to a row.
    """

    scrolled = Signal()
    jumped = Signal()

    def __init__(self, display: TerminalDisplay, sizing: Sizing) -> None:
        super().__init__(display)
        self._display = display
        self.pending: ScrollPosition | None = None
        self.bar = HistoryBar(display.widget)
        self.bar.moved.connect(self.scroll_lines)
        self.new_output = NewOutput(display.widget, sizing.grid_resized)
        self.new_output.clicked.connect(self.scroll_to_end)
        display.output_below.connect(self.new_output.announce)
        sizing.laid_out.connect(self._place)

    def set_theme(self, theme: TerminalTheme) -> None:
        """Use other colours."""
        self.bar.set_colors(theme.foreground, theme.palette[3], theme.palette[1])

    @Slot()
    def _place(self) -> None:
        widget = self._display.widget
        self.bar.setGeometry(widget.width() - _WIDTH_PX, 0, _WIDTH_PX, widget.height())
        self.new_output.place()

    def show_viewport(self) -> None:
        """Show the position of the frame that is shown."""
        surface = self._display.surface
        self.bar.show_viewport(*surface.viewport, max(surface.size.rows, 1))

    def after_frame(self) -> None:
        """Show the position, and whether there is new output below."""
        surface = self._display.surface
        self.new_output.follow(surface.viewport.offset, surface.size.rows)
        self.show_viewport()

    # -- the position

    @property
    def chosen_position(self) -> ScrollPosition | None:
        """The pending position, or the current one; None at the end of the history."""
        emulator = self._display.emulator
        if self.pending is not None or emulator is None:
            return self.pending
        if not self._display.may_be_scrolled_back:
            return None
        frame = emulator.frame()
        emulator.damage_all()
        return position_in(frame, emulator)

    def keep_position(self) -> None:
        """Go to the current position again in the next emulator, because this one is about to go."""
        self.pending = self.chosen_position

    def go_once_known(self, position: ScrollPosition | None) -> None:
        """Show a position of the history once it exists; scrolling or typing cancels this."""
        self.pending = position
        self.go_to_pending()

    def go_to_pending(self) -> None:
        """Go to the pending position if the history has it."""
        emulator = self._display.emulator
        if self.pending is not None and emulator is not None and go_to(emulator, self.pending):
            self.pending = None
            self._display.may_be_scrolled_back = True

    # -- scrolling

    @Slot(int)
    def scroll_lines(self, lines: int) -> None:
        """Scroll down, or back with negative lines."""
        emulator = self._display.emulator
        if emulator is not None and lines:
            self.pending = None
            emulator.scroll(lines)
            self._display.request_frame()
            self.scrolled.emit()

    @Slot(int)
    def scroll_pages(self, pages: int) -> None:
        """Scroll by whole screens, less one line that stays visible."""
        surface = self._display.surface
        rows = min(surface.size.rows, surface.layout.largest_grid.rows)
        self.scroll_lines(pages * max(rows - 1, 1))

    def scroll_to_row(self, row: int) -> None:
        """Scroll so that a row is the first one, or the screen is shown."""
        emulator = self._display.emulator
        self.pending = None
        if emulator is not None:
            emulator.scroll_to_bottom()
            emulator.scroll(min(row - emulator.scrollback_rows, 0))
            self._display.request_frame()
        self.jumped.emit()

    @Slot()
    def scroll_to_start(self) -> None:
        """Scroll to the oldest line."""
        if (emulator := self._display.emulator) is not None:
            self.scroll_lines(-emulator.scrollback_rows)

    @Slot()
    def scroll_to_end(self) -> None:
        """Scroll to the active screen."""
        emulator = self._display.emulator
        self.pending = None
        if emulator is not None:
            emulator.scroll_to_bottom()
            self._display.request_frame()
            self.scrolled.emit()
