"""Lines of text to be read and copied."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QPlainTextEdit

from gui.terminal.cell_metrics import default_family, default_size_px


def monospace_font() -> QFont:
    """The font of terminals, in its usual size."""
    found = QFont(default_family())
    found.setPixelSize(default_size_px())
    return found


class PlainLines(QPlainTextEdit):
    """Shows lines in the font of terminals; they cannot be edited."""

    def __init__(self, name: str, width_px: int, height_px: int) -> None:
        """No lines yet.

        Args:
            name: for screen readers.
            width_px: how wide it is where there is room.
            height_px: how high.
        """
        super().__init__()
        self._wanted = QSize(width_px, height_px)
        self.setReadOnly(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setAccessibleName(name)
        self.setFont(monospace_font())

    def sizeHint(self) -> QSize:
        return self._wanted

    def minimumSizeHint(self) -> QSize:
        return QSize(64, 48)
