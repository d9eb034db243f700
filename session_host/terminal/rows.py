"""Rows of a terminal's cells: characters in styles. Pure values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import IntFlag, StrEnum
from functools import partial
from itertools import compress, pairwise
from operator import ne
from typing import Final, NamedTuple, cast, overload

_MAX_STYLES = 4096

UNDER_IMAGE: Final = "\U000e01ef"
"""An invisible mark after the text of a cell that is shown through an image's transparent pixels.

It is kept by the engine alone, and in replays: whatever is written into the cell later has no mark.
"""

Color = int
"""A colour as the program set it: ``DEFAULT_COLOR``, a palette index 0…255, or ``RGB | 0xRRGGBB``."""

DEFAULT_COLOR: Color = -1
RGB: Color = 0x1000000


class Attribute(IntFlag):
    """Attributes of a cell that are on or off."""

    NONE = 0
    BOLD = 1
    DIM = 2
    ITALIC = 4
    BLINK = 8
    INVERSE = 16
    HIDDEN = 32
    STRIKE = 64
    OVERLINE = 128


class Underline(StrEnum):
    """How a cell is underlined."""

    NONE = ""
    SINGLE = "single"
    DOUBLE = "double"
    CURLY = "curly"
    DOTTED = "dotted"
    DASHED = "dashed"
    __hash__ = str.__hash__  # styles are keys of caches, and Enum's own hash is a function in Python


class Style(NamedTuple):
    """The look of a run of cells; colours as set, neither brightened nor swapped."""

    foreground: Color = DEFAULT_COLOR
    background: Color = DEFAULT_COLOR
    attributes: int = 0
    """Bits of Attribute."""
    underline: Underline = Underline.NONE
    underline_color: Color = DEFAULT_COLOR
    link: str = ""
    """The URI of an OSC 8 hyperlink, "" for none."""


PLAIN = Style()


class Run(NamedTuple):
    """Neighbouring cells of one style.

    Either ``text`` holds one code point for each cell and ``cluster`` is False; or ``cluster`` is True and ``text`` is
    a single grapheme that takes all ``cells`` (1 or 2): a wide character, or one with combining marks. Unwritten cells
    are spaces.
    """

    column: int
    cells: int
    text: str
    style: Style
    cluster: bool


new_run: Final = cast("Callable[[tuple[int, int, str, Style, bool]], Run]", partial(tuple.__new__, Run))
"""Makes a run from its fields in half of the time that the class needs."""


class StyleTable:
    """Numbers the styles of many rows. A style keeps its number as long as the table lives.

    Attributes:
        styles: the styles by their numbers; the first is PLAIN.
    """

    def __init__(self) -> None:
        self.styles = [PLAIN]
        self._numbers = {PLAIN: 0}

    @property
    def is_full(self) -> bool:
        """Whether no style can be added."""
        return len(self.styles) >= _MAX_STYLES

    def number(self, style: Style) -> int | None:
        """The number of a style, which is added if it is new; None if the table is full."""
        number = self._numbers.get(style)
        if number is None and not self.is_full:
            number = self._numbers[style] = len(self.styles)
            self.styles.append(style)
        return number


class StyledText(Sequence[Run]):
    """The runs of a row that has no wide characters, clusters or links, as its text and a style for each cell.

    A row of many styles is read and painted several times as fast in this form; its runs are made when they are asked
    for. Plain blanks are in no run.

    Attributes:
        text: a code point for each cell, up to the last one that is not a plain blank.
        styles: the number of each cell's style in the table: two bytes each, in the machine's order.
        table: the styles by their numbers.
    """

    __slots__ = ("_runs", "styles", "table", "text")

    def __init__(self, text: str, styles: bytes, table: StyleTable) -> None:
        self.text, self.styles, self.table = text, styles, table
        self._runs: tuple[Run, ...] | None = None

    def styles_of(self, columns: int) -> bytes:
        """The styles of so many cells."""
        return self.styles[: 2 * columns].ljust(2 * columns, b"\0")

    @overload
    def __getitem__(self, index: int) -> Run: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Run]: ...

    def __getitem__(self, index: int | slice) -> Run | Sequence[Run]:
        return self._as_tuple()[index]

    def __len__(self) -> int:
        return len(self._as_tuple())

    def __bool__(self) -> bool:
        return bool(self.text)

    def __iter__(self) -> Iterator[Run]:
        return iter(self._as_tuple())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, StyledText) and other.table is self.table:
            return self.styles == other.styles and self.text == other.text
        if isinstance(other, StyledText):
            return self._as_tuple() == other._as_tuple()
        return self._as_tuple() == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._as_tuple())

    def __repr__(self) -> str:
        return repr(self._as_tuple())

    def _as_tuple(self) -> tuple[Run, ...]:
        if self._runs is None:
            self._runs = tuple(self._read_runs()) if self.text else ()
        return self._runs

    def _read_runs(self) -> Iterator[Run]:
        text, styles = self.text, self.table.styles
        numbers = memoryview(self.styles).cast("H").tolist()
        ends = [*compress(range(1, len(text)), map(ne, numbers, numbers[1:])), len(text)]
        for begin, end in pairwise((0, *ends)):
            if number := numbers[begin]:
                yield new_run((begin, end - begin, text[begin:end], styles[number], False))
            elif piece := text[begin:end].rstrip(" "):
                bare = piece.lstrip(" ")
                yield new_run((begin + len(piece) - len(bare), len(bare), bare, PLAIN, False))


class Row(NamedTuple):
    """One row: its runs from left to right without overlap; blank unstyled cells may be left out."""

    runs: Sequence[Run]
    """A tuple or a StyledText. The two are equal if they have the same runs."""
    wrapped: bool
    """Whether the line continues in the next row."""
    selection: tuple[int, int] | None = None
    """The selected columns (first, last), inclusive."""

    def text(self) -> str:
        """The row as text without trailing blanks; a wide character occurs once."""
        return row_text(self).rstrip(" ")


def row_text(row: Row) -> str:
    """A row as text, with its trailing blanks."""
    if isinstance(row.runs, StyledText):
        return row.runs.text
    parts: list[str] = []
    column = 0
    for run in row.runs:
        parts.append(" " * (run.column - column))
        parts.append(run.text)
        column = run.column + run.cells
    return "".join(parts)
