"""A prompt that is to be sent at a time: whether it waits, is sent now, or is missed. Pure.

States::

    WAITING ──it is due, the agent is idle, and nothing is typed──▶ DUE
    WAITING ──it is due──▶ HELD   the agent works or asks, or somebody writes
    HELD ──the agent is idle, and nothing is typed──▶ DUE
    WAITING, HELD ──``LATEST_S`` after the time──▶ MISSED
    WAITING, HELD ──a newer turn began, and it continues an older one──▶ MISSED

The state follows from the prompt and the moment alone. So a replacement host, and one that slept while the prompt
became due, come to the same: a suspended computer, or a clock that was set, sends nothing twice.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from session_host.protocol.facts import LaterPrompt
from session_host.protocol.values import Activity
from session_host.system.clock import parse_time

LATEST_S: Final = 3600.0
"""A prompt that could not be sent for this time after it was due is missed: the user may want something else by now."""


class LaterState(StrEnum):
    """The states of such a prompt."""

    WAITING = "waiting"
    HELD = "held"
    DUE = "due"
    MISSED = "missed"


class Moment(NamedTuple):
    """What the host knows of the chat at a moment.

    Attributes:
        now_s: the time, in seconds since 1970.
        turn: the number of the last turn; 0 before the first one.
        activity: what the agent does.
        is_reported: whether the agent itself said so.
        has_text: whether its input line, or a window's draft, has a text.
    """

    now_s: float
    turn: int
    activity: Activity
    is_reported: bool = True
    has_text: bool = False


class Decision(NamedTuple):
    """What is to be done now.

    Attributes:
        state: the state.
        why: why it is held or missed, one line; "" otherwise.
        again_s: the time of the next decision, in seconds since 1970; a change of the chat comes earlier. 0 for none.
    """

    state: LaterState
    why: str = ""
    again_s: float = 0.0


def decide(prompt: LaterPrompt, seen: Moment) -> Decision:
    """Decide about a prompt.

    Args:
        prompt: the prompt.
        seen: the present moment.
    """
    due = parse_time(prompt.at)
    if due is None:
        return Decision(LaterState.MISSED, f"its time cannot be read: {prompt.at!r}")
    due_s = due.timestamp()
    if prompt.continues and seen.turn > prompt.continues:
        return Decision(LaterState.MISSED, "a newer turn began")
    if seen.now_s < due_s:
        return Decision(LaterState.WAITING, again_s=due_s)
    why = _hindrance(seen)
    if seen.now_s > due_s + LATEST_S:
        return Decision(LaterState.MISSED, f"an hour passed: {why}" if why else "it was due more than an hour ago")
    return Decision(LaterState.HELD, why, due_s + LATEST_S) if why else Decision(LaterState.DUE)


def _hindrance(seen: Moment) -> str:
    """Why nothing can be sent at a moment; "" if it can."""
    if not seen.is_reported or seen.activity is Activity.NO_SIGNAL:
        return "what the agent does is not known"
    if seen.activity is not Activity.IDLE:
        return "the agent asks" if seen.activity is Activity.NEEDS_INPUT else f"the agent is {seen.activity.words}"
    return "a text is being written" if seen.has_text else ""
