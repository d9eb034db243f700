"""Notices and tool tips over a page cover neither the cursor's row nor the typed text."""

from __future__ import annotations

from PySide6.QtCore import QMargins, QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolTip, QWidget

from gui.theme.tokens import GAP_S_PX
from gui.window.page.banners import Banner
from gui.window.page.state_bars import TypedAreaWatcher
from session_host.client.viewer.viewer import ViewerState
from session_host.protocol.messages import NoticeEvent
from session_host.protocol.values import CellSize
from tests.support.scripted_chat import ScriptedChat
from tests.unit.gui.conftest import FakeViewer, WindowHarness

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
    window = harness.window
    window.activateWindow()
    await harness.until(harness.view.hasFocus, "the terminal to have the keyboard")
    assert viewer.emulator is not None
    viewer.emulator.resize(harness.terminal.grid, CellSize(8, 17))
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


async def test_a_cursor_that_moves_with_each_frame_places_a_notice_a_few_times_a_second(harness: WindowHarness):
    await harness.add("one")
    notice, placed = QWidget(harness.open_window()), []
    TypedAreaWatcher(notice, lambda: placed.append(notice.isVisible()))
    notice.show()
    harness.settle()
    placed.clear()
    for _ in range(50):
        QGuiApplication.inputMethod().cursorRectangleChanged.emit()
    before = len(placed)
    assert before <= 1
    await harness.until(lambda: len(placed) > before, "the last movement to be noticed")


async def test_a_banner_is_not_over_the_buttons_below_an_ended_chat(harness: WindowHarness):
    viewer = await typing(harness)
    banners = harness.window.banners
    banners.show_banner(Banner("a line", lasting=True))
    below = place(harness.page).bottom() - 100
    assert place(banners).top() > below
    viewer.end(1)
    await harness.until(harness.page.end_bar.isVisible, "the bar below an ended chat")
    bar = harness.page.end_bar
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
    await harness.until(page.waiting.bar.isVisible, "the bar that says that it reconnects")
    assert not place(page.waiting.bar).intersects(cursor_row(harness))
    assert not place(page.problem_line).intersects(cursor_row(harness))
    feed(viewer, TO_THE_END)
    await harness.until(lambda: cursor_row(harness).top() > 300, "the cursor at the lower end")
    await harness.until(
        lambda: not place(page.problem_line).intersects(cursor_row(harness)), "the problem to make room"
    )
    assert not place(page.waiting.bar).intersects(cursor_row(harness))
    view.prompts.go(-1)
    assert view.prompts.label.text
    assert not place(view.prompts.label).intersects(cursor_row(harness))


async def test_a_banner_is_not_over_the_prompt_of_a_structured_chat(harness: WindowHarness):
    session_id = await harness.add("one", runtime="structured")
    window = harness.open_window()
    window.resize(700, 300)
    window.open_chat(harness.chat(session_id))
    viewer = harness.viewers[session_id]
    viewer.show_transcript(ScriptedChat().transcript)
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
