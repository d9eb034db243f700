"""A recording as lines: everything that scrolled off the screen, then the screen.

The output goes through an emulator; its history is read and emptied repeatedly, so that its limit does not matter. Text
that a program clears from its screen is lost, as in any terminal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final, NamedTuple

from session_host.storage.journal import Output, Resize
from session_host.terminal.rows import PLAIN, Row, row_text
from session_host.terminal.sgr_lines import SgrLines
from session_host.terminal.text import begins_wide, filled
from session_host.terminal.unfinished import finished_length

from .recording import Gap, GapKind, Recording, RestoredState, Step, Terminal

_HISTORY_LINES: Final = 200_000
_READ_ROWS: Final = 4_000
"""The number of history rows to read at once."""

_END_ROWS: Final = 4
"""The number of rows to read at once at the end of a text, which rarely ends with blank ones."""

_MIN_TEXT_ROWS: Final = 1_000
"""More rows than any terminal's screen has (MAX_ROWS)."""

_PIECE_BYTES: Final = 64 * 1024
"""Output is fed in pieces of this size: even line feeds alone give fewer rows than the history holds."""

_CLEAR_HISTORY: Final = b"\x1b[3J"
_LEAVE_ALTERNATE_SCREEN: Final = b"\x18\x1b[?1049l\x1b[?1047l\x1b[?47l"

_HIDES: Final = re.compile(rb"\x1b(?:\[3J|c|\[\?[0-9;]*(?:47|1049)h)")
"""A sequence with which the program empties the history, or hides it by the alternate screen."""


class ScrolledText(NamedTuple):
    """The text of many rows that scrolled off, with soft wraps joined; faster to read than the rows."""

    text: str
    """Lines with line feeds; the last line has none if it continues."""


_Part = Row | ScrolledText | SgrLines | Gap | None
"""None marks a position where no line continues."""


def lines_of(recording: Recording) -> Iterator[list[Row] | SgrLines | Gap]:
    """All lines of a recording, including the last screen, without blank lines at the end; each as rows.

    Most are in ``SgrLines``, many at once.
    """
    history = _History(recording, as_text=False)
    try:
        yield from _without_trailing_blanks(_joined(_without_wrap_blanks(history.rows(recording.steps()))))
    finally:
        history.close()


def texts_of(recording: Recording) -> Iterator[str | Gap]:
    """All lines as text, in pieces that may begin and end within a line; with trailing blanks and blank lines."""
    history = _History(recording, as_text=True)
    try:
        line_is_open = False
        for part in _without_wrap_blanks(history.rows(recording.steps())):
            match part:
                case Row():
                    yield row_text(part) + ("" if part.wrapped else "\n")
                    line_is_open = part.wrapped
                case ScrolledText(text=text):
                    yield text
                    line_is_open = not text.endswith("\n")
                case _:
                    if line_is_open:
                        yield "\n"
                    line_is_open = False
                    if isinstance(part, Gap):
                        yield part
    finally:
        history.close()


class _History:
    """Reads rows as they scroll off the screen."""

    def __init__(self, recording: Recording, *, as_text: bool) -> None:
        self._terminal = Terminal(recording, _HISTORY_LINES)
        self._as_text = as_text
        """Whether to return many rows at once as ``ScrolledText``."""
        self._read_rows = 0
        """How many rows of the emulator's history were read and are still in it."""
        self._unfinished = b""
        """The end of the output so far, which waits for the rest of its sequence: a resize may come in between."""
        self._fed = False
        self._line_is_open = False
        """Whether the last row that was read is soft-wrapped."""

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

    def _interpret(self, data: bytes) -> Iterator[Row | ScrolledText | SgrLines]:
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

    def _interpret_unfinished(self) -> Iterator[Row | ScrolledText | SgrLines]:
        data, self._unfinished = self._unfinished, b""
        yield from self._interpret(data)

    def _pop_rows(self) -> Iterator[Row | ScrolledText | SgrLines]:
        if self._is_hidden():
            return
        rows = self._history_rows()
        if rows < self._read_rows:
            self._read_rows = 0  # The program has emptied the history.
        if not self._read_rows and rows >= _MIN_TEXT_ROWS:
            self._read_rows = rows
            yield from [self._scrolled_text(rows)] if self._as_text else self._sgr_lines(rows)
        while self._read_rows < rows:
            rows_read = self._terminal.emulator.history(self._read_rows, min(_READ_ROWS, rows - self._read_rows))
            if not rows_read:
                break
            self._read_rows += len(rows_read)
            self._line_is_open = rows_read[-1].wrapped
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

    def _sgr_lines(self, rows: int) -> Iterator[Row | SgrLines]:
        """The whole history, most of it as ``SgrLines``."""
        for part in self._terminal.emulator.sgr_history(0, rows, is_continued=self._line_is_open):
            self._line_is_open = isinstance(part, Row) and part.wrapped
            yield from self._filled([part]) if isinstance(part, Row) else [part]

    def _scrolled_text(self, rows: int) -> ScrolledText:
        """The whole history as text, from the engine's selection."""
        emulator = self._terminal.emulator
        columns, height = emulator.size.columns, emulator.size.rows
        emulator.scroll(-rows)
        emulator.select((0, 0), (0, 0), "cell")
        emulator.scroll(rows - height)
        emulator.extend_selection((columns - 1, height - 1))
        text = emulator.selected_text()
        emulator.clear_selection()
        emulator.scroll_to_bottom()
        # The selection leaves out blanks and blank rows at its end.
        text = text.rstrip("\n")
        end = ""
        for first in range(rows - _END_ROWS, -_END_ROWS, -_END_ROWS):
            for row in reversed(list(self._filled(emulator.history(max(first, 0), min(_END_ROWS, first + _END_ROWS))))):
                shown = row_text(row)
                line_end = "" if row.wrapped else "\n"
                if bare := shown.strip(" "):
                    if row.wrapped and (at := text.rfind(bare)) >= 0:
                        # A wide character that did not fit there is in the next row, and is no part of this text.
                        text = text[: at + len(bare)]
                    return ScrolledText(
                        text.rstrip(" ") + shown[len(shown.rstrip(" ")) :] * row.wrapped + line_end + end
                    )
                end = (shown if row.wrapped else "") + line_end + end
        return ScrolledText(end)

    def _filled(self, rows: list[Row]) -> Iterator[Row]:
        """Fill soft-wrapped rows with blanks to their end: the next word begins after them."""
        columns = self._terminal.emulator.size.columns
        return (filled(row, columns) if row.wrapped else row for row in rows)

    def _is_hidden(self) -> bool:
        return self._terminal.emulator.modes.alternate_screen

    def _history_rows(self) -> int:
        return self._terminal.emulator.scrollback_rows


