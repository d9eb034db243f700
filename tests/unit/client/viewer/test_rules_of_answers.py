"""The rules of a viewer when its host does not answer: each test is a script of events and effects."""

from __future__ import annotations

import pytest

from session_host.client.viewer import effects as e
from session_host.client.viewer.rules import RETRY_S
from session_host.client.viewer.state import ViewerState
from session_host.protocol import messages as m
from session_host.protocol.values import Activity, State
from tests.support.playbook import Event, Returned, do
from tests.support.viewer_stage import (
    CELL,
    DESCRIBE,
    RUNNING,
    SIZE,
    START_TIMER,
    Stage,
    attached,
    notify,
    part,
    sent_key,
)

DESCRIPTION = m.Description(
    0, "", "", "", State.RUNNING, None, None, Activity.NO_SIGNAL, "", "", "", SIZE, 0, "", 1, 2, 0, [], "", ""
)


def ticks(stage: Stage, *, is_late: bool = False) -> Event:
    return do(stage.rules.on_answer_timer, is_late=is_late)


def silent(stage: Stage) -> Stage:
    """The host did not answer to a key."""
    stage.live(typed=1)
    for _ in range(3):
        stage.rules.on_answer_timer(is_late=False)
    stage.take_effects()
    assert stage.rules.state is ViewerState.UNRESPONSIVE
    return stage


def test_acknowledged_keys_start_one_timer_and_send_no_question(stage: Stage) -> None:
    stage.live()
    assert (
        stage.script()
        >> stage.types_key()
        << Returned([("one", 1)])
        << START_TIMER
        >> stage.types_key()
        << Returned([("one", 2)])
        >> stage.receives(m.InputAck("one", 2))
        >> stage.types_key()
        << Returned([("one", 3)])
        >> ticks(stage)  # The third key was sent less than an interval ago.
        << START_TIMER
        >> stage.receives(m.InputAck("one", 3))
        >> ticks(stage)  # Nothing is outstanding, so nothing wakes up any more.
        >> stage.types_key()
        << Returned([("one", 4)])
        << START_TIMER
    )


def test_a_missing_answer_is_reported_after_three_intervals_and_an_answer_at_once(stage: Stage) -> None:
    stage.live()
    assert (
        stage.script()
        >> stage.types_key()
        << Returned([("one", 1)])
        << START_TIMER
        >> ticks(stage)
        << DESCRIBE
        << START_TIMER
        >> ticks(stage)
        << START_TIMER
        >> ticks(stage)
        << notify(ViewerState.UNRESPONSIVE)
        >> stage.types_key()  # and the socket keeps it for the host
        << Returned([("one", 2)])
        >> stage.receives(m.InputAck("one", 2))
        << notify(ViewerState.LIVE)
        << START_TIMER
        >> stage.receives(DESCRIPTION)
        >> ticks(stage)
    )
    assert len(stage.rules.inputs) == 0


def test_a_host_that_replies_is_not_reported_for_a_program_that_does_not_read(stage: Stage) -> None:
    stage.live(typed=1)
    assert (
        stage.script()
        >> ticks(stage)
        << DESCRIBE
        << START_TIMER
        >> stage.receives(DESCRIPTION)
        >> ticks(stage)  # The key waits on, and the host is not asked about it again.
        >> stage.types_key()
        << Returned([("one", 2)])
        << START_TIMER
        >> ticks(stage)
        << DESCRIBE
        << START_TIMER
        >> ticks(stage)
        << START_TIMER
        >> ticks(stage)
        << notify(ViewerState.UNRESPONSIVE)
    )


def test_output_restarts_the_count_of_intervals(stage: Stage) -> None:
    stage.live(typed=1)
    assert (
        stage.script()
        >> ticks(stage)
        << DESCRIBE
        << START_TIMER
        >> ticks(stage)
        << START_TIMER
        >> stage.output(10)
        << Returned(True)
        >> ticks(stage)
        << START_TIMER
        >> ticks(stage)
        << START_TIMER
        >> ticks(stage)
        << START_TIMER
        >> ticks(stage)
        << notify(ViewerState.UNRESPONSIVE)
    )


def test_a_late_interval_counts_for_nothing(stage: Stage) -> None:
    stage.live(typed=1)
    assert (
        stage.script()
        >> ticks(stage)
        << DESCRIBE
        << START_TIMER
        >> ticks(stage)
        << START_TIMER
        >> ticks(stage, is_late=True)
        << START_TIMER
        >> stage.receives(DESCRIPTION)
        >> stage.receives(m.InputAck("one", 1))
        >> ticks(stage)
    )


def test_an_expected_answer_makes_the_viewer_ask_at_once(stage: Stage) -> None:
    stage.live()
    assert (
        stage.script()
        >> do(stage.rules.expect_answer)
        << DESCRIBE
        << START_TIMER
        >> do(stage.rules.expect_answer)
        >> ticks(stage)
        << START_TIMER
        >> ticks(stage)
        << START_TIMER
        >> ticks(stage)
        << notify(ViewerState.UNRESPONSIVE)
        >> do(stage.rules.expect_answer)
        >> stage.receives(DESCRIPTION)
        << notify(ViewerState.LIVE)
    )


def test_a_viewer_of_a_silent_host_reconnects_when_the_connection_breaks(stage: Stage) -> None:
    assert (
        silent(stage).script()
        >> do(stage.rules.connection_lost, None)
        << notify(ViewerState.RECONNECTING)
        << e.Connect(0.0)
        >> do(stage.rules.connected)
        << e.SendMessage(m.Attach(SIZE, CELL, False, True, "one", "epoch", 10, 2, "tab"))
        >> stage.receives(attached(resumed=True))
        << sent_key(1)
        << DESCRIBE
        << notify(ViewerState.LIVE)
        << START_TIMER
    )


@pytest.mark.parametrize("end", ["ends", "closes"])
def test_a_silent_host_can_end_its_chat_and_its_viewer_can_close(stage: Stage, end: str) -> None:
    silent(stage)
    if end == "closes":
        assert stage.script() >> do(stage.rules.detach) << e.SendMessage(m.Detach("one"))
        return
    exited = m.StateEvent(State.EXITED, 0, None)
    assert (
        stage.script()
        >> stage.receives(exited)
        << notify(ViewerState.LIVE)
        << START_TIMER
        << e.NotifyEvent(exited)
        << notify(ViewerState.ENDED)
        >> ticks(stage)
    )


def test_a_host_that_does_not_greet_is_reported_once(stage: Stage) -> None:
    why = "the chat's host does not respond"
    stage.rules.start()
    stage.take_effects()
    failed = do(stage.rules.connection_failed, why, is_hanging=True)
    assert (
        stage.script()
        >> failed
        << e.ReadOutcome()
        >> do(stage.rules.outcome_read, RUNNING, "")
        << notify(ViewerState.UNRESPONSIVE, why)
        << e.Connect(RETRY_S[1])
        >> failed
        << e.ReadOutcome()
        >> do(stage.rules.outcome_read, RUNNING, "")
        << e.Connect(RETRY_S[2])
        >> do(stage.rules.connection_failed, "nobody there")
        << e.ReadOutcome()
        >> do(stage.rules.outcome_read, RUNNING, "")
        << notify(ViewerState.RECONNECTING, "nobody there")
        << e.Connect(RETRY_S[3])
        >> do(stage.rules.connected)
        << e.SendMessage(m.Attach(SIZE, CELL, False, True, "", "", -1, 0, "tab"))
        >> stage.receives(attached())
        << DESCRIBE
        >> do(stage.rules.snapshot_restored, part())
        << notify(ViewerState.LIVE)
    )
