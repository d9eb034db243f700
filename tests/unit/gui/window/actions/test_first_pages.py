"""The first page of a chat view, from a real store and repository: where it works, and what one can go on with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from gui.chat.page.first_page import FirstPage, Key
from session_host import paths
from session_host.client.chats.saved_prompts import prompts_directory
from session_host.structured.items import Setting, SettingChoice, SettingsChanged
from tests.support.repositories import Checkout
from tests.support.scripted_chat import ScriptedChat
from tests.unit.gui.conftest import WindowHarness


def labels(first: FirstPage) -> list[str]:
    """The texts of the page without its rows, from top to bottom."""
    return [each.text() for each in first.findChildren(QLabel)]


def keys(first: FirstPage) -> list[str]:
    """The keys, with what they do."""
    return [each.accessibleName() for each in first.findChildren(Key)]


def rows(first: FirstPage) -> list[str]:
    """The names of the chats and prompts."""
    return [each.row.name for each in first.rows]


def save(name: str, text: str) -> None:
    directory = prompts_directory(paths.config_dir())
    directory.mkdir(exist_ok=True)
    (directory / f"{name}.md").write_text(text)


async def test_a_new_chat_says_where_it_works_and_lists_the_last_chats_there_and_saved_prompts(
    harness: WindowHarness, tmp_path: Path
) -> None:
    save("review", "Review it.")
    save("other", "---\nagents: codex\n---\nFor another agent.")
    checkout = Checkout.new(tmp_path / "api")
    checkout.write("new", "a file\n")
    here: dict[str, Any] = {"agent": "claude", "cwd": str(checkout.path), "real_cwd": str(checkout.path)}
    for number in range(1, 5):
        await harness.add(f"Chat {number}", provider_session_id=f"c{number}", **here)
    await harness.add("Elsewhere", agent="claude", cwd=str(tmp_path), provider_session_id="c9")
    await harness.add("Without a conversation", **here)
    chat = ScriptedChat()
    choices = (SettingChoice("o", "Opus"), SettingChoice("s", "Sonnet"))
    chat.apply(SettingsChanged((Setting("m", "Model", "o", choices, "model"),)))
    await harness.open_chat_view(chat.transcript, **here)
    first, editor = harness.content.view.first_page, harness.content.view.prompt.editor
    await harness.until(lambda: "main" in " ".join(labels(first)), "the branch")
    await harness.until(lambda: len(first.rows) == 4, "the saved prompts")
    project, where, agent = labels(first)[:3]
    assert project == "api"
    assert where.split(" · ")[1:] == ["main", "1 changed"]
    assert agent == "Claude Code · Opus"
    assert rows(first) == ["Chat 4", "Chat 3", "Chat 2", "review"], "the last three chats of this project"
    assert editor.placeholderText() == "Ask Claude Code about api", "the page says what the keys do"
    assert keys(first) == ["@ names a file", "/ runs a command", "Ctrl+V adds a picture", "↑ into this page"]

    QTest.mouseClick(first.rows[3], Qt.MouseButton.LeftButton)
    assert editor.toPlainText() == "Review it."
    harness.settle()
    assert not first.isVisible()
    editor.clear()
    await harness.until(first.isVisible, "the page of an empty prompt box")
    QTest.mouseClick(first.rows[0], Qt.MouseButton.LeftButton)
    opened = harness.window.tabs.active_chat
    assert opened is not None
    assert opened.name == "Chat 4"


async def test_where_nothing_was_done_no_key_leads_into_the_page(harness: WindowHarness, tmp_path: Path) -> None:
    await harness.open_chat_view(ScriptedChat().transcript, agent="claude", cwd=str(tmp_path))
    first = harness.content.view.first_page
    await harness.until(first.isVisible, "the page")
    assert (rows(first), keys(first)[-1]) == ([], "Ctrl+V adds a picture")
