"""The rules of a viewer, from its start to its end: each test is a script of events and effects."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from session_host.client.viewer import effects as e
from session_host.client.viewer.state import FINAL_STATES, TABLE, Trigger, ViewerState
from session_host.protocol import messages as m
from session_host.protocol.messages import ErrorCode
from session_host.terminal.base import DefaultColors
from tests.support.playbook import Returned, do
from tests.support.viewer_stage import (
    ATTACH,
    CELL,
    DESCRIBE,
    EXITED,
    LOST,
    OTHER_SIZE,
    SIZE,
    START_TIMER,
    Stage,
    attached,
    follow,
    notify,
    part,
    refusal,
    sent_key,
)

# ---------------------------------------------------------------- attaching


def test_a_viewer_is_live_once_the_screen_is_complete(stage: Stage) -> None:
    assert (
        stage.script()
        >> do(stage.rules.start)
        << e.Connect(0.0)
        >> do(stage.rules.connected)
        << e.SendMessage(ATTACH)
        >> stage.receives(attached())
        << DESCRIBE
        >> stage.receives(part(last=False))
        << e.AddSnapshotPart(part(last=False))
        >> do(stage.rules.preview_shown)
        >> stage.output(0)
        >> stage.receives(part())
        << e.AddSnapshotPart(part())
        >> do(stage.rules.snapshot_restored, part())
        << notify(ViewerState.LIVE)
        >> stage.output(10)
        << Returned(True)
    )
    assert stage.rules.offset == 13


def test_a_viewer_without_output_is_live_once_attached() -> None:
    stage = Stage(read_only=True, output=False)
    stage.rules.start()
    stage.take_effects()
    assert (
        stage.script()
        >> do(stage.rules.connected)
        << e.SendMessage(m.Attach(None, CELL, True, False, "", "", -1, 0, "tab"))
        >> stage.receives(attached())
        << DESCRIBE
        << notify(ViewerState.LIVE)
    )


def test_early_input_is_sent_in_order_after_attached(stage: Stage) -> None:
    stage.rules.start()
    stage.take_effects()
    assert (
        stage.script()
        >> stage.types_key()
        >> do(stage.rules.connected)
        << e.SendMessage(ATTACH)
        >> stage.types_key()
        >> stage.receives(m.Starting("one"))
        << sent_key(1)
        << sent_key(2)
        << notify(ViewerState.STARTING)
        >> stage.types_key()
        << Returned([("one", 3)])
        >> stage.receives(attached())  # which sends nothing again
        << DESCRIBE
        >> do(stage.rules.snapshot_restored, part())
        << notify(ViewerState.LIVE)
        << START_TIMER
    )


def test_a_key_typed_in_a_callback_is_sent_after_the_repeated_ones(stage: Stage) -> None:
    stage.connected().rules.receive_input(stage.key())

    def attached_and_typed() -> object:
        stage.rules.receive_message(attached())
        return stage.rules.receive_input(stage.key())

    assert stage.script() >> do(attached_and_typed) << sent_key(1) << DESCRIBE << sent_key(2)


def test_colours_and_size_set_before_the_attachment_are_sent_with_it(stage: Stage) -> None:
    colors = DefaultColors(0x111111, 0x222222)
    told_colors = e.SendMessage(m.Colors("one", *colors))
    stage.rules.start()
    stage.take_effects()
    assert (
        stage.script()
        >> do(stage.rules.set_colors, colors)
        >> do(stage.rules.resize, OTHER_SIZE, CELL)
        >> do(stage.rules.connected)
        << e.SendMessage(m.Attach(OTHER_SIZE, CELL, False, True, "", "", -1, 0, "tab"))
        >> stage.receives(attached())
        << told_colors
        << DESCRIBE
        >> do(stage.rules.set_colors, colors)
        << told_colors
        >> do(stage.rules.resize, SIZE, CELL)
        << e.SendMessage(m.Resize("one", SIZE, CELL))
    )


def test_output_wanted_during_the_attachment_is_requested_after_it() -> None:
    stage = Stage(output=False).connected()
    assert (
        stage.script()
        >> do(stage.rules.follow, True)
        >> stage.receives(attached())
        << follow(-1, 0)
        << e.SendMessage(m.Resize("one", SIZE, CELL))
        << DESCRIBE
        >> do(stage.rules.snapshot_restored, part())
        << notify(ViewerState.LIVE)
    )


# ---------------------------------------------------------------- the end


WHEREVER = pytest.mark.parametrize("reach", [Stage.connected, Stage.starting, Stage.live, Stage.reconnecting])
"""In each state that is not final."""


@WHEREVER
def test_the_end_is_reported_in_every_state(stage: Stage, reach: Callable[[Stage], Stage]) -> None:
    reach(stage)
    assert stage.script() >> stage.receives(EXITED) << e.NotifyEvent(EXITED) << notify(ViewerState.ENDED)


@WHEREVER
def test_a_viewer_refused_by_the_host_does_not_reconnect(stage: Stage, reach: Callable[[Stage], Stage]) -> None:
    reach(stage)
    assert (
        stage.script()
        >> do(stage.rules.connection_lost, m.Error(ErrorCode.NOT_ALLOWED, "not yours"))
        << notify(ViewerState.FAILED, "not yours")
        >> do(stage.rules.connection_lost, None)
    )
    assert stage.rules.refusal == ErrorCode.NOT_ALLOWED


def test_a_session_lost_before_the_first_attempt_is_lost(stage: Stage) -> None:
    stage.rules.start()
    stage.take_effects()
    assert (
        stage.script()
        >> do(stage.rules.connection_failed, "nobody there")
        << e.ReadOutcome()
        >> do(stage.rules.outcome_read, LOST, "this chat was removed")
        << notify(ViewerState.LOST, "this chat was removed")
    )


def test_the_end_is_reported_once_and_later_input_is_refused(stage: Stage) -> None:
    stage.live()
    assert (
        stage.script()
        >> stage.receives(EXITED)
        << e.NotifyEvent(EXITED)
        << notify(ViewerState.ENDED)
        >> stage.receives(EXITED)
        >> stage.types_key()
        << refusal(1, ErrorCode.ENDED, "the chat has ended")
        >> do(stage.rules.connection_lost, None)
    )
    assert stage.rules.end == EXITED


def test_a_program_that_ends_at_once_refuses_no_input_that_nobody_typed(stage: Stage) -> None:
    stage.live()
    assert (
        stage.script()
        >> stage.reports_focus()
        << Returned([("one", 1)])
        << START_TIMER
        >> stage.receives(m.InputRefused("one", 1, ErrorCode.ENDED, "the chat has ended"))
        >> stage.receives(EXITED)
        << e.NotifyEvent(EXITED)
        << notify(ViewerState.ENDED)
        >> stage.reports_focus()
    )


def test_the_last_screen_of_an_ended_session_is_shown_after_its_end(stage: Stage) -> None:
    stage.connected().rules.receive_message(attached())
    stage.take_effects()
    assert (
        stage.script()
        >> stage.receives(EXITED)
        << e.NotifyEvent(EXITED)
        << notify(ViewerState.ENDED)
        >> stage.receives(part())
        << e.AddSnapshotPart(part())
        >> do(stage.rules.snapshot_restored, part())
    )
    assert stage.rules.state is ViewerState.ENDED


@pytest.mark.parametrize(("kept", "offset"), [(40, 40), (None, 10)])
def test_a_session_that_ended_during_a_disconnection_is_shown_to_its_end(
    stage: Stage, kept: int | None, offset: int
) -> None:
    stage.live().rules.connection_lost(None)
    stage.take_effects()
    assert (
        stage.script()
        >> do(stage.rules.connection_failed, "nobody there")
        << e.ReadOutcome()
        >> do(stage.rules.outcome_read, EXITED, "")
        << e.LoadScreen(10)
        >> do(stage.rules.screen_read, kept)
        << notify(ViewerState.ENDED)
    )
    assert (stage.rules.offset, stage.rules.end) == (offset, EXITED)


def test_a_viewer_without_a_replica_reads_no_last_screen(stage: Stage) -> None:
    stage.rules.start()
    stage.take_effects()
    assert (
        stage.script()
        >> do(stage.rules.connection_failed, "nobody there")
        << e.ReadOutcome()
        >> do(stage.rules.outcome_read, EXITED, "")
        << notify(ViewerState.ENDED)
    )


def test_a_hidden_viewer_reads_no_last_screen(stage: Stage) -> None:
    stage.live().rules.follow(False)
    stage.rules.connection_lost(None)
    stage.take_effects()
    assert (
        stage.script()
        >> do(stage.rules.connection_failed, "nobody there")
        << e.ReadOutcome()
        >> do(stage.rules.outcome_read, EXITED, "")
        << notify(ViewerState.ENDED)
    )


def test_a_session_without_a_host_is_lost_with_a_reason(stage: Stage) -> None:
    stage.live().rules.connection_lost(None)
    stage.take_effects()
    assert (
        stage.script()
        >> do(stage.rules.connection_failed, "nobody there")
        << e.ReadOutcome()
        >> do(stage.rules.outcome_read, LOST, "its host crashed")
        << notify(ViewerState.LOST, "its host crashed")
        >> stage.types_key()
        << refusal(1, ErrorCode.ENDED, "its host crashed")
    )


def test_a_closing_viewer_detaches_and_sends_nothing_more(stage: Stage) -> None:
    stage.live().rules.receive_message(m.TitleEvent("not told any more"))
    assert list(stage.rules.effects)
    stage.rules.detach()
    assert stage.take_effects() == [e.SendMessage(m.Detach("one"))]
    assert stage.script() >> stage.types_key() >> do(stage.rules.follow, False) >> do(stage.rules.accept_refusal)


# ---------------------------------------------------------------- the table


def test_final_states_do_not_change() -> None:
    assert all(TABLE.after(state, trigger) is state for state in FINAL_STATES for trigger in Trigger)
