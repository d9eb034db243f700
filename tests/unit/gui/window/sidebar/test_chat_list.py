"""The list of chats: it scrolls to a chat that is opened elsewhere, takes typed letters, and is dragged from."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QDrag, QImage, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.window.sidebar.entries import ChatRow
from gui.window.sidebar.model import ENTRY_ROLE
from gui.window.sidebar.sidebar import Sidebar
from session_host.client.viewer.viewer import ViewerState
from session_host.protocol.values import Activity
from tests.unit.gui.conftest import WindowHarness, one_pane


async def test_the_drag_image_of_chats_is_opaque_and_beside_the_pointer(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        await harness.add(name)
    listed = harness.open_window().sidebar.list
    pictures: list[tuple[QImage, QPoint]] = []
    monkeypatch.setattr(
        QDrag, "exec", lambda drag, _actions: pictures.append((drag.pixmap().toImage(), drag.hotSpot()))
    )
    listed.setCurrentIndex(listed.model().index(1, 0))
    listed.startDrag(Qt.DropAction.MoveAction)
    listed.selectAll()
    listed.startDrag(Qt.DropAction.MoveAction)
    for picture, pointer in pictures:
        points = [QPoint(x, y) for x in range(picture.width()) for y in range(picture.height())]
        assert {picture.pixelColor(point).alpha() for point in points} == {255}, "no desktop must blend it"
        assert not picture.rect().contains(pointer)
        assert picture.height() < 48, "the rows below stay legible"
    assert len(pictures) == 2


async def test_a_row_names_the_account_where_the_list_has_several_of_an_agent(harness: WindowHarness) -> None:
    own = await harness.add("a", agent="claude", account="work")
    for name, agent, account in (("b", "claude", ""), ("c", "codex", "own")):
        await harness.add(name, agent=agent, account=account)
    model = harness.open_window().sidebar.model

    def accounts() -> dict[str, str]:
        rows = (model.index(row, 0).data(ENTRY_ROLE) for row in range(model.rowCount()))
        return {row.name: row.account for row in rows if isinstance(row, ChatRow)}

    assert accounts() == {"a": "work", "b": "", "c": ""}
    row = model.index_of(own)
    assert "Claude Code, work" in row.data(Qt.ItemDataRole.AccessibleTextRole)
    assert "Claude Code, work" in row.data(Qt.ItemDataRole.ToolTipRole)


async def test_a_text_that_is_typed_into_the_list_goes_to_no_chat(harness: WindowHarness):
    shown, other = await harness.add("alpha"), await harness.add("gamma")
    window = harness.open_window()
    harness.show(shown)
    chats = window.sidebar.list
    chats.setFocus()
    QTest.keyClicks(chats, "gamma is typed here")
    harness.settle()
    assert window.tabs.ids() == [shown]
    await harness.until(lambda: not chats._typing.isActive(), "the end of the typing")
    chats.setCurrentIndex(window.sidebar.model.index_of(other))
    QTest.keyClick(chats, Qt.Key.Key_Space)
    harness.settle()
    assert window.tabs.ids() == [shown, other], "a space alone opens the chat"


PLACE = QPointF(20, 60)
NONE = Qt.MouseButton.NoButton


def is_in_view(sidebar: Sidebar, session_id: str) -> bool:
    """Return whether the whole row of a chat is visible."""
    row = sidebar.list.visualRect(sidebar.model.index_of(session_id))
    return not row.isEmpty() and sidebar.list.viewport().rect().contains(row)


def move_pointer(sidebar: Sidebar) -> None:
    viewport = sidebar.list.viewport()
    place = viewport.mapToGlobal(PLACE)
    modifiers = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(viewport, QMouseEvent(QEvent.Type.MouseMove, PLACE, place, NONE, NONE, modifiers))


def take_pointer_away(sidebar: Sidebar) -> None:
    QApplication.sendEvent(sidebar.list.viewport(), QEvent(QEvent.Type.Leave))


@pytest.fixture
async def many(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Add more chats than the sidebar has room for; the first one is shown. The pointer does not rest."""
    monkeypatch.setattr("gui.window.sidebar.sidebar.POINTER_RESTS_MS", 600_000)
    ids = [await harness.add(f"chat {number}") for number in range(40)]
    harness.open_window(one_pane(ids[:1], ids[0]))
    harness.settle()
    assert is_in_view(harness.window.sidebar, ids[0])
    assert not is_in_view(harness.window.sidebar, ids[-1])
    return ids


