"""Fuzzy matching as in fzf: letters in order, with the highest score at word starts and in runs."""

from __future__ import annotations

from typing import Final, NamedTuple

_MATCHED: Final = 16
_ADJACENT: Final = 8
"""The bonus for a letter directly after the previous matched one."""
_WORD_START: Final = 8
_FIRST: Final = 4
"""The additional bonus for a letter at the text's beginning."""
_GAP_BEGINS: Final = -3
_GAP: Final = -1
_NEVER: Final = -(10**6)


class Fit(NamedTuple):
    """How a text matches.

    Attributes:
        score: higher for a better match.
        places: the matched characters.
        is_scattered: a typed word matches only scattered characters, no part of the text and no beginnings of its
            words.
    """

    score: int
    places: tuple[int, ...]
    is_scattered: bool = False


def fit(wanted: str, text: str) -> Fit | None:
    """Match a text with the typed words, in any order; None if it does not match.

    A typed upper-case letter matches only itself, as in fzf's smart case.
    """
    score, places, is_scattered = 0, set[int](), False
    for word in wanted.split():
        found = _word(word, text if word != word.lower() else text.lower(), text)
        if found is None:
            return None
        score += found.score
        places.update(found.places)
        is_scattered |= found.is_scattered
    return Fit(score, tuple(sorted(places)), is_scattered)


def _word(word: str, text: str, as_written: str) -> Fit | None:
    """The best match of a word's letters in a text (Smith and Waterman, with affine gaps)."""
    if len(text) != len(as_written) or not _is_within(word, text):
        return None
    bonuses = [_bonus(as_written, place) for place in range(len(text))]
    best = [0] * len(text)
    ways: list[list[int]] = []
    for number, letter in enumerate(word):
        row = [_NEVER] * len(text)
        way = [-1] * len(text)
        reached, reached_at = _NEVER, -1  # the best score of the previous letters, less the gap since
        for place, character in enumerate(text):
            if character == letter:
                if number == 0:
                    row[place] = _MATCHED + bonuses[place]
                else:
                    together = best[place - 1] + max(bonuses[place], _ADJACENT) if place else _NEVER
                    apart = reached + bonuses[place]
                    row[place] = _MATCHED + max(together, apart)
                    way[place] = place - 1 if together >= apart else reached_at
            if number and place:
                begun = best[place - 1] + _GAP_BEGINS
                reached, reached_at = (begun, place - 1) if begun >= reached + _GAP else (reached + _GAP, reached_at)
        best = row
        ways.append(way)
    end = max(range(len(text)), key=best.__getitem__)
    if best[end] < 0:
        return None
    places = [end]
    for way in reversed(ways[1:]):
        places.append(way[places[-1]])
    places.reverse()
    return Fit(best[end], tuple(places), word not in text and not _are_beginnings(places, as_written))


def _is_within(word: str, text: str) -> bool:
    letters = iter(text)
    return all(letter in letters for letter in word)


def _are_beginnings(places: list[int], text: str) -> bool:
    """Whether each run of matched characters is at a word's beginning."""
    return all(place - 1 in places or _bonus(text, place) for place in places)


def _bonus(text: str, place: int) -> int:
    if place == 0:
        return _WORD_START + _FIRST
    before, character = text[place - 1], text[place]
    begins = (
        (character.isalnum() and not before.isalnum())
        or (character.isupper() and before.islower())
        or (character.isdigit() and not before.isdigit())
    )
    return _WORD_START if begins else 0
