"""Feeds all output into the library, with corrections.

The corrections: DEL, DECCOLM, DECSTR, DECXCPR, modifyOtherKeys, the stack of titles, XTSMGRAPHICS, DECRQSS, XTGETTCAP,
OSC 22, OSC 99, OSC 133, images and REP. None of them depends on how the bytes are split.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.base import Cursor
from session_host.terminal.images import inline_files, sixel
from session_host.terminal.images.graphics import Graphics
from session_host.terminal.images.transmission import TOO_LARGE
from session_host.terminal.left_modes import (
    ALTERNATE,
    INSERT,
    LINE_FEED,
    Charsets,
    CommandModes,
    TerminalModes,
    changed_modes,
)
from session_host.terminal.osc import MAX_TITLE_CHARACTERS, PointerShapes
from session_host.terminal.queries import MAX_REPEATED_ROWS, MAX_TITLE_STACK, capability_replies

from .effects import Effects, clean_text
from .frame import ProgramColors
from .history import HistoryLimits
from .library.calls import Getter, allocated, check, ffi, formatted_extras, lib, mode, text_of, track
from .row_marks import ScreenPrompts
from .sequences import (
    CAPABILITY_QUERY,
    IMAGE,
    INLINE_FILE,
    KEPT,
    NOTHING,
    POINTER,
    QUERIES,
    SHELL_MARK,
    SIXEL,
    OwnSequence,
    Sequence,
    SequenceFinder,
    find_own,
    length_of_rest,
    may_begin_own,
)

_WIDTH_CHANGE_MODE: Final = 40
_MARGINS: Final = re.compile(rb"\x1b\[(\d+);(\d+)[rs]")
_MAY_ALLOW_WIDTH_CHANGE: Final = re.compile(rb"40[0-9;:\x00-\x1f]*h")
_WIDTH_CHANGE_CONTINUES: Final = re.compile(rb"[0-9;:\x00-\x1f]*h")
_UP_TO_WIDTH_CHANGE: Final = re.compile(rb"[^hlr]*[hlr]|[^hlr]+")
_ERASE: Final = re.compile(rb"\x1b(?:\[0*([0123]?)J|\[\?0*(?:47|1047|1049)([hl])|(c))")
"""Sequences that erase prompts or images: ED, a change of screens, RIS."""

_END_OF_STRING: Final = b"\x1b\\"
_SAVE_CURSOR: Final = b"\x1b7"
_CONFORMANCE: Final = b'62;1"p'
"""The answer to DECRQSS for DECSCL: a VT220 with 7-bit controls."""

_PROMPT_ERASES: Final = (b"", b"0", b"1", b"2")
_SCREEN_ERASES: Final = (b"2", b"3")
_DECSTR: Final = (
    b'\x1b[?1l\x1b[?6l\x1b[?66l\x1b[?69l\x1b[?45l\x1b[4l\x1b[2l\x1b[?7h\x1b[?25h\x1b[r\x1b[0m\x1b[0"q'
    b"\x1b(B\x1b)B\x1b*B\x1b+B\x0f\x1b[=0;1u\x1b[<99u\x1b[>4;0m\x1b[0 q\x1b[H\x1b7"
)
"""Replacement of DECSTR, which the library does not know; the cursor is at home afterwards."""

_MAX_WRITE_BYTES: Final = 256 * 1024
"""More output is written in parts: the history's limits are adjusted after each, before much of it can be lost."""


