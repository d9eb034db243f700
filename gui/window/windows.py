"""All windows: restored, opened for a tab that is moved out of another one, and closed."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QCloseEvent, QHideEvent, QMoveEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.bridge.age_timer import AgeTimer
from gui.bridge.chat import Chat
from gui.bridge.sessions import Sessions
from gui.garbage import delete
from gui.input import latin_keys
from gui.input.refused_keys import refused_keys
from gui.settings.layout import Place, SavedWindow, WindowLayout
from gui.settings.live import LiveAgents, LiveSettings
from gui.theme.icons import Glyph
from gui.theme.theme import Theme
from gui.theme.tokens import BAR_HEIGHT_PX
from gui.wording import (
    changes_texts,
    common_texts,
    notice_texts,
    phrases,
    settings_texts,
    sheet_texts,
    timeline_texts,
    usage_texts,
    window_texts,
)
from gui.wording.text import Text
from session_host.agents.agent import Agent
from session_host.client.machine import Machine
from session_host.protocol.values import FileLocation
from session_host.standing.groups import Mark

from .actions.context import Places, WindowContext
from .actions.keys import TextKeys, WindowKeys
from .actions.looks import LookActions
from .actions.menus import Actions, Menus
from .actions.page_wiring import PageWiring
from .actions.tab_pages import (
    CHANGES,
    GUIDE,
    SETTINGS,
    TIMELINE,
    USAGE,
    ChangesOpener,
    CommentInserter,
    GuideOpener,
    PageOpener,
    SettingsOpener,
    TimelineOpener,
    UsageOpener,
)
from .actions.tabs_and_panes import LeftShells
from .actions.upgrade_offer import UpgradeOffer
from .actions.window_commands import WindowCommands
from .all_sheets import Sheets
from .frame import WindowFrame
from .page.banners import Banner, BannerArea
from .page.chat_page import ChatPage
from .page.empty_state import EmptyState
from .page.status_line import StatusLine
from .page.terminal_content import TerminalContent
from .panes.panes import Panes
from .panes.tab_bar import TabLook
from .panes.tab_drag import TabDragging
from .panes.tabs import RecentChats
from .panes.window_tabs import RemovedTabs, WindowTabs
from .saving import LayoutSaving, UnseenMarks
from .sheets.sheet import Sheet
from .sidebar.sidebar import Sidebar
from .widgets.activation import ActivatingClicks, raise_window, watch_exposure
from .widgets.keys_ahead import HeldKeys, KeysAhead
from .widgets.parts import Area, IconButton, sentence
from .widgets.tab_page import TabPage


class MainWindow(QWidget):
    """A window with chats."""

    def __init__(
        self,
        windows: Windows,
        theme: Theme,
        sessions: Sessions,
        agents: Mapping[str, Agent],
        settings: LiveSettings,
        layout: WindowLayout,
        saved: SavedWindow,
    ) -> None:
        """Make a window, which is hidden.

        Args:
            windows: all windows.
            theme: the looks.
            sessions: all chats.
            agents: the catalog.
            settings: the user's settings.
            layout: the layout of all windows.
            saved: the window's part of the layout.
        """
        super().__init__()
        self._sessions = sessions
        self._agents = agents
        self._settings, preferences = settings, settings.preferences
        self.layout_state = layout
        self.saved = saved
        self._windows = windows
        self.setProperty("area", "sidebar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle("Outlive")
        self.sidebar = Sidebar(theme, sessions, set(layout.groups_folded), settings)
        self.empty = EmptyState(theme)
        menu = window_texts.MENU()
        self.menu_button = IconButton(theme, Glyph.MORE, menu, lambda: self.menus.show_for_window(self.menu_button))
        self.menu_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        recent = RecentChats(layout)
        panes = Panes(theme, sessions, windows.tab_pages, recent, self.empty, self.menu_button)
        self.tabs = WindowTabs(panes, sessions, recent)
        self.unseen_marks = UnseenMarks(sessions, layout, self)
        self.banners = BannerArea(theme, panes.area, BAR_HEIGHT_PX, lambda: self.tabs.active_page)
        self.status_line = StatusLine(theme, sessions.git_status_watcher)
        self.ages = AgeTimer(sessions, self)
        self.frame = WindowFrame(theme, self, self.sidebar, self._right_side(), self.saved)
        self.saving = LayoutSaving(layout, self.saved, self.frame, panes, self.unseen_marks, self.sidebar)
        self.saving.saved.connect(windows.save_layout)
        self.sheets = Sheets(theme, self, sessions, agents, self.open_chat, self.sidebar)
        pages = windows.tab_pages
        context = WindowContext(
            window=self,
            theme=theme,
            sessions=sessions,
            layout=layout,
            tabs=self.tabs,
            sidebar=self.sidebar,
            sheets=self.sheets,
            banners=self.banners,
            keys_ahead=KeysAhead(self),
            open_chat=self.open_chat,
            open_started=self._open_started,
            focus_page=self.focus_page,
            places=Places(
                show_palette=self._show_palette,
                open_guide=pages.guide.open,
                open_timeline=pages.timeline.open,
                open_usage=pages.usage.open,
                open_settings=pages.settings.open,
                open_changes=pages.changes.open,
                open_window=lambda: windows.open_empty(self),
                has_other_windows=lambda: bool(self._others()),
                move_tab=lambda to: windows.move(self, self.tabs.active_id, to),
            ),
        )
        looks = LookActions(context, self.frame, self.saving, settings, self.describe)
        self.commands = commands = WindowCommands(context, settings, looks)
        self._keys = WindowKeys(settings)
        self.actions_ = Actions(commands, panes.area, self._keys.sequences, layout.recent_actions)
        self.menus = Menus(commands, self.actions_)
        self._text_keys = TextKeys(panes.area, commands.type_text)
        self._text_keys.set_keys(preferences.texts, self._keys.sequences)
        self._wiring = PageWiring(
            commands,
            self.actions_,
            lambda: self._keys.of_the_window(has_panes=len(panes.all()) > 1),
            self._on_grid,
        )
        self.banners.file_requested.connect(commands.opener.open_file)
        self._connect(context)
        self.frame.apply()
        if self.saved is layout.windows[0]:
            self._upgrade_offer = UpgradeOffer(sessions, self.banners, windows.restart_requested.emit)
            self.banners.show_problems(self._keys.problems(), "keys")
            self.banners.show_problems(preferences.problems, "settings")

    # ------------------------------------------------------------ creating

    def _right_side(self) -> QWidget:
        """Lay out everything beside the sidebar."""
        right = Area("page")
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tabs.panes.area, 1)
        column.addWidget(self.status_line)
        return right

    def _connect(self, context: WindowContext) -> None:
        commands, menus, panes = self.commands, self.menus, self.tabs.panes
        panes.changed.connect(self._wiring.update_window_keys)
        panes.changed.connect(self._note_tabs)
        panes.active_changed.connect(self._on_active)
        panes.page_made.connect(self._on_page_made)
        panes.terminal_made.connect(self._wiring.wire_terminal)
        panes.structured_made.connect(self._wiring.wire_structured)
        panes.close_requested.connect(commands.chat_actions.close_tab)
        panes.menu_requested.connect(self._on_tab_menu)
        panes.double_clicked.connect(commands.rename_or_start)
        self._clicks = ActivatingClicks(self, panes.is_in_inactive_pane, self.tabs.is_in_asking_page)
        self.left_shells = LeftShells(context, self._settings)
        self.removed_tabs = RemovedTabs(panes, self._sessions)
        dragging = TabDragging(self.tabs, self._sessions.chats.get, partial(self._windows.take, self))
        dragging.torn_off.connect(lambda session_id, point: self._windows.move(self, session_id, at=point))
        self.status_line.left.action = self.actions_["show_changes"]
        self.status_line.known.action = self.actions_["explain"]
        self.sidebar.opened.connect(commands.row_questions.open_row)
        self.sidebar.menu_requested.connect(menus.show_for_row)
        self.sidebar.rename_requested.connect(commands.chat_actions.rename)
        self.sidebar.several_menu_requested.connect(menus.show_for_several)
        self.sidebar.own_menu_requested.connect(menus.show_in_sidebar)
        self.sidebar.remove_requested.connect(commands.chat_actions.remove_several)
        self.sidebar.problem.connect(lambda line: self.banners.inform(line, kind="failed", key="theme"))
        self.sidebar.offer_for_machines(
            lambda name: commands.machines.remedy(name),  # noqa: PLW0108 - the first call imports the actions
            lambda name: commands.machines.ways(name),  # noqa: PLW0108
        )
        self.sidebar.later_dropped.connect(lambda chat: commands.later.act(chat, "drop_later"))
        self.sidebar.left.connect(self.focus_page)
        self.sidebar.search_requested.connect(self.sheets.search)
        self.sidebar.usage_requested.connect(context.places.open_usage)
        self.sheets.sheet_created.connect(self._on_sheet)
        self.sheets.closed.connect(self.focus_page)
        for started in (self.sidebar.new_chat, self.empty.new_chat, self.empty.agent_chosen):
            started.connect(commands.starting.new_chat)
        self.empty.switch_requested.connect(commands.lists.switch_chat)
        self._settings.changed.connect(self._apply_settings)
        self._sessions.chats.changed.connect(self.describe)
        self._sessions.path_found.connect(self.describe)
        self._sessions.problem.connect(self._on_problem)
        refused_keys.refused.connect(self._on_keys_refused)
        self._sessions.notice_given.connect(self._on_notice)
        self._sessions.git_status_watcher.checked.connect(self.describe)
        self.ages.due.connect(self.sidebar.refresh)
        self.ages.due.connect(self.describe)

    def _on_sheet(self, sheet: Sheet) -> None:
        from .new_chat.sheet import NewChatSheet
        from .sheets.error_output import OutputSheet
        from .sheets.phone import PhoneSheet
        from .sheets.send import SendSheet

        if isinstance(sheet, SendSheet):
            sheet.sent.connect(self._on_sent)
            sheet.chat_requested.connect(self.open_chat)
        elif isinstance(sheet, NewChatSheet):
            sheet.machine_wanted.connect(lambda: self.commands.machines.add())  # noqa: PLW0108 - as above
        elif isinstance(sheet, OutputSheet):
            sheet.was_empty.connect(lambda: self.banners.inform(sheet_texts.NO_ERROR_OUTPUT(), key="errors"))
        elif isinstance(sheet, PhoneSheet):
            sheet.other_ways_requested.connect(lambda: self._windows.tab_pages.guide.open("phone-address.md"))
            sheet.closed.connect(self._windows.phone_sheet_closed)

    def _on_page_made(self, page: ChatPage) -> None:
        self.commands.looks.apply_settings([page])
        self._wiring.wire(page)
        self.unseen_marks.follow(page)

    def _apply_settings(self) -> None:
        self.commands.looks.apply_settings(self.tabs.pages())
        self._keys.read()
        self.actions_.set_keys(self._keys.sequences)
        self._text_keys.set_keys(self._settings.preferences.texts, self._keys.sequences)
        self._wiring.update_window_keys()
        self.banners.show_problems(self._keys.problems(), "keys")

    # ------------------------------------------------------------ layout

    def restore_tabs(self) -> None:
        """Open the panes and tabs of the last run; the chats must be known."""
        self.unseen_marks.load()
        self.tabs.panes.restore_tabs(self.saved)
        self.start_saving()

    def start_saving(self) -> None:
        """Start to save changes of the layout."""
        self.saving.has_tabs = True
        self._on_active()

    def release(self) -> None:
        """Hide the closed window and release its pages; it is deleted later, after tasks that it started have ended."""
        self.saving.stop()
        self._sessions.disconnect(self)
        refused_keys.disconnect(self)
        self._sessions.git_status_watcher.disconnect(self)
        self.tabs.panes.disconnect(self)
        self._sessions.listed.note_tabs(id(self), ())
        self.hide()
        self.tabs.panes.close_all()

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
            self._windows.on_viewed_chat_changed(self)
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
        self._sessions.git_status_watcher.set_visible(is_visible or self._is_another_visible())

    def _others(self) -> list[MainWindow]:
        return [window for window in self._windows.all if window is not self]

    def _is_another_visible(self) -> bool:
        return any(window.isVisible() and not window.isMinimized() for window in self._others())

    @property
    def is_before_user(self) -> bool:
        """Whether the user works in this window: it is active, and to be seen."""
        # On X11, a window may be active for some 100 ms after it was hidden.
        return self.isActiveWindow() and self.isVisible() and not self.isMinimized()

    def viewed_ids(self) -> set[str]:
        """The chats that the user views: visible panes show them, and the window is before the user."""
        return self.tabs.visible_ids() if self.is_before_user else set()

    def closeEvent(self, event: QCloseEvent) -> None:
        # The application decides whether to hide the window, close it, or exit the program.
        event.ignore()
        self._windows.on_close_requested(self)

    # ------------------------------------------------------------ showing

    def describe(self) -> None:
        """Update the title and the status line for the visible chat."""
        chat, page, front = self.tabs.active_chat, self.tabs.active_page, self.tabs.front
        if isinstance(front, TabPage):
            self.setWindowTitle(front.windowTitle())
        else:
            self.setWindowTitle(window_texts.TITLE_OF(name=chat.full_name) if chat is not None else "Outlive")
        self.status_line.describe(chat, page)
        self.sidebar.model.update_active_age()
        self.status_line.setVisible(self.layout_state.status_line and chat is not None)
        if front is None and self.saving.has_tabs:
            path, key = os.environ.get("PATH", os.defpath), self.actions_.key_text("new_chat")
            self.empty.describe(self._agents, path, self._sessions, key)
        self.actions_.enable_possible()

    def _note_tabs(self) -> None:
        session_ids = self.tabs.ids()
        self._sessions.listed.note_tabs(id(self), session_ids)
        self.sidebar.model.set_open(session_ids)

    def _on_active(self) -> None:
        self._note_tabs()
        self.sidebar.set_active(self.tabs.active_id)
        self._windows.on_viewed_chat_changed(self)
        front = self.tabs.front
        self.actions_.leave_keys(front.own_keys if isinstance(front, TabPage) else ())
        self.describe()

    def _on_grid(self, terminal: TerminalContent) -> None:
        if (page := self.tabs.active_page) is not None and page.content is terminal:
            self.layout_state.grid = (terminal.grid.columns, terminal.grid.rows)
            self.describe()

    def open_chat(self, chat: Chat) -> ChatPage:
        """Show a chat's tab, in the window that has it, and give its page the keyboard focus."""
        if self not in self._windows.all:  # It was closed while its tasks are still running.
            return self._windows.open_chat(chat)
        other = next((window for window in self._others() if window.tabs.has(chat.id)), None)
        if other is not None and not self.tabs.has(chat.id):
            other.raise_window()
            return other.open_chat(chat)
        if self.tabs.closed.last_id == chat.id:
            self.banners.withdraw("closed tab")  # Its button would do nothing, or reopen another tab.
        page = self.tabs.open(chat)
        self.focus_page()
        self.sidebar.reveal_active()
        return page

    def _open_started(self, chat: Chat, typed: HeldKeys) -> None:
        """Show a chat that the user has started; see ``WindowContext``."""
        if not typed.is_left or self not in self._windows.all:
            typed.deliver(self.open_chat(chat).content.view)
            return
        tabs = self.tabs.panes.active.tabs
        tabs.insert(chat, tabs.next_index)
        text, key = notice_texts.STARTED(name=chat.full_name), f"started {chat.id}"
        self.banners.show_banner(Banner(text, common_texts.OPEN(), partial(self.open_chat, chat), key))

    def _on_keys_refused(self) -> None:
        if self.isActiveWindow():
            self.banners.inform(notice_texts.KEYS_REFUSED(), kind="failed", key="refused keys")

    def focus_page(self) -> None:
        """Give the visible page the keyboard focus."""
        page = self.tabs.front
        if page is not None and not self.sheets.is_any_open:
            page.focus_content()
        elif not self.sheets.is_any_open:
            self.empty.setFocus(Qt.FocusReason.OtherFocusReason)

    def raise_window(self) -> None:
        """Raise the window, with the keyboard focus."""
        raise_window(self)
        self.focus_page()

    # ------------------------------------------------------------ the user's actions

    def _on_problem(self, line: str) -> None:
        """Show a problem that concerns no window in the one that was used last."""
        if self._windows.current is self:
            self.banners.inform(phrases.first_upper(line), kind="failed")

    def _on_notice(self, line: str) -> None:
        if self._windows.current is self:
            self.banners.show_banner(Banner(sentence(line), lasting=True))

    def _on_sent(self, chats: Sequence[Chat]) -> None:
        """The user sent a text to one chat or several: say so, unless the user sees it arrive."""
        if len(chats) > 1:
            self.banners.inform(notice_texts.SENT_TO_SEVERAL(count=len(chats)), key="send")
        elif chats[0].id != self.tabs.active_id:
            self.banners.inform(notice_texts.SENT_TO(name=chats[0].name), key="send")

    def _show_palette(self) -> None:
        self.actions_.show_palette()

    def _on_tab_menu(self, session_id: str, point: QPoint) -> None:
        if not session_id:
            self.menus.show_beside_tabs(point)
        else:
            self.tabs.activate(session_id)
            self.describe()  # Its neighbours may be others than before.
            self.menus.show_for_tab(self._sessions.chats.get(session_id), point)


