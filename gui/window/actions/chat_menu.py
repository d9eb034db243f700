"""The menu of one chat, in the sidebar and on its tab."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QMenu

from gui.bridge.chat import Chat
from gui.input.shortcuts import KeyOf, show_key
from gui.theme.menu import Menu
from gui.window.actions import action_table
from gui.window.actions.actions import Actions
from gui.window.actions.color_menu import add_colors
from gui.window.actions.context import WindowContext
from gui.window.actions.groups import ActionGroups
from gui.window.actions.pane_actions import CLOSING, TAB_MENU
from gui.window.actions.several_chats import add_pin, add_unread
from gui.window.sidebar.sidebar import key_of_row
from gui.wording import action_texts, common_texts


class ChatMenu:
    """Builds the menu for a chat in its current state."""

    def __init__(self, context: WindowContext, groups: ActionGroups) -> None:
        self._window, self._theme = context.window, context.theme
        self._labels, self._sheets = context.sessions.color_labels, context.sheets
        self._open_chat = context.open_chat
        self._starting, self._chat_actions, self._resuming = groups.starting, groups.chat_actions, groups.resuming
        self._directories, self._restoring = groups.directories, groups.restoring

    def show_for_row(self, chat: Chat, point: QPoint) -> None:
        """Show the menu of a chat's row in the sidebar."""
        menu = self._menu()
        show_key(menu.addAction(common_texts.open_(), lambda: self._open_chat(chat)), key_of_row("open"))
        self._fill(menu, chat, key_of_row)
        if chat.has_ended:
            menu.addSeparator()
            remove = menu.addAction(action_texts.remove(), lambda: self._chat_actions.remove(chat))
            show_key(remove, key_of_row("remove"))
        menu.popup(point)

    def show_for_tab(self, chat: Chat, point: QPoint, actions: Actions) -> None:
        """Show the menu of a chat's tab, which is in front and in the active pane."""
        menu = self._menu()
        self._fill(menu, chat, actions.key_of)
        menu.addSeparator()
        if actions["clear_scrollback"].isEnabled():
            actions.fill(menu, ("clear_scrollback", "reset_terminal"))
            if chat.is_suspended:
                actions.fill(menu, ("continue_program",))
            menu.addSeparator()
        actions.fill(menu, [name for name in TAB_MENU if actions[name].isEnabled()])
        menu.addSeparator()
        actions.fill(menu, [name for name in CLOSING if actions[name].isEnabled()])
        menu.popup(point)

    def _menu(self) -> QMenu:
        menu = Menu(self._window)
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    def _fill(self, menu: QMenu, chat: Chat, key_of: KeyOf) -> None:
        def add(name: str, text: str, handler: Callable[[], object]) -> None:
            show_key(menu.addAction(text, handler), key_of(name))

        chat_actions = self._chat_actions
        resuming = self._resuming
        has_conversations = chat_actions.has_conversations(chat)
        if chat.has_ended and chat_actions.can_resume(chat):
            add("resume", common_texts.resume(), lambda: resuming.resume(chat))
            if (other := chat_actions.other_runtime(chat)) is not None:
                text = action_texts.resume_as_chat() if other == "structured" else action_texts.resume_in_terminal()
                menu.addAction(text, lambda: resuming.resume(chat, runtime=other))
        if chat_actions.can_show_terminal(chat):
            menu.addAction(action_texts.open_agent_terminal(), lambda: chat_actions.open_agent_terminal(chat))
        forking = chat_actions.forking
        if forking.can_fork(chat):
            add("fork", action_texts.fork(), lambda: forking.fork(chat))
        if forking.can_fork_before(chat):
            add("fork_before", action_texts.fork_before(), lambda: forking.choose_prompt(chat))
        if not chat.has_ended:
            add("send", action_texts.send(), lambda: self._sheets.send.ask(chat))
        add("duplicate", action_texts.new_chat_like_this(), lambda: self._starting.new_like(chat))
        if has_conversations:
            add("copy_resume", action_texts.copy_resume_command(), lambda: resuming.copy_command(chat))
        menu.addSeparator()
        add_pin(menu, chat_actions, [chat], key_of("pin"))
        add("rename", action_texts.rename(), lambda: chat_actions.rename(chat))
        add("copy_name", action_texts.copy_name(), lambda: chat_actions.copy_name(chat))
        add("export", common_texts.export_(), lambda: chat_actions.export(chat))
        if chat.is_muted or not chat.has_ended:  # A chat that continues a muted one is muted, too.
            mute = action_texts.unmute_chat() if chat.is_muted else action_texts.mute_chat()
            add("mute_chat", mute, lambda: chat_actions.mute_or_unmute(chat))
        if not chat.has_ended and chat.record.runtime != "structured":
            notify = action_texts.notify_quiet(cancel=chat_actions.is_watched(chat))
            add("notify_quiet", notify, lambda: chat_actions.watch_for_quiet(chat))
        add_unread(menu, [chat], key_of("mark_unread"))
        add_colors(menu, self._labels, [chat], self._theme.tokens)
        menu.addSeparator()
        for name, handler in self._directories.by_name.items():
            add(name, action_table.title(name), partial(handler, chat))
        if not chat.is_shell_or_command:
            add("restore_files", action_table.title("restore_files"), lambda: self._restoring.choose(chat))
        menu.addSeparator()
        add("explain", action_texts.status_details(), lambda: self._sheets.explain.ask(chat))
        if not chat.has_ended:
            menu.addSeparator()
            add("stop", common_texts.stop(), lambda: chat_actions.stop(chat))
            # Kept away from Stop: a slipped click would kill the chat at once.
            more = menu.addMenu(action_texts.more())
            show_key(more.addAction(common_texts.kill(), lambda: chat_actions.kill(chat)), key_of("kill"))
