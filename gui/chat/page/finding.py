"""Finds a text in all items of a transcript, also in folded ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal

from gui.chat.content import items as item_content
from gui.chat.content.items import Content, ItemRequests, Mode
from gui.chat.content.markdown import MarkdownText
from gui.finding.query import Pattern
from session_host.structured.items import Item
from session_host.structured.transcript import Transcript

_BUDGET_S = 0.008
"""The duration of one slice of the search; the window handles events between slices."""
_LONG = 20_000
"""An answer of so many characters takes longer than a few slices to be read."""
_MARKUP = str.maketrans("", "", "*_`~\\")
WHOLE = Mode(unfolded=True, whole=True)


class Hit(NamedTuple):
    """A match: the item, the segment of the unfolded item, and the offsets in the segment's text."""

    item: str
    segment: int
    begin: int
    end: int


def may_contain(item: Item, searched: str) -> bool:
    """Whether an item may contain a lower-case text: a quick test of the unformatted fields."""
    parts = [item.text, item.title, item.command, item.output, item.directory]
    parts += [entry.text for entry in item.plan]
    parts += [f"{change.path}\n{change.patch}" for change in item.changes]
    plain = searched.translate(_MARKUP)
    for part in parts:
        small = part.lower()
        if searched in small or (plain and plain in small.translate(_MARKUP)):
            return True
    return False


def hits_in(
    item: Item,
    pattern: Pattern,
    directory: str = "",
    content: Content = item_content.segments,
    markdown_of: Callable[[Item], MarkdownText] = lambda _item: MarkdownText(),
) -> list[Hit]:
    """The matches of a pattern in an item.

    Args:
        item: the item.
        pattern: the pattern.
        directory: the chat's directory.
        content: returns the item's segments.
        markdown_of: returns an object that may have the item's text already.
    """
    query = pattern.query
    if not query.is_expression and not may_contain(item, query.text.lower()):
        return []
    found = content(item, WHOLE, markdown_of(item), ItemRequests(), directory)
    return [
        Hit(item.id, number, begin, end)
        for number, segment in enumerate(found)
        for begin, end in pattern.spans_as_qt_counts(segment.text)
    ]


class Scan(QObject):
    """Searches a transcript from its end, some items at a time.

    Signals:
        progressed: more matches were found, or the search has finished.
    """

    progressed = Signal()

    def __init__(
        self,
        directory: str,
        parent: QObject,
        content: Content = item_content.segments,
        shown: Callable[[str], MarkdownText | None] = lambda _key: None,
    ) -> None:
        """Make a search; ``shown`` returns the Markdown of an item that the page has read already."""
        super().__init__(parent)
        self._directory = directory
        self._content = content
        self._shown = shown
        self._read: dict[str, MarkdownText] = {}
        """Long answers that the search has read, by their ids: each letter that the user types is a new search."""
        self.hits: list[Hit] = []
        self.is_done = True
        self._pattern: Pattern | None = None
        self._transcript: Transcript | None = None
        self._remaining = 0
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._search_slice)

    def start(self, transcript: Transcript, pattern: Pattern | None) -> None:
        """Start to search a transcript; without a pattern, there are no matches."""
        self._transcript, self._pattern, self.hits = transcript, pattern, []
        self._remaining = len(transcript) if pattern is not None else 0
        self.is_done = pattern is None
        if pattern is not None:
            self._timer.start()
            self._search_slice()
        else:
            self._timer.stop()
            self.progressed.emit()

    def stop(self) -> None:
        """Stop the search, and forget its matches."""
        self._timer.stop()
        self.hits, self.is_done = [], True
        self._read.clear()

    def _markdown_of(self, item: Item) -> MarkdownText:
        if item.kind != "agent" or len(item.text) < _LONG:
            return MarkdownText()
        return self._shown(item.id) or self._read.setdefault(item.id, MarkdownText())

    def _search_slice(self) -> None:
        transcript, pattern = self._transcript, self._pattern
        if transcript is None or pattern is None:
            return
        end_s = time.monotonic() + _BUDGET_S
        found: list[Hit] = []
        self._remaining = min(self._remaining, len(transcript))
        while self._remaining > 0:
            self._remaining -= 1
            found[:0] = hits_in(transcript[self._remaining], pattern, self._directory, self._content, self._markdown_of)
            if time.monotonic() > end_s:
                break
        self.hits = found + self.hits
        if self._remaining == 0:
            self._timer.stop()
            self.is_done = True
        self.progressed.emit()
