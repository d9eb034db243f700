"""The bits of libghostty-vt's cells, 64 each; whole rows are handled as one number.

As the library's own type description gives them::

    0-1  the kind of content: a code point, a grapheme, a palette background, an RGB background
    2-25 the code point, index or colour
    26-41 style id within its page: another page gives the same id to another style
    42-43 narrow, wide, the tail of a wide one, the head of a line's end left blank
    44 protected   45 hyperlink   46-47 semantic content

A cell's *key* is what its run depends on: all but the code point.
"""

from __future__ import annotations

from functools import cache
from itertools import compress, pairwise
from typing import Final, NamedTuple

CODEPOINT, GRAPHEME, PALETTE_BACKGROUND, RGB_BACKGROUND = range(4)
NARROW, WIDE, TAIL, HEAD = range(4)

TAG_MASK: Final = 0b11
STYLE_SHIFT: Final = 26
STYLE_MASK: Final = 0xFFFF
WIDE_SHIFT: Final = 42
LINK_BIT: Final = 1 << 45
_KEY_MASK: Final = TAG_MASK | (STYLE_MASK << STYLE_SHIFT) | (0b11 << WIDE_SHIFT) | LINK_BIT
_CELL_MASK: Final = 0xFFFFFFFFFFFFFFFF
_FEW_BITS: Final = 32
"""A row with more bits that differ between neighbours has many groups, and is read cell by cell."""

BLANK_HEAD: Final = HEAD << WIDE_SHIFT
_CODEPOINT_MASK: Final = 0x1FFFFF
_CHARACTER_MASK: Final = TAG_MASK | _CODEPOINT_MASK << 2 | 0b11 << WIDE_SHIFT


class RawRow(NamedTuple):
    """A row as the library has it.

    Attributes:
        y: its number.
        cells: its cells, eight bytes each.
        page: the page that its style ids belong to.
        wrapped: whether its line continues in the next row.
        selection: the selected columns (first, last), inclusive.
    """

    y: int
    cells: bytes
    page: int
    wrapped: bool
    selection: tuple[int, int] | None


def without_cut_character(data: bytes) -> bytes:
    """A whole row of cells, with a blank in place of a wide character whose second half is beyond the row's end.

    The library leaves such halves where a grid becomes narrower and does not reflow.
    """
    cell = int.from_bytes(data[-8:], "little")
    if cell >> WIDE_SHIFT & 3 != WIDE:
        return data
    return data[:-8] + (cell & ~_CHARACTER_MASK).to_bytes(8, "little")


class _RowMasks(NamedTuple):
    """Masks for all cells of a row."""

    keys: int
    codepoints: int
    beyond_latin_1: int


@cache
def _row_masks(count: int) -> _RowMasks:
    """The masks for a row of ``count`` cells."""
    ones = int.from_bytes((1).to_bytes(8, "little") * count, "little")
    return _RowMasks(_KEY_MASK * ones, _CODEPOINT_MASK * ones, (_CODEPOINT_MASK & ~0xFF) * ones)


def row_text(bits: int, count: int) -> str:
    """The characters of a row of ``count`` cells; blanks for none."""
    masks = _row_masks(count)
    codepoints = bits >> 2 & masks.codepoints
    data = codepoints.to_bytes(count * 8, "little")
    if codepoints & masks.beyond_latin_1:
        # A background colour in place of a code point may be an invalid one: it is replaced, and not used.
        text = memoryview(data).cast("I")[::2].tobytes().decode("utf-32-le", "replace")
    else:
        text = data[::8].decode("latin-1")
    return text.replace("\0", " ")


class RowKeys(NamedTuple):
    """The keys of a row's cells."""

    keys: int
    """The cells without their code points."""
    changes: int
    """Bits that differ between neighbours: not 0 in each cell that has another key than the next one."""
    length: int
    """The number of cells."""

    def groups(self) -> list[tuple[int, int]]:
        """Pairs: a key, and the number of neighbours that have it."""
        keys, changes, rest = self
        if changes.bit_count() > _FEW_BITS:
            changed = memoryview(changes.to_bytes(rest * 8, "little")).cast("Q").tolist()
            ends = [*compress(range(1, rest), changed), rest]
            cells = memoryview(keys.to_bytes(rest * 8, "little")).cast("Q").tolist()
            return [(cells[end - 1], end - start) for start, end in pairwise((0, *ends))]
        found: list[tuple[int, int]] = []
        while changes:
            length = ((changes & -changes).bit_length() + 63) // 64
            found.append((keys & _CELL_MASK, length))
            keys >>= 64 * length
            changes >>= 64 * length
            rest -= length
        if rest:
            found.append((0, rest))
        return found


def row_keys(bits: int, count: int) -> RowKeys:
    """The keys of a row of ``count`` cells."""
    keys = bits & _row_masks(count).keys
    return RowKeys(keys, keys ^ keys >> 64, count)
