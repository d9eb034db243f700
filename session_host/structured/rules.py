"""The rules of a structured chat: prompts, answers and the agent's lines, for every dialect. Pure.

Answer path, 10 of 15.

The states of a prompt::

    queued ──the agent is idle──▶ sent ──the agent confirms──▶ done
    queued ──its user takes it back──▶ withdrawn
    queued ──its user stops the turn──▶ held ──its user sends it──▶ queued
    sent ──the agent refuses──▶ failed
    queued, held ──the agent ends──▶ unsent; one that is held stays so in a chat that sleeps
    sent ──the agent ends──▶ unconfirmed

Each method is one cause and returns one ``Step``: changes of the transcript, lines for the agent, timers. The step is
recorded (``log``) before its lines are sent. A new host repeats the causes of the records after its checkpoint, which
restores the state and the lines that the previous host had not sent yet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec

from session_host.protocol.messages import (
    AnswerRequest,
    ChangeSetting,
    ChatInput,
    Interrupt,
    PassAmount,
    Prompt,
    ReleaseHeld,
    SendNow,
    WithdrawPrompt,
)
from session_host.protocol.values import ErrorCode

from .answers import Refusal, first_answer, without_secrets
from .dialects.base import Chosen, Dialect, DialectPort, Start, UserPrompt
from .dialects.reading import one_line
from .items import (
    BETWEEN_TURNS,
    IN_QUEUE,
    NOT_STOPPED,
    AnyChange,
    Append,
    CapabilitiesKnown,
    Item,
    Put,
    RequestOpened,
    RequestResolved,
    SetStatus,
    StateChanged,
    TitleChanged,
    TurnOver,
    UsageChanged,
)
from .lines import AgentLine
from .operations import (
    LOST,
    AnyOperation,
    AnyResult,
    CountTokens,
    EndTerminal,
    LookAtAmount,
    OperationDone,
    ReadText,
    StartTerminal,
    TerminalEnded,
    WriteText,
)
from .prompt_queue import PromptQueue
from .rules_state import RulesState
from .sentence import first_sentence
from .spent import Spent, from_before
from .transcript import Transcript
from .turns import TurnCount, facts_of, time_text

KEPT_TOKENS = 256
KEPT_ANSWERS = 256

MAX_RAW_CHARACTERS = 20_000
"""The limit of one unknown message; the rest is dropped."""

QUIET, QUIET_S = "silence", 30.0
"""The timer that checks whether the agent of a running turn is silent; no dialect has one of this name."""

NO_ANSWER = "The agent has ended its turn without an answer."

IDLE_TIMEOUT = "idle time-out"
"""The detail of the state of an agent that was ended because it was idle."""

STOPPING, STOPPING_S = "stopping", 20.0
"""The timer of an interrupted turn; no dialect has one of this name."""

SILENT = "Silent for {duration}: it waits for its model, or tries it again"
"""The detail of the state of an agent that shows nothing in a running turn."""

MAX_TITLE_CHARACTERS = 80
ANSWER_CHARACTERS = 600
"""How much of an answer's beginning is kept for its first sentence."""

_SENT_ALREADY = "that prompt is sent already"

GIVEN_UP_ITEMS = 1_000_000
"""Added to the item count when the state is lost: ids from here on were not used before."""


