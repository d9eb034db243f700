"""Texts of the actions: the menus and the command palette."""

from __future__ import annotations

from gui.wording.text import Text

STOP_ALL_MENU = Text("Stop all chats…")
NEW_CHAT_MENU = Text("New chat…")
NOT_RUNNING = Text("not running")
RENAME = Text("Rename…")
STATUS_DETAILS = Text("Status details")
REMOVE = Text("Remove")
SEND = Text("Send text…")
CHANGE_LATER = Text("Change the later prompt…")
SEND_LATER_NOW = Text("Send the later prompt now")
DO_NOT_SEND = Text("Do not send the later prompt")


def send_to_chats(count: int) -> str:
    return Text("Send text to {count} chats…")(count=count) if count > 1 else SEND()


"""Menu item: also show a running chat in the agent's own screen."""
MARK = Text("Mark")
"""A submenu: pin, mark as unread, and colours."""
CONTINUE = Text("Continue")
"""A submenu: ways to go on with a conversation, or from it."""
DIRECTORY = Text("Directory")
"""A submenu: what can be done with a chat's directory."""
DIRECTORY_PATH = Text("Directory path")
"""In the submenu of what can be copied."""
MOVE = Text("Move to")
"""A submenu: where a tab can be moved."""
CLOSE_OTHERS = Text("Close others")
"""A submenu: the tabs around a tab."""
SLEEP = Text("Put to sleep")
"""Menu item: the agent's program ends, and a text wakes it."""
SLEEP_NOT_NOW = Text("Put to sleep (it {why})")
"""Menu item that is disabled."""
NONE_CAN_SLEEP = Text("Put to sleep (none is an idle agent)")
SLEEP_ANYWAY = Text("Put to sleep anyway…")
SLEEP_OR_END = Text("Sleep or end")
"""A submenu of an agent's chat: put to sleep, stop and kill."""
END_CHAT = Text("End chat")
"""A submenu of a shell or a command: stop and kill."""
PANES = Text("Panes")
"""Menu item: a menu of the actions on panes."""
VIEW = Text("View")
"""Menu item: a menu of the actions that change how the window looks."""
COMMANDS = Text("Command palette")
SEARCH_COMMANDS = Text("Search commands")
SWITCH_CHAT = Text("Switch to a chat")
SEARCH_CHATS = Text("Search chats")
FORK = Text("Fork…")
HAND_OVER = Text("Hand over…")
NOTIFICATIONS = Text("Notifications…")
CHOOSE_COLOR = Text("Choose a colour for the chat…")
CHOOSE_MODEL = Text("Choose model…")
CHOOSE_MODE = Text("Choose mode…")
CHOOSE_EFFORT = Text("Choose effort…")
LIST_COMMANDS = Text("Commands…")
OUTLINE = Text("Outline…")
CHOOSE_THEME = Text("Choose a theme")
SEARCH_THEMES = Text("Search themes")


def counterpart(name: str, *, dark: bool) -> str:
    """A theme's counterpart for the other appearance."""
    return Text("dark: {name}")(name=name) if dark else Text("light: {name}")(name=name)


def no_counterpart(*, dark: bool) -> str:
    return Text("dark only")() if dark else Text("light only")()


CHOOSE_APPEARANCE = Text("Light or dark")
SEARCH_APPEARANCES = Text("Choose light or dark")
FOLLOW_THE_DESKTOP = Text("Follow the desktop")
ALWAYS_LIGHT = Text("Always light")
ALWAYS_DARK = Text("Always dark")
IN_USE = Text("in use")
IMPORT_A_THEME = Text("Import a theme")
SEARCH_FILES = Text("Search themes of other terminals")
ANOTHER_FILE = Text("Another file…")
FROM_THE_NOTICE = Text("from the notice")
DISMISS_THE_NOTICE = Text("Dismiss the notice")


def resume_chats(count: int) -> str:
    return Text("Resume {count} chats…")(count=count) if count > 1 else Text("Resume")()


def sleep_chats(count: int) -> str:
    return Text("Put {n:,} chat to sleep…", "Put {n:,} chats to sleep…")(n=count)


def stop_chats(count: int) -> str:
    return Text("Stop {count} chats…")(count=count) if count > 1 else Text("Stop")()


def remove_chats(count: int) -> str:
    return Text("Remove {count} chats…")(count=count) if count > 1 else REMOVE()


GROUPS = {
    "chat": Text("Chat"),
    "window": Text("Window"),
    "terminal": Text("Page"),
    "changes": Text("Changes"),
    "settings": Text("Settings"),
}
"""The groups of actions in the palette."""

RECENT = Text("Recent")
"""The palette's group of actions that were chosen last."""
CLOSE_TAB = Text("Close tab")
"""Close the tab of a chat that has ended, or of a shell, which may end with its tab."""


def mark_unread(*, unread: bool) -> str:
    """Menu item: mark chats as unread, or as read."""
    return Text("Mark as unread")() if unread else Text("Mark as read")()


KILL_AT_ONCE = Text("Kill at once")
"""Beside "Stop", which asks the agent to exit."""
