"""Banners never take the keyboard; notices and tool tips over a page cover neither the cursor's row nor typed text."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import QMargins, QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolTip, QWidget

from gui.settings.preferences import Preferences
from gui.theme.tokens import GAP_S_PX
from gui.window.actions.links import LinkOpener
from gui.window.page.banners import INFORM_MS, Banner, BannerArea
from gui.window.sheets.question import Question
from session_host.client.viewer.viewer import ViewerState
from session_host.protocol.messages import NoticeEvent
from session_host.protocol.values import CellSize, FileLocation, State
from tests.support.area import Area
from tests.support.scripted_chat import ScriptedChat
from tests.unit.gui.conftest import FakeViewer, WindowHarness, one_pane


async def test_refused_input_is_reported_and_the_terminal_keeps_the_keyboard(harness: WindowHarness):
    viewer = await harness.open("one")
    window = harness.window
    await harness.focus_terminal()
    viewer.refuse("the program does not read its input")
    viewer.refuse("the program does not read its input")
    assert harness.banner == "Input to one was not accepted: the program does not read its input"
    assert harness.view.hasFocus()
    window.banners.dismiss()
    assert window.banners.current is None, "the same line is not there twice"


async def test_after_refused_input_the_user_chooses_to_continue_typing(harness: WindowHarness):
    viewer = await harness.open("one")
    window = harness.window
    viewer.inputs.is_holding = True
    viewer.refuse("the program is not reading its input")
    banner = window.banners.current
    assert banner is not None
    assert (banner.text, banner.action, banner.lasting) == (
        "Input to one was not accepted: the program is not reading its input",
        "Continue typing",
        True,
    )
    window.banners.run_action()
    assert not viewer.inputs.is_holding
    assert window.banners.current is None


async def test_unreadable_user_files_are_reported_until_dismissed(harness: WindowHarness):
    window = harness.open_window(preferences=Preferences(problems=("Can’t read window.toml. Using the defaults.",)))
    assert harness.banner == "Can’t read window.toml. Using the defaults."
    assert not window.banners._timer.isActive()
    await harness.until(lambda: window.banners.height() > 20, "the banner, which came before the window")
    lines = ["/c/chats.toml:1: no", "/c/window.toml:3: no.", "keys.toml:2: no", "no theme x.toml"]
    window._settings.problems.emit(lines)
    assert harness.banner == "/c/chats.toml:1: no. /c/window.toml:3: no. keys.toml:2: no. No theme x.toml."
    window._settings.problems.emit([])
    assert harness.banner == "", "all files can be read"


async def test_a_key_without_effect_is_reported_with_its_file(harness: WindowHarness, area: Area):
    window = harness.open_window()
    area.config.mkdir(parents=True, exist_ok=True)
    (area.config / "keys.toml").write_text('find = "F6"\nfly = "F7"\n')
    harness.settings.read_again()
    assert harness.banner == f"{area.config}/keys.toml:2: unknown action 'fly'."
    assert window.banners._action.text() == "Open file"


async def test_a_removal_is_offered_to_be_undone_only_while_it_can_be(harness: WindowHarness):
    ids = [await harness.add(name, state=State.EXITED, exit_code=0) for name in ("one", "two")]
    window = harness.open_window()
    window.commands.chat_actions._remove_now([harness.chat(session_id) for session_id in ids])
    assert harness.banner == "2 chats removed"
    window.banners.inform("later")
    await harness.sessions.removals.finish()
    window.banners.dismiss()
    assert harness.banner == "", "the chats are gone"


async def test_undo_is_not_covered_by_a_line_that_only_informs(harness: WindowHarness):
    session_id = await harness.add("t8", state=State.EXITED, exit_code=0)
    window = harness.open_window()
    banners = window.banners
    banners.inform("earlier")
    window.commands.chat_actions.remove(harness.chat(session_id))
    left_ms = banners._timer.remainingTime
    await harness.until(lambda: left_ms() < INFORM_MS, "some of its time to pass")
    before = left_ms()
    window.actions_["reopen_tab"].trigger()
    assert harness.banner == "t8 removed"
    assert banners._action.isVisible()
    assert banners._action.text() == "Undo"
    assert banners._text_below.isVisible()
    assert banners._text_below.text() == "There is no closed tab to reopen."
    await harness.until(lambda: banners._text_below.y() >= banners._action.geometry().bottom(), "both to be laid out")
    assert left_ms() <= before, "a removal cannot be undone for longer"
    banners._below_timer.timeout.emit()
    assert (harness.banner, banners._text_below.isVisible()) == ("t8 removed", False)
    banners.inform("later")
    banners._action.click()
    assert not harness.sessions.listed.is_hidden(harness.chat(session_id))
    assert harness.banner == "later"
    assert not banners._text_below.isVisible()
    banners.dismiss()
    assert harness.banner == "earlier"
    banners.show_banner(Banner("gone", "Undo"))
    banners.inform("later")
    await harness.until(lambda: banners._below_timer.remainingTime() < INFORM_MS, "some of its time to pass")
    before = banners._below_timer.remainingTime()
    banners._timer.timeout.emit()
    assert harness.banner == "later", "the offer is over"
    assert left_ms() <= before, "it has been read for some time"
    banners.show_banner(Banner("gone", "Undo"))
    banners.inform("later still")
    banners.dismiss()
    assert harness.banner == "later"


async def test_the_file_with_a_problem_opens_at_its_line(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch):
    opened: list[FileLocation] = []
    monkeypatch.setattr(LinkOpener, "open_file", lambda _self, file: opened.append(file))
    window = harness.open_window()
    window.banners.show_problems(["/c d/chats.toml:12: no", "/c/keys.toml:1: no"], "settings")
    assert window.banners._action.text() == "Open file"
    window.banners._action.click()
    assert opened == [FileLocation("/c d/chats.toml", 12)]
    window.banners.show_problems(["no theme x.toml"], "settings")
    assert not window.banners._action.isVisible()


async def test_a_problem_is_shown_as_one_line(harness: WindowHarness):
    window = harness.open_window()
    harness.sessions.problem.emit("the record cannot be written; free some space")
    assert harness.banner == "The record cannot be written; free some space"
    assert window.banners.isVisible()


async def test_banners_and_bars_do_not_resize_the_grid(harness: WindowHarness):
    viewer = await harness.open("one")
    window = harness.window
    before = viewer.size, harness.view.geometry()
    window.banners.inform("a line")
    viewer.tell(NoticeEvent("recording", "its output is not recorded: the disk is full"))
    viewer.become(ViewerState.RECONNECTING)
    await harness.until(harness.page.bars.waiting.bar.isVisible, "the bar that says that it reconnects")
    lines = (window.banners, harness.page.bars.waiting.bar, harness.page.bars.problem.get())
    assert all(line.isVisible() for line in lines)
    areas = [QRect(line.mapTo(window, QPoint()), line.size()) for line in lines]
    assert not any(one.intersects(other) for one, other in itertools.combinations(areas, 2))
    assert (viewer.size, harness.view.geometry()) == before
    grid = window.layout_state.grid
    viewer.end(0)
    await harness.until(harness.page.bars.end.get().isVisible, "the bar below an ended chat")
    harness.view.sizing.report()
    assert window.layout_state.grid == grid, "the next chat starts with the whole page"


async def test_a_banner_does_not_cover_an_open_question(harness: WindowHarness):
    await harness.open("one")
    window = harness.window
    banners, page = window.banners, harness.page
    banners.inform("a line")
    page.question.ask(Question("Stop one?", "Stop", lambda: None))
    await harness.until(lambda: page.question.body.height() > 0, "the question")
    assert banners.isVisible(), "there is room beside the question"
    assert not _covers(banners, page.question.body)
    lines = "a line\n" * 20
    page.question.ask(Question("Paste 20 lines?", "Paste", lambda: None, subject=lines, is_code=True))
    window.resize(window.minimumSize())
    await harness.until(banners.isHidden, "the banner to wait, because the question takes the whole page")
    assert not banners._timer.isActive()
    page.question.dismiss()
    assert banners.isVisible()
    assert harness.banner == "a line"
    assert banners._timer.isActive(), "its time begins"


def _covers(banners: BannerArea, body: QWidget) -> bool:
    corner = banners.mapTo(banners.window(), QPoint())
    return QRect(corner, banners.size()).intersects(QRect(body.mapTo(banners.window(), QPoint()), body.size()))


async def test_a_line_behind_an_undo_is_shown_whole_when_that_is_gone(harness: WindowHarness):
    """The lower half of its second line was cut off."""
    banners = harness.open_window().banners
    line = "Your desktop has no tray. When you close the window, chats keep running, but you get no notifications."
    banners.show_banner(Banner(line, lasting=True))
    harness.settle()
    banners.show_banner(Banner("shell closed. An idle shell ends with its tab.", "Undo", key="undo"))
    harness.settle()
    banners.withdraw("undo")
    harness.settle()
    label = banners._text
    assert (label.text(), label.height()) == (line, label.heightForWidth(label.width()))


TO_THE_TOP, TO_THE_END = b"\x1b[H", b"\x1b[999H"
MARGINS = QMargins(GAP_S_PX, GAP_S_PX, GAP_S_PX, GAP_S_PX)
"""The gap around a banner, where the page is visible."""


def feed(viewer: FakeViewer, output: bytes) -> None:
    viewer.feed(output)
    viewer.delegate.viewer_damaged()


LONG_MS = 600_000
"""The time after which Qt hides a tool tip by itself; it is longer than a test."""


def place(notice: QWidget) -> QRect:
    """Return the widget's rectangle in the window."""
    return QRect(notice.mapTo(notice.window(), QPoint()), notice.size())


