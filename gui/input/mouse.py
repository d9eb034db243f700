"""The buttons of Qt's mouse events, and the wheel's deltas as whole steps."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QWheelEvent

from session_host.protocol.values import MouseButton

_BUTTONS = {
    Qt.MouseButton.LeftButton: MouseButton.LEFT,
    Qt.MouseButton.MiddleButton: MouseButton.MIDDLE,
    Qt.MouseButton.RightButton: MouseButton.RIGHT,
    Qt.MouseButton.BackButton: MouseButton.BACK,
    Qt.MouseButton.ForwardButton: MouseButton.FORWARD,
    Qt.MouseButton.ExtraButton3: MouseButton.TENTH,
    Qt.MouseButton.ExtraButton4: MouseButton.ELEVENTH,
}
ANGLE_PER_NOTCH = 120
"""One notch of a common wheel, in eighths of a degree."""


def button_of(button: Qt.MouseButton) -> MouseButton:
    """The protocol's name of a button; NONE for an unknown one."""
    return _BUTTONS.get(button, MouseButton.NONE)


def first_held(buttons: Qt.MouseButton) -> MouseButton:
    """The first of the pressed buttons, as motion events report it."""
    return next((name for button, name in _BUTTONS.items() if buttons & button), MouseButton.NONE)


class WheelSteps:
    """Adds up the small movements of a wheel or touchpad to whole steps.

    Attributes:
        column_px, row_px: the pixels of a touchpad's movement for one cell.
    """

    def __init__(self, column_px: int, row_px: int) -> None:
        self.column_px = column_px
        self.row_px = row_px
        self._rest_x = 0.0
        self._rest_y = 0.0

    def add_delta(self, event: QWheelEvent, steps_per_notch: int) -> tuple[int, int]:
        """The whole steps (right, down) that an event completes; the rest counts for the next event."""
        pixels, angle = event.pixelDelta(), event.angleDelta()
        if event.phase() == Qt.ScrollPhase.ScrollBegin:
            self._rest_x = self._rest_y = 0.0
        right, down = self._steps(pixels, angle, steps_per_notch)
        self._rest_x = self._added(self._rest_x, right)
        self._rest_y = self._added(self._rest_y, down)
        whole_x, whole_y = int(self._rest_x), int(self._rest_y)
        self._rest_x -= whole_x
        self._rest_y -= whole_y
        return whole_x, whole_y

    def _steps(self, pixels: QPoint, angle: QPoint, steps_per_notch: int) -> tuple[float, float]:
        if not pixels.isNull():
            return -pixels.x() / self.column_px, -pixels.y() / self.row_px
        share = steps_per_notch / ANGLE_PER_NOTCH
        return -angle.x() * share, -angle.y() * share

    @staticmethod
    def _added(rest: float, more: float) -> float:
        """The sum; a change of direction starts from 0, so that the first step back is not late."""
        return more if rest * more < 0 else rest + more
