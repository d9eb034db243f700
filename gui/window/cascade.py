"""The position of a new window beside the others."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import QPoint, QRect

STEP_PX = 32
"""How far a new window is moved to the right and down from the one that its tab came from."""
_MAX_STEPS = 64


def cascaded(beside: QRect, taken: Collection[QPoint], room: QRect) -> QRect:
    """The area of a new window of the same size, with an upper left corner that no other window has.

    At the right end of ``room`` the windows continue at its left edge, and below its lower end at its upper edge. If
    the size fills the room, the new window is smaller.

    Args:
        beside: the area of the window next to which the new one opens.
        taken: the upper left corners of all windows.
        room: the available area of the screen.
    """
    step = QPoint(STEP_PX, STEP_PX)
    found = QRect(beside)
    for _ in range(_MAX_STEPS):
        found.translate(step)
        if found.right() > room.right():
            found.moveLeft(room.left())
        if found.bottom() > room.bottom():
            found.moveTop(room.top())
        if all((found.topLeft() - corner).manhattanLength() >= STEP_PX for corner in taken):
            return found
    return QRect(beside.topLeft() + step, room.bottomRight()).intersected(room)
