"""The list that switches to another chat."""

from __future__ import annotations

import re

from PySide6.QtCore import Qt

from session_host.protocol.values import State
from tests.unit.gui.conftest import WindowHarness


async def test_the_switcher_finds_the_chat_of_last_march(harness: WindowHarness):
    for name, day in (
        ("login", "2025-03-10"),
        ("login", "2025-08-01"),
        ("march", "2025-08-02"),
        ("docs", "2025-03-11"),
    ):
        ended = {"created_at": f"{day}T10:00:00Z", "ended_at": f"{day}T11:00:00Z"}
        await harness.add(name, state=State.EXITED, exit_code=0, title="the parser", **ended)
    window = harness.open_window()
    chooser = window.sheets.chooser
    window.commands.lists.switch_chat()

    def found(typed: str) -> list[tuple[str, str]]:
        chooser.field.setText(typed)
        rows = [
            chooser.items.item(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(chooser.items.rowCount())
        ]
        return [(row.partition(",")[0], " ".join(re.findall(r"\d+ (?:Mar|Aug) 2025", row))) for row in rows]

    assert found("march 2025") == [("docs", "11 Mar 2025"), ("login", "10 Mar 2025")]
    assert found("login 2025-03") == [("login", "10 Mar 2025")]
    assert found("march")[0] == ("march", "2 Aug 2025"), "its name"
    assert found("last week") == []
