"""Escape sequences that rebuild a terminal's state in any engine.

The module reads as much of the state as the library allows. The library cannot read saved cursors, the inactive screen
and the stack of keyboard flags. For these, the module copies the terminal through the binary form, and feeds sequences
to the copy that make the state readable.

The order matters: text is written under the modes of a fresh terminal, then modes are set, and the cursor comes last,
since nearly everything moves it.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from session_host.protocol.values import GridSize
from session_host.terminal.base import Cursor, Emulator, Modes
from session_host.terminal.commands import CommandLog
from session_host.terminal.images.graphics import ReplayedImages
from session_host.terminal.prompts import SavedPrompt, moved, replayed_marks
from session_host.terminal.rows import Row
from session_host.terminal.text import cell_at, positioned_rows, scrolled_rows

from . import snapshot
from .cells import GridReader
from .frame import ProgramColors
from .library.calls import Getter, allocated, formatted_extras, lib, mode
from .modes import MOUSE_ENCODINGS, MOUSE_TRACKINGS
from .stream import Stream

# fmt: off
_MODES: Final = (
    1, 5, 8, 9, 40, 45, 66, 67, 1000, 1002, 1003, 1004, 1005, 1015, 1006, 1007, 1016,
    1035, 1036, 1039, 1045, 2004, 2026, 2027, 2031, 2033, 2048, 5522, 25,
)
"""DEC modes that do not change how text is written; the last mouse encoding wins."""
# fmt: on

_SET_BY_DEFAULT: Final = frozenset((7, 25, 1007, 1035, 1036, 2027))
_LATE_MODES: Final = ((7, False), (4, True), (12, True), (20, True))
"""Modes that change how text is written, set at the very end. Pairs of number and whether it is an ANSI mode."""

_MARGIN_MODE, _ORIGIN_MODE = 69, 6
_KITTY_STACK_DEPTH = 8
_PLAIN_PEN: Final = b'\x1b[0m\x1b]8;;\x1b\\\x1b[0"q\x1b(B\x1b)B\x1b*B\x1b+B\x0f'
_BLINKING_BLOCK: Final = 1
_MARGIN: Final = re.compile(rb"\x1b\[(\d+);\d+([rs])")


class _Pen(NamedTuple):
    """A cursor's position and the attributes that it writes with."""

    column: int
    row: int
    pending_wrap: bool
    origin: bool
    style: bytes
    """Sequences for style, link, protection and character sets."""


class _Margins(NamedTuple):
    """The scroll region."""

    on: bytes
    off: bytes
    top: int
    left: int


class _ActiveScreen:
    """The readable state of one terminal's active screen."""

    def __init__(self, terminal: Any) -> None:
        self.terminal = terminal
        self._column = Getter(terminal, "CURSOR_X", "uint16_t")
        self._row = Getter(terminal, "CURSOR_Y", "uint16_t")
        self._pending = Getter(terminal, "CURSOR_PENDING_WRAP", "bool")
        self._flags = Getter(terminal, "KITTY_KEYBOARD_FLAGS", "uint8_t")

    def feed(self, data: bytes) -> None:
        lib.ghostty_terminal_vt_write(self.terminal, data, len(data))

    def pen(self, style: bytes | None = None, *, link: bool = False) -> _Pen:
        """The cursor. To read its style, the screen's first cell must be blank; a saved cursor has no link."""
        if style is None:
            style = _PLAIN_PEN + self.extras(style=True, hyperlink=link, protection=True, charsets=True)
        origin = mode(self.terminal, _ORIGIN_MODE)
        return _Pen(int(self._column()), int(self._row()), bool(self._pending()), origin, style)

    def kitty_stack(self) -> bytes:
        """The keyboard flags, bottom first; this empties the terminal's stack."""
        flags: list[int] = []
        for _ in range(_KITTY_STACK_DEPTH):
            flags.append(int(self._flags()))
            self.feed(b"\x1b[<u")
        while flags and not flags[-1]:
            flags.pop()
        return b"".join(b"\x1b[>%du" % flag for flag in reversed(flags))

    def margins(self) -> _Margins:
        sequences = self.extras(scrolling_region=True)
        sides = mode(self.terminal, _MARGIN_MODE)
        found = {final: int(first) - 1 for first, final in _MARGIN.findall(sequences)}
        return _Margins(
            (b"\x1b[?69h" if sides else b"") + sequences,
            b"\x1b[?6l\x1b[r" + (b"\x1b[?69l" if sides else b""),
            found.get(b"r", 0),
            found.get(b"s", 0),
        )

    def extras(self, **chosen: bool) -> bytes:
        """The formatter's own sequences for parts of the state, without text except the first cell's."""
        return formatted_extras(self.terminal, **chosen)


