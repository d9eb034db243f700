"""The search of the settings window."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton

from gui.settings.table import PAGES
from gui.window.settings.keys_page import KeysPage
from gui.window.settings.page import SettingRow
from tests.unit.gui.window.settings.conftest import Opened


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
