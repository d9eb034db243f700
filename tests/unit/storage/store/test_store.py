from __future__ import annotations

import sqlite3
from pathlib import Path
from unittest.mock import Mock

import pytest

from session_host.errors import AmbiguousSession, NoSuchSession, StoreError
from session_host.protocol.values import State
from session_host.storage.store import Changes, Store, free_name, ledger
from session_host.storage.store.session_row import copied_columns
from tests.support.facts import changed
from tests.support.journals import make_record


@pytest.mark.parametrize("conversation", ["-rf", "../x", "a b", "", "x" * 200, b"x"])
def test_a_conversation_that_could_be_an_option_or_a_path_is_not_loaded(store: Store, conversation: object) -> None:
    record = make_record()
    store.insert(record)

    store.update(record.id, provider_session_id=conversation)

    stored = store.get(record.id)
    assert stored is not None
    assert stored.program.conversation == ""


def test_a_record_is_read_as_it_was_written(store: Store) -> None:
    record = make_record(
        name="Über 'notes' — \U0001f9e0",
        argv=["claude", "--x", "", 'a "b"\n'],
        cwd="/home/ä",
        env={"A": "1", "B": ""},
        state=State.EXITED,
        exit_code=3,
        exit_signal=None,
        error="one line",
        title="t",
        host_pid=10,
        host_started=2**40,
        child_pid=11,
        child_started=12,
        boot_id="b",
        ended_at="2026-01-02T03:04:05Z",
        provider_session_id="abc",
        arguments=["--x", "", 'a "b"\n'],
        resumed_from="one",
        continued_by="two",
        repository="/home/ä",
        worktree="/home/ä/b",
        branch="b/ü",
        branch_made=True,
        pinned=True,
        position=2.5,
        located_by={"HOME": "/home/ä"},
        default_name="ä",
        topic="fix it",
    )

    store.insert(record)

    assert store.get(record.id) == record
    assert [field for field, value in copied_columns(record).items() if value is None] == [
        "later",
        "exit_signal",
        "freed_bytes",
    ]


def test_sessions_are_listed_in_the_order_of_their_starts_even_if_the_clock_was_set_back(store: Store) -> None:
    records = [make_record(created_at=f"{year}-01-02T03:04:05Z") for year in (2026, 2026, 1970, 2025)]
    for record in records:
        store.insert(record)

    assert store.all() == records


def test_only_starting_and_running_sessions_are_listed_as_running(store: Store) -> None:
    records = {state: make_record(state=state) for state in State}
    for record in records.values():
        store.insert(record)

    assert [record.outcome.state for record in store.running()] == [State.STARTING, State.RUNNING]
    assert store.running_names() == {records[State.STARTING].entry.name, records[State.RUNNING].entry.name}


def test_a_new_chat_is_never_named_as_one_that_ended(store: Store) -> None:
    for name, state in (
        ("api", State.EXITED),
        ("api-3", State.LOST),
        ("docs", State.EXITED),
        ("log-2026", State.EXITED),
    ):
        store.insert(make_record(name=name, state=state))
    running, names = store.running_names(), store.names()

    assert free_name("api", names, names) == "api-4", "not the number of one that was removed, either"
    assert free_name("log", names, names) == "log"
    assert free_name("log", {*names, "log"}, names) == "log-2"
    assert free_name("docs", running, names) == "docs", "the user may choose the name of an ended chat"
    assert free_name("api", {"api"}, names) == "api-4"


def test_a_name_of_the_user_is_shown_and_another_gives_way_to_the_topic(store: Store) -> None:
    record = make_record(name="api", default_name="api")
    assert record.entry.shown_name == "api"
    record = changed(record, topic="fix the export")
    assert record.entry.shown_name == "fix the export"
    store.insert(record)
    store.rename(record.id, "api")
    renamed = store.get(record.id)
    assert renamed is not None
    assert renamed.entry.shown_name == "api", "now the user has chosen it"


