"""Cells: colours, attributes, links, wide characters and clusters."""

from __future__ import annotations

import pytest

from session_host.terminal.rows import PLAIN, RGB, Attribute, Style, Underline
from tests.support.emulators import cell_at, texts

from .conftest import Maker


@pytest.mark.parametrize(
    ("sgr", "style"),
    [
        ("31", Style(foreground=1)),
        ("97", Style(foreground=15)),
        ("44", Style(background=4)),
        ("100", Style(background=8)),
        ("38;5;200", Style(foreground=200)),
        ("48;5;17", Style(background=17)),
        ("38;2;1;2;3", Style(foreground=RGB | 0x010203)),
        ("48;2;250;0;9", Style(background=RGB | 0xFA0009)),
        ("38:2::1:2:3", Style(foreground=RGB | 0x010203)),
        ("38:5:200", Style(foreground=200)),
        ("1", Style(attributes=Attribute.BOLD)),
        ("2", Style(attributes=Attribute.DIM)),
        ("3", Style(attributes=Attribute.ITALIC)),
        ("5", Style(attributes=Attribute.BLINK)),
        ("7", Style(attributes=Attribute.INVERSE)),
        ("8", Style(attributes=Attribute.HIDDEN)),
        ("9", Style(attributes=Attribute.STRIKE)),
        ("53", Style(attributes=Attribute.OVERLINE)),
        ("1;3;31", Style(foreground=1, attributes=Attribute.BOLD | Attribute.ITALIC)),
        ("4", Style(underline=Underline.SINGLE)),
        ("21", Style(underline=Underline.DOUBLE)),
        ("4:2", Style(underline=Underline.DOUBLE)),
        ("4:3", Style(underline=Underline.CURLY)),
        ("4:4", Style(underline=Underline.DOTTED)),
        ("4:5", Style(underline=Underline.DASHED)),
        ("4;58;5;9", Style(underline=Underline.SINGLE, underline_color=9)),
        ("4;58:2::1:2:3", Style(underline=Underline.SINGLE, underline_color=RGB | 0x010203)),
        ("1;22", PLAIN),
        ("2;22", PLAIN),
        ("4:3;24", PLAIN),
        ("31;39", PLAIN),
        ("1;31;44;4;0", PLAIN),
    ],
)
def test_sgr(make: Maker, sgr: str, style: Style) -> None:
    row = make(output=f"\x1b[{sgr}mX").rows()[0]
    assert cell_at(row, 0).style == style
    assert cell_at(row, 0).text == "X"


def test_runs_of_one_style_are_one_run(make: Maker) -> None:
    row = make(output="\x1b[31mred and red\x1b[0m plain \x1b[32mgreen").rows()[0]
    assert [(run.text.strip(" "), run.style.foreground) for run in row.runs] == [
        ("red and red", 1),
        ("plain", -1),
        ("green", 2),
    ]


def test_links(make: Maker) -> None:
    row = make(output="a \x1b]8;id=1;https://a.example/?q=1\x1b\\link\x1b]8;;\x07 b").rows()[0]
    assert row.text() == "a link b"
    assert [cell_at(row, column).style.link for column in (0, 2, 5, 6)] == [
        "",
        "https://a.example/?q=1",
        "https://a.example/?q=1",
        "",
    ]


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("漢", 2),
        ("한", 2),
        ("é", 1),
        ("e\u0301", 1),
        ("👍", 2),
        ("👍🏽", 2),
        ("👨\u200d👩\u200d👧", 2),
        ("⚠\ufe0f", 2),
        ("🇩🇪", 2),
        ("❤\ufe0f", 2),
    ],
)
def test_a_grapheme_cluster_takes_one_position(make: Maker, text: str, cells: int) -> None:
    emulator = make(output=f"a{text}b")
    row = emulator.rows()[0]
    assert emulator.cursor.column == 2 + cells
    assert row.text() == f"a{text}b"
    assert cell_at(row, 1).cells == cells
    assert cell_at(row, cells).text == cell_at(row, 1).text
    assert cell_at(row, 1 + cells).text == "b"


def test_a_vowel_sign_with_a_cell_of_its_own_is_kept(make: Maker) -> None:
    emulator = make(output="\u1019\u102cb")
    assert (emulator.rows()[0].text(), emulator.cursor.column) == ("\u1019\u102cb", 3)


def test_a_wide_character_that_does_not_fit_wraps(make: Maker) -> None:
    emulator = make(20, 5, output="x" * 19 + "漢")
    rows = emulator.rows()
    assert [row.text() for row in rows[:2]] == ["x" * 19, "漢"]
    assert rows[0].wrapped


def test_overwriting_half_of_a_wide_character_takes_all_of_it(make: Maker) -> None:
    assert texts(make(output="漢字\x1b[1;2Hx"))[0] == " x字"
    assert texts(make(output="漢字\x1b[1;3Hx"))[0] == "漢x"


def test_erased_cells_keep_the_background(make: Maker) -> None:
    row = make(20, 5, output="\x1b[44m\x1b[Kab\x1b[0m").rows()[0]
    assert cell_at(row, 19).style.background == 4
    assert cell_at(row, 19).text == " "


def test_line_drawing(make: Maker) -> None:
    assert texts(make(output="\x1b(0lqk\x1b(Blqk"))[0] == "┌─┐lqk"


def test_unknown_sequences_are_not_shown(make: Maker) -> None:
    strings = "a\x1bP1;2|x\x1b\\b\x1b_apc\x1b\\c\x1b^pm\x1b\\d\x1b]1337;File=x\x07"
    output = strings + "e\x1b[?9999hf\x1b[>7;1mg\x1b[=1;1uh\x1b[<ui\x1b[1 vj"
    assert texts(make(output=output))[0] == "abcdefghij"
