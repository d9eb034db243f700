"""What can be done with one chat, as the menu of its row and of its tab."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QMenu

from gui.bridge.chat import Chat
from gui.window.actions.chat_actions import ChatActions

if TYPE_CHECKING:
    from gui.window.main_window import MainWindow


class ChatMenu:
    """Makes the menu anew for each chat, as it is then."""

    def __init__(self, window: MainWindow, verbs: ChatActions) -> None:
        self._window = window
        self._verbs = verbs

    def show_for_row(self, chat: Chat, place: QPoint) -> None:
        """The menu of a chat's row in the sidebar."""
        menu = self._menu()
        menu.addAction("Open", lambda: self._window.open_chat(chat))
        self._fill(menu, chat)
        if chat.is_over:
            menu.addAction("Remove", lambda: self._verbs.remove(chat))
        menu.popup(place)

    def show_for_tab(self, chat: Chat, place: QPoint) -> None:
        """The menu of a chat's tab."""
        menu = self._menu()
        self._fill(menu, chat)
        menu.addSeparator()
        menu.addAction("Close tab", lambda: self._window.close_tab(chat.id))
        menu.popup(place)

    def _menu(self) -> QMenu:
        menu = QMenu(self._window)
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    def _fill(self, menu: QMenu, chat: Chat) -> None:
        verbs = self._verbs
        resuming = self._window.resuming
        converses = verbs.converses(chat)
        if chat.is_over and converses:
            menu.addAction("Resume", lambda: resuming.resume(chat))
        if not chat.is_over:
            menu.addAction("Send text…", lambda: self._window.sheets.send.ask(chat))
        menu.addAction("New chat like this…", lambda: verbs.new_like(chat))
        if converses:
            menu.addAction("Copy resume command", lambda: resuming.copy_command(chat))
        menu.addSeparator()
        menu.addAction("Rename…", lambda: verbs.rename(chat))
        menu.addAction("Copy name", lambda: verbs.copy_name(chat))
        menu.addAction("Export…", lambda: verbs.export(chat))
        menu.addSeparator()
        menu.addAction("Status details…", lambda: self._window.sheets.explain.ask(chat))
        if not chat.is_over:
            menu.addSeparator()
            menu.addAction("Stop", lambda: verbs.stop(chat))
            # Not below Stop, where a click that slips would end the chat at once.
            more = menu.addMenu("More")
            more.addAction("Kill", lambda: verbs.kill(chat))
