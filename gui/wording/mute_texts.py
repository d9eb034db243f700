"""Texts about muting chats, and about a notification once a chat is quiet."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def notifications_of(name: str) -> str:
    return translate("mute", "Notifications of {name}").format(name=name)


def mute_this() -> str:
    return translate("mute", "Mute this chat")


def unmute_this() -> str:
    return translate("mute", "Unmute this chat")


def watch_this(*, cancel: bool) -> str:
    """Notify once when the chat is quiet, or cancel that."""
    if cancel:
        return translate("mute", "Don’t notify when this chat is quiet")
    return translate("mute", "Notify once when this chat is quiet")


def how_quiet(seconds: float) -> str:
    return translate("mute", "{seconds} s without output").format(seconds=f"{seconds:g}")


def mute_all_for_an_hour() -> str:
    return translate("mute", "Mute all chats for an hour")


def mute_all_until_tomorrow() -> str:
    return translate("mute", "Mute all chats until tomorrow morning")


def unmute_all() -> str:
    return translate("mute", "Unmute all chats")


def until(when: str) -> str:
    return translate("mute", "until {when}").format(when=when)


def mute_several() -> str:
    """In the menu of several chats."""
    return translate("mute", "Mute notifications")


def unmute_several() -> str:
    return translate("mute", "Unmute notifications")


def muted_until(when: str) -> str:
    return translate("mute", "Notifications are muted until {when}").format(when=when)


def unmuted() -> str:
    return translate("mute", "Notifications are on")


def chat_muted(name: str) -> str:
    return translate("mute", "Notifications from {name} are muted").format(name=name)


def chat_unmuted(name: str) -> str:
    return translate("mute", "Notifications from {name} are on").format(name=name)


def watching_for_quiet(name: str, seconds: float) -> str:
    text = translate("mute", "You get a notification when {name} has been quiet for {seconds} s, or ends")
    return text.format(name=name, seconds=f"{seconds:g}")


def not_watching_for_quiet(name: str) -> str:
    return translate("mute", "You get no notification when {name} is quiet").format(name=name)
