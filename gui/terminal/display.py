"""The display of one view: a terminal's screen and history, frame by frame. Output path, 11 of 15.

It never feeds the emulator: its owner does, and then calls `on_damage`, or `on_replaced` if there is another
emulator.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple
from weakref import WeakMethod

from PySide6.QtCore import QObject, QPoint, QPointF, QRect, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QPainter, QRegion
from PySide6.QtWidgets import QWidget

from gui.theme.terminal import TerminalFont, TerminalTheme
from gui.timers import single_shot
from session_host.protocol.values import GridSize
from session_host.terminal.base import Emulator, Frame
from session_host.terminal.clearing import prepare_for_resizes, resize_last_screen

from .cell_metrics import CellMetrics, default_size_px
from .drawing.blinking import CursorBlink, TextBlink, is_blinking
from .drawing.canvas import scaled
from .drawing.frame_pacing import FramePacer
from .drawing.surface import Surface
from .input_sink import InputSink

CURSOR_MOVED = Qt.InputMethodQuery.ImCursorRectangle | Qt.InputMethodQuery.ImSurroundingText
"""The values that Qt asks for again when the cursor has moved. On Wayland (Qt 6.11, text-input-v3), Qt passes a new
rectangle on only if it is also told to ask for the text around the cursor, of which a terminal has none.
"""


class _SavedFrame(NamedTuple):
    """The last visible frame of an emulator."""

    frame: Frame
    reverse_screen: bool


def _weakly(method: Callable[[], bool]) -> Callable[[], bool]:
    """A method of an object that owns its caller: a cycle would keep a closed page until garbage is collected."""
    reference = WeakMethod(method)

    def call() -> bool:
        return (bound := reference()) is not None and bound()

    return call


class TerminalDisplay(QObject):
    """Shows a session's emulator, or another one, in a widget.

    Attributes:
        widget: the widget.
        surface: the picture of the terminal.
        sink: the session's receiver of input; None if the terminal is read-only.
        blink: the blinking of the cursor.
        may_be_scrolled_back: False while the view is known to be at the end of the history; asking the emulator costs a
            frame.

    Signals:
        sink_changed(): ``sink`` is another one, of which nothing is shown yet.
        replacing(): the emulator was replaced, and nothing of it is painted yet.
        replaced(): the emulator was replaced, and is painted if there is one and it is visible.
        output_below(): output arrived while the view is scrolled back.
    """

    sink_changed = Signal()
    replacing = Signal()
    replaced = Signal()
    output_below = Signal()

    def __init__(
        self,
        widget: QWidget,
        theme: TerminalTheme,
        before_frame: Callable[[], object],
        after_frame: Callable[[], object],
    ) -> None:
        """Show nothing, in the desktop's font.

        Args:
            widget: the widget; its events come by methods.
            theme: the colours.
            before_frame: called before a frame is taken from the emulator; it may scroll.
            after_frame: called after a frame was painted.
        """
        super().__init__(widget)
        self.widget = widget
        self.sink: InputSink | None = None
        self._other_emulator: Emulator | None = None
        self._whole: GridSize | None = None
        """The size of a last screen, which is shown in the room that it has; None for other content."""
        self._saved_frame: _SavedFrame | None = None
        self._before_frame, self._after_frame = before_frame, after_frame
        metrics = CellMetrics(TerminalFont(), default_size_px(), widget.devicePixelRatioF())
        self.surface = Surface(theme, metrics)
        self.surface.images.pictures.ready.connect(widget.update)
        self.may_be_scrolled_back = True
        self._is_on_x = QGuiApplication.platformName() == "xcb"
        self._server_wait = single_shot(self)
        self._server_wait.timeout.connect(self._wait_for_x_server)
        self._pacer = FramePacer(_weakly(self._show_frame), _weakly(self._is_drawing), self)
        self.blink = CursorBlink(self)
        self.blink.changed.connect(self._update_cursor)
        self._text_blink = TextBlink(self.surface, self)
        self._text_blink.changed.connect(self.paint_all)
        widget.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    # -- content

    @property
    def emulator(self) -> Emulator | None:
        """The displayed emulator."""
        return self.sink.replica.emulator if self.sink is not None else self._other_emulator

    @property
    def scrolled_back(self) -> bool:
        """Whether the view is scrolled back."""
        return self.surface.viewport.offset > 0

    def program_takes_mouse(self, modifiers: Qt.KeyboardModifier) -> bool:
        """Whether a button's press with these modifiers goes to the program."""
        emulator = self.emulator
        if emulator is None or self.sink is None or self.scrolled_back or not self.sink.takes_mouse:
            return False
        return emulator.modes.mouse != "none" and not modifiers & Qt.KeyboardModifier.ShiftModifier

    def set_viewer(self, viewer: InputSink | None) -> None:
        """Show a session and accept input for it; None for an empty page."""
        self.sink, self._other_emulator, self._whole = viewer, None, None
        self.surface.live = True
        self.sink_changed.emit()
        if viewer is not None and self.widget.isVisible() and self.widget.hasFocus():
            viewer.focus(True)
        self.on_replaced()

    def show_emulator(self, emulator: Emulator | None, *, is_last: bool = False) -> None:
        """Show a read-only screen; ``is_last``: nothing is written to it any more, so it may take other sizes."""
        self.sink, self._other_emulator = None, emulator
        self._whole = emulator.size if emulator is not None and is_last else None
        self.surface.live = False
        self.sink_changed.emit()
        self._fit()
        self.on_replaced()

    @Slot()
    def on_laid_out(self) -> None:
        """The grid has other room: show a last screen in it, which can be scrolled to its first row."""
        if self._fit():
            self.paint_all()

    def _fit(self) -> bool:
        """Give a last screen the room that there is; returns whether its size changed."""
        emulator, whole = self._other_emulator, self._whole
        if emulator is None or whole is None or not self.widget.isVisible():
            return False
        if emulator.scrollback_limit < whole.rows:
            return False  # Its upper rows would be lost.
        room = self.surface.layout.largest_grid
        is_narrower = room.columns < whole.columns  # Its lines are wrapped, and need more rows.
        size = room if is_narrower else GridSize(whole.columns, min(whole.rows, room.rows))
        if size == emulator.size:
            return False
        if emulator.size == whole:
            prepare_for_resizes(emulator)
        resize_last_screen(emulator, size)
        return True

    def save_frame(self) -> None:
        """Keep showing the last frame while there is no emulator."""
        if (emulator := self.emulator) is not None:
            emulator.damage_all()
            self._saved_frame = _SavedFrame(emulator.frame()._replace(images=()), emulator.modes.reverse_screen)

    @property
    def has_saved_frame(self) -> bool:
        """Whether the saved frame is shown in place of an emulator."""
        return self._saved_frame is not None and self.emulator is None

    @Slot()
    def on_damage(self) -> None:
        """The emulator was fed: paint when a frame is due."""
        if self.widget.isVisible():
            if self.surface.viewport.offset:
                self.output_below.emit()
            self._pacer.request()

    @Slot()
    def on_replaced(self) -> None:
        """The emulator was replaced: paint the rows that differ."""
        self.replacing.emit()
        self._pacer.cancel()
        if self.emulator is not None:
            self._saved_frame = None
            self.paint_all()
        else:
            self.surface.clear()
            self._show_saved_frame()
            self.widget.update()
        self.replaced.emit()

    def _show_saved_frame(self) -> None:
        """Show the saved frame of the previous emulator, if there is no other one yet."""
        if self._saved_frame is not None and self.widget.isVisible() and self.emulator is None:
            self.surface.take_frame(self._saved_frame.frame, reverse_screen=self._saved_frame.reverse_screen)

    def on_shown(self) -> None:
        """The widget was shown: paint everything."""
        self.paint_all()
        self._show_saved_frame()

    def on_hidden(self) -> None:
        """The widget was hidden: stop painting, and free memory."""
        self._pacer.cancel()
        self.blink.set_blinking(blinking=False)
        self._text_blink.stop()
        self.surface.release()

    # -- frames

    def request_frame(self) -> None:
        """Paint a frame soon: this view has changed the selection or the viewport."""
        self.may_be_scrolled_back = True
        self._pacer.request_for_user()

    def repaint_all(self) -> None:
        """Paint all rows again soon."""
        if (emulator := self.emulator) is not None:
            emulator.damage_all()
            self.request_frame()

    @Slot()
    def paint_all(self) -> None:
        """Paint all rows again with Qt's next paint event."""
        if (emulator := self.emulator) is not None:
            emulator.damage_all()
            self.paint_frame()

    def _is_drawing(self) -> bool:
        return (emulator := self.emulator) is not None and emulator.modes.synchronized

    def _show_frame(self) -> bool:
        """Paint the next frame on the screen, without another turn of the event loop; returns whether it changed."""
        is_painted = self.paint_frame(at_once=True)
        self._server_wait.start()
        return is_painted

    @Slot()
    def _wait_for_x_server(self) -> None:
        """Wait until the X server has read the last frame.

        Qt shares a window's image with the X server, and waits for the server's reply before it paints again where it
        painted last. Waiting now keeps that delay off the next echo.
        """
        window = self.widget.window()
        if not self._is_on_x or not window.testAttribute(Qt.WidgetAttribute.WA_WState_Created):
            return
        store = window.backingStore()
        is_painted = not store.size().isEmpty()
        if is_painted and not window.windowHandle().format().hasAlpha():  # A transparent picture would be cleared.
            store.beginPaint(QRegion(QRect(QPoint(), store.size())))
            store.endPaint()

    def paint_frame(self, *, at_once: bool = False) -> bool:
        """Update the canvas from the emulator; Qt's paint event shows the changes, now or in the next turn.

        Returns:
            Whether there are changes.
        """
        emulator, surface, widget = self.emulator, self.surface, self.widget
        if emulator is None or not widget.isVisible():
            return False
        self._before_frame()
        previous = surface.cursor
        frame = self.sink.replica.frame() if self.sink is not None else emulator.frame()
        region = surface.apply_frame(emulator, frame)
        paint = widget.repaint if at_once else widget.update
        if region is None:
            paint()
        elif not region.isEmpty():
            paint(self._logical(region))
        # An echo is on the screen by now; the rest does not delay it.
        self.may_be_scrolled_back = self.scrolled_back
        has_focus = widget.hasFocus()
        self.blink.set_blinking(blinking=is_blinking(surface.cursor, focused=has_focus))
        self._text_blink.on_frame(focused=has_focus)
        if surface.cursor != previous:
            self.blink.touch()
            if has_focus:
                widget.updateMicroFocus(CURSOR_MOVED)
        self._after_frame()
        return region is None or not region.isEmpty()

    def paint(self, region: QRegion) -> None:
        """Paint a part of the widget, for Qt's paint event."""
        begin_s = time.monotonic()
        ratio = self.widget.devicePixelRatioF()
        painter = QPainter(self.widget)
        if ratio != 1:
            painter.scale(1 / ratio, 1 / ratio)
        self.surface.paint(painter, scaled(region, ratio))
        painter.end()
        self._text_blink.on_painted(focused=self.widget.hasFocus())
        self._pacer.note_cost(time.monotonic() - begin_s)

    # -- appearance

    def set_focused(self, *, focused: bool) -> None:
        """The keyboard focus changed: draw the cursor filled or hollow, blinking or not."""
        surface = self.surface
        surface.focused = focused
        self.blink.set_blinking(blinking=is_blinking(surface.cursor, focused=focused))
        self._text_blink.on_frame(focused=focused)
        self._update_cursor()

    @Slot()
    def _update_cursor(self) -> None:
        self.surface.cursor_shown = self.blink.shown
        self.repaint_device(QRegion(self.surface.cursor_rect()))

    def set_theme(self, theme: TerminalTheme) -> None:
        """Use other colours."""
        self.surface.set_theme(theme)
        self.set_focused(focused=self.surface.focused)
        self.widget.update()
        self.repaint_all()

    # -- positions

    def device_point(self, position: QPointF) -> QPoint:
        """A point of the widget in device pixels."""
        ratio = self.widget.devicePixelRatioF()
        return QPoint(math.floor(position.x() * ratio), math.floor(position.y() * ratio))

    def cell_at(self, position: QPointF) -> tuple[int, int]:
        """The cell nearest to a point of the widget."""
        return self.surface.cell_at(self.device_point(position))

    def edge_at(self, position: QPointF) -> tuple[int, int]:
        """The edge nearest to a point of the widget; see ``SelectionUnit``."""
        return self.surface.edge_at(self.device_point(position))

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
        self.widget.update(self._logical(region))

    def logical_rect(self, rect: QRect) -> QRect:
        """Convert device pixels to the widget's pixels."""
        return self._logical(QRegion(rect)).boundingRect()

    def _logical(self, region: QRegion) -> QRegion:
        """Convert device pixels to the widget's pixels."""
        return scaled(region, 1 / self.widget.devicePixelRatioF())
