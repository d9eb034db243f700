"""A click into a shell's command line moves the shell's cursor there, by arrow keys, as in kitty."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final

from gui.terminal.input_sink import InputSink
from session_host.protocol.values import KeyAction
from session_host.terminal.base import Emulator
from session_host.terminal.rows import RGB, Attribute, Row, Style
from session_host.terminal.text import begins_wide, filled

_MAX_KEYS: Final = 2000
_RIGHT_PROMPT_GAP: Final = 8
"""After so many blanks, what is at the right is a prompt there, and not the command."""

_BRIGHT_BLACK: Final = 8
_GREYS: Final = range(232, 256)
_GREY_SPREAD: Final = 32
"""The parts of a colour that looks grey differ by no more."""

_Cell = tuple[int, int]
"""A row and a column."""


def move_cursor_to(emulator: Emulator, sink: InputSink, column: int, row: int) -> None:
    """Send the arrow keys that move the cursor to a cell of the screen, if that is in the command line."""
    steps = steps_to(emulator, column, row)
    key = "ArrowRight" if steps > 0 else "ArrowLeft"
    for _ in range(min(abs(steps), _MAX_KEYS)):
        sink.key(key, "", 0, KeyAction.PRESS)


def steps_to(emulator: Emulator, column: int, row: int) -> int:
    """How many characters a cell of the screen is to the right of the cursor; negative to the left.

    0 for a cell outside of the input's line with the cursor, and if no shell waits at a prompt with marked input.
    """
    prompt = next(iter(emulator.prompts(last_only=True)), None)
    if prompt is None or prompt.output is not None or not prompt.inputs or emulator.modes.alternate_screen:
        return 0
    top = prompt.row - emulator.scrollback_rows
    begins = [(top + below, begin) for below, begin in prompt.inputs]
    cursor, target = (emulator.cursor.row, emulator.cursor.column), (row, column)
    number = bisect_right(begins, cursor) - 1
    if number < 0 or begins[number][0] < 0 or target < begins[number]:
        return 0
    cells, last_row = _characters(emulator.rows(), begins[number], cursor, emulator.size.columns)
    if max(cursor[0], row) > last_row:
        return 0
    positions = [position for position, _ in cells]
    start = bisect_left(positions, cursor)
    steps = min(bisect_right(positions, target) - 1, _end(cells, start)) - start
    before = cells[start - 1][1] if start else None
    return 0 if steps > 0 and _is_suggestion(before, cells[start:]) else steps


def _characters(
    rows: list[Row], begin: _Cell, cursor: _Cell, columns: int
) -> tuple[list[tuple[_Cell, Style | None]], int]:
    """The first cell of each character of a line, with its style (None for a blank), and the line's last row.

    Args:
        rows: the screen's.
        begin: the line's first cell.
        cursor: the cursor, up to which blanks belong to the line.
        columns: the grid's columns.
    """
    cells: list[tuple[_Cell, Style | None]] = []
    number = begin[0]
    for number in range(begin[0], len(rows)):
        row = rows[number]
        goes_on = row.wrapped and number + 1 < len(rows)
        end = columns if goes_on else cursor[1] + 1 if number == cursor[0] else 0
        if goes_on and begins_wide(rows[number + 1]) and len(row.text()) < columns:
            end = columns - 1  # A wide character did not fit into the last cell.
        for run in filled(row, end).runs:
            for offset, character in enumerate(run.text[:1] if run.cluster else run.text):
                position = number, run.column + offset
                if position >= begin:
                    cells.append((position, None if character == " " else run.style))
        if not goes_on:
            break
    # The last one is the position behind the line.
    cells.append(((number, cells[-1][0][1] + 1 if cells else begin[1]), None))
    return cells, number


def _end(cells: list[tuple[_Cell, Style | None]], start: int) -> int:
    """The index behind the last character of the input; it is not before ``start``, where the cursor is."""
    end, gap = start, 0
    for index in range(start, len(cells)):
        gap = gap + 1 if cells[index][1] is None else 0
        if gap >= _RIGHT_PROMPT_GAP:
            break
        if not gap:
            end = index + 1
    return end


def _is_suggestion(before: Style | None, cells: list[tuple[_Cell, Style | None]]) -> bool:
    """Whether the text after the cursor is a shell's suggestion: it is grey, and the text before it is not.

    An arrow key would accept the suggestion.
    """
    style = next((style for _, style in cells if style is not None), None)
    return style is not None and style != before and _is_grey(style)


def _is_grey(style: Style) -> bool:
    color = style.foreground
    if color >= RGB:
        parts = color.to_bytes(4, "big")[1:]
        return max(parts) - min(parts) <= _GREY_SPREAD
    return color == _BRIGHT_BLACK or color in _GREYS or bool(style.attributes & Attribute.DIM)
