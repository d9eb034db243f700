"""A text of the product itself, drawn as the messages of a chat are: one way to show, select, copy and scroll."""

from __future__ import annotations

from collections.abc import Iterable

from gui.wording import page_texts
from session_host.structured.items import Item, Put, StateChanged
from session_host.structured.transcript import Transcript

from . import places
from .page import TranscriptPage
from .places import Place


class DocumentPage(TranscriptPage):
    """A page of items that does not grow: it begins at the top."""

    grows = False

    def show_items(self, items: Iterable[Item], name: str, place: Place | None = None) -> None:
        """Show these items under a name for screen readers, from a place on; None is the beginning."""
        transcript = Transcript()
        transcript.apply(StateChanged("idle"))  # Its end says nothing of an agent.
        for item in items:
            transcript.apply(Put(item))
        self.selection.clear()
        self.set_transcript(transcript)
        self.setAccessibleName(name)
        self._bar.setAccessibleName(page_texts.scrollbar_of(name))
        self.go_to(place)

    def go_to(self, place: Place | None) -> None:
        """Scroll so that a place is at the top of the page; None, or one that does not exist, is the beginning."""
        is_known = place is not None and self.rows.position(place.key) is not None
        self._place = place if is_known else places.top(self.rows)
        self.arrange()

    @property
    def place(self) -> Place | None:
        """The place at the top of the page."""
        return self._place

    def scroll_to_end(self) -> None:
        self._place = places.from_bottom(self.rows, float(self.height()))
        self.arrange()
