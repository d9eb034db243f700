"""Blocks of Markdown in an agent's message, which have blocks of code of their own. Pure."""

from __future__ import annotations

from typing import Final

_OF_MARKDOWN: Final = frozenset({"markdown", "md", "mdx"})


def is_markdown(info: str) -> bool:
    """Whether the words after a fence say that the block is Markdown."""
    return bool(words := info.split()) and words[0].lower() in _OF_MARKDOWN


class NestedFences:
    """Follows the fences of a block of Markdown, line by line.

    A fence with a language begins a block inside, one without ends the innermost block. For CommonMark, the first fence
    without a language ends the block of Markdown itself. A block without a language inside cannot be told from its end.
    """

    def __init__(self, opening: str) -> None:
        """Begin with the block's first fence, without the words after it."""
        self._sign = opening[0]
        self._lengths = [len(opening)]

    def ends_with(self, line: str) -> bool:
        """Read a line; returns whether the block of Markdown ends with it."""
        line = line.strip()
        words = line.lstrip(self._sign)
        length = len(line) - len(words)
        if length >= self._lengths[-1]:
            if not words:
                self._lengths.pop()
            elif len(self._lengths) == 1 and self._sign not in words:
                self._lengths.append(length)
        return not self._lengths
