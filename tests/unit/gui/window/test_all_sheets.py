"""The window's sheets: for starting, finding and renaming a chat; what the user types goes to what is in front."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QVBoxLayout, QWidget

from gui.bridge.chat import Chat
from gui.bridge.search import Hit, Query
from gui.theme.tokens import GAP_L_PX
from gui.window.actions.tab_pages import SettingsOpener
from gui.window.page.banners import Banner
from gui.window.sheets.chooser import Choice
from gui.window.sheets.question import Question
from gui.window.sheets.sheet import ASK_PX, LINES_PX, LIST_PX, TOP_SHARE, Sheet
from gui.window.widgets.directory_field import DirectoryField
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.errors import LaunchFailed, OutliveError
from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import Activity, Image, State
from session_host.standing.groups import Group
from tests.programs.shown_image import png
from tests.support.area import Area
from tests.support.images import RED
from tests.support.qt_waiting import show_active
from tests.support.repositories import Checkout
from tests.support.scripted_chat import ScriptedChat, command_request
from tests.unit.gui.conftest import WindowHarness

CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


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
        sheets.question,
        sheets.name,
        sheets.new_chat,
        sheets.export,
        sheets.chooser,
        sheets.import_theme,
        sheets.explain,
        sheets.output,
        sheets.send,
        sheets.save_prompt,
        sheets.remove_ended,
        sheets.phone,
        sheets.searching.sheet,
        sheets.searching.recorded,
    ]
    sheets.chooser.ask("Commands", "", [Choice("one", "", list)])
    sheets.phone.ask()
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
    await harness.press(Qt.Key.Key_N, CTRL_SHIFT)
    sheet = window.sheets.new_chat
    assert sheet.is_open
    sheet.tiles.choose("shell")
    sheet.tiles.focus()
    await harness.press(Qt.Key.Key_Right)
    assert sheet.tiles.current() == "command"
    await harness.press(Qt.Key.Key_Tab)
    assert sheet.directory.hasFocus()
    # Not key by key, since QTest sends keys to the list of completions, while a desktop sends them to the field.
    sheet.directory.setText("~/src")
    assert sheet.name.text() == "src", "the name is suggested from the directory"
    await harness.press(Qt.Key.Key_Tab)
    assert sheet.directory_row.browse.hasFocus()
    await harness.press(Qt.Key.Key_Tab)
    await harness.press(Qt.Key.Key_Tab)
    assert sheet.arguments.hasFocus(), "a command needs one to run"
    QTest.keyClicks(sheet.arguments, "tail -f 'a file'")
    await harness.press(Qt.Key.Key_Return)
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
    async def launch(_request: LaunchRequest) -> ChatFacts:
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
    async def launch(_request: LaunchRequest) -> ChatFacts:
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

    async def launch(request: LaunchRequest) -> ChatFacts:
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
    await harness.press(Qt.Key.Key_K, CTRL_SHIFT)
    assert window.findChildren(Sheet) == [window.sheets.chooser], "each is created when it is first used"


async def test_tab_stays_in_the_sheet(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.commands.starting.new_chat("shell", "/tmp")
    await focused(harness)
    seen: set[QWidget] = set()
    for _ in range(20):
        await harness.press(Qt.Key.Key_Tab)
        where = window.focusWidget()
        assert where is not None
        assert window.sheets.new_chat.isAncestorOf(where)
        seen.add(where)
    assert {window.sheets.new_chat.directory, window.sheets.new_chat.name, window.sheets.new_chat.start} <= seen


async def test_a_list_of_results_that_all_fit_has_no_scroll_bar(harness: WindowHarness) -> None:
    for name in ("docs", "api-fix"):
        await harness.add(name)
    window = harness.open_window()
    await harness.press(Qt.Key.Key_K, CTRL_SHIFT)
    results = window.sheets.chooser.list
    assert results.items.rowCount() == 2
    assert results.verticalScrollBar().maximum() == 0


async def test_the_palette_runs_actions_and_lists_the_banners_action_first(harness: WindowHarness) -> None:
    window = harness.open_window()
    await harness.press(Qt.Key.Key_P, CTRL_SHIFT)
    QTest.keyClicks(window.sheets.chooser.field, "toggle sidebar")
    await harness.press(Qt.Key.Key_Return)
    assert window.sidebar.collapsed
    window.banners.show_banner(Banner("Closed the tab", "Reopen", lambda: None))
    await harness.press(Qt.Key.Key_P, CTRL_SHIFT)
    first = window.sheets.chooser.items.item(0)
    assert first.text() == "Reopen"


async def test_a_key_goes_to_the_next_chat_that_needs_the_user(harness: WindowHarness) -> None:
    ids = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window()
    await harness.press(Qt.Key.Key_J, CTRL_SHIFT)
    assert harness.banner == "No chats need you"
    harness.viewers[ids[1]].be(Activity.NEEDS_INPUT)
    await harness.press(Qt.Key.Key_J, CTRL_SHIFT)
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
    show_active(host)
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
        await harness.press(key, CTRL_SHIFT)
    assert [sheet for sheet in window.findChildren(Sheet) if sheet.is_open] == [window.sheets.chooser]
    await harness.press(Qt.Key.Key_Escape)
    await harness.press(Qt.Key.Key_A)
    typed = [call[2] for call in viewer.calls if call[0] == "key" and call[2]]
    assert set(typed) == {"a"}


async def test_reserved_keys_never_reach_the_program(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    session_id = await harness.add("one")
    monkeypatch.setattr(SettingsOpener, "open", lambda *_where: None)
    monkeypatch.setattr(harness.open_window().commands.starting, "new_shell", lambda *_where: None)
    viewer = harness.show(session_id)
    for key in (Qt.Key.Key_F, Qt.Key.Key_D, Qt.Key.Key_E, Qt.Key.Key_Z, Qt.Key.Key_Space):
        await harness.press(key, CTRL_SHIFT)
    await harness.press(Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    await harness.press(Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier)
    modifiers = {"Shift", "Control", "Alt"}
    assert [call for call in viewer.calls if call[0] in {"key", "text"} and call[1] not in modifiers] == []


async def test_a_shortcut_during_a_long_start_gets_the_keys_that_follow(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = asyncio.Event()

    async def launch(*_arguments: object, **_wishes: object) -> Chat:
        await goes_on.wait()
        raise OutliveError("cannot be started")

    monkeypatch.setattr(harness.sessions.lifecycle, "launch", launch)
    viewer = await harness.open("one")
    window = harness.window
    await harness.press(Qt.Key.Key_Return, CTRL_SHIFT)
    QTest.keyClicks(harness.view, "for the shell")
    await harness.press(Qt.Key.Key_P, CTRL_SHIFT)
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
    await harness.press(Qt.Key.Key_L, CTRL_SHIFT)
    assert window.sidebar.list.hasFocus()
    await harness.press(Qt.Key.Key_Escape)
    assert harness.view.hasFocus()
    window.sidebar.model.toggle_group(Group.ENDED)
    await harness.press(Qt.Key.Key_L, CTRL_SHIFT)
    await harness.press(Qt.Key.Key_F2)
    assert window.sheets.name.field.text() == "one"
    window.sheets.name.dismiss()
    await harness.press(Qt.Key.Key_L, CTRL_SHIFT)
    await harness.press(Qt.Key.Key_Delete)
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


def question() -> Question:
    return Question("Paste 2 lines?", "Paste", lambda: None)


async def test_a_first_chat_that_starts_behind_a_sheet_does_not_take_the_keyboard(harness: WindowHarness) -> None:
    session_id = await harness.add("one")
    window = harness.open_window()
    window.commands.starting.new_chat("shell", "/tmp")
    window.open_chat(harness.chat(session_id))
    harness.settle()
    assert window.tabs.active_id == session_id
    assert window.sheets.new_chat.is_open
    assert window.sheets.new_chat.isAncestorOf(window.focusWidget()), "typed text goes on into the sheet"


async def test_a_sheet_closes_when_a_key_moves_the_keyboard_behind_it(harness: WindowHarness) -> None:
    await harness.open("one")
    window = harness.window
    window.commands.starting.new_chat("shell", "/tmp")
    sheet = window.sheets.new_chat
    QTest.keyClicks(sheet.name, "typed")
    QTest.keyClick(sheet.name, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    harness.settle()
    assert not sheet.is_open
    assert harness.page.bars.find.get().field.hasFocus()
    window.commands.starting.new_chat("shell", "/tmp")
    sheet.directory_row.browser.browse()
    harness.settle()
    assert sheet.is_open, "a sheet over it has the keyboard"


async def test_a_key_finds_in_the_chat_from_the_list_of_directories(harness: WindowHarness) -> None:
    await harness.open("one")
    window = harness.window
    window.commands.starting.new_chat("shell", "/tmp")
    window.sheets.new_chat.directory_row.browser.browse()
    await harness.press(Qt.Key.Key_F, CTRL_SHIFT)
    assert not window.sheets.new_chat.directory_row.browser.is_open
    assert harness.page.bars.find.get().field.hasFocus()


async def test_new_agents_leave_the_keyboard_in_the_list_of_directories(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.commands.starting.new_chat("shell", "/tmp")
    sheet = window.sheets.new_chat
    sheet.tiles.focus()
    sheet.directory_row.browser.browse()
    harness.sessions.path_found.emit()
    assert sheet.directory_row.browser.list.hasFocus()


@pytest.mark.parametrize("key", [Qt.Key.Key_P, Qt.Key.Key_F], ids=["palette", "find"])
async def test_a_key_opens_something_else_over_an_image(harness: WindowHarness, key: Qt.Key) -> None:
    await harness.open("one")
    window = harness.window
    window.sheets.image.show_image(Image("image/png", png(RED)), "/")
    await harness.press(key, CTRL_SHIFT)
    assert not window.sheets.image.is_open
    field = window.sheets.chooser.field if key == Qt.Key.Key_P else harness.page.bars.find.get().field
    assert field.isVisible()
    assert field.hasFocus()


@pytest.mark.parametrize("key", [Qt.Key.Key_P, Qt.Key.Key_F], ids=["palette", "find"])
async def test_a_key_opens_something_else_while_the_prompt_of_a_new_chat_is_saved(
    harness: WindowHarness, key: Qt.Key
) -> None:
    await harness.open("one")
    window = harness.window
    window.commands.starting.new_chat("claude", "/tmp")
    sheet = window.sheets.new_chat
    sheet.tiles.choose("claude")
    harness.settle()
    QTest.keyClicks(sheet.prompt, "fix the tests")
    sheet.prompt_row.saved_requested.emit()
    QTest.keyClick(sheet.prompt_row.chooser.field, Qt.Key.Key_Return)
    assert window.sheets.save_prompt.name.hasFocus()
    await harness.press(key, CTRL_SHIFT)
    field = window.sheets.chooser.field if key == Qt.Key.Key_P else harness.page.bars.find.get().field
    assert not sheet.is_open
    assert field.isVisible()
    assert field.hasFocus()


async def test_an_image_closes_after_the_page_that_had_the_keyboard(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors: list[object] = []
    monkeypatch.setattr(sys, "excepthook", lambda *error: errors.append(error))
    session_id = (await harness.open("one")).session_id
    window = harness.window
    window.sheets.image.show_image(Image("image/png", png(RED)), "/")
    window.tabs.close(session_id)
    harness.settle()
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Escape)
    assert not window.sheets.image.is_open
    assert window.empty.hasFocus()
    assert not errors


async def test_a_start_that_fails_after_its_sheet_was_closed_is_reported_by_a_banner(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = asyncio.Event()

    async def launch(_request: LaunchRequest) -> ChatFacts:
        await fails.wait()
        raise LaunchFailed("the disk is full; free some space")

    monkeypatch.setattr("session_host.client.chats.launch.launch", launch)
    window = harness.open_window()
    window.commands.starting.new_chat("command", "/tmp", ["cat"])
    QTest.mouseClick(window.sheets.new_chat.start, Qt.MouseButton.LeftButton)
    await harness.press(Qt.Key.Key_P, CTRL_SHIFT)
    assert not window.sheets.new_chat.is_open
    fails.set()
    await harness.until(lambda: window.banners.current, "the banner")
    assert harness.banner == "The disk is full; free some space"
    assert window.sheets.chooser.field.hasFocus()


async def test_status_details_close_after_their_chat_was_removed(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors: list[object] = []
    monkeypatch.setattr(sys, "excepthook", lambda *error: errors.append(error))
    one, two = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window()
    harness.show(two)
    harness.show(one)
    window.sheets.explain.ask(harness.chat(one))
    await harness.storage.call(lambda store: store.remove(one))
    await harness.sessions.machines.here.refresh_now()
    harness.settle()
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Escape)
    assert not window.sheets.explain.is_open
    assert not errors


@pytest.mark.parametrize("where", ["filter", "sheet"])
async def test_a_shown_chat_that_is_removed_elsewhere_does_not_take_the_keyboard(
    harness: WindowHarness, where: str
) -> None:
    session_id = (await harness.open("one")).session_id
    window = harness.window
    await harness.open_chat_view(ScriptedChat().transcript)
    page = harness.content
    assert page.view.prompt.editor.hasFocus()
    if where == "sheet":
        window.commands.starting.new_chat("shell", "/tmp")
    typing_in = window.sheets.new_chat.name if where == "sheet" else window.sidebar.filter
    typing_in.setFocus()
    await harness.storage.call(lambda store: store.remove(page.chat.id))
    await harness.sessions.machines.here.refresh_now()
    harness.settle()
    assert window.tabs.active_id == session_id
    assert typing_in.hasFocus()


async def test_a_question_that_is_withdrawn_does_not_take_the_keyboard(harness: WindowHarness) -> None:
    one, two = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window()
    harness.show(one)
    window.tabs.panes.mirror("right")
    harness.show(two)
    window.tabs.panes.focus("left")
    harness.page.question.ask(question())
    window.tabs.panes.focus("right")
    view = harness.view
    assert view.hasFocus()
    harness.viewers[one].end(0)
    harness.settle()
    assert not any(page.is_question_open for page in window.tabs.pages())
    assert view.hasFocus()


async def test_a_click_beside_a_question_gives_its_page_the_keyboard(harness: WindowHarness) -> None:
    await harness.open("one")
    window = harness.window
    harness.page.question.ask(question())
    window.sidebar.take_focus()
    QTest.mouseClick(harness.page.question, Qt.MouseButton.LeftButton, pos=QPoint(4, 4))
    assert not harness.page.is_question_open
    assert harness.view.hasFocus()


async def test_a_request_that_is_answered_elsewhere_does_not_take_the_keyboard(harness: WindowHarness) -> None:
    window = harness.open_window()
    chat = ScriptedChat()
    await harness.open_chat_view(chat.transcript)
    page = harness.content
    chat.ask(command_request("make"))
    page.view.changed()
    await harness.until(page.view.page.visible_cards, "the request")
    page.view.show_request()
    assert page.view.page.isAncestorOf(window.focusWidget())
    window.commands.starting.new_chat("shell", "/tmp")
    sheet = window.sheets.new_chat
    sheet.name.setFocus()
    chat.resolve("r1", "yes", "Allow", "another window")
    page.view.changed()
    await harness.until(lambda: not page.view.page.visible_cards(), "the request to be gone")
    assert sheet.is_open
    assert sheet.name.hasFocus()


async def test_a_search_result_of_a_slow_chat_does_not_take_the_keyboard_from_another_chat(
    harness: WindowHarness,
) -> None:
    slow, other = [await harness.add(name) for name in ("slow", "other")]
    window = harness.open_window()
    harness.show(other)
    viewer = harness.viewers[slow]
    hit = Hit(slow, 1, 0, 0, "hello")
    window.sheets.searching.sheet.chosen.emit(Query.of("hello"), hit)
    assert window.tabs.active_id == slow
    window.open_chat(harness.chat(other))
    viewer.go_live()
    harness.settle()
    assert harness.view.hasFocus()
