"""Images: decoded, scaled down for a prompt, chosen in a dialog, copied and saved."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QImage, QImageIOHandler, QImageReader, QPainter
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
_SHOWN = QSize(1760, 640)
"""Twice the size that a picture has at most on a page at the usual text size, for a screen of that scale."""
_KEPT_BYTES = 64 * 1024 * 1024
"""Pictures beside those in view are kept up to this size."""
_MAX_BROKEN = 256
_HEAD_BYTES = 256 * 1024
"""How much of an image is read for its size."""
SIDES_PX: Final = (2000, 1500, 1000, 700, 500)
"""The longest side, to try in order. Agents and model services scale larger images to 2,000 pixels or less anyway."""
_QUALITIES: Final = (90, 75)
TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp"}
"""The types of image files, by the ends of their names."""


def decode(image: Image, max_size: QSize | None = None) -> QImage | None:
    """The picture, scaled down to ``max_size``; None if it is too large, damaged, or of another format."""
    opened = _open(image)
    if opened is None:
        return None
    reader, _buffer = opened
    size = reader.size()
    if max_size is not None and (size.width() > max_size.width() or size.height() > max_size.height()):
        reader.setScaledSize(size.scaled(max_size, Qt.AspectRatioMode.KeepAspectRatio))
    found = reader.read()
    return None if found.isNull() else found


def size_of(image: Image) -> QSize | None:
    """The size that the image says to have; None if it is too large, or of another format."""
    opened = _open(image, _HEAD_BYTES) or _open(image)
    if opened is None:
        return None
    reader, _buffer = opened
    turns = QImageIOHandler.Transformation.TransformationRotate90
    return reader.size().transposed() if reader.transformation() & turns else reader.size()


def _open(image: Image, most: int | None = None) -> tuple[QImageReader, QBuffer] | None:
    """A reader, and its data, which it does not keep; None if the image is too large, or of another format.

    ``most``: read only so many bytes, which may be too few.
    """
    kind = _FORMATS.get(image.mime.lower())
    if kind is None or len(image.data) > MAX_IMAGE_BYTES:
        return None
    buffer = QBuffer()
    buffer.setData(image.data[:most])
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, QByteArray(kind))
    reader.setAutoDetectImageFormat(False)
    reader.setAutoTransform(True)
    size = reader.size()
    is_fine = size.isValid() and size.width() * size.height() <= MAX_IMAGE_PIXELS
    return (reader, buffer) if is_fine else None


class Pictures(QObject):
    """The pictures of messages, for those that paint them; what is not painted is not decoded.

    One picture at a time is decoded, in a thread, since a large one takes longer than a frame, and a flat one of some
    kilobytes up to 256 MB, Qt's limit. A page asks for each picture that it paints; the last is decoded first. After
    each decoded picture all pages paint again; those that they do not ask for are forgotten beyond ``_KEPT_BYTES``.

    Signals:
        decoded(Image): the picture of an image is known, or that there is none.
    """

    decoded = Signal(object)
    _done = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._known: OrderedDict[Image, QImage] = OrderedDict()
        """Those that were asked for last come last."""
        self._broken: OrderedDict[Image, None] = OrderedDict()
        self._wanted: dict[Image, None] = {}
        """Asked for since a picture was decoded last, and not known."""
        self._in_view: set[Image] = set()
        """Asked for since a picture was decoded last, and known."""
        self._at_work: Image | None = None
        self._done.connect(self._on_done)

    def is_broken(self, image: Image) -> bool:
        """Whether it is known that an image cannot be decoded."""
        return image in self._broken

    def get(self, image: Image) -> QImage | None:
        """The picture of an image that is painted now, with at most ``_SHOWN``; None if there is none, or not yet."""
        if (found := self._known.get(image)) is not None:
            self._known.move_to_end(image)
            self._in_view.add(image)
        elif image not in self._broken and image != self._at_work:
            self._wanted[image] = None
            self._work()
        return found

    def _work(self) -> None:
        if self._at_work is None and self._wanted:
            image, _ = self._wanted.popitem()
            self._at_work = image
            threading.Thread(target=self._decode, args=(image,), name="picture", daemon=True).start()

    def _decode(self, image: Image) -> None:
        """Decode an image; runs in a thread."""
        with contextlib.suppress(RuntimeError):  # The window was closed, and this object deleted.
            self._done.emit(image, decode(image, _SHOWN))

    def _on_done(self, image: Image, picture: QImage | None) -> None:
        self._at_work = None
        if picture is None:
            self._broken[image] = None
            if len(self._broken) > _MAX_BROKEN:
                self._broken.popitem(last=False)
        else:
            self._known[image] = picture
            self._in_view.add(image)
        self._forget()
        self._wanted.clear()  # Those that are still in view are asked for again, when they are painted.
        self.decoded.emit(image)

    def _forget(self) -> None:
        """Forget the pictures that are not in view, the oldest first, if there are too many."""
        total = sum(picture.sizeInBytes() for picture in self._known.values())
        for image, picture in list(self._known.items()):
            if total <= _KEPT_BYTES:
                break
            if image not in self._in_view:
                del self._known[image]
                total -= picture.sizeInBytes()
        self._in_view.clear()


@lru_cache(maxsize=1)
def pictures() -> Pictures:
    """The pictures of this process."""
    return Pictures()


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
