"""The settings window in this process: each page by keyboard alone, and the messages about problems."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QWidget

from gui.settings.table import PAGES, PageName
from gui.terminal.cell_metrics import default_size_px
from gui.theme.theme import Theme
from gui.window.settings.agents_page import AgentRow, AgentsPage
from gui.window.settings.controls import EditorControl, NumberControl
from gui.window.widgets.paged_window import PageList
from tests.support.area import Area
from tests.support.qt_waiting import process_events_until
from tests.unit.gui.window.settings.conftest import Opened


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


def test_tab_reaches_every_control_and_each_has_a_name(opened: Opened) -> None:
    window = opened.window
    for name in PAGES:
        window.show_page(name)
        QApplication.processEvents()
        expected = {
            widget
            for widget in window.findChildren(QWidget)
            if widget.isVisible() and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            and widget.focusProxy() is None and not widget.objectName().startswith("qt_")
        }  # fmt: skip
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


def test_the_list_of_pages_shows_that_it_has_the_keyboard(opened: Opened) -> None:
    window = opened.window
    window.search.setFocus()
    [pages] = [each.list for each in window.findChildren(PageList)]
    row = pages.visualRect(pages.currentIndex())
    without = pages.viewport().grab(row).toImage()
    QTest.keyClick(window.search, Qt.Key.Key_Down)
    assert pages.hasFocus()
    assert pages.viewport().grab(row).toImage() != without


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
    window.show_page("agents")
    page = window.page("agents")
    assert isinstance(page, AgentsPage)
    assert title in [row.name for row in page._rows]

    def beyond_the_edge(name: PageName) -> list[str]:
        controls = [each for each in window.page(name).findChildren(QWidget) if each.isVisible()]
        edge = window.area.viewport().mapToGlobal(window.area.viewport().rect().topRight()).x()
        rights = {each.accessibleName(): each.mapToGlobal(each.rect().topRight()).x() for each in controls}
        return [name for name, right in rights.items() if name and right > edge]

    for width in range(700, window.minimumWidth() - 1, -20):
        window.resize(max(width, window.minimumWidth()), 500)
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


def test_escape_clears_the_search_and_then_closes_the_window(opened: Opened) -> None:
    window = opened.window
    window.search.setText("font")
    QTest.keyClick(window.search, Qt.Key.Key_Escape)
    assert window.search.text() == ""
    QTest.keyClick(window.search, Qt.Key.Key_Escape)
    assert opened.opener.window is None


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
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert [action.text() for action in menu.actions()] == ["code", "vim"]
    menu.actions()[1].trigger()
    menu.close()
    assert control.field.text() == "vim"
    assert (area.config / "window.toml").read_text() == 'editor = "vim"\n'
