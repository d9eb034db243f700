"""The pictures of the cursor.

The cursor is never part of the canvas: it is painted over it, so that blinking and moving repaint no row.
"""

from __future__ import annotations

from PySide6.QtGui import QColor, QImage, QPainter

from session_host.terminal.base import Cursor, CursorShape
from session_host.terminal.rows import PLAIN, Row, Run

from .row_painter import RowPainter


def cell_under(row: Row | None, column: int) -> Run:
    """The cell, or the cluster, that covers a column."""
    for run in row.runs if row else ():
        if run.column <= column < run.column + run.cells:
            if run.cluster:
                return run
            return run._replace(column=column, cells=1, text=run.text[column - run.column])
    return Run(column, 1, " ", PLAIN, cluster=False)


def blank_picture(painter: RowPainter, cells: int) -> QImage:
    """A transparent picture of some cells."""
    metrics = painter.metrics
    picture = QImage(cells * metrics.width, metrics.height, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(0)
    return picture


def cursor_picture(painter: RowPainter, cell: Run, drawn: Run, cursor: Cursor, *, focused: bool) -> QImage:
    """The picture over a cell that shows the cursor on it; ``drawn`` is the cell, or the ligature around it."""
    metrics, colors = painter.metrics, painter.colors
    picture = blank_picture(painter, cell.cells)
    width, height, line = picture.width(), picture.height(), metrics.line
    thick = max(line, round(metrics.width / 6))
    color = colors.cursor_on(cell.style, cursor.color)
    brush = QPainter(picture)
    if not focused:
        _draw_outline(brush, width, height, line, color)
    elif cursor.shape == CursorShape.BLOCK:
        look = colors.under_cursor(cell.style, cursor.color)
        painter.paint_runs(brush, [(drawn._replace(column=drawn.column - cell.column), look)], 0)
    elif cursor.shape == CursorShape.BAR:
        brush.fillRect(0, 0, thick, height, color)
    else:
        brush.fillRect(0, height - thick, width, thick, color)
    brush.end()
    return picture


def _draw_outline(brush: QPainter, width: int, height: int, line: int, color: QColor) -> None:
    brush.fillRect(0, 0, width, line, color)
    brush.fillRect(0, height - line, width, line, color)
    brush.fillRect(0, 0, line, height, color)
    brush.fillRect(width - line, 0, line, height, color)
