"""The main window: sidebar, tabs, the shown page, banners and status line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QHideEvent, QMoveEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from gui.bridge.age_timer import AgeTimer
from gui.bridge.chat import Chat
from gui.bridge.sessions_model import SessionsModel
from gui.settings.layout import ZOOM_RANGE, WindowLayout
from gui.settings.live import LiveSettings
from gui.terminal.cell_metrics import default_size_px
from gui.theme.follow import Theme
from gui.theme.icons import Glyph
from gui.theme.tokens import BAR_HEIGHT_PX
from gui.window.actions import key_table
from gui.window.actions.actions import Actions
from gui.window.actions.chat_actions import ChatActions
from gui.window.actions.chat_menu import ChatMenu
from gui.window.actions.commands import Commands
from gui.window.actions.open_links import LinkOpener
from gui.window.actions.page_wiring import PageWiring
from gui.window.actions.resuming import EndedChatActions
from gui.window.actions.theme_actions import ThemeActions
from gui.window.actions.upgrade_offer import UpgradeOffer
from gui.window.all_sheets import Sheets
from gui.window.frame import WindowFrame
from gui.window.page.banners import Banner, BannerArea
from gui.window.page.chat_page import ChatPage
from gui.window.page.empty_state import EmptyState
from gui.window.page.status_line import StatusLine
from gui.window.page.terminal_page import TerminalPage
from gui.window.sidebar.sidebar import Sidebar
from gui.window.tabs.remembered_marks import RememberedMarks
from gui.window.tabs.tab_bar import OverflowButton, TabBar
from gui.window.tabs.tabs import Tabs
from gui.window.widgets.parts import Area, Hairline, IconButton, sentence
from gui.wording import notice_texts, window_texts
from gui.wording.groups import Group
from session_host.agents.agent import Agent

SAVE_DELAY_MS = 150
"""Delays saving, since dragging an edge changes the layout often; changed tabs are saved at once."""


class MainWindow(QWidget):
    """The main window.

    Signals:
        layout_changed: ``layout`` must be saved.
        close_wanted: the user closed the window.
        looks_elsewhere: the user now looks at another chat, or at none, or returns to the window.
    """

    layout_changed = Signal()
    close_wanted = Signal()
    looks_elsewhere = Signal()

    def __init__(
        self,
        theme: Theme,
        sessions: SessionsModel,
        agents: Mapping[str, Agent],
        settings: LiveSettings,
        layout: WindowLayout,
    ) -> None:
        super().__init__()
        self._theme = theme
        self._sessions = sessions
        self._agents = agents
        self._settings, preferences = settings, settings.preferences
        self.layout_state = layout
        self._restoring = True
        self.setProperty("area", "sidebar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle("Outlive")
        self._save_soon = QTimer(self, singleShot=True, interval=SAVE_DELAY_MS)
        self._save_soon.timeout.connect(self._save)

        folded = {Group(name) for name in layout.groups_folded if name in set(Group)}
        self.sidebar = Sidebar(theme, sessions, folded)
        self.tab_bar = TabBar(theme)
        self.overflow = OverflowButton(theme, self.tab_bar)
        self.stack = QStackedWidget()
        self.empty = EmptyState(theme)
        self.tabs = Tabs(theme, sessions, self.tab_bar, self.stack, self.empty)
        self.marks_kept = RememberedMarks(sessions, self.tabs, layout, self)
        self.banners = BannerArea(theme, self.stack)
        self.status_line = StatusLine(theme)
        menu = window_texts.menu()
        self.menu_button = IconButton(theme, Glyph.MORE, menu, lambda: self.actions_.show_menu(self.menu_button))
        self.menu_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.ages = AgeTimer(sessions, self)
        self.frame = WindowFrame(self, self.sidebar, self._right_side(), layout)
        self.sheets = Sheets(theme, self, sessions, agents, self.open_chat)
        self.chat_actions = ChatActions(
            self, sessions, agents, layout, self.sheets, self.banners, self.tabs, self.open_chat, self.focus_page
        )
        self.resuming = EndedChatActions(sessions, self.tabs, layout, self.banners, self.open_chat)
        self._chat_menu = ChatMenu(self, self.chat_actions, self.resuming, self.sheets, self.open_chat)
        self._upgrade_offer = UpgradeOffer(sessions, self.banners)
        sequences, key_problems = key_table.with_overrides(preferences.keys)
        self.commands = Commands(
            sessions, self.tabs, self.sheets, self.banners, self.chat_actions, self.resuming, self.open_chat
        )
        opener = LinkOpener(
            sessions.tasks, lambda: settings.preferences.window.editor,
            lambda line: self.banners.inform(line, key="terminal"),
        )  # fmt: skip
        themes = ThemeActions(theme, settings, self.sheets.chooser, self.sheets.import_theme, self.banners, self)
        handlers = {**self.commands.handlers(), **themes.handlers(), **self._handlers()}
        self.actions_ = Actions(self, self.stack, sequences, handlers, self.sheets.chooser, self.banners)
        self._wiring = PageWiring(
            self.tabs, self.banners, opener, self.chat_actions, self.resuming,
            key_table.of_the_window(sequences, preferences.keys), ask_errors=self.sheets.output.ask,
            set_zoom=self.set_zoom, grid_changed=self._on_grid,
        )  # fmt: skip
        self._connect()
        self.frame.apply()
        for problem in [*preferences.problems, *key_problems]:
            self.banners.show_banner(Banner(problem, lasting=True, kind="failed"))

    # ------------------------------------------------------------ creating

    def _right_side(self) -> QWidget:
        """Lay out everything beside the sidebar."""
        tab_row = Area("sidebar")
        row = QHBoxLayout(tab_row)
        row.setContentsMargins(0, 0, 4, 0)
        row.setSpacing(4)
        row.addWidget(self.tab_bar, 1)
        row.addWidget(self.overflow)
        row.addWidget(self.menu_button)
        tab_row.setFixedHeight(BAR_HEIGHT_PX - 1)
        right = Area("page")
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (tab_row, Hairline(self._theme), self.stack, self.status_line):
            column.addWidget(part, 1 if part is self.stack else 0)
        return right

    def _connect(self) -> None:
        self.tabs.changed.connect(self._on_tabs)
        self.marks_kept.changed.connect(self._save)
        self.tabs.active_changed.connect(self._on_active)
        self.tabs.page_made.connect(self._on_page_made)
        self.tab_bar.close_wanted.connect(self.chat_actions.close_tab)
        self.tab_bar.menu_wanted.connect(self._on_tab_menu)
        self.sidebar.opened.connect(self.open_chat)
        self.sidebar.new_chat.connect(self.chat_actions.new_chat)
        self.sidebar.menu_wanted.connect(self._chat_menu.show_for_row)
        self.sidebar.rename_wanted.connect(self.chat_actions.rename)
        self.sidebar.remove_wanted.connect(self.chat_actions.remove)
        self.sidebar.left.connect(self.focus_page)
        self.sidebar.folded_changed.connect(self._save_soon.start)
        self.frame.splitter.splitterMoved.connect(self._save_soon.start)
        self.sheets.send.sent.connect(self._on_sent)
        self.sheets.send.wanted.connect(self.open_chat)
        self.chat_actions.ending.connect(self.resuming.note_end)
        self.empty.new_chat.connect(self.chat_actions.new_chat)
        self.empty.agent_chosen.connect(self.chat_actions.new_chat)
        self.empty.switch_wanted.connect(self.commands.switch_chat)
        self._settings.changed.connect(lambda: self._set_fonts(self.tabs.pages()))
        self._sessions.changed.connect(self.describe)
        self._sessions.problem.connect(lambda line: self.banners.inform(line[:1].upper() + line[1:], kind="failed"))
        self._sessions.path_found.connect(self.describe)
        self._sessions.told.connect(lambda line: self.banners.show_banner(Banner(sentence(line), lasting=True)))
        self.ages.due.connect(self.sidebar.refresh)
        self.ages.due.connect(self.describe)
        for sheet in self.sheets.all():
            sheet.closed.connect(self.focus_page)

    def _on_page_made(self, page: ChatPage) -> None:
        self._set_fonts([page])
        self._wiring.wire(page)

    def _set_fonts(self, pages: Iterable[ChatPage]) -> None:
        window = self._settings.preferences.window
        for page in pages:
            page.set_font(window.font, window.font_size or default_size_px(), self.layout_state.zoom)

    # ------------------------------------------------------------ layout

    def restore_tabs(self) -> None:
        """Open the tabs of the last run; the chats must be known."""
        self.marks_kept.restore()
        self.tabs.note_shown(self.layout_state.recent)
        self.tabs.restore(self.layout_state.tabs, self.layout_state.active)
        self._restoring = False
        self._on_active()

    def _save(self) -> None:
        layout = self.layout_state
        if not self._restoring:
            layout.tabs, layout.active = self.tabs.ids(), self.tabs.active_id
            layout.recent = self.tabs.recent
            self.marks_kept.note()
        self.frame.note()
        layout.groups_folded = sorted(group.value for group in self.sidebar.model.folded)
        self.layout_changed.emit()

    def snapshot_layout(self) -> WindowLayout:
        """The layout as it is now."""
        self._save_soon.stop()
        self._save()
        return self.layout_state

    def _on_tabs(self) -> None:
        if not self._restoring:
            self._save()

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        self._save_soon.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._save_soon.start()
        self.frame.on_resized()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self._save_soon.start()
            self._tell_whether_seen()
        elif event.type() == QEvent.Type.ActivationChange:
            self.looks_elsewhere.emit()
            if self.isActiveWindow():
                self._sessions.checkouts.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tell_whether_seen()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._tell_whether_seen()

    def _tell_whether_seen(self) -> None:
        seen = self.isVisible() and not self.isMinimized()
        self.ages.set_seen(seen)
        self._sessions.checkouts.set_seen(seen)

    def is_looked_at(self, chat: Chat) -> bool:
        """Whether the user sees this chat: its tab is visible, and the window is active."""
        return self.isActiveWindow() and not self.isMinimized() and self.tabs.active_id == chat.id

    def closeEvent(self, event: QCloseEvent) -> None:
        # The application decides whether the window hides or the program exits.
        event.ignore()
        self.close_wanted.emit()

    # ------------------------------------------------------------ showing

    def describe(self) -> None:
        """Update the title and the status line for the visible chat."""
        chat, page = self.tabs.active_chat, self.tabs.active_page
        self.setWindowTitle(window_texts.title_of(chat.name) if chat is not None else "Outlive")
        self.status_line.describe(chat, page)
        self.status_line.setVisible(self.layout_state.status_line and chat is not None)
        if chat is None:
            path = os.environ.get("PATH", os.defpath)
            key = self.actions_.key_text("new_chat")
            self.empty.describe(self._agents, path, self._sessions, key)
        self.actions_.allow(
            is_there=chat is not None,
            is_over=chat is not None and chat.is_over,
            converses=chat is not None and self.chat_actions.converses(chat),
            is_terminal=isinstance(page, TerminalPage),
        )

    def _on_active(self) -> None:
        self.sidebar.set_active(self.tabs.active_id)
        self.looks_elsewhere.emit()
        self.describe()

    def open_chat(self, chat: Chat) -> ChatPage:
        """Show a chat's tab, with the keyboard focus in its terminal."""
        page = self.tabs.open(chat)
        self.focus_page()
        return page

    def focus_page(self) -> None:
        """Give the visible page the keyboard focus."""
        page = self.tabs.active_page
        if self.sheets.is_any_open:
            return
        if page is not None:
            page.focus_terminal()
        else:
            self.empty.setFocus(Qt.FocusReason.OtherFocusReason)

    def bring_up(self) -> None:
        """Raise the window, with the keyboard focus."""
        if self.isMinimized():
            self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()
        self.focus_page()

    # ------------------------------------------------------------ the user's actions

    def _on_tab_menu(self, session_id: str, place: object) -> None:
        chat = self._sessions.get(session_id)
        if chat is not None:
            self._chat_menu.show_for_tab(chat, place)  # type: ignore[arg-type] # a signal's QPoint

    def _handlers(self) -> dict[str, Callable[[], object]]:
        """The handlers of the table's actions that concern the window itself."""
        return {
            "zoom_in": lambda: self.set_zoom(self.layout_state.zoom + 1),
            "zoom_out": lambda: self.set_zoom(self.layout_state.zoom - 1),
            "zoom_reset": lambda: self.set_zoom(0),
            "focus_sidebar": self.sidebar.take_keyboard,
            "sidebar": self.toggle_sidebar,
            "status_line": self.toggle_status_line,
            "full_screen": lambda: self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen),
            "close_window": self.close,
        }

    def set_zoom(self, steps: int) -> None:
        """Make the terminals' text this many steps larger than configured."""
        smallest, largest = ZOOM_RANGE
        self.layout_state.zoom = min(max(steps, smallest), largest)
        for page in self.tabs.pages():
            page.set_zoom(self.layout_state.zoom)
        self._save_soon.start()

    def toggle_sidebar(self) -> None:
        """Collapse the sidebar to marks, or show all of it."""
        self.frame.toggle_sidebar()
        self._save_soon.start()

    def toggle_status_line(self) -> None:
        """Show or hide the status line."""
        self.layout_state.status_line = not self.layout_state.status_line
        self.describe()
        self._save_soon.start()

    # ------------------------------------------------------------ events of chats

    def _on_sent(self, chat: Chat) -> None:
        if chat.id != self.tabs.active_id:
            self.banners.inform(notice_texts.sent_to(chat.name), key="send")

    def _on_grid(self, page: TerminalPage) -> None:
        if page is self.tabs.active_page:
            self.layout_state.grid = (page.grid.columns, page.grid.rows)
            self.describe()
