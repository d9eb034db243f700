"""The menu of a running structured chat also shows it in its agent's own terminal."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction

from session_host import paths
from session_host.errors import NotResumable
from session_host.protocol.values import State
from session_host.storage.store import SessionRecord, Store
from tests.support.menus import entries_of_open_menu
from tests.unit.gui.conftest import WindowHarness

TEXT = "Open the terminal too"


def items(harness: WindowHarness, session_id: str) -> dict[str, QAction]:
    """The items of a chat's menu, opened on its tab."""
    window = harness.window
    window.menus.show_for_tab(harness.chat(session_id), window.mapToGlobal(QPoint(200, 100)))
    return entries_of_open_menu()


async def add_chat(harness: WindowHarness, **fields: Any) -> str:
    session_id = str(uuid.uuid4())
    argv = ["relay", str(paths.agent_socket(session_id))]
    defaults: dict[str, Any] = {"id": session_id, "agent": "codex", "runtime": "structured", "argv": argv}
    return await harness.add("work", **(defaults | fields))


async def test_the_terminal_opens_beside_its_chat(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, Any]] = []

    async def resume(session_id: str, **wishes: Any) -> SessionRecord:
        calls.append((session_id, wishes["runtime"]))
        record = SessionRecord(
            id="00000000-0000-4000-8000-000000000001", name="work-terminal", agent="codex", argv=["codex"], cwd="/tmp",
            state=State.RUNNING, created_at="2026-01-02T04:04:05Z",
        )  # fmt: skip
        with Store.open(paths.database()) as store:
            store.insert(record)
        return record

    monkeypatch.setattr("session_host.client.chats.resume.resume", resume)
    chat, other = await add_chat(harness), await harness.add("other")
    window = harness.open_window()
    for each in (chat, other):
        window.open_chat(harness.chat(each))
    items(harness, chat)[TEXT].trigger()
    await harness.until(lambda: len(window.tabs.ids()) == 3, "the terminal's tab")
    assert calls == [(chat, "terminal")]
    assert window.tabs.ids() == [chat, window.tabs.active_id, other]
    assert not harness.chat(chat).is_continued


async def test_a_refusal_is_shown(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    async def resume(_session_id: str, **_wishes: Any) -> SessionRecord:
        raise NotResumable("work: the conversation is empty; send a prompt first")

    monkeypatch.setattr("session_host.client.chats.resume.resume", resume)
    chat = await add_chat(harness)
    window = harness.open_window()
    items(harness, chat)[TEXT].trigger()
    await harness.until(window.banners.isVisible, "the banner")
    assert window.tabs.ids() == []


@pytest.mark.parametrize(
    "fields",
    [{"agent": "claude"}, {"state": State.EXITED, "exit_code": 0}, {"argv": ["codex"]}],
    ids=["another agent", "an ended chat", "one that does not listen"],
)
async def test_only_a_running_structured_chat_of_such_an_agent_has_the_entry(
    harness: WindowHarness, fields: dict[str, Any]
) -> None:
    chat = await add_chat(harness, **fields)
    harness.open_window()
    assert TEXT not in items(harness, chat)
