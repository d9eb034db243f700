"""The names that the window shows for chats that the user has not named."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from gui.window.actions.lists import ChatChoices
from gui.window.sidebar.model import ChatRow
from tests.unit.gui.conftest import WindowHarness

API: dict[str, Any] = {"agent": "claude", "cwd": "/src/api", "default_name": "api-2"}


def rows(harness: WindowHarness) -> list[ChatRow]:
    return [entry for entry in harness.window.sidebar.model.entries() if isinstance(entry, ChatRow)]


async def test_a_chat_is_called_by_its_topic_and_found_by_its_name_on_the_command_line(harness: WindowHarness):
    session_id = await harness.add("api-2", topic="Fix the export", title="✳ Fix the export", **API)
    await harness.add("other", topic="not shown", **(API | {"default_name": ""}))
    window = harness.open_window()
    harness.show(session_id)
    assert window.windowTitle().startswith("Fix the export")
    row = next(each for each in rows(harness) if each.chat.id == session_id)
    assert (row.name, row.second_line) == ("Fix the export", "api · Claude Code"), "the title is not said twice"
    assert {each.name for each in rows(harness)} == {"Fix the export", "other"}, "the user's name stays"
    tip = window.sidebar.model.data(window.sidebar.model.index_of(session_id), Qt.ItemDataRole.ToolTipRole)
    assert "api-2 · Claude Code" in tip
    for typed in ("api-2", "export"):
        window.sidebar.filter.setText(typed)
        await harness.until(lambda: [each.chat.id for each in rows(harness)] == [session_id], "the one chat")
        choices = ChatChoices(harness.sessions, harness.sessions.listed_ids(), lambda chat: None)
        assert [found.choice.title for found in choices.find(typed)][:1] == ["Fix the export"]
    window.sidebar.filter.clear()
    window.actions_["copy_name"].trigger()
    assert QGuiApplication.clipboard().text() == "api-2"


async def test_a_renamed_chat_has_the_users_name_also_if_that_is_its_old_one(harness: WindowHarness):
    session_id = await harness.add("api-2", topic="Fix the export", exit_code=0, **(API | {"state": "exited"}))
    harness.open_window()
    chat = harness.chat(session_id)
    assert chat.name == "Fix the export"
    harness.sessions.rename(chat, "api-2")
    await harness.until(lambda: chat.name == "api-2", "the name")
    await harness.sessions.refresh_now()
    assert chat.name == "api-2"
