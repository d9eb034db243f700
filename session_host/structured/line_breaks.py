"""``<br>`` in Markdown: a rule for markdown-it that reads it as a line break.

Models write it to break lines in tables.
"""

from __future__ import annotations

import re
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

_LINE_BREAK: Final = re.compile(r"<br[ \t]*/?>[ \t]*\n?", re.IGNORECASE)


def enable_line_breaks(parser: MarkdownIt) -> MarkdownIt:
    """Add the rule to a parser, and return it."""
    parser.inline.ruler.before("autolink", "line_break", _read_line_break)
    return parser


def _read_line_break(state: StateInline, silent: bool) -> bool:
    """The rule; at the end of a text there is nothing to break."""
    found = _LINE_BREAK.match(state.src, state.pos)
    if found is None:
        return False
    if not silent and found.end() < state.posMax:
        state.push("hardbreak", "br", 0)
    state.pos = found.end()
    return True
