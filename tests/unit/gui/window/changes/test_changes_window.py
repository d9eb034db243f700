"""The changes window in this process, used by keyboard and mouse over a real repository."""

from __future__ import annotations

import shutil

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from session_host.client.worktrees import changes as changes_module
from session_host.protocol.values import Activity, FileLocation
from tests.support.facts import changed
from tests.support.qt_waiting import delete_now
from tests.unit.gui.window.changes.conftest import ALT, CONTROL, FILE, LONG_FILE, NEW, SHIFT, Opened


async def test_the_changes_are_reviewed_by_keyboard_alone(opened: Opened) -> None:
    files: list[FileLocation] = []
    window, top = opened.window, opened.checkout.path
    window._open_file = files.append
    assert opened.listed == [FILE, LONG_FILE, NEW]
    assert opened.current == FILE
    assert window.summary.accessibleName() == "api · main · 3 files changed +202 −2"
    assert window.windowTitle() == "Changes — work — Outlive"
    assert "+other" in opened.shown
    opened.press(Qt.Key.Key_Down)
    opened.press(Qt.Key.Key_Return)
    assert files == [FileLocation(f"{top}/long", 150)]
    opened.press(Qt.Key.Key_Down)
    assert (opened.first, opened.current) == ("src/deep/new", NEW)
    opened.press(Qt.Key.Key_Up, ALT)
    assert opened.current == LONG_FILE
    opened.press(Qt.Key.Key_F, CONTROL)
    QTest.keyClicks(window.find_bar.field, "line 77")
    await opened.harness.until(lambda: window.find_bar.count.text() == "1 of 1", "the match")
    assert "line 77" in opened.shown
    assert opened.current == NEW
    opened.press(Qt.Key.Key_Escape)
    assert window.page.hasFocus()
    opened.press(Qt.Key.Key_A, CONTROL)
    opened.press(Qt.Key.Key_C, CONTROL)
    copied = QGuiApplication.clipboard().text()
    assert "--- a/long\n+++ b/long\n@@" in copied
    assert "+++ b/src/deep/new" in copied
    opened.press(Qt.Key.Key_Escape)
    QTest.keyClicks(window.focusWidget(), "deep new")
    assert opened.listed == [NEW]
    QTest.keyClicks(window.focusWidget(), "er")
    assert (opened.listed, window.files.found.text()) == ([], "No matches")
    opened.press(Qt.Key.Key_Escape)
    assert opened.listed == [FILE, LONG_FILE, NEW]
    opened.press(Qt.Key.Key_Escape)
    assert not window.isVisible()


