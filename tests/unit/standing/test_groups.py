"""The group of a chat, its mark, the order within a group."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from session_host.protocol.facts import INTERRUPTED, ChatFacts
from session_host.protocol.turns import TurnFacts
from session_host.protocol.values import Activity, State
from session_host.standing.groups import Group, Mark, Seen, group_of, in_group_since, mark_of, order_key
from tests.support.facts import changed, chat_facts

STARTED = datetime(2026, 5, 2, 12, 0, 0, tzinfo=UTC)
NOW = STARTED + timedelta(hours=1)
SEEN = Seen()


def chat(**fields: Any) -> ChatFacts:
    """An agent's running chat, but for these columns and fields of its status."""
    facts = chat_facts(id="a", name="a", agent="claude", state=State.RUNNING, created_at=STARTED.isoformat())
    return changed(facts, **{"source": "hook", **fields})


@pytest.mark.parametrize(
    ("fields", "group"),
    [
        ({"activity": Activity.NEEDS_INPUT}, Group.NEEDS_YOU),
        ({"activity": Activity.SUSPENDED}, Group.NEEDS_YOU),
        ({"activity": Activity.WORKING}, Group.WORKING),
        ({"activity": Activity.IDLE}, Group.IDLE),
        ({"activity": Activity.NO_SIGNAL}, Group.NO_SIGNAL),
        ({"activity": Activity.NO_SIGNAL, "agent": "command", "source": ""}, Group.RUNNING),
        ({"activity": Activity.NO_SIGNAL, "agent": "shell", "source": ""}, Group.IDLE),
        ({"activity": Activity.NEEDS_INPUT, "state": State.EXITED}, Group.ENDED),
        ({"activity": Activity.WORKING, "state": State.LOST}, Group.ENDED),
        ({"activity": Activity.WORKING, "state": State.LOST, "error": INTERRUPTED}, Group.INTERRUPTED),
    ],
)
def test_each_state_has_its_group(fields: dict[str, Any], group: Group) -> None:
    assert group_of(chat(**fields), SEEN, NOW) is group


def test_an_agent_that_has_reported_nothing_works_at_first_and_then_with_a_prompt() -> None:
    silent = chat(source="", state=State.STARTING)
    soon = STARTED + timedelta(seconds=59)
    assert (group_of(silent, SEEN, soon), mark_of(silent, SEEN, soon)) == (Group.WORKING, Mark.STARTING)
    assert group_of(silent, SEEN, NOW) is Group.IDLE
    assert group_of(silent, SEEN._replace(has_prompt=True), NOW) is Group.WORKING
    assert group_of(silent, SEEN._replace(is_unresponsive=True), soon) is Group.NO_SIGNAL


def test_a_machine_that_cannot_be_reached_hides_all_but_an_end() -> None:
    seen = SEEN._replace(is_unreachable=True, is_unresponsive=True)
    assert mark_of(chat(activity=Activity.WORKING), seen, NOW) is Mark.UNREACHABLE
    assert mark_of(chat(state=State.EXITED), seen, NOW) is Mark.ENDED


def test_an_ended_chat_shows_whether_it_failed_and_never_a_reconnect() -> None:
    seen, works = SEEN._replace(is_reconnecting=True), chat(activity=Activity.WORKING)
    assert mark_of(chat(state=State.EXITED), seen, NOW) is Mark.ENDED
    assert mark_of(chat(state=State.EXITED, exit_code=1), seen, NOW) is Mark.FAILED
    assert mark_of(chat(state=State.LOST, error=INTERRUPTED), seen, NOW) is Mark.INTERRUPTED
    assert mark_of(works, seen, NOW) is Mark.RECONNECTING
    assert mark_of(works, SEEN, NOW) is Mark.WORKING
    assert mark_of(chat(activity=Activity.IDLE, failed=True), SEEN, NOW) is Mark.TURN_FAILED


def test_the_longest_waiting_chat_comes_first_and_others_are_ordered_by_creation() -> None:
    early, late = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"

    def key(group: Group, created_at: str, since: str = "", ended_at: str | None = None) -> tuple[str, str]:
        return order_key(group, chat(created_at=created_at, since=since, ended_at=ended_at))

    assert key(Group.NEEDS_YOU, late, early) < key(Group.NEEDS_YOU, early, late)
    assert key(Group.WORKING, early, late) < key(Group.WORKING, late, early)
    assert key(Group.IDLE, early) < key(Group.IDLE, late)
    assert key(Group.ENDED, early, ended_at=late) > key(Group.ENDED, late, ended_at=early)


def test_a_turn_that_failed_comes_first_among_the_idle_and_a_limit_does_not() -> None:
    early, late = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
    fine = order_key(Group.IDLE, chat(created_at=early))
    failed = chat(created_at=late, activity=Activity.IDLE, failed=True)
    assert order_key(Group.IDLE, failed) < fine
    limited = changed(failed, last=TurnFacts(outcome="limit", resets_at=late))
    assert order_key(Group.IDLE, limited) > fine
    assert (mark_of(failed, SEEN, NOW), mark_of(limited, SEEN, NOW)) == (Mark.TURN_FAILED, Mark.LIMIT)


def test_a_resumed_chat_has_the_place_of_the_one_before_it() -> None:
    first, between, resumed = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"
    for group in (Group.IDLE, Group.WORKING):
        key = order_key(group, changed(chat(created_at=resumed), began_at=first))
        assert order_key(group, chat(created_at=first)) == key < order_key(group, chat(created_at=between))


def test_a_chat_is_in_its_group_since_the_report_and_without_signal_since_the_last_one() -> None:
    reported = NOW - timedelta(minutes=5)
    assert in_group_since(chat(since=""), 60.0) == STARTED
    assert in_group_since(chat(since=reported.isoformat()), 60.0) == reported
    assert in_group_since(chat(since=reported.isoformat(), source="silence"), 60.0) == reported - timedelta(seconds=60)
    assert in_group_since(chat(state=State.EXITED, ended_at=NOW.isoformat()), 60.0) == NOW
