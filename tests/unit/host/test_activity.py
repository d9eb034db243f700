"""What the agent is doing, by its own signals."""

from __future__ import annotations

import itertools

import pytest

from session_host.host.activity import ActivityTracker
from session_host.protocol.values import Activity
from session_host.terminal.base import AgentState, Bell, Notification, Progress, TerminalEvent, TitleChanged


@pytest.fixture
def tracker() -> ActivityTracker:
    times = itertools.count()
    return ActivityTracker(lambda: f"t{next(times)}", f"t{next(times)}")


@pytest.mark.parametrize(
    ("event", "activity", "source"),
    [
        (AgentState("state=working:app=codex"), Activity.WORKING, "osc 7501"),
        (AgentState("state=blocked:app=codex:kind=permission"), Activity.NEEDS_INPUT, "osc 7501"),
        (AgentState("state=done"), Activity.IDLE, "osc 7501"),
        (Progress("indeterminate", None), Activity.WORKING, "osc 9;4"),
        (Notification("Codex", "Approval requested: ls"), Activity.NEEDS_INPUT, "notification"),
        (Bell(), Activity.NEEDS_INPUT, "bell"),
    ],
)
def test_a_signal_tells(tracker: ActivityTracker, event: TerminalEvent, activity: Activity, source: str) -> None:
    assert tracker.observe(event)
    assert (tracker.activity, tracker.source) == (activity, source)


def test_progress_that_is_taken_away_was_work(tracker: ActivityTracker) -> None:
    assert not tracker.observe(Progress("none", None)), "a reset of the terminal says so too"
    tracker.observe(Progress("indeterminate", None))
    assert tracker.observe(Progress("none", None))
    assert (tracker.activity, tracker.source) == (Activity.IDLE, "osc 9;4")


def test_what_says_nothing_of_activity_changes_nothing(tracker: ActivityTracker) -> None:
    assert not tracker.observe(TitleChanged("working hard"))
    assert not tracker.observe(AgentState("nonsense"))
    assert (tracker.activity, tracker.source) == (Activity.NO_SIGNAL, "")


def test_needs_input_ends_with_the_next_input(tracker: ActivityTracker) -> None:
    tracker.observe(Bell())
    assert tracker.input_given()
    assert tracker.activity is Activity.NO_SIGNAL
    assert not tracker.input_given()


def test_input_does_not_end_work(tracker: ActivityTracker) -> None:
    tracker.observe(AgentState("state=working"))
    assert not tracker.input_given()


def test_a_bell_does_not_overrule_an_agent_that_tells_its_state(tracker: ActivityTracker) -> None:
    tracker.observe(AgentState("state=idle"))
    assert not tracker.observe(Bell())


def test_since_moves_with_the_activity_only(tracker: ActivityTracker) -> None:
    tracker.observe(AgentState("state=blocked:kind=permission"))
    since = tracker.since
    tracker.observe(Notification("", "Approval requested"))
    assert tracker.since == since
    assert tracker.detail == "Approval requested"
