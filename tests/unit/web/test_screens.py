"""A screen's colours as runs; its hash is of what one sees."""

from __future__ import annotations

import pytest

from session_host.protocol.messages import Screen
from session_host.protocol.values import GridSize
from session_host.terminal.base import DefaultColors
from session_host.terminal.contrast import TEXT_RATIO, ratio
from session_host.terminal.rows import RGB, Attribute, Row, Run, Style
from session_host.terminal.text import ansi_row
from session_host.web.forms import ScreenPage
from session_host.web.screens import Ground, page_of, runs_of

SCREEN = Ground(0xE0E0E0, 0x101010, tuple(0x404040 + 0x0B0B0B * number for number in range(16)))
"""A dark screen with sixteen greys."""


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        (Style(), ("", "", "")),
        (Style(foreground=7), ("#8d8d8d", "", "")),
        (Style(foreground=9, background=12), ("#4f4f4f", "#c4c4c4", "")),
        (Style(foreground=196), ("#ff0000", "", "")),
        (Style(foreground=16, background=231), ("#000000", "#ffffff", "")),
        (Style(background=244), ("#151515", "#808080", "")),
        (Style(foreground=RGB | 0x10FF30, background=RGB | 0x203020), ("#10ff30", "#203020", "")),
        (Style(attributes=Attribute.BOLD | Attribute.INVERSE), ("#101010", "#e0e0e0", "b")),
        (Style(attributes=Attribute.DIM | Attribute.ITALIC), ("#8d8d8d", "", "i")),
        (Style(attributes=Attribute.HIDDEN), ("#101010", "", "")),
        (Style(foreground=3, background=3), ("#616161", "#616161", "")),
        (Style(attributes=Attribute.STRIKE), ("", "", "s")),
    ],
)
def test_a_style_is_drawn_in_the_colours_of_the_desk(style: Style, expected: tuple[str, str, str]) -> None:
    row = Row((Run(0, 2, "ab", Style(), False), Run(2, 2, "cd", style, False)), wrapped=False)
    *_, last = page_of(_screen(ansi_row(row)), SCREEN).rows[0]
    assert last == (("abcd" if style == Style() else "cd"), *expected)


def test_text_of_the_palette_is_readable_on_each_ground() -> None:
    """Codex draws its dialog for the ground that it was told, on which the page draws it, too."""
    for ground in (0x15171C, 0xFFFFFF, 0x808080):
        screen = DefaultColors(background=ground)
        for sequence in ("", "31", "36", "94", "1;34", "38;5;8", "38;2;120;130;140", "97;44"):
            line = f"\x1b[{sequence}mtext\x1b[0m"
            [[(_text, front, back, _letters)]] = page_of(
                _screen(line), Ground(screen.foreground, ground, screen.palette)
            ).rows
            colors = [int(color[1:], 16) if color else usual for color, usual in ((front, 0xE7E9EC), (back, ground))]
            assert sequence == "" or ratio(*colors) >= TEXT_RATIO, (sequence, hex(ground), front, back)


def test_links_and_other_sequences_are_left_out() -> None:
    assert [text for text, _look in runs_of("a\x1b]8;;http://e\x1b\\b\x1b]8;;\x1b\\c\x1b[2Jd")] == ["a", "b", "c", "d"]


def _screen(*lines: str, row: int = 0) -> Screen:
    return Screen(1, list(lines), 0, row, True, "t", GridSize(80, 24), False, 7)


def shown(screen: Screen) -> ScreenPage:
    return page_of(screen, SCREEN)


def test_the_hash_is_of_the_text_and_its_colours() -> None:
    first, same, other = shown(_screen("a", "")), shown(_screen("a", "", "")), shown(_screen("\x1b[31ma"))
    assert first.hash == same.hash
    assert first.hash != other.hash
    assert (first.columns, first.scrollback, len(first.rows)) == (80, 7, 1)


def test_the_cursors_cell_is_marked_also_in_wide_text_and_behind_it() -> None:
    def row(line: str, column: int) -> list[tuple[str, str, str, str]]:
        [found] = shown(Screen(1, [line, ""], column, 0, True, "t", GridSize(80, 2), False, 0)).rows
        return found

    assert row("\x1b[31mab\x1b[0mc", 1) == [
        ("a", "#7e7e7e", "", ""),
        ("b", "#7e7e7e", "", "c"),
        ("c", "", "", ""),
    ]
    assert row("漢字e\u0301x", 3) == [("漢", "", "", ""), ("字", "", "", "c"), ("e\u0301x", "", "", "")]
    assert row("漢字e\u0301x", 4) == [("漢字", "", "", ""), ("e\u0301", "", "", "c"), ("x", "", "", "")]
    assert row("ab", 4) == [("ab", "", "", ""), ("  ", "", "", ""), (" ", "", "", "c")]
    assert row("", 0) == [(" ", "", "", "c")]


def test_blank_rows_below_the_text_are_left_out() -> None:
    screen = Screen(1, ["a", "  ", "\x1b[41m  \x1b[0m", "  "], 0, 0, False, "t", GridSize(80, 4), False, 0)
    assert [each[0][0] for each in shown(screen).rows] == ["a", "  ", "  "]


@pytest.mark.parametrize(("column", "row"), [(0, 9), (0, -1), (-1, 0), (10**9, 0)])
def test_a_cursor_that_is_not_on_the_screen_is_not_shown(column: int, row: int) -> None:
    """Another machine may say anything."""
    screen = Screen(1, ["a", "b"], column, row, True, "t", GridSize(80, 2), False, 0)
    assert shown(screen).rows == [[("a", "", "", "")], [("b", "", "", "")]]
