"""Helpers for tests of terminal engines: reading cells, comparing states, random output."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

from session_host.protocol.messages import Key, Mouse
from session_host.protocol.values import KeyAction, MouseAction, MouseButton
from session_host.terminal.base import Cursor, Emulator, Modes
from session_host.terminal.rows import PLAIN, Row, Style


class Cell(NamedTuple):
    """A visible character with its style and width."""

    text: str
    style: Style
    cells: int


def cell_at(row: Row, column: int) -> Cell:
    """The character at a column, a blank for an empty cell; both columns of a wide character give that character."""
    for run in row.runs:
        if run.column <= column < run.column + run.cells:
            if run.cluster:
                return Cell(run.text, run.style, run.cells)
            return Cell(run.text[column - run.column], run.style, 1)
    return Cell(" ", PLAIN, 1)


def texts(emulator: Emulator) -> list[str]:
    """The screen's rows as text."""
    return [row.text() for row in emulator.rows()]


def history_texts(emulator: Emulator) -> list[str]:
    """The rows of the history as text."""
    return [row.text() for row in emulator.history(0, emulator.scrollback_rows)]


class VisibleState(NamedTuple):
    """The visible state of an emulator."""

    rows: list[tuple[object, ...]]
    history: list[tuple[object, ...]]
    cursor: Cursor
    modes: Modes
    title: str


def looks(row: Row) -> tuple[object, ...]:
    """A row's appearance, independent of its division into runs and without trailing plain blanks."""
    columns = max((run.column + run.cells for run in row.runs), default=0)
    cells: list[object] = []
    column = 0
    while column < columns:
        cell = cell_at(row, column)
        cells.append((column, *cell))
        column += cell.cells
    while cells and cells[-1] == (len(cells) - 1, " ", PLAIN, 1):
        cells.pop()
    plain = [cell for cell in cells if not (isinstance(cell, tuple) and cell[1:] == (" ", PLAIN, 1))]
    return (*plain, row.wrapped)


def visible_state(emulator: Emulator) -> VisibleState:
    """Read the visible state of an emulator; the damage is not consumed."""
    return VisibleState(
        [looks(row) for row in emulator.rows()],
        [looks(row) for row in emulator.history(0, emulator.scrollback_rows)],
        emulator.cursor,
        emulator.modes,
        emulator.title,
    )


def key(name: str, text: str = "", modifiers: int = 0, action: KeyAction = KeyAction.PRESS) -> Key:
    """A key event without an attachment."""
    return Key("", 0, name, text, modifiers, action)


def mouse(action: MouseAction, button: MouseButton, column: int, row: int, modifiers: int = 0) -> Mouse:
    """A mouse event without an attachment."""
    return Mouse("", 0, action, button, column, row, modifiers)


_NUMBER = st.sampled_from(["", "0", "1", "2", "3", "7", "15", "200"])
_WORDS = [
    "hello",
    "two words",
    "\r\n",
    "\n",
    "\r",
    "\t",
    "\b",
    "漢字",
    "é",
    "e\u0301",
    "👨\u200d👩\u200d👧",
    "⚠\ufe0f",
    "🇩🇪",
    "|",
]
_FIXED = [
    "\x1b7",
    "\x1b8",
    "\x1bM",
    "\x1bD",
    "\x1bE",
    "\x1bH",
    "\x1b[3g",
    "\x1bc",
    "\x1b(0",
    "\x1b(B",
    "\x0e",
    "\x0f",
    "\x1b)0",
    "\x1b[?1049h",
    "\x1b[?1049l",
    "\x1b[?1047h",
    "\x1b[?1047l",
    "\x1b[?47h",
    "\x1b[?47l",
    "\x1b[?7l",
    "\x1b[?7h",
    "\x1b[?6h",
    "\x1b[?6l",
    "\x1b[4h",
    "\x1b[4l",
    "\x1b[20h",
    "\x1b[20l",
    "\x1b[?25l",
    "\x1b[?25h",
    "\x1b[?1h",
    "\x1b[?1l",
    "\x1b[?2004h",
    "\x1b[?2004l",
    "\x1b[?1000h",
    "\x1b[?1006h",
    "\x1b[?1004h",
    "\x1b[?2026h",
    "\x1b[?2026l",
    "\x1b[?5h",
    "\x1b[?5l",
    "\x1b=",
    "\x1b>",
    "\x1b[0m",
    "\x1b[1;31m",
    "\x1b[38;5;200m",
    "\x1b[48;2;1;2;3m",
    "\x1b[4:3m",
    "\x1b[7m",
    "\x1b[44m",
    "\x1b[22;39m",
    "\x1b]2;a title\x07",
    "\x1b]0;other\x1b\\",
    "\x1b]8;;http://a.example/\x1b\\",
    "\x1b]8;;\x1b\\",
    "\x1b]10;#a0b0c0\x07",
    "\x1b]4;3;#112233\x07",
    "\x1b[>1u",
    "\x1b[<u",
    "\x1b[=5;1u",
    "\x1b[5 q",
    "\x1b[0 q",
    "\x1b[c",
    "\x1b[6n",
    "\x1b[5n",
    "\x1b[?u",
    "\x1b]11;?\x07",
    "\x07",
    "\x1b]9;note\x07",
    "\x1b]99;i=1;part\x1b\\",
    "\x1bP$qm\x1b\\",
    "\x1b_ignored\x1b\\",
    "\x1b[2;",
    "\x1b]2;unfinished",
    "\x1b]133;A\x07",
    "\x1b]133;C;cmdline_url=x\x1b\\",
    "\x1b]133;D;1\x07",
    "\x1b[9b",
    "\x1b[999b",
    "\x1b[9\r99b",
    "\x7f",
    "\x1b",
]
_COUNTED = "ABCDEFGHIJKLMPSTXZ@d`"


def fragments() -> st.SearchStrategy[bytes]:
    """A piece of a program's output: text, an escape sequence, half a sequence, or random bytes."""
    counted = st.tuples(_NUMBER, st.sampled_from(_COUNTED)).map(lambda pair: f"\x1b[{pair[0]}{pair[1]}")
    placed = st.tuples(_NUMBER, _NUMBER, st.sampled_from("Hr")).map(lambda t: f"\x1b[{t[0]};{t[1]}{t[2]}")
    text = st.one_of(st.sampled_from(_WORDS), st.sampled_from(_FIXED), counted, placed).map(str.encode)
    return st.one_of(text, text, text, st.binary(min_size=1, max_size=4))


def outputs(most: int = 40) -> st.SearchStrategy[bytes]:
    """A program's output: up to ``most`` fragments."""
    return st.lists(fragments(), max_size=most).map(b"".join)
