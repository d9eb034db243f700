"""The picture of the window that Qt paints in. Its pixels can also be written without a painter."""

from __future__ import annotations

import math
from typing import NamedTuple

from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage, QPainter, QRegion

from gui.terminal.glyphs.grid_area import GridArea

_FORMATS = frozenset((QImage.Format.Format_RGB32, QImage.Format.Format_ARGB32_Premultiplied))


class WindowPicture(NamedTuple):
    """The picture that a painter paints in.

    Attributes:
        image: has 32 bits for each pixel; no other picture shares them while a painter is active.
        offset: the position of the painter's origin.
        clip: what may be painted, in the painter's coordinates.
    """

    image: QImage
    offset: QPoint
    clip: QRegion

    @classmethod
    def of(cls, painter: QPainter) -> WindowPicture | None:
        """The picture of an active painter.

        Returns:
            None if the device is no picture in memory, or the painter's unit is not a pixel.
        """
        engine = painter.paintEngine()
        image = engine.paintDevice()
        if not isinstance(image, QImage) or image.format() not in _FORMATS:
            return None
        transform = painter.deviceTransform()
        if transform.isScaling():
            return None
        # With a display's scale of 1.5, a widget can begin within a pixel; so Qt rounds where it copies a picture.
        left, top = math.floor(transform.dx() + 0.5), math.floor(transform.dy() + 0.5)
        clip = QRegion(image.rect())
        if not engine.systemClip().isEmpty():
            clip = clip.intersected(engine.systemClip())
        return cls(image, QPoint(left, top), clip.translated(-left, -top))

    def area(self, corner: QPoint, columns: int) -> GridArea:
        """The area of a grid with this corner, in the painter's coordinates."""
        at = corner + self.offset
        return GridArea(self.image, at.x(), at.y(), columns)
