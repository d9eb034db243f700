"""The rules of a viewer without a connection: each test is a script of events and effects."""

from __future__ import annotations

from session_host.client.viewer import rules as e
from session_host.client.viewer.rules import RETRY_S
from session_host.client.viewer.state import ViewerState
from session_host.protocol import messages as m
from session_host.protocol.messages import ErrorCode
from session_host.terminal.base import DefaultColors
from tests.support.playbook import do
from tests.support.viewer_rules_harness import (
    CELL,
    DESCRIBE,
    EXITED,
    OTHER_SIZE,
    RUNNING,
    SIZE,
    Harness,
    attached,
    fed,
    follow,
    notify,
    part,
    refusal,
    sent_key,
)


def test_a_reconnected_viewer_sends_the_input_that_the_host_lacks(harness: Harness) -> None:
    harness.live(typed=3)
    assert (
        harness.script()
        >> do(harness.rules.connection_lost, None)
        << notify(ViewerState.RECONNECTING)
        << e.Connect(0.0)
        >> harness.types_key()
        >> do(harness.rules.connected)
        << e.SendMessage(m.Attach(SIZE, CELL, False, True, "one", 10, 2, "tab"))
        >> harness.types_key()
        >> harness.receives(attached(resumed=True, last_sequence=2))
        << sent_key(3)
        << sent_key(4)
        << sent_key(5)
        << DESCRIBE
        << notify(ViewerState.LIVE)
        >> harness.types_key()
        << sent_key(6)
        >> harness.output(10)
        << fed(10)
        >> harness.receives(m.InputAck("one", 6))
    )
    assert len(harness.rules.inputs) == 0


def test_input_of_an_unknown_attachment_is_reported_and_not_typed_twice(harness: Harness) -> None:
    harness.reconnecting(typed=1)
    text = "the connection was reset; your last input may be missing"
    assert (
        harness.script()
        >> harness.receives(attached("two"))
        << refusal(1, ErrorCode.STALE_ATTACHMENT, text, "two")
        << DESCRIBE
        >> harness.types_key()
        << refusal(1, ErrorCode.HELD, "an earlier input was refused", "two")
        >> do(harness.rules.accept_refusal)
        << e.SendMessage(m.AcceptRefusal("two"))
        >> harness.types_key()
        << sent_key(1, "two")
    )


def test_a_host_without_the_missed_output_sends_a_snapshot(harness: Harness) -> None:
    harness.reconnecting()
    assert (
        harness.script()
        >> harness.receives(attached())
        << DESCRIBE
        >> harness.receives(part(500))
        << e.AddSnapshotPart(part(500))
        >> do(harness.rules.snapshot_restored, part(500))
        << notify(ViewerState.LIVE)
        >> harness.output(500)
        << fed(500)
    )


def test_waits_between_attempts_grow_and_restart_after_a_complete_screen(harness: Harness) -> None:
    harness.live()
    assert (
        harness.script()
        >> do(harness.rules.connection_lost, None)
        << notify(ViewerState.RECONNECTING)
        << e.Connect(0.0)
    )
    for wait_s in (*RETRY_S[1:], RETRY_S[-1]):
        assert (
            harness.script()
            >> do(harness.rules.connection_failed, "nobody there")
            << e.ReadOutcome()
            >> do(harness.rules.outcome_read, RUNNING, "")
            << e.Connect(wait_s)
        )
    harness.rules.connected()
    harness.rules.receive_message(attached(resumed=True))
    harness.take_effects()
    assert (
        harness.script()
        >> do(harness.rules.connection_lost, None)
        << notify(ViewerState.RECONNECTING)
        << e.Connect(0.0)
    )


def test_a_connection_lost_before_the_screen_is_complete_does_not_restart_the_waits(harness: Harness) -> None:
    harness.connected()
    assert (
        harness.script()
        >> harness.receives(m.Starting("one"))
        << notify(ViewerState.STARTING)
        >> do(harness.rules.connection_lost, None)
        << notify(ViewerState.RECONNECTING)
        << e.Connect(RETRY_S[1])
    )


