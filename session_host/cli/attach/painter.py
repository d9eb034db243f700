"""Writes a replica's rows to the outer terminal.

No byte of the program passes through: the painter generates its output from cells and styles, with a few sequences that
every current terminal supports, and never sends a query.

Pure: frames in, bytes out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise

from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import GridSize
from session_host.terminal.base import Cursor, Frame, Modes
from session_host.terminal.rows import DEFAULT_COLOR, Attribute, Color, Row, Run, Style
from session_host.terminal.text import style_change, web_link

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
_BEGIN_FRAME, _END_FRAME = "\x1b[?2026h", "\x1b[?2026l"
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_KEYS = 5
"""Flags of the kitty keyboard protocol: 1 distinguishes Shift+Enter from Enter and the like; 4 adds the US layout's
character of the key, without which Ctrl+C of a Cyrillic layout would be no Ctrl+C.
"""
_PUSH_KEYS, _SET_KEYS, _POP_KEYS = f"\x1b[>{_KEYS}u", f"\x1b[={_KEYS}u", "\x1b[<u"
_OTHER_KEYS, _NO_OTHER_KEYS = "\x1b[>4;2m", "\x1b[>4m"
"""xterm's modifyOtherKeys does the same in terminals without that protocol; the protocol goes before it."""
_ALTERNATE = "\x1b[?1049h"
_WRAP, _NO_WRAP = "\x1b[?7h", "\x1b[?7l"
"""Text never wraps here."""
_ENTER = f"{_NO_WRAP}\x1b[?2004h\x1b[?1004h\x1b[0m\x1b[2J"
_SAVE_WHEEL, _RESTORE_WHEEL = "\x1b[?1007s", "\x1b[?1007h\x1b[?1007r"
"""Alternate scrolling, by which the wheel types arrow keys; terminals that cannot save a mode have it by default."""
_WHEEL, _NO_WHEEL = "\x1b[?1007h", "\x1b[?1007l"
_LEAVE = "\x1b[?1004l\x1b[?2004l\x1b[?7h\x1b[0m\x1b[0 q\x1b[?25h\x1b[?1049l"
_NO_MOUSE = "\x1b[?1003l\x1b[?1002l\x1b[?1000l\x1b[?1006l"
_MOUSE = {
    "none": _NO_MOUSE,
    "press": f"{_NO_MOUSE}\x1b[?1000h\x1b[?1006h",
    "press_release": f"{_NO_MOUSE}\x1b[?1000h\x1b[?1006h",
    "button_motion": f"{_NO_MOUSE}\x1b[?1002h\x1b[?1006h",
    "any_motion": f"{_NO_MOUSE}\x1b[?1003h\x1b[?1006h",
}
_NOTICE_STYLE = "\x1b[0;7m"
_INVERSE = int(Attribute.INVERSE)


