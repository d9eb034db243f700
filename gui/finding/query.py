"""A query, and its matches in a text, found with limited work."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable
from typing import NamedTuple, Protocol

from PySide6.QtCore import QRect, QRegularExpression

_MATCH_LIMIT = 200_000
"""PCRE's limit of steps for one match: some milliseconds."""
_MAX_LIMITS_REACHED = 12
"""An expression that exceeds the step limit on this number of lines is not tried any more."""
_LETTERS = re.compile(r".[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u093c\u3099\u309a]*", re.DOTALL)
"""Characters, each with the marks that can be composed with it or stay beside it."""
_TOKENS = re.compile(rf"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|{_LETTERS.pattern}", re.DOTALL)
"""Parts of an expression: escapes, bracket expressions and characters."""


class FindQuery(NamedTuple):
    """The query that the user typed.

    Attributes:
        text: the text, or the regular expression.
        is_expression: whether ``text`` is a regular expression (PCRE).
        is_exact: whether upper and lower case must match.
        is_word: whether only whole words match.
    """

    text: str = ""
    is_expression: bool = False
    is_exact: bool = False
    is_word: bool = False


class Pattern:
    """A compiled query.

    Plain texts are found with ``re``, in linear time. Regular expressions are found with PCRE, which has a limit of
    steps; ``re`` cannot be stopped.

    Attributes:
        query: the query.
        error: why the expression is not valid; "" if it is.
    """

    def __init__(self, query: FindQuery) -> None:
        self.query = query
        self.error = ""
        self._limits_reached = 0
        self._text: re.Pattern[str] | None = None
        self._expression: QRegularExpression | None = None
        if query.is_expression:
            self._expression = self._compile(query)
        elif query.text:
            source = _any_form(query.text)
            if query.is_word:
                source = rf"(?<!\w){source}(?!\w)"
            self._text = re.compile(source, 0 if query.is_exact else re.IGNORECASE)

    def _compile(self, query: FindQuery) -> QRegularExpression | None:
        option = QRegularExpression.PatternOption
        options = option.UseUnicodePropertiesOption
        if not query.is_exact:
            options |= option.CaseInsensitiveOption
        # Compile the user's text separately first, so that error messages refer to it.
        plain = QRegularExpression(query.text, options)
        if not plain.isValid():
            self.error = plain.errorString()
            return None
        text = _any_form(query.text, is_expression=True)
        source = rf"(?<!\w)(?:{text})(?!\w)" if query.is_word else text
        limited = QRegularExpression(f"(*LIMIT_MATCH={_MATCH_LIMIT}){source}", options)
        return limited if limited.isValid() else plain

    @property
    def is_too_slow(self) -> bool:
        """Whether the expression exceeded the step limit on some lines; these may have more matches."""
        return self._limits_reached > 0

    @property
    def is_empty(self) -> bool:
        """Whether the query is empty."""
        return not self.query.text

    def spans(self, text: str) -> list[tuple[int, int]]:
        """The matches in a text: (first, end) in characters, from the left, without overlap; none is empty."""
        if self._text is not None:
            return [match.span() for match in self._text.finditer(text)]
        if self._expression is None or self._limits_reached >= _MAX_LIMITS_REACHED:
            return []
        found: list[tuple[int, int]] = []
        matches = self._expression.globalMatch(text)
        while matches.hasNext():
            match = matches.next()
            if match.capturedLength():
                found.append((match.capturedStart(), match.capturedEnd()))
        if not matches.isValid():
            self._limits_reached += 1
        return found if text.isascii() else _in_characters(text, found)

    def spans_as_qt_counts(self, text: str) -> list[tuple[int, int]]:
        """The same as ``spans``, in UTF-16 code units."""
        found = self.spans(text)
        if text.isascii():
            return found
        units = unit_offsets(text)
        return [(units[first], units[end]) for first, end in found]


def _any_form(text: str, *, is_expression: bool = False) -> str:
    """An expression for a text, or expression; its letters with marks may be composed (é) or not (e and a mark).

    The letters in a bracket expression stay as they are: it stands for one character.
    """
    if text.isascii():
        return text if is_expression else re.escape(text)
    parts = []
    for letter in (_TOKENS if is_expression else _LETTERS).findall(unicodedata.normalize("NFC", text)):
        if is_expression and (letter.isascii() or letter[0] in "\\["):
            parts.append(letter)
            continue
        forms = dict.fromkeys(map(re.escape, (letter, unicodedata.normalize("NFD", letter))))
        parts.append(next(iter(forms)) if len(forms) == 1 else f"(?:{'|'.join(forms)})")
    return "".join(parts)


def _in_characters(text: str, found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    units = unit_offsets(text)
    return [(bisect_left(units, first), bisect_left(units, end)) for first, end in found]


def unit_offsets(text: str) -> list[int]:
    """The offset of each character, and of the end, in UTF-16 code units."""
    offsets = [0]
    for character in text:
        offsets.append(offsets[-1] + (2 if character > "\uffff" else 1))
    return offsets


class FindResult(NamedTuple):
    """The results of a search so far.

    Attributes:
        position: the number of the current match, from 1 at the top; 0 for none.
        total: the number of matches found.
        is_done: whether all text has been searched.
        is_cut: whether there are too many matches, so that the search stopped; the text may have more.
        error: why the regular expression is not valid; "" if it is.
        is_too_slow: whether the expression exceeded the step limit on some lines.
    """

    position: int = 0
    total: int = 0
    is_done: bool = True
    is_cut: bool = False
    error: str = ""
    is_too_slow: bool = False


class Finder(Protocol):
    """Finds a query in the text of one page, marks the matches, and shows the current one.

    Attributes:
        onward: the step with which Enter goes on: -1 up, from the newest match, or 1 down.
    """

    onward: int

    def set_listener(self, listener: Callable[[FindResult], object]) -> None:
        """Set the function that is called when the results change."""

    def set_covered_height(self, height_px: int) -> None:
        """Set the height of the page's right part that the bar covers; matches are shown below it."""

    def current_rect(self) -> QRect:
        """The area of the current match in pixels of the page, after it was scrolled into view; empty if unknown."""

    def suggestion(self) -> str:
        """The selected text, if it is one line; else ""."""

    def find(self, query: FindQuery, line: str = "") -> None:
        """Search for a query; an empty one has no matches.

        Args:
            query: the query.
            line: the text of a line, such as a result of the search over all chats; its first match becomes current.
        """

    def step(self, by: int) -> None:
        """Go to the match below (1) or above (-1)."""

    def end_search(self) -> None:
        """End the search; the current match becomes the selection."""
