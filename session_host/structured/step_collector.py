"""Collects the results of one cause: changes, lines for the agent, timers and operations. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from .items import (
    AnyChange,
    CapabilitiesKnown,
    Item,
    Put,
    RequestOpened,
    RequestResolved,
    SetStatus,
    StateChanged,
    TitleChanged,
    TurnEnded,
)
from .operations import AnyOperation
from .pending_operations import add_operation
from .state import KEPT_ANSWERS, RulesState
from .step import Refusal, Step

MAX_RAW_CHARACTERS = 20_000
"""The limit of one unknown message; the rest is dropped."""


SILENCE, SILENCE_S = "silence", 30.0
"""The timer that checks whether the agent of a running turn is silent; no dialect has one of this name."""

NO_ANSWER = "The agent has ended its turn without an answer."


class StepCollector:
    """The step that runs, and the state that follows from its changes: the part of ``DialectPort`` without rules.

    Attributes:
        state: see ``state.RulesState``.
        now_ms: the time of the step that runs.
        prefix: the beginning of the ids of the rules' own items.
        sent_prompt: the id of the prompt that the step sends; "" for none.
    """

    def __init__(self, prefix: str) -> None:
        self.state = RulesState()
        self.now_ms = 0
        self.prefix = prefix
        self.sent_prompt = ""
        self._changes: list[AnyChange] = []
        self._lines: list[bytes] = []
        self._timers: list[tuple[str, float]] = []
        self._operations: list[AnyOperation] = []
        self._failure = ""

    @property
    def has_changes(self) -> bool:
        """Whether the step that runs has changed the transcript."""
        return bool(self._changes)

    def take_step(self, refusal: Refusal | None = None) -> Step:
        """Return the step that was collected, and begin the next one."""
        step = Step(self._changes, b"".join(self._lines), self._timers, refusal, self._failure, tuple(self._operations),
                    self.sent_prompt)  # fmt: skip
        self._changes, self._lines, self._timers, self._operations, self.sent_prompt = [], [], [], [], ""
        return step

    def new_id(self) -> str:
        """An id for an item of the rules."""
        self.state.items += 1
        return f"{self.prefix}-{self.state.items}"

    def emit(self, change: AnyChange) -> None:
        """See ``DialectPort``."""
        state = self.state
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
                    return
                state.answers[request_id] = change
                while len(state.answers) > KEPT_ANSWERS:
                    del state.answers[next(iter(state.answers))]
            case StateChanged(chat_state, turn):
                if chat_state == "running" and not state.is_running:
                    state.changed_ms, state.has_answer, state.is_stopping = self.now_ms, False, False
                    self.start_timer(SILENCE, SILENCE_S)
                state.state, state.turn, state.shows_silence = chat_state, turn, False
            case TurnEnded(turn, outcome):
                state.waited = [prompt.id for prompt in state.queue]
                if outcome == "completed" and state.is_running and turn == state.turn and not state.has_answer:
                    self.notice(NO_ANSWER)
            case TitleChanged():
                state.has_title = True
            case CapabilitiesKnown(capabilities):
                state.can_steer = capabilities.steer
            case _:
                pass
        self._changes.append(change)

    def send(self, message: Any) -> None:
        """See ``DialectPort``."""
        self._lines.append(msgspec.json.encode(message) + b"\n")

    def start_timer(self, name: str, after_s: float) -> None:
        """See ``DialectPort``."""
        self._timers.append((name, after_s))

    def start_operation(self, operation: AnyOperation) -> int:
        """See ``DialectPort``."""
        self._operations.append(add_operation(self.state, operation))
        return self.state.operation_count

    def notice(self, text: str) -> None:
        """See ``DialectPort``."""
        self.emit(Put(Item(self.new_id(), "notice", self.now_ms, text=text)))

    def raw(self, title: str, message: Any) -> None:
        """See ``DialectPort``."""
        text = "" if message is None else message
        if not isinstance(text, str):
            text = msgspec.json.encode(text).decode()
        self.emit(Put(Item(self.new_id(), "raw", self.now_ms, title=title, text=text[:MAX_RAW_CHARACTERS])))

    def fail(self, reason: str) -> None:
        """See ``DialectPort``."""
        self.notice(reason)
        self._failure = self._failure or reason


def _note(ids: list[str], item_id: str, is_in: bool) -> None:
    """Add an id to a list, or remove it."""
    if is_in and item_id not in ids:
        ids.append(item_id)
    elif not is_in and item_id in ids:
        ids.remove(item_id)