def test_an_id_can_be_recorded_only_once(store: Store) -> None:
    record = make_record()
    store.insert(record)

    with pytest.raises(StoreError, match="cannot save chat"):
        store.insert(record)

    assert store.all() == [record]


def test_update_changes_only_the_named_fields(store: Store) -> None:
    record, other = make_record(), make_record()
    store.insert(record)
    store.insert(other)

    store.update(record.id, name="docs", env={"K": "V"}, state=State.EXITED, exit_code=0)

    assert store.get(record.id) == changed(record, name="docs", env={"K": "V"}, state=State.EXITED, exit_code=0)
    assert store.get(other.id) == other


@pytest.mark.parametrize("late", [State.STARTING, State.RUNNING, State.LOST])
def test_an_ended_session_stays_ended(store: Store, late: State) -> None:
    record = make_record(state=State.STARTING)
    store.insert(record)
    store.update(record.id, state=State.EXITED, exit_code=7, ended_at="2026-01-02T03:05:00Z")

    store.update(record.id, state=late, host_pid=99, exit_code=None, ended_at=None, error="host is gone")

    kept = store.get(record.id)
    assert kept is not None
    assert (kept.outcome.state, kept.outcome.exit_code, kept.outcome.ended_at, kept.outcome.error) == (
        State.EXITED,
        7,
        "2026-01-02T03:05:00Z",
        "",
    )
    assert kept.program.host_pid == 99


def test_a_lost_session_may_be_found_again(store: Store) -> None:
    record = make_record(state=State.LOST)
    store.insert(record)

    store.update(record.id, state=State.RUNNING)

    assert [found.id for found in store.running()] == [record.id]


def test_an_update_of_an_unknown_session_is_refused(store: Store) -> None:
    with pytest.raises(NoSuchSession):
        store.update("00000000-0000-4000-8000-000000000000", name="x")


@pytest.mark.parametrize("field", ["id", "nothing", "name = 'x' --"])
def test_an_update_of_an_unknown_field_is_refused(store: Store, field: str) -> None:
    record = make_record()
    store.insert(record)

    with pytest.raises(TypeError, match="not a field"):
        store.update(record.id, **{field: "x"})

    assert store.all() == [record]


class TestFind:
    def test_a_session_is_found_by_name_full_id_or_unique_beginning(self, store: Store) -> None:
        record = make_record(name="api fix", id="0a1b2c3d-0000-4000-8000-000000000000")
        store.insert(record)
        store.insert(make_record(id="0a1b2c3e-0000-4000-8000-000000000000"))

        for text in ("api fix", record.id, record.id.upper(), "0a1b2c3d", "0A1B2C3D-0"):
            assert store.find(text).id == record.id

    @pytest.mark.parametrize("text", ["", " ", "nothing", "%", "_", "0000", "api", "\udcff"])
    def test_a_text_without_a_match_is_reported(self, store: Store, text: str) -> None:
        store.insert(make_record(name="api fix", id="0a1b2c3d-0000-4000-8000-000000000000"))

        with pytest.raises(NoSuchSession, match="outlive ls --all"):
            store.find(text)

    @pytest.mark.parametrize("text", ["api-fx", "API-FIX", "api"])
    def test_a_name_that_is_nearly_right_is_suggested(self, store: Store, text: str) -> None:
        store.insert(make_record(name="api-fix"))
        store.insert(make_record(name="docs"))

        with pytest.raises(NoSuchSession, match=r"; did you mean 'api-fix'\? `outlive ls --all` lists all chats"):
            store.find(text)

    def test_a_beginning_of_two_ids_is_ambiguous_and_both_are_named(self, store: Store) -> None:
        store.insert(make_record(id="0a1b2c3d-0000-4000-8000-000000000000"))
        store.insert(make_record(id="0a1b2c3e-0000-4000-8000-000000000000"))

        with pytest.raises(AmbiguousSession, match=r"`outlive ls --all`: 0a1b2c3d-0000, 0a1b2c3e-0000"):
            store.find("0a1b2c3")

    def test_of_equal_names_the_running_session_is_found(self, store: Store) -> None:
        store.insert(make_record(state=State.EXITED))
        running = make_record(state=State.RUNNING)
        store.insert(running)
        store.insert(make_record(state=State.LOST))

        assert store.find("notes").id == running.id

    @pytest.mark.parametrize("state", [State.RUNNING, State.EXITED])
    def test_two_equal_names_in_the_same_state_are_ambiguous(self, store: Store, state: State) -> None:
        store.insert(make_record(state=state))
        store.insert(make_record(state=state))

        with pytest.raises(AmbiguousSession):
            store.find("notes")

    def test_a_name_takes_precedence_over_the_beginning_of_an_id(self, store: Store) -> None:
        named = make_record(name="beef")
        store.insert(make_record(id="beef0000-0000-4000-8000-000000000000"))
        store.insert(named)

        assert store.find("beef").id == named.id


