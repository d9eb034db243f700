"""The chapters of the guide: read from ``resources/guide``, with the user's own keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from gui.chat.content.items import ItemRequests, Mode, segments
from gui.chat.content.markdown import MarkdownText, blocks
from gui.finding.query import Pattern
from session_host.structured.items import Item

GUIDE = Path(__file__).parents[3] / "resources" / "guide"
FIRST = "README.md"
"""The chapter that lists the others, in their order."""
ALL_KEYS = "The guide in the window lists all actions here, with your own keys."
"""The text in whose place the window's guide has the table of all keys."""
_LINK = re.compile(r"\]\(([\w-]+\.md)\)")
_CODE = r"```.*?```|`[^`\n]*`"


class Match(NamedTuple):
    """A position in the searched text: the block, its segment, and the offsets in the segment's text, as Qt counts."""

    block: str
    segment: int
    begin: int
    end: int


@dataclass(frozen=True)
class Chapter:
    """One page of the guide.

    Attributes:
        name: the name of its file, to which links lead.
        title: its heading.
        text: its Markdown.
    """

    name: str
    title: str
    text: str

    @cached_property
    def blocks(self) -> list[Item]:
        """The paragraphs, tables and blocks of code, each as a message of an agent: screen readers go through them."""
        return [Item(f"{self.name} {number}", "agent", 0, block) for number, block in enumerate(blocks(self.text))]

    @cached_property
    def headings(self) -> dict[str, str]:
        """The title and the other headings by their blocks, in lower case."""
        return {
            block.id: re.sub("[#`*]", "", block.text).strip().lower()
            for block in self.blocks
            if block.text.startswith("#")
        }

    @cached_property
    def _texts(self) -> list[tuple[str, int, str]]:
        return [
            (block.id, number, segment.text)
            for block in self.blocks
            for number, segment in enumerate(segments(block, Mode(), MarkdownText(), ItemRequests()))
        ]

    def rank(self, text: str) -> int:
        """How well title and headings answer a search for a text: 0 is best, 4 if they do not have it."""
        title, *others = self.headings.values()
        text = text.lower()
        word = re.compile(rf"(?<!\w){re.escape(text)}")
        answers = (title.startswith(text), text in others, word.search(title), any(map(word.search, others)))
        return next((rank for rank, answer in enumerate(answers) if answer), len(answers))

    def matches(self, pattern: Pattern) -> list[Match]:
        """The matches of a pattern, in their order."""
        return [
            Match(block, number, begin, end)
            for block, number, text in self._texts
            for begin, end in pattern.spans_as_qt_counts(text)
        ]


def read_chapters(keys: Mapping[str, str]) -> list[Chapter]:
    """The chapters in their order; ``keys`` as in ``with_keys``."""
    texts = [(FIRST, first := (GUIDE / FIRST).read_text(encoding="utf-8"))]
    texts += [(name, (GUIDE / name).read_text(encoding="utf-8")) for name in dict.fromkeys(_LINK.findall(first))]
    return [Chapter(name, text.split("\n", 1)[0].lstrip("# "), with_keys(text, keys)) for name, text in texts]


def with_keys(text: str, keys: Mapping[str, str]) -> str:
    """A Markdown text with other keys, or names of actions; code stays as it is.

    Args:
        text: the text.
        keys: the replacement of each key that the user changed, by the key in the text; and of ``ALL_KEYS``.
    """
    if not keys:
        return text
    known = "|".join(re.escape(key) for key in keys)
    found = re.compile(rf"(?P<code>{_CODE})|(?<![\w+])(?:{known})(?![\w+])", re.DOTALL)
    return found.sub(lambda match: match[0] if match["code"] else keys[match[0]], text)
