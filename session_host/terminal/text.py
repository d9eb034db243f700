"""Rows as text: logical lines for reading, escape sequences for display, replies to a peek.

The module works on ``Row``, so it serves every engine. Pure.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import chain, pairwise
from typing import Final

from session_host.protocol.messages import Peek, Screen
from session_host.protocol.untrusted_text import WEB_SCHEMES, scheme_of

from .base import Emulator
from .images.sixel import MARK
from .rows import DEFAULT_COLOR, PLAIN, RGB, Attribute, Color, Row, Run, Style, Underline, row_text

_SGR_ATTRIBUTES: Final = tuple(
    # Plain integers: testing an enum's members takes a microsecond, and a history has 100,000 runs.
    (int(attribute), code)
    for attribute, code in (
        (Attribute.BOLD, "1"),
        (Attribute.DIM, "2"),
        (Attribute.ITALIC, "3"),
        (Attribute.OVERLINE, "53"),
        (Attribute.BLINK, "5"),
        (Attribute.INVERSE, "7"),
        (Attribute.HIDDEN, "8"),
        (Attribute.STRIKE, "9"),
    )
)
_TURNING: Final = re.compile("[\u2800-\u28ff]")
"""Braille patterns: programs turn them while they wait, as Qwen Code and Gemini CLI do beside their dialogs."""

_SGR: Final = r"\x1b\[[0-9;:]*m"
_EDGE: Final = re.compile("[╭┌]?[─━]+[╮┐]?")
"""The line with which a dialog begins, as wide as the screen."""

_BLINKING: Final = re.compile(rf"((?:\A\n?|(?<=\n\n)){_SGR})[ ●⏺](?=\x1b\[0m [^ \x1b])")
"""A mark or its coloured blank before the first line of a paragraph: Claude Code's blinks above its dialogs.

