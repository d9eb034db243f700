"""A line of Markdown as plain text. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from session_host.protocol.untrusted_text import legible

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_MARKS: Final = re.compile(r"[*_`#\[\\~]")
_HEADING: Final = re.compile(r"#{1,6}\s+")


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
