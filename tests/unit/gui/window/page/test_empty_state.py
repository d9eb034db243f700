"""The page without an open tab."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from gui.window.new_chat.agent_tiles import AgentTile
from gui.wording import window_texts
from tests.support.area import Area
from tests.unit.gui.conftest import WindowHarness
from tests.unit.gui.window.conftest import Away


async def test_the_first_start_says_once_that_chats_keep_running(harness: WindowHarness) -> None:
    await harness.sessions.refresh_now()
    window = harness.open_window()
    harness.settle()
    page = window.empty
    await harness.until(page._heading.isVisible, "the agents to be found")
    assert page.title.text() == window_texts.FIRST_CHAT()
    assert window_texts.CHATS_KEEP_RUNNING() not in page._promise.text()
    await harness.add("one")
    harness.settle()
    assert page.title.text() == window_texts.RUNNING_CHATS(n=1)
    assert page._promise.text().startswith(window_texts.CHATS_KEEP_RUNNING())


async def test_choosing_shell_or_command_explains_them(harness: WindowHarness) -> None:
    await harness.sessions.refresh_now()
    window = harness.open_window()
    await harness.until(window.empty._heading.isVisible, "the agents to be found")
    window.commands.starting.new_chat()
    tiles = {tile.agent.title: tile.toolTip() for tile in window.sheets.new_chat.tiles.findChildren(AgentTile)}
    rows = {row.text(): row.toolTip() for row in window.empty._rows.widgets() if isinstance(row, QPushButton)}
    for title in ("Model server", "Shell", "Command"):
        assert title not in tiles[title], "it does not only repeat the title"
        assert rows[title] == tiles[title]


async def test_enter_starts_the_first_chat(harness: WindowHarness) -> None:
    await harness.sessions.refresh_now()
    window = harness.open_window()
    harness.settle()
    window.focus_page()
    started: list[None] = []
    window.empty.new_chat.connect(lambda: started.append(None))
    focused = window.focusWidget()
    assert focused is not None
    QTest.keyClick(focused, Qt.Key.Key_Return)
    assert len(started) == 1


async def test_an_agent_installed_in_another_window_is_listed(
    harness: WindowHarness, area: Area, away: Away, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = area.root / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    await harness.sessions.refresh_now()
    window = harness.open_window()
    await harness.until(lambda: "Codex" in window.empty._missing, "the agents to be looked for")
    await away(lambda: (programs / "codex").symlink_to("/bin/true"))
    await harness.until(lambda: "Codex" not in window.empty._missing, "the agent to be found")
