"""The picture beside the pointer while chats of the sidebar are dragged."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPixmap

from gui.theme.marks import Mark, paint_mark
from gui.theme.tokens import GAP_S_PX, Tokens, font
from gui.window.sidebar.rows import ChatRow
from gui.wording import window_texts

HEIGHT_PX = 28
NAME_PX = 200
"""The room for a name; a longer one is cut in the middle."""
_MARK_PX = 16


def drag_picture(rows: Sequence[ChatRow], tokens: Tokens, ratio: float) -> QPixmap:
    """One chat by its mark and name, several by their number.

    The picture is opaque, and rectangular: without a compositor, the desktop does not blend it with what is below.

    Args:
        rows: the dragged chats, one at least.
        tokens: the theme's colours.
        ratio: pixels of the screen for one of ours.
    """
    is_one = len(rows) == 1
    metrics = QFontMetrics(font())
    text = metrics.elidedText(
        rows[0].name if is_one else window_texts.CHATS_COUNT(n=len(rows)), Qt.TextElideMode.ElideMiddle, NAME_PX
    )
    left = GAP_S_PX + (_MARK_PX + GAP_S_PX if is_one else 0)
    # A text that just fits is wider than its advance in whole pixels.
    area = QRect(0, 0, left + metrics.horizontalAdvance(text) + 2 + GAP_S_PX, HEIGHT_PX)
    picture = QPixmap(area.size() * ratio)
    picture.setDevicePixelRatio(ratio)
    picture.fill(tokens.color("border"))
    painter = QPainter(picture)
    painter.fillRect(area.adjusted(1, 1, -1, -1), tokens.color("raised"))
    if is_one:
        paint_mark(painter, Mark(rows[0].mark), QPointF(GAP_S_PX + _MARK_PX / 2, HEIGHT_PX / 2), tokens)
    painter.setFont(font())
    painter.setPen(tokens.color("text"))
    painter.drawText(area.adjusted(left, 0, 0, 0), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
    painter.end()
    return picture
