"""The chats that wait for the user."""

from __future__ import annotations

from datetime import UTC, datetime

from gui.bridge.chat_words import reason_for_bell
from session_host.standing.groups import Group

from .chat import Chat
from .sessions import Sessions

_MAY_BE_DONE = (Group.IDLE, Group.RUNNING, Group.NO_SIGNAL, Group.ENDED)


def next_chat(sessions: Sessions, shown: str) -> Chat | None:
    """The chat to look at after the shown one (its id, "" for none); None if there is none.

    While other chats ask something, it is one of these, the longest wait first; after a shown question, the one behind
    it. Then come the chats that are done, and last the shown question itself.
    """
    asking = sessions.listed.groups()[Group.NEEDS_YOU]
    number = next((number for number, chat in enumerate(asking, 1) if chat.id == shown), 0)
    around = [*asking[number:], *asking[:number]]
    others = [chat for chat in (*around, *done_and_unread(sessions)) if chat.id != shown]
    return next(iter((*others, *around)), None)


def done_and_unread(sessions: Sessions) -> list[Chat]:
    """The unread chats in which nothing works any more, longest wait first.

    A chat that works is left out: it has new output all the time, and nothing can be done in it yet.
    """
    unread = (chat for chat in sessions.chats.made() if chat.unseen.output and sessions.listed.has(chat))
    found = [chat for chat in unread if chat.group in _MAY_BE_DONE and _is_done(chat)]
    return sorted(found, key=lambda chat: chat.since or datetime.min.replace(tzinfo=UTC))


def _is_done(chat: Chat) -> bool:
    if reason_for_bell(chat):
        return True
    if chat.has_ended:
        return chat.record.outcome.end_request not in {"stop", "kill"}
    return chat.group is not Group.RUNNING and not chat.is_starting
