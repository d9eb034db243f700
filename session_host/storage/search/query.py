"""Parses a query and matches lines against it. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple

from session_host.errors import UsageError

TRIGRAM: Final = 3
_MAX_TRIGRAMS: Final = 48
"""The most trigrams that are looked up: enough to exclude almost all pages without a match."""

_MAX_CHARACTERS: Final = 1000
_WORDS: Final = re.compile(r'"([^"]*[^"\s][^"]*)"|(\S+)')
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


def folded(text: str) -> str:
    """Normalize a text for comparing: composed, and case-folded."""
    if text.isascii():
        return text.lower()
    # Case folding can decompose characters (UAX #15, section 5), so compose again at the end.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


class Query(NamedTuple):
    """The words that a line must contain, in any order and case."""

    words: tuple[str, ...]
    """The folded words; none is empty."""

    @classmethod
    def of(cls, text: str) -> Query:
        """Parse the user's text: words between blanks; double quotes join several into one.

        Raises:
            UsageError: the text has no words.
        """
        clean = _CONTROLS.sub(" ", text[:_MAX_CHARACTERS])
        words = [folded(phrase or word) for phrase, word in _WORDS.findall(clean)]
        found = tuple(dict.fromkeys(word for word in words if word))
        if not found:
            raise UsageError("nothing to search for; give a word")
        return cls(found)

    def matches(self, text: str) -> bool:
        """Whether a line contains all the words."""
        return self.matches_folded(folded(text))

    def matches_folded(self, text: str) -> bool:
        """Whether a folded text contains all the words."""
        return all(word in text for word in self.words)

    def trigrams(self) -> list[str]:
        """Trigrams that each matching line has, for the index; empty if all words are shorter."""
        found: dict[str, None] = {}
        for word in self.words:
            for start in range(len(word) - TRIGRAM + 1):
                found[word[start : start + TRIGRAM]] = None
        trigrams = list(found)
        step = max(1, -(-len(trigrams) // _MAX_TRIGRAMS))
        return trigrams[::step]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """The positions of the words in a line, from the left, without overlap: (first, end) in characters."""
        line, ranges = _folded_with_ranges(text)
        marked = [False] * len(text)
        for word in self.words:
            start = line.find(word)
            while start >= 0:
                first, end = ranges[start][0], ranges[start + len(word) - 1][1]
                marked[first:end] = [True] * (end - first)
                start = line.find(word, start + 1)
        spans = []
        position = 0
        while position < len(text):
            end = position
            while end < len(text) and marked[end]:
                end += 1
            if end > position:
                spans.append((position, end))
            position = end + 1
        return spans


def _folded_with_ranges(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The folded text, and for each of its characters its source in ``text``: (first, end)."""
    if text.isascii():
        return text.lower(), [(position, position + 1) for position in range(len(text))]
    parts: list[str] = []
    ranges: list[tuple[int, int]] = []
    start = 0
    while start < len(text):
        end = start + 1
        # A combining character is folded together with the character before it.
        while end < len(text) and _joins(text[end]):
            end += 1
        part = folded(text[start:end])
        parts.append(part)
        ranges += [(start, end)] * len(part)
        start = end
    return "".join(parts), ranges


def _joins(character: str) -> bool:
    # Vowels and finals of Hangul compose with the character before them, though they are not marks.
    return unicodedata.category(character).startswith("M") or "\u1160" <= character <= "\u11ff"
