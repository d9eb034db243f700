"""What the user aims at in a list of which the rows move while the pointer rests on it."""

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

    def __init__(self, rows: QListView, arranged: SignalInstance) -> None:
        """Watch a list; ``arranged`` is emitted when rows have come, gone or moved."""
        super().__init__(rows)
        self._rows = rows
        self._at: QPoint | None = None
        self._marked = self._before = QPersistentModelIndex()
        self._moved_s = float("-inf")
        rows.viewport().installEventFilter(self)
        arranged.connect(self._on_arranged)

    def row_meant_at(self, point: QPoint) -> QModelIndex:
        """The row that a press at a point of the viewport is meant for; none if that has gone a moment ago."""
        if self._is_near(point) and self.clock() - self._moved_s < MEANT_MS / 1000:
            return self._rows.model().index(self._before.row(), 0)
        return self._rows.indexAt(point)

    def _is_near(self, point: QPoint) -> bool:
        return self._at is not None and (point - self._at).manhattanLength() < QApplication.startDragDistance()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Leave:
            self._at = None
        elif event.type() is QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            point = event.position().toPoint()
            if not self._is_near(point):
                self._at, self._moved_s = point, float("-inf")
                self._marked = QPersistentModelIndex(self._rows.indexAt(point))
        return False

    def _on_arranged(self) -> None:
        if self._at is None or (found := self._rows.indexAt(self._at)) == self._marked:
            return
        self._before, self._marked, self._moved_s = self._marked, QPersistentModelIndex(found), self.clock()
        viewport = self._rows.viewport()
        at, on_screen = QPointF(self._at), QPointF(viewport.mapToGlobal(self._at))
        QApplication.sendEvent(viewport, QHoverEvent(QEvent.Type.HoverMove, at, on_screen, at))
        if QToolTip.isVisible():
            QApplication.sendEvent(viewport, QHelpEvent(QEvent.Type.ToolTip, self._at, on_screen.toPoint()))
        self.moved_below.emit(self._at)
