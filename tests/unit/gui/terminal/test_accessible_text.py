"""A terminal's text for screen readers: offsets, the caret, and changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gui.terminal.accessibility import Cells, Change, ScreenText, changes, length_of
from session_host.protocol.values import GridSize
from session_host.terminal import available_engines, create
from session_host.terminal.base import Emulator


@pytest.fixture(params=available_engines())
def emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    emulator = create(request.param, GridSize(10, 5))
    yield emulator
    emulator.close()


def text_of(emulator: Emulator, output: str = "") -> ScreenText:
    emulator.feed(output.encode())
    emulator.damage_all()
    frame = emulator.frame()
    return ScreenText(list(frame.rows.values()), frame.size.columns, frame.cursor)


def test_wrapped_rows_are_one_line_and_blank_rows_at_the_end_are_left_out(emulator: Emulator) -> None:
    text = text_of(emulator, "one\r\n\r\nabcdefghijklm\r\n$ ")
    assert text.text() == "one\n\nabcdefghijklm\n$ "
    assert text.caret == text.length == len(text.text())
    assert text.text(5, 9) == "abcd"
    assert text.cells_of(5) == Cells(2, 0, 1)
    assert text.cells_of(15) == Cells(3, 0, 1), "the wrapped part"
    assert text.cells_of(3) == Cells(0, 3, 1), "a line feed"
    assert text.cells_of(text.length + 1) is None
    assert text.offset_at(3, 2) == text.text().index("m")
    assert text.offset_at(0, 9) == 3, "beyond the text"


def test_the_caret_is_at_the_cursor(emulator: Emulator) -> None:
    assert text_of(emulator).caret == 0
    assert text_of(emulator, "ab\x1b[1;5H").text() == "ab  "
    assert text_of(emulator).caret == 4
    assert text_of(emulator, "\x1b[3;3H").text() == "ab\n\n  "
    assert text_of(emulator, "\x1b[1;1H日本\x1b[1;5H").text() == "日本"
    assert [text_of(emulator, f"\x1b[1;{column}H").caret for column in (1, 2, 3, 4, 5, 6)] == [0, 0, 1, 1, 2, 3]
    assert text_of(emulator, "\x1b[1;7H").cells_of(3) == Cells(0, 5, 1)


def test_wide_and_combined_characters_have_their_cells_and_offsets_count_code_units(emulator: Emulator) -> None:
    text = text_of(emulator, "日e\u0301🙂z")
    whole = text.text()
    assert whole == "日e\u0301🙂z"
    assert text.length == length_of(whole) == 6, "🙂 is two code units"
    assert [text.cells_of(offset) for offset in (0, 1, 3, 5)] == [
        Cells(0, 0, 2),
        Cells(0, 2, 1),
        Cells(0, 3, 2),
        Cells(0, 5, 1),
    ]
    assert text.text(3, 5) == "🙂"
    assert text.offset_at(0, 4) == 3, "the second cell of a wide character"


def test_the_selection_has_offsets(emulator: Emulator) -> None:
    emulator.feed(b"one two\r\nthree")
    emulator.select((4, 0), (2, 1), "cell")
    assert text_of(emulator).selection == (4, 11)
    assert text_of(emulator).text(4, 11) == "two\nthr"
    emulator.clear_selection()
    assert text_of(emulator).selection is None


def _changes(emulator: Emulator, output: str) -> list[Change]:
    before = text_of(emulator)
    after = text_of(emulator, output)
    found = changes(before.lines, after.lines)
    text = before.text()
    for offset, removed, inserted in found:  # applied as a screen reader does
        assert text[offset : offset + len(removed)] == removed
        text = text[:offset] + inserted + text[offset + len(removed) :]
    assert text == after.text()
    return found


def test_only_printed_text_is_reported_as_new(emulator: Emulator) -> None:
    assert _changes(emulator, "$ ") == [Change(0, "", "$ ")]
    assert _changes(emulator, "l") == [Change(2, "", "l")]
    assert _changes(emulator, "s\r\na\r\n$ ") == [Change(3, "", "s\na\n$ ")]
    assert _changes(emulator, "\b\b\x1b[K# ") == [Change(7, "$", "#")]


def test_a_scrolling_screen_changes_at_its_ends(emulator: Emulator) -> None:
    emulator.feed(b"1\r\n2\r\n3\r\n4\r\n5")
    assert _changes(emulator, "\r\n6") == [Change(0, "1\n", ""), Change(7, "", "\n6")]
    assert _changes(emulator, "\x1b[H9999\x1b[1;4H") == [Change(0, "2", "9999")]
    assert _changes(emulator, "\x1b[1;3H10\x1b[1;4H") == [Change(0, "9999", "9910")], "whole words"
    assert _changes(emulator, "\x1b[Ha\r\nb\r\nc\r\nd\r\ne\x1b[1;1H") == [
        Change(0, "9910\n3\n4\n5\n6", "a910\nb\nc\nd\ne")
    ], "a screen that is written anew is one change"
    emulator.feed(b"\x1b[2J\x1b[H2\r\n3\r\n4\r\n5\r\n6")
    assert _changes(emulator, "\x1b[2;1Hx\x1b[4;1Hy\x1b[5;2H") == [Change(2, "3", "x"), Change(6, "5", "y")]
