"""A frame's lines are on whole pixels of the screen, at any scale and position."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from gui.theme.painting import paint_frame

LINE, BACKGROUND, OUTSIDE = (QColor(name) for name in ("#ff0000", "#00ff00", "#0000ff"))


def pixel_row(scale: float, left: float, line_px: float = 1) -> list[QColor]:
    """The row of pixels through a frame that is painted at this position."""
    picture = QImage(round(60 * scale), round(40 * scale), QImage.Format.Format_RGB32)
    picture.setDevicePixelRatio(scale)
    picture.fill(OUTSIDE)
    painter = QPainter(picture)
    painter.translate(left, left)
    paint_frame(painter, QRectF(0, 0, 41, 21), LINE, BACKGROUND, line_px=line_px)
    assert painter.pen().color() == Qt.GlobalColor.black, "the painter's settings stay"
    painter.end()
    return [picture.pixelColor(x, round((left + 10) * scale)) for x in range(picture.width())]


@pytest.mark.parametrize("left", [3, 4, 5.25])
@pytest.mark.parametrize(
    ("scale", "line_px", "pixels"), [(1, 1, 1), (1.25, 1, 1), (1.5, 1, 1), (1.5, 2, 3), (1.75, 1, 1), (2, 1, 2)]
)
def test_no_pixel_is_half_covered(scale: float, line_px: float, pixels: int, left: float):
    found = pixel_row(scale, left, line_px)
    assert set(map(QColor.name, found)) == {"#ff0000", "#00ff00", "#0000ff"}
    assert found.count(LINE) == 2 * pixels
    first, last = found.index(LINE), len(found) - 1 - found[::-1].index(LINE)
    assert found[first : first + pixels] == [LINE] * pixels == found[last - pixels + 1 : last + 1]
    assert left * scale <= first <= left * scale + 1
    assert (left + 41) * scale - 1 <= last + 1 <= (left + 41) * scale
