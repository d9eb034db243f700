"""Lines of text for reading and copying."""

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
    """Shows read-only lines in the terminals' font."""

    def __init__(self, name: str, width_px: int, height_px: int) -> None:
        """Create an empty widget.

        Args:
            name: the name for screen readers.
            width_px: the preferred width.
            height_px: the height.
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
