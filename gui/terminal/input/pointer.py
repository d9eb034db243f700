"""The mouse: selections, links, and events for a program that enabled them.

A program that enabled the mouse gets its events, with three exceptions: Shift is held, the view is scrolled back, or
Ctrl is held on a link. It gets no motion while the view is without the keyboard. A link that opens without Ctrl opens
when the button is released, unless text was selected.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec import Struct
from PySide6.QtCore import QObject, QPointF, Qt, Slot
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from gui.input.keys import modifiers_of
from gui.input.mouse import WheelSteps, button_of, first_held
from gui.terminal.display import TerminalDisplay
from gui.terminal.links.link_pointer import LinkPointer
from gui.timers import repeating, single_shot
from session_host.protocol.values import KeyAction, MouseAction, MouseButton
from session_host.terminal.base import Emulator, SelectionUnit

from .selection import Drag, Selection

_AUTOSCROLL_MS = 40
FOCUS_CLICK_S = 0.5
"""A click that ends so soon after the view got the keyboard has probably given it."""

_CONTROL, _ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
_UNITS: tuple[SelectionUnit, ...] = ("cell", "word", "line")


class MouseRules(Struct, frozen=True):
    """The user's settings for the mouse.

    Attributes:
        wheel_lines: how many lines one notch of the wheel scrolls.
        right_click_pastes: whether a right click pastes; with Shift it shows the menu.
        click_moves_cursor: whether a click into a shell's command line moves the shell's cursor.
    """

    wheel_lines: int = 3
    right_click_pastes: bool = False
    click_moves_cursor: bool = True


class Pointer(QObject):
    """The mouse's state over one view.

    Attributes:
        rules: the user's settings for the mouse.
    """

    def __init__(
        self,
        display: TerminalDisplay,
        links: LinkPointer,
        selection: Selection,
        paste_primary: Callable[[], object],
        move_cursor_to: Callable[[tuple[int, int]], object],
    ) -> None:
        """Set up the mouse.

        Args:
            display: the view.
            links: its links.
            selection: its selection.
            paste_primary: pastes the primary selection.
            move_cursor_to: moves the cursor of a shell's command line to a cell, if that is in it.
        """
        super().__init__(display)
        self._display = display
        self._links = links
        self._selection = selection
        self._paste_primary = paste_primary
        self.rules = MouseRules()
        self._anchor = self._anchor_edge = (0, 0)
        """The cell that was pressed, and the edge nearest to the pointer there."""
        self._by_words = False
        """Whether the selection that is being made goes by words."""
        self._pressed_at = QPointF()
        self._last_at = QPointF()
        self._rectangle = False
        self._clicks = 0
        self._click_ms = 0
        self._program_buttons: set[MouseButton] = set()
        self._program_cell: tuple[int, int] | None = None
        self._is_first_click = False
        """Whether the button is pressed for a single click that does nothing else."""
        self._focused_s = 0.0
        self._click_timer = single_shot(self)
        self._click_timer.timeout.connect(lambda: move_cursor_to(self._anchor))
        self._autoscroll = repeating(self, _AUTOSCROLL_MS)
        self._autoscroll.timeout.connect(self._scroll_on)

    def reset(self) -> None:
        """Forget pressed buttons and drags, since another screen is shown."""
        self._end_drag()
        self._program_buttons.clear()
        self._program_cell = None
        self._clicks = 0
        self._click_timer.stop()

    def on_typed(self) -> None:
        """The user typed: the last click does not move the cursor."""
        self._click_timer.stop()

    # -- events

    def press(self, event: QMouseEvent) -> None:
        """A button was pressed (also the second time of a double click)."""
        position, modifiers = event.position(), event.modifiers()
        self._click_timer.stop()
        # Ctrl+Alt selects a block, because window managers move windows with Alt.
        control = modifiers & (_CONTROL | _ALT) == _CONTROL
        may_open = control and self._links.rules.opens_by != "never"
        if event.button() == Qt.MouseButton.LeftButton and may_open and self._links.open_at(position):
            return
        if self._display.program_takes_mouse(modifiers):
            self._to_program(MouseAction.PRESS, event)
            return
        if event.button() == Qt.MouseButton.MiddleButton:
            self._paste_primary()
        elif event.button() == Qt.MouseButton.LeftButton:
            self._begin_selection(event)

    def move(self, event: QMouseEvent) -> None:
        """The mouse moved, with or without a button."""
        self._last_at = event.position()
        if self._program_buttons and not event.buttons():
            self._end_program_buttons(event)
        if self._selection.drag != Drag.NONE:
            self._drag_to(event.position())
        elif self._program_buttons or (
            not event.buttons()
            and self._display.widget.hasFocus()
            and self._display.program_takes_mouse(event.modifiers())
        ):
            self._motion_to_program(event)

    def release(self, event: QMouseEvent) -> None:
        """A button was released."""
        if button_of(event.button()) in self._program_buttons:
            self._to_program(MouseAction.RELEASE, event)
        elif event.button() == Qt.MouseButton.LeftButton and self._selection.drag != Drag.NONE:
            selected = self._selection.drag == Drag.SELECTING
            if not selected:
                self._links.linked_cells(self._anchor)  # Starts the file lookup that a double click needs.
            self._end_drag()
            if selected:
                self._selection.offer()
            elif event.modifiers() == Qt.KeyboardModifier.NoModifier:
                opened = self._links.rules.opens_by == "click" and self._links.open_at(event.position())
                if self._is_first_click and not opened:
                    self._may_move_cursor()

    def _may_move_cursor(self) -> None:
        """Move a command line's cursor soon: a second click would select a word instead.

        A click that gives the view the keyboard does nothing else.
        """
        if self.rules.click_moves_cursor and time.monotonic() - self._focused_s > FOCUS_CLICK_S:
            self._click_timer.start(QApplication.doubleClickInterval())

    def note_focus(self) -> None:
        """The view got the keyboard, perhaps by a click."""
        self._focused_s = time.monotonic()
        self._click_timer.stop()

    # -- for the program

    def wheel_to_program(self, position: QPointF, button: MouseButton, times: int, modifiers: int) -> None:
        """Send wheel events to the program."""
        sink = self._display.sink
        column, row = self._display.cell_at(position)
        for _ in range(times):
            if sink is not None:
                sink.mouse(MouseAction.PRESS, button, column, row, modifiers)

    def _to_program(self, action: MouseAction, event: QMouseEvent) -> None:
        sink, button = self._display.sink, button_of(event.button())
        if sink is None or button == MouseButton.NONE:
            return
        if action == MouseAction.PRESS:
            self._program_buttons.add(button)
        else:
            self._program_buttons.discard(button)
        cell = self._program_cell = self._display.cell_at(event.position())
        sink.mouse(action, button, *cell, modifiers_of(event.modifiers()))

    def _end_program_buttons(self, event: QMouseEvent) -> None:
        """Release the program's buttons: a menu or another window got their releases."""
        sink, cell = self._display.sink, self._display.cell_at(event.position())
        for button in sorted(self._program_buttons):
            if sink is not None:
                sink.mouse(MouseAction.RELEASE, button, *cell, modifiers_of(event.modifiers()))
        self._program_buttons.clear()

    def _motion_to_program(self, event: QMouseEvent) -> None:
        emulator, sink = self._display.emulator, self._display.sink
        if emulator is None or sink is None:
            return
        reporting = {"any_motion"} if not self._program_buttons else {"any_motion", "button_motion"}
        cell = self._display.cell_at(event.position())
        if cell == self._program_cell or emulator.modes.mouse not in reporting:
            return
        self._program_cell = cell
        sink.mouse(MouseAction.MOTION, first_held(event.buttons()), *cell, modifiers_of(event.modifiers()))

    # -- selecting

    def _begin_selection(self, event: QMouseEvent) -> None:
        emulator = self._display.emulator
        if emulator is None:
            return
        position, cell = event.position(), self._display.cell_at(event.position())
        self._selection.offered = ""
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and emulator.modes.mouse == "none":
            self._selection.drag = Drag.SELECTING
            self._selection.exists = True
            if emulator.selected_text():
                emulator.extend_selection(self._end_at(position))
            else:
                self._select_from_press(position, emulator)
            self._display.request_frame()
            return
        self._count_click(event)
        self._anchor, self._pressed_at, self._last_at = cell, position, position
        self._anchor_edge = self._display.edge_at(position)
        self._rectangle = bool(event.modifiers() & _ALT)
        self._is_first_click = self._clicks == 1 and not self._selection.exists and not self._display.scrolled_back
        unit = _UNITS[self._clicks - 1]
        if unit == "cell":
            self._selection.drag = Drag.PRESSED
            self._selection.exists = False
            emulator.clear_selection()
        else:
            self._selection.drag = Drag.SELECTING
            self._selection.exists = True
            self._by_words, self._selection.goes_by_edges = unit == "word", False
            if (link := self._link_at(cell)) is not None:
                emulator.select_word(*link)
            else:
                emulator.select(cell, cell, unit)
        self._display.request_frame()

    def _count_click(self, event: QMouseEvent) -> None:
        """Count one, two or three clicks at the same point; a fourth click counts as one."""
        quick = event.timestamp() - self._click_ms <= QApplication.doubleClickInterval()
        apart = (event.position() - self._pressed_at).manhattanLength()
        near = apart < QApplication.startDragDistance()
        self._clicks = self._clicks % len(_UNITS) + 1 if quick and near else 1
        self._click_ms = event.timestamp()

    def scroll(self, lines: int, position: QPointF, scroll_lines: Callable[[int], None]) -> None:
        """Scroll by the wheel; while the button is held, the selection ends at the mouse, ``position``."""
        emulator = self._display.emulator
        if not lines or self._selection.drag == Drag.NONE or emulator is None:
            scroll_lines(lines)
            return
        if self._selection.drag == Drag.PRESSED:
            self._select_from_press(self._pressed_at, emulator)
        scroll_lines(lines)
        self._last_at = position
        self._follow_scrolling(emulator)

    def _drag_to(self, position: QPointF) -> None:
        emulator = self._display.emulator
        if emulator is None:
            return
        cell = self._display.cell_at(position)
        if self._selection.drag == Drag.PRESSED:
            apart = (position - self._pressed_at).manhattanLength()
            is_near = cell == self._anchor and apart < QApplication.startDragDistance()
            if is_near or self._display.edge_at(position) == self._anchor_edge:
                return
            self._select_from_press(position, emulator)
        else:
            self._extend_to(cell, position, emulator)
        self._display.request_frame()
        if self._display.rows_beyond(position):
            if not self._autoscroll.isActive():
                self._autoscroll.start()
        else:
            self._autoscroll.stop()

    def _select_from_press(self, position: QPointF, emulator: Emulator) -> None:
        """Select from the press to the mouse."""
        self._selection.drag, self._selection.exists, self._selection.goes_by_edges = Drag.SELECTING, True, True
        emulator.select(self._anchor_edge, self._display.edge_at(position), "edge", rectangle=self._rectangle)

    def _end_at(self, position: QPointF) -> tuple[int, int]:
        """The cell or the edge at which the selection ends with the mouse there."""
        return (self._display.edge_at if self._selection.goes_by_edges else self._display.cell_at)(position)

    def _follow_scrolling(self, emulator: Emulator) -> None:
        """Move the selection's end to the mouse, after the rows under it have changed."""
        emulator.extend_selection(self._end_at(self._last_at))
        self._display.request_frame()

    def _link_at(self, cell: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """The first and last visible cell of the link at a cell, while selecting by words; it is one word."""
        spans = self._links.linked_cells(cell) if self._by_words else ()
        return ((spans[0][1], spans[0][0]), (spans[-1][2], spans[-1][0])) if spans else None

    def _extend_to(self, cell: tuple[int, int], position: QPointF, emulator: Emulator) -> None:
        """Move the selection's end."""
        emulator.extend_selection(*(self._link_at(cell) or (self._end_at(position),)))

    @Slot()
    def _scroll_on(self) -> None:
        """Scroll while the mouse is held above or below the grid; faster if it is farther away."""
        emulator, beyond = self._display.emulator, self._display.rows_beyond(self._last_at)
        if emulator is None or not beyond or self._selection.drag != Drag.SELECTING:
            self._autoscroll.stop()
            return
        emulator.scroll(max(-8, min(beyond, 8)))
        self._follow_scrolling(emulator)

    def _end_drag(self) -> None:
        self._selection.drag = Drag.NONE
        self._by_words = False
        self._autoscroll.stop()


class Wheel:
    """Handles wheel events by the current modes."""

    def __init__(self, display: TerminalDisplay, pointer: Pointer) -> None:
        self._display = display
        self._pointer = pointer
        self._lines = WheelSteps(8, 16)
        self._notches = WheelSteps(8, 16)

    def measure(self) -> None:
        """Scale a touchpad's movements by the current cell."""
        metrics = self._display.surface.metrics
        ratio = metrics.device_pixel_ratio
        for steps in (self._lines, self._notches):
            steps.column_px = max(round(metrics.width / ratio), 1)
            steps.row_px = max(round(metrics.height / ratio), 1)

    def zoom_steps(self, event: QWheelEvent) -> int:
        """The steps by which a wheel event with Ctrl held zooms."""
        return -self._notches.add_delta(event, 1)[1]

    def turn(self, event: QWheelEvent) -> int:
        """Handle an event; returns the rows by which the view must scroll."""
        display, emulator = self._display, self._display.emulator
        if emulator is None:
            return 0
        if display.program_takes_mouse(event.modifiers()):
            self._turn_for_program(event)
            return 0
        _, down = self._lines.add_delta(event, self._pointer.rules.wheel_lines)
        modes = emulator.modes
        shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if modes.alternate_screen and modes.alternate_scroll and modes.mouse == "none" and not shift:
            if display.sink is not None and display.sink.takes_mouse and not display.scrolled_back:
                key = "ArrowDown" if down > 0 else "ArrowUp"
                for _ in range(abs(down)):
                    display.sink.key(key, "", 0, KeyAction.PRESS)
            return 0
        return down

    def _turn_for_program(self, event: QWheelEvent) -> None:
        right, down = self._notches.add_delta(event, 1)
        modifiers = modifiers_of(event.modifiers())
        for steps, negative, positive in (
            (down, MouseButton.WHEEL_UP, MouseButton.WHEEL_DOWN),
            (right, MouseButton.WHEEL_LEFT, MouseButton.WHEEL_RIGHT),
        ):
            if steps:
                button = positive if steps > 0 else negative
                self._pointer.wheel_to_program(event.position(), button, abs(steps), modifiers)
