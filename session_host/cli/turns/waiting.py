"""Waits for a turn's end and its answer. Ends with an error that has the exit code if the turn does not end well."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from session_host.agents.catalog import find_agent
from session_host.cli.session_argument import find
from session_host.client.sessions.session_info import SessionInfo
from session_host.client.sessions.turn_watch import TurnWatch
from session_host.errors import (
    HostUnavailable,
    NeedsInput,
    NoAnswer,
    NoSuchTurn,
    SessionEnded,
    TimedOut,
    TurnFailed,
    UsageError,
    WrongRuntime,
)
from session_host.paths import config_dir
from session_host.protocol.events import TurnEnded
from session_host.protocol.untrusted_text import one_line
from session_host.standing.clock_times import told_time
from session_host.standing.endings import end_of
from session_host.standing.traits import traits_of
from session_host.system.clock import parse_time
from session_host.system.processes.permission import agent_chats, split

from .coming import wait_while_queued
from .reading import Answer, answer_of_turn, answer_to_prompt, last_answer

BEGINS_WITHIN_S: Final = 20.0
"""How long an agent may take to begin a turn after its prompt was sent, on a busy computer, too."""

COUNTED_WITHIN_S: Final = 15.0
"""How long after the end of a turn in a terminal to wait until its host counts it, which it does once the agent has
recorded its answer (``host.watchers.turn_record``). A host of version 0.1.0 counts nothing.
"""

_JOINED_AFTER_S: Final = 2.0
"""After so long without another turn, a prompt that was sent during a turn has become a part of that turn."""


class Sent(NamedTuple):
    """A prompt that was sent to an agent in a terminal.

    Attributes:
        text: its text.
        at_s: when, in seconds since 1970.
        turn: the turn that ran since then; 0 if none did.
        began: whether the prompt began it.
        is_command: whether it may be a command of the agent's program, which begins no turn.
    """

    text: str
    at_s: float
    turn: int
    began: bool
    is_command: bool = False


class AnsweredTurn(NamedTuple):
    """A turn that has ended, with its answer."""

    end: TurnEnded
    answer: Answer

    @classmethod
    def of(cls, end: TurnEnded, answer: Answer | None) -> AnsweredTurn:
        """A turn with its end in the ledger.

        If the user stopped the turn of an agent in a terminal, the ledger may say "done"; the agent's record knows it.
        """
        answer = answer or Answer("", is_whole=False)
        if answer.is_stopped and end.outcome == "done":
            end = msgspec.structs.replace(end, outcome="interrupted")
        return cls(end, answer)


WITHOUT_TURN: Final = AnsweredTurn(TurnEnded(turn=0, outcome="done"), Answer("", is_whole=True))
"""What is known of a command of the agent's program that begins no turn, as one that clears the conversation."""


def is_command(info: SessionInfo, text: str) -> bool:
    """Whether a text may be a command of the agent's program: then it may have no turn, or one without an answer."""
    agent = find_agent(config_dir(), info.facts.origin.agent)
    return agent is not None and text.lstrip().startswith(tuple(filter(None, agent.signals.command_prefixes)))


def until(timeout_s: float | None) -> float:
    """The time of ``time.monotonic`` at which a wait is given up."""
    return math.inf if timeout_s is None else time.monotonic() + timeout_s


def check_is_other(info: SessionInfo) -> None:
    """Check that this process is not of the chat's own agent, whose turn would wait for itself.

    Raises:
        UsageError: it is.
    """
    own = agent_chats(os.getpid())[:1]
    if own and own == split(info.facts.origin.agent_chats)[:1] and not info.facts.origin.is_shell_or_command:
        raise UsageError(f"{info.name} is your own chat: its turn would wait for itself; leave the wait out")


