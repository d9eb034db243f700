"""Cuts output where a screen is about to be lost, outside of escape sequences. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

MOST_BYTES: Final = 256 * 1024
MOST_LINES: Final = 8000
"""So much is fed at once, so that no row leaves the history before it was read."""

HISTORY_ROWS: Final = 20_000
"""What the emulator that reads keeps: more than a step and a half can push out."""

_MOST_CUTS: Final = 64
"""A screen that is cleared more often within a step is nothing that somebody read."""

_LOST: Final = re.compile(rb"\x1b(?:\[\?(?:[0-9]+;)*(?:1049|1047|47)(?:;[0-9]+)*[hl]|\[[23]J|\[H\x1b\[J|c)")
"""Before these: the alternate screen comes or goes, or the screen is cleared."""

_ESCAPE: Final = b"\x1b"
_STRINGS: Final = b"]PX^_"
_LONGEST_SEQUENCE: Final = 64
_WHOLE: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[ -/]+[0-~]|[0-OQ-WYZ\\`-~])")


def steps(data: bytes, columns: int) -> Iterator[tuple[bytes, bool]]:
    """The data in pieces of which each scrolls few rows; True with those after which the screen is about to be lost."""
    cuts = [match.start() for match in _first(_LOST.finditer(data))]
    start = 0
    for end in [*cuts, len(data)]:
        if end > start:
            pieces = list(_small(data[start:end], columns))
            yield from ((piece, False) for piece in pieces[:-1])
            yield pieces[-1], end < len(data)
        start = end


def _first(matches: Iterator[re.Match[bytes]]) -> list[re.Match[bytes]]:
    return [match for match, _ in zip(matches, range(_MOST_CUTS), strict=False)]


def _small(data: bytes, columns: int) -> Iterator[bytes]:
    most = min(MOST_BYTES, MOST_LINES * columns)
    if len(data) <= most and data.count(b"\n") <= MOST_LINES:
        yield data
        return
    if data.count(b"\n", 0, most) > MOST_LINES:
        most = MOST_LINES
    start = 0
    while start < len(data):
        end = min(start + most, len(data))
        if end < len(data):
            # Behind a line's end there is seldom a sequence under way.
            end = data.rfind(b"\n", start, end) + 1 or end
        yield data[start:end]
        start = end


class Sequences:
    """Knows whether the output so far ends within an escape sequence or a character.

    Attributes:
        tail: the beginning of the unfinished sequence, as far as it matters; b"" for none.
        in_character: the last byte was not ASCII: more of the character may follow.
    """

    def __init__(self, tail: bytes = b"", in_character: bool = False) -> None:
        self.tail = tail
        self.in_character = in_character

    @property
    def settled(self) -> bool:
        """Something else may be fed here without harm to what follows."""
        return not self.tail and not self.in_character

    def feed(self, data: bytes) -> None:
        """There was more output."""
        if not data:
            return
        self.in_character = data[-1] >= 0x80
        place = data.rfind(_ESCAPE)
        if place >= 0:
            tail = data[place:]
        elif self.tail:
            tail = self.tail + data
        else:
            return
        self.tail = _unfinished(tail)


def _unfinished(tail: bytes) -> bytes:
    """What is to be kept of output that begins with its last escape character; b"" if the sequence is over."""
    if b"\x18" in tail or b"\x1a" in tail:
        return b""
    if tail[1:2] and tail[1:2] in _STRINGS:
        # BEL ends an operating system command alone; the others end with another escape character.
        return b"" if tail[1:2] == b"]" and b"\x07" in tail else tail[:2]
    if _WHOLE.match(tail) or len(tail) > _LONGEST_SEQUENCE:
        return b""
    return tail
