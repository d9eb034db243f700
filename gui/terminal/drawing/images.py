"""The images of a terminal as pictures in device pixels, decoded in threads."""

from __future__ import annotations

import math
import threading
import zlib
from collections.abc import Collection
from typing import Final

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QRect, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageReader

from session_host.terminal.images.transmission import MAX_IMAGE_BYTES
from session_host.terminal.images.values import Image, PlacedImage, Source

from .sixel import decode_sixel

_THREADS: Final = 2
_MAX_PICTURE_PIXELS: Final = 8 * 1024 * 1024
"""A picture for a larger area is decoded smaller, and drawn larger."""

_MAX_KEPT_PIXELS: Final = 16 * 1024 * 1024
"""Pictures beside those in view are kept up to this size, 4 bytes for each pixel."""

_PIXELS: Final = {"rgb": (3, QImage.Format.Format_RGB888), "rgba": (4, QImage.Format.Format_RGBA8888)}

_Key = tuple[Image, Source, int, int]


class Pictures(QObject):
    """Decodes images, at the size of their area; the threads are daemons.

    Signals:
        ready(): a picture can be painted.
    """

    ready = Signal()

    def __init__(self) -> None:
        super().__init__()  # Without a parent: a thread may use this object after its view is deleted.
        self._pictures: dict[_Key, QImage | None] = {}
        self._running: set[_Key] = set()

    def picture(self, placed: PlacedImage, size: QSize) -> QImage | None:
        """The picture for an area of this size; another one or None while it is decoded; None for damaged data."""
        size = _limited(size)
        key = placed.image, placed.source, size.width(), size.height()
        if key in self._pictures:
            return self._pictures[key]
        if key not in self._running and len(self._running) < _THREADS:
            self._running.add(key)
            threading.Thread(target=self._decode, args=(key,), name="image", daemon=True).start()
        # A copy: a thread may add a picture meanwhile.
        same = (picture for other, picture in list(self._pictures.items()) if other[:2] == key[:2])
        return next(same, None)

    def _decode(self, key: _Key) -> None:
        """Decode a picture; runs in a thread."""
        image, source, width, height = key
        self._pictures[key] = decode(image, source, QSize(width, height))
        self._running.discard(key)
        self.ready.emit()

    def keep(self, shown: Collection[Image]) -> None:
        """Forget the oldest pictures of images that are not shown, if there are too many."""
        kept = list(self._pictures.items())
        total = sum(_pixels(picture) for _, picture in kept)
        for key, picture in kept:
            if total <= _MAX_KEPT_PIXELS:
                return
            if key[0] not in shown:
                del self._pictures[key]
                total -= _pixels(picture)

    def forget(self) -> None:
        """Free the memory."""
        self._pictures.clear()


def _pixels(picture: QImage | None) -> int:
    return 0 if picture is None else picture.width() * picture.height()


def _limited(size: QSize) -> QSize:
    pixels = size.width() * size.height()
    if pixels <= _MAX_PICTURE_PIXELS:
        return size
    factor = math.sqrt(_MAX_PICTURE_PIXELS / pixels)
    return QSize(max(int(size.width() * factor), 1), max(int(size.height() * factor), 1))


def decode(image: Image, source: Source, size: QSize) -> QImage | None:
    """The part ``source`` of an image, scaled to ``size``; None if the data is damaged."""
    area = QRect(*source)
    if image.form == "sixel":
        decoded = _part(decode_sixel(image.data), QSize(image.width_px, image.height_px), area, size)
    else:
        decoded = _decode_pixels(image, area, size) if image.form in _PIXELS else _decode_file(image, area, size)
    if decoded is None or decoded.isNull():
        return None
    return decoded.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def _decode_file(image: Image, area: QRect, size: QSize) -> QImage | None:
    data = _data(image, MAX_IMAGE_BYTES)
    if data is None:
        return None
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, QByteArray(image.form.encode()))
    reader.setAutoDetectImageFormat(False)
    if reader.size() != QSize(image.width_px, image.height_px):
        return None
    if area.size() != reader.size():
        reader.setClipRect(area)
    if area.size() != size:
        reader.setScaledSize(size)
    return reader.read()


def _decode_pixels(image: Image, area: QRect, size: QSize) -> QImage | None:
    pixel_bytes, form = _PIXELS[image.form]
    width, height = image.width_px, image.height_px
    data = _data(image, width * height * pixel_bytes)
    if data is None or len(data) < width * height * pixel_bytes:
        return None
    return _part(QImage(data, width, height, width * pixel_bytes, form), QSize(width, height), area, size)


def _part(picture: QImage | None, whole: QSize, area: QRect, size: QSize) -> QImage | None:
    """An area of a picture in another size; ``whole``: the picture's size in square pixels, by which it is counted."""
    if picture is None:
        return None
    if picture.size() != whole:
        picture = picture.scaled(whole)
    part = picture.copy(area)
    if area.size() == size:
        return part
    return part.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)


def _data(image: Image, max_bytes: int) -> bytes | None:
    """An image's data without compression; None if it is damaged."""
    if not image.is_compressed:
        return image.data
    try:
        return zlib.decompressobj().decompress(image.data, max_bytes)
    except zlib.error:
        return None
