"""The part of a session that speaks to an agent without a terminal.

Answer path, 9 of 15.

Each cause becomes a step of ``structured.rules``. A step becomes effects in this order: its record is appended to the
transcript log, its lines go to the agent by the input log, its operations and timers start. A host that is killed in
between leaves a record without lines; the next host repeats the step and sends them (``host.driver.recover``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from session_host.protocol.launch import StructuredLaunch, Watch
from session_host.protocol.messages import (
    CHAT_INPUTS,
    AnswerRequest,
    ChatInput,
    Done,
    Failed,
    Focus,
    Input,
    Interrupt,
    Prompt,
    Send,
    SendChatInput,
)
from session_host.protocol.values import ErrorCode
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.storage.descriptors.log_state import SavedChat
from session_host.structured.answers import Refusal, done_words
from session_host.structured.copied_items import in_parts
from session_host.structured.items import (
    AgentRequest,
    AnyChange,
    ConversationKnown,
    Item,
    Put,
    Remove,
    RequestOpened,
    RequestResolved,
    SetStatus,
    StateChanged,
    TitleChanged,
    TurnOver,
    UsageChanged,
)
from session_host.structured.lines import AgentLine, LineSplitter
from session_host.structured.log import ASLEEP, FORK, NO_TAG, Cause, InputCause, encode_record, is_news
from session_host.structured.operations import AnyResult
from session_host.structured.rules import Step, StructuredRules, lost_operations
from session_host.structured.text import held_words
from session_host.terminal.base import Emulator

from .attachments import Attachment
from .effects import (
    AppendRecord,
    ChatChanged,
    Effect,
    Log,
    NoteUserInput,
    PromptSent,
    RecordEndRequest,
    SendReply,
    SignalProgram,
    StartOperation,
    StartTimer,
    StopTimer,
    WriteToProgram,
)
from .own_prompts import why_no_input

_REPORTED = (
    *(StateChanged, TurnOver, RequestOpened, RequestResolved, ConversationKnown, TitleChanged, UsageChanged),
    *(Put, SetStatus, Remove),
)
_REPORTED_ITEMS = frozenset({"user", "tool", "thought", "agent"})
"""Changes that matter to others than the transcript's viewers, and the kinds of items whose beginnings do."""

IDLE = "idle"
"""The timer of the idle timeout; no dialect has one of this name."""

HISTORY_RECORD_BYTES = 16 * 1024 * 1024
"""The length of a record with earlier items, unless one of them is longer."""

_GRACEFUL_SIGNAL = "SIGTERM"

_END_IDLE = (RecordEndRequest("idle"), SignalProgram(_GRACEFUL_SIGNAL))

GIVEN_UP = (
    "This version of Outlive cannot continue with the running agent, and has ended it. A prompt resumes the chat."
)
"""Said when the state that another version left cannot be restored."""

_FIRST_PROMPT = "first prompt"
"""The token of the launch's first prompt, so that a replacement host does not repeat it."""


def _is_reported(change: AnyChange) -> bool:
    return isinstance(change, _REPORTED) and (not isinstance(change, Put) or change.item.kind in _REPORTED_ITEMS)


