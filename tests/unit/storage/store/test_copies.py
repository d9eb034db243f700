"""The copies of rows and of the layout, from which a lost store is filled again."""

from __future__ import annotations

import json
import os
from pathlib import Path

from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import State
from session_host.storage.store import Store
from tests.support.journals import make_record
from tests.support.locales import letters_of
from tests.support.old_store import OldStore


def end(store: Store, path: Path, record: ChatFacts) -> Path:
    """Record a chat with a directory and its end; returns its copy."""
    directory = path.parent / "sessions" / record.id
    directory.mkdir(parents=True, mode=0o700)
    store.insert(record)
    store.update(record.id, state=State.EXITED, exit_code=3, ended_at="2026-01-02T05:00:00Z")
    return directory / "record.json"


def lose(path: Path) -> Store:
    for each in path.parent.glob("outlive.db*"):
        each.unlink()
    return Store.open(path)


def test_a_lost_store_is_filled_again_from_the_copies(store: Store, path: Path) -> None:
    first = make_record(argv=["claude", "é"], arguments=["é"], env={"A": "1"}, provider_session_id="abc")
    second = make_record(resumed_from=first.id)
    copy = end(store, path, first)
    end(store, path, second)
    store.rename(first.id, "Über")
    store.update(second.id, pinned=True, position=2.5)
    before = store.all()
    assert copy.stat().st_mode & 0o777 == 0o600

    with lose(path) as fresh:
        added = fresh.restore_copies()
        assert fresh.all() == before
        assert [each.id for each in added] == [first.id, second.id]
        assert fresh.restore_copies() == []
        assert fresh.recent_directories(5) == ["/tmp"]


def test_a_chat_that_is_there_is_not_added_again_in_a_turkish_locale(store: Store, path: Path, tmp_path: Path) -> None:
    """Python asks C whether a statement is an INSERT, and there "I" is no capital "i"."""
    end(store, path, make_record())
    with letters_of("tr_TR", tmp_path / "locales"):
        assert store.restore_copies() == []
        with lose(path) as fresh:
            assert len(fresh.restore_copies()) == 1


def test_the_windows_layout_is_restored_unless_there_is_a_newer_one(store: Store, path: Path) -> None:
    store.save_layout({"drafts": {"x": "a half \ud83d prompt"}})

    with lose(path) as fresh:
        fresh.restore_copies()
        assert fresh.layout() == {"drafts": {"x": "a half \ud83d prompt"}}
        (path.parent / "layout.json").write_bytes(b"\xff")
        fresh.restore_copies()
        assert fresh.layout() != {}
    with lose(path) as fresh:
        fresh.restore_copies()
        assert fresh.layout() == {}


def test_a_removed_chat_does_not_come_back(store: Store, path: Path) -> None:
    first = make_record()
    second = make_record(resumed_from=first.id)
    end(store, path, first)
    end(store, path, second)
    store.remove(second.id)

    with lose(path) as fresh:
        fresh.restore_copies()
        assert [(each.id, each.entry.continued_by) for each in fresh.all()] == [(first.id, None)]


def test_a_copy_is_not_made_for_a_chat_without_a_directory(store: Store, path: Path) -> None:
    record = make_record()
    store.insert(record)
    store.update(record.id, state=State.EXITED)
    assert not (path.parent / "sessions").exists()


def test_damaged_and_foreign_copies_are_left_out(store: Store, path: Path) -> None:
    records = [make_record() for _ in range(8)]
    copies = [end(store, path, each) for each in records]
    values = json.loads(copies[0].read_text())
    copies[1].write_bytes(b"\xff garbage")
    copies[2].write_text("[]")
    copies[3].write_text("[" * 100_000)
    copies[4].write_text(json.dumps(values | {"id": records[4].id, "state": "unheard of"}))
    copies[5].write_text(json.dumps(values), encoding="utf-8")
    for copy in copies[6:]:
        copy.unlink()
    copies[6].symlink_to(copies[0])
    os.mkfifo(copies[7])

    with lose(path) as fresh:
        assert [each.id for each in fresh.restore_copies()] == [records[0].id]


def test_a_conversation_that_could_be_an_option_is_not_taken_from_a_copy(store: Store, path: Path) -> None:
    copy = end(store, path, make_record(provider_session_id="abc"))
    copy.write_text(json.dumps(json.loads(copy.read_text()) | {"provider_session_id": "-rf"}))

    with lose(path) as fresh:
        [record] = fresh.restore_copies()
        assert record.program.conversation == ""


def test_a_disk_without_room_for_the_copy_does_not_hinder_the_update(store: Store, path: Path) -> None:
    record = make_record()
    copy = end(store, path, record)
    copy.unlink()
    copy.with_suffix(".new").mkdir()

    store.rename(record.id, "other")

    assert [each.entry.name for each in store.all()] == ["other"]


SECRET = "deploy --token=ghp_secret https://me:ghp_secret@example.org"


def test_names_of_shells_lose_their_secrets_once_in_the_file_and_in_the_copies(store: Store, path: Path) -> None:
    shell = make_record(agent="shell", topic=SECRET, title=SECRET)
    git = make_record(agent="shell", topic="git push ghp_secret")
    agent = make_record(agent="claude", topic="Fix the login of me@example.org", title="Fix the login")
    paths = [end(store, path, each) for each in (shell, git, agent)]
    store.close()
    path.unlink()
    with OldStore(path) as before:
        for each in (shell, git, agent):
            before.insert(each)
    assert b"ghp_secret" in path.read_bytes() + paths[0].read_bytes()

    with Store.open(path) as now:
        assert [each.entry.topic for each in now.all()] == ["deploy", "git push", agent.entry.topic]
        assert [each.program.title for each in now.all()] == ["", "", "Fix the login"]
    assert b"ghp_secret" not in b"".join(each.read_bytes() for each in (*path.parent.glob("outlive.db*"), *paths))
    with lose(path) as fresh:
        fresh.restore_copies()
        assert [each.entry.topic for each in fresh.all()] == ["deploy", "git push", agent.entry.topic]


def test_a_lost_store_that_is_filled_from_copies_of_0_1_0_has_no_secrets(store: Store, path: Path) -> None:
    shell = make_record(agent="shell", topic=SECRET)
    copy = end(store, path, shell)
    assert SECRET in copy.read_text()
    with lose(path) as fresh:
        fresh.restore_copies()
        assert [each.entry.topic for each in fresh.all()] == ["deploy"]
    assert "ghp_secret" not in copy.read_text()
