"""State that results from replaying the input log (everything except the screen). Pure.

Each entry may be applied twice, if all entries after it are applied again too: a checkpoint's state may already
include the first entries that are read after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from session_host.protocol.events import LimitsChanged, NumberedEvent, TurnCounted, TurnEnded, TurnStarted, with_events
from session_host.protocol.facts import LaterPrompt
from session_host.protocol.messages import Colors, Resized
from session_host.protocol.turns import TurnFacts, TurnWork
from session_host.protocol.values import Activity, CommandTime, in_turns
from session_host.structured.items import RequestResolved
from session_host.terminal.typed_line import (
    PromptState,
    after_activity,
    after_input,
    others_after,
    text_after,
    unsent_after,
)

from .log_entries import EntryKind, LogEntry

KEPT_RESIZES = 1000
KEPT_TYPED = 256
KEPT_ATTACHMENTS = 512
KEPT_ANSWERS = 64
KEPT_TURNS = 256
KEPT_COMMANDS = 256
_FOCUS = {b"\x1b[I": True, b"\x1b[O": False}
"""The focus reports of a terminal."""


class SavedChat(msgspec.Struct, array_like=True):
    """The state of a structured chat at one offset of the transcript log.

    Attributes:
        offset: the offset of the log, after a whole record.
        raw_offset: the offset of the agent's output, after the last line that was read.
        skipped, skipped_start: see ``lines.LineSplitter``.
        rules: the state of the rules, as msgpack.
        dialect: the dialect's own state.
    """

    offset: int
    raw_offset: int
    skipped: int
    skipped_start: bytes
    rules: bytes
    dialect: bytes
    timers: dict[str, float] = {}
    """The dialect's running timers, with their times in seconds."""


class AttachmentState(msgspec.Struct):
    """One viewer's attachment, and the last input that was accepted from it."""

    read_only: bool
    last_sequence: int = 0
    focused: bool | None = None
    """Whether the viewer has the keyboard focus; None if unknown."""


class SourceReport(msgspec.Struct, frozen=True, array_like=True):
    """The last report of one source of the activity."""

    source: str
    text: str
    """The report in the source's own words, one line."""
    activity: Activity | None
    """The reported activity; None if the report is not about the activity."""
    at: str
    """ISO 8601, UTC."""
    at_s: float
    """The same time on CLOCK_MONOTONIC."""
    detail: str = ""
    """The question or the task."""
    kind: str = ""
    """The kind of question, if the source does not report its text."""
    reports_activity: bool = False
    """Whether the source has reported activities; weaker sources are then ignored."""


class CommandState(msgspec.Struct, frozen=True, array_like=True):
    """A shell's last command, by the shell's marks in the output; see ``host.watchers.foreground``."""

    is_running: bool = False
    """Whether the command has begun and has not ended."""
    exit_code: int | None = None
    """The exit code of the last command; None while a command runs, or if the code is unknown."""
    ended: str = ""
    """The time of its end, ISO 8601, UTC; "" if ``exit_code`` is None."""
    began_s: float = 0.0
    """When the running command began, on CLOCK_BOOTTIME; 0 for none."""


NO_COMMAND: Final = CommandState()


class ForegroundState(msgspec.Struct, frozen=True, array_like=True):
    """A shell's foreground program at the last look; see ``host.watchers.foreground``."""

    group: int = 0
    """The terminal's foreground process group; 0 before the first look."""
    program: str = ""
    """Its name; "" while the shell waits for a command."""
    since: str = ""
    """The time at which it came to the foreground (ISO 8601, UTC); "" if no host has saved it."""


NO_FOREGROUND: Final = ForegroundState()


