"""The sizes of one view: how large the text is, and the grid that has room, which the session gets."""

from __future__ import annotations

from PySide6.QtCore import QObject, QSize, Signal, Slot

from gui.theme.terminal import TerminalFont
from gui.theme.tokens import TERMINAL_PADDING_PX
from gui.timers import single_shot
from session_host.protocol.values import CellSize, GridSize

from .cell_metrics import MAX_FONT_PX, MIN_FONT_PX, CellMetrics, default_size_px
from .display import CURSOR_MOVED, TerminalDisplay
from .drawing.canvas import GridLayout

_RESIZE_DEBOUNCE_MS = 50


class Sizing(QObject):
    """Chooses the sizes of text and grid.

    Signals:
        grid_resized(GridSize, CellSize): the view has room for another grid; emitted after the session has got it.
        zoomed(int): the text's size, in percent of the configured one.
        laid_out(): the grid may be elsewhere in the widget.
    """

    grid_resized = Signal(object, object)
    zoomed = Signal(int)
    laid_out = Signal()

    def __init__(self, display: TerminalDisplay) -> None:
        """Begin with the font of the display."""
        super().__init__(display)
        self._display = display
        self._widget = display.widget
        self._font = TerminalFont()
        self._base_px = self._size_px = default_size_px()
        self._line_height, self._padding_px = 1.0, TERMINAL_PADDING_PX
        self._reported: tuple[GridSize, CellSize] | None = None
        self._report_delay = single_shot(self, _RESIZE_DEBOUNCE_MS)
        self._report_delay.timeout.connect(self.report)
        display.sink_changed.connect(self._on_sink)

    # -- the text

    def set_font(self, font: TerminalFont) -> None:
        """Use another font, in the same size."""
        if font != self._font:
            self._font = font
            self.measure()

    def set_font_size(self, size_px: int) -> None:
        """Use a size in logical pixels, from which zooming starts; 0 for the desktop's."""
        self._base_px = size_px or default_size_px()
        if self._size_px != self._base_px:
            self._size_px = self._base_px
            self.measure()

    def set_spacing(self, line_height: float, padding_px: int) -> None:
        """Use rows of this height, in the font's own line height, and a distance around the grid in logical pixels."""
        if (line_height, padding_px) != (self._line_height, self._padding_px):
            self._line_height, self._padding_px = line_height, padding_px
            self.measure()
            self._display.paint_frame()  # Marks beside the text move, also where the grid keeps its size.

    @Slot(int)
    def zoom(self, steps: int) -> None:
        """Make the text larger, or smaller with negative steps, by a pixel per step."""
        size_px = min(max(self._size_px + steps, MIN_FONT_PX), MAX_FONT_PX)
        if size_px != self._size_px:
            self._size_px = size_px
            self.measure()
            self.zoomed.emit(round(100 * size_px / self._base_px))

    @Slot()
    def reset_zoom(self) -> None:
        """Use the configured size."""
        self.zoom(self._base_px - self._size_px)

    def _measured(self) -> CellMetrics:
        return CellMetrics(self._font, self._size_px, self._widget.devicePixelRatioF(), self._line_height)

    def measure(self) -> None:
        """Measure the cell again after a change of font, size or the screen's scale."""
        self._display.surface.set_metrics(self._measured())
        self._lay_out()
        if self._widget.isVisible():
            self.report()
        self._widget.update()
        if self._widget.hasFocus():
            self._widget.updateMicroFocus(CURSOR_MOVED)

    # -- the grid

    def _lay_out(self) -> None:
        surface, widget = self._display.surface, self._widget
        surface.set_layout(GridLayout.of(widget.width(), widget.height(), surface.metrics, self._padding_px))
        self.laid_out.emit()

    def _room(self) -> tuple[GridSize, CellSize]:
        surface = self._display.surface
        return surface.layout.largest_grid.clamped(), surface.metrics.cell

    @Slot()
    def _on_sink(self) -> None:
        if self._display.sink is not None:
            self._reported = None
            if self._widget.isVisible():
                self.report()

    @Slot()
    def report(self) -> None:
        """Report the grid's size to the session, if it has changed since the last report."""
        self._report_delay.stop()
        if self._reported != (room := self._room()):
            self._reported = room
            if self._display.sink is not None:
                self._display.sink.resize(*room)
            self.grid_resized.emit(*room)

    def claim(self) -> None:
        """Make this view's size the session's, since the view is in use."""
        emulator, sink = self._display.emulator, self._display.sink
        if sink is not None and emulator is not None and self._reported is not None:
            size, cell = self._room()
            if emulator.size != size:
                sink.resize(size, cell)

    def take_over(self) -> None:
        """Report the keyboard focus to the session, and make this view's size the session's."""
        if self._display.sink is not None:
            self._display.sink.focus(True)
            self.claim()

    # -- the widget's events

    def hint(self) -> QSize:
        """The size of a widget for 80×24 cells."""
        cell, ratio = self._display.surface.metrics, self._widget.devicePixelRatioF()
        around = 2 * self._padding_px
        return QSize(round(80 * cell.width / ratio) + around, round(24 * cell.height / ratio) + around)

    def on_resized(self) -> None:
        """The widget has another size: report the grid's when it stops changing, unless it is to be reported first."""
        self._lay_out()
        if self._widget.isVisible() and self._reported is not None:
            self._report_delay.start()
        self._widget.update()

    def on_shown(self) -> None:
        """The widget was shown, perhaps on a screen with another scale."""
        surface = self._display.surface
        if surface.metrics.device_pixel_ratio != self._widget.devicePixelRatioF():
            surface.set_metrics(self._measured())
        self._lay_out()
        self.report()

    def on_hidden(self) -> None:
        """The widget was hidden: its size counts when it is shown again."""
        self._report_delay.stop()
