"""The chapters of the guide: read from ``resources/guide``, with the user's own keys."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from gui.chat.content.items import ItemRequests, Mode, segments
from gui.chat.content.markdown import MarkdownText, blocks
from gui.finding.query import FindQuery, Pattern
from session_host.structured.items import Item

GUIDE = Path(__file__).parents[3] / "resources" / "guide"
FIRST = "README.md"
"""The chapter that lists the others, in their order."""
ALL_KEYS = "The guide in the window lists all actions here, with your own keys."
"""A text of the page; the window replaces it with the table of all keys."""
NOT_IN_HEADINGS = 4
"""The rank of a chapter for a search if neither its title nor another heading answers it."""
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
        """How well title and headings answer a search for a text: 0 is best, NOT_IN_HEADINGS if they do not."""
        title, *others = self.headings.values()
        text = text.lower()
        words = [re.compile(rf"(?<!\w){re.escape(word)}") for word in text.split()]
        in_title, *in_others = (all(word.search(heading) for word in words) for heading in (title, *others))
        answers = (title.startswith(text), text in others, in_title, any(in_others))
        return next((rank for rank, answer in enumerate(answers) if answer), NOT_IN_HEADINGS)

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


def search(chapters: Sequence[Chapter], text: str, origin: int) -> tuple[Pattern, list[tuple[int, Match]]]:
    """Find a text; if no chapter has it, or not the one with the best title, find its words in any order.

    Chapters with the text in their title come first, then those with it in another heading, then the one where the
    search began. The first chapter lists the titles of all others, so it comes after those that match as well.

    Returns:
        The pattern to mark, and its matches, each with its chapter's row.
    """
    ranks = [chapter.rank(text) for chapter in chapters]
    rows = sorted(range(len(chapters)), key=lambda row: (ranks[row], row == 0, row != origin))
    pattern = Pattern(FindQuery(text))
    found = [(row, match) for row in rows for match in chapters[row].matches(pattern)]
    words, best = text.split(), rows[0]
    if len(words) > 1 and (not found or (ranks[best] < NOT_IN_HEADINGS and found[0][0] != best)):
        each = [Pattern(FindQuery(word)) for word in words]
        rows = [row for row in rows if all(chapters[row].matches(word) for word in each)]
        pattern = Pattern(FindQuery("|".join(map(re.escape, words)), is_expression=True))
        found = [(row, match) for row in rows for match in chapters[row].matches(pattern)]
    return pattern, found


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
