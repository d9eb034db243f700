"""Draws rows of cells. Output path, 15 of 15."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from PySide6.QtGui import QColor, QImage, QPainter

from gui.terminal.cell_metrics import CellMetrics
from gui.terminal.glyphs.glyphs import Glyphs, Kind
from gui.terminal.glyphs.symbols import fills_cell
from session_host.terminal.base import Cursor
from session_host.terminal.rows import Row, Run

from . import decorations
from .colors import Colors, Look
from .row_layout import LaidRun, is_blank_behind, join, join_right_to_left, lay_out, ligature_at


class RowPainter:
    """Paints rows in one size and with one set of colours."""

    def __init__(self, metrics: CellMetrics, glyphs: Glyphs, colors: Colors) -> None:
        self.metrics = metrics
        self.glyphs = glyphs
        self.colors = colors

    def paint_rows(self, image: QImage, rows: Mapping[int, Row], cursor: Cursor | None) -> None:
        """Paint rows, by their numbers, in a picture of the grid; no ligature is at the ``cursor``."""
        height, page, ligatures = self.metrics.height, self.colors.background, self.metrics.ligatures
        at, column = -1, None
        if ligatures is not None and ligatures.yields and cursor is not None and cursor.visible:
            at, column = cursor.row, cursor.column
        painter = QPainter(image)
        for number, row in rows.items():
            top = number * height
            runs = join_right_to_left(lay_out(row, self.colors))
            if ligatures is not None:
                runs = join(runs, ligatures, column if number == at else None)
            painter.setClipRect(0, top, image.width(), height)
            painter.fillRect(0, top, image.width(), height, page)
            self.paint_runs(painter, runs, top)
        painter.end()

    def ligature_at(self, row: Row, column: int) -> LaidRun | None:
        """The ligature that a column is a part of."""
        ligatures = self.metrics.ligatures
        if ligatures is None:
            return None
        return ligature_at(join(lay_out(row, self.colors), ligatures, None), ligatures, column)

    def paint_runs(self, painter: QPainter, laid: list[LaidRun], top: int) -> None:
        """Paint runs with their upper edge at ``top``.

        All backgrounds are painted first, so that none covers a neighbour's slanted glyph.
        """
        metrics = self.metrics
        cell = metrics.width
        for run, look in laid:
            if look.background is not None:
                painter.fillRect(run.column * cell, top, run.cells * cell, metrics.height, look.background)
        pen: QColor | None = None
        variant = -1
        baseline = top + metrics.ascent
        ligatures = metrics.ligatures
        for index, (run, look) in enumerate(laid):
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
