"""One chapter of the guide, drawn as the messages of a chat are: one way to show Markdown, select, copy and scroll."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent

from gui.chat.page import places
from gui.chat.page.page import TranscriptPage
from gui.chat.page.places import Place
from gui.chat.page.rows import Row
from gui.finding.query import Pattern
from gui.window.guide.chapters import Chapter, Match
from gui.wording import page_texts
from session_host.structured.items import Put, StateChanged
from session_host.structured.transcript import Transcript

_BUTTONS = {Qt.MouseButton.BackButton: -1, Qt.MouseButton.ForwardButton: 1}


class GuidePage(TranscriptPage):
    """A chapter.

    Signals (and those of TranscriptPage):
        history_requested(int): the user goes back (-1) or forward (1) by a button of the mouse.
    """

    history_requested = Signal(int)
    grows = False

    def show_chapter(self, chapter: Chapter, place: Place | None = None) -> None:
        """Show a chapter, from a place on; None is its beginning."""
        transcript = Transcript()
        transcript.apply(StateChanged("idle"))  # Its end says nothing of an agent.
        for block in chapter.blocks:
            transcript.apply(Put(block))
        self.selection.clear()
        self.set_transcript(transcript)
        self.setAccessibleName(chapter.title)
        self._bar.setAccessibleName(page_texts.scrollbar_of(chapter.title))
        self._place = place or places.top(self.rows)
        self.arrange()

    def scroll_to_end(self) -> None:
        self.scroll_by(self.rows.heights.total)

    @property
    def place(self) -> Place | None:
        """The place at the top of the page."""
        return self._place

    def mark(self, pattern: Pattern | None, current: Match | None) -> None:
        """Mark the places of a pattern, and show the current one."""
        self.pattern, self.current_hit = pattern, current
        if current is not None:
            self.reveal(current.block, current.segment, current.begin)
        self.update()

    def spoken(self, row: Row) -> str:
        return "\n".join(segment.text for segment in row.segments)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in _BUTTONS:
            self.history_requested.emit(_BUTTONS[event.button()])
        else:
            super().mousePressEvent(event)