def wait_for_end(
    info: SessionInfo, watch: TurnWatch, number: int, until_s: float, look: Callable[[], float] | None = None
) -> TurnEnded:
    """Wait until a turn has ended.

    Args:
        info: the chat.
        watch: its turns.
        number: the turn.
        until_s: the time of ``time.monotonic`` at which the wait is given up.
        look: called meanwhile; returns the time of ``time.monotonic`` at which it shall be called again.

    Raises:
        NoSuchTurn: no prompt will begin this turn.
        NoAnswer: it is over, and the ledger has lost its end.
        NeedsInput: the agent asks something in it; the whole question is on standard error.
        SessionEnded: the chat has ended, and this turn's end is not known.
        TimedOut: the time has come.
    """
    while number not in watch.ends:
        newest = max(watch.starts, default=0)
        if number < newest and number != watch.running and not watch.is_over:
            raise NoAnswer(f"turn {number} of {info.name} is not known; `outlive events {info.name}` names the turns")
        if number > newest + 1 and not watch.is_over:
            if not wait_while_queued(info, watch, number, until_s):
                raise no_such_turn(info, number)
            continue
        if watch.question is not None and watch.running in {number, 0}:
            raise_asks(info, watch.question, f"outlive answer {info.name} --turn {number} --follow")
        look_s = look() if look is not None else math.inf
        wait_for(info, watch, min(until_s, look_s), f"the end of turn {number}", gives_up=until_s <= look_s)
    return watch.ends[number]


def no_such_turn(info: SessionInfo, number: int) -> NoSuchTurn:
    """The error for a turn that no prompt will begin."""
    what = f"turn {number} of {info.name} is not there, and no prompt waits that would begin it"
    return NoSuchTurn(f"{what}; `outlive events {info.name}` names the turns")


def wait_for_answer(
    info: SessionInfo, watch: TurnWatch, number: int, until_s: float, look: Callable[[], float] | None = None
) -> AnsweredTurn:
    """Wait for a turn's end, and until its answer is written; see ``wait_for_end``.

    Raises:
        As ``wait_for_end``; see also ``answer_of_turn``.
    """
    wait_for_end(info, watch, number, until_s, look)
    answer = _recorded_answer(info, watch, number, until_s)
    return AnsweredTurn.of(watch.ends[number], answer)


def _recorded_answer(info: SessionInfo, watch: TurnWatch, number: int, until_s: float) -> Answer | None:
    """The answer of a turn that has ended, once it is recorded; as far as it is if that takes too long."""
    counted_s = min(until_s, _counted_by_s(watch, number))
    while True:
        is_last = traits_of(info.facts).has_transcript or _is_counted(watch, number, counted_s)
        answer = answer_of_turn(info, watch, number)
        if is_last or (answer is not None and answer.is_whole):
            return answer
        watch.wait(counted_s)


def _is_counted(watch: TurnWatch, number: int, counted_s: float) -> bool:
    return number in watch.counted or watch.is_over or time.monotonic() >= counted_s


def _counted_by_s(watch: TurnWatch, number: int) -> float:
    """The time of ``time.monotonic`` until which the host of a turn that has ended is waited for."""
    ended = parse_time(watch.ended_at[number])
    since_s = datetime.now(UTC).timestamp() - ended.timestamp() if ended is not None else 0.0
    return time.monotonic() + COUNTED_WITHIN_S - max(since_s, 0.0)


def wait_for_reply(info: SessionInfo, watch: TurnWatch, sent: Sent, until_s: float) -> AnsweredTurn:
    """Wait for the answer to a prompt that was sent to an agent in a terminal.

    An agent that works takes a prompt into its turn, or begins another one with it: its record tells which. A turn that
    ends before the record has its answer was not the last one: an agent may say for a moment that it is idle. Only one
    that was stopped is the turn of the prompt that began it.

    Raises:
        As ``wait_for_end``; see also ``answer_of_turn``.
    """
    number, is_own = sent.turn, sent.began
    if not number:
        number, is_own = wait_for_begin(info, watch, until_s, gives_up=not sent.is_command), True
        if not number:
            return WITHOUT_TURN
    began = is_own
    while True:
        end = wait_for_end(info, watch, number, until_s)
        counted_s = min(until_s, _counted_by_s(watch, number))
        joined_s = min(until_s, time.monotonic() + (0.0 if began else _JOINED_AFTER_S))
        while True:
            is_joined = watch.is_over or time.monotonic() >= joined_s
            is_last = is_joined and _is_counted(watch, number, counted_s)
            answer = answer_to_prompt(info, watch, sent.text, sent.at_s)
            has_failed = watch.ends[number].outcome != "done"
            is_its = is_own or (answer is not None and answer.turn == number)
            # Behind a turn that failed, the next one may have answered, and not be told yet.
            is_sure = began or is_joined or not (is_its and has_failed)
            if answer is not None and answer.is_whole and answer.turn in {0, *watch.ends} and is_sure:
                return AnsweredTurn.of(watch.ends.get(answer.turn, end), answer)
            if number < max(watch.starts) and not (is_its and has_failed):
                break
            if answer is None and is_joined:
                answer = answer_of_turn(info, watch, number)
                is_last = is_last or (answer is not None and answer.is_whole)
            if is_last:
                return AnsweredTurn.of(watch.ends[number], answer)
            watch.wait(counted_s if is_joined else joined_s)
        number, is_own, began = min(each for each in watch.starts if each > number), False, True


