"""Find in a terminal: real keys in the bar, over a real engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from gui.finding.query import FindQuery
from gui.terminal import finder
from gui.terminal.finding.marked_rows import found_colors
from gui.theme.theme import Theme
from gui.window.page.find_bar import FindBar
from session_host.protocol.values import CellSize, GridSize
from tests.e2e.view.conftest import ShownView, colors_in
from tests.support.qt_waiting import show
from tests.support.themes import DARK_TERMINAL as DARK
from tests.support.themes import OWN

SHIFT = Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier
ALT = Qt.KeyboardModifier.AltModifier
MATCH, CURRENT = (colors.background & 0xFFFFFF for colors in found_colors(DARK))

Opened = tuple[ShownView, FindBar]


@pytest.fixture
def opened(qapp: QApplication, show_view: Callable[..., ShownView]) -> Iterator[Callable[..., Opened]]:
    """Opens the find bar, in a window of its own, for a terminal with an output."""
    theme = Theme(qapp, OWN, "dark")
    holders: list[QWidget] = []

    def make(output: str, columns: int = 60, rows: int = 12) -> Opened:
        terminal = show_view(columns, rows)
        terminal.feed(output)
        holders.append(QWidget())
        holders[-1].resize(500, 120)
        bar = FindBar(theme, holders[-1], terminal.view.finder)
        bar.resized.connect(lambda: bar.place(500))
        show(holders[-1])
        holders[-1].activateWindow()
        bar.open_find()
        terminal.until(bar.field.hasFocus, "the bar to have the keyboard")
        return terminal, bar

    yield make
    for holder in holders:
        holder.close()
        holder.deleteLater()


def find(terminal: ShownView, bar: FindBar, text: str) -> None:
    """Type a query in place of the previous one."""
    bar.field.selectAll()
    QTest.keyClicks(bar.field, text)
    wait_for_search(terminal, bar)


def wait_for_search(terminal: ShownView, bar: FindBar) -> None:
    matches = terminal.view.finder._matches
    terminal.until(lambda: matches is None or matches.is_done, "the search to end")
    terminal.settle()


def press(terminal: ShownView, bar: FindBar, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
    QTest.keyClick(bar.field, key, modifiers)
    terminal.settle()


def shown(terminal: ShownView) -> list[str]:
    return ["" if row is None else row.text() for row in terminal.view.display.surface.rows]


def match_at(terminal: ShownView, column: int, row: int, columns: int = 1) -> str:
    """The highlight of cells: "match", "current" for the current match, or ""."""
    found = colors_in(terminal.cell_image(column, row, columns))
    return "current" if CURRENT in found else "match" if MATCH in found else ""


def numbered(first: int, last: int) -> str:
    return "".join(f"line {number}\r\n" for number in range(first, last + 1))


def test_matches_are_counted_and_marked_during_typing_and_enter_wraps_around(opened: Callable[..., Opened]) -> None:
    terminal, bar = opened("an apple\r\nno fruit\r\nAPPLE pie, apple juice\r\n$ ", rows=16)
    find(terminal, bar, "apple")
    assert bar.count.text() == "3 of 3"
    assert (match_at(terminal, 3, 0, 5), match_at(terminal, 0, 2, 5), match_at(terminal, 11, 2, 5)) == (
        "match",
        "match",
        "current",
    )
    assert match_at(terminal, 0, 1, 20) == ""
    press(terminal, bar, Qt.Key.Key_Return)
    assert bar.count.text() == "2 of 3", "Enter goes up"
    press(terminal, bar, Qt.Key.Key_Return)
    assert match_at(terminal, 3, 0, 5) == "current"
    press(terminal, bar, Qt.Key.Key_Return)
    assert bar.count.text() == "3 of 3"
    press(terminal, bar, Qt.Key.Key_F3, SHIFT)
    assert bar.count.text() == "1 of 3"
    press(terminal, bar, Qt.Key.Key_F3)
    assert bar.count.text() == "3 of 3"
    press(terminal, bar, Qt.Key.Key_C, ALT)
    assert bar.count.text() == "2 of 2"
    find(terminal, bar, "app")
    press(terminal, bar, Qt.Key.Key_W, ALT)
    assert bar.count.text() == "No matches"


def test_escape_returns_to_the_terminal_with_the_match_selected(opened: Callable[..., Opened]) -> None:
    terminal, bar = opened("one needle here\r\n")
    closed: list[bool] = []
    bar.closed.connect(lambda: closed.append(True))
    find(terminal, bar, "needle")
    assert terminal.emulator.selected_text() == ""
    press(terminal, bar, Qt.Key.Key_Escape)
    assert closed
    assert not bar.isVisible()
    assert terminal.emulator.selected_text() == "needle"
    assert match_at(terminal, 4, 0, 6) == ""
    assert terminal.sink.presses() == [], "no key went to the program"


def test_a_match_spans_soft_wrapped_rows(opened: Callable[..., Opened]) -> None:
    terminal, bar = opened("x" * 55 + "needlework\r\n漢字 " + "y" * 54 + "needle\r\n", columns=60)
    find(terminal, bar, "needle")
    assert bar.count.text() == "2 of 2"
    assert (match_at(terminal, 55, 0, 5), match_at(terminal, 0, 1)) == ("match", "match")
    assert match_at(terminal, 1, 1) == ""
    assert (match_at(terminal, 59, 2), match_at(terminal, 0, 3, 5), match_at(terminal, 5, 3)) == (
        "current",
        "current",
        "",
    )
    press(terminal, bar, Qt.Key.Key_Escape)
    assert terminal.emulator.selected_text() == "needle"


WRAPPED = """\
  The migration of the customer invoices must be rolled out\r
  slowly with compute_replication_lag_threshold_in_all_cust\r
  omer_tables, and never at night.\r
  Slowly.\r
