"""Selections by cell, word and line: their text, and that they follow their content."""

from __future__ import annotations

import pytest

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.base import Emulator

from .conftest import Maker

TEXT = "first line of text\r\n  second, (third) fourth\r\n" + "w" * 50 + "\r\nlast"


def selected_columns(emulator: Emulator) -> dict[int, tuple[int, int]]:
    emulator.damage_all()
    return {y: row.selection for y, row in sorted(emulator.frame().rows.items()) if row.selection}


def test_nothing_is_selected_at_first(make: Maker) -> None:
    emulator = make(output=TEXT)
    assert emulator.selected_text() == ""
    assert selected_columns(emulator) == {}
    emulator.clear_selection()
    emulator.extend_selection((3, 3))
    assert emulator.selected_text() == ""


@pytest.mark.parametrize(("anchor", "head"), [((6, 0), (9, 0)), ((9, 0), (6, 0))])
def test_selecting_by_cell(make: Maker, anchor: tuple[int, int], head: tuple[int, int]) -> None:
    emulator = make(output=TEXT)
    emulator.select(anchor, head, "cell")
    assert emulator.selected_text() == "line"
    assert selected_columns(emulator) == {0: (6, 9)}


def test_selecting_over_several_rows(make: Maker) -> None:
    emulator = make(output=TEXT)
    emulator.select((14, 0), (7, 1), "cell")
    assert emulator.selected_text() == "text\n  second"
    columns = selected_columns(emulator)
    assert columns[0][0] == 14
    assert columns[1] == (0, 7)


def test_selecting_by_word(make: Maker) -> None:
    emulator = make(output=TEXT)
    emulator.select((4, 1), (4, 1), "word")
    assert emulator.selected_text() == "second"
    emulator.extend_selection((13, 1))
    assert emulator.selected_text() == "second, (third"
    emulator.extend_selection((7, 0))
    assert emulator.selected_text() == "line of text\n  second"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("你好，世界。再见！foo", ["你好", "，", "世界", "。", "再见", "！", "foo"]),
        ("「日本」（test）、あ・い…", ["「", "日本", "」（", "test", "）、", "あ", "・", "い", "…"]),
        ("std::vec x=src/a-b.py:12", ["std", "::", "vec", "x=src/a-b.py", ":", "12"]),
    ],
)
def test_words_end_at_the_punctuation_of_any_script(make: Maker, text: str, words: list[str]) -> None:
    """A double click took half a sentence of Chinese, and the engines disagreed about ``a::b``."""
    emulator = make(60, 4, output=text)
    found: list[str] = []
    for column in range(40):
        emulator.select((column, 0), (column, 0), "word")
        found.append(emulator.selected_text())
    assert [word for word in dict.fromkeys(found) if word] == words


