"""The state that an input log adds up to; a checkpoint's state may already contain the first entries after it."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from session_host.protocol.events import NumberedEvent, TurnStarted
from session_host.protocol.messages import Colors, Resized
from session_host.protocol.values import Activity, CellSize, GridSize
from session_host.storage.descriptors.log_entries import NO_TAG, EntryKind, LogEntry
from session_host.storage.descriptors.log_state import (
    KEPT_ATTACHMENTS,
    KEPT_RESIZES,
    KEPT_TYPED,
    ActivityState,
    AttachmentState,
    LogState,
)
from session_host.terminal.typed_line import PromptState

VIEWERS = [bytes([number]) * 16 for number in range(1, 4)]


def entry(kind: int, payload: bytes = b"", tag: bytes = NO_TAG, number: int = 0) -> LogEntry:
    return LogEntry(0, kind, tag, number, payload)


def summed(records: list[LogEntry], log_state: LogState | None = None) -> LogState:
    log_state = log_state or LogState()
    for each in records:
        log_state.apply(each)
    return log_state


def copied(log_state: LogState) -> LogState:
    """Return the state as a checkpoint stores it."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(log_state), type=LogState)


pack = msgspec.msgpack.encode


class EntryMaker:
    """Makes entries as a host does: with increasing numbers, and attachments with their own ids."""

    def __init__(self) -> None:
        self.records: list[LogEntry] = []
        self.offset = 0
        self.resizes = 0
        self.attached: list[bytes] = []
        self.came = 0
        self.sequences: dict[bytes, int] = {}

    def tell(self, what: str, value: int) -> None:
        self.offset += value
        match what:
            case "attach":
                self.came += 1
                self.attached.append(self.came.to_bytes(16, "big"))
                self.records.append(entry(EntryKind.ATTACHED, b"\1" if value % 2 else b"", self.attached[-1]))
            case "detach" if self.attached:
                self.records.append(entry(EntryKind.DETACHED, tag=self.attached.pop(value % len(self.attached))))
            case "input" if self.attached:
                viewer = self.attached[value % len(self.attached)]
                self.sequences[viewer] = self.sequences.get(viewer, 0) + 1
                self.records.append(entry(EntryKind.INPUT, b"x", viewer, self.sequences[viewer]))
            case "resize":
                self.resizes += 1
                message = Resized(self.offset, GridSize(20 + value, 10), CellSize(), self.resizes)
                self.records.append(entry(EntryKind.RESIZED, pack(message), number=self.resizes))
            case "reply":
                self.records.append(entry(EntryKind.REPLY, b"r", self.resizes.to_bytes(16, "little"), self.offset))
            case "type":
                self.records.append(entry(EntryKind.TYPED, b"t", (1000 + len(self.records)).to_bytes(16, "big")))
            case "name":
                self.records.append(entry(EntryKind.NAME, f"name {value}".encode()))
            case "colors":
                self.records.append(entry(EntryKind.COLORS, pack(Colors("a", value, 0, 0, dark=True))))
            case "activity":
                activity = ActivityState(self.offset, Activity.WORKING, "bell", f"{value}", "")
                self.records.append(entry(EntryKind.ACTIVITY, pack(activity)))
            case "running":
                self.records.append(entry(EntryKind.RUNNING, number=77))
            case _:
                self.records.append(entry(200, b"?"))


kinds = ["attach", "detach", "input", "resize", "reply", "type", "name", "colors", "activity", "running", "unknown"]
descriptions = st.lists(st.tuples(st.sampled_from(kinds), st.integers(0, 9)), max_size=60)


@given(descriptions, st.data())
def test_a_state_may_already_contain_entries_that_are_applied_again(
    steps: list[tuple[str, int]], data: st.DataObject
) -> None:
    maker = EntryMaker()
    for what, value in steps:
        maker.tell(what, value)
    records = maker.records
    whole = summed(records)
    made_at = data.draw(st.integers(0, len(records)))
    first = data.draw(st.integers(0, made_at))
    checkpoint = copied(summed(records[:made_at]))
    again = summed(records[first:], checkpoint)
    assert again == whole
    assert sorted(again.attachments) == sorted(whole.attachments)


