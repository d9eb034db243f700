"""All windows: restored, opened for a tab that is moved out of another one, and closed."""

from __future__ import annotations

from collections.abc import Callable, Collection

from PySide6.QtCore import QObject, QPoint, QRect, Signal

from gui.bridge.chat import Chat
from gui.bridge.sessions import Sessions
from gui.garbage import delete
from gui.settings.layout import SavedWindow, WindowLayout
from gui.wording import window_texts
from session_host.agents.agent import Agent

from .main_window import MainWindow
from .page.banners import Banner
from .page.chat_page import ChatPage

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
        viewed_chat_changed: the user views another chat or none, or returned to a window.
        guide_requested: the user opens the guide window.
        changes_requested(Chat, str, object): the user opens the window with the changes of a chat's directory.
        settings_requested: the user opens the settings window, at this page, or where it was ("").
        agent_selected: the user selected this agent for a new chat.
    """

    layout_changed = Signal()
    close_requested = Signal()
    viewed_chat_changed = Signal()
    guide_requested = Signal()
    changes_requested = Signal(Chat, str, object)
    settings_requested = Signal(str)
    agent_selected = Signal(Agent)

    def __init__(
        self,
        make: Callable[[SavedWindow], MainWindow],
        sessions: Sessions,
        layout: WindowLayout,
        parent: QObject | None = None,
    ) -> None:
        """Create the first window, hidden; ``make`` creates a window from its part of the layout."""
        super().__init__(parent)
        self._make = make
        self._sessions = sessions
        self._layout = layout
        sessions.color_labels.restore(layout.color_labels)
        sessions.color_labels.changed.connect(self._on_layout)
        self.all: list[MainWindow] = []
        self.current = self._add(layout.windows[0])
        """The window that the user used last."""

    def _add(self, saved: SavedWindow) -> MainWindow:
        window = self._make(saved)
        window.others = _OtherWindowsOf(self, window)
        window.layout_changed.connect(self._on_layout)
        window.guide_requested.connect(self.guide_requested)
        window.changes_requested.connect(self.changes_requested)
        window.settings_requested.connect(self.settings_requested)
        window.starting.agent_selected.connect(self.agent_selected)
        window.close_requested.connect(lambda: self._on_close_requested(window))
        window.viewed_chat_changed.connect(lambda: self._on_viewed_chat_changed(window))
        window.tabs.emptied.connect(lambda: self._on_emptied(window))
        window.tabs.replaced.connect(lambda source, chat: self._on_replaced(window, source, chat))
        self.all.append(window)
        return window

    # ------------------------------------------------------------ start and end

    def restore(self) -> None:
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
            if (chat := self._sessions.get(session_id)) is not None:
                text = window_texts.undelivered(chat.name, count)
                self.current.banners.show_banner(Banner(text, lasting=True, kind="failed"))
        if self._layout.undelivered:
            self._layout.undelivered = {}
            self._on_layout()

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
        self._layout.drafts = self._sessions.drafts.texts()
        self._layout.own_shells = self._sessions.shells.saved()
        self._layout.review_comments = self._sessions.review_comments.saved()
        return self._layout

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

    def window_of(self, chat: Chat) -> MainWindow:
        """The window that shows a chat or has its tab, else the current one."""
        order = sorted(self.all, key=lambda window: window is not self.current)
        having = [window for window in order if window.tabs.has(chat.id)]
        showing = [window for window in having if window.tabs.shows(chat.id)]
        return next(iter([*showing, *having, self.current]))

    def raise_window(self) -> None:
        """Raise the current window, with the keyboard focus."""
        self._show_if_hidden()
        self.current.raise_window()

    def toggle(self) -> None:
        """Hide all windows if one of them has the keyboard focus, else raise the current one."""
        if any(window.isActiveWindow() for window in self.all):
            self.hide()
        else:
            self.raise_window()

    @property
    def is_any_visible(self) -> bool:
        """Whether a window is shown or minimised, and not hidden."""
        return any(window.isVisible() for window in self.all)

    def _show_if_hidden(self) -> None:
        """Show all windows if they were hidden."""
        if not self.is_any_visible:
            self.show()

    def is_viewed(self, chat: Chat) -> bool:
        """Whether the user sees this chat."""
        return any(window.is_viewed(chat) for window in self.all)

    def _on_layout(self) -> None:
        """Save all windows together, so that a moved tab is never saved in both windows or in none."""
        for window in self.all:
            window.saving.write_state()
        self._layout.last_used = self.all.index(self.current)
        self.layout_changed.emit()

    def _on_viewed_chat_changed(self, window: MainWindow) -> None:
        if window.isActiveWindow() and window in self.all and window is not self.current:
            self.current = window
            self._on_layout()
        self.viewed_chat_changed.emit()

    # ------------------------------------------------------------ closing

    def _on_close_requested(self, window: MainWindow) -> None:
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
        self._on_layout()

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

    def move(self, window: MainWindow, session_id: str, to: int | None, at: QPoint | None) -> None:
        """Move a window's tab to another window or to a new one; see ``OtherWindows.move``."""
        chat = self._sessions.get(session_id)
        others = [other for other in self.all if other is not window]
        if chat is None or not window.tabs.has(session_id) or (to is not None and to >= len(others)):
            return
        if to is None and len(window.tabs.ids()) == 1:
            return  # The new window would be equal to this one.
        target = self._make_window_like(window, at) if to is None else others[to]
        tabs = target.tabs.active.tabs
        tabs.insert(chat, tabs.next_index, window.tabs.scroll_position_of(session_id))
        target.raise_window()
        tabs.activate(session_id)
        window.tabs.close(session_id, is_moved=True)
        for other in self.all:
            other.describe()
        target.focus_page()

    def _make_window_like(self, window: MainWindow, at: QPoint | None) -> MainWindow:
        """Make a window without tabs in the size of another one, at a point or beside the other windows."""
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
            sidebar_width_px=source.sidebar_width_px, sidebar_collapsed=source.sidebar_collapsed,
        )  # fmt: skip
        self._layout.windows.append(saved)
        made = self._add(saved)
        made.start_saving()
        return made


class _OtherWindowsOf:
    """The windows beside one window; see ``OtherWindows``."""

    def __init__(self, windows: Windows, window: MainWindow) -> None:
        self._windows = windows
        self._window = window

    def _others(self) -> list[MainWindow]:
        return [window for window in self._windows.all if window is not self._window]

    def titles(self) -> list[str]:
        return [window.windowTitle() for window in self._others()]

    def is_current(self) -> bool:
        return self._windows.current is self._window

    def is_gone(self) -> bool:
        return self._window not in self._windows.all

    def is_any_visible(self) -> bool:
        return any(window.isVisible() and not window.isMinimized() for window in self._others())

    def show(self, chat: Chat) -> ChatPage | None:
        if self.is_gone():
            return self._windows.open_chat(chat)
        for window in self._others():
            if window.tabs.has(chat.id):
                window.raise_window()
                return window.open_chat(chat)
        return None

    def take(self, session_id: str) -> tuple[int, str] | None:
        window = next((window for window in self._others() if window.tabs.has(session_id)), None)
        if window is None:
            return None
        position = window.tabs.scroll_position_of(session_id)
        window.tabs.close(session_id, is_moved=True)
        return position

    def open_empty(self) -> None:
        self._windows.open_empty(self._window)

    def move(self, session_id: str, to: int | None = None, at: QPoint | None = None) -> None:
        self._windows.move(self._window, session_id, to, at)
