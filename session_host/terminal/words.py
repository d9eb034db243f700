"""What a word is for a double click: the same in both engines and in the view of a chat. Pure.

A word is a run of characters without separators, so that paths stay whole; separators beside each other are one, too.
Motions by keyboard and the search for whole words have the finer words of vi and of regular expressions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

SEPARATORS: Final = (
    " \t\u00a0\u3000'\"`|:;,()[]{}<>$"
    "│┃║«»‹›“”„‘’‚…‥—"
    "、。〃〈〉《》「」『』【】〔〕〖〗〘〙〚〛〜〝〞〟・！＂＇（），．：；？［］｛｜｝～｟｠｡｢｣､･"
)
"""Those of libghostty-vt, the other quotes and vertical lines, and the punctuation of Chinese and Japanese."""
_SEPARATORS: Final = frozenset(SEPARATORS)


def is_separator(character: str) -> bool:
    """Whether a character is part of no word."""
    return character in _SEPARATORS or character.isspace()


def word_around(characters: Sequence[str], at: int) -> tuple[int, int]:
    """The first and the last position of the word, or of the separators, at a position of a line."""
    first = last = at
    kind = is_separator(characters[at])
    while first > 0 and is_separator(characters[first - 1]) == kind:
        first -= 1
    while last + 1 < len(characters) and is_separator(characters[last + 1]) == kind:
        last += 1
    return first, last
