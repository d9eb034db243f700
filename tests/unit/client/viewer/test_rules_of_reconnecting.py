"""The rules of a viewer without a connection: each test is a script of events and effects."""

from __future__ import annotations

from session_host.client.viewer import effects as e
from session_host.client.viewer.rules import RETRY_S
from session_host.client.viewer.state import ViewerState
from session_host.protocol import messages as m
from session_host.protocol.messages import ErrorCode
from session_host.terminal.base import DefaultColors
from tests.support.playbook import Returned, do
from tests.support.viewer_stage import (
    CELL,
    DESCRIBE,
    EPOCH,
    EXITED,
    OTHER_SIZE,
    RUNNING,
    SIZE,
    Stage,
    attached,
    follow,
    notify,
    part,
    refusal,
    sent_key,
)


def test_a_reconnected_viewer_sends_the_input_that_the_host_lacks(stage: Stage) -> None:
    stage.live(typed=3)
    assert (
        stage.script()
        >> do(stage.rules.connection_lost, None)
        << notify(ViewerState.RECONNECTING)
        << e.Connect(0.0)
        >> stage.types_key()
        >> do(stage.rules.connected)
        << e.SendMessage(m.Attach(SIZE, CELL, False, True, "one", EPOCH, 10, 2, "tab"))
        >> stage.types_key()
        >> stage.receives(attached(resumed=True, last_sequence=2))
        << sent_key(3)
        << sent_key(4)
        << sent_key(5)
        << DESCRIBE
        << notify(ViewerState.LIVE)
        >> stage.types_key()
        << Returned([("one", 6)])
        >> stage.output(10)
        << Returned(True)
        >> stage.receives(m.InputAck("one", 6))
    )
    assert len(stage.rules.inputs) == 0


def test_input_of_an_unknown_attachment_is_reported_and_not_typed_twice(stage: Stage) -> None:
    stage.reconnecting(typed=1)
    text = "the connection was reset; your last input may be missing"
    assert (
        stage.script()
        >> stage.receives(attached("two"))
        << refusal(1, ErrorCode.STALE_ATTACHMENT, text, "two")
        << DESCRIBE
        >> stage.types_key()
        << refusal(1, ErrorCode.HELD, "an earlier input was refused", "two")
        >> do(stage.rules.accept_refusal)
        << e.SendMessage(m.AcceptRefusal("two"))
        >> stage.types_key()
        << Returned([("two", 1)])
    )


def test_a_host_without_the_missed_output_sends_a_snapshot(stage: Stage) -> None:
    stage.reconnecting()
    assert (
        stage.script()
        >> stage.receives(attached())
        << DESCRIBE
        >> stage.receives(part(500))
        << e.AddSnapshotPart(part(500))
        >> do(stage.rules.snapshot_restored, part(500))
        << notify(ViewerState.LIVE)
        >> stage.output(500)
        << Returned(True)
    )


def test_waits_between_attempts_grow_and_restart_after_a_complete_screen(stage: Stage) -> None:
    stage.live()
    assert stage.script() >> do(stage.rules.connection_lost, None) << notify(ViewerState.RECONNECTING) << e.Connect(0.0)
    for wait_s in (*RETRY_S[1:], RETRY_S[-1]):
        assert (
            stage.script()
            >> do(stage.rules.connection_failed, "nobody there")
            << e.ReadOutcome()
            >> do(stage.rules.outcome_read, RUNNING, "")
            << e.Connect(wait_s)
        )
    stage.rules.connected()
    stage.rules.receive_message(attached(resumed=True))
    stage.take_effects()
    assert stage.script() >> do(stage.rules.connection_lost, None) << notify(ViewerState.RECONNECTING) << e.Connect(0.0)


def test_a_connection_lost_before_the_screen_is_complete_does_not_restart_the_waits(stage: Stage) -> None:
    stage.connected()
    assert (
        stage.script()
        >> stage.receives(m.Starting("one"))
        << notify(ViewerState.STARTING)
        >> do(stage.rules.connection_lost, None)
        << notify(ViewerState.RECONNECTING)
        << e.Connect(RETRY_S[1])
    )


