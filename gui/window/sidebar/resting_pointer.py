"""Finds the row that the user aims at, in a list whose rows move below a pointer at rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QPointF, Signal, SignalInstance
from PySide6.QtGui import QHelpEvent, QHoverEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QListView, QToolTip

MEANT_MS: Final = 500
"""A press that comes sooner after rows have moved below the pointer was meant for the row that was there before."""


class RestingPointer(QObject):
    """Knows the row below the pointer, and which one was there before rows moved a moment ago.

    Attributes:
        clock: the time, in seconds.

    Signals:
        moved_below(QPoint): another row is below the pointer, which rests at this point of the viewport.
    """

    moved_below = Signal(QPoint)
    clock: Callable[[], float] = staticmethod(time.monotonic)

    def __init__(self, rows: QListView, *moves: SignalInstance) -> None:
        """Watch a list; ``moves`` are emitted when rows may have come, gone or moved, or have another height."""
        super().__init__(rows)
        self._rows = rows
        self._at: QPoint | None = None
        self._marked = self._before = QPersistentModelIndex()
        self._moved_s = float("-inf")
        self._is_looking = False
        rows.viewport().installEventFilter(self)
        rows.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        for each in moves:
            each.connect(self._on_rows_moved)

    def row_meant_at(self, point: QPoint) -> QModelIndex:
        """The row that a press at a point of the viewport is meant for; none if that has gone a moment ago."""
        if self._is_aimed(point):
            return self._rows.model().index(self._before.row(), 0)
        return self._rows.indexAt(point)

    @property
    def _is_recent(self) -> bool:
        """Whether rows have moved below the pointer a moment ago."""
        return self.clock() - self._moved_s < MEANT_MS / 1000

    def _is_aimed(self, point: QPoint) -> bool:
        """Whether the pointer is still where rows have moved below it a moment ago."""
        is_near = self._at is not None and (point - self._at).manhattanLength() < QApplication.startDragDistance()
        return is_near and self._is_recent

    def _aim(self, point: QPoint) -> None:
        self._at, self._moved_s = point, float("-inf")
        self._marked = QPersistentModelIndex(self._rows.indexAt(point))

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Leave:
            self._at = None
        elif event.type() is QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            point = event.position().toPoint()
            if not self._is_aimed(point):
                self._aim(point)
        return False

    def _on_scrolled(self) -> None:
        """The user has scrolled, and looks at what is below the pointer now."""
        if self._at is not None and not self._is_looking:
            self._aim(self._at)

    def _on_rows_moved(self, *_what: object) -> None:
        if self._at is None or self._is_looking:
            return
        self._is_looking = True  # Qt lays the rows out now, and may scroll.
        found = self._rows.indexAt(self._at)
        self._is_looking = False
        if found == self._marked:
            return
        if not self._is_recent:  # Else nobody has read the row that was there since.
            self._before = self._marked
        self._marked, self._moved_s = QPersistentModelIndex(found), self.clock()
        viewport = self._rows.viewport()
        at, on_screen = QPointF(self._at), QPointF(viewport.mapToGlobal(self._at))
        QApplication.sendEvent(viewport, QHoverEvent(QEvent.Type.HoverMove, at, on_screen, at))
        if QToolTip.isVisible():
            QApplication.sendEvent(viewport, QHelpEvent(QEvent.Type.ToolTip, self._at, on_screen.toPoint()))
        self.moved_below.emit(self._at)
