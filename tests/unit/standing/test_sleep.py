"""Chats that were put to sleep: their place in lists, and which ones may be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from session_host.protocol.facts import SLEEP, ChatFacts, LaterPrompt
from session_host.protocol.turns import TurnFacts
from session_host.protocol.values import Activity, State
from session_host.standing.endings import end_of
from session_host.standing.groups import Group, Mark, Seen, group_of, mark_of
from session_host.standing.sleep import why_awake
from tests.support.facts import changed, chat_facts

NOW = datetime(2026, 5, 2, 12, tzinfo=UTC)


def idle(**fields: Any) -> ChatFacts:
    """An agent's idle chat with a conversation, but for these columns and fields of its status."""
    facts = chat_facts(id="a", name="a", agent="claude", state=State.RUNNING, provider_session_id="c")
    return changed(facts, **{"source": "hook", "activity": Activity.IDLE, **fields})


def asleep(**fields: Any) -> ChatFacts:
    return idle(**{"state": State.EXITED, "exit_signal": 15, "end_request": SLEEP, **fields})


def test_a_chat_that_sleeps_stands_with_the_idle_ones_and_has_a_mark_of_its_own() -> None:
    assert (group_of(asleep(), Seen(), NOW), mark_of(asleep(), Seen(), NOW)) == (Group.IDLE, Mark.ASLEEP)
    assert end_of(asleep().outcome).status == "asleep"


def test_a_chat_that_was_woken_has_ended_like_any_other() -> None:
    woken = asleep(continued_by="b")
    assert not woken.is_asleep
    assert (group_of(woken, Seen(), NOW), mark_of(woken, Seen(), NOW)) == (Group.ENDED, Mark.ENDED)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (idle(), ""),
        (idle(activity=Activity.WORKING), "is working"),
        (idle(activity=Activity.NEEDS_INPUT), "asks something"),
        (idle(activity=Activity.NO_SIGNAL), "does not say what it does"),
        (idle(provider_session_id=""), "has no conversation yet that could be continued"),
        (idle(agent="shell"), "has no agent, so nothing could wake it as it is"),
        (idle(last=TurnFacts(outcome="limit")), "waits for a limit to be reset"),
        (idle(last=TurnFacts(outcome="error")), ""),
        (idle(continues=LaterPrompt("2026-05-02T13:00:00.000Z", "go on")), "has a prompt that is to be sent later"),
        (idle(state=State.EXITED), "has ended"),
        (asleep(), "is asleep already"),
    ],
)
def test_only_an_idle_agent_that_waits_for_nothing_may_sleep(facts: ChatFacts, why: str) -> None:
    assert why_awake(facts) == why
