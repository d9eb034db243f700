"""The images of a terminal as pictures in device pixels, decoded in threads."""

from __future__ import annotations

import colorsys
import math
import re
import threading
import time
import zlib
from collections.abc import Collection
from functools import cache
from itertools import islice
from typing import Final

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageReader, QPainter, QRegion

from session_host.terminal.images.sixel import BAND_ROWS, Raster, is_transparent, raster_of
from session_host.terminal.images.transmission import MAX_IMAGE_BYTES
from session_host.terminal.images.values import Image, PlacedImage, Source

from .canvas import Canvas, GridLayout
from .row_painter import join_right_to_left, lay_out

_MAX_TOKENS: Final = 4_000_000
"""The rest of more complicated data is not decoded: some seconds of work."""

_TOKEN: Final = re.compile(
    rb"(?:#([0-9]{1,5}))?(?:!([0-9]{1,6})\?)?([?-~]+)"  # 1 register, 2 blank sixels, 3 sixels
    rb"|!([0-9]{1,6})([?-~])"  # 4 how often, 5 sixel
    rb"|#([0-9]{1,5})(;[0-9;]{0,64})?"  # 6 register, 7 definition
    rb"|([$-])"  # 8 end of a line of one colour, or of a band
)
_SIXELS, _REPEATED, _COLOR = 3, 5, (6, 7)
_BLANK: Final = 0x3F
_OPAQUE: Final = 0xFF000000
_MAX_INDEXES: Final = 256
_FIRST_COLORS: Final = (
    "000000 333399 cc2121 33cc33 cc33cc 33cccc cccc33 878787 424242 545499 994242 549954 995499 549999 999954 cccccc"
)
"""The registers of a VT340 before anything defines them."""

_FIRST_DEFINITION: Final = re.compile(rb"#0+(;[0-9;]{0,64})")


class _TooManyColorsError(Exception):
    """The colours have more than 256 indexes."""


def decode_sixel(data: bytes) -> QImage | None:
    """The picture in sixel data, with the parameters before it; None if it has no pixels."""
    raster = raster_of(data)
    if raster is None:
        return None
    try:
        return _decode(data, raster, 1)
    except _TooManyColorsError:
        return _decode(data, raster, 4)


@cache
def _units(unit_bytes: int) -> list[bytes]:
    """The six units of each character."""
    one, none = (1).to_bytes(unit_bytes, "little"), bytes(unit_bytes)
    sixels = (b"".join(one if bits >> row & 1 else none for row in range(BAND_ROWS)) for bits in range(64))
    return [b""] * _BLANK + list(sixels)


class _Colors:
    """The colour registers, and the value of a unit for each colour."""

    def __init__(self, data: bytes, unit_bytes: int) -> None:
        self._registers = {number: _OPAQUE | int(color, 16) for number, color in enumerate(_FIRST_COLORS.split())}
        self._indexes: dict[int, int] | None = {} if unit_bytes == 1 else None
        if is_transparent(data):
            self.background = self._value(0)
        else:
            if first := _FIRST_DEFINITION.search(data):
                self.define(0, first[1])
            self.background = self.value(0)

    def value(self, register: int) -> int:
        """The value of a unit for a register's colour.

        Raises:
            _TooManyColorsError: there is no index for it.
        """
        return self._value(self._registers.get(register, _OPAQUE))

    def define(self, register: int, definition: bytes) -> None:
        """Set a register's colour to ``;2;red;green;blue`` in percent, or ``;1;hue;lightness;saturation``."""
        numbers = [int(part[-5:] or 0) for part in definition.split(b";")[1:]]
        if len(numbers) == 4:
            self._registers[register] = _color(*numbers)

    def _value(self, color: int) -> int:
        if self._indexes is None:
            return color
        index = self._indexes.setdefault(color, len(self._indexes))
        if index >= _MAX_INDEXES:
            raise _TooManyColorsError
        return index

    def table(self) -> list[int]:
        """The colours by their indexes."""
        return list(self._indexes or ())


