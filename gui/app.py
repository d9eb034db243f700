"""Connects the window's parts and runs them until the window is closed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import subprocess
import time
from collections.abc import Iterable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QProcess, Qt, QTimer
from PySide6.QtWidgets import QApplication
from shiboken6 import Shiboken

from gui import garbage
from gui.bridge import chat_files
from gui.bridge.login_path import StartPreparer
from gui.bridge.sessions import Sessions
from gui.bridge.store_thread import SocketWatcher, StoreThread, open_or_rebuild_store
from gui.clipboard import reading
from gui.clipboard.fields import FieldPasting
from gui.settings.layout import WindowLayout
from gui.settings.live import LiveAgents, LiveSettings
from gui.theme.desktop import DesktopSettings
from gui.theme.theme import Theme
from gui.timers import single_shot
from gui.tray.bells import Bells
from gui.tray.desktop_notifications import DesktopNotifications
from gui.tray.notifier import Notifier
from gui.tray.notify_command import NotifyCommand
from gui.tray.tray import Tray, app_icon
from gui.window import asking_devices
from gui.window.announcing import StatusAnnouncer
from gui.window.asking_devices import AskingDevices
from gui.window.page.banners import Banner
from gui.window.remote_control.server import ControlServer, RemoteControl
from gui.window.remote_control.single_instance import SingleInstance
from gui.window.sheets.question import Question
from gui.window.widgets.accessibility import install_roles
from gui.window.windows import MainWindow, Windows
from gui.wording import notice_texts, phone_texts, phrases, tray_texts, window_texts
from session_host import paths
from session_host.client.autostart import set_start_at_login
from session_host.client.chats.retention import CHECK_INTERVAL_S, Tidying, check_limit
from session_host.client.chats.settings import remember_colors
from session_host.client.machine import Machine
from session_host.client.sessions.stale_rows import all_after_boot
from session_host.client.sessions.store_access import open_store
from session_host.client.viewer.viewer import Viewer, ViewerDelegate
from session_host.errors import ConfigError, OutliveError, StoreNewer
from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import FileLocation, GridSize, Runtime
from session_host.standing.traits import TRAITS
from session_host.storage.store import Store
from session_host.system.freed_memory import return_freed_memory
from session_host.system.installation import lasting_command

if TYPE_CHECKING:
    from gui.bridge.chat import Chat, ViewerFactory

log = logging.getLogger(__name__)

RETRY_MS = 1000
TRAY_TIMEOUT_MS = 15_000
"""A tray that takes longer at login does not come."""
OFFER_RESTART_EACH_S = 60.0
INSTALLED_TIMEOUT_S = 30.0
CLEAN_UP_AFTER_MS = 1000
"""Nobody waits for this work, which would delay the start."""
LIMIT_UNDO_MS = 60_000
"""The time for an undo after the limit of ended chats removed some."""


class App:
    """The window's process: creates its parts, connects them, and runs them."""

    def __init__(
        self,
        qt: QApplication,
        claim: SingleInstance,
        viewer_factory: ViewerFactory | None = None,
        *,
        is_for_new_chat: bool = False,
        is_hidden: bool = False,
    ) -> None:
        self._claim = claim
        self._is_hidden = is_hidden
        self._is_for_new_chat = is_for_new_chat
        self.finished = asyncio.Event()
        self._restarts = False
        """Whether another window takes the place of this one."""
        self._restart_offered_s = float("-inf")
        self.storage = StoreThread(open_or_rebuild_store)
        self._is_layout_complete = True
        self._damaged_layout = ""
        self._desktop_settings = DesktopSettings(qt)
        # The store is read while Qt starts.
        opened = self.storage.open()
        read: Future[tuple[WindowLayout, list[ChatFacts]]] = self.storage.submit(
            lambda store: (self._read_layout(store), all_after_boot(store))
        )
        self.settings = LiveSettings(paths.config_dir(), parent=qt)
        preferences = self.settings.preferences
        self.agents = catalog = LiveAgents(self.settings)
        install_roles()
        FieldPasting(qt)
        desktop = self._desktop_settings
        QApplication.sendPostedEvents(desktop)  # What it has read so far counts from the beginning.
        self.theme = Theme(qt, preferences.schemes, preferences.window.appearance, preferences.look, desktop.look)
        desktop.changed.connect(lambda: self.theme.on_desktop_look(desktop.look))
        qt.setWindowIcon(app_icon())
        warnings, found, records = _read_startup_data(opened, read)
        # Overwrite only values that could be read; keep the rest for the next start.
        self._can_save_layout = found is not None
        self.layout = layout = found or WindowLayout()
        self.sessions = Sessions(self.storage, viewer_factory or self._make_viewer, qt)
        self.sessions.machines.here.agents = catalog
        self._send_colors()
        if found is not None:
            self.sessions.chats.apply(self.sessions.machines.here.machine, records, None)
        self.sessions.others.read()
        preparer = StartPreparer(self.sessions.tasks, self.sessions.machines.here)
        self.windows = Windows(
            self.theme, self.sessions, catalog, self.settings, layout, prepare_start=preparer.prepare
        )
        self.tray = Tray(self.theme, self.sessions)
        self.notifications = DesktopNotifications(self.sessions.tasks, self.tray.notify, self.windows)
        self.sessions.muting.load(layout.muted, layout.muted_until)
        self.sessions.drafts.load(layout.drafts)
        self.sessions.shells.load(layout.own_shells)
        self.sessions.review_comments.load(layout.review_comments)
        self._notify_command = NotifyCommand(self.notifications, self._report_notify_command, self.windows)
        self._notifier = Notifier(self.sessions, catalog, self.windows.viewed, self._notify_command)
        self._notifier.question_over.connect(self._notify_command.tell)
        self.notifications.answered.connect(self._notifier.answer)
        self._asking_devices = AskingDevices(self.windows)
        self._announcer = StatusAnnouncer(self.sessions, lambda: self.window, self._is_active)
        self._bells = Bells(self.sessions, self.windows.window_of)
        self._apply_settings()
        self._claim_problem = ""
        """Why lock and socket of the window cannot be made again now; it is said once."""
        self._claim_retry = single_shot(self.sessions, RETRY_MS)
        self._claim_retry.timeout.connect(self._check_claim)
        self._limit_checked_s = float("-inf")
        self.sessions.chats.changed.connect(self._check_limit_if_due)
        control = RemoteControl(self.windows, self.sessions, self.finished)
        self._server = ControlServer(control.handlers(), control.ask_attention)
        damaged = "" if self._is_layout_complete else notice_texts.layout_damaged(self._damaged_layout)
        catalog_problem = notice_texts.BUILT_IN_AGENTS(error=catalog.problem) if catalog.problem else ""
        self._warn(filter(None, [catalog_problem, damaged, *warnings]))
        self._connect()

    def _make_viewer(
        self,
        session_id: str,
        delegate: ViewerDelegate,
        size: GridSize,
        output: bool,
        runtime: Runtime,
        machine: Machine,
    ) -> Viewer:
        """Create a viewer; a structured chat has no grid."""
        viewer = Viewer(
            session_id,
            delegate,
            size=size if TRAITS[runtime].has_screen else None,
            kind="window",
            runtime=runtime,
            machine=machine,
            keeps_typing=lambda: self.settings.preferences.window.unreachable_typing == "keep",
        )
        viewer.follow(output)
        return viewer

    def _read_layout(self, store: Store) -> WindowLayout:
        def warn() -> None:
            self._is_layout_complete = False

        found = WindowLayout.from_dict(store.layout(warn), warn)
        if not self._is_layout_complete:
            self._damaged_layout = str(store.keep_damaged_layout() or "")
        return found

    @property
    def window(self) -> MainWindow:
        """The window that the user used last."""
        return self.windows.current

    def _is_active(self, chat: Chat) -> bool:
        """Whether the user sees this chat, in the active pane; no chat once the window is gone."""
        return Shiboken.isValid(self.window) and chat.id == self.window.tabs.active_id in self.window.viewed_ids()

    def _warn(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.window.banners.show_banner(Banner(phrases.first_upper(line), lasting=True, kind="failed"))

    def _on_store_rebuilt(self, lines: list[str]) -> None:
        self._warn(lines)
        self._save_layout()
        self.sessions.machines.here.refresh()

    def show_fault(self, text: str, report: str) -> None:
        """Show that the window had an unexpected error; ``report`` is the path of its log."""
        if self.finished.is_set():
            return
        opener = self.window.commands.opener
        self.window.banners.show_banner(
            Banner(
                text,
                notice_texts.SHOW_REPORT(),
                lambda: opener.open_file(FileLocation(report)),
                "fault",
                lasting=True,
                kind="failed",
            )
        )

    def _on_clipboard(self, line: str) -> None:
        banners = self.window.banners
        banners.withdraw("clipboard")
        if line:
            banners.inform(line, key="clipboard")

    def _connect(self) -> None:
        windows, tray = self.windows, self.tray
        self.storage.on_error = lambda error: self.window.banners.inform(str(error), kind="failed", key="layout")
        self.storage.on_rebuild = self._on_store_rebuilt
        reading.notices.given.connect(self._on_clipboard)
        windows.layout_changed.connect(self._save_layout)
        self.theme.changed.connect(self._send_colors)
        self.settings.changed.connect(self._apply_settings)
        self.settings.changed.connect(self._apply_start_at_login)
        self.settings.files_changed.connect(self.sessions.others.read)
        self.sessions.others.changed.connect(self._show_machines_problem)
        self._show_machines_problem()
        self.agents.changed.connect(self._apply_agents)
        tray.settings_requested.connect(windows.tab_pages.settings.open)
        self.sessions.muting.changed.connect(self._save_muting)
        self.sessions.drafts.save_due.connect(self._save_layout)
        self.sessions.review_comments.save_due.connect(self._save_layout)
        windows.close_requested.connect(self.close_window)
        windows.restart_requested.connect(self._restart)
        self.storage.on_newer = self._offer_restart_if_due
        # Each slot shows the window first; Qt calls slots in the order of their connections.
        for chosen in (tray.chat_chosen, tray.all_chats, tray.new_chat, tray.stop_all_requested):
            chosen.connect(windows.raise_window)
        tray.chat_chosen.connect(windows.open_chat)
        windows.viewed_chat_changed.connect(self._notifier.check)
        windows.viewed_chat_changed.connect(self._announcer.announce_changes)
        self._asking_devices.asks.connect(self._notify_of_device)
        self._asking_devices.over.connect(lambda: self._notify_command.withdraw(asking_devices.KEY))
        self.notifications.chosen.connect(self._on_notification_chosen)
        tray.message_chosen.connect(self._on_notification_chosen)
        tray.all_chats.connect(lambda: self.window.sidebar.list.setFocus(Qt.FocusReason.OtherFocusReason))
        tray.new_chat.connect(lambda directory: self.window.commands.starting.new_chat(directory=directory))
        tray.open_requested.connect(windows.raise_window)
        tray.quit_requested.connect(self._quit_after_question)
        tray.stop_all_requested.connect(self._on_stop_all)

    def _on_stop_all(self) -> None:
        self.window.commands.chat_actions.stop_all()

    def quit(self) -> None:
        """Exit the window's process; chats keep running."""
        self.finished.set()

    def _notify_of_device(self, line: str) -> None:
        if self.settings.preferences.window.notifications and self.sessions.muting.until is None:
            self._notify_command.show(asking_devices.KEY, line, phone_texts.COMPARE_HINT())

    def _on_notification_chosen(self, key: str) -> None:
        if key == asking_devices.KEY:
            self._asking_devices.open()
            return
        chat = self._notifier.chat_of(key)
        if chat is not None:
            self.windows.open_chat(chat)
        else:
            self.windows.raise_window()

    def close_window(self) -> None:
        """Hide the only window if there is a tray icon, else quit; the first time, say "Your chats keep running"."""
        if self.tray.is_available:
            self.window.hide()
            if not self.layout.tray_explained:
                self.layout.tray_explained = True
                self._save_layout()
                text = tray_texts.IN_THE_TRAY()
                self.notifications.show("closed to the tray", tray_texts.IN_THE_TRAY_TITLE(), text)
        else:
            self._quit_after_question()

    def _offer_restart_if_due(self) -> None:
        """Offer a restart of the window, since a newer version has changed the store."""
        if not self.finished.is_set() and time.monotonic() > self._restart_offered_s + OFFER_RESTART_EACH_S:
            self._restart_offered_s = time.monotonic()
            self.sessions.tasks.start(self._offer_restart(), "restart")

    async def _offer_restart(self) -> None:
        """Offer a restart if the program that is installed now is the newer one."""
        if await asyncio.to_thread(_can_installed_read):
            text, restart = notice_texts.NEWER_STORE(), notice_texts.RESTART_WINDOW()
            banner = Banner(text, restart, self._restart, "newer store", lasting=True, kind="failed")
            self.window.banners.show_banner(banner)

    def _restart(self) -> None:
        """Start the program that is installed now in place of this one."""
        self._quit_after_question(restarts=True)

    def _quit_after_question(self, *, restarts: bool = False) -> None:
        """Quit; ask first if that would lose what the user typed for a machine that cannot be reached."""

        def leave() -> None:
            self._restarts = restarts
            self.quit()

        kept = self.sessions.kept_input()
        if not kept:
            leave()
            return

        def discard_and_quit() -> None:
            for _chat, viewer in kept:
                viewer.discard_kept()
            leave()

        names = ", ".join(dict.fromkeys(chat.full_name for chat, _viewer in kept))
        count = sum(viewer.inputs.characters() for _chat, viewer in kept)
        self.windows.raise_window()
        self.window.sheets.question.ask(
            Question(
                window_texts.QUIT_UNSENT(),
                window_texts.DISCARD_AND_CLOSE(),
                discard_and_quit,
                window_texts.UNSENT(n=count, names=names),
                discards=True,
            )
        )

    def _apply_settings(self) -> None:
        settings = self.settings.preferences.window
        self._notifier.apply_settings(is_enabled=settings.notifications, long_turn_s=settings.long_turn_s)
        self._notify_command.command = settings.notify_command.strip()
        self._bells.apply_settings(settings)

    def _report_notify_command(self, line: str) -> None:
        self.window.banners.inform(line, kind="failed", key="notify command")

    def _show_machines_problem(self) -> None:
        self.window.banners.withdraw("machines")
        if line := self.sessions.others.problem:
            self.window.banners.show_banner(
                Banner(phrases.first_upper(line), lasting=True, kind="failed", key="machines")
            )

    def _apply_start_at_login(self) -> None:
        preferences = self.settings.preferences
        if not preferences.is_window_read:
            return
        enabled = preferences.window.start_at_login
        is_changed = enabled != self.layout.starts_at_login
        try:
            set_start_at_login(enabled=enabled, is_changed=is_changed)
        except ConfigError as error:
            self._warn([notice_texts.CANNOT_START_AT_LOGIN(error=error)])
            return
        if is_changed:
            self.layout.starts_at_login = enabled
            self._save_layout()

    def _save_muting(self) -> None:
        muting = self.sessions.muting
        self.layout.muted = list(muting.muted)
        self.layout.muted_until = muting.until.isoformat(timespec="seconds") if muting.until is not None else ""
        self._save_layout()

    def _apply_agents(self) -> None:
        """Show the agents of the catalog, since one of the user's files has changed."""
        self.window.banners.withdraw("agents")
        if self.agents.problem:
            text = notice_texts.PREVIOUS_AGENTS(error=self.agents.problem)
            self.window.banners.show_banner(Banner(text, lasting=True, kind="failed", key="agents"))
        self.sessions.chats.apply_agents()
        self.sessions.path_found.emit()

    def _send_colors(self) -> None:
        if self.theme.is_preview:
            return
        colors = self.theme.terminal.default_colors()
        self.sessions.chats.set_colors(colors)
        remember_colors(colors)

    def _save_layout(self) -> None:
        self.windows.put_unsent_into_layout()
        if self._can_save_layout and not self.finished.is_set():
            self.storage.save_layout(self.layout.to_dict())

    async def run(self) -> int:
        """Show the window, or leave it hidden in the tray, and run it until it is closed."""
        running = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            running.add_signal_handler(number, self.quit)
        try:
            chat_files.remove_all()
            self.notifications.withdraw_left()
            self.windows.restore_windows()
            if self._is_hidden:
                QTimer.singleShot(TRAY_TIMEOUT_MS, self.windows, self._show_without_tray)
            else:
                self.windows.show()
                self._show_tray_hint()
            if self._is_for_new_chat:
                self.window.commands.starting.new_chat()
            self._apply_start_at_login()
            self.settings.follow()
            self.sessions.others.follow()
            await self._server.start(self._claim.listener)
            # The visible page attaches first, the other chats later.
            QTimer.singleShot(0, self.sessions, self.sessions.follow_all)
            watcher = SocketWatcher(paths.runtime_dir(), paths.state_dir(), self.sessions)
            watcher.changed.connect(self._check_claim)
            watcher.changed.connect(self._asking_devices.watch)
            self._asking_devices.watch()
            self.sessions.follow_here()
            self.sessions.login_path.start()
            garbage.start_collecting()
            self.window.commands.resume_all.offer()
            self.sessions.tasks.start(self._load_recent_directories(), "recent directories")
            self._check_limit_if_due()
            QTimer.singleShot(CLEAN_UP_AFTER_MS, self.sessions, self._start_cleaning_up)
            await self.finished.wait()
        finally:
            await self._end()
        return 0

    def _start_cleaning_up(self) -> None:
        if not self.finished.is_set():
            self.sessions.tasks.start(self._clean_up(), "unfinished worktrees")

    async def _clean_up(self) -> None:
        for line in await asyncio.to_thread(_clean_up_worktrees):
            self.window.banners.show_banner(Banner(phrases.first_upper(line), lasting=True, key=line))

    def _check_limit_if_due(self) -> None:
        """Check the limit of ended chats at the start, and when a chat has changed a while after the last check."""
        if self.sessions.machines.here.is_loaded and time.monotonic() > self._limit_checked_s + CHECK_INTERVAL_S:
            self._limit_checked_s = time.monotonic()
            self.sessions.tasks.start(self._check_limit(), "ended chats")

    async def _check_limit(self) -> None:
        """Warn the user if ended chats take nearly as much space as allowed; if more, remove the oldest ones."""
        # Not in the store's thread: a check reads the size of each ended chat.
        try:
            warning, due = await asyncio.to_thread(_check_limit)
        except StoreNewer:
            self._offer_restart_if_due()
            return
        return_freed_memory()  # The records and sizes of thousands of chats are not needed again for hours.
        banners, removals = self.window.banners, self.sessions.removals
        if warning:
            change = Banner(
                phrases.first_upper(warning),
                notice_texts.CHANGE_LIMIT(),
                partial(self.windows.tab_pages.settings.open, "general"),
                "limit",
                lasting=True,
            )
            banners.show_banner(change)
        open_ids = {session_id for window in self.windows.all for session_id in window.tabs.ids()}
        chats = [chat for each in due if (chat := self.sessions.chats.get(each.record.id)) and chat.id not in open_ids]
        if begun := removals.begin(chats, undo_ms=LIMIT_UNDO_MS, by_limit=True):
            text = notice_texts.removed_by_limit(len(begun))
            undo = partial(removals.undo, begun)
            banners.show_banner(Banner(text, notice_texts.UNDO(), undo, f"removed {begun[0].id}", lasting=True))

    def _check_claim(self) -> None:
        """Listen on a new socket if the window's socket was removed."""
        if self.finished.is_set():
            return
        was_lost = self._claim.is_lost
        try:
            if self._claim.check_socket():
                log.warning("the window's socket was gone, and is bound again")
                self.sessions.tasks.start(self._server.start(self._claim.listener), "the window's socket")
            self._report_claim_problem("")
        except OutliveError as error:
            self._report_claim_problem(str(error))
            self._claim_retry.start()
        if self._claim.is_lost and not was_lost:
            text = notice_texts.ANOTHER_WINDOW()
            self.window.banners.show_banner(Banner(text, lasting=True, kind="failed"))

    def _report_claim_problem(self, problem: str) -> None:
        if problem == self._claim_problem:
            return
        self._claim_problem = problem
        self.window.banners.withdraw("claim")
        if problem:
            log.warning("%s", problem)
            text = phrases.first_upper(problem)
            self.window.banners.show_banner(Banner(text, key="claim", lasting=True, kind="failed"))

    def _show_tray_hint(self) -> None:
        if self.tray.is_available or self.layout.no_tray_explained or self.window.banners.current is not None:
            return
        if self.sessions.listed.running():
            self.layout.no_tray_explained = True
            self.window.banners.inform(notice_texts.NO_TRAY(), key="tray")

    def _show_without_tray(self) -> None:
        """Show a window that was started hidden if there is no tray icon: the user could not open it otherwise."""
        if not self.tray.is_available and not self.windows.is_any_visible:
            self.window.showMinimized()

    async def _load_recent_directories(self) -> None:
        self.tray.set_recent(await self.sessions.lifecycle.recent_directories(8))

    async def _end(self) -> None:
        layout = self.windows.snapshot_layout().to_dict()
        self.storage.on_error = lambda _error: None  # The banners that would show the error are about to close.
        self.windows.tab_pages.close()
        self._desktop_settings.close()
        self.settings.close()
        await self._server.close()
        self._notify_command.close()
        await self.notifications.close()
        layout["undelivered"] = await self.sessions.close()
        chat_files.remove_all()
        self.tray.close()
        self.windows.hide()
        self.storage.close(layout if self._can_save_layout else None)
        self._claim.release()
        if self._restarts:
            program, *words = lasting_command()
            QProcess.startDetached(program, words)
        self.windows.delete()


def _read_startup_data(
    opened: Future[list[str]], read: Future[tuple[WindowLayout, list[ChatFacts]]]
) -> tuple[list[str], WindowLayout | None, list[ChatFacts]]:
    """Read the store at the start: warnings, layout and records; no layout if the store cannot be read."""
    try:
        warnings = opened.result()
        layout, records = read.result()
    except OutliveError as error:
        return [str(error)], None, []
    return warnings, layout, records


def _can_installed_read() -> bool:
    """Whether the program that is installed now can read the store. Blocks."""
    nothing, command = subprocess.DEVNULL, [*lasting_command(), "ls"]
    try:
        run = partial(subprocess.run, stdin=nothing, stdout=nothing, stderr=nothing, check=True)
        run(command, timeout=INSTALLED_TIMEOUT_S)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _check_limit() -> Tidying:
    """See ``check_limit``; raises StoreNewer."""
    try:
        with open_store() as store:
            return check_limit(store, by_window=True)
    except StoreNewer:
        raise
    except OutliveError:
        return Tidying("", [])  # The store's next user reports the error.


def _clean_up_worktrees() -> list[str]:
    """Remove the worktrees of starts that were killed; returns a line about each that stays, since it has work."""
    from session_host.client.chats.chat_worktree import clean_up_worktrees

    lines: list[str] = []
    with contextlib.suppress(OutliveError), open_store() as store:
        clean_up_worktrees(store, lines.append)
    return lines