class StructuredSession:
    """What only a structured session has: the steps of its chat. Implements ``SessionKind``.

    Attributes:
        rules: see ``structured.rules``.
        splitter: splits the agent's output into lines.
        log_end: the length of the transcript log with the records that are still to be appended.
        timers: timers that run, with their times in seconds.
        has_amount: returns whether the user has set an amount of money at which to ask before the next turn.
    """

    def __init__(
        self,
        effects: list[Effect],
        rules: StructuredRules,
        splitter: LineSplitter,
        log_end: int,
        now_ms: Callable[[], int],
        launch: StructuredLaunch,
        watch: Watch,
        *,
        timers: dict[str, float],
        read_history: Callable[[], list[AnyChange]],
        runs_on: Callable[[], bool],
    ) -> None:
        """Continue from a state, which is empty for a new session.

        Args:
            effects: the session's list of effects.
            rules: the rules, in the state of the last record.
            splitter: at the position in the agent's output where the last record ends.
            log_end: the length of the transcript log.
            now_ms: returns the time, in milliseconds since 1970.
            launch: the first prompt, the idle timeout, and the session that this one resumes or forks.
            watch: has the beginnings of the agent's commands.
            timers: timers that a previous host left.
            read_history: returns the items of the session that this one resumes or forks.
            runs_on: returns whether something that the agent has started runs.
        """
        self.rules, self.splitter, self.log_end = rules, splitter, log_end
        self.timers = timers
        self._launch, self._watch, self._read_history, self._runs_on = launch, watch, read_history, runs_on
        self.has_amount: Callable[[], bool] = lambda: False
        self._watches_idle = False
        self.effects = effects
        self._now_ms = now_ms

    def saved_state(self) -> SavedChat:
        """The state for a replacement host."""
        splitter = self.splitter
        rules, dialect = self.rules.save()
        return SavedChat(
            self.log_end, splitter.offset, splitter.skipped, splitter.start, rules, dialect, dict(self.timers)
        )

    # ------------------------------------------------------------ causes

    def program_started(self) -> None:
        """Begin, unless a previous host has; restart its timers."""
        for name, after_s in self.timers.items():
            self.effects.append(StartTimer(self, name, after_s))
        if not self.rules.state.begun:
            used = self._append_history()
            now_ms = self._now_ms()
            payload = msgspec.msgpack.encode(used) if used is not None else b""
            self._take(Cause.BEGIN, self.rules.begin(now_ms, used), now_ms, payload=payload)
        elif self.rules.state.has_given_up:
            now_ms = self._now_ms()
            self._append(
                Cause.NOTICE, [Put(Item(f"{self.rules.prefix}-given-up", "notice", now_ms, text=GIVEN_UP))], now_ms
            )
            self.effects.append(SignalProgram(_GRACEFUL_SIGNAL))
        elif self.rules.state.timed_out:
            self.effects += _END_IDLE  # A previous host recorded it, and was killed before.
        else:
            results, operations = lost_operations(self.rules.state)
            for result in results:
                self.operation_done(result)
            self.effects += [StartOperation(operation) for operation in operations]
        if self._launch.prompt:
            self._take_input(Prompt(self._launch.prompt), "", token=_FIRST_PROMPT)

    def _append_history(self) -> UsageChanged | None:
        """Begin the transcript with the items of an earlier session, as several records: they may have many pictures.

        Those that a previous host has appended already are as long as these, and are left out.

        Returns:
            What the earlier session had used, as its agent last said.
        """
        launch, now_ms, end = self._launch, self._now_ms(), 0
        origin = FORK + launch.fork_of.encode() if launch.fork_of else launch.history.encode()
        appended_to, history = self.log_end, self._read_history()
        for changes in in_parts(history, HISTORY_RECORD_BYTES):
            end += len(encode_record(Cause.HISTORY, changes, at_ms=now_ms, raw_end=0, payload=origin))
            if end > appended_to:
                self._append(Cause.HISTORY, changes, now_ms, origin)
                if not launch.fork_of:
                    self.rules.take_over(changes)
        return next((each for each in reversed(history) if isinstance(each, UsageChanged)), None)

    def agent_wrote(self, data: bytes) -> None:
        """The agent wrote this."""
        self._see_amount()
        self._lines(self.splitter.feed(data))

    def asks(self) -> bool:
        """No agent asks its user in a terminal here; ``rules.state.requests`` has its requests."""
        return False

    def requests(self) -> Mapping[str, AgentRequest]:
        """See ``rights.Asking``."""
        return self.rules.state.requests

    def why_no_own(self, request: Send | SendChatInput) -> str:
        """See ``own_prompts``."""
        return why_no_input(request, self._watch)

    def agent_ended(self, errors: str, *, sleeps: bool) -> None:
        """The agent ended, after its last output.

        Args:
            errors: the last lines of its standard error if it failed; "" for none.
            sleeps: whether the chat was put to sleep.
        """
        self._lines(self.splitter.finish())
        now_ms = self._now_ms()
        if errors:
            item = Item(f"{self.rules.prefix}-errors", "notice", now_ms, text=errors)
            self._append(Cause.NOTICE, [Put(item)], now_ms)
        self._take(Cause.END, self.rules.end(now_ms, sleeps=sleeps), now_ms, payload=ASLEEP if sleeps else b"")

    def timer_due(self, name: str) -> None:
        """A timer of the dialect, or the idle timeout, expired."""
        now_ms = self._now_ms()
        if name == IDLE:
            self._watches_idle = False
            if self._runs_on():  # Not every agent tells of what it runs in the background.
                self._watch_idle()
                return
            self._take(Cause.IDLE, self.rules.time_out(now_ms), now_ms)
            self.effects += _END_IDLE
            return
        self.timers.pop(name, None)
        step = self.rules.timer_due(name, now_ms)
        self._take(Cause.TIMER, step, now_ms, payload=name.encode(), always=True)

    def see_background(self, work: str) -> None:
        """Show what runs on between turns, of an agent that does not tell it; "" for nothing."""
        now_ms = self._now_ms()
        self._take(Cause.BACKGROUND, self.rules.see_background(work, now_ms), now_ms, payload=work.encode())

    def operation_done(self, result: AnyResult) -> None:
        """An operation has a result; after the chat's end it is dropped."""
        if self.rules.state.ended:
            return
        now_ms = self._now_ms()
        step = self.rules.result(result, now_ms)
        self._take(Cause.RESULT, step, now_ms, payload=msgspec.msgpack.encode(result), always=True)

    def receive_input(self, attachment: Attachment, message: Input, emulator: Emulator | None) -> None:  # noqa: ARG002
        """Take a viewer's input exactly once, or refuse it; such a chat takes no input for a terminal."""
        if not attachment.receives(message.sequence):
            return
        if attachment.read_only:
            attachment.refuse(message.sequence, ErrorCode.READ_ONLY, "read-only view")
        elif isinstance(message, CHAT_INPUTS):
            self._receive(attachment, message)
        elif isinstance(message, Focus):
            attachment.acknowledge(message.sequence)
        else:
            attachment.refuse(message.sequence, ErrorCode.WRONG_RUNTIME, "this chat takes prompts only")
        attachment.accepted = message.sequence

    def _receive(self, attachment: Attachment, chat_input: ChatInput) -> None:
        refusal = self._take_input(chat_input, attachment.kind, tag=attachment.key, number=chat_input.sequence)
        if refusal is not None:
            attachment.refuse(chat_input.sequence, refusal.code, refusal.text)
        else:
            attachment.acknowledge(chat_input.sequence)

    def request(self, request: SendChatInput, client: Any) -> None:
        """Take a command's input, and answer the command."""
        refusal = self._take_input(request.chat_input, request.by, token=request.token)
        note = ""
        match request.chat_input:
            case Interrupt():
                note = held_words(len(self.rules.state.held))
            case AnswerRequest(agent_request=asked):
                resolved = self.rules.state.answers.get(asked)
                note = done_words(resolved.kind if resolved is not None else "")
        reply = Done(request.request, note) if refusal is None else Failed(request.request, refusal.code, refusal.text)
        self.effects.append(SendReply(client, reply))

    def _lines(self, lines: list[AgentLine]) -> None:
        if lines:
            now_ms = self._now_ms()
            self._take(Cause.LINES, self.rules.receive_lines(lines, now_ms), now_ms, always=True)

    def _take_input(
        self, chat_input: ChatInput, by: str, *, tag: bytes = NO_TAG, number: int = 0, token: str = ""
    ) -> Refusal | None:
        self._see_amount()
        now_ms = self._now_ms()
        recorded = self.rules.recorded(chat_input)
        step = self.rules.receive_input(chat_input, now_ms, by=by, token=token)
        if step.refusal is None or not step.is_empty:
            payload = msgspec.msgpack.encode(InputCause(recorded, by, token))
            self._take(Cause.INPUT, step, now_ms, payload=payload, tag=tag, number=number, always=True)
            self.effects.append(NoteUserInput())
        return step.refusal

    def _see_amount(self) -> None:
        """Let the rules know whether they are to look at amounts before a turn, if that has changed."""
        state, is_set = self.rules.state, self.has_amount()
        if is_set != state.has_amount and state.begun and not (state.ended or state.has_given_up):
            now_ms = self._now_ms()
            payload = b"set" if is_set else b""
            self._take(Cause.AMOUNT, self.rules.see_amount(now_ms, is_set=is_set), now_ms, payload=payload, always=True)

    # ------------------------------------------------------------ steps

    def _take(
        self,
        cause: Cause,
        step: Step,
        now_ms: int,
        *,
        payload: bytes = b"",
        tag: bytes = NO_TAG,
        number: int = 0,
        always: bool = False,
    ) -> None:
        if step.is_empty and not always:
            return
        self._append(cause, step.changes, now_ms, payload, tag, number)
        if step.prompt:
            self.effects.append(PromptSent(step.prompt))
        if step.lines:
            self.effects.append(WriteToProgram(EntryKind.REPLY, step.lines, number=self.log_end))
        self.effects += [StartOperation(operation) for operation in step.operations]
        for name, after_s in step.timers:
            if name in self.timers:
                self.effects.append(StopTimer(self, name))
            self.timers[name] = after_s
            self.effects.append(StartTimer(self, name, after_s))
        if step.failure:
            self.effects += [Log("the dialect gives up"), SignalProgram(_GRACEFUL_SIGNAL)]
        self._watch_idle()

    def _watch_idle(self) -> None:
        """Restart the idle timeout after each step, while no turn runs or waits."""
        state = self.rules.state
        if self._watches_idle:
            self.effects.append(StopTimer(self, IDLE))
        self._watches_idle = state.may_time_out and self._launch.idle_timeout_s > 0
        if self._watches_idle:
            self.effects.append(StartTimer(self, IDLE, self._launch.idle_timeout_s))

    def _append(
        self,
        cause: Cause,
        changes: list[AnyChange],
        now_ms: int,
        payload: bytes = b"",
        tag: bytes = NO_TAG,
        number: int = 0,
    ) -> None:
        record = encode_record(
            cause, changes, at_ms=now_ms, raw_end=self.splitter.offset, payload=payload, tag=tag, number=number
        )
        self.log_end += len(record)
        self.effects.append(AppendRecord(record, is_news=is_news(cause, changes)))
        reported = tuple(filter(_is_reported, changes))
        if reported:
            self.effects.append(ChatChanged(reported, self.log_end))
