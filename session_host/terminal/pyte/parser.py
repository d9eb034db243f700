"""The parser: turns bytes into calls of the screen's methods.

pyte's own parser is a generator fed with one character at a time: it cannot report what it has consumed, and it makes
pyte slow. This parser splits complete sequences off with one regular expression. Between two feeds it holds only text:
the unfinished sequence itself, which a snapshot can carry and any engine can be fed with.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pyte
from pyte import control as ctrl
from pyte import escape as esc

from . import osc_commands
from .reports import Reports
from .screen import Screen
from .style import number

MAX_STRING = 1024 * 1024
"""The maximum length of an OSC or DCS string in characters; a longer one is dropped as a whole."""

MAX_SEQUENCE = 1024
"""The maximum length of other sequences; longer ones are ignored."""

_MAX_PARAMETERS = 32

_TOKEN = re.compile(
    "([^\x00-\x1f\x7f-\x9f]+)"  # 1 text
    "|\x1b\\[([0-9:;]*)m"  # 2 SGR
    "|\x1b\\[([0-?]*[ -/]*[@-~])"  # 3 CSI
    "|([\x00-\x1a\x1c-\x1f\x80-\x9f])"  # 4 control character
    "|\x1b([ -/]+[0-~]|[0-OQ-WYZ\\\\`-jl-~])"  # 5 ESC
    "|\x1b([]PX^_k])"  # 6 introduces a string
)
_BEGINNING = re.compile("\x1b(?:\\[[0-?]*)?[ -/]*")
_SEQUENCE = re.compile("([<-?]*)([0-9:;]*)([ -/]*)([@-~])")
_STRING_END = re.compile("[\x07\x18\x1a\x1b]")
_CONTROLS = re.compile("[\x00-\x1f]")


_ESCAPE = {
    **pyte.ByteStream.escape,
    esc.NEL: "next_line",
    "=": "keypad_application",
    ">": "keypad_numeric",
}
_CSI = {
    **{final: name for final, name in pyte.ByteStream.csi.items() if final not in {"'", "m"}},
    "`": "cursor_to_column",
    "b": "repeat",
    "I": "tab_forward",
    "S": "scroll_up",
    "T": "scroll_down",
    "Z": "tab_back",
    "?W": "default_tab_stops",
    "s": "save_cursor",
    "u": "restore_cursor",
    "t": "window_operation",
    "?J": "erase_in_display",
    "?K": "erase_in_line",
    "?h": "set_private_modes",
    "?l": "reset_private_modes",
    "?n": "report_private_status",
    ">c": "report_secondary_attributes",
    ">q": "report_version",
    "!p": "soft_reset",
    "?$p": "report_private_mode",
    " q": "set_cursor_style",
}
"""Functions by marker, intermediates and final character of a sequence."""

_PARAMETERS = {
    **dict.fromkeys(("s", "u", "!p"), 0),
    **dict.fromkeys(("H", "f", "r", "t"), 2),
    **dict.fromkeys(("h", "l", "?h", "?l"), _MAX_PARAMETERS),
}
"""How many parameters a function takes, where it is not one; pyte's functions would fail with more."""

_ENDS_WRAP = frozenset("@ABCDEFGHKLMPXZ`adef")
"""Final characters of sequences after which the next character is written where the cursor is shown."""


