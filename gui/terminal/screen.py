"""The terminal's screen: shows it with its history, and is the program's size and focus. Output path, 11 of 15.

It never feeds the emulator: its owner does, and then calls `on_damage`, or `on_replaced` if there is another
emulator.
"""

from __future__ import annotations

import math
import time

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QGuiApplication,
    QHideEvent,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QWidget

from gui.theme.terminal import TerminalFont, TerminalTheme
from gui.theme.tokens import TERMINAL_PADDING_PX
from gui.wording import page_texts
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.base import Emulator
from session_host.terminal.scroll_position import ScrollPosition, go_to, position_in

from .cell_metrics import MAX_FONT_PX, MIN_FONT_PX, CellMetrics, default_size_px
from .drawing.blinking import CursorBlink, TextBlink, is_blinking
from .drawing.canvas import GridLayout, scaled
from .drawing.frame_pacing import FramePacer
from .drawing.surface import Surface
from .input_sink import InputSink
from .scrolling import WIDTH_PX, HistoryBar, NewOutput, SavedFrame

_RESIZE_DEBOUNCE_MS = 50

CURSOR_MOVED = Qt.InputMethodQuery.ImCursorRectangle | Qt.InputMethodQuery.ImSurroundingText
"""The values that Qt asks for again when the cursor has moved. On Wayland (Qt 6.11, text-input-v3), Qt passes a new
rectangle on only if it is also told to ask for the text around the cursor, of which a terminal has none.
"""

_RATIO_CHANGE = QEvent.Type.DevicePixelRatioChange  # A key's path reads no attribute of an enum.