def test_a_failed_first_attempt_gives_the_reason_while_the_host_lives(harness: Harness) -> None:
    harness.rules.start()
    harness.take_effects()
    assert (
        harness.script()
        >> do(harness.rules.connection_failed, "nobody there")
        << e.ReadOutcome()
        >> do(harness.rules.outcome_read, RUNNING, "")
        << notify(ViewerState.RECONNECTING, "nobody there")
        << e.Connect(RETRY_S[1])
    )


def test_a_viewer_hidden_while_disconnected_reconnects_for_events_only(harness: Harness) -> None:
    harness.live().rules.connection_lost(None)
    harness.take_effects()
    assert (
        harness.script()
        >> do(harness.rules.follow, False)
        >> do(harness.rules.free_replica)
        << e.FreeReplica()
        >> do(harness.rules.connected)
        << e.SendMessage(m.Attach(None, CELL, False, False, "one", -1, 2, "tab"))
        >> harness.receives(attached())
        << DESCRIBE
        << notify(ViewerState.LIVE)
        >> do(harness.rules.follow, True)
        << follow(-1)
        << e.SendMessage(m.Resize("one", SIZE, CELL))
    )


def test_a_snapshot_cut_off_by_a_lost_connection_is_requested_again(harness: Harness) -> None:
    harness.connected().rules.receive_message(attached())
    harness.take_effects()
    assert (
        harness.script()
        >> harness.receives(part(last=False))
        << e.AddSnapshotPart(part(last=False))
        >> do(harness.rules.connection_lost, None)
        << notify(ViewerState.RECONNECTING)
        << e.Connect(RETRY_S[1])
        >> do(harness.rules.connected)
        << e.SendMessage(m.Attach(SIZE, CELL, False, True, "one", -1, 0, "tab"))
        >> harness.receives(attached())
        << DESCRIBE
        >> do(harness.rules.snapshot_restored, part())
        << notify(ViewerState.LIVE)
    )


def test_the_end_during_a_disconnection_is_reported_after_the_reconnect(harness: Harness) -> None:
    harness.reconnecting(typed=1)
    assert (
        harness.script()
        >> harness.receives(attached(resumed=True))
        << sent_key(1)
        << DESCRIBE
        << notify(ViewerState.LIVE)
        >> harness.output(10)
        << fed(10)
        >> harness.receives(m.InputRefused("one", 1, ErrorCode.ENDED, "it has ended"))
        << refusal(1, ErrorCode.ENDED, "it has ended")
        >> harness.receives(EXITED)
        << e.NotifyEvent(EXITED)
        << notify(ViewerState.ENDED)
    )
    assert not harness.rules.inputs.is_holding


def test_nothing_is_sent_while_there_is_no_connection(harness: Harness) -> None:
    harness.live().rules.connection_lost(None)
    harness.take_effects()
    assert (
        harness.script()
        >> do(harness.rules.resize, OTHER_SIZE, CELL)
        >> do(harness.rules.set_colors, DefaultColors(0x111111, 0x222222))
        >> do(harness.rules.follow, False)
        >> harness.types_key()
    )
    assert len(harness.rules.inputs) == 1


def test_a_program_that_still_starts_after_a_reconnect_gets_its_input_once(harness: Harness) -> None:
    harness.starting().rules.receive_input(harness.key())
    harness.take_effects()
    assert (
        harness.script()
        >> do(harness.rules.connection_lost, None)
        << notify(ViewerState.RECONNECTING)
        << e.Connect(RETRY_S[1])
        >> do(harness.rules.connected)
        << e.SendMessage(m.Attach(SIZE, CELL, False, True, "one", -1, 0, "tab"))
        >> harness.receives(m.Starting("one"))
        << sent_key(1)
        << notify(ViewerState.STARTING)
        >> harness.receives(attached(last_sequence=1))
        << DESCRIBE
    )
