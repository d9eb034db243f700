"""Codex's structured chats and the menus of their tabs, for tests of actions."""

from __future__ import annotations

import uuid
from typing import Any

from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction

from gui.window.page.structured_content import StructuredContent
from session_host.structured.items import Item, Put
from session_host.structured.transcript import Transcript
from tests.support.widgets import entries_of_open_menu
from tests.unit.gui.conftest import WindowHarness


def items(harness: WindowHarness, session_id: str) -> dict[str, QAction]:
    """The items of a chat's menu, opened on its tab."""
    window = harness.window
    window.menus.show_for_tab(harness.chat(session_id), window.mapToGlobal(QPoint(200, 100)))
    return entries_of_open_menu()


async def add_chat(harness: WindowHarness, **fields: Any) -> str:
    session_id = str(uuid.uuid4())
    defaults: dict[str, Any] = {"id": session_id, "agent": "codex", "runtime": "structured"}
    return await harness.add("work", **(defaults | fields))


def with_prompts(harness: WindowHarness, session_id: str, *prompts: Item) -> StructuredContent:
    """Open a chat's tab, and let it go live with these prompts."""
    page, transcript = harness.window.open_chat(harness.chat(session_id)), Transcript()
    assert page is not None
    content = page.structured
    assert content is not None
    for prompt in prompts:
        transcript.apply(Put(prompt))
    viewer = harness.viewers[session_id]
    viewer.show_transcript(transcript)
    return content
