"""Encodes keys (with ``encode_keys``), mouse and focus by libghostty-vt's current modes.

``encode_keys`` encodes keys, as in the other engine: the library's encoder needs the physical key and its unshifted
character, which a toolkit does not report for every layout, and it lacks modifyOtherKeys 1. The library encodes mouse
events, but those of the buttons 8 to 11.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from session_host.protocol.messages import Key, Mouse
from session_host.protocol.values import (
    EXTRA_BUTTONS,
    CellSize,
    GridSize,
    Modifiers,
    MouseAction,
    MouseButton,
)
from session_host.terminal.base import Modes
from session_host.terminal.encode_keys import encode_key
from session_host.terminal.encode_mouse import encode_mouse

from .library.calls import ffi, lib, mode, new_object
from .stream import Stream

_MODIFIERS: Final = (
    Modifiers.SHIFT, Modifiers.CTRL, Modifiers.ALT, Modifiers.SUPER, Modifiers.CAPS_LOCK, Modifiers.NUM_LOCK
)  # fmt: skip
"""In the order of the library's bits."""
_MOUSE_ACTIONS: Final = {
    MouseAction.PRESS: lib.GHOSTTY_MOUSE_ACTION_PRESS,
    MouseAction.RELEASE: lib.GHOSTTY_MOUSE_ACTION_RELEASE,
    MouseAction.MOTION: lib.GHOSTTY_MOUSE_ACTION_MOTION,
}
_MOUSE_BUTTONS: Final = {
    MouseButton.LEFT: lib.GHOSTTY_MOUSE_BUTTON_LEFT,
    MouseButton.MIDDLE: lib.GHOSTTY_MOUSE_BUTTON_MIDDLE,
    MouseButton.RIGHT: lib.GHOSTTY_MOUSE_BUTTON_RIGHT,
    MouseButton.WHEEL_UP: lib.GHOSTTY_MOUSE_BUTTON_FOUR,
    MouseButton.WHEEL_DOWN: lib.GHOSTTY_MOUSE_BUTTON_FIVE,
    MouseButton.WHEEL_LEFT: lib.GHOSTTY_MOUSE_BUTTON_SIX,
    MouseButton.WHEEL_RIGHT: lib.GHOSTTY_MOUSE_BUTTON_SEVEN,
}
_APPLICATION_CURSOR_MODE = 1
_FOCUS_MODE = 1004

MouseTracking = Literal["none", "press", "press_release", "button_motion", "any_motion"]
MouseEncoding = Literal["default", "utf8", "sgr", "urxvt", "sgr_pixels"]
MOUSE_TRACKINGS: Final[tuple[tuple[int, MouseTracking], ...]] = (
    (1003, "any_motion"),
    (1002, "button_motion"),
    (1000, "press_release"),
    (9, "press"),
)
MOUSE_ENCODINGS: Final[tuple[tuple[int, MouseEncoding], ...]] = (
    (1016, "sgr_pixels"),
    (1006, "sgr"),
    (1015, "urxvt"),
    (1005, "utf8"),
)
_TRACKING_EVENTS: Final = (
    (1003, lib.GHOSTTY_MOUSE_TRACKING_ANY),
    (1002, lib.GHOSTTY_MOUSE_TRACKING_BUTTON),
    (1000, lib.GHOSTTY_MOUSE_TRACKING_NORMAL),
    (9, lib.GHOSTTY_MOUSE_TRACKING_X10),
)
_PRESS: Final = Mouse("", 0, MouseAction.PRESS, MouseButton.LEFT, 0, 0)
_PROBE_SIZE: Final = GridSize(200, 10)
_PROBE_CELL: Final = CellSize(10, 10)
_PROBE_COLUMN = 150


def _library_modifiers(modifiers: int) -> int:
    return sum(1 << bit for bit, ours in enumerate(_MODIFIERS) if modifiers & ours)


