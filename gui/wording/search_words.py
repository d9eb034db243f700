"""Words that find settings in their window, in addition to their labels.

Users know them from other programs, or use them for what they want to do.
"""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

translate = QCoreApplication.translate


SETTING_WORDS = {
    "agents_may_control": QT_TRANSLATE_NOOP("settings", "permissions security"),
    "appearance": QT_TRANSLATE_NOOP("settings", "dark mode night color scheme"),
    "confirm_paste": QT_TRANSLATE_NOOP("settings", "warn multiline"),
    "copy_on_select": QT_TRANSLATE_NOOP("settings", "selection"),
    "ctrl_c_copies": QT_TRANSLATE_NOOP("settings", "clipboard"),
    "cursor_blinks": QT_TRANSLATE_NOOP("settings", "caret"),
    "cursor_shape": QT_TRANSLATE_NOOP("settings", "caret"),
    "font_size": QT_TRANSLATE_NOOP("settings", "zoom"),
    "line_height": QT_TRANSLATE_NOOP("settings", "spacing"),
    "long_turn_s": QT_TRANSLATE_NOOP("settings", "finished done"),
    "notify_command": QT_TRANSLATE_NOOP("settings", "push webhook"),
    "notifications": QT_TRANSLATE_NOOP("settings", "desktop"),
    "padding": QT_TRANSLATE_NOOP("settings", "margin"),
    "readable_colors": QT_TRANSLATE_NOOP("settings", "contrast accessibility"),
    "record": QT_TRANSLATE_NOOP("settings", "history log privacy"),
    "restore_points": QT_TRANSLATE_NOOP("settings", "checkpoints undo"),
    "right_click": QT_TRANSLATE_NOOP("settings", "context menu"),
    "scrollback_lines": QT_TRANSLATE_NOOP("settings", "history buffer"),
    "start_at_login": QT_TRANSLATE_NOOP("settings", "autostart startup boot"),
    "theme": QT_TRANSLATE_NOOP("settings", "color scheme"),
    "wheel_lines": QT_TRANSLATE_NOOP("settings", "sensitivity speed"),
}


def setting_words(setting: str) -> str:
    """Words that find a setting, in addition to its label, key and help; "" for none."""
    return translate("settings", str(SETTING_WORDS[setting])) if setting in SETTING_WORDS else ""


def words_of_the_keys() -> str:
    """Words that find all keys."""
    return translate("settings", "keys keyboard shortcuts keybindings keymap hotkeys")
