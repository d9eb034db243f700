"""Themes change in the open window when one is chosen or previewed, and when a file changes."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QDir, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from gui.settings.preferences import load_preferences
from gui.settings.theme_files import Library, own_themes
from gui.window.windows import MainWindow
from session_host import paths
from tests.support.area import Area
from tests.support.themes import DARK
from tests.unit.gui.conftest import WindowHarness

GRUVBOX = Library().scheme("gruvbox-dark")


def page_color(window: MainWindow) -> QColor:
    return window.grab().toImage().pixelColor(window.width() - 100, window.height() // 2)


def window_file() -> Path:
    return paths.config_dir() / "window.toml"


def open_dark(harness: WindowHarness) -> MainWindow:
    window_file().write_text('appearance = "dark"\n')
    return harness.open_window(preferences=load_preferences(paths.config_dir()))


async def test_the_selected_theme_is_previewed_and_escape_restores_the_previous_one(harness: WindowHarness):
    session_id = await harness.add("one")
    window = open_dark(harness)
    harness.show(session_id)
    chooser = window.sheets.chooser
    window.actions_["choose_theme"].trigger()
    QTest.keyClicks(chooser.field, "gruvbox")
    harness.settle()
    assert harness.theme.tokens == GRUVBOX.tokens
    [page] = window.tabs.pages()
    assert page is not None
    terminal = page.terminal
    assert terminal is not None
    assert terminal.view.display.surface.theme.background == GRUVBOX.terminal.background
    assert window.grab().toImage().pixelColor(4, window.height() - 4) == GRUVBOX.tokens.color("sidebar"), "not dimmed"
    QTest.keyClick(chooser.field, Qt.Key.Key_Escape)
    harness.settle()
    assert harness.theme.tokens == DARK.tokens
    assert page_color(window) == DARK.tokens.color("page")
    assert window_file().read_text() == 'appearance = "dark"\n'


async def test_without_a_match_no_theme_is_previewed(harness: WindowHarness):
    window = open_dark(harness)
    chooser = window.sheets.chooser
    window.actions_["choose_theme"].trigger()
    QTest.keyClicks(chooser.field, "gruvbox")
    harness.settle()
    assert harness.theme.tokens == GRUVBOX.tokens
    QTest.keyClicks(chooser.field, " xyzzy")
    assert chooser.nothing.isVisible()
    harness.settle()
    assert harness.theme.tokens == DARK.tokens
    for _ in " xyzzy":
        QTest.keyClick(chooser.field, Qt.Key.Key_Backspace)
    harness.settle()
    assert harness.theme.tokens == GRUVBOX.tokens
    QTest.keyClick(chooser.field, Qt.Key.Key_Escape)
    harness.settle()
    assert harness.theme.tokens == DARK.tokens


async def test_opening_the_palette_after_a_cancelled_preview_leaves_the_colours_alone(harness: WindowHarness):
    window = open_dark(harness)
    chooser = window.sheets.chooser
    window.actions_["choose_theme"].trigger()
    QTest.keyClick(chooser.field, Qt.Key.Key_Down)
    QTest.keyClick(chooser.field, Qt.Key.Key_Escape)
    window.actions_.show_palette()
    harness.settle()
    assert harness.theme.tokens == DARK.tokens


async def test_a_chosen_theme_is_kept_and_all_open_chats_have_it(harness: WindowHarness):
    session_id = await harness.add("one")
    window = open_dark(harness)
    harness.show(session_id)
    chooser = window.sheets.chooser
    window.actions_["choose_theme"].trigger()
    assert chooser.list.currentIndex().data() == "Outlive Dark"
    QTest.keyClick(chooser.field, Qt.Key.Key_Down)
    title = chooser.list.currentIndex().data()
    QTest.keyClicks(chooser.field, "gruv")
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    harness.settle()
    assert title != "Outlive Dark"
    assert window_file().read_text() == 'appearance = "dark"\ntheme = "gruvbox-dark"\n'
    assert not harness.theme.is_preview
    assert page_color(window) == GRUVBOX.tokens.color("page")
    harness.settings.write({"appearance": "light"})
    harness.settle()
    assert page_color(window) == Library().scheme("gruvbox-light").tokens.color("page")


async def test_light_or_dark_is_chosen_with_a_preview(harness: WindowHarness):
    window = open_dark(harness)
    chooser = window.sheets.chooser
    window.actions_["choose_appearance"].trigger()
    assert chooser.list.currentIndex().data() == "Always dark"
    QTest.keyClick(chooser.field, Qt.Key.Key_Up)
    harness.settle()
    assert harness.theme.tokens.name == "light"
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    assert window_file().read_text() == 'appearance = "light"\n'
    assert harness.theme.tokens.name == "light"


async def test_the_choice_of_light_or_dark_says_which_version_the_theme_lacks(harness: WindowHarness):
    window_file().write_text('theme = "nord"\nappearance = "light"\n')
    window = harness.open_window(preferences=load_preferences(paths.config_dir()))
    window.actions_["choose_appearance"].trigger()
    details = [found.choice.detail for found in window.sheets.chooser._choices.find("")]
    assert details == ["", "in use · Nord has no light version", ""]


async def test_a_changed_file_changes_the_open_window_and_a_broken_one_is_reported(harness: WindowHarness):
    window = open_dark(harness)
    harness.settings.follow()
    window_file().write_text('theme = "gruvbox-dark"\nappearance = "dark"\n')
    await harness.until(lambda: harness.theme.tokens == GRUVBOX.tokens, "the window follows the file")
    directory = own_themes(paths.config_dir())
    directory.mkdir()
    text = (Library().path("nord")).read_text()
    (directory / "mine.toml").write_text(text)
    window_file().write_text('theme = "mine"\nappearance = "dark"\n')
    await harness.until(lambda: harness.theme.tokens.page == "#2e3440", "the window follows the file")
    (directory / "mine.toml").write_text(text.replace('background = "#2e3440"', 'background = "#123456"'))
    await harness.until(lambda: harness.theme.tokens.page == "#123456", "the window follows the file")
    (directory / "mine.toml").write_text(text.replace('background = "#2e3440"', 'background = "navy"'))
    await harness.until(lambda: window.banners.current is not None, "the window follows the file")
    assert str(getattr(window.banners.current, "text", "")).startswith(f"{directory / 'mine.toml'}:9: background")
    assert harness.theme.tokens.page == "#123456"
    (directory / "mine.toml").write_text(text)
    await harness.until(lambda: window.banners.current is None, "the window follows the file")
    assert harness.theme.tokens.page == "#2e3440"


async def test_an_imported_theme_is_in_use_at_once(harness: WindowHarness, tmp_path: Path):
    source = tmp_path / "Night Shift"
    source.write_text("background=001122\nforeground=ddeeff\n" + "".join(f"palette={n}=#8899aa\n" for n in range(16)))
    window = open_dark(harness)
    window.actions_["choose_theme"].trigger()
    QTest.keyClick(window.sheets.chooser.field, Qt.Key.Key_Down)
    QTest.keyClick(window.sheets.chooser.field, Qt.Key.Key_Up)
    QTest.keyClick(window.sheets.chooser.field, Qt.Key.Key_Up)
    assert window.sheets.chooser.list.currentIndex().data() == "Import a theme…", "it is the last row"
    QTest.keyClick(window.sheets.chooser.field, Qt.Key.Key_Return)
    sheet = window.sheets.import_theme
    assert sheet.isVisible()
    sheet.file.setText(str(tmp_path / "nothing"))
    QTest.keyClick(sheet.file, Qt.Key.Key_Return)
    assert "no such file" in sheet.problem.text()
    sheet.file.clear()
    QTest.keyClicks(sheet.file, f"{tmp_path}/ni")
    QTest.keyClick(sheet.file, Qt.Key.Key_Tab)
    assert sheet.file.text() == str(source), "a typed path is completed"
    QTest.keyClick(sheet.file, Qt.Key.Key_Return)
    await harness.until(lambda: window.banners.current is not None, "the line about the imported theme")
    assert not sheet.is_open
    assert harness.theme.tokens.page == "#001122"
    assert (own_themes(paths.config_dir()) / "night-shift.toml").exists()
    assert 'theme = "night-shift"' in window_file().read_text()


async def test_the_file_of_a_theme_is_chosen_in_a_dialog_and_a_listed_one_that_is_broken_is_shown_in_the_sheet(
    harness: WindowHarness, area: Area
):
    themes = area.home / ".config/ghostty/themes"
    themes.mkdir(parents=True)
    (themes / "Broken").write_text("background=001122\n")
    window = open_dark(harness)
    window.commands.themes.import_theme()
    chooser, sheet = window.sheets.chooser, window.sheets.import_theme
    assert chooser.list.currentIndex().data() == "Broken"
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    assert sheet.is_open
    assert sheet.file.text() == "~/.config/ghostty/themes/Broken"
    assert sheet.problem.text()
    sheet.browse.click()
    dialog = sheet.findChild(QFileDialog)
    assert dialog is not None
    assert dialog.directory().path() == str(themes)
    assert dialog.filter() & QDir.Filter.Hidden
    dialog.fileSelected.emit(str(area.home / "theme.conf"))
    dialog.reject()
    await harness.until(lambda: sheet.findChild(QFileDialog) is None, "the dialog to be gone")
    assert sheet.is_open
    assert sheet.file.text() == "~/theme.conf"
    assert sheet.accept.isEnabled()
    assert not sheet.problem.text()
