"""The widgets of a page's open requests, each over its place on the page."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication, QWidget

from gui.chat.content.segments import Card
from gui.chat.page import positions
from gui.chat.page.painting import PaintedPage
from gui.chat.page.positions import PlacedSegment, ScrollPosition
from gui.input.refused_keys import refused_keys
from session_host.protocol.messages import AnswerRequest

from .card import CardLook, RequestCard

_LEAD_LINES = 2
"""How many lines stay visible above a request that is shown from its beginning. The heading covers that many."""
MIN_LEAD_PAGE_PX = 160
"""A lower page has no heading, and no lines above the request."""
AT_EDGE_PX = 8
"""A line counts as visible if at most this much of it is outside of the page; the margin around a line is larger."""
_GAP_PX = 8
"""The space above and below a widget."""


class RequestCards(QObject):
    """The widgets of a page's open requests. A request that is higher than the page is shown from its beginning.

    Attributes:
        look: how they look.

    Signals:
        left(): the request that had the keyboard focus is answered; now the page has the focus.
    """

    left = Signal()

    def __init__(
        self,
        page: PaintedPage,
        answer: Callable[[AnswerRequest], object],
        short_directory: Callable[[str], str],
        arrange: Callable[[], object],
        reveal: Callable[[QWidget], object],
    ) -> None:
        """Make widgets when they are needed.

        Args:
            page: the page.
            answer: gets the user's answers.
            short_directory: returns a directory's path as it is shown.
            arrange: arranges the page, since a widget needs another height.
            reveal: scrolls until a part of a widget is in view.
        """
        super().__init__(page)
        self._page, self._answer, self._arrange, self._reveal = page, answer, arrange, reveal
        self._short_directory = short_directory
        self.look = CardLook()
        self._cards: dict[str, RequestCard] = {}
        self._begun = ""
        """The last request that was shown from its beginning, as it is higher than the page."""
        page.restyled.connect(self._restyle)

    def card(self, request_id: str) -> RequestCard | None:
        """The widget of an open request."""
        page, transcript = self._page, self._page.transcript
        request = transcript.requests.get(request_id)
        if request is None:
            return None
        found = self._cards.get(request_id)
        if found is not None and found.request != request:
            _delete(found)
            found = None
        if found is None:
            found = self._cards[request_id] = RequestCard(
                page.theme, request, page, self._answer, self._short_directory, self.look
            )
            if request.kind == "edit" and request.subject:
                found.seen.set_visible_ends(lambda: self._visible_ends(request_id))
            found.set_style(page.style_)
            found.resized.connect(self._arrange)
            found.reveal_requested.connect(self._reveal)
            previous: QWidget = page
            for stop in found.focus_order():
                QWidget.setTabOrder(previous, stop)
                previous = stop
        # Only the first request has keys, so that a key never answers a request that the user is not looking at.
        found.show_keys(shown=transcript.open_requests[:1] == [request])
        return found

    def shown_card(self, request_id: str) -> RequestCard | None:
        """The widget of a request, if there is one already."""
        return self._cards.get(request_id)

    def clear(self) -> None:
        """Delete the widgets, because the page is about to show another transcript."""
        for card in self._cards.values():
            _delete(card)
        self._cards.clear()

    def _visible_ends(self, request_id: str) -> tuple[bool, bool]:
        """Whether the first and the last line of a request's subject are on the page."""
        starts = ends = False
        page = self._page
        for placed in page.visible if page.isVisible() else ():
            segments = page.rows.row(placed.position).segments
            for number, card in enumerate(segments):
                if isinstance(card, Card) and card.request == request_id:
                    is_first = placed.number == number - card.subject_segments
                    starts = starts or (is_first and placed.top >= page.covered_px - AT_EDGE_PX)
                    bottom = placed.top + placed.laid.height
                    ends = ends or (placed.number == number - 1 and bottom <= page.height() + AT_EDGE_PX)
        return starts, ends

    def check_seen(self) -> None:
        """Let each widget check whether the user has seen its subject."""
        for card in self._cards.values():
            card.seen.check_soon()

    def _restyle(self) -> None:
        for card in self._cards.values():
            card.set_style(self._page.style_)

    def answer_by_key(self, kind: str) -> bool:
        """Answer the oldest open request; returns False if its button cannot be pressed, or another has the focus."""
        first = self._page.transcript.open_requests[0].id
        card, focused = self._cards.get(first), QApplication.focusWidget()
        others = (each for each in self._cards.values() if each is not card)
        is_at_another = any(focused is not None and (each is focused or each.isAncestorOf(focused)) for each in others)
        return card is not None and not is_at_another and card.answer_by_key(kind)

    # ------------------------------------------------------------ places

    def height(self, request: str, width: int) -> float:
        """The height of a request's widget with the space around it."""
        card = self.card(request)
        room_px = self.look.room_px or self._page.height()
        return 0.0 if card is None else float(card.height_for(width, room_px)) + 2 * _GAP_PX

    def place(self, shown: dict[str, PlacedSegment]) -> None:
        """Place the widgets over these segments, hide the others, and delete those of answered requests."""
        page, transcript = self._page, self._page.transcript
        left, width = round(page.column_left), round(page.rows.widths.text)
        for request_id, card in list(self._cards.items()):
            if (placed := shown.get(request_id)) is not None:
                card.setGeometry(left, round(placed.top) + _GAP_PX, width, round(placed.laid.height) - 2 * _GAP_PX)
                card.show()
                continue
            is_left = card.isAncestorOf(page.window().focusWidget())
            if is_left:
                page.setFocus(Qt.FocusReason.TabFocusReason)
            card.hide()
            if request_id in transcript.answers or request_id not in transcript.requests:
                if is_left and not card.is_answered_here:
                    refused_keys.begin()
                if is_left:
                    self.left.emit()
                del self._cards[request_id]
                card.deleteLater()

    def cut(self) -> ScrollPosition | None:
        """The position of the oldest open request, if the page's top cuts it; once for each request."""
        first = self._page.transcript.open_requests[:1]
        if not first or first[0].id == self._begun:
            return None
        placed = self._page.visible_cards().get(first[0].id)
        if placed is None or placed.top >= self._lead_px:
            return None
        self._begun = first[0].id
        return self.begun()

    def begun(self) -> ScrollPosition | None:
        """The position of the request that is shown from its beginning, None if it is not shown any more."""
        rows = self._page.rows
        if (place := rows.place_of(self._begun)) is None:
            return None
        start = ScrollPosition(rows.key(place[0]), place[1], 0.0)
        return positions.moved(rows, start, -self._lead_px)

    @property
    def _lead_px(self) -> float:
        return _LEAD_LINES * self._page.style_.line_px if self._page.height() >= MIN_LEAD_PAGE_PX else 0.0

    def goes_on(self) -> bool:
        """Whether the request that was shown from its beginning was answered while it was on the page."""
        card = self._cards.get(self._begun)
        return card is not None and card.isVisible() and self._begun in self._page.transcript.answers


def _delete(card: RequestCard) -> None:
    card.hide()
    card.deleteLater()
