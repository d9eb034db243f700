"""The history: scrollback, the viewport, resizing, the alternate screen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from session_host.protocol.launch import DEFAULT_SCROLLBACK_LINES
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.base import Emulator
from session_host.terminal.clearing import prepare_for_resizes, reset_after_exit, resize_last_screen
from session_host.terminal.rows import PLAIN, Row, Style
from session_host.terminal.sgr_lines import SgrLines
from session_host.terminal.text import logical_lines
from tests.support.emulators import history_texts, texts

from .conftest import Maker

CELL = CellSize()


def numbered(first: int, last: int) -> str:
    return "".join(f"line {number}\r\n" for number in range(first, last + 1))


def on_alternate(emulator: Emulator) -> bool:
    return emulator.modes.alternate_screen


def visible_texts(emulator: Emulator) -> list[str]:
    emulator.damage_all()
    return [row.text() for _, row in sorted(emulator.frame().rows.items())]


def test_ten_thousand_lines_are_kept_by_default(make: Maker) -> None:
    emulator = make(80, 24, output=numbered(1, 10_200))
    assert emulator.scrollback_limit == DEFAULT_SCROLLBACK_LINES == 10_000
    assert emulator.scrollback_rows == 10_000
    history = history_texts(emulator)
    assert len(history) == 10_000
    # The screen shows the last 23 lines and the empty one with the cursor.
    assert (history[0], history[-1]) == ("line 178", "line 10177")
    assert [row.text() for row in emulator.history(9_998, 5)] == ["line 10176", "line 10177"]
    assert emulator.history(10_000, 5) == emulator.history(0, 0) == []


def test_no_more_lines_are_kept_than_the_limit(make: Maker) -> None:
    emulator = make(40, 5, output=numbered(1, 300), scrollback_lines=100)
    assert emulator.scrollback_rows == 100
    assert history_texts(emulator)[0] == "line 197"
    emulator.scroll(-1_000)
    assert emulator.frame().scroll_offset == 100
    none = make(40, 5, output=numbered(1, 30), scrollback_lines=0)
    assert (none.scrollback_rows, none.history(0, 10)) == (0, [])


def spans_of(row: Row | SgrLines) -> Iterator[tuple[str, Style]]:
    if isinstance(row, SgrLines):
        yield from row.spans()
        return
    column = 0
    for run in row.runs:
        yield " " * (run.column - column), PLAIN
        yield run.text, run.style
        column = run.column + run.cells
    yield "" if row.wrapped else "\n", PLAIN


def styled_lines(rows: Iterable[Row | SgrLines]) -> list[list[tuple[str, Style]]]:
    """The characters of each line with their styles, without plain blanks at its end."""
    lines: list[list[tuple[str, Style]]] = [[]]
    for character, style in ((each, style) for row in rows for text, style in spans_of(row) for each in text):
        if character == "\n":
            lines.append([])
        else:
            lines[-1].append((character, style))
    for line in lines:
        while line and line[-1] == (" ", PLAIN):
            line.pop()
    return lines


def test_lines_with_sequences_have_the_texts_and_styles_of_the_rows(make: Maker) -> None:
    lines = [
        "plain",
        "\x1b[1;31mred\x1b[0m and \x1b[44m blue \x1b[m",
        "x" * 50,
        "\x1b[32m" + "green " * 20 + "\x1b[m",
        "\x1b[41m\x1b[K\x1b[m",
        "\x1b[7m\tgap\x1b[5Cgap\x1b[m",
        "日本語 e\u0301 👍🏽",
        "a\x1b[45m\x1b[3X\x1b[m",
        "",
        "   ",
        "\x1b]8;;https://example.org\x1b\\a link\x1b]8;;\x1b\\",
        "\x1b[3;9;53;4:3;38;5;200;58;2;1;2;3mall\x1b[m",
        "<&>",
        "\x1b[21;8mhidden\x1b[2;5;4:5mdashed\x1b[m",
        "\x1b[48;2;9;8;7m" + "y" * 45 + "\x1b[m",
    ]
    emulator = make(40, 5, output="\r\n".join([*lines, *lines, *lines]) + "\r\n" * 6)
    rows = emulator.history(0, emulator.scrollback_rows)
    for first in range(len(rows)):
        is_continued = first > 0 and rows[first - 1].wrapped
        parts = list(emulator.sgr_history(first, len(rows), is_continued=is_continued))
        assert styled_lines(parts) == styled_lines(rows[first:]), first
    assert list(emulator.sgr_history(len(rows), 5, is_continued=False)) == []
    emulator.scroll(-3)
    list(emulator.sgr_history(0, 10, is_continued=False))
    assert emulator.frame().scroll_offset == 3


def test_scrolling_back_and_forth(make: Maker) -> None:
    emulator = make(40, 4, output=numbered(1, 20))
    emulator.scroll(-3)
    frame = emulator.frame()
    assert (frame.scroll_offset, frame.scrollback_rows) == (3, 17)
    assert visible_texts(emulator) == ["line 15", "line 16", "line 17", "line 18"]
    assert texts(emulator)[0] == "line 18"
    emulator.scroll(-1_000)
    assert visible_texts(emulator)[0] == "line 1"
    emulator.scroll(2)
    assert visible_texts(emulator)[0] == "line 3"
    emulator.scroll(1_000)
    assert visible_texts(emulator) == ["line 18", "line 19", "line 20", ""]
    emulator.scroll(-5)
    emulator.scroll_to_bottom()
    assert emulator.frame().scroll_offset == 0


def test_a_viewport_scrolled_back_stays_on_its_content(make: Maker) -> None:
    emulator = make(40, 4, output=numbered(1, 20))
    emulator.scroll(-6)
    before = visible_texts(emulator)
    emulator.feed(numbered(21, 60).encode())
    frame = emulator.frame()
    assert [row.text() for _, row in sorted(frame.rows.items())] in ([], before)
    assert frame.scroll_offset == 46
    assert visible_texts(emulator) == before == ["line 12", "line 13", "line 14", "line 15"]


def test_a_viewport_whose_rows_are_dropped_shows_the_oldest(make: Maker) -> None:
    emulator = make(40, 4, output=numbered(1, 40), scrollback_lines=20)
    emulator.scroll(-15)
    before = visible_texts(emulator)
    emulator.feed(numbered(41, 43).encode())
    assert visible_texts(emulator) == before
    emulator.feed(numbered(44, 60).encode())
    assert visible_texts(emulator) == [f"line {number}" for number in range(38, 42)]
    emulator.scroll(1)
    assert visible_texts(emulator)[0] == "line 39"


def test_the_cursor_scrolls_out_of_view(make: Maker) -> None:
    emulator = make(40, 4, output=numbered(1, 20))
    assert emulator.frame().cursor is not None
    emulator.scroll(-1)
    assert emulator.frame().cursor is None
    emulator.scroll(1)
    emulator.feed(b"\x1b[1;3H")
    emulator.scroll(-1)
    cursor = emulator.frame().cursor
    assert cursor is not None
    assert cursor[:2] == (2, 1)


def test_reading_does_not_move_the_viewport(make: Maker) -> None:
    emulator = make(40, 4, output=numbered(1, 60))
    emulator.scroll(-20)
    before = visible_texts(emulator)
    emulator.history(0, 60)
    emulator.rows()
    assert emulator.frame().rows == {}
    assert visible_texts(emulator) == before


def test_scrolling_paints_the_rows_that_become_visible(make: Maker) -> None:
    emulator = make(40, 4, output=numbered(1, 20))
    emulator.frame()
    emulator.scroll(-2)
    frame = emulator.frame()
    assert frame.rows[0].text() == "line 16"


def test_a_resize_paints_everything_anew(make: Maker) -> None:
    emulator = make(40, 4, output="one")
    emulator.frame()
    emulator.resize(GridSize(50, 6), CELL)
    frame = emulator.frame()
    assert emulator.size == frame.size == GridSize(50, 6)
    assert frame.full
    assert len(frame.rows) == 6


def test_lines_reflow(make: Maker) -> None:
    emulator = make(40, 6, output="a" * 30 + "b" * 30 + "\r\nnext")
    emulator.resize(GridSize(25, 6), CELL)
    assert texts(emulator)[:4] == ["a" * 25, "a" * 5 + "b" * 20, "b" * 10, "next"]
    assert [row.wrapped for row in emulator.rows()[:4]] == [True, True, False, False]
    emulator.resize(GridSize(80, 6), CELL)
    assert texts(emulator)[:2] == ["a" * 30 + "b" * 30, "next"]
    assert emulator.cursor[:2] == (4, 1)


def test_fewer_rows_push_lines_into_the_history(make: Maker) -> None:
    emulator = make(40, 6, output="1\r\n2\r\n3\r\n4\r\n5\r\n6")
    emulator.resize(GridSize(40, 3), CELL)
    assert [*history_texts(emulator), *texts(emulator)] == ["1", "2", "3", "4", "5", "6"]
    assert emulator.cursor[:2] == (1, 2)
    emulator.resize(GridSize(40, 6), CELL)
    assert [text for text in [*history_texts(emulator), *texts(emulator)] if text] == ["1", "2", "3", "4", "5", "6"]


@pytest.mark.parametrize("number", [47, 1047, 1049])
def test_the_alternate_screen_and_back(make: Maker, number: int) -> None:
    emulator = make(40, 4, output=numbered(1, 10) + "prompt")
    emulator.feed(f"\x1b[?{number}h\x1b[2J\x1b[Hfull screen".encode())
    assert on_alternate(emulator)
    assert texts(emulator) == ["full screen", "", "", ""]
    assert (emulator.scrollback_rows, emulator.history(0, 5)) == (0, [])
    emulator.feed(b"\r\n" * 20)
    assert emulator.scrollback_rows == 0
    emulator.feed(f"\x1b[?{number}l".encode())
    assert not on_alternate(emulator)
    assert texts(emulator) == ["line 8", "line 9", "line 10", "prompt"]
    assert emulator.scrollback_rows == 7


def test_the_alternate_screen_does_not_scroll_back(make: Maker) -> None:
    emulator = make(40, 4, output=numbered(1, 10) + "\x1b[?1049hfull")
    emulator.scroll(-3)
    assert emulator.frame().scroll_offset == 0
    assert "full" in "".join(visible_texts(emulator))


def test_leaving_the_alternate_screen_restores_the_cursor(make: Maker) -> None:
    emulator = make(40, 6, output="ab\x1b[3;7H\x1b[?1049h\x1b[1;1Hxyz\x1b[?1049l")
    assert emulator.cursor[:2] == (6, 2)


def test_after_a_killed_program_the_modes_are_reset_and_its_text_stays(make: Maker) -> None:
    left = "\x1b[?1000h\x1b[?1006h\x1b[?2004h\x1b[?1h\x1b=\x1b[>5u\x1b[?25l\x1b[4 q\x1b[31m\x1b[2;3r\x1b[2;3H"
    emulator = make(40, 5, output="text" + left)
    reset_after_exit(emulator)
    modes = emulator.modes
    assert (modes.mouse, modes.mouse_encoding, modes.kitty_keyboard) == ("none", "default", 0)
    assert (modes.bracketed_paste, modes.application_cursor, modes.application_keypad) == (False, False, False)
    assert emulator.cursor.visible
    assert texts(emulator)[0] == "text"
    emulator.feed(b"\x1b[5;1Hplain\r\nmore")
    assert emulator.rows()[4].runs[0].style.foreground == -1
    assert texts(emulator)[4] == "more"
    assert emulator.take_replies() == b""


def test_the_last_screen_of_a_killed_full_screen_program_stays(make: Maker) -> None:
    emulator = make(40, 5, output="shell\x1b[?1049h\x1b[Heditor\x1b[?1002h")
    reset_after_exit(emulator)
    assert on_alternate(emulator)
    assert texts(emulator)[0] == "editor"
    assert emulator.modes.mouse == "none"


@pytest.mark.parametrize(
    "begin", ["", "before\r\n" * 50 + "\x1b[?1049h\x1b[H", "\x1b[?47h\x1b[H"], ids=["primary", "1049", "47"]
)
@pytest.mark.parametrize("end", ["", "\x1b[1;1H", "\x1b[2;4r\x1b[?6h\x1b[4h"], ids=["below", "above", "margins"])
def test_a_full_last_screen_loses_no_row_in_less_room_and_is_whole_again_in_more(
    make: Maker, begin: str, end: str
) -> None:
    lines = [f"\x1b[3{number % 8}mline {number}\x1b[0m" + " and on" * (number % 4) for number in range(1, 21)]
    emulator = make(40, 20, output=begin + "\r\n".join(lines) + end)
    whole = emulator.rows()
    prepare_for_resizes(emulator)
    assert emulator.rows() == whole
    for columns, rows in ((40, 17), (40, 3), (40, 12), (16, 30), (9, 5), (40, 18)):
        resize_last_screen(emulator, GridSize(columns, rows))
        shown = [*emulator.history(0, emulator.scrollback_rows), *emulator.rows()]
        assert logical_lines(shown, columns)[:20] == [row.text() for row in whole]
    assert emulator.scrollback_rows == 2
    resize_last_screen(emulator, GridSize(40, 20))
    assert emulator.rows() == whole
    assert emulator.scrollback_rows == 0
    assert emulator.take_replies() == b""


def test_a_last_screen_that_is_half_empty_keeps_its_place_in_less_room(make: Maker) -> None:
    emulator = make(40, 20, output=numbered(1, 100) + "\x1b[2J\x1b[Hone\r\ntwo")
    history, whole = emulator.scrollback_rows, emulator.rows()
    prepare_for_resizes(emulator)
    for rows in (10, 3, 20):
        resize_last_screen(emulator, GridSize(40, rows))
        assert texts(emulator)[:2] == ["one", "two"]
    assert (emulator.scrollback_rows, emulator.rows()) == (history, whole)


def test_a_marked_row_is_found_again_until_the_history_drops_it(make: Maker) -> None:
    emulator = make(80, 5, output=numbered(1, 100), scrollback_lines=200)
    mark = emulator.mark_row(50)
    assert emulator.history(50, 1)[0].text() == "line 51"
    assert mark.row_number() == 50
    emulator.feed(numbered(101, 230).encode())
    place = mark.row_number()
    assert place is not None
    assert place < 50
    assert emulator.history(place, 1)[0].text() == "line 51"
    emulator.scroll(-1000)
    emulator.feed(b"one more\r\n")
    assert mark.row_number() == place - 1
    emulator.feed(numbered(231, 600).encode())
    assert mark.row_number() is None
    mark = emulator.mark_row(emulator.scrollback_rows - 1)
    emulator.feed(b"\x1b[?1049h")
    assert mark.row_number() is None
    emulator.feed(b"\x1b[?1049l")
    mark = emulator.mark_row(emulator.scrollback_rows - 1)
    emulator.feed(b"\x1b[3J")
    assert mark.row_number() is None
    emulator.close()
