"""Texts of the actions: the key table, menus and the command palette."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

translate = QCoreApplication.translate


def stop_all_menu() -> str:
    return translate("action", "Stop all chats…")


def new_chat_menu() -> str:
    return translate("action", "New chat…")


def not_running() -> str:
    return translate("action", "not running")


def new_chat_like_this() -> str:
    return translate("action", "New chat like this")


def rename() -> str:
    return translate("action", "Rename…")


def fork_before() -> str:
    return translate("action", "Fork before a prompt…")


def fork() -> str:
    return translate("action", "Fork")


def copy_name() -> str:
    return translate("action", "Copy name")


def status_details() -> str:
    return translate("action", "Status details")


def remove() -> str:
    return translate("action", "Remove")


def send() -> str:
    return translate("action", "Send text…")


def send_to_chats(count: int) -> str:
    return translate("action", "Send text to {count} chats…").format(count=count) if count > 1 else send()


def resume_as_chat() -> str:
    """Menu item: resume in a chat view."""
    return translate("action", "Resume in a chat view")


def resume_in_terminal() -> str:
    """Menu item: resume in the agent's own screen."""
    return translate("action", "Resume in a terminal")


def open_agent_terminal() -> str:
    """Menu item: also show a running chat in the agent's own screen."""
    return translate("action", "Open in a terminal too")


def copy_resume_command() -> str:
    return translate("action", "Copy resume command")


def more() -> str:
    return translate("action", "More")


def panes() -> str:
    """Menu item: a menu of the actions on panes."""
    return translate("action", "Panes")


def view() -> str:
    """Menu item: a menu of the actions that change how the window looks."""
    return translate("action", "View")


def commands() -> str:
    return translate("action", "Command palette")


def search_commands() -> str:
    return translate("action", "Search commands")


def switch_chat() -> str:
    return translate("action", "Switch to a chat")


def search_chats() -> str:
    return translate("action", "Search chats")


def choose_theme() -> str:
    return translate("action", "Choose a theme")


def search_themes() -> str:
    return translate("action", "Search themes")


def counterpart(name: str, *, dark: bool) -> str:
    """A theme's counterpart for the other appearance."""
    return (
        translate("action", "dark: {name}").format(name=name)
        if dark
        else translate("action", "light: {name}").format(name=name)
    )


def no_counterpart(*, dark: bool) -> str:
    return translate("action", "dark only") if dark else translate("action", "light only")


def choose_appearance() -> str:
    return translate("action", "Light or dark")


def search_appearances() -> str:
    return translate("action", "Choose light or dark")


def follow_the_desktop() -> str:
    return translate("action", "Follow the desktop")


def always_light() -> str:
    return translate("action", "Always light")


def always_dark() -> str:
    return translate("action", "Always dark")


def in_use() -> str:
    return translate("action", "in use")


def import_a_theme() -> str:
    return translate("action", "Import a theme")


def search_files() -> str:
    return translate("action", "Search themes of other terminals")


def another_file() -> str:
    return translate("action", "Another file…")


def from_the_notice() -> str:
    return translate("action", "from the notice")


def dismiss_the_notice() -> str:
    return translate("action", "Dismiss the notice")


def resume_chats(count: int) -> str:
    return (
        translate("action", "Resume {count} chats…").format(count=count) if count > 1 else translate("action", "Resume")
    )


def stop_chats(count: int) -> str:
    return translate("action", "Stop {count} chats…").format(count=count) if count > 1 else translate("action", "Stop")


def remove_chats(count: int) -> str:
    return translate("action", "Remove {count} chats…").format(count=count) if count > 1 else remove()


