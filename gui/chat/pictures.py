"""Images: decoded, scaled down for a prompt, chosen in a dialog, copied and saved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QImageReader, QPainter
from PySide6.QtWidgets import QFileDialog, QWidget

from gui.theme.controls import FileDialog
from gui.theme.theme import Theme
from gui.wording import chat_texts
from session_host.protocol.values import Image

MAX_IMAGE_BYTES = 20 * 1024 * 1024
MAX_IMAGE_PIXELS = 40_000_000
_FORMATS = {
    "image/png": b"png",
    "image/jpeg": b"jpeg",
    "image/jpg": b"jpeg",
    "image/gif": b"gif",
    "image/webp": b"webp",
    "image/bmp": b"bmp",
}
"""The formats that are decoded; none of them can refer to another file."""
SIDES_PX: Final = (2000, 1500, 1000, 700, 500)
"""The longest side, to try in order. Agents and model services scale larger images to 2,000 pixels or less anyway."""
_QUALITIES: Final = (90, 75)
TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp"}
"""The types of image files, by the ends of their names."""


def decode(image: Image, max_size: QSize | None = None) -> QImage | None:
    """The picture, scaled down to ``max_size``; None if it is too large, damaged, or of another format."""
    kind = _FORMATS.get(image.mime.lower())
    if kind is None or len(image.data) > MAX_IMAGE_BYTES:
        return None
    data = QByteArray(image.data)
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, QByteArray(kind))
    reader.setAutoDetectImageFormat(False)
    reader.setAutoTransform(True)
    size = reader.size()
    if not size.isValid() or size.width() * size.height() > MAX_IMAGE_PIXELS:
        return None
    if max_size is not None and (size.width() > max_size.width() or size.height() > max_size.height()):
        reader.setScaledSize(size.scaled(max_size, Qt.AspectRatioMode.KeepAspectRatio))
    found = reader.read()
    return None if found.isNull() else found


def fitted(image: Image, max_bytes: int) -> Image | None:
    """A file's image, unchanged if it is small, else scaled down; None if it does not fit."""
    longest = QSize(SIDES_PX[0], SIDES_PX[0])
    decoded = decode(image, longest)
    if decoded is None:
        return None
    is_small = max(decoded.width(), decoded.height()) < SIDES_PX[0]
    return image if is_small and len(image.data) <= max_bytes else fitted_picture(decoded, max_bytes)


def fitted_picture(picture: QImage, max_bytes: int) -> Image | None:
    """The picture as PNG if that fits, else as JPEG, scaled down as far as needed; None if it does not fit."""
    for side_px in SIDES_PX:
        scaled = picture
        if max(picture.width(), picture.height()) > side_px:
            scaled = picture.scaled(
                side_px, side_px, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
        if side_px == SIDES_PX[0] and len(data := _encoded(scaled, "PNG")) <= max_bytes:
            return Image("image/png", data)
        opaque = _on_white(scaled)
        for quality in _QUALITIES:
            if len(data := _encoded(opaque, "JPEG", quality)) <= max_bytes:
                return Image("image/jpeg", data)
    return None


def _on_white(picture: QImage) -> QImage:
    """The picture with a white background: JPEG has no transparency."""
    if not picture.hasAlphaChannel():
        return picture
    opaque = QImage(picture.size(), QImage.Format.Format_RGB32)
    opaque.fill(QColor("white"))
    painter = QPainter(opaque)
    painter.drawImage(0, 0, picture)
    painter.end()
    return opaque


def _encoded(picture: QImage, form: str, quality: int = -1) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(buffer, form, quality)  # type: ignore[call-overload]  # the type hints name bytes
    return bytes(buffer.data().data())


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
