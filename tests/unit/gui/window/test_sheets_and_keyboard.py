"""The keyboard focus and the window's sheets: what the user types goes to what they see in front."""

from __future__ import annotations

import asyncio
import sys

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from gui.bridge.search import Hit, Query
from gui.window.page.structured_content import StructuredContent
from gui.window.sheets.question import Question
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.errors import LaunchFailed
from session_host.protocol.values import Image
from session_host.storage.store import SessionRecord
from tests.programs.shown_image import png
from tests.support.images import RED
from tests.support.scripted_chat import ScriptedChat, command_request
from tests.unit.gui.conftest import WindowHarness

CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def press(harness: WindowHarness, key: Qt.Key) -> None:
    """Press Ctrl, Shift and a key in the widget that has the keyboard."""
    QTest.keyClick(harness.window.focusWidget(), key, CTRL_SHIFT)
    harness.settle()


def question() -> Question:
    return Question("Paste 2 lines?", "Paste", lambda: None)


async def show_structured(harness: WindowHarness, chat: ScriptedChat) -> StructuredContent:
    """Open a structured chat in the open window."""
    session_id = await harness.add("structured", runtime="structured")
    harness.window.open_chat(harness.chat(session_id))
    viewer = harness.viewers[session_id]
    viewer.show_transcript(chat.transcript)
    harness.settle()
    return harness.content


async def test_a_first_chat_that_starts_behind_a_sheet_does_not_take_the_keyboard(harness: WindowHarness) -> None:
    session_id = await harness.add("one")
    window = harness.open_window()
    window.commands.starting.new_chat("shell", "/tmp")
    window.open_chat(harness.chat(session_id))
    harness.settle()
    assert window.tabs.active_id == session_id
    assert window.sheets.new_chat.is_open
    assert window.sheets.new_chat.isAncestorOf(window.focusWidget()), "typed text goes on into the sheet"


