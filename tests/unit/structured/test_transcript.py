"""The transcript is the same from any pieces of its log and from a snapshot."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.errors import OutliveError
from session_host.host.driver.recover import transcript_engine
from session_host.structured.items import (
    AgentRequest,
    AnyChange,
    Append,
    Item,
    Put,
    Remove,
    RequestOpened,
    RequestResolved,
    SetStatus,
    StateChanged,
    TitleChanged,
    TurnOver,
)
from session_host.structured.log import Cause, encode_record
from session_host.structured.transcript import Status, Transcript, _Saved

_IDS = st.sampled_from(["a", "b", "c"])
_CHANGES: st.SearchStrategy[AnyChange] = st.one_of(
    st.builds(lambda item_id, text: Put(Item(item_id, "agent", 1, text=text)), _IDS, st.text(max_size=5)),
    st.builds(Append, _IDS, st.text(max_size=5), st.sampled_from(["text", "output"])),
    st.builds(SetStatus, _IDS, st.sampled_from(["running", "done", "cut", "queued", "withdrawn"])),
    st.builds(Remove, _IDS),
    st.builds(lambda request: RequestOpened(AgentRequest(request, "command", 1, "?", "make")), _IDS),
    st.builds(RequestResolved, _IDS, st.just("yes")),
    st.builds(StateChanged, st.sampled_from(["idle", "running"])),
    st.builds(TitleChanged, st.text(max_size=5)),
    st.builds(TurnOver, st.just("t"), st.sampled_from(["completed", "failed", "cut"])),
)


def everything(transcript: Transcript) -> object:
    parts = transcript.status, transcript.requests, transcript.answers, transcript.ends
    return list(transcript), transcript.record_reader().offset, *parts


def log_of(steps: list[list[AnyChange]]) -> bytes:
    return b"".join(encode_record(Cause.LINES, step, at_ms=number, raw_end=number) for number, step in enumerate(steps))


@given(st.lists(st.lists(_CHANGES, max_size=6), max_size=8), st.data())
def test_any_pieces_and_any_snapshot_give_the_same_transcript(
    steps: list[list[AnyChange]], data: st.DataObject
) -> None:
    log = log_of(steps)
    whole = Transcript()
    whole.feed(log)
    cut = data.draw(st.integers(0, len(log)))
    other = Transcript()
    other.feed(log[:cut])
    other = Transcript.restore(other.snapshot())
    other.feed(log[cut:])
    assert everything(other) == everything(whole)


def test_reading_appended_text_repeatedly_does_not_repeat_it() -> None:
    transcript = Transcript()
    transcript.apply(Put(Item("a", "agent", 1, text="one")))
    transcript.apply(Append("a", " two"))
    assert transcript[0].text == "one two"
    assert transcript[0].text == "one two"
    transcript.apply(Append("a", " three"))
    assert [each.text for each in transcript] == ["one two three"]


def test_the_failure_of_a_turn_stays_at_its_last_item() -> None:
    transcript = Transcript()
    for turn, error in (("t1", "no credit"), ("t2", "")):
        transcript.apply(Put(Item(turn, "agent", 1)))
        transcript.apply(TurnOver(turn, "failed" if error else "completed", error))
    assert {item: end.error for item, end in transcript.ends.items()} == {"t1": "no credit", "t2": ""}


def test_the_queue_stays_below_the_running_turn_and_hides_no_failure() -> None:
    transcript = Transcript()
    for item_id in ("first", "second", "third"):
        transcript.apply(Put(Item(item_id, "user", 1, status="queued")))
    transcript.apply(Put(Item("tool", "tool", 2)))
    transcript.apply(SetStatus("second", "withdrawn"))
    transcript.apply(TurnOver("t1", "failed", "no credit"))
    assert [each.id for each in transcript] == ["tool", "second", "first", "third"]
    assert transcript.queue_start == 2
    assert transcript.take_changes().removed, "positions have changed"
    transcript.apply(Remove("first"))
    transcript.apply(Put(Item("first", "user", 3, status="sent")))
    transcript.apply(Put(Item("answer", "agent", 4)))
    assert [each.id for each in transcript] == ["tool", "second", "first", "answer", "third"]
    assert all(transcript.position(each.id) == position for position, each in enumerate(transcript))
    assert [(item, end.error) for item, end in transcript.ends.items()] == [("second", "no credit")]


def test_changes_name_the_items() -> None:
    transcript = Transcript()
    transcript.apply(Put(Item("a", "agent", 1)))
    transcript.apply(TitleChanged("x"))
    assert transcript.take_changes() == ({"a"}, False, True)
    assert transcript.take_changes() == (set(), False, False)


def test_a_damaged_log_keeps_the_items_read_before() -> None:
    transcript = Transcript()
    transcript.feed(log_of([[Put(Item("a", "agent", 1))]]))
    transcript.feed(encode_record(Cause.LINES, [], at_ms=1, raw_end=1)[:-1] + b"\xc1" + b"more")
    transcript.feed(b"anything")
    assert "damaged" in transcript.damaged
    assert len(transcript) == 1


def test_a_damaged_snapshot_is_an_error() -> None:
    with pytest.raises(OutliveError, match="damaged"):
        Transcript.restore(b"garbage")


@pytest.mark.parametrize(
    "item", [b"\xc0", b"\x94\xa1a\xa5agent\x00\xa1\xff", msgspec.msgpack.encode(Item("b", "agent", 1))]
)
def test_an_item_that_another_machine_damages_is_a_notice(item: bytes) -> None:
    saved = _Saved(["a"], [msgspec.Raw(item)], Status(), [], [], 0, b"")
    transcript = Transcript.restore(msgspec.msgpack.encode(saved))
    assert [(each.id, each.kind, each.text) for each in transcript] == [("a", "notice", "This item is damaged")]
    transcript.apply(Remove("a"))
    assert not len(transcript)


@pytest.mark.parametrize(
    "snapshot",
    [
        msgspec.msgpack.encode(_Saved(["a", "a"], [msgspec.Raw(b"\xc0")] * 2, Status(), [], [], 0, b"")),
        msgspec.msgpack.encode(_Saved(["a"], [], Status(title="x"), [], [], 0, b"")).replace(b"\xa1x", b"\xa1\xff"),
    ],
)
def test_a_snapshot_that_another_machine_damages_is_an_error(snapshot: bytes) -> None:
    with pytest.raises(OutliveError, match="damaged"):
        Transcript.restore(snapshot)


def test_a_record_with_a_text_that_is_not_utf_8_damages_the_log() -> None:
    transcript = Transcript()
    transcript.feed(encode_record(Cause.LINES, [TitleChanged("xy")], at_ms=1, raw_end=1).replace(b"xy", b"\xff\xff"))
    assert "damaged" in transcript.damaged


def test_a_chat_without_items_keeps_its_state_when_its_host_is_replaced() -> None:
    transcript = Transcript()
    transcript.feed(log_of([[StateChanged("idle"), TitleChanged("a chat")]]))
    engine = transcript_engine(transcript.snapshot())
    assert everything(engine.transcript) == everything(transcript)


def test_the_newest_items_come_first_over_a_slow_line_and_older_ones_stay_above_them() -> None:
    def put(number: int) -> list[AnyChange]:
        return [Put(Item(f"i{number}", "agent", number, text="x" * 100))]

    whole = Transcript()
    whole.feed(log_of([put(number) for number in range(50)]))
    earlier = Transcript.restore(whole.snapshot())
    whole.apply(RequestOpened(AgentRequest("open", "command", 1, "?", "make", item="i0")))
    for change in (Append("i49", "yz"), *put(50), *put(51), TurnOver("t", "failed")):
        whole.apply(change)
    newest = Transcript.restore(whole.snapshot(newest_bytes=600))
    assert [item.id for item in newest] == ["i48", "i49", "i50", "i51"]
    assert (newest[1].text[-3:], list(newest.requests), list(newest.ends)) == ("xyz", ["open"], ["i51"])
    newest.add_older(earlier)
    assert everything(newest) == everything(whole)
    assert [newest.position(f"i{number}") for number in (0, 49, 51)] == [0, 49, 51]
    tiny = Transcript.restore(whole.snapshot(newest_bytes=1))
    assert [item.id for item in tiny] == ["i51"], "something is shown, however long it is"
