"""The find bar: its keys, its place in narrow panes, and what screen readers speak of it."""

from __future__ import annotations

from itertools import combinations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from gui.finding.query import FindQuery
from tests.support.scripted_chat import ScriptedChat
from tests.unit.gui.conftest import WindowHarness


async def test_ctrl_f_opens_the_find_bar_of_a_chat_view_and_f3_goes_on_from_everywhere_in_it(
    harness: WindowHarness,
) -> None:
    chat = ScriptedChat()
    for number in range(3):
        chat.put("agent", f"needle {number}")
    await harness.open_chat_view(chat.transcript)
    window = harness.window
    page = window.tabs.active_page
    assert page is not None
    content = page.structured
    assert content is not None
    window.activateWindow()
    editor = content.view.prompt.editor
    await harness.until(editor.hasFocus, "the prompt to have the keyboard")
    QTest.keyClick(editor, Qt.Key.Key_F3)
    QTest.keyClick(editor, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    bar = page.bars.find.get()
    assert bar.isVisible()
    await harness.until(bar.field.hasFocus, "the find bar to have the keyboard")
    QTest.keyClicks(bar.field, "needle")
    await harness.until(lambda: bar.count.text() == "3 of 3", "the last match")
    editor.setFocus()
    QTest.keyClick(editor, Qt.Key.Key_F3)
    await harness.until(lambda: bar.count.text() == "2 of 3", "the match above")
    content.view.page.setFocus()
    QTest.keyClick(content.view.page, Qt.Key.Key_F3, Qt.KeyboardModifier.ShiftModifier)
    await harness.until(lambda: bar.count.text() == "3 of 3", "the match below it")


async def test_each_search_and_step_is_announced_once_and_output_is_not(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    announced: list[str] = []
    monkeypatch.setattr("gui.window.page.find_bar.announce", lambda _widget, text: announced.append(text))
    viewer = await harness.open("shell")
    page = harness.page
    view = harness.view
    viewer.feed(b"needle\r\nneedle\r\n")
    view.display.on_damage()
    harness.settle()
    page.open_find(FindQuery("needle"))
    await harness.until(lambda: announced, "the number of matches")
    assert announced == ["2 of 2"]

    viewer.feed(b"needle\r\n")
    view.display.on_damage()
    await harness.until(lambda: page.bars.find.get().count.text() == "2 of 3", "the new match")
    assert announced == ["2 of 2"]
    page.bars.find.get()._step(-1)
    await harness.until(lambda: announced[1:], "the answer to the step")
    assert announced[1:] == ["1 of 3"]
    page.open_find(FindQuery("needles"))
    await harness.until(lambda: announced[2:], "the answer to the other text")
    assert announced[2:] == ["No matches"]


async def test_no_part_of_the_find_bar_covers_another_one(harness: WindowHarness) -> None:
    await harness.open("shell")
    bar = harness.page.bars.find.get()
    harness.page.open_find(FindQuery("needle", is_expression=True))
    for page_px in (120, 180, 240, 300, 380, 480, 900):
        bar.place(page_px)
        harness.settle()
        parts = [part for part in bar.findChildren(QWidget) if part.isVisible()]
        assert {bar.field, bar.is_expression} <= set(parts), "the option is on"
        assert {bar.count, bar.is_word} <= set(parts) or page_px < 480
        covered = [pair for pair in combinations(parts, 2) if pair[0].geometry().intersects(pair[1].geometry())]
        assert covered == [], f"at {page_px} px"
        assert all(bar.rect().contains(part.geometry()) for part in parts)


async def test_the_find_bar_goes_to_the_lower_corner_while_it_would_cover_the_match(harness: WindowHarness) -> None:
    session_id = await harness.add("shell")
    window = harness.open_window()
    window.resize(900, 600)
    harness.show(session_id)
    page = harness.page
    view = harness.view
    emulator = view.display.emulator
    assert emulator is not None
    right = " " * (emulator.size.columns - 10) + "needle"
    lines = [right, *["middle"] * (emulator.size.rows - 2), right]
    emulator.feed(b"\x1b[H\x1b[2J" + "\r\n".join(lines).encode())
    page.open_find(FindQuery("needle"))
    bar, finder = page.bars.find.get(), page.bars.find.get()._finder
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
