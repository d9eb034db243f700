"""Texts of the window around the pages: sidebar, tabs, panes, status line, colours, broadcast, muting."""

from __future__ import annotations

import datetime as dt

from gui.wording import dates
from gui.wording.text import Text
from session_host.standing.clock_times import is_within_week

OPEN_RUNNING_CHAT = Text("Open a running chat…")
AGENTS_TO_CHOOSE = Text("NEW CHAT WITH")
"""Heading over the installed agents, which are buttons."""
CHATS_KEEP_RUNNING = Text("Chats keep running when you close this window.")
"""In a window without tabs, except before the first chat, where ``FIRST_CHAT_HINT`` says it."""
NO_OPEN_CHATS = Text("No open chats")
NEW_CHAT_WITH = Text("New chat with {agent}")
CHOOSE_OR_START = Text("Choose one in the sidebar, or start a new one.")
ENDED_CHATS_ARE_IN_THE_SIDEBAR = Text("Ended chats are in the sidebar: read or resume one, or start a new one.")
CANNOT_LIST_CHATS = Text("Can’t list your chats yet")
CHATS_APPEAR_LATER = Text("Running chats are not affected. They appear here as soon as the chat database can be read.")
FIRST_CHAT = Text("Start your first chat")
FIRST_CHAT_HINT = Text(
    "Choose an agent and a directory. Close the tab or the window whenever you like: the chat keeps "
    "running and is here when you come back.",
)
MENU = Text("Menu")
TITLE_OF = Text("{name} — Outlive")
SIDEBAR = Text("Sidebar")
FILTER = Text("Filter")
FILTER_CHATS = Text("Filter chats")
CHATS = Text("Chats")
CHATS_APPEAR_HERE = Text("Your chats appear here, those that need you first.")
"""In place of the chats, before there is one."""
STATUS = Text("Status")
FIT_TO_WINDOW = Text("Fit to window")
FIT_TO_WINDOW_HINT = Text("Resize the terminal to fit this window")
OPEN_CHATS = Text("Open chats")
CLOSE_TAB = Text("Close tab {name}")


def more_open_chats(count: int, *, asks: bool) -> str:
    """The button with the number of tabs that are not in sight; ``asks``: the chat of one needs the user."""
    if asks:
        return Text("{n:,} more tab, which needs you", "{n:,} more tabs, one needs you")(n=count)
    return Text("{n:,} more tab", "{n:,} more tabs")(n=count)


def close_tab_hint(*, keeps_running: bool) -> str:
    return Text("Close tab (the chat keeps running)")() if keeps_running else Text("Close tab")()


def tabs_closed(running: int) -> str:
    """Several tabs were closed; ``running`` of their chats keep running."""
    if not running:
        return Text("Tabs closed")()
    return Text("Tabs closed. {n:,} chat keeps running.", "Tabs closed. {n:,} chats keep running.")(n=running)


STARTED = Text("Started {time}")
STARTED_IN = Text("Started in {directory}")
MUTED = Text("notifications muted")
BELL = Text("rang the bell")
NOTIFIED = Text("notified you: {text}")
"""A notification that a chat's program sent."""
UNREAD = Text("unread")
RUNNING_CHATS = Text("{n:,} running chat", "{n:,} running chats")
CHATS_COUNT = Text("{n:,} chat", "{n:,} chats")
CHATS_ON = Text("{n:,} chat on {machines}", "{n:,} chats on {machines}")
MAY_RUN_THERE = Text("{states}. What runs there may run on.")
GROUP = Text("{name}, {chats}")
FOLD_GROUP, UNFOLD_GROUP = Text("Collapse"), Text("Expand")
OPEN_HERE = Text("open")
"""The chat with the visible tab, for screen readers."""
TO_INSTALL = Text("To install {agents}, open New chat.")
AND = Text("{first} and {last}")
OR = Text("{first} or {last}")
SIZED_BY = Text("{size}, sized by {viewer}")
ANOTHER_PANE = Text("another pane or window")
"""The viewer that determines a terminal's size."""


def cannot_split(*, is_row: bool) -> str:
    """Why a pane is not split, side by side (``is_row``) or one above the other."""
    if is_row:
        return Text("This pane is too narrow to split. Make it or the window wider.")()
    return Text("This pane is too short to split. Make it or the window taller.")()


def too_small_to_split(*, is_row: bool) -> str:
    """Shown over a pane while a tab is dragged to its edge."""
    return Text("Too narrow to split")() if is_row else Text("Too short to split")()


RESTORE_PANE = Text("Restore pane")
"""A button while one pane covers the others."""
PINNED = Text("Pinned")
VIEW_OPTIONS = Text("How chats are listed")
BY_STATE = Text("Group by state")
BY_PROJECT = Text("Group by project")
BY_MACHINE = Text("Group by machine")
COMPACT_ROWS = Text("Compact rows")


