"""Cuts output before sequences that clear or replace the screen, outside of other sequences. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

MAX_STEP_BYTES: Final = 256 * 1024
MAX_STEP_LINES: Final = 8000
"""The most lines that are fed at once, so that no row leaves the history before it was read."""

HISTORY_ROWS: Final = 20_000
"""The history of the reader's emulator: more rows than one and a half steps can push out."""

_MAX_CUTS: Final = 64
"""The most cuts of one piece of output: nobody can read a screen that is cleared more often."""

_SCREEN_LOST: Final = re.compile(rb"\x1b(?:\[\?(?:[0-9]+;)*(?:1049|1047|47)(?:;[0-9]+)*[hl]|\[[23]J|\[H\x1b\[J|c)")
"""Sequences that enter or leave the alternate screen, or clear the screen."""


def steps(data: bytes, columns: int) -> Iterator[tuple[bytes, bool]]:
    """Split data into pieces that scroll few rows each; True with a piece that ends before the screen is lost."""
    cuts = [match.start() for match in _first(_SCREEN_LOST.finditer(data))]
    start = 0
    for end in [*cuts, len(data)]:
        if end > start:
            pieces = list(_small_pieces(data[start:end], columns))
            yield from ((piece, False) for piece in pieces[:-1])
            yield pieces[-1], end < len(data)
        start = end


def _first(matches: Iterator[re.Match[bytes]]) -> list[re.Match[bytes]]:
    return [match for match, _ in zip(matches, range(_MAX_CUTS), strict=False)]


def _small_pieces(data: bytes, columns: int) -> Iterator[bytes]:
    limit_bytes = min(MAX_STEP_BYTES, MAX_STEP_LINES * columns)
    if len(data) <= limit_bytes and data.count(b"\n") <= MAX_STEP_LINES:
        yield data
        return
    if data.count(b"\n", 0, limit_bytes) > MAX_STEP_LINES:
        limit_bytes = MAX_STEP_LINES
    start = 0
    while start < len(data):
        end = min(start + limit_bytes, len(data))
        if end < len(data):
            # Cut at the end of a line: it is rarely within a sequence.
            end = data.rfind(b"\n", start, end) + 1 or end
        yield data[start:end]
        start = end
