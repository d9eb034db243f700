"""A prompt that is to be sent at a time: whether it waits, is sent now, or is missed; and its words. Pure.

States::

    WAITING ──it is due, the agent is idle, and nothing is typed──▶ DUE
    WAITING ──it is due──▶ HELD   the agent works or asks, or somebody writes
    HELD ──the agent is idle, and nothing is typed──▶ DUE
    HELD ──``LATEST_S`` after the time──▶ MISSED
    WAITING ──``LATEST_S`` after the time──▶ LATE   the computer slept or was off: the user is asked
    WAITING, HELD ──a newer turn began, or the turn went on, and it continues that one──▶ MISSED

The state follows from the prompt and the moment alone. So a replacement host, and one that slept while the prompt
became due, come to the same: a suspended computer, or a clock that was set, sends nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from msgspec.structs import replace

from session_host.protocol.facts import NOT_RUNNING, OF_EARLIER_CHAT, Entry, LaterPrompt
from session_host.protocol.turns import TurnFacts
from session_host.protocol.untrusted_text import legible, one_line
from session_host.protocol.values import Activity
from session_host.system.clock import as_text, parse_time

LATEST_S: Final = 3600.0
"""A prompt that could not be sent for this time after it was due is missed: the user may want something else by now."""

AFTER_RESET_S: Final = 120.0
"""How long after a limit is reset a prompt continues: clocks differ."""

MAX_CHARACTERS: Final = 4000
"""The longest prompt that is sent later: each viewer gets it with each change of the status, as one fact of a chat."""

CONTINUE: Final = "Go on."
"""The prompt that continues, unless the user writes another one."""

NOTHING_WAITS: Final = "no prompt waits to be sent later"
TYPED: Final = "it was typed, and not sent"


class LaterState(StrEnum):
    """The states of such a prompt."""

    WAITING = "waiting"
    HELD = "held"
    DUE = "due"
    LATE = "late"
    MISSED = "missed"


class Moment(NamedTuple):
    """What the host knows of the chat at a moment.

    Attributes:
        now_s: the time, in seconds since 1970.
        turn: the number of the last turn; 0 before the first one.
        activity: what the agent does.
        is_reported: whether the agent itself said so.
        has_text: whether its input line, or a window's draft, has a text.
        is_limited: whether a limit ended the last turn.
    """

    now_s: float
    turn: int
    activity: Activity
    is_reported: bool = True
    has_text: bool = False
    is_limited: bool = True


class Decision(NamedTuple):
    """What is to be done now.

    Attributes:
        state: the state.
        why: why it is held, late or missed, one line; "" otherwise.
        again_s: the time of the next decision, in seconds since 1970; a change of the chat comes earlier. 0 for none.
    """

    state: LaterState
    why: str = ""
    again_s: float = 0.0


def decide(prompt: LaterPrompt, seen: Moment, held: str = "") -> Decision:
    """Decide about a prompt.

    Args:
        prompt: the prompt.
        seen: the present moment.
        held: why it was held at the last decision; "" if it was not.
    """
    due = parse_time(prompt.at)
    if due is None:
        return Decision(LaterState.MISSED, f"its time cannot be read: {prompt.at!r}")
    due_s = due.timestamp()
    if prompt.continues and seen.turn > max(prompt.continues, 0):
        return Decision(LaterState.MISSED, "a newer turn began")
    if prompt.continues > 0 and not seen.is_limited:
        return Decision(LaterState.MISSED, "the agent went on by itself")
    if seen.now_s < due_s:
        return Decision(LaterState.WAITING, again_s=due_s)
    if is_too_late(prompt, seen.now_s):
        return (
            Decision(LaterState.MISSED, f"an hour passed: {held}") if held else Decision(LaterState.LATE, NOT_RUNNING)
        )
    why = _hindrance(seen)
    return Decision(LaterState.HELD, why, due_s + LATEST_S) if why else Decision(LaterState.DUE)


def _hindrance(seen: Moment) -> str:
    """Why nothing can be sent at a moment; "" if it can."""
    if not seen.is_reported or seen.activity is Activity.NO_SIGNAL:
        return "what the agent does is not known"
    if seen.activity is not Activity.IDLE:
        return "the agent asks" if seen.activity is Activity.NEEDS_INPUT else f"the agent is {seen.activity.words}"
    return "a text is being written" if seen.has_text else ""


def is_too_late(prompt: LaterPrompt, now_s: float) -> bool:
    """Whether the time is over in which a prompt may be sent; ``now_s``: in seconds since 1970."""
    due = parse_time(prompt.at)
    return due is None or now_s > due.timestamp() + LATEST_S


def continues_at(last: TurnFacts | None) -> str:
    """When a prompt continues the last turn, which a limit ended: ISO 8601, UTC; "" if it is not known."""
    resets = parse_time(last.resets_at) if last is not None and last.outcome == "limit" else None
    return "" if resets is None else as_text(resets.timestamp() + AFTER_RESET_S)


def of_resumed(prompt: LaterPrompt | None) -> LaterPrompt | None:
    """The prompt of a chat that has ended, for the chat that resumes it."""
    if prompt is None:
        return None
    if prompt.stage == "sending":
        prompt = replace(prompt, stage="missed", why="the chat ended when it was to be sent")
    return replace(prompt, continues=OF_EARLIER_CHAT) if prompt.continues else prompt


def taker_of(entry: Entry, prompt: LaterPrompt) -> str:
    """The id of the chat that took over the task since the prompt was set that continues it; "" for none.

    If that chat was started, the prompt is not sent any more: what started it may have been killed before it could take
    the prompt back.
    """
    return entry.handed_to if prompt.continues and prompt.set_at <= entry.handed_at else ""


def text_of(prompt: LaterPrompt) -> str:
    """Its text as the user sends or edits it: an agent's words are legible."""
    return legible(prompt.text) if prompt.agents else prompt.text


def later_words(prompt: LaterPrompt, clock: Callable[[datetime], str]) -> str:
    """A prompt and its state, one line: "Sat 15:00: Go on." or "Sat 15:00 not sent: the agent asks".

    Args:
        prompt: the prompt.
        clock: writes a time for people, such as "15:00" or "Sat 15:00".
    """
    due = parse_time(prompt.at)
    when = clock(due) if due is not None else prompt.at
    if prompt.stage in {"", "sending"}:
        return one_line(f"{when}: {prompt.text}")
    return one_line(f"{when} not sent: {prompt.why}")
