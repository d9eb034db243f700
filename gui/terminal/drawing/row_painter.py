"""Draws one row of cells with QPainter. Output path, 16 of 16."""

from __future__ import annotations

from itertools import groupby, pairwise

from PySide6.QtGui import QColor, QPainter

from gui.terminal.cell_metrics import CellMetrics
from gui.terminal.glyphs.glyphs import Glyphs, Kind
from gui.terminal.glyphs.symbols import fills_cell
from session_host.terminal.base import Row, Run

from . import decorations
from .colored_text import ColoredText
from .colors import Colors, Look

LaidRun = tuple[Run, Look]

_MANY_RUNS = 64
"""From so many runs on, a row's text is painted at once. With fewer, the pictures that this needs cost more."""


def split_at_selection(runs: tuple[Run, ...], first: int, last: int) -> list[tuple[Run, bool]]:
    """Split runs so that each is wholly inside or outside the columns ``first`` … ``last``."""
    parts: list[tuple[Run, bool]] = []
    for run in runs:
        end = run.column + run.cells
        if run.cluster or end <= first or run.column > last or (run.column >= first and end <= last + 1):
            parts.append((run, first <= run.column <= last))
            continue
        edges = sorted({run.column, min(max(first, run.column), end), min(max(last + 1, run.column), end), end})
        for begin, stop in pairwise(edges):
            text = run.text[begin - run.column : stop - run.column]
            part = run._replace(column=begin, cells=stop - begin, text=text)
            parts.append((part, first <= begin <= last))
    return parts


def _is_free(laid: list[LaidRun], place: int) -> bool:
    """Whether the cell after a run is blank."""
    run = laid[place][0]
    following = laid[place + 1][0] if place + 1 < len(laid) else None
    return following is None or following.column > run.column + run.cells or following.text.startswith(" ")


class RowPainter:
    """Paints rows in one size and with one set of colours."""

    def __init__(self, metrics: CellMetrics, glyphs: Glyphs, colors: Colors) -> None:
        self.metrics = metrics
        self.glyphs = glyphs
        self.colors = colors
        self._colored_text = ColoredText(metrics)

    def paint(self, painter: QPainter, row: Row, top: int, width: int) -> None:
        """Paint ``row`` with its upper edge at ``top`` over ``width`` pixels, including the background."""
        metrics, look_of = self.metrics, self.colors.resolve_style
        painter.setClipRect(0, top, width, metrics.height)
        painter.fillRect(0, top, width, metrics.height, self.colors.background)
        laid: list[LaidRun]
        if row.selection is None:
            laid = [(run, look_of(run.style)) for run in row.runs]
        else:
            first, last = row.selection
            left, right = first * metrics.width, min((last + 1) * metrics.width, width)
            painter.fillRect(left, top, right - left, metrics.height, self.colors.theme.selection_background)
            laid = [(run, look_of(run.style, selected)) for run, selected in split_at_selection(row.runs, first, last)]
        self.paint_runs(painter, laid, top)

    def paint_runs(self, painter: QPainter, laid: list[LaidRun], top: int) -> None:
        """Paint runs: all backgrounds first, so that none covers a neighbour's slanted glyph."""
        metrics = self.metrics
        cell = metrics.width
        for run, look in laid:
            if look.background is not None:
                painter.fillRect(run.column * cell, top, run.cells * cell, metrics.height, look.background)
        if len(laid) >= _MANY_RUNS:
            laid = self._paint_in_colors(painter, laid, top)
        pen: QColor | None = None
        variant = -1
        baseline = top + metrics.ascent
        for place, (run, look) in enumerate(laid):
            text = run.text
            if look.decorated:
                decorations.draw(painter, metrics, look, run.column * cell, top, run.cells * cell)
            if look.hidden or text.isspace():
                continue
            if run.cluster or not text.isascii() or not metrics.exact[look.variant]:
                self._paint_pieces(painter, run, look, top, free_behind=_is_free(laid, place))
                pen, variant = None, -1
                continue
            if look.foreground is not pen:
                pen = look.foreground
                painter.setPen(pen)
            if look.variant != variant:
                variant = look.variant
                painter.setFont(metrics.fonts[variant])
            painter.drawText(run.column * cell, baseline, text)

    def _paint_in_colors(self, painter: QPainter, laid: list[LaidRun], top: int) -> list[LaidRun]:
        """Paint the text of a row's many runs at once, as far as that is possible; returns the other runs."""
        variants = {look.bare_variant for _, look in laid}
        texts = "".join([run.text for run, _ in laid])
        if len(variants) == 1 and self._can_color(min(variants), texts):
            self._paint_together(painter, laid, top)
            return []
        rest: list[LaidRun] = []
        together: dict[int, list[LaidRun]] = {}
        for each in laid:
            run, look = each
            fits = self._can_color(look.bare_variant, run.text)
            (together.setdefault(look.bare_variant, []) if fits else rest).append(each)
        for runs in together.values():
            self._paint_together(painter, runs, top)
        return rest

    def _can_color(self, variant: int, text: str) -> bool:
        return variant >= 0 and self._colored_text.drawable(variant).issuperset(text)

    def _paint_together(self, painter: QPainter, runs: list[LaidRun], top: int) -> None:
        """Paint bare runs of one font, from left to right, at once."""
        width = self.metrics.width
        first = column = runs[0][0].column
        texts = [run.text for run, _ in runs]
        pixels = [look.pixel * (run.cells * width) for run, look in runs]
        if (last := runs[-1][0]).column + last.cells - first > sum(map(len, texts)):
            for place, (run, _) in enumerate(runs):
                gap = run.column - column
                texts[place] = " " * gap + texts[place]
                pixels[place] = bytes(gap * width * len(runs[0][1].pixel)) + pixels[place]
                column = run.column + run.cells
        self._colored_text.draw(painter, first * width, top, runs[0][1].variant, "".join(texts), b"".join(pixels))

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
