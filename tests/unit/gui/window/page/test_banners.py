"""Banners are shown over the page and never take the keyboard."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QWidget

from gui.settings.preferences import Preferences
from gui.window.page.banners import Banner, BannerArea
from gui.window.sheets.question import Question
from session_host.client.viewer.viewer import ViewerState
from session_host.protocol.messages import NoticeEvent
from tests.unit.gui.conftest import Played


def text(played: Played) -> str:
    banner = played.window.banners.current
    return banner.text if banner is not None else ""


async def test_refused_input_is_reported_and_the_terminal_keeps_the_keyboard(played: Played):
    session_id = await played.add("one")
    window = played.open_window()
    viewer = played.show(session_id)
    window.activateWindow()
    await played.until(played.page.view.hasFocus, "the terminal to have the keyboard")
    viewer.refuse("the program does not read its input")
    viewer.refuse("the program does not read its input")
    assert text(played) == "Input to one was not accepted: the program does not read its input"
    assert played.page.view.hasFocus()
    window.banners.dismiss()
    assert window.banners.current is None, "the same line is not there twice"


async def test_after_refused_input_the_user_chooses_to_continue_typing(played: Played):
    session_id = await played.add("one")
    window = played.open_window()
    viewer = played.show(session_id)
    viewer.is_holding = True
    viewer.refuse("the program is not reading its input")
    banner = window.banners.current
    assert banner is not None
    assert (banner.text, banner.action, banner.lasting) == (
        "Input to one was not accepted: the program is not reading its input",
        "Continue typing",
        True,
    )
    window.banners.run_action()
    assert not viewer.is_holding
    assert window.banners.current is None


async def test_unreadable_user_files_are_reported_until_dismissed(played: Played):
    window = played.open_window(preferences=Preferences(problems=("Can’t read window.toml. Using the defaults.",)))
    assert text(played) == "Can’t read window.toml. Using the defaults."
    assert not window.banners._timer.isActive()
    await played.until(lambda: window.banners.height() > 20, "the banner, which came before the window")
    lines = ["/c/chats.toml:1: no", "/c/window.toml:3: no."]
    window._settings.problems.emit(lines)
    assert text(played) == "/c/chats.toml:1: no. /c/window.toml:3: no."
    window._settings.problems.emit([])
    assert text(played) == "", "all files can be read"


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


async def test_a_problem_is_shown_as_one_line(played: Played):
    window = played.open_window()
    played.sessions.problem.emit("the record cannot be written; free some space")
    assert text(played) == "The record cannot be written; free some space"
    assert window.banners.isVisible()


async def test_banners_and_bars_do_not_resize_the_grid(played: Played):
    session_id = await played.add("one")
    window = played.open_window()
    viewer = played.show(session_id)
    before = viewer.size, played.page.view.geometry()
    window.banners.inform("a line")
    viewer.tell(NoticeEvent("recording", "its output is not recorded: the disk is full"))
    viewer.become(ViewerState.RECONNECTING)
    await played.until(played.page.waiting.bar.isVisible, "the bar that says that it reconnects")
    assert window.banners.isVisible()
    bar = played.page.waiting.bar
    assert window.banners.mapTo(window, QPoint()).y() >= bar.mapTo(window, bar.rect().bottomLeft()).y()
    assert played.page.problem_line.isVisible()
    assert (viewer.size, played.page.view.geometry()) == before
    grid = window.layout_state.grid
    viewer.end(0)
    await played.until(played.page.end_bar.isVisible, "the bar below an ended chat")
    played.page.view._size_reporter.report()
    assert window.layout_state.grid == grid, "the next chat starts with the whole page"


async def test_a_banner_does_not_cover_an_open_question(played: Played):
    session_id = await played.add("one")
    window = played.open_window()
    played.show(session_id)
    banners, page = window.banners, played.page
    banners.inform("a line")
    page.ask(Question("Stop one?", "Stop", lambda: None))
    await played.until(lambda: page.question.body.height() > 0, "the question")
    assert banners.isVisible(), "there is room beside the question"
    assert not _covers(banners, page.question.body)
    lines = "a line\n" * 20
    page.ask(Question("Paste 20 lines?", "Paste", lambda: None, subject=lines, is_code=True))
    window.resize(window.minimumSize())
    await played.until(banners.isHidden, "the banner to wait, because the question takes the whole page")
    assert not banners._timer.isActive()
    page.question.dismiss()
    assert banners.isVisible()
    assert text(played) == "a line"
    assert banners._timer.isActive(), "its time begins"


async def test_an_action_without_anything_to_do_says_so(played: Played):
    window = played.open_window()
    window.actions_["reopen_tab"].trigger()
    assert text(played) == "No tab was closed."
    window.actions_["resume_all"].trigger()
    none = "No chat was interrupted by a restart of the computer."
    await played.until(lambda: text(played) == none, "the other line")


def _covers(banners: BannerArea, body: QWidget) -> bool:
    corner = banners.mapTo(banners.window(), QPoint())
    return QRect(corner, banners.size()).intersects(QRect(body.mapTo(banners.window(), QPoint()), body.size()))
