"""The rules of a client's connection: each test is a script of messages and effects."""

from __future__ import annotations

import pytest

from session_host.protocol import messages as m
from session_host.protocol.facts import Outcome
from session_host.protocol.values import ErrorCode, State
from session_host.session.connection import HELLO, HELLO_TIMEOUT_S, ClientConnection
from session_host.session.effects import (
    AppendEntry,
    Close,
    Flush,
    MakeSnapshot,
    NoteUserInput,
    StartTimer,
    StopTimer,
    WriteToProgram,
)
from session_host.session.focus import GRACE_S, UNSEEN
from session_host.session.output_ring import Span
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.version import VERSION
from tests.support.playbook import Capture, Returned, do
from tests.support.session_harness import SESSION_ID
from tests.support.session_rules_harness import (
    BUILD,
    HELLO_MESSAGE,
    ID,
    OTHER_ID,
    TAG,
    Harness,
    attached,
    key,
    refused,
)

# ---------------------------------------------------------------- greeting and attaching


def test_a_client_that_greets_gets_welcome(harness: Harness) -> None:
    client = ClientConnection(harness.session, "peer", str)
    assert harness.take_effects() == [StartTimer(client, HELLO, HELLO_TIMEOUT_S)]
    assert (
        harness.script()
        >> harness.sends(client, HELLO_MESSAGE)
        << StopTimer(client, HELLO)
        << Flush(client.frames)
        >> harness.receives(client)
        << Returned([m.Welcome(m.PROTOCOL_VERSION, VERSION, SESSION_ID, State.STARTING)])
        >> do(client.receive_eof)
    )


def test_a_client_without_hello_is_dropped(harness: Harness) -> None:
    client = harness.connection()
    error = Capture(m.Error)
    assert (
        harness.script()
        >> do(client.timer_due, HELLO)
        << Flush(client.frames)
        << Close(client.frames.peer, "violation: no Hello came")
        >> harness.receives(client)
        << Returned([error])
        >> harness.sends(client, HELLO_MESSAGE)
        >> do(client.receive_eof)
    )
    assert error.value.code == ErrorCode.VIOLATION


@pytest.mark.parametrize(
    ("before", "message", "code"),
    [
        ([], m.Attach(), ErrorCode.VIOLATION),
        ([], m.Hello(m.PROTOCOL_VERSION + 1, "viewer"), ErrorCode.VERSION),
        ([HELLO_MESSAGE], HELLO_MESSAGE, ErrorCode.VIOLATION),
        ([HELLO_MESSAGE, m.Attach(output=False)], m.Attach(), ErrorCode.VIOLATION),
    ],
)
def test_a_client_that_breaks_a_rule_gets_an_error_and_is_dropped(
    harness: Harness, before: list[m.Message], message: m.Message, code: str
) -> None:
    client = harness.start_program().connection(*before)
    why, error = Capture(str), Capture(m.Error)
    assert (
        harness.script()
        >> harness.sends(client, message, m.Describe(1))
        << Flush(client.frames)
        << Close(client.frames.peer, why)  # type: ignore[arg-type]
        >> harness.receives(client)
        << Returned([error])
        >> do(client.events_received)
    )
    assert error.value.code == code


def test_an_agent_without_control_may_attach_read_only(harness: Harness) -> None:
    harness.start_program().refusal = "not yours"
    one, other = harness.connection(HELLO_MESSAGE), harness.connection(HELLO_MESSAGE)
    assert (
        harness.script()
        >> harness.sends(one, m.Attach())
        << Flush(one.frames)
        << Close(one.frames.peer, f"{ErrorCode.NOT_ALLOWED}: not yours")
        >> harness.sends(other, m.Attach(read_only=True, output=False))
        << AppendEntry(EntryKind.ATTACHED, b"\1", TAG)
        << Flush(other.frames)
    )


def test_attached_is_sent_once_the_program_runs_and_recorded_before_that(harness: Harness) -> None:
    client = harness.connection(HELLO_MESSAGE)
    assert (
        harness.script()
        >> harness.sends(client, m.Attach(output=False))
        << AppendEntry(EntryKind.ATTACHED, tag=TAG)
        << Flush(client.frames)
        >> harness.receives(client)
        << Returned([m.Starting(ID)])
        >> do(harness.session.program_runs)
        >> do(harness.session.program_started)
        << Flush(client.frames)
        << StartTimer(harness.session.viewers.focus, UNSEEN, GRACE_S)
        >> harness.receives(client)
        << Returned([attached(resumed=False), m.BellEvent()])
    )