class ActivityState(msgspec.Struct, frozen=True):
    """The activity as of an offset of the output; see ``agents.status.activity``."""

    offset: int
    activity: Activity
    source: str
    since: str
    detail: str
    reports: tuple[SourceReport, ...] = ()
    answered_s: float | None = None
    """When the user answered a question, before its source reports the end; as in ``SourceReport.at_s``."""
    last_input: str = ""
    plugin_process: tuple[int, int] | None = None
    """The process of the reporting plugin, and its kernel start time."""
    reporting_group: int = 0
    """The terminal's foreground process group at the last report by OSC 7501; 0 before the first report."""
    fresh_sources: tuple[str, ...] = ()
    """Sources with a last report about the current question or work."""
    command: CommandState = NO_COMMAND
    turn: int = -1
    """The offset of the output at which the agent's last turn began; -1 for none."""
    foreground: ForegroundState = NO_FOREGROUND
    failure: SourceReport | None = None
    """The error that stopped the last turn; None if none did."""
    doubted_s: float | None = None
    """The time of a report of "idle" that is not certain yet, as in ``SourceReport.at_s``; None for none."""
    is_work_over: bool = False
    """Whether what it ran in the background has ended, and may begin a turn."""
    events: tuple[NumberedEvent, ...] = ()
    """What happened since the entry before this one; in an entry alone."""
    background_from: int | None = None
    """See ``host.watchers.background.BackgroundWork.counts_from``."""
    said: str = ""
    """As ``AgentStatus.said``."""

    @property
    def in_turns(self) -> Activity:
        """The activity as to the agent's turns; see ``values.in_turns``."""
        return in_turns(self.activity, self.source)


class ConversationState(msgspec.Struct, frozen=True):
    """The agent's own id of its conversation, and the source of that id; see ``host.watchers.conversation``."""

    conversation: str
    source: str


class LaterState(msgspec.Struct, frozen=True, array_like=True):
    """The prompt that is to be sent at a time."""

    prompt: LaterPrompt | None
    events: tuple[NumberedEvent, ...] = ()


class HookAnswer(msgspec.Struct, frozen=True, array_like=True):
    """The user's answer to a question of the agent's hook."""

    resolved: RequestResolved
    token: str = ""
    """The token of the command that gave the answer; see ``messages.SendChatInput``."""
    texts: dict[str, str] = {}


class HeldInput(msgspec.Struct, frozen=True, array_like=True):
    """A viewer's input that waits until the agent takes input."""

    attachment: str
    number: int
    message: bytes
    """The viewer's message, as msgpack."""


def with_lines(edited: tuple[int, int], work: TurnWork | None) -> tuple[int, int]:
    """Added and removed lines with those of one more turn."""
    return edited if work is None else (edited[0] + work.added, edited[1] + work.removed)


def with_answer(answers: Sequence[HookAnswer], answer: HookAnswer) -> list[HookAnswer]:
    """The newest answers after one more, which replaces an answer to the same question."""
    others = (each for each in answers if each.resolved.id != answer.resolved.id)
    return [*others, answer][-KEPT_ANSWERS:]


def newest_times(times: Sequence[CommandTime], new: Sequence[CommandTime]) -> list[CommandTime]:
    """The times of the newest commands after others, which replace those of the same commands."""
    by_number = {time.number: time for time in (*times, *new)}
    return list(by_number.values())[-KEPT_COMMANDS:]


_WHOLE: Final[dict[int, tuple[str, type[msgspec.Struct]]]] = {
    EntryKind.COLORS: ("colors", Colors),
    EntryKind.ACTIVITY: ("activity", ActivityState),
    EntryKind.CONVERSATION: ("conversation", ConversationState),
}
"""Entry kinds where only the last one matters, with the field and type that it sets."""


