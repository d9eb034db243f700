"""Motions of the selecting mode, over the rows of an engine."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.terminal.by_keyboard import motions
from gui.terminal.by_keyboard.motions import Position


class Rows:
    """Rows of text; one that ends with "\\" wraps, and a capital "W" is a wide character of two cells."""

    def __init__(self, *rows: str, first: int = 0, columns: int = 20) -> None:
        self.columns = columns
        self.first = first
        self.last = self.end = first + len(rows) - 1
        self._rows = rows

    def cells(self, row: int) -> list[str]:
        text = self._rows[row - self.first].removesuffix("\\")
        cells = [cell for character in text for cell in ((character, "") if character == "W" else (character,))]
        return (cells + [" "] * self.columns)[: self.columns]

    def is_blank(self, row: int) -> bool:
        return not "".join(self.cells(row)).strip()

    def wraps(self, row: int) -> bool:
        return row < self.last and self._rows[row - self.first].endswith("\\")


TEXT = Rows("def run(it):", "", "  path/to some_word ", "end")


@pytest.mark.parametrize(
    ("motion", "begin", "positions"),
    [
        (motions.word_forward, (0, 0), [(0, 4), (0, 7), (0, 8), (0, 10), (2, 2), (2, 6), (2, 7), (2, 10), (3, 0)]),
        (motions.word_forward, (3, 0), [(3, 2), (3, 2)]),
        (motions.word_end, (0, 0), [(0, 2), (0, 6), (0, 7), (0, 9), (0, 11), (2, 5), (2, 6), (2, 8), (2, 18), (3, 2)]),
        (motions.word_back, (3, 2), [(3, 0), (2, 10), (2, 7), (2, 6), (2, 2), (0, 10), (0, 8), (0, 7), (0, 4)]),
        (motions.word_back, (0, 4), [(0, 0), (0, 0)]),
        (motions.paragraph_forward, (0, 3), [(1, 0), (3, 2)]),
        (motions.paragraph_back, (3, 1), [(1, 0), (0, 0)]),
        (motions.line_text, (2, 9), [(2, 2), (2, 2)]),
        (motions.line_start, (2, 9), [(2, 0)]),
        (motions.line_end, (2, 0), [(2, 18)]),
    ],
)
def test_motions_are_those_of_vi(
    motion: Callable[[motions.CellRows, Position], Position], begin: tuple[int, int], positions: list[tuple[int, int]]
) -> None:
    position, gone = Position(*begin), []
    for _ in positions:
        position = motion(TEXT, position)
        gone.append(tuple(position))
    assert gone == positions


def test_words_end_at_the_punctuation_of_any_script() -> None:
    text = Rows("std::vec 你好，世界。再见")
    begins = [Position(0, 0)]
    while (position := motions.word_forward(text, begins[-1])) != begins[-1]:
        begins.append(position)
    assert "".join(text.cells(0)[each.column] for each in begins).startswith("s:v你，世。再")


def test_big_words_end_only_at_blanks() -> None:
    assert motions.word_forward(TEXT, Position(2, 2), is_big=True) == (2, 10)
    assert motions.word_end(TEXT, Position(0, 4), is_big=True) == (0, 11)
    assert motions.word_back(TEXT, Position(2, 8), is_big=True) == (2, 2)


def test_a_line_that_wraps_is_one_line() -> None:
    text = Rows("long wor\\", "d and mo\\", "re", "next", first=40, columns=8)
    assert motions.word_forward(text, Position(40, 0)) == (40, 5)
    assert motions.word_forward(text, Position(40, 5)) == (41, 2)
    assert motions.word_back(text, Position(41, 0)) == (40, 5)
    assert motions.line_start(text, Position(42, 1)) == (40, 0)
    assert motions.line_end(text, Position(40, 3)) == (42, 1)
    assert motions.right(text, Position(42, 1)) == (43, 0)
    assert motions.left(text, Position(43, 0)) == (42, 1)


def test_a_wide_character_is_one_step() -> None:
    text = Rows("aWb", "W")
    assert motions.right(text, Position(0, 0)) == (0, 1)
    assert motions.right(text, Position(0, 1)) == (0, 3)
    assert motions.left(text, Position(0, 3)) == (0, 1)
    assert motions.at(text, 0, 2) == (0, 1)
    assert motions.line_end(text, Position(1, 0)) == (1, 0)


def test_a_block_selection_may_leave_the_text_but_not_its_row() -> None:
    assert motions.right(TEXT, Position(3, 2), is_free=True) == (3, 3)
    assert motions.right(TEXT, Position(3, 19), is_free=True) == (3, 19)
    assert motions.left(TEXT, Position(3, 0), is_free=True) == (3, 0)
    assert motions.at(TEXT, 1, 9, is_free=True) == (1, 9)


ANY = st.lists(st.text(alphabet="aW_. (\\", max_size=9), min_size=1, max_size=6)


@given(ANY, st.integers(0, 5), st.integers(0, 9))
def test_every_motion_stays_in_the_text(rows: list[str], row: int, column: int) -> None:
    text = Rows(*rows, columns=10)
    begin = motions.at(text, row, column)
    every = (
        motions.left,
        motions.right,
        motions.word_forward,
        motions.word_back,
        motions.word_end,
        motions.line_start,
        motions.line_end,
        motions.line_text,
        motions.paragraph_back,
        motions.paragraph_forward,
    )
    for motion in every:
        position = motion(text, begin)
        assert text.first <= position.row <= text.last
        assert text.cells(position.row)[position.column], "no half of a wide character"
