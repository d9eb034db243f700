"""One chapter of the guide."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent

from gui.chat.page.page import DocumentPage
from gui.chat.page.positions import ScrollPosition
from gui.chat.page.rows import Row
from gui.finding.query import Pattern
from gui.window.guide.chapters import Chapter, Match

_BUTTONS = {Qt.MouseButton.BackButton: -1, Qt.MouseButton.ForwardButton: 1}


class GuidePage(DocumentPage):
    """A chapter.

    Signals (and those of DocumentPage):
        history_requested(int): the user goes back (-1) or forward (1) by a button of the mouse.
    """

    history_requested = Signal(int)

    def show_chapter(self, chapter: Chapter, scroll_position: ScrollPosition | None = None) -> None:
        """Show a chapter, from a position on; None is its beginning."""
        self.show_items(chapter.blocks, chapter.title, scroll_position)

    def mark(self, pattern: Pattern | None, current: Match | None) -> None:
        """Mark the matches of a pattern, and show the current one."""
        self.pattern, self.current_hit = pattern, current
        if current is not None:
            self.scroller.reveal(current.block, current.segment, current.begin)
        self.update()

    def spoken(self, row: Row) -> str:
        return "\n".join(segment.text for segment in row.segments)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in _BUTTONS:
            self.history_requested.emit(_BUTTONS[event.button()])
        else:
            super().mousePressEvent(event)
