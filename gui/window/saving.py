"""When a window's part of the layout is saved, and what it holds."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from gui.settings.layout import WindowLayout
from gui.settings.saved_window import SavedWindow
from gui.window.frame import WindowFrame
from gui.window.panes.panes import Panes
from gui.window.sidebar.sidebar import Sidebar
from gui.window.tabs.remembered_marks import RememberedMarks

DELAY_MS = 150
"""Delays saving, since dragging an edge changes the layout often; changed tabs are saved at once."""


class LayoutSaving(QObject):
    """Puts a window's state into the layout.

    Attributes:
        is_restored: whether tabs and panes are those to save; False while they are being restored.

    Signals:
        saved: the layout has the window's state and must be written.
    """

    saved = Signal()

    def __init__(
        self,
        layout: WindowLayout,
        own: SavedWindow,
        frame: WindowFrame,
        panes: Panes,
        marks: RememberedMarks,
        sidebar: Sidebar,
    ) -> None:
        super().__init__(frame)
        self._layout = layout
        self._own = own
        self._frame = frame
        self._panes = panes
        self._marks = marks
        self._sidebar = sidebar
        self.is_restored = False
        self._soon = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._soon.timeout.connect(self.now)
        self._once = QTimer(self, singleShot=True, interval=0)
        self._once.timeout.connect(self.now)
        panes.changed.connect(self._on_panes)
        marks.changed.connect(self.now)
        sidebar.folded_changed.connect(self.soon)
        frame.splitter.splitterMoved.connect(self.soon)

    def _on_panes(self) -> None:
        if self.is_restored:
            self._once.start()  # What one action changes is saved together.

    def soon(self) -> None:
        """Save after a short while without further changes."""
        self._soon.start()

    def now(self) -> None:
        """Save now."""
        self.stop()
        self.note()
        self.saved.emit()

    def note(self) -> None:
        """Put the window's state into the layout."""
        if self.is_restored:
            self._panes.note(self._own)
            self._marks.note()
        self._frame.note()
        self._layout.groups_folded = sorted(map(str, self._sidebar.model.folded))

    def stop(self) -> None:
        """Save nothing that is due."""
        self._soon.stop()
        self._once.stop()
