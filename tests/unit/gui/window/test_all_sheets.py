"""The sheets for starting, finding and renaming a chat."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QVBoxLayout, QWidget

from gui.bridge.chat import Chat
from gui.theme.tokens import GAP_L_PX
from gui.window.page.banners import Banner
from gui.window.sheets.chooser import Choice
from gui.window.sheets.question import Question
from gui.window.sheets.sheet import ASK_PX, LINES_PX, LIST_PX, TOP_SHARE, Sheet
from gui.window.widgets.directory_field import DirectoryField
from gui.wording.groups import Group
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.errors import LaunchFailed, OutliveError
from session_host.protocol.values import Activity, State
from session_host.storage.store import SessionRecord
from tests.support.area import Area
from tests.support.repositories import Checkout
from tests.unit.gui.conftest import WindowHarness

CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


async def press(
    harness: WindowHarness, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    """Press a key in the widget that has the keyboard."""
    await focused(harness)
    where = harness.window.focusWidget()
    QTest.keyClick(where, key, modifiers)
    harness.settle()


async def focused(harness: WindowHarness, has: Callable[[], bool] | None = None) -> None:
    harness.window.activateWindow()
    await harness.until(harness.window.isActiveWindow, "the window to be active")
    if has is not None:
        await harness.until(has, "the keyboard to be there")


@pytest.mark.parametrize("width", [1200, 500])
async def test_all_dialogs_are_at_the_same_place_of_the_window(harness: WindowHarness, width: int) -> None:
    await harness.open("one")
    window = harness.window
    window.resize(width, 700)
    await harness.until(lambda: window.width() == width, "the window to have its width")
    sheets = window.sheets
    over_window: list[Sheet] = [
        sheets.question, sheets.name, sheets.new_chat, sheets.export, sheets.chooser, sheets.import_theme,
        sheets.explain, sheets.output, sheets.send, sheets.save_prompt, sheets.remove_ended, sheets.searching.sheet,
        sheets.searching.recorded,
    ]  # fmt: skip
    sheets.chooser.ask("Commands", "", [Choice("one", "", list)])
    for question in (sheets.question, harness.page.question):
        question.ask(Question("Stop?", "Stop", list))
    for sheet in (*over_window, harness.page.question):
        sheet.open()
        harness.settle()
        body = QRect(sheet.body.mapTo(window, QPoint()), sheet.body.size())
        assert body.top() == round(window.height() * TOP_SHARE), sheet
        assert body.width() in {ASK_PX, LIST_PX, min(LINES_PX, sheet.around.width() - 2 * GAP_L_PX)}
        if sheet is not harness.page.question or width > 500:
            assert abs(body.center().x() - window.rect().center().x()) <= 1
        assert window.rect().contains(body)
        for each in sheet.body.findChildren(QAbstractButton):
            assert not each.isVisible() or each.width() >= each.minimumSizeHint().width(), each.text()
        sheet.dismiss()


async def test_a_chat_is_started_with_the_keyboard_alone(
    harness: WindowHarness, area: Area, launches: list[LaunchRequest]
) -> None:
    directory = area.home / "src"
    directory.mkdir()
    window = harness.open_window()
    await press(harness, Qt.Key.Key_N, CTRL_SHIFT)
    sheet = window.sheets.new_chat
    assert sheet.is_open
    sheet.tiles.choose("shell")
    sheet.tiles.focus()
    await press(harness, Qt.Key.Key_Right)
    assert sheet.tiles.current() == "command"
    await press(harness, Qt.Key.Key_Tab)
    assert sheet.directory.hasFocus()
    # Not key by key, since QTest sends keys to the list of completions, while a desktop sends them to the field.
    sheet.directory.setText("~/src")
    assert sheet.name.text() == "src", "the name is suggested from the directory"
    await press(harness, Qt.Key.Key_Tab)
    assert sheet.directory_row.browse.hasFocus()
    await press(harness, Qt.Key.Key_Tab)
    await press(harness, Qt.Key.Key_Tab)
    assert sheet.arguments.hasFocus(), "a command needs one to run"
    QTest.keyClicks(sheet.arguments, "tail -f 'a file'")
    await press(harness, Qt.Key.Key_Return)
    await harness.until(lambda: not sheet.is_open, "the sheet to go")
    [request] = launches
    assert (request.agent.name, request.arguments, request.name) == ("command", ["tail", "-f", "a file"], "src")
    assert request.directory == str(directory)
    assert window.tabs.active_chat is not None
    assert window.tabs.active_chat.name == "src"
    await harness.until(harness.view.hasFocus, "the keyboard to be in the terminal")
    assert (window.layout_state.last_agent, window.layout_state.last_directory) == ("command", str(directory))


@pytest.mark.parametrize(
    ("field", "text", "line"),
    [
        ("directory", "/nowhere/at/all", "/nowhere/at/all does not exist"),
        ("arguments", "'open", "Command: no closing quotation"),
        ("arguments", "", "Enter a command"),
        ("environment", "NAME", "Environment: write NAME as NAME=value"),
    ],
)
async def test_an_invalid_field_is_reported_in_the_sheet(
    harness: WindowHarness, launches: list[LaunchRequest], field: str, text: str, line: str
) -> None:
    window = harness.open_window()
    window.commands.starting.new_chat("command", "/tmp", ["cat"])
    sheet = window.sheets.new_chat
    getattr(sheet, field).setText(text)
    QTest.mouseClick(sheet.start, Qt.MouseButton.LeftButton)
    assert sheet.is_open
    assert sheet.error.text() == line
    assert launches == []


async def test_a_failed_start_is_reported_in_the_sheet_and_no_typed_text_is_lost(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def launch(_request: LaunchRequest) -> SessionRecord:
        raise LaunchFailed("the disk is full; free some space")

    monkeypatch.setattr("session_host.client.chats.launch.launch", launch)
    window = harness.open_window()
    window.commands.starting.new_chat("command", "/tmp", ["cat"])
    sheet = window.sheets.new_chat
    QTest.mouseClick(sheet.start, Qt.MouseButton.LeftButton)
    assert not sheet.start.isEnabled(), "a second press would start a second chat"
    await harness.until(sheet.error.isVisible, "the error")
    assert sheet.error.text() == "The disk is full; free some space"
    assert sheet.arguments.text() == "cat"
    assert sheet.start.isEnabled()


async def test_a_chat_like_a_chat_view_that_does_not_start_is_suggested_as_a_chat_view(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def launch(_request: LaunchRequest) -> SessionRecord:
        raise LaunchFailed("the disk is full; free some space")

    monkeypatch.setattr("session_host.client.chats.launch.launch", launch)
    session_id = await harness.add("one", agent="endpoint", runtime="structured", state=State.EXITED, exit_code=0)
    window = harness.open_window()
    window.commands.starting.new_like(harness.chat(session_id))
    await harness.until(lambda: window.sheets.is_any_open, "the sheet")
    assert window.sheets.new_chat.runtime.value() == "structured"


async def test_escape_cancels_a_start_that_waits_for_a_worktree(
    harness: WindowHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    async def launch(request: LaunchRequest) -> SessionRecord:
        seen.append(f"begun {request.worktree}")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        raise AssertionError

    monkeypatch.setattr("session_host.client.chats.launch.launch", launch)
    monkeypatch.setattr("gui.window.new_chat.sheet.PROGRESS_MS", 0)
    window = harness.open_window()
    window.commands.starting.new_chat("command", str(Checkout.new(tmp_path / "api").path), ["cat"])
    sheet = window.sheets.new_chat
    sheet.suggest_worktree()
    await harness.until(lambda: sheet.worktree.value() is not None, "the worktree to be offered")
    QTest.mouseClick(sheet.start, Qt.MouseButton.LeftButton)
    await harness.until(sheet.progress.isVisible, "the progress")
    await harness.until(lambda: seen, "the start")
    QTest.keyClick(sheet.cancel, Qt.Key.Key_Escape)
    await harness.until(lambda: seen == ["begun ", "cancelled"], "the end of the start")
    assert not sheet.is_open
    assert window.banners.current is None
    window.commands.starting.new_chat()
    assert sheet.start.isEnabled()
    assert not sheet.progress.isVisible()


async def test_a_window_opens_without_sheets(harness: WindowHarness) -> None:
    window = harness.open_window()
    assert window.findChildren(Sheet) == []
    await press(harness, Qt.Key.Key_K, CTRL_SHIFT)
    assert window.findChildren(Sheet) == [window.sheets.chooser], "each is created when it is first used"


async def test_tab_stays_in_the_sheet(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.commands.starting.new_chat("shell", "/tmp")
    await focused(harness)
    seen: set[QWidget] = set()
    for _ in range(20):
        await press(harness, Qt.Key.Key_Tab)
        where = window.focusWidget()
        assert where is not None
        assert window.sheets.new_chat.isAncestorOf(where)
        seen.add(where)
    assert {window.sheets.new_chat.directory, window.sheets.new_chat.name, window.sheets.new_chat.start} <= seen


async def test_a_list_of_results_that_all_fit_has_no_scroll_bar(harness: WindowHarness) -> None:
    for name in ("docs", "api-fix"):
        await harness.add(name)
    window = harness.open_window()
    await press(harness, Qt.Key.Key_K, CTRL_SHIFT)
    results = window.sheets.chooser.list
    assert results.items.rowCount() == 2
    assert results.verticalScrollBar().maximum() == 0


async def test_the_palette_runs_actions_and_lists_the_banners_action_first(harness: WindowHarness) -> None:
    window = harness.open_window()
    await press(harness, Qt.Key.Key_P, CTRL_SHIFT)
    QTest.keyClicks(window.sheets.chooser.field, "toggle sidebar")
    await press(harness, Qt.Key.Key_Return)
    assert window.sidebar.collapsed
    window.banners.show_banner(Banner("Closed the tab", "Reopen", lambda: None))
    await press(harness, Qt.Key.Key_P, CTRL_SHIFT)
    first = window.sheets.chooser.items.item(0)
    assert first.text() == "Reopen"


async def test_a_key_goes_to_the_next_chat_that_needs_the_user(harness: WindowHarness) -> None:
    ids = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window()
    await press(harness, Qt.Key.Key_J, CTRL_SHIFT)
    assert harness.banner == "No chats need you"
    harness.viewers[ids[1]].be(Activity.NEEDS_INPUT)
    await press(harness, Qt.Key.Key_J, CTRL_SHIFT)
    assert window.tabs.active_id == ids[1]


async def test_a_chat_is_renamed_in_the_sheet(harness: WindowHarness) -> None:
    session_id = await harness.add("one", state=State.EXITED)
    window = harness.open_window()
    window.commands.chat_actions.rename(harness.chat(session_id))
    assert window.sheets.name.field.text() == "one"
    window.sheets.name.field.setText("two")
    QTest.mouseClick(window.sheets.name.rename, Qt.MouseButton.LeftButton)
    await harness.until(lambda: harness.chat(session_id).name == "two", "the new name")


def test_a_typed_path_is_completed_and_recent_ones_come_first(harness: WindowHarness, area: Area) -> None:
    for name in ("alpha", "alps", ".hidden", "beta"):
        (area.home / name).mkdir()
    Path(area.home / "alfile").touch()
    field = DirectoryField()
    field.set_recent([str(area.home / "beta"), "/srv/al"])
    assert field.offers("~/al") == ["~/alpha", "~/alps"]
    assert field.offers("al") == ["/srv/al"]
    assert field.offers("~/.h") == ["~/.hidden"]
    assert field.offers("bet") == ["~/beta"]
    assert field.offers("/nowhere/x") == []
    field.deleteLater()


async def test_the_list_of_directories_is_used_by_keyboard(harness: WindowHarness, area: Area) -> None:
    for name in ("alpha", "alps"):
        (area.home / name).mkdir()
    field = DirectoryField()
    host = QWidget()
    QVBoxLayout(host).addWidget(field)
    host.show()
    host.activateWindow()
    assert QTest.qWaitForWindowActive(host)
    field.setFocus()
    QTest.keyClicks(field, "~/al")
    seen = []
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up):
        QTest.keyClick(field, key)
        seen.append(field.text())
    assert seen == ["~/alpha", "~/alps", "~/al", "~/alps"]
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert (field.text(), field.is_offering) == ("~/alps", False)
    field.clear()
    QTest.keyClicks(field, "~/al")
    QTest.keyClick(field, Qt.Key.Key_Tab)
    assert (field.text(), field.is_offering) == ("~/alpha/", False)
    shown = []
    for key in (Qt.Key.Key_Backspace, Qt.Key.Key_Escape):
        QTest.keyClick(field, key)
        shown.append(field.is_offering)
    assert shown == [True, False]
    host.deleteLater()


async def test_one_sheet_is_open_at_a_time_and_escape_returns_to_the_terminal(harness: WindowHarness) -> None:
    viewer = await harness.open("one")
    window = harness.window
    for key in (Qt.Key.Key_S, Qt.Key.Key_P):
        await press(harness, key, CTRL_SHIFT)
    assert [sheet for sheet in window.findChildren(Sheet) if sheet.is_open] == [window.sheets.chooser]
    await press(harness, Qt.Key.Key_Escape)
    await press(harness, Qt.Key.Key_A)
    typed = [call[2] for call in viewer.calls if call[0] == "key" and call[2]]
    assert set(typed) == {"a"}


async def test_reserved_keys_never_reach_the_program(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    session_id = await harness.add("one")
    monkeypatch.setattr(harness.open_window().commands.starting, "new_shell", lambda *_where: None)
    viewer = harness.show(session_id)
    for key in (Qt.Key.Key_F, Qt.Key.Key_D, Qt.Key.Key_E, Qt.Key.Key_Z, Qt.Key.Key_Space):
        await press(harness, key, CTRL_SHIFT)
    await press(harness, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    await press(harness, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier)
    modifiers = {"Shift", "Control", "Alt"}
    assert [call for call in viewer.calls if call[0] in {"key", "text"} and call[1] not in modifiers] == []


async def test_a_shortcut_during_a_long_start_gets_the_keys_that_follow(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = asyncio.Event()

    async def launch(*_arguments: object, **_wishes: object) -> Chat:
        await goes_on.wait()
        raise OutliveError("cannot be started")

    monkeypatch.setattr(harness.sessions, "launch", launch)
    viewer = await harness.open("one")
    window = harness.window
    await press(harness, Qt.Key.Key_Return, CTRL_SHIFT)
    QTest.keyClicks(harness.view, "for the shell")
    await press(harness, Qt.Key.Key_P, CTRL_SHIFT)
    QTest.keyClicks(window.focusWidget(), "find")
    assert window.sheets.chooser.field.text() == "find"
    goes_on.set()
    await harness.until(lambda: window.banners.current is not None, "the refusal")
    assert [call for call in viewer.calls if call[0] == "text"] == []


async def test_a_key_moves_the_focus_to_the_sidebar_where_f2_and_delete_work(harness: WindowHarness) -> None:
    ids = [await harness.add("one", state=State.EXITED), await harness.add("two")]
    window = harness.open_window()
    harness.show(ids[1])
    window.open_chat(harness.chat(ids[0]))
    await press(harness, Qt.Key.Key_L, CTRL_SHIFT)
    assert window.sidebar.list.hasFocus()
    await press(harness, Qt.Key.Key_Escape)
    assert harness.view.hasFocus()
    window.sidebar.model.toggle_group(Group.ENDED)
    await press(harness, Qt.Key.Key_L, CTRL_SHIFT)
    await press(harness, Qt.Key.Key_F2)
    assert window.sheets.name.field.text() == "one"
    window.sheets.name.dismiss()
    await press(harness, Qt.Key.Key_L, CTRL_SHIFT)
    await press(harness, Qt.Key.Key_Delete)
    assert harness.listed_names() == ["two"]
    assert window.banners.current is not None
    assert window.banners.current.action == "Undo"


async def test_a_directory_that_does_not_exist_is_created_on_a_click(
    harness: WindowHarness, area: Area, launches: list[LaunchRequest]
) -> None:
    window = harness.open_window()
    window.commands.starting.new_chat("shell", "/tmp")
    sheet = window.sheets.new_chat
    sheet.directory.setText("~/new/place")
    QTest.mouseClick(sheet.start, Qt.MouseButton.LeftButton)
    assert sheet.create_button.isVisible()
    QTest.mouseClick(sheet.create_button, Qt.MouseButton.LeftButton)
    await harness.until(lambda: launches, "the chat to be started")
    assert launches[0].directory == str(area.home / "new" / "place")
    assert (area.home / "new" / "place").is_dir()