class Stream:
    """One terminal's output, and its grid's size, which output may try to change.

    Attributes:
        history: sets the limits of the history, after each write.
        sequences: finds the sequences that the library does not report.
        modify_other_keys: xterm's level, 0 to 2; part of a snapshot.
        titles: the pushed titles, newest last; part of a snapshot.
        pointers: the mouse pointer's shapes; part of a snapshot.
        kitty_flags: reads the current flags of kitty's keyboard protocol.
        command_modes: what a shell's last command left.
        read_cursor: returns the cursor.
    """

    def __init__(
        self,
        terminal: Any,
        size: GridSize,
        cell: CellSize,
        effects: Effects,
        history: HistoryLimits,
        prompts: ScreenPrompts,
        images: Graphics,
    ) -> None:
        self._terminal = terminal
        self._repetitions = _Repetitions(terminal)
        self._set_size(size)
        self._cell = cell
        self._effects = effects
        self.history = history
        self._prompts = prompts
        self._images = images
        self.sequences = SequenceFinder()
        self.modify_other_keys = 0
        self._kitty = [0, 0]
        """The flags of kitty's keyboard protocol, of the primary and of the alternate screen."""
        self.titles: list[str] = []
        self.pointers = PointerShapes()
        self._colors = ProgramColors(terminal)
        self.read_cursor: Callable[[], Cursor]
        self.command_modes = CommandModes(self._terminal_modes)
        # Read after each write, in one call: columns, whether DECCOLM may change them, rows of history, the keyboard's
        # flags, whether no sequence is open.
        self._columns = ffi.new("uint16_t*")
        self._width_mode = ffi.new("GhosttyTerminalModeConfig*", {"mode": _WIDTH_CHANGE_MODE})
        self._history_rows = ffi.new("size_t*")
        self.kitty_flags = ffi.new("uint8_t*")
        self._ground = ffi.new("bool*")
        self._keys = ffi.new(
            "GhosttyTerminalData[5]",
            [
                lib.GHOSTTY_TERMINAL_DATA_COLS,
                lib.GHOSTTY_TERMINAL_DATA_MODE,
                lib.GHOSTTY_TERMINAL_DATA_SCROLLBACK_ROWS,
                lib.GHOSTTY_TERMINAL_DATA_KITTY_KEYBOARD_FLAGS,
                lib.GHOSTTY_TERMINAL_DATA_VT_GROUND,
            ],
        )
        self._values = ffi.new(
            "void*[5]", [self._columns, self._width_mode, self._history_rows, self.kitty_flags, self._ground]
        )
        self._written = ffi.new("size_t*")
        self._title = Getter(terminal, "TITLE", "GhosttyString")
        self._screen = Getter(terminal, "ACTIVE_SCREEN", "GhosttyTerminalScreen")
        self._cursor_x = Getter(terminal, "CURSOR_X", "uint16_t")
        self._cursor_y = Getter(terminal, "CURSOR_Y", "uint16_t")
        self._at_prompt = Getter(terminal, "CURSOR_AT_PROMPT", "bool")
        self._read_state()

    def close(self) -> None:
        """Close the history, and let go what refers to the stream."""
        self.history.close()
        del self.command_modes

    def _read_state(self) -> None:
        lib.ghostty_terminal_get_multi(self._terminal, 5, self._keys, self._values, self._written)
        self._width_may_change = self._width_mode.value

    def is_ground(self) -> bool:
        """Whether the output so far ends outside of sequences and characters."""
        return bool(self._ground[0])

    def feed(self, data: bytes) -> bool:
        """Interpret output; True if it changed the grid's width, which is then set back."""
        if not self.sequences.may_find(data):
            return self._interpret(data)
        data, found, end = self.sequences.find(data)
        changed, start = False, 0
        for one in found:
            # A kept sequence ends here for the library, which has read its beginning at most.
            ends = one.kind in KEPT or one.kind == NOTHING
            changed = self._interpret(data[start : one.begin] + (_END_OF_STRING if ends else b"")) or changed
            self._handle(one)
            start = one.end
        return (start < end and self._interpret(data[start:end])) or changed

    def _handle(self, found: Sequence) -> None:
        content = found.content
        if found.kind == IMAGE:
            self._images.handle(content)
        elif found.kind in {INLINE_FILE, SIXEL}:
            if found.kind == SIXEL:
                command = sixel.as_image_command(content)
            else:
                command = inline_files.as_image_command(content, self._size, self._cell)
            if command and found.is_too_long:
                self._images.refuse(TOO_LARGE)
            elif command:
                self._images.handle(command)
        elif found.kind == SHELL_MARK:
            self._effects.handle_command(found.kind, content)  # keeps the order among the library's own events
            parameters = content.decode("ascii", "replace")
            self._prompts.mark(parameters)
            self.command_modes.mark(parameters)
        elif found.kind == POINTER:
            self._set_pointer(content)
        elif found.kind in QUERIES:
            if not found.is_too_long:
                _answer_query(found.kind, content, self._terminal, self._effects, self.write)
        elif found.kind != NOTHING and not found.is_too_long:
            self._effects.handle_command(found.kind, content)

    def _interpret(self, data: bytes) -> bool:
        if b"\x7f" in data:
            # The library prints DEL. A NUL is as long, ends what a DEL would end, and prints nothing.
            data = data.replace(b"\x7f", b"\0")
        may_hold_own = not self._ground[0] or (b"\x1b" in data and self._may_begin_own(data))
        if may_hold_own and (found := self._find_own(data)):
            changed, start = False, 0
            for one in found:
                changed = self._write_corrected(data[start : one.end]) or changed
                self._do(one)
                start = one.end
            return self._write_corrected(data[start:]) or changed
        return self._write_corrected(data)

    def _may_begin_own(self, data: bytes) -> bool:
        """Whether ``_find_own`` may find something that begins in this output."""
        # RIS matters only while something is set that it resets.
        pointers = self.pointers.stacks
        is_set = self.modify_other_keys or any(self._kitty) or self.titles or pointers[0] or pointers[1]
        return bool(is_set) or may_begin_own(data)

    def _find_own(self, data: bytes) -> list[OwnSequence]:
        """Find the sequences in output that are done here."""
        own: list[OwnSequence] = []
        start = 0
        if not self._ground[0] and (start := length_of_rest(data)):
            # Most split sequences are none of these: only the split one is put together.
            before = allocated(lib.ghostty_terminal_continuation_alloc, self._terminal)
            own = [one._replace(end=one.end - len(before)) for one in find_own(before + data[:start])]
        return own + find_own(data, start) if self._may_begin_own(data) else own

    def _do(self, sequence: OwnSequence) -> None:
        kind, value = sequence.kind, sequence.value
        if kind == "kitty":
            self._kitty[self._is_alternate()] = int(self.kitty_flags[0])
        elif kind == "reset":
            self.modify_other_keys, self._kitty = 0, [0, 0]
            self.pointers.reset()
            self.titles.clear()
        elif kind == "soft_reset":
            self.reset(_DECSTR)
        elif kind == "keys":
            self.modify_other_keys = min(int(value[len(b">4;") : -1] or 0), 2)
        elif kind == "keys_query":
            self._effects.reply(b"\x1b[>4;%dm" % self.modify_other_keys)
        elif kind == "graphics":
            self._effects.reply(sixel.graphics_report(value, self._size, self._cell))
        elif kind == "position":
            self._report_position()
        elif value == b"22":
            self.titles.append(clean_text(text_of(self._title()), MAX_TITLE_CHARACTERS))
            del self.titles[:-MAX_TITLE_STACK]
        elif self.titles:
            self.write(b"\x1b]2;%s\x1b\\" % self.titles.pop().encode())

    def _report_position(self) -> None:
        """Answer DECXCPR: the library knows only the report without "?"."""
        replies, count = self._effects.replies, len(self._effects.replies)
        self.write(b"\x1b[6n")
        replies[count:] = [reply.replace(b"[", b"[?") for reply in replies[count:]]

    def _set_pointer(self, content: bytes) -> None:
        answer = self.pointers.receive(content.decode("ascii", "replace"), alternate=self._is_alternate())
        if answer:
            self._effects.reply(answer.encode())

    def reset(self, sequences: bytes) -> None:
        """Write sequences that reset modes, modifyOtherKeys, too; the cursor stays."""
        self.modify_other_keys = 0
        column, row = self._cursor()
        self._effects.muted = True
        self.write(sequences + b"\x1b[%d;%dH" % (row + 1, column + 1))
        self._effects.muted = False
        self._kitty[self._is_alternate()] = int(self.kitty_flags[0])

    def _write_corrected(self, data: bytes) -> bool:
        changed = False
        if not self._ground[0] or (b"b" in data and b"\x1b" in data):
            data = self._repetitions.limit(data, is_ground=self._ground[0])
        if begun := _WIDTH_CHANGE_CONTINUES.match(data):
            changed = self.write(data[: begun.end()])
            data = data[begun.end() :]
        if self._width_may_change or (b"?" in data and _MAY_ALLOW_WIDTH_CHANGE.search(data)):
            # DECCOLM changes the grid at its last byte; restore the host's grid before the next byte.
            for piece in _UP_TO_WIDTH_CHANGE.findall(data):
                changed = self._write_with_erases(piece) or changed
            return changed
        return self._write_with_erases(data) or changed

    def _write_with_erases(self, data: bytes) -> bool:
        """Write output; report what erases prompts or images at its last byte, while there are any."""
        on_images = self._images.is_used
        if not on_images and (b"J" not in data or not self._prompts.on_screen()):
            return self.write(data)
        changed, start = False, 0
        begun = b"" if self._ground[0] else allocated(lib.ghostty_terminal_continuation_alloc, self._terminal)
        for found in _ERASE.finditer(begun + data):
            end = found.end() - len(begun)
            changed = self.write(data[start:end]) or changed
            if found[1] in _PROMPT_ERASES and self._prompts.on_screen():
                self._prompts.on_erase(found[1].decode())
            if on_images:
                self._erase_images(found)
            start = end
        return self.write(data[start:]) or changed

    def _erase_images(self, found: re.Match[bytes]) -> None:
        if found[2]:
            self._images.on_screen_change()
        elif found[3]:
            self._images.reset()
        elif found[1] in _SCREEN_ERASES:
            self._images.on_clear(history=found[1] == b"3")
        else:
            self._images.on_partial_clear(above=found[1] == b"1")

    def write(self, data: bytes) -> bool:
        """Write bytes as they are; True if they changed the grid's width, which is then set back."""
        changed = False
        if len(data) > _MAX_WRITE_BYTES:
            for start in range(0, len(data), _MAX_WRITE_BYTES):
                changed = self.write(data[start : start + _MAX_WRITE_BYTES]) or changed
            return changed
        lib.ghostty_terminal_vt_write(self._terminal, data, len(data))
        self._read_state()
        self.history.rows_left(self._history_rows[0])
        if self._columns[0] == self._size.columns:
            return False
        self._effects.muted = True
        self._resize()
        self._effects.muted = False
        return True

    def _set_size(self, size: GridSize) -> None:
        self._size = size
        self._repetitions.set_columns(size.columns)

    def resize(self, size: GridSize, cell: CellSize) -> None:
        """Change the grid."""
        erased = self._erase_redrawn_prompt() if size.columns != self._size.columns else None
        self._prompts.before_resize(width_changes=size.columns != self._size.columns)
        if size.rows < self._size.rows:
            self._save_cursor_at_prompt()
        self._set_size(size)
        self._cell = cell
        column, row = self._cursor()
        cell_under_cursor = track(self._terminal, lib.GHOSTTY_POINT_TAG_ACTIVE, column, row)
        self.history.before_resize(size)
        self._resize()
        self.history.after_resize()
        self._prompts.after_resize()
        if cell_under_cursor is not None:
            self._keep_cursor(cell_under_cursor, column, row)
            ffi.release(cell_under_cursor)
            self._read_state()
        if erased is not None:
            self._prompts.set_redrawn_row(int(self._cursor_y()) - erased)

    def _erase_redrawn_prompt(self) -> int | None:
        """Erase the rows that a shell draws again, as none of them may wrap; returns how many are above the cursor."""
        if not self._ground[0] or (row := self._prompts.redrawn_row()) is None:
            return None
        up = int(self._cursor_y()) - row
        self.write(b"\x1b7\x1b[m\r%s\x1b[J" % (b"\x1b[%dA" % up if up else b""))
        self._prompts.on_erase("0")
        self.write(b"\x1b8\r")
        return up

    def _save_cursor_at_prompt(self) -> None:
        """At a shell's prompt, save the cursor again, where it is.

        In a shorter grid, the library keeps the blank rows above the position that was saved last, for example by a
        full-screen program that has ended, and moves rows with text into the history instead. No program needs that
        position any more.
        """
        if self._ground[0] and self._at_prompt():
            lib.ghostty_terminal_vt_write(self._terminal, _SAVE_CURSOR, len(_SAVE_CURSOR))

    def _terminal_modes(self) -> TerminalModes:
        extras = formatted_extras(self._terminal, scrolling_region=True, charsets=True)
        cursor = self.read_cursor()
        return TerminalModes(
            changed=changed_modes(partial(mode, self._terminal)) | ({ALTERNATE} if self._is_alternate() else set()),
            ansi=frozenset(number for number in (INSERT, LINE_FEED) if mode(self._terminal, number, ansi=True)),
            kitty=(self._kitty[0], self._kitty[1]),
            other_keys=self.modify_other_keys,
            charsets=Charsets.after(extras),
            region=tuple(int(number) for pair in _MARGINS.findall(extras) for number in pair),
            column=cursor.column,
            row=cursor.row,
            shape=cursor.style,
            colors=frozenset(self._colors.as_set()),
        )

    def _is_alternate(self) -> bool:
        return bool(self._screen() == lib.GHOSTTY_TERMINAL_SCREEN_ALTERNATE)

    def _cursor(self) -> tuple[int, int]:
        return int(self._cursor_x()), int(self._cursor_y())

    def _keep_cursor(self, cell_under_cursor: Any, column: int, row: int) -> None:
        """Put the cursor back to its position if its row left the screen.

        The library keeps the rows below the cursor, and moves the cursor to the first cell. During an unfinished
        sequence the bytes would be read as part of it.
        """
        coordinate = ffi.new("GhosttyPointCoordinate*")
        in_sight = not lib.ghostty_tracked_grid_ref_point(cell_under_cursor, lib.GHOSTTY_POINT_TAG_ACTIVE, coordinate)
        if in_sight or self._cursor() != (0, 0) or not self._ground[0]:
            return
        column, row = min(column, self._size.columns - 1), min(row, self._size.rows - 1)
        position = b"\x1b[%d;%dH" % (row + 1, column + 1)
        lib.ghostty_terminal_vt_write(self._terminal, position, len(position))

    def _resize(self) -> None:
        size, cell = self._size, self._cell
        check(
            lib.ghostty_terminal_resize(self._terminal, size.columns, size.rows, cell.width_px, cell.height_px),
            f"resizing to {size}",
        )


