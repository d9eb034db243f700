"""Notifies when a chat asks, finishes a long turn or command, dies, or is quiet and watched for that.

The notifications of programs in shells are passed on, too. Chats that the user views or has muted do not notify. Events
are transitions; they are collected for a moment, and shown only while they are still true. Up to two chats get
notifications of their own, more share one that names them (a group). A notification's key is its chat's id; that of a
program's notification has the program's own id, or a number, after it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Container, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

from PySide6.QtCore import QObject, Signal

from gui.bridge.chat import Chat
from gui.bridge.chat_marks import QUIET_S
from gui.bridge.sessions import Sessions
from gui.timers import single_shot
from gui.wording import notice_texts, phrases, tray_texts
from gui.wording.tray_texts import MAX_TEXT, MAX_TITLE, passed_on
from session_host.agents.agent import Agent
from session_host.errors import OutliveError
from session_host.protocol.messages import NotificationEvent
from session_host.protocol.values import Activity
from session_host.standing.ages import duration
from session_host.standing.endings import end_of, has_failed
from session_host.standing.groups import Group
from session_host.standing.traits import traits_of
from session_host.structured.markdown_line import plain_text
from session_host.system.clock import parse_time

if TYPE_CHECKING:
    from .questions import AnswerableQuestion

Kind = Literal["asks", "done", "failed", "ran", "died", "refused", "notified", "quiet"]
"""In this order: a question, the end of an agent's turn, its end by an error, the end of a shell's command, a chat's
unexpected end, an answer from a notification that was not accepted, notifications of a program in a shell, and a
watched chat that wrote nothing more, or ended."""


class Event(NamedTuple):
    """An event in a chat.

    Attributes:
        kind: its kind.
        question: for "asks": the time of the question, and its text.
        text: for "done": the agent's last message, "" for none; for "failed": the error; for "ran": the command.
        seconds: for "done", "failed" and "ran": the duration.
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
        states = {"asks": Activity.NEEDS_INPUT, "done": Activity.IDLE, "failed": Activity.IDLE}
        expected = states.get(self.kind, chat.record.status.activity)
        return not chat.has_ended and chat.record.status.activity is expected


