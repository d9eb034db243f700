"""Scrolling back, selecting and painting with the pyte engine."""

from __future__ import annotations

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.pyte.emulator import PyteEmulator
from tests.support.calls import calls_of


def numbered(lines: int = 30, columns: int = 20, rows: int = 5) -> PyteEmulator:
    terminal = PyteEmulator(GridSize(columns, rows), scrollback_lines=100)
    terminal.feed(b"\r\n".join(b"line %d" % number for number in range(lines)))
    terminal.frame()
    return terminal


def shown(terminal: PyteEmulator) -> list[str]:
    terminal.damage_all()
    frame = terminal.frame()
    return [frame.rows[row].text() for row in range(frame.size.rows)]


def with_text(text: str, columns: int = 40, rows: int = 5) -> PyteEmulator:
    terminal = PyteEmulator(GridSize(columns, rows), scrollback_lines=100)
    terminal.feed(text.encode())
    return terminal


def test_a_scrolled_back_view_stays_on_its_content() -> None:
    terminal = numbered()
    terminal.scroll(-10)
    before = shown(terminal)
    assert before[0] == "line 15"
    terminal.feed(b"\r\nmore\r\nand more")
    assert shown(terminal) == before
    assert terminal.frame().scroll_offset == 12
    terminal.scroll_to_bottom()
    assert shown(terminal)[-1] == "and more"


def test_scrolling_stops_at_both_ends() -> None:
    terminal = numbered()
    terminal.scroll(-1000)
    assert shown(terminal)[0] == "line 0"
    terminal.scroll(1000)
    assert terminal.frame().scroll_offset == 0


def test_evicted_content_moves_the_view() -> None:
    terminal = numbered()
    terminal.scroll(-1000)
    terminal.feed(b"\r\nx" * 200)
    assert shown(terminal) == ["x"] * 5
    assert terminal.frame().scroll_offset == 100


def test_the_cursor_scrolls_out_of_sight() -> None:
    terminal = numbered()
    terminal.scroll(-2)
    assert terminal.frame().cursor is None
    terminal.feed(b"\x1b[1;1H")
    cursor = terminal.frame().cursor
    assert cursor is not None
    assert cursor.row == 2


def test_only_changed_rows_are_painted() -> None:
    terminal = numbered()
    terminal.feed(b"\x1b[2;1Hx")
    frame = terminal.frame()
    assert not frame.full
    assert sorted(frame.rows) == [1]
    assert not terminal.frame().rows


def test_a_changed_row_is_painted_at_its_position_in_the_view() -> None:
    terminal = numbered()
    terminal.scroll(-2)
    terminal.frame()
    terminal.feed(b"\x1b[2;1Hx\x1b[4;1Hy")
    assert sorted(terminal.frame().rows) == [3]


def test_a_selection_damages_its_rows() -> None:
    terminal = numbered()
    terminal.select((2, 1), (3, 3), "cell")
    frame = terminal.frame()
    assert {row: content.selection for row, content in frame.rows.items()} == {1: (2, 19), 2: (0, 19), 3: (0, 3)}
    assert terminal.selected_text() == "ne 26\nline 27\nline"
    terminal.extend_selection((4, 3))
    assert sorted(terminal.frame().rows) == [3]
    terminal.clear_selection()
    assert sorted(terminal.frame().rows) == [1, 2, 3]
    assert terminal.selected_text() == ""


def test_a_selection_may_be_made_backwards() -> None:
    terminal = numbered()
    terminal.select((3, 3), (2, 1), "cell")
    assert terminal.selected_text() == "ne 26\nline 27\nline"


def test_a_selection_stays_on_its_content() -> None:
    terminal = numbered()
    terminal.select((0, 0), (6, 0), "cell")
    terminal.feed(b"\r\n" * 20)
    assert terminal.selected_text() == "line 25"
    terminal.resize(GridSize(4, 5), CellSize())
    assert terminal.selected_text() == "line 25"
    terminal.resize(GridSize(30, 8), CellSize())
    assert terminal.selected_text() == "line 25"
    terminal.feed(b"\r\n" * 200)
    assert terminal.selected_text() == ""


