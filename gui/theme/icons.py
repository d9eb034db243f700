"""The interface's icons (Phosphor, from the copy that QtAwesome ships), agents' monogram tiles, and the marks of chats.

Only the font and character map of QtAwesome are read: importing it takes 190 ms, these 20.

A mark shows a chat's state; each is recognizable without its colour:
▲ needs you · ▂▆▄▁ working · ❯ running (a shell or command) · ○ idle · ◌ no signal, or starting · ☾ asleep
⊠ stopped by an error · ◷ stopped by a limit · ■ ended (outlined when it failed) · ‖ interrupted · ⟳ reconnecting
⧗ does not answer · ⊘ unreachable.
They are painted, since fonts disagree on how these characters look.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from session_host.standing.groups import Mark

from .tokens import HEADING_PX, ICON_PX, MARK_PX, RADIUS_PX, Tokens, blend, font, on_hairline

_LARGE_TILE_PX = 28
_FONT_FILE = "phosphor-1.3.0.ttf"
_MAP_FILE = "phosphor-charmap-1.3.0.json"


class Glyph(StrEnum):
    """The icons in use, by their names in the set."""

    ADD = "plus"
    CLOSE = "x"
    SEARCH = "magnifying-glass"
    MORE = "dots-three"
    EXPANDED = "caret-down"
    FOLDED = "caret-right"
    BACK = "caret-left"
    COPY = "copy"
    INFO = "info"
    WARNING = "warning"
    BELL = "bell"
    MUTED = "bell-slash"
    TERMINAL = "terminal-window"
    PENCIL = "pencil-simple"
    FILE = "file-text"
    GLOBE = "globe"
    TRASH = "trash"
    MOVE = "arrow-elbow-down-right"
    BRAIN = "brain"
    WRENCH = "wrench"
    CODE = "code"
    PLAN = "check-square"
    CHECK = "check"
    CHECK_CIRCLE = "check-circle"
    PROHIBITED = "prohibit"
    SAYING = "chat-centered"
    CIRCLE = "circle"
    DISC = "circle-fill"
    CHECKED_DISC = "check-circle-fill"
    HALF_CIRCLE = "circle-half"
    COLUMNS = "columns"
    ROWS = "rows"
    FOLD_LINES = "arrows-in-line-vertical"
    STOP = "stop-circle"
    OPEN = "arrow-square-out"
    SEND = "arrow-up"
    BROADCAST = "broadcast"
    SAVED_PROMPT = "bookmark-simple"
    DOWN = "arrow-down"
    UP = "caret-up"
    IMAGE = "image"
    RESTORE_PANE = "corners-in"
    MINUS = "minus"
    RESET = "arrow-counter-clockwise"
    DISCARD = "arrow-u-up-left"
    PIN = "push-pin"
    NEW_FOLDER = "folder-plus"
    GRID = "squares-four"
    LIST = "list-bullets"
    BRANCH = "git-branch"
    CLOCK = "clock"
    BARS = "chart-bar"
    SETTINGS = "gear-six"
    GUIDE = "book-open"


@lru_cache(maxsize=1)
def _glyphs() -> tuple[str, dict[str, str]]:
    """The font's family and its character map; ("", {}) if the set is not installed."""
    found = importlib.util.find_spec("qtawesome")
    if found is None or found.origin is None:
        return "", {}
    folder = Path(found.origin).parent / "fonts"
    identifier = QFontDatabase.addApplicationFont(str(folder / _FONT_FILE))
    families = QFontDatabase.applicationFontFamilies(identifier) if identifier >= 0 else []
    if not families:
        return "", {}
    codes: dict[str, str] = json.loads((folder / _MAP_FILE).read_text(encoding="utf-8"))
    return families[0], {glyph.value: chr(int(codes[glyph.value], 16)) for glyph in Glyph if glyph.value in codes}


