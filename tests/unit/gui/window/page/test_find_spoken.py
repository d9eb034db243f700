"""Screen readers speak the find bar's results."""

from __future__ import annotations

import pytest

from gui.finding.query import FindQuery
from tests.unit.gui.conftest import WindowHarness


async def test_each_search_and_step_is_announced_once_and_output_is_not(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    announced: list[str] = []
    monkeypatch.setattr("gui.window.page.find_bar.announce", lambda _widget, text: announced.append(text))
    session_id = await harness.add("shell")
    harness.open_window()
    viewer = harness.show(session_id)
    page = harness.page
    assert viewer.emulator is not None
    viewer.emulator.feed(b"needle\r\nneedle\r\n")
    page.view.on_damage()
    harness.settle()
    page.open_find(FindQuery("needle"))
    await harness.until(lambda: announced, "the number of matches")
    assert announced == ["2 of 2"]

    viewer.emulator.feed(b"needle\r\n")
    page.view.on_damage()
    await harness.until(lambda: page.find_bar.count.text() == "2 of 3", "the new match")
    assert announced == ["2 of 2"]
    page.find_bar._step(-1)
    await harness.until(lambda: announced[1:], "the answer to the step")
    assert announced[1:] == ["1 of 3"]
    page.open_find(FindQuery("needles"))
    await harness.until(lambda: announced[2:], "the answer to the other text")
    assert announced[2:] == ["No matches"]
