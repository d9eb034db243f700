"""A structured chat is found by the last text of its items, each once."""

from __future__ import annotations

import pytest

from session_host.paths import session_journal
from session_host.protocol.values import GridSize
from session_host.storage.journal import Journal, Snapshot
from session_host.storage.search import Query, Search, session_update
from session_host.structured.items import AnyChange, Append, Item, Put, SetStatus
from session_host.structured.log import Cause, encode_record
from session_host.structured.transcript import BUILD, Transcript
from tests.support.journals import BEGAN_NS, SECOND_NS, output
from tests.unit.storage.search.conftest import texts

_BEGAN_MS = BEGAN_NS // 1_000_000


class Chat:
    """Records steps of a structured chat."""

    def __init__(self, session_id: str = "chat") -> None:
        self.session_id = session_id
        self.transcript = Transcript()
        self.offset = 0
        self.steps = 0

    def step(self, *changes: AnyChange, lost: bool = False, continues: str = "") -> bytes:
        cause = Cause.HISTORY if continues else Cause.LINES if self.offset else Cause.BEGIN
        at_ms = _BEGAN_MS + self.steps * 1000
        record = encode_record(
            cause, list(changes), at_ms=at_ms, raw_end=0 if continues else self.steps, payload=continues.encode()
        )
        self.transcript.feed(record)
        if not lost:
            with Journal.open(session_journal(self.session_id)) as journal:
                journal.append([output(self.offset, record, self.steps)])
        self.steps += 1
        self.offset += len(record)
        return record


def test_items_and_folded_output_are_found_with_their_times() -> None:
    chat = Chat()
    chat.step(Put(Item("u", "user", _BEGAN_MS, text="find the needle")))
    outputs = "\n".join(f"hay {number}" for number in range(50))
    chat.step(Put(Item("t", "tool", _BEGAN_MS, tool="execute", command="grep needle", output=outputs)))
    with Search() as search:
        search.update(["chat"])
        hits = search.find(Query.of("needle"), 10)
        assert [hit.text for hit in hits] == ["✓ Ran grep needle", "> find the needle"]
        assert [hit.time_ns for hit in hits] == [BEGAN_NS + SECOND_NS, BEGAN_NS]
        assert hits[0].offset == chat.offset
        assert texts(search, '"hay 7"') == ["hay 7"]


def test_a_line_of_a_resumed_chat_is_found_once_in_the_newer_chat() -> None:
    ended, middle, newest = Chat("ended"), Chat("middle"), Chat("newest")
    answers = [Put(Item(f"a{number}", "agent", _BEGAN_MS + number, text=f"needle {number}")) for number in range(3)]
    ended.step(answers[0])
    middle.steps = newest.steps = 60
    middle.step(answers[0], continues="ended")
    middle.step(answers[1])
    with Search() as search:
        search.update(["ended", "middle", "newest"])
        query = Query.of("needle")
        assert [(hit.session_id, hit.text) for hit in search.find(query, 10)] == [
            ("middle", "needle 1"),
            ("middle", "needle 0"),
        ]
        newest.step(answers[0], answers[1], continues="middle")
        newest.step(answers[2])
        search.update(["newest"])
        hits = search.find(query, 10)
        assert [(hit.session_id, hit.text) for hit in hits] == [("newest", f"needle {number}") for number in (2, 1, 0)]
        assert hits[-1].time_ns == _BEGAN_MS * 1_000_000, "it has the time of the message"
        assert [hit.session_id for hit in search.find(query, 10, {"ended"})] == ["ended"]
        search.keep_only(["ended", "middle"])
        assert {hit.session_id for hit in search.find(query, 10)} == {"middle"}


def test_a_line_repeated_by_a_fork_is_found_once_and_later_lines_of_both_too() -> None:
    first, fork = Chat("first"), Chat("fork")
    answers = [Put(Item(f"a{number}", "agent", _BEGAN_MS + number, text=f"needle {number}")) for number in range(4)]
    first.step(answers[0], answers[1])
    fork.steps = 60
    fork.step(answers[0], answers[1], continues="fork first")
    first.step(answers[2])
    fork.step(answers[3])
    with Search() as search:
        search.update(["first", "fork"])

        def found(among: set[str] | None = None) -> set[tuple[str, str]]:
            return {(hit.session_id, hit.text[-1]) for hit in search.find(Query.of("needle"), 10, among)}

        assert found() == {("first", "0"), ("first", "1"), ("first", "2"), ("fork", "3")}
        assert found({"fork"}) == {("fork", "0"), ("fork", "1"), ("fork", "3")}
        resumed = Chat("resumed")
        resumed.step(*answers[:3], continues="first")
        search.update(["resumed"])
        assert found() == {("resumed", "0"), ("resumed", "1"), ("resumed", "2"), ("fork", "3")}
        search.keep_only(["fork"])
        assert found() == {("fork", "0"), ("fork", "1"), ("fork", "3")}


def test_a_streamed_message_is_one_line_however_often_it_is_indexed() -> None:
    chat = Chat()
    with Search() as search:
        chat.step(Put(Item("a", "agent", _BEGAN_MS, text="The ", status="running")))
        for word in ("quick ", "brown ", "fox"):
            chat.step(Append("a", word))
            search.update(["chat"])
        assert texts(search, "the quick") == ["The quick brown fox"]
        chat.step(Append("a", "\njumps"))
        chat.step(SetStatus("a", "done", 1))
        search.update(["chat"])
        chat.step(Put(Item("a", "agent", _BEGAN_MS, text="The slow fox", status="done")))
        search.update(["chat"])
        assert texts(search, "fox") == ["The slow fox"]
        assert texts(search, "jumps") == []


def test_short_transactions_give_the_same_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_update, "STEP_BYTES", 1)
    chat = Chat()
    for number in range(40):
        chat.step(Put(Item(f"i{number}", "agent", _BEGAN_MS, text=f"line number {number}", status="running")))
        chat.step(SetStatus(f"i{number}", "done"))
    with Search() as search:
        search.update(["chat"])
        assert texts(search, "line number") == [f"line number {number}" for number in reversed(range(40))]


def test_after_lost_output_the_next_snapshot_is_used() -> None:
    chat = Chat()
    chat.step(Put(Item("a", "agent", _BEGAN_MS, text="first")))
    chat.step(Put(Item("b", "agent", _BEGAN_MS, text="second")), lost=True)
    snapshot = Snapshot(chat.offset, 0, BUILD, GridSize(80, 24), 0, "", chat.transcript.snapshot())
    with Journal.open(session_journal("chat")) as journal:
        journal.begin_segment(snapshot)
    chat.step(Put(Item("c", "agent", _BEGAN_MS, text="third")))
    with Search() as search:
        search.update(["chat"])
        assert texts(search, "ir") == ["third", "first"]
        assert texts(search, "second") == ["second"]


def test_a_damaged_record_does_not_stop_the_search() -> None:
    chat = Chat()
    record = chat.step(Put(Item("a", "agent", _BEGAN_MS, text="first")))
    with Journal.open(session_journal("chat")) as journal:
        journal.append([output(len(record), record[:47] + b"\xff" * 400)])
    with Search() as search:
        search.update(["chat"])
        assert texts(search, "first") == ["first"]
        assert search.problems == {}