def paint_glyph(painter: QPainter, glyph: Glyph, area: QRectF, color: QColor) -> None:
    """Paint an icon into ``area``."""
    family, characters = _glyphs()
    if not family:
        return
    chosen = QFont(family)
    chosen.setPixelSize(round(area.height()))
    chosen.setStyleStrategy(QFont.StyleStrategy.NoFontMerging)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
    painter.setFont(chosen)
    painter.setPen(color)
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, characters[glyph.value])
    painter.restore()


def each_density(
    icon: QIcon, size_px: int, mode: QIcon.Mode = QIcon.Mode.Normal, *, width_px: int = 0
) -> Iterator[QPainter]:
    """Yield painters of an icon's pixmaps, by default square: sharp on screens of up to three times the density."""
    for ratio in (1, 2, 3):
        pixmap = QPixmap((width_px or size_px) * ratio, size_px * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        yield painter
        painter.end()
        icon.addPixmap(pixmap, mode)


def glyph_icon(glyph: Glyph, tokens: Tokens, color: str | QColor = "secondary", size_px: int = ICON_PX) -> QIcon:
    """An icon in one of the theme's colours, given by its name or itself; lighter when its control is disabled."""
    ink = tokens.color(color) if isinstance(color, str) else color
    disabled = on_hairline(tokens) if color == "on_accent" else tokens.color("disabled")
    return QIcon(_glyph_icon(glyph, ink.rgba(), disabled.rgba(), size_px))


@lru_cache(maxsize=64)
def _glyph_icon(glyph: Glyph, ink: int, disabled_ink: int, size_px: int) -> QIcon:
    """An icon in these colours. A window shows the same ones again and again; each is six pictures, 28 KB."""
    icon = QIcon()
    for mode, rgba in ((QIcon.Mode.Normal, ink), (QIcon.Mode.Disabled, disabled_ink)):
        for painter in each_density(icon, size_px, mode):
            paint_glyph(painter, glyph, QRectF(0, 0, size_px, size_px), QColor.fromRgba(rgba))
    return icon


def paint_tile(
    painter: QPainter, area: QRectF, monogram: str, index: int, tokens: Tokens, *, muted: bool = False
) -> None:
    """Paint an agent's tile: two letters on a background tinted by the agent's index in the catalog."""
    hue = tokens.secondary if muted else tokens.tiles[index % len(tokens.tiles)]
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(blend(hue, tokens.raised, 0.06 if muted else 0.16))
    radius = RADIUS_PX if area.height() >= _LARGE_TILE_PX else RADIUS_PX - 2
    painter.drawRoundedRect(area, radius, radius)
    painter.setPen(QColor(hue))
    painter.setFont(font(13 if area.height() >= _LARGE_TILE_PX else 11, bold=True))
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, monogram)
    painter.restore()


LABEL_PX = 3
_BAR_PX = 9
"""The width of a colour label."""


_TOKEN = {
    Mark.NEEDS_YOU: "needs_you_fill",
    Mark.WORKING: "accent",
    Mark.IDLE: "secondary",
    Mark.ASLEEP: "secondary",
    Mark.TURN_FAILED: "failed",
    Mark.LIMIT: "secondary",
    Mark.RUNNING: "secondary",
    Mark.NO_SIGNAL: "secondary",
    Mark.STARTING: "secondary",
    Mark.ENDED: "secondary",
    Mark.FAILED: "failed",
    Mark.INTERRUPTED: "secondary",
    Mark.RECONNECTING: "accent",
    Mark.UNRESPONSIVE: "needs_you_fill",
    Mark.UNREACHABLE: "secondary",
}


def paint_live_mark(painter: QPainter, center: QPointF, tokens: Tokens, shares: Sequence[float]) -> None:
    """Paint the mark of what works with bars of four shares, each 0 to 1, of the output of the last seconds."""
    painter.save()
    painter.translate(center)
    _four_bars(painter, mark_color(Mark.WORKING, tokens), [1 + _BAR_PX * each for each in shares])
    painter.restore()


def mark_color(mark: Mark, tokens: Tokens) -> QColor:
    """The colour that goes with a mark."""
    return tokens.color(_TOKEN[mark])


