"""The sidebar: order, groups, days and selection; rows that show each change and do not move under the pointer."""

from __future__ import annotations

import asyncio
import random
import threading
import uuid
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QEvent, QItemSelectionModel, QObject, QPoint, QPointF, QRect, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFontMetrics,
    QGuiApplication,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QRegion,
)
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QMenu, QStyle, QStyleOptionViewItem, QToolTip, QWidget

from gui.bridge.chat import Chat
from gui.bridge.sparklines import BARS, HIGHEST
from gui.settings.theme_files import Library
from gui.theme.contrast import TEXT_RATIO, ratio
from gui.theme.desktop import DesktopLook
from gui.theme.painting import bar_height, squares
from gui.theme.theme import Theme
from gui.theme.tokens import SIDEBAR_COLLAPSED_PX, blend, project_color
from gui.window.actions.chats.chat_actions import listed
from gui.window.actions.lists import ChatChoices
from gui.window.sidebar.delegate import SidebarDelegate, shortened
from gui.window.sidebar.entries import ChatRow, DayHeading, Heading, full_text, letters_of, spoken_text
from gui.window.sidebar.flyout import Flyout
from gui.window.sidebar.model import PAGE_ROWS, SidebarModel
from gui.window.sidebar.resting_pointer import RestingPointer
from gui.window.sidebar.sidebar import Sidebar
from session_host.agents.agent import Agent
from session_host.client.worktrees.status import Status
from session_host.protocol.facts import AgentStatus, ChatFacts, LaterPrompt
from session_host.protocol.messages import ActivityEvent, NameEvent, OutputEvent, SendLater
from session_host.protocol.turns import TurnFacts
from session_host.protocol.values import Activity, State
from session_host.standing.groups import Group
from session_host.storage.store import Store
from tests.support.calls import calls_of
from tests.support.displays import XServer
from tests.support.facts import changed, chat_facts
from tests.support.themes import DARK, LIGHT
from tests.support.windows import xdotool
from tests.unit.gui.conftest import WAIT_S, WindowHarness, one_pane

LONG_MS = 600_000


def lines(model: SidebarModel) -> list[str]:
    """The rows of the list as text: headings in brackets, days with a dash."""
    found = []
    for row in range(model.rowCount()):
        entry = model.entry(model.index(row))
        if isinstance(entry, Heading):
            found.append(f"[{entry.title}]")
        elif isinstance(entry, DayHeading):
            found.append(f"- {entry.title}")
        elif isinstance(entry, ChatRow):
            found.append(entry.name)
    return found