def between(first: tuple[int, int], last: tuple[int, int], columns: int, *, rectangle: bool) -> set[tuple[int, int]]:
    """The cells (column, row) between two edges."""
    rows = range(min(first[1], last[1]), max(first[1], last[1]) + 1)
    if rectangle:
        return {(x, y) for y in rows for x in range(min(first[0], last[0]), max(first[0], last[0]))}
    begin, end = sorted(row * columns + column for column, row in (first, last))
    return {(number % columns, number // columns) for number in range(begin, end)}


@pytest.mark.parametrize("rectangle", [False, True])
def test_a_selection_by_edges_has_what_is_between_them(make: Maker, rectangle: bool) -> None:
    emulator = make(4, 3, output="abcdefghijkl")
    edges = [(column, row) for row in range(3) for column in range(5)]
    for anchor in edges:
        emulator.select(anchor, anchor, "edge", rectangle=rectangle)
        for head in edges:
            emulator.extend_selection(head)
            found = selected_columns(emulator).items()
            cells = {(x, y) for y, (first, last) in found for x in range(first, last + 1)}
            assert cells == between(anchor, head, 4, rectangle=rectangle), (anchor, head)
            assert bool(emulator.selected_text()) == bool(cells), (anchor, head)


def test_a_selection_by_edges_has_whole_wide_characters_and_follows_its_content(make: Maker) -> None:
    emulator = make(20, 4, output="a你好b\r\ntwo")
    emulator.select((1, 0), (5, 0), "edge")
    assert emulator.selected_text() == "你好"
    emulator.feed(b"\r\nmore" * 4)
    emulator.scroll(-10)
    emulator.extend_selection((0, 0))
    assert emulator.selected_text() == "a"
    emulator.extend_selection((3, 0))
    assert emulator.selected_text() == "你"


def test_a_word_that_the_caller_knows_is_kept_whole_and_extended_by_words(make: Maker) -> None:
    emulator = make(output="one (two) three, (four) five six\r\n")
    emulator.select_word((4, 0), (14, 0))
    assert emulator.selected_text() == "(two) three"
    for head, text in (
        (((25, 0),), "(two) three, (four) five"),
        (((1, 0),), "one (two) three"),
        (((6, 0),), "(two) three"),
        (((17, 0), (22, 0)), "(two) three, (four)"),
    ):
        emulator.extend_selection(*head)
        assert emulator.selected_text() == text
    emulator.select((25, 0), (25, 0), "word")
    emulator.extend_selection((4, 0), (14, 0))
    assert emulator.selected_text() == "(two) three, (four) five"
    emulator.extend_selection((30, 0))
    assert emulator.selected_text() == "five six"


def test_a_word_that_the_caller_knows_follows_its_content(make: Maker) -> None:
    emulator = make(30, 5, output="\r\n\r\n\r\na (link), b\r\n")
    emulator.select_word((2, 3), (7, 3))
    emulator.feed(b"c d\r\ne f\r\n")
    emulator.extend_selection((0, 2))
    assert emulator.selected_text() == "(link), b\nc"
    emulator.extend_selection((0, 1))
    assert emulator.selected_text() == "a (link)"


def test_selecting_by_line(make: Maker) -> None:
    emulator = make(output=TEXT)
    emulator.select((4, 1), (4, 1), "line")
    assert emulator.selected_text() == "  second, (third) fourth"
    emulator.extend_selection((0, 0))
    assert emulator.selected_text() == "first line of text\n  second, (third) fourth"


def test_selecting_a_line_includes_its_soft_wrapped_rows(make: Maker) -> None:
    emulator = make(40, 10, output=TEXT)
    emulator.select((5, 3), (5, 3), "line")
    assert emulator.selected_text() == "w" * 50
    assert set(selected_columns(emulator)) == {2, 3}


def test_soft_wraps_are_joined_and_blanks_cut(make: Maker) -> None:
    emulator = make(40, 10, output=TEXT + "   \x1b[5;1Htail    ")
    emulator.select((38, 2), (3, 4), "cell")
    assert emulator.selected_text() == "w" * 12 + "\ntail"


@pytest.mark.parametrize(("anchor", "head"), [((1, 0), (3, 2)), ((3, 2), (1, 0)), ((3, 0), (1, 2)), ((1, 2), (3, 0))])
def test_a_block_is_the_same_from_each_of_its_corners(
    make: Maker, anchor: tuple[int, int], head: tuple[int, int]
) -> None:
    emulator = make(output="abcdef\r\nghijkl\r\nmnopqr")
    emulator.select(anchor, anchor, "cell", rectangle=True)
    emulator.extend_selection(head)
    assert emulator.selected_text() == "bcd\nhij\nnop"
    assert selected_columns(emulator) == {0: (1, 3), 1: (1, 3), 2: (1, 3)}


def test_a_block_keeps_its_rows_apart_and_cuts_their_blanks(make: Maker) -> None:
    emulator = make(10, 4, output="0123456789abcdefgh\r\nx\r\nlast row")
    emulator.select((1, 0), (4, 3), "cell", rectangle=True)
    assert emulator.selected_text() == "1234\nbcde\n\nast"


@pytest.mark.parametrize(
    ("columns", "text", "selected"),
    [
        ((1, 2), "b漢\n漢字\nla", {0: (1, 3), 1: (0, 3), 2: (1, 2)}),
        ((3, 4), "漢d\n字x\nin", {0: (2, 4), 1: (2, 4), 2: (3, 4)}),
        ((1, 1), "b\n漢\nl", {0: (1, 1), 1: (0, 1), 2: (1, 1)}),
    ],
)
def test_a_block_has_no_half_of_a_wide_character(
    make: Maker, columns: tuple[int, int], text: str, selected: dict[int, tuple[int, int]]
) -> None:
    emulator = make(output="ab漢d\r\n漢字x漢\r\nplain text")
    emulator.select((columns[0], 0), (columns[1], 2), "cell", rectangle=True)
    assert emulator.selected_text() == text
    assert selected_columns(emulator) == selected


def test_a_block_follows_its_content_into_the_history(make: Maker) -> None:
    emulator = make(40, 4, output="".join(f"line {n}\r\n" for n in range(10, 14)))
    emulator.select((5, 0), (6, 1), "cell", rectangle=True)
    emulator.feed(b"more\r\n" * 10)
    emulator.scroll(-20)
    emulator.extend_selection((6, 2))
    assert emulator.selected_text().splitlines()[-1] == "12"
    assert emulator.selected_text().startswith("11\n")


@pytest.mark.parametrize(("anchor", "head"), [(1, 1), (2, 2), (1, 2), (2, 1)])
def test_a_wide_character_is_never_selected_by_half(make: Maker, anchor: int, head: int) -> None:
    emulator = make(output="a漢b")
    emulator.select((anchor, 0), (head, 0), "cell")
    assert emulator.selected_text() == "漢"
    assert selected_columns(emulator) == {0: (1, 2)}


def test_selecting_everything(make: Maker) -> None:
    emulator = make(40, 4, output="".join(f"line {n}\r\n" for n in range(20)) + "end")
    emulator.select_all()
    assert emulator.selected_text() == "\n".join([*(f"line {n}" for n in range(20)), "end"])


def test_selecting_and_clearing_are_damage(make: Maker) -> None:
    emulator = make(output=TEXT)
    emulator.frame()
    emulator.select((0, 1), (3, 1), "cell")
    frame = emulator.frame()
    assert frame.rows[1].selection == (0, 3)
    emulator.extend_selection((2, 3))
    assert {y for y, row in emulator.frame().rows.items() if row.selection} >= {2, 3}
    emulator.clear_selection()
    frame = emulator.frame()
    assert {1, 2, 3} <= set(frame.rows)
    assert all(row.selection is None for row in frame.rows.values())
    assert emulator.selected_text() == ""


def test_a_selection_stays_on_its_content_while_output_arrives(make: Maker) -> None:
    emulator = make(40, 4, output="one\r\ntwo words\r\nthree")
    emulator.select((0, 1), (2, 1), "cell")
    emulator.feed(b"\r\nmore" * 4)
    assert emulator.selected_text() == "two"
    assert selected_columns(emulator) == {}
    emulator.scroll(-2)
    assert list(selected_columns(emulator).values()) == [(0, 2)]
    emulator.scroll(-10)
    emulator.extend_selection((8, 1))
    assert emulator.selected_text() == "two words"


def test_points_are_those_of_the_viewport(make: Maker) -> None:
    emulator = make(40, 4, output="".join(f"line {n}\r\n" for n in range(20)))
    emulator.scroll(-5)
    emulator.select((0, 0), (39, 0), "cell")
    assert emulator.selected_text() == "line 12"


def test_a_selection_survives_a_resize(make: Maker) -> None:
    emulator = make(40, 6, output="one\r\n" + "w" * 30 + "\r\nthree")
    emulator.select((0, 1), (29, 1), "cell")
    emulator.resize(GridSize(25, 6), CellSize())
    assert emulator.selected_text() in ("w" * 30, "")


def test_points_outside_of_the_grid_are_brought_in(make: Maker) -> None:
    emulator = make(20, 3, output="one\r\ntwo\r\nthree")
    emulator.select((-5, -5), (500, 500), "cell")
    assert emulator.selected_text() == "one\ntwo\nthree"
