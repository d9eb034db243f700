"""A recording as lines: everything that scrolled off the screen, then the screen.

The output goes through an emulator; its history is read and emptied repeatedly, so that its limit does not matter. Text
that a program clears from its screen is lost, as in any terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from session_host.storage.journal import Output, Resize
from session_host.terminal.rows import PLAIN, Row, row_text
from session_host.terminal.text import begins_wide, filled
from session_host.terminal.unfinished import finished_length

from .recording import Gap, GapKind, Recording, RestoredState, Step, Terminal

Line = list[Row]
"""The rows of one logical line: all but the last are soft-wrapped, and filled up to their last cell."""

_HISTORY_LINES: Final = 200_000
_READ_ROWS: Final = 4_000
"""The number of history rows to read at once."""

_PIECE_BYTES: Final = 64 * 1024
"""Output is fed in pieces of this size: even line feeds alone give fewer rows than the history holds."""

_CLEAR_HISTORY: Final = b"\x1b[3J"
_LEAVE_ALTERNATE_SCREEN: Final = b"\x18\x1b[?1049l\x1b[?1047l\x1b[?47l"

_HIDES: Final = re.compile(rb"\x1b(?:\[3J|c|\[\?[0-9;]*(?:47|1049)h)")
"""A sequence with which the program empties the history, or hides it by the alternate screen."""


_Part = Row | Gap | None
"""None marks a position where no line continues."""


def lines_of(recording: Recording) -> Iterator[Line | Gap]:
    """All lines of a recording, including the last screen, without blank lines at the end."""
    history = _History(recording)
    try:
        yield from _without_trailing_blanks(_joined(_without_wrap_blanks(history.rows(recording.steps()))))
    finally:
        history.close()


class _History:
    """Reads rows as they scroll off the screen."""

    def __init__(self, recording: Recording) -> None:
        self._terminal = Terminal(recording, _HISTORY_LINES)
        self._read_rows = 0
        """How many rows of the emulator's history were read and are still in it."""
        self._unfinished = b""
        """The end of the output so far, which waits for the rest of its sequence: a resize may come in between."""
        self._fed = False

    def close(self) -> None:
        self._terminal.close()

    def rows(self, steps: Iterator[Step]) -> Iterator[_Part]:
        """Yield the rows, and the gaps between them."""
        for step in steps:
            match step:
                case Output(data=data):
                    data = self._finished(data)
                    start = 0
                    for found in _HIDES.finditer(data):
                        yield from self._interpret(data[start : found.start()])
                        yield from self._pop_rows()
                        self._clear_history()
                        start = found.start()
                    yield from self._interpret(data[start:])
                    self._fed = True
                case Resize(size=size, cell=cell):
                    yield from self._pop_rows()
                    self._clear_history()
                    self._terminal.resize(size, cell)
                    if not self._is_hidden():
                        self._read_rows = min(self._read_rows, self._history_rows())
                case Gap(kind=GapKind.END):
                    yield from self._last()
                    yield step
                    return
                case Gap():
                    yield from self._interpret_unfinished()
                    yield from self._pop_rows()
                    self._terminal.skip_gap()
                    yield step
                case RestoredState(snapshot=snapshot):
                    if self._terminal.restore(snapshot):
                        # At the beginning, the history is all that is left of the earlier lines.
                        self._read_rows = self._history_rows() if self._fed else 0
        yield from self._last()

    def _interpret(self, data: bytes) -> Iterator[Row]:
        offset = 0
        while offset < len(data):
            end = offset + _PIECE_BYTES
            if end < len(data):
                end = data.rfind(b"\n", offset, end) + 1 or end
            self._terminal.feed(data[offset:end])
            if self._history_rows() - self._read_rows >= _READ_ROWS:
                yield from self._pop_rows()
                self._clear_history()
            offset = end

    def _finished(self, data: bytes) -> bytes:
        """Add output to what waits; returns it up to its last unfinished sequence, which waits."""
        data = self._unfinished + data
        length = finished_length(data)
        self._unfinished = data[length:]
        return data[:length]

    def _interpret_unfinished(self) -> Iterator[Row]:
        data, self._unfinished = self._unfinished, b""
        yield from self._interpret(data)

    def _pop_rows(self) -> Iterator[Row]:
        if self._is_hidden():
            return
        rows = self._history_rows()
        if rows < self._read_rows:
            self._read_rows = 0  # The program has emptied the history.
        while self._read_rows < rows:
            rows_read = self._terminal.emulator.history(self._read_rows, min(_READ_ROWS, rows - self._read_rows))
            if not rows_read:
                break
            self._read_rows += len(rows_read)
            yield from self._filled(rows_read)

    def _clear_history(self) -> None:
        if self._read_rows and self._terminal.emulator.is_ground() and not self._is_hidden():
            self._terminal.feed(_CLEAR_HISTORY)
            self._read_rows = 0

    def _last(self) -> Iterator[_Part]:
        """Yield the rest of the history, the primary screen, and after it the alternate screen if that is shown."""
        yield from self._interpret_unfinished()
        alternate: list[Row] = []
        if self._is_hidden():
            alternate = list(self._filled(self._terminal.emulator.rows()))
            self._terminal.feed(_LEAVE_ALTERNATE_SCREEN)
        yield from self._pop_rows()
        yield from self._filled(self._terminal.emulator.rows())
        yield None
        yield from alternate

    def _filled(self, rows: list[Row]) -> Iterator[Row]:
        """Fill soft-wrapped rows with blanks to their end: the next word begins after them."""
        columns = self._terminal.emulator.size.columns
        return (filled(row, columns) if row.wrapped else row for row in rows)

    def _is_hidden(self) -> bool:
        return self._terminal.emulator.modes.alternate_screen

    def _history_rows(self) -> int:
        return self._terminal.emulator.scrollback_rows


def _joined(rows: Iterator[_Part]) -> Iterator[Line | Gap]:
    line: Line = []
    for row in rows:
        if isinstance(row, Row):
            line.append(row)
            if row.wrapped:
                continue
        if line:
            yield line
            line = []
        if isinstance(row, Gap):
            yield row
    if line:
        yield line


def _without_wrap_blanks(parts: Iterator[_Part]) -> Iterator[_Part]:
    """Remove the blank in a row's last cell if a wide character did not fit there and is in the next row."""
    held: _Part = None
    for part in parts:
        if isinstance(held, Row) and held.wrapped and isinstance(part, Row) and begins_wide(part):
            last = held.runs[-1]
            if last.text == " " and last.style == PLAIN:
                held = held._replace(runs=held.runs[:-1])
        if held is not None:
            yield held
        if part is None:
            yield None
        held = part
    if held is not None:
        yield held


def _is_blank(row: Row) -> bool:
    return all(run.style == PLAIN and not run.text.strip(" ") for run in row.runs)


def _without_trailing_blanks(lines: Iterator[Line | Gap]) -> Iterator[Line | Gap]:
    blank: list[Line] = []
    for line in lines:
        if not isinstance(line, Gap) and all(map(_is_blank, line)):
            blank.append(line)
            continue
        if not (isinstance(line, Gap) and line.kind is GapKind.END):
            yield from blank
        blank.clear()
        yield line


CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")


def text_of(recording: Recording) -> Iterator[str]:
    """The recording as plain text: yield it line by line, without trailing blanks."""
    for line in lines_of(recording):
        text = f"[{line}]" if isinstance(line, Gap) else CONTROLS.sub(" ", "".join(map(row_text, line))).rstrip(" ")
        yield f"{text}\n"
