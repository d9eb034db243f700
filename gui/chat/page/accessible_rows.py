"""The visible items for screen readers: each is a widget that paints nothing and has a name.

They exist only while a screen reader, or another program that asks for names, is active.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QWidget

from gui.chat.content.segments import Card, FoldLine
from gui.wording import chat_texts

from .places import Visible
from .rows import TAIL, Row, Rows

_MOST_CHARACTERS = 4_000


class TranscriptRow(QWidget):
    """One item, as screen readers see it."""

    def __init__(self, page: QWidget) -> None:
        super().__init__(page)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)


class AccessibleRows:
    """Keeps a widget over each visible item."""

    def __init__(self, page: QWidget) -> None:
        self._page = page
        self._rows: list[TranscriptRow] = []

    def show(self, rows: Rows, visible: list[Visible], left: float) -> None:
        """Put the widgets over the items that are visible now."""
        if not QAccessible.isActive():
            return
        positions = [each for each in dict.fromkeys(each.position for each in visible) if rows.key(each) != TAIL]
        while len(self._rows) < len(positions):
            self._rows.append(TranscriptRow(self._page))
        for widget, position in zip(self._rows, positions, strict=False):
            parts = [each for each in visible if each.position == position]
            top, bottom = round(parts[0].top), round(parts[-1].bottom)
            widget.setGeometry(round(left), top, round(rows.width), max(bottom - top, 1))
            name = spoken_row(rows, rows.row(position))
            if widget.accessibleName() != name:
                widget.setAccessibleName(name)
            widget.lower()
            widget.show()
        for widget in self._rows[len(positions) :]:
            widget.hide()


def spoken_row(rows: Rows, row: Row) -> str:
    """A screen reader's text for an item."""
    item = rows.transcript.get(row.key)
    if item is None:
        return ""
    kind = {
        "user": chat_texts.prompt_of_user(), "agent": chat_texts.message_of_agent(), "tool": chat_texts.tool_call(),
    }.get(item.kind, "")  # fmt: skip
    texts: list[str] = []
    for segment in row.segments:
        if not isinstance(segment, Card) and segment.text:
            texts.append(segment.text)
        if isinstance(segment, FoldLine) and segment.detail:
            texts.append(segment.detail)
    text = "\n".join(texts)[:_MOST_CHARACTERS]
    return chat_texts.spoken(kind, text) if kind else text
