"""The sidebar: all chats by group, a filter, the button that starts a chat, and choices of how the list looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QGuiApplication,
    QIcon,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLineEdit, QListView, QMenu, QVBoxLayout, QWidget

from gui.bridge.chat import Chat
from gui.bridge.sessions import Sessions
from gui.input.held_keys import is_repeat
from gui.settings.live import LiveSettings
from gui.theme.icons import Glyph, glyph_icon
from gui.theme.menu import temporary_menu
from gui.theme.theme import Theme
from gui.theme.tokens import BAR_HEIGHT_PX, GAP_M_PX, GAP_S_PX, SIDEBAR_COLLAPSED_PX, SIDEBAR_MAX_PX, SIDEBAR_MIN_PX
from gui.timers import single_shot
from gui.window.widgets.parts import Area, Hairline, IconButton, LazyWidget, Way, button, label, own_viewport
from gui.wording import common_texts, window_texts
from session_host.errors import ConfigError

from .arrangement import Grouping
from .chat_list_view import ChatListView
from .chat_selection import ChatSelection
from .delegate import SidebarDelegate
from .entries import ChatRow, Heading, MachineLine
from .flyout import Flyout
from .memory_tips import MemoryTips
from .model import SidebarModel
from .opened_row import OpenedRow
from .resting_pointer import RestingPointer

if TYPE_CHECKING:
    from .limits_foot import LimitsFoot


class NoMatches(QWidget):
    """The line in place of the chats when the filter finds none, and a button that searches all chats instead."""

    def __init__(self, search_all: Callable[[], object]) -> None:
        super().__init__()
        self.search = button(window_texts.SEARCH_ALL_CHATS(), "link", search_all)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_M_PX, GAP_S_PX, GAP_M_PX, GAP_S_PX)
        column.setSpacing(4)
        column.addWidget(label(common_texts.NO_MATCHES(), "secondary"))
        column.addWidget(self.search, 0, Qt.AlignmentFlag.AlignLeft)
        self.hide()


class ViewOptions:
    """The choices of how the list looks."""

    def __init__(
        self, settings: LiveSettings, has_machines: Callable[[], bool], problem: Callable[[str], object]
    ) -> None:
        """Set up.

        Args:
            settings: the settings.
            has_machines: returns whether the user has other machines.
            problem: gets one line for the user about a choice that could not be saved.
        """
        self._settings = settings
        self._has_machines = has_machines
        self._problem = problem

    def fill(self, menu: QMenu) -> None:
        """Add the choices to a menu."""
        chosen = self._settings.preferences.window.group_chats
        groupings = [("state", window_texts.BY_STATE()), ("project", window_texts.BY_PROJECT())]
        if self._has_machines() or chosen == "machine":
            groupings.append(("machine", window_texts.BY_MACHINE()))
        for grouping, text in groupings:
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(chosen == grouping)
            action.triggered.connect(partial(self._choose, {"group_chats": grouping}))
        menu.addSeparator()
        compact = menu.addAction(window_texts.COMPACT_ROWS())
        compact.setCheckable(True)
        compact.setChecked(self.is_compact)
        compact.triggered.connect(lambda _checked: self.toggle_rows())

    def is_by(self, grouping: Grouping) -> bool:
        """Whether chats are grouped so."""
        return self._settings.preferences.window.group_chats == grouping

    @property
    def is_compact(self) -> bool:
        """Whether a row has one line, not two."""
        return self._settings.preferences.window.compact_rows

    def toggle_grouping(self, grouping: Grouping) -> None:
        """Group so, or by state again."""
        self._choose({"group_chats": "state" if self.is_by(grouping) else grouping})

    def toggle_rows(self) -> None:
        """Make rows compact, or of two lines again."""
        self._choose({"compact_rows": not self.is_compact})

    def show_below(self, button: QWidget) -> None:
        """Show the choices below their button."""
        menu = temporary_menu(button)
        self.fill(menu)
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    def _choose(self, values: dict[str, str | bool], _checked: bool = False) -> None:
        try:
            self._settings.write(values)
        except ConfigError as error:
            self._problem(str(error))


POINTER_RESTS_MS = 800
"""How long after its last movement the pointer rests. Then rows move below it."""
TEXT_FROM_PX = 220
"""A narrower sidebar has the button that starts a chat without its text."""
_ROW_KEYS = {"open": Qt.Key.Key_Return, "rename": Qt.Key.Key_F2, "remove": Qt.Key.Key_Delete}


def key_of_row(action: str) -> QKeySequence:
    """The key of an action on the row that has the keyboard focus, for menus; empty for none."""
    return QKeySequence(_ROW_KEYS[action]) if action in _ROW_KEYS else QKeySequence()


class Sidebar(Area):
    """The sidebar.

    Signals:
        opened: a chat is to be shown.
        new_chat: a chat is to be started.
        menu_requested: a chat's menu is to be shown at this point of the screen.
        several_menu_requested: the menu of several chats, a list.
        own_menu_requested: the menu of the sidebar itself, away from chats.
        rename_requested, remove_requested: as the keys F2 and Delete ask for; of chats, a list.
        folded_changed: a group was folded or unfolded.
        problem: one line for the user about a choice that could not be saved.
        left: the keyboard should go back to the terminal.
        later_dropped: the user takes back the prompt that a chat is to get at a time.
        search_requested: the filter finds no chat; this text is to be searched in what all chats showed.
        usage_requested: what was used, and the limits, are to be shown.
    """

    opened = Signal(Chat)
    new_chat = Signal()
    menu_requested = Signal(Chat, QPoint)
    several_menu_requested = Signal(list, QPoint)
    own_menu_requested = Signal(QPoint)
    rename_requested = Signal(Chat)
    remove_requested = Signal(list)
    problem = Signal(str)
    folded_changed = Signal()
    left = Signal()
    search_requested = Signal(str)
    later_dropped = Signal(Chat)
    usage_requested = Signal()

    _meant: QPersistentModelIndex | None = None
    """The row of the last press, if it was no longer below the pointer; an invalid one once it was clicked."""

    def __init__(self, theme: Theme, sessions: Sessions, folded: set[str], settings: LiveSettings) -> None:
        super().__init__("sidebar")
        self._theme = theme
        self._sessions = sessions
        self._settings = settings
        self.view_options = ViewOptions(settings, lambda: bool(sessions.others.machines), self.problem.emit)
        self.collapsed = False
        self._is_reveal_due = False
        self._is_more_pressed = False
        self._flyout = LazyWidget(lambda: Flyout(theme, self.window(), self._tips.memory, self.later_dropped.emit))
        """The row of the rail under the pointer."""
        self._ways: Callable[[str], Sequence[Way]] = lambda _name: ()
        self.model = SidebarModel(sessions, folded, self)

        self.new_button = IconButton(theme, Glyph.ADD, common_texts.NEW_CHAT(), self.new_chat.emit)
        self.new_button.setText(f" {common_texts.NEW_CHAT()}")
        self.setAccessibleName(window_texts.SIDEBAR())
        self.filter = QLineEdit()
        self.filter.setProperty("kind", "filter")
        self.filter.setPlaceholderText(window_texts.FILTER())
        self.filter.setAccessibleName(window_texts.FILTER_CHATS())
        self.filter.setClearButtonEnabled(False)
        self._filter_icon = QAction(window_texts.FILTER(), self)
        self.filter.addAction(self._filter_icon, QLineEdit.ActionPosition.LeadingPosition)
        self.filter.textChanged.connect(self._on_filter)
        self.filter.installEventFilter(self)

        self.no_matches = NoMatches(self._search_all)
        self.no_chats = label(window_texts.CHATS_APPEAR_HERE(), "secondary")
        self.no_chats.setWordWrap(True)
        self.no_chats.setContentsMargins(GAP_M_PX, GAP_S_PX, GAP_M_PX, GAP_S_PX)
        self.view_button = IconButton(theme, Glyph.LIST, window_texts.VIEW_OPTIONS(), self._show_view_options)
        self.view_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.list = ChatListView(theme, self.model)
        self._pointer_rests = single_shot(self, POINTER_RESTS_MS)
        self._pointer_rests.timeout.connect(self._on_pointer_rests)
        self.delegate = SidebarDelegate(theme, self.list)
        self.selection = ChatSelection(self.list, self.model, self.delegate)
        self._opened_row = OpenedRow(self)
        self._set_up_list()

        head = QWidget()
        head.setFixedHeight(BAR_HEIGHT_PX - 1)
        self._head = QHBoxLayout(head)
        self._head.setSpacing(GAP_S_PX)
        self._head.addWidget(self.new_button)
        self._head.addWidget(self.filter, 1)
        self._head.addWidget(self.view_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(head)
        layout.addWidget(Hairline(theme))
        layout.addWidget(self.no_matches)
        layout.addWidget(self.no_chats)
        layout.addWidget(self.list, 1)
        self._foot = LazyWidget(self._make_foot)

        settings.changed.connect(self._apply_settings)
        self._apply_settings()
        sessions.chats.changed.connect(self.refresh)
        sessions.account_limits.changed.connect(self._show_limits)
        theme.changed.connect(self._apply_theme)
        self._apply_theme()
        self.set_collapsed(False)

    def _set_up_list(self) -> None:
        own_viewport(self.list)
        self._tips = MemoryTips(self.list, self.model, self._sessions.tasks)
        self.list.setItemDelegate(self.delegate)
        self.list.setAccessibleName(window_texts.CHATS())
        self.list.setMouseTracking(True)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._on_menu)
        self.list.clicked.connect(self._on_mouse_clicked)
        self.model.dataChanged.connect(lambda *_what: self._show_flyout_again())
        self.list.run_requested.connect(self._run)
        # The outline of the previous row reaches into its neighbours at a fractional scale.
        self.list.selectionModel().currentChanged.connect(lambda: self.list.viewport().update())
        self.list.verticalScrollBar().actionTriggered.connect(self._on_scrolled)
        self.list.installEventFilter(self)
        self.list.viewport().installEventFilter(self)
        # Its filter comes first: rows that move as the pointer leaves do not move below it.
        self._pointer = RestingPointer(self.list, self.model.arranged, self.model.dataChanged)
        self._pointer.moved_below.connect(lambda point: self._show_flyout(point) if self.collapsed else None)

    def offer_for_machines(self, remedy: Callable[[str], Way | None], ways: Callable[[str], Sequence[Way]]) -> None:
        """Set what the list offers for other machines, by their names.

        Args:
            remedy: what helps against the reason why a machine cannot be reached.
            ways: all that can be done with one.
        """
        self.model.listing.remedy, self._ways = remedy, ways

    # ------------------------------------------------------------ what it shows

    def refresh(self) -> None:
        """Show the chats as they are now."""
        self._watch_output()
        self.model.refresh()
        self._say_if_empty()
        self._reveal_if_due()

    def hideEvent(self, event: QEvent) -> None:
        self.model.hold(False)
        self._watch_output()

    def showEvent(self, event: QShowEvent) -> None:
        self._watch_output()

    def _watch_output(self) -> None:
        """Follow how much the chats write, while they are seen."""
        self._sessions.sparklines.watch(self, self._sessions.listed.running() if self.isVisible() else [])

    def set_collapsed(self, collapsed: bool) -> None:
        """Show only marks, or everything."""
        self.collapsed = collapsed
        self.delegate.collapsed = collapsed
        self._show_flyout_again()
        self.filter.setVisible(not collapsed)
        self.view_button.setVisible(not collapsed)
        if collapsed:
            self.filter.clear()
            self.setFixedWidth(SIDEBAR_COLLAPSED_PX)
        else:
            self.setMinimumWidth(SIDEBAR_MIN_PX)
            self.setMaximumWidth(SIDEBAR_MAX_PX)
        side = 10 if collapsed else GAP_S_PX
        self._head.setDirection(QBoxLayout.Direction.LeftToRight)
        self._head.setContentsMargins(side, 4, side if collapsed else GAP_S_PX, 3)
        self._fit_new_button()
        self.model.set_headings(not collapsed)
        self._say_if_empty()
        self._show_limits()

    def _make_foot(self) -> LimitsFoot:
        from .limits_foot import LimitsFoot  # most windows show no limit at their start

        made = LimitsFoot(self._theme, self.usage_requested.emit)
        layout = self.layout()
        assert layout is not None
        layout.addWidget(made)
        return made

    def _show_limits(self) -> None:
        """Show the tightest limit of each account."""
        accounts = self._sessions.account_limits.accounts
        if accounts or self._foot.widget is not None:
            self._foot.get().show_limits(accounts, self._title_of, is_collapsed=self.collapsed)

    def _title_of(self, agent: str) -> str:
        machines = self._sessions.machines.by_name.values()
        return next((each.agents[agent].title for each in machines if agent in each.agents), agent)

    def _on_filter(self, text: str) -> None:
        self.model.set_filter(text)
        if text:
            self.list.scrollToTop()  # The first matches are what the user wants to see.
        else:
            self.reveal_active()
        self._say_if_empty()
        self._fit_new_button()

    def _say_if_empty(self) -> None:
        is_empty, is_filtered = not self.model.rowCount(), bool(self.filter.text())
        self.no_matches.setVisible(is_empty and is_filtered)
        is_known = self._sessions.machines.here.is_loaded
        self.no_chats.setVisible(is_empty and is_known and not is_filtered and not self.collapsed)

    def _search_all(self) -> None:
        text = self.filter.text()
        self.filter.clear()
        self.search_requested.emit(text)

    def _fit_new_button(self) -> None:
        """Show the button's text if there is enough room beside the filter; a filter in use needs more room."""
        is_filtering = self.filter.hasFocus() or bool(self.filter.text())
        has_text = not self.collapsed and self.width() >= TEXT_FROM_PX and not is_filtering
        self.new_button.setToolButtonStyle(
            Qt.ToolButtonStyle.ToolButtonTextBesideIcon if has_text else Qt.ToolButtonStyle.ToolButtonIconOnly
        )
        self.new_button.setFixedHeight(28)
        self.new_button.setMinimumWidth(28)
        self.new_button.setMaximumWidth(120 if has_text else 28)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_new_button()

    def _apply_settings(self) -> None:
        window = self._settings.preferences.window
        self.model.set_grouping(window.group_chats)
        self.delegate.is_by_state = window.group_chats == "state"
        self.delegate.is_by_project = window.group_chats == "project"
        if self.delegate.compact != window.compact_rows:
            self.delegate.compact = window.compact_rows
            self.list.scheduleDelayedItemsLayout()

    def _show_view_options(self) -> None:
        self.view_options.show_below(self.view_button)

    def set_active(self, session_id: str) -> None:
        """Set the chat with the visible tab. If it changes, scroll its row into view and select only it."""
        is_another = session_id != self.model.active_id
        self.model.set_active(session_id)
        if is_another:
            if not (self.delegate.is_single or self.list.hasFocus()):
                self.list.clearSelection()
            self.reveal_active()

    def reveal_active(self) -> None:
        """Scroll to the row of the chat with the visible tab, once the user does not use the sidebar."""
        self._is_reveal_due = True
        self._reveal_if_due()

    def _reveal_if_due(self) -> None:
        is_used = self.model.is_held or self.list.hasFocus() or self.filter.hasFocus()
        if not self._is_reveal_due or is_used or not self.isVisible():
            return
        active = self.model.index_of(self.model.active_id)
        if active.isValid():  # A new chat has no row yet.
            # The rows of a window that opens move until the chats' states are known.
            self._is_reveal_due = any(
                chat.looks.first.connection in {None, "connecting"} and not chat.is_unreachable
                for chat in self._sessions.listed.running()
            )
            self.list.reveal(active)

    def _on_scrolled(self) -> None:
        """The user has scrolled, and wants to see something else."""
        self._is_reveal_due = False

    def take_focus(self) -> None:
        """Give the list the keyboard, at the chat that is shown; Escape gives it back."""
        self.list.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if not self.selection.select_active() and self.model.chat(self.list.currentIndex()) is None:
            self.selection.select_first()

    def _leave(self) -> None:
        """Give the keyboard back to the terminal; of several selected chats, only the one that is shown stays so."""
        if not self.selection.select_active():
            self.list.clearSelection()
        self.left.emit()

    def _apply_theme(self) -> None:
        self._filter_icon.setIcon(QIcon(glyph_icon(Glyph.SEARCH, self._theme.tokens)))
        self.list.viewport().update()

    # ------------------------------------------------------------ what the user does

    def area_of(self, chat: Chat) -> QRect:
        """The area of a chat's row in the window's coordinates, as wide as the sidebar; at its top without a row."""
        row = self.list.visualRect(self.model.index_of(chat.id))
        top = self.list.viewport().mapTo(self.window(), row.topLeft()).y()
        return QRect(self.mapTo(self.window(), QPoint()).x(), top, self.width(), row.height())

    def _on_mouse_clicked(self, index: QModelIndex) -> None:
        """A click opens a chat, unless it selects several."""
        selects = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        if not QGuiApplication.keyboardModifiers() & selects:
            if (chat := self.model.chat(index)) is None:
                self._on_clicked(index)
                return
            if self.list.hasFocus():
                self.left.emit()  # The press gave the list the keyboard, which has no use for it.
            self._open(chat)  # The rows may be others by now.

    def hold_keyboard_back(self, *, held: bool) -> None:
        """Set whether a click on the list leaves the keyboard where it is."""
        policy = Qt.FocusPolicy.TabFocus if held else Qt.FocusPolicy.StrongFocus
        self.list.setFocusPolicy(policy)

    def _on_clicked(self, index: QModelIndex) -> None:
        entry = self.model.entry(index)
        if isinstance(entry, ChatRow):
            self._open(entry.chat)
        elif isinstance(entry, Heading):
            self._toggle(entry.key)
        elif isinstance(entry, MachineLine) and (remedy := self.model.listing.remedy(entry.machine)) is not None:
            remedy[1]()

    def _run(self, index: QModelIndex) -> None:
        """Do with a row what Enter does."""
        self.selection.select_only(index)
        self._on_clicked(index)

    def _open(self, chat: Chat) -> None:
        self.opened.emit(chat)
        if not self.list.hasFocus():
            self._opened_row.begin(self.window(), partial(self._key_after_opening, chat))

    def _key_after_opening(self, chat: Chat, event: QKeyEvent) -> bool:
        """Run F2, and Delete of an ended chat; returns whether it was one of them: all others are for the page."""
        if event.modifiers():
            return False
        match event.key():
            case Qt.Key.Key_F2:
                self.rename_requested.emit(chat)
            case Qt.Key.Key_Delete if chat.is_over:
                self.remove_requested.emit([chat])
            case _:
                return False
        return True

    def _toggle(self, key: str) -> None:
        self._is_reveal_due = False
        self.model.toggle_group(key)
        self.folded_changed.emit()

    def _on_menu(self, point: QPoint) -> None:
        index = self._pointer.row_meant_at(point)
        if not self._show_machine_menu(index, self.list.viewport().mapToGlobal(point)):
            self._show_menu(self.model.chat(index), self.list.viewport().mapToGlobal(point))

    def _show_machine_menu(self, index: QModelIndex, point: QPoint) -> bool:
        """Show the menu of a machine; returns whether there is one in this row."""
        entry = self.model.entry(index)
        if not isinstance(entry, Heading | MachineLine) or not entry.machine:
            return False
        menu = temporary_menu(self.list)
        for text, run in self._ways(entry.machine):
            menu.addAction(text, run)
        menu.popup(point)
        return True

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.own_menu_requested.emit(event.globalPos())

    def _show_menu(self, chat: Chat | None, point: QPoint) -> None:
        selected = self.selection.chats()
        if chat is None:
            self.own_menu_requested.emit(point)
        elif chat in selected and len(selected) > 1:
            self.several_menu_requested.emit(selected, point)
        else:
            self.menu_requested.emit(chat, point)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if watched is self.list:
                return self._list_key(event)
            if watched is self.filter:
                return self._filter_key(event)
        elif event.type() in {QEvent.Type.FocusIn, QEvent.Type.FocusOut}:
            self._fit_new_button()
            self._reveal_if_due()
        elif watched is self.list.viewport() and event.type() in {QEvent.Type.MouseMove, QEvent.Type.Leave}:
            # Rows do not move while the pointer moves over them: the user would click the wrong one. A pointer that
            # rests does not hold the rows, since their headings would be wrong.
            moves = event.type() == QEvent.Type.MouseMove
            self._pointer_rests.start() if moves else self._pointer_rests.stop()
            if self.collapsed:
                self._show_flyout(event.position().toPoint() if isinstance(event, QMouseEvent) else None)
            self.model.hold(moves)
            self._reveal_if_due()
        elif isinstance(event, QMouseEvent) and (self._shows_more(watched, event) or self._is_meant(watched, event)):
            return True
        elif watched is self.list.viewport() and event.type() == QEvent.Type.MouseButtonPress:
            self._pointer_rests.stop()  # The user clicks or drags.
        elif watched is self.list.viewport() and event.type() == QEvent.Type.MouseButtonRelease:
            self._pointer_rests.start()
        return super().eventFilter(watched, event)

    def _shows_more(self, watched: QObject, event: QMouseEvent) -> bool:
        """Show the menu of a row whose three dots are pressed; returns whether the event is of that press."""
        if watched is not self.list.viewport() or self.collapsed or event.button() != Qt.MouseButton.LeftButton:
            return False
        point = event.position().toPoint()
        chat = self.model.chat(self._pointer.row_meant_at(point))
        row = self.list.visualRect(self.list.indexAt(point))
        is_there = chat is not None and self.delegate.more_area(row).contains(point)
        if event.type() == QEvent.Type.MouseButtonPress:
            self._is_more_pressed = is_there  # The menu may have had the release of an earlier press.
            if is_there:
                below = self.delegate.more_area(row).bottomLeft()
                self._show_menu(chat, self.list.viewport().mapToGlobal(below))
            return is_there
        if event.type() == QEvent.Type.MouseButtonRelease and self._is_more_pressed:
            self._is_more_pressed = False
            return True
        return event.type() == QEvent.Type.MouseButtonDblClick and is_there

    def _is_meant(self, watched: QObject, event: QMouseEvent) -> bool:
        """Click the row that was below the pointer before rows moved a moment ago; whether the event is of that."""
        if watched is not self.list.viewport():
            return False
        if event.type() == QEvent.Type.MouseButtonPress:
            self._meant = None
        if event.button() != Qt.MouseButton.LeftButton or event.modifiers():
            return False
        point = event.position().toPoint()
        if event.type() == QEvent.Type.MouseButtonPress:
            index = self._pointer.row_meant_at(point)
            self._meant = QPersistentModelIndex(index) if index != self.list.indexAt(point) else None
            return self._meant is not None
        if event.type() == QEvent.Type.MouseButtonRelease and self._meant is not None:
            # The second half of a double click is not meant for the row that is there now either.
            index, self._meant = self.model.index(self._meant.row()), QPersistentModelIndex()
            self._on_mouse_clicked(index)
            return True
        return event.type() == QEvent.Type.MouseButtonDblClick and self._meant is not None

    def _show_flyout_again(self) -> None:
        """Show the row under the pointer as it is now."""
        flyout = self._flyout.widget
        if flyout is not None and flyout.entry is not None:
            if self.collapsed:
                self._fly_out(self.model.index_of(flyout.entry.chat.id))
            else:
                flyout.hide_row()

    def _show_flyout(self, point: QPoint | None) -> None:
        """Show the whole row at a point of the rail beside it, at once; None hides it."""
        self._fly_out(self.list.indexAt(point) if point is not None else QModelIndex())
        if point is not None and self._flyout.widget is not None:
            self._flyout.widget.stay()

    def _fly_out(self, index: QModelIndex) -> None:
        entry = self.model.entry(index)
        if not isinstance(entry, ChatRow):
            if self._flyout.widget is not None:
                self._flyout.widget.leave()
        elif (flyout := self._flyout.get()).entry != entry:
            tile = self.list.viewport().mapTo(self.window(), self.list.visualRect(index).topLeft())
            flyout.show_at(entry, self.mapTo(self.window(), QPoint()).x() + self.width() + GAP_S_PX, tile.y())

    def _on_pointer_rests(self) -> None:
        self.model.hold(False)
        self._reveal_if_due()

    def _list_key(self, event: QKeyEvent) -> bool:
        index = self.list.currentIndex()
        chat = self.model.chat(index)
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        if event.modifiers() == Qt.KeyboardModifier.AltModifier and event.key() in steps and chat is not None:
            self.model.step(chat, steps[Qt.Key(event.key())])
            return True
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Space if not self.list.is_typed(event):
                if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                    return False  # Selects one more.
                if index.isValid():
                    self._run(index)
            case Qt.Key.Key_Escape:
                self._leave()
            case Qt.Key.Key_F2 if chat is not None:
                self.rename_requested.emit(chat)
            case Qt.Key.Key_Delete if is_repeat(event):
                pass  # It removes what was selected, not what comes in its place.
            case Qt.Key.Key_Delete if chosen := self.selection.chats() or ([chat] if chat is not None else []):
                self.remove_requested.emit(chosen)
            case Qt.Key.Key_Menu:
                chosen = [chat] if chat is not None else self.selection.chats()
                point = self.list.visualRect(index).center() if index.isValid() else QPoint(GAP_S_PX, GAP_S_PX)
                point = self.list.viewport().mapToGlobal(point)
                if not self._show_machine_menu(index, point):
                    self._show_menu(chosen[-1] if chosen else None, point)
            case _:
                return False
        return True

    def _filter_key(self, event: QKeyEvent) -> bool:
        match event.key():
            case Qt.Key.Key_Escape if self.filter.text():
                self.filter.clear()
            case Qt.Key.Key_Escape:
                self._leave()
            case Qt.Key.Key_Down:
                self.list.setFocus(Qt.FocusReason.TabFocusReason)
                self.selection.select_first()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.selection.select_first()
                chat = self.model.chat(self.list.currentIndex())
                if chat is not None:
                    self.filter.clear()
                    self._open(chat)
                elif self.filter.text():
                    self._search_all()
            case _:
                return False
        return True
