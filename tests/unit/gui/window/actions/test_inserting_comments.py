"""Comments on changes are inserted where the user writes to a chat, and never become an answer or a sent prompt."""

from __future__ import annotations

import pytest

from gui.window.actions import tab_pages
from gui.window.actions.tab_pages import CommentInserter
from session_host.protocol.values import Activity
from tests.unit.gui.conftest import WindowHarness

TEXT = "Comments on your changes:\n\na:1\n> +a\nWhy?"


def inserter(harness: WindowHarness) -> tuple[CommentInserter, list[str]]:
    window = harness.open_window()
    return CommentInserter(harness.sessions.tasks, window.open_chat, window.commands.resuming.resume), []


async def test_a_chat_view_gets_the_comments_below_the_draft_and_the_keyboard(harness: WindowHarness) -> None:
    session_id = await harness.add("one", runtime="structured")
    comments, reports = inserter(harness)
    harness.window.open_chat(harness.chat(session_id))
    content = harness.content
    editor = content.view.prompt.editor
    editor.setPlainText("First this:")
    harness.window.sidebar.list.setFocus()
    comments.insert(harness.chat(session_id), TEXT, reports.append)
    assert (reports, editor.toPlainText()) == ([""], f"First this:\n\n{TEXT}")
    assert editor.hasFocus()
    assert harness.sessions.drafts.of(session_id).text == editor.toPlainText()
    assert not harness.viewers[session_id].calls, "nothing is sent"


async def test_a_terminal_opened_for_comments_gets_them_as_a_paste(harness: WindowHarness) -> None:
    session_id = await harness.add("one")
    comments, reports = inserter(harness)
    chat = harness.chat(session_id)
    comments.insert(chat, TEXT, reports.append)
    assert reports == []
    harness.viewers[session_id].go_live(b"\x1b[?2004h")
    await harness.until(lambda: reports, "the comments to be inserted")
    assert reports == [""]
    assert [call for call in harness.viewers[session_id].calls if call[0] in {"paste", "key"}] == [("paste", TEXT)]


async def test_a_chat_that_asks_or_does_not_connect_gets_nothing(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tab_pages, "WAIT_S", 0.05)
    session_id = await harness.add("one")
    comments, reports = inserter(harness)
    chat = harness.chat(session_id)
    comments.insert(chat, TEXT, reports.append)
    await harness.until(lambda: reports, "the wait to end")
    assert reports[0].startswith("one is not connected yet.")
    viewer = harness.show(session_id)
    viewer.be(Activity.NEEDS_INPUT)
    comments.insert(chat, TEXT, reports.append)
    assert reports[1].startswith("one asks you something.")
    assert not [call for call in viewer.calls if call[0] == "paste"]