def test_a_selection_moves_with_a_region() -> None:
    terminal = numbered()
    terminal.select((0, 2), (6, 2), "cell")
    terminal.feed(b"\x1b[2;5r\x1b[5;1H\n")
    assert terminal.selected_text() == "line 27"
    terminal.feed(b"\x1b[1;3r\x1b[3;1H\n")
    assert terminal.selected_text() == "line 27"


def test_a_selection_on_the_alternate_screen_follows_and_is_removed_with_it() -> None:
    terminal = with_text("\x1b[?1049h\x1b[Hone\r\ntwo\r\nthree\r\nfour\r\nfive")
    terminal.select((0, 2), (9, 2), "cell")
    terminal.feed(b"\r\nsix")
    assert terminal.selected_text() == "three"
    terminal.feed(b"\x1b[?1049l")
    assert terminal.selected_text() == ""


def test_words_are_selected() -> None:
    text = 'see (https://example.org/a?b=c&d=1) or "~/src/x-y.py:12", ok|no end'
    terminal = with_text(text, columns=80)
    for word in ("https://example.org/a?b=c&d=1", "(", "see", "~/src/x-y.py:12", '"', "ok", "|", "no", "end"):
        column = text.index(word) + len(word) // 2
        terminal.select((column, 0), (column, 0), "word")
        assert terminal.selected_text() == word


def test_a_word_over_a_soft_wrap_is_selected_completely() -> None:
    terminal = with_text("a /usr/lib/python/site end", columns=10)
    terminal.select((4, 0), (4, 0), "word")
    assert terminal.selected_text() == "/usr/lib/python/site"


def test_dragging_extends_a_selection_by_words() -> None:
    terminal = with_text("one two three four")
    terminal.select((5, 0), (9, 0), "word")
    assert terminal.selected_text() == "two three"
    terminal.extend_selection((1, 0))
    assert terminal.selected_text() == "one two"


def test_selected_lines_are_logical_lines() -> None:
    terminal = with_text("first\r\nabcdefghijklmno\r\nlast", columns=10)
    terminal.select((1, 2), (1, 2), "line")
    assert terminal.selected_text() == "abcdefghijklmno"


def test_a_rectangle_is_selected() -> None:
    terminal = with_text("abcdef\r\nghijkl\r\nmnopqr")
    terminal.select((4, 0), (2, 2), "cell", rectangle=True)
    assert terminal.selected_text() == "cde\nijk\nopq"
    frame = terminal.frame()
    assert [frame.rows[row].selection for row in range(4)] == [(2, 4), (2, 4), (2, 4), None]


def test_wide_characters_are_selected_completely() -> None:
    terminal = with_text("a世界b")
    terminal.select((2, 0), (3, 0), "cell")
    assert terminal.selected_text() == "世界"


def test_a_wide_character_that_wrapped_leaves_no_gap() -> None:
    terminal = with_text("abc世d", columns=4)
    terminal.select_all()
    assert terminal.selected_text() == "abc世d"


def test_everything_is_selected() -> None:
    terminal = numbered(lines=8)
    terminal.select_all()
    assert terminal.selected_text() == "\n".join(f"line {number}" for number in range(8))


def test_ten_thousand_lines_are_copied_quickly() -> None:
    terminal = PyteEmulator(GridSize(120, 40))
    for number in range(10_100):
        terminal.feed(b"\x1b[32m%06d\x1b[0m the quick brown fox \x1b[1mjumps\x1b[m over the lazy dog\r\n" % number)

    def make_copy() -> PyteEmulator:
        copy = PyteEmulator.restore(terminal.snapshot())
        copy.frame()
        return copy

    assert terminal.scrollback_rows == 10_000
    assert calls_of(make_copy) < terminal.scrollback_rows, "no call for each line"
    copy = make_copy()
    assert copy.history(9_999, 1) == terminal.history(9_999, 1)


def test_a_selected_rectangle_is_cut_by_a_smaller_grid() -> None:
    terminal = with_text("ab\r\ncd")
    terminal.select((1, 1), (1, 1), "cell", rectangle=True)
    assert terminal.selected_text() == "d"
    terminal.resize(GridSize(1, 5), CellSize())
    assert terminal.selected_text() == "d"
