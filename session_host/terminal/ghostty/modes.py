"""Reads the modes of one terminal.

One call reads all, and only after output that may have changed them: a key's echo reads none.
"""

from __future__ import annotations

from typing import Any, Final

from session_host.terminal.base import Modes

from .input import MOUSE_ENCODINGS, MOUSE_TRACKINGS, InputEncoder, MouseEncoding, MouseTracking
from .library.calls import ffi, lib
from .stream import Stream

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