async def test_the_page_shows_that_the_tab_key_came_to_it_until_a_control_or_the_mouse_has_the_focus(
    opened: Opened,
) -> None:
    page = opened.window.page

    def edge() -> bool:
        """Whether the page has a frame."""
        return page.grab().toImage().pixelColor(1, page.height() // 2) == page.style_.color("accent")

    assert not edge()
    for _ in range(3):
        opened.press(Qt.Key.Key_Tab)
    assert (page.hasFocus(), page.focused, edge()) == (True, None, True)
    opened.press(Qt.Key.Key_Tab)
    assert (page.focused is not None, edge()) == (True, False)
    opened.press(Qt.Key.Key_Backtab, SHIFT)
    opened.press(Qt.Key.Key_Tab)
    assert edge()
    QTest.mouseClick(page, Qt.MouseButton.LeftButton, pos=page.rect().center())
    assert (page.hasFocus(), edge()) == (True, False)


async def test_each_stop_of_the_tab_key_and_the_button_under_the_pointer_are_visible(opened: Opened) -> None:
    page = opened.window.page
    page.setFocus(Qt.FocusReason.OtherFocusReason)
    accent = page.style_.color("accent")
    plain = page.grab().toImage()
    names = []
    while page.focusNextPrevChild(True) and page.hasFocus():
        assert page.focused is not None
        [placed] = [
            each
            for each in page.visible
            if (page.rows.key(each.position), each.number) == (page.focused[0], page.focused[1])
        ]
        control = page.control_of(page.focused)
        assert control is not None
        names.append(page.control_name(page.focused))
        middle = control.area.center() + QPointF(page.column_left, placed.top)
        row, first = round(middle.y()), round(middle.x() - control.area.width() / 2) - 3
        shown = page.grab().toImage()
        line = [shown.pixelColor(x, row) for x in range(first, first + 3)]
        assert any(abs(each.red() - accent.red()) < 60 for each in line), f"the frame of {names[-1]}"
        opened.window.search.setFocus()
        QTest.mouseMove(page, middle.toPoint())
        await opened.harness.until(lambda: page.hovered == page.focused, "the button under the pointer")
        corner = middle.toPoint() + QPointF(control.area.width() / 2 - 1, 0).toPoint()
        assert page.grab().toImage().pixelColor(corner) != plain.pixelColor(corner), f"the sign on {names[-1]}"
        page.setFocus(Qt.FocusReason.OtherFocusReason)
    in_order = [
        "Open the file in your editor",
        "Discard changes of this file…",
        "Show old and new side by side",
        "Copy as a patch",
    ]
    hidden = ["Show the first 20 of these lines", "Show the last 20 of these lines", "Show 146 unchanged lines"]
    of_long = [*in_order, *hidden, "Show the lines below"]
    assert names == [*in_order, *of_long, *in_order[:2], in_order[3]], "from left to right; the new file has one side"


async def test_a_double_click_and_a_lines_menu_open_the_editor(opened: Opened) -> None:
    files: list[FileLocation] = []
    window, top = opened.window, opened.checkout.path
    window._open_file = files.append
    row = window.navigation.visualRect(window.navigation.model().index(1, 0)).center()
    for click in (QTest.mouseClick, QTest.mouseDClick):
        click(window.navigation.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, row)
    assert files == [FileLocation(f"{top}/long", 150)]
    page = window.page
    lines = next(each for each in page.visible if each.number == 1 and page.rows.key(each.position) == "long")
    boxes = [box for box in lines.laid.boxes if box.layout.text() == "line 149"]
    point = QPointF(page.column_left + boxes[0].x + 5, lines.top + boxes[0].y + 5)
    menu = page.context_menu.build(point)
    names = [action.text() for action in menu.actions()][:3]
    assert names == ["Comment on line 149", "Open line 149 in your editor", "Copy path"]
    menu.actions()[1].trigger()
    menu.actions()[2].trigger()
    assert files[-1] == FileLocation(f"{top}/long", 149)
    assert QGuiApplication.clipboard().text() == "long"
    menu.close()


async def test_the_changes_are_read_again_when_a_turn_ends_and_when_the_user_returns(opened: Opened) -> None:
    checkout, harness, window = opened.checkout, opened.harness, opened.window
    opened.press(Qt.Key.Key_Down)
    place = window.page.scroller.position
    checkout.write("added")
    chat = harness.chat(opened.session_id)
    chat.record = changed(chat.record, activity=Activity.IDLE)
    chat.changed.emit()
    await opened.until_listed("added, untracked, 1 line added", FILE, LONG_FILE, NEW)
    assert (window.page.scroller.position, opened.current) == (place, LONG_FILE)
    other = QWidget()
    other.show()
    other.activateWindow()
    await harness.until(other.isActiveWindow, "the other window")
    checkout.git("add", "-A")
    checkout.git("commit", "-qm", "all")
    window.activateWindow()
    await harness.until(lambda: opened.message == "No file differs from the last commit.", "the empty list")
    assert opened.listed == []
    delete_now(other)
    checkout.write("file", "again\n")
    window.activateWindow()
    QTest.keyClick(window, Qt.Key.Key_F5)
    await opened.until_listed(FILE)
    assert opened.message == ""
    (checkout.path / "file").unlink()
    QTest.keyClick(window, Qt.Key.Key_F5)
    await opened.until_listed("file, deleted, 1 line removed")
    window.navigation.setFocus()
    opened.press(Qt.Key.Key_Return)
    assert window.note.text() == "file is deleted: there is no file to open"


async def test_after_a_command_of_a_shell_the_window_and_the_status_line_count_the_same_files(opened: Opened) -> None:
    checkout, harness, window = opened.checkout, opened.harness, opened.window
    chat, watcher = harness.chat(opened.session_id), harness.sessions.git_status_watcher
    watcher.set_visible(True)
    watcher.follow([chat])

    def counts() -> tuple[int, int]:
        return (chat.workplace.git_status.dirty if chat.workplace.git_status is not None else 0, len(opened.listed))

    await harness.until(lambda: counts() == (3, 3), "the first counts")
    checkout.write("src/more/one")
    checkout.write("src/more/two")
    chat.record = replace(chat.record, foreground=replace(chat.record.shell, since="2026-01-02T05:00:00Z"))
    chat.changed.emit()
    await harness.until(lambda: counts() == (5, 5), "both to count each new file")
    assert window.summary.accessibleName().startswith("api · main · 5 files changed")


async def test_a_branch_is_compared_with_its_starting_point(opened: Opened) -> None:
    window, checkout = opened.window, opened.checkout
    checkout.git("checkout", "-qb", "fix")
    checkout.git("add", "-A")
    checkout.git("commit", "-qm", "all")
    window.reader.refresh()
    await opened.harness.until(lambda: opened.listed == [], "the empty list")
    assert window.since.button.text() == "Since the last commit"
    window.since.button.click()
    opened.press(Qt.Key.Key_Down)
    opened.press(Qt.Key.Key_Return)
    await opened.until_listed(FILE, LONG_FILE, NEW.replace("untracked", "added"))
    assert window.since.button.text() == "Since the branch left main"


async def test_a_very_long_change_shows_its_beginning_until_the_user_shows_all(opened: Opened) -> None:
    window, checkout = opened.window, opened.checkout
    text = "".join(f"row {number}\n" for number in range(5000))
    checkout.git("add", "-A")
    checkout.git("commit", "-qm", "all")
    checkout.write("file", text)
    window.reader.refresh()
    await opened.until_listed("file, modified, 5,000 lines added, 1 line removed")
    page = window.page

    def text_on_page() -> str:
        return "\n".join(segment.text for segment in page.rows.row(0).segments)

    assert "row 1000" in text_on_page()
    assert "row 4999" not in text_on_page()
    page.scroller.scroll_to_end()
    [show_all] = [each for placed in page.visible for each in placed.laid.controls if each.action.kind == "show_all"]
    head = page.head_of("file")
    assert head is not None
    assert head.patch.endswith("+row 4999\n")
    window.open_find()
    QTest.keyClicks(window.find_bar.field, "row 4990")
    await opened.harness.until(lambda: "row 4990" in opened.shown, "the match in the part that was hidden")
    assert show_all.action.item == "file"


async def test_limits_and_problems_are_reported_in_one_line(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    window, checkout = opened.window, opened.checkout
    monkeypatch.setattr(changes_module, "MAX_FILES", 2)
    window.reader.refresh()
    await opened.harness.until(lambda: window.note.text() == "1 more changed file is not listed", "the limit")
    shutil.rmtree(checkout.path)
    window.reader.refresh()
    gone = f"The directory {checkout.path} does not exist any more."
    await opened.harness.until(lambda: opened.message == gone, "the problem")
    assert (opened.listed, window.note.isVisible()) == ([], False)


async def test_each_chat_has_one_changes_window_and_a_closed_one_reads_nothing(opened: Opened) -> None:
    window, harness = opened.window, opened.harness
    assert opened.open() is window
    session_id = await harness.add("other", cwd=str(opened.checkout.path))
    other = opened.opener.open(harness.chat(session_id), str(opened.checkout.path))
    assert other is not window
    other.close()
    window.reader.refresh()
    window.close()
    chat = harness.chat(opened.session_id)
    chat.record = changed(chat.record, activity=Activity.WORKING)
    chat.changed.emit()
    harness.settle()
    assert opened.open() is not window
    opened.window = opened.open()
    await opened.until_read()


async def test_screen_readers_hear_each_file_with_its_lines(opened: Opened) -> None:
    page = opened.window.page
    assert page.accessibleName() == "Changes"
    assert page.spoken(page.rows.row(0)).startswith("file · 1 line added, 1 line removed\n")
    assert "+ other" in page.spoken(page.rows.row(0))
    assert opened.window.navigation.accessibleName() == "Changed files"