def paint_mark(painter: QPainter, mark: Mark, center: QPointF, tokens: Tokens, size_px: float = MARK_PX) -> None:
    """Paint ``mark`` around ``center``, within ``size_px`` squared."""
    _paint_mark(painter, mark, center, mark_color(mark, tokens), size_px)


def _paint_mark(painter: QPainter, mark: Mark, center: QPointF, color: QColor, size_px: float) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(center)
    painter.scale(size_px / 12, size_px / 12)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    _PAINT[mark](painter, color)
    painter.restore()


def _triangle(painter: QPainter, color: QColor) -> None:
    painter.setBrush(color)
    pen = QPen(color, 1)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.drawPolygon(QPolygonF([QPointF(0, -4.6), QPointF(4.8, 3.8), QPointF(-4.8, 3.8)]))


def _four_bars(painter: QPainter, color: QColor, heights: Sequence[float] = (4, 9, 6, 3)) -> None:
    for number, height in enumerate(heights):
        painter.fillRect(QRectF(3 * number - 5.5, 5 - height, 2, height), color)


def _ring(painter: QPainter, color: QColor) -> None:
    painter.setPen(QPen(color, 1.5))
    painter.drawEllipse(QPointF(0, 0), 4.2, 4.2)


def _moon(painter: QPainter, color: QColor) -> None:
    disc, shadow = QPainterPath(), QPainterPath()
    disc.addEllipse(QPointF(-0.4, 0.4), 4.8, 4.8)
    shadow.addEllipse(QPointF(2.2, -1.6), 4.2, 4.2)
    painter.fillPath(disc.subtracted(shadow), color)


def _crossed_ring(painter: QPainter, color: QColor) -> None:
    _ring(painter, color)
    painter.drawLine(QPointF(-4.6, 4.6), QPointF(4.6, -4.6))


def _boxed_cross(painter: QPainter, color: QColor) -> None:
    painter.setPen(QPen(color, 1.2))
    painter.drawRoundedRect(QRectF(-5, -5, 10, 10), 2, 2)
    pen = QPen(color, 1.6)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    for side in (-1, 1):
        painter.drawLine(QPointF(-2.1, 2.1 * side), QPointF(2.1, -2.1 * side))


def _prompt(painter: QPainter, color: QColor) -> None:
    pen = QPen(color, 1.8)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.drawPolyline(QPolygonF([QPointF(-2.2, -3.8), QPointF(2.2, 0), QPointF(-2.2, 3.8)]))


def _dotted_ring(painter: QPainter, color: QColor) -> None:
    pen = QPen(color, 1.5)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    # Eight dashes and gaps around 2·π·4.2 = 26.4; a dash pattern counts in pen widths.
    step = 26.39 / 16 / 1.5
    pen.setDashPattern([step, step])
    painter.setPen(pen)
    painter.drawEllipse(QPointF(0, 0), 4.2, 4.2)


def _square(painter: QPainter, color: QColor) -> None:
    painter.setBrush(color)
    painter.drawRoundedRect(QRectF(-3.5, -3.5, 7, 7), 1, 1)


def _outlined_square(painter: QPainter, color: QColor) -> None:
    painter.setPen(QPen(color, 1.5))
    painter.drawRoundedRect(QRectF(-3.6, -3.6, 7.2, 7.2), 1, 1)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawRect(QRectF(-1.2, -1.2, 2.4, 2.4))


def _two_bars(painter: QPainter, color: QColor) -> None:
    painter.setBrush(color)
    for left in (-3.6, 1.0):
        painter.drawRoundedRect(QRectF(left, -4, 2.6, 8), 0.8, 0.8)


def _turning_arrow(painter: QPainter, color: QColor) -> None:
    pen = QPen(color, 1.5)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.setPen(pen)
    painter.drawArc(QRectF(-4, -4, 8, 8), 60 * 16, -290 * 16)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawPolygon(QPolygonF([QPointF(-0.4, -5.6), QPointF(3.6, -3.6), QPointF(0.2, -0.8)]))


