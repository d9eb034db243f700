"""Saves a window's part of the layout after changes."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from gui.settings.layout import WindowLayout
from gui.settings.saved_window import SavedWindow
from gui.window.frame import WindowFrame
from gui.window.panes.panes import Panes
from gui.window.sidebar.sidebar import Sidebar
from gui.window.tabs.remembered_marks import UnseenMarks

DELAY_MS = 150
"""Delays saving, since dragging an edge changes the layout often; changed tabs are saved at once."""


class LayoutSaving(QObject):
    """Writes a window's state into the layout.

    Attributes:
        is_restored: whether tabs and panes have been restored; before, they are not saved.

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
        self.is_restored = False
        self._delay_timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._delay_timer.timeout.connect(self.save_now)
        self._coalesce_timer = QTimer(self, singleShot=True, interval=0)
        self._coalesce_timer.timeout.connect(self.save_now)
        panes.changed.connect(self._on_panes_changed)
        marks.changed.connect(self.save_now)
        sidebar.folded_changed.connect(self.save_soon)
        frame.splitter.splitterMoved.connect(self.save_soon)

    def _on_panes_changed(self) -> None:
        if self.is_restored:
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
        if self.is_restored:
            self._panes.write_state(self._saved_window)
            self._marks.write_state()
        self._frame.write_state()
        self._layout.groups_folded = sorted(map(str, self._sidebar.model.folded))

    def stop(self) -> None:
        """Cancel a delayed save."""
        self._delay_timer.stop()
        self._coalesce_timer.stop()