def _joined(rows: Iterator[_Part]) -> Iterator[list[Row] | SgrLines | Gap]:
    line: list[Row] = []
    for row in rows:
        if isinstance(row, Row):
            line.append(row)
            if row.wrapped:
                continue
        if line:
            yield line
            line = []
        if isinstance(row, Gap | SgrLines):
            yield row
    if line:
        yield line


def _without_wrap_blanks(parts: Iterator[_Part]) -> Iterator[_Part]:
    """Remove the blank in a row's last cell if a wide character did not fit there and is in the next row."""
    held: _Part = None
    for part in parts:
        if _begins_wide(part):
            if isinstance(held, Row) and held.wrapped and held.runs[-1].text == " " and held.runs[-1].style == PLAIN:
                held = held._replace(runs=held.runs[:-1])
            elif isinstance(held, ScrolledText) and held.text.endswith(" ") and not held.text.endswith("  "):
                held = ScrolledText(held.text[:-1])
        if held is not None:
            yield held
        if part is None:
            yield None
        held = part
    if held is not None:
        yield held


def _begins_wide(part: _Part) -> bool:
    if isinstance(part, Row):
        return begins_wide(part)
    return isinstance(part, ScrolledText) and unicodedata.east_asian_width(part.text[:1] or " ") in "WF"


def _is_blank(row: Row) -> bool:
    return all(run.style == PLAIN and not run.text.strip(" ") for run in row.runs)


def _without_trailing_blanks(lines: Iterator[list[Row] | SgrLines | Gap]) -> Iterator[list[Row] | SgrLines | Gap]:
    blank: list[list[Row] | SgrLines] = []
    for line in lines:
        if isinstance(line, SgrLines):
            text = line.text.rstrip(" \n")
            if text:
                yield from blank
                blank.clear()
                yield SgrLines(text + "\n")
            blank += [[]] * (line.text.count("\n", len(text)) - bool(text))
            continue
        if not isinstance(line, Gap) and all(map(_is_blank, line)):
            blank.append(line)
            continue
        if not (isinstance(line, Gap) and line.kind is GapKind.END):
            yield from blank
        blank.clear()
        yield line


CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
_CONTROLS_BUT_LINE_FEEDS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def text_of(recording: Recording) -> Iterator[str]:
    """Yield the text in pieces of whole lines, without trailing blanks and without blank lines at the end."""
    unfinished: list[str] = []
    blank_lines = ""
    end = ""
    for part in texts_of(recording):
        if isinstance(part, Gap):
            piece = f"[{part}]\n"
            if part.kind is GapKind.END:
                blank_lines = end  # Without the blank lines of the last screen.
        elif not part.endswith("\n"):
            unfinished.append(part)
            continue
        else:
            unfinished.append(part)
            piece = _CONTROLS_BUT_LINE_FEEDS.sub(" ", "".join(unfinished))
            if " \n" in piece:
                piece = "\n".join([line.rstrip(" ") for line in piece.split("\n")])
            unfinished.clear()
        lines = piece.rstrip("\n")
        if lines:
            yield blank_lines
            yield lines
            blank_lines, end = "", "\n"
        blank_lines += piece[len(lines) :]
    rest = _CONTROLS_BUT_LINE_FEEDS.sub(" ", "".join(unfinished)).rstrip(" ")
    if rest:
        yield blank_lines + rest
        end = "\n"
    yield end
