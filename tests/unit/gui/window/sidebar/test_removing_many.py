"""Many ended chats are chosen in the sidebar or in a sheet, and removed after one question."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from PySide6.QtCore import QItemSelectionModel, QPoint, Qt
from PySide6.QtTest import QTest

from gui.window.sheets.remove_ended import RemoveEndedSheet
from session_host import paths
from session_host.protocol.values import State
from session_host.standing.groups import Group
from tests.support.widgets import open_menu
from tests.unit.gui.conftest import WindowHarness

KIB = 1024
ONLY = QItemSelectionModel.SelectionFlag.ClearAndSelect


async def add_ended(harness: WindowHarness, days_ago: Sequence[float], **fields: object) -> list[str]:
    """Add chats that ended so many days ago, each with 100 KiB on the disk; the names are these numbers."""
    ids = []
    for days in days_ago:
        ended_at = datetime.now(UTC) - timedelta(days)
        ids.append(
            await harness.add(
                f"{days:g}",
                state=State.EXITED,
                exit_code=0,
                **{"created_at": f"{ended_at:%FT%T}Z"} | fields,
                ended_at=f"{ended_at:%FT%T}Z",
            )
        )
        directory = paths.session_dir(ids[-1])
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "recording").write_bytes(bytes(100 * KIB))
    return ids


def names(harness: WindowHarness) -> list[str]:
    """The names of the selected chats."""
    return [chat.name for chat in harness.window.sidebar.selection.chats()]


def unfold(harness: WindowHarness) -> None:
    """Show the ended chats, with the keyboard in the list."""
    sidebar = harness.window.sidebar
    if Group.ENDED.value in sidebar.model.listing.folded:
        sidebar.model.toggle_group(Group.ENDED.value)
    sidebar.list.setFocus()


async def test_ctrl_a_selects_the_chats_of_the_day_then_those_of_the_group_then_all(harness: WindowHarness) -> None:
    running = [await harness.add(name) for name in ("a", "b")]
    old = await add_ended(harness, [5, 5, 4])
    harness.open_window()
    unfold(harness)
    sidebar = harness.window.sidebar
    sidebar.list.selectionModel().setCurrentIndex(sidebar.model.index_of(old[0]), ONLY)
    chosen = []
    for _ in range(4):
        QTest.keyClick(sidebar.list, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        chosen.append(names(harness))
    assert chosen == [["5", "5"], ["4", "5", "5"], ["a", "b", "4", "5", "5"], ["a", "b", "4", "5", "5"]]
    sidebar.list.selectionModel().setCurrentIndex(sidebar.model.index_of(running[1]), ONLY)
    QTest.keyClick(sidebar.list, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert names(harness) == ["a", "b"]


async def test_the_question_names_the_number_of_the_chats_and_their_size(harness: WindowHarness) -> None:
    old = await add_ended(harness, [5, 4, 3])
    window = harness.open_window()
    unfold(harness)
    rows = window.sidebar.list
    rows.selectionModel().setCurrentIndex(window.sidebar.model.index_of(old[2]), ONLY)
    for _ in range(2):
        QTest.keyClick(rows, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert names(harness) == ["3", "4"], "with the heading of the day between them"
    QTest.keyClick(rows, Qt.Key.Key_Delete)
    question = window.sheets.question
    assert question.title.text().startswith("Remove these 2 ended chats")
    await harness.until(lambda: "200 KiB" in question.title.text(), "the size")
    assert question.title.text() == "Remove these 2 ended chats (200 KiB)?"


async def opened_sheet(harness: WindowHarness) -> RemoveEndedSheet:
    """Open the sheet by the menu of the heading; returns when it has counted the chats."""
    sidebar = harness.window.sidebar
    sidebar.own_menu_requested.emit(sidebar.mapToGlobal(QPoint(20, 60)))
    menu = open_menu()
    next(action for action in menu.actions() if action.text() == "Remove ended chats…").trigger()
    menu.close()
    sheet = harness.window.sheets.remove_ended
    assert sheet.is_open
    await harness.until(lambda: sheet.found.text() != "Counting…", "the chats to be counted")
    return sheet


async def test_all_chats_older_than_90_days_but_pinned_ones_are_removed_and_come_back(harness: WindowHarness) -> None:
    await harness.add("runs", created_at="2020-01-02T03:04:05Z")
    old = await add_ended(harness, [200, 100, 80])
    await add_ended(harness, [150], pinned=True)
    await add_ended(harness, [180], continued_by=old[2])
    window = harness.open_window()
    sheet = await opened_sheet(harness)
    assert (sheet.age.text(), sheet.age.selectedText()) == ("90 days", "90 days")
    assert sheet.found.text() == "2 chats, 200 KiB · 1 pinned chat stays"
    await harness.until(window.isActiveWindow, "the keyboard")
    QTest.keyClick(sheet.age, Qt.Key.Key_Return)
    harness.settle()
    assert sheet.remove.hasFocus(), "Enter in a field removes nothing"
    assert sheet.remove.text() == "Remove 2 chats"
    QTest.keyClick(sheet.remove, Qt.Key.Key_Return)
    assert not sheet.is_open

    def shown() -> list[str]:
        return harness.listed_names()

    assert shown() == ["150", "80", "runs"]
    assert harness.banner == "2 chats removed"
    window.banners.run_action()
    assert shown() == ["100", "150", "200", "80", "runs"]


async def test_agent_project_and_date_choose_together_and_a_text_that_is_no_date_removes_nothing(
    harness: WindowHarness,
) -> None:
    await add_ended(harness, [200, 10], agent="claude", cwd="/tmp")
    await add_ended(harness, [300], agent="codex", cwd="/usr")
    harness.open_window()
    sheet = await opened_sheet(harness)
    found = []
    for age, agent, project in (
        ("", "", ""),
        ("2 weeks", "", ""),
        ("2 weeks", "claude", ""),
        ("", "claude", "/usr"),
        ("soon", "", ""),
    ):
        sheet.age.setText(age)
        for box, value in ((sheet.agent, agent), (sheet.project, project)):
            box.setCurrentIndex(box.findData(value))
        found.append((sheet.found.text(), sheet.remove.isEnabled()))
    assert found == [
        ("3 chats, 300 KiB", True),
        ("2 chats, 200 KiB", True),
        ("1 chat, 100 KiB", True),
        ("No such chats", False),
        ("Write an age or a date: 90 days, 2 weeks, march, 2026-03-14.", False),
    ]
    assert sheet.agent.itemText(1) == "Claude Code"


async def test_the_sheet_is_offered_only_once_a_chat_has_ended(harness: WindowHarness) -> None:
    await harness.add("runs")
    window = harness.open_window()
    window.sidebar.own_menu_requested.emit(QPoint(20, 60))
    menu = open_menu()
    assert [action.isEnabled() for action in menu.actions() if action.text() == "Remove ended chats…"] == [False]
    menu.close()
