"""Carries out each action of the key table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu, QWidget

from gui.bridge.chat import Chat
from gui.bridge.sessions_model import SessionsModel
from gui.window.actions.chat_actions import ChatActions
from gui.window.page.chat_page import ChatPage
from gui.window.sheets.chooser import Choice
from gui.window.tabs.tabs import Tabs
from gui.wording import action_texts, common_texts, notice_texts
from gui.wording.second_lines import second_lines

if TYPE_CHECKING:
    from gui.window.main_window import MainWindow

MENU = (
    "new_chat", "reopen_tab", "", "palette", "switch_chat", "search", "next_waiting", "", "zoom_in", "zoom_out",
    "zoom_reset", "", "sidebar", "status_line", "full_screen", "", "stop_all", "close_window",
)  # fmt: skip


class Commands:
    """Carries out the window's actions, for keys, the menu and the palette."""

    def __init__(self, window: MainWindow, sessions: SessionsModel, verbs: ChatActions) -> None:
        self._window = window
        self._sessions = sessions
        self._verbs = verbs

    def handlers(self) -> dict[str, Callable[[], object]]:
        """What each action of the table does."""
        window, verbs, tabs = self._window, self._verbs, self._window.tabs
        handlers: dict[str, Callable[[], object]] = {
            "palette": self.show_palette,
            "switch_chat": self.switch_chat,
            "search": window.sheets.searching.open,
            "next_waiting": self.next_waiting,
            "new_chat": verbs.new_chat,
            "close_tab": lambda: window.close_tab(tabs.active_id),
            "reopen_tab": tabs.reopen,
            "next_tab": lambda: tabs.step(1),
            "previous_tab": lambda: tabs.step(-1),
            "rename": lambda: self._on_active_chat(verbs.rename),
            "stop": lambda: self._on_active_chat(verbs.stop),
            "kill": lambda: self._on_active_chat(verbs.kill),
            "stop_all": verbs.stop_all,
            "copy_name": lambda: self._on_active_chat(verbs.copy_name),
            "send": self.show_send_sheet,
            "resume": lambda: self._on_active_chat(window.resuming.resume),
            "pick": lambda: self._on_active_chat(window.resuming.pick),
            "copy_resume": lambda: self._on_active_chat(window.resuming.copy_command),
            "duplicate": lambda: self._on_active_chat(verbs.new_like),
            "errors": lambda: self._on_active_chat(window.sheets.output.ask),
            "explain": lambda: self._on_active_chat(window.sheets.explain.ask),
            "export": lambda: self._on_active_chat(verbs.export),
            "copy": lambda: self._on_page(lambda page: page.view.copy()),
            "paste": lambda: self._on_page(lambda page: page.view.paste()),
            "select_all": lambda: self._on_page(lambda page: page.view.select_all()),
            "scroll_line_up": lambda: self._on_page(lambda page: page.view.scroll_lines(-1)),
            "scroll_line_down": lambda: self._on_page(lambda page: page.view.scroll_lines(1)),
            "scroll_page_up": lambda: self._on_page(lambda page: page.view.scroll_pages(-1)),
            "scroll_page_down": lambda: self._on_page(lambda page: page.view.scroll_pages(1)),
            "scroll_to_start": lambda: self._on_page(lambda page: page.view.scroll_to_start()),
            "scroll_to_end": lambda: self._on_page(lambda page: page.view.scroll_to_end()),
            "zoom_in": lambda: window.set_zoom(window.layout_state.zoom + 1),
            "zoom_out": lambda: window.set_zoom(window.layout_state.zoom - 1),
            "zoom_reset": lambda: window.set_zoom(0),
            "focus_sidebar": window.sidebar.take_keyboard,
            "sidebar": window.toggle_sidebar,
            "status_line": window.toggle_status_line,
            "full_screen": window.toggle_full_screen,
            "close_window": window.close,
        }
        for number in range(1, 10):
            handlers[f"tab_{number}"] = _go_to(tabs, number)
        return handlers

    def _on_page(self, act: Callable[[ChatPage], object]) -> None:
        page = self._window.tabs.active_page
        if page is not None and not page.is_asking:
            act(page)

    def _on_active_chat(self, act: Callable[[Chat], object]) -> None:
        if (chat := self._window.tabs.active_chat) is not None:
            act(chat)

    def next_waiting(self) -> None:
        """Go to the next chat that needs the user."""
        chat = self._sessions.next_that_waits(self._window.tabs.active_id)
        if chat is not None:
            self._window.open_chat(chat)
        else:
            self._window.banners.inform(notice_texts.no_chats_need_you(), key="next waiting")

    def show_send_sheet(self) -> None:
        """Ask for a text to send to the chat that is shown, or to another."""
        if not self._window.sheets.send.ask(self._window.tabs.active_chat):
            self._window.banners.inform(common_texts.no_running_chats(), key="send")

    def show_palette(self) -> None:
        """List all commands; first of all what a banner offers, which has no key of its own."""
        window = self._window
        choices = window.actions_.choices()
        banner = window.banners.current
        if banner is not None and banner.action:
            choices.insert(0, Choice(banner.action, action_texts.from_the_notice(), window.banners.act))
        if banner is not None:
            choices.append(Choice(action_texts.dismiss_the_notice(), "", window.banners.dismiss))
        window.sheets.chooser.ask(action_texts.commands(), action_texts.search_commands(), choices)

    def switch_chat(self) -> None:
        """List all chats, the one that was shown before first, so that Enter goes back to it."""
        chats = [chat for chats in self._sessions.groups().values() for chat in chats]
        lines = second_lines(chats)
        choices = [
            Choice(chat.name, lines[chat.id].whole, _opening(self._window, chat), chat.mark)
            for chat in self._window.tabs.most_recent_first(chats)
        ]
        self._window.sheets.chooser.ask(action_texts.switch_chat(), action_texts.search_chats(), choices)

    def show_menu(self, button: QWidget) -> None:
        """Show the window's menu below its button."""
        menu = QMenu(self._window)
        menu.aboutToHide.connect(menu.deleteLater)
        self._window.actions_.fill(menu, MENU)
        place = button.mapToGlobal(button.rect().bottomRight())
        place.setX(place.x() - menu.sizeHint().width())
        menu.popup(place)


def _go_to(tabs: Tabs, number: int) -> Callable[[], None]:
    return lambda: tabs.go_to(number)


def _opening(window: MainWindow, chat: Chat) -> Callable[[], object]:
    return lambda: window.open_chat(chat)
