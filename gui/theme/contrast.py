"""The contrast ratio of two colours (WCAG 2.2, §1.4.3)."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

from PySide6.QtGui import QColor

TEXT_RATIO = 4.5
MARK_RATIO = 3.0


class Ratios(NamedTuple):
    """The smallest contrasts of a window."""

    text: float
    mark: float
    line: float
    """Of outlines, lines between areas, and disabled text; 1 is none."""


USUAL = Ratios(TEXT_RATIO, MARK_RATIO, 1.0)
HIGH = Ratios(7.0, 4.5, 3.0)
"""For desktops with high contrast; 7 is the ratio of WCAG's level AAA (§1.4.6)."""


@cache
def _linear(level: int) -> float:
    channel = level / 255
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def luminance(color: QColor) -> float:
    """Relative luminance, 0 (black) to 1 (white)."""
    return 0.2126 * _linear(color.red()) + 0.7152 * _linear(color.green()) + 0.0722 * _linear(color.blue())


def ratio(one: QColor, other: QColor) -> float:
    """The contrast of two colours, from 1 (the same) to 21 (black on white)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _mixed(color: QColor, target: int, steps: int) -> QColor:
    """Move ``color`` towards a grey level ``target`` by ``steps`` of 64 steps."""
    channels = (color.red(), color.green(), color.blue())
    return QColor(*(round(channel + (target - channel) * steps / 64) for channel in channels))


@lru_cache(maxsize=4096)
def _readable(color_rgb: int, background_rgb: int, least: float) -> int:
    color, background = QColor(color_rgb), QColor(background_rgb)
    if ratio(color, background) >= least:
        return color_rgb
    lighter = luminance(color) >= luminance(background)
    for target in (255, 0) if lighter else (0, 255):
        if ratio(QColor(target, target, target), background) < least:
            continue
        low, high = 0, 64
        while high - low > 1:
            middle = (low + high) // 2
            if ratio(_mixed(color, target, middle), background) >= least:
                high = middle
            else:
                low = middle
        return _mixed(color, target, high).rgb() & 0xFFFFFF
    return max((0x000000, 0xFFFFFF), key=lambda rgb: ratio(QColor(rgb), background))


def readable(color: QColor, background: QColor, least: float) -> QColor:
    """Make ``color`` lighter or darker until its contrast on ``background`` is at least ``least``.

    It becomes even lighter or darker than the background; the other way if white or black would not be enough.
    """
    rgb = color.rgb() & 0xFFFFFF
    found = _readable(rgb, background.rgb() & 0xFFFFFF, least)
    return color if found == rgb else QColor(found)
