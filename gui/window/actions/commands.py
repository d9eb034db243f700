"""The handlers of the table's actions on chats, tabs and pages; ``windows`` has the window's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from gui.bridge.chat import Chat
from gui.bridge.waiting_chats import NextChat
from gui.terminal.view import TerminalView
from gui.window.actions.agent_settings import CATEGORIES, Category, choose_setting
from gui.window.actions.color_menu import choose_color
from gui.window.actions.context import WindowContext
from gui.window.actions.groups import ActionGroups
from gui.window.actions.other_tabs import OtherTabs
from gui.window.actions.switching import ChatChoices
from gui.window.page.chat_page import ChatPage
from gui.window.page.structured_page import StructuredPage
from gui.window.page.terminal_page import TerminalPage
from gui.window.panes.panes import Panes
from gui.wording import action_texts, common_texts, notice_texts
from gui.wording.groups import Group
from session_host.protocol.messages import Clearing


class Commands:
    """Carries out actions on chats, tabs and pages, for keys, the menu and the palette."""

    def __init__(self, context: WindowContext, groups: ActionGroups) -> None:
        self._sessions, self._open_chat = context.sessions, context.open_chat
        self._tabs, self._sheets, self._banners = context.tabs, context.sheets, context.banners
        self._starting, self._chat_actions, self._continuing = groups.starting, groups.chat_actions, groups.continuing
        self._directories, self._notifications = groups.directories, groups.notifications
        self._next_chat = NextChat(context.sessions)
        self._other_tabs = OtherTabs(context, groups.chat_actions.ends_with_tab)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """The handlers of the table's actions on chats, tabs and pages."""
        starting, chat_actions = self._starting, self._chat_actions
        tabs, sheets = self._tabs, self._sheets
        handlers: dict[str, Callable[[], object]] = {
            "switch_chat": self.switch_chat,
            "search": sheets.search,
            "find": lambda: self._on_page(lambda page: page.open_find()),
            "select_by_keyboard": lambda: self._in_terminal(lambda view: view.modes.select()),
            "link_hints": lambda: self._in_terminal(lambda view: view.modes.show_hints()),
            "next_waiting": self.next_waiting,
            "new_chat": starting.new_chat,
            "new_chat_in_worktree": starting.new_chat_in_worktree,
            "new_shell": lambda: starting.new_shell(self._directory()),
            "split_right": lambda: starting.new_shell(self._directory(), "right"),
            "split_down": lambda: starting.new_shell(self._directory(), "down"),
            "close_tab": lambda: chat_actions.close_tab(tabs.active_id),
            "close_other_tabs": self._other_tabs.close,
            "close_tabs_right": lambda: self._other_tabs.close(at_right=True),
            "reopen_tab": self._reopen_tab,
            "next_tab": lambda: tabs.active.tabs.step(1),
            "previous_tab": lambda: tabs.active.tabs.step(-1),
            "rename": lambda: self._on_active_chat(chat_actions.rename),
            "pin": lambda: self._on_active_chat(self._pin),
            "mark_unread": lambda: self._on_active_chat(self._mark_unread),
            "choose_color": lambda: self._on_active_chat(self._choose_color),
            "stop": lambda: self._on_active_chat(chat_actions.stop),
            "kill": lambda: self._on_active_chat(chat_actions.kill),
            "stop_all": chat_actions.stop_all,
            "remove": lambda: self._on_active_chat(chat_actions.remove),
            "notifications": lambda: self._notifications.show(tabs.active_chat),
            "copy_name": lambda: self._on_active_chat(chat_actions.copy_name),
            "send": self.show_send_sheet,
            "continue": lambda: self._continuing.open(tabs.active_chat),
            "fork": lambda: self._on_active_chat(chat_actions.forking.choose),
            "errors": lambda: self._on_active_chat(sheets.output.ask),
            "explain": lambda: self._on_active_chat(sheets.explain.ask),
            "export": lambda: self._on_active_chat(chat_actions.export),
            "clear_scrollback": lambda: self._clear_terminal("scrollback"),
            "reset_terminal": lambda: self._clear_terminal("reset"),
            "continue_program": self._continue_program,
            "copy": lambda: self._on_page(lambda page: page.edited.copy()),
            "paste": lambda: self._on_page(lambda page: page.edited.paste()),
            "paste_selection": lambda: self._in_terminal(lambda view: view.paste_primary_or_clipboard()),
            "select_all": lambda: self._on_page(lambda page: page.edited.select_all()),
            "scroll_line_up": lambda: self._on_page(lambda page: page.handle.scroll_lines(-1)),
            "scroll_line_down": lambda: self._on_page(lambda page: page.handle.scroll_lines(1)),
            "scroll_page_up": lambda: self._on_page(lambda page: page.handle.scroll_pages(-1)),
            "scroll_page_down": lambda: self._on_page(lambda page: page.handle.scroll_pages(1)),
            "scroll_to_start": lambda: self._on_page(lambda page: page.handle.scroll_to_start()),
            "scroll_to_end": lambda: self._on_page(lambda page: page.handle.scroll_to_end()),
            "previous_prompt": lambda: self._on_page(lambda page: page.handle.prompts.go(-1)),
            "next_prompt": lambda: self._on_page(lambda page: page.handle.prompts.go(1)),
            "copy_output": lambda: self._on_page(lambda page: page.handle.prompts.copy_output()),
        }
        for number in range(1, 10):
            handlers[f"tab_{number}"] = _go_to(tabs, number)
        for category in CATEGORIES:
            handlers[f"choose_{category}"] = partial(self._choose_setting, category)
        for name, handler in self._directories.by_name().items():
            handlers[name] = partial(self._on_active_chat, handler)
        return handlers

    def applies(self) -> dict[str, bool]:
        """Whether the values of ``Key.on`` that concern the shown chat apply, "conversations" and "shell"."""
        chat = self._tabs.active_chat
        has_ended, forking = chat is not None and chat.has_ended, self._chat_actions.forking
        return {
            "chat": chat is not None,
            "shell": chat is not None and chat.record.is_shell,
            "ended": has_ended,
            "running": chat is not None and not has_ended,
            "terminal": isinstance(self._tabs.active_page, TerminalPage),
            "running_terminal": isinstance(self._tabs.active_page, TerminalPage) and not has_ended,
            "suspended": isinstance(self._tabs.active_page, TerminalPage) and chat is not None and chat.is_suspended,
            "structured": isinstance(self._tabs.active_page, StructuredPage) and not has_ended,
            "forkable": chat is not None and forking.can_fork(chat),
        }

    def without_effect(self) -> set[str]:
        """The actions on tabs, on several chats and on what was run in a chat that have nothing to do now."""
        chats = self._sessions
        has_none, none_runs = not chats.listed_ids(with_left=True), not chats.running()
        page = self._tabs.active_page
        has_nothing = {
            "switch_chat": has_none,
            "search": has_none,
            "send": none_runs,
            "reopen_tab": self._tabs.closed.is_empty,
            "resume_all": not chats.groups()[Group.INTERRUPTED],
            "stop_all": none_runs,
            "commands": page is not None and not page.handle.prompts.has_listed(),
        }
        return {action for action, nothing in has_nothing.items() if nothing}

    def _on_page(self, handler: Callable[[ChatPage], object]) -> None:
        page = self._tabs.active_page
        if page is not None and not page.is_question_open:
            handler(page)

    def _in_terminal(self, handler: Callable[[TerminalView], object]) -> None:
        page = self._tabs.active_page
        if isinstance(page, TerminalPage) and not page.is_question_open:
            page.focus_content()
            handler(page.view)

    def type_text(self, text: str) -> None:
        """Type a text of the user's keys into the shown page, unless its find bar has the keyboard focus."""
        self._on_page(lambda page: page.type_text(text) if page.edited is page.handle else None)

    def _clear_terminal(self, what: Clearing) -> None:
        page = self._tabs.active_page
        if isinstance(page, TerminalPage) and not page.is_question_open:
            page.clear(what)

    def _continue_program(self) -> None:
        page = self._tabs.active_page
        if isinstance(page, TerminalPage) and not page.is_question_open:
            page.continue_program()

    def _choose_setting(self, category: Category) -> None:
        page = self._tabs.active_page
        if isinstance(page, StructuredPage) and not page.is_question_open:
            choose_setting(page, category, self._sheets, self._banners)

    def _directory(self) -> str:
        """The directory of the visible chat's foreground program; "" for none."""
        page, chat = self._tabs.active_page, self._tabs.active_chat
        if isinstance(page, TerminalPage):
            return page.foreground_directory
        return chat.record.cwd if chat is not None else ""

    def _on_active_chat(self, handler: Callable[[Chat], object]) -> None:
        if (chat := self._tabs.active_chat) is not None:
            handler(chat)

    def _pin(self, chat: Chat) -> None:
        self._sessions.order.pin([chat], pinned=not chat.record.pinned)

    def _mark_unread(self, chat: Chat) -> None:
        chat.set_unread(unread=not chat.has_unseen_output)
        text = notice_texts.MARKED_UNREAD() if chat.has_unseen_output else notice_texts.MARKED_READ()
        self._banners.inform(text, key="unread")

    def _choose_color(self, chat: Chat) -> None:
        choose_color(chat, self._sessions.color_labels, self._sheets)

    def next_waiting(self) -> Chat | None:
        """Show the next chat that needs the user, or else one that is done and unread; return it, None if none is."""
        chat = self._next_chat.after(self._tabs.active_id)
        if chat is not None:
            self._open_chat(chat)
        else:
            self._banners.inform(notice_texts.NO_CHATS_NEED_YOU(), key="next waiting")
        return chat

    def act_on_double_click(self, session_id: str) -> None:
        """Rename the chat of a tab; "", the empty part of the row of tabs, asks for a new chat."""
        if not session_id:
            self._starting.new_chat()
        elif (chat := self._sessions.get(session_id)) is not None:
            self._chat_actions.rename(chat)

    def _reopen_tab(self) -> None:
        for key in ("closed tab", "closed tabs"):
            self._banners.withdraw(key)  # Its button reopens that tab, too.
        if not self._tabs.reopen():
            self._banners.inform(notice_texts.NOTHING_TO_REOPEN(), key="closed tab")

    def show_send_sheet(self) -> None:
        """Ask for a text to send to the shown chat, or to another one."""
        if not self._sheets.send.ask(self._tabs.active_chat):
            self._banners.inform(common_texts.NO_RUNNING_CHATS(), key="send")

    def switch_chat(self) -> None:
        """List all chats; the previously shown one comes first, so that Enter returns to it."""
        order = self._tabs.recent.ordered(self._sessions.listed_ids(), self._tabs.active_id)
        left = set(self._sessions.listed_ids(with_left=True)).difference(order)
        choices = ChatChoices(self._sessions, order, self._open_chat, left)
        self._sheets.chooser.ask(action_texts.SWITCH_CHAT(), action_texts.SEARCH_CHATS(), choices)


def _go_to(tabs: Panes, number: int) -> Callable[[], None]:
    return lambda: tabs.active.tabs.go_to(number)
