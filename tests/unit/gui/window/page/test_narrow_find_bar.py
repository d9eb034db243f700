"""The find bar in narrow panes, and its corner."""

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


async def test_the_find_bar_goes_to_the_lower_corner_while_it_would_cover_the_match(harness: WindowHarness) -> None:
    session_id = await harness.add("shell")
    window = harness.open_window()
    window.resize(900, 600)
    harness.show(session_id)
    page = harness.page
    emulator = page.view.emulator
    assert emulator is not None
    right = " " * (emulator.size.columns - 10) + "needle"
    lines = [right, *["middle"] * (emulator.size.rows - 2), right]
    emulator.feed(b"\x1b[H\x1b[2J" + "\r\n".join(lines).encode())
    page.open_find(FindQuery("needle"))
    bar, finder = page.find_bar, page.find_bar._finder
    harness.settle()
    assert (bar.count.text(), bar.y() < page.height() // 2) == ("2 of 2", True)
    bar._step(-1)
    harness.settle()
    assert (bar.count.text(), bar.y() > page.height() // 2) == ("1 of 2", True)
    assert not bar.geometry().intersects(finder.current_rect())
    bar._step(1)
    harness.settle()
    assert not bar.geometry().intersects(finder.current_rect())
    bar.close_find()
    page.open_find(FindQuery("middle"))
    assert bar.y() < page.height() // 2
