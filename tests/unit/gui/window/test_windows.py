"""Several windows: tabs move between them, and each chat is shown in its own window."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import combinations
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QWidget

from gui.settings.layout import SavedPane, SavedWindow, WindowLayout
from gui.settings.live import LiveAgents, LiveSettings
from gui.settings.preferences import Preferences
from gui.window.panes.pane_area import Drop
from gui.window.panes.tab_drag import TabDragging
from gui.window.remote_control.server import ControlRequest, RemoteControl
from gui.window.widgets.parts import TITLE_BAR_PX
from gui.window.windows import STEP_PX, MainWindow, Windows, cascaded
from session_host import paths
from session_host.errors import UsageError
from session_host.protocol.messages import OutputEvent
from session_host.protocol.values import State
from tests.support.area import Area
from tests.support.processes import c_variable
from tests.support.qt_waiting import show_active
from tests.support.waiting import wait_until
from tests.support.windows import has_keyboard
from tests.unit.gui.conftest import WAIT_S, WindowHarness

Open = Callable[[WindowLayout], Windows]


@pytest.fixture
async def open_windows(harness: WindowHarness) -> AsyncIterator[Open]:
    """Opens the windows of a layout."""
    opened: list[Windows] = []

    def open_(layout: WindowLayout) -> Windows:
        settings = LiveSettings(paths.config_dir(), Preferences(), harness.sessions)
        windows = Windows(harness.theme, harness.sessions, LiveAgents(settings), settings, layout)
        opened.append(windows)
        harness.sessions.follow_all()
        windows.restore_windows()
        windows.show()
        return windows

    yield open_
    await harness.sessions.close()
    for windows in opened:
        for window in windows.all:
            window.tabs.panes.close_all()
        windows.hide()
        windows.delete()
    harness.settle()


async def until_active(harness: WindowHarness, windows: Windows, window: MainWindow) -> None:
    await harness.until(window.isActiveWindow, "the window to be active")
    assert windows.current is window


def tabs_of(windows: Windows) -> list[list[str]]:
    return [window.tabs.ids() for window in windows.all]


async def test_of_two_windows_that_open_again_the_one_used_last_is_in_front(harness: WindowHarness, open_windows: Open):
    ids = [await harness.add(name) for name in ("one", "two")]
    saved = [SavedWindow(panes=[SavedPane([each], each)]) for each in ids]
    windows = open_windows(WindowLayout(windows=saved, last_used=1))
    await until_active(harness, windows, windows.all[1])
    kept: list[int] = []
    windows.layout_changed.connect(lambda: kept.append(windows._layout.to_dict()["last_used"]))
    windows.all[0].raise_window()
    await until_active(harness, windows, windows.all[0])
    assert kept[-1] == 0, "a window that is killed knows it, too"
    windows.all[1].raise_window()
    await until_active(harness, windows, windows.all[1])
    windows.all[1].close()
    harness.settle()
    assert kept[-1] == 0


async def test_a_tab_moves_to_a_new_window_and_back(harness: WindowHarness, open_windows: Open):
    one, two, three = [await harness.add(name) for name in ("one", "two", "three")]
    layout = WindowLayout()
    windows = open_windows(layout)
    first = windows.all[0]
    for session_id in (one, two, three):
        windows.open_chat(harness.chat(session_id))
        harness.viewers[session_id].go_live()
    await until_active(harness, windows, first)
    first.actions_["move_to_new_window"].trigger()
    assert tabs_of(windows) == [[one, two], [three]]
    second = windows.all[1]
    await until_active(harness, windows, second)
    assert [[pane.tabs for pane in window.panes] for window in layout.windows] == [[[one, two]], [[three]]]
    second.actions_["move_to_new_window"].trigger()
    assert len(windows.all) == 2, "the new window would be the same one"
    first.open_chat(harness.chat(three))
    assert tabs_of(windows) == [[one, two], [three]], "it is shown where it is"
    windows.open_chat(harness.chat(one))
    await until_active(harness, windows, first)
    assert second.actions_["move_to_window"].isEnabled()
    second.actions_["move_to_window"].trigger()
    assert tabs_of(windows) == [[one, three, two]], "beside the shown one; the window without tabs is closed"
    assert len(layout.windows) == 1
    assert not first.actions_["move_to_window"].isEnabled()


async def test_a_new_window_is_empty_and_its_chats_are_its_own(harness: WindowHarness, open_windows: Open):
    one, two = [await harness.add(name) for name in ("one", "two")]
    layout = WindowLayout()
    windows = open_windows(layout)
    first = windows.all[0]
    windows.open_chat(harness.chat(one))
    await until_active(harness, windows, first)
    first.actions_["new_window"].trigger()
    second = windows.all[1]
    await until_active(harness, windows, second)
    assert second.empty.isVisible()
    assert second.empty.hasFocus() or second.empty.isAncestorOf(second.focusWidget()), "Enter starts a chat"
    assert first.actions_["move_to_window"].isEnabled()
    second.open_chat(harness.chat(two))
    assert tabs_of(windows) == [[one], [two]]
    second.actions_["close_tab"].trigger()
    assert windows.all == [first]


async def test_a_chat_dragged_to_another_window_leaves_its_previous_one(harness: WindowHarness, open_windows: Open):
    one, two, three = [await harness.add(name) for name in ("one", "two", "three")]
    windows = open_windows(
        WindowLayout(windows=[SavedWindow([SavedPane(ids, ids[0])]) for ids in ([one, two], [three])])
    )
    second = windows.all[1]
    dragging = second.tabs.findChild(TabDragging)
    assert dragging is not None
    dragging.open_chats([harness.chat(two)], Drop(second.tabs.panes.active.number, at=0))
    assert tabs_of(windows) == [[one], [two, three]]
    await until_active(harness, windows, second)
    dragging.open_chats([harness.chat(one)], Drop(second.tabs.panes.active.number, "right"))
    assert tabs_of(windows) == [[two, three, one]], "the window without tabs is closed"
    assert second.tabs.active_id == one


async def test_windows_are_restored_and_only_the_tabs_of_a_closed_one_can_be_reopened(
    harness: WindowHarness, open_windows: Open
):
    one, two = [await harness.add(name) for name in ("one", "two")]
    layout = WindowLayout(
        windows=[
            SavedWindow([SavedPane([one], one)], geometry=(40, 60, 1000, 500)),
            SavedWindow([SavedPane(["gone"], "gone")]),
            SavedWindow([SavedPane([two], two)], geometry=(400, 200, 600, 400), sidebar_collapsed=True),
        ]
    )
    windows = open_windows(layout)
    wanted: list[str] = []
    windows.close_requested.connect(lambda: wanted.append("close"))
    assert tabs_of(windows) == [[one], [two]]
    first, second = windows.all
    assert [window.sidebar.collapsed for window in windows.all] == [False, True]
    assert [window.width() for window in windows.all] == [1000, 600]
    await until_active(harness, windows, first)
    second.close()
    assert tabs_of(windows) == [[one]]
    assert not second.isVisible()
    assert not wanted
    first.tabs.reopen()
    assert tabs_of(windows) == [[one, two]]
    first.close()
    assert wanted == ["close"]


async def test_a_window_stays_while_the_removal_of_its_last_chats_can_be_undone(
    harness: WindowHarness, open_windows: Open
):
    one, two, three = [await harness.add(name, state=State.EXITED) for name in ("one", "two", "three")]
    layout = WindowLayout([SavedWindow([SavedPane([one], one)]), SavedWindow([SavedPane([two, three], three)])])
    windows = open_windows(layout)
    first, second = windows.all
    removals = harness.sessions.removals
    for session_id in (two, three):
        second.commands.chat_actions.remove(harness.chat(session_id))
    harness.settle()
    assert windows.all == [first, second]
    assert second.banners.current is not None
    second.banners.run_action()
    removals.undo([harness.chat(two)])
    harness.settle()
    assert second.tabs.ids() == [two, three]
    assert [window.tabs.ids() for window in windows.all] == [[one], [two, three]]

    second.tabs.close(two)
    second.tabs.close(three)
    assert windows.all == [first], "the window closes with its last tab if no removal can be undone"


async def test_a_window_closes_when_its_last_shell_is_left_or_its_last_chat_is_removed(
    harness: WindowHarness, open_windows: Open
):
    one, ended = [await harness.add(name, state=State.EXITED) for name in ("one", "two")]
    shell = await harness.add("notes", agent="shell", default_name="notes")
    panes = [SavedPane([session_id], session_id) for session_id in (one, ended, shell)]
    windows = open_windows(WindowLayout([SavedWindow([pane]) for pane in panes]))
    first, second = windows.all[:2]
    harness.viewers[shell].end(0)
    await harness.until(lambda: windows.all == [first, second], "the shell's window to close")
    second.commands.chat_actions.remove(harness.chat(ended))
    harness.settle()
    assert windows.all == [first, second], "its banner can undo that"
    await harness.sessions.removals.finish()
    assert windows.all == [first]


async def test_a_new_window_does_not_cover_the_others(harness: WindowHarness, open_windows: Open):
    ids = [await harness.add(f"chat {number}") for number in range(5)]
    windows = open_windows(WindowLayout(windows=[SavedWindow([SavedPane(ids, ids[0])], geometry=(40, 60, 700, 500))]))
    first = windows.all[0]
    await until_active(harness, windows, first)
    screen = first.screen().availableGeometry()
    for number, session_id in enumerate(ids[1:], 2):
        if number == 4:
            first.setGeometry(screen.right() - 699, screen.bottom() - 499, 700, 500)
            await harness.until(
                lambda: first.geometry().right() > screen.right() - 60, "the window to be in the corner"
            )
        windows.move(first, session_id, None, None)
        await until_active(harness, windows, windows.all[-1])
    assert all(screen.contains(window.frameGeometry()) for window in windows.all[1:])
    for one, other in combinations(windows.all, 2):
        assert (one.geometry().topLeft() - other.geometry().topLeft()).manhattanLength() >= STEP_PX
    assert {window.width() for window in windows.all} == {700}


def test_beside_a_window_that_fills_the_screen_a_new_one_is_smaller():
    room = QRect(0, 20, 1600, 980)
    placed = cascaded(QRect(0, 20, 1600, 980), [QPoint(0, 20)], room)
    assert placed == QRect(32, 52, 1568, 948)
    low = cascaded(QRect(0, 20, 1600, 400), [QPoint(0, 20)], room)
    assert low == QRect(0, 52, 1600, 400), "as wide as the screen, it moves down only"


@pytest.mark.usefixtures("display")
async def test_the_user_views_nothing_in_a_window_that_was_just_hidden(harness: WindowHarness):
    """What happened in its chat was taken for seen."""
    await harness.open("one")
    window = harness.window
    other = QWidget()
    show_active(other)
    other.hide()
    wait_until(lambda: has_keyboard(window.winId()), WAIT_S, "the window to have the keyboard")
    viewed = []
    window._windows.viewed_chat_changed.connect(lambda: viewed.append(window.viewed_ids()))
    window.hide()  # Before Qt knows that it had the keyboard.
    await harness.until(lambda: viewed, "Qt to know it")
    assert set().union(*viewed) == set()
    window._windows.toggle()
    assert window.isVisible()
    other.deleteLater()


async def test_a_chat_in_two_windows_is_seen_in_either_and_its_notices_are_shown_in_one(
    harness: WindowHarness, open_windows: Open
):
    one = await harness.add("one")
    layout = WindowLayout(windows=[SavedWindow([SavedPane([one], one)]), SavedWindow([SavedPane([one], one)])])
    windows = open_windows(layout)
    await harness.until(windows.all[0].isActiveWindow, "the window to be active")
    chat = harness.chat(one)
    assert windows.viewed() == [chat]
    harness.viewers[one].tell(OutputEvent(offset=3))
    assert not chat.unseen.output
    harness.sessions.notice_given.emit("something was done")
    assert [window.banners.current is not None for window in windows.all] == [True, False]
    harness.sessions.git_status_watcher.set_visible(True)
    windows.all[1].close()
    assert tabs_of(windows) == [[one]]
    assert harness.viewers[one].output or harness.further[0].output


async def test_screenshots_are_of_the_last_used_window_a_numbered_one_or_all(
    harness: WindowHarness, open_windows: Open, area: Area
):
    ids = [await harness.add(name) for name in ("one", "two")]
    saved = [
        SavedWindow(geometry=(0, 0, width, 500), panes=[SavedPane(tabs=[chat])])
        for chat, width in zip(ids, (700, 800), strict=True)
    ]
    windows = open_windows(WindowLayout(windows=saved))
    remote = RemoteControl(windows, harness.sessions, asyncio.Event())
    await until_active(harness, windows, windows.all[0])
    windows.all[1].raise_window()
    await until_active(harness, windows, windows.all[1])

    async def widths(window: str) -> list[tuple[str, int]]:
        request = ControlRequest("grab", file=str(area.root / "a.png"), window=window)
        taking = asyncio.ensure_future(remote.grab(request))
        await harness.until(taking.done, "the pictures")
        pictures = taking.result()
        assert all(QImage(one["file"]).width() == one["width_px"] for one in pictures)
        return [(Path(one["file"]).name, one["width_px"]) for one in pictures]

    assert await widths("") == [("a.png", 800)]
    assert await widths("1") == [("a.png", 700)]
    assert await widths("all") == [("a-1.png", 700), ("a-2.png", 800)]
    for wrong in ("0", "3", "-1", "first"):
        with pytest.raises(UsageError, match=f"there is no window {wrong}; 2 windows are open"):
            await widths(wrong)


async def test_of_hidden_windows_the_wanted_one_is_in_front_where_no_window_may_be_raised(
    harness: WindowHarness, open_windows: Open, monkeypatch: pytest.MonkeyPatch
):
    ids = [await harness.add(name) for name in ("one", "two", "three")]
    windows = open_windows(WindowLayout(windows=[SavedWindow(panes=[SavedPane(tabs=[each])]) for each in ids]))
    await until_active(harness, windows, windows.all[0])
    monkeypatch.setattr(MainWindow, "raise_window", lambda _: None)

    windows.hide()
    windows.open_chat(harness.chat(ids[1]))
    await until_active(harness, windows, windows.all[1])

    windows.hide()
    windows.toggle()
    await until_active(harness, windows, windows.all[1])


async def test_on_wayland_a_request_brings_its_permission_to_come_to_the_front(
    harness: WindowHarness, open_windows: Open, monkeypatch: pytest.MonkeyPatch
):
    one = await harness.add("one")
    windows = open_windows(WindowLayout(windows=[SavedWindow(panes=[SavedPane(tabs=[one])])]))
    remote = RemoteControl(windows, harness.sessions, asyncio.Event())
    await until_active(harness, windows, windows.all[0])
    tokens: list[str | None] = []
    monkeypatch.setattr("gui.window.remote_control.server.SETTLE_TIMEOUT_S", 0.0)
    monkeypatch.setattr(MainWindow, "raise_window", lambda _: tokens.append(c_variable("XDG_ACTIVATION_TOKEN")))
    windows.hide()
    for kind in ("show", "raise", "toggle", "new_chat", "next"):
        request = ControlRequest(kind, session=one, activation_token=kind)
        answer = asyncio.ensure_future(remote.handlers()[kind](request))
        await harness.until(answer.done, "the answer")
        answer.exception()  # The shown chat is not ready at once.
        windows.hide()
    assert tokens == ["show", "raise", "toggle", "new_chat", "next"]
    assert c_variable("XDG_ACTIVATION_TOKEN") is None


@pytest.mark.parametrize("geometry", [None, (100, 100, 5000, 5000)], ids=["first start", "another screen"])
async def test_a_window_and_its_title_bar_fit_on_a_small_screen(
    open_windows: Open, monkeypatch: pytest.MonkeyPatch, geometry: tuple[int, int, int, int] | None
):
    monkeypatch.setattr("gui.window.frame.DEFAULT_SIZE_PX", (5000, 5000))
    window = open_windows(WindowLayout(windows=[SavedWindow(geometry=geometry)])).all[0]
    room = window.screen().availableSize()
    assert (window.width() <= room.width(), window.height() <= room.height() - TITLE_BAR_PX) == (True, True)
    assert geometry is None or window.geometry().top() >= TITLE_BAR_PX


async def test_settings_have_the_keyboard_again_after_a_theme_was_imported_or_not(
    harness: WindowHarness, open_windows: Open, tmp_path: Path
):
    source = tmp_path / "Night Shift"
    source.write_text("background=001122\nforeground=ddeeff\n" + "".join(f"palette={n}=#8899aa\n" for n in range(16)))
    windows = open_windows(WindowLayout())
    opened = windows.tab_pages.settings.open("appearance")
    [link] = [each for each in opened.findChildren(QPushButton) if each.text() == "Import a theme…"]
    sheet = windows.current.sheets.import_theme
    for key, path in ((Qt.Key.Key_Escape, ""), (Qt.Key.Key_Return, str(source))):
        link.click()
        assert sheet.isVisible()
        sheet.file.setText(path)
        QTest.keyClick(sheet.file, key)
        await harness.until(lambda: opened.has_keyboard, "the settings to have the keyboard again")
        assert not sheet.is_open
        assert opened.notice.isVisible() == bool(path)
    assert opened.notice.text().startswith("The theme was imported to ")
    assert windows.current.banners.current is None, "the settings say it"
    opened.show_page("keys")
    assert not opened.notice.isVisible()
