"""Random output: parts of sequences, characters and line ends, put together at random."""

from __future__ import annotations

from hypothesis import strategies as st

PIECES = st.lists(
    st.sampled_from(
        [b"\x1b", b"[", b"]", b"P", b"X", b"\\", b"\x07", b"\x18", b"0;1", b"m", b"text", b"\r\n", b"?1049h", b"?1049l",
         b"2J", b"c", b"(", b"B", b"\xf0\x9f\x99", b"\x82", b" ", b"7", b"#8", b"H"]
    ),
    max_size=30,
).map(b"".join)  # fmt: skip