def test_a_viewer_of_an_ended_session_gets_the_screen_and_then_the_end(harness: Harness) -> None:
    harness.start_program().session.program_ended(3, None, "kill")
    client = harness.connection(HELLO_MESSAGE)
    assert (
        harness.script()
        >> harness.sends(client, m.Attach(offset=4))
        << AppendEntry(EntryKind.ATTACHED, tag=TAG)
        << Flush(client.frames)
        >> harness.receives(client)
        << Returned(
            [
                attached(offset=4, state=State.EXITED),
                m.BellEvent(),
                Span(4, 10),
                m.StateEvent(Outcome(State.EXITED, 3, None, "kill")),
            ]
        )
    )


def test_a_reconnected_viewer_is_recognised_and_its_previous_connection_is_stale(harness: Harness) -> None:
    previous = harness.start_program().viewer()
    client = harness.connection(HELLO_MESSAGE)
    assert (
        harness.script()
        >> harness.sends(previous, key(1))
        << WriteToProgram(EntryKind.INPUT, b"a", TAG, 1)
        << NoteUserInput()
        >> harness.sends(client, m.Attach(resume=ID, output=False))
        << Flush(client.frames)
        >> harness.receives(client)
        << Returned([attached(last=1, resumed=False), m.BellEvent()])
        >> harness.sends(previous, key(2))
        << Flush(previous.frames)
        >> harness.receives(previous)
        << Returned([refused(2, ErrorCode.STALE_ATTACHMENT)])
        >> harness.sends(client, key(1), key(2, "b"))
        << WriteToProgram(EntryKind.INPUT, b"b", TAG, 2)
        << NoteUserInput()
        >> do(previous.receive_eof)
        >> harness.sends(client, key(3, "c"))
        << WriteToProgram(EntryKind.INPUT, b"c", TAG, 3)
        << NoteUserInput()
    )


def test_a_detached_viewer_types_nothing_and_gets_nothing(harness: Harness) -> None:
    client = harness.start_program().viewer()
    assert (
        harness.script()
        >> harness.sends(client, m.Detach(ID), key(1))
        << AppendEntry(EntryKind.DETACHED, tag=TAG)
        << Flush(client.frames)
        >> harness.receives(client)
        << Returned([refused(1, ErrorCode.STALE_ATTACHMENT)])
        >> do(harness.session.clients.broadcast, m.BellEvent())
    )


def test_a_detached_client_may_attach_again(harness: Harness) -> None:
    client = harness.start_program().viewer()
    assert (
        harness.script()
        >> harness.sends(client, m.Detach(ID), m.Attach(output=False))
        << AppendEntry(EntryKind.DETACHED, tag=TAG)
        << AppendEntry(EntryKind.ATTACHED, tag=bytes.fromhex(OTHER_ID))
        << Flush(client.frames)
        >> harness.sends(client, key(1, attachment=OTHER_ID))
        << WriteToProgram(EntryKind.INPUT, b"a", bytes.fromhex(OTHER_ID), 1)
        << NoteUserInput()
    )


# ---------------------------------------------------------------- the end


def test_a_client_with_all_output_gets_the_end_and_is_closed(harness: Harness) -> None:
    client = harness.start_program().viewer(output=True)
    assert (
        harness.script()
        >> do(harness.session.program_ended, None, 9)
        >> do(harness.session.broadcast_end)
        << Flush(client.frames)
        >> harness.receives(client)
        << Returned([m.StateEvent(Outcome(State.EXITED, None, 9))])
        >> do(client.finish)
        << Close(client.frames.peer)
        >> do(client.finish)
    )


def test_a_slow_client_is_closed_after_the_last_output_and_the_end(harness: Harness) -> None:
    client = harness.start_program().viewer(output=True)
    assert (
        harness.script()
        >> do(client.queue_full)
        >> do(harness.session.frame_for_viewers, b"last words", 20)
        >> do(harness.session.program_ended, 0, None)
        >> do(harness.session.broadcast_end)
        >> do(client.finish)
        >> do(client.finish)
        >> do(client.queue_drained)
        << Flush(client.frames)
        << Close(client.frames.peer)
        >> harness.receives(client)
        << Returned([Span(10, 20), m.StateEvent(Outcome(State.EXITED, 0, None))])
    )


def test_a_client_that_waits_for_a_snapshot_at_the_end_may_detach(harness: Harness) -> None:
    client = harness.start_program().connection(HELLO_MESSAGE)
    assert (
        harness.script()
        >> harness.sends(client, m.Attach())
        << AppendEntry(EntryKind.ATTACHED, tag=TAG)
        << Flush(client.frames)
        << StopTimer(harness.session.viewers.focus, UNSEEN)
        << MakeSnapshot(client.frames.subscription, BUILD)
        >> do(harness.session.program_ended, 0, None)
        >> do(harness.session.broadcast_end)
        >> do(client.finish)
        >> harness.sends(client, m.Detach(ID))
        << AppendEntry(EntryKind.DETACHED, tag=TAG)
        << Close(client.frames.peer)
    )