A mark of a choice is not meant: with the choice, a second one changes, in the next line or by its colour.
"""

_COUNTING: Final = re.compile(
    rf"(?:(?<= {{2}})(?:{_SGR})?(?:\d+h ?)?(?:\d+m ?)?\d+s(?:{_SGR})?)? ?(?P<bar>(?:{_SGR})?[┃│](?:{_SGR})?)?\Z"
)
"""A time such as 5s at the right end of a line, and a scroll bar: Copilot CLI counts above its dialogs."""

_BEFORE_UNDERLINE: Final = 3
"""In the order of libghostty-vt, the underline is after so many attributes."""

_SGR_UNDERLINES: Final = {
    Underline.NONE: "",
    Underline.SINGLE: "4",
    Underline.DOUBLE: "4:2",
    Underline.CURLY: "4:3",
    Underline.DOTTED: "4:4",
    Underline.DASHED: "4:5",
}
_BLANKS: Final = f" {MARK}"
_LINK_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f]")


def logical_lines(rows: Iterable[Row], columns: int = 0) -> list[str]:
    """The text of rows, with soft-wrapped ones joined, and each line's trailing blanks cut.

    Args:
        rows: the rows, top to bottom.
        columns: the grid's columns; if given, blanks missing at the end of a soft-wrapped row are added.
    """
    return [line.rstrip(_BLANKS) for line in _joined(rows, columns, row_text)]


def logical_ansi_lines(rows: Iterable[Row], columns: int = 0) -> list[str]:
    """Like ``logical_lines``, for another terminal: with sequences for colours, attributes and links to the web."""
    return _joined((row._replace(runs=tuple(map(_with_web_link, row.runs))) for row in rows), columns, ansi_row)


def web_link(link: str) -> str:
    """A link (OSC 8) that another terminal may get; "" for those to files and programs, which it might open."""
    return link if scheme_of(link) in WEB_SCHEMES else ""


def _with_web_link(run: Run) -> Run:
    link = run.style.link
    return run._replace(style=run.style._replace(link=web_link(link))) if link else run


def _joined(rows: Iterable[Row], columns: int, text_of: Callable[[Row], str]) -> list[str]:
    lines: list[str] = []
    parts: list[str] = []
    for row, following in pairwise(chain(rows, (None,))):
        assert row is not None
        full = row
        if row.wrapped and not (following is not None and begins_wide(following)):
            # Before a wide character a cell may remain, which is not a blank.
            full = filled(row, columns)
        parts.append(text_of(full))
        if not row.wrapped:
            lines.append("".join(parts))
            parts.clear()
    if parts:
        lines.append("".join(parts))
    return lines


def filled(row: Row, columns: int) -> Row:
    """Fill a soft-wrapped row with blanks to its end: the next word begins after them."""
    end = row.runs[-1].column + row.runs[-1].cells if row.runs else 0
    if end >= columns:
        return row
    blank = Run(end, columns - end, " " * (columns - end), PLAIN, cluster=False)
    return row._replace(runs=(*row.runs, blank))


def begins_wide(row: Row) -> bool:
    """Whether the row begins with a wide character."""
    return bool(row.runs) and row.runs[0].column == 0 and row.runs[0].cluster and row.runs[0].cells == 2


def ansi_row(row: Row, *, links: bool = True) -> str:
    """A row as text with escape sequences; it begins and ends in the plain style."""
    parts: list[str] = []
    column = 0
    current = PLAIN
    for run in row.runs:
        if run.column > column:
            if current != PLAIN:
                parts.append(style_change(current, PLAIN, links=links))
                current = PLAIN
            parts.append(" " * (run.column - column))
        if run.style != current:
            parts.append(style_change(current, run.style, links=links))
            current = run.style
        parts.append(run.text)
        column = run.column + run.cells
    if current != PLAIN:
        parts.append(style_change(current, PLAIN, links=links))
    return "".join(parts)


@lru_cache(maxsize=4096)
def style_change(old: Style, new: Style, *, links: bool = True) -> str:
    """The escape sequences that change one style to another."""
    parts: list[str] = []
    if old._replace(link="") != new._replace(link=""):
        parts.append(f"\x1b[{';'.join(_sgr_parameters(new))}m")
        if new.underline_color != DEFAULT_COLOR:
            # Separate sequences: with all attributes and three long colours, one would exceed terminals' limit of
            # parameters.
            parts.append(f"\x1b[{_long_color(new.underline_color, '58', ':')}m")
    if links and old.link != new.link:
        parts.append(f"\x1b]8;;{_LINK_CONTROLS.sub('', new.link)}\x1b\\")
    return "".join(parts)


def _sgr_parameters(style: Style) -> list[str]:
    """The parameters of SGR that set a style from any other, without its underline's colour."""
    parameters = ["0"]
    for number, (bit, code) in enumerate(_SGR_ATTRIBUTES):
        if number == _BEFORE_UNDERLINE and style.underline:
            parameters.append(_SGR_UNDERLINES[style.underline])
        if style.attributes & bit:
            parameters.append(code)
    parameters.extend(_sgr_color(style.foreground, 30, "38"))
    parameters.extend(_sgr_color(style.background, 40, "48"))
    return parameters


def _sgr_color(color: Color, base: int, code: str) -> list[str]:
    if color == DEFAULT_COLOR:
        return []
    if 0 <= color < 8:
        return [str(base + color)]
    if 8 <= color < 16:
        return [str(base + 52 + color)]
    return [_long_color(color, code, ";")]


def _long_color(color: Color, code: str, separator: str) -> str:
    """A colour in the long form; terminals understand 58 with colons, and 38 and 48 with semicolons."""
    if color < RGB:
        return separator.join((code, "5", str(color)))
    red, green, blue = color >> 16 & 0xFF, color >> 8 & 0xFF, color & 0xFF
    middle = ("2", "") if separator == ":" else ("2",)
    return separator.join((code, *middle, str(red), str(green), str(blue)))


# ---------------------------------------------------------------- rows of a replay


def cell_at(row: Row, column: int) -> tuple[int, str]:
    """The first column of the character at a column, and its text with its style."""
    for run in row.runs:
        if run.column <= column < run.column + run.cells:
            text = run.text if run.cluster else run.text[column - run.column]
            styled = style_change(PLAIN, run.style) + text + style_change(run.style, PLAIN)
            return (run.column if run.cluster else column), styled
    return column, " "


