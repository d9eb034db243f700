"""Words that find actions in the command palette, and settings in their window, in addition to their titles.

Users know them from other programs, or use them for what they want to do.
"""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

translate = QCoreApplication.translate


SEARCH_WORDS = {
    "broadcast": QT_TRANSLATE_NOOP("action", "synchronize panes copy input several chats at once"),
    "clear_scrollback": QT_TRANSLATE_NOOP("action", "erase history buffer terminal"),
    "close_pane": QT_TRANSLATE_NOOP("action", "kill unsplit"),
    "close_other_tabs": QT_TRANSLATE_NOOP("action", "detach hide all editors"),
    "close_tab": QT_TRANSLATE_NOOP("action", "detach hide editor"),
    "close_tabs_right": QT_TRANSLATE_NOOP("action", "detach hide editors"),
    "close_window": QT_TRANSLATE_NOOP("action", "quit exit"),
    "continue": QT_TRANSLATE_NOOP("action", "resume import history earlier session thread"),
    "copy_command": QT_TRANSLATE_NOOP("action", "clipboard shell"),
    "copy_command_and_output": QT_TRANSLATE_NOOP("action", "clipboard shell"),
    "copy_output": QT_TRANSLATE_NOOP("action", "clipboard"),
    "copy_path": QT_TRANSLATE_NOOP("action", "clipboard folder pwd"),
    "choose_color": QT_TRANSLATE_NOOP("action", "color label tag tab mark"),
    "choose_effort": QT_TRANSLATE_NOOP("action", "agent thinking reasoning"),
    "choose_mode": QT_TRANSLATE_NOOP("action", "agent permissions plan approval"),
    "choose_model": QT_TRANSLATE_NOOP("action", "agent llm switch"),
    "choose_appearance": QT_TRANSLATE_NOOP("action", "night mode theme"),
    "choose_theme": QT_TRANSLATE_NOOP("action", "colours colors"),
    "duplicate": QT_TRANSLATE_NOOP("action", "duplicate clone copy"),
    "even_out": QT_TRANSLATE_NOOP("action", "equal balance size layout"),
    "explain": QT_TRANSLATE_NOOP("action", "explain why info debug process pid"),
    "errors": QT_TRANSLATE_NOOP("action", "stderr log"),
    "export": QT_TRANSLATE_NOOP("action", "save download markdown share scrollback history log output"),
    "find": QT_TRANSLATE_NOOP("action", "search"),
    "focus_sidebar": QT_TRANSLATE_NOOP("action", "sidebar filter"),
    "fork": QT_TRANSLATE_NOOP("action", "branch copy conversation"),
    "fork_before": QT_TRANSLATE_NOOP("action", "rewind back edit undo retry branch chat conversation"),
    "full_screen": QT_TRANSLATE_NOOP("action", "maximize"),
    "go_to_command": QT_TRANSLATE_NOOP("action", "jump recent shell history list duration failed"),
    "find_agents": QT_TRANSLATE_NOOP("action", "path refresh reload missing installed"),
    "guide": QT_TRANSLATE_NOOP("action", "help manual documentation"),
    "insert_prompt": QT_TRANSLATE_NOOP("action", "snippet template custom command workflow"),
    "kill": QT_TRANSLATE_NOOP("action", "terminate terminal"),
    "last_tab": QT_TRANSLATE_NOOP("action", "previous recent back chat"),
    "mark_unread": QT_TRANSLATE_NOOP("action", "later remind follow up seen done"),
    "move_to_new_window": QT_TRANSLATE_NOOP("action", "detach pop out editor"),
    "move_to_pane": QT_TRANSLATE_NOOP("action", "join"),
    "mute_hour": QT_TRANSLATE_NOOP("action", "do not disturb snooze"),
    "mute_tomorrow": QT_TRANSLATE_NOOP("action", "do not disturb snooze"),
    "new_chat": QT_TRANSLATE_NOOP("action", "create start thread session conversation agent task"),
    "new_chat_in_worktree": QT_TRANSLATE_NOOP("action", "branch"),
    "new_shell": QT_TRANSLATE_NOOP("action", "terminal bash new tab here cwd"),
    "next_failed": QT_TRANSLATE_NOOP("action", "jump error"),
    "next_prompt": QT_TRANSLATE_NOOP("action", "jump command"),
    "next_tab": QT_TRANSLATE_NOOP("action", "forward editor"),
    "notify_quiet": QT_TRANSLATE_NOOP("action", "monitor silence watch alert done"),
    "next_waiting": QT_TRANSLATE_NOOP("action", "jump unread done finished attention"),
    "open_directory": QT_TRANSLATE_NOOP("action", "folder code ide"),
    "open_output": QT_TRANSLATE_NOOP("action", "pager less last"),
    "open_text": QT_TRANSLATE_NOOP("action", "scrollback pager less history"),
    "paste_selection": QT_TRANSLATE_NOOP("action", "primary middle click"),
    "previous_failed": QT_TRANSLATE_NOOP("action", "jump error"),
    "previous_prompt": QT_TRANSLATE_NOOP("action", "jump command"),
    "previous_tab": QT_TRANSLATE_NOOP("action", "back editor"),
    "put_at_prompt": QT_TRANSLATE_NOOP("action", "run again rerun repeat insert shell"),
    "rename": QT_TRANSLATE_NOOP("action", "title tab terminal"),
    "remove": QT_TRANSLATE_NOOP("action", "delete discard trash clear"),
    "reopen_tab": QT_TRANSLATE_NOOP("action", "back editor undo"),
    "reset_terminal": QT_TRANSLATE_NOOP("action", "clear garbled redraw repaint screen"),
    "resume": QT_TRANSLATE_NOOP("action", "restart start again continue reopen"),
    "save_prompt": QT_TRANSLATE_NOOP("action", "snippet template custom command"),
    "search": QT_TRANSLATE_NOOP("action", "history grep"),
    "select_by_keyboard": QT_TRANSLATE_NOOP("action", "copy mode vi"),
    "restore_files": QT_TRANSLATE_NOOP("action", "checkpoint rewind undo revert restore point"),
    "send": QT_TRANSLATE_NOOP("action", "input type"),
    "settings": QT_TRANSLATE_NOOP(
        "action", "preferences options configuration font notifications group sort by project state compact rows user"
    ),
    "shortcuts": QT_TRANSLATE_NOOP("action", "help keybindings keymap hotkeys open"),
    "show_changes": QT_TRANSLATE_NOOP("action", "git diff review source control files edits"),
    "show_directory": QT_TRANSLATE_NOOP("action", "folder explorer reveal"),
    "show_hints": QT_TRANSLATE_NOOP("action", "hints kitten quick select url"),
    "sidebar": QT_TRANSLATE_NOOP("action", "hide show panel list"),
    "mirror_down": QT_TRANSLATE_NOOP("action", "split pane view"),
    "mirror_right": QT_TRANSLATE_NOOP("action", "split pane view"),
    "split_down": QT_TRANSLATE_NOOP("action", "pane editor terminal bash"),
    "split_right": QT_TRANSLATE_NOOP("action", "pane editor terminal bash"),
    "status_line": QT_TRANSLATE_NOOP("action", "hide show footer"),
    "stop": QT_TRANSLATE_NOOP("action", "end"),
    "swap_panes": QT_TRANSLATE_NOOP("action", "exchange rotate"),
    "switch_chat": QT_TRANSLATE_NOOP("action", "go to quick open recent editor"),
    "zoom_in": QT_TRANSLATE_NOOP("action", "font size larger bigger"),
    "zoom_out": QT_TRANSLATE_NOOP("action", "font size smaller"),
    "zoom_pane": QT_TRANSLATE_NOOP("action", "maximize"),
    "zoom_reset": QT_TRANSLATE_NOOP("action", "font size"),
}


def search_words(action: str) -> str:
    """Words that find an action in the palette, in addition to its title; "" for none."""
    return translate("action", str(SEARCH_WORDS[action])) if action in SEARCH_WORDS else ""


SETTING_WORDS = {
    "agents_may_control": QT_TRANSLATE_NOOP("settings", "permissions security"),
    "appearance": QT_TRANSLATE_NOOP("settings", "dark mode night color scheme"),
    "confirm_paste": QT_TRANSLATE_NOOP("settings", "warn multiline"),
    "copy_on_select": QT_TRANSLATE_NOOP("settings", "selection"),
    "ctrl_c_copies": QT_TRANSLATE_NOOP("settings", "clipboard"),
    "cursor_blinks": QT_TRANSLATE_NOOP("settings", "caret"),
    "cursor_shape": QT_TRANSLATE_NOOP("settings", "caret"),
    "line_height": QT_TRANSLATE_NOOP("settings", "spacing"),
    "long_turn_s": QT_TRANSLATE_NOOP("settings", "finished done"),
    "notify_command": QT_TRANSLATE_NOOP("settings", "push webhook"),
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
