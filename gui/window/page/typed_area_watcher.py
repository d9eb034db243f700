"""Moves notices over a page when they would cover the text that the user types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

INTERVAL_MS: Final = 100
"""The shortest time between two calls: in much output, the cursor moves with each frame."""


class TypedAreaWatcher(QObject):
    """Calls ``place`` when the text cursor or the keyboard focus moves while the notice is shown."""

    def __init__(self, notice: QWidget, place: Callable[[], object]) -> None:
        super().__init__(notice)
        self._place = place
        self._is_following = self._has_moved_again = False
        self._timer = QTimer(self, singleShot=True, interval=INTERVAL_MS)
        self._timer.timeout.connect(self._on_interval)
        notice.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.Show, QEvent.Type.Hide}:
            self._follow(follows=event.type() == QEvent.Type.Show)
        return False

    def _follow(self, *, follows: bool) -> None:
        """Connect only while the notice is shown, because each typed key moves the cursor."""
        if follows == self._is_following:
            return
        self._is_following = follows
        moved = QGuiApplication.inputMethod().cursorRectangleChanged
        focus_changed = QApplication.instance().focusChanged  # type: ignore[union-attr] # there is one
        for signal in (moved, focus_changed):
            if follows:
                signal.connect(self._on_moved)
            else:
                signal.disconnect(self._on_moved)

    def _on_moved(self) -> None:
        self._has_moved_again = self._timer.isActive()
        if not self._has_moved_again:
            self._timer.start()
            self._place()

    def _on_interval(self) -> None:
        if self._is_following and self._has_moved_again:
            self._on_moved()
