"""Whether what asks has been in sight for long enough, so that a key is meant for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

KEYS_AFTER_PAINT_MS: Final = 300
"""A key that comes sooner after the first paint was meant for what was there before: nobody has read what is asked."""


class InSight(QObject):
    """Notes when a widget that asks was painted first.

    Attributes:
        clock: the time, in seconds.
    """

    clock: Callable[[], float] = staticmethod(time.monotonic)

    def __init__(self, widget: QWidget) -> None:
        """Watch a widget; each time it is shown, it is to be seen anew."""
        super().__init__(widget)
        self._widget = widget
        self._since_s: float | None = None
        widget.installEventFilter(self)

    def begin(self) -> None:
        """Something else is asked in the widget from now on."""
        self._since_s = None
        self._widget.update()

    @property
    def takes_keys(self) -> bool:
        """Whether a key counts now."""
        return self._since_s is not None and self.clock() - self._since_s >= KEYS_AFTER_PAINT_MS / 1000

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint and self._since_s is None:
            self._since_s = self.clock()
        elif event.type() is QEvent.Type.Hide:
            self._since_s = None
        return False
