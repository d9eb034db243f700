"""The kinds of image files, and the size that a file's header says; nothing is decoded.

Output of a program is decoded in the window, so only formats whose decoders are simple and well tested are known.
"""

from __future__ import annotations

from typing import NamedTuple

from .values import Form

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