def day(date: dt.date | None, today: dt.date) -> str:
    """The day on which chats ended: "Today", "Yesterday", a weekday of the last week, or a date."""
    if date is None:
        return Text("Earlier")()
    ago = (today - date).days
    if ago <= 0:
        return Text("Today")()
    if ago == 1:
        return Text("Yesterday")()
    if is_within_week(date, today):
        return dates.weekday(date)
    return dates.day(date, today)


def month(date: dt.date | None, today: dt.date) -> str:
    """The month in which chats ended."""
    if date is None:
        return Text("Earlier")()
    return dates.month(date, today)


QUIT_UNSENT = Text("Close, and discard what you typed?")
UNSENT = Text("{n:,} character for {names} is not sent yet.", "{n:,} characters for {names} are not sent yet.")
DISCARD_AND_CLOSE = Text("Discard and close")
"""The user closes Outlive while input waits for a machine that cannot be reached."""


def undelivered(name: str, count: int) -> str:
    if count == 1:
        return Text("Your last key for {name} may be missing, since its tab closed.")(name=name)
    text = Text("Your last {count:,} characters for {name} may be missing, since its tab closed.")
    return text(name=name, count=count)


SEARCH_ALL_CHATS = Text("Search all chats…")

# Colours by which the user marks chats.
_NAMES = {
    "": Text("None"),
    "red": Text("Red"),
    "orange": Text("Orange"),
    "yellow": Text("Yellow"),
    "green": Text("Green"),
    "cyan": Text("Cyan"),
    "blue": Text("Blue"),
    "purple": Text("Purple"),
    "pink": Text("Pink"),
}

COLOR = Text("Colour")
"""The menu of colours."""


def color_name(label: str) -> str:
    """The name of a colour of ``LABEL_COLORS``; "" is none."""
    return _NAMES[label]()


def labelled_color(label: str) -> str:
    """A screen reader's text for a chat's colour; "" for none."""
    return Text("colour {name}")(name=color_name(label).lower()) if label else ""


# Broadcast: typing into several panes at once.
BROADCAST_IS_ON = Text("What you type goes to {count} panes")
"""``count`` is at least 2."""
BROADCAST_IS_OFF = Text("What you type goes to one pane again")
NEEDS_TWO_TERMINALS = Text("Show two or more running terminals side by side first")


def typing_goes_to(count: int) -> str:
    """Mark of the pane in which the user types; ``count`` may be 1."""
    if count < 2:
        return Text("Typed only here now")()
    return Text("Typed into {count} panes")(count=count)


ONLY_HERE = Text("Your answer is typed only here")
"""Mark of a pane in which the user answers an agent."""
TYPED_HERE_TOO = Text("Typed here, too")
NEEDS_YOUR_ANSWER = Text("Not typed here: needs your answer")
NOT_TYPED_HERE = Text("Not typed here now")
LEAVE_BROADCAST = Text("Don’t type into this pane")
"""Button of a pane's mark."""
HOW_TO_END_BROADCAST = Text("Broadcast: to end it, choose it again in the command palette or the menu Panes")
"""Tool tip of a pane's mark."""
PASTED_INTO = Text("It is pasted into {count} panes.")
"""Part of the question before a paste; ``count`` is at least 2."""

# Muting chats, and a notification once a chat is quiet.
NOTIFICATIONS_OF = Text("Notifications of {name}")
MUTE_THIS = Text("Mute this chat")
UNMUTE_THIS = Text("Unmute this chat")


def watch_this(*, cancel: bool) -> str:
    """Notify once when the chat is quiet, or cancel that."""
    if cancel:
        return Text("Don’t notify when this chat is quiet")()
    return Text("Notify once when this chat is quiet")()


HOW_QUIET = Text("{seconds:g} s without output")
MUTE_ALL_FOR_AN_HOUR = Text("Mute all chats for an hour")
MUTE_ALL_UNTIL_TOMORROW = Text("Mute all chats until tomorrow morning")
UNMUTE_ALL = Text("Unmute all chats")
UNTIL = Text("until {when}")
MUTE_SEVERAL = Text("Mute notifications")
"""In the menu of several chats."""
UNMUTE_SEVERAL = Text("Unmute notifications")
MUTED_UNTIL = Text("Notifications are muted until {when}")
UNMUTED = Text("Notifications are on")
CHAT_MUTED = Text("Notifications from {name} are muted")
CHAT_UNMUTED = Text("Notifications from {name} are on")
WATCHING_FOR_QUIET = Text("You get a notification when {name} has been quiet for {seconds:g} s, or ends")
NOT_WATCHING_FOR_QUIET = Text("You get no notification when {name} is quiet")


LAST_OUTPUT = Text("Last output {age} ago")
THEN = Text("Then: “{text}”")
"""What a chat is to get at the time that the line above names."""
DO_NOT_CONTINUE, DO_NOT_SEND = Text("Do not continue"), Text("Do not send it")
MEMORY = Text("Memory {size}")
CONTEXT = Text("Context {percent} % full")