def ended(days_ago: float) -> dict[str, Any]:
    moment = datetime.now().astimezone().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=days_ago)
    return {
        "state": State.EXITED,
        "exit_code": 0,
        "ended_at": moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


async def test_chats_are_grouped_by_project_and_the_choice_is_remembered(harness: WindowHarness) -> None:
    await harness.add("api one", cwd="/srv/api")
    await harness.add("docs", cwd="/srv/docs")
    await harness.add("api two", cwd="/tmp/wt/two", repository="/srv/api/.git")
    await harness.add("over", cwd="/srv/api", **ended(0))
    await harness.add("api three", cwd="/home/me/link to api", real_cwd="/srv/api")
    sidebar = harness.open_window().sidebar
    assert lines(sidebar.model) == ["[running]", "api one", "docs", "api two", "api three", "[ended]"]
    harness.settings.write({"group_chats": "project"})
    assert lines(sidebar.model) == ["[api]", "api one", "api two", "api three", "[docs]", "docs", "[ended]"]
    rows = [sidebar.model.entry(sidebar.model.index(row)) for row in range(sidebar.model.rowCount())]
    assert [row.location for row in rows if isinstance(row, ChatRow)] == ["", "two", "link to api", ""], (
        "a heading is not repeated"
    )
    height = sidebar.list.visualRect(sidebar.model.index(1)).height()
    harness.settings.write({"compact_rows": True})
    harness.settle()
    assert sidebar.list.visualRect(sidebar.model.index(1)).height() < height


async def test_ended_chats_are_listed_below_the_day_of_their_end(harness: WindowHarness) -> None:
    for name, ago in (("now", 0), ("one", 1), ("three", 3), ("also three", 2.999), ("old", 40)):
        await harness.add(name, **ended(ago))
    sidebar = harness.open_window().sidebar
    sidebar.model.toggle_group("ended")
    today = datetime.now().astimezone()
    three, old = today - timedelta(days=3), today - timedelta(days=40)
    shown = f"{old.day} {old:%B}" + ("" if old.year == today.year else f" {old.year}")
    assert lines(sidebar.model) == [
        "[ended]",
        "- Today",
        "now",
        "- Yesterday",
        "one",
        f"- {three:%A}",
        "also three",
        "three",
        f"- {shown}",
        "old",
    ]


async def test_a_pinned_chat_is_listed_first_and_its_continuation_too(harness: WindowHarness) -> None:
    ids = [await harness.add(name) for name in ("one", "two", "three")]
    model = harness.open_window().sidebar.model
    harness.sessions.order.pin([harness.chat(ids[2])], pinned=True)
    harness.settle()
    assert lines(model) == ["[Pinned]", "three", "[running]", "one", "two"]
    row = model.data(model.index_of(ids[2]), Qt.ItemDataRole.AccessibleTextRole)
    assert "pinned" in row
    harness.viewers[ids[2]].end(exit_code=0)
    await harness.storage.call(lambda store: store.update(ids[2], state=State.EXITED, ended_at="2026-01-02T05:00:00Z"))
    await harness.add("three again", resumed_from=ids[2])
    assert lines(model)[:2] == ["[Pinned]", "three again"]
    follower = next(chat for chat in harness.sessions.chats.made() if chat.name == "three again")
    await asyncio.sleep(0)  # Let the task that saves it begin; the store's thread keeps the order of saves.
    stored = await harness.storage.call(lambda store: {record.id: record.entry.pinned for record in Store.all(store)})
    assert (stored[follower.id], stored[ids[2]]) == (True, False)
    harness.sessions.order.pin([follower], pinned=False)
    harness.settle()
    assert lines(model)[:1] == ["[running]"]


async def test_a_pinned_chat_that_asks_is_among_those_that_need_the_user_above_all(harness: WindowHarness) -> None:
    ids = [await harness.add(name, agent="claude") for name in ("one", "two", "three")]
    model = harness.open_window().sidebar.model
    chats = [harness.chat(each) for each in ids]
    harness.sessions.order.pin(chats[1:], pinned=True)
    for each in ids:
        harness.viewers[each].be(Activity.IDLE)
    harness.viewers[ids[1]].be(Activity.NEEDS_INPUT)
    harness.settle()
    asking = ["[needs you]", "two", "[Pinned]", "three", "[idle]", "one"]
    assert lines(model) == asking
    assert model.drop_row(chats[1:2], 1) is None, "waits have an order of their own"
    model.move(chats[1:], 2)
    assert lines(model) == asking, "a chat that is dropped there keeps its pin"
    harness.viewers[ids[1]].be(Activity.IDLE)
    harness.settle()
    assert lines(model) == ["[Pinned]", "two", "three", "[idle]", "one"]


async def test_rows_move_again_after_a_choice_in_a_submenu_of_a_rows_menu(
    harness: WindowHarness, display: XServer
) -> None:
    one, two = [await harness.add(name, agent="claude") for name in ("one", "two")]
    sidebar = harness.open_window().sidebar
    sidebar._pointer_rests.setInterval(LONG_MS)
    viewport = sidebar.list.viewport()

    def move_to(widget: QWidget, place: QPoint) -> None:
        there = widget.mapToGlobal(place)
        xdotool("mousemove", str(there.x() - 1), str(there.y()), "mousemove", str(there.x()), str(there.y()))

    def visible_menus() -> list[QMenu]:
        return [each for each in QApplication.topLevelWidgets() if isinstance(each, QMenu) and each.isVisible()]

    move_to(viewport, sidebar.list.visualRect(sidebar.model.index_of(two)).center())
    await harness.until(lambda: sidebar.model.is_held, "the pointer on the row")
    xdotool("click", "3")
    await harness.until(visible_menus, "the menu")
    [menu] = visible_menus()
    mark = next(each for each in menu.actions() if each.text() == "Mark")
    move_to(menu, menu.actionGeometry(mark).center())
    xdotool("click", "1")
    await harness.until(lambda: len(visible_menus()) == 2, "the submenu")
    submenu = mark.menu()
    assert isinstance(submenu, QMenu)
    unread = next(each for each in submenu.actions() if each.text() == "Mark as unread")
    move_to(submenu, submenu.actionGeometry(unread).center())
    xdotool("click", "1")
    await harness.until(lambda: harness.chat(two).unseen.output, "the choice")
    assert not viewport.underMouse(), "the row is not painted as one below the mouse"
    harness.viewers[two].be(Activity.WORKING)
    harness.viewers[one].be(Activity.IDLE)
    harness.settle()
    assert lines(sidebar.model) == ["[working]", "two", "[idle]", "one"]


async def test_the_users_order_survives_a_new_start(harness: WindowHarness) -> None:
    ids = [await harness.add(name) for name in ("one", "two", "three")]
    sidebar = harness.open_window().sidebar
    model = sidebar.model
    model.move([harness.chat(ids[2])], 1)
    assert lines(model) == ["[running]", "three", "one", "two"]
    sidebar.list.setFocus()
    sidebar.list.setCurrentIndex(model.index_of(ids[0]))
    QTest.keyClick(sidebar.list, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert lines(model) == ["[running]", "three", "two", "one"]
    await asyncio.sleep(0)
    stored = await harness.storage.call(
        lambda store: sorted(Store.all(store), key=lambda record: record.entry.position or 0)
    )
    assert [record.entry.name for record in stored] == ["three", "two", "one"]
    await harness.add("four")
    assert lines(model)[-1] == "four", "a new one comes last"
    model.move([harness.chat(ids[1])], 0)
    assert lines(model)[:2] == ["[Pinned]", "two"], "above everything, a chat is pinned"


async def test_a_pinned_chat_is_dropped_at_the_marked_position(harness: WindowHarness) -> None:
    ids = [await harness.add(name) for name in ("one", "two", "three", "four")]
    model = harness.open_window().sidebar.model
    harness.sessions.order.pin([harness.chat(ids[0])], pinned=True)
    harness.settle()
    assert lines(model) == ["[Pinned]", "one", "[running]", "two", "three", "four"]
    model.move([harness.chat(ids[0])], model.index_of(ids[2]).row())
    harness.settle()
    assert lines(model) == ["[running]", "two", "one", "three", "four"]
    model.move([harness.chat(ids[3])], 0)
    model.move([harness.chat(ids[1])], 1)
    harness.settle()
    assert lines(model) == ["[Pinned]", "two", "four", "[running]", "one", "three"]


async def test_several_chats_are_stopped_and_removed_with_one_question(harness: WindowHarness) -> None:
    ids = [await harness.add(name, state=State.EXITED, exit_code=0) for name in ("one", "two", "three")]
    running = [await harness.add(name) for name in ("four", "five")]
    window = harness.open_window()
    sidebar, question = window.sidebar, window.sheets.question
    for session_id in ids:
        window.open_chat(harness.chat(session_id))
    sidebar.model.toggle_group("ended")
    chosen = sidebar.list.selectionModel()
    for session_id in ids[:2]:
        chosen.select(sidebar.model.index_of(session_id), QItemSelectionModel.SelectionFlag.Select)
    sidebar.list.setFocus()
    QTest.keyClick(sidebar.list, Qt.Key.Key_Delete)
    assert question.is_open
    text = " ".join(widget.text() for widget in question.body.findChildren(type(question.yes)))
    assert "Remove 2 chats" in text
    assert question.detail.text() == "What they showed is deleted. You can undo this for 10 seconds."
    question.yes.click()
    assert window.focusWidget() is sidebar.list, "the next key is for the list, not for an agent"
    assert harness.listed_names() == ["five", "four", "three"]
    assert window.banners.current is not None
    window.banners.run_action()
    assert len(harness.listed_names()) == 5
    assert window.tabs.ids() == ids, "their tabs are back"
    sidebar.list.setCurrentIndex(sidebar.model.index_of(running[0]))
    QTest.keyClick(sidebar.list, Qt.Key.Key_Delete)
    assert harness.banner.startswith("Running chats can’t be removed")
    stopped: list[str] = []
    harness.sessions.lifecycle.stop = lambda chat: stopped.append(chat.name)  # type: ignore[method-assign]
    window.commands.chat_actions.stop_several([harness.chat(each) for each in [*ids, *running]])
    question.yes.click()
    assert stopped == ["four", "five"]
    QTest.keyClick(sidebar.list, Qt.Key.Key_F2)
    assert window.sheets.name.is_open
    window.sheets.name.dismiss()
    assert window.focusWidget() is sidebar.list
    harness.show(running[0])
    window.sheets.name.ask("four", stopped.append)
    window.sheets.name.dismiss()
    assert window.focusWidget() is harness.view


async def test_f2_after_a_click_on_a_row_renames_and_types_nothing_to_the_agent(harness: WindowHarness) -> None:
    structured, terminal = await harness.add("view", runtime="structured"), await harness.add("program")
    over = await harness.add("over", **ended(0))
    window = harness.open_window()
    sidebar, sheet = window.sidebar, window.sheets.name
    sidebar.model.toggle_group("ended")

    async def click_and_press(session_id: str, *keys: Qt.Key) -> None:
        place = sidebar.list.visualRect(sidebar.model.index_of(session_id)).center()
        QTest.mouseClick(sidebar.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert not sidebar.list.hasFocus(), "what is typed is for the chat"
        for key in keys:
            await harness.press(key)

    def is_asked(name: str) -> bool:
        found = sheet.is_open and sheet.field.text() == name
        sheet.dismiss()
        return found

    await click_and_press(structured, Qt.Key.Key_F2)
    assert is_asked("view")
    await harness.press(Qt.Key.Key_A)
    await harness.press(Qt.Key.Key_F2)
    assert is_asked("view"), "no program gets the key in a chat view"
    await click_and_press(terminal)
    viewer = harness.viewers[terminal]
    viewer.go_live()
    await harness.press(Qt.Key.Key_F2)
    assert is_asked("program")
    assert [call for call in viewer.calls if call[0] == "key"] == []
    await click_and_press(terminal, Qt.Key.Key_A, Qt.Key.Key_F2)
    assert not sheet.is_open
    assert "F2" in {call[1] for call in viewer.calls if call[0] == "key"}, "the program's key, while the user uses it"
    await click_and_press(terminal)
    QTest.mouseClick(window.windowHandle(), Qt.MouseButton.LeftButton, pos=harness.view.mapTo(window, QPoint(60, 60)))
    await harness.press(Qt.Key.Key_F2)
    assert not sheet.is_open, "a click into the program"
    await click_and_press(terminal, Qt.Key.Key_Delete)
    assert (harness.banner, viewer.calls[-1][1]) == ("", "Delete"), "of a running chat, the program's"
    await click_and_press(over, Qt.Key.Key_Delete)
    assert harness.listed_names() == ["program", "view"]


async def test_f2_renames_an_ended_chat_from_its_page(harness: WindowHarness) -> None:
    (await harness.open("one")).end(0)
    harness.settle()
    await harness.press(Qt.Key.Key_F2)
    assert harness.window.sheets.name.is_open


async def test_a_click_with_ctrl_selects_and_opens_nothing(harness: WindowHarness) -> None:
    ids = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window()
    sidebar = window.sidebar
    places: list[QPoint] = [sidebar.list.visualRect(sidebar.model.index_of(each)).center() for each in ids]
    for place in places:
        control = Qt.KeyboardModifier.ControlModifier
        QTest.mouseClick(sidebar.list.viewport(), Qt.MouseButton.LeftButton, control, place)
    assert [chat.name for chat in sidebar.selection.chats()] == ["one", "two"]
    QTest.mouseClick(sidebar.list.viewport(), Qt.MouseButton.LeftButton, pos=places[1])
    assert window.tabs.active_id == ids[1]
    assert [chat.name for chat in sidebar.selection.chats()] == ["two"]


async def test_enter_opens_one_of_several_selected_chats_and_selects_it_alone(harness: WindowHarness) -> None:
    ids = [await harness.add(name) for name in ("one", "two", "three")]
    window = harness.open_window()
    sidebar = window.sidebar
    sidebar.list.setFocus()
    sidebar.list.setCurrentIndex(sidebar.model.index_of(ids[0]))
    QTest.keyClick(sidebar.list, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert [chat.name for chat in sidebar.selection.chats()] == ["one", "two"]
    QTest.keyClick(sidebar.list, Qt.Key.Key_Return)
    assert window.tabs.active_id == ids[1]
    assert [chat.name for chat in sidebar.selection.chats()] == ["two"]


async def test_switching_chats_clears_a_multiple_selection(harness: WindowHarness) -> None:
    ids = [await harness.add(name) for name in ("one", "two", "three")]
    window = harness.open_window()
    harness.show(ids[0])
    sidebar = window.sidebar
    window.activateWindow()
    sidebar.take_focus()
    await harness.until(sidebar.list.hasFocus, "the list to have the keyboard")
    QTest.keyClick(sidebar.list, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    window.focus_page()
    await harness.until(harness.view.hasFocus, "the chat to have the keyboard")
    assert len(sidebar.selection.chats()) == 2, "the user may still act on them"
    harness.show(ids[2])
    assert (sidebar.selection.chats(), sidebar.delegate.is_single) == ([], True)


async def test_the_visible_chat_is_not_marked_while_others_are_selected(harness: WindowHarness) -> None:
    ids = [await harness.add(name) for name in ("one", "two", "three")]
    window = harness.open_window()
    sidebar = window.sidebar
    window.open_chat(harness.chat(ids[2]))

    def background(session_id: str) -> QColor:
        index = sidebar.model.index_of(session_id)
        option = QStyleOptionViewItem()
        option.rect = QRect(0, 0, 240, 48)
        if sidebar.list.selectionModel().isSelected(index):
            option.state = QStyle.StateFlag.State_Selected
        picture = QImage(240, 48, QImage.Format.Format_RGB32)
        picture.fill(0)
        painter = QPainter(picture)
        sidebar.delegate.paint(painter, option, index)
        painter.end()
        return picture.pixelColor(232, 24)

    plain, shown = background(ids[0]), background(ids[2])
    assert shown != plain
    chosen = sidebar.list.selectionModel()
    chosen.clearSelection()
    for session_id in ids[:2]:
        chosen.select(sidebar.model.index_of(session_id), QItemSelectionModel.SelectionFlag.Select)
    assert [background(each) for each in ids] == [shown, shown, plain]


async def test_a_heading_shows_that_it_has_the_keyboard_and_can_be_folded_by_it(harness: WindowHarness) -> None:
    for name in ("one", "two"):
        await harness.add(name)
    sidebar = harness.open_window().sidebar
    sidebar.several_menu_requested.disconnect()
    asked: list[str] = []
    sidebar.several_menu_requested.connect(lambda chats, _place: asked.extend(chat.name for chat in chats))
    sidebar.list.setFocus()
    QTest.keyClick(sidebar.list, Qt.Key.Key_End)
    QTest.keyClick(sidebar.list, Qt.Key.Key_Home, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(sidebar.list, Qt.Key.Key_Menu)
    assert asked == ["one", "two"], "the menu is that of the selected chats"
    QTest.keyClick(sidebar.list, Qt.Key.Key_Home)
    heading = sidebar.list.currentIndex()
    assert isinstance(sidebar.model.entry(heading), Heading)
    pictures = []
    for state in (QStyle.StateFlag.State_None, QStyle.StateFlag.State_HasFocus):
        option = QStyleOptionViewItem()
        option.rect = QRect(0, 0, 240, 28)
        option.state = state
        picture = QImage(240, 28, QImage.Format.Format_RGB32)
        picture.fill(0)
        painter = QPainter(picture)
        sidebar.delegate.paint(painter, option, heading)
        painter.end()
        pictures.append(picture)
    assert pictures[0].pixelColor(100, 0) != pictures[1].pixelColor(100, 0) == QColor(harness.theme.tokens.accent)
    QTest.keyClick(sidebar.list, Qt.Key.Key_Return)
    assert lines(sidebar.model) == ["[running]"]


async def test_the_search_field_grows_while_it_is_used_and_says_that_nothing_matches(harness: WindowHarness) -> None:
    await harness.add("one")
    window = harness.open_window()
    sidebar = window.sidebar
    sidebar.list.setFocus()
    harness.settle()
    narrow = sidebar.filter.width()
    sidebar.filter.setFocus()
    harness.settle()
    assert sidebar.filter.width() > narrow + 60
    QTest.keyClicks(sidebar.filter, "onw")
    harness.settle()
    assert (lines(sidebar.model), sidebar.no_matches.isVisible()) == ([], True)
    assert sidebar.no_matches.search.isVisible()
    QTest.keyClick(sidebar.filter, Qt.Key.Key_Backspace)
    harness.settle()
    assert (lines(sidebar.model), sidebar.no_matches.isVisible()) == (["[running]", "one"], False)
    sidebar.list.setFocus()
    harness.settle()
    assert sidebar.filter.width() > narrow + 60, "what is searched for stays readable"
    sidebar.filter.clear()
    harness.settle()
    assert sidebar.filter.width() == narrow


async def test_an_ended_chat_that_is_open_is_found_although_ended_chats_are_folded(harness: WindowHarness) -> None:
    running, ended_one, other = (
        await harness.add("one"),
        await harness.add("two", state=State.EXITED, exit_code=0),
        await harness.add("three", state=State.EXITED, exit_code=0),
    )
    window = harness.open_window()
    sidebar = window.sidebar
    assert lines(sidebar.model) == ["[running]", "one", "[ended]"]
    for session_id in (ended_one, running):
        window.open_chat(harness.chat(session_id))
    assert lines(sidebar.model) == ["[running]", "one", "[ended]", "two"]
    sidebar.set_collapsed(True)
    assert lines(sidebar.model) == ["one", "two"], "the marks, too"
    sidebar.set_collapsed(False)
    window.open_chat(harness.chat(other))
    window.tabs.close(ended_one)
    assert lines(sidebar.model) == ["[running]", "one", "[ended]", "three"]
    harness.viewers[running].end(exit_code=0)
    await harness.until(lambda: lines(sidebar.model) == ["[ended]", "one", "three"], "the chat that ended to stay")


async def test_commands_of_the_palette_switch_how_chats_are_listed(harness: WindowHarness) -> None:
    await harness.add("one", cwd="/tmp/site")
    window = harness.open_window()

    def offered() -> list[str]:
        titles = [choice.title for choice in window.actions_.choices()]
        known = ("Group by project", "Group by state", "Compact rows", "Rows of two lines")
        return [title for title in known if title in titles]

    assert offered() == ["Group by project", "Compact rows"]
    for name in ("group_by_project", "compact_rows"):
        window.actions_[name].trigger()
    assert lines(window.sidebar.model) == ["[site]", "one"]
    assert window.sidebar.delegate.compact
    assert offered() == ["Group by state", "Rows of two lines"]
    for name in ("group_by_project", "compact_rows"):
        window.actions_[name].trigger()
    assert offered() == ["Group by project", "Compact rows"]


async def test_an_empty_sidebar_says_what_will_be_there(harness: WindowHarness) -> None:
    await harness.sessions.machines.here.refresh_now()
    sidebar = harness.open_window().sidebar
    assert sidebar.no_chats.isVisible()
    sidebar.filter.setText("x")
    assert not sidebar.no_chats.isVisible(), "the filter has a text of its own"
    assert sidebar.no_matches.isVisible()
    sidebar.filter.clear()
    assert sidebar.no_chats.isVisible()
    sidebar.set_collapsed(True)
    assert not sidebar.no_chats.isVisible()
    sidebar.set_collapsed(False)
    await harness.add("one")
    assert not sidebar.no_chats.isVisible()


async def test_escape_selects_only_the_visible_chat_and_returns_the_keyboard(harness: WindowHarness) -> None:
    ids = [await harness.add(name) for name in ("one", "two", "three")]
    window = harness.open_window()
    harness.show(ids[1])
    await harness.focus_terminal()
    sidebar = window.sidebar
    sidebar.take_focus()
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Down):
        QTest.keyClick(sidebar.list, key, Qt.KeyboardModifier.ShiftModifier)
    assert [chat.name for chat in sidebar.selection.chats()] == ["two", "three"]
    QTest.keyClick(sidebar.list, Qt.Key.Key_Escape)
    assert [chat.name for chat in sidebar.selection.chats()] == ["two"]
    await harness.until(harness.view.hasFocus, "the terminal to have the keyboard again")
    sidebar.filter.setFocus()
    QTest.keyClicks(sidebar.filter, "three")
    assert lines(sidebar.model) == ["[running]", "three"]
    QTest.keyClick(sidebar.filter, Qt.Key.Key_Escape)
    assert lines(sidebar.model) == ["[running]", "one", "two", "three"]
    assert sidebar.filter.hasFocus()
    QTest.keyClick(sidebar.filter, Qt.Key.Key_Escape)
    await harness.until(harness.view.hasFocus, "the terminal to have the keyboard after a second Escape")
    for chosen in (ids[0], ids[2]):
        sidebar.list.selectionModel().select(sidebar.model.index_of(chosen), QItemSelectionModel.SelectionFlag.Select)
    held = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_L, held)
    assert [chat.name for chat in sidebar.selection.chats()] == ["two"], (
        "the keys that lead to the list select nothing else"
    )
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Shift)  # The keys are released.
    sidebar.list.selectAll()
    sidebar.model.toggle_group("running")
    QTest.keyClick(sidebar.list, Qt.Key.Key_Escape)
    assert sidebar.selection.chats() == [], "the shown chat is below a folded heading"


async def test_the_many_ended_chats_of_a_year_are_below_folded_months(harness: WindowHarness) -> None:
    today = datetime.now().astimezone().replace(hour=12)
    records = [
        _record(
            number, {"state": State.EXITED, "exit_code": 0, "ended_at": (today - timedelta(5 * number)).isoformat()}
        )
        for number in range(70)
    ]

    def insert(store: Store) -> None:
        for record in records:
            store.insert(record)

    await harness.storage.call(insert)
    await harness.sessions.machines.here.refresh_now()
    window = harness.open_window()
    model = window.sidebar.model
    model.toggle_group("ended")
    shown = lines(model)
    assert shown[:3] == ["[ended]", "- Today", "chat 0"]
    assert [line for line in shown if line.startswith("chat")] == ["chat 0", "chat 1", "chat 2"], "of 14 days"
    months = [entry for row in range(model.rowCount()) if isinstance(entry := model.entry(model.index(row)), Heading)][
        1:
    ]
    assert len(months) >= 11
    assert sum(month.count for month in months) == 67
    assert all(month.folded for month in months)
    oldest = months[-1]
    QTest.mouseClick(
        window.sidebar.list.viewport(),
        Qt.MouseButton.LeftButton,
        pos=window.sidebar.list.visualRect(model.index(model.rowCount() - 1)).center(),
    )
    assert len([line for line in lines(model) if line.startswith("chat")]) == 3 + oldest.count
    model.set_filter("chat 30")
    assert [line for line in lines(model) if line.startswith("chat")] == ["chat 30"], "in a folded month, too"
    assert oldest.key in model.listing.folded


async def test_three_thousand_ended_chats_cost_no_more_than_three_hundred(harness: WindowHarness) -> None:
    running = [_record(number, {}) for number in range(20)]
    window = harness.open_window()
    model, sessions = window.sidebar.model, harness.sessions
    costs: list[dict[str, int]] = []
    for count in (300, 3000):
        shown = [_record(number, ended(number / 5)) for number in range(60)]
        past = [*shown, *(_record(number, ended(20 + number * 340 / count)) for number in range(60, count))]
        sessions.chats.apply(sessions.machines.here.machine, [*running, *past], None)
        harness.settle()
        assert len(sessions.chats.made()) == len(running), "ended chats are folded"
        change = partial(_change, harness.chat(running[3].id), model)
        costs.append(
            {
                "a change": calls_of(change),
                "unfold": calls_of(lambda: model.toggle_group("ended")),
                "a change, unfolded": calls_of(change),
                "filter": calls_of(lambda: model.set_filter("chat 2")) - 20 * count,  # Each text is looked at.
                "no filter": calls_of(lambda: model.set_filter("")),
            }
        )
        model.toggle_group("ended")
    assert len(sessions.chats.made()) < len(running) + 400
    few, many = costs
    assert {step: calls for step, calls in many.items() if calls > 1.5 * few[step] + 100 * PAGE_ROWS} == {}


def _change(chat: Chat, model: SidebarModel) -> None:
    chat.changed.emit()
    model.refresh()


async def test_rows_of_ended_chats_are_made_as_the_user_scrolls(harness: WindowHarness) -> None:
    past = [_record(number, ended(number / 1000)) for number in range(500)]
    harness.sessions.chats.apply(harness.sessions.machines.here.machine, past, None)
    window = harness.open_window()
    sidebar = window.sidebar
    harness.settle()
    sidebar.model.toggle_group("ended")
    assert len(lines(sidebar.model)) == PAGE_ROWS + 2
    harness.settle()
    bar = sidebar.list.verticalScrollBar()
    bar.setValue(bar.maximum())
    harness.settle()
    assert len(lines(sidebar.model)) == 2 * PAGE_ROWS + 2
    assert sidebar.model.index_of(past[350].id).isValid(), "the page of a chat that is shown in a tab is made"
    assert lines(sidebar.model) == ["[ended]", "- Today", *(f"chat {number}" for number in range(4 * PAGE_ROWS))]


def _record(number: int, fields: dict[str, Any]) -> ChatFacts:
    defaults: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "name": f"chat {number}",
        "agent": "command",
        "argv": ["cat"],
        "cwd": "/tmp",
        "state": State.RUNNING,
        "created_at": f"2026-01-02T03:{number // 60:02}:{number % 60:02}Z",
    }
    return chat_facts(**(defaults | fields))


async def test_a_text_that_the_filter_does_not_find_can_be_searched_in_all_chats(harness: WindowHarness):
    await harness.add("one")
    window = harness.open_window()
    sidebar = window.sidebar
    sidebar.filter.setFocus()
    QTest.keyClicks(sidebar.filter, "timeout")
    QTest.keyClick(sidebar.filter, Qt.Key.Key_Return)
    sheet = window.sheets.searching.sheet
    assert sheet.is_open
    assert sheet.field.text() == "timeout"
    assert lines(sidebar.model) == ["[running]", "one"]


ACTIVITIES = list(Activity)


def names(model: SidebarModel) -> list[str]:
    entries = [model.entry(model.index(row)) for row in range(model.rowCount())]
    return [entry.name for entry in entries if isinstance(entry, ChatRow)]


async def test_after_any_changes_of_chats_the_model_is_consistent(harness: WindowHarness):
    model = SidebarModel(harness.sessions, {Group.ENDED})
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    harness.sessions.chats.changed.connect(model.refresh)
    harness.sessions.follow_all()
    chance = random.Random(13)
    ids = [await harness.add(f"chat {number % 4}") for number in range(12)]
    for step in range(150):
        session_id = chance.choice(ids)
        match chance.randrange(8):
            case 0:
                model.toggle_group(chance.choice(list(Group)))
            case 1:
                model.set_filter(chance.choice(["", "", "chat 1", "nothing like it"]))
            case 2:
                model.hold(chance.random() < 0.5)
            case 3:
                model.set_headings(chance.random() < 0.7)
            case 4 if step % 5 == 0:
                ids.append(await harness.add(f"new {step}"))
            case 5 if not harness.chat(session_id).has_ended and chance.random() < 0.2:
                harness.viewers[session_id].end(exit_code=0)
            case _ if not harness.chat(session_id).has_ended:
                harness.viewers[session_id].be(chance.choice(ACTIVITIES), f"2026-01-02T05:00:{step % 60:02}Z")
        harness.settle()
    gone = next(session_id for session_id in ids if harness.chat(session_id).has_ended)
    model.hold(True)
    harness.sessions.lifecycle.remove(harness.chat(gone))
    await harness.until(lambda: harness.sessions.chats.get(gone) is None, "a chat to be removed")
    harness.settle()
    model.hold(False)
    model.set_headings(True)
    model.set_filter("")
    model.listing.folded.clear()
    model.refresh()
    assert sorted(names(model)) == sorted(chat.name for chat in harness.sessions.chats.made())
    tester.deleteLater()


async def test_rows_do_not_move_under_the_pointer(harness: WindowHarness):
    ids = [await harness.add(name) for name in ("one", "two", "three")]
    window = harness.open_window()
    for session_id in ids:
        harness.viewers[session_id].be(Activity.WORKING)
    harness.settle()
    sidebar = window.sidebar
    sidebar._pointer_rests.setInterval(LONG_MS)
    assert names(sidebar.model) == ["one", "two", "three"]
    place = QPointF(20, 60)
    viewport = sidebar.list.viewport()
    harness.viewers[ids[1]].be(Activity.NEEDS_INPUT, detail="Run npm test?")
    QApplication.sendEvent(viewport, QEnterEvent(place, place, viewport.mapToGlobal(place)))
    harness.settle()
    assert names(sidebar.model) == ["two", "one", "three"], "a window that comes up under a pointer holds nothing"
    harness.viewers[ids[1]].be(Activity.WORKING)
    harness.settle()
    button = Qt.MouseButton.NoButton
    QApplication.sendEvent(
        viewport,
        QMouseEvent(
            QEvent.Type.MouseMove, place, viewport.mapToGlobal(place), button, button, Qt.KeyboardModifier.NoModifier
        ),
    )
    harness.viewers[ids[2]].be(Activity.NEEDS_INPUT, detail="Run npm test?")
    await harness.add("four")
    harness.settle()
    assert names(sidebar.model) == ["one", "two", "three"]
    row = sidebar.model.entry(sidebar.model.index_of(ids[2]))
    assert isinstance(row, ChatRow)
    assert (row.mark, row.status) == ("needs you", "Run npm test?"), "the text of a row still changes"
    QApplication.sendEvent(viewport, QEvent(QEvent.Type.Leave))
    assert names(sidebar.model) == ["three", "one", "two", "four"]


async def test_under_a_pointer_that_rests_the_rows_move_to_their_headings_within_a_second(
    harness: WindowHarness,
) -> None:
    one, two = [await harness.add(name, agent="claude") for name in ("one", "two")]
    sidebar = harness.open_window().sidebar
    viewport, button = sidebar.list.viewport(), Qt.MouseButton.NoButton
    for session_id in (one, two):
        harness.viewers[session_id].be(Activity.WORKING)
    harness.settle()
    assert sidebar._pointer_rests.interval() <= 1000
    place = QPointF(sidebar.list.visualRect(sidebar.model.index_of(two)).center())
    QApplication.sendEvent(
        viewport,
        QMouseEvent(
            QEvent.Type.MouseMove, place, viewport.mapToGlobal(place), button, button, Qt.KeyboardModifier.NoModifier
        ),
    )
    assert sidebar.model.is_held
    harness.viewers[two].be(Activity.NEEDS_INPUT, detail="Run npm test?")
    await harness.until(lambda: not sidebar.model.is_held, "the pointer to rest")
    assert lines(sidebar.model) == ["[needs you]", "two", "[working]", "one"]


async def two_working(harness: WindowHarness) -> tuple[str, str, Sidebar]:
    """Two chats that work, and the list with them; a pointer on it rests only when the test says so."""
    one, two = [await harness.add(name, agent="claude") for name in ("one", "two")]
    sidebar = harness.open_window().sidebar
    sidebar._pointer_rests.setInterval(LONG_MS)
    for session_id in (one, two):
        harness.viewers[session_id].be(Activity.WORKING)
    harness.settle()
    return one, two, sidebar


def rest_on(viewport: QWidget, place: QPoint) -> None:
    point, none = QPointF(place), Qt.MouseButton.NoButton
    on_screen = QPointF(viewport.mapToGlobal(place))
    moved = QMouseEvent(QEvent.Type.MouseMove, point, on_screen, none, none, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(viewport, moved)


async def test_a_press_just_after_rows_moved_below_the_pointer_opens_the_row_that_was_marked(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 100.0
    monkeypatch.setattr(RestingPointer, "clock", staticmethod(lambda: now_s))
    one, two, sidebar = await two_working(harness)
    opened: list[str] = []
    sidebar.opened.connect(lambda chat: opened.append(chat.record.entry.name))
    viewport, model = sidebar.list.viewport(), sidebar.model
    place = sidebar.list.visualRect(model.index_of(one)).center()
    rest_on(viewport, place)
    harness.viewers[two].be(Activity.NEEDS_INPUT, detail="Run npm test?")
    harness.settle()
    assert model.chat(sidebar.list.indexAt(place)) is harness.sessions.chats.get(one)
    sidebar._on_pointer_rests()
    assert lines(model) == ["[needs you]", "two", "[working]", "one"]
    below = model.chat(sidebar.list.indexAt(place))
    assert below is harness.sessions.chats.get(two)

    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place + QPoint(1, 1))
    assert opened == ["one"], "what the user has aimed at"
    menus: list[str] = []
    sidebar.menu_requested.connect(lambda chat, _point: menus.append(chat.record.entry.name))
    sidebar._on_menu(place)
    assert menus == ["one"]
    now_s += 0.6
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    assert opened == ["one", "two"]


class Aimed:
    """A pointer that rests on the first of two chats that work, and what its clicks open."""

    def __init__(self, sidebar: Sidebar, at: str) -> None:
        sidebar._pointer_rests.setInterval(LONG_MS)
        self.sidebar, self.viewport, self.model = sidebar, sidebar.list.viewport(), sidebar.model
        self.opened: list[str] = []
        sidebar.opened.connect(lambda chat: self.opened.append(chat.record.entry.name))
        self.rest(sidebar.list.visualRect(self.model.index_of(at)).center())

    def rest(self, place: QPoint) -> None:
        self.place = place
        rest_on(self.viewport, place)
        self.sidebar._on_pointer_rests()

    def click(self) -> None:
        QTest.mouseClick(self.viewport, Qt.MouseButton.LeftButton, pos=self.place)


@pytest.fixture
async def two_at_work(harness: WindowHarness) -> tuple[Sidebar, str, str]:
    one, two = [await harness.add(name, agent="claude") for name in ("one", "two")]
    sidebar = harness.open_window().sidebar
    for session_id in (one, two):
        harness.viewers[session_id].be(Activity.WORKING)
    harness.settle()
    return sidebar, one, two


async def test_rows_that_move_to_and_fro_below_the_pointer_leave_the_press_to_the_one_that_was_there(
    harness: WindowHarness, two_at_work: tuple[Sidebar, str, str]
) -> None:
    sidebar, one, two = two_at_work
    aimed = Aimed(sidebar, one)
    harness.viewers[two].be(Activity.NEEDS_INPUT, detail="Run npm test?")
    harness.settle()
    below = aimed.model.chat(aimed.sidebar.list.indexAt(aimed.place))
    assert below is harness.sessions.chats.get(two)
    harness.viewers[two].be(Activity.WORKING)
    harness.settle()
    aimed.click()
    assert aimed.opened == ["one"]


async def test_a_double_click_just_after_rows_moved_opens_one_chat(
    harness: WindowHarness, two_at_work: tuple[Sidebar, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sidebar, one, two = two_at_work
    now_s = 100.0
    monkeypatch.setattr(RestingPointer, "clock", staticmethod(lambda: now_s))
    aimed = Aimed(sidebar, one)
    harness.viewers[two].be(Activity.NEEDS_INPUT, detail="Run npm test?")
    harness.settle()
    button, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    at, on_screen = QPointF(aimed.place), QPointF(aimed.viewport.mapToGlobal(aimed.place))
    press, release = QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease
    for kind in (press, release, QEvent.Type.MouseButtonDblClick, release):
        held = none if kind is release else button
        event = QMouseEvent(kind, at, on_screen, button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(aimed.viewport, event)
        now_s += 0.3
    assert aimed.opened == ["one"]


async def test_a_press_after_scrolling_is_for_the_row_that_is_below_the_pointer_then(harness: WindowHarness) -> None:
    ids = [await harness.add(f"chat {number}", agent="claude") for number in range(40)]
    sidebar = harness.open_window().sidebar
    harness.settle()
    aimed = Aimed(sidebar, ids[3])
    bar = sidebar.list.verticalScrollBar()
    assert bar.maximum() > 100
    bar.setValue(100)
    below = aimed.model.chat(sidebar.list.indexAt(aimed.place))
    assert below is not None
    assert below is not harness.sessions.chats.get(ids[3])
    await harness.add("one more", agent="claude")
    harness.settle()
    now_below = aimed.model.chat(sidebar.list.indexAt(aimed.place))
    assert now_below is below, "it comes far away"
    aimed.click()
    assert aimed.opened == [below.record.entry.name]


async def test_a_row_above_that_becomes_higher_leaves_the_press_to_the_row_that_was_there(
    harness: WindowHarness, two_at_work: tuple[Sidebar, str, str]
) -> None:
    sidebar, one, two = two_at_work
    harness.settings.write({"compact_rows": True})
    harness.settle()
    aimed = Aimed(sidebar, one)
    aimed.place = sidebar.list.visualRect(aimed.model.index_of(two)).topLeft() + QPoint(40, 2)
    rest_on(aimed.viewport, aimed.place)
    harness.viewers[one].be(Activity.NEEDS_INPUT, detail="Run npm test?")
    harness.settle()
    assert sidebar.model.is_held
    assert aimed.model.chat(sidebar.list.indexAt(aimed.place)) is harness.sessions.chats.get(one)
    aimed.click()
    assert aimed.opened == ["two"]


async def test_a_small_move_aims_anew(harness: WindowHarness, two_at_work: tuple[Sidebar, str, str]) -> None:
    sidebar, one, two = two_at_work
    aimed = Aimed(sidebar, one)
    aimed.rest(sidebar.list.visualRect(aimed.model.index_of(one)).bottomLeft() + QPoint(40, -2))
    aimed.rest(aimed.place + QPoint(0, 4))
    assert aimed.model.chat(sidebar.list.indexAt(aimed.place)) is harness.sessions.chats.get(two)
    harness.viewers[one].be(Activity.NEEDS_INPUT, detail="Run npm test?")
    harness.settle()
    aimed.click()
    assert aimed.opened == ["two"]


async def test_rows_that_move_as_the_pointer_leaves_show_nothing_beside_the_rail(
    harness: WindowHarness, two_at_work: tuple[Sidebar, str, str]
) -> None:
    sidebar, one, two = two_at_work
    sidebar._pointer_rests.setInterval(LONG_MS)
    sidebar.set_collapsed(True)
    harness.settle()
    rest_on(sidebar.list.viewport(), sidebar.list.visualRect(sidebar.model.index_of(one)).center())
    flyout = sidebar._flyout.widget
    assert flyout is not None
    assert flyout.isVisible()
    harness.viewers[two].be(Activity.NEEDS_INPUT, detail="Run npm test?")
    harness.settle()
    QApplication.sendEvent(sidebar.list.viewport(), QEvent(QEvent.Type.Leave))
    assert not flyout.isVisible()


async def test_mark_and_tool_tip_are_those_of_the_row_that_has_moved_below_a_resting_pointer(
    harness: WindowHarness,
) -> None:
    one, two, sidebar = await two_working(harness)
    viewport, model = sidebar.list.viewport(), sidebar.model
    place = sidebar.list.visualRect(model.index_of(one)).center()
    rest_on(viewport, place)
    show_tooltip_at = viewport.mapToGlobal(place)
    QApplication.sendEvent(viewport, QHelpEvent(QEvent.Type.ToolTip, place, show_tooltip_at))
    assert "one" in QToolTip.text()
    harness.viewers[two].be(Activity.NEEDS_INPUT, detail="Run npm test?")
    harness.settle()
    sidebar._on_pointer_rests()
    harness.settle()
    assert "two" in QToolTip.text()
    image, hover = viewport.grab().toImage(), sidebar._theme.tokens.color("hover")
    corners = {chat: sidebar.list.visualRect(model.index_of(chat)).bottomRight() - QPoint(6, 4) for chat in (one, two)}
    assert [image.pixelColor(corners[chat]) == hover for chat in (one, two)] == [False, True]


async def test_agents_are_searched_in_the_background_and_their_buttons_stay(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
):
    threads: set[threading.Thread] = set()
    find = Agent.find

    def noted(agent: Agent, path: str) -> str | None:
        threads.add(threading.current_thread())
        return find(agent, path)

    monkeypatch.setattr(Agent, "find", noted)
    empty = harness.open_window().empty
    await harness.until(empty._rows.count, "agents to be found")
    first = empty._rows.itemAt(0)
    assert first is not None
    button = first.widget()
    assert button is not None
    for number in range(3):
        await harness.add(f"chat {number}", state=State.EXITED, exit_code=0)
    assert empty._rows.indexOf(button) == 0
    assert threading.main_thread() not in threads


async def test_rows_of_one_name_have_a_distinguishing_text(harness: WindowHarness):
    ended = {"agent": "claude", "state": State.EXITED, "exit_code": 0, "cwd": "/src/api"}
    ids = [await harness.add("claude", **ended, ended_at=f"2026-01-0{day}T12:00:00Z") for day in (2, 3)]
    await harness.add("alone", **ended, ended_at="2026-01-04T12:00:00Z")
    model = SidebarModel(harness.sessions, set())
    model.refresh()
    entries = [model.index(row) for row in range(model.rowCount())]
    rows = {row.chat.id: (row, at) for at in entries if isinstance(row := model.entry(at), ChatRow)}
    one, two = (rows[each][0].difference for each in ids)
    assert (one[0], two[0]) == ("2", "3"), "the days of their ends"
    assert one.endswith(" · api")
    assert one in rows[ids[0]][1].data(Qt.ItemDataRole.AccessibleTextRole)
    assert [row.difference for row, _at in rows.values() if row.name == "alone"] == [""]
    assert listed([harness.chat(each) for each in ids]) == f"claude · Finished · {one}\nclaude · Finished · {two}"


async def test_the_row_of_an_ended_chat_shows_each_change(harness: WindowHarness):
    ended = {"state": State.EXITED, "exit_code": 0, "ended_at": "2026-01-02T04:00:00Z", "agent": "claude"}
    session_id = await harness.add("notes", cwd="/src/api", **ended)
    other_id = await harness.add("other", cwd="/src/docs", **ended)
    window = harness.open_window()
    model, chat = window.sidebar.model, harness.chat(session_id)
    if not names(model):
        model.toggle_group(Group.ENDED.value)

    def row() -> ChatRow:
        harness.settle()
        entry = model.entry(model.index_of(session_id))
        assert isinstance(entry, ChatRow)
        return entry

    assert (row().name, row().status, row().location, row().pinned, row().active) == (
        "notes",
        "Finished",
        "",
        False,
        False,
    )
    harness.sessions.lifecycle.rename(chat, "minutes")
    await harness.until(lambda: row().name == "minutes", "the new name")
    chat.set_color_label("red")
    chat.set_muted(muted=True)
    chat.unseen.set_unread(unread=True)
    assert (row().label, row().muted, row().unseen) == ("red", True, True)
    harness.sessions.order.pin([chat], pinned=True)
    assert row().pinned
    model.set_active(session_id)
    model.refresh()
    assert row().active
    model.set_active("")
    chat.record = changed(chat.record, end_request="stop")
    chat.changed.emit()
    assert row().status == "Stopped by you"
    harness.sessions.lifecycle.rename(harness.chat(other_id), "minutes")
    await harness.until(lambda: row().difference, "the difference from the other chat of the same name")
    claude = harness.catalog["claude"]
    harness.sessions.machines.here.agents = {
        **harness.catalog,
        "claude": msgspec.structs.replace(claude, title="Cl", monogram="Xx"),
    }
    harness.sessions.chats.apply_agents()
    assert row().monogram == "Xx"
    model.set_filter("cl api")
    assert set(names(model)) == {"minutes"}
    assert model.rowCount() == 2, "a heading and the only chat in this directory"


async def test_the_filter_finds_an_ended_chat_by_what_changed(harness: WindowHarness):
    session_id = await harness.add("notes", state=State.EXITED, exit_code=0, ended_at="2026-01-02T04:00:00Z")
    model = harness.open_window().sidebar.model
    model.set_filter("minutes")
    assert names(model) == []
    harness.sessions.lifecycle.rename(harness.chat(session_id), "minutes")
    await harness.until(lambda: names(model) == ["minutes"], "the chat with the new name")


async def test_a_short_directory_is_shown_after_a_long_status(harness: WindowHarness):
    session_id = await harness.add("one")
    sidebar = harness.open_window().sidebar
    entry = sidebar.model.entry(sidebar.model.index_of(session_id))
    assert isinstance(entry, ChatRow)

    def painted(location: str) -> QImage:
        image = QImage(240, 20, QImage.Format.Format_RGB32)
        image.fill(Qt.GlobalColor.white)
        painter = QPainter(image)
        row = replace(entry, location=location, status="sh -c while " * 9, status_first=True)
        sidebar.delegate._paint_second_line(painter, QRect(0, 0, 240, 20), row, QColor("white"))
        painter.end()
        return image.copy(225, 0, 15, 20)

    blank = QImage(15, 20, QImage.Format.Format_RGB32)
    blank.fill(Qt.GlobalColor.white)
    assert painted("~") != blank
    assert painted("~") != painted("x"), "the directory is at the right end"


def test_a_line_is_cut_between_its_parts_if_little_would_be_left_of_the_last(qapp: QApplication):
    metrics = QFontMetrics(QApplication.font())

    def cut(text: str, shown: str) -> str:
        return shortened(metrics, text, metrics.horizontalAdvance(shown) + 2)

    text = "api · main · 12 changed"
    assert cut(text, text) == text
    assert cut(text, "api · main · 12 chan…") == "api · main · 12 chan…"
    assert cut(text, "api · main · 1…") == "api · main"
    assert cut(text, "api · main …") == "api · main"
    assert cut("documentation", "doc…") == "doc…", "a single part is always there"


async def test_the_line_of_a_drag_is_where_the_chats_go(harness: WindowHarness):
    ids = [await harness.add(name, agent="shell", argv=["sh"]) for name in ("one", "two")]
    working = await harness.add("busy", agent="claude")
    ended = await harness.add("over", state=State.EXITED, exit_code=0)
    model = harness.open_window().sidebar.model
    harness.viewers[working].be(Activity.WORKING)
    harness.settle()
    model.toggle_group(Group.ENDED.value)
    rows = {session_id: model.index_of(session_id).row() for session_id in (*ids, working, ended)}
    one = [harness.chat(ids[0])]
    last = rows[ids[1]] + 1
    for before in range(1, model.rowCount() + 1):
        assert model.drop_row(one, before) == min(max(before, rows[ids[0]]), last), "it stays in its part"
    assert model.drop_row(one, 0) == 0, "above everything, it is pinned"
    assert model.drop_row([harness.chat(ended)], rows[ended]) is None, "ended chats have an order of their own"
    model.move([harness.chat(ids[1])], model.rowCount())
    assert [chat.record.entry.position for chat in harness.sessions.chats.made()] == [None] * 4, (
        "nothing changes the order"
    )


async def test_the_filter_knows_dates_as_people_write_them(harness: WindowHarness):
    for name, moment in (("export", "2025-03-10"), ("export", "2025-08-01"), ("march", "2025-08-02")):
        times = {"created_at": f"{moment}T10:00:00Z", "ended_at": f"{moment}T12:00:00Z"}
        await harness.add(name, state=State.EXITED, exit_code=0, **times)
    model = harness.open_window().sidebar.model

    def found(text: str) -> list[str]:
        model.set_filter(text)
        rows = (model.entry(model.index(row)) for row in range(model.rowCount()))
        return [f"{row.name} {row.chat.record.origin.created_at[:7]}" for row in rows if isinstance(row, ChatRow)]

    assert found("march 2025 export") == ["export 2025-03"]
    assert found("2025-08") == ["march 2025-08", "export 2025-08"]
    assert "march 2025-08" in found("march"), "its name"
    assert found("last week") == []


API: dict[str, Any] = {"agent": "claude", "cwd": "/src/api", "default_name": "api-2"}


def rows(harness: WindowHarness) -> list[ChatRow]:
    return [entry for entry in harness.window.sidebar.model.entries() if isinstance(entry, ChatRow)]


async def test_a_chat_is_called_by_its_topic_and_found_by_its_name_on_the_command_line(harness: WindowHarness):
    session_id = await harness.add("api-2", topic="Fix the export", title="✳ Fix the export", **API)
    await harness.add("other", topic="not shown", **(API | {"default_name": ""}))
    window = harness.open_window()
    harness.show(session_id)
    assert window.windowTitle().startswith("Fix the export")
    row = next(each for each in rows(harness) if each.chat.id == session_id)
    assert (row.name, row.second_line) == ("Fix the export", "api"), "the title is not said twice"
    assert {each.name for each in rows(harness)} == {"Fix the export", "other"}, "the user's name stays"
    tip = window.sidebar.model.data(window.sidebar.model.index_of(session_id), Qt.ItemDataRole.ToolTipRole)
    assert "api-2 · Claude Code" in tip
    for typed in ("api-2", "export"):
        window.sidebar.filter.setText(typed)
        await harness.until(lambda: [each.chat.id for each in rows(harness)] == [session_id], "the one chat")
        choices = ChatChoices(harness.sessions, harness.sessions.listed.ids(), lambda chat: None)
        assert [found.choice.title for found in choices.find(typed)][:1] == ["Fix the export"]
    window.sidebar.filter.clear()
    window.actions_["copy_name"].trigger()
    assert QGuiApplication.clipboard().text() == "api-2"


async def test_the_flyout_says_all_that_the_second_line_has_no_room_for(harness: WindowHarness) -> None:
    session_id = await harness.add("api-2", runtime="structured", **API)
    harness.open_window()
    silent = "Silent for 5 min: it waits for its model, or tries it again"
    harness.viewers[session_id].be(Activity.WORKING, detail=silent)
    harness.settle()
    assert full_text(rows(harness)[0]).splitlines()[-1] == silent
    harness.viewers[session_id].tell(OutputEvent(20))
    harness.settle()
    assert full_text(rows(harness)[0]).splitlines()[-1].startswith("Last output "), (
        "a busy chat looks different from a stuck one"
    )


async def test_a_context_that_is_nearly_full_is_in_the_row_and_any_known_one_in_the_flyout(
    harness: WindowHarness,
) -> None:
    session_id = await harness.add("api-2", runtime="structured", **API)
    sidebar = harness.open_window().sidebar
    tokens = harness.theme.tokens

    def colors() -> set[str]:
        area = sidebar.list.visualRect(sidebar.model.index_of(session_id))
        image = sidebar.list.viewport().grab(area).toImage().copy(area.width() - 60, area.height() // 2, 60, 20)
        return {image.pixelColor(x, y).name() for x in range(60) for y in range(20)}

    for percent, color in ((0, ""), (58, ""), (79, "needs_you"), (91, "failed")):
        harness.viewers[session_id].be(Activity.IDLE, context=percent)
        harness.settle()
        assert (f"Context {percent} % full" in full_text(rows(harness)[0]).splitlines()) == (percent > 0)
        assert (f"Context {percent} % full" in spoken_text(rows(harness)[0])) == bool(color)
        found = colors() & {tokens.color(each).name() for each in ("needs_you", "failed")}
        assert found == ({tokens.color(color).name()} if color else set())


async def test_a_renamed_chat_has_the_users_name_also_if_that_is_its_old_one(harness: WindowHarness):
    session_id = await harness.add("api-2", topic="Fix the export", exit_code=0, **(API | {"state": "exited"}))
    harness.open_window()
    chat = harness.chat(session_id)
    assert chat.name == "Fix the export"
    harness.sessions.lifecycle.rename(chat, "api-2")
    await harness.until(lambda: chat.name == "api-2", "the name")
    await harness.sessions.machines.here.refresh_now()
    assert chat.name == "api-2"


async def test_the_rail_shows_a_whole_row_beside_it_at_once(harness: WindowHarness) -> None:
    ids = [await harness.add(name) for name in ("one", "two")]
    sidebar = harness.open_window().sidebar
    sidebar.set_collapsed(True)
    harness.settle()
    viewport = sidebar.list.viewport()

    def hover(session_id: str) -> None:
        point = QPointF(sidebar.list.visualRect(sidebar.model.index_of(session_id)).center())
        none = Qt.MouseButton.NoButton
        there = QPointF(viewport.mapToGlobal(point.toPoint()))
        move = QMouseEvent(QEvent.Type.MouseMove, point, there, none, none, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(viewport, move)

    def flyouts() -> list[Flyout]:
        return [each for each in sidebar.window().findChildren(Flyout) if each.isVisible()]

    for session_id, name in zip(ids, ("one", "two"), strict=True):
        hover(session_id)
        [flyout] = flyouts()
        assert flyout.entry is not None
        assert (flyout.entry.name, flyout.last_line) == (name, "Command")
        assert flyout.x() == sidebar.width() + 8
        row = sidebar.list.visualRect(sidebar.model.index_of(session_id))
        assert flyout.y() == viewport.mapTo(sidebar.window(), row.topLeft()).y()
    harness.sessions.lifecycle.rename(harness.chat(ids[1]), "three")
    await harness.until(lambda: flyout.entry is not None and flyout.entry.name == "three", "the new name")
    QApplication.sendEvent(viewport, QEvent(QEvent.Type.Leave))
    assert not flyouts()
    hover(ids[0])
    sidebar.set_collapsed(False)
    assert not flyouts()


async def test_the_flyout_of_a_chat_that_continues_says_with_what_and_takes_it_back(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    async def request(_session_id: str, message: object, _machine: object) -> None:
        asked.append(message)

    monkeypatch.setattr("session_host.client.control.request", request)
    session_id, other = await harness.add("one", agent="claude"), await harness.add("two")
    sidebar = harness.open_window().sidebar
    ends, at = "2026-01-02T14:00:00.000Z", "2099-01-02T15:02:00.000Z"
    last = TurnFacts(began="2026-01-02T13:00:00.000Z", ended=ends, outcome="limit", resets_at=at)
    prompt = LaterPrompt(at, "Go on with the rename.", continues=3)
    status = AgentStatus(Activity.IDLE, "hook", ends, "Weekly limit", failed=True, last=last, continues=prompt)
    harness.viewers[session_id].tell(ActivityEvent(status))
    sidebar.set_collapsed(True)
    harness.settle()
    viewport = sidebar.list.viewport()

    def move(to: str) -> None:
        point, none = QPointF(sidebar.list.visualRect(sidebar.model.index_of(to)).center()), Qt.MouseButton.NoButton
        there = QPointF(viewport.mapToGlobal(point.toPoint()))
        event = QMouseEvent(QEvent.Type.MouseMove, point, there, none, none, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(viewport, event)

    move(session_id)
    [flyout] = [each for each in sidebar.window().findChildren(Flyout) if each.isVisible()]
    assert flyout.entry is not None
    assert flyout.entry.second_line.endswith(" · continues")
    assert flyout.lines[-2:] == ["Then: “Go on with the rename.”", "Do not continue"]
    QApplication.sendEvent(viewport, QEvent(QEvent.Type.Leave))
    assert flyout.isVisible(), "the pointer may be on its way to the word"
    await harness.until(flyout.isHidden, "it to go, since the pointer is elsewhere")
    move(session_id)
    QApplication.sendEvent(viewport, QEvent(QEvent.Type.Leave))
    flyout.grab()
    line = QPoint(40, flyout.height() - 20)
    QApplication.sendEvent(flyout, QEnterEvent(QPointF(line), QPointF(line), QPointF(flyout.mapToGlobal(line))))
    QTest.mouseClick(flyout, Qt.MouseButton.LeftButton, pos=QPoint(200, 10))
    assert not asked, "only the word takes it back"
    QTest.mouseClick(flyout, Qt.MouseButton.LeftButton, pos=line)
    await harness.until(lambda: asked, "the request")
    assert asked == [SendLater(request=1, text="", at="", continues=False, by="window")]
    assert flyout.isHidden()
    move(other)
    assert (flyout.action, flyout.then) == ("", "")
    QApplication.sendEvent(viewport, QEvent(QEvent.Type.Leave))
    assert flyout.isHidden()


async def test_the_memory_of_a_chat_is_read_while_it_is_looked_at(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    sizes: dict[str, int] = {}

    def memory_of(session_ids: list[str]) -> dict[str, int]:
        asked.extend(session_ids)
        return {each: sizes[each] for each in session_ids if each in sizes}

    monkeypatch.setattr("session_host.client.sessions.memory.memory_of", memory_of)
    monkeypatch.setattr("gui.bridge.chat_memory.AGAIN_MS", 10)
    one, two = [await harness.add(name) for name in ("one", "two")]
    slept = {"state": State.EXITED, "end_request": "sleep", "ended_at": "2026-01-02T03:05:00Z"}
    asleep = await harness.add("asleep", **slept)
    sidebar = harness.open_window().sidebar
    viewport = sidebar.list.viewport()
    harness.settle()
    assert not asked, "nobody looks"

    def place(session_id: str) -> QPoint:
        return sidebar.list.visualRect(sidebar.model.index_of(session_id)).center()

    def move(session_id: str) -> None:
        point, none = QPointF(place(session_id)), Qt.MouseButton.NoButton
        there = QPointF(viewport.mapToGlobal(point.toPoint()))
        event = QMouseEvent(QEvent.Type.MouseMove, point, there, none, none, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(viewport, event)

    # The tool tip of a row
    sizes |= {one: 412_000_000}
    point = place(one)
    QApplication.sendEvent(viewport, QHelpEvent(QEvent.Type.ToolTip, point, viewport.mapToGlobal(point)))
    await harness.until(lambda: "Memory 412 MB" in QToolTip.text(), "the memory")
    assert "one" in QToolTip.text()
    assert asked == [one], "once"
    QToolTip.hideText()
    # The rail
    sidebar.set_collapsed(True)
    harness.settle()
    move(one)
    [flyout] = [each for each in sidebar.window().findChildren(Flyout) if each.isVisible()]
    await harness.until(lambda: flyout.figures == "412 MB", "the memory")
    sizes[one] = 1_240_000_000
    await harness.until(lambda: flyout.figures == "1.2 GB", "what it is now")
    move(two)
    await harness.until(lambda: two in asked, "the other")
    harness.settle()
    assert flyout.figures == "", "the kernel tells nothing"
    QApplication.sendEvent(viewport, QEvent(QEvent.Type.Leave))
    await harness.sessions.tasks.wait_for_others(WAIT_S)
    count = len(asked)
    move(asleep)
    assert flyout.entry is not None
    assert flyout.entry.chat.id == asleep
    await harness.sessions.tasks.wait_for_others(WAIT_S)
    harness.settle()
    assert len(asked) == count, "neither once nobody looks, nor of a chat without processes"


def test_the_letters_of_a_name_pass_over_small_words_and_those_that_are_taken() -> None:
    names = ("Bounded retries", "Benchmark of the import", "Big rework", "Docs", "web", "42", "…")
    assert [letters_of(name) for name in names] == ["Br", "Bi", "Br", "Do", "we", "42", ""]
    assert letters_of("Big rework", {"Br"}) == "Be"
    assert letters_of("aa", {"aa"}) == "aa", "there is no other"


async def test_two_chats_of_the_rail_with_the_same_letters_do_not_look_alike(harness: WindowHarness) -> None:
    for name in ("Bounded retries", "Big rework", "Broken"):
        await harness.add(name)
    sidebar = harness.open_window().sidebar
    found = {entry.name: entry.letters for entry in sidebar.model.entries() if isinstance(entry, ChatRow)}
    assert found == {"Bounded retries": "Br", "Big rework": "Be", "Broken": "Bo"}
    first = next(chat for chat in harness.sessions.listed.running() if chat.name == "Bounded retries")
    harness.sessions.lifecycle.rename(first, "Another")
    await harness.until(lambda: first.name == "Another", "the name")
    harness.settle()
    found = {entry.name: entry.letters for entry in sidebar.model.entries() if isinstance(entry, ChatRow)}
    assert found == {"Another": "An", "Big rework": "Be", "Broken": "Bo"}, "the others keep theirs"


async def test_a_compact_row_says_until_when_its_limit_lasts_in_place_of_its_age(harness: WindowHarness) -> None:
    session_id = await harness.add("one")
    sidebar = harness.open_window().sidebar
    resets = datetime.now(UTC) + timedelta(minutes=1)
    last = TurnFacts(outcome="limit", resets_at=resets.isoformat())
    harness.chat(session_id).apply_event(ActivityEvent(AgentStatus(Activity.IDLE, "hook", failed=True, last=last)))
    harness.settle()
    index = sidebar.model.index_of(session_id)
    row = sidebar.list.visualRect(index)
    entry = sidebar.model.entry(index)
    assert isinstance(entry, ChatRow)
    assert entry.until.endswith(f"{resets.astimezone():%M}")

    def painted(shown: ChatRow) -> QImage:
        image = QImage(row.size(), QImage.Format.Format_RGB32)
        image.fill(harness.theme.tokens.color("page"))
        painter = QPainter(image)
        sidebar.delegate._paint_name(painter, image.rect(), shown, is_hovered=False)
        painter.end()
        return image

    assert painted(entry) == painted(replace(entry, until="")), "a second line says it"
    harness.settings.write({"compact_rows": True})
    assert painted(entry) == painted(replace(entry, until="", age=entry.until)) != painted(replace(entry, until=""))


async def test_a_compact_row_has_a_second_line_while_it_asks_or_after_a_failure(harness: WindowHarness) -> None:
    ids = [await harness.add(name) for name in ("one", "two")]
    sidebar = harness.open_window().sidebar
    harness.settings.write({"compact_rows": True})
    harness.settle()

    def rect_of(session_id: str) -> QRect:
        return sidebar.list.visualRect(sidebar.model.index_of(session_id))

    def be(session_id: str, activity: Activity, **fields: Any) -> None:
        harness.chat(session_id).apply_event(ActivityEvent(AgentStatus(activity, "hook", **fields)))

    for each in ids:
        be(each, Activity.IDLE)
    harness.settle()
    first, second = sorted(ids, key=lambda each: rect_of(each).top())

    def heights() -> tuple[int, int]:
        """The height of the first row, and the distance of the second one."""
        harness.settle()
        return rect_of(first).height(), rect_of(second).top() - rect_of(first).top()

    assert heights() == (28, 28)
    be(first, Activity.IDLE, failed=True, detail="the model is overloaded", last=TurnFacts(outcome="error"))
    await harness.until(lambda: heights() == (46, 46), "the failure's line")
    be(first, Activity.IDLE, last=TurnFacts(outcome="done"))
    await harness.until(lambda: heights() == (28, 28), "one line")
    be(first, Activity.NEEDS_INPUT, detail="Run npm test?")
    await harness.until(lambda: heights()[0] == 46, "the question's line")


async def test_under_the_pointer_a_row_has_its_projects_word_and_three_dots_which_open_its_menu(
    harness: WindowHarness,
) -> None:
    ids = [
        await harness.add(name, agent=agent, cwd="/srv/billing")
        for name, agent in (("one", "claude"), ("two", "codex"))
    ]
    sidebar = harness.open_window().sidebar
    index = sidebar.model.index_of(ids[0])
    viewport, row = sidebar.list.viewport(), sidebar.list.visualRect(index)
    asked: list[Chat] = []
    opened: list[Chat] = []
    sidebar.menu_requested.disconnect()
    sidebar.menu_requested.connect(lambda chat, _point: asked.append(chat))
    sidebar.opened.connect(opened.append)

    def line(*, hovered: bool) -> QImage:
        """The first line of the row, as it is painted."""
        option = QStyleOptionViewItem()
        option.rect = QRect(0, 0, row.width(), row.height())
        if hovered:
            option.state |= QStyle.StateFlag.State_MouseOver
        image = QImage(row.size(), QImage.Format.Format_RGB32)
        painter = QPainter(image)
        painter.fillRect(image.rect(), harness.theme.tokens.color("hover"))
        sidebar.delegate.paint(painter, option, index)
        painter.end()
        return image.copy(36, 5, row.width() - 48, 20)

    plain, hovered = line(hovered=False), line(hovered=True)
    half = plain.width() // 2
    assert plain.copy(half, 0, half, 20) != hovered.copy(half, 0, half, 20)
    entry = sidebar.model.entry(index)
    assert isinstance(entry, ChatRow)
    assert entry.project == "billing"
    dots = sidebar.delegate.more_area(row).center()
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=dots)
    assert [chat.id for chat in asked] == [ids[0]]
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=dots)  # The menu gets the release.
    assert not opened
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=row.center())
    assert [chat.id for chat in opened] == [ids[0]]


async def test_in_a_narrow_window_the_list_opens_over_the_page_and_goes_when_a_chat_is_chosen(
    harness: WindowHarness,
) -> None:
    ids = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window(one_pane(ids, ids[0]))
    window.resize(700, 500)
    harness.show(ids[0])
    sidebar, commands = window.sidebar, window.commands
    assert sidebar.collapsed
    width = window.tabs.panes.area.width()

    def is_over() -> bool:
        return not sidebar.collapsed and sidebar.width() > SIDEBAR_COLLAPSED_PX

    async def shown(stays: bool) -> None:
        # The server may tell an earlier size after a later one was asked for, and that one then.
        await harness.until(lambda: is_over() == stays, "the list to go, or to stay beside the page")

    commands.looks.toggle_sidebar()
    harness.settle()
    assert is_over()
    assert window.tabs.panes.area.width() == width, "no terminal gets another width"
    await harness.until(sidebar.list.hasFocus, "the list to have the keyboard")
    row = sidebar.list.visualRect(sidebar.model.index_of(ids[1]))
    QTest.mouseClick(sidebar.list.viewport(), Qt.MouseButton.LeftButton, pos=row.center())
    harness.settle()
    assert window.tabs.active_id == ids[1]
    assert not is_over()
    for leave in ("escape", "toggle", "click beside", "wide"):
        commands.looks.toggle_sidebar()
        harness.settle()
        await harness.until(sidebar.list.hasFocus, "the list to have the keyboard")
        if leave == "escape":
            QTest.keyClick(sidebar.list, Qt.Key.Key_Escape)
        elif leave == "toggle":
            commands.looks.toggle_sidebar()
        elif leave == "click beside":
            harness.view.setFocus()
        else:
            window.resize(1300, 500)
        await shown(leave == "wide")
    assert sidebar.isVisible()
    assert sidebar.parent() is window.frame.splitter
    window.resize(700, 500)
    await harness.until(lambda: sidebar.collapsed and window.tabs.panes.area.width() == width, "the list to be folded")
    commands.looks.toggle_sidebar()  # It may be open when the window is closed.
    harness.settle()
    assert is_over()


@pytest.mark.parametrize(
    ("lines", "lit"),
    [
        ((4, 0), (1, 0)),
        ((0, 3), (0, 1)),
        ((1, 1), (1, 1)),
        ((17, 2), (1, 1)),
        ((90, 22), (2, 1)),
        ((12, 200), (1, 3)),
        ((900, 410), (3, 2)),
        ((100_000, 1), (4, 1)),
        ((0, 0), (0, 0)),
    ],
)
def test_five_places_show_how_many_lines_are_added_and_removed(lines: tuple[int, int], lit: tuple[int, int]) -> None:
    assert squares(*lines) == lit


async def test_a_row_shows_the_lines_of_its_own_turns_and_not_the_directorys_changes(harness: WindowHarness) -> None:
    ids = [await harness.add(name, agent="claude", runtime="structured") for name in ("one", "two")]
    sidebar = harness.open_window().sidebar
    dirty = Status(repository="api", branch="main", commit="", dirty=6, ahead=None, behind=None, is_default_branch=True)
    for session_id, edited in zip(ids, ((40, 12), (0, 0)), strict=True):
        harness.chat(session_id).workplace.git_status = dirty
        harness.viewers[session_id].tell(ActivityEvent(AgentStatus(Activity.IDLE, "protocol", edited_lines=edited)))
    harness.settle()

    def marks(session_id: str) -> set[str]:
        index = sidebar.model.index_of(session_id)
        area = sidebar.list.visualRect(index)
        image = sidebar.list.viewport().grab(area).toImage()
        shown = {image.pixelColor(x, y).name() for x in range(image.width() - 60, image.width()) for y in range(24, 44)}
        return shown & {harness.theme.tokens.color(name).name() for name in ("fine", "failed")}

    assert [len(marks(each)) for each in ids] == [2, 0]
    spoken = [sidebar.model.data(sidebar.model.index_of(each), Qt.ItemDataRole.AccessibleTextRole) for each in ids]
    assert ["+40 −12" in each for each in spoken] == [True, False]
    assert not any("changed" in each for each in spoken)


async def test_a_working_row_shows_what_its_chat_wrote_in_the_last_minute(harness: WindowHarness) -> None:
    ids = [await harness.add(name, agent="claude") for name in ("one", "two")]
    sidebar = harness.open_window().sidebar
    sparklines, [writes, rests] = harness.sessions.sparklines, [harness.viewers[each] for each in ids]
    timer = sparklines.findChild(QTimer)
    assert timer is not None

    def row(session_id: str) -> ChatRow:
        found = sidebar.model.entry(sidebar.model.index_of(session_id))
        assert isinstance(found, ChatRow)
        return found

    def accents(session_id: str) -> int:
        area = sidebar.list.visualRect(sidebar.model.index_of(session_id))
        right = sidebar.list.viewport().grab(area).toImage().copy(area.width() - 60, 0, 60, area.height() - 4)
        accent = harness.theme.tokens.color("accent")
        return sum(right.pixelColor(x, y) == accent for x in range(60) for y in range(right.height()))

    assert not timer.isActive(), "nothing works"
    for each in (writes, rests):
        each.be(Activity.WORKING)
    harness.settle()
    assert timer.isActive()
    assert [row(each).bars for each in ids] == [(0,) * BARS] * 2
    assert accents(ids[0]) == 0, "flat"
    writes.tell(OutputEvent(5_000_000))
    timer.timeout.emit()
    assert row(ids[0]).bars == (0,) * BARS, "what it wrote before is not known"
    for count in (40, 0, 5000):
        writes.tell(OutputEvent(harness.chat(ids[0]).output_offset + count))
        timer.timeout.emit()
    harness.settle()
    assert row(ids[0]).bars == (*(0,) * (BARS - 3), 1, 0, 7)
    assert row(ids[1]).bars == (0,) * BARS
    assert accents(ids[0]) > accents(ids[1]) == 0
    writes.be(Activity.IDLE)
    harness.settle()
    assert row(ids[0]).bars == ()
    sidebar.window().hide()
    assert not timer.isActive(), "nobody sees it"
    sidebar.window().show()
    assert timer.isActive()
    harness.settings.write({"compact_rows": True})
    sidebar.refresh()
    assert timer.isActive(), "the marks of compact rows show it, too"


def test_the_height_of_a_bar_grows_with_each_doubling() -> None:
    heights = [bar_height(count, HIGHEST) for count in (0, -5, 1, 63, 64, 128, 4000, 10**9)]
    assert heights == [0, 0, 1, 1, 1, 2, 6, HIGHEST]


class Pens(QPainter):
    """Notes the colours of texts."""

    def __init__(self, picture: QImage) -> None:
        super().__init__(picture)
        self.colors: list[QColor] = []

    def setPen(self, pen: Any) -> None:  # noqa: N802 - Qt's name
        if isinstance(pen, QColor):
            self.colors.append(pen)
        super().setPen(pen)


async def test_texts_of_rows_are_readable_on_each_ground_in_each_theme(harness: WindowHarness) -> None:
    """The colours of failures are made for the list itself; on a row under the pointer they are adapted."""
    chat = await harness.add("one", agent="claude")
    shell = await harness.add("two", agent="shell", argv=["sh"])
    over = await harness.add("three", agent="claude", state=State.EXITED, exit_code=0)
    sidebar = harness.open_window().sidebar
    sidebar.model.toggle_group(Group.ENDED.value)
    harness.viewers[chat].be(Activity.IDLE, failed=True, detail="the server answers 529")
    harness.settle()
    row = sidebar.model.entry(sidebar.model.index_of(chat))
    assert isinstance(row, ChatRow)
    assert row.failed
    schemes = [Library().scheme(identifier) for identifier in Library().ids()]
    schemes += [each.on_desktop(DesktopLook(high_contrast=True)) for each in (DARK, LIGHT)]
    grounds = {"sidebar": QStyle.StateFlag.State_None, "hover": QStyle.StateFlag.State_MouseOver}
    for scheme, (ground, state), each in product(schemes, grounds.items(), (chat, shell, over)):
        for collapsed in (False, True):
            delegate = SidebarDelegate(cast("Theme", SimpleNamespace(tokens=scheme.tokens)), sidebar)
            delegate.collapsed = collapsed
            option = QStyleOptionViewItem()
            option.rect, option.state = QRect(0, 0, 48 if collapsed else 400, 48), state
            picture = QImage(option.rect.size(), QImage.Format.Format_RGB32)
            painter = Pens(picture)
            delegate.paint(painter, option, sidebar.model.index_of(each))
            painter.end()
            found = sidebar.model.entry(sidebar.model.index_of(each))
            assert isinstance(found, ChatRow)
            behind = scheme.tokens.color(ground)
            if collapsed and each != shell:
                behind = blend(project_color(found.hue, scheme.tokens).name(), scheme.tokens.sidebar, 0.16)
            assert len(painter.colors) >= (1 if collapsed else 2), "letters; age and name"
            for color in painter.colors:
                assert ratio(color, behind) >= TEXT_RATIO, (scheme.id, ground, color.name())


async def test_the_rail_has_a_line_between_two_groups(harness: WindowHarness) -> None:
    ids = [await harness.add(f"chat {number}", agent="claude") for number in range(3)]
    sidebar = harness.open_window().sidebar
    for each, activity in zip(ids, (Activity.WORKING, Activity.WORKING, Activity.IDLE), strict=True):
        harness.viewers[each].be(activity)
    sidebar.set_collapsed(collapsed=True)
    harness.settle()

    def has_line(session_id: str) -> bool:
        area = sidebar.list.visualRect(sidebar.model.index_of(session_id))
        image = sidebar.list.viewport().grab(area).toImage()
        return image.pixelColor(image.width() // 2, 0) == harness.theme.tokens.color("hairline")

    assert [has_line(each) for each in ids] == [False, False, True]
    harness.settings.write({"group_chats": "project"})
    harness.settle()
    assert not any(map(has_line, ids))


class PaintedRegions(QObject):
    """The regions of a widget that were painted."""

    def __init__(self, watched: QWidget) -> None:
        super().__init__(watched)
        self.regions: list[QRegion] = []
        watched.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if isinstance(event, QPaintEvent):
            self.regions.append(event.region())
        return False


async def test_one_rename_repaints_one_row(harness: WindowHarness):
    """All rows were laid out and painted: with 500 chats, ten changes a second kept half a core busy."""
    chats = [await harness.add(f"chat-{number}") for number in range(30)]
    window = harness.open_window()
    for chat in chats:
        harness.viewers[chat].go_live()
    harness.settle()
    view, model = window.sidebar.list, window.sidebar.model
    painted = PaintedRegions(view.viewport())
    harness.viewers[chats[3]].tell(NameEvent(name="renamed"))
    await harness.until(lambda: painted.regions, "the row")
    row = model.index_of(chats[3])
    assert model.data(row) == "renamed"
    assert {region.boundingRect().getRect() for region in painted.regions} == {view.visualRect(row).getRect()}


async def test_a_held_delete_removes_one_chat(harness: WindowHarness) -> None:
    ids = [await harness.add(name, agent="claude", state=State.EXITED, exit_code=0) for name in ("one", "two", "three")]
    sidebar = harness.open_window().sidebar
    sidebar.model.toggle_group("ended")
    removed: list[Chat] = []
    sidebar.remove_requested.connect(removed.extend)
    sidebar.list.setFocus()
    sidebar.list.setCurrentIndex(sidebar.model.index_of(ids[0]))
    QTest.keyClick(sidebar.list, Qt.Key.Key_Delete)
    sidebar.list.setCurrentIndex(sidebar.model.index_of(ids[1]))
    held = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Delete.value, Qt.KeyboardModifier.NoModifier, "", True)
    QApplication.sendEvent(sidebar.list, held)
    assert [chat.id for chat in removed] == ids[:1]
