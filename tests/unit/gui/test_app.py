"""The application: closing the window with and without a tray, the saved layout, and a change of appearance."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from gui.app import App
from gui.bridge import chat_files, machine_chats
from gui.input.draft import Draft
from gui.settings.theme_files import Library
from gui.theme.contrast import HIGH, ratio
from gui.theme.theme import Look
from gui.tray.tray import Tray
from gui.window.remote_control import single_instance
from session_host import paths
from session_host.agents.agent import Agent
from session_host.client.chats.retention import Tidying
from session_host.client.sessions.listing import session_named
from session_host.client.viewer.state import ViewerState
from session_host.client.worktrees import Mark, make
from session_host.errors import LaunchFailed, StoreError, StoreNewer
from session_host.protocol.values import State
from session_host.storage.store import Changes, Store
from tests.support.area import Area
from tests.support.buses import BusDaemon
from tests.support.displays import XServer
from tests.support.facts import chat_facts
from tests.support.qt_waiting import delete_now
from tests.support.repositories import Checkout
from tests.support.settings_portal import settings_portal
from tests.support.themes import DARK, LIGHT
from tests.support.waiting import eventually
from tests.unit.gui.conftest import FakeViewer, WindowHarness, one_pane

ID = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def recorded(area: Area) -> None:
    """A store with one chat."""
    with Store.open(paths.database()) as store:
        store.insert(
            chat_facts(
                id=ID,
                name="one",
                agent="command",
                argv=["cat"],
                cwd="/tmp",
                state=State.RUNNING,
                created_at="2026-01-02T03:04:05Z",
            )
        )


@pytest.fixture
async def app(qapp: QApplication, display: XServer, window_manager: None, recorded: None) -> AsyncIterator[App]:
    async with opened(qapp) as app:
        yield app


@asynccontextmanager
async def opened(qapp: QApplication, make_viewer: Callable[..., FakeViewer] = FakeViewer) -> AsyncIterator[App]:
    claim = single_instance.claim_or_raise()
    assert claim is not None
    app = App(qapp, claim, make_viewer)  # type: ignore[arg-type]
    running = asyncio.ensure_future(app.run())
    try:
        await until(app.window.isActiveWindow)
        yield app
    finally:
        app.quit()
        assert await running == 0
    delete_now(app.theme, app.sessions)
    qapp.setStyleSheet("")


async def until(condition: Any) -> None:
    def settled() -> object:
        QApplication.processEvents()
        return condition()

    await eventually(settled, 10, "what was waited for")


async def test_without_a_tray_closing_ends_the_window(app: App, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Tray, "is_available", False)
    app.window.close()
    assert app.finished.is_set()


async def test_a_window_that_waits_in_vain_for_a_tray_is_shown_minimized(app: App, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Tray, "is_available", False)
    app.window.hide()
    app._show_without_tray()
    assert app.window.isMinimized()
    assert app.windows.is_any_visible


async def test_with_a_tray_closing_hides_the_window_and_quit_is_in_the_tray(app: App, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Tray, "is_available", True)
    app.window.close()
    assert not app.window.isVisible()
    assert not app.finished.is_set()
    app.tray.open_requested.emit()
    assert app.window.isVisible()
    app.tray.quit_requested.emit()
    assert app.finished.is_set()


async def test_closing_asks_before_it_loses_what_was_typed_for_a_machine_out_of_reach(
    app: App, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Tray, "is_available", False)
    viewer = cast("FakeViewer", app.sessions.chats.made()[0].looks.first.viewer)
    viewer.keep(12)
    viewer.become(ViewerState.UNREACHABLE, "build1: Connection refused")
    app.window.close()
    assert not app.finished.is_set()
    question = app.window.sheets.question
    assert question.isVisible()
    assert "12 characters for one are not sent yet." in question.detail.text()
    QTest.mouseClick(question.yes, Qt.MouseButton.LeftButton)
    assert viewer.calls[-1] == ("discard_kept",), "so that closing does not wait for its delivery"
    assert app.finished.is_set()


async def test_a_chat_chosen_in_the_tray_is_in_front_with_the_keyboard(app: App):
    other = QWidget()
    other.show()
    other.activateWindow()
    await until(other.isActiveWindow)
    app.tray.refresh()
    app.tray.menu.actions()[0].trigger()
    assert app.window.tabs.active_chat is not None
    assert app.window.tabs.active_chat.name == "one"
    page = app.window.tabs.active_page
    assert page is not None
    terminal = page.terminal
    assert terminal is not None
    await until(terminal.view.hasFocus)
    other.close()
    other.deleteLater()


class ReferenceCycle:
    """A reference cycle, which only the garbage collector frees; it records the thread that freed it."""

    def __init__(self, ended: list[threading.Thread]) -> None:
        self.me = self
        self.ended = ended

    def __del__(self) -> None:
        self.ended.append(threading.current_thread())


async def test_garbage_is_collected_only_in_qts_thread_while_no_event_is_pending(
    qapp: QApplication, display: XServer, window_manager: None, recorded: None
):
    def make_garbage() -> None:
        for _ in range(100 * gc.get_threshold()[0]):
            ReferenceCycle(ended)

    ended: list[threading.Thread] = []
    async with opened(qapp):
        await asyncio.to_thread(make_garbage)
        make_garbage()
        assert ended == []

        def is_collected() -> bool:
            qapp.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
            return bool(ended)

        waker = QTimer()
        waker.start(10)
        await until(is_collected)
        waker.stop()
    assert set(ended) == {threading.main_thread()}


async def test_a_start_is_prepared_while_its_sheet_is_open(app: App, monkeypatch: pytest.MonkeyPatch):
    prepared: list[str] = []

    def prepare_start(agent: Agent, environment: dict[str, str]) -> None:
        prepared.append(agent.name)
        raise LaunchFailed("the start says so")

    monkeypatch.setattr("session_host.client.chats.launch.prepare_start", prepare_start)
    app.window.commands.starting.new_chat("shell", "/tmp")
    await until(lambda: prepared == ["shell"])


async def test_a_prompt_typed_right_before_the_window_is_closed_is_restored(
    qapp: QApplication, display: XServer, window_manager: None, recorded: None
):
    async with opened(qapp) as app:
        chat = app.sessions.chats.made()[0].id
        app.sessions.drafts.set(chat, Draft("typed a moment ago"))
        app.quit()
        app.sessions.drafts.save_due.emit()
    app._save_layout()
    app.show_fault("An error while the window closes", "/nowhere")
    async with opened(qapp) as app:
        assert app.sessions.drafts.of(chat) == Draft("typed a moment ago")


async def test_a_killed_window_has_saved_which_shells_were_started_in_it(app: App) -> None:
    """Each change of the tabs saves it; a kill leaves no time for more."""
    app.sessions.shells.own.add(ID)
    app.windows.layout_changed.emit()

    def saved() -> bool:
        with Store.open(paths.database()) as store:
            return bool(store.layout().get("own_shells") == [ID])

    await until(saved)


async def test_a_layout_that_could_not_be_read_is_not_overwritten(
    qapp: QApplication, display: XServer, window_manager: None, recorded: None, monkeypatch: pytest.MonkeyPatch
):
    with Store.open(paths.database()) as store:
        store.save_layout(one_pane([ID], ID).to_dict())

    def locked(_store: Store, _warn: object = None) -> dict[str, Any]:
        raise StoreError("another program kept it locked for 5 s; try again")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "layout", locked)
        async with opened(qapp) as app:
            banner = app.window.banners.current
            assert banner is not None
            assert "kept it locked" in banner.text
            await until(lambda: app.sessions.chats.get(ID) is not None)
            app.window.open_chat(app.sessions.chats.made()[0])
            app.window.commands.chat_actions.close_tab(ID)
    with Store.open(paths.database()) as store:
        assert store.layout()["windows"][0]["panes"][0]["tabs"] == [ID]


async def test_a_damaged_layout_gives_one_line_and_its_valid_tabs_are_opened(
    qapp: QApplication, display: XServer, window_manager: None, recorded: None
):
    with Store.open(paths.database()) as store:
        store.save_layout({"windows": [{"panes": [{"tabs": [ID]}], "tree": "a bush"}, 5]})
    async with opened(qapp) as app:
        banner = app.window.banners.current
        assert banner is not None
        assert banner.text.startswith("The saved windows and tabs were damaged")
        assert app.window.tabs.ids() == [ID]
        app.window.banners.dismiss()
        assert app.window.banners.current is None


async def test_the_next_window_reports_input_that_a_chat_did_not_get_before_the_last_one_closed(
    qapp: QApplication, display: XServer, window_manager: None, recorded: None
):
    async with opened(qapp) as app:
        cast("FakeViewer", app.sessions.chats.made()[0].looks.first.viewer).delivery.undelivered = 1_500_000
    async with opened(qapp) as app:
        banner = app.window.banners.current
        assert banner is not None
        assert banner.text == ("Your last 1,500,000 characters for one may be missing, since its tab closed.")
        assert banner.lasting
    async with opened(qapp) as app:
        assert app.window.banners.current is None or "may be missing" not in app.window.banners.current.text


async def test_chats_that_could_not_be_listed_are_listed_later(
    qapp: QApplication, display: XServer, window_manager: None, recorded: None, monkeypatch: pytest.MonkeyPatch
):
    def locked(*_: object) -> Changes:
        raise StoreError("another program kept it locked for 5 s; try again")

    monkeypatch.setattr(machine_chats, "RETRY_S", 0.001)
    with monkeypatch.context() as patch:
        patch.setattr(Store, "all", locked)
        patch.setattr(Store, "changes_since", locked)
        async with opened(qapp) as app:
            assert app.window.empty.title.text() == "Can’t list your chats yet"
            patch.undo()
            await until(lambda: app.window.empty.title.text() == "1 running chat")


@pytest.mark.parametrize(("is_installed", "finds"), [(True, "a call"), (False, "a call"), (True, "the limit")])
async def test_a_window_whose_store_a_newer_version_has_changed_offers_a_restart_if_that_is_installed(
    qapp: QApplication,
    display: XServer,
    window_manager: None,
    recorded: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_installed: bool,
    finds: str,
):
    words, program = tmp_path / "words", tmp_path / "outlive"
    program.write_text(f'#!/bin/sh\necho "$#$*" >> {words}\n[ "$*" != ls ] || exit {0 if is_installed else 1}\n')
    program.chmod(0o700)
    monkeypatch.setattr("gui.app.lasting_command", lambda: [str(program)])
    async with opened(qapp) as app:
        with contextlib.closing(sqlite3.connect(paths.database())) as store:
            store.execute("PRAGMA user_version = 999")
        for _ in range(2):
            if finds == "the limit":
                await app._check_limit()
                continue
            with pytest.raises(StoreNewer):
                await app.sessions.machines.here.machine.call(session_named, "one")
        await until(lambda: words.exists() and words.read_text() == "1ls\n")
        if is_installed:
            await until(lambda: "newer version of Outlive" in shown(app))
            assert app.window.banners.current is not None
            assert app.window.banners.current.action == "Restart the window"
            app.window.banners.run_action()
            assert app.finished.is_set()
        else:
            assert "newer version of Outlive" not in shown(app)
    expected = "1ls\n0\n" if is_installed else "1ls\n"
    await until(lambda: words.read_text() == expected)


async def test_an_unsafe_runtime_directory_is_reported_once_until_it_is_safe(
    app: App, area: Area, caplog: pytest.LogCaptureFixture
):
    moved = area.root / "moved"
    area.runtime.rename(moved)
    area.runtime.symlink_to(moved)
    for _ in range(3):
        app._check_claim()
    message = f"{area.runtime} is a symbolic link, which is unsafe; remove it"
    assert [record.message for record in caplog.records] == [message]
    assert shown(app) == message
    area.runtime.unlink()
    moved.rename(area.runtime)
    await until(lambda: shown(app) != message)


def shown(app: App) -> str:
    """The text of the banner."""
    return app.window.banners.current.text if app.window.banners.current is not None else ""


async def test_a_change_by_another_process_is_noticed(app: App):
    with Store.open(paths.database()) as store:
        store.update(app.sessions.chats.made()[0].id, name="two")
    await until(lambda: app.sessions.chats.made()[0].name == "two")


def add_old_chat(number: int) -> str:
    """Add a chat of 2 MiB that ended long ago; returns its id."""
    ended_id = f"00000000-0000-4000-8000-00000000010{number}"
    with Store.open(paths.database()) as store:
        store.insert(
            chat_facts(
                id=ended_id,
                name=f"old {number}",
                agent="command",
                argv=["cat"],
                cwd="/tmp",
                state=State.EXITED,
                created_at=f"2026-01-01T00:0{number}:00Z",
                ended_at=f"2026-01-01T00:0{number}:01Z",
            )
        )
    paths.session_dir(ended_id).mkdir(parents=True, mode=0o700)
    (paths.session_dir(ended_id) / "screen").write_bytes(bytes(2 * 1024 * 1024))
    return ended_id


async def test_the_window_warns_before_ended_chats_are_removed_and_an_undo_keeps_them(
    qapp: QApplication, display: XServer, window_manager: None, recorded: None, area: Area
):
    old = [add_old_chat(number) for number in range(3)]
    (area.config / "chats.toml").write_text("ended_limit_mib = 3\n")
    async with opened(qapp) as app:
        await until(lambda: shown(app).startswith("Ended chats take 6 of 3 MiB"))
    assert all(paths.session_dir(each).exists() for each in old)
    warned = paths.state_dir() / "limit-warned"
    os.utime(warned, times=(time.time() - 86400,) * 2)
    async with opened(qapp) as app:
        await until(lambda: shown(app).startswith("2 ended chats are over the limit"))
        assert set(app.sessions.listed.ids()) & set(old) == set(old[2:])
    assert all(paths.session_dir(each).exists() for each in old), "the window closed within the minute"
    marks = [paths.session_dir(each) / "viewed" for each in old[:2]]
    async with opened(qapp) as app:
        await until(lambda: shown(app).startswith("2 ended chats are over the limit"))
        app.window.banners.run_action()
        assert set(app.sessions.listed.ids()) >= set(old)
        await until(lambda: all(mark.exists() for mark in marks))
        await app._check_limit()
        assert shown(app) == "", "they stay for a week"
    for mark in marks:
        mark.unlink()
    warned.touch()
    os.utime(warned, times=(time.time() - 86400,) * 2)
    async with opened(qapp) as app:
        await until(lambda: shown(app).startswith("2 ended chats are over the limit"))
        app.sessions.removals._pending[0].timer.setInterval(0)
        await until(lambda: app.sessions.chats.get(old[0]) is None and app.sessions.chats.get(old[1]) is None)
        assert app.window.banners.current is None
    assert [paths.session_dir(each).exists() for each in old] == [False, False, True]


async def test_the_window_says_that_the_worktree_of_a_killed_start_has_work(
    qapp: QApplication,
    display: XServer,
    window_manager: None,
    recorded: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("gui.app.CLEAN_UP_AFTER_MS", 0)
    mark = Mark()
    worktree = make(str(Checkout.new(tmp_path / "project").path), None, "x", mark=mark)
    os.close(mark.descriptors[0])
    (Path(worktree.own.path) / "new").write_text("mine")
    async with opened(qapp) as app:
        await until(lambda: shown(app).startswith(f"Kept the worktree {worktree.own.path} of a start"))
    assert (Path(worktree.own.path) / "new").read_text() == "mine"


async def test_a_rename_does_not_wait_for_the_check_of_the_limit_at_the_start(
    qapp: QApplication, display: XServer, window_manager: None, recorded: None, monkeypatch: pytest.MonkeyPatch
):
    session_id = add_old_chat(0)
    is_checking, may_end, has_ended = (threading.Event() for _ in range(3))

    def check_slowly(_store: Store, *, by_window: bool) -> Tidying:
        is_checking.set()
        may_end.wait(60)
        has_ended.set()
        return Tidying("", [])

    monkeypatch.setattr("gui.app.check_limit", check_slowly)
    async with opened(qapp) as app:
        await until(is_checking.is_set)
        chat = app.sessions.chats.get(session_id)
        assert chat is not None
        app.sessions.lifecycle.rename(chat, "another")
        await until(lambda: chat.name == "another")
        assert not has_ended.is_set()
        may_end.set()


async def test_texts_for_the_editor_are_removed_at_the_start_and_the_end(
    qapp: QApplication, display: XServer, window_manager: None, recorded: None, area: Area
):
    left_over = chat_files.prepare(ID, "one", ".txt")
    chat_files.write(left_over, "of a window that was killed")
    async with opened(qapp):
        assert not left_over.exists()
        chat_files.write(chat_files.prepare(ID, "one", ".txt"), "opened")
    assert not paths.texts_dir().exists()


async def test_the_window_opens_dark_on_a_dark_desktop_that_only_the_portal_knows(
    qapp: QApplication, session_bus: BusDaemon, display: XServer, window_manager: None, recorded: None
):
    with settings_portal(color_scheme=1) as portal:
        async with opened(qapp) as app:
            await until(lambda: app.theme.tokens == DARK.tokens)
            portal.set("color-scheme", 2)
            await until(lambda: app.theme.tokens == LIGHT.tokens)


@pytest.mark.parametrize("theme", ["desktop"], indirect=True)
async def test_the_appearance_changes_while_tabs_are_open(harness: WindowHarness):
    ids = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window()
    for session_id in ids:
        harness.show(session_id)
    window.tabs.close(ids[1])  # a closed page must not be painted any more
    harness.settle()
    for scheme, colors in ((Qt.ColorScheme.Light, LIGHT.tokens), (Qt.ColorScheme.Dark, DARK.tokens)):
        harness.theme.on_color_scheme(scheme)
        harness.settle()
        image = window.grab().toImage()
        assert image.pixelColor(window.width() - 100, window.height() // 2) == colors.color("page")
        assert image.pixelColor(100, window.height() - 40) == colors.color("sidebar")


async def test_a_desktop_that_tells_qt_of_high_contrast_gets_it(harness: WindowHarness):
    harness.open_window()
    usual, hints = harness.theme.tokens, QGuiApplication.styleHints()
    assert ratio(usual.color("border"), usual.color("page")) < HIGH.line
    hints.accessibility().contrastPreferenceChanged.emit(Qt.ContrastPreference.HighContrast)
    tokens = harness.theme.tokens
    assert ratio(tokens.color("border"), tokens.color("page")) >= HIGH.line
    hints.accessibility().contrastPreferenceChanged.emit(Qt.ContrastPreference.NoPreference)
    assert harness.theme.tokens == usual


async def test_programs_get_the_colours_of_a_chosen_theme_but_not_of_a_preview(app: App, area: Area):
    gruvbox = Library().pair("gruvbox-dark")
    previous = app.sessions.chats.colors
    app.theme.preview(gruvbox, "dark")
    assert app.theme.terminal.background == gruvbox.dark.terminal.background
    assert app.sessions.chats.colors == previous
    app.theme.use(gruvbox, "dark", Look())
    assert app.sessions.chats.colors == gruvbox.dark.terminal.default_colors()
    (area.config / "window.toml").write_text('theme = "nord"\nnotifications = false\n')
    await until(lambda: app.sessions.chats.colors == Library().scheme("nord").terminal.default_colors())
    assert not app._notifier.is_enabled
