"""Show an image of one colour by kitty's graphics protocol, with a line of text above and below.

``shown_image.py RRGGBB COLUMNS ROWS [NAME]``

The image is a PNG file of 64 × 64 pixels, sent in two chunks. Writes ``above NAME``, the image, and ``below NAME``.
"""

from __future__ import annotations

import base64
import os
import struct
import sys
import zlib

SIDE_PX = 64


def png(color: bytes, side_px: int = SIDE_PX) -> bytes:
    """A PNG file of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    rows = (b"\0" + color * side_px) * side_px
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def main() -> None:
    """Show the image."""
    color, columns, rows, *name = sys.argv[1:]
    data = base64.b64encode(png(bytes.fromhex(color)))
    half = len(data) // 2 // 4 * 4
    label = " ".join(name)
    begin = f"\x1b_Ga=T,f=100,c={columns},r={rows},m=1;".encode() + data[:half] + b"\x1b\\"
    end = b"\x1b_Gm=0;" + data[half:] + b"\x1b\\"
    os.write(1, f"above {label}\r\n".encode() + begin + end + f"\r\nbelow {label}\r\n".encode())


if __name__ == "__main__":
    main()
