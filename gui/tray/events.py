"""What happens in chats that a user may want to hear of: a question, the end of a long turn or command, a death."""

from __future__ import annotations

from collections.abc import Container
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from gui.bridge.chat import Chat
from gui.bridge.one_question import chats_with_questions, structured_chat_shown_by
from gui.bridge.sessions_model import SessionsModel
from gui.wording.phrases import parse_time
from session_host.protocol.values import Activity

SETTLE_MS = 1000
"""A question in the terminal of a structured chat is usually the chat's, which may report it a moment later."""

Kind = Literal["asks", "done", "ran", "died", "refused"]
"""What happened: a question, an agent's turn's end, a shell's command's end, a death; "refused": an answer from a
notification was not taken."""


class Event(NamedTuple):
    """Something that happened in a chat.

    Attributes:
        kind: what happened.
        question: of "asks": since when, and what.
        text: of "done": the agent's last words, "" for none; of "ran": the command.
        seconds: of "done" and "ran": how long it took.
    """

    kind: Kind
    question: tuple[str, str] = ("", "")
    text: str = ""
    seconds: float = 0.0

    def holds(self, chat: Chat) -> bool:
        """Whether this is still what the chat's user has to know."""
        if self.kind == "died":
            return chat.has_ended and not chat.is_continued
        if self.kind == "ran":
            return not chat.has_ended and not chat.foreground
        wanted = {"asks": Activity.NEEDS_INPUT, "done": Activity.IDLE}.get(self.kind, chat.activity)
        return not chat.has_ended and chat.activity is wanted


class Events:
    """Finds the events between one look at the chats and the next.

    Attributes:
        long_turn_s: how long a turn or a command takes at least so that its end is an event; 0: no end is.
        is_in_doubt: a terminal asks what the structured chat that it shows may be about to ask; look again soon.
    """

    def __init__(self) -> None:
        self.long_turn_s = 0.0
        self.is_in_doubt = False
        self._started = datetime.now(UTC)
        self._questions: dict[str, tuple[str, str]] = {}
        self._working: dict[str, datetime] = {}
        """Since when each chat that works does so."""
        self._commands: dict[str, tuple[str, datetime]] = {}
        """The command of each shell that runs one, and its start."""
        self._running: set[str] = set()

    def look(self, sessions: SessionsModel, shown: Container[str]) -> dict[str, Event]:
        """The new events, by chat; ``shown`` are the chats with a notification."""
        chats = sessions.chats()
        alive = [chat for chat in chats if not chat.has_ended]
        questions = self._look_for_questions(sessions, shown)
        return questions | self._look_for_turns(alive) | self._look_for_commands(alive) | self._look_for_deaths(chats)

    def asks(self, session_id: str) -> bool:
        """Whether a chat needs its user with a question of its own."""
        return session_id in self._questions

    def _look_for_questions(self, sessions: SessionsModel, shown: Container[str]) -> dict[str, Event]:
        found: dict[str, Event] = {}
        known, self._questions = self._questions, {}
        self.is_in_doubt = False
        for chat in chats_with_questions(sessions):
            if _may_be_repeated(chat, sessions):
                self.is_in_doubt = True
                continue
            asked = (chat.activity_since, chat.activity_detail)
            self._questions[chat.id] = asked
            # The window shows earlier questions by itself when it opens.
            is_news = chat.id in shown or chat.since is None or chat.since >= self._started
            if known.get(chat.id) != asked and is_news:
                found[chat.id] = Event("asks", asked)
        return found

    def _look_for_turns(self, chats: list[Chat]) -> dict[str, Event]:
        found: dict[str, Event] = {}
        former, self._working = self._working, {}
        for chat in chats:
            if chat.activity is Activity.WORKING:
                self._working[chat.id] = former.get(chat.id) or _time(chat)
            elif chat.activity is Activity.IDLE and chat.id in former and structured_chat_shown_by(chat, chats) is None:
                seconds = (_time(chat) - former[chat.id]).total_seconds()
                if self._is_long(seconds):
                    found[chat.id] = Event("done", text=chat.activity_detail, seconds=seconds)
        return found

    def _look_for_commands(self, chats: list[Chat]) -> dict[str, Event]:
        found: dict[str, Event] = {}
        former, self._commands = self._commands, {}
        for chat in chats:
            if chat.foreground:
                began = parse_time(chat.foreground_since) or datetime.now(UTC)
                self._commands[chat.id] = former.get(chat.id) or (chat.foreground, began)
            elif chat.foreground is not None and chat.id in former:
                command, began = former[chat.id]
                ended = parse_time(chat.last_ended or chat.foreground_since) or datetime.now(UTC)
                seconds = (ended - began).total_seconds()
                if self._is_long(seconds):
                    found[chat.id] = Event("ran", text=command, seconds=seconds)
        return found

    def _is_long(self, seconds: float) -> bool:
        return 0 < self.long_turn_s <= seconds

    def _look_for_deaths(self, chats: list[Chat]) -> dict[str, Event]:
        former, self._running = self._running, {chat.id for chat in chats if not chat.has_ended}
        return {chat.id: Event("died") for chat in chats if chat.id in former and chat.has_ended and chat.has_failed}


def _may_be_repeated(chat: Chat, sessions: SessionsModel) -> bool:
    """Whether the structured chat that a terminal shows may be about to ask the same."""
    if chat.since is None or structured_chat_shown_by(chat, sessions.chats()) is None:
        return False
    return datetime.now(UTC) - chat.since < timedelta(milliseconds=SETTLE_MS)


def _time(chat: Chat) -> datetime:
    """When the chat's activity began."""
    return parse_time(chat.activity_since) or datetime.now(UTC)
