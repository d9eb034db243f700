"""A page of Markdown as lines of text, for a terminal; its characters are one column wide. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

_GAP: Final = "  "
_LEAST_CELL: Final = 10
"""A column of a table does not become narrower than this for the others."""


class _Item:
    """An item of a list: its mark, which stands before its first block, and the number of the next item; 0 for none."""

    def __init__(self, start: int) -> None:
        self.mark, self.number = "", start

    def begin(self) -> None:
        self.mark = f"{self.number}. " if self.number else "- "
        self.number += bool(self.number)


def page_lines(markdown: str, columns: int) -> Iterator[tuple[str, bool]]:
    """The lines of a page, each with whether it is a heading; empty lines are between blocks, not between items."""
    tokens = MarkdownIt("commonmark", {"html": False}).enable("table").parse(markdown)
    lists: list[_Item] = []
    before = ""
    """What stands between the last block and the next one."""
    for position, token in enumerate(tokens):
        opened_by = tokens[position - 1].type if position else ""
        if token.type.endswith("_list_open"):
            lists.append(_Item(int(token.attrGet("start") or 1) if token.type.startswith("ordered") else 0))
        elif token.type.endswith("_list_close"):
            lists.pop()
            before = before if lists else "\n"
        elif token.type == "list_item_open":
            lists[-1].begin()
        elif token.type in {"fence", "code_block", "table_open"} or (
            token.type == "inline" and opened_by not in {"th_open", "td_open"}
        ):
            lines = [*before.splitlines(), *_block(tokens[position:], columns, lists)]
            yield from ((line, opened_by == "heading_open" and bool(line)) for line in lines)
            before = "" if lists and tokens[position - 1].hidden else "\n"


def _block(tokens: Sequence[Token], columns: int, lists: Sequence[_Item]) -> Iterator[str]:
    token, indent = tokens[0], "   " * max(len(lists) - 1, 0)
    if token.type in {"fence", "code_block"}:
        yield from textwrap.indent(token.content.rstrip("\n"), f"{indent}    ").split("\n")
    elif token.type == "table_open":
        yield from _table(list(_rows(tokens)), columns)
    else:
        mark = lists[-1].mark if lists else ""
        if lists:
            lists[-1].mark = " " * len(mark)
        yield from _wrapped(_words(token), columns, indent + mark, indent + " " * len(mark))


def _words(token: Token) -> str:
    """The text of a paragraph, a heading or a cell: code keeps its quotes, and links are their texts."""
    parts = (f"`{each.content}`" if each.type == "code_inline" else each.content for each in token.children or ())
    breaks = (" " if each.type in {"softbreak", "hardbreak"} else "" for each in token.children or ())
    return " ".join("".join(part + space for part, space in zip(parts, breaks, strict=True)).split())


def _wrapped(text: str, columns: int, first: str, others: str) -> list[str]:
    return textwrap.wrap(
        text,
        max(columns, len(first) + _LEAST_CELL),
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]


# ---------------------------------------------------------------- tables


def _rows(tokens: Iterable[Token]) -> Iterator[list[str]]:
    row: list[str] = []
    is_cell = False
    for token in tokens:
        if token.type == "table_close":
            return
        if token.type == "tr_open":
            row = []
        elif token.type == "tr_close":
            yield row
        elif is_cell:
            row.append(_words(token))
        is_cell = token.type in {"th_open", "td_open"}


def _table(rows: list[list[str]], columns: int) -> Iterator[str]:
    """The lines of a table: each cell is wrapped in its column; a line is below the headings."""
    widths = _widths(rows, columns)
    for number, row in enumerate(rows):
        cells = [_wrapped(cell, each, "", "") for cell, each in zip(row, widths, strict=True)]
        if number == 0 and not any(row):
            continue
        height = max(map(len, cells))
        for line in range(height):
            parts = [cell[line] if line < len(cell) else "" for cell in cells]
            padded = (part + " " * (each - len(part)) for part, each in zip(parts, widths, strict=True))
            yield _GAP.join(padded).rstrip()
        if number == 0:
            yield _GAP.join("─" * each for each in widths)


def _widths(rows: list[list[str]], columns: int) -> list[int]:
    """The widths of a table's columns: the widest give way, none for less than its longest word."""
    cells = list(zip(*rows, strict=True))
    widths = [max(map(len, each)) for each in cells]
    least = [max((len(word) for cell in each for word in cell.split()), default=1) for each in cells]
    least = [max(each, min(_LEAST_CELL, whole)) for each, whole in zip(least, widths, strict=True)]
    room = columns - len(_GAP) * (len(widths) - 1)
    while sum(widths) > room:
        spare = [whole - each for whole, each in zip(widths, least, strict=True)]
        if max(spare) <= 0:
            break
        widest = max((whole, number) for number, whole in enumerate(widths) if spare[number] > 0)[1]
        widths[widest] -= 1
    return widths
