"""Grid layout: the grid's position in the widget, and the cell at a point."""

from __future__ import annotations

from typing import NamedTuple

from gui.terminal.cell_metrics import CellMetrics
from gui.theme.tokens import TERMINAL_PADDING_PX
from session_host.protocol.values import MAX_COLUMNS, MAX_ROWS, GridSize


class GridLayout(NamedTuple):
    """The widget's size and the grid's position in it, in device pixels.

    The grid can be larger or smaller than the widget if another viewer is in use. A smaller grid is at the top left; of
    a larger one, as many top rows are left out as the cursor's row needs.
    """

    width: int
    height: int
    padding: int
    cell_width: int
    cell_height: int

    @classmethod
    def of(
        cls, width_px: int, height_px: int, metrics: CellMetrics, padding_px: int = TERMINAL_PADDING_PX
    ) -> GridLayout:
        """The layout of a widget of this size, with this distance around the grid, in logical pixels."""
        ratio = metrics.device_pixel_ratio
        return cls(
            round(width_px * ratio),
            round(height_px * ratio),
            round(padding_px * ratio),
            metrics.width,
            metrics.height,
        )

    @property
    def largest_grid(self) -> GridSize:
        """The largest grid that fits the widget; at least one cell."""
        columns = (self.width - 2 * self.padding) // self.cell_width
        rows = (self.height - 2 * self.padding) // self.cell_height
        return GridSize(min(max(columns, 1), MAX_COLUMNS), min(max(rows, 1), MAX_ROWS))

    def first_row(self, shown: GridSize, cursor_row: int | None) -> int:
        """The topmost visible row."""
        hidden = shown.rows - self.largest_grid.rows
        if hidden <= 0 or cursor_row is None:
            return 0
        return min(max(cursor_row - self.largest_grid.rows + 1, 0), hidden)

    def cell_at(self, x: float, y: float, shown: GridSize, first_row: int) -> tuple[int, int]:
        """The grid's cell nearest to a point in device pixels."""
        column = int((x - self.padding) // self.cell_width)
        row = int((y - self.padding) // self.cell_height) + first_row
        return min(max(column, 0), max(shown.columns - 1, 0)), min(max(row, 0), max(shown.rows - 1, 0))
