r"""What agents mean by Markdown, as rules for markdown-it.

A line end is a line end. Formulas stay as they were written, and ``<br>`` is a line break. A block of Markdown has its
own blocks of code. What misleads or is not seen is shown as an escape, also where it is written as an entity.

Models write formulas as ``\(…\)`` and ``$…$`` in a line, and as ``\[…\]`` and ``$$…$$`` also over several lines. For
CommonMark, their backslashes are escapes, and a line of theirs may begin a list. They write ``<br>`` to break lines in
tables.
"""

from __future__ import annotations

import re
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, fence
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline

from session_host.protocol.untrusted_text import legible

from .fences import NestedFences, is_markdown

_FORMULA: Final = re.compile(
    r"\\\([^`]+?\\\)|\\\[[^`]+?\\\]|\$\$[^`]+?\$\$"
    # Most single dollars are prices and variables. Those with "\" or "^" inside would lose something.
    r"|\$(?![\s$])[^$`\n]*[\\^][^$`\n]*(?<!\s)\$(?!\d)"
)
_DISPLAYED: Final = re.compile(r"\$\$((?:(?!\$\$)[^`])+)\$\$|\\\[((?:(?!\\\])[^`])+)\\\]")
_ENDS: Final = {r"\[": r"\]", "$$": "$$"}
"""The last line's end of a formula that has its first line's text alone in a line."""


def enable_formulas(parser: MarkdownIt) -> MarkdownIt:
    """Add the rules to a parser, and return it."""
    parser.inline.ruler.before("escape", "formula", _read_formula)
    parser.block.ruler.before(
        "fence", "formula", _read_lines, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )
    return parser


def displayed_formula(text: str) -> str:
    """The formula that is all of a text and stands in lines of its own, without ``$$`` or brackets; "" for none."""
    found = _DISPLAYED.fullmatch(text)
    return (found[1] or found[2]).strip() if found is not None else ""


def _read_formula(state: StateInline, silent: bool) -> bool:
    """The rule for a formula within a text."""
    found = _FORMULA.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        state.push("text", "", 0).content = found.group()
    state.pos = found.end()
    return True


def _read_lines(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """The rule for a formula of several lines: a paragraph up to its end, or up to a blank line while it has none."""
    end = _ENDS.get(_line(state, start_line))
    if end is None or state.is_code_block(start_line):
        return False
    if silent:
        return True
    following = start_line + 1
    while following < end_line and not state.isEmpty(following) and state.sCount[following] >= state.blkIndent:
        following += 1
        if _line(state, following - 1).endswith(end):
            break
    state.push("paragraph_open", "p", 1).map = [start_line, following]
    text = state.push("inline", "", 0)
    text.content = state.getLines(start_line, following, state.blkIndent, False).strip()
    text.map, text.children = [start_line, following], []
    state.push("paragraph_close", "p", -1)
    state.line = following
    return True


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]].rstrip()


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


def of_agents(parser: MarkdownIt) -> MarkdownIt:
    """Add all rules for messages to a parser, and return it."""
    parser.enable(["table", "strikethrough"])
    parser.options["breaks"] = True
    parser.block.ruler.at("fence", _read_fence, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    parser.core.ruler.push("legible", _show_misleading)
    return enable_line_breaks(enable_formulas(parser))


def _read_fence(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """The rule for a block of code: that of CommonMark, but one of Markdown ends after the blocks inside."""
    if not fence(state, start_line, end_line, silent):
        return False
    if silent or not is_markdown((token := state.tokens[-1]).info):
        return True
    inside, following, has_ended = NestedFences(token.markup), start_line + 1, False
    while following < end_line and not has_ended:
        if state.sCount[following] < state.blkIndent and not state.isEmpty(following):
            break  # The list or quotation around it ends.
        has_ended = not state.is_code_block(following) and inside.ends_with(_line(state, following))
        following += 1
    token.content = state.getLines(start_line + 1, following - has_ended, state.sCount[start_line], True)
    token.map, state.line = [start_line, following], following
    return True


def _show_misleading(state: StateCore) -> None:
    """The rule for what misleads or is not seen; it is the last one, since entities are characters by then."""
    for token in state.tokens:
        for each in (token, *(token.children or ())):
            each.content, each.info = legible(each.content), legible(each.info)
