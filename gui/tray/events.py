"""Events that may need a notification: a question, the end of a long turn or command, a chat's unexpected end.

A program's own notification and a watched chat that is quiet are events, too; ``Notifier`` makes them.
"""

from __future__ import annotations

import time
from collections.abc import Container
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from gui.bridge.chat import Chat
from gui.bridge.one_question import chats_with_questions, structured_chat_shown_by
from gui.bridge.quiet_watch import QUIET_S
from gui.bridge.sessions import Sessions
from session_host.protocol.values import Activity
from session_host.system.clock import parse_time

UNCERTAIN_MS = 1000
"""How long after an agent's own terminal its structured chat may report the same question."""

Kind = Literal["asks", "done", "ran", "died", "refused", "notified", "quiet"]
"""In this order: a question, the end of an agent's turn, the end of a shell's command, a chat's unexpected end, an
answer from a notification that was not accepted, notifications of a program in a shell, and a watched chat that wrote
nothing more, or ended."""


class Event(NamedTuple):
    """An event in a chat.

    Attributes:
        kind: its kind.
        question: for "asks": the time of the question, and its text.
        text: for "done": the agent's last message, "" for none; for "ran": the command.
        seconds: for "done" and "ran": the duration.
        messages: for "notified": titles and texts of the program's notifications, oldest first.
    """

    kind: Kind
    question: tuple[str, str] = ("", "")
    text: str = ""
    seconds: float = 0.0
    messages: tuple[tuple[str, str], ...] = ()

    def is_current(self, chat: Chat) -> bool:
        """Whether the chat is still in the state that this event reports."""
        if self.kind == "notified":
            return True
        if self.kind == "quiet":
            return chat.has_ended or time.monotonic() - chat.output_at_s >= QUIET_S
        if self.kind == "died":
            return chat.has_ended and not chat.is_continued
        if self.kind == "ran":
            return not chat.has_ended and not chat.foreground
        expected = {"asks": Activity.NEEDS_INPUT, "done": Activity.IDLE}.get(self.kind, chat.activity)
        return not chat.has_ended and chat.activity is expected


class Events:
    """Finds new events by comparing the chats' states with those of the previous call.

    Attributes:
        long_turn_s: the minimum duration of a turn or command that is an event when it ends; 0 for no such events.
        has_uncertain_question: whether an agent's own terminal has a question that its structured chat may report, too;
            the caller must check again after ``UNCERTAIN_MS``.
    """

    def __init__(self) -> None:
        self.long_turn_s = 0.0
        self.has_uncertain_question = False
        self._started = datetime.now(UTC)
        self._questions: dict[str, tuple[str, str]] = {}
        """The time and the text of each chat's question, by chat."""
        self._working: dict[str, datetime] = {}
        """The time at which each working chat began to work."""
        self._commands: dict[str, tuple[str, datetime]] = {}
        """Each shell's running command, and the time at which it began."""
        self._running: set[str] = set()
        """The chats that have not ended."""

    def find_events(self, sessions: Sessions, shown: Container[str]) -> dict[str, Event]:
        """The new events by chat; ``shown`` has the chats for which a notification is shown."""
        running = sessions.running()
        questions = self._find_questions(sessions, shown)
        failures = self._find_failures(sessions, running)
        return questions | self._find_turns(running) | self._find_commands(running) | failures

    def note_clock_jump(self, set_by_s: float) -> None:
        """The clock was set: questions from now on still count as new, and turns keep their durations."""
        self._started = min(self._started, datetime.now(UTC))
        set_by = timedelta(seconds=set_by_s)
        self._working = {chat: began + set_by for chat, began in self._working.items()}
        self._commands = {chat: (command, began + set_by) for chat, (command, began) in self._commands.items()}

    def has_question(self, session_id: str) -> bool:
        """Whether a chat has a question that is certain (see ``has_uncertain_question``)."""
        return session_id in self._questions

    def _find_questions(self, sessions: Sessions, shown: Container[str]) -> dict[str, Event]:
        found: dict[str, Event] = {}
        known, self._questions = self._questions, {}
        self.has_uncertain_question = False
        for chat in chats_with_questions(sessions):
            if _is_uncertain(chat, sessions):
                self.has_uncertain_question = True
                continue
            question = (chat.activity_since, chat.activity_detail)
            self._questions[chat.id] = question
            # Earlier questions need no notification: the user sees them when the window opens.
            is_new = chat.id in shown or chat.since is None or chat.since >= self._started
            if known.get(chat.id) != question and is_new:
                found[chat.id] = Event("asks", question)
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

    def _find_failures(self, sessions: Sessions, running: list[Chat]) -> dict[str, Event]:
        previous, self._running = self._running, {chat.id for chat in running}
        ended = filter(None, map(sessions.get, previous - self._running))
        return {chat.id: Event("died") for chat in ended if chat.has_ended and chat.has_failed}


def _is_uncertain(chat: Chat, sessions: Sessions) -> bool:
    """Whether a terminal's structured chat may soon report the same question."""
    if chat.since is None or structured_chat_shown_by(chat, sessions.running()) is None:
        return False
    # The clock may have been set back since; the question is then certain.
    return abs(datetime.now(UTC) - chat.since) < timedelta(milliseconds=UNCERTAIN_MS)


def _activity_start(chat: Chat) -> datetime:
    """The time at which the chat's activity began."""
    return parse_time(chat.activity_since) or datetime.now(UTC)
