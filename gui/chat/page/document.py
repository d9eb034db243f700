"""A text of the product itself, drawn as the messages of a chat are: one way to show, select, copy and scroll."""

from __future__ import annotations

from collections.abc import Iterable

from gui.wording import page_texts
from session_host.structured.items import Item, Put, StateChanged
from session_host.structured.transcript import Transcript

from . import positions
from .page import TranscriptPage
from .positions import ScrollPosition


class DocumentPage(TranscriptPage):
    """A page of items that does not grow: it begins at the top."""

    grows = False

    def show_items(self, items: Iterable[Item], name: str, scroll_position: ScrollPosition | None = None) -> None:
        """Show these items under a name for screen readers, from a position on; None is the beginning."""
        transcript = Transcript()
        transcript.apply(StateChanged("idle"))  # Its end says nothing of an agent.
        for item in items:
            transcript.apply(Put(item))
        self.selection.clear()
        self.set_transcript(transcript)
        self.setAccessibleName(name)
        self._bar.setAccessibleName(page_texts.SCROLLBAR_OF(title=name))
        self.go_to(scroll_position)

    def go_to(self, scroll_position: ScrollPosition | None) -> None:
        """Scroll a position to the top of the page; None, or one that does not exist, is the beginning."""
        is_known = scroll_position is not None and self.rows.position(scroll_position.key) is not None
        self._scroll_position = scroll_position if is_known else positions.top(self.rows)
        self.arrange()

    @property
    def scroll_position(self) -> ScrollPosition | None:
        """The position at the top of the page."""
        return self._scroll_position

    def scroll_to_end(self) -> None:
        self._scroll(positions.from_bottom(self.rows, float(self.height())))
