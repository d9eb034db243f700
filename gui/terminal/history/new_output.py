"""The button that appears when output arrives while the view is scrolled back by at least a screen."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, SignalInstance
from PySide6.QtWidgets import QPushButton, QWidget

from gui.wording import page_texts

_MARGIN_PX = 12
REDRAW_MS = 500
"""Programs draw again so soon after a resize, as shells do with their prompt; that is no new output."""


class NewOutput:
    """The button over the lower end of a terminal, created when it is first shown.

    Attributes:
        is_visible: whether the button is shown.
        button: the button; None if it was never shown.
    """

    def __init__(self, view: QWidget, go_there: Callable[[], object], resized: SignalInstance) -> None:
        """``resized`` is emitted when the program gets another size."""
        self._view = view
        self._go_there = go_there
        self._redraw = QTimer(view, singleShot=True, interval=REDRAW_MS)
        resized.connect(lambda *_size: self._redraw.start())
        self._has_output = self.is_visible = False
        self.button: QPushButton | None = None

    def announce(self) -> None:
        """Note that output arrived while the view is scrolled back, unless that follows a resize."""
        if not self._redraw.isActive():
            self._has_output = True

    def follow(self, offset: int, screen_rows: int) -> None:
        """Show the button while the screen, with its question or prompt, is out of view; ``offset``: rows below it."""
        self._has_output = self._has_output and offset > 0
        is_visible = self._has_output and offset >= screen_rows
        if is_visible == self.is_visible:
            return
        self.is_visible = is_visible
        if self.button is None:
            self.button = QPushButton(page_texts.NEW_OUTPUT(), self._view)
            self.button.setProperty("kind", "primary")
            self.button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.button.setCursor(Qt.CursorShape.ArrowCursor)
            self.button.clicked.connect(lambda _checked: self._go_there())
        self.button.setVisible(is_visible)
        self.place()

    def place(self) -> None:
        """Move the button to the middle of the view's lower end."""
        if self.button is not None:
            room, size = self._view.size(), self.button.sizeHint()
            left, top = (room.width() - size.width()) // 2, room.height() - size.height() - _MARGIN_PX
            self.button.setGeometry(left, top, size.width(), size.height())
