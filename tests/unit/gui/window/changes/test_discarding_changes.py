"""Discarding changes in the window: a hunk by a line's menu, a file after a question below its head."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from gui.chat.content.segments import QuietLine
from tests.unit.gui.window.changes.conftest import CONTROL, FILE, LONG, LONG_FILE, NEW, Opened, press_button


def menu_by_key(opened: Opened) -> dict[str, int]:
    """Open the context menu as the menu key does; returns the positions of its actions."""
    page = opened.window.page
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(5, 5), page.mapToGlobal(QPoint(5, 5)))
    QApplication.sendEvent(page, event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return {action.text(): place for place, action in enumerate(menu.actions())}


def choose(opened: Opened, name: str) -> None:
    place = menu_by_key(opened)[name]
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    menu.actions()[place].trigger()
    menu.close()


def questions(opened: Opened) -> list[str]:
    """The questions on the page."""
    page = opened.window.page
    segments = [page.rows.row(each.position).segments[each.number] for each in page.visible]
    return [each.text for each in segments if isinstance(each, QuietLine) and each.buttons]


async def until_said(opened: Opened, text: str) -> None:
    await opened.harness.until(lambda: opened.window.review.bar.notice.text() == text, f"the line {text!r}")
    await opened.harness.until(lambda: not opened.window.reader.is_reading, "the changes to be read")


async def test_one_hunk_is_discarded_by_keyboard_and_restored(opened: Opened) -> None:
    changed = LONG.replace("line 150\n", "line 150 has changed\n")
    path = opened.checkout.write("long", f"above\n{changed}")
    opened.press(Qt.Key.Key_F5)
    both = "long, modified, 2 lines added, 1 line removed"
    await opened.until_listed(FILE, both, NEW)
    opened.window.page.setFocus()
    opened.window._on_chosen(1)
    opened.press(Qt.Key.Key_Down, CONTROL)
    choose(opened, "Discard this change")
    await until_said(opened, "Discarded 1 change in long")
    assert path.read_text() == changed
    await opened.until_listed(FILE, LONG_FILE, NEW)
    press_button(opened, "Undo")
    await until_said(opened, "long is as it was before you discarded the change.")
    assert path.read_text() == f"above\n{changed}"
    await opened.until_listed(FILE, both, NEW)


async def test_discarding_a_whole_file_is_asked_about_at_that_file(opened: Opened) -> None:
    window, page = opened.window, opened.window.page
    path = opened.checkout.path / "src/deep/new"
    opened.press(Qt.Key.Key_End)
    [place] = [
        control.area.center() + QPoint(round(page.segment_left(each.position)), round(each.top))
        for each in page.visible
        for control in each.laid.controls
        if page.rows.key(each.position) == "src/deep/new" and control.name == "Discard changes of this file…"
    ]
    QTest.mouseClick(page, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place.toPoint())
    assert questions(opened) == ["Delete this new file?"]
    assert page.hasFocus()
    assert page.control_name(page.focused) == "Cancel", "Enter discards nothing"
    opened.press(Qt.Key.Key_Escape)
    assert (questions(opened), window.isVisible(), path.exists()) == ([], True, True)
    page.ask_discard("src/deep/new")
    opened.press(Qt.Key.Key_Tab)
    opened.press(Qt.Key.Key_Return)
    await until_said(opened, "Deleted src/deep/new")
    assert (questions(opened), path.exists()) == ([], False)
    await opened.until_listed(FILE, LONG_FILE)
    opened.checkout.write("src/deep/new", "the agent's\n")
    press_button(opened, "Undo")
    await until_said(opened, "Nothing was undone: src/deep/new has changed since.")
    assert path.read_text() == "the agent's\n"


async def test_a_file_that_changed_in_the_meantime_is_read_again_and_left_alone(opened: Opened) -> None:
    path = opened.checkout.write("file", "later work\n")
    page = opened.window.page
    page.ask_discard("file")
    assert questions(opened) == ["Discard all changes of this file?"]
    opened.press(Qt.Key.Key_Tab)
    opened.press(Qt.Key.Key_Return)
    await until_said(opened, "Nothing was discarded: file has changed in the meantime.")
    assert path.read_text() == "later work\n"
    await opened.harness.until(lambda: "later work" in opened.shown, "the changes to be read again")


async def test_a_discard_is_finished_although_the_window_is_closed(
    opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    path, page = opened.checkout.path / "src/deep/new", opened.window.page
    page.ask_discard("src/deep/new")
    opened.press(Qt.Key.Key_Tab)
    opened.press(Qt.Key.Key_Return)
    opened.window.close()
    tasks = opened.harness.sessions.tasks
    await opened.harness.until(lambda: not path.exists(), "the discard")
    await tasks.wait_for_others(60)
    assert caplog.records == []
