"""The store of version 0.1.0 is brought to this version while processes of that version have it open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.protocol.events import NumberedEvent, StatusChanged
from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import Activity, State
from session_host.storage.store import Store
from session_host.storage.store.ledger import Position
from tests.support.journals import make_record
from tests.support.old_store import OldStore

ALL = 10_000
MOMENT = "2026-01-02T03:04:05.000Z"


@pytest.fixture
def before(path: Path) -> Iterator[OldStore]:
    """A store of 0.1.0, kept open by a process of that version."""
    with OldStore(path) as opened:
        yield opened


@pytest.fixture
def chats(before: OldStore) -> list[ChatFacts]:
    """The chats in it."""
    records = [make_record(name=name, state=State.RUNNING) for name in ("one", "two", "three")]
    for record in records:
        before.insert(record)
    return records


def status(number: int) -> NumberedEvent:
    return NumberedEvent(
        number, MOMENT, StatusChanged(before=Activity.IDLE, after=Activity.WORKING, detail=str(number))
    )


def details(store: Store, position: Position) -> list[str]:
    found = store.ledger.since(position, ALL)
    assert found is not None
    return [each.event.detail for each in found.entries if isinstance(each.event, StatusChanged)]


def test_chats_events_and_cursors_of_0_1_0_stay(before: OldStore, chats: list[ChatFacts], path: Path) -> None:
    numbers = [before.add_status(chats[0].id, own_number) for own_number in (1, 2, 3)]
    with Store.open(path) as now:
        assert now.all() == chats
        end = now.ledger.position()
        assert end.number >= numbers[-1]
        cursor = Position.of(f"{end.cursor.partition('-')[0]}-{numbers[0]}")
        assert cursor is not None
        assert details(now, cursor) == ["2", "3"]
        now.ledger.add(chats[0].id, [status(3), status(4)])
        assert details(now, cursor) == ["2", "3", "4"]


def test_a_window_of_0_1_0_that_is_open_sees_changes_and_removals_and_takes_nothing_for_damage(
    before: OldStore, chats: list[ChatFacts], path: Path
) -> None:
    version = before.version()
    with Store.open(path) as now:
        now.update(chats[1].id, title="new")
        changes = before.changes_since(version)
        assert changes[1:] == ([chats[1].id], [])
        now.remove(chats[2].id)
        changes = before.changes_since(changes.version)
        assert changes[1:] == ([], [chats[2].id])
        assert before.changes_since(changes.version)[1:] == ([], [])
        before.set_title(chats[0].id, "new")
        assert before.changes_since(changes.version).changed == [chats[0].id]


def test_what_processes_of_0_1_0_write_comes_to_readers_of_this_version_once_and_in_order(
    before: OldStore, chats: list[ChatFacts], path: Path
) -> None:
    with Store.open(path) as now:
        position = now.ledger.position()
        seen = list[str]()
        rows = list[str]()
        for number in range(1, 6):
            now.update(chats[1].id, title=str(number))
            before.add_status(chats[0].id, 2 * number)
            now.ledger.add(chats[0].id, [status(2 * number + 1)])
            changes = now.changes_since(position)
            found = now.ledger.since(position, ALL)
            assert found is not None
            seen += [each.event.detail for each in found.entries if isinstance(each.event, StatusChanged)]
            rows += [each.program.title for each in changes.changed]
            assert position.number < found.position.number == changes.position.number
            position = found.position
        assert seen == [str(number) for number in range(2, 12)]
        assert rows == ["1", "2", "3", "4", "5"]
        before.set_title(chats[0].id, "there")
        before.remove(chats[2].id)
        changes = now.changes_since(position)
        assert [each.program.title for each in changes.changed] == ["there"]
        assert changes.removed == [chats[2].id]


def test_a_reader_of_0_1_0_goes_on(before: OldStore, chats: list[ChatFacts], path: Path) -> None:
    last = before.add_status(chats[0].id, 1)
    with Store.open(path) as now:
        for number in range(2, 6):
            now.rename(chats[1].id, str(number))
            now.ledger.add(chats[0].id, [status(number)])
        came = before.events_since(last)
        assert len(came) == 8
        assert came == sorted(came)
        assert before.events_since(came[-1]) == []
