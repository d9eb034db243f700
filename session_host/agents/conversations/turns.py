"""The turns of a conversation: one prompt of the user and the agent's answer each. Pure.

An answer is what the agent wrote as text, in Markdown, in order: an agent writes several blocks around its tool calls.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from session_host.terminal.prompts import TurnPosition

_SPREAD: Final = 20
"""How many turns the terminal's marks and the agent's record may differ by: commands make marks without prompts."""

_PROMPT_CHARACTERS: Final = 24
"""How much of a prompt is compared with the screen, which may show the rest in its own way."""


class RecordedText(NamedTuple):
    """A text in an agent's record."""

    speaker: Literal["user", "agent"]
    text: str
    at_s: float = 0.0
    """The time of its record, in seconds since 1970; 0 if unknown."""
    goes_on: bool = False
    """Whether the agent calls a tool after it."""
    stops: bool = False
    """Whether the user stopped the turn there; the text is "" then."""


class Turn(NamedTuple):
    """A prompt and the answer to it, as far as it is written; either may be empty."""

    prompt: str
    answer: str
    at_s: float = 0.0
    """When the prompt was sent, as in ``RecordedText``."""
    goes_on: bool = False
    """Whether the record ends with something else than a text: the agent works, or its last text is not written yet."""
    is_stopped: bool = False
    """Whether the user stopped it."""


Which = Literal["last", "unfinished", "before", "chosen"]
"""Which turn: the last one, which may be unfinished; the one before prompts without an answer; an earlier one."""


class Choice(NamedTuple):
    """The turn that the user means; its answer may be empty."""

    turn: Turn
    which: Which


def seconds_of(timestamp: object) -> float:
    """The time of a record's ISO 8601 text, in seconds since 1970; 0 for anything else."""
    if not isinstance(timestamp, str):
        return 0.0
    try:
        moment = datetime.fromisoformat(timestamp)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def turns_of(newest_first: Iterable[RecordedText]) -> Iterator[Turn]:
    """Put texts together to turns; both are in reversed order, so that the beginning need not be read."""
    texts: list[RecordedText] = []
    for recorded in newest_first:
        if recorded.speaker == "user":
            stopped = any(each.stops for each in texts)
            yield Turn(recorded.text, _joined(texts), recorded.at_s, _goes_on(texts), stopped)
            texts = []
        else:
            texts.append(recorded)
    if any(each.text for each in texts):
        yield Turn("", _joined(texts), goes_on=_goes_on(texts))


def _joined(newest_first: list[RecordedText]) -> str:
    return "\n\n".join(each.text.strip("\n") for each in reversed(newest_first) if each.text.strip())


def _goes_on(newest_first: list[RecordedText]) -> bool:
    return bool(newest_first) and newest_first[0].goes_on


def choose(turns: Iterator[Turn], position: TurnPosition | None, *, is_working: bool) -> Choice | None:
    """Choose the turn at a position of the terminal, or else the last one with an answer.

    Args:
        turns: the newest first; read no further than necessary.
        position: where the user is; None at the end.
        is_working: the agent is in a turn, so that a last turn without an answer is chosen, too.

    Returns:
        None if there is no turn with an answer.
    """
    last: Which = "unfinished" if is_working else "last"
    if position is not None:
        nearby = list(islice(turns, position.later + _SPREAD))
        screen = _squeezed(position.text)
        for index in sorted(range(len(nearby)), key=lambda index: abs(index - position.later)):
            prompt = _squeezed(nearby[index].prompt)[:_PROMPT_CHARACTERS]
            if prompt and prompt in screen:
                return Choice(nearby[index], "chosen" if index else last)
        turns = chain(nearby, turns)
    for index, turn in enumerate(turns):
        if turn.answer or is_working:
            return Choice(turn, "before" if index else last)
    return None


def _squeezed(text: str) -> str:
    return "".join(text.split())


_EARLY_S: Final = 1.0
"""A prompt may be recorded so long after the agent said that it works."""


def turn_of_number(
    newest_first: Iterable[Turn], starts: Mapping[int, float], number: int, ended_s: float = math.inf
) -> Turn | None:
    """The recorded turn that a session's own count names; one, if its prompts were sent while it ran.

    A turn of the count begins with the last prompt before it that no earlier turn began with. Records without times are
    counted from their end.

    Args:
        newest_first: the recorded turns.
        starts: when the session's turns began, by their numbers, in seconds since 1970.
        number: the wanted one, which is among them.
        ended_s: when it ended: the next one may have begun, and not be counted yet.

    Returns:
        None if the record has no prompt of it.
    """
    previous_s = starts.get(number - 1, -math.inf)
    turns = list(takewhile(lambda turn: not turn.at_s or turn.at_s > previous_s, newest_first))
    if any(not turn.at_s for turn in turns):
        later = sum(each > number for each in starts)
        return turns[later] if later < len(turns) else None

    def latest_s(each: int) -> float:
        """The latest time at which a turn's first prompt may have been recorded."""
        return min(starts.get(each, -math.inf) + _EARLY_S, starts.get(each + 1, math.inf))

    def begin_s(each: int) -> float:
        """The time of a turn's first prompt."""
        if each not in starts:
            return math.inf
        sent = (turn.at_s for turn in turns if latest_s(each - 1) < turn.at_s <= latest_s(each))
        return max(sent, default=starts[each])

    begins_s = begin_s(number)
    ends_s = begin_s(number + 1) if number + 1 in starts else ended_s + _EARLY_S
    found = [turn for turn in turns if begins_s <= turn.at_s < ends_s]
    if not found:
        return None
    answer = "\n\n".join(turn.answer for turn in reversed(found) if turn.answer)
    return found[-1]._replace(answer=answer, goes_on=found[0].goes_on, is_stopped=found[0].is_stopped)


def turn_of_prompt(newest_first: Iterable[Turn], prompt: str, since_s: float) -> Turn | None:
    """The newest recorded turn with this prompt; None if there is none since a time, in seconds since 1970."""
    wanted = _squeezed(prompt)
    recent = takewhile(lambda turn: not turn.at_s or turn.at_s >= since_s, newest_first)
    return next((turn for turn in recent if _squeezed(turn.prompt) == wanted), None)
