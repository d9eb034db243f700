"""Small images, and the sequences that show them: kitty's graphics protocol, iTerm2's, sixel."""

from __future__ import annotations

import base64

from tests.programs.shown_image import png

RED, GREEN, BLUE = b"\xff\0\0", b"\0\xc0\0", b"\0\0\xff"


def command(control: str, data: bytes = b"") -> bytes:
    """A command of kitty's graphics protocol, with its data in base64."""
    return b"\x1b_G%s;%s\x1b\\" % (control.encode(), base64.b64encode(data))


def shown(control: str = "", color: bytes = RED) -> bytes:
    """The command that shows a PNG file of 64 × 64 pixels at the cursor."""
    return command(f"a=T,f=100{control and ','}{control}", png(color))


def inline_file(data: bytes, arguments: str = "", end: bytes = b"\a") -> bytes:
    """The command that shows an image file at the cursor by iTerm2's protocol (OSC 1337)."""
    keys = f"inline=1{arguments and ';'}{arguments}".encode()
    return b"\x1b]1337;File=" + keys + b":" + base64.b64encode(data) + end


def sixel(width: int, height: int, end: bytes = b"\x1b\\", parameters: bytes = b"") -> bytes:
    """A red sixel image."""
    bands = [b"#1!%d~" % width] * (height // 6)
    if height % 6:
        bands.append(b"#1!%d%c" % (width, 0x3F + (1 << height % 6) - 1))
    return b'\x1bP%sq"1;1;%d;%d#1;2;100;0;0%s%s' % (parameters, width, height, b"-".join(bands), end)
