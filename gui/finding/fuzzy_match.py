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
        positions: the matched characters.
        is_scattered: a typed word matches only scattered characters, no part of the text and no beginnings of its
            words.
    """

    score: int
    positions: tuple[int, ...]
    is_scattered: bool = False


def fit(wanted: str, text: str) -> Fit | None:
    """Match a text with the typed words, in any order; None if it does not match.

    A typed upper-case letter matches only itself, as in fzf's smart case.
    """
    score, positions, is_scattered = 0, set[int](), False
    for word in wanted.split():
        found = _word(word, text if word != word.lower() else text.lower(), text)
        if found is None:
            return None
        score += found.score
        positions.update(found.positions)
        is_scattered |= found.is_scattered
    return Fit(score, tuple(sorted(positions)), is_scattered)


def _word(word: str, text: str, as_written: str) -> Fit | None:
    """The best match of a word's letters in a text (Smith and Waterman, with affine gaps)."""
    if len(text) != len(as_written) or not _is_within(word, text):
        return None
    bonuses = [_bonus(as_written, index) for index in range(len(text))]
    best = [0] * len(text)
    ways: list[list[int]] = []
    for number, letter in enumerate(word):
        row = [_NEVER] * len(text)
        way = [-1] * len(text)
        reached, reached_at = _NEVER, -1  # the best score of the previous letters, less the gap since
        for index, character in enumerate(text):
            if character == letter:
                if number == 0:
                    row[index] = _MATCHED + bonuses[index]
                else:
                    together = best[index - 1] + max(bonuses[index], _ADJACENT) if index else _NEVER
                    apart = reached + bonuses[index]
                    row[index] = _MATCHED + max(together, apart)
                    way[index] = index - 1 if together >= apart else reached_at
            if number and index:
                begun = best[index - 1] + _GAP_BEGINS
                reached, reached_at = (begun, index - 1) if begun >= reached + _GAP else (reached + _GAP, reached_at)
        best = row
        ways.append(way)
    end = max(range(len(text)), key=best.__getitem__)
    if best[end] < 0:
        return None
    positions = [end]
    for way in reversed(ways[1:]):
        positions.append(way[positions[-1]])
    positions.reverse()
    return Fit(best[end], tuple(positions), word not in text and not _are_beginnings(positions, as_written))


def _is_within(word: str, text: str) -> bool:
    letters = iter(text)
    return all(letter in letters for letter in word)


def _are_beginnings(positions: list[int], text: str) -> bool:
    """Whether each run of matched characters is at a word's beginning."""
    return all(index - 1 in positions or _bonus(text, index) for index in positions)


def _bonus(text: str, index: int) -> int:
    if index == 0:
        return _WORD_START + _FIRST
    before, character = text[index - 1], text[index]
    begins = (
        (character.isalnum() and not before.isalnum())
        or (character.isupper() and before.islower())
        or (character.isdigit() and not before.isdigit())
    )
    return _WORD_START if begins else 0
