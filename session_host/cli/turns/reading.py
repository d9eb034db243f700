"""The answer of a turn: from the agent's own record, or from a chat view's transcript; never off the screen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from session_host.agents.conversations.turns import (
    RecordedTurn,
    number_of_turn,
    start_before_next,
    turn_of_number,
    turn_of_prompt,
)
from session_host.cli.session_argument import find
from session_host.client.chats.agent_record import nothing_answered, recorded_turns
from session_host.client.sessions.session_info import SessionInfo
from session_host.client.sessions.turn_watch import TurnWatch, started
from session_host.errors import NoAnswer
from session_host.protocol.events import TurnEnded
from session_host.standing.traits import traits_of
from session_host.system.clock import parse_time

SENT_BEFORE_S = 5.0
"""A prompt is not recorded earlier before it was sent; clocks of programs are rounded."""


class Answer(NamedTuple):
    """An answer.

    Attributes:
        text: what the agent wrote, in Markdown.
        is_whole: whether the agent has written all of it.
        is_stopped: whether the agent's record says that the user stopped the turn.
        turn: the number of its turn; 0 if that is not known.
    """

    text: str
    is_whole: bool
    is_stopped: bool = False
    turn: int = 0


def answer_of_turn(info: SessionInfo, watch: TurnWatch, number: int) -> Answer | None:
    """The answer of a turn so far; None if there is nothing of it.

    Raises:
        NoRecord: Outlive reads no record of this agent.
        NoAnswer: the record cannot be read, or the turn began too long ago.
    """
    if (start := watch.starts.get(number)) is None:
        raise NoAnswer(f"turn {number} of {info.name} is not known; `outlive events {info.name}` names the turns")
    if traits_of(info.facts).has_transcript:
        end = watch.ends.get(number)
        is_whole = end is not None and end.outcome != "cut"
        return Answer(_text_in_transcript(info, started(start).agents_id), is_whole, turn=number)
    ended = parse_time(watch.ended_at.get(number, ""))
    ended_s = ended.timestamp() if ended is not None else math.inf
    turn = turn_of_number(recorded_turns(info.id), _start_times(watch), number, ended_s)
    return None if turn is None else _answer(turn, number)


def answer_to_prompt(info: SessionInfo, watch: TurnWatch, prompt: str, sent_s: float) -> Answer | None:
    """The answer to a prompt that was sent to an agent in a terminal; None if the record does not have the prompt yet.

    Args:
        info: the chat.
        watch: its turns.
        prompt: its text.
        sent_s: when it was sent, in seconds since 1970.

    Raises:
        As ``answer_of_turn``.
    """
    seen: list[RecordedTurn] = []

    def turns() -> Iterator[RecordedTurn]:
        for turn in recorded_turns(info.id):
            seen.append(turn)
            yield turn

    turn = turn_of_prompt(turns(), prompt, sent_s - SENT_BEFORE_S)
    return None if turn is None else _answer(turn, number_of_turn(seen, _start_times(watch), turn))


def _start_times(watch: TurnWatch) -> dict[int, float]:
    """The starts of the turns, by their numbers, in seconds since 1970; see ``turn_of_number``."""
    starts = {each: moment.timestamp() for each, at in watch.starts.items() if (moment := parse_time(at.at))}
    for each in starts.keys() & {number - 1 for number in starts}:
        if ended := parse_time(watch.ended_at.get(each)):
            starts[each] = start_before_next(starts[each], ended.timestamp())
    return starts


def last_answer(info: SessionInfo, watch: TurnWatch, back: int) -> tuple[TurnEnded, Answer]:
    """The answer of the last turn that is over and has one, or of an earlier one, and how that turn ended.

    Args:
        info: the chat.
        watch: its turns.
        back: 1 for the last one, 2 for the one before it, …

    Returns:
        The end of a turn that the ledger does not have has the number 0, and is taken for a good one.

    Raises:
        NoAnswer: there is none; see also ``answer_of_turn``.
    """
    has_transcript = traits_of(info.facts).has_transcript
    answers = _answers_in_transcript(info, watch) if has_transcript else _answers_in_record(info, watch)
    if len(answers) >= back:
        return answers[back - 1]
    if answers:
        raise NoAnswer(f"{info.name} has only {len(answers)} answers")
    if has_transcript:
        raise NoAnswer(f"{info.name} has not answered yet")
    raise NoAnswer(nothing_answered(info.id))


def _end_of(watch: TurnWatch, number: int) -> TurnEnded:
    """The end of a turn that is over; that of the running program cuts one that has none."""
    if number in watch.ends:
        return watch.ends[number]
    return TurnEnded(turn=number, outcome="cut" if number else "done")


def _answers_in_record(info: SessionInfo, watch: TurnWatch) -> list[tuple[TurnEnded, Answer]]:
    """The answers in the agent's record, newest first, without that of a turn that runs."""
    turns = list(recorded_turns(info.id))
    if watch.running:
        started_at = parse_time(watch.starts[watch.running].at)
        since_s = started_at.timestamp() - SENT_BEFORE_S if started_at is not None else 0.0
        turns = [turn for number, turn in enumerate(turns) if (turn.at_s < since_s if turn.at_s else number)]
    starts = _start_times(watch)
    answers = [_answer(turn, number_of_turn(turns, starts, turn)) for turn in turns if turn.answer]
    return [(_end_of(watch, answer.turn), answer) for answer in answers]


def _answer(turn: RecordedTurn, number: int) -> Answer:
    is_whole = turn.is_stopped or (bool(turn.answer) and not turn.goes_on)
    return Answer(turn.answer, is_whole, turn.is_stopped, number)


def _text_in_transcript(info: SessionInfo, agents_id: str) -> str:
    from session_host.cli.recording.transcript_export import transcript_of
    from session_host.structured.turns import answer_in_turn

    return answer_in_turn(transcript_of(find(info.id), lambda: None), agents_id)


def _answers_in_transcript(info: SessionInfo, watch: TurnWatch) -> list[tuple[TurnEnded, Answer]]:
    """The answers to the prompts of a chat view, newest first, without those of a turn that runs."""
    from session_host.cli.recording.transcript_export import transcript_of
    from session_host.structured.turns import answer_in, turns_backwards

    running = started(watch.starts[watch.running]).agents_id if watch.running else ""
    found = []
    for turn in turns_backwards(transcript_of(info, lambda: None)):
        text, agents_id = answer_in(turn.items), turn.prompts[0].turn
        if text and not (running and agents_id == running):
            end = _end_of(watch, watch.number_of(agents_id))
            if not end.turn and turn.ends:  # Of an earlier chat.
                facts = turn.facts
                end = TurnEnded(turn=0, outcome=facts.outcome or "done", error=facts.error, resets_at=facts.resets_at)
            found.append((end, Answer(text, end.outcome != "cut", turn=end.turn)))
    return found