STEP_PX = 32
"""How far a new window is moved to the right and down from the one that its tab came from."""
_MAX_STEPS = 64


def cascaded(beside: QRect, taken: Collection[QPoint], room: QRect) -> QRect:
    """The area of a new window of the same size, with an upper left corner that no other window has.

    At the right end of ``room`` the windows continue at its left edge, and below its lower end at its upper edge. If
    the size fills the room, the new window is smaller.

    Args:
        beside: the area of the window next to which the new one opens.
        taken: the upper left corners of all windows.
        room: the available area of the screen.
    """
    step = QPoint(STEP_PX, STEP_PX)
    found = QRect(beside)
    for _ in range(_MAX_STEPS):
        found.translate(step)
        if found.right() > room.right():
            found.moveLeft(room.left())
        if found.bottom() > room.bottom():
            found.moveTop(room.top())
        if all((found.topLeft() - corner).manhattanLength() >= STEP_PX for corner in taken):
            return found
    return QRect(beside.topLeft() + step, room.bottomRight()).intersected(room)


DELETE_TIMEOUT_S = 60.0
"""Maximum time that a closed window waits for running tasks before it is deleted."""
GRAB_OFFSET_PX = (120, 16)
"""The mouse's position in a window made of a torn-off tab: right of the left edge, below the upper edge."""