def test_only_the_newest_values_are_kept() -> None:
    log_state = LogState()
    for each in range(2000):
        key = each.to_bytes(16, "big")
        log_state.apply(entry(EntryKind.ATTACHED, tag=key))
        log_state.apply(entry(EntryKind.TYPED, tag=key))
        log_state.apply(
            entry(EntryKind.RESIZED, pack(Resized(each, GridSize(80, 24), CellSize(), each + 1)), number=each + 1)
        )
    newest = (1999).to_bytes(16, "big").hex()
    assert (len(log_state.attachments), len(log_state.typed_tokens), len(log_state.resizes)) == (
        KEPT_ATTACHMENTS,
        KEPT_TYPED,
        KEPT_RESIZES,
    )
    assert next(reversed(log_state.attachments)) == log_state.typed_tokens[-1] == newest
    assert log_state.resizes[-1].number == 2000


def test_input_without_an_attachment_is_ignored() -> None:
    log_state = summed([entry(EntryKind.INPUT, b"x", VIEWERS[0], 5)])
    assert log_state == LogState(line_of_others=True)


def test_the_last_input_of_a_viewer_is_the_one_with_the_highest_number() -> None:
    log_state = summed(
        [
            entry(EntryKind.ATTACHED, b"\1", VIEWERS[0]),
            entry(EntryKind.INPUT, b"x", VIEWERS[0], 5),
            entry(EntryKind.INPUT, b"x", VIEWERS[0], 3),
        ]
    )
    assert log_state.attachments == {VIEWERS[0].hex(): AttachmentState(read_only=True, last_sequence=5)}


def test_answered_queries_are_ordered_by_offset_and_then_by_resizes() -> None:
    log_state = LogState()
    found = []
    for offset, resizes in ((10, 1), (10, 3), (10, 2), (9, 9), (11, 3)):
        log_state.apply(entry(EntryKind.REPLY, b"r", resizes.to_bytes(16, "little"), offset))
        found.append(log_state.answered)
    assert found == [(10, 1), (10, 3), (10, 3), (10, 3), (11, 3)]


def test_a_later_host_knows_a_text_that_was_not_sent_until_enter_takes_it() -> None:
    state = LogState()
    state.apply(entry(EntryKind.TYPED, b"hello"))
    state.apply(entry(EntryKind.UNSENT, b"> hello"))
    state.apply(entry(EntryKind.INPUT, b" more"))
    assert state.unsent == "> hello"
    state.apply(entry(EntryKind.INPUT, b"\r"))
    assert state.unsent == ""


def test_a_later_host_knows_the_text_that_stands_alone_in_the_line() -> None:
    token = "1" * 32
    state = LogState()
    state.apply(entry(EntryKind.TYPED, b"hello", bytes.fromhex(token)))
    state.apply(entry(EntryKind.INPUT, b"\x1b[I"))
    assert copied(state).line_text == token
    state.apply(entry(EntryKind.INPUT, b"x"))
    assert state.line_text == ""


def test_a_later_host_knows_whether_others_typed_in_the_line() -> None:
    state = LogState()
    state.apply(entry(EntryKind.TYPED, b"echo ", bytes.fromhex("1" * 32)))
    assert not copied(state).line_of_others
    state.apply(entry(EntryKind.INPUT, b"x"))
    state.apply(entry(EntryKind.INPUT, b"\x1b[I"))
    assert copied(state).line_of_others
    state.apply(entry(EntryKind.INPUT, b"\r"))
    assert not copied(state).line_of_others


def test_a_later_host_knows_which_turns_are_reported() -> None:
    state = LogState()
    for number in (2, 1):
        state.apply(entry(EntryKind.REPORTED, number=number))
    assert copied(state).reported == 2


def test_a_turn_that_is_over_already_has_taken_the_line() -> None:
    ended = ActivityState(0, Activity.IDLE, "osc 7501", "", "", events=(NumberedEvent(1, "", TurnStarted(turn=1)),))
    state = LogState()
    state.apply(entry(EntryKind.INPUT, b"hello\r"))
    state.apply(entry(EntryKind.ACTIVITY, pack(ended)))
    assert state.prompt is PromptState.EMPTY
