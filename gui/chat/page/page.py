"""A transcript with keyboard control, request widgets and search marks."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
)
from PySide6.QtWidgets import QApplication, QWidget

from gui.chat.content.segments import Card, Code, DiffHead
from gui.chat.drawing.segment_layout import Control
from gui.input.keys import is_text
from gui.theme.theme import Theme
from gui.theme.tokens import COPIED_MS, blend
from gui.wording import chat_texts
from session_host.structured.items import REJECTIONS
from session_host.structured.transcript import Transcript

from . import positions
from .accessible_rows import AccessibleRows, spoken_row
from .pointing import PointedPage
from .positions import PlacedSegment, ScrollPosition
from .requests import Answer, RequestCard
from .rows import Row

_LOOK_UP_AFTER_MS = 150
"""How long after scrolling the names of files on the page are looked up."""
_KEYS_OF_ENDS = {Qt.Key.Key_Home, Qt.Key.Key_End}
"""The keys that do the same with Ctrl, as in browsers."""
_OF_MENUS = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
_LEAD_LINES = 2
"""How many lines stay visible above a request that is shown from its beginning. The heading covers that many."""
MIN_LEAD_PAGE_PX = 160
"""A lower page has no heading, and no lines above the request."""
_AT_EDGE_PX = 8
"""A line counts as visible if at most this much of it is outside of the page; the margin around a line is larger."""


class TranscriptPage(PointedPage):
    """The transcript of a chat.

    Signals (and those of PointedPage):
        typed(str): the user typed a text while the page had the keyboard focus; it belongs into the prompt.
        interrupt_requested(): the user pressed Ctrl+C with nothing selected.
        request_left(): the request that had the keyboard focus is answered; now the page has the focus.
    """

    typed = Signal(str)
    interrupt_requested = Signal()
    request_left = Signal()

    def __init__(
        self, theme: Theme, directory: str = "", parent: QWidget | None = None, *, answer: Answer = lambda *_: None
    ) -> None:
        """Make an empty page; ``answer`` gets the answers to its requests."""
        super().__init__(theme, directory, parent)
        self._answer = answer
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(chat_texts.MESSAGES())
        self._cards: dict[str, RequestCard] = {}
        self._begun = ""
        """The last request that was shown from its beginning, as it is higher than the page."""
        self._accessible = AccessibleRows(self, self.spoken)
        self.restyled.connect(self._restyle_cards)
        self._copied_timer = QTimer(self, singleShot=True, interval=COPIED_MS)
        self._copied_timer.timeout.connect(lambda: self._show_copied(None))
        self._look_up_soon = QTimer(self, singleShot=True, interval=_LOOK_UP_AFTER_MS)
        self._look_up_soon.timeout.connect(self._look_up_stops)
        self.arranged.connect(self._look_up_soon.start)
        self._keys: dict[int, Callable[[], object]] = {
            Qt.Key.Key_Up: lambda: self.scroll_by(-self.style_.line_px * 2),
            Qt.Key.Key_Down: lambda: self.scroll_by(self.style_.line_px * 2),
            Qt.Key.Key_PageUp: lambda: self.scroll_by(-self.height() * 0.9),
            Qt.Key.Key_PageDown: lambda: self.scroll_by(self.height() * 0.9),
            Qt.Key.Key_Home: self.scroll_to_start,
            Qt.Key.Key_End: self.scroll_to_end,
        }

    def set_transcript(self, transcript: Transcript) -> None:
        """Show a transcript."""
        for card in self._cards.values():
            card.hide()
            card.deleteLater()
        self._cards.clear()
        super().set_transcript(transcript)

    def spoken(self, row: Row) -> str:
        """A row's text for screen readers, "" for none."""
        return spoken_row(self.rows, row)

    # ------------------------------------------------------------ requests

    def card(self, request_id: str) -> RequestCard | None:
        """The widget of an open request."""
        request = self.transcript.requests.get(request_id)
        if request is None:
            return None
        found = self._cards.get(request_id)
        if found is not None and found.request != request:
            found.hide()
            found.deleteLater()
            found = None
        if found is None:
            found = self._cards[request_id] = RequestCard(self.theme, request, self, self._answer)
            if request.kind == "edit" and request.subject:
                found.seen.set_visible_ends(lambda: self._visible_ends(request_id))
            found.set_style(self.style_)
            found.resized.connect(self.arrange)
            found.reveal_requested.connect(self._scroll_to_part)
            previous: QWidget = self
            for stop in found.focus_order():
                QWidget.setTabOrder(previous, stop)
                previous = stop
        # Only the first request has keys, so that a key never answers a request that the user is not looking at.
        found.show_keys(shown=self.transcript.open_requests[:1] == [request])
        return found

    def _visible_ends(self, request_id: str) -> tuple[bool, bool]:
        """Whether the first and the last line of a request's subject are on the page."""
        starts = ends = False
        for placed in self.visible if self.isVisible() else ():
            segments = self.rows.row(placed.position).segments
            for number, card in enumerate(segments):
                if isinstance(card, Card) and card.request == request_id:
                    is_first = placed.number == number - card.subject_segments
                    starts = starts or (is_first and placed.top >= self.covered_px - _AT_EDGE_PX)
                    bottom = placed.top + placed.laid.height
                    ends = ends or (placed.number == number - 1 and bottom <= self.height() + _AT_EDGE_PX)
        return starts, ends

    def cut_request(self) -> ScrollPosition | None:
        """The position of the oldest open request, if the page's top cuts it; once for each request."""
        first = self.transcript.open_requests[:1]
        if not first or first[0].id == self._begun:
            return None
        placed = self._placed_card(first[0].id)
        if placed is None or placed.top >= self._lead_px:
            return None
        self._begun = first[0].id
        return self.begun_request()

    def begun_request(self) -> ScrollPosition | None:
        """The position of the request that is shown from its beginning, None if it is not on the page."""
        placed = self._placed_card(self._begun)
        if placed is None:
            return None
        start = ScrollPosition(self.rows.key(placed.position), placed.number, 0.0)
        return positions.moved(self.rows, start, -self._lead_px)

    @property
    def _lead_px(self) -> float:
        return _LEAD_LINES * self.style_.line_px if self.height() >= MIN_LEAD_PAGE_PX else 0.0

    def _placed_card(self, request_id: str) -> PlacedSegment | None:
        for placed in self.visible:
            segments = self.rows.row(placed.position).segments if placed.position < len(self.rows) else []
            segment = segments[placed.number] if placed.number < len(segments) else None
            if isinstance(segment, Card) and segment.request == request_id:
                return placed
        return None

    def goes_on(self) -> bool:
        """Whether the request that was shown from its beginning was answered while it was on the page."""
        card = self._cards.get(self._begun)
        return card is not None and card.isVisible() and self._begun in self.transcript.answers

    def _restyle_cards(self) -> None:
        for card in self._cards.values():
            card.set_style(self.style_)

    def card_height(self, request: str, width: int) -> float:
        """The height of a request's widget."""
        card = self.card(request)
        return 0.0 if card is None else float(card.height_for(width, self.height())) + 16

    def _place_cards(self) -> None:
        self._accessible.show(self.rows, self.visible, self.column_left)
        shown = self.visible_cards()
        for request_id in list(self._cards):
            card = self._cards[request_id]
            if request_id in shown:
                placed = shown[request_id]
                left = round(self.column_left)
                card.setGeometry(left, round(placed.top) + 8, round(self.rows.width), round(placed.laid.height) - 16)
                card.show()
            else:
                is_left = card.isAncestorOf(self.window().focusWidget())
                if is_left:
                    self.setFocus(Qt.FocusReason.TabFocusReason)
                card.hide()
                if request_id in self.transcript.answers or request_id not in self.transcript.requests:
                    if is_left:
                        self.request_left.emit()
                    del self._cards[request_id]
                    card.deleteLater()

    def answer_by_key(self, kind: str) -> None:
        """Answer the oldest open request; if a key cannot answer it now, show it."""
        if not self.transcript.open_requests:
            return
        first = self.transcript.open_requests[0].id
        card, focused = self._cards.get(first), QApplication.focusWidget()
        others = (each for each in self._cards.values() if each is not card)
        is_at_another = any(focused is not None and (each is focused or each.isAncestorOf(focused)) for each in others)
        if card is None or is_at_another or not card.answer_by_key(kind):
            self.show_request(first, takes_focus=False)
            if card is not None and (button := card.button_of(kind)) is not None:
                self._scroll_to_part(button)
                if kind not in REJECTIONS:
                    card.show_hint()

    def _scroll_to_part(self, part: QWidget) -> None:
        """Scroll until a part of a request is on the page; of a part that is higher, its beginning."""
        top = part.mapTo(self, QPoint()).y()
        below_px = top + part.height() + min(2 * _AT_EDGE_PX, self.height() - part.height()) - self.height()
        above_px = top - self.covered_px
        self.scroll_by(min(max(below_px, 0), above_px) if above_px > 0 else above_px)

    def show_request(self, request_id: str, *, takes_focus: bool = True) -> None:
        """Show an open request, and give it the keyboard focus."""
        for position in range(len(self.rows) - 1, -1, -1):
            row = self.rows.row(position)
            for number, segment in enumerate(row.segments):
                if isinstance(segment, Card) and segment.request == request_id:
                    self.scroll_to(row.key, number)
                    if takes_focus and (card := self.card(request_id)) is not None:
                        card.take_focus()
                    return
            if position < len(self.rows) - 200:
                return

    # ------------------------------------------------------------ controls

    def run_action(self, target: tuple[str, int, int]) -> None:
        """Run the action of a control."""
        control = self.control_of(target)
        if control is None:
            return
        action = control.action
        match action.kind:
            case "fold":
                self.rows.toggle_fold(action.item)
            case "show_all":
                self.rows.set_mode(action.item, self.rows.mode(action.item)._replace(unfolded=True, whole=True))
            case "columns":
                self.rows.toggle_columns(action.item)
            case "copy":
                QGuiApplication.clipboard().setText(self._block_text(target))
                self._show_copied(target)
                return
            case "copy_answer":
                self.action_triggered.emit(action)
                self._show_copied(target)
                return
            case _:
                self.action_triggered.emit(action)
                return
        self._set_following(False)
        self.arrange()

    def _show_copied(self, target: tuple[str, int, int] | None) -> None:
        """Mark a control for a moment as having copied; None ends that."""
        self.copied = target
        if target is not None:
            self._copied_timer.start()
        self.update()

    def _block_text(self, target: tuple[str, int, int]) -> str:
        """The text of the whole block of code, or the patch of the file, that begins at a segment."""
        position = self.rows.position(target[0])
        assert position is not None
        head = self.rows.row(position).segments[target[1]]
        if isinstance(head, DiffHead):
            return head.patch
        lines: list[str] = []
        for segment in self.rows.row(position).segments[target[1] :]:
            if not isinstance(segment, Code):
                break
            lines.append(segment.text)
            if segment.last:
                break
        return "\n".join(lines)

    def _stops(self, placed: PlacedSegment) -> list[tuple[int, Control]]:
        """The controls of a segment at which the Tab key stops, and their numbers: all, and the names of files."""
        stops = list(enumerate(placed.laid.controls))
        for number, name in enumerate(self.file_names(placed), len(stops)):
            if name.is_stop and self.names.path_of(name.file.path):
                stops.append((number, name.control))
        return stops

    def _look_up_stops(self) -> None:
        """Look up the names of files on the page, because the Tab key may be pressed next."""
        if self.hasFocus():
            names = [name for placed in self.visible for name in self.file_names(placed)]
            self.names.look_up(name.file.path for name in names if name.is_stop)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Move the focus through the controls on the page, then to the next widget."""
        if not self.hasFocus():
            return bool(super().focusNextPrevChild(forward))
        focus_order: list[tuple[str, int, int]] = []
        for placed in self.visible:
            for number, control in self._stops(placed):
                top = placed.top + control.area.top()
                if top >= 0 and top + control.area.height() <= self.height():
                    focus_order.append((self.rows.key(placed.position), placed.number, number))
        index = focus_order.index(self.focused) if self.focused in focus_order else None
        following = (0 if forward else len(focus_order) - 1) if index is None else index + (1 if forward else -1)
        if 0 <= following < len(focus_order):
            self.focused = focus_order[following]
            self.setAccessibleDescription(self.control_name(focus_order[following]))
            self.update()
            return True
        self.focused = None
        self.update()
        return bool(super().focusNextPrevChild(forward))

    # ------------------------------------------------------------ keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        scroll = self._keys.get(event.key())
        if event.modifiers() & _OF_MENUS or (control and event.key() not in _KEYS_OF_ENDS):
            scroll = None
        if not self.hasFocus():  # A request's widget did not use the key.
            if scroll is not None:
                scroll()
            else:
                event.ignore()
        elif event.matches(QKeySequence.StandardKey.Copy) or (control and event.key() == Qt.Key.Key_C):
            if self.selection.is_empty(self.rows):
                self.interrupt_requested.emit()
            else:
                self.copy()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.select_all()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space} and self.focused is not None:
            self.run_action(self.focused)
        elif scroll is not None:
            scroll()
        elif event.key() == Qt.Key.Key_Escape and not self.selection.is_empty(self.rows):
            self.selection.clear()
            self.update()
        elif (
            event.text()
            and is_text(event.text())
            and not control
            and not event.modifiers() & Qt.KeyboardModifier.AltModifier
        ):
            self.typed.emit(event.text())
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._look_up_stops()
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    # ------------------------------------------------------------ find

    def _hits(self, key: str, number: int, text: str) -> list[tuple[int, int, QColor]]:
        """The matches of the search in a segment, with their background colours."""
        found: list[tuple[int, int, QColor]] = []
        tokens = self.style_.tokens
        for begin, end in self.pattern.spans_as_qt_counts(text) if self.pattern is not None else ():
            is_current = self.current_hit == (key, number, begin, end)
            found.append((begin, end, blend(tokens.needs_you, tokens.page, 0.55 if is_current else 0.22)))
        return found

    def reveal(self, key: str, segment: int, offset: int) -> None:
        """Scroll to a position in the text, if it is not on the page."""
        position = self.rows.position(key)
        if position is None or segment >= len(self.rows.row(position).segments):
            self.arrange()
            return
        y = 0.0
        for box in self.rows.laid(position, segment).boxes:
            if box.start <= offset <= box.start + box.length:
                line = box.layout.lineForTextPosition(offset - box.start)
                y = box.y + (line.y() if line.isValid() else 0.0)
                break
        self.arrange()
        self.scroll_to(key, segment, y)
        self.update()

    def check_cards_seen(self) -> None:
        """Let each request's widget check whether the user has seen its subject."""
        for card in self._cards.values():
            card.seen.check_soon()
