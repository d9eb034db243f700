"""The dialogs that choose image files and save an image; an image on the clipboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from gui.chat.drawing.lines import decode
from gui.theme.file_dialog import FileDialog
from gui.theme.theme import Theme
from gui.wording import chat_texts
from session_host.protocol.values import Image

TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp"}
"""The types of image files, by the ends of their names."""


class ImageDialog(FileDialog):
    """Chooses images."""

    def __init__(self, theme: Theme, parent: QWidget, directory: str) -> None:
        super().__init__(theme, parent, chat_texts.CHOOSE_IMAGES(), directory)
        self.setFileMode(QFileDialog.FileMode.ExistingFiles)
        self.setNameFilter(chat_texts.IMAGE_FILES(patterns=" ".join(f"*{end}" for end in TYPES)))


def copy_image(image: Image) -> None:
    """Put an image on the clipboard."""
    if (picture := decode(image)) is not None:
        QGuiApplication.clipboard().setImage(picture)


def save_image(theme: Theme, parent: QWidget, image: Image, directory: str, report: Callable[[str], object]) -> None:
    """Let the user save an image, unchanged; ``report`` gets a line about the result."""
    end = next((end for end, mime in TYPES.items() if mime == image.mime), "")
    dialog = FileDialog(theme, parent, chat_texts.SAVE_IMAGE(), directory)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(end.removeprefix("."))
    dialog.selectFile(f"image{end}")

    def save(path: str) -> None:
        try:
            Path(path).write_bytes(image.data)
        except OSError as error:
            report(chat_texts.IMAGE_NOT_SAVED(path=path, reason=error.strerror or str(error)))
        else:
            report(chat_texts.IMAGE_SAVED(path=path))

    dialog.fileSelected.connect(save)
    dialog.open()