def test_a_failed_first_attempt_gives_the_reason_while_the_host_lives(stage: Stage) -> None:
    stage.rules.start()
    stage.take_effects()
    assert (
        stage.script()
        >> do(stage.rules.connection_failed, "nobody there")
        << e.ReadOutcome()
        >> do(stage.rules.outcome_read, RUNNING, "")
        << notify(ViewerState.RECONNECTING, "nobody there")
        << e.Connect(RETRY_S[1])
    )


def test_a_viewer_hidden_while_disconnected_reconnects_for_events_only(stage: Stage) -> None:
    stage.live().rules.connection_lost(None)
    stage.take_effects()
    assert (
        stage.script()
        >> do(stage.rules.follow, False)
        >> do(stage.rules.free_replica)
        << e.FreeReplica()
        >> do(stage.rules.connected)
        << e.SendMessage(m.Attach(None, CELL, False, False, "one", EPOCH, -1, 2, "tab"))
        >> stage.receives(attached())
        << DESCRIBE
        << notify(ViewerState.LIVE)
        >> do(stage.rules.follow, True)
        << follow(-1)
        << e.SendMessage(m.Resize("one", SIZE, CELL))
    )


def test_a_snapshot_cut_off_by_a_lost_connection_is_requested_again(stage: Stage) -> None:
    stage.connected().rules.receive_message(attached())
    stage.take_effects()
    assert (
        stage.script()
        >> stage.receives(part(last=False))
        << e.AddSnapshotPart(part(last=False))
        >> do(stage.rules.preview_shown)
        >> do(stage.rules.connection_lost, None)
        << notify(ViewerState.RECONNECTING)
        << e.Connect(RETRY_S[1])
        >> do(stage.rules.connected)
        << e.SendMessage(m.Attach(SIZE, CELL, False, True, "one", EPOCH, -1, 0, "tab"))
        >> stage.receives(attached())
        << DESCRIBE
        >> do(stage.rules.snapshot_restored, part())
        << notify(ViewerState.LIVE)
    )


def test_the_end_during_a_disconnection_is_reported_after_the_reconnect(stage: Stage) -> None:
    stage.reconnecting(typed=1)
    assert (
        stage.script()
        >> stage.receives(attached(resumed=True))
        << sent_key(1)
        << DESCRIBE
        << notify(ViewerState.LIVE)
        >> stage.output(10)
        << Returned(True)
        >> stage.receives(m.InputRefused("one", 1, ErrorCode.ENDED, "it has ended"))
        << refusal(1, ErrorCode.ENDED, "it has ended")
        >> stage.receives(EXITED)
        << e.NotifyEvent(EXITED)
        << notify(ViewerState.ENDED)
    )
    assert not stage.rules.inputs.is_holding


def test_nothing_is_sent_while_there_is_no_connection(stage: Stage) -> None:
    stage.live().rules.connection_lost(None)
    stage.take_effects()
    assert (
        stage.script()
        >> do(stage.rules.resize, OTHER_SIZE, CELL)
        >> do(stage.rules.set_colors, DefaultColors(0x111111, 0x222222))
        >> do(stage.rules.follow, False)
        >> stage.types_key()
    )
    assert len(stage.rules.inputs) == 1


def test_a_program_that_still_starts_after_a_reconnect_gets_its_input_once(stage: Stage) -> None:
    stage.starting().rules.receive_input(stage.key())
    assert (
        stage.script()
        >> do(stage.rules.connection_lost, None)
        << notify(ViewerState.RECONNECTING)
        << e.Connect(RETRY_S[1])
        >> do(stage.rules.connected)
        << e.SendMessage(m.Attach(SIZE, CELL, False, True, "one", "", -1, 0, "tab"))
        >> stage.receives(m.Starting("one"))
        << sent_key(1)
        << notify(ViewerState.STARTING)
        >> stage.receives(attached(last_sequence=1))
        << DESCRIBE
    )