class Step(NamedTuple):
    """The result of one cause.

    Attributes:
        changes: the changes of the transcript, in order.
        lines: the lines to send to the agent, with their line ends.
        timers: the timers to start: names and seconds.
        refusal: the reason why the input has no effect; None if it has.
        failure: the reason why the chat cannot continue, one line; "" if it can.
        operations: work for the host.
        prompt: the id of the prompt with which the lines begin a turn; "" for none.
    """

    changes: list[AnyChange]
    lines: bytes
    timers: list[tuple[str, float]]
    refusal: Refusal | None = None
    failure: str = ""
    operations: tuple[AnyOperation, ...] = ()
    prompt: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether the step has no effects."""
        return not (self.changes or self.lines or self.timers or self.failure or self.operations)


class StructuredRules(DialectPort):
    """The rules of one structured chat, and the dialect's port.

    Attributes:
        state: see ``RulesState``.
        now_ms: the time of the step that runs.
        prefix: the beginning of the ids of the rules' own items.
    """

    def __init__(self, dialect: Callable[[DialectPort], Dialect], start: Start, prefix: str) -> None:
        """Make the rules of a chat that has not begun.

        Args:
            dialect: makes the dialect.
            start: the parameters of the chat's start.
            prefix: the beginning of the ids of the rules' own items, unique to this session.
        """
        self.state = RulesState(spent=Spent())
        self.now_ms = 0
        self.prefix = prefix
        self._changes: list[AnyChange] = []
        self._lines: list[bytes] = []
        self._timers: list[tuple[str, float]] = []
        self._operations: list[AnyOperation] = []
        self._failure = ""
        self._sent_prompt = ""
        self._start = start
        self._queue = PromptQueue(self.state, self)
        self._dialect = dialect(self)

    # ------------------------------------------------------------ saving

    def save(self) -> tuple[bytes, bytes]:
        """The state of the rules, and the dialect's."""
        return msgspec.msgpack.encode(self.state), self._dialect.save()

    def load(self, state: bytes, dialect: bytes) -> None:
        """Continue from a saved state."""
        self.state = msgspec.msgpack.decode(state, type=RulesState)
        if self.state.usage is None and self.state.total:
            self.state.usage = UsageChanged(0, 0, self.state.total)
        if self.state.spent is None:
            before = self.state.count.before if self.state.count is not None else None
            self.state.spent = from_before(self.state.usage, before)
        self._queue = PromptQueue(self.state, self)
        if self.state.begun:
            self._dialect.load(dialect)

    # ------------------------------------------------------------ causes

    def begin(self, now_ms: int, used: UsageChanged | None = None) -> Step:
        """The program runs; ``used`` is what the resumed chat had used, as its agent last said."""
        self.state.begun = True
        start = msgspec.structs.replace(self._start, used=used)
        self._call_dialect(now_ms, lambda: self._dialect.begin(start))
        return self._take_step()

    def receive_lines(self, lines: Sequence[AgentLine], now_ms: int) -> Step:
        """The agent wrote lines."""
        for line in lines:
            self._call_dialect(now_ms, partial(self._line, line))
        self._note_change()
        return self._take_step()

    def timer_due(self, name: str, now_ms: int) -> Step:
        """A timer of the dialect, or of the running turn, expired."""
        self.now_ms = now_ms
        state = self.state
        if state.ended or state.has_given_up:
            return self._take_step()
        if name == QUIET:
            self._report_silence()
        elif name != STOPPING:
            self._call_dialect(now_ms, lambda: self._dialect.timer_due(name))
        elif state.is_stopping and state.state == "running":
            self._show_running(NOT_STOPPED)
        return self._take_step()

    def result(self, result: AnyResult, now_ms: int) -> Step:
        """An operation has a result."""
        if isinstance(result, OperationDone) and result.id == self.state.looking:
            return self._looked(result, now_ms)
        if isinstance(result, OperationDone):
            operation = self.state.operations.pop(result.id, None)
            if isinstance(operation, CountTokens) and self.state.ended:
                return self._take_step()  # So did the turn.
            if isinstance(operation, StartTerminal) and not result.error:
                self.state.terminals.append(operation.terminal)
        elif isinstance(result, TerminalEnded) and result.terminal in self.state.terminals:
            self.state.terminals.remove(result.terminal)
        self._call_dialect(now_ms, lambda: self._dialect.take_result(result))
        self._note_change()
        return self._take_step()

    def receive_input(self, chat_input: ChatInput, now_ms: int, *, by: str, token: str = "") -> Step:
        """A viewer or a command sent an input.

        Args:
            chat_input: the input.
            now_ms: the time.
            by: the kind of client that sent it.
            token: identifies a command's input, so that a repeated one has no second effect, and is the id of its
                prompt; "" for a viewer's.
        """
        self.now_ms = now_ms
        if token and token in self.state.tokens:
            return self._take_step()
        refusal = self._receive_input(chat_input, by, token)
        if token and refusal is None:
            self.state.tokens = [*self.state.tokens, token][-KEPT_TOKENS:]
        return self._take_step(refusal)

    def see_background(self, work: str, now_ms: int) -> Step:
        """The host saw what runs on between turns, of an agent that does not tell it; "" for nothing."""
        self.now_ms = now_ms
        change = StateChanged("background", detail=work) if work else StateChanged("idle")
        if self.state.state in BETWEEN_TURNS and (self.state.state, self.state.detail) != (change.state, change.detail):
            self.emit(change)
        return self._take_step()

    def see_amount(self, now_ms: int, *, is_set: bool) -> Step:
        """The user has set amounts of money at which to ask before the next turn, or none any more."""
        self.now_ms = now_ms
        self.state.has_amount = is_set
        if not is_set:
            self._ask_again()
            self._pump()
        return self._take_step()

    def _looked(self, result: OperationDone, now_ms: int) -> Step:
        """Send the next prompt, or ask about it."""
        self.now_ms, state = now_ms, self.state
        state.operations.pop(result.id, None)
        state.looking = 0
        if result.text and state.queue:
            state.at_amount = result.text
            self._queue.ask(state.at_amount)
        elif state.queue:
            state.passes = True
            self._pump()
        return self._take_step()

    def _ask_again(self) -> None:
        """Forget what the user was asked; the next look says whether it is still so."""
        if self.state.at_amount:
            self.state.at_amount = ""
            self._queue.ask("")

    def time_out(self, now_ms: int) -> Step:
        """No turn ran during the idle timeout; the caller ends the program."""
        self.now_ms = now_ms
        self.state.timed_out = True
        self.notice("The agent was idle and has been ended. The next prompt resumes it.")
        return self._take_step()

    def give_up(self, transcript: Transcript) -> None:
        """Take the state from a transcript, since the dialect's is lost; the caller ends the agent."""
        state, status = self.state, transcript.status
        state.begun = state.has_given_up = True
        state.state, state.turn, state.ended = status.state, status.turn, status.state == "ended"
        state.items = len(transcript) + GIVEN_UP_ITEMS
        state.running = [item.id for item in transcript if item.status == "running"]
        state.requests = {request.id: request for request in transcript.open_requests}
        for item in transcript:
            if item.status == "sent" or item.status in IN_QUEUE:
                prompts = state.steering if item.status == "sent" else state.queue
                prompts.append(UserPrompt(item.id, item.text, item.images))

    def take_over(self, changes: Sequence[AnyChange]) -> None:
        """The chat begins with these items of the one that it resumes, whose prompts wait for their user here."""
        for change in changes:
            if isinstance(change, Put) and change.item.kind == "user" and change.item.status in IN_QUEUE:
                item = change.item
                self.state.held.append(UserPrompt(item.id, item.text, item.images))

    def end(self, now_ms: int, *, sleeps: bool = False) -> Step:
        """The program ended: cut the turn and all open items.

        If the chat ``sleeps``, the prompts that wait for their user stay: the chat that goes on takes them over.
        """
        self.now_ms = now_ms
        state = self.state
        if state.ended:
            return self._take_step()
        for item_id in list(state.running):
            self.emit(SetStatus(item_id, "cut", now_ms))
        for prompt in (*state.steering, *([state.in_flight] if state.in_flight else ())):
            self.emit(SetStatus(prompt.id, "unconfirmed"))
        for prompt in (*(() if sleeps else state.held), *state.queue):
            self.emit(SetStatus(prompt.id, "unsent"))
        for request_id in list(state.requests):
            self.emit(RequestResolved(request_id, "", at_ms=now_ms))
        if state.is_running and state.between is None:
            self.emit(TurnOver(state.turn, "cut"))
        self.emit(StateChanged("ended", detail=IDLE_TIMEOUT if state.timed_out else ""))
        state.steering, state.in_flight, state.held, state.queue, state.ended = [], None, [], [], True
        return self._take_step()

    def _take_step(self, refusal: Refusal | None = None) -> Step:
        """Return the step that was collected, and begin the next one."""
        step = Step(
            self._changes,
            b"".join(self._lines),
            self._timers,
            refusal,
            self._failure,
            tuple(self._operations),
            self._sent_prompt,
        )
        self._changes, self._lines, self._timers, self._operations, self._sent_prompt = [], [], [], [], ""
        return step

    def _call_dialect(self, now_ms: int, work: Callable[[], None]) -> None:
        """Call the dialect. An exception in it becomes a raw item, and the chat continues."""
        self.now_ms = now_ms
        if self.state.has_given_up:
            return
        try:
            work()
        except Exception as error:  # noqa: BLE001 - an agent's message must not end the host
            self.raw(f"{type(error).__name__}: {error}", None)
        self._pump()

    def _note_change(self) -> None:
        """Note when the agent has caused a change; its silence is over then."""
        state = self.state
        if self._changes:
            state.changed_ms = self.now_ms
            if state.shows_silence:
                self._show_running()

    def _report_silence(self) -> None:
        """Say for how long a running turn has shown nothing, unless a tool runs or the turn is being stopped."""
        state = self.state
        if not state.is_running:
            return
        silent_s = (self.now_ms - state.changed_ms) // 1000
        if state.state == "running" and silent_s >= QUIET_S and not (state.tools or state.is_stopping):
            duration = f"{silent_s // 60} min" if silent_s >= 60 else f"{silent_s} s"
            self._show_running(SILENT.format(duration=duration))
            state.shows_silence = True
        self.start_timer(QUIET, QUIET_S - silent_s if silent_s < QUIET_S else QUIET_S)

    def _show_running(self, detail: str = "") -> None:
        """Say more of the running turn than the dialect does."""
        between = self.state.between
        self.emit(StateChanged("running", self.state.turn, detail))
        self.state.between = between

    def _interrupt(self) -> None:
        """Interrupt the running turn."""
        self.state.is_stopping = True
        self.start_timer(STOPPING, STOPPING_S)
        self._call_dialect(self.now_ms, self._dialect.interrupt)

    def _line(self, line: AgentLine) -> None:
        if line.dropped:
            start = line.data.decode(errors="replace")
            self.notice(f"a message of {line.dropped:,} bytes was dropped: it is too long")
            self.raw("the beginning of the dropped message", start)
        else:
            self._dialect.receive(line.data)

    # ------------------------------------------------------------ input

    def recorded(self, chat_input: ChatInput) -> ChatInput:
        """The input as the transcript log keeps it, and so the disk: without the answers to secret questions.

        A host that is killed between the record and the answer's line makes the next one answer ``HIDDEN``.
        """
        if isinstance(chat_input, AnswerRequest) and chat_input.agent_request in self.state.requests:
            texts = without_secrets(self.state.requests[chat_input.agent_request], chat_input.texts)
            return msgspec.structs.replace(chat_input, texts=texts)
        return chat_input

    def _receive_input(self, chat_input: ChatInput, by: str, token: str) -> Refusal | None:
        if self.state.ended or self.state.has_given_up:
            return Refusal(ErrorCode.ENDED, "the chat has ended")
        match chat_input:
            case Prompt():
                return self._prompt(chat_input, by, token)
            case WithdrawPrompt() | PassAmount() | SendNow() | ReleaseHeld():
                return self._about_queue(chat_input)
            case AnswerRequest():
                return self._answer(chat_input, by)
            case Interrupt():
                if not self.state.is_running:
                    return Refusal(ErrorCode.BAD_REQUEST, "nothing is running")
                self._ask_again()
                self._queue.hold()
                self.state.is_stopped = True
                self._interrupt()
            case ChangeSetting(setting=setting, value=value):
                self._call_dialect(self.now_ms, lambda: self._dialect.change_setting(setting, value))
        return None

    def _about_queue(self, chat_input: WithdrawPrompt | PassAmount | SendNow | ReleaseHeld) -> Refusal | None:
        """Take back, send or move prompts that wait."""
        asked = self.state.queue[0].id if self.state.at_amount else ""
        match chat_input:
            case WithdrawPrompt(item=item_id):
                if not self._queue.withdraw(item_id):
                    return Refusal(ErrorCode.BAD_REQUEST, _SENT_ALREADY)
                if item_id == asked:
                    self.state.at_amount = ""
            case PassAmount(item=item_id):
                self._ask_again()
                if item_id and not self._queue.move_first(item_id):
                    return Refusal(ErrorCode.BAD_REQUEST, _SENT_ALREADY)
                self.state.passes = True
            case SendNow(item=item_id):
                self._ask_again()
                if not self._queue.move_first(item_id):
                    return Refusal(ErrorCode.BAD_REQUEST, _SENT_ALREADY)
                if self.state.is_running:
                    self._interrupt()
            case ReleaseHeld(discard=discard):
                self._ask_again()
                if asked and discard:
                    self._queue.withdraw(asked)
                if not self._queue.release(discard=discard) and not asked:
                    return Refusal(ErrorCode.BAD_REQUEST, "no prompt waits to be sent")
        self._pump()
        return None

    def _prompt(self, message: Prompt, by: str, token: str) -> Refusal | None:
        state = self.state
        text = message.text.strip("\n")
        if not text.strip() and not message.images:
            return Refusal(ErrorCode.BAD_REQUEST, "the prompt is empty")
        prompt = UserPrompt(token or self._new_id(), text, message.images, by)
        steers = message.mode == "steer" and state.can_steer and state.state == "running" and bool(state.turn)
        interrupts = message.mode == "interrupt" and state.is_running
        self._queue.add(prompt, steers=steers, first=interrupts)
        if steers:
            self._call_dialect(self.now_ms, lambda: self._dialect.steer(prompt))
        elif interrupts:
            self._interrupt()
        else:
            self._pump()
        return None

    def _answer(self, answer: AnswerRequest, by: str) -> Refusal | None:
        outcome = first_answer(answer, self.state.requests, self.state.answers, by=by, now_ms=self.now_ms)
        if isinstance(outcome, Refusal):
            return outcome
        request = self.state.requests[outcome.id]
        self.emit(outcome)
        self._call_dialect(self.now_ms, lambda: self._dialect.answer(request, Chosen(answer.option, answer.texts)))
        self._note_change()
        return None

    def _pump(self) -> None:
        """Send the next prompt if the agent is idle."""
        state = self.state
        if state.between is not None and state.in_flight is None:  # It began no turn.
            self.emit(state.between)
        may_send = state.takes_prompts and state.state in BETWEEN_TURNS and self._is_looked()
        if may_send and (prompt := self._queue.take_next()) is not None:
            state.passes = False
            self._sent_prompt, state.sent_by = prompt.id, prompt.by
            self._call_dialect(self.now_ms, lambda: self._dialect.prompt(prompt))
            if state.in_flight is prompt and state.state in BETWEEN_TURNS:
                between = StateChanged(state.state, state.turn, state.detail)
                self.emit(StateChanged("running"))
                state.between = between

    def _is_looked(self) -> bool:
        """Whether the next prompt may be sent as far as the user's amounts say; if that is unknown, look."""
        state = self.state
        if not state.has_amount or state.passes or not state.queue or state.in_flight is not None:
            return True
        if not (state.looking or state.at_amount):
            state.looking = self.start_operation(LookAtAmount(0))
        return False

    # ------------------------------------------------------------ the dialect's port

    def emit(self, change: AnyChange) -> None:
        """See ``DialectPort``."""
        if isinstance(change, Append):  # Most changes are pieces of an answer.
            self._hear(change)
            self._changes.append(change)
        elif (noted := self._noted(change)) is not None:
            self._changes.append(noted)

    def _hear(self, change: Append) -> None:
        """Keep the beginning of the running answer."""
        state = self.state
        is_answer = change.id == state.answering and change.field == "text"
        if is_answer and len(state.answer) < ANSWER_CHARACTERS:
            state.answer = (state.answer + change.text)[:ANSWER_CHARACTERS]

    def _noted(self, change: AnyChange) -> AnyChange | None:
        """Note a change in the state; returns it with what the rules add, or None if it is none."""
        state, change = self.state, self._completed(change)
        match change:
            case Put(item):
                _note(state.running, item.id, item.status == "running")
                _note(state.tools, item.id, item.status == "running" and item.kind == "tool")
                state.has_answer = state.has_answer or item.kind != "user"
            case SetStatus(item_id, status):
                _note(state.running, item_id, status == "running")
                _note(state.tools, item_id, status == "running" and item_id in state.tools)
            case RequestOpened(request):
                state.requests[request.id] = request
                state.answers.pop(request.id, None)
            case RequestResolved(request_id):
                if state.requests.pop(request_id, None) is None:
                    return None
                state.answers[request_id] = change
                while len(state.answers) > KEPT_ANSWERS:
                    del state.answers[next(iter(state.answers))]
            case StateChanged():
                if state.between is not None and state.in_flight is not None and change.state in BETWEEN_TURNS:
                    state.between = change
                    return None
                self._enter_state(change)
            case TurnOver(turn, outcome, at_ms=at_ms):
                if outcome == "interrupted" and state.is_running and not (state.is_stopping or at_ms):
                    self._queue.hold()  # The user stopped the turn by an answer, or in the agent's own terminal.
                state.waited = [prompt.id for prompt in (*state.held, *state.queue)]
                if outcome == "completed" and state.is_running and turn == state.turn and not state.has_answer:
                    self.notice(NO_ANSWER)
            case TitleChanged():
                state.has_title = True
            case CapabilitiesKnown(capabilities):
                state.can_steer = capabilities.steer
            case _:
                pass
        return change

    def _enter_state(self, change: StateChanged) -> None:
        state = self.state
        if change.state == "running" and not state.is_running:
            state.changed_ms, state.has_answer = self.now_ms, False
            state.is_stopping = state.is_stopped = False
            state.began_ms = self.now_ms
            self._count_anew()
            self.start_timer(QUIET, QUIET_S)
        elif change.state == "running" and state.count is not None:
            state.began_ms = state.began_ms or self.now_ms  # It goes on from turn to turn.
        elif change.state in BETWEEN_TURNS:
            state.prompt, state.by, state.began_ms = "", "", 0
        state.state, state.turn, state.detail = change.state, change.turn, change.detail
        state.shows_silence, state.between = False, None

    def _completed(self, change: AnyChange) -> AnyChange:
        """Add what the rules know of turns: who began one, and at its end all else."""
        state = self.state
        if state.count is not None:
            state.count.note(change)
        match change:
            case Put(item) if item.kind == "agent" and not item.parent:
                state.answering, state.answer = item.id, item.text[:ANSWER_CHARACTERS]
            case StateChanged(turn=turn) if turn and turn != state.turn:
                # A text for a turn that ended before it came may begin the next one.
                by = state.sent_by or next((prompt.by for prompt in state.steering), "")
                change, state.sent_by = msgspec.structs.replace(change, by=by), ""
                state.by = by or ("" if state.turn else state.by)
                if state.turn and state.is_running:  # The end of the one before was not told, or just now.
                    state.began_ms = self.now_ms
                    self._count_anew()
            case RequestResolved(option="", by="") if state.is_stopping:
                change = msgspec.structs.replace(change, stopped=True)
            case UsageChanged():
                state.usage = change
                if state.spent is not None:
                    state.spent.note(change, in_turn=state.is_running)
            case TurnOver(at_ms=0):
                change = self._with_facts(change)
                state.prompt, state.by, state.began_ms = "", "", 0
                self._count_anew()
        return change

    def _with_facts(self, end: TurnOver) -> TurnOver:
        """The end of the running turn, with all that is known of it."""
        state = self.state
        state.said = first_sentence(state.answer)
        work = state.count.work() if state.count is not None else None
        if work is not None and state.spent is not None:
            work = state.spent.end_turn(work, end.outcome)
        facts = msgspec.structs.replace(
            facts_of(end),
            prompt=state.prompt,
            by=state.by,
            began=time_text(state.began_ms),
            ended=time_text(self.now_ms),
            error=end.error,
            work=work,
        )
        tokens = work.read + work.cached + work.written if work is not None else 0
        return msgspec.structs.replace(end, tokens=tokens, files_changed=work.files if work else 0, facts=facts)

    def _count_anew(self) -> None:
        """Count from here on: a turn begins or has ended."""
        self.state.count = TurnCount(self.state.usage, self.state.tools.copy())
        self.state.answering = self.state.answer = ""

    def send(self, message: Any) -> None:
        """See ``DialectPort``."""
        self._lines.append(msgspec.json.encode(message) + b"\n")

    def start_timer(self, name: str, after_s: float) -> None:
        """See ``DialectPort``."""
        self._timers.append((name, after_s))

    def start_operation(self, operation: AnyOperation) -> int:
        """See ``DialectPort``."""
        state = self.state
        state.operation_count += 1
        operation = msgspec.structs.replace(operation, id=state.operation_count)
        self._operations.append(operation)
        if not isinstance(operation, EndTerminal):
            is_write = isinstance(operation, WriteText)
            state.operations[operation.id] = msgspec.structs.replace(operation, text="") if is_write else operation
        return operation.id

    def notice(self, text: str) -> None:
        """See ``DialectPort``."""
        self.emit(Put(Item(self._new_id(), "notice", self.now_ms, text=text)))

    def raw(self, title: str, message: Any) -> None:
        """See ``DialectPort``."""
        text = "" if message is None else message
        if not isinstance(text, str):
            text = msgspec.json.encode(text).decode()
        self.emit(Put(Item(self._new_id(), "raw", self.now_ms, title=title, text=text[:MAX_RAW_CHARACTERS])))

    def fail(self, reason: str) -> None:
        """See ``DialectPort``."""
        self.notice(reason)
        self._failure = self._failure or reason

    def ready(self) -> None:
        """See ``DialectPort``."""
        self.state.takes_prompts = True
        if self.state.state == "starting":
            self.emit(StateChanged("idle"))

    def accepted(self, prompt_id: str, turn: str = "") -> None:
        """See ``DialectPort``."""
        if (prompt := self._queue.forget(prompt_id)) is not None:
            if not self.state.prompt or turn not in {"", self.state.turn}:
                self.state.prompt = prompt_id
            self.emit(SetStatus(prompt_id, "done", turn=turn))
            if not self.state.has_title and (title := _title_after(prompt, self._start)):
                self.emit(TitleChanged(title))

    def refused(self, prompt_id: str, reason: str) -> None:
        """See ``DialectPort``."""
        if self._queue.forget(prompt_id) is not None:
            self.state.sent_by = ""
            self.emit(SetStatus(prompt_id, "failed", self.now_ms))
            self.notice(reason)

    def too_late(self, prompt_id: str) -> None:
        """See ``DialectPort``."""
        if (prompt := self._queue.forget(prompt_id)) is not None:
            self._queue.put_back(prompt)

    def _new_id(self) -> str:
        """An id for an item of the rules."""
        self.state.items += 1
        return f"{self.prefix}-{self.state.items}"


