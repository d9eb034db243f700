"""The data of one image: collects its chunks, and checks that it is what the program says.

Nothing is decoded here: the window does that, and shows nothing of damaged data. PNG files are checked by their
structure, since a file that is cut off is the most frequent damage.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Final

from . import sixel
from .command import Command
from .file_formats import size_in_header
from .values import Form, Image

MAX_IMAGE_BYTES: Final = 16 * 1024 * 1024
"""The largest image, as it is sent."""

MAX_PIXELS: Final = 24 * 1024 * 1024
"""Decoded images have 4 bytes for each pixel."""

TOO_LARGE: Final = "EFBIG:the image is too large"

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_HEADER: Final = b"\0\0\0\rIHDR"
_PNG_HEADER_END: Final = 33
_CHUNK_BYTES: Final = 12
_FORMS: Final[dict[int, Form]] = {24: "rgb", 32: "rgba", 100: "png", 1337: "png", sixel.FORMAT: "sixel"}
_ANY_FILE: Final = 1337
FORMATS_OF_OTHERS: Final = frozenset((_ANY_FILE, sixel.FORMAT))
"""Those of other protocols."""

_PIXEL_BYTES: Final = {"rgb": 3, "rgba": 4}


class BadImageError(Exception):
    """The program must be told so: a code of the protocol and an explanation."""


class Transmission:
    """An image that is being sent.

    Attributes:
        command: its first chunk.
        problem: why it was refused already; its further chunks are dropped.
    """

    def __init__(self, command: Command, problem: str = "") -> None:
        self.command = command
        self.problem = problem
        self._pieces: list[bytes] = []
        self._size = 0
        self._is_damaged = False

    def add(self, payload: bytes) -> None:
        """Add a chunk in base64."""
        try:
            piece = base64.b64decode(payload + b"=" * (-len(payload) % 4), validate=True)
        except binascii.Error:
            self._is_damaged = True
            return
        self._size += len(piece)
        if self._size > MAX_IMAGE_BYTES:
            self._pieces.clear()
        else:
            self._pieces.append(piece)

    def saved(self) -> list[bytes]:
        """The chunks so far, for a snapshot; their first one says whether any was damaged."""
        state = b"!" if self._is_damaged or self._size > MAX_IMAGE_BYTES else b"."
        return [state, *self._pieces]

    def restore(self, saved: list[bytes]) -> None:
        """Set the chunks from ``saved``."""
        self._is_damaged = saved[:1] == [b"!"]
        self._pieces = saved[1:]
        self._size = sum(map(len, self._pieces))

    def image(self, image_id: int, *, is_anonymous: bool) -> Image:
        """The complete image.

        Raises:
            BadImageError: the data is not what the command says, or too large.
        """
        command = self.command
        check(command)
        if self._size > MAX_IMAGE_BYTES:
            raise BadImageError(TOO_LARGE)
        if self._is_damaged:
            raise BadImageError("EINVAL:the data is not base64")
        data = b"".join(self._pieces)
        form, is_compressed = _form(command), command.letters.get("o") == "z"
        width, height = command.number("s"), command.number("v")
        found = size_in_header(data) if command.number("f") == _ANY_FILE and not is_compressed else None
        if found is not None:
            form, width, height = found
        elif command.number("f") == _ANY_FILE and not data.startswith(_PNG):
            raise BadImageError("EINVAL:not a PNG, JPEG or GIF file")
        elif form == "png":
            width, height = png_size(_beginning(data) if is_compressed else data, is_whole=not is_compressed)
        check_size(width, height)
        expected = width * height * _PIXEL_BYTES.get(form, 0)
        if not is_compressed and len(data) < expected:
            raise BadImageError("ENODATA:not enough pixels")
        return Image(image_id, command.number("I"), form, width, height, data, is_compressed, len(data), is_anonymous)


def check(command: Command) -> None:
    """Check what a transmission's first chunk says of the image.

    Raises:
        BadImageError: the image is of a kind that is not supported.
    """
    if command.letters.get("t", "d") != "d":
        raise BadImageError("EINVAL:only direct transmission is supported")
    if command.letters.get("o", "z") != "z":
        raise BadImageError("EINVAL:unknown compression")
    if _form(command) != "png":
        check_size(command.number("s"), command.number("v"))


def _form(command: Command) -> Form:
    form = _FORMS.get(command.number("f", 32))
    if form is None:
        raise BadImageError("EINVAL:unknown format")
    return form


def check_size(width: int, height: int) -> None:
    """Check an image's size in pixels.

    Raises:
        BadImageError: it is 0 or too large.
    """
    if not (0 < width <= sixel.MAX_SIDE_PX and 0 < height <= sixel.MAX_SIDE_PX and width * height <= MAX_PIXELS):
        raise BadImageError(f"EINVAL:an image of {width}x{height} pixels is not supported")


def png_size(data: bytes, *, is_whole: bool = True) -> tuple[int, int]:
    """Width and height of a PNG file.

    Args:
        data: the file, or its beginning.
        is_whole: whether it must be complete.

    Raises:
        BadImageError: it is not, or no PNG file.
    """
    if not data.startswith(_PNG) or data[8:16] != _PNG_HEADER or len(data) < _PNG_HEADER_END:
        raise BadImageError("EBADPNG:not a PNG file")
    size = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    at = _PNG_HEADER_END
    while is_whole:
        end = at + _CHUNK_BYTES + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            raise BadImageError("EBADPNG:the PNG file is cut off")
        if data[at + 4 : at + 8] == b"IEND":
            break
        at = end
    return size


def _beginning(data: bytes) -> bytes:
    """The header of a compressed PNG file.

    Raises:
        BadImageError: the data is damaged.
    """
    try:
        return zlib.decompressobj().decompress(data, _PNG_HEADER_END)
    except zlib.error:
        raise BadImageError("EINVAL:the compressed data is damaged") from None
