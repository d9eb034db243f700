"""Events that may need a notification: a question, the end of a long turn or command, an unexpected end."""

from __future__ import annotations

from collections.abc import Container
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from gui.bridge.chat import Chat
from gui.bridge.one_question import chats_with_questions, structured_chat_shown_by
from gui.bridge.sessions_model import SessionsModel
from gui.wording.phrases import parse_time
from session_host.protocol.values import Activity

DOUBT_MS = 1000
"""A structured chat may report a question this much later than its agent's own terminal does."""

Kind = Literal["asks", "done", "ran", "died", "refused"]
"""A question, the end of an agent's turn, the end of a shell's command, an unexpected end; "refused": an answer from a
notification was not accepted."""


class Event(NamedTuple):
    """Something that happened in a chat.

    Attributes:
        kind: what happened.
        question: for "asks": the time of the question, and its text.
        text: for "done": the agent's last message, "" for none; for "ran": the command.
        seconds: for "done" and "ran": the duration.
    """

    kind: Kind
    question: tuple[str, str] = ("", "")
    text: str = ""
    seconds: float = 0.0

    def is_current(self, chat: Chat) -> bool:
        """Whether the chat is still in the state that this event reports."""
        if self.kind == "died":
            return chat.has_ended and not chat.is_continued
        if self.kind == "ran":
            return not chat.has_ended and not chat.foreground
        expected = {"asks": Activity.NEEDS_INPUT, "done": Activity.IDLE}.get(self.kind, chat.activity)
        return not chat.has_ended and chat.activity is expected


class Events:
    """Finds new events by comparing the chats' states with those of the previous call.

    Attributes:
        long_turn_s: the minimum duration of a turn or command with an event at its end; 0 for no such events.
        has_doubtful_question: whether a terminal asks something that its structured chat may report soon; check again.
    """

    def __init__(self) -> None:
        self.long_turn_s = 0.0
        self.has_doubtful_question = False
        self._started = datetime.now(UTC)
        self._questions: dict[str, tuple[str, str]] = {}
        self._working: dict[str, datetime] = {}
        """When each working chat started to work."""
        self._commands: dict[str, tuple[str, datetime]] = {}
        """The running command of each shell, and its start."""
        self._running: set[str] = set()

    def find_events(self, sessions: SessionsModel, shown: Container[str]) -> dict[str, Event]:
        """Find the new events, by chat; ``shown`` are the chats that have a notification."""
        chats = sessions.chats()
        alive = [chat for chat in chats if not chat.has_ended]
        questions = self._find_questions(sessions, shown)
        return questions | self._find_turns(alive) | self._find_commands(alive) | self._find_deaths(chats)

    def note_clock_jump(self) -> None:
        """Count questions from now on as new ones, also if the clock was set back to before the window's start."""
        self._started = min(self._started, datetime.now(UTC))

    def has_question(self, session_id: str) -> bool:
        """Whether a chat has a question that counts as its own."""
        return session_id in self._questions

    def _find_questions(self, sessions: SessionsModel, shown: Container[str]) -> dict[str, Event]:
        found: dict[str, Event] = {}
        known, self._questions = self._questions, {}
        self.has_doubtful_question = False
        for chat in chats_with_questions(sessions):
            if _is_doubtful(chat, sessions):
                self.has_doubtful_question = True
                continue
            asked = (chat.activity_since, chat.activity_detail)
            self._questions[chat.id] = asked
            # The window itself shows earlier questions when it opens.
            is_new = chat.id in shown or chat.since is None or chat.since >= self._started
            if known.get(chat.id) != asked and is_new:
                found[chat.id] = Event("asks", asked)
        return found

    def _find_turns(self, chats: list[Chat]) -> dict[str, Event]:
        found: dict[str, Event] = {}
        previous, self._working = self._working, {}
        for chat in chats:
            if chat.activity is Activity.WORKING:
                self._working[chat.id] = previous.get(chat.id) or _activity_start(chat)
            elif (
                chat.activity is Activity.IDLE and chat.id in previous and structured_chat_shown_by(chat, chats) is None
            ):
                seconds = (_activity_start(chat) - previous[chat.id]).total_seconds()
                if self._is_long(seconds):
                    found[chat.id] = Event("done", text=chat.activity_detail, seconds=seconds)
        return found

    def _find_commands(self, chats: list[Chat]) -> dict[str, Event]:
        found: dict[str, Event] = {}
        previous, self._commands = self._commands, {}
        for chat in chats:
            if chat.foreground:
                began = parse_time(chat.foreground_since) or datetime.now(UTC)
                self._commands[chat.id] = previous.get(chat.id) or (chat.foreground, began)
            elif chat.foreground is not None and chat.id in previous:
                command, began = previous[chat.id]
                ended = parse_time(chat.last_ended or chat.foreground_since) or datetime.now(UTC)
                seconds = (ended - began).total_seconds()
                if self._is_long(seconds):
                    found[chat.id] = Event("ran", text=command, seconds=seconds)
        return found

    def _is_long(self, seconds: float) -> bool:
        return 0 < self.long_turn_s <= seconds

    def _find_deaths(self, chats: list[Chat]) -> dict[str, Event]:
        previous, self._running = self._running, {chat.id for chat in chats if not chat.has_ended}
        return {chat.id: Event("died") for chat in chats if chat.id in previous and chat.has_ended and chat.has_failed}


def _is_doubtful(chat: Chat, sessions: SessionsModel) -> bool:
    """Whether a terminal's structured chat may soon report the same question."""
    if chat.since is None or structured_chat_shown_by(chat, sessions.chats()) is None:
        return False
    return datetime.now(UTC) - chat.since < timedelta(milliseconds=DOUBT_MS)


def _activity_start(chat: Chat) -> datetime:
    """When the chat's activity began."""
    return parse_time(chat.activity_since) or datetime.now(UTC)
