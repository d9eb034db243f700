"""The dialog that chooses image files."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QDialogButtonBox, QFileDialog, QToolButton, QWidget

from gui.theme.follow import Theme
from gui.theme.icons import Glyph, glyph_icon
from gui.wording import image_texts

from .attachments import TYPES

_ICONS = {
    "backButton": Glyph.BACK,
    "forwardButton": Glyph.FOLDED,
    "toParentButton": Glyph.UP,
    "newFolderButton": Glyph.NEW_FOLDER,
    "listModeButton": Glyph.GRID,
    "detailModeButton": Glyph.LIST,
}
"""The icons of the buttons of Qt's dialog, by their object names: those of its style are black in each theme."""


class ImageDialog(QFileDialog):
    """Chooses images, and does not block the window; the desktop's dialog, or else Qt's. Closing it deletes it."""

    def __init__(self, theme: Theme, parent: QWidget, directory: str) -> None:
        super().__init__(parent, image_texts.choose_images(), directory)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFileMode(QFileDialog.FileMode.ExistingFiles)
        self.setNameFilter(image_texts.image_files(" ".join(f"*{end}" for end in TYPES)))
        # The desktop's dialog has none of these widgets.
        for tool in self.findChildren(QToolButton):
            if (glyph := _ICONS.get(tool.objectName())) is not None:
                tool.setIcon(glyph_icon(glyph, theme.tokens, "text"))
        for row in self.findChildren(QDialogButtonBox):
            for button in row.buttons():
                button.setIcon(QIcon())