class TestWindow:
    def test_the_layout_is_saved(self, store: Store) -> None:
        assert store.layout() == {}

        store.save_layout({"tabs": ["a", "b"], "width_px": 900})
        store.save_layout({"tabs": ["b"], "ü": None})

        assert store.layout() == {"tabs": ["b"], "ü": None}

    @pytest.mark.parametrize("broken", ["{", "[]", "", None])
    def test_a_broken_layout_counts_as_missing(self, store: Store, broken: str | None) -> None:
        store.save_layout({"tabs": []})
        with store._database.writing() as connection:
            connection.execute("UPDATE layout SET value = coalesce(?, x'ff00')", (broken,))

        assert store.layout() == {}
        kept = store.keep_damaged_layout()
        assert kept is not None
        assert kept.read_bytes() == (b"\xff\x00" if broken is None else broken.encode())
        assert kept.stat().st_mode & 0o777 == 0o600
        store.save_layout({"tabs": ["new"]})
        assert store.keep_damaged_layout() == kept.with_name("layout.json.damaged-2"), "the first one is kept"

    def test_each_recent_directory_is_listed_once_last_used_first(self, store: Store) -> None:
        for directory in ("/a", "/b", "/c", "/a"):
            store.insert(make_record(cwd=directory))

        assert store.recent_directories(2) == ["/a", "/c"]
        assert store.recent_directories(10) == ["/a", "/c", "/b"]

    def test_recent_directories_outlive_their_sessions_and_are_bounded(self, store: Store) -> None:
        for number in range(60):
            record = make_record(cwd=f"/{number}", created_at="2026-01-02T03:04:05Z")
            store.insert(record)
            store.remove(record.id)

        assert store.recent_directories(100) == [f"/{number}" for number in range(59, 9, -1)]


class TestResuming:
    def test_a_session_can_be_resumed_only_once(self, store: Store) -> None:
        previous = make_record(state=State.EXITED)
        store.insert(previous)
        first, second = make_record(resumed_from=previous.id), make_record(name="second", resumed_from=previous.id)
        store.insert(first)

        with pytest.raises(StoreError, match=f"second: this conversation already continues in {first.id}"):
            store.insert(second)

        assert store.get(second.id) is None
        assert store.get(previous.id).entry.continued_by == first.id  # type: ignore[union-attr]

    def test_a_session_can_be_resumed_again_after_its_resumption_was_removed(self, store: Store) -> None:
        previous = make_record(state=State.EXITED)
        store.insert(previous)
        later = make_record(resumed_from=previous.id)
        store.insert(later)

        store.remove(later.id)

        assert store.get(previous.id).entry.continued_by is None  # type: ignore[union-attr]

    def test_a_name_means_the_newest_of_a_chain(self, store: Store) -> None:
        first = make_record(name="x", state=State.EXITED)
        store.insert(first)
        second = make_record(name="x", state=State.EXITED, resumed_from=first.id)
        store.insert(second)

        assert store.find("x").id == second.id

    def test_the_new_session_has_the_pin_and_position_of_the_previous_one_until_it_is_removed(
        self, store: Store
    ) -> None:
        previous = make_record(state=State.EXITED, pinned=True, position=3.0)
        store.insert(previous)
        later = make_record(resumed_from=previous.id)

        def places() -> list[tuple[bool, float | None]]:
            return [(record.entry.pinned, record.entry.position) for record in store.all()]

        store.insert(later)
        assert places() == [(False, None), (True, 3.0)]
        store.remove(later.id)
        assert places() == [(True, 3.0)]


