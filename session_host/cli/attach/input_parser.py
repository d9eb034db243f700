"""Parses the outer terminal's input into keys, text, mouse and reports.

A terminal's input carries both what the user types and what the terminal itself reports. Only what the user types
leaves this parser. Reports (cursor positions, device attributes, colours, modes, anything in a control string) are
dropped, complete or cut in pieces; they never become typing. A sequence without an end counts as typed, and is passed
on after a moment.

Pure: bytes in, values out. Sources: xterm's ctlseqs, the kitty keyboard protocol, ECMA-48.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from session_host.cli.attach import key_codes
from session_host.cli.attach.input_sequences import begins_paste, character, control_sequence, lower, single_shift
from session_host.cli.attach.input_values import KeyTyped, Pasted, TerminalInput, TextTyped
from session_host.protocol.messages import MAX_WHOLE_PASTE_CHARACTERS
from session_host.protocol.values import Modifiers

MAX_PASTE_BYTES = 4 * MAX_WHOLE_PASTE_CHARACTERS + 4
"""The limit of a paste; more than the longest paste that can be sent."""

MAX_SEQUENCE_BYTES = 128
"""Longer control sequences are dropped: no key sends one."""

MAX_STRING_BYTES = 8192
"""Longer control strings are dropped up to their end or their expiry: they were not typed."""

INTRODUCER_TIMEOUT_S = 0.05
"""After this time without another byte, ESC, or ESC and ``[`` or ``O``, counts as typed."""

SEQUENCE_TIMEOUT_S = 0.15
"""After this time, a sequence without an end counts as typed: terminals send a sequence in one piece."""

REPLY_TIMEOUT_S = 1.0
"""The timeout of what may begin a terminal's reply or a mouse event: over a slow line it arrives in pieces."""

_MAY_BEGIN_REPLY = re.compile(
    rb"\](?:[0-9]{1,4};|[0-9]{0,4}\Z)|P(?:[01][+$]r|>\||!\||(?:[01][+$]?|[>!])?\Z)|_(?:G|\Z)|\[[?<=>]"
)
"""An introducer alone counts, too: a key with Alt that sends one is rare, and then waits."""

_PASTE_BEGINS = b"[20"
"""The beginning of a paste, which is in no case typed: the program would get a paste without an end."""

_REPLY = re.compile(rb"\]\d{1,4};|P[01][+$]r|P>\||P!\||_G")
_ESC = 0x1B
_PASTE_END = b"\x1b[201~"
_STRING_INTRODUCERS = b"]PX^_"


class _State(Enum):
    GROUND = auto()
    ESCAPE = auto()
    """After ESC, or after ESC ESC: the second ESC begins a sequence, or was typed."""
    CSI = auto()
    SS3 = auto()
    LINUX_FUNCTION_KEY = auto()
    """After CSI [, with which the Linux console begins F1 to F5."""
    X10_MOUSE = auto()
    """Within the three bytes of a mouse event in X10 form, which this viewer never enables."""
    STRING = auto()
    """Within an OSC, DCS, SOS, PM or APC, up to its ST or BEL."""
    PASTE = auto()


class InputParser:
    """Parses the outer terminal's input; any split of the bytes gives the same values.

    ESC alone is the Escape key or the beginning of a sequence, and each beginning of a sequence may be typing; only
    a pause decides. While ``undecided``, the caller calls ``expire`` ``timeout_s`` after the beginning.

    Attributes:
        begun: how many sequences have begun; the number identifies the undecided one.
    """

    def __init__(self) -> None:
        self._state = _State.GROUND
        self._sequence = bytearray()
        self._alt = False
        self._escapes = 0
        self._is_8_bit = False
        self._utf8 = bytearray()
        self._paste = bytearray()
        self._text: list[str] = []
        self._values: list[TerminalInput] = []
        self.begun = 0

    @property
    def undecided(self) -> bool:
        """Whether the last bytes may begin a sequence; if nothing follows, they were typed."""
        return self._state not in {_State.GROUND, _State.PASTE} and not self._sequence.startswith(_PASTE_BEGINS)

    @property
    def timeout_s(self) -> float:
        """How long to wait after the beginning until the undecided bytes count as typed."""
        if self._state is not _State.ESCAPE and _MAY_BEGIN_REPLY.match(self._sequence):
            return REPLY_TIMEOUT_S
        return INTRODUCER_TIMEOUT_S if len(self._sequence) <= 1 else SEQUENCE_TIMEOUT_S

    @property
    def _begins_reply(self) -> bool:
        return self._state is _State.STRING and _REPLY.match(self._sequence) is not None

    def feed(self, data: bytes) -> list[TerminalInput]:
        """Parse more input."""
        position = 0
        while position < len(data):
            if self._state is _State.PASTE:
                position = self._in_paste(data, position)
            else:
                self._byte(data[position])
                position += 1
        return self._pop_values()

    def expire(self) -> list[TerminalInput]:
        """Take the undecided bytes as typed: the sequence has not ended in time."""
        while self.undecided:
            if self._state is _State.ESCAPE:
                self._emit_escapes(self._escapes)
                self._reset()
            else:
                self._take_as_typed()
        return self._pop_values()

    def _take_as_typed(self) -> None:
        """Take the sequence as typed: its introducer (``ESC [``, ``ESC ]`` …) as a key with Alt, then the rest."""
        introducer, rest = self._sequence[0], bytes(self._sequence[1:])
        if self._alt:
            self._emit_escapes(1)
        is_8_bit = self._is_8_bit
        self._reset()
        if not is_8_bit:
            self._emit(character(chr(introducer), Modifiers.ALT))
        if len(rest) < MAX_STRING_BYTES:
            for byte in rest:
                if byte < 0x80:
                    self._in_ground(byte, Modifiers.NONE)
                else:
                    self._in_utf8(byte, Modifiers.NONE)

    def _pop_values(self) -> list[TerminalInput]:
        self._flush_text()
        values, self._values = self._values, []
        return values

    def _flush_text(self) -> None:
        if self._text:
            text = "".join(self._text)
            self._text.clear()
            self._values.append(TextTyped(text))

    def _emit(self, value: TerminalInput | None) -> None:
        if value is not None:
            self._flush_text()
            self._values.append(value)

    def _reset(self) -> None:
        self._state = _State.GROUND
        self._sequence.clear()
        self._alt = False
        self._escapes = 0
        self._is_8_bit = False

    # ------------------------------------------------------------ states

    def _byte(self, byte: int) -> None:
        match self._state:
            case _State.GROUND:
                self._in_ground(byte, Modifiers.NONE)
            case _State.ESCAPE:
                self._in_escape(byte)
            case _State.CSI:
                self._in_csi(byte)
            case _State.SS3:
                self._in_ss3(byte)
            case _State.STRING:
                self._in_string(byte)
            case _State.X10_MOUSE:
                self._sequence.append(byte)
                if len(self._sequence) == len(b"[Mbxy"):
                    self._reset()
            case _State.LINUX_FUNCTION_KEY:
                alt = self._alt
                self._reset()
                if key := key_codes.LINUX_CONSOLE.get(byte):
                    self._emit(KeyTyped(key, "", Modifiers.ALT if alt else Modifiers.NONE))
                elif byte < 0x20:
                    self._byte(byte)

    def _in_ground(self, byte: int, modifiers: Modifiers) -> None:
        if self._utf8 or byte >= 0x80:
            self._in_utf8(byte, modifiers)
        elif byte == _ESC:
            self._state = _State.ESCAPE
            self._escapes = 1
            self.begun += 1
        else:
            self._emit(character(chr(byte), modifiers))

    def _in_utf8(self, byte: int, modifiers: Modifiers) -> None:
        """Collect a character of several bytes; drop invalid UTF-8."""
        pending = self._utf8
        if pending and not 0x80 <= byte < 0xC0:
            pending.clear()
            self._byte(byte)
            return
        if not pending and byte < 0xC0:
            self._c1(byte)
            return
        if not pending and byte >= 0xF5:
            return
        # The modifier of the first byte applies to the character; it is kept in front of it.
        if not pending:
            pending.append(int(modifiers))
        pending.append(byte)
        lead = pending[1]
        if len(pending) - 1 < (2 if lead < 0xE0 else 3 if lead < 0xF0 else 4):
            return
        modifiers = Modifiers(pending[0])
        encoded = bytes(pending[1:])
        pending.clear()
        try:
            decoded = encoded.decode()
        except UnicodeDecodeError:
            return
        if ord(decoded) < 0xA0:
            self._c1(ord(decoded))
        elif modifiers:
            self._emit(KeyTyped(lower(decoded), "", modifiers))
        else:
            self._text.append(decoded)

    def _c1(self, code: int) -> None:
        """Handle an 8-bit control like ESC and a 7-bit character (ECMA-48, 5.3)."""
        introducer = code - 0x40
        if code < 0xA0 and (introducer in b"[O" or introducer in _STRING_INTRODUCERS):
            self._reset()
            self._in_escape(introducer)
            self._is_8_bit = True
            self.begun += 1

    def _in_escape(self, byte: int) -> None:
        if byte == _ESC:
            if self._escapes == 2:
                self._emit_escapes(1)
            self._escapes = 2
            return
        if byte in b"[O" or byte in _STRING_INTRODUCERS:
            # ESC ESC [ A is Alt+Up in terminals that put ESC before anything; a string has no Alt.
            self._alt = self._escapes == 2
            if self._alt and byte in _STRING_INTRODUCERS:
                self._emit_escapes(1)
                self._alt = False
            self._sequence[:] = bytes([byte])
            self._state = _State.CSI if byte == 0x5B else _State.SS3 if byte == 0x4F else _State.STRING
            return
        self._emit_escapes(self._escapes - 1)
        self._reset()
        self._in_ground(byte, Modifiers.ALT)

    def _in_csi(self, byte: int) -> None:
        sequence = self._sequence
        if byte < 0x20 or byte >= 0x7F:
            # The previous sequence was cut off; this byte begins something new.
            if len(sequence) == 1:
                self._take_as_typed()
            else:
                self._reset()
            self._byte(byte)
        elif byte < 0x40:
            if len(sequence) < MAX_SEQUENCE_BYTES:
                sequence.append(byte)
        elif byte in b"[M" and len(sequence) == 1:
            sequence.append(byte)
            self._state = _State.LINUX_FUNCTION_KEY if byte == 0x5B else _State.X10_MOUSE
        else:
            parameters, alt = bytes(sequence[1:]), self._alt
            self._reset()
            if begins_paste(parameters, byte):
                self._state = _State.PASTE
            elif len(parameters) < MAX_SEQUENCE_BYTES - 1:
                self._emit(control_sequence(parameters, byte, Modifiers.ALT if alt else Modifiers.NONE))

    def _in_ss3(self, byte: int) -> None:
        if byte < 0x20 or byte >= 0x7F:
            self._reset()
            self._byte(byte)
        elif (0x30 <= byte <= 0x39 or byte == 0x3B) and len(self._sequence) < MAX_SEQUENCE_BYTES:
            self._sequence.append(byte)
        else:
            parameters, alt = bytes(self._sequence[1:]), self._alt
            self._reset()
            self._emit(single_shift(parameters, byte, Modifiers.ALT if alt else Modifiers.NONE))

    def _in_string(self, byte: int) -> None:
        sequence = self._sequence
        last = sequence[-1:] if len(sequence) > 1 else b""
        if byte == 0x07 or (byte == 0x5C and last == b"\x1b"):
            self._reset()
        elif byte == 0x9C and (self._is_8_bit or last == b"\xc2"):
            # ST in 8 bits, raw or as UTF-8; elsewhere 9C is part of another character.
            self._reset()
        elif last == b"\x1b":
            # ESC and a byte other than \: the string was cut off, and a sequence begins.
            sequence.pop()
            self._end_cut_string()
            self._in_ground(_ESC, Modifiers.NONE)
            self._in_escape(byte)
        elif byte < 0x20 and byte != _ESC:
            # No reply contains other controls, so the user typed Enter or Ctrl+C.
            self._end_cut_string()
            self._byte(byte)
        else:
            if len(sequence) > MAX_STRING_BYTES:
                sequence.pop()
            sequence.append(byte)

    def _end_cut_string(self) -> None:
        """End a string without a terminator: drop a reply's beginning, take anything else as typed."""
        if self._begins_reply:
            self._reset()
        else:
            self._take_as_typed()
            self._utf8.clear()

    def _in_paste(self, data: bytes, position: int) -> int:
        """Read a paste up to its end or the data's end; return the position after it."""
        paste = self._paste
        searched = max(0, len(paste) - len(_PASTE_END) + 1)
        before = len(paste)
        paste += data[position:]
        end = paste.find(_PASTE_END, searched)
        if end < 0:
            # The data may end within the end mark.
            del paste[MAX_PASTE_BYTES : -len(_PASTE_END)]
            return len(data)
        consumed = end + len(_PASTE_END) - before
        if end:
            self._emit(Pasted(paste[:end].decode(errors="replace")))
        paste.clear()
        self._state = _State.GROUND
        return position + consumed

    def _emit_escapes(self, count: int) -> None:
        for _ in range(count):
            self._emit(KeyTyped("Escape"))
