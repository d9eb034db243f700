"""How well one colour reads on another: the contrast ratio of WCAG 2.2, §1.4.3."""

from __future__ import annotations

from PySide6.QtGui import QColor

TEXT_RATIO = 4.5
MARK_RATIO = 3.0


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def luminance(color: QColor) -> float:
    """Relative luminance, 0 (black) to 1 (white)."""
    return 0.2126 * _linear(color.redF()) + 0.7152 * _linear(color.greenF()) + 0.0722 * _linear(color.blueF())


def ratio(one: QColor, other: QColor) -> float:
    """From 1 (the same) to 21 (black on white)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)
