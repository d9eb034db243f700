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


class StepCollector:
    """The step that runs, and the state that follows from its changes: the part of ``DialectPort`` without rules.

    Attributes:
        state: see ``state.RulesState``.
        now_ms: the time of the step that runs.
        prefix: the beginning of the ids of the rules' own items.
        sent_prompt: the id of the prompt that the step sends; "" for none.
    """

    def __init__(self, prefix: str) -> None:
        self.state = RulesState(has_title=False)
        self.now_ms = 0
        self.prefix = prefix
        self.sent_prompt = ""
        self._changes: list[AnyChange] = []
        self._lines: list[bytes] = []
        self._timers: list[tuple[str, float]] = []
        self._operations: list[AnyOperation] = []
        self._failure = ""

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
                self._note_running(item.id, running=item.status == "running")
            case SetStatus(item_id, status):
                self._note_running(item_id, running=status == "running")
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
                state.state, state.turn = chat_state, turn
            case TurnEnded():
                state.waited = [prompt.id for prompt in state.queue]
            case TitleChanged():
                state.has_title = True
            case CapabilitiesKnown(capabilities):
                state.can_steer = capabilities.steer
            case _:
                pass
        self._changes.append(change)

    def _note_running(self, item_id: str, *, running: bool) -> None:
        known = item_id in self.state.running
        if running and not known:
            self.state.running.append(item_id)
        elif known and not running:
            self.state.running.remove(item_id)

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
