"""The widgets of a page's open requests, each over its place on the page."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication, QWidget

from gui.chat.content.requests import RequestLook
from gui.chat.drawing.asking import BELOW_PX
from gui.chat.drawing.code import ASKED_BESIDE_PX
from gui.chat.page import positions
from gui.chat.page.painting import PaintedPage, VisibleRequest
from gui.chat.page.positions import ScrollPosition
from gui.input.refused_keys import refused_keys
from session_host.protocol.messages import AnswerRequest

from .card import CardLook, RequestCard

_LEAD_LINES = 2
"""How many lines stay visible above a request that is shown from its beginning. The heading covers that many."""
MIN_LEAD_PAGE_PX = 160
"""A lower page has no heading, and no lines above the request."""
AT_EDGE_PX = 8
"""A line counts as visible if at most this much of it is outside of the page; the margin around a line is larger."""
_PIN_FROM_LINES = 5
"""Answers stay on a page only if so many lines of what is asked are above them."""


class RequestCards(QObject):
    """The widgets of a page's open requests. A request that is higher than the page is shown from its beginning.

    Attributes:
        look: how they look.

    Signals:
        left(): the request that had the keyboard focus is answered; now the page has the focus.
        withdrawn(): the user withdraws a question, and stops the turn.
    """

    left = Signal()
    withdrawn = Signal()

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
        self._pinned: set[str] = set()
        """The requests whose answers are at the page's lower edge, over a part of what is asked."""
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
            look = self.look._replace(can_withdraw=self.look.can_withdraw and transcript.status.can_interrupt)
            found = self._cards[request_id] = RequestCard(
                page.theme, request, page, self._answer, self._short_directory, look, page.rows.directory
            )
            found.seen.visible_ends = partial(self._visible_ends, request_id)
            self._set_style(found)
            found.resized.connect(self._arrange)
            found.reveal_requested.connect(self._reveal)
            found.looked.connect(partial(self._look, request_id))
            found.withdrawn.connect(self.withdrawn)
            previous: QWidget = page
            for stop in found.focus_order():
                QWidget.setTabOrder(previous, stop)
                previous = stop
        # Only the first request has keys, so that a key never answers a request that the user is not looking at.
        found.show_keys(shown=transcript.open_requests[:1] == [request])
        return found

    def keep_open(self) -> None:
        """Let no question ask any more whether to withdraw it."""
        for card in self._cards.values():
            card.keep_open()

    def _set_style(self, card: RequestCard) -> None:
        page, style = self._page, self._page.style_
        is_own = page.ground == "page"
        card.ground = style.asked_ground if is_own else style.color(page.ground)
        card.edge = style.color("needs_you_fill") if is_own else None
        card.set_style(style)

    def _look(self, request_id: str, look: RequestLook) -> None:
        self._page.rows.show_request_as(request_id, look)

    def is_shown(self, request_id: str) -> bool:
        """Whether all of a request's widget is on the page."""
        card = self._cards.get(request_id)
        return card is not None and card.isVisible() and self._page.rect().contains(card.geometry())

    def shown_card(self, request_id: str) -> RequestCard | None:
        """The widget of a request, if there is one already."""
        return self._cards.get(request_id)

    def clear(self) -> None:
        """Delete the widgets, because the page is about to show another transcript."""
        for card in self._cards.values():
            _delete(card)
        self._cards.clear()

    def _visible_ends(self, request_id: str) -> tuple[bool, bool]:
        """Whether the first and the last line of a request's subject are on the page, and not below its answers."""
        page = self._page
        card, place = self._cards.get(request_id), page.rows.place_of(request_id)
        if place is None or card is None or not page.isVisible():
            return False, False
        position, asked = place
        limit = card.y() if card.isVisible() and request_id in self._pinned else page.height()
        starts = ends = False
        for placed in page.visible:
            if placed.position == position:
                is_first = placed.number == asked.subject and placed.top >= page.covered_px - AT_EDGE_PX
                starts = starts or (is_first and placed.top + page.style_.code_line_px <= limit + AT_EDGE_PX)
                bottom = placed.top + placed.laid.height
                ends = ends or (placed.number == asked.card - 1 and bottom <= limit + AT_EDGE_PX)
        return starts, ends

    def check_seen(self) -> None:
        """Let each widget check whether the user has seen its subject."""
        for card in self._cards.values():
            card.seen.check_soon()

    def _restyle(self) -> None:
        for card in self._cards.values():
            self._set_style(card)

    def answer_by_key(self, kind: str) -> bool:
        """Answer the oldest open request; returns False if its button cannot be pressed, or another has the focus."""
        first = self._page.transcript.open_requests[0].id
        card, focused = self._cards.get(first), QApplication.focusWidget()
        others = (each for each in self._cards.values() if each is not card)
        is_at_another = any(focused is not None and (each is focused or each.isAncestorOf(focused)) for each in others)
        return card is not None and not is_at_another and card.answer_by_key(kind)

    # ------------------------------------------------------------ places

    def height(self, request: str) -> float:
        """The height of a request's widget, with the space below its ground."""
        card, place = self.card(request), self._page.rows.place_of(request)
        if card is None or place is None:
            return 0.0
        page = self._page
        begin, end = page.request_between(place[0], place[1].head)
        left = min(round(page.column_left), ASKED_BESIDE_PX)
        return float(card.height_for(round(end) - round(begin), left, page.size())) + self._below_px

    @property
    def _below_px(self) -> int:
        """The space below the ground of a request."""
        return BELOW_PX if self._page.ground == "page" else 0

    def place(self) -> None:
        """Place the widgets below what is asked, hide the others, and delete those of answered requests.

        While the end of what is asked is below the page, the answers stay at the page's lower edge.
        """
        page, transcript = self._page, self._page.transcript
        shown = {each.asked.request: each for each in page.visible_requests()}
        self._pinned.clear()
        for request_id, card in list(self._cards.items()):
            if (visible := shown.get(request_id)) is not None:
                self._place_card(request_id, card, visible)
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

    def _place_card(self, request_id: str, card: RequestCard, visible: VisibleRequest) -> None:
        """Place a widget, also below the page: it may have the keyboard while what is asked is read."""
        page = self._page
        height = round(page.rows.laid(visible.position, visible.asked.card).height) - self._below_px
        top = round(visible.card_top)
        can_pin = page.height() - height >= _PIN_FROM_LINES * page.style_.code_line_px
        if top + height > page.height() and can_pin:
            least = visible.head_bottom if visible.head_bottom is not None else 0
            pinned = max(page.height() - height, round(least))
            if pinned < top:
                self._pinned.add(request_id)
                top = pinned
        card.setGeometry(round(visible.left), top, round(visible.right) - round(visible.left), height)
        card.set_pinned(pinned=request_id in self._pinned)
        card.show()
        below_px = visible.card_top - top
        lines = math.ceil(below_px / page.style_.code_line_px) if below_px >= 1 else 0
        card.show_below(lines, is_above=not self._visible_ends(request_id)[0])

    def cut(self) -> ScrollPosition | None:
        """The position of the oldest open request, if its head is above the page; once for each request."""
        first = self._page.transcript.open_requests[:1]
        if not first or first[0].id == self._begun:
            return None
        shown = next((each for each in self._page.visible_requests() if each.asked.request == first[0].id), None)
        if shown is None or (shown.head_bottom is not None and shown.top >= self._lead_px):
            return None
        self._begun = first[0].id
        return self.begun()

    def begun(self) -> ScrollPosition | None:
        """The position of the request that is shown from its beginning, None if it is not shown any more."""
        rows = self._page.rows
        if (place := rows.place_of(self._begun)) is None:
            return None
        position, asked = place
        whole_px = sum(rows.laid(position, number).height for number in range(asked.head, asked.card + 1))
        beside_px = max(self._page.height() - whole_px, self._page.covered_px)
        start = ScrollPosition(rows.key(position), asked.head, 0.0)
        return positions.moved(rows, start, -min(self._lead_px, beside_px))

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
