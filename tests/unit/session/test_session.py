"""The rules of a session: each test is a script of messages and effects."""

from __future__ import annotations

import pytest

from session_host.protocol import messages as m
from session_host.protocol.messages import EARLY_INPUT_BYTES, MAX_PASTE_CHARACTERS, PENDING_INPUT_BYTES
from session_host.protocol.values import ErrorCode, GridSize, KeyAction
from session_host.session.effects import (
    AppendEntry,
    ClearOutput,
    Flush,
    NoteTitle,
    NoteUserInput,
    StartTimer,
    StopTimer,
    UseColors,
    UseEmulator,
    WriteToProgram,
)
from session_host.session.focus import UNSEEN
from session_host.session.output_ring import Span
from session_host.session.sizing import RESIZE, RESIZE_DEBOUNCE_S
from session_host.session.terminal_session import MAX_NOTIFICATIONS
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.terminal.events import Bell, Notification, TitleChanged
from tests.support.playbook import Capture, Returned, do
from tests.support.session_rules_harness import (
    ENGINE,
    HELLO_MESSAGE,
    ID,
    OTHER_ID,
    TAG,
    Harness,
    key,
    refused,
)

# ---------------------------------------------------------------- input


def test_an_input_that_the_program_has_is_acknowledged(harness: Harness) -> None:
    client = harness.start_program().viewer()
    assert (
        harness.script()
        >> harness.sends(client, key(1))
        << WriteToProgram(EntryKind.INPUT, b"a", TAG, 1)
        << NoteUserInput()
        >> do(harness.session.acknowledge_inputs, [(TAG, 1)])
        << Flush(client.frames)
        >> harness.receives(client)
        << Returned([m.InputAck(ID, 1)])
    )


def test_an_acknowledgement_is_sent_before_the_refusal_of_a_later_input(harness: Harness) -> None:
    client = harness.start_program().viewer()
    too_long = m.Typed(ID, 2, "x" * (MAX_PASTE_CHARACTERS + 1))
    assert (
        harness.script()
        >> do(client.written, ID, 1)
        << Flush(client.frames)
        >> harness.sends(client, too_long)
        >> harness.receives(client)
        << Returned([m.InputAck(ID, 1), refused(2, ErrorCode.TOO_LARGE)])
    )


def test_repeated_input_is_typed_once(harness: Harness) -> None:
    client = harness.start_program().viewer()
    assert (
        harness.script()
        >> harness.sends(client, key(1), key(1), key(2, "b"), key(1))
        << WriteToProgram(EntryKind.INPUT, b"a", TAG, 1)
        << NoteUserInput()
        << WriteToProgram(EntryKind.INPUT, b"b", TAG, 2)
        << NoteUserInput()
    )


def test_a_key_without_bytes_is_acknowledged(harness: Harness) -> None:
    client = harness.start_program().viewer()
    release = m.Key(ID, 1, "a", "a", action=KeyAction.RELEASE)
    assert harness.script() >> harness.sends(client, release) << Flush(client.frames)


def test_inputs_wait_in_order_while_the_emulator_is_in_use(harness: Harness) -> None:
    client = harness.start_program().viewer()
    harness.emulator = None
    assert (
        harness.script()
        >> harness.sends(client, key(1), key(2, "b"))
        << UseEmulator(harness.terminal)
        << NoteUserInput()
        << UseEmulator(harness.terminal)
        << NoteUserInput()
        >> do(harness.terminal.use_emulator, ENGINE)
        << WriteToProgram(EntryKind.INPUT, b"a", TAG, 1)
        >> do(harness.terminal.use_emulator, ENGINE)
        << WriteToProgram(EntryKind.INPUT, b"b", TAG, 2)
    )


@pytest.mark.parametrize(("runs", "bound"), [(False, EARLY_INPUT_BYTES), (True, PENDING_INPUT_BYTES)])
def test_input_beyond_the_limit_and_all_later_input_is_refused_until_the_user_accepts(
    harness: Harness, runs: bool, bound: int
) -> None:
    if runs:
        harness.start_program()
    client = harness.viewer()
    assert (
        harness.script()
        >> harness.fills_pending_input(bound)
        >> harness.sends(client, key(1), m.Typed(ID, 2, "b"))
        << Flush(client.frames)
        << NoteUserInput()
        >> harness.receives(client)
        << Returned([refused(1, ErrorCode.INPUT_FULL), refused(2, ErrorCode.HELD)])
        >> do(harness.pending.clear)
        << Returned(bound)
        >> harness.sends(client, m.AcceptRefusal(ID), m.Typed(ID, 3, "c"))
        << WriteToProgram(EntryKind.INPUT, b"c", TAG, 3)
        << NoteUserInput()
    )


