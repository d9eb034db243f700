"""The menu of one chat, in the sidebar and on its tab."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPoint
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu

from gui.bridge.chat import Chat
from gui.input.shortcuts import KeyOf, show_key
from gui.theme.menu import temporary_menu
from gui.window.actions import action_table
from gui.window.actions.actions import Actions
from gui.window.actions.color_menu import add_colors
from gui.window.actions.context import WindowContext
from gui.window.actions.groups import ActionGroups
from gui.window.actions.several_chats import add_pin, add_unread
from gui.window.sidebar.sidebar import key_of_row
from gui.wording import action_texts, common_texts

MOVE = ("move_to_pane", "move_to_new_window", "move_to_window")
CLOSE_OTHERS = ("close_other_tabs", "close_tabs_right")


class ChatMenu:
    """Builds the menu for a chat in its current state: at most twelve entries, the rest in submenus."""

    def __init__(self, context: WindowContext, groups: ActionGroups) -> None:
        self._window, self._theme = context.window, context.theme
        self._labels, self._sheets = context.sessions.color_labels, context.sheets
        self._open_chat = context.open_chat
        self._continuing, self._chat_actions, self._resuming = groups.continuing, groups.chat_actions, groups.resuming
        self._directories, self._notifications = groups.directories, groups.notifications

    def show_for_row(self, chat: Chat, point: QPoint) -> None:
        """Show the menu of a chat's row in the sidebar."""
        menu = temporary_menu(self._window)
        show_key(menu.addAction(common_texts.OPEN(), lambda: self._open_chat(chat)), key_of_row("open"))
        menu.addSeparator()
        self._fill(menu, chat, key_of_row)
        if not chat.has_ended:
            menu.addAction(action_texts.SEND(), lambda: self._sheets.send.ask(chat))
        menu.addAction(action_texts.STATUS_DETAILS(), lambda: self._sheets.explain.ask(chat))
        menu.addSeparator()
        if chat.has_ended:
            remove = menu.addAction(action_texts.REMOVE(), lambda: self._chat_actions.remove(chat))
            show_key(remove, key_of_row("remove"))
        else:
            self._add_ending(menu, chat, key_of_row)
        menu.popup(point)

    def show_for_tab(self, chat: Chat, point: QPoint, actions: Actions) -> None:
        """Show the menu of a chat's tab, which is in front and in the active pane."""
        menu = temporary_menu(self._window)
        self._fill(menu, chat, actions.key_of)
        moves = [name for name in MOVE if actions[name].isEnabled()]
        actions.fill(menu.addMenu(action_texts.MOVE()) if len(moves) > 1 else menu, moves)
        menu.addSeparator()
        actions.fill(menu, ["close_tab"])
        if others := [name for name in CLOSE_OTHERS if actions[name].isEnabled()]:
            actions.fill(menu.addMenu(action_texts.CLOSE_OTHERS()), others)
        if chat.has_ended:
            _add(menu, action_texts.REMOVE(), lambda: self._chat_actions.remove(chat), actions.key_of("remove"))
        else:
            self._add_ending(menu, chat, actions.key_of)
        menu.popup(point)

    def _fill(self, menu: QMenu, chat: Chat, key_of: KeyOf) -> None:
        """Add what a tab and a row have in common."""
        chat_actions = self._chat_actions
        _add(menu, action_texts.RENAME(), lambda: chat_actions.rename(chat), key_of("rename"))
        mark = menu.addMenu(action_texts.MARK())
        add_pin(mark, chat_actions, [chat], key_of("pin"))
        add_unread(mark, [chat], key_of("mark_unread"))
        mark.addSeparator()
        add_colors(mark, self._labels, [chat], self._theme.tokens)
        if self._notifications.concern(chat):
            text = action_table.title("notifications")
            _add(menu, text, lambda: self._notifications.show(chat), key_of("notifications"))
        menu.addSeparator()
        self._add_continuing(menu, chat, key_of)
        directories = self._directories.by_name()
        title = action_table.title
        _add(menu, title("show_changes"), partial(directories["show_changes"], chat), key_of("show_changes"))
        directory = menu.addMenu(action_texts.DIRECTORY())
        for name in ("open_directory", "show_directory"):
            _add(directory, title(name), partial(directories[name], chat), key_of(name))
        copy = menu.addMenu(common_texts.COPY())
        _add(copy, common_texts.NAME(), lambda: chat_actions.copy_name(chat), key_of("copy_name"))
        _add(copy, action_texts.DIRECTORY_PATH(), partial(directories["copy_path"], chat), key_of("copy_path"))
        _add(menu, common_texts.EXPORT(), lambda: chat_actions.export(chat), key_of("export"))

    def _add_continuing(self, menu: QMenu, chat: Chat, key_of: KeyOf) -> None:
        """Add the ways to go on with the chat's conversation, or from it: in a submenu if there are several."""
        chat_actions, resuming, forking = self._chat_actions, self._resuming, self._chat_actions.forking
        title, no_key = action_table.title, QKeySequence()
        ways: list[tuple[str, Callable[[], object], QKeySequence]] = []
        if chat.has_ended and chat_actions.can_resume(chat):
            ways.append((common_texts.RESUME(), lambda: resuming.resume(chat), no_key))
        if chat_actions.can_show_terminal(chat):
            ways.append(
                (action_texts.OPEN_AGENT_TERMINAL(), lambda: chat_actions.open_agent_terminal(chat), no_key)
            )  # fmt: skip
        ways.append((title("continue"), lambda: self._continuing.open(chat), key_of("continue")))
        if forking.can_fork(chat):
            ways.append((title("fork"), lambda: forking.choose(chat), key_of("fork")))
        target = menu.addMenu(action_texts.CONTINUE()) if len(ways) > 1 else menu
        for way in ways:
            _add(target, *way)

    def _add_ending(self, menu: QMenu, chat: Chat, key_of: KeyOf) -> None:
        ending = menu.addMenu(action_texts.END_CHAT())
        _add(ending, common_texts.STOP(), lambda: self._chat_actions.stop(chat), key_of("stop"))
        _add(ending, action_texts.KILL_AT_ONCE(), lambda: self._chat_actions.kill(chat), key_of("kill"))


def _add(menu: QMenu, text: str, handler: Callable[[], object], key: QKeySequence) -> None:
    show_key(menu.addAction(text, handler), key)
