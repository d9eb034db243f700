"""A text with marked characters: those that match the typed ones."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter

from gui.theme.tokens import Tokens


def paint_matched(painter: QPainter, area: QRect, text: str, indexes: Sequence[int], tokens: Tokens) -> None:
    """Paint a text with its matched characters underlined in the accent colour."""
    metrics = painter.fontMetrics()
    painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
    painter.setPen(tokens.color("accent"))
    underline = area.center().y() + metrics.height() // 2 - 1
    for index in indexes:
        first = area.left() + metrics.horizontalAdvance(text[:index])
        width = metrics.horizontalAdvance(text[: index + 1]) - metrics.horizontalAdvance(text[:index])
        painter.drawLine(first, underline, first + width - 2, underline)
