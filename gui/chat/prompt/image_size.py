"""The size of images in a prompt: a large image is scaled down before it is sent, as models would do anyway."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QBuffer, QIODevice, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from gui.chat.drawing.lines import decode
from session_host.protocol.values import Image

SIDES_PX: Final = (2000, 1500, 1000, 700, 500)
"""The longest side, to try in order. Agents and model services scale larger images to 2,000 pixels or less anyway."""

_QUALITIES: Final = (90, 75)


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
