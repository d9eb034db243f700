"""A step: the result of one cause."""

from __future__ import annotations

from typing import NamedTuple

from .items import AnyChange
from .operations import AnyOperation


class Refusal(NamedTuple):
    """The refusal of an input: an ``ErrorCode``, and the reason as one line for the user."""

    code: str
    text: str


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
