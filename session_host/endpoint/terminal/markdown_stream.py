"""Finds the part of a growing answer that will not change any more.

Markdown settles block by block: a paragraph once something else follows, a list item once the next one has begun, code
line by line. Settled text is printed once; the rest is redrawn as it grows.

Source of the rules: CommonMark 0.31, as markdown-it-py implements them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from session_host.protocol.untrusted_text import plain

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_OPENING: Final = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*([^\n]*)")
_CLOSED_BY_BLANK: Final = frozenset({"paragraph_open", "heading_open", "hr", "table_open", "blockquote_open"})
_ONE_LINE: Final = frozenset({"heading_open", "hr"})
_LISTS: Final = frozenset({"bullet_list_open", "ordered_list_open"})

LONG_LINES: Final = 40
KEPT_LINES: Final = 8
"""A paragraph of more than ``LONG_LINES`` lines settles except for its last ``KEPT_LINES`` lines, so that the unsettled
part stays small. Markup that begins before the cut and ends after it is shown as written.
"""

CONTEXT_LINES: Final = 80
"""How many lines before a piece of code are remembered for syntax highlighting."""


class Markdown(NamedTuple):
    """A block of markdown."""

    source: str
    spaced: bool
    """Whether an empty line is before the block."""


class Code(NamedTuple):
    """Lines of a fenced block."""

    lines: tuple[str, ...]
    language: str
    context: tuple[str, ...]
    """The last lines of the same block before these."""
    opens: bool
    """Whether this is the block's beginning."""
    closes: bool
    """Whether this is the block's end."""


Block = Markdown | Code


def clean(text: str) -> str:
    """Remove characters from a model's or user's text that would control the terminal."""
    return plain(text, len(text), keep_lines=True).expandtabs(4)


def parser() -> MarkdownIt:
    """The parser of answers, with formulas and HTML but ``<br>`` as plain text, since they are not rendered."""
    from markdown_it import MarkdownIt

    from session_host.structured.markdown_syntax import enable_formulas, enable_line_breaks

    parser = MarkdownIt().enable("strikethrough").enable("table").disable(["html_block", "html_inline"])
    return enable_line_breaks(enable_formulas(parser))