def cursor_row(harness: WindowHarness) -> QRect:
    """Return the rectangle of the cursor's row in the window."""
    view = harness.view
    cursor: QRect = view.inputMethodQuery(Qt.InputMethodQuery.ImCursorRectangle)
    return QRect(view.mapTo(view.window(), QPoint(0, cursor.top())), cursor.size()).adjusted(0, 0, view.width(), 0)


async def typing(harness: WindowHarness) -> FakeViewer:
    """Show a terminal that has the keyboard, with the cursor in its first row."""
    viewer = await harness.open("one")
    await harness.focus_terminal()
    assert viewer.replica.emulator is not None
    viewer.replica.emulator.resize(harness.terminal.grid, CellSize(8, 17))
    feed(viewer, TO_THE_TOP)
    await harness.until(lambda: cursor_row(harness).top() < 80, "the cursor at the upper end")
    return viewer


async def type_below_a_tool_tip(harness: WindowHarness, typed: QWidget) -> None:
    QToolTip.showText(typed.mapToGlobal(QPoint()), "about the tab above", typed, QRect(), LONG_MS)
    assert QToolTip.isVisible()
    QTest.keyClicks(typed, "a")
    await harness.until(lambda: not QToolTip.isVisible(), "the tool tip to go")


async def test_a_tool_tip_disappears_when_the_user_types_below_it(harness: WindowHarness):
    await typing(harness)
    await type_below_a_tool_tip(harness, harness.view)