"""
"""What an agent has wrapped in 60 columns, with a word that it has cut."""


@pytest.mark.parametrize("below", [0, 5, 6, 4000])
def test_a_match_spans_rows_that_an_agent_wrapped_by_itself(opened: Callable[..., Opened], below: int) -> None:
    terminal, bar = opened(WRAPPED + numbered(1, below), rows=8)
    for text in ("rolled out slowly with", "all_customer_tables"):
        find(terminal, bar, text)
        assert bar.count.text() == "1 of 1", text
    first = next(number for number, row in enumerate(shown(terminal)) if row.endswith("_all_cust"))
    assert (match_at(terminal, 51, first, 5), match_at(terminal, 2, first + 1, 11)) == ("current", "current")
    assert (match_at(terminal, 2, first, 6), match_at(terminal, 15, first + 1, 5)) == ("", "")
    find(terminal, bar, "slowly")
    assert bar.count.text().endswith(" of 2"), "one in each row"
    find(terminal, bar, "night. Slowly")
    assert bar.count.text() == "No matches", "that row had room for it"


def test_a_match_in_rows_that_an_agent_wrapped_is_found_as_they_come(opened: Callable[..., Opened]) -> None:
    terminal, bar = opened(numbered(1, 30), rows=8)
    find(terminal, bar, "out slowly")
    assert bar.count.text() == "No matches"
    first, *others = [*WRAPPED.splitlines(keepends=True), *numbered(1, 20).splitlines(keepends=True)]
    terminal.feed(first)
    for line in others:
        terminal.feed(line)
        terminal.until(lambda: bar.count.text() == "1 of 1", "the match")


def test_a_regular_expression_finds_matches_and_an_invalid_one_is_explained(opened: Callable[..., Opened]) -> None:
    terminal, bar = opened("error 12\r\nerror x\r\nerror 345 🦀 error 6\r\n")
    press(terminal, bar, Qt.Key.Key_R, ALT)
    assert bar.is_expression.isChecked()
    find(terminal, bar, r"error \d+")
    assert bar.count.text() == "3 of 3"
    assert match_at(terminal, 13, 2, 7) == "current"
    find(terminal, bar, r"error (\d+")
    assert bar.count.text() == ""
    assert bar.problem.isVisible()
    assert "missing closing parenthesis" in bar.problem.text()
    find(terminal, bar, r"error (\d+)")
    assert not bar.problem.isVisible()


def test_an_expression_that_takes_forever_does_not_block_the_window(opened: Callable[..., Opened]) -> None:
    terminal, bar = opened("a" * 50 + "b\r\n" + numbered(1, 300))
    press(terminal, bar, Qt.Key.Key_R, ALT)
    find(terminal, bar, "(a+)+$")
    assert bar.count.text() == "No matches"
    assert "too slow" in bar.problem.text()


def test_the_alternate_screen_is_searched_while_it_is_shown(opened: Callable[..., Opened]) -> None:
    terminal, bar = opened("needle\r\nneedle\r\n")
    find(terminal, bar, "needle")
    assert bar.count.text() == "2 of 2"
    terminal.feed("\x1b[?1049h\x1b[5;1Honly one needle")
    terminal.until(lambda: bar.count.text() == "1 of 1", "the alternate screen to be searched")
    terminal.settle()  # The count of matches is updated before the frame is painted.
    assert match_at(terminal, 9, 4, 6) == "current"
    terminal.feed("\x1b[?1049l")
    terminal.until(lambda: bar.count.text() == "2 of 2", "the first screen to be searched again")


def test_the_match_stays_while_output_flows_and_old_lines_are_dropped(opened: Callable[..., Opened]) -> None:
    terminal, bar = opened(numbered(1, 10_050))
    find(terminal, bar, "line 9000")
    assert bar.count.text() == "1 of 1"
    row = shown(terminal).index("line 9000")
    for part in range(12):
        terminal.feed(numbered(20_000 + part * 100, 20_099 + part * 100))
    assert shown(terminal)[row] == "line 9000"
    assert match_at(terminal, 0, row, 9) == "current"
    find(terminal, bar, "line 2")
    before, seen = bar.count.text(), shown(terminal)
    terminal.feed("a new line 2\r\n")
    terminal.until(lambda: bar.count.text() != before, "the new match to be counted")
    assert shown(terminal) == seen, "the place stays"


def test_output_does_not_scroll_the_current_match_away(opened: Callable[..., Opened]) -> None:
    terminal, bar = opened(numbered(1, 30) + "needle\r\n")
    find(terminal, bar, "needle")
    terminal.feed(numbered(31, 80))
    assert "needle" in shown(terminal)
    terminal.view.scroller.scroll_to_end()
    terminal.feed(numbered(81, 120))
    assert "line 120" in shown(terminal), "who scrolls to the end follows the output again"


def test_a_match_far_up_is_shown_and_ticks_lie_on_the_scroll_bar(opened: Callable[..., Opened]) -> None:
    terminal, bar = opened("needle 1\r\n" + numbered(1, 500) + "needle 2\r\n" + numbered(501, 1000))
    find(terminal, bar, "needle")
    assert bar.count.text() == "2 of 2"
    press(terminal, bar, Qt.Key.Key_Return)
    assert "needle 1" in shown(terminal)
    assert terminal.view.display.scrolled_back
    ticks = terminal.view.scroller.bar
    assert len(ticks._ticks) == 2
    assert ticks._current_tick == ticks._ticks[0]
    assert DARK.palette[3].rgb() & 0xFFFFFF in colors_in(ticks.grab().toImage())


def test_find_begins_with_the_nearest_match_above_the_end_of_what_is_shown(opened: Callable[..., Opened]) -> None:
    terminal, bar = opened(numbered(1, 200))
    find(terminal, bar, "line")
    assert bar.count.text() == "200 of 200"
    terminal.view.scroller.scroll_lines(-100)
    terminal.settle()
    before = shown(terminal)
    find(terminal, bar, "lin")
    assert (shown(terminal), bar.count.text()) == (before, f"{before[-1].split()[1]} of 200")
    find(terminal, bar, "line 2")
    assert bar.count.text() == "11 of 12", "2, 20 to 29, 200"


def test_the_current_match_is_found_again_after_a_resize(opened: Callable[..., Opened]) -> None:
    terminal, bar = opened("".join(f"needle {number} " + "z" * 50 + "\r\n" for number in range(40)))
    find(terminal, bar, "needle")
    for _ in range(5):
        press(terminal, bar, Qt.Key.Key_Return)
    assert bar.count.text() == "35 of 40"
    terminal.emulator.resize(GridSize(40, 12), CellSize())
    terminal.view.display.on_damage()
    terminal.until(lambda: bar.count.text() == "35 of 40", "the match to be found again")
    terminal.until(lambda: terminal.view.finder._current is not None, "it to be the current one")


def test_ten_thousand_lines_are_searched_in_slices(opened: Callable[..., Opened]) -> None:
    terminal, bar = opened(numbered(1, 10_050))
    totals: list[int] = []
    terminal.view.finder.set_listener(lambda result: totals.append(result.total))
    find(terminal, bar, "line 9")
    assert totals[-1] == 1110, "the history has no line 9 any more"
    assert len(set(totals)) > 3, "other events are handled in between"


def test_requested_steps_are_taken_as_soon_as_the_search_allows_them(
    opened: Callable[..., Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal, bar = opened(numbered(1, 3000) + "$ ")
    with monkeypatch.context() as slow:
        slow.setattr(finder, "_BUDGET_S", 0.0)
        QTest.keyClicks(bar.field, "line 25")
        press(terminal, bar, Qt.Key.Key_Return)
        press(terminal, bar, Qt.Key.Key_Return)
        assert bar.count.text() == "…"
    wait_for_search(terminal, bar)
    assert bar.count.text() == "109 of 111", "2599 is the first one, from below"
    press(terminal, bar, Qt.Key.Key_Escape)
    assert terminal.emulator.selected_text() == "line 25"
    assert "line 2597" in shown(terminal)


def test_closing_the_bar_during_the_search_selects_the_requested_match(
    opened: Callable[..., Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal, bar = opened(numbered(1, 3000) + "$ ")
    monkeypatch.setattr(finder, "_BUDGET_S", 0.0)
    monkeypatch.setattr(finder, "_LAST_BUDGET_S", 60.0)
    QTest.keyClicks(bar.field, "line 25..")
    press(terminal, bar, Qt.Key.Key_R, ALT)
    press(terminal, bar, Qt.Key.Key_Return)
    press(terminal, bar, Qt.Key.Key_Escape)
    assert terminal.emulator.selected_text() == "line 2598"


def test_the_selected_text_becomes_the_query(opened: Callable[..., Opened]) -> None:
    terminal, bar = opened("apple pear apple\r\n")
    bar.close_find()
    terminal.emulator.select((6, 0), (9, 0), "cell")
    bar.open_find()
    assert bar.field.text() == "pear"
    assert bar.query == FindQuery("pear")
    assert bar.count.text() == "1 of 1"
    wait_for_search(terminal, bar)
    assert match_at(terminal, 6, 0, 4) == "current", "the selection does not hide it"
