"""Counts a question once, if a structured chat and the agent's own terminal both show it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from gui.wording.groups import Group
from session_host.paths import agent_socket

if TYPE_CHECKING:
    from gui.bridge.chat import Chat
    from gui.bridge.sessions import Sessions


def structured_chat_shown_by(terminal: Chat, chats: Iterable[Chat]) -> Chat | None:
    """The running structured chat in ``chats`` that this terminal also shows; None if there is none."""
    if terminal.record.runtime == "structured":
        return None
    shown = (chat for chat in chats if chat.record.runtime == "structured" and not chat.has_ended)
    return next((chat for chat in shown if str(agent_socket(chat.id)) in terminal.record.argv), None)


def structured_chat_asking_same(terminal: Chat, chats: Iterable[Chat]) -> Chat | None:
    """The structured chat with the terminal's question, open or just answered; None if there is none.

    The question counts as the structured chat's, since that one has the complete request. The terminal can also have a
    question of its own, if the user opened another conversation in it: that one is newer than the structured chat's
    last change.
    """
    chat = structured_chat_shown_by(terminal, chats) if terminal.needs_you else None
    if chat is None or not (chat.needs_you or chat.activity_since >= terminal.activity_since > ""):
        return None
    return chat


def chats_with_questions(sessions: Sessions) -> list[Chat]:
    """The chats that need the user, longest wait first; each question counts once."""
    return without_duplicates(sessions.groups()[Group.NEEDS_YOU], sessions.running())


def without_duplicates(waiting: Iterable[Chat], chats: Collection[Chat]) -> list[Chat]:
    """The waiting chats, except terminals whose question a structured chat shows."""
    return [chat for chat in waiting if structured_chat_asking_same(chat, chats) is None]
