"""Texts about resuming, ending and removing several chats at once."""

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


def remove_ended() -> str:
    """The menu's entry, which opens the sheet."""
    return translate("several", "Remove ended chats…")


def remove_ended_chats() -> str:
    return translate("several", "Remove ended chats")


def older_than() -> str:
    return translate("several", "Older than")


def first_age() -> str:
    """An age that ``periods.period`` reads."""
    return "90 days"


def any_age() -> str:
    return translate("several", "of any age")


def no_age() -> str:
    return translate("several", "Write an age or a date: 90 days, 2 weeks, march, 2026-03-14.")


def agent() -> str:
    return translate("several", "Agent")


def all_agents() -> str:
    return translate("several", "All agents")


def project() -> str:
    return translate("several", "Project")


def all_projects() -> str:
    return translate("several", "All projects")


def counting() -> str:
    return translate("several", "Counting…")


def chosen(count: int, size: str, pinned: int) -> str:
    """The number and size of the chosen chats, and the number of pinned ones, which stay."""
    text = translate("several", "%n chat(s), {size}", "", count).format(size=size) if count else ""
    stays = translate("several", "%n pinned chat(s) stay(s)", "", pinned) if pinned else ""
    return " · ".join(filter(None, (text or translate("several", "No such chats"), stays)))
