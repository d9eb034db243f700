"""The tray icon, with a dot when a chat needs the user, and its menu."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from gui.bridge.chat import Chat
from gui.bridge.chat_words import last_command, status_text
from gui.bridge.second_lines import second_lines
from gui.bridge.sessions import Sessions
from gui.theme.icons import mark_icon
from gui.theme.menu import Menu
from gui.theme.theme import Theme
from gui.timers import single_shot
from gui.wording import action_texts, common_texts, dates, phrases, tray_texts, window_texts
from gui.wording.chat_texts import joined
from gui.wording.machine_texts import on_machine
from session_host.protocol.untrusted_text import before_more
from session_host.standing.ages import short_age
from session_host.standing.groups import Group
from session_host.standing.status import is_at_prompt

from .waiting import WATCHER

MAX_HIDDEN = 30
"""How many hidden actions a menu keeps; desktops read the menu again within a second, or when it is closed."""


class Entry(NamedTuple):
    """One entry of the menu; entries of one key are one entry for the user."""

    key: str
    text: str
    look: tuple[Any, ...] = ()
    """The arguments of the function that makes the entry's icon; () for no icon."""


class ChangingActions:
    """The actions of a menu's entries that change while the menu is known to the desktop."""

    def __init__(
        self,
        menu: QMenu,
        before: QAction | None,
        on_chosen: Callable[[str], None],
        icon_for: Callable[..., QIcon] | None = None,
    ) -> None:
        """Args:
        menu: the menu.
        before: the action that follows the entries; None for the menu's end.
        on_chosen: called with the key of an entry that the user chooses.
        icon_for: makes an entry's icon; called again only if the entry's look changes.
        """
        self._menu = menu
        self._before = before
        self._on_chosen = on_chosen
        self._icon_for = icon_for
        self._actions: dict[QAction, str] = {}
        """The keys of all actions, shown and hidden."""
        self._hidden: dict[QAction, None] = {}
        """The hidden actions, in the order in which they were hidden."""
        self._looks: dict[QAction, tuple[Any, ...]] = {}

    def show(self, entries: Sequence[Entry]) -> None:
        """Show these entries, in this order."""
        present = [action for action in self._menu.actions() if action in self._actions]
        keys = [self._actions[action] for action in present]
        same = SequenceMatcher(None, keys, [entry.key for entry in entries], autojunk=False).get_matching_blocks()
        staying = {block.b + step: present[block.a + step] for block in same for step in range(block.size)}
        for action in present:
            if action not in staying.values():
                action.setVisible(False)
                self._hidden.setdefault(action)
        following = self._before
        for index, entry in reversed(list(enumerate(entries))):
            action = staying.get(index) or self._insert(entry.key, following)
            self._update(action, entry)
            following = action
        for action in list(self._hidden)[:-MAX_HIDDEN]:
            self._remove(action)

    def _insert(self, key: str, following: QAction | None) -> QAction:
        action = QAction(self._menu)
        action.triggered.connect(lambda _checked=False: self._on_chosen(key))
        self._actions[action] = key
        if following is None:
            self._menu.addAction(action)
        else:
            self._menu.insertAction(following, action)
        return action

    def _update(self, action: QAction, entry: Entry) -> None:
        action.setText(entry.text.replace("&", "&&"))
        if self._icon_for is not None and self._looks.get(action) != entry.look:
            self._looks[action] = entry.look
            action.setIcon(self._icon_for(*entry.look))
        action.setVisible(True)
        self._hidden.pop(action, None)

    def _remove(self, action: QAction) -> None:
        del self._actions[action], self._hidden[action]
        self._looks.pop(action, None)
        self._menu.removeAction(action)
        action.deleteLater()


MAX_CHATS = 10
MESSAGE_CHARACTERS = 60
PROGRAM_CHARACTERS = 28
DIRECTORY_CHARACTERS = 60
"""The most characters of a directory: some desktops cut a wider menu at the screen's edge."""
RECENT_DIRECTORIES = 8
ICONS = Path(__file__).parents[2] / "resources" / "icons"
_SIZES_PX = (16, 22, 24, 32, 48, 64)


def app_icon() -> QIcon:
    """Outlive's own icon."""
    return QIcon(str(ICONS / "outlive.svg"))


