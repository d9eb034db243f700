"""A scroll position that is found again in another emulator, and a picture until then."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from session_host.terminal.base import Emulator, Frame, Row

_PAGE_ROWS = 250
_SEARCHED_ROWS = 4000
"""So far from its number a row is looked for: some tens of milliseconds."""


class SavedFrame(NamedTuple):
    """What was to be seen of an emulator."""

    frame: Frame
    reverse_screen: bool


class ScrollPosition(NamedTuple):
    """The first row that one looks at: its number from the oldest of the history, and a digest of its text.

    The number alone does not do: a history that is full loses its oldest rows, and another width counts others. The
    text itself is not kept: what a chat showed is written down where its recording is, or not at all.
    """

    row: int
    digest: str


def place_of_row(emulator: Emulator, row: int) -> ScrollPosition:
    """The place that a row of the history is."""
    found = emulator.history(row, 1)
    return ScrollPosition(row, _digest(found[0]) if found else "")


def go_to(emulator: Emulator, place: ScrollPosition) -> bool:
    """Scroll to a place; False if the history does not have it (yet)."""
    history = emulator.scrollback_rows
    row = _find(emulator, place, history)
    if row is None:
        return False
    emulator.scroll_to_bottom()
    emulator.scroll(row - history)
    return True


def _find(emulator: Emulator, place: ScrollPosition, history: int) -> int | None:
    if place.row < history and place_of_row(emulator, place.row) == place:
        return place.row
    if not place.digest:
        return None
    # Older rows have gone, so that this one has a lower number; or a narrower grid gave it a higher one.
    end = min(place.row, history)
    for last in range(end, max(end - _SEARCHED_ROWS, 0), -_PAGE_ROWS):
        first = max(last - _PAGE_ROWS, 0)
        page = emulator.history(first, last - first)
        for number in reversed(range(len(page))):
            if _digest(page[number]) == place.digest:
                return first + number
    for first in range(end, min(history, end + _SEARCHED_ROWS), _PAGE_ROWS):
        for number, row in enumerate(emulator.history(first, _PAGE_ROWS), first):
            if _digest(row) == place.digest:
                return number
    return None


def _digest(row: Row) -> str:
    text = row.text()
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=8).hexdigest() if text else ""
