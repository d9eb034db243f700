"""Scrolls a transcript: arranges the segments on the page, and follows the end.

The scroll position is relative to a segment, so that nothing moves when the height of a row above becomes known. A page
that is scrolled to its end follows the end.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QPushButton, QScrollBar

from gui.chat.content.highlighting import lexers
from gui.chat.figures import figures
from gui.chat.pictures import pictures
from gui.theme.controls import set_look
from gui.theme.icons import Glyph, glyph_icon
from gui.theme.tooltips import set_tooltip
from gui.wording import chat_texts, page_texts
from session_host.protocol.values import Image
from session_host.structured.turns import TurnSpan

from . import positions
from .painting import BAR_PX, EDGE_ABOVE_PX, PaintedPage
from .positions import PlacedSegment, ScrollPosition
from .requests.cards import MIN_LEAD_PAGE_PX, RequestCards
from .rows import TAIL
from .selection import Point

_AT_END_PX = 2.0
_BUTTON_PX = 24
"""The size of the button that goes to the end. It is beside the column, so that it never covers text or a question."""
BELOW_PX = _BUTTON_PX + 2
"""Its height with the space around it: it is below the scroll bar and the rail."""
_MIN_BUTTON_PAGE_PX = 120
"""A lower or narrower page has no such button: it has no room beside the column."""
WHEEL_LINES = 3
_LINE_PX = 20
"""The scroll distance of one line."""
_HEADING_PX, _BELOW_HEADING_PX = 32, 12
"""The height of the line over the page, at the size ``CHAT_PX``; so far below it is a prompt that one went to."""


class Scroller(QObject):
    """Scrolls a page.

    Attributes:
        position: the scroll position; None before the first frame.
        is_following_end: whether the page follows the end.
        bar: the scroll bar.
        to_end: the button that goes to the end.
        has_heading: whether a line over the page says which prompt the user reads.

    Signals:
        arranged(): the segments on the page, or their positions, may have changed.
        framed(): a frame with the transcript's changes was prepared.
        scrolled(): the page shows another position, and not because its transcript has changed.
    """

    arranged = Signal()
    framed = Signal()
    scrolled = Signal()
    has_heading = False

    def __init__(
        self,
        page: PaintedPage,
        requests: RequestCards,
        card_height: Callable[[str, int], float],
        place_cards: Callable[[], object],
    ) -> None:
        """Scroll a page.

        Args:
            page: the page.
            requests: the widgets of requests; a request that is higher than the page is shown from its beginning.
            card_height: returns the height of the widget over a ``Card``, by the id that this has, and a width.
            place_cards: places the widgets.
        """
        super().__init__(page)
        self._page = page
        self._requests, self._card_height, self._place_cards = requests, card_height, place_cards
        self.position: ScrollPosition | None = None
        self.is_following_end = True
        self._position_to_restore: ScrollPosition | None = None
        """The scroll position to restore when the transcript has its row again."""
        self._is_at_request = False
        """Whether the page shows the beginning of a request, and the user has not scrolled since."""
        self.bar = QScrollBar(Qt.Orientation.Vertical, page)
        self.bar.setAccessibleName(page_texts.SCROLLBAR())
        self.bar.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.bar.setCursor(Qt.CursorShape.ArrowCursor)
        self.bar.valueChanged.connect(self._on_bar)
        self._is_setting_bar = False
        self.to_end = QPushButton(page)
        self.to_end.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.to_end.setCursor(Qt.CursorShape.ArrowCursor)
        self.to_end.clicked.connect(lambda _checked: self.scroll_to_end())
        self.to_end.hide()
        self._has_new_items = False
        """Whether items changed since the page stopped following the end."""
        self._gone_to = ""
        """The prompt to which the user went; "" once the page is scrolled otherwise."""
        lexers().loaded.connect(self._lay_out_code)
        figures().drawn.connect(self._lay_out_code)
        pictures().decoded.connect(self._on_picture)
        page.restyled.connect(self._on_restyled)

    # ------------------------------------------------------------ content

    def keep_position(self) -> None:
        """Keep the position for ``restore_position``, because the page is about to show another transcript."""
        self._position_to_restore = self.chosen_position

    @property
    def chosen_position(self) -> ScrollPosition | None:
        """The scroll position that the user chose, also if its row does not exist yet; None for the end."""
        if self._position_to_restore is not None:
            return self._position_to_restore
        return None if self.is_following_end or self._is_at_request else self.position

    def go_once_known(self, position: ScrollPosition | None) -> None:
        """Go to a position once a transcript with its row is shown; scrolling before cancels this."""
        self._position_to_restore = position

    def restore_position(self) -> None:
        """Go to the kept position if it exists in the page's transcript, else to the end."""
        self.set_following(True)
        rows, kept = self._page.rows, self._position_to_restore
        if kept is not None and rows.position(kept.key) is not None and kept.key != TAIL:
            self.position, self._position_to_restore = kept, None
            self.set_following(False)
        elif len(rows.transcript):
            self._position_to_restore = None

    def show_frame(self) -> None:
        """Show the changes of the transcript now."""
        rows = self._page.rows
        read = [rows.key(placed.position) for placed in self._page.visible]
        if rows.apply_changes() and not self.is_following_end:
            self._has_new_items = True
        if not self.is_following_end:  # The steps that the user reads stay when their turn ends.
            for key in read:
                if (position := rows.position(key)) is not None:
                    rows.open_turn(position)
            if self.position is not None and rows.position(self.position.key) is None:
                below = next((key for key in read if rows.position(key) is not None), None)
                self.position = ScrollPosition(below, 0, 0.0) if below is not None else None
        self.arrange()
        self.framed.emit()

    # ------------------------------------------------------------ arranging

    def arrange(self) -> None:
        """Determine the segments on the page, and their positions."""
        page = self._page
        if self._requests.goes_on():
            self.set_following(True)
        elif self._is_at_request:
            # The rows above it may have another height.
            self.position = self._requests.begun() or self.position
        self._walk()
        if self.is_following_end and (start := self._requests.cut()) is not None:
            self.set_following(False)
            self.position, self._is_at_request = start, True
            self._walk()
        visible, height = page.visible, page.height()
        if visible:
            first, last = visible[0], visible[-1]
            page.rows.free_distant_layouts((first.position, first.number), (last.position, last.number))
        if visible and self._is_last(visible[-1]) and visible[-1].bottom <= height + _AT_END_PX:
            self.set_following(True)
        self._show_bar()
        self._place_cards()
        self._show_button()
        self.arranged.emit()
        page.update()

    def _walk(self) -> None:
        """Find the segments on the page."""
        rows, height = self._page.rows, float(self._page.height())
        for _ in range(3):
            if self.is_following_end or self.position is None:
                self.position = positions.from_bottom(rows, height)
            visible = positions.segments_on_page(rows, self.position, height)
            if not visible or (self._is_last(visible[-1]) and visible[-1].bottom < height):
                self.position = positions.from_bottom(rows, height)
                visible = positions.segments_on_page(rows, self.position, height)
            self._page.visible[:] = visible
            if not self._measure_cards():
                break

    def _is_last(self, visible: PlacedSegment) -> bool:
        return (visible.position, visible.number) == positions.last_of(self._page.rows)

    def set_following(self, following: bool) -> None:
        """Follow the end, if the transcript grows, or stop that."""
        self._is_at_request = False
        self.is_following_end = following and self._page.grows

    def _measure_cards(self) -> bool:
        """Measure the heights of the widgets over cards; returns whether one changed."""
        changed, rows = False, self._page.rows
        asked = (each.asked.request for each in self._page.visible_requests())  # Also of those that begin further down.
        for card in dict.fromkeys([*self._page.visible_cards(), *asked]):
            changed = rows.set_card_height(card, self._card_height(card, round(rows.widths.text))) or changed
        return changed

    def _show_bar(self) -> None:
        page, bar = self._page, self.bar
        end = max(round(sum(page.rows.heights) - page.height()), 0)
        value = end
        if not self.is_following_end and self.position is not None:
            value = round(positions.distance_from_top(page.rows, self.position))
        self._is_setting_bar = True
        bar.setPageStep(page.height())
        bar.setSingleStep(round(page.style_.line_px * WHEEL_LINES))
        bar.setRange(0, end)
        bar.setValue(min(value, end))
        self._is_setting_bar = False
        bar.setVisible(end > 0)

    def _show_button(self) -> None:
        """Show the button that goes to the end while the page does not follow it, and whether there are new items."""
        button, width, height = self.to_end, self._page.width(), self._page.height()
        self._has_new_items = self._has_new_items and not self.is_following_end
        is_shown = self._page.grows and not self.is_following_end and min(width, height) >= _MIN_BUTTON_PAGE_PX
        kind = "to_new" if self._has_new_items else "to_end"
        if is_shown and button.property("kind") != kind:
            text = chat_texts.NEW_MESSAGES() if self._has_new_items else chat_texts.SCROLL_TO_END()
            button.setAccessibleName(text)
            set_tooltip(button, text)
            set_look(button, "kind", kind)
            self._set_button_icon()
        below_px = BELOW_PX if is_shown else 0
        button.setGeometry(width - _BUTTON_PX - 1, height - _BUTTON_PX - 1, _BUTTON_PX, _BUTTON_PX)
        button.setVisible(is_shown)
        self.bar.setGeometry(width - BAR_PX, 0, BAR_PX, height - below_px)

    def _set_button_icon(self) -> None:
        token = "on_accent" if self._has_new_items else "text"
        self.to_end.setIcon(glyph_icon(Glyph.DOWN, self._page.theme.tokens, token))

    def _lay_out_code(self) -> None:
        self._page.rows.lay_out_code()
        if self._page.isVisible():
            self.arrange()

    def _on_picture(self, image: Image) -> None:
        if pictures().is_broken(image):
            self._page.rows.show_broken(image)
            if self._page.isVisible():
                self.arrange()
        self._page.update()

    def _on_restyled(self) -> None:
        self._set_button_icon()
        if self._page.isVisible():
            self.arrange()

    # ------------------------------------------------------------ scrolling

    def scroll_by(self, distance: float) -> None:
        """Scroll down, or up with a negative distance."""
        if self.position is None or (distance > 0 and self.is_following_end):
            return
        self._scroll(positions.moved(self._page.rows, self.position, round(distance)))

    def scroll_lines(self, lines: int) -> None:
        """Scroll down, or back with negative lines."""
        self.scroll_by(lines * _LINE_PX)

    def scroll_pages(self, pages: int) -> None:
        """Scroll by whole pages, less a line that stays visible."""
        self.scroll_by(pages * max(self._page.height() - _LINE_PX, _LINE_PX))

    def scroll_to_end(self) -> None:
        """Scroll to the end, and follow it if the transcript grows."""
        page = self._page
        self._scroll(None if page.grows else positions.from_bottom(page.rows, float(page.height())))

    def scroll_to_start(self) -> None:
        """Scroll to the beginning."""
        self._scroll(positions.top(self._page.rows))

    def _scroll(self, position: ScrollPosition | None, *, gone_to: str = "") -> None:
        """Scroll to a position, or to the end and follow it; ``gone_to`` is the prompt that the user goes to."""
        self._position_to_restore, self._gone_to = None, gone_to
        self.set_following(position is None)
        self.position = position or self.position
        self.arrange()
        self.scrolled.emit()

    def go_to(self, position: ScrollPosition | None) -> None:
        """Scroll a position to the top of the page; None, or one that does not exist, is the beginning."""
        rows = self._page.rows
        is_known = position is not None and rows.position(position.key) is not None
        self.position = position if is_known else positions.top(rows)
        self.arrange()

    def scroll_to(self, key: str, segment: int, y: float = 0.0, *, always: bool = False) -> None:
        """Scroll a position in a segment to the upper third of the page, if it is not visible (or ``always``)."""
        page = self._page
        position = page.rows.position(key)
        if position is None:
            return
        page.rows.open_turn(position)
        shown = next((each for each in page.visible if (each.position, each.number) == (position, segment)), None)
        if not always and shown is not None and page.covered_px <= shown.top + y <= self._last_line_px():
            return
        self._scroll(positions.moved(page.rows, ScrollPosition(key, segment, round(y)), -page.height() // 3))

    def go_to_prompt(self, key: str) -> None:
        """Scroll a prompt to a little below the head line, or as near as the end of the chat lets it."""
        rows = self._page.rows
        if (position := rows.position(key)) is None:
            return
        rows.open_turn(position)
        by_px = rows.row(position).before + EDGE_ABOVE_PX - _BELOW_HEADING_PX - self.heading_px
        self._scroll(positions.moved(rows, ScrollPosition(key, 0, 0.0), by_px), gone_to=key)

    @property
    def gone_to(self) -> int | None:
        """The position of the prompt to which the user went, while its beginning is in sight."""
        position = self._page.rows.position(self._gone_to) if self._gone_to else None
        return position if position is not None and self.is_in_sight(position) else None

    @property
    def position_here(self) -> int:
        """The position of the item that the user reads; -1 for none.

        It is the prompt to which they went; else, at the chat's end, the last item; else the first one on the page.
        """
        if (gone_to := self.gone_to) is not None:
            return gone_to
        last, top_px = self._page.transcript.queue_start - 1, self.heading_px + _BELOW_HEADING_PX
        read = (placed.position for placed in reversed(self._page.visible) if placed.top <= top_px)
        return last if self.is_following_end else min(next(read, -1), last)

    def turn_here(self) -> TurnSpan | None:
        """The turn that the user reads; None without one that has a prompt."""
        position = self.position_here
        turn = self._page.rows.turn(position).turn if position >= 0 else None
        return turn if turn is not None and turn.prompts else None

    def is_in_sight(self, position: int) -> bool:
        """Whether the beginning of the item at a position is on the page, and not below the head line."""
        begin = next((each for each in self._page.visible if (each.position, each.number) == (position, 0)), None)
        return begin is not None and begin.top + EDGE_ABOVE_PX >= (0 if self.is_at_begin else self.heading_px)

    @property
    def heading_px(self) -> int:
        """The height of the line over the page, where that is shown; 0 for none."""
        is_high = self._page.height() >= MIN_LEAD_PAGE_PX
        return round(self._page.style_.scaled(_HEADING_PX)) if self.has_heading and is_high else 0

    @property
    def is_at_begin(self) -> bool:
        """Whether the page shows the chat from its beginning; then no line is over it."""
        first = next(iter(self._page.visible), None)
        if first is None:
            return True
        return (first.position, first.number) == positions.first_of(self._page.rows) and first.top >= 0

    def _last_line_px(self) -> float:
        """The y coordinate below which ``scroll_to`` does not leave a position."""
        return self._page.height() - 2 * self._page.style_.line_px

    def reveal(self, key: str, segment: int, offset: int) -> None:
        """Scroll to a position in the text, if it is not on the page."""
        rows = self._page.rows
        position = rows.position(key)
        if position is not None:
            rows.open_turn(position)
        if position is None or segment >= len(rows.row(position).segments):
            self.arrange()
            return
        y = 0.0
        for box in rows.laid(position, segment).boxes:
            if box.start <= offset <= box.start + box.length:
                line = box.layout.lineForTextPosition(offset - box.start)
                if line.isValid():
                    y = box.y + line.y()
                    x = box.x + line.cursorToX(offset - box.start)[0]  # type: ignore[index]
                    rows.show_aside(position, segment, x, x)
                break
        self.arrange()
        self.scroll_to(key, segment, y)
        self._page.update()

    def end_of_view(self) -> Point:
        """The position in the text after what the page shows: there or below it, ``scroll_to`` would scroll."""
        bottom_px, rows = self._last_line_px(), self._page.rows
        shown = next((placed for placed in reversed(self._page.visible) if placed.top <= bottom_px), None)
        if shown is None or self.is_following_end:
            return Point(TAIL, 0, 0)
        if shown.bottom <= bottom_px and shown.number == len(rows.row(shown.position).segments) - 1:
            return Point(rows.key(shown.position + 1), 0, 0)
        return Point(rows.key(shown.position), shown.number, shown.laid.end_above(bottom_px - shown.top))

    def _on_bar(self, value: int) -> None:
        if self._is_setting_bar:
            return
        if value >= self.bar.maximum():
            self.scroll_to_end()
        else:
            self._scroll(positions.at_distance(self._page.rows, float(value)))
