"""The main window: sidebar, tabs, the shown page, banners and status line."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QCloseEvent, QHideEvent, QMoveEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.bridge.age_timer import AgeTimer
from gui.bridge.chat import Chat
from gui.bridge.sessions import Sessions
from gui.input import latin_keys
from gui.settings.layout import SavedWindow, WindowLayout
from gui.settings.live import LiveSettings
from gui.terminal.input import clipboard
from gui.terminal.links.links import FileLocation
from gui.theme.icons import Glyph
from gui.theme.theme import Theme
from gui.theme.tokens import BAR_HEIGHT_PX
from gui.window.actions import empty_parts, pane_actions
from gui.window.actions.actions import Actions
from gui.window.actions.broadcasting import Broadcasting
from gui.window.actions.chat_actions import ChatActions
from gui.window.actions.chat_menu import ChatMenu
from gui.window.actions.command_list import CommandList
from gui.window.actions.commands import Commands
from gui.window.actions.context import WindowContext
from gui.window.actions.continuing import ConversationActions
from gui.window.actions.copying import ChatAnswers
from gui.window.actions.directory_actions import DirectoryActions
from gui.window.actions.exporting import ChatTexts
from gui.window.actions.groups import ActionGroups
from gui.window.actions.left_shells import LeftShells
from gui.window.actions.notifications import Notifications
from gui.window.actions.open_links import LinkOpener
from gui.window.actions.page_wiring import PageWiring, WindowFunctions
from gui.window.actions.pasting_images import paste_image
from gui.window.actions.prompt_changes import PromptChanges
from gui.window.actions.resume_all import ResumeAll
from gui.window.actions.resuming import EndedChatActions
from gui.window.actions.saved_prompts import SavedPrompts
from gui.window.actions.several_chats import SeveralChats
from gui.window.actions.starting import StartActions
from gui.window.actions.text_keys import TextKeys
from gui.window.actions.theme_actions import ThemeActions
from gui.window.actions.upgrade_offer import UpgradeOffer
from gui.window.actions.view_actions import ViewActions
from gui.window.actions.window_keys import WindowKeys
from gui.window.all_sheets import Sheets
from gui.window.chat_notices import ChatNotices
from gui.window.frame import WindowFrame
from gui.window.other_windows import NoOtherWindows, OtherWindows
from gui.window.page.banners import Banner, BannerArea
from gui.window.page.chat_page import ChatPage
from gui.window.page.empty_state import EmptyState
from gui.window.page.status_line import StatusLine
from gui.window.page.terminal_page import TerminalPage
from gui.window.panes.panes import Panes, RemovedTabs
from gui.window.panes.tab_drag import TabDragging
from gui.window.panes.tabs import RecentChats
from gui.window.saving import LayoutSaving, UnseenMarks
from gui.window.sheets.send import SendSheet
from gui.window.sheets.sheet import Sheet
from gui.window.sidebar.sidebar import Sidebar
from gui.window.widgets.activation import ActivatingClicks, raise_window, watch_exposure
from gui.window.widgets.keys_ahead import KeysAhead
from gui.window.widgets.parts import Area, IconButton
from gui.wording import page_texts, window_texts
from gui.wording.groups import OVER
from session_host.agents.agent import Agent


class MainWindow(QWidget):
    """The main window.

    Signals:
        layout_changed: ``layout`` must be saved.
        close_requested: the user closed the window.
        viewed_chat_changed: the user views another chat or none, or returned to the window.
        guide_requested: the user opens the guide window.
        changes_requested(Chat, str, object): the user opens the window with the changes of a chat's directory; since a
            ``ListedPoint``, or None.
        settings_requested: the user opens the settings window, at this page, or where it was ("").
    """

    layout_changed = Signal()
    close_requested = Signal()
    viewed_chat_changed = Signal()
    guide_requested = Signal()
    changes_requested = Signal(Chat, str, object)
    settings_requested = Signal(str)

    def __init__(
        self,
        theme: Theme,
        sessions: Sessions,
        agents: Mapping[str, Agent],
        settings: LiveSettings,
        layout: WindowLayout,
        saved: SavedWindow | None = None,
    ) -> None:
        """Make a window, which is hidden.

        Args:
            theme: the looks.
            sessions: all chats.
            agents: the catalog.
            settings: the user's settings.
            layout: the layout of all windows.
            saved: the window's part of the layout; None for the first window's part.
        """
        super().__init__()
        self._sessions = sessions
        self._agents = agents
        self._settings, preferences = settings, settings.preferences
        self.layout_state = layout
        self.saved = saved or layout.windows[0]
        self.others: OtherWindows = NoOtherWindows()
        self.setProperty("area", "sidebar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle("Outlive")
        self.sidebar = Sidebar(theme, sessions, set(layout.groups_folded), settings)
        self.empty = EmptyState(theme)
        menu = window_texts.MENU()
        self.menu_button = IconButton(theme, Glyph.MORE, menu, lambda: self.actions_.show_menu(self.menu_button))
        self.menu_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.tabs = Panes(theme, sessions, RecentChats(layout), self.empty, self.menu_button)
        self.unseen_marks = UnseenMarks(sessions, layout, self)
        self.banners = BannerArea(theme, self.tabs.area, BAR_HEIGHT_PX, lambda: self.tabs.active_page)
        self._notices = ChatNotices(sessions, self.tabs, self.banners, lambda: self.others)
        self.status_line = StatusLine(theme, sessions.git_status_watcher)
        self.ages = AgeTimer(sessions, self)
        self.frame = WindowFrame(theme, self, self.sidebar, self._right_side(), self.saved)
        self.saving = LayoutSaving(layout, self.saved, self.frame, self.tabs, self.unseen_marks, self.sidebar)
        self.saving.saved.connect(self.layout_changed)
        self.view_actions = ViewActions(self, layout, self.frame, self.tabs, self.saving, settings, self.describe)
        self.sheets = Sheets(theme, self, sessions, agents, self.open_chat, self.sidebar)
        context = WindowContext(
            self, theme, sessions, agents, layout, self.tabs, self.sheets, self.banners, KeysAhead(self),
            self.open_chat, self.focus_page,
        )  # fmt: skip
        self.starting = StartActions(context, settings)
        self.chat_actions = ChatActions(context, settings)
        self.resuming = EndedChatActions(context)
        self.resume_all = ResumeAll(context, self.resuming)
        self.several = SeveralChats(context, self.chat_actions, self.resuming, self.resume_all)
        self.continuing = ConversationActions(context, self.starting, self.chat_actions, self.resuming)
        self._keys = WindowKeys(settings, self.banners)
        self.opener = opener = LinkOpener(
            sessions.tasks, lambda: settings.preferences.window.editor, self.edit_in_tab,
            lambda line: self.banners.inform(line, key="terminal"),
            lambda line, uri: self.banners.show_banner(
                Banner(line, page_texts.COPY_LINK(), partial(clipboard.copy_text, uri), key="terminal")
            ),
        )  # fmt: skip
        directories = DirectoryActions(opener, lambda *where: self.changes_requested.emit(*where, None))
        prompt_changes = PromptChanges(
            context, lambda chat, point: self.changes_requested.emit(chat, chat.record.cwd, point),
            self.chat_actions.forking,
        )  # fmt: skip
        groups = ActionGroups(
            self.starting, self.chat_actions, self.resuming, self.continuing, directories, prompt_changes,
            Notifications(context),
        )  # fmt: skip
        self._chat_menu = ChatMenu(context, groups)
        self.commands = Commands(context, groups)
        self.themes = ThemeActions(context, settings)
        panes = pane_actions.handlers(self.tabs, lambda: self.others, self.banners)
        prompts = SavedPrompts(context, settings.directory, opener)
        broadcast = self._broadcast = Broadcasting(sessions, self.tabs, self.banners)
        texts = ChatTexts(context, opener)
        looks = {**self.themes.handlers(), **self.view_actions.handlers()}
        others = {
            **texts.handlers(), **CommandList(context, texts).handlers(), **prompts.handlers(),
            **broadcast.handlers(), **self._handlers(),
        }  # fmt: skip
        handlers = {**self.commands.handlers(), **looks, **panes, **others}
        self.actions_ = Actions(
            self, self.tabs.area, self._keys.sequences, handlers, self.sheets, self.banners,
            self.commands.without_effect, self._switched_on, layout.recent_actions,
        )  # fmt: skip
        self._text_keys = TextKeys(self.tabs.area, self.commands.type_text)
        self._text_keys.set_keys(preferences.texts, self._keys.sequences)
        self._wiring = PageWiring(
            context, groups, opener, lambda: self._keys.window_keys(has_panes=len(self.tabs.panes()) > 1),
            WindowFunctions(
                show_error_output=self.sheets.show_output, show_image=self.sheets.show_image,
                set_zoom=self.view_actions.set_zoom, on_grid_changed=self._on_grid,
                settings=lambda: settings.preferences.window, answers_of=lambda chat: ChatAnswers(chat, context),
                paste_image=partial(paste_image, sessions.tasks), actions=self.actions_,
            ),
        )  # fmt: skip
        self.banners.file_requested.connect(opener.open_file)
        self._connect(context)
        self.frame.apply()
        if self.saved is layout.windows[0]:
            self._upgrade_offer = UpgradeOffer(sessions, self.banners)
            self._keys.show_problems()
            self.banners.show_problems(preferences.problems, "settings")

    # ------------------------------------------------------------ creating

    def _right_side(self) -> QWidget:
        """Lay out everything beside the sidebar."""
        right = Area("page")
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tabs.area, 1)
        column.addWidget(self.status_line)
        return right

    def _connect(self, context: WindowContext) -> None:
        self.tabs.changed.connect(self._wiring.update_window_keys)
        self.tabs.changed.connect(self._note_tabs)
        self.tabs.active_changed.connect(self._on_active)
        self.tabs.page_made.connect(self._on_page_made)
        self.tabs.close_requested.connect(self.chat_actions.close_tab)
        self.tabs.menu_requested.connect(self._on_tab_menu)
        self.tabs.double_clicked.connect(self.commands.act_on_double_click)
        self._clicks = ActivatingClicks(self, self.tabs.is_in_inactive_pane, self.tabs.is_in_asking_page)
        self.left_shells = LeftShells(context, self._settings)
        self.removed_tabs = RemovedTabs(self.tabs, self._sessions)
        dragging = TabDragging(self.tabs, self._sessions.get, lambda session_id: self.others.take(session_id))  # noqa: PLW0108 - it is set later
        dragging.torn_off.connect(lambda session_id, point: self.others.move(session_id, at=point))
        self.status_line.left.action = self.actions_["show_changes"]
        self.status_line.known.action = self.actions_["explain"]
        self.sidebar.opened.connect(self.open_chat)
        self.sidebar.menu_requested.connect(self._chat_menu.show_for_row)
        self.sidebar.rename_requested.connect(self.chat_actions.rename)
        self.sidebar.several_menu_requested.connect(self.several.show_menu)
        self.sidebar.own_menu_requested.connect(self._on_sidebar_menu)
        self.sidebar.remove_requested.connect(self.several.remove)
        self.sidebar.problem.connect(lambda line: self.banners.inform(line, kind="failed", key="theme"))
        self.sidebar.left.connect(self.focus_page)
        self.sidebar.search_requested.connect(self.sheets.search)
        self.sheets.sheet_created.connect(self._on_sheet)
        self.sheets.closed.connect(self.focus_page)
        self.chat_actions.ending.connect(self.resuming.offer_undo_after_end)
        for started in (self.sidebar.new_chat, self.empty.new_chat, self.empty.agent_chosen):
            started.connect(self.starting.new_chat)
        self.empty.switch_requested.connect(self.commands.switch_chat)
        self._settings.changed.connect(self._apply_settings)
        self._sessions.changed.connect(self.describe)
        self._sessions.path_found.connect(self.describe)
        self._sessions.git_status_watcher.checked.connect(self.describe)
        self.ages.due.connect(self.sidebar.refresh)
        self.ages.due.connect(self.describe)

    def _on_sheet(self, sheet: Sheet) -> None:
        if isinstance(sheet, SendSheet):
            sheet.sent.connect(self._notices.on_sent)
            sheet.chat_requested.connect(self.open_chat)

    def _on_page_made(self, page: ChatPage) -> None:
        self.view_actions.set_fonts([page])
        self._wiring.wire(page)
        self.unseen_marks.follow(page)

    def _apply_settings(self) -> None:
        self.view_actions.set_fonts(self.tabs.pages())
        self._wiring.apply_settings()
        self._keys.apply_settings(self.actions_, self._text_keys, self._wiring)

    # ------------------------------------------------------------ layout

    def restore_tabs(self) -> None:
        """Open the panes and tabs of the last run; the chats must be known."""
        self.unseen_marks.restore()
        self.tabs.restore(self.saved)
        self.start_saving()

    def start_saving(self) -> None:
        """Start to save changes of the layout."""
        self.saving.is_restored = True
        self._on_active()

    def release(self) -> None:
        """Hide the closed window and release its pages; it is deleted later, after tasks that it started have ended."""
        self.saving.stop()
        self._sessions.disconnect(self)
        self._sessions.git_status_watcher.disconnect(self)
        self._notices.stop()
        self.tabs.disconnect(self)
        self._sessions.note_tabs(id(self), ())
        self.hide()
        self.tabs.close_all()

    def snapshot_layout(self) -> WindowLayout:
        """Write the window's current state into the layout, and return the layout."""
        self.saving.save_now()
        return self.layout_state

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        self.saving.save_soon()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.saving.save_soon()
        self.frame.on_resized()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.saving.save_soon()
            self._update_visibility()
        elif event.type() == QEvent.Type.ActivationChange:
            self.viewed_chat_changed.emit()
            if self.isActiveWindow():
                self._sessions.git_status_watcher.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        watch_exposure(self, event)
        self._clicks.watch()
        latin_keys.watch(self.windowHandle())
        self._update_visibility()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._update_visibility()

    def _update_visibility(self) -> None:
        is_visible = self.isVisible() and not self.isMinimized()
        self.ages.set_visible(is_visible)
        self._sessions.git_status_watcher.set_visible(is_visible or self.others.is_any_visible())

    def is_viewed(self, chat: Chat) -> bool:
        """Whether the user views this chat: a visible pane shows it, and the window is active."""
        return self.isActiveWindow() and not self.isMinimized() and self.tabs.shows(chat.id)

    def closeEvent(self, event: QCloseEvent) -> None:
        # The application decides whether to hide the window, close it, or exit the program.
        event.ignore()
        self.close_requested.emit()

    # ------------------------------------------------------------ showing

    def describe(self) -> None:
        """Update the title and the status line for the visible chat."""
        chat, page = self.tabs.active_chat, self.tabs.active_page
        self.setWindowTitle(window_texts.TITLE_OF(name=chat.name) if chat is not None else "Outlive")
        self.status_line.describe(chat, page)
        self.sidebar.model.update_active_age()
        self.status_line.setVisible(self.layout_state.status_line and chat is not None)
        if chat is None:
            path, key = os.environ.get("PATH", os.defpath), self.actions_.key_text("new_chat")
            self.empty.describe(self._agents, path, self._sessions, key)
        applies = {**self.commands.applies(), **pane_actions.applies(self.tabs)}
        applies["windows"] = chat is not None and bool(self.others.titles())
        self.actions_.enable_possible(applies)

    def _note_tabs(self) -> None:
        session_ids = self.tabs.ids()
        self._sessions.note_tabs(id(self), session_ids)
        self.sidebar.model.set_open(session_ids)

    def _on_active(self) -> None:
        self._note_tabs()
        self.sidebar.set_active(self.tabs.active_id)
        self.viewed_chat_changed.emit()
        self.describe()

    def _on_grid(self, page: TerminalPage) -> None:
        if page is self.tabs.active_page:
            self.layout_state.grid = (page.grid.columns, page.grid.rows)
            self.describe()

    def open_chat(self, chat: Chat) -> ChatPage:
        """Show a chat's tab, in the window that has it, and give its page the keyboard focus."""
        is_here = self.tabs.has(chat.id) and not self.others.is_gone()
        if not is_here and (shown := self.others.show(chat)) is not None:
            return shown
        if self.tabs.closed.last_id == chat.id:
            self.banners.withdraw("closed tab")  # Its button would do nothing, or reopen another tab.
        page = self.tabs.open(chat)
        self.focus_page()
        self.sidebar.reveal_active()
        return page

    def focus_page(self) -> None:
        """Give the visible page the keyboard focus."""
        page = self.tabs.active_page
        if page is not None and not self.sheets.is_any_open:
            page.focus_content()
        elif not self.sheets.is_any_open:
            self.empty.setFocus(Qt.FocusReason.OtherFocusReason)

    def edit_in_tab(self, argv: list[str], file: FileLocation, directory: str) -> None:
        """Run an editor of terminals in a tab, and come to the front: a file may be opened from another window."""
        self.raise_window()
        self.starting.edit(argv, file, directory)

    def raise_window(self) -> None:
        """Raise the window, with the keyboard focus."""
        raise_window(self)
        self.focus_page()

    # ------------------------------------------------------------ the user's actions

    def _on_tab_menu(self, session_id: str, point: QPoint) -> None:
        if not session_id:
            empty_parts.show_beside_tabs(self.actions_, point)
        elif (chat := self._sessions.get(session_id)) is not None:
            self.tabs.activate(session_id)
            self.describe()  # Its neighbours may be others than before.
            self._chat_menu.show_for_tab(chat, point, self.actions_)

    def _on_sidebar_menu(self, point: QPoint) -> None:
        groups = self._sessions.groups(with_left=True)
        remove = self.several.choose_ended if any(groups[group] for group in OVER) else None
        empty_parts.show_in_sidebar(self.actions_, self.sidebar.view_options, remove, point)

    def _switched_on(self) -> dict[str, bool]:
        """Whether each switch among the actions is on."""
        chat = self.tabs.active_chat
        return {
            "pin": chat is not None and chat.record.pinned,
            "mark_unread": chat is not None and chat.has_unseen_output,
            "maximise_pane": self.tabs.is_maximised,
            "broadcast": self._broadcast.is_on,
            "sidebar": not self.sidebar.collapsed,
            "status_line": self.layout_state.status_line,
            "full_screen": self.isFullScreen(),
            **self.sidebar.view_options.switched_on(),
        }

    def _handlers(self) -> dict[str, Callable[[], object]]:
        """The handlers of actions on the window itself."""
        return {
            "focus_sidebar": self.sidebar.take_focus,
            "guide": self.guide_requested.emit,
            "settings": lambda: self.settings_requested.emit(""),
            "shortcuts": lambda: self.settings_requested.emit("keys"),
            "new_window": lambda: self.others.open_empty(),  # noqa: PLW0108 - they are set later
            "close_window": self.close,
            "resume_all": self.resume_all.ask,
            **self.sidebar.view_options.handlers(),
        }
