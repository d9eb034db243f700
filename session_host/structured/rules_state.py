"""The state of a structured chat's rules, as a new host continues from it. Pure."""

from __future__ import annotations

import msgspec

from .dialects.base import UserPrompt
from .items import AgentRequest, ChatState, RequestResolved, StateChanged, UsageChanged
from .operations import AnyOperation
from .spent import Spent
from .turns import TurnCount


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
        held: prompts that wait for their user since the turn was stopped, oldest first.
        is_stopped: the running turn was stopped by the user, and not for another prompt.
        detail: the detail of the agent's state, as last emitted.
        between: what the dialect says of its state while the turn of the sent prompt has not begun; the state is
            "running" then. None otherwise.
        total: the tokens of all turns, as the agent last told a version that did not keep ``usage``; ``total_before``
            and ``edited`` were its count, and are not used.
        sent_by: the kind of client that sent the last prompt, until its turn begins.
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
    held: list[UserPrompt] = []
    is_stopped: bool = False
    detail: str = ""
    between: StateChanged | None = None
    total: int = 0
    total_before: int = 0
    edited: list[str] = []
    sent_by: str = ""
    prompt: str = ""
    """The id of the first prompt of the running turn; "" for none."""
    began_ms: int = 0
    """When the running turn began; 0 if that is not known."""
    by: str = ""
    """The kind of client that sent its prompt."""
    usage: UsageChanged | None = None
    """What the chat has used, as the agent last said."""
    count: TurnCount | None = None
    """The work of the running turn; None if that began under a version that did not count so."""
    answering: str = ""
    """The id of the newest message of its agent; "" for none."""
    answer: str = ""
    """The beginning of that message."""
    said: str = ""
    """The first sentence of the last turn's answer, one line of Markdown."""
    spent: Spent | None = None
    """What was used since the last turn's end; None if a version did not count so."""
    has_amount: bool = False
    """Whether the user has set an amount of money at which to ask before the next turn."""
    looking: int = 0
    """The operation that looks whether it is reached; 0 for none."""
    at_amount: str = ""
    """What the user is asked about the first prompt of the queue; "" for nothing."""
    passes: bool = False
    """Whether the next prompt is sent without a look."""

    @property
    def may_time_out(self) -> bool:
        """Whether the agent does nothing, and will not begin by itself either."""
        is_idle = self.state == "idle" and not self.detail
        return is_idle and not (self.queue or self.held or self.terminals or self.timed_out or self.ended)

    @property
    def is_running(self) -> bool:
        """Whether a turn runs or waits for the user, or a prompt is sent that will begin one."""
        return self.state in {"running", "requires_action"}
