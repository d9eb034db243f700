"""Texts of the actions: the menus and the command palette."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

translate = QCoreApplication.translate


def stop_all_menu() -> str:
    return translate("action", "Stop all chats…")


def new_chat_menu() -> str:
    return translate("action", "New chat…")


def not_running() -> str:
    return translate("action", "not running")


def rename() -> str:
    return translate("action", "Rename…")


def status_details() -> str:
    return translate("action", "Status details")


def remove() -> str:
    return translate("action", "Remove")


def send() -> str:
    return translate("action", "Send text…")


def send_to_chats(count: int) -> str:
    return translate("action", "Send text to {count} chats…").format(count=count) if count > 1 else send()


def open_agent_terminal() -> str:
    """Menu item: also show a running chat in the agent's own screen."""
    return translate("action", "Open the terminal too")


def mark() -> str:
    """A submenu: pin, mark as unread, and colours."""
    return translate("action", "Mark")


def continue_() -> str:
    """A submenu: ways to go on with a conversation, or from it."""
    return translate("action", "Continue")


def directory() -> str:
    """A submenu: what can be done with a chat's directory."""
    return translate("action", "Directory")


def directory_path() -> str:
    """In the submenu of what can be copied."""
    return translate("action", "Directory path")


def move() -> str:
    """A submenu: where a tab can be moved."""
    return translate("action", "Move to")


def close_others() -> str:
    """A submenu: the tabs around a tab."""
    return translate("action", "Close others")


def end_chat() -> str:
    """A submenu: stop and kill."""
    return translate("action", "End chat")


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


GROUPS = {
    "chat": QT_TRANSLATE_NOOP("action", "Chat"),
    "window": QT_TRANSLATE_NOOP("action", "Window"),
    "terminal": QT_TRANSLATE_NOOP("action", "Terminal"),
    "changes": QT_TRANSLATE_NOOP("action", "Changes"),
    "settings": QT_TRANSLATE_NOOP("action", "Settings"),
}


def group(name: str) -> str:
    """A group of actions in the palette."""
    return translate("action", str(GROUPS[name]))


def recent() -> str:
    """The palette's group of actions that were chosen last."""
    return translate("action", "Recent")


def close_tab() -> str:
    """Close the tab of a chat that has ended, or of a shell, which may end with its tab."""
    return translate("action", "Close tab")


def mark_unread(*, unread: bool) -> str:
    """Menu item: mark chats as unread, or as read."""
    return translate("action", "Mark as unread") if unread else translate("action", "Mark as read")
