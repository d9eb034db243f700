"""Mouse and focus events as bytes, in Python alone. Pure.

Source: xterm's ctlseqs.txt, "Mouse Tracking".
"""

from __future__ import annotations

from typing import Final

from session_host.protocol.messages import Mouse
from session_host.protocol.values import CellSize, GridSize, Modifiers, MouseAction, MouseButton

from .base import Modes

_BUTTONS: Final = {
    MouseButton.LEFT: 0,
    MouseButton.MIDDLE: 1,
    MouseButton.RIGHT: 2,
    MouseButton.NONE: 3,
    MouseButton.WHEEL_UP: 64,
    MouseButton.WHEEL_DOWN: 65,
    MouseButton.WHEEL_LEFT: 66,
    MouseButton.WHEEL_RIGHT: 67,
    MouseButton.BACK: 128,
    MouseButton.FORWARD: 129,
    MouseButton.TENTH: 130,
    MouseButton.ELEVENTH: 131,
}
_WHEEL: Final = 64
_MOTION: Final = 32
_NO_BUTTON: Final = 3
_DEFAULT_LIMIT: Final = 223
_UTF8_LIMIT: Final = 2015


def encode_mouse(mouse: Mouse, modes: Modes, size: GridSize, cell: CellSize) -> bytes:
    """The bytes of a mouse event; b"" unless the program enabled such events."""
    if not _is_tracked(mouse, modes):
        return b""
    code = _BUTTONS[mouse.button]
    released = mouse.action is MouseAction.RELEASE
    sgr = modes.mouse_encoding in {"sgr", "sgr_pixels"}
    if released and not sgr:
        # Without SGR, a release does not name its button.
        code = _NO_BUTTON
    if mouse.action is MouseAction.MOTION:
        code |= _MOTION
    if modes.mouse != "press":
        code |= 4 if mouse.modifiers & Modifiers.SHIFT else 0
        code |= 8 if mouse.modifiers & Modifiers.ALT else 0
        code |= 16 if mouse.modifiers & Modifiers.CTRL else 0
    column = min(max(mouse.column, 0), size.columns - 1)
    row = min(max(mouse.row, 0), size.rows - 1)
    if modes.mouse_encoding == "sgr_pixels":
        # Only the cell is known, so use its middle.
        x, y = (2 * column + 1) * cell.width_px // 2, (2 * row + 1) * cell.height_px // 2
    else:
        x, y = column + 1, row + 1
    if sgr:
        return f"\x1b[<{code};{x};{y}{'m' if released else 'M'}".encode()
    if modes.mouse_encoding == "urxvt":
        return f"\x1b[{code + 32};{x};{y}M".encode()
    limit = _UTF8_LIMIT if modes.mouse_encoding == "utf8" else _DEFAULT_LIMIT
    if x > limit or y > limit:
        return b""
    values = (code + 32, x + 32, y + 32)
    if modes.mouse_encoding == "utf8":
        return b"\x1b[M" + "".join(map(chr, values)).encode()
    return b"\x1b[M" + bytes(values)


def _is_tracked(mouse: Mouse, modes: Modes) -> bool:
    """Whether the current mode covers the event."""
    wheel = _BUTTONS[mouse.button] & _WHEEL
    if mouse.action is MouseAction.MOTION:
        if modes.mouse == "any_motion":
            return not wheel
        return modes.mouse == "button_motion" and mouse.button is not MouseButton.NONE and not wheel
    if mouse.button is MouseButton.NONE or modes.mouse == "none":
        return False
    if modes.mouse == "press":
        return mouse.action is MouseAction.PRESS and _BUTTONS[mouse.button] < _NO_BUTTON
    return mouse.action is MouseAction.PRESS or not wheel


def encode_focus(focused: bool, modes: Modes) -> bytes:
    """The bytes of a focus change; b"" unless the program set mode 1004."""
    if not modes.focus_events:
        return b""
    return b"\x1b[I" if focused else b"\x1b[O"