# ---------------------------------------------------------------- queries

_KNOWN_SETTINGS: Final = (b"m", b"r", b"s", b" q")
"""The library answers the queries for these settings. Its answer for SGR lacks the colour of underlines."""

_UNDERLINE_COLOR: Final = re.compile(rb"\x1b\[58;(?:(5;)|2;)([0-9;]+)m")


def _answer_query(
    query: bytes, content: bytes, terminal: Any, effects: Effects, write: Callable[[bytes], object]
) -> None:
    """Answer a query.

    Args:
        query: its kind, one of ``sequences.QUERIES``.
        content: its content.
        terminal: the terminal.
        effects: gets the replies, also those of the library.
        write: writes bytes into the terminal.
    """
    if query == CAPABILITY_QUERY:
        effects.reply(capability_replies(content.decode("latin-1")).encode())
    elif content in _KNOWN_SETTINGS:
        replies, count = effects.replies, len(effects.replies)
        write(b"\x1bP$q%s\x1b\\" % content)
        if content == b"m" and (color := _underline_color(_cursor_style(terminal, style=True))):
            replies[count:] = [reply.replace(b"m\x1b", b";%sm\x1b" % color) for reply in replies[count:]]
    elif content == b'"q':
        effects.reply(b'\x1bP1$r%d"q\x1b\\' % _cursor_style(terminal, protection=True).endswith(b'1"q'))
    else:
        effects.reply(b"\x1bP1$r%s\x1b\\" % _CONFORMANCE if content == b'"p' else b"\x1bP0$r\x1b\\")


