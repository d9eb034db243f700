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

_ESCAPE: Final = b"\x1b"
_STRINGS: Final = b"]PX^_"
_MAX_SEQUENCE_BYTES: Final = 64
_COMPLETE: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[ -/]+[0-~]|[0-OQ-WYZ\\`-~])")


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


class Sequences:
    """Tracks whether the output so far ends within an escape sequence or a character.

    Attributes:
        tail: the beginning of the unfinished sequence, as far as needed; b"" for none.
        in_character: whether the last byte was not ASCII, so that more of the character may follow.
    """

    def __init__(self, tail: bytes = b"", in_character: bool = False) -> None:
        self.tail = tail
        self.in_character = in_character

    @property
    def is_complete(self) -> bool:
        """Whether the output so far ends outside of sequences and characters: other output may be inserted here."""
        return not self.tail and not self.in_character

    def feed(self, data: bytes) -> None:
        """Add more output."""
        if not data:
            return
        self.in_character = data[-1] >= 0x80
        start = data.rfind(_ESCAPE)
        if start >= 0:
            tail = data[start:]
        elif self.tail:
            tail = self.tail + data
        else:
            return
        self.tail = _unfinished(tail)


def _unfinished(tail: bytes) -> bytes:
    """The part to keep of output that begins with its last escape character; b"" if the sequence is complete."""
    if b"\x18" in tail or b"\x1a" in tail:
        return b""
    if tail[1:2] and tail[1:2] in _STRINGS:
        # BEL alone ends an operating system command; the other strings end with another escape character.
        return b"" if tail[1:2] == b"]" and b"\x07" in tail else tail[:2]
    if _COMPLETE.match(tail) or len(tail) > _MAX_SEQUENCE_BYTES:
        return b""
    return tail
