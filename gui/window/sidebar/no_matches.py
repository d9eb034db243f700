"""The line in place of the chats when the filter finds none."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.theme.tokens import GAP_M_PX, GAP_S_PX
from gui.window.widgets.parts import button, label
from gui.wording import common_texts, window_texts


class NoMatches(QWidget):
    """The line, and a button that searches all chats instead.

    Signals:
        search_requested: the user presses the button.
    """

    search_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.search = button(window_texts.SEARCH_ALL_CHATS(), "link", self.search_requested.emit)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_M_PX, GAP_S_PX, GAP_M_PX, GAP_S_PX)
        column.setSpacing(4)
        column.addWidget(label(common_texts.NO_MATCHES(), "secondary"))
        column.addWidget(self.search, 0, Qt.AlignmentFlag.AlignLeft)
        self.hide()
