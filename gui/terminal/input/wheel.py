"""The mouse wheel: scrolls history, types arrow keys, sends wheel events or zooms."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent

from gui.input.keys import modifiers_of
from gui.input.mouse import WheelSteps
from gui.terminal.cell_metrics import CellMetrics
from session_host.protocol.values import KeyAction, MouseButton

from .pointer import Pointer, PointerOwner


class Wheel:
    """Handles wheel events by the current modes."""

    def __init__(self, owner: PointerOwner, pointer: Pointer) -> None:
        self._owner = owner
        self._pointer = pointer
        self._lines = WheelSteps(8, 16)
        self._notches = WheelSteps(8, 16)

    def set_metrics(self, metrics: CellMetrics) -> None:
        """Scale a touchpad's movements by the current cell."""
        ratio = metrics.device_pixel_ratio
        for steps in (self._lines, self._notches):
            steps.column_px = max(round(metrics.width / ratio), 1)
            steps.row_px = max(round(metrics.height / ratio), 1)

    def zoom_steps(self, event: QWheelEvent) -> int:
        """The steps by which a wheel event with Ctrl held zooms."""
        return -self._notches.add_delta(event, 1)[1]

    def turn(self, event: QWheelEvent) -> int:
        """Handle an event; returns the rows by which the view must scroll."""
        owner, emulator = self._owner, self._owner.emulator
        if emulator is None:
            return 0
        if self._pointer.program_takes(event.modifiers()):
            self._turn_for_program(event)
            return 0
        _, down = self._lines.add_delta(event, self._pointer.rules.wheel_lines)
        modes = emulator.modes
        shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if modes.alternate_screen and modes.alternate_scroll and modes.mouse == "none" and not shift:
            if owner.sink is not None and not owner.scrolled_back:
                key = "ArrowDown" if down > 0 else "ArrowUp"
                for _ in range(abs(down)):
                    owner.sink.key(key, "", 0, KeyAction.PRESS)
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