def replay(
    emulator: Emulator,
    terminal: Any,
    prompts: list[SavedPrompt],
    kept_rows: int | None,
    images: ReplayedImages,
    stream: Stream,
    *,
    has_history: bool,
) -> bytes:
    """Bytes that rebuild ``terminal``, the emulator's, in a fresh terminal of the same size.

    Args:
        emulator: the emulator.
        terminal: its terminal.
        prompts: the primary screen's, by stored rows.
        kept_rows: see ``PromptMarks``.
        images: those of both screens, by stored rows.
        stream: its stream, for the pushed titles and the mouse pointer's shapes.
        has_history: whether to rebuild the history.

    Raises:
        EngineFailure: an unfinished sequence is longer than the limit.
    """
    reader, columns, cursor = GridReader(terminal), emulator.size.columns, emulator.cursor
    rows = reader.read(reader.history_rows(), emulator.size.rows, keeps_marks=True)
    alternate = emulator.modes.alternate_screen
    continuation = allocated(lib.ghostty_terminal_continuation_alloc, terminal)
    cursor_pen = _ActiveScreen(terminal).pen(style=b"")
    data = memoryview(allocated(lib.ghostty_snapshot_encode_alloc, terminal))
    copied, _ = snapshot.decode(data, max(1, len(continuation)))
    try:
        copy = _ActiveScreen(copied)
        copy.feed(b"\x18\x1b[2J")
        margins = copy.margins()
        cursor_pen = cursor_pen._replace(style=copy.pen(link=True).style)
        settings = _settings(copy, cursor, emulator.title, stream.titles) + _mouse(terminal, emulator.modes)
        if level := emulator.modes.modify_other_keys:
            settings += b"\x1b[>4;%dm" % level
        stack = copy.kitty_stack()
        alternate_mode = next((number for number in (1049, 1047) if mode(copied, number)), 47)
        copy.feed(b"\x1b8")
        saved = copy.pen()
        parts = [images.transmissions.encode(), stream.pointers.replay(alternate=False).encode()]
        if alternate:
            settings += stream.pointers.replay(alternate=True).encode()
            primary = prompts, emulator.commands, kept_rows
            parts.append(
                _primary_screen(
                    copy, emulator.size, margins, alternate_mode, primary, images.primary, has_history=has_history
                )
            )
            parts.append(positioned_rows(rows, columns, images.alternate).encode("utf-8", "replace"))
        else:
            shown_rows = emulator.scrollback_rows if has_history else 0
            hidden = reader.history_rows() - shown_rows
            marks = replayed_marks([moved(prompt, -hidden) for prompt in prompts], emulator.commands, kept_rows)
            placed = {row - hidden: put for row, put in images.primary.items()}
            shown = [*reader.read(hidden, shown_rows, keeps_marks=True), *rows]
            parts.append(scrolled_rows(shown, columns, marks, placed).encode("utf-8", "replace"))
        parts.append(_save_cursor(saved, margins, rows))
        parts.append(settings)
        parts.append(stack)
        parts.append(margins.on)
        parts.append(_restore_pen(cursor_pen, margins, rows))
        for number, ansi in _LATE_MODES:
            value = mode(terminal, number, ansi)
            if value != (not ansi and number in _SET_BY_DEFAULT) and (number, ansi) != (12, True):
                parts.append(b"\x1b[%s%d%s" % (b"" if ansi else b"?", number, b"h" if value else b"l"))
        parts += [images.unfinished.encode(), stream.sequences.replayed() or continuation]
        return b"".join(parts)
    finally:
        lib.ghostty_terminal_free(copied)


