"""A screen's colours as runs; its hash is of what one sees."""

from __future__ import annotations

import pytest

from session_host.protocol.messages import Screen
from session_host.protocol.values import GridSize
from session_host.terminal.rows import RGB, Attribute, Row, Run, Style
from session_host.terminal.text import ansi_row
from session_host.web.screens import page_of, runs_of


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        (Style(), ("", "", "")),
        (Style(foreground=1), ("c1", "", "")),
        (Style(foreground=9, background=12), ("c1", "c4", "")),
        (Style(foreground=196), ("#ff0000", "", "")),
        (Style(background=244), ("", "#808080", "")),
        (Style(foreground=RGB | 0x102030), ("#102030", "", "")),
        (Style(attributes=Attribute.BOLD | Attribute.INVERSE), ("", "", "br")),
        (Style(attributes=Attribute.DIM | Attribute.ITALIC), ("", "", "si")),
    ],
)
def test_a_style_becomes_a_look(style: Style, expected: tuple[str, str, str]) -> None:
    row = Row((Run(0, 2, "ab", Style(), False), Run(2, 2, "cd", style, False)), wrapped=False)
    *_, last = runs_of(ansi_row(row))
    assert last == (("abcd" if style == Style() else "cd"), *expected)


def test_links_and_other_sequences_are_left_out() -> None:
    assert runs_of("a\x1b]8;;http://e\x1b\\b\x1b]8;;\x1b\\c\x1b[2Jd") == [
        ("a", "", "", ""),
        ("b", "", "", ""),
        ("c", "", "", ""),
        ("d", "", "", ""),
    ]


def _screen(*lines: str, row: int = 0) -> Screen:
    return Screen(1, list(lines), 0, row, True, "t", GridSize(80, 24), False, 7)


def test_the_hash_is_of_the_text_and_its_colours() -> None:
    first, same, other = page_of(_screen("a", "")), page_of(_screen("a", "", "")), page_of(_screen("\x1b[31ma"))
    assert first.hash == same.hash
    assert first.hash != other.hash
    assert (first.columns, first.scrollback, len(first.rows)) == (80, 7, 1)


def test_the_cursors_cell_is_marked_also_in_wide_text_and_behind_it() -> None:
    def row(line: str, column: int) -> list[tuple[str, str, str, str]]:
        [found] = page_of(Screen(1, [line, ""], column, 0, True, "t", GridSize(80, 2), False, 0)).rows
        return found

    assert row("\x1b[31mab\x1b[0mc", 1) == [("a", "c1", "", ""), ("b", "c1", "", "c"), ("c", "", "", "")]
    assert row("漢字e\u0301x", 3) == [("漢", "", "", ""), ("字", "", "", "c"), ("e\u0301x", "", "", "")]
    assert row("漢字e\u0301x", 4) == [("漢字", "", "", ""), ("e\u0301", "", "", "c"), ("x", "", "", "")]
    assert row("ab", 4) == [("ab", "", "", ""), ("  ", "", "", ""), (" ", "", "", "c")]
    assert row("", 0) == [(" ", "", "", "c")]


def test_blank_rows_below_the_text_are_left_out() -> None:
    screen = Screen(1, ["a", "  ", "\x1b[41m  \x1b[0m", "  "], 0, 0, False, "t", GridSize(80, 4), False, 0)
    assert [each[0][0] for each in page_of(screen).rows] == ["a", "  ", "  "]


@pytest.mark.parametrize(("column", "row"), [(0, 9), (0, -1), (-1, 0), (10**9, 0)])
def test_a_cursor_that_is_not_on_the_screen_is_not_shown(column: int, row: int) -> None:
    """Another machine may say anything."""
    screen = Screen(1, ["a", "b"], column, row, True, "t", GridSize(80, 2), False, 0)
    assert page_of(screen).rows == [[("a", "", "", "")], [("b", "", "", "")]]