class Painter:
    """Keeps the outer terminal's contents and writes the differences.

    The outer terminal may be smaller than the session's grid, which may have another viewer's size; the painter then
    shows the part with the cursor's row.
    """

    def __init__(self, size: GridSize, encoding: str = "utf-8", *, keyboard: bool = False, links: bool = False) -> None:
        """Begin with an empty screen.

        Args:
            size: the outer terminal's size.
            encoding: the encoding of the output.
            keyboard: whether to ask the outer terminal to report each key with its modifiers; terminals that cannot do
                so ignore it.
            links: whether the outer terminal understands links (OSC 8), or ignores them.
        """
        self._size = size
        self._encoding = encoding
        self._keyboard = keyboard
        self._links = links
        self._rows: dict[int, Row] = {}
        self._grid = size
        self._cursor: Cursor | None = None
        self._shown_style = 0
        self._modes = Modes()
        self._foreground: Color = DEFAULT_COLOR
        self._background: Color = DEFAULT_COLOR
        self._palette: dict[int, Color] = {}
        self._top = 0
        self._notice = ""

    @property
    def top(self) -> int:
        """The grid row in the outer terminal's first line."""
        return self._top

    def enter(self, *, again: bool = False) -> bytes:
        """Switch to the alternate screen, and enable the reports that the program needs.

        Args:
            again: the terminal was not restored, but another program may have changed its screen.
        """
        self._shown_style = 0
        modes, self._modes = self._modes, Modes()
        # Set keyboard flags after switching screens, since each screen has its own stack of them, and before resetting
        # the style, since some terminals take modifyOtherKeys for a style.
        keyboard = f"{_SET_KEYS if again else _PUSH_KEYS}{_OTHER_KEYS}" if self._keyboard else ""
        wheel = _NO_WHEEL if again else f"{_SAVE_WHEEL}{_NO_WHEEL}"
        return f"{_ALTERNATE}{keyboard}{_ENTER}{wheel}{self._mode_changes(modes)}".encode()

    def leave(self) -> bytes:
        """Restore the previous screen, and disable everything that the program had enabled."""
        keyboard = f"{_POP_KEYS}{_NO_OTHER_KEYS}" if self._keyboard else ""
        reverse = "\x1b[?5l" if self._modes.reverse_screen else ""
        return f"{_END_FRAME}{_NO_MOUSE}{keyboard}{reverse}{_RESTORE_WHEEL}{_LEAVE}".encode()

    def resize(self, size: GridSize) -> bytes:
        """The outer terminal's size has changed."""
        self._size = size
        return self._screen(range(size.rows))

    def notice(self, text: str) -> bytes:
        """Show a message over the last line; "" removes it."""
        if text == self._notice:
            return b""
        self._notice = text
        return self._screen([self._size.rows - 1])

    def paint(self, frame: Frame, modes: Modes) -> bytes:
        """Paint the changed rows of a frame; returns b"" if the terminal shows it already."""
        colors = (frame.foreground, frame.background, frame.palette)
        everything = frame.full or colors != (self._foreground, self._background, self._palette)
        everything = everything or frame.size != self._grid
        if frame.full:
            self._rows.clear()
        self._rows.update(frame.rows)
        previous, self._cursor = self._cursor, frame.cursor
        self._grid = frame.size
        self._foreground, self._background = frame.foreground, frame.background
        self._palette = dict(frame.palette)
        top = self._top_row()
        if top != self._top:
            self._top, everything = top, True
        modes_text = self._mode_changes(modes)
        dirty = range(self._size.rows) if everything else sorted(row - top for row in frame.rows)
        if not (dirty or modes_text) and frame.cursor == previous and self._shown_style:
            return b""
        return self._screen(dirty, modes_text)

    # ------------------------------------------------------------ parts

    def _top_row(self) -> int:
        """The grid row for the first line."""
        if self._grid.rows <= self._size.rows or self._cursor is None:
            return 0
        return min(max(0, self._cursor.row - self._size.rows + 1), self._grid.rows - self._size.rows)

    def _screen(self, lines: range | list[int], before: str = "") -> bytes:
        """Lines of the outer terminal, then the cursor, as one synchronized frame."""
        parts = [_BEGIN_FRAME, _HIDE_CURSOR, before]
        last = self._size.rows - 1
        for line in lines:
            if 0 <= line <= last:
                parts.append(f"\x1b[{line + 1};1H")
                if line == last and self._notice:
                    parts.append(self._notice_line())
                else:
                    parts.append(self._line(self._rows.get(line + self._top)))
        parts.append(self._cursor_text())
        parts.append(_END_FRAME)
        return "".join(parts).encode(self._encoding, "replace")

    def _line(self, row: Row | None) -> str:
        """A whole line; the outer cursor is at its start, in any style."""
        columns = self._size.columns
        blank = Style(self._foreground, self._background)
        parts = ["\x1b[0m", style_change(Style(), blank)]
        style = blank
        column = 0
        runs: Iterable[Run] = row.runs if row is not None else ()
        if row is not None and row.selection is not None:
            runs = _selected(row.runs, *row.selection)
        for run in runs:
            clipped = _clip(run, columns)
            if clipped is None:
                break
            if clipped.column > column:
                parts += [style_change(style, blank), " " * (clipped.column - column)]
                style = blank
            effective = self._effective(clipped.style)
            column = clipped.column + clipped.cells
            text = _CONTROLS.sub(" ", clipped.text)
            if len(text) > 1 and clipped.cluster and column >= columns - 1:
                text = _at_the_edge(text, column == columns)
            parts += [style_change(style, effective), text]
            style = effective
            if not clipped.text.isascii() and column < columns:
                # Terminals disagree on the width of some characters; the text after them must not drift.
                parts.append(f"\x1b[{column + 1}G")
        if column < columns:
            parts.append(style_change(style, blank))
            # Erasing paints the background on most terminals; spaces do on all.
            parts.append("\x1b[K" if self._background == DEFAULT_COLOR else " " * (columns - column))
        elif style.link:
            parts.append(style_change(style, style._replace(link="")))
        return "".join(parts)

    def _effective(self, style: Style) -> Style:
        """The style with the colours that the program has redefined."""
        foreground, background = style.foreground, style.background
        return style._replace(
            foreground=self._foreground if foreground == DEFAULT_COLOR else self._palette.get(foreground, foreground),
            background=self._background if background == DEFAULT_COLOR else self._palette.get(background, background),
            link=web_link(style.link) if self._links else "",
        )

    def _notice_line(self) -> str:
        cells = self._size.columns
        shown = []
        for character in one_line(f" {self._notice} "):
            cells -= 2 if unicodedata.east_asian_width(character) in "WF" else 1
            if cells < 0:
                break
            shown.append(character)
        return f"{_NOTICE_STYLE}{''.join(shown)}\x1b[0m\x1b[K" if cells > 0 else f"{_NOTICE_STYLE}{''.join(shown)}"

    def _cursor_text(self) -> str:
        cursor = self._cursor
        if cursor is None or not cursor.visible:
            return ""
        line, column = cursor.row - self._top, cursor.column
        if not (0 <= line < self._size.rows and 0 <= column < self._size.columns):
            return ""
        text = f"\x1b[{line + 1};{column + 1}H"
        if cursor.style != self._shown_style:
            self._shown_style = cursor.style
            text += f"\x1b[{cursor.style} q"
        return text + _SHOW_CURSOR

    def _mode_changes(self, modes: Modes) -> str:
        """The sequences for changed modes that the outer terminal must report or show."""
        previous, self._modes = self._modes, modes
        parts = []
        if modes.mouse != previous.mouse:
            parts.append(_MOUSE[modes.mouse])
        if modes.reverse_screen != previous.reverse_screen:
            parts.append("\x1b[?5h" if modes.reverse_screen else "\x1b[?5l")
        if (types_arrows := _types_arrows(modes)) != _types_arrows(previous):
            parts.append(_WHEEL if types_arrows else _NO_WHEEL)
        return "".join(parts)


