"""The command palette finds actions by the words that users type."""

from __future__ import annotations

from tests.unit.gui.conftest import Played

FIRST = {
    "font": "Zoom in",
    "help": "Keyboard shortcuts…",
    "preferences": "Settings…",
    "quit": "Close window (chats keep running)",
    "search": "Search all chats…",
    "stop chat": "Stop chat",
    "terminal": "New shell in this directory",
    "zoom out": "Zoom out",
}


async def test_an_action_is_found_by_its_title_and_by_other_programs_words(played: Played) -> None:
    await played.add("work")
    window = played.open_window()
    played.settle()
    window.actions_.show_palette()
    chooser = window.sheets.chooser
    found = {}
    for typed in FIRST:
        chooser.field.setText(typed)
        found[typed] = chooser.items.item(0).text()
    assert found == FIRST