def _primary_screen(
    copy: _ActiveScreen,
    size: GridSize,
    margins: _Margins,
    alternate_mode: int,
    prompts: tuple[list[SavedPrompt], CommandLog, int | None],
    images: dict[int, str],
    *,
    has_history: bool,
) -> bytes:
    """The primary screen while the alternate one is active, and the switch to the alternate one."""
    copy.feed(b"\x1b[?47l\x1b8")
    cursor = copy.pen(style=b"")
    reader = GridReader(copy.terminal)
    first = 0 if has_history else reader.history_rows()
    rows = reader.read(first, reader.history_rows() - first + size.rows, keeps_marks=True)
    saved_prompts, commands, kept_rows = prompts
    marks = replayed_marks([moved(prompt, -first) for prompt in saved_prompts], commands, kept_rows)
    copy.feed(b"\x1b[2J")
    saved = cursor._replace(style=copy.pen().style)
    on_screen = rows[-size.rows :]
    return b"".join(
        (
            scrolled_rows(rows, size.columns, marks, images).encode("utf-8", "replace"),
            _save_cursor(saved, margins, on_screen),
            copy.kitty_stack(),
            # 1049 saves the cursor again, so it must be in its saved position.
            b"\x1b8" if alternate_mode == 1049 else b"",
            b"\x1b[?%dh" % alternate_mode,
            margins.off,
            _PLAIN_PEN,
        )
    )


def _settings(copy: _ActiveScreen, cursor: Cursor, title: str, titles: list[str]) -> bytes:
    """Modes, colours, tab stops and title: the state of the terminal without its screens."""
    terminal = copy.terminal
    parts: list[bytes] = []
    for number in _MODES:
        value = mode(terminal, number)
        if value != (number in _SET_BY_DEFAULT):
            parts.append(b"\x1b[?%d%s" % (number, b"h" if value else b"l"))
    parts += [b"\x1b]%s;%s\x1b\\" % each for each in ProgramColors(terminal).as_set()]
    parts.append(copy.extras(tabstops=True))
    parts.append(copy.extras(keyboard=True, pwd=True))
    if cursor.style != _BLINKING_BLOCK:
        parts.append(b"\x1b[%d q" % cursor.style)
    parts.extend(b"\x1b]2;%s\x1b\\\x1b[22t" % pushed.encode("utf-8", "replace") for pushed in titles)
    if title or titles:
        parts.append(b"\x1b]2;%s\x1b\\" % title.encode("utf-8", "replace"))
    return b"".join(parts)


def _mouse(terminal: Any, modes: Modes) -> bytes:
    """The current mouse mode: the last one set; none, if that was reset."""
    parts: list[bytes] = []
    for numbers, name in ((MOUSE_TRACKINGS, modes.mouse), (MOUSE_ENCODINGS, modes.mouse_encoding)):
        if not any(mode(terminal, number) for number, _ in numbers):
            continue
        in_force = [number for number, known in numbers if known == name]
        unused = next((number for number, _ in numbers if not mode(terminal, number)), 0)
        if in_force:
            parts.append(b"\x1b[?%dh" % in_force[0])
        elif unused:
            parts.append(b"\x1b[?%dh\x1b[?%dl" % (unused, unused))
    return b"".join(parts)


def _restore_pen(pen: _Pen, margins: _Margins, rows: list[Row]) -> bytes:
    """Move the cursor to its position with its attributes; the margins are set."""
    column, row = pen.column, pen.row
    cell = ""
    if pen.pending_wrap:
        # Only printing in the last column sets the pending wrap, so the cell there is printed again.
        column, cell = cell_at(rows[row], column) if row < len(rows) else (column, " ")
    if pen.origin:
        cursor = b"\x1b[?6h\x1b[%d;%dH" % (row - margins.top + 1, column - margins.left + 1)
    else:
        cursor = b"\x1b[%d;%dH" % (row + 1, column + 1)
    return cursor + _PLAIN_PEN + cell.encode() + pen.style if cell else cursor + pen.style


def _save_cursor(pen: _Pen, margins: _Margins, rows: list[Row]) -> bytes:
    """Save a cursor, and reset the current one."""
    return margins.on + _restore_pen(pen, margins, rows) + b"\x1b7" + margins.off + _PLAIN_PEN
