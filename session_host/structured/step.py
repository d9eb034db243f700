"""A step: all that one cause leads to."""

from __future__ import annotations

from typing import NamedTuple

from .acts import AnyAct
from .items import AnyChange


class Refusal(NamedTuple):
    """Why a verb is refused: an ``ErrorCode``, and one line for the user."""

    code: str
    text: str


class Step(NamedTuple):
    """The result of one cause.

    Attributes:
        changes: of the transcript, in order.
        lines: for the agent, with their line ends.
        timers: names and seconds.
        refusal: why the verb has no effect; None if it has.
        failure: why the chat cannot go on, one line; "" if it can.
        acts: work for the host.
    """

    changes: list[AnyChange]
    lines: bytes
    timers: list[tuple[str, float]]
    refusal: Refusal | None = None
    failure: str = ""
    acts: tuple[AnyAct, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the step leads to nothing."""
        return not (self.changes or self.lines or self.timers or self.failure or self.acts)
