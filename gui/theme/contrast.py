"""The contrast ratio of two colours, as ``session_host.terminal.contrast``, for Qt's; and the least ones."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtGui import QColor

from session_host.terminal import contrast
from session_host.terminal.contrast import MARK_RATIO, TEXT_RATIO

__all__ = ["HIGH", "MARK_RATIO", "TEXT_RATIO", "USUAL", "Ratios", "luminance", "ratio", "readable"]


class Ratios(NamedTuple):
    """The smallest contrasts of a window."""

    text: float
    mark: float
    line: float
    """Of outlines, lines between areas, and disabled text; 1 is none."""


USUAL = Ratios(TEXT_RATIO, MARK_RATIO, 1.0)
HIGH = Ratios(7.0, 4.5, 3.0)
"""For desktops with high contrast; 7 is the ratio of WCAG's level AAA (§1.4.6)."""


def _rgb(color: QColor) -> int:
    return color.rgb() & 0xFFFFFF


def luminance(color: QColor) -> float:
    """Relative luminance, 0 (black) to 1 (white)."""
    return contrast.luminance(_rgb(color))


def ratio(one: QColor, other: QColor) -> float:
    """The contrast of two colours, from 1 (the same) to 21 (black on white)."""
    return contrast.ratio(_rgb(one), _rgb(other))


def readable(color: QColor, background: QColor, least: float) -> QColor:
    """Make ``color`` lighter or darker until its contrast on ``background`` is at least ``least``.

    It becomes even lighter or darker than the background; the other way if white or black would not be enough.
    """
    rgb = _rgb(color)
    found = contrast.readable(rgb, _rgb(background), least)
    return color if found == rgb else QColor(found)
