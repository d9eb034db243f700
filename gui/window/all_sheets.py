"""All sheets of the window; at most one is open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget
from shiboken6 import Shiboken

from gui.bridge.chat import Chat
from gui.bridge.sessions import Sessions
from gui.theme.theme import Theme
from gui.window.page.chat_page import ChatPage
from gui.window.sheets.chooser import Chooser
from gui.window.sheets.question import QuestionSheet
from gui.window.sheets.sheet import Sheet, is_over_window
from gui.window.widgets.parts import focus_changed
from session_host.agents.agent import Agent

if TYPE_CHECKING:
    from gui.window.new_chat.conversation_picker import ConversationPicker
    from gui.window.new_chat.sheet import NewChatSheet
    from gui.window.search import Searching
    from gui.window.sheets.add_machine import AddMachineSheet
    from gui.window.sheets.error_output import OutputSheet
    from gui.window.sheets.explain import StatusDetailsSheet
    from gui.window.sheets.export import ExportSheet
    from gui.window.sheets.hand_over import HandOverSheet
    from gui.window.sheets.image import ImageSheet
    from gui.window.sheets.import_theme import ImportThemeSheet
    from gui.window.sheets.name import NameSheet
    from gui.window.sheets.phone import PhoneSheet
    from gui.window.sheets.remove_ended import RemoveEndedSheet
    from gui.window.sheets.save_prompt import SavePromptSheet
    from gui.window.sheets.send import SendSheet

AnySheet = TypeVar("AnySheet", bound=Sheet)


class Sheets(QObject):
    """All sheets, each imported and created when it is first used. Opening a sheet closes the others.

    A sheet that loses the keyboard focus to something behind it closes, for example when a key opens the find bar: what
    the user types must never go behind a sheet.

    If the sidebar had the keyboard focus before a sheet was opened, it has it again afterwards: the next key that is
    meant for the list of chats does not go to an agent. After some sheets, any widget has it again
    (``Sheet.returns_focus``).

    Attributes:
        leaves_focus: whether sheets close now because something behind them has got the keyboard focus.

    Signals:
        sheet_created: a sheet was created.
        closed: a sheet is closed, and the sidebar did not have the keyboard focus before; the page should get it.
    """

    sheet_created = Signal(object)
    closed = Signal()

    def __init__(
        self,
        theme: Theme,
        window: QWidget,
        sessions: Sessions,
        agents: Mapping[str, Agent],
        open_chat: Callable[[Chat], ChatPage],
        sidebar: QWidget,
    ) -> None:
        super().__init__(window)
        self._theme = theme
        self._window = window
        self._sessions = sessions
        self._agents = agents
        self._open_chat = open_chat
        self._sidebar = sidebar
        self._focused_before: QWidget | None = None
        """The widget that had the keyboard focus when a sheet was opened; None if the page gets it afterwards."""
        self._created: list[Sheet] = []
        self.leaves_focus = False
        focus_changed().connect(self._on_focus_changed)

    @cached_property
    def new_chat(self) -> NewChatSheet:
        """Starts a chat."""
        from gui.window.new_chat.sheet import NewChatSheet

        sessions = self._sessions
        return self._register(NewChatSheet(self._theme, self._window, self._agents, sessions.lifecycle.free_name))

    @cached_property
    def conversations(self) -> ConversationPicker:
        """Continues a conversation of a chat's agent."""
        from gui.window.new_chat.conversation_picker import ConversationPicker

        return self._register(ConversationPicker(self._theme, self._window))

    @cached_property
    def name(self) -> NameSheet:
        """Renames a chat."""
        from gui.window.sheets.name import NameSheet

        return self._register(NameSheet(self._theme, self._window))

    @cached_property
    def export(self) -> ExportSheet:
        """Writes a chat to a file."""
        from gui.window.sheets.export import ExportSheet

        return self._register(ExportSheet(self._theme, self._window))

    @cached_property
    def chooser(self) -> Chooser:
        """Finds a line by a few letters: chats, commands, themes."""
        return self._register(Chooser(self._theme, self._window))

    @cached_property
    def image(self) -> ImageSheet:
        """Shows an image of a chat."""
        from gui.window.sheets.image import ImageSheet

        return self._register(ImageSheet(self._theme, self._window))

    @cached_property
    def import_theme(self) -> ImportThemeSheet:
        """Asks for the file of another terminal's theme."""
        from gui.window.sheets.import_theme import ImportThemeSheet

        return self._register(ImportThemeSheet(self._theme, self._window))

    @cached_property
    def explain(self) -> StatusDetailsSheet:
        """Shows where a chat's status comes from."""
        from gui.window.sheets.explain import StatusDetailsSheet

        sessions = self._sessions
        return self._register(StatusDetailsSheet(self._theme, self._window, sessions.tasks, sessions.lifecycle.explain))

    @cached_property
    def output(self) -> OutputSheet:
        """Shows a chat's error output."""
        from gui.window.sheets.error_output import OutputSheet

        return self._register(OutputSheet(self._theme, self._window, self._sessions.tasks))

    @cached_property
    def send(self) -> SendSheet:
        """Sends a text to a chat."""
        from gui.window.sheets.send import SendSheet

        sessions = self._sessions
        return self._register(
            SendSheet(
                self._theme,
                self._window,
                sessions.tasks,
                sessions.listed.taking_text,
                sessions.lifecycle.send_text,
                sessions.lifecycle.send_later,
            )
        )

    @cached_property
    def hand_over(self) -> HandOverSheet:
        """Hands a chat's task over to another agent."""
        from gui.window.sheets.hand_over import HandOverSheet

        return self._register(HandOverSheet(self._theme, self._window))

    @cached_property
    def save_prompt(self) -> SavePromptSheet:
        """Saves a prompt."""
        from gui.window.sheets.save_prompt import SavePromptSheet

        return self._register(SavePromptSheet(self._theme, self._window))

    @cached_property
    def add_machine(self) -> AddMachineSheet:
        """Asks for a machine to add."""
        from gui.window.sheets.add_machine import AddMachineSheet

        return self._register(AddMachineSheet(self._theme, self._window))

    @cached_property
    def phone(self) -> PhoneSheet:
        """Pairs a phone with the page."""
        from gui.window.sheets.phone import PhoneSheet

        return self._register(PhoneSheet(self._theme, self._window))

    @cached_property
    def remove_ended(self) -> RemoveEndedSheet:
        """Removes ended chats that are chosen by age, agent and project."""
        from gui.window.sheets.remove_ended import RemoveEndedSheet

        sessions = self._sessions
        read, home = sessions.removals.ended, sessions.machines.home_of
        return self._register(RemoveEndedSheet(self._theme, self._window, sessions.tasks, self._agents, read, home))

    @cached_property
    def searching(self) -> Searching:
        """Searches all chats."""
        from gui.window.search import Searching

        own = Searching(self._theme, self._window, self._sessions, self._open_chat)
        self._register(own.sheet)
        self._register(own.recorded)
        return own

    @cached_property
    def question(self) -> QuestionSheet:
        """Asks about all chats; a question about one chat appears over its page."""
        return self._register(QuestionSheet(self._theme, self._window))

    def search(self, text: str = "") -> None:
        """Open the search sheet with this text, or with the last query."""
        self.searching.open(text)

    def _register(self, sheet: AnySheet) -> AnySheet:
        self._created.append(sheet)
        sheet.opened.connect(partial(self._on_opened, sheet))
        sheet.closed.connect(self._on_closed)
        self.sheet_created.emit(sheet)
        return sheet

    def _on_opened(self, opened: Sheet) -> None:
        """Remember where the keyboard focus was, and close the other sheets."""
        focused = self._window.focusWidget()
        if not any(sheet.isAncestorOf(focused) for sheet in self._created):
            returns = opened.returns_focus or self._sidebar.isAncestorOf(focused)
            self._focused_before = focused if returns else None
        for sheet in self._created:
            if sheet is not opened:
                sheet.dismiss()

    def _on_focus_changed(self, _before: QWidget | None, now: QWidget | None) -> None:
        if now is None or not self.is_any_open or not self._window.isAncestorOf(now) or is_over_window(now):
            return
        self.leaves_focus = True
        try:
            for sheet in self._created:
                sheet.dismiss()
        finally:
            self.leaves_focus = False

    def _on_closed(self) -> None:
        if self.leaves_focus:
            return
        before = self._focused_before
        if self.is_any_open or before is None or not Shiboken.isValid(before) or not before.isVisible():
            self.closed.emit()
        else:
            before.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def is_phone_open(self) -> bool:
        """Whether the sheet with the devices that ask is open."""
        return "phone" in vars(self) and self.phone.is_open

    @property
    def is_any_open(self) -> bool:
        """Whether a sheet is open and has the keyboard focus."""
        return any(sheet.is_open for sheet in self._created)