class OutliveStream(pyte.ByteStream):
    """A ByteStream that never raises, and returns its unfinished input on request.

    The tables are pyte's, with additions.
    """

    def __init__(self, screen: Screen) -> None:
        self._pending = ""
        self._string_kind = ""
        self._string: list[str] = []
        self._string_size = 0
        # pyte would check the names in its own tables; the dispatch tables below check all names.
        super().__init__(screen, strict=False)

    def _initialize_parser(self) -> None:
        screen = self.listener
        assert isinstance(screen, Screen)
        self._screen = screen
        self._reports = Reports(screen)
        self._basic, self._escape, self._csi = map(self._handlers, (self.basic, _ESCAPE, _CSI))

    def _handlers(self, names: dict[str, str]) -> dict[str, Callable[..., None]]:
        """The methods of the reports, or else of the screen."""
        return {key: getattr(self._reports, name, None) or getattr(self._screen, name) for key, name in names.items()}

    # -- the state between two feeds

    @property
    def unfinished(self) -> bytes:
        """The bytes of an unfinished sequence or character."""
        if self._string_kind:
            dropped = self._string_size > MAX_STRING
            inner = "9999;" if dropped and self._string_kind == "]" else "".join(self._string)
            pending = f"\x1b{self._string_kind}{inner}"
        else:
            pending = self._pending
        return pending.encode() + self.utf8_decoder.getstate()[0]

    # -- parsing

    def feed(self, data: bytes) -> None:  # type: ignore[override]
        """Interpret output; splitting the bytes differently gives the same result."""
        text = self._pending + self.utf8_decoder.decode(data).replace(ctrl.DEL, "")
        self._pending = ""
        position, length = 0, len(text)
        if self._string_kind:
            position = self._take_string(text, 0)
        match = _TOKEN.match
        screen = self._screen
        draw, rendition = screen.draw, screen.select_rendition
        control = self._control
        while position < length:
            token = match(text, position)
            if token is None:
                beginning = _BEGINNING.match(text, position)
                assert beginning is not None
                position = beginning.end()
                if position == length:
                    self._pending = beginning[0][:MAX_SEQUENCE]
                continue
            kind = token.lastindex
            position = token.end()
            if kind == 1:
                draw(token[1])
            elif kind == 4:
                control(token[4])
            elif kind == 2:
                parameters = token[2]
                if len(parameters) < MAX_SEQUENCE - 3:
                    rendition(parameters)
            elif kind == 3:
                self._dispatch(token[3])
            elif kind == 5:
                self._dispatch_escape(token[5])
            else:
                self._string_kind = token[6]
                position = self._take_string(text, position)

    def _control(self, char: str) -> None:
        handler = self._basic.get(char)
        if handler is not None:
            handler()

    def _dispatch_escape(self, body: str) -> None:
        handler = self._escape.get(body)
        if handler is not None:
            handler()
        elif len(body) == 2 and body[0] in "()":
            self._screen.designate("()".index(body[0]), body[1])

    def _dispatch(self, body: str) -> None:
        """Dispatch a control sequence by the text after ``CSI``."""
        parts = _SEQUENCE.fullmatch(body) if len(body) < MAX_SEQUENCE - 2 else None
        if parts is None:
            return
        marker, parameters, intermediates, final = parts.groups()
        if final == "m" and not marker and not intermediates:
            self._screen.select_rendition(parameters)
            return
        key = marker + intermediates + final
        handler = self._csi.get(key)
        values = parameters.split(";") if parameters else []
        if handler is None or ":" in parameters or len(values) > _MAX_PARAMETERS:
            return
        if final in _ENDS_WRAP and not intermediates:
            self._screen.pending_wrap = False
        handler(*[number(value) for value in values[: _PARAMETERS.get(key, 1)]])

    # -- strings

    def _take_string(self, text: str, position: int) -> int:
        """Read a string's content up to its end; returns where to continue."""
        start = position
        while True:
            match = _STRING_END.search(text, position)
            if match is None:
                self._collect(text[start:])
                return len(text)
            if match[0] == ctrl.BEL and self._string_kind != "]":
                position = match.end()
                continue
            self._collect(text[start : match.start()])
            self._finish_string(match[0])
            return match.start() if match[0] == ctrl.ESC else match.end()

    def _collect(self, piece: str) -> None:
        self._string_size += len(piece)
        if self._string_size > MAX_STRING:
            self._string.clear()
        elif piece:
            self._string.append(piece)

    def _finish_string(self, end: str) -> None:
        kind, text = self._string_kind, "".join(self._string)
        dropped = self._string_size > MAX_STRING or end in {ctrl.CAN, ctrl.SUB}
        self._string_kind, self._string_size = "", 0
        self._string.clear()
        if dropped:
            return
        if kind == "]":
            osc_commands.receive(self._screen, _CONTROLS.sub("", text), "\x07" if end == "\x07" else "\x1b\\")
