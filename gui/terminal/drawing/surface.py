"""The visible terminal without a widget: the canvas, with the cursor and composed text over it.

Output path, 13 of 15.

The surface receives frames from an emulator and paints them with a QPainter. All coordinates are device pixels from the
widget's corner.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QColor, QImage, QPainter, QRegion

from gui.terminal.cell_metrics import CellMetrics
from gui.terminal.drawing.canvas import Span, bands, rectangles
from gui.terminal.glyphs.glyphs import Glyphs
from gui.theme.terminal import TerminalTheme
from session_host.protocol.values import GridSize
from session_host.terminal.base import Cursor, Emulator, Frame
from session_host.terminal.rows import Row, Run

from .canvas import Canvas, GridLayout
from .colors import NO_OVERRIDES, Colors, Overrides
from .cursor import blank_picture, cell_under, cursor_picture
from .images import ImageLayer
from .row_painter import RowPainter

_HAIRLINE_SHARE = 0.18


FrameChange = Callable[[Emulator, Frame], Frame]
"""Changes a frame before it is painted, for example to mark matches."""


class Viewport(NamedTuple):
    """The position of the visible rows in the history.

    Attributes:
        history_rows: the rows of the history, without the screen's.
        offset: how many rows the view is scrolled back; 0 at the bottom.
    """

    history_rows: int = 0
    offset: int = 0

    @property
    def top(self) -> int:
        """The number of the first visible row, counted from the oldest row of the history."""
        return self.history_rows - self.offset


class Surface:
    """The picture of one terminal.

    Attributes:
        metrics: the fonts and the cell.
        layout: the grid's position.
        cursor: the last frame's cursor; None if it is not visible.
        viewport: the last frame's position in the history.
        focused: whether the view has the keyboard focus.
        cursor_shown: False while a blinking cursor is hidden.
        live: False for a read-only screen, which has no cursor.
        has_caret: whether the cursor is the user's own, which does not blink and is there on a read-only screen, too.
        composing: uncommitted text of an input method, as runs from column 0.
        images: what is painted over the grid.
    """

    def __init__(self, theme: TerminalTheme, metrics: CellMetrics) -> None:
        self.metrics = metrics
        self.layout = GridLayout.of(0, 0, metrics)
        self.cursor: Cursor | None = None
        self._asked_cursor: Cursor | None = None
        self.viewport = Viewport()
        self.focused = False
        self.cursor_shown = True
        self.live = True
        self.has_caret = False
        self.composing: tuple[Run, ...] = ()
        self.images = ImageLayer()
        self._changes: list[FrameChange] = []
        self._theme = theme
        self._glyphs = Glyphs(metrics)
        self._colors = Colors(theme)
        self._canvas = Canvas(RowPainter(metrics, self._glyphs, self._colors))
        self._first_row = 0
        self._underlined: tuple[Span, ...] = ()
        self._last_cursor: tuple[tuple[object, ...], QImage] = (), QImage()

    # -- content

    @property
    def size(self) -> GridSize:
        """The grid's size; 0×0 for none."""
        return self._canvas.size

    @property
    def theme(self) -> TerminalTheme:
        """The colours in use."""
        return self._theme

    def set_metrics(self, metrics: CellMetrics) -> None:
        """Use another font, size or scale; set the layout next."""
        self.metrics = metrics
        self._glyphs = Glyphs(metrics)
        self._canvas.set_painter(RowPainter(metrics, self._glyphs, self._colors))

    def set_theme(self, theme: TerminalTheme) -> None:
        """Use other colours."""
        self._theme = theme
        self.cursor = theme.chosen_cursor(self._asked_cursor)
        self._set_colors(self._colors.overrides)

    def _set_colors(self, overrides: Overrides) -> None:
        had_blinking_text = self._colors.has_blinking_text
        self._colors = Colors(self._theme, overrides)
        self._colors.has_blinking_text = had_blinking_text
        self._canvas.set_painter(RowPainter(self.metrics, self._glyphs, self._colors))

    def clear(self) -> None:
        """Show an empty page."""
        self._canvas.clear()
        if self._colors.overrides != NO_OVERRIDES:
            self._set_colors(NO_OVERRIDES)
        self.cursor = self._asked_cursor = None
        self.viewport, self._first_row = Viewport(), 0
        self._underlined = self.images.shown = ()

    def release(self) -> None:
        """Free memory while the view is hidden; the next frame must be a full one."""
        self.clear()
        self.images.pictures.forget()
        self._glyphs.forget_pictures()

    def apply_frame(self, emulator: Emulator, frame: Frame) -> QRegion | None:
        """Show the emulator's next frame; returns the region to repaint, None for the whole widget."""
        for change in self._changes:
            frame = change(emulator, frame)
        return self.take_frame(frame, reverse_screen=emulator.modes.reverse_screen)

    def change_frames(self, change: FrameChange) -> None:
        """Have frames changed by a function, after those that are set; the next frame must be a full one."""
        if change not in self._changes:
            self._changes.append(change)

    def stop_changing(self, change: FrameChange) -> None:
        """Stop changing frames by a function; the next frame must be a full one."""
        if change in self._changes:
            self._changes.remove(change)

    def take_frame(self, frame: Frame, *, reverse_screen: bool) -> QRegion | None:
        """Apply a frame; returns the region to repaint, None for the whole widget."""
        before = (self.size, self._first_row, self._colors)
        overrides = Overrides.of(frame, reverse_screen=reverse_screen)
        if overrides != self._colors.overrides:
            self._set_colors(overrides)
        previous = self.cursor
        touched = self._canvas.apply(frame)
        self._asked_cursor = frame.cursor
        self.cursor = self._theme.chosen_cursor(frame.cursor)
        self.viewport = Viewport(frame.scrollback_rows, frame.scroll_offset)
        self._first_row = self.layout.first_row(frame.size, frame.cursor.row if frame.cursor else None)
        if before != (self.size, self._first_row, self._colors):
            self.images.change(frame.images, self.layout, self._first_row)
            return None
        if self.cursor != previous:
            touched.update(cursor.row for cursor in (previous, self.cursor) if cursor is not None)
        region, images = self._rows_region(touched), frame.images
        if images != self.images.shown:
            region += self.images.change(images, self.layout, self._first_row).intersected(self._grid_rect())
        return region

    def _rows_region(self, numbers: Collection[int]) -> QRegion:
        """The rectangles of rows of the viewport."""
        if len(numbers) == 1:  # as of an echo
            return QRegion(self.row_rect(*numbers))
        region = QRegion()
        for first, last in bands(numbers):
            region += self._rows_rect(first, last)
        return region

    @property
    def rows(self) -> list[Row | None]:
        """The painted rows."""
        return self._canvas.rows

    @property
    def had_blinking_text(self) -> bool:
        """Whether the text of any style so far blinks."""
        return self._colors.has_blinking_text

    def holds(self, position: QPoint) -> bool:
        """Whether a point is on the grid."""
        return self._grid_rect().contains(position)

    def underline(self, spans: tuple[Span, ...]) -> QRegion:
        """Underline the cells of the link under the mouse, and no others; returns the region to repaint."""
        rows = {row for row, _first, _last in {*spans, *self._underlined}}
        self._underlined = spans
        return self._rows_region(rows)

    # -- positions

    def set_layout(self, layout: GridLayout) -> None:
        """The widget's size or scale has changed."""
        self.layout = layout
        self._first_row = layout.first_row(self.size, self.cursor.row if self.cursor else None)

    def cell_at(self, position: QPoint) -> tuple[int, int]:
        """The cell nearest to a point."""
        return self.layout.cell_at(position.x(), position.y(), self.size, self._first_row)

    def edge_at(self, position: QPoint) -> tuple[int, int]:
        """The column and row of the edge of a character that is nearest to a point; see ``SelectionUnit``."""
        column, number = self.cell_at(position)
        row = self.rows[number] if number < len(self.rows) else None
        first, cells = column, 1
        for run in row.runs if row is not None else ():
            if run.cluster and run.column <= column < run.column + run.cells:
                first, cells = run.column, run.cells
        middle = self.layout.padding + (first + cells / 2) * self.layout.cell_width
        return (first if position.x() < middle else first + cells), number

    def rows_beyond(self, position: QPoint) -> int:
        """The distance of a point above (negative) or below the grid, in rows rounded up; 0 inside."""
        grid, height = self._grid_rect(), self.metrics.height
        if position.y() < grid.top():
            return (position.y() - grid.top()) // height
        return max(-((grid.bottom() - position.y()) // height), 0)

    def _grid_rect(self) -> QRect:
        layout, size = self.layout, self.size
        padding = layout.padding
        width = min(size.columns * layout.cell_width, max(layout.width - padding, 0))
        height = min((size.rows - self._first_row) * layout.cell_height, max(layout.height - padding, 0))
        if size.rows > layout.largest_grid.rows:
            height = min(height, layout.largest_grid.rows * layout.cell_height)
        return QRect(padding, padding, width, height)

    def row_rect(self, number: int) -> QRect:
        """The rectangle of a row of the viewport; empty if it is not visible."""
        return self._rows_rect(number, number)

    def _rows_rect(self, first: int, last: int) -> QRect:
        grid, height = self._grid_rect(), self.layout.cell_height
        top = grid.top() + (first - self._first_row) * height
        return QRect(grid.left(), top, grid.width(), (last - first + 1) * height).intersected(grid)

    def _cell_corner(self, column: int, row: int) -> QPoint:
        layout = self.layout
        return QPoint(
            layout.padding + column * layout.cell_width, layout.padding + (row - self._first_row) * layout.cell_height
        )

    def cells_rect(self, row: int, first: int, last: int) -> QRect:
        """The rectangle of cells in a row of the viewport."""
        corner, layout = self._cell_corner(first, row), self.layout
        return QRect(corner.x(), corner.y(), (last - first + 1) * layout.cell_width, layout.cell_height)

    def cursor_rect(self) -> QRect:
        """The cursor's cells, extended to the right end of the composed text, if any."""
        cursor = self.cursor
        if cursor is None:
            return QRect()
        cells = 2
        if self.composing:
            cells = self.composing[-1].column + self.composing[-1].cells + 1
        column = self._composing_column(cells) if self.composing else self._cursor_cell()[0]
        corner = self._cell_corner(column, cursor.row)
        return QRect(corner.x(), corner.y(), cells * self.layout.cell_width, self.layout.cell_height)

    def typed_rect(self) -> QRect:
        """The rows of the line with the cursor, up to the cursor's; empty where nothing can be typed."""
        if self.cursor is None or not self.live:
            return QRect()
        rows = self._canvas.rows
        first = last = self.cursor.row
        while first and first <= len(rows) and (row := rows[first - 1]) is not None and row.wrapped:
            first -= 1
        return self._rows_rect(first, last)

    def written_rects(self) -> list[QRect]:
        """The rows with text."""
        written = [number for number, row in enumerate(self._canvas.rows) if row is not None and row.text().strip()]
        return [self._rows_rect(first, last) for first, last in bands(written)]

    def _cursor_cell(self) -> tuple[int, Run]:
        """The first column of the cursor's picture, and the cell under it."""
        assert self.cursor is not None
        rows = self._canvas.rows
        row = rows[self.cursor.row] if self.cursor.row < len(rows) else None
        cell = cell_under(row, self.cursor.column)
        return cell.column, cell

    def _composing_column(self, cells: int) -> int:
        """The first column of composed text: the cursor's, or as far left as the text needs to fit."""
        assert self.cursor is not None
        return max(min(self.cursor.column, self.size.columns - cells), 0)

    # -- painting

    def paint(self, painter: QPainter, region: QRegion) -> None:
        """Paint the parts of the widget in ``region``."""
        grid = self._grid_rect() if self.size.rows else QRect()
        shown = region
        if not grid.contains(region.boundingRect()):
            for rect in rectangles(region.subtracted(QRegion(grid))):
                painter.fillRect(rect, self._colors.background)
            self._paint_ends(painter, grid)
            shown = region.intersected(QRegion(grid))
            painter.setClipRect(grid)
        self._canvas.paint(painter, shown, grid.topLeft() - QPoint(0, self._first_row * self.layout.cell_height))
        if self.images.shown:
            self.images.paint(painter, shown, self.layout, self._first_row, self._canvas)
        for row, first, last in self._underlined:
            corner, cell = self._cell_corner(first, row), self.layout.cell_width
            painter.fillRect(
                corner.x(),
                corner.y() + self.metrics.underline_top,
                (last - first + 1) * cell,
                self.metrics.line,
                self._colors.foreground,
            )
        self._paint_cursor(painter, region)

    def _paint_ends(self, painter: QPainter, grid: QRect) -> None:
        """Draw thin lines at the ends of a grid that is smaller than the widget, not of an ended chat's last screen."""
        largest = self.layout.largest_grid
        if grid.isEmpty() or not self.live:
            return
        color = QColor(self._colors.foreground)
        color.setAlphaF(_HAIRLINE_SHARE)
        right = self.size.columns < largest.columns
        bottom = self.size.rows < largest.rows
        if right:
            painter.fillRect(grid.right() + 1, grid.top(), 1, grid.height() + int(bottom), color)
        if bottom:
            painter.fillRect(grid.left(), grid.bottom() + 1, grid.width(), 1, color)

    def _paint_cursor(self, painter: QPainter, region: QRegion) -> None:
        cursor = self.cursor
        if cursor is None or not region.intersects(self.cursor_rect()):
            return
        if self.composing:
            picture = self._composing_picture()
            column = self._composing_column(picture.width() // self.metrics.width)
            painter.drawImage(self._cell_corner(column, cursor.row), picture)
        elif self.has_caret or (self.live and cursor.visible and (self.cursor_shown or not self.focused)):
            column, cell = self._cursor_cell()
            painter.drawImage(self._cell_corner(column, cursor.row), self._cursor_picture(cell, cursor))

    def _cursor_picture(self, cell: Run, cursor: Cursor) -> QImage:
        """The last cursor's picture, if this one looks the same."""
        canvas_painter = self._canvas.painter
        ligatures, drawn = self.metrics.ligatures, cell
        if ligatures is not None and not ligatures.yields and not cell.cluster:
            drawn = self._ligature_under_cursor(cell)
        shown = drawn._replace(column=drawn.column - cell.column)
        looks = (canvas_painter, shown, cell.style, cursor.shape, cursor.color, self.focused)
        if looks != self._last_cursor[0]:
            self._last_cursor = looks, cursor_picture(canvas_painter, cell, drawn, cursor, focused=self.focused)
        return self._last_cursor[1]

    def _ligature_under_cursor(self, cell: Run) -> Run:
        """The ligature that the cursor's cell is a part of; the cell if there is none."""
        assert self.cursor is not None
        row = self._canvas.rows[self.cursor.row] if self.cursor.row < len(self._canvas.rows) else None
        found = self._canvas.painter.ligature_at(row, cell.column) if row is not None else None
        return found[0] if found is not None else cell

    def _composing_picture(self) -> QImage:
        """The composed text on the page's background, with a bar for the caret after it."""
        last = self.composing[-1]
        cells = last.column + last.cells
        picture = blank_picture(self._canvas.painter, cells + 1)
        picture.fill(self._colors.background)
        painter = QPainter(picture)
        self._canvas.painter.paint_runs(
            painter, [(run, self._colors.resolve_style(run.style)) for run in self.composing], 0
        )
        caret = max(round(self.metrics.width / 6), 1)
        painter.fillRect(cells * self.metrics.width, 0, caret, self.metrics.height, self._colors.cursor)
        painter.end()
        return picture
