"""The settings window in this process: each page by keyboard alone, and the messages about problems."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QEvent, QLocale, QPoint, Qt
from PySide6.QtGui import QTextLayout
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from gui.settings.table import PAGES, PageName
from gui.terminal.cell_metrics import default_size_px
from gui.theme.theme import Theme
from gui.window.actions.tab_pages import keymap
from gui.window.settings.agents_page import AgentRow, AgentsPage
from gui.window.settings.context import use_in_terminals
from gui.window.settings.controls import EditorControl, NumberControl
from gui.window.settings.keys_page import KeysPage, native
from gui.window.settings.page import SettingRow
from gui.window.settings.setup_page import SetupList
from gui.wording import settings_texts
from session_host import paths
from session_host.client.chats.settings import load_chat_settings
from tests.support.area import Area
from tests.support.qt_waiting import delete_now, process_events_until
from tests.support.repositories import Checkout
from tests.support.widgets import open_menu

from .conftest import Opened


def keys_page(opened: Opened) -> KeysPage:
    """The page Keys, opened."""
    opened.window.show_page("keys")
    page = opened.window.page("keys")
    assert isinstance(page, KeysPage)
    return page


def agents_page(opened: Opened) -> AgentsPage:
    """The page Agents, opened."""
    opened.window.show_page("agents")
    page = opened.window.page("agents")
    assert isinstance(page, AgentsPage)
    return page


@pytest.fixture
def in_locale() -> Iterator[Callable[[str], None]]:
    """Gives the widgets that are made from now on another locale."""
    previous = QLocale()
    yield lambda name: QLocale.setDefault(QLocale(name))
    QLocale.setDefault(previous)


def test_keyboard_shortcuts_open_the_page_with_all_keys(opened: Opened) -> None:
    opened.opener.open("keys")
    assert opened.window.page("keys").isVisible()
    opened.opener.open()
    assert opened.window.page("keys").isVisible(), "it stays where the user was"


def test_the_text_for_an_unset_number_is_not_cut(opened: Opened) -> None:
    opened.window.show_page("appearance")
    QApplication.processEvents()
    control = opened.row("font_size").control
    assert isinstance(control, NumberControl)
    words = control.spin.fontMetrics().horizontalAdvance(control.spin.text())
    assert control.spin.text() == control.spin.specialValueText() != ""
    assert words < control.spin.lineEdit().width()
    QApplication.sendEvent(control.spin, QEvent(QEvent.Type.StyleChange))
    assert words < control.spin.lineEdit().width(), "they stay so when the appearance changes"


def test_the_text_size_is_stepped_from_the_one_on_the_screen(opened: Opened) -> None:
    opened.window.show_page("appearance")
    row = opened.row("font_size")
    control = row.control
    assert isinstance(control, NumberControl)
    for step, expected in (
        (control.more.click, default_size_px() + 1),
        (control.less.click, default_size_px() - 1),
        (lambda: QTest.keyClick(control.spin, Qt.Key.Key_Down), default_size_px() - 1),
        (lambda: QTest.keyClick(control.spin, Qt.Key.Key_Up), default_size_px() + 1),
    ):
        assert control.spin.text() == control.spin.specialValueText()
        step()
        assert control.spin.number() == expected
        control.spin.editingFinished.emit()
        assert opened.settings.preferences.window.font_size == expected
        row.reset.click()


@pytest.mark.parametrize("locale", ["de_DE", "tr_TR", "ar_SA", "ja_JP", "C"])
@pytest.mark.parametrize("typed", ["1.35", "1,35"])
def test_a_number_has_a_point_in_each_locale_and_a_comma_is_taken_for_one(
    opened: Opened, in_locale: Callable[[str], None], locale: str, typed: str
) -> None:
    in_locale(locale)
    control = opened.row("line_height").control
    opened.window.show_page("appearance")
    assert isinstance(control, NumberControl)
    control.spin.selectAll()
    QTest.keyClicks(control.spin, typed)
    QTest.keyClick(control.spin, Qt.Key.Key_Return)
    assert control.spin.text() == "1.35"
    assert opened.settings.preferences.window.line_height == 1.35


@pytest.mark.parametrize(("amount", "shown"), [("0.00001", "0.00001"), ("12.5", "12.50"), ("20", "20")])
def test_a_small_amount_of_money_is_shown_and_typed_as_it_is(opened: Opened, amount: str, shown: str) -> None:
    control = opened.row("ask_at_chat").control
    opened.window.show_page("agents")
    assert isinstance(control, NumberControl)
    control.spin.selectAll()
    QTest.keyClicks(control.spin, amount)
    QTest.keyClick(control.spin, Qt.Key.Key_Return)
    assert control.spin.text() == shown
    assert load_chat_settings(paths.config_dir()).ask_at_chat == float(amount)


def test_tab_reaches_every_control_and_each_has_a_name(opened: Opened) -> None:
    window = opened.window
    for name in PAGES:
        window.show_page(name)
        QApplication.processEvents()
        expected = {
            widget
            for widget in window.findChildren(QWidget)
            if widget.isVisible()
            and widget.isEnabled()
            and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            and widget.focusProxy() is None
            and not widget.objectName().startswith("qt_")
        }
        nameless = [widget for widget in expected if not widget.accessibleName() and not getattr(widget, "text", str)()]
        assert nameless == [], name
        window.search.setFocus()
        reached: set[QWidget] = set()
        for _ in range(len(expected) + 3):
            focused = window.focusWidget()
            assert focused is not None
            reached.add(focused)
            QTest.keyClick(focused, Qt.Key.Key_Tab)
        assert expected <= reached, name


def are_whole(row: AgentRow) -> bool:
    """Whether all texts of a row have the room that they need."""
    texts = [each for each in row.findChildren(QLabel) if each.isVisible() and each.wordWrap()]
    return all(text.width() >= text.minimumSizeHint().width() for text in texts) and all(
        text.height() >= text.heightForWidth(text.width()) for text in texts
    )


def test_no_control_is_cut_in_a_narrow_window(opened: Opened, area: Area) -> None:
    window = opened.window
    (area.config / "agents").mkdir()
    title = "An agent whose title is far longer than anybody would expect it to be, really"
    fields = f'title = "{title}"\nexecutable = "sh"\nstart = ["sh"]\nmonogram = "Ow"\n'
    (area.config / "agents/own.toml").write_text(fields)
    opened.settings.read_again()
    page = agents_page(opened)
    assert title in [row.name for row in page._rows]

    def beyond_the_edge(name: PageName) -> list[str]:
        controls = [each for each in window.page(name).findChildren(QWidget) if each.isVisible()]
        edge = window.area.viewport().mapToGlobal(window.area.viewport().rect().topRight()).x()
        rights = {each.accessibleName(): each.mapToGlobal(each.rect().topRight()).x() for each in controls}
        return [name for name, right in rights.items() if name and right > edge]

    for width in range(700, 339, -60):
        window.resize(width, 500)
        for name in PAGES:
            window.show_page(name)
            QApplication.processEvents()  # Until then, all have the places of the wider window.
            process_events_until(lambda name=name: not beyond_the_edge(name), 30, f"{name} to be whole")  # type: ignore[misc]
        rows = [row for row in page._rows if row.control.isVisibleTo(row)]
        process_events_until(lambda rows=rows: all(are_whole(row) for row in rows), 30, "the texts to be whole")  # type: ignore[misc]
    font = opened.row("font")
    window.show_page("appearance")
    process_events_until(lambda: font.control.y() > font.help.y(), 30, "the control below the text")
    window.resize(900, 600)
    process_events_until(lambda: font.control.x() > font.help.geometry().right(), 30, "the control beside the text")


def test_the_right_edge_of_the_controls_is_the_same_on_pages_with_and_without_a_scroll_bar(opened: Opened) -> None:
    window = opened.window

    def right_edge(name: PageName, key: str, *, scrolls: bool) -> int:
        window.show_page(name)
        bar = window.area.verticalScrollBar()
        process_events_until(lambda: bar.isVisible() == scrolls, 30, f"the scroll bar of {name}")
        QApplication.processEvents()
        control = opened.row(key).control
        return control.mapTo(window, control.rect().topRight()).x()

    edges = {right_edge("appearance", "theme", scrolls=True), right_edge("notifications", "bell_mark", scrolls=False)}
    assert len(edges) == 1


@pytest.mark.parametrize(
    ("page", "name", "typed", "file"),
    [("general", "editor", "vi", "window.toml"), ("server", "parameters", "a=1", "endpoint.toml")],
)
def test_an_emptied_field_has_nothing_to_reset(
    opened: Opened, area: Area, page: PageName, name: str, typed: str, file: str
) -> None:
    opened.window.show_page(page)
    row = opened.row(name)
    for text, is_set in ((typed, True), ("", False)):
        QTest.keyClick(row.control.inner, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClick(row.control.inner, Qt.Key.Key_Delete)
        QTest.keyClicks(row.control.inner, text)
        QTest.keyClick(row.control.inner, Qt.Key.Key_Return)
        assert row.reset.isVisible() == is_set
        assert (name in (area.config / file).read_text()) == is_set


@pytest.mark.parametrize(
    ("page", "name", "typed", "problem"),
    [
        ("notifications", "notify_command", "notify 'me", "Command has no closing quotation."),
        ("server", "url", "example", "Address must be a URL that begins with http:// or https://."),
        ("server", "key_from", "hunter2", "API key must be env:NAME, file:PATH or secret."),
    ],
)
def test_a_refused_value_is_explained_with_the_label_of_its_field(
    opened: Opened, page: PageName, name: str, typed: str, problem: str
) -> None:
    opened.window.show_page(page)
    row = opened.row(name)
    QTest.keyClicks(row.control.inner, typed)
    QTest.keyClick(row.control.inner, Qt.Key.Key_Return)
    assert row.problem.text() == problem


def test_a_problem_is_shown_beside_its_field_and_an_invalid_value_is_never_written(opened: Opened, area: Area) -> None:
    file = area.config / "window.toml"
    file.write_text("# mine\nfont_size = 500\n")
    opened.settings.read_again()
    opened.window.show_page("appearance")
    row = opened.row("font_size")
    assert row.problem.text() == "window.toml:2: font_size must be between 6 and 48, or 0."
    assert row.reset.isVisible()
    row.reset.click()
    assert file.read_text() == "# mine\n"
    assert not row.problem.isVisible()
    opened.window.show_page("general")
    editor = opened.row("editor")
    field = editor.control.inner
    QTest.keyClicks(field, "code 'x")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert editor.problem.text() == "Editor has no closing quotation."
    assert file.read_text() == "# mine\n"
    assert field.text() == "code 'x", "what was typed stays"  # type: ignore[attr-defined]
    QTest.keyClicks(field, "'")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert file.read_text() == "# mine\neditor = \"code 'x'\"\n"
    assert not editor.problem.isVisible()


def test_a_theme_without_a_light_version_is_named_where_light_is_chosen(opened: Opened) -> None:
    opened.window.show_page("appearance")
    row = opened.row("appearance")
    opened.settings.write({"theme": "nord", "appearance": "light"})
    assert row.problem.text() == "Nord has no light version."
    opened.settings.write({"appearance": "dark"})
    assert not row.problem.isVisible()
    opened.settings.write({"theme": "gruvbox-dark", "appearance": "light"})
    assert not row.problem.isVisible()


def test_several_fonts_and_features_are_separated_by_commas(opened: Opened, area: Area) -> None:
    file = area.config / "window.toml"
    opened.window.show_page("appearance")
    fonts, features = opened.row("fallback_fonts"), opened.row("font_features")
    QTest.keyClicks(fonts.control.inner, "dejavu sans, No Such Font ,")
    QTest.keyClick(fonts.control.inner, Qt.Key.Key_Return)
    assert file.read_text() == 'fallback_fonts = ["dejavu sans", "No Such Font"]\n'
    assert fonts.problem.text() == "No Such Font (not installed)."
    assert fonts.control.inner.text() == "dejavu sans, No Such Font"  # type: ignore[attr-defined]
    QTest.keyClicks(features.control.inner, "zero, calt-")
    QTest.keyClick(features.control.inner, Qt.Key.Key_Return)
    assert features.problem.text() == "Font features must be a list of features such as zero, -calt, cv01=2."
    for _ in range(5):
        QTest.keyClick(features.control.inner, Qt.Key.Key_Backspace)
    QTest.keyClicks(features.control.inner, "-calt")
    QTest.keyClick(features.control.inner, Qt.Key.Key_Return)
    assert not features.problem.isVisible()
    assert opened.settings.preferences.terminal_font.features == ("zero", "-calt")
    fonts.reset.click()
    assert file.read_text() == 'font_features = ["zero", "-calt"]\n'
    assert not fonts.problem.isVisible()


def test_a_file_that_cannot_be_written_is_reported_and_the_typed_text_kept(opened: Opened, area: Area) -> None:
    file = area.config / "window.toml"
    file.write_text("# mine\n")
    file.chmod(0o444)
    opened.window.show_page("terminal")
    row = opened.row("confirm_paste")
    row.control.inner.click()  # type: ignore[attr-defined]
    assert row.problem.text() == "window.toml: the file is read-only; nothing was changed."
    assert row.control.inner.isChecked(), "it shows the value in effect"  # type: ignore[attr-defined]
    assert file.read_text() == "# mine\n"


def test_an_invalid_file_disables_its_fields_until_it_is_corrected(opened: Opened, area: Area) -> None:
    file = area.config / "window.toml"
    file.write_text("font = \n")
    opened.settings.read_again()
    assert opened.window.problem.text().startswith("window.toml:1: ")
    assert not opened.row("font").control.isEnabled()
    file.write_text('font_size = 20\ncursor_shape = "underline"\n')
    opened.settings.read_again()
    assert not opened.window.problem.isVisible()
    assert opened.row("font_size").control.inner.text() == "20 px"  # type: ignore[attr-defined]
    assert opened.row("cursor_shape").control.inner.currentText() == "Underline"  # type: ignore[attr-defined]


def test_a_selected_theme_is_previewed_and_the_previous_one_restored(opened: Opened, theme: Theme) -> None:
    preferences = opened.settings.preferences
    theme.use(preferences.schemes, preferences.window.appearance, preferences.look)
    before = theme.tokens
    box = opened.row("theme").control.inner
    box.showPopup()  # type: ignore[attr-defined]
    at = next(at for at in range(box.count()) if "Gruvbox" in box.itemText(at))  # type: ignore[attr-defined]
    box.highlighted.emit(at)  # type: ignore[attr-defined]
    QApplication.processEvents()
    assert theme.tokens != before
    box.hidePopup()  # type: ignore[attr-defined]
    assert theme.tokens == before


def test_the_editors_that_are_installed_are_listed_below_the_field_of_the_editor(
    opened: Opened, area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = area.root / "programs"
    programs.mkdir()
    for name in ("vim", "code"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    opened.tasks.runs = "editors"
    opened.window.show_page("general")
    control = opened.row("editor").control
    assert isinstance(control, EditorControl)
    QTest.keyClick(control.field, Qt.Key.Key_Down)
    menu = open_menu()
    assert [action.text() for action in menu.actions()] == ["code", "vim"]
    menu.actions()[1].trigger()
    menu.close()
    assert control.field.text() == "vim"
    assert (area.config / "window.toml").read_text() == 'editor = "vim"\n'


def test_the_search_finds_a_setting_by_its_label_its_key_or_its_help(opened: Opened) -> None:
    window = opened.window
    for typed, key in (
        ("scrollb", "scrollback_lines"),
        ("idle_timeout", "idle_timeout_min"),
        ("desktop notif", "notifications"),
        ("dark mode", "appearance"),
        ("contrast", "readable_colors"),
    ):
        window.search.setText(typed)
        shown = [row.setting.key for row in window.findChildren(SettingRow) if row.isVisible()]
        assert shown == [key]
    window.search.setText("reopen tab")
    keys = window.page("keys")
    assert isinstance(keys, KeysPage)
    assert [row.action.name for row in keys.rows if row.isVisible()] == ["reopen_tab"]
    for typed in ("keybindings", "keyboard shortcuts"):
        window.search.setText(typed)
        assert all(row.isVisible() for row in keys.rows)
    window.search.setText("no such thing")
    assert window.nothing.isVisible()
    window.search.clear()
    assert not window.nothing.isVisible()
    assert opened.row("start_at_login").isVisible()


def test_the_search_finds_a_button_by_its_text(opened: Opened) -> None:
    window = opened.window
    for name in PAGES:
        window.page(name)
    for typed, text in (
        ("import theme", "Import a theme…"),
        ("add agent", "Add an agent…"),
        ("reset all", "Reset all keys…"),
    ):
        window.search.setText(typed)
        shown = [button.text() for button in window.area.findChildren(QPushButton) if button.isVisible()]
        assert shown == [text]
        assert not window.nothing.isVisible()
    window.search.clear()
    window.show_page("agents")
    shown = [button.text() for button in window.area.findChildren(QPushButton) if button.isVisible()]
    assert shown.count("Add an agent…") == 1


KEYMAP = keymap()
RENAME = next(action for action in KEYMAP.actions if action.name == "rename")


def test_a_key_of_another_action_is_reported_and_taken_from_it() -> None:
    conflict = KEYMAP.conflict({}, RENAME, "Ctrl+Shift+W")
    assert conflict.holder is not None
    assert (conflict.holder.name, conflict.use, conflict.types) == ("close_tab", "", False)
    assert KEYMAP.assigned({}, RENAME, ["Ctrl+Shift+W"]) == {"rename": "Ctrl+Shift+W"}
    assert KEYMAP.chosen({"rename": ["Ctrl+Shift+W"]})["close_tab"] == []
    # If the user gave the key to the other action, its line loses the key.
    mine = {"close_tab": ["Ctrl+Shift+W", "Ctrl+F4"], "send": ["F7"]}
    assert KEYMAP.assigned(mine, RENAME, ["Ctrl+Shift+W"]) == {"rename": "Ctrl+Shift+W", "close_tab": "Ctrl+F4"}
    assert KEYMAP.assigned(mine, RENAME, ["F7", "F8"]) == {"rename": ["F7", "F8"], "send": ""}
    assert KEYMAP.assigned({"rename": ["F7"]}, RENAME, []) == {"rename": None}, "it has no key by default"


@pytest.mark.parametrize(
    ("key", "use"),
    [
        ("Ctrl+C", "interrupt"),
        ("Shift+Tab", "agents' permission modes"),
        ("Ctrl+K", "control keys"),
        ("Alt+B", "meta keys"),
        ("F5", "function keys"),
        ("Ctrl+Left", "move and edit"),
        ("Ctrl+Shift+K", ""),
        ("Ctrl+1", ""),
        ("Ctrl++", ""),
        ("Meta+K", ""),
    ],
)
def test_the_use_of_a_key_in_terminals_is_known(key: str, use: str) -> None:
    assert use_in_terminals(key) == use
    if use:
        assert settings_texts.KEY_USES[use]()


def test_a_key_that_types_text_cannot_belong_to_an_action_and_default_keys_do_not_conflict() -> None:
    for key in ("A", "Shift+A", "Space", "Return", "Tab", "+", "Esc"):
        assert KEYMAP.conflict({}, RENAME, key).types, key
    for key in ("Ctrl+Shift+R", "Shift+F3"):
        assert not KEYMAP.conflict({}, RENAME, key).types
    zoom = next(action for action in KEYMAP.actions if action.name == "zoom_in")
    for key in zoom.defaults:
        assert not KEYMAP.conflict({}, zoom, key)


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
    page = keys_page(opened)
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
    page = keys_page(opened)
    page.rows[0].customContextMenuRequested.emit(QPoint(9, 9))
    menu = open_menu()
    assert [action.shortcut().toString() for action in menu.actions()] == ["Return", "Ins", "Del", "Backspace"]
    menu.close()


def test_screen_readers_announce_an_awaited_key_and_a_conflict(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    announced: list[str] = []
    monkeypatch.setattr("gui.window.settings.keys_page.announce", lambda _widget, text: announced.append(text))
    page = keys_page(opened)
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
        "Keypad Enter",
        "PageDown",
        "Insert",
        "Delete",
        "Esc",
    ]


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


def test_the_setup_of_a_repositorys_worktrees_is_added_changed_and_removed(opened: Opened, area: Area) -> None:
    path = area.config / "chats.toml"
    path.write_text('# mine\nrecord = false\n\n[worktree_setup]  # slow\n"~/docs" = "make"  # the book\n')
    checkout = Checkout.new(area.home / "api")
    opened.tasks.runs = "the repository of a setup"
    opened.settings.read_again()
    window = opened.window
    window.show_page("general")
    page = window.page("general")
    [setups] = page.findChildren(SetupList)
    form = setups.form
    assert [row.name for row in setups.rows.values()] == ["docs"]
    setups.add.click()
    QTest.keyClicks(form.directory, "~/docs")
    QTest.keyClicks(form.command, "npm ci")
    QTest.keyClick(form.command, Qt.Key.Key_Return)
    assert form.problem.text() == "~/docs does not exist."
    assert form.directory.hasFocus()
    form.directory.setText("~/api/src")
    QTest.keyClick(form.command, Qt.Key.Key_Return)
    assert not form.isVisible()
    assert [(row.name, row.help.text()) for row in setups.rows.values()] == [
        ("docs", "~/docs\nmake"),
        ("api", "~/api\nnpm ci"),
    ]
    added = setups.rows[str(checkout.path)]
    assert added.control.inner.hasFocus()
    assert load_chat_settings(area.config).setup_of(str(checkout.path / ".git")) == (str(checkout.path), "npm ci")
    setups.add.click()
    form.directory.setText("~/api")
    form.command.setText("make")
    form.save.click()
    assert form.problem.text() == "~/api is in the list already."
    QTest.keyClick(form.directory, Qt.Key.Key_Escape)
    assert not form.isVisible()
    QTest.keyClick(setups.rows["~/docs"].control.inner, Qt.Key.Key_Space)
    form.command.setText("make all")
    QTest.keyClick(form.command, Qt.Key.Key_Return)
    QTest.keyClick(added.control.inner, Qt.Key.Key_Space)
    form.remove.click()
    assert setups.add.hasFocus()
    assert path.read_text() == (
        '# mine\nrecord = false\n\n[worktree_setup]  # slow\n"~/docs" = "make all"  # the book\n'
    )
    path.write_text('worktree_setup = { "api" = "make" }\n')
    opened.settings.read_again()
    assert "chats.toml:1: worktree_setup: 'api' must be an absolute path, or begin with ~/." in [
        each.text() for each in page.findChildren(QLabel)
    ]


def test_the_text_about_the_setups_is_not_squeezed_beside_its_button_in_a_small_window(opened: Opened) -> None:
    window = opened.window
    window.resize(560, 400)
    window.show_page("general")
    [setups] = window.page("general").findChildren(SetupList)
    row, text = setups._heading, setups._heading.help
    process_events_until(lambda: row.control.y() > text.geometry().bottom(), 60, "the button to be below the text")
    process_events_until(lambda: text.height() <= 4 * text.fontMetrics().lineSpacing(), 60, "a few lines of text")
    window.resize(900, 600)
    process_events_until(lambda: row.control.x() > text.geometry().right(), 60, "the button to be beside the text")


def test_agents_that_are_not_installed_are_folded_until_they_are_searched_for_or_installed(
    opened: Opened, area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = area.root / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))

    def shown() -> set[str]:
        QApplication.processEvents()
        return {row.agent.name for row in page.findChildren(AgentRow) if row.isVisible()}

    window = opened.window
    opened.tasks.runs = "agents"
    window.show_page("agents")
    page = window.page("agents")
    assert not {"claude", "codex"} & shown()
    assert "shell" in shown()
    [fold] = [each for each in page.findChildren(QPushButton) if each.text().startswith("Show ")]
    fold.click()
    assert {"claude", "codex"} <= shown()
    fold.click()
    window.search.setText("codex")
    assert shown() == {"codex"}
    window.search.clear()
    assert not {"claude", "codex"} & shown()
    window.show_page("general")
    (programs / "codex").write_text("#!/bin/sh\n")
    (programs / "codex").chmod(0o755)
    window.show_page("agents")
    assert {"claude", "codex"} & shown() == {"codex"}, "the page looks for agents when it is shown"


def test_the_command_that_installs_an_agent_wraps_only_at_its_spaces(opened: Opened) -> None:
    opened.window.show_page("agents")
    row = next(row for row in opened.window.findChildren(AgentRow) if row.agent.name == "claude")
    row.path = None
    row.set_version("")
    text = row.help.text()
    layout = QTextLayout(text, row.help.font())
    layout.beginLayout()
    parts = []
    while (line := layout.createLine()).isValid():
        line.setLineWidth(20)  # Narrower than any word: the text breaks wherever it may.
        parts.append(text[line.textStart() : line.textStart() + line.textLength()].replace("\u2060", "").strip())
    layout.endLayout()
    assert parts[-1] == "@anthropic-ai/claude-code"
    assert "-g" in parts
    opened.window.search.setText("anthropic-ai/claude-code")
    assert row.isVisible(), "the search does not see what keeps the words whole"


def test_a_custom_agent_is_added_and_edited_and_arguments_are_set(opened: Opened, area: Area) -> None:
    page = agents_page(opened)
    assert opened.row("new_chat_agent").control.inner.currentData() == ""  # type: ignore[attr-defined]
    page.add.click()
    QTest.keyClicks(page.form.title, "My agent")
    assert page.form.name.text() == "my-agent"
    assert page.form.monogram.text() == "Ma"
    for title, monogram in (("Cool Cat", "Cl"), ("Goose", "Go"), ("X", "X"), ("My agent", "Ma")):
        page.form.title.clear()
        QTest.keyClicks(page.form.title, title)
        assert page.form.monogram.text() == monogram, title
    QTest.keyClick(page.form.title, Qt.Key.Key_Return)
    assert page.form.problem.text() == "Program: enter a value."
    save = page.form.save
    process_events_until(lambda: not save.visibleRegion().isEmpty(), 30, "the whole form, with what is wrong, in view")
    QTest.keyClicks(page.form.program, "bash")
    QTest.keyClicks(page.form.words, "-c 'echo hi'")
    QTest.keyClick(page.form.words, Qt.Key.Key_Return)
    assert not page.form.isVisible()
    agent = opened.agents["my-agent"]
    assert agent.start == ("bash", "-c", "echo hi", "{arguments}")
    assert agent.signals.ends_all, "it has the limits of an agent, and its processes end with it"
    row = next(row for row in page._rows if row.agent.name == "my-agent")
    assert "your own" in row.help.text()
    assert row.has_button
    default = opened.row("new_chat_agent").control.inner
    assert default.findData("my-agent") > 0, "it can be the default agent"  # type: ignore[attr-defined]
    claude = next(row for row in page._rows if row.agent.name == "claude")
    QTest.keyClicks(claude.control.inner, "--model 'x y'")
    QTest.keyClick(claude.control.inner, Qt.Key.Key_Return)
    assert (area.config / "agents/claude.toml").read_text() == 'default_arguments = ["--model", "x y"]\n'
    assert opened.agents["claude"].default_arguments == ("--model", "x y")


@pytest.mark.parametrize("name", ["My agent", "../mine", "-x"])
def test_a_name_that_no_agent_can_have_is_refused_with_the_reason(opened: Opened, area: Area, name: str) -> None:
    page = agents_page(opened)
    page.add.click()
    for field, text in ((page.form.title, "Mine"), (page.form.name, name), (page.form.program, "mine")):
        field.setText(text)
    page.form.save.click()
    assert page.form.problem.text() == "Name in commands: use only a-z, 0-9, - and _, at most 32."
    assert list(area.config.rglob("*.toml")) == []


def test_a_start_that_the_form_cannot_show_is_kept(opened: Opened, area: Area) -> None:
    path = area.config / "agents/mine.toml"
    path.parent.mkdir()
    start = 'start = ["mine", "{arguments}", ["-p", "{prompt}"]]\n'
    path.write_text(f'title = "Mine"\nmonogram = "Mi"\nexecutable = "mine"\n{start}')
    opened.settings.read_again()
    page = agents_page(opened)
    page.form.ask(opened.agents["mine"])
    page.form.title.setText("Mine, renamed")
    page.form.save.click()
    assert 'title = "Mine, renamed"' in path.read_text()
    assert start in path.read_text()
    opened.settings.read_again()
    page.form.ask(opened.agents["mine"])
    page.form.words.setText("--more")
    page.form.save.click()
    assert page.form.problem.text() == "agents/mine.toml has more arguments than this form shows. Change them there."
    assert start in path.read_text()


def test_agents_changed_just_before_the_page_is_opened_reach_all_listeners(opened: Opened, area: Area) -> None:
    seen: list[bool] = []
    opened.agents.changed.connect(lambda: seen.append("mine" in opened.agents))
    (area.config / "agents").mkdir()
    agent = 'title = "Mine"\nexecutable = "cat"\nstart = ["cat"]\nmonogram = "M"\nposition = 1\n'
    (area.config / "agents/mine.toml").write_text(agent)
    opened.window.show_page("agents")
    opened.settings.read_again()
    opened.settings.read_again()
    assert seen == [True], "once, and not swallowed by the page"
    page = opened.window.page("agents")
    assert isinstance(page, AgentsPage)
    assert "mine" in [row.agent.name for row in page._rows]


def test_a_result_that_arrives_after_the_window_was_closed_is_dropped(opened: Opened, area: Area) -> None:
    opened.tasks.is_slow = True
    window = opened.window
    window.show_page("agents")
    window.show_page("general")
    [setups] = window.page("general").findChildren(SetupList)
    setups.add.click()
    setups.form.directory.setText("~")
    setups.form.command.setText("make")
    setups.form.save.click()
    window.close()
    delete_now(window)
    assert len(opened.tasks.waiting) == 2
    for work in opened.tasks.waiting:
        asyncio.run(work)
    assert not (area.config / "chats.toml").exists()