class Windows(QObject):
    """All windows; there is always at least one.

    Signals:
        layout_changed: the layout must be saved.
        close_requested: the user closed the only window.
        restart_requested: the user restarts the window's program.
        viewed_chat_changed: the user views another chat or none, or returned to a window.
        phone_sheet_closed: the sheet with the devices that ask was closed in a window.

    Attributes:
        tab_pages: makes and opens the pages without chats.
        all: the windows; ``current``: the one that the user used last.
    """

    layout_changed = Signal()
    close_requested = Signal()
    restart_requested = Signal()
    viewed_chat_changed = Signal()
    phone_sheet_closed = Signal()

    def __init__(
        self,
        theme: Theme,
        sessions: Sessions,
        agents: LiveAgents,
        settings: LiveSettings,
        layout: WindowLayout,
        *,
        prepare_start: Callable[[Agent], object] = lambda _agent: None,
    ) -> None:
        """Create the first window, hidden; ``prepare_start``: called when the user selects an agent for a new chat."""
        super().__init__(sessions)
        self._theme, self._sessions, self._agents, self._settings = theme, sessions, agents, settings
        self._layout = layout
        self._prepare_start = prepare_start
        self.tab_pages = TabPages(self, theme, sessions, settings, agents)
        sessions.color_labels.load(layout.color_labels)
        sessions.color_labels.changed.connect(self.save_layout)
        self.all: list[MainWindow] = []
        self.current = self._add(layout.windows[0])

    def _add(self, saved: SavedWindow) -> MainWindow:
        window = MainWindow(self, self._theme, self._sessions, self._agents, self._settings, self._layout, saved)
        window.commands.starting.agent_selected.connect(self._prepare_start)
        window.tabs.panes.emptied.connect(lambda: self._on_emptied(window))
        window.tabs.replaced.connect(lambda source, chat: self._on_replaced(window, source, chat))
        self.all.append(window)
        return window

    # ------------------------------------------------------------ start and end

    def restore_windows(self) -> None:
        """Open the windows of the last run; the chats must be known."""
        for saved in self._layout.windows[1:]:
            self._add(saved)
        if self._layout.last_used in range(len(self.all)):
            self.current = self.all[self._layout.last_used]
        for window in list(self.all):
            window.restore_tabs()
        for window in self.all[1:]:
            if not window.tabs.ids():
                self._close_window(window)
        self._report_undelivered()

    def _report_undelivered(self) -> None:
        """Show once which chats did not get all input before the last window closed."""
        for session_id, count in self._layout.undelivered.items():
            if (chat := self._sessions.chats.get(session_id)) is not None:
                text = window_texts.undelivered(chat.full_name, count)
                self.current.banners.show_banner(Banner(text, lasting=True, kind="failed"))
        if self._layout.undelivered:
            self._layout.undelivered = {}
            self.save_layout()

    def show(self) -> None:
        """Show all windows, the current one in front."""
        for window in reversed(self.all):
            if window is not self.current:
                window.show()
        self.current.show()  # The last one is in front. On Wayland, raising it afterwards might be refused.
        self.current.focus_page()

    def snapshot_layout(self) -> WindowLayout:
        """The layout as it is now."""
        for window in self.all:
            window.snapshot_layout()
        self.put_unsent_into_layout()
        return self._layout

    def put_unsent_into_layout(self) -> None:
        """Write into the layout what no window holds: drafts, comments, and which shells were started here."""
        self._layout.drafts = self._sessions.drafts.texts()
        self._layout.own_shells = self._sessions.shells.saved()
        self._layout.review_comments = self._sessions.review_comments.saved()

    def hide(self) -> None:
        """Hide all windows."""
        for window in self.all:
            window.hide()

    def delete(self) -> None:
        """Delete all windows."""
        for window in self.all:
            delete(window)

    # ------------------------------------------------------------ showing chats

    def open_chat(self, chat: Chat) -> ChatPage:
        """Show a chat in the window that shows it or has its tab, else in the current one, and raise that window."""
        window = self.window_of(chat)
        if not self.is_any_visible:
            self.current = window
        self._show_if_hidden()
        window.raise_window()
        return window.open_chat(chat)

    def open_other(self, key: str) -> None:
        """Show a page without a chat in the window that has its tab, else in the current one."""
        order = sorted(self.all, key=lambda window: window is not self.current)
        window = next((window for window in order if window.tabs.has(key)), self.current)
        if not self.is_any_visible:
            self.current = window
        self._show_if_hidden()
        window.raise_window()
        window.tabs.open_other(key)
        window.focus_page()

    def close_other(self, key: str) -> None:
        """Close the tab of a page without a chat, if there is one, because the page is closed."""
        for window in self.all:
            if window.tabs.has(key):
                window.tabs.close(key)

    def window_of(self, chat: Chat) -> MainWindow:
        """The window that shows a chat or has its tab, else the current one."""
        order = sorted(self.all, key=lambda window: window is not self.current)
        having = [window for window in order if window.tabs.has(chat.id)]
        showing = [window for window in having if chat.id in window.tabs.visible_ids()]
        return next(iter([*showing, *having, self.current]))

    def raise_window(self) -> None:
        """Raise the current window, with the keyboard focus."""
        self._show_if_hidden()
        self.current.raise_window()

    def toggle(self) -> None:
        """Hide all windows if one of them has the keyboard focus, else raise the current one."""
        if self.is_any_before_user:
            self.hide()
        else:
            self.raise_window()

    @property
    def is_any_before_user(self) -> bool:
        """Whether the user works in one of the windows."""
        return any(window.is_before_user for window in self.all)

    @property
    def is_any_visible(self) -> bool:
        """Whether a window is shown or minimised, and not hidden."""
        return any(window.isVisible() for window in self.all)

    def _show_if_hidden(self) -> None:
        """Show all windows if they were hidden."""
        if not self.is_any_visible:
            self.show()

    def viewed(self) -> list[Chat]:
        """The chats that the user sees."""
        ids = set[str]().union(*(window.viewed_ids() for window in self.all))
        return list(filter(None, map(self._sessions.chats.get, ids)))

    def save_layout(self) -> None:
        """Save all windows together, so that a moved tab is never saved in both windows or in none."""
        for window in self.all:
            window.saving.write_state()
        self._layout.last_used = self.all.index(self.current)
        self.layout_changed.emit()

    def on_viewed_chat_changed(self, window: MainWindow) -> None:
        """The user views another chat or none in a window, or returned to it."""
        if window.isActiveWindow() and window in self.all and window is not self.current:
            self.current = window
            self.save_layout()
        self.viewed_chat_changed.emit()

    # ------------------------------------------------------------ closing

    def on_close_requested(self, window: MainWindow) -> None:
        """The user closes a window; the application decides about the last one."""
        if len(self.all) == 1:
            self.close_requested.emit()
            return
        ids = window.tabs.ids()
        self._close_window(window)
        for session_id in ids:
            self.current.tabs.closed.add(session_id)

    def _on_emptied(self, window: MainWindow) -> None:
        # A window whose chats are being removed stays: it may have the button that undoes that.
        if len(self.all) > 1 and window in self.all and not window.removed_tabs.can_come_back:
            self._close_window(window)

    def _close_window(self, window: MainWindow) -> None:
        """Close a window; its chats keep running."""
        self.all.remove(window)
        self._layout.windows = [other.saved for other in self.all]
        if self.current is window:
            self.current = self.all[-1]
        window.release()
        self._sessions.tasks.start(self._delete(window), "a closed window")
        for other in self.all:
            other.describe()
        self.save_layout()

    async def _delete(self, window: MainWindow) -> None:
        """Delete a closed window after the running tasks, which may use it, have ended."""
        try:
            await self._sessions.tasks.wait_for_others(DELETE_TIMEOUT_S)
        finally:
            delete(window)

    def _on_replaced(self, window: MainWindow, source: str, chat: Chat) -> None:
        for other in self.all:
            if other is not window:
                other.tabs.replace_tabs(source, chat)

    # ------------------------------------------------------------ other windows, moving tabs

    def open_empty(self, window: MainWindow) -> None:
        """Open a window without tabs, of the size of another one."""
        made = self._make_window_like(window, None)
        made.raise_window()
        for each in self.all:
            each.describe()

    def take(self, window: MainWindow, session_id: str) -> Place | None:
        """Close a chat's tab in a window beside this one, if one has it; returns the place that it showed."""
        other = next((each for each in self.all if each is not window and each.tabs.has(session_id)), None)
        if other is None:
            return None
        place = other.tabs.place_of(session_id)
        other.tabs.close(session_id, is_moved=True)
        return place

    def move(self, window: MainWindow, session_id: str, to: int | None = None, at: QPoint | None = None) -> None:
        """Move a window's tab to another window (its index among the others), or to a new one at a point."""
        chat = self._sessions.chats.get(session_id)
        others = [other for other in self.all if other is not window]
        if not window.tabs.has(session_id) or (to is not None and to >= len(others)):
            return
        if to is None and len(window.tabs.ids()) == 1:
            return  # The new window would be equal to this one.
        target = self._make_window_like(window, at, is_alone=chat is None) if to is None else others[to]
        tabs = target.tabs.panes.active.tabs
        if chat is None:
            window.tabs.move_other(session_id, target.tabs)
        else:
            tabs.insert(chat, tabs.next_index, window.tabs.place_of(session_id))
        target.raise_window()
        tabs.activate(session_id)
        window.tabs.close(session_id, is_moved=True)
        for other in self.all:
            other.describe()
        target.focus_page()

    def _make_window_like(self, window: MainWindow, at: QPoint | None, *, is_alone: bool = False) -> MainWindow:
        """Make a window without tabs in the size of another one, at a point or beside the other windows.

        ``is_alone``: for a page without a chat, beside which the list is only a rail.
        """
        area = window.normalGeometry()
        if at is not None:
            area.moveTopLeft(at - QPoint(*GRAB_OFFSET_PX))
        else:
            corners = [other.normalGeometry().topLeft() for other in self.all]
            frame = window.windowHandle().frameMargins()
            area = cascaded(area, corners, window.screen().availableGeometry().marginsRemoved(frame))
        source = window.saved
        saved = SavedWindow(
            geometry=(area.left(), area.top(), area.width(), area.height()),
            sidebar_width_px=source.sidebar_width_px,
            sidebar_collapsed=source.sidebar_collapsed or is_alone,
        )
        self._layout.windows.append(saved)
        made = self._add(saved)
        made.start_saving()
        return made