def scrolled_rows(rows: list[Row], columns: int, marks: dict[int, str], images: dict[int, str]) -> str:
    """Rows written one below the other, so that the upper ones scroll into the history; some after marks."""
    parts: list[str] = []
    continues = False
    for number, (row, following) in enumerate(zip(rows, [*rows[1:], None], strict=True)):
        if number in marks:
            parts.append(marks[number])
        parts.append(_row_text(row, following, columns, continues))
        continues = row.wrapped and following is not None
        if number in images and not continues:
            parts.append(images[number])
        if following is not None and not continues:
            parts.append("\r\n")
    return "".join(parts)


def positioned_rows(rows: list[Row], columns: int, images: dict[int, str]) -> str:
    """Rows, each written at its position on a blank screen."""
    parts: list[str] = []
    continues = False
    for number, (row, following) in enumerate(zip(rows, [*rows[1:], None], strict=True), start=1):
        if not continues:
            parts.append(f"\x1b[{number};1H")
        parts.append(_row_text(row, following, columns, continues))
        continues = row.wrapped and following is not None
        if number - 1 in images and not continues:
            parts.append(images[number - 1])
    return "".join(parts)


def _row_text(row: Row, following: Row | None, columns: int, continues: bool) -> str:
    """A row's text; filled up if the line continues, and never empty if the line continues from the row before."""
    text = ansi_row(row)
    end = row.runs[-1].column + row.runs[-1].cells if row.runs else 0
    if row.wrapped and following is not None and end < columns:
        too_wide = bool(following.runs) and following.runs[0].column == 0 and following.runs[0].cells == 2
        if not (too_wide and following.runs[0].cluster and end == columns - 1):
            return text + " " * (columns - end)
    if continues and end < columns and not row.wrapped:
        # A line that wraps at the bottom while a background is set fills its new row with that background.
        return (text or " ") + "\x1b[K"
    if continues and not (row.runs and row.runs[0].column == 0):
        return text or " "
    return text


def used_lines(screen: Screen) -> list[str]:
    """The lines of a screen to the last one that has text or the cursor."""
    lines = list(screen.lines)
    while len(lines) > 1 and not lines[-1] and len(lines) - 1 > screen.cursor_row:
        lines.pop()
    return lines


def screen_hash(screen: Screen) -> str:
    """A hash of a screen's used lines: 32 hexadecimal digits.

    What programs draw anew while they wait does not count: signs that turn, and above the first edge, which begins a
    dialog, marks that blink and times that count. All else does: a key must answer no question that was not seen.
    """
    lines = used_lines(screen)
    edge = next((number for number, line in enumerate(lines) if _is_edge(line, screen.size.columns)), 0)
    above = _BLINKING.sub(r"\1●", "\n".join(map(_without_time, lines[:edge])))
    text = _TURNING.sub("\u28ff", "\n".join([above, *lines[edge:]]))
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]


def _is_edge(line: str, columns: int) -> bool:
    text = re.sub(_SGR, "", line)
    return len(text) == columns and _EDGE.fullmatch(text) is not None


def _without_time(line: str) -> str:
    found = _COUNTING.search(line)
    assert found is not None  # Nothing is found at the end.
    return line[: found.start()].rstrip(" ") + (found["bar"] or "")


def screen_of(emulator: Emulator, request: Peek) -> Screen:
    """The reply to a Peek, in one piece."""
    rows = emulator.rows()
    if request.scrollback:
        rows = emulator.history(0, emulator.scrollback_rows) + rows
    of = logical_ansi_lines if request.ansi else logical_lines
    lines = of(rows, emulator.size.columns)
    if request.lines > 0:
        while lines and not lines[-1]:
            lines.pop()
        lines = lines[-request.lines :]
    cursor = emulator.cursor
    return Screen(
        request=request.request,
        lines=lines,
        cursor_column=cursor.column,
        cursor_row=cursor.row,
        cursor_visible=cursor.visible,
        title=emulator.title,
        size=emulator.size,
        alternate_screen=emulator.modes.alternate_screen,
        scrollback_lines=emulator.scrollback_rows,
    )
