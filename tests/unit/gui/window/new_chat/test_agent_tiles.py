"""The tiles of the agents in the sheet for a new chat."""

from __future__ import annotations

from gui.window.new_chat.agent_tiles import AgentTile
from tests.unit.gui.conftest import WindowHarness


async def test_the_chosen_agent_keeps_the_keyboard_while_agents_are_searched_again(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.commands.starting.new_chat("shell", "/tmp")
    await harness.until(lambda: isinstance(window.focusWidget(), AgentTile), "the keyboard in the sheet")
    window.sheets.new_chat.refresh_agents()
    keyboard = window.focusWidget()
    assert isinstance(keyboard, AgentTile)
    assert (keyboard.agent.name, keyboard.isVisible()) == ("shell", True), "no key is lost meanwhile"
