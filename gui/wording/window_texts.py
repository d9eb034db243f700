"""Texts of the window around the pages: sidebar, tabs, panes, status line, colours, broadcast, muting."""

from __future__ import annotations

import datetime as dt

from gui.wording.text import Text

DAYS_BY_NAME = 7
"""The days before today that are shown by the name of their weekday."""
OPEN_RUNNING_CHAT = Text("window", "Open a running chat…")
AGENTS_TO_CHOOSE = Text("window", "NEW CHAT WITH")
"""Heading over the installed agents, which are buttons."""
CHATS_KEEP_RUNNING = Text("window", "Chats keep running when you close this window.")
"""In a window without tabs, except before the first chat, where ``FIRST_CHAT_HINT`` says it."""
NO_OPEN_CHATS = Text("window", "No open chats")
NEW_CHAT_WITH = Text("window", "New chat with {agent}")
CHOOSE_OR_START = Text("window", "Choose one in the sidebar, or start a new one.")
ENDED_CHATS_ARE_IN_THE_SIDEBAR = Text(
    "window", "Ended chats are in the sidebar: read or resume one, or start a new one."
)
CANNOT_LIST_CHATS = Text("window", "Can’t list your chats yet")
CHATS_APPEAR_LATER = Text(
    "window", "Running chats are not affected. They appear here as soon as the chat database can be read."
)
FIRST_CHAT = Text("window", "Start your first chat")
FIRST_CHAT_HINT = Text(
    "window",
    "Choose an agent and a directory. Close the tab or the window whenever you like: the chat keeps "
    "running and is here when you come back.",
)
MENU = Text("window", "Menu")
TITLE_OF = Text("window", "{name} — Outlive")
SIDEBAR = Text("window", "Sidebar")
FILTER = Text("window", "Filter")
FILTER_CHATS = Text("window", "Filter chats")
CHATS = Text("window", "Chats")
CHATS_APPEAR_HERE = Text("window", "Your chats appear here, those that need you first.")
"""In place of the chats, before there is one."""
STATUS = Text("window", "Status")
FIT_TO_WINDOW = Text("window", "Fit to window")
FIT_TO_WINDOW_HINT = Text("window", "Resize the terminal to fit this window")
ALL_OPEN_CHATS = Text("window", "All open chats")
OPEN_CHATS = Text("window", "Open chats")
CLOSE_TAB = Text("window", "Close tab {name}")


def close_tab_hint(*, keeps_running: bool) -> str:
    return Text("window", "Close tab (the chat keeps running)")() if keeps_running else Text("window", "Close tab")()


def tabs_closed(running: int) -> str:
    """Several tabs were closed; ``running`` of their chats keep running."""
    if not running:
        return Text("window", "Tabs closed")()
    return Text("window", "Tabs closed. {n:,} chat(s) keep(s) running.")(n=running)


STARTED = Text("window", "Started {time}")
STARTED_IN = Text("window", "Started in {directory}")
MUTED = Text("window", "notifications muted")
BELL = Text("window", "rang the bell")
NOTIFIED = Text("window", "notified you: {text}")
"""A notification that a chat's program sent."""
UNREAD = Text("window", "unread")
RUNNING_CHATS = Text("window", "{n:,} running chat(s)")
CHATS_COUNT = Text("window", "{n:,} chat(s)")
CHATS_ON = Text("window", "{n:,} chat(s) on {machines}")
MAY_RUN_THERE = Text("window", "{states}. What runs there may run on.")
GROUP = Text("window", "{name}, {chats}")
FOLDED_GROUP = Text("window", "{name}, {chats}, collapsed")
TO_INSTALL = Text("window", "To install {agents}, open New chat.")
AND = Text("window", "{first} and {last}")
OR = Text("window", "{first} or {last}")
SIZED_BY = Text("window", "{size}, sized by {viewer}")
ANOTHER_PANE = Text("window", "another pane or window")
"""The viewer that determines a terminal's size."""


def cannot_split(*, is_row: bool) -> str:
    """Why a pane is not split, side by side (``is_row``) or one above the other."""
    if is_row:
        return Text("window", "This pane is too narrow to split. Make it or the window wider.")()
    return Text("window", "This pane is too short to split. Make it or the window taller.")()


def too_small_to_split(*, is_row: bool) -> str:
    """Shown over a pane while a tab is dragged to its edge."""
    return Text("window", "Too narrow to split")() if is_row else Text("window", "Too short to split")()


RESTORE_PANE = Text("window", "Restore pane")
"""A button while one pane covers the others."""
PINNED = Text("window", "Pinned")
VIEW_OPTIONS = Text("window", "How chats are listed")
BY_STATE = Text("window", "Group by state")
BY_PROJECT = Text("window", "Group by project")
BY_MACHINE = Text("window", "Group by machine")
COMPACT_ROWS = Text("window", "Compact rows")


