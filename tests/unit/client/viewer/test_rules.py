"""The rules of a viewer: each test is a script of events and effects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from session_host.client.viewer import effects as e
from session_host.client.viewer.line import RETRY_S
from session_host.client.viewer.state import ViewerState
from session_host.protocol import messages as m
from session_host.protocol.facts import AgentStatus, Outcome
from session_host.protocol.values import Activity, ErrorCode, MouseAction, MouseButton, State
from session_host.terminal.base import DefaultColors
from tests.support.facts import chat_facts, described
from tests.support.playbook import Event, do
from tests.support.viewer_rules_harness import (
    ATTACH,
    CELL,
    DESCRIBE,
    EXITED,
    LOST,
    OTHER_SIZE,
    RUNNING,
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
        >> do(harness.rules.line.connect)
        << e.Connect(0.0)
        >> do(harness.rules.connected, "")
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
    assert harness.rules.progress.now.offset == 13


def test_a_viewer_without_output_is_live_once_attached() -> None:
    harness = Harness(read_only=True, output=False)
    harness.rules.line.connect()
    harness.take_effects()
    assert (
        harness.script()
        >> do(harness.rules.connected, "")
        << e.SendMessage(m.Attach(None, CELL, True, False, "", -1, 0, "tab"))
        >> harness.receives(attached())
        << DESCRIBE
        << notify(ViewerState.LIVE)
    )


def test_early_input_is_sent_in_order_after_attached(harness: Harness) -> None:
    harness.rules.line.connect()
    harness.take_effects()
    assert (
        harness.script()
        >> harness.types_key()
        >> do(harness.rules.connected, "")
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
    harness.rules.line.connect()
    harness.take_effects()
    assert (
        harness.script()
        >> do(harness.rules.set_colors, colors)
        >> do(harness.rules.resize, OTHER_SIZE, CELL)
        >> do(harness.rules.connected, "")
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
    assert harness.rules.line.now.refusal == ErrorCode.NOT_ALLOWED


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
    assert harness.rules.line.now.end == EXITED.outcome


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
    assert harness.rules.line.shown is ViewerState.ENDED


@pytest.mark.parametrize(("kept", "offset"), [(40, 40), (None, 10)])
def test_a_session_that_ended_during_a_disconnection_is_shown_to_its_end(
    harness: Harness, kept: int | None, offset: int
) -> None:
    harness.live().rules.connection_lost(None)
    harness.take_effects()
    assert (
        harness.script()
        >> do(harness.rules.line.failed, "nobody there")
        << e.ReadOutcome()
        >> do(harness.rules.outcome_read, EXITED.outcome, "")
        << e.LoadScreen(10)
        >> do(harness.rules.screen_read, kept)
        << notify(ViewerState.ENDED)
    )
    assert (harness.rules.progress.now.offset, harness.rules.line.now.end) == (offset, EXITED.outcome)


def test_a_viewer_without_a_replica_reads_no_last_screen(harness: Harness) -> None:
    harness.rules.line.connect()
    harness.take_effects()
    assert (
        harness.script()
        >> do(harness.rules.line.failed, "nobody there")
        << e.ReadOutcome()
        >> do(harness.rules.outcome_read, EXITED.outcome, "")
        << notify(ViewerState.ENDED)
    )


def test_a_hidden_viewer_reads_no_last_screen(harness: Harness) -> None:
    harness.live().rules.follow(False)
    harness.rules.connection_lost(None)
    harness.take_effects()
    assert (
        harness.script()
        >> do(harness.rules.line.failed, "nobody there")
        << e.ReadOutcome()
        >> do(harness.rules.outcome_read, EXITED.outcome, "")
        << notify(ViewerState.ENDED)
    )


def test_a_session_without_a_host_is_lost_with_a_reason(harness: Harness) -> None:
    harness.live().rules.connection_lost(None)
    harness.take_effects()
    assert (
        harness.script()
        >> do(harness.rules.line.failed, "nobody there")
        << e.ReadOutcome()
        >> do(harness.rules.outcome_read, LOST.outcome, "its host crashed")
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
        harness.script()
        >> harness.types_key()
        >> do(harness.rules.follow, False)
        >> do(harness.rules.gate.accept_refusal)
    )


# ---------------------------------------------------------------- final states


def ended(harness: Harness) -> None:
    harness.rules.receive_message(EXITED)


def is_lost(harness: Harness) -> None:
    harness.rules.connection_lost(None)
    harness.rules.line.failed("nobody there")
    harness.rules.outcome_read(LOST.outcome, "its host crashed")


def is_refused(harness: Harness) -> None:
    harness.rules.connection_lost(m.Error(ErrorCode.NOT_ALLOWED, "not yours"))


@pytest.mark.parametrize(
    ("finish", "state"),
    [(ended, ViewerState.ENDED), (is_lost, ViewerState.LOST), (is_refused, ViewerState.FAILED)],
)
def test_final_states_do_not_change(harness: Harness, finish: Callable[[Harness], None], state: ViewerState) -> None:
    rules = harness.live(typed=1).rules
    finish(harness)
    assert rules.line.shown is state
    rules.refused("no")
    rules.screen_read(None)
    rules.snapshot_restored(part())
    rules.receive_message(m.Starting("one"))
    rules.receive_message(attached(resumed=True))
    rules.receive_message(EXITED)
    rules.line_silent(True)
    rules.on_answer_timer(is_late=False)
    rules.connection_lost(None)
    assert rules.line.shown is state


# ---------------------------------------------------------------- output


def test_output_is_shown_once_and_without_gaps(harness: Harness) -> None:
    harness.live()
    assert (
        harness.script()
        >> harness.output(10)
        << fed(10)
        >> harness.output(20)
        << e.SendMessage(m.Follow("one", True))
        >> harness.output(23)  # The snapshot that is on its way has it.
        >> harness.receives(m.Resized(26, OTHER_SIZE, CELL, 3))
        >> do(harness.rules.snapshot_restored, part(26, resizes=3))
        >> harness.output(26)
        << fed(26)
    )


def test_resizes_of_the_replica_are_counted(harness: Harness) -> None:
    harness.live()
    assert (
        harness.script()
        >> harness.receives(m.Resized(10, OTHER_SIZE, CELL, 7))
        << e.ResizeReplica(OTHER_SIZE, CELL)
        >> do(harness.rules.follow, False)
        << follow(10, 7, output=False)
    )


def test_a_hidden_viewer_continues_at_its_offset_when_shown(harness: Harness) -> None:
    harness.live()
    assert (
        harness.script()
        >> do(harness.rules.follow, True)
        >> do(harness.rules.follow, False)
        << follow(10, output=False)
        >> do(harness.rules.resize, OTHER_SIZE, CELL)  # A hidden viewer sends no size.
        >> do(harness.rules.follow, True)
        << follow(10)
        << e.SendMessage(m.Resize("one", OTHER_SIZE, CELL))
    )


def test_the_replica_is_freed_only_while_no_output_is_followed(harness: Harness) -> None:
    harness.live()
    assert (
        harness.script()
        >> do(harness.rules.free_replica)
        >> do(harness.rules.follow, False)
        << follow(10, output=False)
        >> do(harness.rules.free_replica)
        << e.FreeReplica()
        >> do(harness.rules.free_replica)
        >> do(harness.rules.follow, True)
        << follow(-1, 0)
        << e.SendMessage(m.Resize("one", SIZE, CELL))
    )


def test_an_unreadable_snapshot_is_requested_again_in_the_portable_form(harness: Harness) -> None:
    harness.connected()
    assert (
        harness.script()
        >> harness.receives(attached())
        << DESCRIBE
        >> harness.receives(part())
        << e.AddSnapshotPart(part())
        >> do(harness.rules.snapshot_unreadable)
        << e.DropConnection()
        >> do(harness.rules.connection_lost, None)
        << notify(ViewerState.RECONNECTING)
        << e.Connect(RETRY_S[1])
    )
    assert not harness.rules.wants.engine_build


# ---------------------------------------------------------------- refusals


def test_a_host_of_an_incompatible_version_fails_the_viewer(harness: Harness) -> None:
    harness.rules.line.connect()
    harness.take_effects()
    text = "the chat uses protocol 999"
    assert (
        harness.script()
        >> harness.types_key()
        >> do(harness.rules.refused, text)
        << notify(ViewerState.FAILED, text)
        >> harness.types_key()
        << refusal(2, ErrorCode.ENDED, text, "")
    )
    assert not harness.rules.line.now.refusal


def test_after_a_refused_input_nothing_is_sent_until_the_user_accepts(harness: Harness) -> None:
    harness.live(typed=2)
    held = refusal(2, ErrorCode.HELD, "an earlier input was refused")
    assert (
        harness.script()
        >> harness.receives(m.InputRefused("one", 2, ErrorCode.INPUT_FULL, "full"))
        << refusal(2, ErrorCode.INPUT_FULL, "full")
        >> harness.types_key()
        << e.NotifyRefusal(m.InputRefused("one", 3, ErrorCode.HELD, held.refusal.message))
        >> do(harness.rules.gate.accept_refusal)
        << e.SendMessage(m.AcceptRefusal("one"))
        >> harness.types_key()
        << sent_key(3)
    )


def test_each_input_of_a_read_only_viewer_is_refused_by_the_host() -> None:
    harness = Harness(read_only=True).live()
    assert (
        harness.script()
        >> harness.types_key()
        << sent_key(1)
        << START_TIMER
        >> harness.receives(m.InputRefused("one", 1, ErrorCode.READ_ONLY, "read-only"))
        << refusal(1, ErrorCode.READ_ONLY, "read-only")
        >> harness.types_key()
        << sent_key(2)
    )


# ---------------------------------------------------------------- a machine that cannot be reached

AWAY = notify(ViewerState.UNREACHABLE, "far: no route")
NO_ACTIVITY = m.ActivityEvent(AgentStatus(Activity.IDLE, "hook", "2026-01-02T03:04:05Z"))
QUESTION = m.ActivityEvent(AgentStatus(Activity.NEEDS_INPUT, "hook", "2026-01-02T03:05:00Z"))


@pytest.fixture
def far() -> Harness:
    """The harness of a viewer on another machine."""
    return Harness(is_far=True)


def unreachable(harness: Harness, typed: int = 0) -> Harness:
    """Lose the machine of a live viewer, then type."""
    harness.live().rules.connection_lost(None)
    harness.rules.line.unreachable("far: no route")
    for _ in range(typed):
        harness.rules.receive_input(harness.key())
    harness.take_effects()
    return harness


def back(harness: Harness) -> Harness:
    """The machine is back, and the host has greeted."""
    harness.rules.line.connect()
    harness.rules.connected("")
    harness.take_effects()
    return harness


def test_keys_typed_while_the_machine_is_unreachable_are_shown_as_kept_and_sent_once(far: Harness) -> None:
    assert (
        unreachable(far).script()
        >> far.types_key()
        << AWAY  # So the count is shown.
        >> far.types_key()
        << AWAY
    )
    assert far.rules.inputs.characters() == 2
    assert (
        back(far).script()
        >> far.receives(attached(resumed=True))
        << DESCRIBE
        << notify(ViewerState.LIVE)
        << START_TIMER
        >> far.receives(NO_ACTIVITY)
        << notify(ViewerState.LIVE)
        << sent_key(1)
        << sent_key(2)
        << e.NotifyEvent(NO_ACTIVITY)
        >> far.types_key()
        << sent_key(3)
    )


def test_keys_typed_blindly_do_not_answer_a_question_that_came_meanwhile(far: Harness) -> None:
    back(unreachable(far, typed=1)).rules.receive_message(attached(resumed=True))
    far.take_effects()
    assert (
        far.script()
        >> far.receives(QUESTION)
        << notify(ViewerState.LIVE)  # So the user is asked.
        << e.NotifyEvent(QUESTION)
        >> far.types_key()
        << notify(ViewerState.LIVE)
    )
    assert far.rules.gate.asks_to_send
    assert far.script() >> do(far.rules.gate.send_kept) << notify(ViewerState.LIVE) << sent_key(1) << sent_key(2)


def test_a_prompt_for_a_chat_view_does_not_wait_for_the_users_decision(far: Harness) -> None:
    prompt = m.Prompt("go on", attachment="one", sequence=1)
    unreachable(far).rules.receive_input(prompt)
    back(far)
    assert (
        far.script()
        >> far.receives(attached(resumed=True))
        << e.SendMessage(prompt)
        << DESCRIBE
        << notify(ViewerState.LIVE)
        << START_TIMER
        >> far.receives(QUESTION)
        << e.NotifyEvent(QUESTION)
    )
    assert not far.rules.gate.asks_to_send


def test_the_answer_to_a_question_that_was_seen_is_sent(far: Harness) -> None:
    far.live().rules.receive_message(QUESTION)
    far.rules.connection_lost(None)
    far.rules.line.unreachable("far: no route")
    far.rules.receive_input(far.key())
    back(far).rules.receive_message(attached(resumed=True))
    far.take_effects()
    assert far.script() >> far.receives(QUESTION) << notify(ViewerState.LIVE) << sent_key(1) << e.NotifyEvent(QUESTION)


def test_kept_keys_are_sent_once_the_new_question_is_answered_elsewhere(far: Harness) -> None:
    back(unreachable(far, typed=1)).rules.receive_message(attached(resumed=True))
    far.rules.receive_message(QUESTION)
    far.take_effects()
    assert (
        far.script()
        >> far.receives(NO_ACTIVITY)
        << notify(ViewerState.LIVE)
        << sent_key(1)
        << e.NotifyEvent(NO_ACTIVITY)
    )


@pytest.mark.parametrize("asks", [False, True])
def test_discarded_keys_are_never_sent(far: Harness, asks: bool) -> None:
    unreachable(far, typed=2)
    if asks:
        back(far).rules.receive_message(attached(resumed=True))
        far.rules.receive_message(QUESTION)
    far.rules.gate.discard_kept()
    far.take_effects()
    if not asks:
        back(far)
        far.rules.receive_message(attached(resumed=True))
        assert far.take_effects()[0] == e.SendMessage(m.AcceptRefusal("one")), "the host may have half a paste"
    far.rules.receive_input(far.key())
    assert far.take_effects()[0] == sent_key(3)


def test_a_refusal_accepted_while_the_user_is_asked_is_accepted_before_the_kept_keys_are_sent(far: Harness) -> None:
    back(unreachable(far, typed=1)).rules.receive_message(attached(resumed=True))
    far.rules.receive_message(QUESTION)
    far.take_effects()
    assert (
        far.script()
        >> far.receives(m.InputRefused("one", 1, ErrorCode.NEEDS_INPUT, "it asks"))
        << refusal(1, ErrorCode.NEEDS_INPUT, "it asks")
        >> do(far.rules.gate.accept_refusal)
        << e.SendMessage(m.AcceptRefusal("one"))
        >> far.types_key()
        << notify(ViewerState.LIVE)
        >> do(far.rules.gate.send_kept)
        << notify(ViewerState.LIVE)
        << sent_key(2)
    )


def test_keys_typed_after_others_were_discarded_reach_a_program_that_starts(far: Harness) -> None:
    back(unreachable(far, typed=1)).rules.receive_message(m.Starting("one"))
    far.rules.gate.discard_kept()
    far.take_effects()
    assert far.script() >> far.types_key() << sent_key(2)


def test_nobody_is_asked_about_kept_keys_once_the_chat_has_ended(far: Harness) -> None:
    back(unreachable(far, typed=1)).rules.receive_message(attached(resumed=True))
    for message, asks in [(QUESTION, True), (EXITED, False)]:
        far.rules.receive_message(message)
        assert far.rules.gate.asks_to_send == asks
    assert far.rules.inputs.characters() == 0


def test_keys_kept_for_a_chat_that_ended_meanwhile_are_reported(far: Harness) -> None:
    text = "what you typed while its machine was unreachable was not sent"
    assert (
        unreachable(far, typed=1).script()
        >> do(far.rules.outcome_read, LOST.outcome, "interrupted")
        << notify(ViewerState.LOST, "interrupted")
        << refusal(1, ErrorCode.ENDED, text)
    )


def test_keys_are_refused_while_the_machine_is_unreachable_if_the_user_wants_that() -> None:
    harness = unreachable(Harness(is_far=True, keeps_typing=False))
    text = "its machine is unreachable"
    assert (
        harness.script()
        >> harness.types_key()
        << refusal(1, ErrorCode.UNREACHABLE, text)
        >> harness.types_key()
        << refusal(1, ErrorCode.UNREACHABLE, text)
        >> harness.reports_focus()
    )
    back(harness).rules.receive_message(attached(resumed=True))
    harness.take_effects()
    assert (
        harness.script()
        >> harness.types_key()  # The end of a line of which the beginning was refused.
        << refusal(2, ErrorCode.HELD, "an earlier input was refused")
        >> do(harness.rules.gate.accept_refusal)
        << e.SendMessage(m.AcceptRefusal("one"))
    )


def test_keys_typed_right_after_the_link_was_lost_do_not_answer_a_new_question(far: Harness) -> None:
    far.live().rules.connection_lost(None)
    far.rules.receive_input(far.key())
    far.rules.line.unreachable("far: no route")
    back(far).rules.receive_message(attached(resumed=True))
    far.rules.receive_message(QUESTION)
    assert far.rules.gate.asks_to_send


def test_keys_typed_into_a_line_that_stalled_do_not_answer_a_new_question(far: Harness) -> None:
    far.live(typed=2).rules.connection_lost(None)
    back(far).rules.receive_message(attached(resumed=True, last_sequence=1))
    far.rules.receive_message(QUESTION)
    assert far.rules.gate.asks_to_send
    assert far.rules.inputs.characters() == 1


@pytest.mark.parametrize("keeps_typing", [True, False])
@pytest.mark.parametrize("is_greeted", [True, False])
def test_keys_typed_during_the_first_connecting_do_not_answer_a_question(is_greeted: bool, keeps_typing: bool) -> None:
    far = Harness(is_far=True, keeps_typing=keeps_typing)
    if is_greeted:
        far.connected()
    far.rules.receive_input(far.key())
    if not is_greeted:
        far.connected()
    far.rules.receive_message(attached())
    assert far.rules.inputs.characters() == 1
    far.rules.receive_message(QUESTION)
    assert far.rules.gate.asks_to_send


def test_a_click_or_an_interrupt_does_not_wait_for_a_machine(far: Harness) -> None:
    unreachable(far)
    click = m.Mouse("one", 1, MouseAction.PRESS, MouseButton.LEFT, 3, 4)
    assert (
        far.script()
        >> do(far.rules.receive_input, click)
        >> do(far.rules.receive_input, m.Interrupt(attachment="one", sequence=1))
        << refusal(1, ErrorCode.UNREACHABLE, "its machine is unreachable")
    )
    assert not far.rules.inputs.is_holding


# ---------------------------------------------------------------- notices and other events


def test_the_delegate_gets_a_notice_only_when_it_changes(harness: Harness) -> None:
    harness.live()

    def described(text: str) -> Any:
        return do(harness.rules.receive_message, m.NoticeEvent("session", text))

    assert (
        harness.script()
        >> described("the disk is full")
        << e.NotifyEvent(m.NoticeEvent("session", "the disk is full"))
        >> described("the disk is full")
        >> described("")  # An earlier notice may still hold, and the description contains it.
        << DESCRIBE
    )


def test_a_reconnected_viewer_sends_the_input_that_the_host_lacks(harness: Harness) -> None:
    harness.live(typed=3)
    assert (
        harness.script()
        >> do(harness.rules.connection_lost, None)
        << notify(ViewerState.RECONNECTING)
        << e.Connect(0.0)
        >> harness.types_key()
        >> do(harness.rules.connected, "")
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
        >> do(harness.rules.gate.accept_refusal)
        << e.SendMessage(m.AcceptRefusal("two"))
        >> harness.types_key()
        << sent_key(1, "two")
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
            >> do(harness.rules.line.failed, "nobody there")
            << e.ReadOutcome()
            >> do(harness.rules.outcome_read, RUNNING.outcome, "")
            << e.Connect(wait_s)
        )
    harness.rules.connected("")
    harness.rules.receive_message(attached(resumed=True))
    harness.take_effects()
    assert (
        harness.script()
        >> do(harness.rules.connection_lost, None)
        << notify(ViewerState.RECONNECTING)
        << e.Connect(0.0)
    )


def test_a_failed_first_attempt_gives_the_reason_while_the_host_lives(harness: Harness) -> None:
    harness.rules.line.connect()
    harness.take_effects()
    assert (
        harness.script()
        >> do(harness.rules.line.failed, "nobody there")
        << e.ReadOutcome()
        >> do(harness.rules.outcome_read, RUNNING.outcome, "")
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
        >> do(harness.rules.connected, "")
        << e.SendMessage(m.Attach(None, CELL, False, False, "one", -1, 0, "tab"))
        >> harness.receives(attached())
        << DESCRIBE
        << notify(ViewerState.LIVE)
        >> do(harness.rules.follow, True)
        << follow(-1, 0)
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
        >> do(harness.rules.connected, "")
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
        >> do(harness.rules.connected, "")
        << e.SendMessage(m.Attach(SIZE, CELL, False, True, "one", -1, 0, "tab"))
        >> harness.receives(m.Starting("one"))
        << sent_key(1)
        << notify(ViewerState.STARTING)
        >> harness.receives(attached(last_sequence=1))
        << DESCRIBE
    )


DESCRIPTION = described(chat_facts(id="", name="", agent="", state=State.RUNNING), 0)


def ticks(harness: Harness, *, is_late: bool = False) -> Event:
    return do(harness.rules.on_answer_timer, is_late=is_late)


def silent(harness: Harness) -> Harness:
    """The host did not answer to a key."""
    harness.live(typed=1)
    for _ in range(3):
        harness.rules.on_answer_timer(is_late=False)
    harness.take_effects()
    assert harness.rules.line.shown is ViewerState.UNRESPONSIVE
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
        << notify(ViewerState.UNRESPONSIVE)  # So the count is shown.
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


def test_a_line_that_does_not_answer_is_reported_to_a_user_who_only_reads(far: Harness) -> None:
    far.live()
    assert (
        far.script()
        >> do(far.rules.line_silent, False)
        >> do(far.rules.line_silent, True)
        << notify(ViewerState.UNRESPONSIVE)
        >> do(far.rules.line_silent, True)
        >> do(far.rules.line_silent, False)
        << notify(ViewerState.LIVE)
        >> do(far.rules.line_silent, True)
        << notify(ViewerState.UNRESPONSIVE)
        >> do(far.rules.connection_lost, None)
        << notify(ViewerState.RECONNECTING)
        << e.Connect(0.0)
        >> do(far.rules.line_silent, False)
    )


def test_a_host_that_does_not_answer_is_not_reported_as_live_when_its_line_is(far: Harness) -> None:
    silent(far)
    assert far.script() >> do(far.rules.line_silent, True) >> do(far.rules.line_silent, False)


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
        >> do(harness.rules.connected, "")
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
    exited = m.StateEvent(Outcome(State.EXITED, 0, None))
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
    harness.rules.line.connect()
    harness.take_effects()
    failed = do(harness.rules.line.failed, why, is_hanging=True)
    assert (
        harness.script()
        >> failed
        << e.ReadOutcome()
        >> do(harness.rules.outcome_read, RUNNING.outcome, "")
        << notify(ViewerState.UNRESPONSIVE, why)
        << e.Connect(RETRY_S[1])
        >> failed
        << e.ReadOutcome()
        >> do(harness.rules.outcome_read, RUNNING.outcome, "")
        << e.Connect(RETRY_S[2])
        >> do(harness.rules.line.failed, "nobody there")
        << e.ReadOutcome()
        >> do(harness.rules.outcome_read, RUNNING.outcome, "")
        << notify(ViewerState.RECONNECTING, "nobody there")
        << e.Connect(RETRY_S[3])
        >> do(harness.rules.connected, "")
        << e.SendMessage(m.Attach(SIZE, CELL, False, True, "", -1, 0, "tab"))
        >> harness.receives(attached())
        << DESCRIBE
        >> do(harness.rules.snapshot_restored, part())
        << notify(ViewerState.LIVE)
    )
