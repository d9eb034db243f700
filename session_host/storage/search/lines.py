"""Lines as they are indexed; those that a program wrapped by itself, as agents do, are searched as one. Pure.

A terminal joins a line that it has wrapped; of a row that a program has wrapped, only the widths tell: the first word
of the next row would not have fitted behind it. Rows that only look so are searched as one, too: at worst, one more
match is found.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from .query import TRIGRAM, Query, folded

NO_WRAPPING: Final = -1
"""The room of a line that no program has wrapped."""

MAX_WRAPPED: Final = 8
"""The most rows in which the words of a query are searched together."""

_MARGIN_COLUMNS: Final = 6
"""The most columns that agents leave free at the right."""

_ITEM: Final = r"(?:[-*+>\u2022\u25cf\u00b7\u276f\u203a]|\d+[.)]) "
"""The beginning of a list's item, or of a prompt."""

_SIDES: Final = "\u2502\u2503\u2551\u2590\u258c|"
BORDERS: Final = f" {_SIDES}"
"""What surrounds a text in a box."""


class IndexedLine(NamedTuple):
    """One line that was shown."""

    number: int
    """The line's number in its session, from 1."""
    offset: int
    """The offset of the output after which the line was on the screen."""
    time_ns: int
    text: str
    room: int = NO_WRAPPING
    """How many columns of its row were free; see ``continues``."""


def cells(text: str) -> int:
    """The width of a text, roughly: without clusters of several characters."""
    if text.isascii():
        return len(text)
    return sum(1 + (unicodedata.east_asian_width(each) in "WF") for each in text if not unicodedata.combining(each))


def continues(line: IndexedLine, below: IndexedLine) -> bool:
    """Whether the line ``below`` may continue a line: its first word did not fit, or it is below an item's text."""
    if line.room < 0 or line.number + 1 != below.number:
        return False
    text = below.text.strip(BORDERS)
    word = text.partition(" ")[0]
    room = _room(line, below) - _MARGIN_COLUMNS
    if len(word) < room and cells(word) < room and not _is_in_item(line, below):
        return False
    return text[:1].isalpha() or (any(map(str.isalnum, text)) and re.match(_ITEM, text) is None)


def _room(line: IndexedLine, below: IndexedLine) -> int:
    """How many columns were free: in a box that is narrower than the terminal, those before its border."""
    row = line.text.rstrip()
    if row[-1:] in _SIDES and below.text.rstrip()[-1:] in _SIDES and row and below.text.strip():
        return len(row) - 1 - len(row[:-1].rstrip())
    return line.room


def _is_in_item(line: IndexedLine, below: IndexedLine) -> bool:
    """Whether a line begins an item of a list, and the one below begins at the column of the item's text."""
    item = re.match(f"[{BORDERS}]*{_ITEM}", line.text)
    return item is not None and len(below.text) - len(below.text.lstrip(BORDERS)) == item.end()


def ends_between(text: str, below: str, columns: int) -> tuple[str, ...]:
    """What may be between a line and the one below, if a program has wrapped there; () if it has not.

    That is a blank. Of a row that is full, only the reader knows whether a word was cut at its end: nothing, then.

    Args:
        text: the line; if the terminal has wrapped it, it is longer than a row.
        below: the next line.
        columns: the width of a row.
    """
    room = -cells(text) % columns if text else NO_WRAPPING
    if not continues(IndexedLine(1, 0, 0, text, room), IndexedLine(2, 0, 0, below)):
        return ()
    return (" ", "") if room <= _MARGIN_COLUMNS else (" ",)


def texts_of(shown: Sequence[str], columns: int) -> Iterator[str]:
    """The text of a screen's lines: as they are, then with those joined that a program has wrapped."""
    yield "\n".join(shown)
    ends = [ends_between(text, below, columns) for text, below in pairwise(shown)]
    for which in (0, -1) if any(ends) else ():
        parts = [*shown]
        for number, between in enumerate(ends):
            if between:
                parts[number] = parts[number].rstrip(BORDERS) + between[which]
                parts[number + 1] = parts[number + 1].lstrip(BORDERS)
            else:
                parts[number] += "\n"
        yield "".join(parts)


def seams_of(line: IndexedLine, below: IndexedLine) -> tuple[str, ...]:
    """The texts around the end of a wrapped row, for their trigrams: with a blank, and of a word that was cut."""
    end, begin = line.text.strip(BORDERS)[1 - TRIGRAM :], below.text.strip(BORDERS)[: TRIGRAM - 1]
    spaced = f"{end} {begin}"
    return (spaced, end + begin) if line.room <= _MARGIN_COLUMNS else (spaced,)


class _Place(NamedTuple):
    """The rows that contain a word, the first and the last one; ``is_cut``: the word was cut at their ends."""

    first: int
    last: int
    is_cut: bool = False


def wrapped_matches(run: Sequence[IndexedLine], query: Query) -> Iterator[IndexedLine]:
    """Joined lines that contain all words, and of which no part does, from the last one.

    Args:
        run: lines of which each continues the one before.
        query: the words.
    """
    rows = [line.text.strip(BORDERS) for line in run]
    texts = [folded(row) for row in rows]
    places: list[list[_Place]] = []
    for word in query.words:
        found = [_Place(row, row) for row, text in enumerate(texts) if word in text] or list(_across(word, texts, run))
        if not found:
            return
        places.append(found)
    end = len(run)
    for start in range(len(run) - 1, -1, -1):
        nearest = [min((each for each in found if each.first >= start), default=None) for found in places]
        chosen = [place for place in nearest if place is not None]
        last = max(place.last for place in chosen) if len(chosen) == len(places) else end
        if last < end:
            end = last
            if start < last < start + MAX_WRAPPED:
                cut = {row for place in chosen if place.is_cut for row in range(place.first, place.last)}
                ends = ["" if row in cut else " " for row in range(start, last)]
                text = "".join(f"{row}{end}" for row, end in zip(rows[start : last + 1], [*ends, ""], strict=True))
                yield run[start]._replace(text=text, offset=run[last].offset, time_ns=run[last].time_ns)


def _across(word: str, texts: Sequence[str], run: Sequence[IndexedLine]) -> Iterator[_Place]:
    """The places of a word that is in no single row: of a phrase, or of a word that was cut."""
    for between in (" ", ""):
        joined = between.join(texts)
        starts = [0, *accumulate(len(text) + len(between) for text in texts)]
        at = joined.find(word)
        while at >= 0:
            place = _Place(bisect_right(starts, at) - 1, bisect_right(starts, at + len(word) - 1) - 1, not between)
            if between or all(line.room <= _MARGIN_COLUMNS for line in run[place.first : place.last]):
                yield place
            at = joined.find(word, at + 1)
