"""The keyboard focus and the window's sheets: what the user types goes to what they see in front."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from session_host.protocol.values import Image
from tests.programs.shown_image import png
from tests.support.images import RED
from tests.unit.gui.conftest import WindowHarness

CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def press(harness: WindowHarness, key: Qt.Key) -> None:
    """Press Ctrl, Shift and a key in the widget that has the keyboard."""
    QTest.keyClick(harness.window.focusWidget(), key, CTRL_SHIFT)
    harness.settle()


async def test_a_first_chat_that_starts_behind_a_sheet_does_not_take_the_keyboard(harness: WindowHarness) -> None:
    session_id = await harness.add("one")
    window = harness.open_window()
    window.starting.new_chat("shell", "/tmp")
    window.open_chat(harness.chat(session_id))
    harness.settle()
    assert window.tabs.active_id == session_id
    assert window.sheets.new_chat.is_open
    assert window.sheets.new_chat.isAncestorOf(window.focusWidget()), "typed text goes on into the sheet"


async def test_a_sheet_closes_when_a_key_moves_the_keyboard_behind_it(harness: WindowHarness) -> None:
    session_id = await harness.add("one")
    window = harness.open_window()
    harness.show(session_id)
    window.starting.new_chat("shell", "/tmp")
    sheet = window.sheets.new_chat
    QTest.keyClicks(sheet.name, "typed")
    QTest.keyClick(sheet.name, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    harness.settle()
    assert not sheet.is_open
    assert harness.page.find_bar.field.hasFocus()
    window.starting.new_chat("shell", "/tmp")
    sheet.directory_row.browser.browse()
    harness.settle()
    assert sheet.is_open, "a sheet over it has the keyboard"


async def test_a_key_finds_in_the_chat_from_the_list_of_directories(harness: WindowHarness) -> None:
    session_id = await harness.add("one")
    window = harness.open_window()
    harness.show(session_id)
    window.starting.new_chat("shell", "/tmp")
    window.sheets.new_chat.directory_row.browser.browse()
    press(harness, Qt.Key.Key_F)
    assert not window.sheets.new_chat.directory_row.browser.is_open
    assert harness.page.find_bar.field.hasFocus()


@pytest.mark.parametrize("key", [Qt.Key.Key_P, Qt.Key.Key_F], ids=["palette", "find"])
async def test_a_key_opens_something_else_over_an_image(harness: WindowHarness, key: Qt.Key) -> None:
    session_id = await harness.add("one")
    window = harness.open_window()
    harness.show(session_id)
    window.sheets.show_image(Image("image/png", png(RED)), "/")
    press(harness, key)
    assert not window.sheets.image.is_open
    field = window.sheets.chooser.field if key == Qt.Key.Key_P else harness.page.find_bar.field
    assert field.isVisible()
    assert field.hasFocus()


async def test_an_image_closes_after_the_page_that_had_the_keyboard(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors: list[object] = []
    monkeypatch.setattr(sys, "excepthook", lambda *error: errors.append(error))
    session_id = await harness.add("one")
    window = harness.open_window()
    harness.show(session_id)
    window.sheets.show_image(Image("image/png", png(RED)), "/")
    window.tabs.close(session_id)
    harness.settle()
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Escape)
    assert not window.sheets.image.is_open
    assert window.empty.hasFocus()
    assert not errors
