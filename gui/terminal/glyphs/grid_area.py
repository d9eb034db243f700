"""The area of a grid of cells in a picture."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtGui import QImage


class GridArea(NamedTuple):
    """The area of a grid of cells in a picture.

    Attributes:
        image: the picture, with 32 bits for each pixel.
        left: the first column's left edge, in pixels.
        top: the first row's upper edge.
        columns: the grid's number of columns.
    """

    image: QImage
    left: int
    top: int
    columns: int