def _at_the_edge(text: str, is_last: bool) -> str:
    """The bytes for a cluster that ends in the last column, or in the one before it.

    While text does not wrap, tmux adds the rest of a cluster in the last column to the column before it. Combining
    marks take no cell in any terminal, so they may be written with wrapping. Ghostty adds what follows a character
    before the last column to that column, unless it is blank.
    """
    has_marks = all(unicodedata.category(mark) in {"Mn", "Me"} for mark in text[1:])
    return f"\x1b[K{_WRAP}{text}{_NO_WRAP}" if is_last and has_marks else f"\x1b[K{text}"


def _types_arrows(modes: Modes) -> bool:
    """Whether the wheel types arrow keys; at a prompt on the main screen, they would recall earlier inputs."""
    return modes.alternate_screen and modes.alternate_scroll


def _selected(runs: Iterable[Run], first: int, last: int) -> Iterator[Run]:
    """The runs, with the colours of the columns from ``first`` to ``last`` swapped."""
    column = 0
    for run in runs:
        begin, stop = max(column, first), min(run.column, last + 1)
        if begin < stop:
            yield Run(begin, stop - begin, " " * (stop - begin), Style(attributes=_INVERSE), cluster=False)
        column = end = run.column + run.cells
        if run.cluster:
            cuts = [run.column, end]
        else:
            cuts = [run.column, *(cut for cut in (first, last + 1) if run.column < cut < end), end]
        for begin, stop in pairwise(cuts):
            style = run.style
            if begin <= last and stop > first:
                style = style._replace(attributes=style.attributes ^ _INVERSE)
            text = run.text if run.cluster else run.text[begin - run.column : stop - run.column]
            yield Run(begin, stop - begin, text, style, run.cluster)


def _clip(run: Run, columns: int) -> Run | None:
    """The part of a run that fits; None if no cell does."""
    room = columns - run.column
    if room <= 0:
        return None
    if run.cells <= room:
        return run
    # A wide character that is cut leaves a blank, as at any terminal's edge.
    text = " " * room if run.cluster else run.text[:room]
    return run._replace(cells=room, text=text)
