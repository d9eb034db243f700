"""The rules of a viewer, from its start to its end: each test is a script of events and effects."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from session_host.client.viewer import rules as e
from session_host.client.viewer.state import FINAL_STATES, ViewerState
from session_host.protocol import messages as m
from session_host.protocol.messages import ErrorCode
from session_host.terminal.base import DefaultColors
from tests.support.playbook import do
from tests.support.viewer_rules_harness import (
    ATTACH,
    CELL,
    DESCRIBE,
    EXITED,
    LOST,
    OTHER_SIZE,
    SIZE,
    START_TIMER,
    Harness,
    attached,
    fed,
    follow,
    notify,
    part,
    refusal,
    sent_key,
)

# ---------------------------------------------------------------- attaching


def test_a_viewer_is_live_once_the_screen_is_complete(harness: Harness) -> None:
    assert (
        harness.script()
        >> do(harness.rules.start)
        << e.Connect(0.0)
        >> do(harness.rules.connected)
        << e.SendMessage(ATTACH)
        >> harness.receives(attached())
        << DESCRIBE
        >> harness.receives(part(last=False))
        << e.AddSnapshotPart(part(last=False))
        >> harness.output(0)
        >> harness.receives(part())
        << e.AddSnapshotPart(part())
        >> do(harness.rules.snapshot_restored, part())
        << notify(ViewerState.LIVE)
        >> harness.output(10)
        << fed(10)
    )
    assert harness.rules.offset == 13


def test_a_viewer_without_output_is_live_once_attached() -> None:
    harness = Harness(read_only=True, output=False)
    harness.rules.start()
    harness.take_effects()
    assert (
        harness.script()
        >> do(harness.rules.connected)
        << e.SendMessage(m.Attach(None, CELL, True, False, "", -1, 0, "tab"))
        >> harness.receives(attached())
        << DESCRIBE
        << notify(ViewerState.LIVE)
    )


def test_early_input_is_sent_in_order_after_attached(harness: Harness) -> None:
    harness.rules.start()
    harness.take_effects()
    assert (
        harness.script()
        >> harness.types_key()
        >> do(harness.rules.connected)
        << e.SendMessage(ATTACH)
        >> harness.types_key()
        >> harness.receives(m.Starting("one"))
        << sent_key(1)
        << sent_key(2)
        << notify(ViewerState.STARTING)
        >> harness.types_key()
        << sent_key(3)
        >> harness.receives(attached())  # which sends nothing again
        << DESCRIBE
        >> do(harness.rules.snapshot_restored, part())
        << notify(ViewerState.LIVE)
        << START_TIMER
    )


def test_a_key_typed_in_a_callback_is_sent_after_the_repeated_ones(harness: Harness) -> None:
    harness.connected().rules.receive_input(harness.key())

    def attached_and_typed() -> None:
        harness.rules.receive_message(attached())
        harness.rules.receive_input(harness.key())

    assert harness.script() >> do(attached_and_typed) << sent_key(1) << DESCRIBE << sent_key(2)


def test_colours_and_size_set_before_the_attachment_are_sent_with_it(harness: Harness) -> None:
    colors = DefaultColors(0x111111, 0x222222)
    told_colors = e.SendMessage(m.Colors("one", *colors))
    harness.rules.start()
    harness.take_effects()
    assert (
        harness.script()
        >> do(harness.rules.set_colors, colors)
        >> do(harness.rules.resize, OTHER_SIZE, CELL)
        >> do(harness.rules.connected)
        << e.SendMessage(m.Attach(OTHER_SIZE, CELL, False, True, "", -1, 0, "tab"))
        >> harness.receives(attached())
        << told_colors
        << DESCRIBE
        >> do(harness.rules.set_colors, colors)
        << told_colors
        >> do(harness.rules.resize, SIZE, CELL)
        << e.SendMessage(m.Resize("one", SIZE, CELL))
    )


def test_output_wanted_during_the_attachment_is_requested_after_it() -> None:
    harness = Harness(output=False).connected()
    assert (
        harness.script()
        >> do(harness.rules.follow, True)
        >> harness.receives(attached())
        << follow(-1, 0)
        << e.SendMessage(m.Resize("one", SIZE, CELL))
        << DESCRIBE
        >> do(harness.rules.snapshot_restored, part())
        << notify(ViewerState.LIVE)
    )


# ---------------------------------------------------------------- the end


WHEREVER = pytest.mark.parametrize("reach", [Harness.connected, Harness.starting, Harness.live, Harness.reconnecting])
"""In each state that is not final."""


@WHEREVER
def test_the_end_is_reported_in_every_state(harness: Harness, reach: Callable[[Harness], Harness]) -> None:
    reach(harness)
    assert harness.script() >> harness.receives(EXITED) << e.NotifyEvent(EXITED) << notify(ViewerState.ENDED)


@WHEREVER
def test_a_viewer_refused_by_the_host_does_not_reconnect(harness: Harness, reach: Callable[[Harness], Harness]) -> None:
    reach(harness)
    assert (
        harness.script()
        >> do(harness.rules.connection_lost, m.Error(ErrorCode.NOT_ALLOWED, "not yours"))
        << notify(ViewerState.FAILED, "not yours")
        >> do(harness.rules.connection_lost, None)
    )
    assert harness.rules.refusal == ErrorCode.NOT_ALLOWED


def test_a_session_lost_before_the_first_attempt_is_lost(harness: Harness) -> None:
    harness.rules.start()
    harness.take_effects()
    assert (
        harness.script()
        >> do(harness.rules.connection_failed, "nobody there")
        << e.ReadOutcome()
        >> do(harness.rules.outcome_read, LOST, "this chat was removed")
        << notify(ViewerState.LOST, "this chat was removed")
    )


def test_the_end_is_reported_once_and_later_input_is_refused(harness: Harness) -> None:
    harness.live()
    assert (
        harness.script()
        >> harness.receives(EXITED)
        << e.NotifyEvent(EXITED)
        << notify(ViewerState.ENDED)
        >> harness.receives(EXITED)
        >> harness.types_key()
        << refusal(1, ErrorCode.ENDED, "the chat has ended")
        >> do(harness.rules.connection_lost, None)
    )
    assert harness.rules.end == EXITED


def test_a_program_that_ends_at_once_refuses_no_input_that_nobody_typed(harness: Harness) -> None:
    harness.live()
    assert (
        harness.script()
        >> harness.reports_focus()
        << e.SendMessage(m.Focus("one", 1, True))
        << START_TIMER
        >> harness.receives(m.InputRefused("one", 1, ErrorCode.ENDED, "the chat has ended"))
        >> harness.receives(EXITED)
        << e.NotifyEvent(EXITED)
        << notify(ViewerState.ENDED)
        >> harness.reports_focus()
    )


def test_the_last_screen_of_an_ended_session_is_shown_after_its_end(harness: Harness) -> None:
    harness.connected().rules.receive_message(attached())
    harness.take_effects()
    assert (
        harness.script()
        >> harness.receives(EXITED)
        << e.NotifyEvent(EXITED)
        << notify(ViewerState.ENDED)
        >> harness.receives(part())
        << e.AddSnapshotPart(part())
        >> do(harness.rules.snapshot_restored, part())
    )
    assert harness.rules.state is ViewerState.ENDED


@pytest.mark.parametrize(("kept", "offset"), [(40, 40), (None, 10)])
def test_a_session_that_ended_during_a_disconnection_is_shown_to_its_end(
    harness: Harness, kept: int | None, offset: int
) -> None:
    harness.live().rules.connection_lost(None)
    harness.take_effects()
    assert (
        harness.script()
        >> do(harness.rules.connection_failed, "nobody there")
        << e.ReadOutcome()
        >> do(harness.rules.outcome_read, EXITED, "")
        << e.LoadScreen(10)
        >> do(harness.rules.screen_read, kept)
        << notify(ViewerState.ENDED)
    )
    assert (harness.rules.offset, harness.rules.end) == (offset, EXITED)


def test_a_viewer_without_a_replica_reads_no_last_screen(harness: Harness) -> None:
    harness.rules.start()
    harness.take_effects()
    assert (
        harness.script()
        >> do(harness.rules.connection_failed, "nobody there")
        << e.ReadOutcome()
        >> do(harness.rules.outcome_read, EXITED, "")
        << notify(ViewerState.ENDED)
    )


def test_a_hidden_viewer_reads_no_last_screen(harness: Harness) -> None:
    harness.live().rules.follow(False)
    harness.rules.connection_lost(None)
    harness.take_effects()
    assert (
        harness.script()
        >> do(harness.rules.connection_failed, "nobody there")
        << e.ReadOutcome()
        >> do(harness.rules.outcome_read, EXITED, "")
        << notify(ViewerState.ENDED)
    )


def test_a_session_without_a_host_is_lost_with_a_reason(harness: Harness) -> None:
    harness.live().rules.connection_lost(None)
    harness.take_effects()
    assert (
        harness.script()
        >> do(harness.rules.connection_failed, "nobody there")
        << e.ReadOutcome()
        >> do(harness.rules.outcome_read, LOST, "its host crashed")
        << notify(ViewerState.LOST, "its host crashed")
        >> harness.types_key()
        << refusal(1, ErrorCode.ENDED, "its host crashed")
    )


def test_a_closing_viewer_detaches_and_sends_nothing_more(harness: Harness) -> None:
    harness.live().rules.receive_message(m.TitleEvent("not told any more"))
    assert list(harness.rules.effects)
    harness.rules.detach()
    assert harness.take_effects() == [e.SendMessage(m.Detach("one"))]
    assert (
        harness.script() >> harness.types_key() >> do(harness.rules.follow, False) >> do(harness.rules.accept_refusal)
    )


# ---------------------------------------------------------------- final states


@pytest.mark.parametrize("state", sorted(FINAL_STATES))
def test_final_states_do_not_change(harness: Harness, state: ViewerState) -> None:
    rules = harness.live().rules
    rules.state = state
    rules.refused("no")
    rules.outcome_read(LOST, "")
    rules.screen_read(None)
    rules.snapshot_restored(part())
    rules.receive_message(attached(resumed=True))
    rules.receive_message(EXITED)
    rules.connection_lost(None)
    assert rules.state is state
