"""Find in a terminal: matches in the history and on the screen, marked in the view and on the scroll bar."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable

from PySide6.QtCore import QObject, QRect, SignalInstance, Slot

from gui.finding.query import FindQuery, FindResult, Pattern
from gui.timers import repeating, single_shot
from session_host.terminal.base import Emulator, Frame
from session_host.terminal.lines import Match

from .display import TerminalDisplay
from .finding import line_search
from .finding.marked_rows import FrameChanger, Mark, Matches, found_colors, marked, marks_of, matches_of
from .input.selection import Selection
from .scrolling import Scroller

_BUDGET_S = 0.004
"""The time of one slice of the search; the window handles events in between."""
_LAST_BUDGET_S = 1.0
"""The time to find the last match that the user asked for before closing the find bar."""
_REFRESH_MS = 80
"""How long after a frame its new output is searched."""
_MAX_SUGGESTION_LENGTH = 200
_NEAR_SHARE = 3
"""The share of the view (a third) to show above a match that was out of view."""


class TerminalFinder(QObject):
    """Implements ``Finder`` for a terminal. A row keeps its number while the history drops older rows.

    Attributes:
        onward: see ``Finder``.
        is_finding: whether a search is on; the view then calls ``before_frame`` and ``after_frame``.
    """

    onward = -1

    def __init__(
        self,
        display: TerminalDisplay,
        scroller: Scroller,
        selection: Selection,
        typed: SignalInstance,
    ) -> None:
        """``typed`` is emitted when the user typed."""
        super().__init__(display)
        self._display = display
        self._scroller = scroller
        self._moved = (scroller.scrolled, typed)
        self._selection = selection
        self.is_finding = False
        self._listener: Callable[[FindResult], object] = lambda _found: None
        self._pattern = Pattern(FindQuery())
        self._matches: Matches | None = None
        self._current: Match | None = None
        self._line = ""
        self._steps = 0
        """The steps to later matches (earlier ones if negative) that wait until the search has found those matches."""
        self._origin: tuple[int, int] | None = None
        """The cell where the search began; the first match shown is the nearest one that begins there or above."""
        self._from_end: int | None = None
        """The number of matches below the current one: finds it again after rows were renumbered."""
        self._is_lost = False
        """Whether the current match must be found again by ``_from_end``."""
        self._keeps_current_in_view = False
        """Whether the view scrolls so that new output does not move the current match out of it."""
        self._covered_px = 0
        self._renumberings = 0
        self._painted_dropped = 0
        self._pending_top: int | None = None
        """The first visible row after a scroll that is not painted yet."""
        self._changer = FrameChanger()
        self._slice_timer = repeating(self)
        self._slice_timer.timeout.connect(self._search_slice)
        self._refresh_timer = single_shot(self, _REFRESH_MS)
        self._refresh_timer.timeout.connect(self._refresh)

    # ------------------------------------------------------------ the bar's side, see ``Finder``

    def set_listener(self, listener: Callable[[FindResult], object]) -> None:
        """See ``Finder``."""
        self._listener = listener

    def set_covered_height(self, height_px: int) -> None:
        """See ``Finder``."""
        if height_px != self._covered_px:
            self._covered_px = height_px
            self._display.request_frame()

    def current_rect(self) -> QRect:
        """See ``Finder``."""
        match, top, surface = self._current, self._top(), self._display.surface
        if match is None or top is None:
            return QRect()
        row, last, end = match.row - top, match.last_row - top, surface.size.columns - 1
        is_one = row == last
        area = surface.cells_rect(row, match.column if is_one else 0, match.last_column if is_one else end)
        area.setHeight(area.height() * (last - row + 1))
        return self._display.logical_rect(area)

    @property
    def is_covering(self) -> bool:
        """Whether the bar covers a part of the view."""
        return self._covered_px > 0

    def suggestion(self) -> str:
        """See ``Finder``."""
        emulator = self._display.emulator
        text = emulator.selected_text() if emulator is not None else ""
        return "" if "\n" in text or len(text) > _MAX_SUGGESTION_LENGTH else text

    def find(self, query: FindQuery, line: str = "") -> None:
        """See ``Finder``."""
        self._pattern = Pattern(query)
        if not self.is_finding:
            for signal in self._moved:
                signal.connect(self._on_user_moved)
            self.is_finding = True
        self._line = line.strip()
        self._current, self._from_end, self._is_lost = None, None, False
        self._steps = 0
        self._restart()

    def step(self, by: int) -> None:
        """See ``Finder``."""
        self._steps += by
        self._take_steps()

    def _take_steps(self) -> None:
        """Take the waiting steps as far as the search has come."""
        while self._steps and (matches := self._matches) is not None and (len(matches) or not matches.is_done):
            by = 1 if self._steps > 0 else -1
            known = matches.all
            if (index := self._index_after_step(known, by)) is None:
                return
            self._steps -= by
            self._line, self._is_lost = "", False
            match = known[index]
            self._origin = (match.row, match.column + 1)
            self._show(match)
            self._report()
        self._steps = 0

    def _index_after_step(self, known: list[Match], by: int) -> int | None:
        """The index in ``known`` of the next match (1) or the one before (-1); None if it has not been found yet."""
        assert self._matches is not None
        is_done = self._matches.is_done
        if not known or (self._current is None and not self._line and not is_done):
            return None
        if self._current is None:
            above = self._index_at_origin(known)
            index = above if by < 0 else above + 1
        else:
            number = self._matches.number_of(self._current)
            after = bisect_right(known, self._current)
            index = number + by if number is not None else after if by > 0 else after - 1
        return index % len(known) if is_done or 0 <= index < len(known) else None

    def end_search(self) -> None:
        """See ``Finder``."""
        if self._steps and self._matches is not None:
            self._matches.search_for(_LAST_BUDGET_S)
            self._choose_current()
            self._take_steps()
        match, top = self._current, self._top()
        if self.is_finding:
            for signal in self._moved:
                signal.disconnect(self._on_user_moved)
            self.is_finding = False
        self._pattern, self._matches, self._current = Pattern(FindQuery()), None, None
        self._origin = None
        self._display.surface.stop_changing(self._mark_frame)
        self._slice_timer.stop()
        self._refresh_timer.stop()
        self._scroller.bar.set_ticks([], None, 1)
        emulator = self._display.emulator
        if emulator is None:
            return
        if match is not None and top is not None and top <= match.row <= match.last_row < top + emulator.size.rows:
            self._selection.select_cells((match.column, match.row - top), (match.last_column, match.last_row - top))
        self._display.repaint_all()

    def show_line(self, text: str, spans: line_search.Spans) -> bool:
        """Scroll to the newest line with this text, and select what ``spans`` marks in it; False if there is none."""
        emulator = self._display.emulator
        if emulator is None or not line_search.show_line(emulator, text, spans):
            return False
        self._scroller.pending = None
        self._selection.note()
        self._display.request_frame()
        return True

    # ------------------------------------------------------------ searching

    def _restart(self) -> None:
        """Restart the search for the pattern."""
        emulator = self._display.emulator
        self._display.surface.stop_changing(self._mark_frame)
        if emulator is None or self._pattern.is_empty or self._pattern.error:
            self._matches = None
            self._slice_timer.stop()
            self._refresh_timer.stop()
            self._report()
        else:
            if self._matches is None:
                self._matches = Matches(emulator)
                self._renumberings = 0
            self._matches.refresh()
            self._check_renumbering()
            self._matches.set_pattern(self._pattern)
            self._painted_dropped = self._matches.index.dropped
            if self._origin is None:
                top = self._top()
                self._origin = ((top or 0) + emulator.size.rows, 0)
            self._display.surface.change_frames(self._mark_frame)
            self._search_slice()
        self._display.repaint_all()

    @Slot()
    def _search_slice(self) -> None:
        """Search for ``_BUDGET_S``; a timer continues after other events."""
        matches = self._matches
        if matches is None or matches.emulator is not self._display.emulator:
            self._slice_timer.stop()
            return
        matches.search_for(_BUDGET_S)
        self._check_renumbering()
        if matches.is_done:
            self._slice_timer.stop()
        elif not self._slice_timer.isActive():
            self._slice_timer.start()
        self._choose_current()
        self._take_steps()
        self._report()

    @Slot()
    def _refresh(self) -> None:
        """Search the new output."""
        if self._matches is not None and self._matches.emulator is self._display.emulator:
            self._matches.refresh()
            self._search_slice()

    def _check_renumbering(self) -> None:
        if self._matches is not None and self._renumberings != self._matches.renumberings:
            self._renumberings = self._matches.renumberings
            self._painted_dropped = self._matches.index.dropped
            self._is_lost = self._current is not None
            self._current = self._origin = None

    def _choose_current(self) -> None:
        """Choose the current match if there is none, and the search has come far enough."""
        matches = self._matches
        if matches is None or self._current is not None:
            return
        known = matches.all
        if self._is_lost:
            if self._from_end is not None and len(known) > self._from_end:
                self._current = known[-1 - self._from_end]
                self._is_lost = False
                self._display.repaint_all()
        elif self._line:
            if matches.is_done:
                self._choose_on_line(known)
        elif known and self._origin is not None:
            index = self._index_at_origin(known)
            if index >= 0:
                self._show(known[index])
            elif matches.is_done:
                self._show(known[0])

    def _choose_on_line(self, known: list[Match]) -> None:
        assert self._matches is not None
        text, self._line = self._line, ""
        lines = [line for line in self._matches.index.all_lines() if text in line.text]
        best = next((line for line in reversed(lines) if line.text.strip() == text), lines[-1] if lines else None)
        if best is None:
            return
        first = next((match for match in known if match.row >= best.row), None)
        if first is not None and first.row < best.row + best.rows:
            self._show(first)

    def _index_at_origin(self, known: list[Match]) -> int:
        """The index of the last match that begins above the origin of the search, or there; -1 for none."""
        return bisect_right(known, self._origin or (0, 0)) - 1

    def _report(self) -> None:
        matches, pattern = self._matches, self._pattern
        if matches is None:
            self._listener(FindResult(error=pattern.error))
            self._scroller.bar.set_ticks([], None, 1)
            return
        number = matches.number_of(self._current) if self._current is not None else None
        count = len(matches)
        if number is not None and matches.is_done:
            self._from_end = count - 1 - number
        position = 0 if number is None else number + 1
        self._listener(FindResult(position, count, matches.is_done, matches.is_cut, "", pattern.is_too_slow))
        if matches.is_done:
            dropped = matches.index.dropped
            current = self._current.row - dropped if self._current is not None else None
            self._scroller.bar.set_ticks([match.row - dropped for match in matches.all], current, matches.index.rows)

    # ------------------------------------------------------------ the view's side

    def on_replaced(self) -> None:
        """There is another emulator, or none: search it, and find the current match again."""
        self._matches = None
        if self._current is not None:
            self._is_lost = True
        self._current = self._origin = None
        if self.is_finding:
            self._restart()

    def _on_user_moved(self) -> None:
        """The user scrolled or typed: let output scroll the view again, and begin the next search in view."""
        self._keeps_current_in_view = False
        self._origin = self._pending_top = None

    def before_frame(self) -> None:
        """Scroll if new output would move the current match out of view."""
        emulator, current = self._display.emulator, self._current
        if not self._keeps_current_in_view or current is None or self._matches is None or emulator is None:
            return
        dropped = self._matches.index.dropped_now()
        if dropped is None or self._display.surface.viewport.offset or self._pending_top is not None:
            return
        above = current.row - dropped - self._covered_rows()
        if 0 <= above < emulator.scrollback_rows:
            emulator.scroll(above - emulator.scrollback_rows)

    def after_frame(self) -> None:
        """Search the new output soon."""
        self._pending_top = None
        if self._matches is not None and not self._refresh_timer.isActive():
            self._refresh_timer.start()

    def _top(self) -> int | None:
        """The number of the first visible row."""
        emulator = self._display.emulator
        if emulator is None or self._matches is None:
            return None
        viewport = self._display.surface.viewport
        if self._pending_top is not None:
            return self._pending_top
        if viewport.offset:
            return self._painted_dropped + viewport.top
        return (self._matches.index.dropped_now() or 0) + emulator.scrollback_rows

    def _show(self, match: Match) -> None:
        """Make a match the current one, and show it."""
        emulator, top = self._display.emulator, self._top()
        if emulator is None or top is None or self._matches is None:
            return
        emulator.clear_selection()  # It would hide the match.
        self._current, self._keeps_current_in_view = match, True
        rows, covered = emulator.size.rows, self._covered_rows()
        if match.row < top + covered or match.last_row >= top + rows:
            above = max(rows // _NEAR_SHARE, min(covered, rows - 1))
            dropped = self._matches.index.dropped
            self._pending_top = min(max(match.row - above, dropped), dropped + emulator.scrollback_rows)
            self._scroller.scroll_to_row(self._pending_top - dropped)
        self._display.repaint_all()

    def _covered_rows(self) -> int:
        """The number of rows that the bar covers, wholly or in part."""
        metrics = self._display.surface.metrics
        return math.ceil(self._covered_px * metrics.device_pixel_ratio / metrics.height)

    # ------------------------------------------------------------ marks

    def _mark_frame(self, emulator: Emulator, frame: Frame) -> Frame:
        """A frame in which the matches have their colours."""
        matches = self._matches
        if matches is None or matches.emulator is not emulator:
            return frame
        self._changer.take(frame)
        dropped = matches.index.dropped_now()
        marks: dict[int, list[Mark]] = {}
        if dropped is not None:
            self._painted_dropped = dropped
            first = frame.scrollback_rows - frame.scroll_offset
            colors = found_colors(self._display.surface.theme)
            for match in matches_of(matches.index.around(first, self._changer.plain, dropped), self._pattern):
                is_current = self._current is not None and match[:2] == self._current[:2]
                for number, mark in marks_of(match, frame.size.columns, colors[is_current]):
                    marks.setdefault(number - dropped - first, []).append(mark)
        return self._changer.changed(frame, lambda number, row: marked(row, marks[number]) if number in marks else row)
