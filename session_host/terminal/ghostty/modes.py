"""Reads the modes of one terminal, by which ``encode`` encodes the user's input.

The library's own encoders are not used: that of keys needs the physical key and its unshifted character, which a
toolkit does not report for every layout, and lacks modifyOtherKeys 1; that of mouse events lacks buttons. But only the
latter knows which mouse mode is in force: the set modes do not tell, as the last one set or reset wins.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from session_host.terminal.base import Modes, MouseEncoding, MouseTracking

from .library.calls import Getter, ffi, lib, mode, new_object
from .stream import Stream

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
_TRACKING_EVENTS: Final = {
    1003: lib.GHOSTTY_MOUSE_TRACKING_ANY,
    1002: lib.GHOSTTY_MOUSE_TRACKING_BUTTON,
    1000: lib.GHOSTTY_MOUSE_TRACKING_NORMAL,
    9: lib.GHOSTTY_MOUSE_TRACKING_X10,
}
_PRESS: Final = lib.GHOSTTY_MOUSE_ACTION_PRESS
_RELEASE: Final = lib.GHOSTTY_MOUSE_ACTION_RELEASE
_MOTION: Final = lib.GHOSTTY_MOUSE_ACTION_MOTION
_PROBE_COLUMN: Final = 150
_CELL_PX: Final = 10


class ModeReader:
    """Reads the current modes."""

    def __init__(self, terminal: Any, stream: Stream) -> None:
        """Read the modes of a terminal; ``stream`` has those that the library lacks."""
        self._terminal = terminal
        self._stream = stream
        self._screen = Getter(terminal, "ACTIVE_SCREEN", "GhosttyTerminalScreen")
        self._encoder = new_object(
            "GhosttyMouseEncoder*", lib.ghostty_mouse_encoder_new, lib.ghostty_mouse_encoder_free
        )
        self._event = new_object("GhosttyMouseEvent*", lib.ghostty_mouse_event_new, lib.ghostty_mouse_event_free)
        self._memory = ffi.new("char[]", 64)
        self._length = ffi.new("size_t*")
        position = ffi.new("GhosttyMousePosition*", {"x": (_PROBE_COLUMN + 0.5) * _CELL_PX, "y": 3.5 * _CELL_PX})
        lib.ghostty_mouse_event_set_position(self._event, position[0])

    def close(self) -> None:
        """Free the library's objects."""
        for owned in (self._event, self._encoder):
            ffi.release(owned)

    def read(self) -> Modes:
        """The current modes."""
        is_set = partial(mode, self._terminal)
        alternate = self._screen() == lib.GHOSTTY_TERMINAL_SCREEN_ALTERNATE
        tracking, encoding = self._mouse()
        return Modes(
            application_cursor=is_set(1),
            application_keypad=is_set(66),
            bracketed_paste=is_set(2004),
            focus_events=is_set(1004),
            alternate_screen=alternate,
            alternate_scroll=is_set(1007),
            mouse=tracking,
            mouse_encoding=encoding,
            kitty_keyboard=int(self._stream.kitty_flags[0]),
            reverse_screen=is_set(5),
            synchronized=is_set(2026),
            modify_other_keys=self._stream.modify_other_keys,
            pointer_shape=self._stream.pointers.current(alternate=alternate),
        )

    def _mouse(self) -> tuple[MouseTracking, MouseEncoding]:
        """The tracking mode and the encoding that are in force."""
        tracked = [number for number, _ in MOUSE_TRACKINGS if mode(self._terminal, number)]
        if not tracked:
            # An encoding can be set while tracking is off; it then has no effect.
            encodings = (name for number, name in MOUSE_ENCODINGS if mode(self._terminal, number))
            return "none", next(encodings, "default")
        self._prepare_encoder()
        press = self._probe(_PRESS)
        if not press:
            # In the library, resetting one tracking mode ends all; the others are still set.
            event = ffi.new("GhosttyMouseTrackingMode*", _TRACKING_EVENTS[tracked[0]])
            lib.ghostty_mouse_encoder_setopt(self._encoder, lib.GHOSTTY_MOUSE_ENCODER_OPT_EVENT, event)
            press = self._probe(_PRESS)
        tracking: MouseTracking = "press"
        if self._probe(_MOTION, is_pressed=False):
            tracking = "any_motion"
        elif self._probe(_MOTION):
            tracking = "button_motion"
        elif self._probe(_RELEASE):
            tracking = "press_release"
        if press.startswith(b"\x1b[<"):
            return tracking, "sgr" if b";%d;" % (_PROBE_COLUMN + 1) in press else "sgr_pixels"
        if press.startswith(b"\x1b[M"):
            return tracking, "default" if len(press) == 6 else "utf8"
        return tracking, "urxvt"

    def _prepare_encoder(self) -> None:
        """Give the encoder the terminal's modes, and a grid in which the probes are."""
        lib.ghostty_mouse_encoder_setopt_from_terminal(self._encoder, self._terminal)
        size = ffi.new("GhosttyMouseEncoderSize*")
        size.size = ffi.sizeof("GhosttyMouseEncoderSize")
        size.cell_width = size.cell_height = _CELL_PX
        size.screen_width, size.screen_height = 200 * _CELL_PX, 10 * _CELL_PX
        lib.ghostty_mouse_encoder_setopt(self._encoder, lib.GHOSTTY_MOUSE_ENCODER_OPT_SIZE, size)

    def _probe(self, action: int, *, is_pressed: bool = True) -> bytes:
        """The library's bytes of an event of the left button, or of no button; b"" if no such event is wanted."""
        encoder, event = self._encoder, self._event
        lib.ghostty_mouse_encoder_setopt(
            encoder, lib.GHOSTTY_MOUSE_ENCODER_OPT_ANY_BUTTON_PRESSED, ffi.new("bool*", is_pressed)
        )
        lib.ghostty_mouse_event_set_action(event, action)
        if is_pressed:
            lib.ghostty_mouse_event_set_button(event, lib.GHOSTTY_MOUSE_BUTTON_LEFT)
        else:
            lib.ghostty_mouse_event_clear_button(event)
        result = lib.ghostty_mouse_encoder_encode(encoder, event, self._memory, len(self._memory), self._length)
        return b"" if result else bytes(ffi.buffer(self._memory, self._length[0]))
