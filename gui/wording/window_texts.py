"""Texts of the window around the pages: sidebar, tabs, status line, and the page without a chat."""

from __future__ import annotations

import datetime as dt

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate

DAYS_BY_NAME = 7
"""The days before today that are shown by the name of their weekday."""


def open_running_chat() -> str:
    return translate("window", "Open a running chat…")


def agents_to_choose() -> str:
    """Heading over the installed agents, which are buttons."""
    return translate("window", "NEW CHAT WITH")


def chats_keep_running() -> str:
    return translate("window", "Chats keep running when you close this window.")


def no_open_chats() -> str:
    return translate("window", "No open chats")


def new_chat_with(agent: str) -> str:
    return translate("window", "New chat with {agent}").format(agent=agent)


def choose_or_start() -> str:
    return translate("window", "Choose one in the sidebar, or start a new one.")


def ended_chats_are_in_the_sidebar() -> str:
    return translate("window", "Ended chats are in the sidebar: read or resume one, or start a new one.")


def cannot_list_chats() -> str:
    return translate("window", "Can’t list your chats yet")


def chats_appear_later() -> str:
    return translate(
        "window", "Running chats are not affected. They appear here as soon as the chat database can be read."
    )


def first_chat() -> str:
    return translate("window", "Start your first chat")


def first_chat_hint() -> str:
    return translate(
        "window",
        "Choose an agent and a directory. Close the tab or the window whenever you like: the chat keeps "
        "running and is here when you come back.",
    )


def menu() -> str:
    return translate("window", "Menu")


def title_of(name: str) -> str:
    return translate("window", "{name} — Outlive").format(name=name)


def sidebar() -> str:
    return translate("window", "Sidebar")


def filter_() -> str:
    return translate("window", "Filter")


def filter_chats() -> str:
    return translate("window", "Filter chats")


def chats() -> str:
    return translate("window", "Chats")


def chats_appear_here() -> str:
    """In place of the chats, before there is one."""
    return translate("window", "Your chats appear here, those that need you first.")


def status() -> str:
    return translate("window", "Status")


def fit_to_window() -> str:
    return translate("window", "Fit to window")


def fit_to_window_hint() -> str:
    return translate("window", "Resize the terminal to fit this window")


def all_open_chats() -> str:
    return translate("window", "All open chats")


def open_chats() -> str:
    return translate("window", "Open chats")


def close_tab(name: str) -> str:
    return translate("window", "Close tab {name}").format(name=name)


def close_tab_hint(*, keeps_running: bool) -> str:
    return (
        translate("window", "Close tab (the chat keeps running)") if keeps_running else translate("window", "Close tab")
    )


def tabs_closed(running: int) -> str:
    """Several tabs were closed; ``running`` of their chats keep running."""
    if not running:
        return translate("window", "Tabs closed")
    return translate("window", "Tabs closed. %n chat(s) keep(s) running.", "", running)


def started(time: str) -> str:
    return translate("window", "Started {time}").format(time=time)


def started_in(directory: str) -> str:
    return translate("window", "Started in {directory}").format(directory=directory)


def muted() -> str:
    return translate("window", "notifications muted")


def bell() -> str:
    return translate("window", "rang the bell")


def notified(text: str) -> str:
    """A notification that a chat's program sent."""
    return translate("window", "notified you: {text}").format(text=text)


def unread() -> str:
    return translate("window", "unread")


def running_chats(count: int) -> str:
    return translate("window", "%n running chat(s)", "", count)


def chats_count(count: int) -> str:
    return translate("window", "%n chat(s)", "", count)


def group(name: str, chats: str) -> str:
    return translate("window", "{name}, {chats}").format(name=name, chats=chats)


def folded_group(name: str, chats: str) -> str:
    return translate("window", "{name}, {chats}, collapsed").format(name=name, chats=chats)


def to_install(agents: str) -> str:
    return translate("window", "To install {agents}, open New chat.").format(agents=agents)


def and_(first: str, last: str) -> str:
    return translate("window", "{first} and {last}").format(first=first, last=last)


def or_(first: str, last: str) -> str:
    return translate("window", "{first} or {last}").format(first=first, last=last)


def sized_by(size: str, viewer: str) -> str:
    return translate("window", "{size}, sized by {viewer}").format(size=size, viewer=viewer)


def another_pane() -> str:
    """The viewer that determines a terminal's size."""
    return translate("window", "another pane or window")


def cannot_split(*, is_row: bool) -> str:
    """Why a pane is not split, side by side (``is_row``) or one above the other."""
    if is_row:
        return translate("window", "This pane is too narrow to split. Make it or the window wider.")
    return translate("window", "This pane is too short to split. Make it or the window taller.")


def too_small_to_split(*, is_row: bool) -> str:
    """Shown over a pane while a tab is dragged to its edge."""
    return translate("window", "Too narrow to split") if is_row else translate("window", "Too short to split")


def restore_pane() -> str:
    """A button while one pane covers the others."""
    return translate("window", "Restore pane")


def pinned() -> str:
    return translate("window", "Pinned")


def view_options() -> str:
    return translate("window", "How chats are listed")


def by_state() -> str:
    return translate("window", "Group by state")


def by_project() -> str:
    return translate("window", "Group by project")


def compact_rows() -> str:
    return translate("window", "Compact rows")


def day(date: dt.date | None, today: dt.date) -> str:
    """The day on which chats ended: "Today", "Yesterday", a weekday of the last week, or a date."""
    if date is None:
        return translate("window", "Earlier")
    ago = (today - date).days
    if ago <= 0:
        return translate("window", "Today")
    if ago == 1:
        return translate("window", "Yesterday")
    if ago < DAYS_BY_NAME:
        return f"{date:%A}"
    return f"{date.day} {date:%B}" + ("" if date.year == today.year else f" {date.year}")


def month(date: dt.date | None, today: dt.date) -> str:
    """The month in which chats ended."""
    if date is None:
        return translate("window", "Earlier")
    return f"{date:%B}" + ("" if date.year == today.year else f" {date.year}")


def undelivered(name: str, count: int) -> str:
    if count == 1:
        text = translate("window", "{name} did not respond when the window closed. Your last key may be missing.")
        return text.format(name=name)
    return translate(
        "window",
        "{name} did not respond when the window closed. Up to {count} characters of your input may be missing.",
    ).format(name=name, count=f"{count:,}")


def search_all_chats() -> str:
    return translate("window", "Search all chats…")