class TerminalScreen(QWidget):
    """A terminal's screen and its history.

    Attributes:
        surface: the picture of the screen.
        pending: the position to scroll to once the history has it; None for no such position.

    Signals:
        gridResized(GridSize, CellSize): the page has space for another grid; emitted after the sink has received it.
        zoomChanged(int): the text's size, in percent of the configured one.
        scrolled(): the user scrolled in the history.
    """

    gridResized = Signal(object, object)
    zoomChanged = Signal(int)
    scrolled = Signal()

    def __init__(self, theme: TerminalTheme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._font = TerminalFont()
        self._base_px = self._size_px = default_size_px()
        self._line_height, self._padding_px = 1.0, TERMINAL_PADDING_PX
        self._sink: InputSink | None = None
        self._shown_emulator: Emulator | None = None
        self._saved_frame: SavedFrame | None = None
        self.surface = Surface(theme, self._measured())
        self.surface.images.pictures.ready.connect(self.update)
        self.pending: ScrollPosition | None = None
        self._may_look_back = True
        """False while the view is known to be at the end of the history; asking the emulator costs a frame."""
        self._reported: tuple[GridSize, CellSize] | None = None
        self._report_delay = QTimer(self, singleShot=True, interval=_RESIZE_DEBOUNCE_MS)
        self._report_delay.timeout.connect(self.report_size)
        self._is_on_x = QGuiApplication.platformName() == "xcb"
        self._server_wait = QTimer(self, singleShot=True, interval=0)
        self._server_wait.timeout.connect(self._wait_for_x_server)
        self._pacer = FramePacer(self._show_frame, self._is_drawing, self)
        self._blink = CursorBlink(self)
        self._blink.changed.connect(self._update_cursor)
        self._text_blink = TextBlink(self.surface, self._paint_all, self)
        self._bar = HistoryBar(self)
        self._bar.set_colors(theme.foreground, theme.palette[3])
        self._bar.moved.connect(self.scroll_lines)
        self._new_output = NewOutput(self, self.scroll_to_end, self.gridResized)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(page_texts.TERMINAL())

    # -- content

    @property
    def emulator(self) -> Emulator | None:
        """The displayed emulator."""
        return self._sink.replica.emulator if self._sink is not None else self._shown_emulator

    @property
    def sink(self) -> InputSink | None:
        """The receiver of input; None if the screen is read-only."""
        return self._sink

    @property
    def scrolled_back(self) -> bool:
        """Whether the view is scrolled back."""
        return self.surface.viewport.offset > 0

    def program_takes_mouse(self, modifiers: Qt.KeyboardModifier) -> bool:
        """Whether a button's press with these modifiers goes to the program."""
        emulator = self.emulator
        if emulator is None or self._sink is None or self.scrolled_back or not self._sink.takes_mouse:
            return False
        return emulator.modes.mouse != "none" and not modifiers & Qt.KeyboardModifier.ShiftModifier

    def set_viewer(self, viewer: InputSink | None) -> None:
        """Show a session and accept input for it; None for an empty page."""
        self._sink, self._shown_emulator = viewer, None
        self.surface.live = True
        self._reported = None
        if self.isVisible():
            self.report_size()
            if viewer is not None and self.hasFocus():
                viewer.focus(True)
        self.on_replaced()

    def save_frame(self) -> None:
        """Keep showing the last frame, and remember the scroll position, while there is no emulator."""
        if (emulator := self.emulator) is not None:
            emulator.damage_all()
            self._saved_frame = SavedFrame(emulator.frame()._replace(images=()), emulator.modes.reverse_screen)
            self.pending = self.pending or position_in(self._saved_frame.frame, emulator)

    @property
    def has_saved_frame(self) -> bool:
        """Whether the saved frame is shown in place of an emulator."""
        return self._saved_frame is not None and self.emulator is None

    def show_emulator(self, emulator: Emulator | None) -> None:
        """Show a read-only screen, such as an ended session's."""
        self._sink, self._shown_emulator = None, emulator
        self.surface.live = False
        self.on_replaced()

    @Slot()
    def on_damage(self) -> None:
        """The emulator was fed: paint when a frame is due."""
        if self.isVisible():
            if self.surface.viewport.offset:
                self._new_output.announce()
            self._pacer.request()

    @Slot()
    def on_replaced(self) -> None:
        """The emulator was replaced: paint the rows that differ."""
        self._pacer.cancel()
        emulator = self.emulator
        if emulator is not None:
            self._saved_frame = None
            self._try_pending()
            self._paint_all()
        else:
            self.surface.clear()
            self._bar.hide()
            self._paint_saved_frame()
            self.update()

    def _paint_saved_frame(self) -> None:
        """Paint the saved frame of the previous emulator, if there is no other one yet."""
        if self._saved_frame is not None and self.isVisible() and self.emulator is None:
            self.surface.take_frame(self._saved_frame.frame, reverse_screen=self._saved_frame.reverse_screen)
            self._bar.show_viewport(*self.surface.viewport, max(self.surface.size.rows, 1))

    def request_frame(self) -> None:
        """Paint a frame soon: this view has changed the selection or the viewport."""
        self._may_look_back = True
        self._pacer.request_for_user()

    def _is_drawing(self) -> bool:
        return (emulator := self.emulator) is not None and emulator.modes.synchronized

    def _show_frame(self) -> bool:
        """Paint the next frame on the screen, without another turn of the event loop; returns whether it changed."""
        is_painted = self._paint_frame(at_once=True)
        self._server_wait.start()
        return is_painted

    def _wait_for_x_server(self) -> None:
        """Wait until the X server has read the last frame.

        Qt shares a window's image with the X server, and waits for the server's reply before it paints again where it
        painted last. Waiting now keeps that delay off the next echo.
        """
        window = self.window()
        if not self._is_on_x or not window.testAttribute(Qt.WidgetAttribute.WA_WState_Created):
            return
        store = window.backingStore()
        is_painted = not store.size().isEmpty()
        if is_painted and not window.windowHandle().format().hasAlpha():  # A transparent picture would be cleared.
            store.beginPaint(QRegion(QRect(QPoint(), store.size())))
            store.endPaint()

    def repaint_all(self) -> None:
        """Paint all rows again soon."""
        if (emulator := self.emulator) is not None:
            emulator.damage_all()
            self.request_frame()

    def _paint_all(self) -> None:
        if (emulator := self.emulator) is not None:
            emulator.damage_all()
            self._paint_frame()

    def _paint_frame(self, *, at_once: bool = False) -> bool:
        """Update the canvas from the emulator; Qt's paint event shows the changes, now or in the next turn.

        Returns:
            Whether there are changes.
        """
        emulator, surface = self.emulator, self.surface
        if emulator is None or not self.isVisible():
            return False
        previous = surface.cursor
        frame = self._sink.replica.frame() if self._sink is not None else emulator.frame()
        region = surface.apply_frame(emulator, frame)
        paint = self.repaint if at_once else self.update
        if region is None:
            paint()
        elif not region.isEmpty():
            paint(self._logical(region))
        # An echo is on the screen by now; the rest does not delay it.
        self._may_look_back = self.scrolled_back
        self._new_output.follow(surface.viewport.offset, surface.size.rows)
        self._bar.show_viewport(*surface.viewport, max(surface.size.rows, 1))
        self._blink.set_blinking(blinking=is_blinking(surface.cursor, focused=self.hasFocus()))
        self._text_blink.on_frame(focused=self.hasFocus())
        if surface.cursor != previous:
            self._blink.touch()
            if self.hasFocus():
                self.updateMicroFocus(CURSOR_MOVED)
        return region is None or not region.isEmpty()

    def set_focused(self, *, focused: bool) -> None:
        """The keyboard focus changed: draw the cursor filled or hollow, blinking or not."""
        surface = self.surface
        surface.focused = focused
        self._blink.set_blinking(blinking=is_blinking(surface.cursor, focused=focused))
        self._text_blink.on_frame(focused=focused)
        self._update_cursor()

    def _update_cursor(self) -> None:
        self.surface.cursor_shown = self._blink.shown
        self.update(self._logical(QRegion(self.surface.cursor_rect())))

    # -- appearance

    def set_theme(self, theme: TerminalTheme) -> None:
        """Use other colours."""
        self._theme = theme
        self.surface.set_theme(theme)
        self._bar.set_colors(theme.foreground, theme.palette[3])
        self.set_focused(focused=self.surface.focused)
        self.update()

    def set_font(self, font: TerminalFont) -> None:
        """Use another font, in the same size."""
        if font != self._font:
            self._font = font
            self._measure()

    def set_font_size(self, size_px: int) -> None:
        """Use a size in logical pixels, from which zooming starts; 0 for the desktop's."""
        self._base_px = size_px or default_size_px()
        if self._size_px != self._base_px:
            self._size_px = self._base_px
            self._measure()

    def set_spacing(self, line_height: float, padding_px: int) -> None:
        """Use rows of this height, in the font's own line height, and a distance around the grid in logical pixels."""
        if (line_height, padding_px) != (self._line_height, self._padding_px):
            self._line_height, self._padding_px = line_height, padding_px
            self._measure()
            self._paint_frame()  # Marks beside the text move, also where the grid keeps its size.

    @Slot(int)
    def zoom(self, steps: int) -> None:
        """Make the text larger, or smaller with negative steps, by a pixel per step."""
        size_px = min(max(self._size_px + steps, MIN_FONT_PX), MAX_FONT_PX)
        if size_px != self._size_px:
            self._size_px = size_px
            self._measure()
            self.zoomChanged.emit(round(100 * size_px / self._base_px))

    @Slot()
    def reset_zoom(self) -> None:
        """Use the configured size."""
        self.zoom(self._base_px - self._size_px)

    def _measured(self) -> CellMetrics:
        return CellMetrics(self._font, self._size_px, self.devicePixelRatioF(), self._line_height)

    def _measure(self) -> None:
        """Measure the cell again after a change of font, size or the display's scale."""
        self.surface.set_metrics(self._measured())
        self._lay_out()
        if self.isVisible():
            self.report_size()
        self.update()
        if self.hasFocus():
            self.updateMicroFocus(CURSOR_MOVED)

    # -- size

    def _lay_out(self) -> None:
        metrics = self.surface.metrics
        self.surface.set_layout(GridLayout.of(self.width(), self.height(), metrics, self._padding_px))
        self._bar.setGeometry(self.width() - WIDTH_PX, 0, WIDTH_PX, self.height())
        self._new_output.place()

    def report_size(self) -> None:
        """Report the grid's size to the session, if it has changed since the last report."""
        self._report_delay.stop()
        size, cell = self.surface.layout.largest_grid.clamped(), self.surface.metrics.cell
        if self._reported != (size, cell):
            self._reported = size, cell
            if self._sink is not None:
                self._sink.resize(size, cell)
            self.gridResized.emit(size, cell)

    def _report_soon(self) -> None:
        """Report the size when it stops changing, unless the first report is still pending."""
        if self._reported is not None:
            self._report_delay.start()

    def claim_size(self) -> None:
        """Make this view's size the session's, since the view is in use."""
        emulator, sink = self.emulator, self._sink
        if sink is not None and emulator is not None and self._reported is not None:
            size, cell = self.surface.layout.largest_grid.clamped(), self.surface.metrics.cell
            if emulator.size != size:
                sink.resize(size, cell)

    def take_over_size(self) -> None:
        """Report the keyboard focus to the session, and make this view's size the session's."""
        if self._sink is not None:
            self._sink.focus(True)
            self.claim_size()

    def sizeHint(self) -> QSize:
        cell, ratio = self.surface.metrics, self.devicePixelRatioF()
        around = 2 * self._padding_px
        return QSize(round(80 * cell.width / ratio) + around, round(24 * cell.height / ratio) + around)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()
        if self.isVisible():
            self._report_soon()
        self.update()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.surface.metrics.device_pixel_ratio != self.devicePixelRatioF():
            self.surface.set_metrics(self._measured())
        self._lay_out()
        self.report_size()
        self._paint_all()
        self._paint_saved_frame()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._pacer.cancel()
        self._report_delay.stop()
        self._blink.set_blinking(blinking=False)
        self._text_blink.stop()
        self.surface.release()

    # -- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        begin_s = time.monotonic()
        ratio = self.devicePixelRatioF()
        painter = QPainter(self)
        if ratio != 1:
            painter.scale(1 / ratio, 1 / ratio)
        self.surface.paint(painter, scaled(event.region(), ratio))
        painter.end()
        self._text_blink.on_painted(focused=self.hasFocus())
        self._pacer.note_cost(time.monotonic() - begin_s)

    def event(self, event: QEvent) -> bool:
        if event.type() is _RATIO_CHANGE:
            self._measure()
        return bool(super().event(event))

    def device_point(self, position: QPointF) -> QPoint:
        """A point of the widget in device pixels."""
        ratio = self.devicePixelRatioF()
        return QPoint(math.floor(position.x() * ratio), math.floor(position.y() * ratio))

    def cell_at(self, position: QPointF) -> tuple[int, int]:
        """The cell nearest to a point of the widget."""
        return self.surface.cell_at(self.device_point(position))

    def rows_beyond(self, position: QPointF) -> int:
        """The distance of a point above (negative) or below the grid, in rows; 0 inside."""
        return self.surface.rows_beyond(self.device_point(position))

    def typed_areas(self) -> list[QRect]:
        """The rows that the user types into."""
        typed = self.logical_rect(self.surface.typed_rect())
        return [] if typed.isEmpty() else [typed]

    def written_areas(self) -> list[QRect]:
        """The rows with text."""
        return [self.logical_rect(rect) for rect in self.surface.written_rects()]

    def repaint_device(self, region: QRegion) -> None:
        """Repaint a region given in device pixels."""
        self.update(self._logical(region))

    def logical_rect(self, rect: QRect) -> QRect:
        """Convert device pixels to the widget's pixels."""
        return self._logical(QRegion(rect)).boundingRect()

    def _logical(self, region: QRegion) -> QRegion:
        """Convert device pixels to the widget's pixels."""
        return scaled(region, 1 / self.devicePixelRatioF())

    # -- history

    @property
    def scroll_position(self) -> ScrollPosition | None:
        """The pending position, or the current one; None at the end of the history."""
        emulator = self.emulator
        if self.pending is not None or emulator is None:
            return self.pending
        if not self._may_look_back:
            return None
        frame = emulator.frame()
        emulator.damage_all()
        return position_in(frame, emulator)

    def go_to_position(self, position: ScrollPosition | None) -> None:
        """Show a position of the history once it exists; scrolling or typing cancels this."""
        self.pending = position
        self._try_pending()

    def _try_pending(self) -> None:
        emulator = self.emulator
        if self.pending is not None and emulator is not None and go_to(emulator, self.pending):
            self.pending = None
            self._may_look_back = True

    @Slot(int)
    def scroll_lines(self, lines: int) -> None:
        """Scroll down, or back with negative lines."""
        emulator = self.emulator
        if emulator is not None and lines:
            self.pending = None
            emulator.scroll(lines)
            self.request_frame()
            self.scrolled.emit()

    @Slot(int)
    def scroll_pages(self, pages: int) -> None:
        """Scroll by whole screens, less one line that stays visible."""
        rows = min(self.surface.size.rows, self.surface.layout.largest_grid.rows)
        self.scroll_lines(pages * max(rows - 1, 1))

    def scroll_to_row(self, row: int) -> None:
        """Scroll so that a row, counted from the oldest, is the first one, or the screen is shown."""
        emulator = self.emulator
        self.pending = None
        if emulator is not None:
            emulator.scroll_to_bottom()
            emulator.scroll(min(row - emulator.scrollback_rows, 0))
            self.request_frame()

    @Slot()
    def scroll_to_start(self) -> None:
        """Scroll to the oldest line."""
        if (emulator := self.emulator) is not None:
            self.scroll_lines(-emulator.scrollback_rows)

    @Slot()
    def scroll_to_end(self) -> None:
        """Scroll to the active screen."""
        emulator = self.emulator
        self.pending = None
        if emulator is not None:
            emulator.scroll_to_bottom()
            self.request_frame()
            self.scrolled.emit()

    def show_ticks(self, rows: list[int], current: int | None, total: int) -> None:
        """Show rows on the scroll bar, counted from the oldest of ``total``."""
        self._bar.set_ticks(rows, current, total)
