"""The ledger: events in the transaction of their change, in order, each once; what is old goes."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from session_host.errors import NameTaken, NoSuchSession, StoreError
from session_host.protocol.events import (
    Ended,
    Event,
    Interrupted,
    Limit,
    LimitsChanged,
    NumberedEvent,
    Removed,
    Renamed,
    Started,
    StatusChanged,
)
from session_host.protocol.facts import INTERRUPTED
from session_host.protocol.values import Activity, State
from session_host.storage.store import Store, copies, ledger
from session_host.storage.store.ledger import Position
from tests.support.journals import make_record

ALL = 10_000


def events(store: Store, since: int = 0) -> list[Event]:
    found = store.ledger.since(Position(store.ledger.position().ledger, since), ALL)
    assert found is not None
    return [each.event for each in found.entries]


def status(number: int, after: Activity = Activity.WORKING, at: str = "2026-01-02T03:04:05.000Z") -> NumberedEvent:
    return NumberedEvent(
        number, at, StatusChanged(before=Activity.IDLE, after=after, detail=str(number), since=str(number))
    )


def test_each_change_of_the_store_has_its_event(store: Store) -> None:
    one = make_record(name="one", agent="claude", cwd="/srv", state=State.STARTING)
    store.insert(one)
    store.update(one.id, state=State.RUNNING, child_pid=4711)
    store.update(one.id, title="a title")
    store.rename(one.id, "two")
    store.rename(one.id, "two")
    store.update(one.id, state=State.EXITED, exit_code=3, ended_at="2026-01-02T03:04:05.678Z")
    store.update(one.id, state=State.EXITED, exit_code=3)
    store.update(one.id, state=State.LOST, error="its host is gone")
    store.remove(one.id)

    assert events(store) == [
        Started(agent="claude", directory="/srv"),
        Renamed(before="one"),
        Ended(exit_code=3),
        Removed(),
    ]
    found = store.ledger.since(Position(store.ledger.position().ledger, 0), ALL)
    assert found is not None
    assert [each.name for each in found.entries] == ["one", "two", "two", "two"]
    assert {each.chat for each in found.entries} == {one.id}
    assert found.entries[2].at == "2026-01-02T03:04:05.678Z"


def test_an_interrupted_chat_is_no_ended_one(store: Store) -> None:
    record = make_record(state=State.STARTING)
    store.insert(record)
    store.update(record.id, state=State.LOST, error=INTERRUPTED)
    assert events(store)[1:] == [Interrupted()]


def test_a_change_that_is_refused_has_no_event(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = make_record(name="one", state=State.STARTING), make_record(name="two", state=State.STARTING)
    store.insert(one)
    store.insert(two)
    with pytest.raises(NameTaken):
        store.rename(two.id, "one")

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("the disk is full")

    monkeypatch.setattr(copies, "save_row", fail)
    with pytest.raises(StoreError):
        store.update(one.id, state=State.EXITED, exit_code=0)
    assert len(events(store)) == 2


def test_a_hosts_event_is_added_once_and_in_order(store: Store) -> None:
    one, two = make_record(name="one"), make_record(name="two")
    store.insert(one)
    store.insert(two)
    store.ledger.add(one.id, [status(1), status(2)])
    store.ledger.add(two.id, [status(1)])
    store.ledger.add(one.id, [status(1), status(2), status(3)])
    assert [each.detail for each in events(store) if isinstance(each, StatusChanged)] == ["1", "2", "1", "3"]
    with pytest.raises(NoSuchSession):
        store.ledger.add("gone", [status(1)])
    assert [each.detail for each in store.ledger.last_changes(one.id, 2)] == ["2", "3"]


def test_a_reader_goes_on_after_its_place(store: Store) -> None:
    record = make_record(state=State.STARTING)
    store.insert(record)
    place = store.ledger.position()
    assert store.ledger.since(place, ALL) == (place, [])
    store.ledger.add(record.id, [status(number) for number in range(1, 11)])
    first = store.ledger.since(place, 4)
    assert first is not None
    rest = store.ledger.since(first.position, ALL)
    assert rest is not None
    assert [each.event for each in first.entries + rest.entries] == [status(number).event for number in range(1, 11)]


def test_a_place_of_another_store_or_of_none_is_lost(store: Store, tmp_path: Path) -> None:
    place = store.ledger.position()
    assert store.ledger.knows(place)
    unknown = place._replace(number=place.number + 1)
    assert (store.ledger.since(unknown, ALL), store.ledger.knows(unknown)) == (None, False)
    with Store.open(tmp_path / "other" / "outlive.db") as other:
        assert (other.ledger.since(place, ALL), other.ledger.knows(place)) == (None, False)
        assert other.ledger.position().ledger != place.ledger


def test_the_states_are_those_at_the_place(store: Store) -> None:
    running, ended = make_record(name="one", state=State.RUNNING), make_record(name="two", state=State.RUNNING)
    for each in (running, ended):
        store.insert(each)
        store.ledger.add(each.id, [status(1), status(2)])
    store.update(ended.id, state=State.EXITED, exit_code=0)
    place, sessions, last = store.status_at()
    assert place == store.ledger.position()
    assert [each.id for each in sessions] == [running.id]
    assert [(each.chat, each.event) for each in last] == [(running.id, status(2).event)]


@pytest.mark.parametrize("why", ["many", "old"])
def test_what_is_too_old_goes_but_no_running_chats_last_status(
    store: Store, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    quiet, busy = make_record(name="one", state=State.RUNNING), make_record(name="two", state=State.RUNNING)
    store.insert(quiet)
    store.insert(busy)
    store.ledger.add(quiet.id, [status(1), status(2)])
    begin = store.ledger.position()
    if why == "many":
        monkeypatch.setattr(ledger, "MAX_ROWS", 100)
    now = "9999-01-01T00:00:00.000Z"
    at = now if why == "many" else "2020-01-01T00:00:00.000Z"
    store.ledger.add(busy.id, [status(number, at=at) for number in range(1, 600)])
    store.ledger.add(busy.id, [status(number, at=now) for number in range(600, 1200)])

    assert store.ledger.since(begin, ALL) is None
    _, _, last = store.status_at()
    assert [(each.chat, each.event) for each in last] == [
        (quiet.id, status(2).event),
        (busy.id, status(1199).event),
    ]
    end = store.ledger.position()
    kept = store.ledger.since(end._replace(number=end.number - 90), ALL)
    assert kept is not None
    assert len(kept.entries) == 90
    with contextlib.closing(sqlite3.connect(store.path)) as connection:
        (rows,) = connection.execute("SELECT count(*) FROM event").fetchone()
    assert rows < 1000
    assert [each.detail for each in store.ledger.last_changes(quiet.id, 9)] == ["2"]


def test_an_event_of_a_later_version_is_left_out(store: Store) -> None:
    record = make_record(state=State.STARTING)
    store.insert(record)
    with contextlib.closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
        connection.execute("UPDATE event SET kind = 'new', content = '{\"kind\":\"new\"}'")
    store.rename(record.id, "other")
    assert events(store) == [Renamed(before=record.entry.name)]


def test_a_restored_store_has_another_ledger_and_no_old_events(path: Path) -> None:
    record = replace(make_record(state=State.STARTING))
    with Store.open(path) as store:
        store.insert(record)
        copies.save_new_row(path, record)
        place = store.ledger.position()
        path.unlink()
        store.restore_copies()
        assert [each.id for each in store.running()] == [record.id]
        assert store.ledger.since(place, ALL) is None
        assert events(store) == []


def test_the_last_limits_of_each_account_stay(store: Store) -> None:
    def limits(account: str, used: float) -> LimitsChanged:
        return LimitsChanged(agent="claude", account=account, limits=(Limit("five_hour", used),))

    one, two = make_record(name="one"), make_record(name="two")
    for each in (one, two):
        store.insert(each)
    old = "2020-01-01T00:00:00.000Z"
    events = [limits("", 0.1), limits("work", 0.2), limits("work", 0.3), limits("", 0.4)]
    store.ledger.add(one.id, [NumberedEvent(number, old, each) for number, each in enumerate(events, 1)])
    store.ledger.add(two.id, [status(number, at=old) for number in range(1, 1200)])
    store.remove(one.id)
    assert [each.event for each in store.ledger.last_limits()] == [limits("work", 0.3), limits("", 0.4)]
    assert [each for each in events if each in events_of(store)] == [limits("work", 0.3), limits("", 0.4)]


def events_of(store: Store) -> list[Event]:
    with contextlib.closing(sqlite3.connect(store.path)) as connection:
        rows = connection.execute("SELECT content FROM event WHERE kind = 'limits'").fetchall()
    return [msgspec.json.decode(content, type=Event) for (content,) in rows]