def _clock(painter: QPainter, color: QColor) -> None:
    painter.setPen(QPen(color, 1.2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(QPointF(0, 0), 4.6, 4.6)
    painter.drawPolyline(QPolygonF([QPointF(0, -2.8), QPointF(0, 0), QPointF(2, 1)]))


def _hourglass(painter: QPainter, color: QColor) -> None:
    pen = QPen(color, 1.2)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(color)
    for side in (-1, 1):
        painter.drawPolygon(QPolygonF([QPointF(0, 0), QPointF(-3.6, 4.4 * side), QPointF(3.6, 4.4 * side)]))


_PAINT = {
    Mark.NEEDS_YOU: _triangle,
    Mark.WORKING: _four_bars,
    Mark.IDLE: _ring,
    Mark.ASLEEP: _moon,
    Mark.TURN_FAILED: _boxed_cross,
    Mark.LIMIT: _clock,
    Mark.RUNNING: _prompt,
    Mark.NO_SIGNAL: _dotted_ring,
    Mark.STARTING: _dotted_ring,
    Mark.ENDED: _square,
    Mark.FAILED: _outlined_square,
    Mark.INTERRUPTED: _two_bars,
    Mark.RECONNECTING: _turning_arrow,
    Mark.UNRESPONSIVE: _hourglass,
    Mark.UNREACHABLE: _crossed_ring,
}


def paint_label(painter: QPainter, area: QRectF, color: QColor) -> None:
    """Paint a chat's colour label: a stripe that fills ``area``."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawRoundedRect(area, LABEL_PX / 2, LABEL_PX / 2)
    painter.restore()


LETTERS_PX = 20
"""The width of an agent's letters beside a mark, with the space before the name."""


def mark_icon(
    mark: Mark, tokens: Tokens, size_px: int = 16, *, dotted: bool = False, label: str = "", letters: str = ""
) -> QIcon:
    """A mark as an icon, for menus and tabs; sharp on screens of up to three times the density.

    Args:
        mark: the mark; what is idle has none, but keeps its place.
        tokens: the theme's colours.
        size_px: the height, and the width of the mark.
        dotted: puts a dot into its corner: there is something that was not seen.
        label: the chat's colour label, a stripe on the left; "" for none.
        letters: the agent's letters, right of the mark: the icon is wider by ``LETTERS_PX``; "" for none.
    """
    dot = tokens.color("accent").rgba() if dotted else None
    stripe = tokens.label_color(label).rgba() if label else None
    ink, quiet = mark_color(mark, tokens).rgba(), tokens.color("secondary").rgba()
    return QIcon(_mark_icon(None if mark is Mark.IDLE else mark, ink, size_px, dot, stripe, letters, quiet))


@lru_cache(maxsize=64)
def _mark_icon(
    mark: Mark | None, ink: int, size_px: int, dot: int | None, stripe: int | None, letters: str, quiet: int
) -> QIcon:
    """A mark's icon in these colours; most tabs have the same one."""
    icon = QIcon()
    for painter in each_density(icon, size_px, width_px=size_px + (LETTERS_PX if letters else 0)):
        painter.save()
        if letters:
            painter.setPen(QColor.fromRgba(quiet))
            painter.setFont(font(HEADING_PX, bold=True))
            area = QRectF(size_px + 3, 0, LETTERS_PX, size_px)
            painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, letters)
        painter.restore()
        if stripe is not None:
            paint_label(painter, QRectF(0, 0, LABEL_PX, size_px), QColor.fromRgba(stripe))
        middle = QPointF((size_px + (LABEL_PX if stripe is not None else 0)) / 2, size_px / 2)
        if mark is not None:
            _paint_mark(painter, mark, middle, QColor.fromRgba(ink), size_px * 0.75)
        if dot is not None:
            corner = QPointF(size_px - 3.2, 3.2) if mark is not None else middle
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Clear)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(Qt.GlobalColor.black)
            painter.drawEllipse(corner, 4.4, 4.4)
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
            painter.setBrush(QColor.fromRgba(dot))
            painter.drawEllipse(corner, 3.0, 3.0)
    return icon