async def test_a_banner_moves_to_the_other_end_when_the_user_types_below_it(harness: WindowHarness):
    viewer = await typing(harness)
    banners, page = harness.window.banners, harness.page
    banners.show_banner(Banner("a line", lasting=True))
    below = place(page).bottom() - 100
    assert place(banners).top() > below, "the cursor is where a banner usually is"
    feed(viewer, b"\x1b[5H")
    harness.settle()
    assert place(banners).top() > below, "it does not move without need"
    feed(viewer, TO_THE_END)
    await harness.until(lambda: place(banners).bottom() < place(page).top() + 100, "the banner at the upper end")
    banners.dismiss()
    feed(viewer, TO_THE_TOP + b"x" * 4 * harness.terminal.grid.columns)
    await harness.until(lambda: 80 < cursor_row(harness).top() < below, "four rows of typed text")
    banners.show_banner(Banner("another line", lasting=True))
    assert place(banners).top() > below, "the rows that the line began with are not covered either"


async def test_a_banner_is_not_over_the_buttons_below_an_ended_chat(harness: WindowHarness):
    viewer = await typing(harness)
    banners = harness.window.banners
    banners.show_banner(Banner("a line", lasting=True))
    below = place(harness.page).bottom() - 100
    assert place(banners).top() > below
    viewer.end(1)
    await harness.until(harness.page.bars.end.get().isVisible, "the bar below an ended chat")
    bar = harness.page.bars.end.get()
    await harness.until(lambda: not place(banners).marginsRemoved(MARGINS).intersects(place(bar)), "the banner to move")
    banners.dismiss()
    banners.show_banner(Banner("another line", lasting=True))
    assert not place(banners).marginsRemoved(MARGINS).intersects(place(bar))


