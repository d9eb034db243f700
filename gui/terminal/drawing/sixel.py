"""Decodes sixel images.

A character is six pixels, one above the other, in one colour, so a picture of many colours has many short strings. The
pixels of a band of six rows are put together column by column: each string becomes a number with one unit for each
pixel, 1 or 0, and a product with the colour puts all its pixels in place at once. At the end, every sixth unit of the
band is a row. A unit is a byte, an index of a colour; or four bytes, the colour itself, if there are more than 256.

A picture of 800 × 600 pixels in 256 colours takes a tenth of a second.
"""

from __future__ import annotations

import colorsys
import re
import time
from functools import cache
from itertools import islice
from typing import Final

from PySide6.QtGui import QImage

from session_host.terminal.images.sixel import BAND_ROWS, Raster, is_transparent, raster_of

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
