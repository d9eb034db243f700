"""The sheet for a new chat: the keyboard is where the agent's start needs input."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest

from gui.window.new_chat.agent_tiles import AgentTile
from tests.unit.gui.conftest import WindowHarness


async def test_a_click_on_command_lets_the_user_type_the_command_which_names_the_chat(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.commands.starting.new_chat("shell", "~")
    sheet = window.sheets.new_chat
    assert window.focusWidget() is sheet.tiles.current_tile()
    command = sheet.tiles.findChildren(AgentTile)[-1]
    assert command.agent.name == "command"
    QTest.keyClicks(window.focusWidget(), "comm")
    assert window.focusWidget() is command, "by keyboard, the tiles keep the keyboard"
    QTest.mouseClick(command, Qt.MouseButton.LeftButton)
    QTest.keyClicks(window.focusWidget(), "/usr/bin/htop -d 5")
    assert (sheet.arguments.text(), sheet.name.text()) == ("/usr/bin/htop -d 5", "htop")
    sheet.directory.setText("/usr")
    assert sheet.name.text() == "usr"


async def test_the_sheet_opens_at_the_field_without_which_the_agent_cannot_start(harness: WindowHarness) -> None:
    window = harness.open_window()
    for agent, field in (("command", "arguments"), ("endpoint", "url")):
        window.commands.starting.new_chat(agent, "~")
        sheet = window.sheets.new_chat
        assert window.focusWidget() is getattr(sheet, field)
        sheet.discard()


async def test_a_command_that_cannot_be_started_is_marked(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.commands.starting.new_chat("command", "~", arguments=["nosuch", "-v"])
    sheet = window.sheets.new_chat
    for message, is_invalid in (("cannot find nosuch on PATH", True), ("there is no room", False)):
        sheet.failed(message)
        assert (sheet.error.text(), bool(sheet.arguments.property("invalid"))) == (message, is_invalid)


async def test_in_a_low_window_the_field_to_type_in_is_shown_and_not_the_agent(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.resize(700, 330)
    harness.settle()
    window.commands.starting.new_chat("shell", "~")
    harness.settle()
    sheet = window.sheets.new_chat
    QTest.mouseClick(sheet.tiles.findChildren(AgentTile)[-1], Qt.MouseButton.LeftButton)
    harness.settle()
    field, viewport = window.focusWidget(), sheet.scrolled.viewport()
    assert field is not None
    assert sheet.arguments.isAncestorOf(field) or field is sheet.arguments
    shown = QRect(field.mapTo(viewport, QPoint()), field.size())
    assert viewport.rect().contains(shown.adjusted(0, 1, 0, -1)), "all of it but its frame"
