"""The button that says, while the view is scrolled back, that there is new output."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget

from gui.wording import page_texts

_MARGIN_PX = 12


class NewOutput:
    """The button over the lower end of a terminal, made when it is first needed.

    Attributes:
        is_wanted: whether output came since the view was scrolled back.
        button: the button; None if it was never needed.
    """

    def __init__(self, view: QWidget, go_there: Callable[[], object]) -> None:
        self._view = view
        self._go_there = go_there
        self.is_wanted = False
        self.button: QPushButton | None = None

    def want(self, *, wanted: bool) -> None:
        """Show or hide the button."""
        self.is_wanted = wanted
        if self.button is None:
            self.button = QPushButton(page_texts.new_output(), self._view)
            self.button.setProperty("kind", "primary")
            self.button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.button.setCursor(Qt.CursorShape.ArrowCursor)
            self.button.clicked.connect(lambda _checked: self._go_there())
        self.button.setVisible(wanted)
        self.place()

    def place(self) -> None:
        """Lie over the lower end of the view, in the middle."""
        if self.button is not None:
            room, size = self._view.size(), self.button.sizeHint()
            left, top = (room.width() - size.width()) // 2, room.height() - size.height() - _MARGIN_PX
            self.button.setGeometry(left, top, size.width(), size.height())
