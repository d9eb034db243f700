"""The chats that wait for the user."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from gui.wording.groups import Group
from session_host.paths import agent_socket

from .chat import Chat
from .sessions import Sessions


class StructuredChats:
    """The running ones among some chats, found by the agents' own terminals that also show them."""

    def __init__(self, chats: Iterable[Chat]) -> None:
        running = (chat for chat in chats if chat.record.runtime == "structured" and not chat.has_ended)
        self._by_socket = {(chat.machine.name, agent_socket(chat.session_id).name): chat for chat in running}

    def shown_by(self, terminal: Chat) -> Chat | None:
        """The structured chat that this terminal also shows; None if there is none."""
        if terminal.record.runtime == "structured" or not self._by_socket:
            return None
        # The directory of the socket may be another machine's.
        found = (self._by_socket.get((terminal.machine.name, word.rpartition("/")[2])) for word in terminal.record.argv)
        return next(filter(None, found), None)

    def asking_same(self, terminal: Chat) -> Chat | None:
        """The structured chat with the terminal's question, open or just answered; None if there is none.

        The question counts as the structured chat's, since that one has the complete request. The terminal can also
        have a question of its own, if the user opened another conversation in it: that one is newer than the structured
        chat's last change.
        """
        chat = self.shown_by(terminal) if terminal.needs_you else None
        if chat is None or not (chat.needs_you or chat.activity_since >= terminal.activity_since > ""):
            return None
        return chat


def chats_with_questions(sessions: Sessions) -> list[Chat]:
    """The chats that need the user, longest wait first; each question counts once."""
    return without_duplicates(sessions.groups()[Group.NEEDS_YOU], sessions.running())


def without_duplicates(waiting: Iterable[Chat], chats: Iterable[Chat]) -> list[Chat]:
    """The waiting chats, without a terminal if a structured chat shows the same question."""
    structured = StructuredChats(chats)
    return [chat for chat in waiting if structured.asking_same(chat) is None]


_MAY_BE_DONE = (Group.IDLE, Group.RUNNING, Group.NO_SIGNAL, Group.ENDED)


def next_chat(sessions: Sessions, shown: str) -> Chat | None:
    """The chat to look at after the shown one (its id, "" for none); None if there is none.

    While other chats ask something, it is one of these, the longest wait first; after a shown question, the one behind
    it. Then come the chats that are done, and last the shown question itself.
    """
    asking = chats_with_questions(sessions)
    number = next((number for number, chat in enumerate(asking, 1) if chat.id == shown), 0)
    around = [*asking[number:], *asking[:number]]
    others = [chat for chat in (*around, *done_and_unread(sessions)) if chat.id != shown]
    return next(iter((*others, *around)), None)


def done_and_unread(sessions: Sessions) -> list[Chat]:
    """The unread chats in which nothing works any more, longest wait first.

    A chat that works is left out: it has new output all the time, and nothing can be done in it yet.
    """
    unread = (chat for chat in sessions.chats() if chat.has_unseen_output and sessions.is_listed(chat))
    found = [chat for chat in unread if chat.group in _MAY_BE_DONE and _is_done(chat)]
    structured = StructuredChats(sessions.running())
    return sorted(
        (chat for chat in found if structured.shown_by(chat) is None),
        key=lambda chat: chat.since or datetime.min.replace(tzinfo=UTC),
    )


def _is_done(chat: Chat) -> bool:
    if chat.reason_for_bell:
        return True
    if chat.has_ended:
        return not chat.is_ended_by_user
    return chat.group is not Group.RUNNING and not chat.is_starting