def _cursor_style(terminal: Any, **wanted: bool) -> bytes:
    """Sequences for a part of the style that the cursor writes with."""
    return formatted_extras(terminal, **wanted).rpartition(b"\x1b[0m")[2]


def _underline_color(style: bytes) -> bytes:
    """The parameters of SGR for the underline's colour in a style, in the form with colons; b"" for the default."""
    found = _UNDERLINE_COLOR.search(style)
    return (b"58:5:" if found[1] else b"58:2::") + found[2].replace(b";", b":") if found else b""


# ---------------------------------------------------------------- repetitions

_CONTROLS: Final = rb"\x00-\x17\x19\x1c-\x1f"
"""Controls within a sequence: each is executed, and the sequence continues."""

_REPETITION: Final = re.compile(rb"\x1b[%s]*\[([0-9%s]+)b" % (_CONTROLS, _CONTROLS))
_REPETITION_CONTINUES: Final = re.compile(rb"[\[0-9%s]*b" % _CONTROLS)
_ALL_CONTROLS: Final = bytes(range(0x20))
_MAX_DIGITS: Final = 9
_EXACT_LENGTHS: Final = 8


def _repetition_over(maximum: int) -> re.Pattern[bytes]:
    """A pattern for the last byte of a possible REP of more than ``maximum``; it searches for "b", not for each ESC."""
    min_digits = len(str(maximum))
    number = rb"[0-9%s]" % _CONTROLS
    exact = b"|".join(
        rb"(?<=\[%s{%d}b)" % (number, length) for length in range(min_digits, min_digits + _EXACT_LENGTHS)
    )
    longer = rb"(?<=%s{%d}b)" % (number, min_digits + _EXACT_LENGTHS)
    # The cheapest check comes first: most letters follow another one.
    return re.compile(rb"b(?<=%sb)(?<=%sb)(?:%s|%s)" % (number, number * min_digits, exact, longer))


