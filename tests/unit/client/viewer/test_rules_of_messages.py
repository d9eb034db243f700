"""The rules of a viewer that is attached: each test is a script of events and effects."""

from __future__ import annotations

from typing import Any

from session_host.client.viewer import rules as e
from session_host.client.viewer.rules import RETRY_S
from session_host.client.viewer.state import ViewerState
from session_host.client.viewer.unacknowledged_input import MAX_INPUTS
from session_host.protocol import messages as m
from session_host.protocol.messages import ErrorCode
from tests.support.playbook import do
from tests.support.viewer_rules_harness import (
    CELL,
    DESCRIBE,
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
        << follow(-1)
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
    assert not harness.rules.engine_build


# ---------------------------------------------------------------- refusals


def test_a_host_of_an_incompatible_version_fails_the_viewer(harness: Harness) -> None:
    harness.rules.start()
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
    assert not harness.rules.refusal


def test_after_a_refused_input_nothing_is_sent_until_the_user_accepts(harness: Harness) -> None:
    harness.live(typed=2)
    held = refusal(2, ErrorCode.HELD, "an earlier input was refused")
    assert (
        harness.script()
        >> harness.receives(m.InputRefused("one", 2, ErrorCode.INPUT_FULL, "full"))
        << refusal(2, ErrorCode.INPUT_FULL, "full")
        >> harness.types_key()
        << e.NotifyRefusal(m.InputRefused("one", 3, ErrorCode.HELD, held.refusal.message))
        >> do(harness.rules.accept_refusal)
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


def test_too_much_unacknowledged_input_is_refused(harness: Harness) -> None:
    for _ in range(MAX_INPUTS):
        harness.rules.receive_input(harness.key())
    text = "the program is not reading its input"
    assert harness.script() >> harness.types_key() << refusal(MAX_INPUTS + 1, ErrorCode.INPUT_FULL, text, "")


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


def test_events_are_passed_to_the_delegate(harness: Harness) -> None:
    harness.live()
    assert harness.script() >> harness.receives(m.TitleEvent("vim")) << e.NotifyEvent(m.TitleEvent("vim"))
