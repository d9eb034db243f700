"""Texts about resuming and ending several chats at once."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def resume_all() -> str:
    return translate("several", "Resume all…")


def nothing_interrupted() -> str:
    return translate("several", "No chat was interrupted by a restart of the computer.")


def none_can_be_resumed() -> str:
    """None of the chats that are selected in the sidebar."""
    return translate("several", "None of these chats can be resumed.")


def no_interrupted_can_be_resumed() -> str:
    return translate("several", "None of the interrupted chats can be resumed.")


def several_ended(count: int) -> str:
    return translate("several", "{count} chats ended").format(count=count)


def some_ended(count: int, total: int, names: str) -> str:
    text = translate("several", "{count} of {total} chats ended. Still running: {names}")
    return text.format(count=count, total=total, names=names)


def resume_these_chats() -> str:
    return translate("several", "Resume these chats?")


def chat_agent_and_directory(name: str, agent: str, directory: str) -> str:
    return translate("several", "{name} · {agent} · {directory}").format(name=name, agent=agent, directory=directory)


def shell_starts_again(name: str, directory: str) -> str:
    """A shell in the list of chats that are to be resumed."""
    return translate("several", "{name} · shell, starts again in {directory}").format(name=name, directory=directory)


def shells_begin_anew() -> str:
    """Below the list of chats that are to be resumed, if there is a shell among them."""
    return translate("several", "A shell begins below what it showed. No command runs by itself.")


def not_resumed(names: str) -> str:
    """Chats that are left out when several are resumed."""
    return translate("several", "Not resumed, because there is no conversation: {names}").format(names=names)
