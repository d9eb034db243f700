"""Parses a query and matches lines against it. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from session_host.errors import UsageError

TRIGRAM: Final = 3
_MAX_TRIGRAMS: Final = 48
"""The most trigrams that are looked up: enough to exclude almost all pages without a match."""

_MAX_CHARACTERS: Final = 1000
MAX_SCOPE_WORDS: Final = 3
"""The most words that name a scope: "2 weeks ago"."""

_WORDS: Final = re.compile(r'"([^"]*[^"\s][^"]*)"|(\S+)')
_UNSEEN: Final = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
"""Where a word may or may not be cut: a soft hyphen, a zero width space, a word joiner. Nobody types them."""
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


def folded(text: str) -> str:
    """Normalize a text for comparing: composed, case-folded, without soft hyphens and the like."""
    if text.isascii():
        return text.lower()
    text = text.translate(_UNSEEN)
    # Case folding can decompose characters (UAX #15, section 5), so compose again at the end.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def trigrams(words: Iterable[str]) -> list[str]:
    """Trigrams that each text with these words has, for the index; empty if all words are shorter."""
    found: dict[str, None] = {}
    for word in words:
        for start in range(len(word) - TRIGRAM + 1):
            found[word[start : start + TRIGRAM]] = None
    step = max(1, -(-len(found) // _MAX_TRIGRAMS))
    return list(found)[::step]


class Scope(NamedTuple):
    """The chats and the time in which a line may be.

    Attributes:
        sessions: the chats, by id; None for all.
        first_ns: the beginning of the time, in nanoseconds since 1970.
        end_ns: its end.
    """

    sessions: frozenset[str] | None = None
    first_ns: int = 0
    end_ns: int = 1 << 63

    def has(self, session_id: str, time_ns: int) -> bool:
        """Whether a line of this chat and time is there."""
        return time_ns < self.end_ns and self.may_have(session_id, time_ns)

    def may_have(self, session_id: str, newest_ns: int) -> bool:
        """Whether any line of this chat can be there, if the newest one has this time."""
        return self.first_ns <= newest_ns and (self.sessions is None or session_id in self.sessions)


class Term(NamedTuple):
    """Words that name a scope: a line must be in it, or contain them.

    Only in quotes, words of less than three letters are text: the index would be of no help.
    """

    words: tuple[str, ...]
    scope: Scope

    def holds(self, session_id: str, time_ns: int, text: str) -> bool:
        """Whether a line is in the scope, or contains the words."""
        if self.scope.has(session_id, time_ns):
            return True
        line = folded(text)
        return bool(trigrams(self.words)) and all(word in line for word in self.words)


class Query(NamedTuple):
    """The words that a line must contain, in any order and case."""

    words: tuple[str, ...]
    """The folded words; none is empty."""
    terms: tuple[Term, ...] = ()

    @classmethod
    def of(cls, text: str, scope_of: Callable[[str], Scope | None] = lambda _words: None) -> Query:
        """Parse the user's text: words between blanks; double quotes join several into one.

        Args:
            text: the text.
            scope_of: the scope that up to ``MAX_SCOPE_WORDS`` words name, such as "last week"; None for none. Words
                in quotes name none, and all words are only words if no others are left.

        Raises:
            UsageError: the text has no words.
        """
        clean = _CONTROLS.sub(" ", text[:_MAX_CHARACTERS])
        found = [(folded(phrase or word), bool(phrase)) for phrase, word in _WORDS.findall(clean)]
        words, terms = _with_terms(found, scope_of)
        if not words:
            words, terms = [word for word, _ in found], []
        query = cls(tuple(dict.fromkeys(word for word in words if word)), tuple(terms))
        if not query.words:
            raise UsageError("nothing to search for; give a word")
        return query

    @property
    def all_words(self) -> tuple[str, ...]:
        """The words, and those of the terms."""
        return (*self.words, *(word for term in self.terms for word in term.words))

    def is_within(self, session_id: str, time_ns: int, text: str) -> bool:
        """Whether each term holds for a line."""
        return all(term.holds(session_id, time_ns, text) for term in self.terms)

    def matches(self, text: str) -> bool:
        """Whether a line contains all the words."""
        return self.matches_folded(folded(text))

    def matches_folded(self, text: str) -> bool:
        """Whether a folded text contains all the words."""
        return all(word in text for word in self.words)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """The positions of the words in a line, from the left, without overlap: (first, end) in characters."""
        line, ranges = _folded_with_ranges(text)
        marked = [False] * len(text)
        for word in self.all_words:
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


def _with_terms(
    found: Sequence[tuple[str, bool]], scope_of: Callable[[str], Scope | None]
) -> tuple[list[str], list[Term]]:
    """The words that name no scope, and the terms; ``found`` has the words, and whether each was in quotes."""
    words: list[str] = []
    terms: list[Term] = []
    start = 0
    while start < len(found):
        for count in range(MAX_SCOPE_WORDS, 0, -1):
            part = found[start : start + count]
            if len(part) == count and not any(is_phrase for _, is_phrase in part):
                scope = scope_of(" ".join(word for word, _ in part))
                if scope is not None:
                    terms.append(Term(tuple(word for word, _ in part), scope))
                    break
        else:
            count = 1
            words.append(found[start][0])
        start += count
    return words, terms


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
