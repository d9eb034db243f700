"""The rules of a viewer when its host does not answer: each test is a script of events and effects."""

from __future__ import annotations

import pytest

from session_host.client.viewer import effects as e
from session_host.client.viewer.rules import RETRY_S
from session_host.client.viewer.state import ViewerState
from session_host.protocol import messages as m
from session_host.protocol.values import Activity, State
from tests.support.playbook import Event, Returned, do
from tests.support.viewer_stage import ASK, CELL, RUNNING, SIZE, TIMED, Stage, attached, part, sent_key, told

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
        >> stage.types()
        << Returned([("one", 1)])
        << TIMED
        >> stage.types()
        << Returned([("one", 2)])
        >> stage.hears(m.InputAck("one", 2))
        >> stage.types()
        << Returned([("one", 3)])
        >> ticks(stage)  # The third key is younger than the interval.
        << TIMED
        >> stage.hears(m.InputAck("one", 3))
        >> ticks(stage)  # Nothing is outstanding, so nothing wakes up any more.
        >> stage.types()
        << Returned([("one", 4)])
        << TIMED
    )


def test_a_missing_answer_is_reported_after_three_intervals_and_an_answer_at_once(stage: Stage) -> None:
    stage.live()
    assert (
        stage.script()
        >> stage.types()
        << Returned([("one", 1)])
        << TIMED
        >> ticks(stage)
        << ASK
        << TIMED
        >> ticks(stage)
        << TIMED
        >> ticks(stage)
        << told(ViewerState.UNRESPONSIVE)
        >> stage.types()  # which the socket keeps for the host
        << Returned([("one", 2)])
        >> stage.hears(m.InputAck("one", 2))
        << told(ViewerState.LIVE)
        << TIMED
        >> stage.hears(DESCRIPTION)
        >> ticks(stage)
    )
    assert len(stage.rules.inputs) == 0


def test_a_host_that_replies_is_not_reported_for_a_program_that_does_not_read(stage: Stage) -> None:
    stage.live(typed=1)
    assert (
        stage.script()
        >> ticks(stage)
        << ASK
        << TIMED
        >> stage.hears(DESCRIPTION)
        >> ticks(stage)  # The key waits on, and the host is not asked about it again.
        >> stage.types()
        << Returned([("one", 2)])
        << TIMED
        >> ticks(stage)
        << ASK
        << TIMED
        >> ticks(stage)
        << TIMED
        >> ticks(stage)
        << told(ViewerState.UNRESPONSIVE)
    )


def test_output_restarts_the_count_of_intervals(stage: Stage) -> None:
    stage.live(typed=1)
    assert (
        stage.script()
        >> ticks(stage)
        << ASK
        << TIMED
        >> ticks(stage)
        << TIMED
        >> stage.output(10)
        << Returned(True)
        >> ticks(stage)
        << TIMED
        >> ticks(stage)
        << TIMED
        >> ticks(stage)
        << TIMED
        >> ticks(stage)
        << told(ViewerState.UNRESPONSIVE)
    )


def test_a_late_interval_counts_for_nothing(stage: Stage) -> None:
    stage.live(typed=1)
    assert (
        stage.script()
        >> ticks(stage)
        << ASK
        << TIMED
        >> ticks(stage)
        << TIMED
        >> ticks(stage, is_late=True)
        << TIMED
        >> stage.hears(DESCRIPTION)
        >> stage.hears(m.InputAck("one", 1))
        >> ticks(stage)
    )


def test_an_expected_answer_makes_the_viewer_ask_at_once(stage: Stage) -> None:
    stage.live()
    assert (
        stage.script()
        >> do(stage.rules.expect_answer)
        << ASK
        << TIMED
        >> do(stage.rules.expect_answer)
        >> ticks(stage)
        << TIMED
        >> ticks(stage)
        << TIMED
        >> ticks(stage)
        << told(ViewerState.UNRESPONSIVE)
        >> do(stage.rules.expect_answer)
        >> stage.hears(DESCRIPTION)
        << told(ViewerState.LIVE)
    )


def test_a_viewer_of_a_silent_host_reconnects_when_the_connection_breaks(stage: Stage) -> None:
    assert (
        silent(stage).script()
        >> do(stage.rules.connection_lost, None)
        << told(ViewerState.RECONNECTING)
        << e.Connect(0.0)
        >> do(stage.rules.connected)
        << e.SendMessage(m.Attach(SIZE, CELL, False, True, "one", "epoch", 10, 2, "tab"))
        >> stage.hears(attached(resumed=True))
        << sent_key(1)
        << ASK
        << told(ViewerState.LIVE)
        << TIMED
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
        >> stage.hears(exited)
        << told(ViewerState.LIVE)
        << TIMED
        << e.NotifyEvent(exited)
        << told(ViewerState.ENDED)
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
        << told(ViewerState.UNRESPONSIVE, why)
        << e.Connect(RETRY_S[1])
        >> failed
        << e.ReadOutcome()
        >> do(stage.rules.outcome_read, RUNNING, "")
        << e.Connect(RETRY_S[2])
        >> do(stage.rules.connection_failed, "nobody there")
        << e.ReadOutcome()
        >> do(stage.rules.outcome_read, RUNNING, "")
        << told(ViewerState.RECONNECTING, "nobody there")
        << e.Connect(RETRY_S[3])
        >> do(stage.rules.connected)
        << e.SendMessage(m.Attach(SIZE, CELL, False, True, "", "", -1, 0, "tab"))
        >> stage.hears(attached())
        << ASK
        >> do(stage.rules.snapshot_restored, part())
        << told(ViewerState.LIVE)
    )