def day(date: dt.date | None, today: dt.date) -> str:
    """The day on which chats ended: "Today", "Yesterday", a weekday of the last week, or a date."""
    if date is None:
        return Text("window", "Earlier")()
    ago = (today - date).days
    if ago <= 0:
        return Text("window", "Today")()
    if ago == 1:
        return Text("window", "Yesterday")()
    if ago < DAYS_BY_NAME:
        return f"{date:%A}"
    return f"{date.day} {date:%B}" + ("" if date.year == today.year else f" {date.year}")


def month(date: dt.date | None, today: dt.date) -> str:
    """The month in which chats ended."""
    if date is None:
        return Text("window", "Earlier")()
    return f"{date:%B}" + ("" if date.year == today.year else f" {date.year}")


QUIT_UNSENT = Text("window", "Close, and discard what you typed?")
UNSENT = Text("window", "{n:,} character(s) for {names} are not sent yet.")
DISCARD_AND_CLOSE = Text("window", "Discard and close")
"""The user closes Outlive while input waits for a machine that cannot be reached."""


def undelivered(name: str, count: int) -> str:
    if count == 1:
        return Text("window", "Your last key for {name} may be missing, since its tab closed.")(name=name)
    text = Text("window", "Your last {count:,} characters for {name} may be missing, since its tab closed.")
    return text(name=name, count=count)


SEARCH_ALL_CHATS = Text("window", "Search all chats…")

# Colours by which the user marks chats.
_NAMES = {
    "": Text("color", "None"),
    "red": Text("color", "Red"),
    "orange": Text("color", "Orange"),
    "yellow": Text("color", "Yellow"),
    "green": Text("color", "Green"),
    "cyan": Text("color", "Cyan"),
    "blue": Text("color", "Blue"),
    "purple": Text("color", "Purple"),
    "pink": Text("color", "Pink"),
}

COLOR = Text("color", "Colour")
"""The menu of colours."""


def color_name(label: str) -> str:
    """The name of a colour of ``LABEL_COLORS``; "" is none."""
    return _NAMES[label]()


def labelled_color(label: str) -> str:
    """A screen reader's text for a chat's colour; "" for none."""
    return Text("color", "colour {name}")(name=color_name(label).lower()) if label else ""


# Broadcast: typing into several panes at once.
BROADCAST_IS_ON = Text("broadcast", "What you type goes to {count} panes")
"""``count`` is at least 2."""
BROADCAST_IS_OFF = Text("broadcast", "What you type goes to one pane again")
NEEDS_TWO_TERMINALS = Text("broadcast", "Show two or more running terminals side by side first")


def typing_goes_to(count: int) -> str:
    """Mark of the pane in which the user types; ``count`` may be 1."""
    if count < 2:
        return Text("broadcast", "Typed only here now")()
    return Text("broadcast", "Typed into {count} panes")(count=count)


ONLY_HERE = Text("broadcast", "Your answer is typed only here")
"""Mark of a pane in which the user answers an agent."""
TYPED_HERE_TOO = Text("broadcast", "Typed here, too")
NEEDS_YOUR_ANSWER = Text("broadcast", "Not typed here: needs your answer")
NOT_TYPED_HERE = Text("broadcast", "Not typed here now")
LEAVE_BROADCAST = Text("broadcast", "Don’t type into this pane")
"""Button of a pane's mark."""
HOW_TO_END_BROADCAST = Text(
    "broadcast", "Broadcast: to end it, choose it again in the command palette or the menu Panes"
)
"""Tool tip of a pane's mark."""
PASTED_INTO = Text("broadcast", "It is pasted into {count} panes.")
"""Part of the question before a paste; ``count`` is at least 2."""

# Muting chats, and a notification once a chat is quiet.
NOTIFICATIONS_OF = Text("mute", "Notifications of {name}")
MUTE_THIS = Text("mute", "Mute this chat")
UNMUTE_THIS = Text("mute", "Unmute this chat")


def watch_this(*, cancel: bool) -> str:
    """Notify once when the chat is quiet, or cancel that."""
    if cancel:
        return Text("mute", "Don’t notify when this chat is quiet")()
    return Text("mute", "Notify once when this chat is quiet")()


HOW_QUIET = Text("mute", "{seconds:g} s without output")
MUTE_ALL_FOR_AN_HOUR = Text("mute", "Mute all chats for an hour")
MUTE_ALL_UNTIL_TOMORROW = Text("mute", "Mute all chats until tomorrow morning")
UNMUTE_ALL = Text("mute", "Unmute all chats")
UNTIL = Text("mute", "until {when}")
MUTE_SEVERAL = Text("mute", "Mute notifications")
"""In the menu of several chats."""
UNMUTE_SEVERAL = Text("mute", "Unmute notifications")
MUTED_UNTIL = Text("mute", "Notifications are muted until {when}")
UNMUTED = Text("mute", "Notifications are on")
CHAT_MUTED = Text("mute", "Notifications from {name} are muted")
CHAT_UNMUTED = Text("mute", "Notifications from {name} are on")
WATCHING_FOR_QUIET = Text("mute", "You get a notification when {name} has been quiet for {seconds:g} s, or ends")
NOT_WATCHING_FOR_QUIET = Text("mute", "You get no notification when {name} is quiet")