class TestHandingOver:
    def test_a_session_names_the_one_that_took_over_its_task_last(self, store: Store) -> None:
        old = make_record()
        store.insert(old)
        first, second = make_record(handed_from=old.id), make_record(handed_from=old.id)

        def named() -> str:
            return store.get(old.id).entry.handed_to  # type: ignore[union-attr]

        for each in (first, second):
            store.insert(each)
            assert named() == each.id
        store.remove(second.id)
        assert named() == first.id
        store.remove(first.id)
        assert named() == ""


class TestChanges:
    def test_each_change_is_read_once(self, store: Store, path: Path) -> None:
        records = [make_record(name=name) for name in ("one", "two", "three")]
        for record in records:
            store.insert(record)
        position = store.ledger.position()
        with Store.open(path) as other:
            other.update(records[1].id, title="new")
            other.rename(records[1].id, "second")
            other.remove(records[2].id)
        changes = store.changes_since(position)
        assert [(record.entry.name, record.program.title) for record in changes.changed] == [("second", "new")]
        assert changes.removed == [records[2].id]
        assert store.changes_since(changes.position) == Changes(changes.position, [], [])
        added = make_record(resumed_from=records[0].id)
        store.insert(added)
        changes = store.changes_since(changes.position)
        assert [record.id for record in changes.changed] == [records[0].id, added.id]

    def test_all_is_read_again_after_another_file_has_taken_the_place(self, store: Store, path: Path) -> None:
        store.insert(make_record())
        position = store.ledger.position()
        Store.move_damaged(path)
        assert store.changes_since(position).removed is None

    def test_a_removed_chat_that_is_back_is_a_changed_one(self, store: Store) -> None:
        record = make_record()
        store.insert(record)
        position = store.ledger.position()
        store.remove(record.id)
        store.insert(record)
        assert store.changes_since(position)[1:] == ([record], [])

    def test_all_is_read_again_once_removals_may_be_forgotten(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gone, kept = make_record(name="gone"), make_record(name="kept")
        for record in (gone, kept):
            store.insert(record)
        position = store.ledger.position()
        store.remove(gone.id)
        monkeypatch.setattr(ledger, "MAX_ROWS", 10)
        for number in range(600):
            store.rename(kept.id, str(number))
        assert store.changes_since(position)[1:] == (store.all(), None)


def test_sessions_are_found_by_directory_and_conversation(store: Store) -> None:
    records = [make_record(cwd=cwd) for cwd in ("/a/tree", "/a/tree/src", "/a/tree-2", "/a", "/a/tre_")]
    records = [changed(each, conversation="one") if at in {2, 4} else each for at, each in enumerate(records)]
    for record in records:
        store.insert(record)
    assert store.in_directory("/a/tree") == records[:2]
    assert store.in_directory("/") == records
    assert store.in_conversation("one") == [records[2], records[4]]


def test_a_removal_with_files_is_all_or_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    record = make_record()
    store.insert(record)
    directory = store.path.parent / "sessions" / record.id
    directory.mkdir(parents=True)
    (directory / "file").touch()
    assert not store.remove_with_files(record.id, lambda found: found != record)
    with monkeypatch.context() as patches:
        patches.setattr("session_host.storage.store.store._delete", Mock(side_effect=sqlite3.OperationalError("no")))
        with pytest.raises(StoreError):
            store.remove_with_files(record.id)
    assert (directory / "file").exists()
    assert store.remove_with_files(record.id, lambda found: found == record)
    assert not directory.exists()
    assert store.unfinished_removals() == [record.id]
    assert not store.remove_with_files(record.id, lambda found: True)
