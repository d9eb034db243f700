"""The page Keys of the settings window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from gui.window.settings.keys_page import KeysPage, native
from tests.support.area import Area
from tests.support.qt_waiting import process_events_until
from tests.unit.gui.window.settings.conftest import Opened


def keys_page(opened: Opened) -> KeysPage:
    """The page Keys, opened."""
    opened.window.show_page("keys")
    page = opened.window.page("keys")
    assert isinstance(page, KeysPage)
    return page


def test_keys_are_set_by_pressing_them_and_a_conflict_names_the_other_action(opened: Opened, area: Area) -> None:
    page = keys_page(opened)
    rows = {row.action.name: row for row in page.rows}
    rename = rows["rename"]
    rename.setFocus()
    QTest.keyClick(rename, Qt.Key.Key_Return)
    QTest.keyClick(rename, Qt.Key.Key_A)
    assert "types a character" in page.question.words.text(), "and the next key is waited for"
    QTest.keyClick(rename, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert page.question.words.text() == "Ctrl+Shift+W is already the key of “Close tab (the chat keeps running)”."
    page.question.accept.click()
    assert (area.config / "keys.toml").read_text() == 'rename = "Ctrl+Shift+W"\n'
    assert (rename.keys, rows["close_tab"].keys) == (["Ctrl+Shift+W"], [])
    QTest.keyClick(rename, Qt.Key.Key_Insert)
    QTest.keyClick(rename, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert "permission modes of Claude Code" in page.question.words.text()
    page.question.cancel.click()
    QTest.keyClick(rename, Qt.Key.Key_Backspace)
    assert rows["close_tab"].keys == ["Ctrl+Shift+W"]


def test_the_keys_of_a_list_go_from_action_to_action(opened: Opened) -> None:
    window = opened.window
    window.show_page("keys")
    page = window.page("keys")
    assert isinstance(page, KeysPage)
    process_events_until(lambda: page.rows[0].y() > page.rows[0].height(), 60, "the rows below the title")
    page.rows[0].setFocus()

    def reached(*keys: Qt.Key) -> int:
        for key in keys:
            QTest.keyClick(page.rows[at()], key)
        process_events_until(lambda: not page.rows[at()].visibleRegion().isEmpty(), 60, "the row in sight")
        return at()

    def at() -> int:
        return next(at for at, row in enumerate(page.rows) if row.hasFocus())

    assert reached(Qt.Key.Key_End) == len(page.rows) - 1
    assert reached(Qt.Key.Key_Down) == len(page.rows) - 1
    assert reached(Qt.Key.Key_Home, Qt.Key.Key_Up) == 0
    assert window.area.verticalScrollBar().value() == 0, "with the page's title"
    assert 8 < (step := reached(Qt.Key.Key_PageDown)) < window.area.viewport().height() // page.rows[0].height()
    assert reached(Qt.Key.Key_PageDown, Qt.Key.Key_Up) == 2 * step - 1
    assert reached(Qt.Key.Key_Down, Qt.Key.Key_PageUp) == step
    window.search.setText("tab")
    assert reached(Qt.Key.Key_Home) == next(at for at, row in enumerate(page.rows) if not row.isHidden())


def test_the_menu_of_an_actions_row_shows_the_keys_that_do_the_same(opened: Opened) -> None:
    page = opened.window.page("keys")
    assert isinstance(page, KeysPage)
    page.rows[0].customContextMenuRequested.emit(QPoint(9, 9))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert [action.shortcut().toString() for action in menu.actions()] == ["Return", "Ins", "Del", "Backspace"]
    menu.close()


def test_screen_readers_announce_an_awaited_key_and_a_conflict(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    announced: list[str] = []
    monkeypatch.setattr("gui.window.settings.keys_page.announce", lambda _widget, text: announced.append(text))
    page = opened.window.page("keys")
    assert isinstance(page, KeysPage)
    rename = next(row for row in page.rows if row.action.name == "rename")
    rename.wait()
    QTest.keyClick(rename, Qt.Key.Key_A)
    wait = "Press the new key…  Esc cancels"
    assert announced == [wait, wait, page.question.words.text()], "another key is waited for"


def test_keys_are_shown_by_the_names_on_keyboards_and_written_by_qts_names(opened: Opened, area: Area) -> None:
    page = keys_page(opened)
    rows = {row.action.name: row for row in page.rows}
    assert rows["new_shell"].accessibleName() == "New shell in this directory: Ctrl+Shift+Enter"
    assert rows["previous_prompt"].accessibleName() == "Go to previous prompt: Ctrl+Shift+PageUp"
    rename = rows["rename"]
    rename.wait()
    QTest.keyClick(rename, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.MetaModifier)
    assert rename.accessibleName() == "Rename chat…: Super+Shift+Enter, changed by you"
    assert (area.config / "keys.toml").read_text() == 'rename = "Meta+Shift+Return"\n'
    assert [native(key) for key in ("Enter", "PgDown", "Ins", "Del", "Esc")] == [
        "Keypad Enter", "PageDown", "Insert", "Delete", "Esc"
    ]  # fmt: skip


def test_a_key_that_types_text_is_added_changed_and_removed(opened: Opened, area: Area) -> None:
    page = keys_page(opened)
    path = area.config / "keys.toml"
    control_alt = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
    control_shift = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    page.add_text.click()
    QTest.keyClicks(page.form.field, "git\\q")
    QTest.keyClick(page.form.field, Qt.Key.Key_Return)
    assert page.form.problem.text() == "Unknown escape '\\q'."
    QTest.keyClick(page.form.field, Qt.Key.Key_Backspace)
    QTest.keyClicks(page.form.field, "r")
    QTest.keyClick(page.form.field, Qt.Key.Key_Return)
    assert path.read_text() == "[[text]]\nkeys = []\ntext = 'git\\r'\n"
    [row] = [row for row in page.rows if row.action.name == "text 1"]
    assert row.action.title == "Type “git\\r”"
    QTest.keyClick(row, Qt.Key.Key_G, control_alt)  # The field waits for a key.
    assert "(as a Meta key)" in page.question.words.text()
    page.question.accept.click()
    assert path.read_text() == "[[text]]\nkeys = \"Ctrl+Alt+G\"\ntext = 'git\\r'\n"
    # The key of a text conflicts with an action's key, and vice versa.
    QTest.keyClick(row, Qt.Key.Key_Return)
    QTest.keyClick(row, Qt.Key.Key_W, control_shift)
    assert page.question.words.text() == "Ctrl+Shift+W is already the key of “Close tab (the chat keeps running)”."
    page.question.cancel.click()
    rename = next(each for each in page.rows if each.action.name == "rename")
    QTest.keyClick(rename, Qt.Key.Key_Return)
    QTest.keyClick(rename, Qt.Key.Key_G, control_alt)
    assert page.question.words.text().startswith("Ctrl+Alt+G is already the key of “Type “git\\r””.")
    page.question.accept.click()
    assert path.read_text() == "rename = \"Ctrl+Alt+G\"\n[[text]]\nkeys = []\ntext = 'git\\r'\n"
    QTest.keyClick(row, Qt.Key.Key_F2)
    QTest.keyClick(page.form.field, Qt.Key.Key_Backspace)
    QTest.keyClicks(page.form.field, "n")
    QTest.keyClick(page.form.field, Qt.Key.Key_Return)
    [row] = [row for row in page.rows if row.action.name == "text 1"]
    assert row.action.title == "Type “git\\n”"
    QTest.keyClick(row, Qt.Key.Key_Delete)
    assert page.question.words.text() == "Remove the key that types “git\\n”?"
    assert page.focusWidget() is page.question.cancel
    page.question.accept.click()
    assert path.read_text() == 'rename = "Ctrl+Alt+G"\n'
    assert not [row for row in page.rows if row.action.name.startswith("text")]
