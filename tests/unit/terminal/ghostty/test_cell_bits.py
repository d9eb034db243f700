"""Rows of cells read as one number, compared with reading each cell by itself."""

from __future__ import annotations

import struct
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from session_host.terminal.ghostty.cells import groups_of, row_text

TAG, CODEPOINT, STYLE, WIDE, LINK = 0b11, 0x1FFFFF << 2, 0xFFFF << 26, 0b11 << 42, 1 << 45
CELLS = st.builds(
    lambda tag, character, style, wide, more: tag | ord(character) << 2 | style << 26 | wide << 42 | more << 44,
    st.integers(0, 3),
    st.sampled_from("\0 aö\u0394日🙂"),
    st.sampled_from([0, 1, 2, 0xFFFF]),
    st.integers(0, 3),
    st.integers(0, 0xFFFFF),
)
ROWS = st.lists(st.tuples(CELLS, st.integers(1, 40)), min_size=1, max_size=40).map(
    lambda groups: [cell for cell, count in groups for _ in range(count)]
)


@given(ROWS)
def test_a_row_has_the_text_and_the_keys_of_its_cells(cells: list[int]) -> None:
    bits = int.from_bytes(struct.pack(f"<{len(cells)}Q", *cells), "little")
    text = "".join(chr((cell & CODEPOINT) >> 2) for cell in cells)
    assert row_text(bits, len(cells)) == text.replace("\0", " ")
    keys = [cell & (TAG | STYLE | WIDE | LINK) for cell in cells]
    assert groups_of(bits, len(cells)) == [(key, len(list(group))) for key, group in groupby(keys)]