class TabPages:
    """Makes the pages without chats for their tabs, and opens them.

    Attributes:
        settings, guide, timeline, usage: the settings, the guide, a day of all chats, and what they used.
        changes: the changes of chats' directories.
    """

    def __init__(
        self,
        windows: Windows,
        theme: Theme,
        sessions: Sessions,
        settings: LiveSettings,
        agents: LiveAgents,
    ) -> None:
        self._windows, self._sessions = windows, sessions
        self.settings = SettingsOpener(
            theme,
            settings,
            agents,
            sessions.tasks,
            update_path=sessions.login_path.update,
            import_theme=self._import_theme,
            open_file=self._open_file,
        )
        self.guide = GuideOpener(theme, settings, self._open_link)
        self.timeline = TimelineOpener(theme, sessions, windows.open_chat)
        self.usage = UsageOpener(theme, settings, sessions, windows.open_chat)
        inserter = CommentInserter(sessions.tasks, windows.open_chat, self._resume)
        self.changes = ChangesOpener(theme, settings, sessions, inserter, self._edit_in_tab)
        self._openers: dict[str, PageOpener[Any]] = {
            SETTINGS: self.settings,
            GUIDE: self.guide,
            TIMELINE: self.timeline,
            USAGE: self.usage,
        }
        for wanted in (self.changes.wanted, *(opener.wanted for opener in self._openers.values())):
            wanted.connect(windows.open_other)

    def look(self, key: str) -> TabLook | None:
        """What a page's tab shows; None if there is no such page, or its chat is gone."""
        if key in _LOOKS:
            glyph, text = _LOOKS[key]
            return TabLook(text(), Mark.IDLE, glyph=glyph)
        chat = self._chat_of(key)
        if chat is None:
            return None
        return TabLook(changes_texts.CHANGES_OF(chat=chat.name), Mark.IDLE, glyph=Glyph.BRANCH)

    def make(self, key: str) -> TabPage:
        """Make the page that ``look`` knows."""
        chat = self._chat_of(key)
        page: TabPage = self.changes.make(chat) if chat is not None else self._openers[key].make()
        page.closed.connect(lambda: self._windows.close_other(key))
        page.windowTitleChanged.connect(lambda _title: self._describe())
        return page

    def close(self) -> None:
        """Close the pages that are open."""
        open_pages: list[TabPage | None] = [*self.changes.pages.values()]
        open_pages += [opener.page for opener in self._openers.values()]
        for page in open_pages:
            if page is not None:
                page.close()

    def _chat_of(self, key: str) -> Chat | None:
        return self._sessions.chats.get(key.removeprefix(CHANGES)) if key.startswith(CHANGES) else None

    def _describe(self) -> None:
        for window in self._windows.all:
            window.describe()

    def _resume(self, chat: Chat) -> None:
        self._windows.open_chat(chat)
        self._windows.window_of(chat).commands.resuming.resume(chat)

    def _open_link(self, uri: str) -> None:
        self._windows.current.commands.opener.open_address(uri, "")

    def _open_file(self, path: str) -> None:
        self._windows.current.commands.opener.open_file(FileLocation(path))

    def _edit_in_tab(self, argv: list[str], file: FileLocation, directory: str, machine: Machine) -> None:
        self._windows.current.commands.starting.edit(argv, file, directory, machine)

    def _import_theme(self) -> None:
        self._windows.current.commands.themes.import_theme(self._back_to_settings)

    def _back_to_settings(self, notice: str) -> None:
        if self.settings.page is not None:
            self.settings.open().inform(notice)


_LOOKS: dict[str, tuple[Glyph, Text]] = {
    SETTINGS: (Glyph.SETTINGS, settings_texts.SETTINGS),
    GUIDE: (Glyph.GUIDE, sheet_texts.GUIDE),
    TIMELINE: (Glyph.CLOCK, timeline_texts.TIMELINE),
    USAGE: (Glyph.BARS, usage_texts.USAGE),
}
"""The glyph and the name of the pages of which there is one."""
