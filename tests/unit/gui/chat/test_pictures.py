"""Images of an agent are decoded within limits."""

from __future__ import annotations

import struct
import zlib

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication

from gui.chat import pictures
from gui.chat.pictures import decode
from session_host.protocol.values import Image

MOST = QSize(400, 300)


def png(width: int, height: int) -> bytes:
    """A grey PNG with identical rows."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"\0" * ((width + 1) * height)) if width * height < 10_000_000 else b""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_large_image_is_made_smaller(qapp: QApplication) -> None:
    image = decode(Image("image/png", png(1200, 300)), MOST)
    assert image is not None
    assert (image.width(), image.height()) == (400, 100)


@pytest.mark.parametrize(
    "image",
    [
        Image("image/png", png(60_000, 60_000)),
        Image("image/png", b"no image"),
        Image("image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg"><image href="http://example.org/x"/></svg>'),
        Image("text/html", b"<img src='http://example.org/x'>"),
    ],
    ids=["too many pixels", "damaged", "svg", "html"],
)
def test_damaged_and_dangerous_images_are_not_decoded(qapp: QApplication, image: Image) -> None:
    assert decode(image, MOST) is None


def test_an_image_of_too_many_bytes_is_not_decoded(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_IMAGE_BYTES", 10)
    assert decode(Image("image/png", png(4, 4)), MOST) is None
