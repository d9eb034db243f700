"""The interface's icons: Phosphor, from the copy that QtAwesome ships; and agents' monogram tiles.

Only its font and character map are read: importing QtAwesome itself takes 190 ms, these 20.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPainter, QPixmap

from gui.theme.tokens import ICON_PX, RADIUS_PX, Tokens, blend, font

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


def each_density(icon: QIcon, size_px: int, mode: QIcon.Mode = QIcon.Mode.Normal) -> Iterator[QPainter]:
    """Yield painters of an icon's pixmaps: it is sharp on screens of up to three times the density."""
    for ratio in (1, 2, 3):
        pixmap = QPixmap(size_px * ratio, size_px * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        yield painter
        painter.end()
        icon.addPixmap(pixmap, mode)


def glyph_icon(glyph: Glyph, tokens: Tokens, color: str | QColor = "secondary", size_px: int = ICON_PX) -> QIcon:
    """An icon in one of the theme's colours, given by its name or itself; lighter when its control is disabled."""
    ink = tokens.color(color) if isinstance(color, str) else color
    return QIcon(_glyph_icon(glyph, ink.rgba(), tokens.color("disabled").rgba(), size_px))


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
