"""Removals of ended chats, their undo, and the removals by the limit."""

from __future__ import annotations

import threading

import pytest

from gui.bridge import removals as removals_module
from session_host import paths
from session_host.client.chats import removal
from session_host.client.chats.retention import removed_log
from session_host.protocol.values import State
from session_host.storage.store import Store
from tests.support.waiting import TIMEOUT_S
from tests.unit.gui.conftest import WindowHarness

LONG_AGO = {"state": State.EXITED, "exit_code": 0, "ended_at": "2026-01-02T03:05:00Z"}


async def test_a_chat_that_is_pinned_while_the_limit_removes_it_stays(harness: WindowHarness):
    pinned, other = [await harness.add(name, **LONG_AGO) for name in ("pinned", "other")]
    chats = [harness.chat(pinned), harness.chat(other)]
    removed_log().parent.mkdir()
    assert harness.sessions.removals.begin(chats, undo_ms=0, by_limit=True) == chats
    with Store.open(paths.database()) as store:
        store.update(pinned, pinned=True)
    await harness.until(lambda: harness.sessions.chats.get(other) is None, "the removal")
    assert harness.sessions.listed.ids() == [pinned]
    assert other[:8] in removed_log().read_text()
    assert pinned[:8] not in removed_log().read_text()


async def test_an_undo_keeps_the_chats_of_a_removal_that_has_begun(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
):
    begun, may_go_on = threading.Event(), threading.Event()

    def remove_slowly(*arguments: object) -> str:
        begun.set()
        assert may_go_on.wait(TIMEOUT_S)
        return really(*arguments)  # type: ignore[arg-type]

    really = removal.remove_files
    monkeypatch.setattr(removal, "remove_files", remove_slowly)
    monkeypatch.setattr(removals_module, "AT_ONCE", 1)
    ids = [await harness.add(f"chat {number}", **LONG_AGO) for number in range(3)]
    harness.sessions.removals.begin([harness.chat(each) for each in ids], undo_ms=0)
    await harness.until(begun.is_set, "the first removal")
    harness.sessions.removals.undo([harness.chat(ids[2])])
    may_go_on.set()
    await harness.until(lambda: harness.sessions.chats.get(ids[1]) is None, "the removal")
    assert harness.sessions.listed.ids() == [ids[2]]


async def test_all_chats_of_a_removal_are_gone_although_the_window_closes_meanwhile(harness: WindowHarness):
    ids = [await harness.add(f"chat {number}", **LONG_AGO) for number in range(2 * removals_module.AT_ONCE + 1)]
    harness.sessions.removals.begin([harness.chat(each) for each in ids], undo_ms=0)
    await harness.until(lambda: harness.sessions.chats.get(ids[0]) is None, "the first removals")
    await harness.sessions.close()
    with Store.open(paths.database()) as store:
        assert store.all() == []


async def test_a_chat_that_the_user_keeps_from_the_limit_is_kept_although_the_window_closes_at_once(
    harness: WindowHarness,
):
    session_id = await harness.add("old", **LONG_AGO)
    paths.session_dir(session_id).mkdir(parents=True, exist_ok=True)
    begun = harness.sessions.removals.begin([harness.chat(session_id)], by_limit=True)
    harness.sessions.removals.undo(begun)
    await harness.sessions.close()
    assert (paths.session_dir(session_id) / "viewed").exists()