async def test_lines_about_the_connection_and_the_record_are_not_over_the_cursor(harness: WindowHarness):
    viewer = await typing(harness)
    page = harness.page
    view = harness.view
    viewer.tell(NoticeEvent("recording", "its output is not recorded: the disk is full"))
    viewer.become(ViewerState.RECONNECTING)
    await harness.until(page.bars.waiting.bar.isVisible, "the bar that says that it reconnects")
    assert not place(page.bars.waiting.bar).intersects(cursor_row(harness))
    assert not place(page.bars.problem.get()).intersects(cursor_row(harness))
    feed(viewer, TO_THE_END)
    await harness.until(lambda: cursor_row(harness).top() > 300, "the cursor at the lower end")
    await harness.until(
        lambda: not place(page.bars.problem.get()).intersects(cursor_row(harness)), "the problem to make room"
    )
    assert not place(page.bars.waiting.bar).intersects(cursor_row(harness))
    view.prompts.go(-1)
    assert view.prompts.label.text
    assert not place(view.prompts.label).intersects(cursor_row(harness))


async def test_a_banner_is_not_over_the_prompt_of_a_structured_chat(harness: WindowHarness):
    window = harness.open_window()
    window.resize(700, 300)
    await harness.open_chat_view(ScriptedChat().transcript)
    content = harness.content
    window.activateWindow()
    await harness.until(content.view.prompt.editor.hasFocus, "the prompt to have the keyboard")
    window.banners.show_banner(Banner("a line " * 30, lasting=True))
    content.view.prompt.editor.setPlainText("line\n" * 20)
    harness.settle()
    assert not place(window.banners).marginsRemoved(MARGINS).intersects(place(content.view.prompt))
    content.view.page.setFocus()
    harness.settle()
    assert not place(window.banners).marginsRemoved(MARGINS).intersects(place(content.view.prompt)), "reading messages"
    content.view.prompt.editor.setFocus()
    await type_below_a_tool_tip(harness, content.view.prompt.editor)


async def test_a_banner_is_over_the_pane_in_use_and_over_no_other(harness: WindowHarness):
    ids = [await harness.add(name) for name in ("left", "right")]
    window = harness.open_window(one_pane([ids[0]], ids[0]))
    window.resize(1200, 600)
    harness.settle()
    panes = window.tabs.panes
    panes.split_pane(panes.active, "right")
    panes.focus("right")
    window.open_chat(harness.chat(ids[1]))
    harness.settle()
    assert len(panes.all()) == 2
    window.banners.inform("a line for the user")
    for number in (0, 1):
        panes.activate_pane(panes.all()[number].number)
        harness.settle()
        page = window.tabs.active_page
        assert page is not None
        over = QRect(page.mapTo(window, QPoint()), page.size())
        assert over.contains(QRect(window.banners.mapTo(window, QPoint()), window.banners.size()))