class Events:
    """Finds new events by comparing the chats' states with those of the previous call.

    Attributes:
        long_turn_s: the minimum duration of a turn or command that is an event when it ends, unless an error stopped
            the turn; 0 for no such events.
    """

    def __init__(self) -> None:
        self.long_turn_s = 0.0
        self._started = datetime.now(UTC)
        self._questions: dict[str, tuple[str, str]] = {}
        """The time and the text of each chat's question, by chat; the last known ones of unreachable chats."""
        self._reported: set[str] = set()
        """The chats with an activity that was reported."""
        self._working: dict[str, datetime] = {}
        """The time at which each working chat began to work."""
        self._commands: dict[str, tuple[str, datetime]] = {}
        """Each shell's running command, and the time at which it began."""
        self._running: set[str] = set()
        """The chats that have not ended."""

    def find_events(self, sessions: Sessions, shown: Container[str]) -> dict[str, Event]:
        """The new events by chat; ``shown`` has the chats for which a notification is shown."""
        running = sessions.listed.running()
        questions = self._find_questions(sessions, shown)
        failures = self._find_failures(sessions, running)
        return questions | self._find_turns(running) | self._find_commands(running) | failures

    def has_question(self, session_id: str) -> bool:
        """Whether a chat has a question."""
        return session_id in self._questions

    def _find_questions(self, sessions: Sessions, shown: Container[str]) -> dict[str, Event]:
        found: dict[str, Event] = {}
        known = self._questions
        self._questions = {each: asked for each, asked in known.items() if _is_unreachable(sessions.chats.get(each))}
        reported = self._reported
        self._reported = {chat.id for chat in sessions.listed.running() if chat.record.status.since}
        if (now := datetime.now(UTC)) < self._started:
            self._started = now - timedelta(minutes=1)  # The clock was set back: what is asked from now on is new.
        for chat in sessions.listed.groups()[Group.NEEDS_YOU]:
            question = (chat.record.status.since, chat.record.status.detail)
            self._questions[chat.id] = question
            # Earlier questions need no notification: the user sees them when the window opens. The clock of another
            # machine may differ.
            is_seen = chat.id in shown or (chat.id in reported and not chat.machine.has_our_clock)
            is_new = is_seen or chat.since is None or chat.since >= self._started
            if known.get(chat.id) != question and is_new:
                found[chat.id] = Event("asks", question)
        return found

    def _find_turns(self, chats: list[Chat]) -> dict[str, Event]:
        found: dict[str, Event] = {}
        previous, self._working = self._working, {}
        for chat in chats:
            if chat.record.status.activity is Activity.WORKING:
                self._working[chat.id] = previous.get(chat.id) or _activity_start(chat)
            elif chat.record.status.activity is Activity.IDLE and chat.id in previous:
                seconds = (_activity_start(chat) - previous[chat.id]).total_seconds()
                failed = chat.record.status.failed
                if self._is_long(seconds) or (failed and self.long_turn_s):
                    text = plain_text(chat.record.status.detail)
                    found[chat.id] = Event("failed" if failed else "done", text=text, seconds=seconds)
        return found

    def _find_commands(self, chats: list[Chat]) -> dict[str, Event]:
        found: dict[str, Event] = {}
        previous, self._commands = self._commands, {}
        for chat in chats:
            if chat.foreground:
                began = parse_time(chat.record.shell.since) or datetime.now(UTC)
                self._commands[chat.id] = previous.get(chat.id) or (chat.foreground, began)
            elif chat.foreground is not None and chat.id in previous:
                command, began = previous[chat.id]
                ended = parse_time(chat.record.shell.last_ended or chat.record.shell.since) or datetime.now(UTC)
                seconds = (ended - began).total_seconds()
                if self._is_long(seconds):
                    found[chat.id] = Event("ran", text=command, seconds=seconds)
        return found

    def _is_long(self, seconds: float) -> bool:
        return 0 < self.long_turn_s <= seconds

    def _find_failures(self, sessions: Sessions, running: list[Chat]) -> dict[str, Event]:
        previous, self._running = self._running, {chat.id for chat in running}
        ended = filter(None, map(sessions.chats.get, previous - self._running))
        return {chat.id: Event("died") for chat in ended if chat.has_ended and has_failed(chat.record)}


def _is_unreachable(chat: Chat | None) -> bool:
    return chat is not None and chat.is_unreachable


def _activity_start(chat: Chat) -> datetime:
    """The time at which the chat's activity began."""
    return parse_time(chat.record.status.since) or datetime.now(UTC)


COLLECT_MS = 500
"""Events are collected for this time before they are shown."""

HOOK_TIMES = 3
"""A question that a hook of the user's own may answer at once is collected for so many times as long."""

MIN_GROUP = 3
"""This many chats or more share one notification."""

GROUP_OPEN_S = 5.0
"""A chat with an event within this time is added to the group's notification."""

MAX_NOTIFIED = 4
"""The most notifications of one chat's programs that are shown at once; older ones are withdrawn."""

MAX_LINES = 3
"""The most notifications of one chat's programs in one moment; older ones are left out."""

_MAX_NAMES = 12
_MAX_IDENTITY = 200

_GROUPED_AS: Final[Mapping[Kind, Kind]] = {"ran": "done", "quiet": "notified"}


class Notifications(Protocol):
    """Shows notifications: the desktop's service, or the tray."""

    def show(self, key: str, title: str, text: str, actions: Sequence[tuple[str, str]] = ()) -> None:
        """Show a notification, in place of an earlier one with this key; ``actions`` are ids and labels of buttons."""

    def withdraw(self, key: str) -> None:
        """Withdraw a notification, if there is one."""


