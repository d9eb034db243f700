"""The unchanged lines that a diff hides: opened, numbered, and with comments on them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from gui.chat.page.diff_lines import LineRange
from gui.window.changes.anchors import lines_of
from gui.window.changes.content import HiddenLines
from gui.window.changes.page import ChangesPage
from session_host.client.worktrees.changes import lines_before, read_changes
from session_host.structured.patches import DiffLine
from tests.support.repositories import Checkout
from tests.unit.gui.window.changes.conftest import LONG, LONG_FILE, Opened
from tests.unit.gui.window.changes.test_commenting import cards, choose, comment_on, until_said

OLD = [f"line {number}" for number in range(1, 101)]
NEW = [*OLD[:9], "new", "newer", *OLD[9:49], *OLD[50:]]
"""Two lines are added below line 9, and line 50 is removed."""


def of_file(tmp_path: Path, old: str, new: str) -> tuple[list[DiffLine], HiddenLines]:
    checkout = Checkout.new(tmp_path / "api")
    checkout.commit("code.py", old)
    checkout.write("code.py", new)
    changes = read_changes(checkout.path)
    [file] = changes.files
    hidden = HiddenLines()
    hidden.lines = lines_before(changes, file)
    assert hidden.fits(lines_of(file))
    return lines_of(file), hidden


def text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


class TestInDiff:
    def test_all_lines_have_the_numbers_that_they_have_in_both_files(self, tmp_path: Path) -> None:
        diff, hidden = of_file(tmp_path, text(OLD), text(NEW))
        lines = hidden.in_diff(diff, all_lines=True)
        assert [line.text for line in lines if line.kind in " -"] == OLD
        assert [line.text for line in lines if line.kind in " +"] == NEW
        assert all(OLD[line.old - 1] == line.text for line in lines if line.old)
        assert all(NEW[line.new - 1] == line.text for line in lines if line.new)
        assert not [line for line in lines if line.kind == "@"]

    def test_a_part_is_opened_and_the_others_are_counted(self, tmp_path: Path) -> None:
        diff, hidden = of_file(tmp_path, text(OLD), text(NEW))
        bands = [(line.first_hidden, line.old) for line in hidden.in_diff(diff) if line.kind == "@"]
        assert bands == [(1, 6), (13, 34), (54, 47)]
        hidden.opened.update(range(20, 30))
        lines = hidden.in_diff(diff)
        assert [(line.first_hidden, line.old) for line in lines if line.kind == "@"] == [
            (1, 6),
            (13, 7),
            (30, 17),
            (54, 47),
        ]
        assert DiffLine(" ", 25, 27, "line 25") in lines

    def test_what_is_copied_is_a_diff_that_git_accepts(self, tmp_path: Path) -> None:
        diff, hidden = of_file(tmp_path, text(OLD), text(NEW))
        hidden.opened.update([5, 6, 13, 14, 45, 46, 54])
        lines = [line.signed_text for line in hidden.in_diff(diff) if line.signed_text]
        patch = "--- a/code.py\n+++ b/code.py\n" + text(lines)
        (tmp_path / "api" / "code.py").write_text(text(OLD))
        subprocess.run(["git", "apply", "-"], cwd=tmp_path / "api", input=patch, text=True, check=True)
        assert (tmp_path / "api" / "code.py").read_text() == text(NEW)

    @pytest.mark.parametrize("end", ["", "\n"], ids=["without a last line end", "with one"])
    def test_nothing_is_below_the_last_line(self, tmp_path: Path, end: str) -> None:
        diff, hidden = of_file(tmp_path, f"{text(OLD)}last{end}", f"{text(OLD)}other{end}")
        unread = HiddenLines().in_diff(diff)
        assert [line.first_hidden for line in unread if line.kind == "@"] == [1]
        assert unread == hidden.in_diff(diff)

    def test_lines_that_git_has_no_longer_do_not_fit(self, tmp_path: Path) -> None:
        diff, hidden = of_file(tmp_path, text(OLD), text(NEW))
        hidden.lines = tuple(OLD[:20])
        assert not hidden.fits(diff)
        hidden.lines = ("other", *OLD)
        assert not hidden.fits(diff)


def control(opened: Opened, name: str) -> tuple[str, int, int]:
    page = opened.window.page
    for placed in page.visible:
        for number, each in enumerate(placed.laid.controls):
            if each.name == name:
                return page.rows.key(placed.position), placed.number, number
    raise AssertionError(f"{name!r} is not on the page: {[c.name for p in page.visible for c in p.laid.controls]}")


async def click(opened: Opened, name: str) -> None:
    page = opened.window.page
    target = control(opened, name)
    placed = next(each for each in page.visible if (page.rows.key(each.position), each.number) == target[:2])
    area = placed.laid.controls[target[2]].area
    point = area.center() + QPointF(page.column_left, placed.top)
    before = opened.shown
    QTest.mouseClick(page, Qt.MouseButton.LeftButton, pos=point.toPoint())
    await opened.harness.until(lambda: opened.shown != before, "more lines")


def numbered(opened: Opened) -> list[tuple[int, int, str]]:
    """The unchanged lines of the long file."""
    return [(line.old, line.new, line.text) for line in opened.window.page.lines("long") if line.kind == " "]


async def test_a_click_shows_the_unchanged_lines_all_or_a_part_at_a_time(opened: Opened) -> None:
    opened.press(Qt.Key.Key_Down)
    assert opened.current == LONG_FILE
    await click(opened, "Show the first 20 of these lines")
    assert numbered(opened)[:20] == [(number, number, f"line {number}") for number in range(1, 21)]
    assert len(numbered(opened)) == 26
    await click(opened, "Show the last 20 of these lines")
    assert numbered(opened)[20] == (127, 127, "line 127")
    assert len(numbered(opened)) == 46
    await click(opened, "Show 106 unchanged lines")
    assert numbered(opened) == [(each, each, f"line {each}") for each in range(1, 154) if each != 150]


async def test_the_lines_below_the_last_change_are_shown_and_the_scroll_position_stays(opened: Opened) -> None:
    opened.press(Qt.Key.Key_Down)
    page = opened.window.page
    first = page.scroller.position
    await click(opened, "Show the lines below")
    assert numbered(opened)[-1] == (173, 173, "line 173"), "20 of 47"
    await click(opened, "Show 27 unchanged lines")
    assert numbered(opened)[-1] == (200, 200, "line 200")
    assert page.scroller.position == first
    assert page.lines("long")[-1].text == "line 200"


async def test_the_unchanged_lines_are_shown_by_keyboard(opened: Opened) -> None:
    opened.press(Qt.Key.Key_Down)
    page = opened.window.page
    page.setFocus(Qt.FocusReason.TabFocusReason)
    names: list[str] = []
    while page.control_name(page.focused) != "Show the first 20 of these lines":
        opened.press(Qt.Key.Key_Tab)
        assert page.hasFocus(), names
        names.append(page.control_name(page.focused))
    opened.press(Qt.Key.Key_Space)
    await opened.harness.until(lambda: len(numbered(opened)) == 26, "the lines")
    assert page.control_name(page.focused) == "Show the first 20 of these lines", "the next ones"
    opened.press(Qt.Key.Key_Return)
    await opened.harness.until(lambda: len(numbered(opened)) == 46, "more lines")


async def test_a_comment_on_an_opened_line_shows_that_line_when_the_window_opens_again(opened: Opened) -> None:
    opened.press(Qt.Key.Key_Down)
    page = opened.window.page
    await click(opened, "Show 146 unchanged lines")
    place = next(number for number, line in enumerate(page.lines("long")) if line.text == "line 40")
    comment_on(opened, LineRange("long", place, place), "On an opened line")
    opened.window.close()
    opened.checkout.write("long", "above\n" + LONG.replace("line 150\n", "line 150 has changed\n"))
    opened.window = opened.open()
    await opened.until_read()
    await opened.harness.until(
        lambda: [card.accessibleName() for card in cards(opened).values()] == ["Comment on long:41"], "the comment"
    )
    [bar] = opened.window.page.bars
    assert opened.window.page.lines("long")[bar.first] == DiffLine(" ", 40, 41, "line 40")
    assert len(numbered(opened)) < 30, "only the lines around it are shown"


async def test_opened_lines_stay_while_the_file_changes(opened: Opened) -> None:
    opened.press(Qt.Key.Key_Down)
    await click(opened, "Show the first 20 of these lines")
    changed = LONG.replace("line 150\n", "line 150 has changed\n").replace("line 5\n", "line 5\nline 5a\n")
    opened.checkout.write("long", changed)
    opened.press(Qt.Key.Key_F5)
    await opened.harness.until(lambda: "line 5a" in opened.shown, "the change")
    assert (20, 21, "line 20") in numbered(opened)
    assert (21, 22, "line 21") not in numbered(opened)


async def test_lines_that_git_no_longer_has_are_not_shown(opened: Opened) -> None:
    opened.press(Qt.Key.Key_Down)
    blob = opened.checkout.git("rev-parse", "HEAD:long").strip()
    path = opened.checkout.path / ".git/objects" / blob[:2] / blob[2:]
    path.unlink()
    page = opened.window.page
    page.run_action(control(opened, "Show 146 unchanged lines"))
    notice = opened.window.review.bar.notice
    await opened.harness.until(notice.text, "the reason")
    assert re.fullmatch(r"The unchanged lines of long cannot be shown: git failed: .*long.*\.", notice.text())
    assert len(numbered(opened)) == 6


async def test_a_hunk_is_discarded_among_opened_lines(opened: Opened) -> None:
    path = opened.checkout.write("long", "above\n" + LONG.replace("line 150\n", "line 150 has changed\n"))
    opened.press(Qt.Key.Key_F5)
    await opened.harness.until(lambda: "above" in opened.shown, "the change")
    opened.window._on_chosen(1)
    await click(opened, "Show 143 unchanged lines")
    page = opened.window.page
    place = next(number for number, line in enumerate(page.lines("long")) if line.text == "line 150 has changed")
    page.setFocus()
    page.marked = LineRange("long", place, place)
    page._show_line("long", place)
    choose(opened, "Discard this change")
    await until_said(opened, "Discarded 1 changed line in long")
    assert path.read_text() == f"above\n{LONG}"


def has_lines_to_fold(page: ChangesPage) -> bool:
    head = page.head_of("long")
    assert head is not None
    return bool(head.folds)


async def test_opened_lines_are_folded_again_but_for_those_with_a_comment(opened: Opened) -> None:
    opened.press(Qt.Key.Key_Down)
    page = opened.window.page
    assert not has_lines_to_fold(page)
    await click(opened, "Show 146 unchanged lines")
    place = next(number for number, line in enumerate(page.lines("long")) if line.text == "line 40")
    comment_on(opened, LineRange("long", place, place), "On an opened line")
    page.scroller.scroll_to_start()
    opened.window._on_chosen(1)
    await click(opened, "Hide the opened lines")
    assert [each for each, _, _ in numbered(opened)] == [*range(37, 44), *range(147, 150), *range(151, 154)]
    [bar] = page.bars
    assert page.lines("long")[bar.first].text == "line 40"
    assert not has_lines_to_fold(page), "nothing is left to fold"
    await click(opened, "Show 36 unchanged lines")
    assert numbered(opened)[0] == (1, 1, "line 1")


async def test_opened_lines_are_folded_by_the_menu_of_a_line_far_below(opened: Opened) -> None:
    opened.press(Qt.Key.Key_Down)
    page = opened.window.page
    await click(opened, "Show 146 unchanged lines")
    place = next(number for number, line in enumerate(page.lines("long")) if line.text == "line 140")
    page._show_line("long", place)
    assert not page.is_on_page("long")
    point = QPointF(page.width() / 2, page.height() / 2)
    [fold] = [each for each in page.context_menu.build(point).actions() if each.text() == "Hide the opened lines"]
    fold.trigger()
    assert len(numbered(opened)) == 6
    assert page.is_on_page("long")


async def test_no_other_button_moves_when_the_one_that_folds_goes(opened: Opened) -> None:
    opened.press(Qt.Key.Key_Down)
    page = opened.window.page
    at = page.rows.position("long")

    def places() -> dict[str, float]:
        controls = [control for placed in page.visible if placed.position == at for control in placed.laid.controls]
        return {each.name: each.area.x() for each in controls if each.action.kind not in {"lines", "fold_lines"}}

    before = places()
    assert len(before) > 2
    await click(opened, "Show 146 unchanged lines")
    assert has_lines_to_fold(page)
    page.scroller.scroll_to_start()
    assert places() == before
