"""Reads the modes of one terminal, and encodes the user's input by them.

``encode`` encodes keys, as in the other engine: the library's encoder needs the physical key and its unshifted
character, which a toolkit does not report for every layout, and it lacks modifyOtherKeys 1. The library encodes mouse
events, but those of the buttons 8 to 11.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from session_host.protocol.messages import Key, Mouse
from session_host.protocol.values import EXTRA_BUTTONS, CellSize, GridSize, Modifiers, MouseAction, MouseButton
from session_host.terminal.base import Modes
from session_host.terminal.encode import encode_key, encode_mouse

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


AFTER_EXIT: Final = (
    b"\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1005l"
    b"\x1b[?1006l\x1b[?1015l\x1b[?1016l\x1b[?2004l\x1b[?2026l\x1b[?2031l\x1b[?2048l\x1b[?1l\x1b[?66l\x1b>"
    b"\x1b[=0;1u\x1b[<99u\x1b[>4;0m\x1b[?5l\x1b[?6l\x1b[?69l\x1b[r\x1b[4l\x1b[20l\x1b[?7h\x1b[?25h\x1b[0 q"
    b'\x1b[0m\x1b[0"q\x1b]8;;\x1b\\\x1b(B\x1b)B\x1b*B\x1b+B\x0f'
)
"""The sequences that undo the modes which a killed program left set."""

_FLAGS: Final = (1, 66, 2004, 1004, 1007, 5, 2026)
_NUMBERS: Final = (*_FLAGS, *(number for number, _ in MOUSE_ENCODINGS), *(number for number, _ in MOUSE_TRACKINGS))
_ENCODINGS: Final = slice(len(_FLAGS), len(_FLAGS) + len(MOUSE_ENCODINGS))
_TRACKINGS: Final = slice(_ENCODINGS.stop, None)


class ModeReader:
    """The current modes, kept until output may have changed them."""

    def __init__(self, terminal: Any, stream: Stream, encoder: InputEncoder) -> None:
        self._terminal = terminal
        self._stream = stream
        self._encoder = encoder
        self._version = -1
        self._modes = Modes()
        count = len(_NUMBERS)
        self._configs = ffi.new("GhosttyTerminalModeConfig[]", [{"mode": number} for number in _NUMBERS])
        self._screen = ffi.new("GhosttyTerminalScreen*")
        self._keys = ffi.new(
            "GhosttyTerminalData[]",
            [lib.GHOSTTY_TERMINAL_DATA_MODE] * count + [lib.GHOSTTY_TERMINAL_DATA_ACTIVE_SCREEN],
        )
        self._values = ffi.new("void*[]", [*(self._configs + index for index in range(count)), self._screen])
        self._written = ffi.new("size_t*")

    def read(self) -> Modes:
        """The current modes."""
        if self._version != self._stream.settings_version:
            self._modes = self._read()
            self._version = self._stream.settings_version
        return self._modes

    def _read(self) -> Modes:
        lib.ghostty_terminal_get_multi(self._terminal, len(_NUMBERS) + 1, self._keys, self._values, self._written)
        are_set = [config.value for config in self._configs]
        cursor, keypad, paste, focus, scroll, reverse, synchronized = are_set[: len(_FLAGS)]
        # An encoding can be set while tracking is off; it then has no effect.
        encodings = zip(MOUSE_ENCODINGS, are_set[_ENCODINGS], strict=True)
        encoding: MouseEncoding = next((name for (_, name), is_set in encodings if is_set), "default")
        tracking: MouseTracking = "none"
        if any(are_set[_TRACKINGS]):
            tracking, encoding = self._encoder.mouse_modes()
        alternate = self._screen[0] == lib.GHOSTTY_TERMINAL_SCREEN_ALTERNATE
        return Modes(
            application_cursor=cursor,
            application_keypad=keypad,
            bracketed_paste=paste,
            focus_events=focus,
            alternate_screen=alternate,
            alternate_scroll=scroll,
            mouse=tracking,
            mouse_encoding=encoding,
            kitty_keyboard=int(self._stream.kitty_flags[0]),
            reverse_screen=reverse,
            synchronized=synchronized,
            modify_other_keys=self._stream.modify_other_keys,
            pointer_shape=self._stream.pointers.current(alternate=alternate),
        )
