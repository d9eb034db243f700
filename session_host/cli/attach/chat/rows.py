"""Lines of text as rows of cells. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import wcwidth

from session_host.structured.text import LineStyle, TextLine
from session_host.terminal.rows import PLAIN, Attribute, Row, Run, Style, Underline

_RED, _GREEN, _YELLOW, _CYAN = 1, 2, 3, 6

STYLES: Final[dict[LineStyle, Style]] = {
    "": PLAIN,
    "code": PLAIN,
    "prompt": PLAIN._replace(foreground=_CYAN, attributes=int(Attribute.BOLD)),
    "heading": PLAIN._replace(attributes=int(Attribute.BOLD)),
    "dim": PLAIN._replace(attributes=int(Attribute.DIM)),
    "added": PLAIN._replace(foreground=_GREEN),
    "removed": PLAIN._replace(foreground=_RED),
    "failed": PLAIN._replace(foreground=_RED),
    "asking": PLAIN._replace(foreground=_YELLOW, attributes=int(Attribute.BOLD)),
}
"""The look of each style; the colours are those of the user's terminal."""

STATUS: Final = PLAIN._replace(attributes=int(Attribute.INVERSE), underline=Underline.NONE)
"""The look of the line above the prompt."""

BLANK: Final = Row((), wrapped=False)


def row_of(line: TextLine, columns: int, style: Style | None = None) -> Row:
    """A line as a row of at most this many columns."""
    style = STYLES[line.style] if style is None else style
    if line.text.isascii():
        text = line.text[:columns]
        return Row((Run(0, len(text), text, style, cluster=False),), wrapped=False) if text else BLANK
    runs: list[Run] = []
    column = 0
    narrow = ""
    for grapheme, cells in graphemes(line.text):
        if column + cells > columns:
            break
        if cells == 1 and len(grapheme) == 1:
            narrow += grapheme
        else:
            if narrow:
                runs.append(Run(column - len(narrow), len(narrow), narrow, style, cluster=False))
                narrow = ""
            runs.append(Run(column, cells, grapheme, style, cluster=True))
        column += cells
    if narrow:
        runs.append(Run(column - len(narrow), len(narrow), narrow, style, cluster=False))
    return Row(tuple(runs), wrapped=False)


def graphemes(text: str) -> Iterator[tuple[str, int]]:
    """The graphemes of a text that take cells, and how many: 1 or 2."""
    for grapheme in wcwidth.iter_graphemes(text):
        cells = wcwidth.wcswidth(grapheme)
        if cells > 0:
            yield grapheme, min(cells, 2)