def wait_for_last_answer(info: SessionInfo, watch: TurnWatch, back: int) -> AnsweredTurn:
    """The last answer, or an earlier one. If a turn has ended just now, wait until its answer is written.

    Raises:
        As ``last_answer``.
    """
    number = max(watch.ends, default=0)
    if number and not watch.running and not traits_of(info.facts).has_transcript:
        _recorded_answer(info, watch, number, math.inf)
    return AnsweredTurn.of(*last_answer(info, watch, back))


def raise_unless_done(info: SessionInfo, end: TurnEnded) -> None:
    """Raise what stopped a turn.

    Raises:
        TurnFailed: an error, a limit or the user stopped it.
        SessionEnded: the agent ended in it.
    """
    which = f"turn {end.turn}" if end.turn else "a turn of an earlier chat"
    match end.outcome:
        case "interrupted":
            raise TurnFailed(f"{info.name}: {which} was interrupted")
        case "cut":
            ended = find(info.id).facts.outcome
            raise SessionEnded(f"{info.name} {end_of(ended).predicate} during {which}")
        case "limit":
            resets, now = parse_time(end.resets_at), datetime.now(UTC)
            reset = f"; it is reset at {told_time(resets, now, with_date=True)}" if resets is not None else ""
            raise TurnFailed(f"{info.name}: a limit stopped {which}: {end.error}{reset}")
        case "error":
            raise TurnFailed(f"{info.name}: {which} failed: {end.error or 'no reason is known'}")


def wait_for_begin(
    info: SessionInfo, watch: TurnWatch, until_s: float, within_s: float = BEGINS_WITHIN_S, *, gives_up: bool = True
) -> int:
    """Wait until a turn of an agent in a terminal begins; returns its number, or 0 if none does.

    Args:
        info: the chat.
        watch: its turns.
        until_s: the time of ``time.monotonic`` at which the wait is given up.
        within_s: how long the agent may take.
        gives_up: whether it is an error that none begins.

    Raises:
        NoAnswer: none has begun within that time, and ``gives_up``.
        NeedsInput, SessionEnded, TimedOut: as ``wait_for_end``.
    """
    known = len(watch.starts)
    begins_s = time.monotonic() + within_s
    while len(watch.starts) == known:
        if time.monotonic() >= begins_s:
            if not gives_up:
                return 0
            raise NoAnswer(f"{info.name}: the prompt was sent, but no turn has begun; see `outlive peek {info.name}`")
        if watch.question is not None:
            raise_asks(info, watch.question, f"outlive answer {info.name} --follow")
        wait_for(info, watch, min(until_s, begins_s), "the beginning of its turn", gives_up=until_s <= begins_s)
    return max(watch.starts)


def wait_for(info: SessionInfo, watch: TurnWatch, until_s: float, what: str, *, gives_up: bool = True) -> None:
    """Wait for the next event of a chat.

    Raises:
        SessionEnded: the chat has ended.
        TimedOut: the time has come, and ``gives_up``.
    """
    if watch.is_over:
        raise SessionEnded(f"{info.name} {end_of(find(info.id).facts.outcome).predicate} while waiting for {what}")
    if not watch.wait(until_s) and time.monotonic() >= until_s and gives_up:
        raise TimedOut(f"{info.name}: timed out waiting for {what}")


def raise_asks(info: SessionInfo, question: str, then: str) -> None:
    """Print the whole question on standard error.

    Raises:
        NeedsInput: always.
    """
    from session_host.cli.answers import open_questions
    from session_host.structured.text import request_lines

    try:
        requests = open_questions(info).requests
    except (WrongRuntime, HostUnavailable, SessionEnded):
        requests = []  # The agent's own dialog has it.
    for request in requests:
        for line in request_lines(request):
            print(line.text, file=sys.stderr)
    how = "`outlive approve` or `outlive deny`" if requests else f"`outlive attach {info.name}`"
    what = f"asks: {one_line(question)}" if question else "asks something"
    raise NeedsInput(f"{info.name} {what}; the user answers with {how}, then go on with `{then}`")
