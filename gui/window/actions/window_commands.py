"""A window's parts and what its actions do, in one object: the handlers of the table of actions get it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from gui.bridge.chat import Chat
from gui.bridge.waiting_chats import next_chat
from gui.settings.live import LiveSettings
from gui.terminal.input import clipboard
from gui.terminal.view import TerminalView
from gui.window.actions.chats.chat_actions import ChatActions, ChatTexts
from gui.window.actions.chats.continuing import ConversationActions
from gui.window.actions.chats.first_pages import FirstPages
from gui.window.actions.chats.forking import ForkActions
from gui.window.actions.chats.hunks import Hunks
from gui.window.actions.chats.resuming import EndedChatActions, ResumeAll
from gui.window.actions.chats.row_questions import RowQuestions
from gui.window.actions.chats.saved_prompts import SavedPrompts
from gui.window.actions.chats.starting import StartActions
from gui.window.actions.context import WindowContext
from gui.window.actions.links import LinkOpener, editors_of
from gui.window.actions.lists import Lists
from gui.window.actions.looks import LookActions, ThemeActions
from gui.window.actions.named_images import NamedImages
from gui.window.actions.tabs_and_panes import Broadcasting, PaneActions
from gui.window.page.banners import Banner, BannerArea
from gui.window.page.chat_page import ChatPage
from gui.window.page.terminal_content import TerminalContent
from gui.wording import common_texts, notice_texts, page_texts
from session_host.standing.groups import OVER, Group
from session_host.standing.sleep import why_awake
from session_host.standing.status import is_suspended
from session_host.standing.traits import traits_of

if TYPE_CHECKING:
    from gui.window.actions.chats.amounts import Amounts
    from gui.window.actions.chats.handing_over import HandOverActions
    from gui.window.actions.chats.later import LaterPrompts
    from gui.window.actions.chats.sleeping import SleepActions
    from gui.window.actions.machines import MachineActions


class WindowCommands:
    """All actions of one window, for keys, menus, the palette and buttons.

    The attributes are the window's parts (see ``WindowContext``) and one object for each subject that actions have.
    """

    def __init__(self, context: WindowContext, settings: LiveSettings, looks: LookActions) -> None:
        self.context, self.settings, self.looks = context, settings, looks
        self.window, self.sidebar = context.window, context.sidebar
        self.sessions, self.tabs = context.sessions, context.tabs
        self.sheets, self.banners = context.sheets, context.banners
        self.starting = StartActions(context, settings)
        self.opener = opener = LinkOpener(
            context.sessions.tasks,
            partial(editors_of, settings),
            self.starting.edit,
            lambda line: context.banners.inform(line, key="terminal"),
            partial(_report_dead_link, context.banners),
        )
        self.resuming = EndedChatActions(context)
        self.resume_all = ResumeAll(context, self.resuming)
        self.chat_actions = ChatActions(context, settings, self.resuming, self.resume_all)
        self.continuing = ConversationActions(context, self.starting, self.chat_actions, self.resuming)
        self.forking = ForkActions(context)
        self.panes = PaneActions(context, self.chat_actions.ends_with_tab)
        self.broadcasting = Broadcasting(context)
        self.texts = ChatTexts(context, opener)
        self.lists = Lists(context, self.texts)
        self.saved_prompts = SavedPrompts(context, settings.directory, opener)
        self.named_images = NamedImages(context)
        self.first_pages = FirstPages(context, settings.directory)
        self.row_questions = RowQuestions(context, settings)
        self.hunks = Hunks(context)
        self.themes = ThemeActions(context, settings)

    @cached_property
    def later(self) -> LaterPrompts:
        """The actions on prompts that are to be sent at a time."""
        from gui.window.actions.chats.later import LaterPrompts  # few chats have one

        return LaterPrompts(self.sheets, self.sessions.lifecycle)

    @cached_property
    def amounts(self) -> Amounts:
        """The amounts at which a prompt is asked about."""
        from gui.window.actions.chats.amounts import Amounts  # off at first

        report = partial(self.banners.inform, kind="failed", key="amount")
        return Amounts(self.sessions.tasks, self.settings, report)

    @cached_property
    def sleeping(self) -> SleepActions:
        """The actions that put chats to sleep."""
        from gui.window.actions.chats.sleeping import SleepActions  # the window's start does not need it

        return SleepActions(self.context)

    @cached_property
    def handing_over(self) -> HandOverActions:
        """The actions that hand a chat's task over."""
        from gui.window.actions.chats.handing_over import HandOverActions  # few chats are

        return HandOverActions(self.context)

    @cached_property
    def machines(self) -> MachineActions:
        """The actions on other machines."""
        from gui.window.actions.machines import MachineActions  # most users have none

        return MachineActions(self.context, self.starting)

    # ------------------------------------------------------------ conditions

    @property
    def chat(self) -> Chat | None:
        """The shown chat."""
        return self.tabs.active_chat

    @property
    def page(self) -> ChatPage | None:
        """The shown page, if no question covers it."""
        page = self.tabs.active_page
        return page if page is not None and not page.is_question_open else None

    @property
    def has_no_chats(self) -> bool:
        """Whether there are no chats, neither running nor ended ones."""
        return not self.sessions.listed.ids(with_left=True)

    @property
    def has_no_ended(self) -> bool:
        """Whether there are no ended chats."""
        groups = self.sessions.listed.groups(with_left=True)
        return not any(groups[group] for group in OVER)

    @property
    def has_no_interrupted(self) -> bool:
        """Whether a restart of the computer has interrupted no chats."""
        return not self.sessions.listed.groups()[Group.INTERRUPTED]

    @property
    def has_nothing_listed(self) -> bool:
        """Whether the shown page has no commands or prompts for a list."""
        page = self.tabs.active_page
        return page is not None and not page.content.view.prompts.has_listed()

    @property
    def has_no_errors(self) -> bool:
        """Whether the shown chat has no error output of its own, as far as that is known."""
        page = self.tabs.active_page
        if page is not None and page.chat.has_ended:
            return not page.bars.end.is_open or page.bars.end.get().errors.isHidden()
        return page is None or traits_of(page.chat.record).has_screen  # A terminal shows it itself.

    def applies(self) -> dict[str, bool]:
        """Whether each value of ``Action.on`` applies now, and whether the shown chat is a "shell"."""
        chat, page, tabs = self.tabs.active_chat, self.tabs.active_page, self.tabs.panes.active.tabs
        has_ended = chat is not None and chat.has_ended
        has_tab = self.tabs.front is not None
        is_terminal = page is not None and page.terminal is not None
        return {
            "": True,
            "tab": has_tab,
            "chat": chat is not None,
            "shell": chat is not None and chat.record.origin.is_shell,
            "ended": chat is not None and chat.is_over,
            "running": chat is not None and not has_ended,
            "alive": chat is not None and not chat.is_over,
            "terminal": is_terminal,
            "running_terminal": is_terminal and not has_ended,
            "suspended": is_terminal and chat is not None and is_suspended(chat.record),
            "structured": page is not None and not is_terminal and not has_ended,
            "agent": chat is not None and not chat.record.origin.is_shell_or_command,
            "forkable": chat is not None and self.forking.can_fork(chat),
            "tabs": bool(tabs.others()),
            "tabs_right": bool(tabs.others(at_right=True)),
            "panes": len(self.tabs.panes.all()) > 1,
            "windows": has_tab and self.context.places.has_other_windows(),
        }

    # ------------------------------------------------------------ the shown chat, page or terminal

    def on_chat(self, handler: Callable[[Chat], object]) -> None:
        """Do something with the shown chat."""
        if (chat := self.chat) is not None:
            handler(chat)

    def on_page(self, handler: Callable[[ChatPage], object]) -> None:
        """Do something with the shown page, unless a question covers it."""
        if (page := self.page) is not None:
            handler(page)

    def find(self) -> None:
        """Let the user find a text in the shown page."""
        if (front := self.tabs.front) is not None:
            front.open_find()

    def on_terminal(self, handler: Callable[[TerminalContent], object]) -> None:
        """Do something with the shown page's terminal, if it has one."""
        if (page := self.page) is not None and page.terminal is not None:
            handler(page.terminal)

    def in_view(self, handler: Callable[[TerminalView], object]) -> None:
        """Give the shown terminal the keyboard focus, and do something with it."""

        def use(terminal: TerminalContent) -> None:
            terminal.view.setFocus(Qt.FocusReason.OtherFocusReason)
            handler(terminal.view)

        self.on_terminal(use)

    def type_text(self, text: str) -> None:
        """Type a text of the user's keys into the shown page, unless its find bar has the keyboard focus."""
        self.on_page(lambda page: page.content.type_text(text) if page.edited is not page.bars.find.widget else None)

    # ------------------------------------------------------------ chats

    @property
    def why_awake(self) -> str:
        """Why the shown chat is not put to sleep, as far as is known; "" if nothing is known against it."""
        return page_texts.IT(what=why) if self.chat is not None and (why := why_awake(self.chat.record)) else ""

    def next_waiting(self) -> Chat | None:
        """Show the next chat that needs the user, or else one that is done and unread; return it, None if none is."""
        chat = next_chat(self.sessions, self.tabs.active_id)
        if chat is not None:
            self.context.open_chat(chat)
        else:
            self.banners.inform(notice_texts.NO_CHATS_NEED_YOU(), key="next waiting")
        return chat

    def toggle_pin(self, chat: Chat) -> None:
        """Pin or unpin a chat."""
        self.sessions.order.pin([chat], pinned=not chat.record.entry.pinned)

    def toggle_unread(self, chat: Chat) -> None:
        """Mark a chat as read or unread, and say so."""
        chat.unseen.set_unread(unread=not chat.unseen.output)
        text = notice_texts.MARKED_UNREAD() if chat.unseen.output else notice_texts.MARKED_READ()
        self.banners.inform(text, key="unread")

    def show_send_sheet(self) -> None:
        """Ask for a text to send to the shown chat, or to another one."""
        if not self.sheets.send.ask(self.chat):
            self.banners.inform(common_texts.NO_RUNNING_CHATS(), key="send")

    def rename_or_start(self, session_id: str) -> None:
        """Act on a double click on a tab: rename its chat; "", beside the tabs, asks for a new chat."""
        if not session_id:
            self.starting.new_chat()
        elif (chat := self.sessions.chats.get(session_id)) is not None:
            self.chat_actions.rename(chat)

    async def shown_directory(self) -> str:
        """The directory of the shown chat's foreground program; "" for none."""
        page = self.tabs.active_page
        return await page.content.foreground_directory() if page is not None else ""

    # ------------------------------------------------------------ a chat's directory, links

    def show_changes(self, chat: Chat) -> None:
        """Show the changes of the git repository around the directory that a chat's program is in."""
        self.context.places.open_changes(chat, chat.workplace.current_directory, None)

    def open_directory(self, chat: Chat) -> None:
        """Open a chat's directory in the editor."""
        self.opener.open_directory(directory_of(chat), chat.machine)

    def show_directory(self, chat: Chat) -> None:
        """Show a chat's directory in the file manager."""
        self.opener.show_directory(directory_of(chat), chat.machine)

    def copy_path(self, chat: Chat) -> None:
        """Copy the path of a chat's directory."""
        QGuiApplication.clipboard().setText(directory_of(chat))


def _report_dead_link(banners: BannerArea, line: str, uri: str) -> None:
    banners.show_banner(Banner(line, page_texts.COPY_LINK(), partial(clipboard.copy_text, uri), key="terminal"))


def directory_of(chat: Chat) -> str:
    """The directory that the shell reports (OSC 7), else the chat's own git worktree, else its start directory."""
    if chat.workplace.current_directory != chat.workplace.directory:
        return chat.workplace.current_directory
    return chat.workplace.worktree or chat.workplace.directory
