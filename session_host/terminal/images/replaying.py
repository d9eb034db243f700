"""The images of a terminal as commands, for a replay that any engine can read."""

from __future__ import annotations

import base64
from typing import NamedTuple

from session_host.protocol.values import CellSize

from . import sixel
from .values import Image, SavedImages, SavedPlacement, SavedVirtual

_FORMATS = {"rgb": 24, "rgba": 32, "png": 100, "jpeg": 1337, "gif": 1337, "sixel": sixel.FORMAT}
_CHUNK_BYTES = 3072


class ReplayedImages(NamedTuple):
    """Commands that rebuild images, in the order in which they are to be written."""

    transmissions: str
    primary: dict[int, str]
    """Placements on the main screen, by stored row: to be written somewhere in that row; they move the cursor in it."""
    alternate: dict[int, str]
    unfinished: str
    """The transmission that has begun; nothing but its next chunk may follow."""


NO_IMAGES = ReplayedImages("", {}, {}, "")


def replayed(saved: SavedImages, cell: CellSize) -> ReplayedImages:
    """The commands for all images.

    Args:
        saved: the images.
        cell: the cell's size.
    """
    rows: tuple[dict[int, str], dict[int, str]] = {}, {}
    for placement in saved.placements:
        placed = rows[placement.alternate]
        put = _put(saved.images[placement.image], placement, cell)
        placed[placement.row] = placed.get(placement.row, "") + put
    first = saved.first_chunk.decode("ascii", "replace")
    unfinished = f"\x1b_G{first};{_text(b''.join(saved.chunks[1:]))}\x1b\\" if first else ""
    virtual = [_put_virtually(saved.images[placement.image], placement) for placement in saved.virtual]
    return ReplayedImages("".join([*map(_transmit, saved.images), *virtual]), *rows, unfinished)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _transmit(image: Image) -> str:
    keys = f"a=t,q=2,f={_FORMATS[image.form]},s={image.width_px},v={image.height_px},i={image.id}"
    if image.number:
        keys += f",I={image.number}"
    if image.is_compressed:
        keys += ",o=z"
    parts: list[str] = []
    for start in range(0, len(image.data), _CHUNK_BYTES):
        more = int(start + _CHUNK_BYTES < len(image.data))
        parts.append(f"\x1b_G{keys},m={more};{_text(image.data[start : start + _CHUNK_BYTES])}\x1b\\")
        keys = "q=2"
    return "".join(parts)


def _put(image: Image, placement: SavedPlacement, cell: CellSize) -> str:
    width, height = max(cell.width_px, 1), max(cell.height_px, 1)
    source = placement.source
    values = {
        "i": image.id, "p": placement.id, "z": placement.z, "C": 1, "q": 2,
        "x": source.x, "y": source.y, "w": source.width, "h": source.height,
        "X": round(placement.x * width), "Y": round(placement.y * height),
    }  # fmt: skip
    if (round(placement.columns * width), round(placement.rows * height)) != (source.width, source.height):
        values["c"] = max(round(placement.x + placement.columns), 1)
        values["r"] = max(round(placement.y % 1 + placement.rows), 1)
    if placement.parent is not None:
        values |= {"Y": round(placement.y % 1 * height), "P": placement.parent[0], "Q": placement.parent[1]}
        values |= dict(zip("HV", placement.offset, strict=True))
    keys = ",".join(f"{key}={value}" for key, value in values.items() if value)
    return f"\x1b[{max(placement.column, 0) + 1}G\x1b_Ga=p,{keys}\x1b\\"


def _put_virtually(image: Image, placement: SavedVirtual) -> str:
    values = {"i": image.id, "p": placement.id, "c": placement.columns, "r": placement.rows, "z": placement.z}
    keys = ",".join(f"{key}={value}" for key, value in values.items() if value)
    return f"\x1b_Ga=p,U=1,q=2,{keys}\x1b\\"