TITLES = {
    "palette": QT_TRANSLATE_NOOP("action", "Command palette…"),
    "switch_chat": QT_TRANSLATE_NOOP("action", "Switch to a chat…"),
    "search": QT_TRANSLATE_NOOP("action", "Search all chats…"),
    "find": QT_TRANSLATE_NOOP("action", "Find in this chat…"),
    "select_by_keyboard": QT_TRANSLATE_NOOP("action", "Select by keyboard"),
    "show_hints": QT_TRANSLATE_NOOP("action", "Open or copy a link by letters"),
    "next_waiting": QT_TRANSLATE_NOOP("action", "Next chat that needs you"),
    "new_chat": QT_TRANSLATE_NOOP("action", "New chat…"),
    "new_chat_in_worktree": QT_TRANSLATE_NOOP("action", "New chat in a git worktree…"),
    "continue": QT_TRANSLATE_NOOP("action", "Continue a conversation…"),
    "new_shell": QT_TRANSLATE_NOOP("action", "New shell in this directory"),
    "close_tab": QT_TRANSLATE_NOOP("action", "Close tab (the chat keeps running)"),
    "close_other_tabs": QT_TRANSLATE_NOOP("action", "Close other tabs"),
    "close_tabs_right": QT_TRANSLATE_NOOP("action", "Close tabs to the right"),
    "reopen_tab": QT_TRANSLATE_NOOP("action", "Reopen closed tab"),
    "next_tab": QT_TRANSLATE_NOOP("action", "Next tab"),
    "previous_tab": QT_TRANSLATE_NOOP("action", "Previous tab"),
    "last_tab": QT_TRANSLATE_NOOP("action", "Switch to the last-used tab"),
    "move_tab_left": QT_TRANSLATE_NOOP("action", "Move tab left"),
    "move_tab_right": QT_TRANSLATE_NOOP("action", "Move tab right"),
    "split_right": QT_TRANSLATE_NOOP("action", "Split right"),
    "split_down": QT_TRANSLATE_NOOP("action", "Split down"),
    "mirror_right": QT_TRANSLATE_NOOP("action", "Show this chat on the right, too"),
    "mirror_down": QT_TRANSLATE_NOOP("action", "Show this chat below, too"),
    "zoom_pane": QT_TRANSLATE_NOOP("action", "Zoom pane"),
    "even_out": QT_TRANSLATE_NOOP("action", "Make all panes the same size"),
    "close_pane": QT_TRANSLATE_NOOP("action", "Close pane (its tabs move to the next one)"),
    "swap_panes": QT_TRANSLATE_NOOP("action", "Swap pane with the next one"),
    "move_to_pane": QT_TRANSLATE_NOOP("action", "Move tab to the next pane"),
    "broadcast": QT_TRANSLATE_NOOP("action", "Broadcast typing to all panes (on or off)"),
    "pane_left": QT_TRANSLATE_NOOP("action", "Go to the pane on the left"),
    "pane_right": QT_TRANSLATE_NOOP("action", "Go to the pane on the right"),
    "pane_up": QT_TRANSLATE_NOOP("action", "Go to the pane above"),
    "pane_down": QT_TRANSLATE_NOOP("action", "Go to the pane below"),
    "resize_left": QT_TRANSLATE_NOOP("action", "Move the pane’s edge left"),
    "resize_right": QT_TRANSLATE_NOOP("action", "Move the pane’s edge right"),
    "resize_up": QT_TRANSLATE_NOOP("action", "Move the pane’s edge up"),
    "resize_down": QT_TRANSLATE_NOOP("action", "Move the pane’s edge down"),
    "move_to_new_window": QT_TRANSLATE_NOOP("action", "Move tab to a new window"),
    "move_to_window": QT_TRANSLATE_NOOP("action", "Move tab to another window"),
    "send": QT_TRANSLATE_NOOP("action", "Send text to chat…"),
    "insert_prompt": QT_TRANSLATE_NOOP("action", "Insert a saved prompt…"),
    "save_prompt": QT_TRANSLATE_NOOP("action", "Save this prompt…"),
    "rename": QT_TRANSLATE_NOOP("action", "Rename chat…"),
    "resume": QT_TRANSLATE_NOOP("action", "Resume chat"),
    "resume_all": QT_TRANSLATE_NOOP("action", "Resume all chats that a restart interrupted…"),
    "pick": QT_TRANSLATE_NOOP("action", "Choose another conversation…"),
    "copy_resume": QT_TRANSLATE_NOOP("action", "Copy resume command"),
    "pin": QT_TRANSLATE_NOOP("action", "Pin or unpin chat"),
    "mark_unread": QT_TRANSLATE_NOOP("action", "Mark chat as read or unread"),
    "choose_color": QT_TRANSLATE_NOOP("action", "Choose a colour for the chat…"),
    "duplicate": QT_TRANSLATE_NOOP("action", "New chat like this"),
    "fork": QT_TRANSLATE_NOOP("action", "Fork chat"),
    "fork_before": QT_TRANSLATE_NOOP("action", "Fork chat before a prompt…"),
    "stop": QT_TRANSLATE_NOOP("action", "Stop chat"),
    "kill": QT_TRANSLATE_NOOP("action", "Kill chat"),
    "stop_all": QT_TRANSLATE_NOOP("action", "Stop all chats…"),
    "remove": QT_TRANSLATE_NOOP("action", "Remove chat"),
    "mute_chat": QT_TRANSLATE_NOOP("action", "Mute or unmute this chat’s notifications"),
    "notify_quiet": QT_TRANSLATE_NOOP("action", "Notify when this chat is quiet, or cancel that"),
    "mute_hour": QT_TRANSLATE_NOOP("action", "Mute notifications for an hour"),
    "mute_tomorrow": QT_TRANSLATE_NOOP("action", "Mute notifications until tomorrow morning"),
    "unmute": QT_TRANSLATE_NOOP("action", "Unmute notifications"),
    "copy_name": QT_TRANSLATE_NOOP("action", "Copy chat name"),
    "show_changes": QT_TRANSLATE_NOOP("action", "Show changes"),
    "changes_since": QT_TRANSLATE_NOOP("action", "Show changes since a prompt…"),
    "restore_files": QT_TRANSLATE_NOOP("action", "Restore files to before a prompt…"),
    "open_directory": QT_TRANSLATE_NOOP("action", "Open directory in editor"),
    "show_directory": QT_TRANSLATE_NOOP("action", "Show directory in file manager"),
    "copy_path": QT_TRANSLATE_NOOP("action", "Copy directory path"),
    "export": QT_TRANSLATE_NOOP("action", "Export chat…"),
    "open_text": QT_TRANSLATE_NOOP("action", "Open whole text in editor"),
    "open_output": QT_TRANSLATE_NOOP("action", "Open output of command in editor"),
    "clear_scrollback": QT_TRANSLATE_NOOP("action", "Clear scrollback"),
    "reset_terminal": QT_TRANSLATE_NOOP("action", "Reset terminal"),
    "continue_program": QT_TRANSLATE_NOOP("action", "Continue suspended program"),
    "errors": QT_TRANSLATE_NOOP("action", "Show error output"),
    "explain": QT_TRANSLATE_NOOP("action", "Show status details"),
    "copy": QT_TRANSLATE_NOOP("action", "Copy"),
    "paste": QT_TRANSLATE_NOOP("action", "Paste"),
    "paste_selection": QT_TRANSLATE_NOOP("action", "Paste selected text"),
    "select_all": QT_TRANSLATE_NOOP("action", "Select all"),
    "scroll_line_up": QT_TRANSLATE_NOOP("action", "Scroll up a line"),
    "scroll_line_down": QT_TRANSLATE_NOOP("action", "Scroll down a line"),
    "scroll_page_up": QT_TRANSLATE_NOOP("action", "Scroll up a page"),
    "scroll_page_down": QT_TRANSLATE_NOOP("action", "Scroll down a page"),
    "scroll_to_start": QT_TRANSLATE_NOOP("action", "Scroll to top"),
    "scroll_to_end": QT_TRANSLATE_NOOP("action", "Scroll to bottom"),
    "previous_prompt": QT_TRANSLATE_NOOP("action", "Go to previous prompt"),
    "next_prompt": QT_TRANSLATE_NOOP("action", "Go to next prompt"),
    "previous_failed": QT_TRANSLATE_NOOP("action", "Go to previous failed command"),
    "next_failed": QT_TRANSLATE_NOOP("action", "Go to next failed command"),
    "go_to_command": QT_TRANSLATE_NOOP("action", "Go to a command…"),
    "put_at_prompt": QT_TRANSLATE_NOOP("action", "Put command at the prompt"),
    "copy_command": QT_TRANSLATE_NOOP("action", "Copy command"),
    "copy_command_and_output": QT_TRANSLATE_NOOP("action", "Copy command and its output"),
    "copy_output": QT_TRANSLATE_NOOP("action", "Copy last answer or output of command"),
    "select_output": QT_TRANSLATE_NOOP("action", "Select output of command"),
    "zoom_in": QT_TRANSLATE_NOOP("action", "Zoom in"),
    "zoom_out": QT_TRANSLATE_NOOP("action", "Zoom out"),
    "zoom_reset": QT_TRANSLATE_NOOP("action", "Reset zoom"),
    "focus_sidebar": QT_TRANSLATE_NOOP("action", "Focus the chat list"),
    "sidebar": QT_TRANSLATE_NOOP("action", "Toggle sidebar"),
    "choose_model": QT_TRANSLATE_NOOP("action", "Choose model…"),
    "choose_mode": QT_TRANSLATE_NOOP("action", "Choose mode…"),
    "choose_effort": QT_TRANSLATE_NOOP("action", "Choose effort…"),
    "choose_theme": QT_TRANSLATE_NOOP("action", "Choose a theme…"),
    "choose_appearance": QT_TRANSLATE_NOOP("action", "Light or dark…"),
    "import_theme": QT_TRANSLATE_NOOP("action", "Import a theme…"),
    "find_agents": QT_TRANSLATE_NOOP("action", "Look for agents again"),
    "settings": QT_TRANSLATE_NOOP("action", "Settings…"),
    "guide": QT_TRANSLATE_NOOP("action", "Guide"),
    "shortcuts": QT_TRANSLATE_NOOP("action", "Keyboard shortcuts…"),
    "status_line": QT_TRANSLATE_NOOP("action", "Toggle status line"),
    "full_screen": QT_TRANSLATE_NOOP("action", "Full screen"),
    "close_window": QT_TRANSLATE_NOOP("action", "Close window (chats keep running)"),
}
"""The titles of the key table's actions, see ``title``.

A title names the chat: "Export chat…". The menu and the bar of one chat leave that out: "Export…", as ``rename`` does.
"""


def title(action: str) -> str:
    if action.startswith("tab_"):
        return translate("action", "Tab {number}").format(number=action.removeprefix("tab_"))
    return translate("action", str(TITLES[action]))


def close_tab() -> str:
    """Close the tab of a chat that has ended, or of a shell, which may end with its tab."""
    return translate("action", "Close tab")


def mark_unread(*, unread: bool) -> str:
    """Menu item: mark chats as unread, or as read."""
    return translate("action", "Mark as unread") if unread else translate("action", "Mark as read")


def mute_chat() -> str:
    return translate("action", "Mute notifications")


def unmute_chat() -> str:
    return translate("action", "Unmute notifications")


def notify_quiet(*, cancel: bool) -> str:
    """Menu item: notify once when the chat is quiet, or cancel that."""
    if cancel:
        return translate("action", "Don’t notify when quiet")
    return translate("action", "Notify when quiet")
