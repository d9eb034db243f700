"""The page without an open tab."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.wording import window_texts
from tests.unit.gui.conftest import Played


async def test_the_first_start_says_once_that_chats_keep_running(played: Played) -> None:
    await played.sessions.refresh_now()
    window = played.open_window()
    played.settle()
    page = window.empty
    await played.until(page._heading.isVisible, "the agents to be found")
    assert page.title.text() == window_texts.first_chat()
    assert window_texts.chats_keep_running() not in page._promise.text()
    await played.add("one")
    played.settle()
    assert page.title.text() == window_texts.running_chats(1)
    assert page._promise.text().startswith(window_texts.chats_keep_running())


async def test_enter_starts_the_first_chat(played: Played) -> None:
    await played.sessions.refresh_now()
    window = played.open_window()
    played.settle()
    window.focus_page()
    started: list[None] = []
    window.empty.new_chat.connect(lambda: started.append(None))
    focused = window.focusWidget()
    assert focused is not None
    QTest.keyClick(focused, Qt.Key.Key_Return)
    assert len(started) == 1