async def test_the_row_of_a_chat_that_is_opened_elsewhere_or_again_is_scrolled_into_view(
    harness: WindowHarness, many: list[str]
) -> None:
    sidebar = harness.window.sidebar
    bar = sidebar.list.verticalScrollBar()
    for session_id in (many[-1], many[0], many[20]):
        harness.show(session_id)
        assert is_in_view(sidebar, session_id)
        assert (bar.value() == 0) == (session_id == many[0]), "the first chat of a group is shown below its heading"
    bar.setValue(0)
    harness.settle()
    assert not is_in_view(sidebar, many[20]), "scrolling alone does not bring it back"
    harness.window.open_chat(harness.chat(many[20]))
    assert is_in_view(sidebar, many[20])
    new = await harness.add("new")
    harness.window.open_chat(harness.chat(new))
    harness.settle()
    assert is_in_view(sidebar, new), "once its row exists"


async def test_the_sidebar_does_not_scroll_under_the_pointer(harness: WindowHarness, many: list[str]) -> None:
    sidebar = harness.window.sidebar
    move_pointer(sidebar)
    harness.show(many[-1])
    assert is_in_view(sidebar, many[0])
    take_pointer_away(sidebar)
    assert is_in_view(sidebar, many[-1])


async def test_the_sidebar_stays_where_the_user_scrolled_it(harness: WindowHarness, many: list[str]) -> None:
    sidebar = harness.window.sidebar
    move_pointer(sidebar)
    harness.show(many[-1])
    viewport = sidebar.list.viewport()
    place, step = viewport.mapToGlobal(PLACE), QPointF(0, -120).toPoint()
    modifiers, phase = Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    QApplication.sendEvent(
        viewport, QWheelEvent(PLACE, place, QPointF().toPoint(), step, NONE, modifiers, phase, False)
    )
    scrolled = sidebar.list.verticalScrollBar().value()
    assert scrolled > 0
    take_pointer_away(sidebar)
    harness.settle()
    assert sidebar.list.verticalScrollBar().value() == scrolled


async def test_the_sidebar_does_not_scroll_while_it_has_the_keyboard(harness: WindowHarness, many: list[str]) -> None:
    sidebar = harness.window.sidebar
    harness.window.activateWindow()
    sidebar.take_focus()
    await harness.until(sidebar.list.hasFocus, "the list's focus")
    sidebar.set_active(many[-1])
    harness.settle()
    assert is_in_view(sidebar, many[0])
    harness.window.focus_page()
    await harness.until(lambda: is_in_view(sidebar, many[-1]), "the row, once the terminal has the keyboard")


async def test_the_restored_chat_stays_in_view_while_the_chats_states_become_known(harness: WindowHarness) -> None:
    ids = [await harness.add(f"chat {number}", agent="claude") for number in range(40)]
    sidebar = harness.open_window(one_pane([ids[-1]], ids[-1])).sidebar
    harness.settle()
    for session_id in reversed(ids):
        harness.viewers[session_id].be(Activity.NEEDS_INPUT if session_id == ids[-1] else Activity.IDLE)
        harness.viewers[session_id].become(ViewerState.LIVE)
        harness.settle()
        assert is_in_view(sidebar, ids[-1])
    harness.viewers[ids[-1]].be(Activity.IDLE)
    harness.settle()
    assert not is_in_view(sidebar, ids[-1]), "later the list does not follow a chat that changes its group"


async def test_a_filter_shows_its_first_matches_and_without_it_the_visible_chat_is_in_view_again(
    harness: WindowHarness, many: list[str]
) -> None:
    sidebar = harness.window.sidebar
    harness.window.activateWindow()
    sidebar.list.scrollToBottom()
    sidebar.filter.setFocus()
    await harness.until(sidebar.filter.hasFocus, "the filter's focus")
    QTest.keyClicks(sidebar.filter, "chat")
    harness.settle()
    assert sidebar.list.verticalScrollBar().value() == 0
    harness.show(many[-1])
    QTest.keyClick(sidebar.filter, Qt.Key.Key_Escape)
    QTest.keyClick(sidebar.filter, Qt.Key.Key_Escape)
    await harness.until(lambda: is_in_view(sidebar, many[-1]), "the visible chat's row")
