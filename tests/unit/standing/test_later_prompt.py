"""A prompt that is to be sent at a time: when it is sent, held and missed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from session_host.protocol.facts import NOT_RUNNING, OF_EARLIER_CHAT, LaterPrompt
from session_host.protocol.turns import TurnFacts
from session_host.protocol.values import Activity
from session_host.standing.later_prompt import (
    LATEST_S,
    Decision,
    LaterState,
    Moment,
    continues_at,
    decide,
    later_words,
    of_resumed,
    text_of,
)
from session_host.system.clock import as_text

DUE_S = datetime(2026, 5, 2, 15, tzinfo=UTC).timestamp()
PROMPT = LaterPrompt(as_text(DUE_S), "go on", continues=3)


def seen(after_s: float, **known: Any) -> Moment:
    """A moment so long after the time, at which the agent is idle after turn 3, but for what is given."""
    return Moment(DUE_S + after_s, 3, Activity.IDLE)._replace(**known)


def test_it_waits_until_it_is_due_and_is_sent_then() -> None:
    assert decide(PROMPT, seen(-1)) == Decision(LaterState.WAITING, again_s=DUE_S)
    assert decide(PROMPT, seen(0)) == Decision(LaterState.DUE)


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({"activity": Activity.WORKING}, "the agent is working"),
        ({"activity": Activity.NEEDS_INPUT}, "the agent asks"),
        ({"activity": Activity.NO_SIGNAL}, "what the agent does is not known"),
        ({"is_reported": False}, "what the agent does is not known"),
        ({"has_text": True}, "a text is being written"),
    ],
)
def test_it_is_held_for_an_hour_at_most(known: dict[str, Any], why: str) -> None:
    assert decide(PROMPT, seen(1, **known)) == Decision(LaterState.HELD, why, DUE_S + LATEST_S)
    assert decide(PROMPT, seen(LATEST_S, **known)).state is LaterState.HELD
    assert decide(PROMPT, seen(LATEST_S + 1, **known), why) == Decision(LaterState.MISSED, f"an hour passed: {why}")


def test_after_a_suspend_over_its_time_it_is_sent_within_the_hour_only() -> None:
    assert decide(PROMPT, seen(LATEST_S)).state is LaterState.DUE
    assert decide(PROMPT, seen(LATEST_S + 1)) == Decision(LaterState.LATE, NOT_RUNNING), "the user is asked"
    assert decide(PROMPT, seen(LATEST_S + 1, activity=Activity.NO_SIGNAL)).state is LaterState.LATE, "it just resumed"


def test_a_clock_that_was_set_back_makes_it_wait_again() -> None:
    assert decide(PROMPT, seen(-7200)) == Decision(LaterState.WAITING, again_s=DUE_S)


def test_a_newer_turn_makes_it_needless_only_if_it_continues_one() -> None:
    assert decide(PROMPT, seen(-60, turn=4)) == Decision(LaterState.MISSED, "a newer turn began")
    resumed = replace(PROMPT, continues=OF_EARLIER_CHAT)
    assert decide(resumed, seen(0, turn=0)).state is LaterState.DUE
    assert decide(resumed, seen(0, turn=1)).state is LaterState.MISSED
    alone = LaterPrompt(PROMPT.at, "go on")
    assert decide(alone, seen(0, turn=4)).state is LaterState.DUE


def test_a_turn_that_goes_on_by_itself_makes_it_needless() -> None:
    assert decide(PROMPT, seen(-60, is_limited=False)) == Decision(LaterState.MISSED, "the agent went on by itself")
    assert decide(LaterPrompt(PROMPT.at, "go on"), seen(0, is_limited=False)).state is LaterState.DUE


def test_it_continues_two_minutes_after_the_reset() -> None:
    limit = TurnFacts(outcome="limit", resets_at=as_text(DUE_S))
    assert continues_at(limit) == "2026-05-02T15:02:00.000Z"
    assert [continues_at(each) for each in (None, TurnFacts(outcome="limit"), TurnFacts(outcome="done"))] == [""] * 3


def test_the_chat_that_resumes_another_does_not_send_what_may_have_been_typed() -> None:
    waiting, sending = replace(PROMPT, token="a"), replace(PROMPT, stage="sending")
    found = of_resumed(waiting)
    assert found == replace(waiting, continues=OF_EARLIER_CHAT), "turns are counted anew"
    found = of_resumed(sending)
    assert found is not None
    assert found.stage == "missed"
    assert of_resumed(None) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Sat 15:00: go on"),
        ({"text": "go on\nthere"}, "Sat 15:00: go on there"),
        ({"stage": "late", "why": NOT_RUNNING}, f"Sat 15:00 not sent: {NOT_RUNNING}"),
        ({"stage": "missed", "why": "a newer turn began"}, "Sat 15:00 not sent: a newer turn began"),
    ],
)
def test_its_words(changes: dict[str, Any], words: str) -> None:
    assert later_words(replace(PROMPT, **changes), lambda due: due.strftime("%a %H:%M")) == words


def test_a_time_that_cannot_be_read_sends_nothing() -> None:
    assert decide(LaterPrompt("soon", "go on"), seen(0)).state is LaterState.MISSED


def test_a_prompt_that_an_agent_set_hides_nothing_from_the_user_who_sends_it_now() -> None:
    text = "go\u200b on \U0001f469\u200d\U0001f4bb"
    assert text_of(replace(PROMPT, text=text)) == text, "the user's own"
    assert text_of(replace(PROMPT, text=text, agents="a:b")) == "go\\u200b on \U0001f469\u200d\U0001f4bb"
