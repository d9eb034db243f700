"""The images over the grid, and the text that is above them."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QPainter, QRegion

from session_host.terminal.images.values import PlacedImage

from .canvas import Canvas
from .grid_layout import GridLayout
from .images import Pictures
from .row_layout import join_right_to_left, lay_out


class ImageLayer:
    """The images of one terminal.

    Attributes:
        pictures: the decoded images.
        shown: those of the last frame, those below first.
    """

    def __init__(self) -> None:
        self.pictures = Pictures()
        self.shown: tuple[PlacedImage, ...] = ()

    def change(self, images: tuple[PlacedImage, ...], layout: GridLayout, first_row: int) -> QRegion:
        """Show these images from now on; returns the region to repaint.

        Args:
            images: those of a frame.
            layout: the grid's position.
            first_row: the first visible row of the grid.
        """
        region = QRegion()
        for placed in {*images}.symmetric_difference(self.shown):
            region += _place(placed, layout, first_row)
        self.shown = images
        self.pictures.keep({placed.image for placed in images})
        return region

    def paint(self, painter: QPainter, region: QRegion, layout: GridLayout, first_row: int, canvas: Canvas) -> None:
        """Paint images over the grid, and the text again over those that are below it."""
        painter.save()
        painter.setClipRegion(region)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for placed in self.shown:
            rect = _place(placed, layout, first_row)
            if not region.intersects(rect):
                continue
            picture = self.pictures.picture(placed, rect.size())
            if picture is not None:
                painter.setClipRegion(region - _written(placed, layout, first_row))
                painter.drawImage(rect, picture)
                painter.setClipRegion(region)
                if placed.z < 0:
                    _paint_text(painter, region.intersected(rect), layout, first_row, canvas)
        painter.restore()


def _place(placed: PlacedImage, layout: GridLayout, first_row: int) -> QRect:
    left, right = (round(column * layout.cell_width) for column in (placed.column, placed.column + placed.columns))
    top, bottom = (round((row - first_row) * layout.cell_height) for row in (placed.row, placed.row + placed.rows))
    return QRect(layout.padding + left, layout.padding + top, max(right - left, 1), max(bottom - top, 1))


def _written(placed: PlacedImage, layout: GridLayout, first_row: int) -> QRegion:
    """The cells where text is shown in place of an image."""
    width, height = layout.cell_width, layout.cell_height
    left, top = layout.padding, layout.padding - first_row * height
    region = QRegion()
    for row, first, end in placed.written:
        region += QRect(left + first * width, top + row * height, (end - first) * width, height)
    return region


def _paint_text(painter: QPainter, region: QRegion, layout: GridLayout, first_row: int, canvas: Canvas) -> None:
    """Paint the text of rows in a region, without its backgrounds."""
    height = layout.cell_height
    area = region.boundingRect().translated(-layout.padding, first_row * height - layout.padding)
    painter.save()
    painter.setClipRegion(region)
    painter.translate(QPoint(layout.padding, layout.padding - first_row * height))
    for number in range(max(area.top() // height, 0), min(area.bottom() // height + 1, canvas.size.rows)):
        row = canvas.rows[number]
        if row is not None:
            runs = join_right_to_left(lay_out(row, canvas.painter.colors))
            laid = [(run, look._replace(background=None)) for run, look in runs]
            canvas.painter.paint_runs(painter, laid, number * height)
    painter.restore()