class MarkdownStream:
    """One growing answer.

    Attributes:
        rest: the unsettled part.
    """

    def __init__(self) -> None:
        self.rest = ""
        self._parser = parser()
        self._fence: _Fence | None = None
        self._begun = False
        self._in_list = False
        self._in_paragraph = False

    def append(self, text: str) -> list[Block]:
        """Append text, and return the blocks that have settled."""
        self.rest += text
        blocks: list[Block] = []
        while (block := self._take_code() if self._fence else self._take_markdown()) is not None:
            blocks.append(block)
        return blocks

    def finish(self) -> list[Block]:
        """End the answer, and return the rest as settled blocks."""
        blocks = self.append("" if self.rest.endswith("\n") or not self.rest else "\n")
        if self._fence is not None:
            blocks.append(self._fence.code((), closes=True))
            self._fence = None
        elif self.rest.strip():
            blocks.append(self._block(self.rest))
        self.rest = ""
        return blocks

    def unfinished(self) -> Block | None:
        """The unsettled text as a block."""
        if self._fence is not None:
            # The last line is incomplete; leave it out if it may become the fence's end.
            ending = self._fence.may_close(self.rest)
            return self._fence.code((self.rest,), advance=False) if self.rest and not ending else None
        if not self.rest.strip():
            return None
        opening = _OPENING.match(self.rest)
        if opening and "\n" not in self.rest:
            return None
        return Markdown(self.rest, self._begun and not (self._in_list or self._in_paragraph))

    def _block(self, source: str) -> Markdown:
        block = Markdown(source, self._begun and not (self._in_list or self._in_paragraph))
        self._begun, self._in_paragraph = True, False
        return block

    def _take_code(self) -> Block | None:
        """Remove the complete lines of a fenced block from the rest, and return them; None if there are none."""
        assert self._fence is not None
        end = self.rest.rfind("\n") + 1
        if not end:
            return None
        lines: list[str] = []
        index = 0
        while index < end:
            following = self.rest.index("\n", index) + 1
            line = self.rest[index : following - 1]
            index = following
            if self._fence.closes(line):
                code = self._fence.code(tuple(lines), closes=True)
                self._fence = None
                self.rest = self.rest[index:]
                return code
            lines.append(self._fence.unindented(line))
        self.rest = self.rest[end:]
        return self._fence.code(tuple(lines))

    def _take_markdown(self) -> Block | None:
        """Remove the first settled block from the pending text, and return it; None if there is none."""
        end = self.rest.rfind("\n") + 1
        complete = self.rest[:end]
        if not complete.strip():
            return None
        tokens = [token for token in self._parser.parse(complete) if token.map and token.level <= 1]
        top_level = [token for token in tokens if token.level == 0]
        if not top_level:
            return None
        first = top_level[0]
        if first.type == "fence":
            return self._open_fence(complete)
        if first.type in _LISTS and (item := self._take_item(tokens, complete)) is not None:
            return item
        if len(top_level) > 1 or self._is_closed(first, complete):
            end = _lines(first)[1] if len(top_level) == 1 else _lines(top_level[1])[0]
            return self._pop_block(complete, end, in_list=False)
        lines = _lines(first)[1]
        if first.type == "paragraph_open" and lines > LONG_LINES:
            block = self._pop_block(complete, lines - KEPT_LINES, in_list=False)
            self._in_paragraph = True
            return block
        return None

    def _open_fence(self, complete: str) -> Block | None:
        """Begin a fenced block."""
        lines = complete.splitlines(keepends=True)
        skipped = next(number for number, line in enumerate(lines) if line.strip())
        opening = _OPENING.match(lines[skipped])
        assert opening is not None
        indent = len(lines[skipped]) - len(lines[skipped].lstrip(" "))
        self._fence = _Fence(opening[1], opening[2].split(maxsplit=1)[0] if opening[2].split() else "", indent)
        self.rest = self.rest[sum(len(line) for line in lines[: skipped + 1]) :]
        self._begun, self._in_list = True, False
        return self._fence.code(())

    def _take_item(self, tokens: list[Token], complete: str) -> Block | None:
        """Remove the first item of a list, and return it, if another item follows."""
        following = next((index for index, token in enumerate(tokens[1:], 1) if token.level == 0), len(tokens))
        items = [token for token in tokens[1:following] if token.type == "list_item_open"]
        return self._pop_block(complete, _lines(items[1])[0], in_list=True) if len(items) > 1 else None

    def _pop_block(self, complete: str, lines: int, *, in_list: bool) -> Block:
        source = "\n".join([*complete.split("\n", lines)[:lines], ""])
        self.rest = self.rest[len(source) :]
        block = self._block(source)
        self._in_list = in_list and not source.endswith("\n\n")
        return block

    @staticmethod
    def _is_closed(token: Token, complete: str) -> bool:
        if token.type in _ONE_LINE:
            return True
        return token.type in _CLOSED_BY_BLANK and complete.endswith(("\n\n", "\n \n"))


class _Fence:
    """An unfinished fenced block."""

    def __init__(self, mark: str, language: str, indent: int) -> None:
        self._mark = mark
        self._language = language
        self._indent = indent
        self._context: tuple[str, ...] = ()
        self._opened = False
        self._ending = re.compile(rf" {{0,3}}{re.escape(mark[0])}{{{len(mark)},}}[ \t]*")

    def closes(self, line: str) -> bool:
        """Whether a line closes the block."""
        return self._ending.fullmatch(line) is not None

    def may_close(self, beginning: str) -> bool:
        """Whether a line that begins like this may become the closing fence."""
        bare = beginning.strip(" ")
        return bool(bare) and not bare.strip(self._mark[0])

    def unindented(self, line: str) -> str:
        """A line without the fence's indentation."""
        blanks = len(line) - len(line.lstrip(" "))
        return line[min(blanks, self._indent) :]

    def code(self, lines: tuple[str, ...], *, closes: bool = False, advance: bool = True) -> Code:
        """These lines, with the lines before them as context."""
        code = Code(lines, self._language, self._context, not self._opened, closes)
        if advance:
            self._opened = True
            self._context = (*self._context, *lines)[-CONTEXT_LINES:]
        return code


def _lines(token: Token) -> tuple[int, int]:
    """The lines of a block: the first, and the one after the last."""
    assert token.map is not None
    return token.map[0], token.map[1]