class Notifier(QObject):
    """Shows notifications of chats, and withdraws them when they are answered, seen, muted or out of date.

    Attributes:
        is_enabled: whether notifications are enabled in the settings.

    Signals:
        question_over: a question that was shown is over, wherever it was answered: the chat's id, a title, and where
            the chat is.
    """

    question_over = Signal(str, str, str)

    def __init__(
        self,
        sessions: Sessions,
        agents: Mapping[str, Agent],
        viewed: Callable[[], Collection[Chat]],
        notifications: Notifications,
        collect_ms: int = COLLECT_MS,
    ) -> None:
        """``viewed`` returns the chats that the user sees now."""
        super().__init__(sessions)
        self._sessions = sessions
        self._agents = agents
        self._viewed = viewed
        self._notifications = notifications
        self._events = Events()
        self.is_enabled = True
        self._pending: dict[str, Event] = {}
        """The collected events, by key."""
        self._shown: dict[str, Event] = {}
        """The shown events, by key."""
        self._asked_at_s: dict[str, float] = {}
        """The arrival of each collected question (CLOCK_MONOTONIC), by key."""
        self._groups: dict[str, dict[str, None]] = {}
        """The keys of each group's members in their order, by the group's key."""
        self._group_shown_at_s = 0.0
        self._moment = 0
        """Counts the moments in which events were shown."""
        self._asked: dict[str, None] = {}
        """The chats with a question that was shown, and is not over."""
        self._offers: dict[str, AnswerableQuestion] = {}
        """The questions that can be answered from their notifications, by chat."""
        self._collect_timer = single_shot(self, collect_ms)
        self._collect_timer.timeout.connect(self._show_pending)
        sessions.chats.changed.connect(self.check)
        for chat in sessions.chats.made():
            self._follow(chat)
        sessions.chats.added.connect(self._follow)
        sessions.muting.changed.connect(self.check)
        sessions.quiet_watch.found_quiet.connect(self._on_quiet)

    def apply_settings(self, *, is_enabled: bool, long_turn_s: float = 0) -> None:
        """Apply the user's settings.

        Args:
            is_enabled: whether notifications are shown.
            long_turn_s: the minimum duration of a turn or command with a notification at its end; 0 for none.
        """
        self.is_enabled, self._events.long_turn_s = is_enabled, long_turn_s

    def check(self) -> None:
        """Find new events, and withdraw notifications that are out of date."""
        found = self._events.find_events(self._sessions, self._shown)
        for key in [key for key in self._asked if not self._events.has_question(key)]:
            del self._asked[key]
            if (chat := self._chat(key)) is not None:
                where = chat.workplace.short_directory(chat.record.origin.cwd)
                self.question_over.emit(key, tray_texts.QUESTION_OVER(name=chat.full_name), where)
        for key in {**self._pending, **self._shown}:
            event = self._pending.get(key) or self._shown[key]
            if not self._is_current(key, event):
                self._withdraw(key)
        for key, event in found.items():
            self._collect(key, event)

    def _follow(self, chat: Chat) -> None:
        chat.notified.connect(lambda event: self._on_notified(chat, event))

    def _on_notified(self, chat: Chat, notification: NotificationEvent) -> None:
        """Collect a program's notification; one with the program's own id replaces the previous one with that."""
        message = notification.title[: 2 * MAX_TITLE], notification.body[: 2 * MAX_TEXT]
        identity = notification.identity[:_MAX_IDENTITY]
        key = f"{chat.id} id {identity}" if identity else f"{chat.id} {self._moment}"
        previous = self._pending[key].messages if key in self._pending and not identity else ()
        self._collect(key, Event("notified", messages=(*previous, message)[-MAX_LINES:]))
        self._withdraw_oldest(chat, self._pending)

    def _on_quiet(self, chat: Chat) -> None:
        """Report a watched chat that is quiet or has ended, once the user does not look at it."""
        if chat.has_ended or chat not in self._viewed():
            self._sessions.quiet_watch.end(chat.id)
            self._collect(chat.id, Event("quiet"))

    def _collect(self, key: str, event: Event) -> None:
        if self._is_current(key, event):
            self._pending[key] = event
            if event.kind == "asks":
                self._asked_at_s.setdefault(key, time.monotonic())
            if not self._collect_timer.isActive():
                self._collect_timer.start()

    def _is_current(self, key: str, event: Event) -> bool:
        """Whether an event is still true and the user has not seen it."""
        chat = self._chat(key)
        if chat is None or not event.is_current(chat) or (event.kind == "asks" and not self._events.has_question(key)):
            return False
        # A watch is the user's own, later wish.
        is_wanted = event.kind == "quiet" or (self.is_enabled and not self._sessions.muting.is_muted(chat))
        return is_wanted and chat not in self._viewed()

    def chat_of(self, key: str) -> Chat | None:
        """The chat of the notification with this key; for a group, its first chat that still exists."""
        return next(filter(None, map(self._chat, self._groups.get(key, [key]))), None)

    def _chat(self, key: str) -> Chat | None:
        """The chat of a notification that is not a group's; None once it is removed."""
        return self._sessions.chats.get(key.partition(" ")[0])

    # ------------------------------------------------------------ showing

    def _show_pending(self) -> None:
        waiting = {key: event for key, event in self._pending.items() if self._waits_for_hook(key, event)}
        pending = {key: event for key, event in self._pending.items() if key not in waiting}
        self._pending = waiting
        if waiting:
            self._collect_timer.start()
        for key in pending:
            self._asked_at_s.pop(key, None)
        self._moment += 1
        kinds: dict[str, dict[str, Chat]] = {}
        for key, event in pending.items():
            if (chat := self._chat(key)) is not None:
                kinds.setdefault(_GROUPED_AS.get(event.kind, event.kind), {})[key] = chat
        for kind, chats in kinds.items():
            if len(set(chats.values())) >= MIN_GROUP or self._is_group_open(kind):
                self._show_group(kind, chats)
            else:
                for key, chat in chats.items():
                    self._show(key, chat, pending[key])
            for key in chats:
                self._shown.pop(key, None)  # The newest one is the last one.
                self._shown[key] = pending[key]
                if kind == "asks":
                    self._asked[key] = None
            for chat in set(chats.values()) if kind == "notified" else ():
                self._withdraw_oldest(chat, self._shown)

    def _waits_for_hook(self, key: str, event: Event) -> bool:
        """Whether the user's own hook may still answer a question, while the agent's dialog is open."""
        chat = self._chat(key)
        if event.kind != "asks" or chat is None or not traits_of(chat.record).own_dialog:
            return False
        agent = self._sessions.machines.agent_of(chat)
        if agent is None or not agent.signals.answered_by_hook:
            return False
        wait_s = HOOK_TIMES * self._collect_timer.interval() / 1000
        return time.monotonic() - self._asked_at_s.get(key, 0.0) < wait_s

    def _withdraw_oldest(self, chat: Chat, events: Mapping[str, Event]) -> None:
        """Withdraw the oldest of too many notifications of a chat's programs, among the collected or the shown ones."""
        shown = [key for key, event in events.items() if event.kind == "notified" and self._chat(key) is chat]
        for key in shown[:-MAX_NOTIFIED]:
            self._withdraw(key)

    def _is_group_open(self, kind: str) -> bool:
        """Whether a group of this kind was shown so recently that chats can be added."""
        return kind in self._groups and time.monotonic() - self._group_shown_at_s < GROUP_OPEN_S

    def _show_group(self, kind: str, chats: Mapping[str, Chat]) -> None:
        """Show one notification for these chats, by key, and for those that the group of this kind already has."""
        for key in chats:
            if key not in self._groups.get(kind, {}):
                self._withdraw(key)
        self._groups[kind] = self._groups.get(kind, {}) | dict.fromkeys(chats)
        self._group_shown_at_s = time.monotonic()
        named = list(dict.fromkeys(filter(None, map(self._chat, self._groups[kind]))))
        names = [chat.full_name for chat in named]
        title = {
            "asks": tray_texts.SEVERAL_NEED_YOU,
            "done": tray_texts.SEVERAL_FINISHED,
            "failed": tray_texts.SEVERAL_FAILED,
            "died": tray_texts.SEVERAL_DIED,
            "notified": tray_texts.SEVERAL_NOTIFIED,
        }[kind](n=len(names))
        self._notifications.show(kind, title, tray_texts.names(names[:_MAX_NAMES], len(names) - _MAX_NAMES))

    def _show(self, key: str, chat: Chat, event: Event) -> None:
        self._remove_from_group(key)
        where = chat.workplace.short_directory(chat.record.origin.cwd)
        if event.kind == "asks":
            self._show_question(chat)
        elif event.kind == "notified":
            self._notifications.show(key, *passed_on(chat.full_name, event.messages))
        elif event.kind in {"done", "failed"}:
            title_of = tray_texts.FAILED if event.kind == "failed" else tray_texts.FINISHED
            text = tray_texts.AFTER(duration=duration(event.seconds), what=event.text or where)
            self._notifications.show(chat.id, title_of(name=chat.full_name), text)
        elif event.kind == "ran":
            title = tray_texts.command_ended(
                phrases.shortened(event.text), chat.command_line_name, chat.record.shell.last_exit_code
            )
            text = tray_texts.HOW_LONG_AND_WHERE(duration=duration(event.seconds), directory=where)
            self._notifications.show(chat.id, title, text)
        elif event.kind == "quiet" and not chat.has_ended:
            text = tray_texts.HOW_QUIET_AND_WHERE(seconds=QUIET_S, where=where)
            self._notifications.show(chat.id, tray_texts.QUIET(name=chat.full_name), text)
        else:
            title_of = tray_texts.ENDED_UNEXPECTEDLY if has_failed(chat.record) else notice_texts.ENDED
            self._notifications.show(
                chat.id,
                title_of(name=chat.full_name),
                tray_texts.HOW_AND_WHERE(how=end_of(chat.record.outcome).phrase, where=where),
            )

    def _show_question(self, chat: Chat) -> None:
        agent = self._sessions.machines.agent_of(chat)
        has_dialog = traits_of(chat.record).own_dialog
        if has_dialog:
            self._show_text(chat)  # Replaced by a notification with answers if the agent's hook reports the request.
        if not has_dialog or (agent is not None and agent.signals.answered_by_hook):
            self._sessions.tasks.start(self._show_offer(chat), "a question for a notification")

    def _show_text(self, chat: Chat, question: str = "") -> None:
        where = chat.workplace.short_directory(chat.record.origin.cwd)
        text = (
            question
            or chat.record.status.detail
            or tray_texts.NEEDS_YOUR_ANSWER(agent=chat.agent_title, directory=where)
        )
        self._offers.pop(chat.id, None)
        self._notifications.show(chat.id, tray_texts.NEEDS_YOU(name=chat.full_name), text)

    async def _show_offer(self, chat: Chat) -> None:
        """Show a question that can be answered outside of a terminal; with answers if it is short enough."""
        from . import questions

        asked = self._shown.get(chat.id)
        found = await questions.find_request(chat)
        offered = questions.offer(found, chat.machine.home) if found is not None else None
        if asked is None or self._shown.get(chat.id) != asked or chat in self._viewed():
            return  # It was answered or seen meanwhile.
        if offered is None:
            if not traits_of(chat.record).own_dialog:
                self._show_text(chat, questions.summary(found) if found is not None else "")
            return
        self._offers[chat.id] = offered
        self._notifications.show(chat.id, tray_texts.NEEDS_YOU(name=chat.full_name), offered.text, offered.actions)

    def _withdraw(self, key: str) -> None:
        self._pending.pop(key, None)
        self._asked_at_s.pop(key, None)
        self._offers.pop(key, None)
        was_shown = self._shown.pop(key, None) is not None
        if not self._remove_from_group(key) and was_shown:
            self._notifications.withdraw(key)

    def _remove_from_group(self, key: str) -> bool:
        """Remove a member from its group, and withdraw an empty group; returns whether it was in a group."""
        group = next((group for group, members in self._groups.items() if key in members), None)
        if group is None:
            return False
        del self._groups[group][key]
        if not self._groups[group]:
            del self._groups[group]
            self._notifications.withdraw(group)
        return True

    # ------------------------------------------------------------ answers

    def answer(self, session_id: str, action: str) -> None:
        """Send the user's answer, chosen in the notification, to the chat."""
        offered, chat = self._offers.get(session_id), self._sessions.chats.get(session_id)
        if offered is not None and chat is not None and action in offered.options:
            del self._offers[session_id]
            self._sessions.tasks.start(self._answer(chat, offered, action), "an answer from a notification")

    async def _answer(self, chat: Chat, offered: AnswerableQuestion, action: str) -> None:
        from . import questions

        try:
            await questions.answer(chat, offered, action)
        except OutliveError as error:
            self._shown[chat.id] = Event("refused")
            self._notifications.show(chat.id, chat.full_name, str(error))
