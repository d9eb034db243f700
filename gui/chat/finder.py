"""Find in a transcript: matches in all items, those included that are folded."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from gui.finding.finder import Found
from gui.finding.query import FindQuery, Pattern

from .content.items import Mode
from .page.finding import WHOLE, Hit, Scan, may_contain
from .page.page import TranscriptPage

_SEARCH_AGAIN_MS = 400
"""After a change of the transcript."""


class TranscriptFinder(QObject):
    """Implements ``Finder`` for a transcript.

    Attributes:
        scan: the search.
    """

    def __init__(self, page: TranscriptPage) -> None:
        super().__init__(page)
        self._page = page
        self._tell: Callable[[Found], object] = lambda _found: None
        self._pattern = Pattern(FindQuery())
        self._hit = -1
        self._steps = 0
        """How many matches further (or back, if negative) the user asked to go, where the search has not come yet."""
        self._line = ""
        self._unfolded: tuple[str, Mode] | None = None
        """The item that the search unfolded, and how it was shown before."""
        self._search_soon = QTimer(self, singleShot=True, interval=_SEARCH_AGAIN_MS)
        self._search_soon.timeout.connect(self._search_again)
        self.scan = Scan(page.rows.directory, self)
        self.scan.progressed.connect(self._on_found)
        page.framed.connect(self._on_frame)

    # ------------------------------------------------------------ the bar's side, see ``Finder``

    def listen(self, tell: Callable[[Found], object]) -> None:
        """See ``Finder``."""
        self._tell = tell

    def cover(self, height_px: int) -> None:
        """See ``Finder``; the page scrolls a match to its upper third."""

    def suggestion(self) -> str:
        """See ``Finder``."""
        selected = self._page.selection.text(self._page.rows, markdown=False)
        return "" if "\n" in selected else selected

    def find(self, query: FindQuery, line: str = "") -> None:
        """See ``Finder``."""
        self._pattern = Pattern(query)
        self._line = line.strip()
        self.search_anew()

    def step(self, by: int) -> None:
        """See ``Finder``."""
        self._steps += by
        self._take_steps()

    def _take_steps(self) -> None:
        """Go as far as the user asked to; what has not been searched yet is waited for."""
        hits, is_done = self.scan.hits, self.scan.is_done
        while self._steps and self._page.current_hit is not None:
            by = 1 if self._steps > 0 else -1
            number = self._hit + by
            if not hits or not (is_done or 0 <= number < len(hits)):
                break
            self._steps -= by
            self._show_hit(number % len(hits))
            self._report()
        if is_done:
            self._steps = 0

    def leave(self) -> None:
        """See ``Finder``; the item that is shown stays unfolded."""
        self._pattern = Pattern(FindQuery())
        self.scan.stop()
        self._search_soon.stop()
        self._unfolded = None
        self._page.pattern, self._page.current_hit = None, None
        self._page.update()

    # ------------------------------------------------------------ searching

    def search_anew(self) -> None:
        """Search the page's transcript from its end, for the first time."""
        self._fold_again()
        self._hit, self._steps = -1, 0
        is_looking = not self._pattern.is_empty and not self._pattern.error
        self._page.pattern, self._page.current_hit = self._pattern if is_looking else None, None
        self.scan.start(self._page.transcript, self._page.pattern)
        self._page.update()

    def _search_again(self) -> None:
        """Search the transcript as it is now; the match that is shown stays."""
        if self._page.pattern is not None:
            self.scan.start(self._page.transcript, self._page.pattern)

    def _on_frame(self) -> None:
        if self._page.pattern is not None and not self._search_soon.isActive():
            self._search_soon.start()

    def _on_found(self) -> None:
        hits, page = self.scan.hits, self._page
        if page.current_hit is not None:
            current = Hit(*page.current_hit)
            self._hit = hits.index(current) if current in hits else -1
        elif hits and (self.scan.is_done or not self._line):
            self._show_hit(self._on_line(hits))
        self._report()
        self._take_steps()

    def _on_line(self, hits: list[Hit]) -> int:
        """The last hit in an item that has the wanted line; the last of all, if there is none."""
        wanted, self._line = self._line.lower(), ""
        if wanted:
            for number in reversed(range(len(hits))):
                item = self._page.transcript.get(hits[number].item)
                if item is not None and may_contain(item, wanted):
                    return number
        return len(hits) - 1

    def _report(self) -> None:
        pattern, scan = self._pattern, self.scan
        self._tell(
            Found(
                self._hit + 1,
                len(scan.hits),
                scan.is_done,
                error=pattern.error,
                is_too_slow=pattern.is_too_slow,
            )
        )

    def _fold_again(self) -> None:
        """Show the item that the search unfolded as before."""
        if self._unfolded is not None:
            self._page.rows.set_mode(*self._unfolded)
            self._unfolded = None

    def _show_hit(self, number: int) -> None:
        """Show one match; the item is unfolded if the match is in the folded part."""
        self._hit = number
        hit = self.scan.hits[number]
        page = self._page
        position = page.rows.position(hit.item)
        if position is None:
            return
        if self._unfolded is not None and self._unfolded[0] != hit.item:
            self._fold_again()
        segments = page.rows.row(position).segments
        if hit.segment >= len(segments) or not self._pattern.spans(segments[hit.segment].text):
            if self._unfolded is None:
                self._unfolded = hit.item, page.rows.mode(hit.item)
            page.rows.set_mode(hit.item, WHOLE)
        page.current_hit = (hit.item, hit.segment, hit.begin, hit.end)
        page.reveal(hit.item, hit.segment, hit.begin)
