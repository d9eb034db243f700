"""The turns of a conversation: one prompt of the user and the agent's answer each. Pure.

An answer is what the agent wrote as text, in Markdown, in order: an agent writes several blocks around its tool calls.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from session_host.protocol.untrusted_numbers import time_ms
from session_host.structured.sentence import first_sentence

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


class RecordedTurn(NamedTuple):
    """A prompt and the answer to it, as far as it is written; either may be empty."""

    prompt: str
    answer: str
    at_s: float = 0.0
    """When the prompt was sent, as in ``RecordedText``."""
    goes_on: bool = False
    """Whether the record ends with something else than a text: the agent works, or its last text is not written yet."""
    is_stopped: bool = False
    """Whether the user stopped it."""
    is_joined: bool = False
    """Whether the next prompt came into the same turn of the agent: the answer to both is the next one's."""


class ReadTurn(RecordedTurn):
    """A turn as it was just read; what is not one of the fields is neither compared nor sent to other machines.

    Attributes:
        said: the first sentence of its last text, one line of Markdown.
    """

    said = ""


Which = Literal["last", "unfinished", "before", "chosen"]
"""Which turn: the last one, which may be unfinished; the one before prompts without an answer; an earlier one."""


class Choice(NamedTuple):
    """The turn that the user means; its answer may be empty."""

    turn: RecordedTurn
    which: Which


def seconds_of(timestamp: object) -> float:
    """The time of a record's ISO 8601 text, in seconds since 1970; 0 for anything else."""
    if not isinstance(timestamp, str):
        return 0.0
    try:
        moment = datetime.fromisoformat(timestamp)
        at_s = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        return at_s if time_ms(at_s, 1000) is not None else 0.0
    except (ValueError, OverflowError):
        return 0.0


def turns_of(newest_first: Iterable[RecordedText]) -> Iterator[RecordedTurn]:
    """Put texts together to turns; both are in reversed order, so that the beginning need not be read."""
    texts: list[RecordedText] = []
    is_last = True
    for recorded in newest_first:
        if recorded.speaker == "user":
            stopped = any(each.stops for each in texts)
            is_joined = not (is_last or stopped) and (not texts or _goes_on(texts))
            turn = ReadTurn(recorded.text, _joined(texts), recorded.at_s, _goes_on(texts), stopped, is_joined)
            turn.said = _first_sentence(texts)
            yield turn
            texts, is_last = [], False
        else:
            texts.append(recorded)
    if any(each.text for each in texts):
        yield RecordedTurn("", _joined(texts), goes_on=_goes_on(texts))


def _joined(newest_first: list[RecordedText]) -> str:
    return "\n\n".join(each.text.strip("\n") for each in reversed(newest_first) if each.text.strip())


def _first_sentence(newest_first: list[RecordedText]) -> str:
    return first_sentence(next((each.text for each in newest_first if each.text.strip()), ""))


def _goes_on(newest_first: list[RecordedText]) -> bool:
    return bool(newest_first) and newest_first[0].goes_on


def choose(turns: Iterator[RecordedTurn], position: TurnPosition | None, *, is_working: bool) -> Choice | None:
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


EARLY_S: Final = 1.0
"""A prompt may be recorded so long after the agent said that it works."""


def start_before_next(began_s: float, ended_s: float) -> float:
    """The start of a turn that another one follows, for ``turn_of_number``, in seconds since 1970.

    If the turn was short, a prompt that was sent after its end belongs to the next turn.
    """
    return min(began_s, ended_s - EARLY_S)


def turn_of_number(
    newest_first: Iterable[RecordedTurn], starts: Mapping[int, float], number: int, ended_s: float = math.inf
) -> RecordedTurn | None:
    """The recorded turn that a session's own count names; one, if its prompts were sent while it ran.

    Records without times are counted from their end.

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
    begins_s = _begin_s(turns, starts, number)
    ends_s = _begin_s(turns, starts, number + 1) if number + 1 in starts else ended_s + EARLY_S
    found = [turn for turn in turns if begins_s <= turn.at_s < ends_s]
    return _as_one(found) if found else None


def number_of_turn(turns: Sequence[RecordedTurn], starts: Mapping[int, float], turn: RecordedTurn) -> int:
    """The number of a recorded turn in a session's own count; 0 if it is not known.

    Args:
        turns: the recorded turns, newest first.
        starts: as in ``turn_of_number``.
        turn: one of them, or several as one.
    """
    if not turn.at_s:
        return 0
    numbers = sorted(starts, reverse=True)
    return next((number for number in numbers if _begin_s(turns, starts, number) <= turn.at_s), 0)


def _begin_s(turns: Sequence[RecordedTurn], starts: Mapping[int, float], number: int) -> float:
    """The time of the first prompt of a turn: the last one before the turn that no earlier turn began with."""

    def latest_s(each: int) -> float:
        """The latest time at which a turn's first prompt may have been recorded."""
        return min(starts.get(each, -math.inf) + EARLY_S, starts.get(each + 1, math.inf))

    if number not in starts:
        return math.inf
    sent = (turn.at_s for turn in turns if latest_s(number - 1) < turn.at_s <= latest_s(number))
    return max(sent, default=starts[number])


def _as_one(newest_first: Sequence[RecordedTurn]) -> RecordedTurn:
    """Several prompts of one turn, with all that the agent wrote."""
    answer = "\n\n".join(turn.answer for turn in reversed(newest_first) if turn.answer)
    newest, oldest = newest_first[0], newest_first[-1]
    turn = ReadTurn(*oldest._replace(answer=answer, goes_on=newest.goes_on, is_stopped=newest.is_stopped))
    turn.said = newest.said if isinstance(newest, ReadTurn) else ""
    return turn


def turn_of_prompt(newest_first: Iterable[RecordedTurn], prompt: str, since_s: float) -> RecordedTurn | None:
    """The newest recorded turn with this prompt; None if there is none since a time, in seconds since 1970.

    An agent may take several prompts into one turn: the answer is the one to all of them, and its time the last one's.
    """
    wanted = _squeezed(prompt)
    later: list[RecordedTurn] = []
    for turn in takewhile(lambda turn: not turn.at_s or turn.at_s >= since_s, newest_first):
        later = [*later, turn] if turn.is_joined else [turn]
        if _squeezed(turn.prompt) == wanted:
            return _as_one(later)._replace(at_s=later[0].at_s)
    return None
