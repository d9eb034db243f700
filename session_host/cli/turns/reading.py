"""The answer of a turn: from the agent's own record, or from a chat view's transcript; never off the screen."""

from __future__ import annotations

import math
from typing import NamedTuple

from session_host.agents.conversations.turns import Turn, turn_of_number, turn_of_prompt
from session_host.cli.session_argument import find
from session_host.client.chats.agent_record import nothing_answered, recorded_turns
from session_host.client.sessions.session_info import SessionInfo
from session_host.client.sessions.turn_watch import TurnWatch, started
from session_host.errors import NoAnswer
from session_host.system.clock import parse_time

SENT_BEFORE_S = 5.0
"""A prompt is not recorded earlier before it was sent; clocks of programs are rounded."""


class Answer(NamedTuple):
    """An answer.

    Attributes:
        text: what the agent wrote, in Markdown.
        is_whole: whether the agent has written all of it.
        is_stopped: whether the agent's record says that the user stopped the turn.
    """

    text: str
    is_whole: bool
    is_stopped: bool = False


def answer_of_turn(info: SessionInfo, watch: TurnWatch, number: int) -> Answer | None:
    """The answer of a turn so far; None if there is nothing of it.

    Raises:
        NoRecord: Outlive reads no record of this agent.
        NoAnswer: the record cannot be read, or the turn began too long ago.
    """
    if (start := watch.starts.get(number)) is None:
        raise NoAnswer(f"turn {number} of {info.name} is not known; `outlive events {info.name}` names the turns")
    if info.facts.origin.runtime == "structured":
        return _in_transcript(info, started(start).agents_id, is_over=number in watch.ends)
    starts = {each: moment.timestamp() for each, at in watch.starts.items() if (moment := parse_time(at.at))}
    ended = parse_time(watch.ended_at.get(number, ""))
    ended_s = ended.timestamp() if ended is not None else math.inf
    return _answer(turn_of_number(recorded_turns(info.id), starts, number, ended_s))


def answer_to_prompt(info: SessionInfo, prompt: str, sent_s: float) -> Answer | None:
    """The answer to a prompt that was sent to an agent in a terminal; None if the record does not have the prompt yet.

    Args:
        info: the chat.
        prompt: its text.
        sent_s: when it was sent, in seconds since 1970.

    Raises:
        As ``answer_of_turn``.
    """
    return _answer(turn_of_prompt(recorded_turns(info.id), prompt, sent_s - SENT_BEFORE_S))


def last_answer(info: SessionInfo, watch: TurnWatch, back: int) -> Answer:
    """The answer of the last finished turn that has one, or of an earlier one.

    Args:
        info: the chat.
        watch: its turns.
        back: 1 for the last one, 2 for the one before it, …

    Raises:
        NoAnswer: there is none; see also ``answer_of_turn``.
    """
    if info.facts.origin.runtime == "structured":
        answers = _answers_in_transcript(info, watch.running and started(watch.starts[watch.running]).agents_id)
    else:
        answers = _finished(info, watch)
    if len(answers) >= back:
        return answers[back - 1]
    if answers:
        raise NoAnswer(f"{info.name} has only {len(answers)} answers")
    if info.facts.origin.runtime == "structured":
        raise NoAnswer(f"{info.name} has not answered yet")
    raise NoAnswer(nothing_answered(info.id))


def _finished(info: SessionInfo, watch: TurnWatch) -> list[Answer]:
    """The answers in the agent's record, newest first, without that of a turn that runs."""
    turns = recorded_turns(info.id)
    if watch.running:
        started = parse_time(watch.starts[watch.running].at)
        since_s = started.timestamp() - SENT_BEFORE_S if started is not None else 0.0
        turns = (turn for number, turn in enumerate(turns) if (turn.at_s < since_s if turn.at_s else number))
    return [Answer(turn.answer, not turn.goes_on) for turn in turns if turn.answer]


def _answer(turn: Turn | None) -> Answer | None:
    if turn is None:
        return None
    is_whole = turn.is_stopped or (bool(turn.answer) and not turn.goes_on)
    return Answer(turn.answer, is_whole, turn.is_stopped)


def _in_transcript(info: SessionInfo, agents_id: str, *, is_over: bool) -> Answer | None:
    from session_host.cli.recording.transcript_export import transcript_of
    from session_host.structured.turns import answer_in_turn

    transcript = transcript_of(find(info.id), lambda: None)
    return Answer(answer_in_turn(transcript, agents_id), is_over)


def _answers_in_transcript(info: SessionInfo, without: str | int) -> list[Answer]:
    """The answers to the prompts of a chat view, newest first, without those of a turn that runs."""
    from session_host.cli.recording.transcript_export import transcript_of
    from session_host.structured.turns import answers

    transcript = transcript_of(info, lambda: None)
    return [Answer(text, is_whole=True) for text in answers(transcript, without=str(without or "")) if text]