class LogState(msgspec.Struct):
    """The state that an input log's entries add up to.

    Attributes:
        child_started: the child's kernel start time; None before it was exec'd.
        name: the session's name; "" for the name in the spec.
        answered: output offset and count of resizes up to which the program's queries are answered.
        attachments: the attachments by their ids, in hexadecimal, oldest first.
        typed_tokens: the tokens of the newest texts that commands typed.
        resizes: the newest, in order.
        focus: the last focus report to the program; None for none.
        chat: the state of a structured chat; changed by the transcript log, not by entries.
        answers: the newest answers to questions of the agent's hooks, oldest first.
        turns: the offsets of the output at which the agent's newest turns began, in order.
        commands: the times of a shell's newest commands.
        starting: whether the agent was started, and is not known to take input yet.
        held: the input that waits until it does, oldest first.
        prompt: what is known about the agent's input line.
        unsent: the row of the screen that ends with a text that a command typed and could not send; "" for none.
        events: the newest events, and those that the ledger has not got; see ``events.with_events``.
        events_saved: the number of the last event that the ledger has.
        told_to: the offset of the transcript log up to which its questions are among the events.
        turn: the number of the last turn.
        open_turn: the agent's id of the turn that runs, "" in a terminal; None while none does.
        last: that turn, whether it runs or is over; None before the first one, and if an earlier version saw it.
        counted: the number of the last turn that is counted (``turn_counted``).
        edited: ``AgentStatus.edited_lines``.
        later: the prompt that is to be sent at a time; None for none.
        limits: the last event of the account's limits; None for none.
        reported: the number of the last turn whose answer was given to the agent that started the chat.
        line_text: the token of the command's text that was typed last, with no other input since; "" for none.
        line_of_others: whether the input line may have something that no command typed.
    """

    child_started: int | None = None
    name: str = ""
    answered: tuple[int, int] = (0, 0)
    attachments: dict[str, AttachmentState] = {}
    typed_tokens: list[str] = []
    resizes: list[Resized] = []
    colors: Colors | None = None
    activity: ActivityState | None = None
    conversation: ConversationState | None = None
    focus: bool | None = None
    chat: SavedChat | None = None
    answers: list[HookAnswer] = []
    turns: list[int] = []
    prompt: PromptState = PromptState.TYPED
    commands: list[CommandTime] = []
    starting: bool = False
    held: list[HeldInput] = []
    unsent: str = ""
    events: list[NumberedEvent] = []
    events_saved: int = 0
    told_to: int = 0
    turn: int = 0
    open_turn: str | None = None
    reported: int = 0
    line_text: str = ""
    line_of_others: bool = False
    last: TurnFacts | None = None
    counted: int = 0
    edited: tuple[int, int] = (0, 0)
    later: LaterPrompt | None = None
    limits: LimitsChanged | None = None

    def apply(self, entry: LogEntry) -> None:
        """Apply an entry; one of an unknown kind changes nothing."""
        tag = entry.tag.hex()
        match entry.kind:
            case EntryKind.INPUT:
                self._input(entry)
            case EntryKind.TYPED:
                self.typed_tokens = [*(each for each in self.typed_tokens if each != tag), tag][-KEPT_TYPED:]
                self._typed(entry.payload, tag)
            case EntryKind.REPLY:
                resizes = int.from_bytes(entry.tag[:8], "little")
                self.answered = max(self.answered, (entry.number, resizes))
            case EntryKind.FOCUS:
                self.focus = bool(entry.number)
            case EntryKind.RUNNING:
                self.child_started = entry.number
                self.prompt, self.line_of_others = PromptState.EMPTY, False
                self.starting = True
            case EntryKind.ATTACHED:
                self.attachments.setdefault(tag, AttachmentState(bool(entry.payload)))
                while len(self.attachments) > KEPT_ATTACHMENTS:
                    del self.attachments[next(iter(self.attachments))]
            case EntryKind.DETACHED:
                self.attachments.pop(tag, None)
            case EntryKind.RESIZED:
                message = msgspec.msgpack.decode(entry.payload, type=Resized)
                if not self.resizes or message.number > self.resizes[-1].number:
                    self.resizes = [*self.resizes, message][-KEPT_RESIZES:]
            case EntryKind.NAME | EntryKind.UNSENT:
                setattr(self, "name" if entry.kind == EntryKind.NAME else "unsent", entry.payload.decode())
            case EntryKind.COLORS | EntryKind.ACTIVITY | EntryKind.CONVERSATION:
                self._set_value(entry)
            case EntryKind.ANSWERED | EntryKind.COMMANDS:
                self._newest(entry)
            case _:
                self._other(entry)

    def _newest(self, entry: LogEntry) -> None:
        if entry.kind == EntryKind.ANSWERED:
            self.answers = with_answer(self.answers, msgspec.msgpack.decode(entry.payload, type=HookAnswer))
        else:
            new = msgspec.msgpack.decode(entry.payload, type=list[CommandTime])
            self.commands = newest_times(self.commands, new)

    def _set_value(self, entry: LogEntry) -> None:
        name, kind = _WHOLE[entry.kind]
        setattr(self, name, msgspec.msgpack.decode(entry.payload, type=kind))
        if entry.kind == EntryKind.ACTIVITY and self.activity is not None:
            self._add_events(self.activity.events)
            began = any(isinstance(each.event, TurnStarted) for each in self.activity.events)  # It may be over already.
            activity = Activity.WORKING if began else self.activity.in_turns
            self._set_prompt(after_activity(self.prompt, activity))
            if self.activity.turn > (self.turns[-1] if self.turns else -1):
                self.turns = [*self.turns, self.activity.turn][-KEPT_TURNS:]

    def _add_events(self, events: Sequence[NumberedEvent]) -> None:
        for each in events:
            if isinstance(each.event, TurnStarted):
                self.turn, self.open_turn = each.event.turn, each.event.agents_id
                self.last = TurnFacts(by=each.event.by, began=each.at)
            elif isinstance(each.event, TurnEnded):
                self.open_turn, self.last = None, each.event.facts
                self.edited = with_lines(self.edited, each.event.work)
            elif isinstance(each.event, LimitsChanged):
                self.limits = each.event
            elif isinstance(each.event, TurnCounted):
                self.counted = each.event.turn
                self.last = self.last and each.event.of(self.last)
                self.edited = with_lines(self.edited, each.event.work)
        self.events = with_events(self.events, events, saved_to=self.events_saved)

    def _typed(self, data: bytes, text: str = "") -> None:
        self.line_text = text_after(self.line_text, data, text)
        activity = self.activity.in_turns if self.activity is not None else Activity.NO_SIGNAL
        self._set_prompt(after_input(self.prompt, data, activity))
        self.line_of_others = others_after(self.line_of_others, self.prompt, data, is_command=bool(text))

    def _set_prompt(self, state: PromptState) -> None:
        self.prompt, self.unsent = state, unsent_after(self.unsent, self.prompt, state)
        self.line_of_others = self.line_of_others and state is not PromptState.EMPTY

    def _other(self, entry: LogEntry) -> None:
        if entry.kind == EntryKind.STARTED:
            self.starting = False
        if entry.kind == EntryKind.EVENTS:
            self.told_to = max(self.told_to, entry.number)
            self._add_events(msgspec.msgpack.decode(entry.payload, type=list[NumberedEvent]))
        if entry.kind == EntryKind.EVENTS_SAVED:
            self.events_saved = max(self.events_saved, entry.number)
        if entry.kind == EntryKind.REPORTED:
            self.reported = max(self.reported, entry.number)
        if entry.kind == EntryKind.LATER:
            state = msgspec.msgpack.decode(entry.payload, type=LaterState)
            self.later = state.prompt
            self._add_events(state.events)
        if entry.kind != EntryKind.HELD:
            return
        tag = entry.tag.hex()
        self._forget_held(tag, entry.number)
        self.held = [*self.held, HeldInput(tag, entry.number, entry.payload)]
        if (attachment := self.attachments.get(tag)) is not None:
            attachment.last_sequence = max(attachment.last_sequence, entry.number)

    def _forget_held(self, tag: str, number: int) -> None:
        self.held = [each for each in self.held if (each.attachment, each.number) != (tag, number)]

    def _input(self, entry: LogEntry) -> None:
        self._typed(entry.payload)
        if self.held:
            self._forget_held(entry.tag.hex(), entry.number)
        attachment = self.attachments.get(entry.tag.hex())
        if attachment is not None:
            attachment.last_sequence = max(attachment.last_sequence, entry.number)
        if entry.payload in _FOCUS:
            self.focus = _FOCUS[entry.payload]
            if attachment is not None:
                attachment.focused = self.focus
