"""Find in a transcript: matches in all items, also in folded ones."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

from PySide6.QtCore import QObject, QRect, QTimer

from gui.finding.finder import FindResult
from gui.finding.query import FindQuery, Pattern

from .content.items import Mode
from .page.finding import WHOLE, Hit, Scan, may_contain
from .page.page import TranscriptPage
from .page.selection import Point

_SEARCH_AGAIN_MS = 400
"""Delay of a new search after a change of the transcript."""


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
        self._steps = 0
        """The steps to later matches (earlier ones if negative) that wait until the search has found those matches."""
        self._line = ""
        self._origin: Point | None = None
        """The position where the search began; the first match shown is the nearest one above it. None after the user
        has scrolled: the next search begins with what the page shows then."""
        self._unfolded: tuple[str, Mode] | None = None
        """The item that the search unfolded, and its previous mode."""
        self._search_timer = QTimer(self, singleShot=True, interval=_SEARCH_AGAIN_MS)
        self._search_timer.timeout.connect(self._search_again)
        self.scan = Scan(
            page.rows.directory, self, page.content,
            lambda key: page.rows.markdown(key),  # noqa: PLW0108 - the page makes its rows again
        )  # fmt: skip
        self.scan.progressed.connect(self._on_found)
        page.framed.connect(self._on_frame)
        page.scrolled.connect(self._on_scrolled)

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
        """See ``Finder``."""
        self._steps += by
        self._run_steps()

    def _run_steps(self) -> None:
        """Take the waiting steps as far as the search has come."""
        hits, is_done = self.scan.hits, self.scan.is_done
        while self._steps and self._page.current_hit is not None:
            by = 1 if self._steps > 0 else -1
            number = self._hit + by
            if not hits or not (is_done or 0 <= number < len(hits)):
                break
            self._steps -= by
            hit = hits[number % len(hits)]
            self._origin = Point(hit.item, hit.segment, hit.begin + 1)
            self._show_hit(number % len(hits))
            self._report()
        if is_done:
            self._steps = 0

    def end_search(self) -> None:
        """See ``Finder``; the current match's item stays unfolded."""
        self._pattern = Pattern(FindQuery())
        self.scan.stop()
        self._search_timer.stop()
        self._unfolded = self._origin = None
        self._page.pattern, self._page.current_hit = None, None
        self._page.update()

    # ------------------------------------------------------------ searching

    def restart_search(self) -> None:
        """Start a new search of the page's transcript."""
        self._restore_fold()
        self._hit, self._steps = -1, 0
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
        self._report()
        self._run_steps()

    def _first_to_show(self, hits: list[Hit]) -> int | None:
        """The number of the match that is shown first; None while that is not known."""
        if not self._line:
            return self._nearest(hits)
        return self._on_line(hits) if hits and self.scan.is_done else None

    def _nearest(self, hits: list[Hit]) -> int | None:
        """The number of the last match above the origin, or of the first one if all are below; None if unknown yet."""
        rows = self._page.rows
        if self._origin is None:
            self._origin = self._page.end_of_view()
        origin = rows.position(self._origin.key), *self._origin[1:]
        if origin[0] is None:
            return len(hits) - 1 if hits else None
        above = bisect_left(hits, origin, key=lambda hit: (rows.position(hit.item) or 0, hit.segment, hit.begin))
        if above > 0:
            return above - 1
        return 0 if hits and self.scan.is_done else None

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
        """Restore the previous mode of the item that the search unfolded."""
        if self._unfolded is not None:
            self._page.rows.set_mode(*self._unfolded)
            self._unfolded = None

    def _show_hit(self, number: int) -> None:
        """Show a match, and unfold its item if the match is in the folded part."""
        self._hit = number
        hit = self.scan.hits[number]
        page = self._page
        position = page.rows.position(hit.item)
        if position is None:
            return
        if self._unfolded is not None and self._unfolded[0] != hit.item:
            self._restore_fold()
        segments = page.rows.row(position).segments
        shown = self._pattern.spans_as_qt_counts(segments[hit.segment].text) if hit.segment < len(segments) else ()
        if (hit.begin, hit.end) not in shown:
            if self._unfolded is None:
                self._unfolded = hit.item, page.rows.mode(hit.item)
            page.rows.set_mode(hit.item, WHOLE)
        page.current_hit = (hit.item, hit.segment, hit.begin, hit.end)
        origin = self._origin
        page.reveal(hit.item, hit.segment, hit.begin)
        self._origin = origin  # It was not the user who scrolled.