def test_input_that_waits_for_the_emulator_at_the_programs_end_is_refused(harness: Harness) -> None:
    client = harness.start_program().viewer()
    harness.emulator = None
    assert (
        harness.script()
        >> harness.sends(client, key(1))
        << UseEmulator(harness.terminal)
        << NoteUserInput()
        >> do(harness.session.program_ended, 0, None)
        << StopTimer(harness.session.viewers.focus, UNSEEN)
        >> do(harness.terminal.use_emulator, ENGINE)
        << Flush(client.frames)
        >> harness.receives(client)
        << Returned([refused(1, ErrorCode.ENDED)])
    )


def test_a_paste_in_parts_is_typed_as_a_whole_or_not_at_all(harness: Harness) -> None:
    client = harness.start_program().viewer()
    assert (
        harness.script()
        >> harness.sends(client, m.Paste(ID, 1, "one ", more=True), m.Paste(ID, 2, "two"))
        << WriteToProgram(EntryKind.INPUT, b"one two", TAG, 2)
        << NoteUserInput()
        >> harness.sends(client, m.Paste(ID, 3, "three ", more=True))
        >> harness.sends(client, m.Typed(ID, 4, "x" * (MAX_PASTE_CHARACTERS + 1)), m.Paste(ID, 5, "four"))
        << Flush(client.frames)
        >> harness.receives(client)
        << Returned([refused(4, ErrorCode.TOO_LARGE), refused(5, ErrorCode.HELD)])
        >> harness.sends(client, m.AcceptRefusal(ID), m.Paste(ID, 6, "five"))
        << WriteToProgram(EntryKind.INPUT, b"five", TAG, 6)
        << NoteUserInput()
    )


def test_a_read_only_viewer_types_nothing_and_sets_no_colours(harness: Harness) -> None:
    client = harness.start_program().connection(HELLO_MESSAGE, m.Attach(read_only=True, output=False))
    assert (
        harness.script()
        >> harness.sends(client, key(1), m.Colors(ID, 1, 2, 3, dark=True))
        << Flush(client.frames)
        >> harness.receives(client)
        << Returned([refused(1, ErrorCode.READ_ONLY)])
    )


def test_after_the_end_all_input_is_refused(harness: Harness) -> None:
    client = harness.start_program().viewer()
    assert (
        harness.script()
        >> do(harness.session.program_ended, 0, None)
        << StopTimer(harness.session.viewers.focus, UNSEEN)
        >> harness.sends(client, key(1))
        << Flush(client.frames)
        << NoteUserInput()
        >> harness.receives(client)
        << Returned([refused(1, ErrorCode.ENDED)])
    )


def test_a_key_in_another_viewer_changes_the_grid_to_its_size(harness: Harness) -> None:
    harness.start_program().viewer()
    other = harness.connection(HELLO_MESSAGE, m.Attach(GridSize(50, 7), output=False))
    assert (
        harness.script()
        >> harness.sends(other, key(1, attachment=OTHER_ID))
        << WriteToProgram(EntryKind.INPUT, b"a", bytes.fromhex(OTHER_ID), 1)
        << StartTimer(harness.session.sizing, RESIZE, RESIZE_DEBOUNCE_S)
        << NoteUserInput()
    )


def test_a_viewer_that_reconnects_does_not_take_the_size_from_the_one_in_use(harness: Harness) -> None:
    harness.start_program().connection(HELLO_MESSAGE, m.Attach(GridSize(80, 24)))
    other = harness.connection(HELLO_MESSAGE, m.Attach(GridSize(50, 7), output=False))
    other.receive_eof()
    harness.connection(HELLO_MESSAGE, m.Attach(GridSize(50, 7), resume=OTHER_ID))
    assert harness.session.sizing.in_use is not None
    assert harness.session.sizing.in_use.id == ID


def test_a_commands_text_is_typed_once_for_each_request(harness: Harness) -> None:
    assert (
        harness.start_program().script()
        >> do(harness.terminal.type_bytes, b"text", ID)
        << Returned(True)
        << WriteToProgram(EntryKind.TYPED, b"text", TAG)
        << NoteUserInput()
        >> do(harness.terminal.type_bytes, b"text", ID)
        << Returned(True)
        >> harness.fills_pending_input(PENDING_INPUT_BYTES)
        >> do(harness.terminal.type_bytes, b"more", OTHER_ID)
    )


