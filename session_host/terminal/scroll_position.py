"""A position in a terminal's history, which is found again in another emulator of the same session."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from .base import Emulator, Frame
from .rows import Row

_PAGE_ROWS = 250
_SEARCHED_ROWS = 4000
"""How many rows before and after its number a row is searched for; that takes some tens of milliseconds."""


class ScrollPosition(NamedTuple):
    """The first visible row: its number from the oldest of the history, and a digest of its text.

    The number alone does not suffice: a full history drops its oldest rows, and another width changes the numbers. The
    text itself is not kept: a chat's text is stored only in its recording.
    """

    row: int
    digest: str


def position_of_row(emulator: Emulator, row: int) -> ScrollPosition:
    """The scroll position of a row of the history."""
    found = emulator.history(row, 1)
    return ScrollPosition(row, _digest(found[0]) if found else "")


def go_to(emulator: Emulator, position: ScrollPosition) -> bool:
    """Scroll to a position; False if the history does not have it (yet)."""
    history = emulator.scrollback_rows
    row = _find(emulator, position, history)
    if row is None:
        return False
    emulator.scroll_to_bottom()
    emulator.scroll(row - history)
    return True


def _find(emulator: Emulator, position: ScrollPosition, history: int) -> int | None:
    if position.row < history and position_of_row(emulator, position.row) == position:
        return position.row
    if not position.digest:
        return None
    # Dropped rows lower this row's number; a narrower grid raises it.
    end = min(position.row, history)
    for last in range(end, max(end - _SEARCHED_ROWS, 0), -_PAGE_ROWS):
        first = max(last - _PAGE_ROWS, 0)
        page = emulator.history(first, last - first)
        for number in reversed(range(len(page))):
            if _digest(page[number]) == position.digest:
                return first + number
    for first in range(end, min(history, end + _SEARCHED_ROWS), _PAGE_ROWS):
        for number, row in enumerate(emulator.history(first, _PAGE_ROWS), first):
            if _digest(row) == position.digest:
                return number
    return None


def _digest(row: Row) -> str:
    text = row.text()
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=8).hexdigest() if text else ""


def position_in(frame: Frame, emulator: Emulator) -> ScrollPosition | None:
    """The scroll position of a frame; None at the end of the history."""
    if not frame.scroll_offset:
        return None
    return position_of_row(emulator, frame.scrollback_rows - frame.scroll_offset)
