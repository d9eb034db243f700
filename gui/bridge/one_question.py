"""Counts a question once that a structured chat and the agent's own terminal beside it both show."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from gui.wording.groups import Group
from session_host.paths import agent_socket

if TYPE_CHECKING:
    from gui.bridge.chat import Chat
    from gui.bridge.sessions_model import SessionsModel


def shown_by(terminal: Chat, chats: Iterable[Chat]) -> Chat | None:
    """The running structured chat that a terminal shows, too; None for any other chat."""
    if terminal.record.runtime == "structured":
        return None
    shown = (chat for chat in chats if chat.record.runtime == "structured" and not chat.has_ended)
    return next((chat for chat in shown if str(agent_socket(chat.id)) in terminal.record.argv), None)


def repeats(terminal: Chat, chats: Iterable[Chat]) -> Chat | None:
    """The structured chat that asks the terminal's question, too, or has just got the answer; None if none does.

    The structured chat has the whole request, so the question counts there. A question of the terminal's own, as in
    another conversation that its user opened in it, comes after the last change of the structured chat.
    """
    chat = shown_by(terminal, chats) if terminal.needs_you else None
    if chat is None or not (chat.needs_you or chat.activity_since >= terminal.activity_since > ""):
        return None
    return chat


def asking(sessions: SessionsModel) -> list[Chat]:
    """The chats that need the user, one for each question, the longest wait first."""
    return without_repeats(sessions.groups()[Group.NEEDS_YOU], sessions.chats())


def without_repeats(waiting: Iterable[Chat], chats: Collection[Chat]) -> list[Chat]:
    """The waiting chats without those that ask what another one of all chats asks."""
    return [chat for chat in waiting if repeats(chat, chats) is None]


def next_that_waits(sessions: SessionsModel, after: str) -> Chat | None:
    """The next chat after ``after`` that needs the user; begins again after the last one."""
    waiting = asking(sessions)
    ids = [chat.id for chat in waiting]
    if after in ids:
        return waiting[(ids.index(after) + 1) % len(waiting)]
    return waiting[0] if waiting else None
