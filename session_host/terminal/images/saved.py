"""The images of a terminal in a snapshot."""

from __future__ import annotations

import msgspec

from .values import Image, Source


class SavedPlacement(msgspec.Struct, frozen=True, array_like=True):
    """A placement in a snapshot; sizes in cells."""

    image: int
    """The image's index in the list of images."""
    id: int
    row: int
    column: int
    x: float
    """Distance from the left and the upper edge of the first cell."""
    y: float
    columns: float
    rows: float
    source: Source
    z: int
    alternate: bool
    parent: tuple[int, int] | None = None
    """For a relative placement, the ids of the image and of the placement that it follows."""
    offset: tuple[int, int] = (0, 0)
    """Its columns and rows from there."""


class SavedVirtual(msgspec.Struct, frozen=True, array_like=True):
    """A placement in a snapshot that is shown at placeholders."""

    image: int
    """The image's place in the list of images."""
    id: int
    columns: int
    rows: int
    z: int


class SavedImages(msgspec.Struct, frozen=True, array_like=True):
    """All images of a terminal, for a snapshot."""

    images: list[Image] = []
    placements: list[SavedPlacement] = []
    stored_rows: int = 0
    """The rows of the active screen from which those of its placements are counted."""
    first_chunk: bytes = b""
    """The first chunk of an unfinished transmission, without its data; b"" for none."""
    chunks: list[bytes] = []
    problem: str = ""
    virtual: list[SavedVirtual] = []
