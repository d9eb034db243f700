"""Which files are removed with a chat."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from session_host.client.chats.removal import UNSTARTED_S, finish_removals, remove_chat, remove_unstarted
from session_host.client.sessions.store_access import open_store
from session_host.errors import StoreError
from session_host.paths import database, endpoint_conversation, session_dir, session_files, session_journal, session_log
from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import State
from session_host.storage.store import moved_aside
from session_host.storage.store import store as store_module
from tests.support.disks import bind_mount
from tests.support.facts import chat_facts

CONVERSATION = "0b9c4c50-6b5e-4f6e-9a57-3a6a4d1c1f00"


def recorded(name: str, agent: str = "endpoint") -> ChatFacts:
    """An ended chat in that conversation, with its files."""
    record = chat_facts(
        id=name,
        name=name,
        agent=agent,
        argv=["x"],
        cwd="/",
        state=State.EXITED,
        exit_code=0,
        created_at="2026-01-02T03:04:05.678Z",
        provider_session_id=CONVERSATION,
    )
    with open_store() as store:
        store.insert(record)
    session_dir(name).mkdir(parents=True)
    session_log(name).parent.mkdir(parents=True, exist_ok=True)
    session_log(name).touch()
    return record


@pytest.mark.usefixtures("area")
def test_our_own_conversation_file_is_removed_with_its_last_chat() -> None:
    first, second = recorded("first"), recorded("second")
    path = endpoint_conversation(CONVERSATION)
    path.parent.mkdir(parents=True)
    path.touch()

    with open_store() as store:
        remove_chat(store, first)
        assert path.exists(), "another chat continues it"
        assert not session_dir("first").exists()
        assert not session_log("first").exists()
        remove_chat(store, second)
        assert not path.exists()
        assert store.all() == []


@pytest.mark.usefixtures("area")
def test_the_conversation_file_of_another_agent_is_kept() -> None:
    record = recorded("chat", agent="claude")
    path = endpoint_conversation(CONVERSATION)
    path.parent.mkdir(parents=True)
    path.touch()

    with open_store() as store:
        remove_chat(store, record)

    assert path.exists()


@pytest.mark.usefixtures("area")
def test_a_last_screen_saved_during_the_removal_is_removed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    record = recorded("chat")
    (session_dir("chat") / "history.bin").touch()
    directory = moved_aside.directory(database(), "chat")
    late = iter(["screen.new", "screen.bin"])

    def rmdir(path: str, **options: Any) -> None:
        if name := next(late, None):
            (directory / name).touch()
        really(path, **options)

    really = os.rmdir
    monkeypatch.setattr(os, "rmdir", rmdir)

    with open_store() as store:
        assert remove_chat(store, record) == ""

    assert not session_dir("chat").exists()
    assert not directory.exists()


@pytest.mark.usefixtures("area")
@pytest.mark.parametrize("what", ["appear", "vanish"])
def test_a_directory_that_keeps_changing_is_reported_and_deleted_later(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = recorded("chat")
    for name in ("c", "b", "a", "d"):
        (session_dir("chat") / name).touch()
    directory = moved_aside.directory(database(), "chat")

    def rmdir(path: str, **options: Any) -> None:
        (directory / "again").touch()
        really_rmdir(path, **options)

    def unlink(path: str, **options: Any) -> None:
        raise FileNotFoundError(path)

    really_rmdir = os.rmdir
    with monkeypatch.context() as patches:
        patches.setattr(os, *(("rmdir", rmdir) if what == "appear" else ("unlink", unlink)))
        with open_store() as store:
            line = remove_chat(store, record)

    assert line == f"files of chat are left in {directory}: a program still writes to it"
    assert not session_dir("chat").exists()
    with open_store() as store:
        assert store.get(record.id) is None
        finish_removals(store)
    assert not directory.exists()


@pytest.mark.usefixtures("area")
def test_nothing_is_removed_through_a_mount_in_the_files_of_a_chat(tmp_path: Path) -> None:
    record = recorded("first")
    (tmp_path / "source").mkdir()
    (tmp_path / "source/mine").touch()

    with open_store() as store:
        aside = moved_aside.directory(store.path, "first")
        with bind_mount(tmp_path / "source", session_dir("first") / "files/data"):
            line = remove_chat(store, record)
            assert line == f"files of first are left in {aside}: {aside}/files/data is mounted; unmount it first"
            finish_removals(store)
            assert (tmp_path / "source/mine").exists()
            assert aside.exists()
        finish_removals(store)
        assert not aside.exists()


@pytest.mark.usefixtures("area")
def test_a_removal_that_was_killed_is_finished_or_has_not_begun() -> None:
    stays, goes = recorded("stays"), recorded("goes")
    for each in (stays, goes):
        (session_dir(each.id) / "history.bin").touch()
    with open_store() as store:
        moved_aside.move(database(), stays.id)  # Killed before the row was removed.
        store.remove_with_files(goes.id)  # Killed afterwards.
        finish_removals(store)
        assert [record.id for record in store.all()] == [stays.id]
    assert (session_dir(stays.id) / "history.bin").exists()
    assert session_log(stays.id).exists()
    assert not session_log(goes.id).exists()
    assert moved_aside.ids(database()) == []


@pytest.mark.usefixtures("area")
def test_a_chat_that_cannot_be_removed_from_the_store_keeps_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    record = recorded("chat")
    (session_dir("chat") / "history.bin").touch()
    with open_store() as store, monkeypatch.context() as patches:
        patches.setattr("session_host.storage.store.store._delete", Mock(side_effect=sqlite3.OperationalError("no")))
        with pytest.raises(StoreError):
            remove_chat(store, record)
    assert (session_dir("chat") / "history.bin").exists()


@pytest.mark.usefixtures("area")
def test_a_chat_is_removed_from_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    record = recorded("chat")
    session_journal("chat").mkdir()

    def delete(*arguments: Any) -> list[str]:
        if session_journal("chat").exists() or moved_aside.directory(database(), "chat/journal").exists():
            raise sqlite3.OperationalError("database or disk is full")
        return really(*arguments)

    really = store_module._delete
    monkeypatch.setattr(store_module, "_delete", delete)
    monkeypatch.setattr("session_host.client.chats.removal.lack_of_space", lambda _directory: "the disk is full")
    with open_store() as store:
        assert remove_chat(store, record) == ""
        assert store.all() == []
    assert not session_dir("chat").exists()


@pytest.mark.usefixtures("area")
def test_files_of_a_start_that_was_killed_before_its_chat_was_recorded_are_removed_after_a_day() -> None:
    recorded("ended")
    names = ("ended", "killed", "starting", "elsewhere")
    for name in names:
        session_files(name).mkdir(parents=True)
        (session_files(name) / "the task.md").write_text("what was said")
        if name != "starting":
            long_ago = time.time() - UNSTARTED_S - 60
            os.utime(session_dir(name), (long_ago, long_ago))
    session_journal("elsewhere").mkdir()
    os.utime(session_dir("elsewhere"), (0, 0))
    with open_store() as store:
        remove_unstarted(store)
    assert [name for name in names if session_dir(name).exists()] == ["ended", "starting", "elsewhere"]
