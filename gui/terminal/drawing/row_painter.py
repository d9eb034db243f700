"""Draws rows of cells. Output path, 15 of 15."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from functools import lru_cache
from itertools import groupby, pairwise

from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen

from gui.terminal.cell_metrics import CellMetrics
from gui.terminal.glyphs.glyphs import Glyphs, Kind
from gui.terminal.glyphs.right_to_left import LETTER, stretch
from gui.terminal.glyphs.symbols import fills_cell
from gui.terminal.ligatures import Ligatures
from session_host.terminal.base import Cursor
from session_host.terminal.rows import PLAIN, Row, Run, Underline

from .colors import Colors, Look


def draw_decorations(painter: QPainter, metrics: CellMetrics, look: Look, left: int, top: int, width: int) -> None:
    """Draw the lines of ``look`` over cells that begin at ``left`` and are ``width`` pixels wide."""
    line = metrics.line
    color = look.underline_color
    underline_top = top + metrics.underline_top
    if look.underline == Underline.SINGLE:
        painter.fillRect(left, underline_top, width, line, color)
    elif look.underline == Underline.DOUBLE:
        lower = min(underline_top + line, top + metrics.text_bottom - line)
        painter.fillRect(left, lower, width, line, color)
        painter.fillRect(left, lower - 2 * line, width, line, color)
    elif look.underline == Underline.CURLY:
        _draw_curl(painter, metrics, color, left, top, width)
    elif look.underline == Underline.DASHED:
        _draw_dashes(painter, color, left, underline_top, width, line, _dash_px(metrics))
    elif look.underline == Underline.DOTTED or look.link:
        _draw_dashes(painter, color, left, underline_top, width, line, 2 * line)
    if look.strike:
        painter.fillRect(left, top + metrics.strike_top, width, line, look.foreground)
    if look.overline:
        painter.fillRect(left, top + metrics.text_top, width, line, look.foreground)


def _dash_px(metrics: CellMetrics) -> int:
    """A dash and its gap: half a cell, so that the pattern continues over cells and runs."""
    return max(metrics.width // 2, 2)


def _draw_dashes(painter: QPainter, color: QColor, left: int, top: int, width: int, line: int, period: int) -> None:
    """Draw dashes in a pattern fixed to the grid's left edge, so that runs continue each other."""
    dash = max((period + 1) // 2, 1)
    right = left + width
    for begin in range(left - left % period, right, period):
        first, end = max(begin, left), min(begin + dash, right)
        if end > first:
            painter.fillRect(first, top, end - first, line, color)


def _draw_curl(painter: QPainter, metrics: CellMetrics, color: QColor, left: int, top: int, width: int) -> None:
    tile = _curl(metrics.width, metrics.text_bottom - metrics.ascent, metrics.line, color.rgba())
    tile_top = top + metrics.text_bottom - tile.height()
    for begin in range(left, left + width, metrics.width):
        painter.drawImage(begin, tile_top, tile)


@lru_cache(maxsize=64)
def _curl(width: int, room: int, line: int, rgba: int) -> QImage:
    """One wave as wide as a cell, and as tall as the space below the baseline allows."""
    height = max(min(room, 2 * line + max(width // 4, 2)), 3)
    tile = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    tile.fill(0)
    painter = QPainter(tile)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor.fromRgba(rgba), line * 1.1))
    low, high = height - line / 2 - 0.25, line / 2 + 0.25
    middle, swing = (low + high) / 2, (low - high)
    path = QPainterPath()
    path.moveTo(-width / 2, middle)
    for step in range(-1, 3):
        begin = step * width / 2
        reach = swing if step % 2 else -swing
        path.quadTo(begin + width / 4, middle + reach, begin + width / 2, middle)
    painter.drawPath(path)
    painter.end()
    return tile


LaidRun = tuple[Run, Look]


def lay_out(row: Row, colors: Colors) -> list[LaidRun]:
    """The runs of a row, and the selected blank cells, from left to right."""
    look_of = colors.resolve_style
    if row.selection is None:
        return [(run, look_of(run.style)) for run in row.runs]
    first, last = row.selection
    runs = _with_blanks(row.runs, first, last)
    return [(run, look_of(run.style, selected)) for run, selected in split_at_selection(runs, first, last)]


def _with_blanks(runs: tuple[Run, ...], first: int, last: int) -> tuple[Run, ...]:
    """Runs, and blank ones in the gaps between the columns ``first`` … ``last``."""
    filled: list[Run] = []
    end = first
    for run in (*runs, Run(last + 1, 0, "", PLAIN, cluster=False)):
        gap = min(run.column, last + 1) - end
        if gap > 0:
            filled.append(Run(end, gap, " " * gap, PLAIN, cluster=False))
        if run.cells:
            filled.append(run)
        end = max(end, run.column + run.cells)
    return tuple(filled)


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


def join(laid: list[LaidRun], ligatures: Ligatures, cursor: int | None) -> list[LaidRun]:
    """Split runs at their ligatures; each ligature becomes a cluster.

    Args:
        laid: the runs of a row.
        ligatures: the ligatures of the font.
        cursor: the cursor's column, where characters are drawn apart; None to draw all ligatures.
    """
    search = ligatures.search
    if all(search(run.text) is None for run, _ in laid):
        return laid
    parts: list[LaidRun] = []
    for run, look in laid:
        column, _, text, _, cluster = run
        done = 0
        for found in () if cluster or look.hidden else ligatures.find(text):
            first, end = found.span()
            joined = ligatures.joined(found[0], look.variant)
            if joined is None or (cursor is not None and joined.first <= cursor - column - first < joined.end):
                continue
            if done < first:
                parts.append((run._replace(column=column + done, cells=first - done, text=text[done:first]), look))
            parts.append((run._replace(column=column + first, cells=end - first, text=found[0], cluster=True), look))
            done = end
        if not done:
            parts.append((run, look))
        elif done < len(text):
            parts.append((run._replace(column=column + done, cells=len(text) - done, text=text[done:]), look))
    return parts


def join_right_to_left(laid: list[LaidRun]) -> list[LaidRun]:
    """Make a cluster of each stretch of right-to-left text in one look; its picture has it in visual order."""
    text = "".join([run[2] for run, _ in laid])
    if text.isascii() or LETTER.search(text) is None:
        return laid
    parts: list[LaidRun] = []
    group: list[Run] = []
    for index, (run, look) in enumerate(laid):
        group.append(run)
        following = laid[index + 1] if index + 1 < len(laid) else None
        if following is not None and following[1] is look:
            gap = following[0].column - run.column - run.cells
            if gap == 0:
                continue
            if gap == 1 and look.background is None:
                group.append(Run(run.column + run.cells, 1, " ", run.style, cluster=False))
                continue
        parts.extend((part, look) for part in _with_stretches(tuple(group)))
        group = []
    return parts


@lru_cache(maxsize=512)
def _with_stretches(runs: tuple[Run, ...]) -> list[Run]:
    """Neighbouring runs of one look, in which each stretch of right-to-left text is one."""
    cells: list[Run] = []
    for run in runs:
        if run.cluster:
            cells.append(run)
        else:
            cells += [run._replace(column=run.column + at, cells=1, text=one) for at, one in enumerate(run.text)]
    offsets = [0]
    for cell in cells:
        offsets.append(offsets[-1] + len(cell.text))
    text = "".join([cell.text for cell in cells])
    parts: list[Run] = []
    done = 0
    for found in stretch().finditer(text):
        # A mark of these scripts may be on another script's character; whole cells count.
        first, end = max(bisect_right(offsets, found.start()) - 1, done), bisect_left(offsets, found.end())
        if first >= end:
            continue
        parts += _without_stretch(cells[done:first])
        columns = cells[end - 1].column + cells[end - 1].cells - cells[first].column
        parts.append(cells[first]._replace(cells=columns, text=text[offsets[first] : offsets[end]], cluster=True))
        done = end
    return parts + _without_stretch(cells[done:])


def _without_stretch(cells: list[Run]) -> list[Run]:
    """Cells as runs again."""
    runs: list[Run] = []
    for cell in cells:
        if runs and not cell.cluster and not runs[-1].cluster:
            runs[-1] = runs[-1]._replace(cells=runs[-1].cells + 1, text=runs[-1].text + cell.text)
        else:
            runs.append(cell)
    return runs


def ligature_at(laid: list[LaidRun], ligatures: Ligatures, column: int) -> LaidRun | None:
    """The ligature that a column is a part of, of runs that are split at their ligatures."""
    for run, look in laid:
        if run.column <= column < run.column + run.cells:
            joined = ligatures.joined(run.text, look.variant) if run.cluster and run.text.isascii() else None
            is_part = joined is not None and joined.first <= column - run.column < joined.end
            return (run, look) if is_part else None
    return None


def is_blank_behind(laid: list[LaidRun], index: int) -> bool:
    """Whether the cell after a run is blank."""
    run = laid[index][0]
    following = laid[index + 1][0] if index + 1 < len(laid) else None
    return following is None or following.column > run.column + run.cells or following.text.startswith(" ")


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
                draw_decorations(painter, metrics, look, run.column * cell, top, run.cells * cell)
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