# ---------------------------------------------------------------- messages to clients


def test_emulator_replies_go_to_the_program_and_events_to_the_viewers(harness: Harness) -> None:
    client = harness.start_program().viewer()
    assert (
        harness.script()
        >> do(harness.terminal.handle_emulator_results, b"reply", [TitleChanged("a title"), Bell()], 10, 3)
        << WriteToProgram(EntryKind.REPLY, b"reply", (3).to_bytes(16, "little"), 10)
        << Flush(client.frames)
        << NoteTitle()
        >> harness.receives(client)
        << Returned([m.TitleEvent("a title"), m.BellEvent()])
    )
    assert harness.session.title == "a title"


def test_several_bells_in_one_output_are_one_event(harness: Harness) -> None:
    client = harness.start_program().viewer()
    assert (
        harness.script()
        >> do(harness.terminal.handle_emulator_results, b"", [Bell(), Bell(), TitleChanged("a title"), Bell()], 10, 3)
        << Flush(client.frames)
        << NoteTitle()
        >> harness.receives(client)
        << Returned([m.BellEvent(), m.TitleEvent("a title")])
    )


def test_of_a_flood_of_notifications_clients_get_the_newest(harness: Harness) -> None:
    client = harness.start_program().viewer()
    sent = [Notification("", str(number), "id") for number in range(3 * MAX_NOTIFICATIONS)]
    assert (
        harness.script()
        >> do(harness.terminal.handle_emulator_results, b"", sent, 10, 3)
        << Flush(client.frames)
        >> harness.receives(client)
        << Returned([m.NotificationEvent("", each.body, "id") for each in sent[-MAX_NOTIFICATIONS:]])
    )


def test_a_name_and_colours_are_recorded(harness: Harness) -> None:
    client = harness.start_program().viewer()
    colors, recorded = m.Colors(ID, 1, 2, 3, dark=True), Capture(bytes)
    assert (
        harness.script()
        >> do(harness.session.rename, "another")
        << AppendEntry(EntryKind.NAME, b"another")
        << Flush(client.frames)
        >> harness.receives(client)
        << Returned([m.NameEvent("another")])
        >> harness.sends(client, colors)
        << AppendEntry(EntryKind.COLORS, recorded)  # type: ignore[arg-type]
        << UseColors(colors)
    )
    assert (harness.session.name, harness.terminal.colors) == ("another", colors)


def test_a_title_of_three_megabytes_is_cut_and_not_a_frame_that_cannot_be_sent(harness: Harness) -> None:
    client = harness.start_program().viewer()
    harness.session.set_title("t" * 3 * 1024 * 1024)
    harness.take_effects()
    assert harness.script() >> harness.receives(client) << Returned([m.TitleEvent("t" * 1024)])


def test_messages_are_sent_in_the_order_of_events_and_output(harness: Harness) -> None:
    client = harness.start_program().viewer(output=True)
    assert (
        harness.script()
        >> do(client.queue_full)
        >> do(harness.session.frame_for_viewers, b"late", 14)
        >> do(harness.session.clients.broadcast, m.TitleEvent("before"))
        << Flush(client.frames)
        >> do(client.queue_drained)
        >> do(harness.session.clients.broadcast, m.TitleEvent("after"))
        >> harness.receives(client)
        << Returned([m.TitleEvent("before"), Span(10, 14), m.TitleEvent("after")])
    )


# ---------------------------------------------------------------- clearing


def test_a_viewer_clears_the_terminal_of_a_running_program(harness: Harness) -> None:
    early = harness.viewer()
    assert harness.script() >> harness.sends(early, m.ClearTerminal(ID, "reset"))
    harness.start_program().take_effects()
    assert (
        harness.script()
        >> harness.sends(early, m.ClearTerminal(ID, "scrollback"))
        << ClearOutput("scrollback")
        >> harness.sends(early, m.ClearTerminal(OTHER_ID, "scrollback"))
        >> harness.sends(early, m.ClearTerminal(ID, "reset"))
        << ClearOutput("reset")
    )
    harness.session.program_ended(0, None)
    harness.take_effects()
    assert harness.script() >> harness.sends(early, m.ClearTerminal(ID, "scrollback"))


def test_a_viewer_that_may_only_look_clears_nothing(harness: Harness) -> None:
    looker = harness.start_program().connection(HELLO_MESSAGE, m.Attach(read_only=True, output=False))
    harness.take_effects()
    assert harness.script() >> harness.sends(looker, m.ClearTerminal(ID, "scrollback"))
