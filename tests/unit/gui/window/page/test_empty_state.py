"""The page without an open tab."""

from __future__ import annotations

from gui.wording import window_texts
from tests.unit.gui.conftest import Played


async def test_the_first_start_says_once_that_chats_keep_running(played: Played) -> None:
    await played.sessions.look_now()
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
