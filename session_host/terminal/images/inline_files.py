"""iTerm2's inline images (OSC 1337), as commands of kitty's protocol: an image file, sent whole or in parts.

Two keys of such a command are our own: the format ``f=1337`` is a file of any known kind, and ``F=1`` keeps the image's
proportions and its width within the screen.

Source: https://iterm2.com/documentation-images.html
"""

from __future__ import annotations

import re
from typing import Final

from session_host.protocol.values import CellSize, GridSize

_LINE_ENDS: Final = b"\r\n"
_LENGTH: Final = re.compile(r"([0-9]{1,5})(px|%|)")


def as_image_command(content: bytes, size: GridSize, cell: CellSize) -> bytes:
    """The command of kitty's protocol that an OSC 1337 stands for; b"" if it shows no image.

    Args:
        content: what is after ``ESC ] 1337 ;``.
        size: the grid's size.
        cell: the cell's size.
    """
    name, _, rest = content.partition(b"=")
    if name == b"FilePart":
        return b"m=1,q=2;" + rest.translate(None, _LINE_ENDS)
    if name == b"FileEnd":
        return b"m=0,q=2;"
    if name not in {b"File", b"MultipartFile"}:
        return b""
    described, _, data = rest.partition(b":")
    pairs = (pair.partition("=") for pair in described.decode("ascii", "replace").split(";"))
    arguments = {key: value for key, _, value in pairs}
    if arguments.get("inline") != "1":
        return b""
    columns = _cells(arguments.get("width", ""), size.columns, cell.width_px)
    rows = _cells(arguments.get("height", ""), size.rows, cell.height_px)
    keys = f"a=T,f=1337,q=2,m={int(name != b'File')},c={columns},r={rows}"
    if arguments.get("preserveAspectRatio") != "0" or not (columns and rows):
        keys += ",F=1"
    if arguments.get("doNotMoveCursor") == "1":
        keys += ",C=1"
    return f"{keys};".encode() + data.translate(None, _LINE_ENDS)


def _cells(length: str, screen: int, cell_px: int) -> int:
    """A length in cells, which may be written in pixels or as a part of the screen; 0 for the image's own."""
    found = _LENGTH.fullmatch(length)
    if found is None or not int(found[1]):
        return 0
    number = int(found[1])
    cells = {"px": number / max(cell_px, 1), "%": number * screen / 100, "": number}[found[2]]
    return max(round(cells), 1)
