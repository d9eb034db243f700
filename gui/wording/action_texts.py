"""Texts of the actions: the menus and the command palette."""

from __future__ import annotations

from gui.wording.text import Text

STOP_ALL_MENU = Text("action", "Stop all chats…")
NEW_CHAT_MENU = Text("action", "New chat…")
NOT_RUNNING = Text("action", "not running")
RENAME = Text("action", "Rename…")
STATUS_DETAILS = Text("action", "Status details")
REMOVE = Text("action", "Remove")
SEND = Text("action", "Send text…")


def send_to_chats(count: int) -> str:
    return Text("action", "Send text to {count} chats…")(count=count) if count > 1 else SEND()


OPEN_AGENT_TERMINAL = Text("action", "Open the terminal too")
"""Menu item: also show a running chat in the agent's own screen."""
MARK = Text("action", "Mark")
"""A submenu: pin, mark as unread, and colours."""
CONTINUE = Text("action", "Continue")
"""A submenu: ways to go on with a conversation, or from it."""
DIRECTORY = Text("action", "Directory")
"""A submenu: what can be done with a chat's directory."""
DIRECTORY_PATH = Text("action", "Directory path")
"""In the submenu of what can be copied."""
MOVE = Text("action", "Move to")
"""A submenu: where a tab can be moved."""
CLOSE_OTHERS = Text("action", "Close others")
"""A submenu: the tabs around a tab."""
END_CHAT = Text("action", "End chat")
"""A submenu: stop and kill."""
PANES = Text("action", "Panes")
"""Menu item: a menu of the actions on panes."""
VIEW = Text("action", "View")
"""Menu item: a menu of the actions that change how the window looks."""
COMMANDS = Text("action", "Command palette")
SEARCH_COMMANDS = Text("action", "Search commands")
SWITCH_CHAT = Text("action", "Switch to a chat")
SEARCH_CHATS = Text("action", "Search chats")
FORK = Text("action", "Fork…")
NOTIFICATIONS = Text("action", "Notifications…")
CHOOSE_COLOR = Text("action", "Choose a colour for the chat…")
CHOOSE_MODEL = Text("action", "Choose model…")
CHOOSE_MODE = Text("action", "Choose mode…")
CHOOSE_EFFORT = Text("action", "Choose effort…")
LIST_COMMANDS = Text("action", "Commands…")
CHOOSE_THEME = Text("action", "Choose a theme")
SEARCH_THEMES = Text("action", "Search themes")


def counterpart(name: str, *, dark: bool) -> str:
    """A theme's counterpart for the other appearance."""
    return Text("action", "dark: {name}")(name=name) if dark else Text("action", "light: {name}")(name=name)


def no_counterpart(*, dark: bool) -> str:
    return Text("action", "dark only")() if dark else Text("action", "light only")()


CHOOSE_APPEARANCE = Text("action", "Light or dark")
SEARCH_APPEARANCES = Text("action", "Choose light or dark")
FOLLOW_THE_DESKTOP = Text("action", "Follow the desktop")
ALWAYS_LIGHT = Text("action", "Always light")
ALWAYS_DARK = Text("action", "Always dark")
IN_USE = Text("action", "in use")
IMPORT_A_THEME = Text("action", "Import a theme")
SEARCH_FILES = Text("action", "Search themes of other terminals")
ANOTHER_FILE = Text("action", "Another file…")
FROM_THE_NOTICE = Text("action", "from the notice")
DISMISS_THE_NOTICE = Text("action", "Dismiss the notice")


def resume_chats(count: int) -> str:
    return Text("action", "Resume {count} chats…")(count=count) if count > 1 else Text("action", "Resume")()


def stop_chats(count: int) -> str:
    return Text("action", "Stop {count} chats…")(count=count) if count > 1 else Text("action", "Stop")()


def remove_chats(count: int) -> str:
    return Text("action", "Remove {count} chats…")(count=count) if count > 1 else REMOVE()


GROUPS = {
    "chat": Text("action", "Chat"),
    "window": Text("action", "Window"),
    "terminal": Text("action", "Terminal"),
    "changes": Text("action", "Changes"),
    "settings": Text("action", "Settings"),
}
"""The groups of actions in the palette."""

RECENT = Text("action", "Recent")
"""The palette's group of actions that were chosen last."""
CLOSE_TAB = Text("action", "Close tab")
"""Close the tab of a chat that has ended, or of a shell, which may end with its tab."""


def mark_unread(*, unread: bool) -> str:
    """Menu item: mark chats as unread, or as read."""
    return Text("action", "Mark as unread")() if unread else Text("action", "Mark as read")()


KILL_AT_ONCE = Text("action", "Kill at once")
"""Beside "Stop", which asks the agent to exit."""
