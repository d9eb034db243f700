"""Which files are removed with a chat."""

from __future__ import annotations

import os
from typing import Any

import pytest

from session_host.client.chats.remove import remove_chat
from session_host.client.sessions.store_access import open_store
from session_host.errors import OutliveError
from session_host.paths import endpoint_conversation, search_index, session_dir, session_log
from session_host.protocol.values import State
from session_host.storage.store import SessionRecord

CONVERSATION = "0b9c4c50-6b5e-4f6e-9a57-3a6a4d1c1f00"


def recorded(name: str, agent: str = "endpoint") -> SessionRecord:
    """An ended chat in that conversation, with its files."""
    record = SessionRecord(
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
def test_a_chat_is_removed_also_if_the_search_index_cannot_be_opened() -> None:
    record = recorded("chat")
    search_index().mkdir()
    with open_store() as store:
        assert remove_chat(store, record) == ""
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
    directory = session_dir("chat")
    (directory / "activity.jsonl").touch()
    late = iter(["screen.new", "screen.bin"])

    def rmdir(path: str, **options: Any) -> None:
        if name := next(late, None):
            (directory / name).touch()
        really(path, **options)

    really = os.rmdir
    monkeypatch.setattr(os, "rmdir", rmdir)

    with open_store() as store:
        remove_chat(store, record)

    assert not directory.exists()


@pytest.mark.usefixtures("area")
@pytest.mark.parametrize("what", ["appear", "vanish"])
def test_a_directory_that_keeps_changing_is_reported_and_the_chat_stays(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = recorded("chat")
    directory = session_dir("chat")
    for name in ("c", "b", "a", "d"):
        (directory / name).touch()

    def rmdir(path: str, **options: Any) -> None:
        (directory / "again").touch()
        really_rmdir(path, **options)

    def unlink(path: str, **options: Any) -> None:
        raise FileNotFoundError(path)

    really_rmdir = os.rmdir
    with monkeypatch.context() as patches:
        patches.setattr(os, *(("rmdir", rmdir) if what == "appear" else ("unlink", unlink)))
        with open_store() as store, pytest.raises(OutliveError) as caught:
            remove_chat(store, record)

    left = "again" if what == "appear" else "a, b, c, …"
    assert str(caught.value) == (
        f"cannot remove the chat: a program still writes to {directory} ({left}); end it and try again"
    )
    with open_store() as store:
        assert store.get(record.id) is not None
        assert session_log("chat").exists()
        remove_chat(store, record)
    assert not directory.exists()


@pytest.mark.usefixtures("area")
def test_a_directory_that_vanishes_during_the_removal_counts_as_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    record = recorded("chat")
    directory = session_dir("chat")

    def rmdir(path: str, **options: Any) -> None:
        really(path, **options)
        raise FileNotFoundError(path)

    really = os.rmdir
    monkeypatch.setattr(os, "rmdir", rmdir)
    with open_store() as store:
        remove_chat(store, record)
        assert store.get(record.id) is None
    assert not directory.exists()
