"""Reads rows of history as lines with SGR sequences, which the library writes: see ``sgr_lines``.

The library's text lacks links and rows of nothing but background colour, does not tell cells that were never written
from blanks in the style of those before them, and has the marks of images. Lines with such rows are read as rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

from session_host.terminal.rows import UNDER_IMAGE, Row
from session_host.terminal.sgr_lines import SgrLines

from .cells import GridReader
from .library.calls import allocated, ffi, grid_ref, lib, sized

_SCREEN: Final = lib.GHOSTTY_POINT_TAG_SCREEN


class _Line(NamedTuple):
    """A logical line: its first row, the one after its last, and whether the library's text tells all of it."""

    first: int
    end: int
    is_text: bool


def sgr_history(
    terminal: Any, reader: GridReader, first: int, count: int, columns: int, *, is_continued: bool
) -> Iterator[Row | SgrLines]:
    """Read rows counted from the top of the history.

    Args:
        terminal: the library's terminal.
        reader: reads its rows.
        first: the first row.
        count: the number of rows.
        columns: the width of the grid.
        is_continued: whether the row before the first one is soft-wrapped.
    """
    is_wrapped, is_special = _kinds(terminal, reader, first, count, columns)
    lines = _lines(is_wrapped, is_special, is_continued=is_continued)
    for is_text, group in groupby(lines, lambda line: line.is_text):
        members = list(group)
        begin, end = first + members[0].first, first + members[-1].end
        if is_text:
            text = _formatted(terminal, begin, end, columns, lib.GHOSTTY_FORMATTER_FORMAT_VT, unwrap=True)
            # The library leaves out blank lines at the end.
            missing = len(members) - text.count("\r\n")
            if missing > 0:
                yield SgrLines(text.replace("\r\n", "\n") + "\n" * missing)
                continue
        yield from reader.read(begin, end - begin)


def _kinds(terminal: Any, reader: GridReader, first: int, count: int, columns: int) -> tuple[list[bool], list[bool]]:
    """For each row, whether it is soft-wrapped, and whether only its cells tell all of it."""
    plain = _formatted(terminal, first, first + count, columns, lib.GHOSTTY_FORMATTER_FORMAT_PLAIN, unwrap=False)
    texts = plain.split("\n")
    is_blank = [not text.strip(" ") for text in texts]
    is_blank += [True] * (count - len(is_blank))
    marked = {index for index, text in enumerate(texts) if UNDER_IMAGE in text} if UNDER_IMAGE in plain else ()
    wrapped: list[bool] = []
    special: list[bool] = []
    for index, (is_wrapped, is_special) in enumerate(reader.kinds(first, is_blank)):
        wrapped.append(is_wrapped)
        special.append(is_special or index in marked)
    return wrapped, special


def _lines(is_wrapped: Sequence[bool], is_special: Sequence[bool], *, is_continued: bool) -> Iterator[_Line]:
    """The logical lines; the first one is not text if it is continued, nor the last one if it continues."""
    first, is_text = 0, not is_continued
    for index, (wraps, special) in enumerate(zip(is_wrapped, is_special, strict=True)):
        is_text = is_text and not special
        if not wraps:
            yield _Line(first, index + 1, is_text)
            first, is_text = index + 1, True
    if first < len(is_wrapped):
        yield _Line(first, len(is_wrapped), is_text=False)


def _formatted(terminal: Any, first: int, end: int, columns: int, form: int, *, unwrap: bool) -> str:
    options = sized("GhosttyFormatterTerminalOptions")
    options.emit, options.unwrap, options.trim = form, unwrap, False
    start, last = grid_ref(terminal, _SCREEN, 0, first), grid_ref(terminal, _SCREEN, columns - 1, end - 1)
    if start is None or last is None:
        return ""
    selection = sized("GhosttySelection")
    selection.start, selection.end = start[0], last[0]
    options.selection = selection
    formatter = ffi.new("GhosttyFormatter*")
    if lib.ghostty_formatter_terminal_new(ffi.NULL, formatter, terminal, options[0]):
        return ""
    try:
        return allocated(lib.ghostty_formatter_format_alloc, formatter[0]).decode("utf-8", "replace")
    finally:
        lib.ghostty_formatter_free(formatter[0])
