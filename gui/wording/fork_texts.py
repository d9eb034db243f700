"""Texts about forks of chats."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QCoreApplication

from gui.wording import phrases
from session_host.protocol.untrusted_text import one_line

translate = QCoreApplication.translate

ROW_CHARACTERS = 200
"""A longer prompt is cut in a row."""


def before_this_prompt() -> str:
    """Item of a prompt's context menu."""
    return translate("fork", "Fork before this prompt")


def choose() -> str:
    """The placeholder above the list."""
    return translate("fork", "Fork from the end, or before a prompt")


def from_the_end() -> str:
    return translate("fork", "From the end")


def whole() -> str:
    """The detail of ``from_the_end``."""
    return translate("fork", "the whole conversation")


def row(prompt: str) -> str:
    """A prompt in the list: the fork ends before it."""
    text = one_line(prompt)[:ROW_CHARACTERS] or translate("fork", "(images only)")
    return translate("fork", "Before “{prompt}”").format(prompt=text)


def time_of(moment: datetime, now: datetime) -> str:
    """When a prompt was sent."""
    return phrases.short_clock(moment, now)


def no_prompts() -> str:
    return translate("fork", "This chat has no prompts yet.")


def cannot_fork(reason: object) -> str:
    return translate("fork", "Can’t fork {reason}").format(reason=reason)


def forked_before() -> str:
    """After a fork before a prompt."""
    return translate("fork", "This chat has the conversation before this prompt. Edit the prompt and send it.")


def files_changed(count: int) -> str:
    """After a fork before a prompt: files differ from those before it."""
    return translate("fork", "Edit the prompt and send it. Since it was first sent, %n file(s) changed.", "", count)
