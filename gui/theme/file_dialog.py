"""The file dialog of the desktop, or else Qt's, in the theme's colours."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QDialogButtonBox, QFileDialog, QToolButton, QWidget

from .icons import Glyph, glyph_icon
from .theme import Theme

_ICONS = {
    "backButton": Glyph.BACK,
    "forwardButton": Glyph.FOLDED,
    "toParentButton": Glyph.UP,
    "newFolderButton": Glyph.NEW_FOLDER,
    "listModeButton": Glyph.GRID,
    "detailModeButton": Glyph.LIST,
}
"""The icons of the buttons of Qt's dialog, by their object names: those of its style are black in each theme."""


class FileDialog(QFileDialog):
    """A dialog that does not block the window. Closing it deletes it."""

    def __init__(self, theme: Theme, parent: QWidget, title: str, directory: str) -> None:
        super().__init__(parent, title, directory)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        # The desktop's dialog has none of these widgets.
        for tool in self.findChildren(QToolButton):
            if (glyph := _ICONS.get(tool.objectName())) is not None:
                tool.setIcon(glyph_icon(glyph, theme.tokens, "text"))
        for row in self.findChildren(QDialogButtonBox):
            for button in row.buttons():
                button.setIcon(QIcon())