async def test_a_sheet_closes_when_a_key_moves_the_keyboard_behind_it(harness: WindowHarness) -> None:
    await harness.open("one")
    window = harness.window
    window.commands.starting.new_chat("shell", "/tmp")
    sheet = window.sheets.new_chat
    QTest.keyClicks(sheet.name, "typed")
    QTest.keyClick(sheet.name, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    harness.settle()
    assert not sheet.is_open
    assert harness.page.find_bar.field.hasFocus()
    window.commands.starting.new_chat("shell", "/tmp")
    sheet.directory_row.browser.browse()
    harness.settle()
    assert sheet.is_open, "a sheet over it has the keyboard"


async def test_a_key_finds_in_the_chat_from_the_list_of_directories(harness: WindowHarness) -> None:
    await harness.open("one")
    window = harness.window
    window.commands.starting.new_chat("shell", "/tmp")
    window.sheets.new_chat.directory_row.browser.browse()
    press(harness, Qt.Key.Key_F)
    assert not window.sheets.new_chat.directory_row.browser.is_open
    assert harness.page.find_bar.field.hasFocus()


async def test_new_agents_leave_the_keyboard_in_the_list_of_directories(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.commands.starting.new_chat("shell", "/tmp")
    sheet = window.sheets.new_chat
    sheet.tiles.focus()
    sheet.directory_row.browser.browse()
    harness.sessions.path_found.emit()
    assert sheet.directory_row.browser.list.hasFocus()


@pytest.mark.parametrize("key", [Qt.Key.Key_P, Qt.Key.Key_F], ids=["palette", "find"])
async def test_a_key_opens_something_else_over_an_image(harness: WindowHarness, key: Qt.Key) -> None:
    await harness.open("one")
    window = harness.window
    window.sheets.image.show_image(Image("image/png", png(RED)), "/")
    press(harness, key)
    assert not window.sheets.image.is_open
    field = window.sheets.chooser.field if key == Qt.Key.Key_P else harness.page.find_bar.field
    assert field.isVisible()
    assert field.hasFocus()


@pytest.mark.parametrize("key", [Qt.Key.Key_P, Qt.Key.Key_F], ids=["palette", "find"])
async def test_a_key_opens_something_else_while_the_prompt_of_a_new_chat_is_saved(
    harness: WindowHarness, key: Qt.Key
) -> None:
    await harness.open("one")
    window = harness.window
    window.commands.starting.new_chat("claude", "/tmp")
    sheet = window.sheets.new_chat
    sheet.tiles.choose("claude")
    harness.settle()
    QTest.keyClicks(sheet.prompt, "fix the tests")
    sheet.prompt_row.saved_requested.emit()
    QTest.keyClick(sheet.prompt_row.chooser.field, Qt.Key.Key_Return)
    assert window.sheets.save_prompt.name.hasFocus()
    press(harness, key)
    field = window.sheets.chooser.field if key == Qt.Key.Key_P else harness.page.find_bar.field
    assert not sheet.is_open
    assert field.isVisible()
    assert field.hasFocus()


async def test_an_image_closes_after_the_page_that_had_the_keyboard(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors: list[object] = []
    monkeypatch.setattr(sys, "excepthook", lambda *error: errors.append(error))
    session_id = (await harness.open("one")).session_id
    window = harness.window
    window.sheets.image.show_image(Image("image/png", png(RED)), "/")
    window.tabs.close(session_id)
    harness.settle()
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Escape)
    assert not window.sheets.image.is_open
    assert window.empty.hasFocus()
    assert not errors


async def test_a_start_that_fails_after_its_sheet_was_closed_is_reported_by_a_banner(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = asyncio.Event()

    async def launch(_request: LaunchRequest) -> SessionRecord:
        await fails.wait()
        raise LaunchFailed("the disk is full; free some space")

    monkeypatch.setattr("session_host.client.chats.launch.launch", launch)
    window = harness.open_window()
    window.commands.starting.new_chat("command", "/tmp", ["cat"])
    QTest.mouseClick(window.sheets.new_chat.start, Qt.MouseButton.LeftButton)
    press(harness, Qt.Key.Key_P)
    assert not window.sheets.new_chat.is_open
    fails.set()
    await harness.until(lambda: window.banners.current, "the banner")
    assert harness.banner == "The disk is full; free some space"
    assert window.sheets.chooser.field.hasFocus()


async def test_status_details_close_after_their_chat_was_removed(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors: list[object] = []
    monkeypatch.setattr(sys, "excepthook", lambda *error: errors.append(error))
    one, two = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window()
    harness.show(two)
    harness.show(one)
    window.sheets.explain.ask(harness.chat(one))
    await harness.storage.call(lambda store: store.remove(one))
    await harness.sessions.refresh_now()
    harness.settle()
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Escape)
    assert not window.sheets.explain.is_open
    assert not errors


@pytest.mark.parametrize("where", ["filter", "sheet"])
async def test_a_shown_chat_that_is_removed_elsewhere_does_not_take_the_keyboard(
    harness: WindowHarness, where: str
) -> None:
    session_id = (await harness.open("one")).session_id
    window = harness.window
    page = await show_structured(harness, ScriptedChat())
    assert page.view.prompt.editor.hasFocus()
    if where == "sheet":
        window.commands.starting.new_chat("shell", "/tmp")
    typing_in = window.sheets.new_chat.name if where == "sheet" else window.sidebar.filter
    typing_in.setFocus()
    await harness.storage.call(lambda store: store.remove(page.chat.id))
    await harness.sessions.refresh_now()
    harness.settle()
    assert window.tabs.active_id == session_id
    assert typing_in.hasFocus()


async def test_a_question_that_is_withdrawn_does_not_take_the_keyboard(harness: WindowHarness) -> None:
    one, two = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window()
    harness.show(one)
    window.tabs.mirror("right")
    harness.show(two)
    window.tabs.focus("left")
    harness.page.ask(question())
    window.tabs.focus("right")
    view = harness.view
    assert view.hasFocus()
    harness.viewers[one].end(0)
    harness.settle()
    assert not any(page.is_question_open for page in window.tabs.pages())
    assert view.hasFocus()


async def test_a_click_beside_a_question_gives_its_page_the_keyboard(harness: WindowHarness) -> None:
    await harness.open("one")
    window = harness.window
    harness.page.ask(question())
    window.sidebar.take_focus()
    QTest.mouseClick(harness.page.question, Qt.MouseButton.LeftButton, pos=QPoint(4, 4))
    assert not harness.page.is_question_open
    assert harness.view.hasFocus()


async def test_a_request_that_is_answered_elsewhere_does_not_take_the_keyboard(harness: WindowHarness) -> None:
    window = harness.open_window()
    chat = ScriptedChat()
    page = await show_structured(harness, chat)
    chat.ask(command_request("make"))
    page.view.changed()
    await harness.until(page.view.page.visible_cards, "the request")
    page.view.show_request()
    assert page.view.page.isAncestorOf(window.focusWidget())
    window.commands.starting.new_chat("shell", "/tmp")
    sheet = window.sheets.new_chat
    sheet.name.setFocus()
    chat.resolve("r1", "yes", "Allow", "another window")
    page.view.changed()
    await harness.until(lambda: not page.view.page.visible_cards(), "the request to be gone")
    assert sheet.is_open
    assert sheet.name.hasFocus()


async def test_a_search_result_of_a_slow_chat_does_not_take_the_keyboard_from_another_chat(
    harness: WindowHarness,
) -> None:
    slow, other = [await harness.add(name) for name in ("slow", "other")]
    window = harness.open_window()
    harness.show(other)
    viewer = harness.viewers[slow]
    hit = Hit(slow, 1, 0, 0, "hello")
    window.sheets.searching.sheet.chosen.emit(Query.of("hello"), hit)
    assert window.tabs.active_id == slow
    window.open_chat(harness.chat(other))
    viewer.go_live()
    harness.settle()
    assert harness.view.hasFocus()
