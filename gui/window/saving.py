"""Saves a window's part of the layout after changes, and the marks of unseen output; loads these marks."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from gui.bridge.sessions import Sessions
from gui.settings.layout import SavedWindow, WindowLayout
from gui.timers import single_shot

from .frame import WindowFrame
from .page.chat_page import ChatPage
from .panes.panes import Panes
from .sidebar.sidebar import Sidebar

MARKS_DELAY_MS = 1000
"""A window that is killed loses what happened within this time, at most."""


class UnseenMarks(QObject):
    """Saves the marks of unseen output, bells and notifications in the layout, and loads them.

    Panes save the places.

    Signals:
        changed: the layout is to be saved.
    """

    changed = Signal()

    def __init__(self, sessions: Sessions, layout: WindowLayout, parent: QObject) -> None:
        super().__init__(parent)
        self._sessions = sessions
        self._layout = layout
        self._soon = single_shot(self, MARKS_DELAY_MS)
        self._soon.timeout.connect(self._on_due)
        sessions.chats.changed.connect(self._on_chats)

    def load(self) -> None:
        """Load the saved marks, before tabs are opened."""
        for session_id in self._layout.unseen:
            if (chat := self._sessions.chats.get(session_id)) is not None and not chat.looks.is_shown:
                chat.unseen.output, chat.unseen.bell = True, session_id in self._layout.rang
                chat.unseen.notification = self._layout.notified.get(session_id, "")

    def write_state(self) -> None:
        """Write the marks into the layout."""
        self._layout.unseen, self._layout.rang, self._layout.notified = self._marks()

    def _marks(self) -> tuple[list[str], list[str], dict[str, str]]:
        chats = [chat for chat in self._sessions.chats.made() if chat.unseen.output]
        rang = [chat.id for chat in chats if chat.unseen.bell]
        return (
            [chat.id for chat in chats],
            rang,
            {chat.id: text for chat in chats if (text := chat.unseen.notification)},
        )

    def follow(self, page: ChatPage) -> None:
        """Save the layout soon after the user scrolls, folds or unfolds in this page."""
        page.content.place_changed.connect(self._save_soon)

    def _on_chats(self) -> None:
        if self._marks() != (self._layout.unseen, self._layout.rang, self._layout.notified):
            self._save_soon()

    def _save_soon(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _on_due(self) -> None:
        self.changed.emit()


DELAY_MS = 150
"""Delays saving, since dragging an edge changes the layout often; changed tabs are saved at once."""


class LayoutSaving(QObject):
    """Writes a window's state into the layout.

    Attributes:
        has_tabs: whether the saved tabs and panes are open; before, they are not saved.

    Signals:
        saved: the layout has the window's state and must be written.
    """

    saved = Signal()

    def __init__(
        self,
        layout: WindowLayout,
        saved_window: SavedWindow,
        frame: WindowFrame,
        panes: Panes,
        marks: UnseenMarks,
        sidebar: Sidebar,
    ) -> None:
        super().__init__(frame)
        self._layout = layout
        self._saved_window = saved_window
        self._frame = frame
        self._panes = panes
        self._marks = marks
        self._sidebar = sidebar
        self.has_tabs = False
        self._delay_timer = single_shot(self, DELAY_MS)
        self._delay_timer.timeout.connect(self.save_now)
        self._coalesce_timer = single_shot(self)
        self._coalesce_timer.timeout.connect(self.save_now)
        panes.changed.connect(self._on_panes_changed)
        marks.changed.connect(self.save_now)
        sidebar.folded_changed.connect(self.save_soon)
        frame.splitter.splitterMoved.connect(self.save_soon)

    def _on_panes_changed(self) -> None:
        if self.has_tabs:
            self._coalesce_timer.start()  # Changes of one action are saved together.

    def save_soon(self) -> None:
        """Save after a short time without further changes."""
        self._delay_timer.start()

    def save_now(self) -> None:
        """Save now."""
        self.stop()
        self.write_state()
        self.saved.emit()

    def write_state(self) -> None:
        """Write the window's state into the layout."""
        if self.has_tabs:
            self._panes.write_state(self._saved_window)
            self._marks.write_state()
        self._frame.write_state()
        self._layout.groups_folded = sorted(map(str, self._sidebar.model.listing.folded))

    def stop(self) -> None:
        """Cancel a delayed save."""
        self._delay_timer.stop()
        self._coalesce_timer.stop()
