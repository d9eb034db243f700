"""Banners tell and ask, and never take the keyboard."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.settings.preferences import Preferences
from gui.window.banners import Banner
from session_host.protocol.values import Activity
from tests.unit.gui.conftest import Played


def text(played: Played) -> str:
    banner = played.window.banners.current
    return banner.text if banner is not None else ""


async def test_refused_input_is_said_and_the_keyboard_stays(played: Played):
    session_id = await played.add("one")
    window = played.open_window()
    viewer = played.show(session_id)
    window.activateWindow()
    await played.until(played.page.view.hasFocus, "the terminal to have the keyboard")
    viewer.refuse("the program does not read its input")
    viewer.refuse("the program does not read its input")
    assert text(played) == "Not sent to one: the program does not read its input"
    assert played.page.view.hasFocus()
    window.banners.dismiss()
    assert window.banners.current is None, "the same line is not there twice"


async def test_a_paste_of_several_lines_asks_first(played: Played):
    session_id = await played.add("one")
    played.open_window()
    viewer = played.show(session_id)
    played.page.view.paste_text("rm -rf x\nls\n")
    assert text(played).startswith("Paste 2 lines?")
    assert not [call for call in viewer.calls if call[0] == "paste"]
    played.window.banners.act()
    assert [call for call in viewer.calls if call[0] == "paste"] == [("paste", "rm -rf x\nls\n")]
    assert text(played) == ""


async def test_a_paste_is_not_given_to_a_tab_that_was_closed_meanwhile(played: Played):
    session_id = await played.add("one")
    played.open_window()
    viewer = played.show(session_id)
    played.page.view.paste_text("a\nb\n")
    played.window.tabs.close(session_id)
    played.window.banners.act()
    assert not [call for call in viewer.calls if call[0] == "paste"]


async def test_files_of_the_users_that_cannot_be_read_are_said_until_dismissed(played: Played):
    window = played.open_window(preferences=Preferences(problems=("window.toml cannot be read; defaults are used",)))
    assert text(played) == "window.toml cannot be read; defaults are used"
    assert not window.banners._timer.isActive()


async def test_an_earlier_banner_comes_back(played: Played):
    window = played.open_window()
    window.banners.show_banner(Banner("first", lasting=True))
    window.banners.inform("second")
    assert text(played) == "second"
    window.banners.dismiss()
    assert text(played) == "first"
    window.banners.show_banner(Banner("third", key="x"))
    window.banners.withdraw("x")
    assert text(played) == "first"


async def test_only_a_working_chat_is_asked_about_before_it_is_stopped(played: Played):
    ids = [await played.add(name) for name in ("one", "two")]
    window = played.open_window()
    stopped: list[str] = []
    played.sessions.stop = lambda chat: stopped.append(chat.name)  # type: ignore[method-assign]
    window.verbs.stop(played.chat(ids[0]))
    assert stopped == ["one"]
    played.viewers[ids[1]].be(Activity.WORKING)
    window.verbs.stop(played.chat(ids[1]))
    assert stopped == ["one"]
    assert text(played) == "two is working. Stop it all the same?"
    window.banners.act()
    assert stopped == ["one", "two"]
    assert window.layout_state.ended_by_you == ids


async def test_stop_all_asks_and_can_be_left_alone(played: Played):
    for name in ("one", "two"):
        await played.add(name)
    window = played.open_window()
    stopped: list[bool] = []
    played.sessions.stop_all = lambda: stopped.append(True)  # type: ignore[method-assign]
    window.verbs.stop_all()
    assert text(played) == "Stop all 2 running chats? Their agents are asked to end."
    window.banners.dismiss()
    assert stopped == []
    window.verbs.stop_all()
    action = window.banners._action
    assert action.text() == "Stop 2 chats"
    QTest.mouseClick(action, Qt.MouseButton.LeftButton)
    assert stopped == [True]


async def test_problems_become_one_line(played: Played):
    window = played.open_window()
    played.sessions.problem.emit("the record cannot be written; free some space")
    assert text(played) == "The record cannot be written; free some space"
    assert window.banners.isVisible()
