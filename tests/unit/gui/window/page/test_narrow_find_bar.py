"""The find bar in narrow panes."""

from __future__ import annotations

from itertools import combinations

import pytest
from PySide6.QtWidgets import QWidget

from gui.finding.query import FindQuery
from tests.unit.gui.conftest import WindowHarness


@pytest.mark.parametrize("page_px", [120, 180, 240, 300, 380, 480, 900])
async def test_no_part_of_the_find_bar_covers_another_one(harness: WindowHarness, page_px: int) -> None:
    session_id = await harness.add("shell")
    harness.open_window()
    harness.show(session_id)
    bar = harness.page.find_bar
    harness.page.open_find(FindQuery("needle", is_expression=True))
    bar.place(page_px)
    harness.settle()
    parts = [part for part in bar.findChildren(QWidget) if part.isVisible()]
    assert bar.field in parts
    assert bar.is_expression in parts  # The option is on.
    assert bar.count in parts or page_px < 480
    assert bar.is_word in parts or page_px < 480
    assert [pair for pair in combinations(parts, 2) if pair[0].geometry().intersects(pair[1].geometry())] == []
    assert all(bar.rect().contains(part.geometry()) for part in parts)