class _Repetitions:
    """REP in one terminal's output."""

    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal

    def set_columns(self, columns: int) -> None:
        """Set the grid's width, on which the limit depends."""
        self._max_repetitions = columns * MAX_REPEATED_ROWS
        self._repetition_over = _repetition_over(self._max_repetitions).search

    def limit(self, data: bytes, *, is_ground: bool) -> bytes:
        """Limit the repetitions of REP in output; ``is_ground``: whether no sequence is open before it."""
        if not is_ground and (rest := _REPETITION_CONTINUES.match(data)):
            before = allocated(lib.ghostty_terminal_continuation_alloc, self._terminal)
            found = _REPETITION.fullmatch(before + rest[0])
            if found and self._repeats_too_often(found[1]):
                # CAN makes the library forget the digits that it has already.
                data = b"\x18" + self._limited(rest[0]) + data[rest.end() :]
        if self._repetition_over(data):
            data = _REPETITION.sub(
                lambda found: self._limited(found[0]) if self._repeats_too_often(found[1]) else found[0], data
            )
        return data

    def _repeats_too_often(self, number: bytes) -> bool:
        """Whether REP with this number, perhaps with controls in it, repeats too much."""
        digits = number.translate(None, _ALL_CONTROLS).lstrip(b"0")
        return len(digits) > _MAX_DIGITS or int(digits or b"0") > self._max_repetitions

    def _limited(self, repetition: bytes) -> bytes:
        """REP with the maximum number; controls in it stay."""
        controls = repetition.translate(None, b"\x1b[0123456789b")
        return b"\x1b[%s%db" % (controls, self._max_repetitions)
