"""A name of its own for each running session, also while another process replaces the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from session_host.errors import NameTaken, StoreError, StoreIncomplete
from session_host.protocol.facts import SLEEP, ChatFacts, LaterPrompt
from session_host.protocol.values import State
from session_host.storage.store import Store, copies
from session_host.storage.store.database import Database
from tests.support.journals import make_record


@pytest.fixture
def complete(store: Store) -> Store:
    assert store.mark_complete(store.file)
    return store


def replaced(path: Path, *, is_complete: bool = True) -> Store:
    """Move the file away, as another process does that found damage, and open a new one."""
    for each in list(path.parent.glob("outlive.db*")):
        each.rename(each.with_name(f"moved-{each.name}"))
    fresh = Store.open(path)
    if is_complete:
        assert fresh.mark_complete(fresh.file)
    return fresh


def meanwhile(monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]) -> None:
    """Do something before the first copy of a row is saved: in the middle of the next insertion."""
    save_new_row = copies.save_new_row

    def save_later(path: Path, record: ChatFacts) -> None:
        monkeypatch.setattr(copies, "save_new_row", save_new_row)
        action()
        save_new_row(path, record)

    monkeypatch.setattr(copies, "save_new_row", save_later)


def test_a_name_of_a_running_session_is_refused(complete: Store) -> None:
    complete.insert(make_record(name="ended", state=State.EXITED))
    complete.insert(make_record(name="ended"), named_alone=True)
    with pytest.raises(NameTaken, match="'ended'"):
        complete.insert(make_record(name="ended"), named_alone=True)


def test_a_name_of_a_session_that_is_asleep_is_kept_for_the_one_that_wakes_it(complete: Store) -> None:
    asleep = make_record(name="asleep", state=State.EXITED, end_request=SLEEP)
    complete.insert(asleep)
    with pytest.raises(NameTaken, match="'asleep'"):
        complete.insert(make_record(name="asleep"), named_alone=True)
    assert complete.running_names() == {"asleep"}
    complete.insert(make_record(name="asleep", resumed_from=asleep.id), named_alone=True)
    assert [each.is_asleep for each in complete.all()] == [False, False]


def test_one_that_was_woken_is_asleep_again_only_if_the_other_never_started(complete: Store) -> None:
    asleep = make_record(name="asleep", state=State.EXITED, end_request=SLEEP)
    complete.insert(asleep)
    text = LaterPrompt("2026-01-02T03:04:05.000Z", "second", token="t", stage="sending", wakes=True)
    woken = make_record(name="asleep", resumed_from=asleep.id, later=text)
    complete.insert(woken, named_alone=True)

    complete.remove(woken.id, "it is not installed")

    [found] = complete.all()
    assert (found.is_asleep, found.entry.later) == (True, replace(text, stage="missed", why="it is not installed"))
    complete.insert(woken, named_alone=True)
    complete.update(woken.id, state=State.EXITED, later=None)
    complete.remove(woken.id)
    [found] = complete.all()
    assert (found.is_asleep, found.outcome.end_request, found.entry.later) == (False, "stop", None)


def test_a_new_file_takes_no_name_before_it_has_the_running_sessions(store: Store) -> None:
    with pytest.raises(StoreIncomplete):
        store.insert(make_record(), named_alone=True)
    assert store.all() == []
    assert not store.path.with_name("sessions").exists()
    store.insert(make_record())


def test_a_session_is_in_the_file_that_replaces_its_own_meanwhile(
    complete: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_record(state=State.EXITED)
    complete.insert(first)
    record = make_record(resumed_from=first.id)

    def replace() -> None:
        with replaced(path) as fresh:
            fresh.insert(first)

    meanwhile(monkeypatch, replace)
    complete.insert(record, named_alone=True)
    with Store.open(path) as fresh:
        assert [(each.id, each.entry.continued_by) for each in fresh.all()] == [
            (first.id, record.id),
            (record.id, None),
        ]
        assert copies.row(path, record.id) == record


def test_a_session_that_the_new_file_has_from_its_copy_is_there_once(
    complete: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_record(state=State.EXITED)
    record = make_record(resumed_from=first.id)
    complete.insert(first)

    def replace() -> None:
        copies.save_new_row(path, record)
        with replaced(path) as fresh:
            fresh.insert(first)
            assert [each.id for each in fresh.restore_copies()] == [record.id]

    meanwhile(monkeypatch, replace)
    complete.insert(record, named_alone=True)
    with Store.open(path) as fresh:
        assert [each.id for each in fresh.all()] == [first.id, record.id]


@pytest.mark.parametrize("is_restored", [False, True])
def test_a_name_that_another_session_got_in_the_new_file_is_refused(
    complete: Store, path: Path, monkeypatch: pytest.MonkeyPatch, *, is_restored: bool
) -> None:
    record, other = make_record(), make_record()

    def replace() -> None:
        with replaced(path) as fresh:
            fresh.insert(other, named_alone=True)
            if is_restored:
                copies.save_new_row(path, record)
                fresh.restore_copies()

    meanwhile(monkeypatch, replace)
    with pytest.raises(NameTaken):
        complete.insert(record, named_alone=True)
    with Store.open(path) as fresh:
        assert [each.id for each in fresh.running()] == [other.id]
        assert copies.copied_ids(path) == {other.id}, "no later store gets it either"
    assert [each.name for each in (path.parent / "sessions").iterdir()] == [other.id]


def test_a_session_that_cannot_be_saved_leaves_no_copy(
    complete: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_new_row = copies.save_new_row

    def save_and_fail(path: Path, record: ChatFacts) -> None:
        save_new_row(path, record)
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(copies, "save_new_row", save_and_fail)
    with pytest.raises(StoreError):
        complete.insert(make_record(), named_alone=True)
    assert complete.all() == []
    assert copies.copied_ids(path) == set()


def test_a_file_that_is_replaced_while_it_is_opened_is_not_used(
    complete: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = Database._connect

    def connect_and_replace(database: Database) -> sqlite3.Connection:
        connection = connect(database)
        monkeypatch.setattr(Database, "_connect", connect)
        replaced(path).close()
        return connection

    monkeypatch.setattr(Database, "_connect", connect_and_replace)
    record = make_record()
    with Store.open(path) as late:
        late.insert(record)
    with Store.open(path) as fresh:
        assert [each.id for each in fresh.all()] == [record.id]


def test_a_file_that_was_replaced_while_the_sessions_were_added_is_not_complete(store: Store, path: Path) -> None:
    file = store.file
    with replaced(path, is_complete=False) as fresh:
        assert not store.mark_complete(file)
        assert fresh.is_new
        assert store.mark_complete(store.file)
        assert not fresh.is_new