class Tray(QObject):
    """The tray icon; it shows itself where the desktop has a tray.

    Signals:
        chat_chosen: the user chose this chat in the menu.
        message_chosen: the user clicked the balloon with this key.
        all_chats: the user opens the list of all chats.
        new_chat: the user starts a chat in this directory ("" for the default one).
        open_requested, settings_requested, quit_requested, stop_all_requested: the user chose this menu item.
    """

    chat_chosen = Signal(Chat)
    message_chosen = Signal(str)
    all_chats = Signal()
    new_chat = Signal(str)
    open_requested = Signal()
    settings_requested = Signal()
    quit_requested = Signal()
    stop_all_requested = Signal()

    def __init__(self, theme: Theme, sessions: Sessions) -> None:
        super().__init__()
        self._theme = theme
        self._sessions = sessions
        self._waiting_count = -1
        self._recent: list[str] = []
        self._balloon_key = ""
        """The key of the last balloon that the icon showed."""
        self.menu = Menu()
        self._recent_menu = Menu(tray_texts.NEW_CHAT_IN())
        self._mute_menu = Menu(tray_texts.MUTE_MENU())
        self._make_menu()
        self.icon = self._new_icon()
        self._refresh_timer = single_shot(self, 100)
        self._refresh_timer.timeout.connect(self.refresh)
        self.menu.aboutToShow.connect(self._fill)
        sessions.chats.changed.connect(self._refresh_soon)
        sessions.muting.changed.connect(self._refresh_soon)
        theme.changed.connect(self._refresh_soon)
        self.refresh()
        is_there = QSystemTrayIcon.isSystemTrayAvailable()
        if not is_there:
            self._watch_for_a_tray()
        if is_there or QGuiApplication.platformName() == "xcb":  # X11: Qt waits silently for one of windows.
            self.icon.show()

    def _new_icon(self) -> QSystemTrayIcon:
        icon = QSystemTrayIcon()
        icon.setContextMenu(self.menu)
        icon.activated.connect(self._on_activated)
        icon.messageClicked.connect(self._on_message_clicked)
        return icon

    def _watch_for_a_tray(self) -> None:
        """Show the icon when a tray on D-Bus comes: Qt looks for one only when it makes an icon."""
        from PySide6.QtDBus import QDBusConnection, QDBusServiceWatcher  # most desktops have a tray

        bus, registered = QDBusConnection.sessionBus(), QDBusServiceWatcher.WatchModeFlag.WatchForRegistration
        trays = QDBusServiceWatcher(WATCHER, bus, registered, self)
        trays.serviceRegistered.connect(self._on_tray)
        trays.serviceRegistered.connect(trays.deleteLater)  # Qt shows the new icon again when the tray starts anew.

    def _on_tray(self) -> None:
        previous, self.icon = self.icon, self._new_icon()
        self.icon.setIcon(previous.icon())
        self.icon.setToolTip(previous.toolTip())
        previous.hide()
        previous.deleteLater()
        self.icon.show()

    @property
    def is_available(self) -> bool:
        """Whether the desktop has a tray that shows the icon."""
        return QSystemTrayIcon.isSystemTrayAvailable() and self.icon.isVisible()

    def set_recent(self, directories: list[str]) -> None:
        """Set the directories in which chats were started, latest first."""
        if self._recent != (recent := directories[:RECENT_DIRECTORIES]):
            self._recent = recent
            self._fill()

    def _refresh_soon(self) -> None:
        # A running timer is not started again: changes that follow one another quickly would delay it for ever.
        if not self._refresh_timer.isActive():
            self._refresh_timer.start()

    def refresh(self) -> None:
        """Update the icon, its tool tip and the menu."""
        waiting_count = len(self._sessions.listed.groups()[Group.NEEDS_YOU])
        if (waiting_count > 0) != (self._waiting_count > 0) or self._waiting_count < 0:
            self.icon.setIcon(tray_icon(self._theme, dot=waiting_count > 0))
        self._waiting_count = waiting_count
        running = self._sessions.listed.running()
        unreachable = sum(chat.is_unreachable for chat in running)
        parts = [tray_texts.RUNNING(n=len(running) - unreachable)]
        if unreachable:
            parts.append(tray_texts.UNREACHABLE(count=unreachable))
        if waiting_count:
            parts.append(tray_texts.WAITING(n=waiting_count))
        if self._sessions.muting.until is not None:
            parts.append(tray_texts.MUTED())
        self.icon.setToolTip(f"Outlive: {', '.join(parts)}")
        # Some trays read the menu before it is opened, so it is kept up to date.
        self._fill()

    def listed(self) -> list[Chat]:
        """The chats of the menu: those that need the user first, then working ones, then idle ones."""
        groups = self._sessions.listed.groups()
        order = (Group.NEEDS_YOU, Group.WORKING, Group.RUNNING, Group.IDLE, Group.NO_SIGNAL)
        return [chat for group in order for chat in groups[group]][:MAX_CHATS]

    def _fill(self) -> None:
        if self.menu.isVisible():
            return
        now = datetime.now(UTC)
        chats = self.listed()
        lines = second_lines(chats)
        tokens = self._theme.tokens
        self._chat_actions.show(
            [
                Entry(chat.id, self._chat_text(chat, lines[chat.id].difference, now), (chat.mark, tokens))
                for chat in chats
            ]
        )
        self._no_chats.setVisible(not chats)
        short = {path: phrases.short_directory(path) for path in self._recent}
        self._directory_actions.show(
            [Entry(path, phrases.shortened(text, DIRECTORY_CHARACTERS)) for path, text in short.items()]
        )
        self._recent_menu.menuAction().setVisible(bool(self._recent))
        self._new_chat.setVisible(not self._recent)
        until = self._sessions.muting.until
        self._mute_menu.menuAction().setVisible(until is None)
        if until is not None:
            self._muted_until.setText(window_texts.MUTED_UNTIL(when=dates.time_of_day(until)))
        self._muted_until.setVisible(until is not None)
        self._unmute.setVisible(until is not None)
        self._stop_all.setEnabled(bool(self._sessions.listed.running()))

    def _make_menu(self) -> None:
        """Make the entries that always exist; those that do not apply are hidden."""
        menu, muting = self.menu, self._sessions.muting
        self._no_chats = menu.addAction(common_texts.NO_RUNNING_CHATS())
        self._no_chats.setEnabled(False)
        menu.addAction(tray_texts.ALL_CHATS(), self.all_chats.emit)
        menu.addSeparator()
        menu.addMenu(self._recent_menu)
        self._new_chat = menu.addAction(action_texts.NEW_CHAT_MENU(), lambda: self.new_chat.emit(""))
        menu.addAction(tray_texts.OPEN_OUTLIVE(), self.open_requested.emit)
        self._mute_menu.addAction(tray_texts.FOR_AN_HOUR(), muting.mute_for_an_hour)
        self._mute_menu.addAction(tray_texts.UNTIL_TOMORROW(), muting.mute_until_tomorrow)
        menu.addMenu(self._mute_menu)
        self._muted_until = menu.addAction("")
        self._muted_until.setEnabled(False)
        self._unmute = menu.addAction(tray_texts.UNMUTE(), muting.unmute_all)
        menu.addSeparator()
        self._stop_all = menu.addAction(action_texts.STOP_ALL_MENU(), self.stop_all_requested.emit)
        menu.addSeparator()
        menu.addAction(tray_texts.SETTINGS(), self.settings_requested.emit)
        menu.addAction(tray_texts.QUIT_WINDOW(), self.quit_requested.emit)
        self._chat_actions = ChangingActions(menu, self._no_chats, self._choose_chat, mark_icon)
        self._directory_actions = ChangingActions(self._recent_menu, None, self.new_chat.emit)

    def _choose_chat(self, session_id: str) -> None:
        chat = self._sessions.chats.get(session_id)
        if chat is not None:
            self.chat_chosen.emit(chat)

    def _chat_text(self, chat: Chat, difference: str, now: datetime) -> str:
        parts = (difference, self._status_text(chat), short_age(chat.since, now))
        name = on_machine(phrases.shortened(chat.name), chat.machine.name)
        return f"{before_more(name)}  ·  {joined(*parts)}"

    def _status_text(self, chat: Chat) -> str:
        """The chat's most important fact: no answer from its host, sleep, its command, its question, or its agent."""
        if chat.looks.is_unresponsive or chat.is_asleep:
            return phrases.shortened(status_text(chat), MESSAGE_CHARACTERS)
        if chat.group is Group.RUNNING and chat.foreground:
            return phrases.shortened(chat.foreground, PROGRAM_CHARACTERS)
        if is_at_prompt(chat.record) and (ended := last_command(chat)):
            return ended
        if chat.is_silent or ((chat.needs_you or chat.record.status.failed) and chat.record.status.detail):
            return phrases.shortened(status_text(chat), MESSAGE_CHARACTERS)
        return chat.agent_title

    def notify(self, key: str, title: str, text: str) -> None:
        """Show a balloon if the desktop has no notification service; a click on it opens the chat with this key."""
        self._balloon_key = key
        if self.is_available:
            self.icon.showMessage(title, text, app_icon())

    def _on_message_clicked(self) -> None:
        # Qt also emits this for a click on the icon; if that was a right click, the menu is already open.
        if not self.menu.isVisible():
            self.message_chosen.emit(self._balloon_key)

    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        """A click opens the window as it was; one with the middle button the chat that asks."""
        waiting = self._sessions.listed.groups()[Group.NEEDS_YOU]
        if reason == QSystemTrayIcon.ActivationReason.MiddleClick and waiting:
            self.chat_chosen.emit(waiting[0])
        elif reason in {QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.MiddleClick}:
            self.open_requested.emit()

    def close(self) -> None:
        """Remove the icon."""
        self._sessions.chats.changed.disconnect(self._refresh_soon)
        self._sessions.muting.changed.disconnect(self._refresh_soon)
        self._theme.changed.disconnect(self._refresh_soon)
        self._refresh_timer.stop()
        self.icon.hide()
        self.menu.close()
        self.menu.deleteLater()
        self._recent_menu.deleteLater()
        self._mute_menu.deleteLater()
        self.icon.deleteLater()


def tray_icon(theme: Theme, *, dot: bool) -> QIcon:
    """The tray icon; ``dot`` adds a dot in its corner, for a chat that needs the user."""
    base = app_icon()
    if not dot:
        return base
    icon = QIcon()
    for size in _SIZES_PX:
        pixmap = QPixmap(size, size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        base.paint(painter, QRectF(0, 0, size, size).toRect())
        radius = size * 0.2
        center = QPointF(size - radius - 0.5, radius + 0.5)
        # A transparent ring separates the dot from the icon.
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Clear)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(Qt.GlobalColor.black)
        painter.drawEllipse(center, radius * 1.35, radius * 1.35)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        painter.setBrush(theme.tokens.color("needs_you_fill"))
        painter.drawEllipse(center, radius, radius)
        painter.end()
        icon.addPixmap(pixmap)
    return icon
