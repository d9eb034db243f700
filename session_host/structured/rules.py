"""The rules of a structured chat: prompts, answers and the agent's lines, for every dialect. Pure.

The states of a prompt::

    queued ──the agent is idle──▶ sent ──the agent confirms──▶ done
    queued ──its user takes it back──▶ withdrawn
    sent ──the agent refuses──▶ failed
    queued ──the agent ends──▶ unsent
    sent ──the agent ends──▶ unconfirmed

Each method is one cause and returns one ``Step``: changes of the transcript, lines for the agent, timers. The step is
recorded (``log``) before its lines are sent. A new host repeats the causes of the records after its checkpoint, which
restores the state and the lines that the previous host had not sent yet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from session_host.protocol.messages import (
    AnswerRequest,
    ChangeSetting,
    ChatInput,
    ErrorCode,
    Interrupt,
    Prompt,
    SendNow,
    WithdrawPrompt,
)

from .dialects.base import Answer, Dialect, DialectPort, Start, UserPrompt
from .dialects.reading import one_line
from .first_answer import first_answer
from .items import (
    NOT_STOPPED,
    Item,
    Put,
    Remove,
    RequestResolved,
    SetStatus,
    StateChanged,
    TitleChanged,
    TurnEnded,
)
from .lines import Line
from .operations import AnyResult
from .pending_operations import remove_operation
from .state import KEPT_TOKENS, RulesState
from .step import Refusal, Step
from .step_collector import SILENCE, SILENCE_S, StepCollector
from .transcript import Transcript

IDLE_TIMEOUT = "idle time-out"
"""The detail of the state of an agent that was ended because it was idle."""

STOPPING, STOPPING_S = "stopping", 20.0
"""The timer of an interrupted turn; no dialect has one of this name."""

SILENT = "Nothing from the agent for {duration}: it waits for its model, or asks it again after a refusal"
"""The detail of the state of an agent that shows nothing in a running turn."""

MAX_TITLE_CHARACTERS = 80

_SENT_ALREADY = "that prompt is sent already"

GIVEN_UP_ITEMS = 1_000_000
"""Added to the item count when the state is lost: ids from here on were not used before."""


class StructuredRules(StepCollector, DialectPort):
    """The rules of one structured chat."""

    def __init__(self, dialect: Callable[[DialectPort], Dialect], start: Start, prefix: str) -> None:
        """Make the rules of a chat that has not begun.

        Args:
            dialect: makes the dialect.
            start: the parameters of the chat's start.
            prefix: the beginning of the ids of the rules' own items, unique to this session.
        """
        super().__init__(prefix)
        self._start = start
        self._dialect = dialect(self)

    # ------------------------------------------------------------ saving

    def save(self) -> tuple[bytes, bytes]:
        """The state of the rules, and the dialect's."""
        return msgspec.msgpack.encode(self.state), self._dialect.save()

    def load(self, state: bytes, dialect: bytes) -> None:
        """Continue from a saved state."""
        self.state = msgspec.msgpack.decode(state, type=RulesState)
        if self.state.begun:
            self._dialect.load(dialect)

    # ------------------------------------------------------------ causes

    def begin(self, now_ms: int) -> Step:
        """The program runs."""
        self.state.begun = True
        self._call_dialect(now_ms, lambda: self._dialect.begin(self._start))
        return self.take_step()

    def receive_lines(self, lines: Sequence[Line], now_ms: int) -> Step:
        """The agent wrote lines."""
        for line in lines:
            self._call_dialect(now_ms, partial(self._line, line))
        self._note_change()
        return self.take_step()

    def timer_due(self, name: str, now_ms: int) -> Step:
        """A timer of the dialect, or of the running turn, expired."""
        self.now_ms = now_ms
        state = self.state
        if state.ended or state.has_given_up:
            return self.take_step()
        if name == SILENCE:
            self._report_silence()
        elif name != STOPPING:
            self._call_dialect(now_ms, lambda: self._dialect.timer_due(name))
        elif state.is_stopping and state.state == "running":
            self.emit(StateChanged("running", state.turn, NOT_STOPPED))
        return self.take_step()

    def result(self, result: AnyResult, now_ms: int) -> Step:
        """An operation has a result."""
        remove_operation(self.state, result)
        self._call_dialect(now_ms, lambda: self._dialect.take_result(result))
        self._note_change()
        return self.take_step()

    def receive_input(self, chat_input: ChatInput, now_ms: int, *, by: str, token: str = "") -> Step:
        """A viewer or a command sent an input.

        Args:
            chat_input: the input.
            now_ms: the time.
            by: the kind of client that sent it.
            token: identifies a command's input, so that a repeated one has no second effect; "" for a viewer's.
        """
        self.now_ms = now_ms
        if token and token in self.state.tokens:
            return self.take_step()
        refusal = self._receive_input(chat_input, by)
        if token and refusal is None:
            self.state.tokens = [*self.state.tokens, token][-KEPT_TOKENS:]
        return self.take_step(refusal)

    def time_out(self, now_ms: int) -> Step:
        """No turn ran during the idle timeout; the caller ends the program."""
        self.now_ms = now_ms
        self.state.timed_out = True
        self.notice("The agent was idle and has been ended. The next prompt resumes it.")
        return self.take_step()

    def give_up(self, transcript: Transcript) -> None:
        """Take the state from a transcript, since the dialect's is lost; the caller ends the agent."""
        state, status = self.state, transcript.status
        state.begun = state.has_given_up = True
        state.state, state.turn, state.ended = status.state, status.turn, status.state == "ended"
        state.items = len(transcript) + GIVEN_UP_ITEMS
        state.running = [item.id for item in transcript if item.status == "running"]
        state.requests = {request.id: request for request in transcript.open_requests}
        for item in transcript:
            if item.status in {"sent", "queued"}:
                prompts = state.steering if item.status == "sent" else state.queue
                prompts.append(UserPrompt(item.id, item.text, item.images))

    def end(self, now_ms: int) -> Step:
        """The program ended: cut the turn and all open items."""
        self.now_ms = now_ms
        state = self.state
        if state.ended:
            return self.take_step()
        for item_id in list(state.running):
            self.emit(SetStatus(item_id, "cut", now_ms))
        for prompt in (*state.steering, *([state.in_flight] if state.in_flight else ())):
            self.emit(SetStatus(prompt.id, "unconfirmed"))
        for prompt in state.queue:
            self.emit(SetStatus(prompt.id, "unsent"))
        for request_id in list(state.requests):
            self.emit(RequestResolved(request_id, "", at_ms=now_ms))
        if state.is_running:
            self.emit(TurnEnded(state.turn, "cut"))
        self.emit(StateChanged("ended", detail=IDLE_TIMEOUT if state.timed_out else ""))
        state.steering, state.in_flight, state.queue, state.ended = [], None, [], True
        return self.take_step()

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
        if self.has_changes:
            state.changed_ms = self.now_ms
            if state.shows_silence:
                self.emit(StateChanged(state.state, state.turn))

    def _report_silence(self) -> None:
        """Say for how long a running turn has shown nothing, unless a tool runs or the turn is being stopped."""
        state = self.state
        if not state.is_running:
            return
        silent_s = (self.now_ms - state.changed_ms) // 1000
        if state.state == "running" and silent_s >= SILENCE_S and not (state.tools or state.is_stopping):
            duration = f"{silent_s // 60} min" if silent_s >= 60 else f"{silent_s} s"
            self.emit(StateChanged("running", state.turn, SILENT.format(duration=duration)))
            state.shows_silence = True
        self.start_timer(SILENCE, SILENCE_S - silent_s if silent_s < SILENCE_S else SILENCE_S)

    def _interrupt(self) -> None:
        """Interrupt the running turn."""
        self.state.is_stopping = True
        self.start_timer(STOPPING, STOPPING_S)
        self._call_dialect(self.now_ms, self._dialect.interrupt)

    def _line(self, line: Line) -> None:
        if line.dropped:
            start = line.data.decode(errors="replace")
            self.notice(f"a message of {line.dropped:,} bytes was dropped: it is too long")
            self.raw("the beginning of the dropped message", start)
        else:
            self._dialect.receive(line.data)

    # ------------------------------------------------------------ input

    def _receive_input(self, chat_input: ChatInput, by: str) -> Refusal | None:
        if self.state.ended or self.state.has_given_up:
            return Refusal(ErrorCode.ENDED, "the chat has ended")
        match chat_input:
            case Prompt():
                return self._prompt(chat_input)
            case WithdrawPrompt(item=item_id):
                return self._withdraw(item_id)
            case SendNow(item=item_id):
                return self._send_now(item_id)
            case AnswerRequest():
                return self._answer(chat_input, by)
            case Interrupt():
                if not self.state.is_running:
                    return Refusal(ErrorCode.BAD_REQUEST, "nothing is running")
                self._interrupt()
            case ChangeSetting(setting=setting, value=value):
                self._call_dialect(self.now_ms, lambda: self._dialect.change_setting(setting, value))
        return None

    def _prompt(self, message: Prompt) -> Refusal | None:
        state = self.state
        text = message.text.strip("\n")
        if not text.strip() and not message.images:
            return Refusal(ErrorCode.BAD_REQUEST, "the prompt is empty")
        prompt = UserPrompt(self.new_id(), text, message.images)
        steers = message.mode == "steer" and state.can_steer and state.state == "running" and bool(state.turn)
        item = Item(prompt.id, "user", self.now_ms, text, "sent" if steers else "queued", images=prompt.images)
        self.emit(Put(item))
        if steers:
            state.steering.append(prompt)
            self._call_dialect(self.now_ms, lambda: self._dialect.steer(prompt))
            return None
        if message.mode == "interrupt" and state.is_running:
            state.queue.insert(0, prompt)
            self._interrupt()
            return None
        state.queue.append(prompt)
        self._pump()
        return None

    def _send_now(self, item_id: str) -> Refusal | None:
        state = self.state
        first = [prompt for prompt in state.queue if prompt.id == item_id]
        if not first:
            return Refusal(ErrorCode.BAD_REQUEST, _SENT_ALREADY)
        state.queue = first + [prompt for prompt in state.queue if prompt.id != item_id]
        if state.is_running:
            self._interrupt()
        return None

    def _withdraw(self, item_id: str) -> Refusal | None:
        remaining = [prompt for prompt in self.state.queue if prompt.id != item_id]
        if len(remaining) == len(self.state.queue):
            return Refusal(ErrorCode.BAD_REQUEST, _SENT_ALREADY)
        self.state.queue = remaining
        self.emit(SetStatus(item_id, "withdrawn", self.now_ms))
        return None

    def _answer(self, answer: AnswerRequest, by: str) -> Refusal | None:
        outcome = first_answer(answer, self.state.requests, self.state.answers, by=by, now_ms=self.now_ms)
        if isinstance(outcome, Refusal):
            return outcome
        request = self.state.requests[outcome.id]
        self.emit(outcome)
        self._call_dialect(self.now_ms, lambda: self._dialect.answer(request, Answer(answer.option, answer.texts)))
        self._note_change()
        return None

    def _pump(self) -> None:
        """Send the next prompt if the agent is idle; a prompt queued during a turn moves below that turn."""
        state = self.state
        if state.takes_prompts and state.state == "idle" and state.in_flight is None and state.queue:
            state.in_flight = prompt = state.queue.pop(0)
            self.sent_prompt = prompt.id
            if prompt.id in state.waited:
                state.waited.remove(prompt.id)
                self.emit(Remove(prompt.id))
                self.emit(Put(Item(prompt.id, "user", self.now_ms, prompt.text, "sent", images=prompt.images)))
            else:
                self.emit(SetStatus(prompt.id, "sent"))
            self._call_dialect(self.now_ms, lambda: self._dialect.prompt(prompt))

    # ------------------------------------------------------------ the dialect's port

    def ready(self) -> None:
        """See ``DialectPort``."""
        self.state.takes_prompts = True
        if self.state.state == "starting":
            self.emit(StateChanged("idle"))

    def accepted(self, prompt_id: str, turn: str = "") -> None:
        """See ``DialectPort``."""
        if (prompt := self._forget(prompt_id)) is not None:
            self.emit(SetStatus(prompt_id, "done", turn=turn))
            self._name_after(prompt)

    def _name_after(self, prompt: UserPrompt) -> None:
        """Name a chat after its first prompt, until its agent gives it a title."""
        start = self._start
        is_continued = start.has_history or (start.resumes and start.conversation)
        if self.state.has_title or is_continued:
            return
        if (title := one_line(prompt.text, MAX_TITLE_CHARACTERS)) and not title.startswith("/"):
            self.emit(TitleChanged(title))

    def refused(self, prompt_id: str, reason: str) -> None:
        """See ``DialectPort``."""
        if self._forget(prompt_id) is not None:
            self.emit(SetStatus(prompt_id, "failed", self.now_ms))
            self.notice(reason)

    def too_late(self, prompt_id: str) -> None:
        """See ``DialectPort``."""
        prompt = self._forget(prompt_id)
        if prompt is not None:
            self.emit(SetStatus(prompt_id, "queued"))
            self.state.queue.insert(0, prompt)
            self.state.waited.append(prompt_id)

    def _forget(self, prompt_id: str) -> UserPrompt | None:
        """Remove the sent prompt with this id from those without a confirmation, and return it."""
        state = self.state
        if state.in_flight is not None and state.in_flight.id == prompt_id:
            prompt, state.in_flight = state.in_flight, None
            return prompt
        for prompt in state.steering:
            if prompt.id == prompt_id:
                state.steering.remove(prompt)
                return prompt
        return None