def _note(ids: list[str], item_id: str, is_in: bool) -> None:
    """Add an id to a list, or remove it."""
    if is_in and item_id not in ids:
        ids.append(item_id)
    elif not is_in and item_id in ids:
        ids.remove(item_id)


def _title_after(prompt: UserPrompt, start: Start) -> str:
    """The title that a chat has from its first prompt, until its agent gives it one; "" for none."""
    is_continued = start.has_history or (start.resumes and start.conversation)
    title = "" if is_continued else one_line(prompt.text, MAX_TITLE_CHARACTERS)
    return "" if title.startswith("/") else title


_READS = ReadText | LookAtAmount | CountTokens


def lost_operations(state: RulesState) -> tuple[list[AnyResult], list[AnyOperation]]:
    """Finish the operations of a killed host: the results of those that are not repeated, and the operations to start.

    A terminal ends with its host, but processes that ignore SIGHUP may be left: they are ended, too.
    """
    operations = state.operations.values()
    results: list[AnyResult] = [
        OperationDone(each.id, error=LOST) for each in operations if not isinstance(each, _READS)
    ]
    results += [TerminalEnded(terminal, signal="SIGHUP", lost=True) for terminal in state.terminals]
    terminals = [*(each.terminal for each in operations if isinstance(each, StartTerminal)), *state.terminals]
    reads = [each for each in operations if isinstance(each, _READS)]
    return results, [*reads, *(EndTerminal(0, terminal) for terminal in terminals)]
