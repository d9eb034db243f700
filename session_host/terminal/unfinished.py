"""Finds an unfinished sequence at the end of output, for readers that clear the history between two sequences.

Such a reader lets the end wait for its rest, so that no resize comes within a sequence, where nothing can be cleared.
"""

from __future__ import annotations

import re
from typing import Final

_UNFINISHED: Final = re.compile(
    rb"(?:\x1b(?:[\]PX^_][^\x07\x18\x1a\x1b]*\x1b?|\[[ -?]*|[ -/]*)|[\xc0-\xff][\x80-\xbf]{0,2}|\r)\Z"
)
"""The beginning of a sequence (ECMA-48), of a character or of a line end; also a whole character."""

_MAX_BYTES: Final = 1024 * 1024
_MAX_CHARACTER_BYTES: Final = 3
"""The length of an unfinished character."""


def finished_length(data: bytes) -> int:
    """The length of output without its last sequence, character or CR, if more of it may follow."""
    first = max(0, len(data) - _MAX_BYTES)
    # A search from the first byte on would try each sequence; only the last one, which may end with an ESC, counts.
    last = data.rfind(b"\x1b", first)
    before = data.rfind(b"\x1b", first, last) if last == len(data) - 1 else -1
    for start in (before, last):
        if start >= 0 and _UNFINISHED.match(data, start):
            return start
    found = _UNFINISHED.search(data, max(0, len(data) - _MAX_CHARACTER_BYTES))
    return len(data) if found is None else found.start()