def _color(system: int, first: int, second: int, third: int) -> int:
    """A colour in RGB, or in HLS, where blue has the hue 0."""
    if system == 1:
        hue = (first + 240) % 360 / 360
        parts = [round(part * 255) for part in colorsys.hls_to_rgb(hue, min(second, 100) / 100, min(third, 100) / 100)]
    else:
        parts = [(min(percent, 100) * 255 + 50) // 100 for percent in (first, second, third)]
    red, green, blue = parts
    return _OPAQUE | red << 16 | green << 8 | blue


def _decode(data: bytes, raster: Raster, unit_bytes: int) -> QImage:
    """Decode the pixels.

    Raises:
        _TooManyColorsError: a unit is a byte, and there are more than 256 colours.
    """
    width, height = raster.columns, raster.rows
    units = _units(unit_bytes)
    units_of, from_bytes = units.__getitem__, int.from_bytes
    unit_bits, column_bytes = 8 * unit_bytes, BAND_ROWS * unit_bytes
    ones = (1 << unit_bits) - 1
    colors = _Colors(data, unit_bytes)
    blank_band = colors.background.to_bytes(unit_bytes, "little") * (BAND_ROWS * width)
    band, rows = bytearray(blank_band), 0
    image = bytearray()
    x, register = 0, 0
    other_bits: int | None = None
    for token in islice(_TOKEN.finditer(data, data.find(b"q") + 1), _MAX_TOKENS):
        kind = token.lastindex
        if kind == _SIXELS:
            selected, blanks, sixels = token.group(1, 2, 3)
            if selected:
                register, other_bits = int(selected), None
            if blanks:
                x += int(blanks)
            begin, x = x, x + len(sixels)
            if x > width:
                sixels = sixels[: max(width - begin, 0)]
            mask = from_bytes(b"".join(map(units_of, sixels)), "little")
        elif kind == _REPEATED:
            number, sixel = int(token[4]), token[5][0]
            begin, x = x, x + number
            mask = from_bytes(units[sixel] * max(min(number, width - begin), 0), "little") if sixel != _BLANK else 0
        elif kind in _COLOR:
            register, other_bits = int(token[6]), None
            colors.define(register, token[7] or b"")
            continue
        else:
            x = 0
            if token[8] == b"-":
                image += _rows(band, unit_bytes)
                rows += BAND_ROWS
                if rows >= height:
                    break
                band[:] = blank_band
                time.sleep(0)  # The window may need the interpreter.
            continue
        if mask:
            if other_bits is None:  # A colour has an index once it is used: there may be more colours than indexes.
                other_bits = ones ^ colors.value(register)
            begin *= column_bytes
            end = begin + (mask.bit_length() + unit_bits - 1) // unit_bits * unit_bytes
            old = from_bytes(band[begin:end], "little")
            band[begin:end] = ((old | mask * ones) ^ mask * other_bits).to_bytes(end - begin, "little")
    if rows < height:
        image += _rows(band, unit_bytes)
        rows += BAND_ROWS
    image += _rows(bytearray(blank_band), unit_bytes) * ((height - rows + BAND_ROWS - 1) // BAND_ROWS)
    line_bytes = width * unit_bytes
    if unit_bytes == 1:
        picture = QImage(image, width, height, line_bytes, QImage.Format.Format_Indexed8)
        picture.setColorTable(colors.table())
        return picture.copy()
    return QImage(image, width, height, line_bytes, QImage.Format.Format_ARGB32).copy()


def _rows(band: bytearray, unit_bytes: int) -> bytes:
    """The six rows of a band."""
    if unit_bytes == 1:
        return b"".join(band[row::BAND_ROWS] for row in range(BAND_ROWS))
    pixels = memoryview(band).cast("I")
    return b"".join(pixels[row::BAND_ROWS].tobytes() for row in range(BAND_ROWS))


_THREADS: Final = 2
"""Of each view."""

_AT_WORK: Final = threading.BoundedSemaphore(_THREADS)
"""So many images are decoded at once by all views together: one takes up to 100 MB meanwhile."""

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
        with _AT_WORK:
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


class ImageLayer:
    """The images of one terminal.

    Attributes:
        pictures: the decoded images.
        shown: those of the last frame, those below first.
    """

    def __init__(self) -> None:
        self.pictures = Pictures()
        self.shown: tuple[PlacedImage, ...] = ()

    def change(self, images: tuple[PlacedImage, ...], layout: GridLayout, first_row: int) -> QRegion:
        """Show these images from now on; returns the region to repaint.

        Args:
            images: those of a frame.
            layout: the grid's position.
            first_row: the first visible row of the grid.
        """
        region = QRegion()
        for placed in {*images}.symmetric_difference(self.shown):
            region += _place(placed, layout, first_row)
        self.shown = images
        self.pictures.keep({placed.image for placed in images})
        return region

    def paint(self, painter: QPainter, region: QRegion, layout: GridLayout, first_row: int, canvas: Canvas) -> None:
        """Paint images over the grid, and the text again over those that are below it."""
        painter.save()
        painter.setClipRegion(region)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for placed in self.shown:
            rect = _place(placed, layout, first_row)
            if not region.intersects(rect):
                continue
            picture = self.pictures.picture(placed, rect.size())
            if picture is not None:
                painter.setClipRegion(region - _written(placed, layout, first_row))
                painter.drawImage(rect, picture)
                painter.setClipRegion(region)
                if placed.z < 0:
                    _paint_text(painter, region.intersected(rect), layout, first_row, canvas)
        painter.restore()


def _place(placed: PlacedImage, layout: GridLayout, first_row: int) -> QRect:
    left, right = (round(column * layout.cell_width) for column in (placed.column, placed.column + placed.columns))
    top, bottom = (round((row - first_row) * layout.cell_height) for row in (placed.row, placed.row + placed.rows))
    return QRect(layout.padding + left, layout.padding + top, max(right - left, 1), max(bottom - top, 1))


def _written(placed: PlacedImage, layout: GridLayout, first_row: int) -> QRegion:
    """The cells where text is shown in place of an image."""
    width, height = layout.cell_width, layout.cell_height
    left, top = layout.padding, layout.padding - first_row * height
    region = QRegion()
    for row, first, end in placed.written:
        region += QRect(left + first * width, top + row * height, (end - first) * width, height)
    return region


def _paint_text(painter: QPainter, region: QRegion, layout: GridLayout, first_row: int, canvas: Canvas) -> None:
    """Paint the text of rows in a region, without its backgrounds."""
    height = layout.cell_height
    area = region.boundingRect().translated(-layout.padding, first_row * height - layout.padding)
    painter.save()
    painter.setClipRegion(region)
    painter.translate(QPoint(layout.padding, layout.padding - first_row * height))
    for number in range(max(area.top() // height, 0), min(area.bottom() // height + 1, canvas.size.rows)):
        row = canvas.rows[number]
        if row is not None:
            runs = join_right_to_left(lay_out(row, canvas.painter.colors))
            laid = [(run, look._replace(background=None)) for run, look in runs]
            canvas.painter.paint_runs(painter, laid, number * height)
    painter.restore()
