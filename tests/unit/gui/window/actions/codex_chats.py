"""Codex's structured chats and the menus of their tabs, for tests of actions."""

from __future__ import annotations

import uuid
from typing import Any

from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction

from session_host import paths
from tests.support.menus import entries_of_open_menu
from tests.unit.gui.conftest import WindowHarness


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
