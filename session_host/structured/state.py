"""The state of ``rules`` that survives the host; the dialect has a state of its own."""

from __future__ import annotations

import msgspec

from session_host.protocol.messages import ChatInput

from .dialects.base import UserPrompt
from .items import AgentRequest, ChatState, RequestResolved
from .operations import AnyOperation

KEPT_TOKENS = 256
KEPT_ANSWERS = 256


class RulesState(msgspec.Struct, array_like=True):
    """The state of a structured chat's rules.

    Attributes:
        begun: the dialect has begun.
        takes_prompts: the dialect is ready.
        state, turn: the agent's state and turn, as last emitted.
        queue: prompts that wait for the turn's end, oldest first.
        in_flight: the prompt that is sent and not confirmed; None if there is none.
        steering: steering texts that are sent and not confirmed.
        requests: open requests of the agent, by their ids.
        answers: the newest resolved requests, by their ids.
        running: ids of items that are not complete.
        items: how many items the rules themselves have made.
        tokens: the newest tokens of commands' inputs.
        can_steer: the agent accepts texts in a running turn.
        ended: the program has ended.
        waited: ids of prompts that were in the queue at a turn's end.
        tools: ids of tool calls that are not complete.
        changed_ms: the time of the last change that the agent caused.
        shows_silence: the state says how long the agent has been silent.
        is_stopping: the running turn was interrupted.
        has_answer: the running turn has an item of the agent.
    """

    begun: bool = False
    takes_prompts: bool = False
    state: ChatState = "starting"
    turn: str = ""
    queue: list[UserPrompt] = []
    in_flight: UserPrompt | None = None
    steering: list[UserPrompt] = []
    requests: dict[str, AgentRequest] = {}
    answers: dict[str, RequestResolved] = {}
    running: list[str] = []
    items: int = 0
    tokens: list[str] = []
    can_steer: bool = False
    ended: bool = False
    timed_out: bool = False
    """The agent is ended because it was idle."""
    has_given_up: bool = False
    """The dialect's state could not be restored: the agent is ended."""
    waited: list[str] = []
    operation_count: int = 0
    operations: dict[int, AnyOperation] = {}
    """Operations without a result, by their ids; without the texts of files to write."""
    terminals: list[str] = []
    """Terminals with a program that runs."""
    has_title: bool = False

    tools: list[str] = []
    changed_ms: int = 0
    shows_silence: bool = False
    is_stopping: bool = False
    has_answer: bool = False

    @property
    def is_running(self) -> bool:
        """Whether a turn runs, also one that waits for the user."""
        return self.state in {"running", "requires_action"}


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


class InputCause(msgspec.Struct, frozen=True, array_like=True):
    """The cause of a step that a viewer or a command asked for."""

    chat_input: ChatInput
    by: str
    token: str
