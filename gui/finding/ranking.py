"""Finds texts by a few typed letters, the best first. Pure; fast enough to do it for thousands of texts at each key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
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


FEW = 300
"""The matches in a list of at most this many lines are all ordered exactly."""
BEST = 50
"""In a longer list, only so many are: those that a quick look at all lines finds likely to be the best."""

_ALSO_PENALTY = 4
"""Texts that match by their other words come after those that match by their title."""
_BOTH_PENALTY = 12
"""Those that match only by their title and other words together come after both."""
_DETAIL_PENALTY = 12

_BEGIN = r"(?:^|[\W_])"
"""A pattern of what is before a word's first letter."""


class Texts(NamedTuple):
    """The texts by which one line of a list is found.

    Attributes:
        title: its main text.
        detail: a less important text.
        also: other words.
    """

    title: str
    detail: str = ""
    also: str = ""


class Match(NamedTuple):
    """A line that matches: its number, and how."""

    number: int
    fit: Fit


class Ranking:
    """The texts of a list's lines."""

    def __init__(self, lines: Sequence[Texts]) -> None:
        self._lines = lines
        self._is_long = len(lines) > FEW
        self._titles = [line.title.lower() for line in lines] if self._is_long else []
        self._wholes = ["\n".join(line).lower() for line in lines] if self._is_long else []

    def find(self, typed: str) -> Iterator[Match]:
        """The lines that match, the best first; equal ones keep their order, and so do all if nothing is typed.

        Words match parts of the texts or the beginnings of a title's words, never by case. Scattered letters match only
        if nothing else does.
        """
        words = typed.lower().split()
        likely: Sequence[int] = self._likely(words) if self._is_long and words else range(len(self._lines))
        best = likely[: BEST if self._is_long else FEW] if words else []
        found = [match for number in best if (match := self._match(typed, number)) is not None]
        if any(not match.fit.is_scattered for match in found):
            found = [match for match in found if not match.fit.is_scattered]
        # A whole title is first; other equal matches keep their order: the most recent chat first, commands as given.
        found.sort(key=lambda match: (-match.fit.score, not self._is_title(typed, match.number)))
        yield from found
        for number in likely[len(best) :]:
            if (match := self._match(typed, number)) is not None:
                yield match

    def _match(self, typed: str, number: int) -> Match | None:
        how = _how(typed, self._lines[number])
        return Match(number, how) if how is not None else None

    def _is_title(self, typed: str, number: int) -> bool:
        return self._lines[number].title.rstrip("…").lower() == typed.lower()

    def _likely(self, words: Sequence[str]) -> list[int]:
        """The numbers of the lines that match, probably better ones first; scattered letters only if nothing else."""
        titles, wholes = self._titles, self._wholes
        numbers: Sequence[int] = range(len(titles))
        named, found = numbers, numbers
        for word in words:
            named = [number for number in named if word in titles[number]]
            found = [number for number in found if word in wholes[number]]
        first = words[0]
        begins = re.compile(_BEGIN + re.escape(first))
        graded = dict.fromkeys(number for number in named if titles[number].startswith(first))
        graded |= dict.fromkeys(number for number in named if begins.search(titles[number]))
        graded |= dict.fromkeys(named)
        graded |= dict.fromkeys(self._in_titles(words, f"(?:.*?{_BEGIN})?"))
        graded |= dict.fromkeys(found)
        return list(graded) or self._in_titles(words, ".*?")[:BEST]

    def _in_titles(self, words: Sequence[str], between: str) -> list[int]:
        """The lines with the letters of each word in their titles, with this pattern between the letters."""
        begin = "" if between == ".*?" else _BEGIN
        found: Sequence[int] = range(len(self._titles))
        for word in words:
            pattern = re.compile(begin + between.join(map(re.escape, word)))
            found = [n for n in found if word in self._titles[n] or pattern.search(self._titles[n])]
        return list(found)


def _how(typed: str, line: Texts) -> Fit | None:
    """Match a line: by its title, by its other words or both, or with a lower rank by its detail; never by case.

    Only a title may match scattered letters: almost any word is scattered over a title with a detail or other words,
    and Enter would then run an action that has nothing to do with it.
    """
    typed = typed.lower()
    found = fit(typed, line.title)
    if _is_part(typed, line.also) and (other := fit(typed, line.also)) is not None:
        found = _better(found, Fit(other.score - _ALSO_PENALTY, ()))
    for words, penalty in ((line.also, _BOTH_PENALTY), (line.detail, _DETAIL_PENALTY * len(typed))):
        whole = f"{line.title} {words}"
        is_weak = found is None or found.is_scattered
        if is_weak and _is_part(typed, whole) and (other := fit(typed, whole)) is not None:
            found = _better(found, Fit(other.score - penalty, other.positions))
    return found


def _is_part(typed: str, text: str) -> bool:
    """Whether a text has each typed word in one piece."""
    return bool(text) and all(word in text.lower() for word in typed.split())


def _better(found: Fit | None, other: Fit) -> Fit:
    return other if found is None or (found.is_scattered, -found.score) > (other.is_scattered, -other.score) else found
