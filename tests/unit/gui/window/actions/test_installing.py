"""Installing an agent from the sheet for a new chat."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from session_host.client.chats.launch_request import LaunchRequest
from tests.support.area import Area
from tests.unit.gui.conftest import WindowHarness


async def test_an_agent_is_installed_in_a_chat_that_shows_the_command(
    harness: WindowHarness, launches: list[LaunchRequest], monkeypatch: pytest.MonkeyPatch, area: Area
) -> None:
    monkeypatch.setenv("PATH", str(area.home))
    window = harness.open_window()
    window.starting.new_chat("claude")
    sheet = window.sheets.new_chat
    sheet.tiles.choose("codex")
    command = sheet.missing.command.text()
    QTest.keyClicks(sheet.prompt, "fix it")
    QTest.mouseClick(sheet.missing.install, Qt.MouseButton.LeftButton)
    await harness.until(lambda: window.tabs.active_chat is not None, "the chat")
    [request] = launches
    assert (request.agent.name, request.arguments, request.name) == ("command", ["sh", "-c", command], "install codex")
    assert not sheet.is_open
    window.starting.new_chat()
    assert (sheet.tiles.current(), sheet.prompt.toPlainText()) == ("codex", "fix it"), "the draft is kept"


async def test_an_agent_that_the_login_shell_found_late_is_offered_when_the_user_looks_again(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch, area: Area
) -> None:
    programs = area.home / "late"
    programs.mkdir()
    (programs / "codex").touch(mode=0o755)
    (area.home / ".profile").write_text(f"PATH={programs}:$PATH\n")
    monkeypatch.setenv("SHELL", "/bin/bash")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    window = harness.open_window()
    window.starting.new_chat("claude")
    sheet = window.sheets.new_chat
    assert not sheet.tiles.is_installed("codex")
    window.actions_["find_agents"].trigger()
    await harness.until(lambda: sheet.tiles.is_installed("codex"), "the agent")
    await harness.until(lambda: window.banners.current is not None, "the answer")
    assert window.banners.current is not None
    assert "Codex" in window.banners.current.text
