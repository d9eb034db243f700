"""Values of images: those that an engine gives to its readers, and those of a snapshot."""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

Form = Literal["png", "rgb", "rgba", "jpeg", "gif", "sixel"]
"""The form of an image's data: a file; pixels of 3 or 4 bytes, row after row; or sixels with their parameters."""


class Image(msgspec.Struct, frozen=True, array_like=True, eq=False):
    """An image, as a program sent it; equal to no other object."""

    id: int
    number: int
    """The program's own number (``I``); 0 for none."""
    form: Form
    width_px: int
    height_px: int
    data: bytes
    """The image in ``form``; compressed by zlib if ``is_compressed``."""
    is_compressed: bool
    sent_bytes: int
    """The size of the data as it was sent, which counts for the limit."""
    is_anonymous: bool = False
    """Whether the program gave no id, so that the image goes with its last placement."""

    def __repr__(self) -> str:
        return f"Image({self.id}, {self.form}, {self.width_px}×{self.height_px})"


class Source(NamedTuple):
    """A rectangle of an image, in its pixels."""

    x: int
    y: int
    width: int
    height: int


class PlacedImage(NamedTuple):
    """An image in the viewport. Position and size are in cells, so they do not depend on a viewer's cell size."""

    image: Image
    source: Source
    """The shown part of the image."""
    column: float
    row: float
    """Counted from the viewport's first row; negative if the image begins above it."""
    columns: float
    rows: float
    z: int
    """Below the text if negative; images with more are above those with less."""
    written: tuple[tuple[int, int, int], ...] = ()
    """Cells where text is shown in place of the image: the viewport's row, the first column, the column after them."""


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
