"""Installing an agent from the sheet for a new chat."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from session_host.client.chats.launch_spec import LaunchRequest
from tests.support.area import Area
from tests.unit.gui.conftest import WindowHarness


async def test_an_agent_is_installed_in_a_chat_that_shows_the_command(
    harness: WindowHarness, launches: list[LaunchRequest], monkeypatch: pytest.MonkeyPatch, area: Area
) -> None:
    monkeypatch.setenv("PATH", str(area.home))
    window = harness.open_window()
    window.commands.starting.new_chat("claude")
    sheet = window.sheets.new_chat
    sheet.tiles.choose("codex")
    command = sheet.missing.command.text()
    QTest.keyClicks(sheet.prompt, "fix it")
    QTest.mouseClick(sheet.missing.install, Qt.MouseButton.LeftButton)
    await harness.until(lambda: window.tabs.active_chat is not None, "the chat")
    [request] = launches
    assert (request.agent.name, request.arguments, request.name) == ("command", ["sh", "-c", command], "install codex")
    assert not sheet.is_open
    window.commands.starting.new_chat()
    assert (sheet.tiles.current(), sheet.prompt.toPlainText()) == ("codex", "fix it"), "the draft is kept"


async def test_an_agent_that_was_installed_since_the_window_opened_is_offered_by_the_next_sheet(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch, area: Area
) -> None:
    monkeypatch.setattr("gui.bridge.login_path.is_from_terminal", lambda _environment: False)
    monkeypatch.setattr("gui.bridge.login_path.RECENT_S", -1.0)
    monkeypatch.setenv("SHELL", "/bin/bash")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    window = harness.open_window()
    harness.sessions.login_path.start()
    await harness.sessions.login_path.environment()
    programs = area.home / "late"
    programs.mkdir()
    (programs / "codex").touch(mode=0o755)
    (area.home / ".profile").write_text(f"PATH={programs}:$PATH\n")
    window.commands.starting.new_chat("claude")
    sheet = window.sheets.new_chat
    assert not sheet.tiles.is_installed("codex")
    await harness.until(lambda: sheet.tiles.is_installed("codex"), "the agent")
