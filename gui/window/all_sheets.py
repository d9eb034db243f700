"""All sheets of the window; at most one is open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtWidgets import QWidget

from gui.bridge.chat import Chat
from gui.bridge.sessions_model import SessionsModel
from gui.theme.follow import Theme
from gui.window.new_chat.sheet import NewChatSheet
from gui.window.page.chat_page import ChatPage
from gui.window.search.searching import Searching
from gui.window.sheets.chooser import Chooser
from gui.window.sheets.error_output import OutputSheet
from gui.window.sheets.explain import StatusDetailsSheet
from gui.window.sheets.export import ExportSheet
from gui.window.sheets.import_theme import ImportThemeSheet
from gui.window.sheets.name import NameSheet
from gui.window.sheets.question import QuestionSheet
from gui.window.sheets.send import SendSheet
from gui.window.sheets.sheet import Sheet
from session_host.agents.agent import Agent


class Sheets:
    """All sheets, each created once. Opening a sheet closes the others.

    Attributes:
        question: for questions about all chats; a question about one chat appears over its page.
    """

    def __init__(
        self,
        theme: Theme,
        window: QWidget,
        sessions: SessionsModel,
        agents: Mapping[str, Agent],
        open_chat: Callable[[Chat], ChatPage],
    ) -> None:
        self.new_chat = NewChatSheet(theme, window, agents)
        self.name = NameSheet(theme, window)
        self.export = ExportSheet(theme, window)
        self.chooser = Chooser(theme, window)
        self.import_theme = ImportThemeSheet(theme, window)
        self.explain = StatusDetailsSheet(theme, window, sessions.tasks, sessions.explain)
        self.output = OutputSheet(theme, window, sessions.tasks)
        self.send = SendSheet(theme, window, sessions.tasks, sessions.running_in_order, sessions.send_text)
        self.searching = Searching(theme, window, sessions, open_chat)
        self.question = QuestionSheet(theme, window)
        for sheet in self.all():
            sheet.opened.connect(partial(self._only, sheet))

    def _only(self, opened: Sheet) -> None:
        for sheet in self.all():
            if sheet is not opened:
                sheet.put_away()

    def all(self) -> tuple[Sheet, ...]:
        """The list of all sheets."""
        return (
            self.new_chat, self.name, self.export, self.chooser, self.explain, self.output, self.send,
            self.searching.sheet, self.searching.recorded, self.question, self.import_theme,
        )  # fmt: skip

    @property
    def is_any_open(self) -> bool:
        """Whether a sheet is open and has the keyboard focus."""
        return any(sheet.is_open for sheet in self.all())