class InputEncoder:
    """The library's encoders of one terminal, kept for the terminal's life."""

    def __init__(self, terminal: Any, stream: Stream) -> None:
        """Create the encoders.

        Args:
            terminal: the terminal with the current modes.
            stream: the terminal's stream, which tracks the keyboard modes.
        """
        self._terminal = terminal
        self._stream = stream
        self._kitty_flags = stream.kitty_flags
        self._mouse_encoder = new_object(
            "GhosttyMouseEncoder*", lib.ghostty_mouse_encoder_new, lib.ghostty_mouse_encoder_free
        )
        self._mouse_event = new_object("GhosttyMouseEvent*", lib.ghostty_mouse_event_new, lib.ghostty_mouse_event_free)
        self._memory = ffi.new("char[]", 1024)
        self._length = ffi.new("size_t*")

    def close(self) -> None:
        """Free the library's objects."""
        for owned in (self._mouse_event, self._mouse_encoder):
            ffi.release(owned)

    def key(self, key: Key) -> bytes:
        """The bytes of a key event."""
        flags: int = self._kitty_flags[0]
        application_cursor = not flags and mode(self._terminal, _APPLICATION_CURSOR_MODE)
        return encode_key(
            key,
            Modes(
                application_cursor=application_cursor,
                kitty_keyboard=flags,
                modify_other_keys=self._stream.modify_other_keys,
            ),
        )

    def mouse(self, mouse: Mouse, size: GridSize, cell: CellSize) -> bytes:
        """The bytes of a mouse event."""
        if mouse.button in EXTRA_BUTTONS:
            # The library lacks the buttons 10 and 11, and has no UTF-8 for the codes of all four.
            tracking, encoding = self.mouse_modes()
            return encode_mouse(mouse, Modes(mouse=tracking, mouse_encoding=encoding), size, cell)
        button = _MOUSE_BUTTONS.get(mouse.button)
        if button is None and mouse.action is not MouseAction.MOTION:
            return b""
        lib.ghostty_mouse_encoder_setopt_from_terminal(self._mouse_encoder, self._terminal)
        data = self._encode_mouse(mouse, button, size, cell)
        if data:
            return data
        # In the library, resetting one tracking mode ends all; set the remaining ones again.
        still_set = next((event for number, event in _TRACKING_EVENTS if mode(self._terminal, number)), None)
        if still_set is None or self._encode_mouse(_PRESS, _MOUSE_BUTTONS[_PRESS.button], size, cell):
            return b""
        event = ffi.new("GhosttyMouseTrackingMode*", still_set)
        lib.ghostty_mouse_encoder_setopt(self._mouse_encoder, lib.GHOSTTY_MOUSE_ENCODER_OPT_EVENT, event)
        return self._encode_mouse(mouse, button, size, cell)

    def _encode_mouse(self, mouse: Mouse, button: int | None, size: GridSize, cell: CellSize) -> bytes:
        """The bytes of a mouse event by the encoder's current options."""
        encoder, event = self._mouse_encoder, self._mouse_event
        pixels = ffi.new("GhosttyMouseEncoderSize*")
        pixels.size = ffi.sizeof("GhosttyMouseEncoderSize")
        pixels.cell_width, pixels.cell_height = max(1, cell.width_px), max(1, cell.height_px)
        pixels.screen_width = size.columns * pixels.cell_width
        pixels.screen_height = size.rows * pixels.cell_height
        lib.ghostty_mouse_encoder_setopt(encoder, lib.GHOSTTY_MOUSE_ENCODER_OPT_SIZE, pixels)
        lib.ghostty_mouse_encoder_setopt(
            encoder, lib.GHOSTTY_MOUSE_ENCODER_OPT_ANY_BUTTON_PRESSED, ffi.new("bool*", button is not None)
        )
        lib.ghostty_mouse_event_set_action(event, _MOUSE_ACTIONS[mouse.action])
        if button is None:
            lib.ghostty_mouse_event_clear_button(event)
        else:
            lib.ghostty_mouse_event_set_button(event, button)
        lib.ghostty_mouse_event_set_mods(event, _library_modifiers(mouse.modifiers))
        column = min(max(mouse.column, 0), size.columns - 1)
        row = min(max(mouse.row, 0), size.rows - 1)
        position = {"x": (column + 0.5) * pixels.cell_width, "y": (row + 0.5) * pixels.cell_height}
        lib.ghostty_mouse_event_set_position(event, ffi.new("GhosttyMousePosition*", position)[0])
        result = lib.ghostty_mouse_encoder_encode(encoder, event, self._memory, len(self._memory), self._length)
        return b"" if result else bytes(ffi.buffer(self._memory, self._length[0]))

    def mouse_modes(self) -> tuple[MouseTracking, MouseEncoding]:
        """The tracking mode and encoding of mouse events.

        The encoder knows them; the set modes do not tell, as the last one set or reset wins.
        """
        press = self._probe(MouseAction.PRESS, MouseButton.LEFT)
        if not press:
            return "none", "default"
        if self._probe(MouseAction.MOTION, MouseButton.NONE):
            tracking: MouseTracking = "any_motion"
        elif self._probe(MouseAction.MOTION, MouseButton.LEFT):
            tracking = "button_motion"
        elif self._probe(MouseAction.RELEASE, MouseButton.LEFT):
            tracking = "press_release"
        else:
            tracking = "press"
        if press.startswith(b"\x1b[<"):
            return tracking, "sgr" if b";%d;" % (_PROBE_COLUMN + 1) in press else "sgr_pixels"
        if press.startswith(b"\x1b[M"):
            return tracking, "default" if len(press) == 6 else "utf8"
        return tracking, "urxvt"

    def _probe(self, action: MouseAction, button: MouseButton) -> bytes:
        return self.mouse(Mouse("", 0, action, button, _PROBE_COLUMN, 3), _PROBE_SIZE, _PROBE_CELL)

    def focus(self, focused: bool) -> bytes:
        """The bytes of a focus change."""
        if not mode(self._terminal, _FOCUS_MODE):
            return b""
        return b"\x1b[I" if focused else b"\x1b[O"
