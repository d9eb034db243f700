"""The rules of a viewer when its host does not answer: each test is a script of events and effects."""

from __future__ import annotations

import pytest

from session_host.client.viewer import rules as e
from session_host.client.viewer.rules import RETRY_S
from session_host.client.viewer.state import ViewerState
from session_host.protocol import messages as m
from session_host.protocol.values import Activity, State
from tests.support.playbook import Event, do
from tests.support.viewer_rules_harness import (
    CELL,
    DESCRIBE,
    RUNNING,
    SIZE,
    START_TIMER,
    Harness,
    attached,
    fed,
    notify,
    part,
    sent_key,
)

DESCRIPTION = m.Description(
    0, "", "", "", State.RUNNING, None, None, Activity.NO_SIGNAL, "", "", "", SIZE, 0, "", 1, 2, 0, [], "", ""
)


def ticks(harness: Harness, *, is_late: bool = False) -> Event:
    return do(harness.rules.on_answer_timer, is_late=is_late)


def silent(harness: Harness) -> Harness:
    """The host did not answer to a key."""
    harness.live(typed=1)
    for _ in range(3):
        harness.rules.on_answer_timer(is_late=False)
    harness.take_effects()
    assert harness.rules.state is ViewerState.UNRESPONSIVE
    return harness


def test_acknowledged_keys_start_one_timer_and_send_no_question(harness: Harness) -> None:
    harness.live()
    assert (
        harness.script()
        >> harness.types_key()
        << sent_key(1)
        << START_TIMER
        >> harness.types_key()
        << sent_key(2)
        >> harness.receives(m.InputAck("one", 2))
        >> harness.types_key()
        << sent_key(3)
        >> ticks(harness)  # The third key was sent less than an interval ago.
        << START_TIMER
        >> harness.receives(m.InputAck("one", 3))
        >> ticks(harness)  # Nothing is outstanding, so nothing wakes up any more.
        >> harness.types_key()
        << sent_key(4)
        << START_TIMER
    )


def test_a_missing_answer_is_reported_after_three_intervals_and_an_answer_at_once(harness: Harness) -> None:
    harness.live()
    assert (
        harness.script()
        >> harness.types_key()
        << sent_key(1)
        << START_TIMER
        >> ticks(harness)
        << DESCRIBE
        << START_TIMER
        >> ticks(harness)
        << START_TIMER
        >> ticks(harness)
        << notify(ViewerState.UNRESPONSIVE)
        >> harness.types_key()  # and the socket keeps it for the host
        << sent_key(2)
        >> harness.receives(m.InputAck("one", 2))
        << notify(ViewerState.LIVE)
        << START_TIMER
        >> harness.receives(DESCRIPTION)
        >> ticks(harness)
    )
    assert len(harness.rules.inputs) == 0


def test_a_host_that_replies_is_not_reported_for_a_program_that_does_not_read(harness: Harness) -> None:
    harness.live(typed=1)
    assert (
        harness.script()
        >> ticks(harness)
        << DESCRIBE
        << START_TIMER
        >> harness.receives(DESCRIPTION)
        >> ticks(harness)  # The key waits on, and the host is not asked about it again.
        >> harness.types_key()
        << sent_key(2)
        << START_TIMER
        >> ticks(harness)
        << DESCRIBE
        << START_TIMER
        >> ticks(harness)
        << START_TIMER
        >> ticks(harness)
        << notify(ViewerState.UNRESPONSIVE)
    )


def test_output_restarts_the_count_of_intervals(harness: Harness) -> None:
    harness.live(typed=1)
    assert (
        harness.script()
        >> ticks(harness)
        << DESCRIBE
        << START_TIMER
        >> ticks(harness)
        << START_TIMER
        >> harness.output(10)
        << fed(10)
        >> ticks(harness)
        << START_TIMER
        >> ticks(harness)
        << START_TIMER
        >> ticks(harness)
        << START_TIMER
        >> ticks(harness)
        << notify(ViewerState.UNRESPONSIVE)
    )


def test_a_late_interval_counts_for_nothing(harness: Harness) -> None:
    harness.live(typed=1)
    assert (
        harness.script()
        >> ticks(harness)
        << DESCRIBE
        << START_TIMER
        >> ticks(harness)
        << START_TIMER
        >> ticks(harness, is_late=True)
        << START_TIMER
        >> harness.receives(DESCRIPTION)
        >> harness.receives(m.InputAck("one", 1))
        >> ticks(harness)
    )


def test_an_expected_answer_makes_the_viewer_ask_at_once(harness: Harness) -> None:
    harness.live()
    assert (
        harness.script()
        >> do(harness.rules.expect_answer)
        << DESCRIBE
        << START_TIMER
        >> do(harness.rules.expect_answer)
        >> ticks(harness)
        << START_TIMER
        >> ticks(harness)
        << START_TIMER
        >> ticks(harness)
        << notify(ViewerState.UNRESPONSIVE)
        >> do(harness.rules.expect_answer)
        >> harness.receives(DESCRIPTION)
        << notify(ViewerState.LIVE)
    )


def test_a_viewer_of_a_silent_host_reconnects_when_the_connection_breaks(harness: Harness) -> None:
    assert (
        silent(harness).script()
        >> do(harness.rules.connection_lost, None)
        << notify(ViewerState.RECONNECTING)
        << e.Connect(0.0)
        >> do(harness.rules.connected)
        << e.SendMessage(m.Attach(SIZE, CELL, False, True, "one", 10, 2, "tab"))
        >> harness.receives(attached(resumed=True))
        << sent_key(1)
        << DESCRIBE
        << notify(ViewerState.LIVE)
        << START_TIMER
    )


@pytest.mark.parametrize("end", ["ends", "closes"])
def test_a_silent_host_can_end_its_chat_and_its_viewer_can_close(harness: Harness, end: str) -> None:
    silent(harness)
    if end == "closes":
        assert harness.script() >> do(harness.rules.detach) << e.SendMessage(m.Detach("one"))
        return
    exited = m.StateEvent(State.EXITED, 0, None)
    assert (
        harness.script()
        >> harness.receives(exited)
        << notify(ViewerState.LIVE)
        << START_TIMER
        << e.NotifyEvent(exited)
        << notify(ViewerState.ENDED)
        >> ticks(harness)
    )


def test_a_host_that_does_not_greet_is_reported_once(harness: Harness) -> None:
    why = "the chat's host does not respond"
    harness.rules.start()
    harness.take_effects()
    failed = do(harness.rules.connection_failed, why, is_hanging=True)
    assert (
        harness.script()
        >> failed
        << e.ReadOutcome()
        >> do(harness.rules.outcome_read, RUNNING, "")
        << notify(ViewerState.UNRESPONSIVE, why)
        << e.Connect(RETRY_S[1])
        >> failed
        << e.ReadOutcome()
        >> do(harness.rules.outcome_read, RUNNING, "")
        << e.Connect(RETRY_S[2])
        >> do(harness.rules.connection_failed, "nobody there")
        << e.ReadOutcome()
        >> do(harness.rules.outcome_read, RUNNING, "")
        << notify(ViewerState.RECONNECTING, "nobody there")
        << e.Connect(RETRY_S[3])
        >> do(harness.rules.connected)
        << e.SendMessage(m.Attach(SIZE, CELL, False, True, "", -1, 0, "tab"))
        >> harness.receives(attached())
        << DESCRIBE
        >> do(harness.rules.snapshot_restored, part())
        << notify(ViewerState.LIVE)
    )
