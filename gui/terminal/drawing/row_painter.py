"""Draws rows of cells: many from the pictures of an atlas, few with QPainter. Output path, 16 of 16."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import groupby
from typing import TYPE_CHECKING

from PySide6.QtGui import QColor, QImage, QPainter

from gui.terminal.cell_metrics import CellMetrics
from gui.terminal.glyphs.cell_colors import CellColors
from gui.terminal.glyphs.glyphs import Glyphs, Kind
from gui.terminal.glyphs.grid_area import GridArea
from gui.terminal.glyphs.symbols import fills_cell
from session_host.terminal.base import Cursor
from session_host.terminal.rows import PLAIN, Row, Run, StyledText, StyleTable

from . import decorations
from .colors import Colors, Look
from .row_layout import LaidRows, LaidRun, is_blank_behind, join, join_right_to_left, lay_out, ligature_at

if TYPE_CHECKING:
    from gui.terminal.glyphs.glyph_atlas import GlyphAtlas

    from .style_alphabets import StyleAlphabets

MANY_ROWS, MANY_RUNS = 4, 64
"""From this many rows or runs on, rows are assembled from pictures. For fewer, as an echo has, Qt's calls are
faster.
"""


class RowPainter:
    """Paints rows in one size and with one set of colours."""

    def __init__(self, metrics: CellMetrics, glyphs: Glyphs, colors: Colors) -> None:
        self.metrics = metrics
        self.glyphs = glyphs
        self.colors = colors
        self._alphabets: StyleAlphabets | None = None

    def lay_out_rows(self, rows: Mapping[int, Row], cursor: Cursor | None) -> LaidRows:
        """The runs of rows, by the rows' numbers, split at their ligatures; no ligature is at the ``cursor``."""
        laid = {number: join_right_to_left(lay_out(row, self.colors)) for number, row in rows.items()}
        ligatures = self.metrics.ligatures
        if ligatures is None:
            return laid
        at, column = -1, None
        if ligatures.yields and cursor is not None and cursor.visible:
            at, column = cursor.row, cursor.column
        return {number: join(runs, ligatures, column if number == at else None) for number, runs in laid.items()}

    def paint_rows(self, image: QImage, laid: LaidRows) -> None:
        """Paint rows in a picture of the grid."""
        metrics, page = self.metrics, self.colors.background
        is_much = len(laid) >= MANY_ROWS or sum(map(len, laid.values())) >= MANY_RUNS
        atlas = self.glyphs.atlas() if is_much else None
        undrawn: Mapping[int, Collection[int]]
        if atlas is None:
            undrawn = {number: range(len(runs)) for number, runs in laid.items()}
        else:
            from .row_assembly import assemble_rows

            area = GridArea(image, 0, 0, image.width() // metrics.width)
            undrawn = assemble_rows(area, laid, self._page, atlas)
            if not undrawn:
                return
        painter = QPainter(image)
        for number, indexes in undrawn.items():
            top = number * metrics.height
            painter.setClipRect(0, top, image.width(), metrics.height)
            if atlas is None:
                painter.fillRect(0, top, image.width(), metrics.height, page)
            self.paint_runs(painter, laid[number], top, indexes)
        painter.end()

    def assemble_rows(self, area: GridArea, rows: Mapping[int, Row], cursor: Cursor | None) -> LaidRows:
        """Paint those rows that can be put together from pictures alone; returns the others, laid out."""
        atlas = self.glyphs.atlas()
        if atlas is None:
            return self.lay_out_rows(rows, cursor)
        from .row_assembly import assemble_rows, assemble_styled_rows

        styled = {number: cells for number, row in rows.items() if (cells := self._bare_cells(row)) is not None}
        if styled:
            # Rows of an earlier table, which was full, are painted by their runs.
            table = next(reversed(styled.values())).table
            alphabets = self._alphabets_of(table, atlas)
            styled = {
                number: cells for number, cells in styled.items() if cells.table is table and alphabets.has_all(cells)
            }
            assemble_styled_rows(area, styled, alphabets, atlas)
        laid = self.lay_out_rows({number: row for number, row in rows.items() if number not in styled}, cursor)
        left_out = assemble_rows(area, laid, self._page, atlas, only_whole=True)
        return {number: laid[number] for number in left_out}

    def _bare_cells(self, row: Row) -> StyledText | None:
        """The cells of a row if it has a style for each, and they need no layout."""
        cells = row.runs
        if not isinstance(cells, StyledText) or row.selection is not None:
            return None
        if not (cells.text.isascii() and cells.text.isprintable()):
            return None
        ligatures = self.metrics.ligatures
        return None if ligatures is not None and ligatures.search(cells.text) is not None else cells

    def _alphabets_of(self, table: StyleTable, atlas: GlyphAtlas) -> StyleAlphabets:
        if self._alphabets is None or not self._alphabets.is_of(table, atlas):
            from .style_alphabets import StyleAlphabets

            self._alphabets = StyleAlphabets(table, self.colors, atlas)
        return self._alphabets

    @property
    def _page(self) -> CellColors:
        return self.colors.resolve_style(PLAIN).cell_colors

    def ligature_at(self, row: Row, column: int) -> LaidRun | None:
        """The ligature that a column is a part of."""
        ligatures = self.metrics.ligatures
        if ligatures is None:
            return None
        return ligature_at(join(lay_out(row, self.colors), ligatures, None), ligatures, column)

    def paint_runs(
        self, painter: QPainter, laid: list[LaidRun], top: int, indexes: Collection[int] | None = None
    ) -> None:
        """Paint runs, or those with these indexes, with their upper edge at ``top``.

        All backgrounds are painted first, so that none covers a neighbour's slanted glyph.
        """
        metrics = self.metrics
        cell = metrics.width
        indexes = range(len(laid)) if indexes is None else indexes
        for index in indexes:
            run, look = laid[index]
            if look.background is not None:
                painter.fillRect(run.column * cell, top, run.cells * cell, metrics.height, look.background)
        pen: QColor | None = None
        variant = -1
        baseline = top + metrics.ascent
        ligatures = metrics.ligatures
        for index in indexes:
            run, look = laid[index]
            text = run.text
            if look.decorated:
                decorations.draw(painter, metrics, look, run.column * cell, top, run.cells * cell)
            if look.hidden or text.isspace():
                continue
            if run.cluster and ligatures is not None and text.isascii():
                painter.setPen(look.foreground)
                painter.setFont(ligatures.fonts[look.variant])
                painter.drawText(run.column * cell, baseline, text)
                pen, variant = None, -1
                continue
            if run.cluster or not text.isascii() or not metrics.exact[look.variant]:
                self._paint_pieces(painter, run, look, top, free_behind=is_blank_behind(laid, index))
                pen, variant = None, -1
                continue
            if look.foreground is not pen:
                pen = look.foreground
                painter.setPen(pen)
            if look.variant != variant:
                variant = look.variant
                painter.setFont(metrics.fonts[variant])
            painter.drawText(run.column * cell, baseline, text)

    def _paint_pieces(self, painter: QPainter, run: Run, look: Look, top: int, *, free_behind: bool = False) -> None:
        """Paint a run that is a cluster, or has characters that the font cannot draw at once.

        A glyph of one cell that is wider than that extends into the next cell if that is blank.
        """
        metrics, glyphs = self.metrics, self.glyphs
        cell = metrics.width
        left = run.column * cell
        color, variant = look.foreground, look.variant
        if run.cluster:
            painter.drawImage(left, top, glyphs.picture(run.text, run.cells, variant, color, look.rgb))
            return
        if color is not look.fill and any(fills_cell(ord(character)) for character in run.text):
            self._paint_mixed(painter, run, look, top)
            return
        for offset, kind, text in glyphs.pieces(run.text, variant):
            x = left + offset * cell
            if kind == Kind.TEXT:
                if text.isspace():
                    continue
                painter.setPen(color)
                painter.setFont(metrics.fonts[variant])
                painter.drawText(x, top + metrics.ascent, text)
            elif kind == Kind.PICTURE:
                if text != " ":
                    following = run.text[offset + 1 : offset + 2]
                    room = 2 if following == " " or (not following and free_behind) else 1
                    painter.drawImage(x, top, glyphs.picture(text, 1, variant, color, look.rgb, room))
            else:
                self._paint_bars(painter, x, top, text, color)

    def _paint_mixed(self, painter: QPainter, run: Run, look: Look, top: int) -> None:
        """Paint a run of text and of shapes with their own colour."""
        shape = look._replace(foreground=look.fill, rgb=look.fill_rgb)
        column = run.column
        for fills, characters in groupby(run.text, lambda character: fills_cell(ord(character))):
            text = "".join(characters)
            part = run._replace(column=column, cells=len(text), text=text)
            self._paint_pieces(painter, part, shape._replace(fill=shape.foreground) if fills else look, top)
            column += len(text)

    def _paint_bars(self, painter: QPainter, left: int, top: int, text: str, color: QColor) -> None:
        width = len(text) * self.metrics.width
        for _, offset, _, tall in self.glyphs.bars(text[0]):
            painter.fillRect(left, top + offset, width, tall, color)
