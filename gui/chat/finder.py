"""Find in a transcript: matches in all items, also in folded ones."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from PySide6.QtCore import QObject, QRect, Signal

from gui.finding.query import FindQuery, FindResult, Pattern
from gui.timers import repeating, single_shot
from session_host.structured.items import Item
from session_host.structured.transcript import Transcript

from .content import items as item_content
from .content.items import Content, ItemRequests, Mode
from .content.markdown import MarkdownText
from .page.page import TranscriptPage
from .page.positions import ScrollPosition
from .page.selection import Point

_BUDGET_S = 0.008
"""The duration of one slice of the search; the window handles events between slices."""
_MARKUP = str.maketrans("", "", "*_`~\\")
WHOLE = Mode(unfolded=True, whole=True)
_SEARCH_AGAIN_MS = 400
"""Delay of a new search after a change of the transcript."""


def _requests_of(page: TranscriptPage, item: str) -> ItemRequests:
    """The requests of an item; a method of the finder would keep it, and that the page."""
    return page.rows.requests_of(item)


class TranscriptFinder(QObject):
    """Implements ``Finder`` for a transcript.

    Attributes:
        onward: see ``Finder``.
        scan: the search.
    """

    onward = -1

    def __init__(self, page: TranscriptPage) -> None:
        super().__init__(page)
        self._page = page
        self._listener: Callable[[FindResult], object] = lambda _found: None
        self._pattern = Pattern(FindQuery())
        self._hit = -1
        self._line = ""
        self._origin: Point | None = None
        """The position where the search began; the first match shown is the nearest one above it. None after the user
        has scrolled: the next search begins with what the page shows then."""
        self._view: ScrollPosition | None = None
        """The scroll position then, shown again if nothing is found; None if the page followed the end."""
        self._unfolded: dict[str, Mode] = {}
        """The previous modes of what the search unfolded: an item, and its turn by the prompt."""
        self._unfolded_for = ""
        """The item with the match that they were unfolded for."""
        self._search_timer = single_shot(self, _SEARCH_AGAIN_MS)
        self._search_timer.timeout.connect(self._search_again)
        self.scan = Scan(page.rows.directory, self, page.content, partial(_requests_of, page))
        self.scan.progressed.connect(self._on_found)
        page.scroller.framed.connect(self._on_frame)
        page.scroller.scrolled.connect(self._on_scrolled)

    # ------------------------------------------------------------ called by the find bar, see ``Finder``

    def set_listener(self, listener: Callable[[FindResult], object]) -> None:
        """See ``Finder``."""
        self._listener = listener

    def set_covered_height(self, height_px: int) -> None:
        """See ``Finder``; the page scrolls a match to its upper third."""

    def current_rect(self) -> QRect:
        """See ``Finder``; unknown."""
        return QRect()

    def suggestion(self) -> str:
        """See ``Finder``."""
        selected = self._page.selection.text(self._page.rows, markdown=False)
        return "" if "\n" in selected else selected

    def find(self, query: FindQuery, line: str = "") -> None:
        """See ``Finder``."""
        self._pattern = Pattern(query)
        self._line = line.strip()
        self.restart_search()

    def step(self, by: int) -> None:
        """See ``Finder``; as far as the search has come."""
        hits, number = self.scan.hits, self._hit + by
        if self._page.current_hit is None or not hits or not (self.scan.is_done or 0 <= number < len(hits)):
            return
        hit = hits[number % len(hits)]
        self._origin = Point(hit.item, hit.segment, hit.begin + 1)
        self._show_hit(number % len(hits))
        self._note_view()
        self._report()

    def end_search(self) -> None:
        """See ``Finder``; the current match's item stays unfolded."""
        self._pattern = Pattern(FindQuery())
        self.scan.stop()
        self._search_timer.stop()
        self._unfolded, self._origin = {}, None
        self._page.pattern, self._page.current_hit = None, None
        self._page.update()

    # ------------------------------------------------------------ searching

    def restart_search(self) -> None:
        """Start a new search of the page's transcript."""
        self._restore_fold()
        self._hit = -1
        is_searching = not self._pattern.is_empty and not self._pattern.error
        self._page.pattern, self._page.current_hit = self._pattern if is_searching else None, None
        self.scan.start(self._page.transcript, self._page.pattern)
        self._page.update()

    def _search_again(self) -> None:
        """Search the changed transcript again; the current match stays."""
        if self._page.pattern is not None:
            self.scan.start(self._page.transcript, self._page.pattern)

    def _on_frame(self) -> None:
        if self._page.pattern is not None and not self._search_timer.isActive():
            self._search_timer.start()

    def _on_scrolled(self) -> None:
        self._origin = None

    def _on_found(self) -> None:
        hits, page = self.scan.hits, self._page
        if page.current_hit is not None:
            current = Hit(*page.current_hit)
            self._hit = hits.index(current) if current in hits else -1
        elif (first := self._first_to_show(hits)) is not None:
            self._show_hit(first)
        elif self.scan.is_done and self._origin is not None:
            self._go_back()
        self._report()

    def _first_to_show(self, hits: list[Hit]) -> int | None:
        """The number of the match that is shown first; None while that is not known."""
        if not self._line:
            return self._nearest(hits)
        return self._on_line(hits) if hits and self.scan.is_done else None

    def _nearest(self, hits: list[Hit]) -> int | None:
        """The number of the last match above the origin, or of the first one if all are below; None if unknown yet."""
        rows = self._page.rows
        if self._origin is None:
            self._origin = self._page.scroller.end_of_view()
            self._note_view()
        origin = rows.position(self._origin.key), *self._origin[1:]
        if origin[0] is None:
            return len(hits) - 1 if hits else None
        above = bisect_left(hits, origin, key=lambda hit: (rows.position(hit.item) or 0, hit.segment, hit.begin))
        if above > 0:
            return above - 1
        return 0 if hits and self.scan.is_done else None

    def _note_view(self) -> None:
        scroller = self._page.scroller
        self._view = None if scroller.is_following_end else scroller.position

    def _go_back(self) -> None:
        """Show what the page showed before the search moved it: what was found does not match any more."""
        origin, scroller = self._origin, self._page.scroller
        if self._view is not None:
            scroller.go_to(self._view)
        elif not scroller.is_following_end:
            scroller.scroll_to_end()
        self._origin = origin

    def _on_line(self, hits: list[Hit]) -> int:
        """The number of the last match in an item with the line to show; without such an item, of the last match."""
        line, self._line = self._line.lower(), ""
        if line:
            for number in reversed(range(len(hits))):
                item = self._page.transcript.get(hits[number].item)
                if item is not None and may_contain(item, line):
                    return number
        return len(hits) - 1

    def _report(self) -> None:
        pattern, scan = self._pattern, self.scan
        self._listener(
            FindResult(
                self._hit + 1,
                len(scan.hits),
                scan.is_done,
                error=pattern.error,
                is_too_slow=pattern.is_too_slow,
            )
        )

    def _restore_fold(self) -> None:
        """Restore the previous modes of what the search unfolded."""
        for key, mode in self._unfolded.items():
            self._page.rows.set_mode(key, mode)
        if self._unfolded and self._page.isVisible():
            self._page.scroller.arrange()
        self._unfolded = {}

    def _show_hit(self, number: int) -> None:
        """Show a match, and unfold its item if the match is in the folded part."""
        self._hit = number
        hit = self.scan.hits[number]
        page = self._page
        position = page.rows.position(hit.item)
        if position is None:
            return
        if self._unfolded_for != hit.item:
            self._restore_fold()
        self._unfolded_for = hit.item
        if (opened := page.rows.open_turn(position)) is not None:
            self._unfolded.setdefault(*opened)
        segments = page.rows.row(position).segments
        shown = self._pattern.spans_as_qt_counts(segments[hit.segment].text) if hit.segment < len(segments) else ()
        if (hit.begin, hit.end) not in shown:
            self._unfolded.setdefault(hit.item, page.rows.mode(hit.item))
            page.rows.set_mode(hit.item, WHOLE)
        page.current_hit = (hit.item, hit.segment, hit.begin, hit.end)
        origin = self._origin
        page.scroller.reveal(hit.item, hit.segment, hit.begin)
        self._origin = origin  # It was not the user who scrolled.


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
        requests_of: Callable[[str], ItemRequests | None] = lambda _item: None,
    ) -> None:
        super().__init__(parent)
        self._directory = directory
        self._content, self._requests_of = content, requests_of
        self.hits: list[Hit] = []
        self.is_done = True
        self._pattern: Pattern | None = None
        self._transcript: Transcript | None = None
        self._remaining = 0
        self._timer = repeating(self)
        self._timer.timeout.connect(self._search_slice)

    def start(self, transcript: Transcript, pattern: Pattern | None) -> None:
        """Start to search a transcript; without a pattern, there are no matches."""
        self._transcript, self._pattern, self.hits = transcript, pattern, []
        self._remaining = transcript.queue_start if pattern is not None else 0
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

    def _search_slice(self) -> None:
        transcript, pattern = self._transcript, self._pattern
        if transcript is None or pattern is None:
            return
        end_s = time.monotonic() + _BUDGET_S
        found: list[Hit] = []
        self._remaining = min(self._remaining, len(transcript))
        while self._remaining > 0:
            self._remaining -= 1
            item = transcript[self._remaining]
            found[:0] = hits_in(item, pattern, self._directory, self._content, self._requests_of(item.id))
            if time.monotonic() > end_s:
                break
        self.hits = found + self.hits
        if self._remaining == 0:
            self._timer.stop()
            self.is_done = True
        self.progressed.emit()


class Hit(NamedTuple):
    """A match: the item, the segment of the unfolded item, and the offsets in the segment's text."""

    item: str
    segment: int
    begin: int
    end: int


def hits_in(
    item: Item,
    pattern: Pattern,
    directory: str = "",
    content: Content = item_content.segments,
    requests: ItemRequests | None = None,
) -> list[Hit]:
    """The matches of a pattern in an item.

    Args:
        item: the item.
        pattern: the pattern.
        directory: the chat's directory.
        content: returns the item's segments.
        requests: the item's; of a tool call, what the user decided is in its title.
    """
    query = pattern.query
    if not query.is_expression and not may_contain(item, query.text.lower()):
        return []
    answered = requests.answered if requests is not None and item.kind == "tool" else ()
    found = content(item, WHOLE, MarkdownText(), ItemRequests(answered=answered), directory)
    return [
        Hit(item.id, number, begin, end)
        for number, segment in enumerate(found)
        for begin, end in pattern.spans_as_qt_counts(segment.text)
    ]


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
