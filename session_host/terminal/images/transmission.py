"""Commands of kitty's graphics protocol (``key=value,…;payload``), and the data of one image, which may come in chunks.

Nothing is decoded here: the window does that, and shows nothing of damaged data. PNG files are checked by their
structure, since a file that is cut off is the most frequent damage. Of other files, the size is read from the header;
only formats whose decoders are simple and well tested are known.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from typing import Final, NamedTuple

from . import sixel
from .values import Form, Image

_PAIR: Final = re.compile(rb"([A-Za-z])=(?:([A-Za-z])|(-?[0-9]{1,10}))")
_LETTERS: Final = frozenset("atdo")
_MAX_NUMBER: Final = 2**32 - 1
_MAX_CONTROL_BYTES: Final = 1024
_CONTINUES: Final = frozenset("aiIpmq")
"""Keys of a later chunk: ``m`` and ``q``; some programs repeat the others."""


class Command(NamedTuple):
    """A command: its letters and numbers by key, and the payload as it was sent."""

    letters: dict[str, str]
    numbers: dict[str, int]
    payload: bytes

    @property
    def action(self) -> str:
        """What to do: transmit, by default."""
        return self.letters.get("a", "t")

    def number(self, key: str, default: int = 0) -> int:
        """A number; only z can be negative."""
        return self.numbers.get(key, default)

    @property
    def may_continue(self) -> bool:
        """Whether this can be a later chunk of a transmission: it describes no image."""
        return self.action in "tTqf" and not (self.numbers.keys() | self.letters.keys()) - _CONTINUES

    @property
    def expects_more(self) -> bool:
        """Whether further chunks follow."""
        return self.number("m") == 1


def parse(content: bytes) -> Command | None:
    """Parse what is between ``ESC _ G`` and ``ESC \\``; None if it is not a command."""
    control, _, payload = content.partition(b";")
    if len(control) > _MAX_CONTROL_BYTES:
        return None
    letters: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for pair in control.split(b",") if control else ():
        found = _PAIR.fullmatch(pair)
        if found is None:
            return None
        key = found[1].decode()
        if found[2] is not None:
            if key not in _LETTERS:
                return None
            letters[key] = found[2].decode()
        else:
            number = int(found[3])
            if key in _LETTERS or abs(number) > _MAX_NUMBER or (number < 0 and key not in "zHV"):
                return None
            numbers[key] = number
    return Command(letters, numbers, payload)


_NO_SIZE = frozenset((0xC4, 0xC8, 0xCC))
"""JPEG's markers among those of frames (C0 … CF) that begin no frame."""


class FileSize(NamedTuple):
    """The kind of an image file, and its size in pixels."""

    form: Form
    width: int
    height: int


def size_in_header(data: bytes) -> FileSize | None:
    """The kind and the size of a JPEG or GIF file; None if it is another kind, or damaged."""
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    if data[:6] in {b"GIF87a", b"GIF89a"} and len(data) > 10:
        return FileSize("gif", int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little"))
    return None


def _jpeg(data: bytes) -> FileSize | None:
    """Source: ITU T.81, B.1.1.4 and B.2.2."""
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in _NO_SIZE:
            height, width = (int.from_bytes(data[start : start + 2], "big") for start in (at + 5, at + 7))
            return FileSize("jpeg", width, height)
        at += 1 if marker == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


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
