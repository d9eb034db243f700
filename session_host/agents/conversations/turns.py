"""The turns of a conversation: one prompt of the user and the agent's answer each. Pure.

An answer is what the agent wrote as text, in Markdown, in order: an agent writes several blocks around its tool calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain, islice
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


class Turn(NamedTuple):
    """A prompt and the answer to it, as far as it is written; either may be empty."""

    prompt: str
    answer: str
    at_s: float = 0.0
    """When the prompt was sent, as in ``RecordedText``."""


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
    texts: list[str] = []
    for recorded in newest_first:
        if recorded.speaker == "user":
            yield Turn(recorded.text, _joined(texts), recorded.at_s)
            texts = []
        else:
            texts.append(recorded.text.strip("\n"))
    if any(texts):
        yield Turn("", _joined(texts))


def _joined(newest_first: list[str]) -> str:
    return "\n\n".join(text for text in reversed(newest_first) if text.strip())


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
