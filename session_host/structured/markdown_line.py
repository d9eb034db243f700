"""A line of Markdown, and the first sentence of a text, as plain text. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from session_host.protocol.untrusted_text import legible, one_line

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_MARKS: Final = re.compile(r"[*_`#\[\\~]")
_HEADING: Final = re.compile(r"#{1,6}\s+")
_BEFORE_TEXT: Final = re.compile(r"^\s*(?:(?:[-*+>]|\d+[.)])\s+)*")
"""The marks of lists and quotes."""
_NO_TEXT: Final = re.compile(r"\s*(?:```|~~~|([-*_|:=])(?:[\s|:-]|\1)*$|<|$)")
"""A line that is a fence, a rule, the line below a table's head, or empty."""
_END: Final = re.compile(r"(?<=[.!?。！？])(?=\s|$)|(?<=[。！？])")

MAX_SENTENCE: Final = 120
"""How many characters of a sentence are given."""
_LEAST: Final = 16
"""A sentence is longer than this: "Done." says little."""


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    # Few lines have marks, and the library takes a twentieth of the time of all imports.
    from markdown_it import MarkdownIt

    from .markdown_syntax import enable_formulas

    parser = MarkdownIt("commonmark", {"html": False}).enable("strikethrough").disable(["html_inline", "entity"])
    return enable_formulas(parser)


@lru_cache(maxsize=512)
def plain_text(line: str) -> str:
    """A line of Markdown without the marks of headings, emphasis, code and links; what misleads is shown."""
    if not _MARKS.search(line):
        return legible(line)
    line = line[found.end() :] if (found := _HEADING.match(line)) else line
    tokens = _parser().parseInline(line)[0].children or []
    return legible("".join(token.content for token in tokens))


def first_sentence(text: str) -> str:
    """The first sentence of a Markdown text, a line of at most ``MAX_SENTENCE`` characters; "" for none.

    It keeps its marks, see ``plain_text``: hosts do not load the library.
    """
    line = next((line for line in text.splitlines() if not _NO_TEXT.match(line)), "")
    line = one_line(_BEFORE_TEXT.sub("", line, count=1)).strip()
    end = next((found.start() for found in _END.finditer(line) if found.start() > _LEAST), len(line))
    sentence = line[:end].rstrip()
    return sentence if len(sentence) <= MAX_SENTENCE else f"{sentence[: MAX_SENTENCE - 1].rstrip()}…"
