"""The widget of a transcript, with scrolling: arranges the segments on the page, and follows the end.

The scroll position is relative to a segment, so that nothing moves when the height of a row above becomes known. A page
that is scrolled to its end follows the end.
"""

from __future__ import annotations

import time

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QPushButton, QScrollBar, QWidget

from gui.chat.content.highlighting import lexers
from gui.chat.content.segments import Card
from gui.chat.drawing.style import Style
from gui.terminal.cell_metrics import MIN_FONT_PX
from gui.terminal.drawing.frame_pacing import FramePacer
from gui.theme.icons import Glyph, glyph_icon
from gui.theme.terminal import TerminalFont
from gui.theme.theme import Theme
from gui.theme.tokens import TEXT_PX
from gui.theme.tooltips import set_tooltip
from gui.wording import chat_texts, page_texts
from session_host.structured.transcript import Transcript

from . import positions
from .painting import BAR_PX, PaintedPage
from .positions import PlacedSegment, ScrollPosition
from .rows import TAIL, Rows
from .selection import Point

_AT_END_PX = 2.0
_BUTTON_PX = 24
"""The size of the button that goes to the end. It is beside the column, so that it never covers text or a question."""
_MIN_BUTTON_PAGE_PX = 120
"""A lower or narrower page has no such button: it has no room beside the column."""
WHEEL_LINES = 3


class ScrollingPage(PaintedPage):
    """A transcript that scrolls.

    Attributes:
        grows: whether the transcript gets more items: its end is followed, and a button goes back to it.

    Signals:
        arranged(): the segments on the page, or their positions, may have changed.
        framed(): a frame with the transcript's changes was prepared.
        restyled(): the text size or the colours changed.
        following_changed(bool): the page started (True) or stopped (False) following the end.
        scrolled(): the page shows another position, and not because its transcript has changed.
    """

    arranged = Signal()
    framed = Signal()
    restyled = Signal()
    following_changed = Signal(bool)
    scrolled = Signal()
    grows = True

    def __init__(self, theme: Theme, directory: str = "", parent: QWidget | None = None) -> None:
        super().__init__(theme, directory, parent)
        self._size_px = TEXT_PX
        self._mono = TerminalFont()
        self._scroll_position: ScrollPosition | None = None
        self._position_to_restore: ScrollPosition | None = None
        """The scroll position to restore when the transcript has its row again."""
        self._is_following_end = True
        self._is_at_request = False
        """Whether the page shows the beginning of a request, and the user has not scrolled since."""
        self._pacer = FramePacer(self._show_frame, lambda: False, self)
        self._bar = QScrollBar(Qt.Orientation.Vertical, self)
        self._bar.setAccessibleName(page_texts.SCROLLBAR())
        self._bar.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._bar.setCursor(Qt.CursorShape.ArrowCursor)
        self._bar.valueChanged.connect(self._on_bar)
        self._is_setting_bar = False
        self._to_end = QPushButton(self)
        self._to_end.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._to_end.setCursor(Qt.CursorShape.ArrowCursor)
        self._to_end.clicked.connect(lambda _checked: self.scroll_to_end())
        self._to_end.hide()
        self._has_new_items = False
        """Whether items changed since the page stopped following the end."""
        lexers().loaded.connect(self._on_lexer)
        theme.changed.connect(self._on_theme)
        self.setMinimumSize(24, 24)

    # ------------------------------------------------------------ content

    @property
    def is_following_end(self) -> bool:
        """Whether the page follows the end."""
        return self._is_following_end

    def set_transcript(self, transcript: Transcript) -> None:
        """Show a transcript, at the previous scroll position if that exists in it."""
        columns, modes = self.rows.columns, self.rows.modes
        transcript.take_changes()
        if self._position_to_restore is None and not self._is_following_end:
            self._position_to_restore = self._scroll_position
        width, directory = self._column_width(), self.rows.directory
        self.rows = Rows(transcript, self.style_, width, directory, self.content, has_turns=self.grows)
        self.rows.columns, self.rows.modes = columns, modes
        self._set_following(True)
        kept = self._position_to_restore
        if kept is not None and self.rows.position(kept.key) is not None and kept.key != TAIL:
            self._scroll_position, self._position_to_restore = kept, None
            self._set_following(False)
        elif len(transcript):
            self._position_to_restore = None
        self.hovered = self.focused = None
        if self.isVisible():
            self._show_frame()

    def changed(self) -> None:
        """Paint changes of the transcript with the next frame."""
        if self.isVisible():
            self._pacer.request()

    def flush(self) -> None:
        """Show all changes at once."""
        if self._pacer.pending:
            self._pacer.cancel()
            self._show_frame()

    def _show_frame(self) -> None:
        if self.rows.apply_changes() and not self._is_following_end:
            self._has_new_items = True
        self.arrange()
        self.framed.emit()

    # ------------------------------------------------------------ arranging

    def arrange(self) -> None:
        """Determine the segments on the page, and their positions."""
        previous = self.visible
        if self.goes_on():
            self._set_following(True)
        elif self._is_at_request:
            # The rows above it may have another height.
            self._scroll_position = self.begun_request() or self._scroll_position
        self._walk()
        if self._is_following_end and (start := self.cut_request()) is not None:
            self._set_following(False)
            self._scroll_position, self._is_at_request = start, True
            self._walk()
        visible, height = self.visible, self.height()
        if visible:
            first, last = visible[0], visible[-1]
            self.rows.free_distant_layouts((first.position, first.number), (last.position, last.number))
        at_end = bool(visible) and self._is_last(visible[-1]) and visible[-1].bottom <= height + _AT_END_PX
        if at_end:
            self._set_following(True)
        self._show_bar()
        self._place_cards()
        self._show_button()
        self.arranged.emit()
        top = positions.first_change(previous, visible, self.height())
        self.update(0, top, self.width(), self.height() - top)

    def _walk(self) -> None:
        """Find the segments on the page."""
        rows, height = self.rows, float(self.height())
        for _ in range(3):
            if self._is_following_end or self._scroll_position is None:
                self._scroll_position = positions.from_bottom(rows, height)
            visible = positions.segments_on_page(rows, self._scroll_position, height)
            if not visible or (self._is_last(visible[-1]) and visible[-1].bottom < height):
                self._scroll_position = positions.from_bottom(rows, height)
                visible = positions.segments_on_page(rows, self._scroll_position, height)
            self.visible = visible
            if not self._measure_cards():
                break

    def _is_last(self, visible: PlacedSegment) -> bool:
        return (visible.position, visible.number) == positions.last_of(self.rows)

    def _set_following(self, following: bool) -> None:
        self._is_at_request = False
        following = following and self.grows
        if following != self._is_following_end:
            self._is_following_end = following
            self.following_changed.emit(following)

    def visible_cards(self) -> dict[str, PlacedSegment]:
        """The segments on the page that widgets cover, by the ids of their requests."""
        found: dict[str, PlacedSegment] = {}
        for placed in self.visible:
            segment = self.rows.row(placed.position).segments[placed.number]
            if isinstance(segment, Card):
                found[segment.request] = placed
        return found

    def _measure_cards(self) -> bool:
        """Measure the heights of the requests' widgets; returns whether one changed."""
        changed = False
        for request in self.visible_cards():
            height = self.card_height(request, round(self.rows.width))
            changed = self.rows.set_card_height(request, height) or changed
        return changed

    def card_height(self, request: str, width: int) -> float:
        """The height of a request's widget."""
        return 0.0

    def _place_cards(self) -> None:
        """Place the requests' widgets."""

    def cut_request(self) -> ScrollPosition | None:
        """The position of a request that begins above the page, while the page shows the end."""
        return None

    def begun_request(self) -> ScrollPosition | None:
        """The position of the request that is shown from its beginning."""
        return None

    def goes_on(self) -> bool:
        """Whether the request that was shown from its beginning is answered: the page follows the end again."""
        return False

    def _show_bar(self) -> None:
        total = sum(self.rows.heights)
        position = self._scroll_position
        end = max(round(total - self.height()), 0)
        value = (
            end
            if self._is_following_end or position is None
            else round(positions.distance_from_top(self.rows, position))
        )
        self._is_setting_bar = True
        self._bar.setPageStep(self.height())
        self._bar.setSingleStep(round(self.style_.line_px * WHEEL_LINES))
        self._bar.setRange(0, end)
        self._bar.setValue(min(value, end))
        self._is_setting_bar = False
        self._bar.setVisible(end > 0)

    def _show_button(self) -> None:
        """Show the button that goes to the end while the page does not follow it, and whether there are new items."""
        button = self._to_end
        self._has_new_items = self._has_new_items and not self._is_following_end
        is_small = min(self.width(), self.height()) < _MIN_BUTTON_PAGE_PX
        is_shown = self.grows and not (self._is_following_end or is_small)
        kind = "to_new" if self._has_new_items else "to_end"
        if is_shown and button.property("kind") != kind:
            text = chat_texts.NEW_MESSAGES() if self._has_new_items else chat_texts.SCROLL_TO_END()
            button.setAccessibleName(text)
            set_tooltip(button, text)
            button.setProperty("kind", kind)
            button.style().unpolish(button)
            button.style().polish(button)
            self._set_button_icon()
        below_px = _BUTTON_PX + 2 if is_shown else 0
        button.setGeometry(self.width() - _BUTTON_PX - 1, self.height() - _BUTTON_PX - 1, _BUTTON_PX, _BUTTON_PX)
        button.setVisible(is_shown)
        self._bar.setGeometry(self.width() - BAR_PX, 0, BAR_PX, self.height() - below_px)

    def _set_button_icon(self) -> None:
        token = "on_accent" if self._has_new_items else "text"
        self._to_end.setIcon(glyph_icon(Glyph.DOWN, self.theme.tokens, token))

    # ------------------------------------------------------------ scrolling

    def scroll_by(self, distance: float) -> None:
        """Scroll down, or up with a negative distance."""
        if self._scroll_position is None or (distance > 0 and self._is_following_end):
            return
        self._scroll(positions.moved(self.rows, self._scroll_position, round(distance)))

    def scroll_to_end(self) -> None:
        """Scroll to the end, and follow it."""
        self._scroll(None)

    def scroll_to_start(self) -> None:
        """Scroll to the beginning."""
        self._scroll(positions.top(self.rows))

    def _scroll(self, position: ScrollPosition | None) -> None:
        """Scroll to a position, or to the end and follow it."""
        self._set_following(position is None)
        self._scroll_position = position or self._scroll_position
        self.arrange()
        self.scrolled.emit()

    def scroll_to(self, key: str, segment: int, y: float = 0.0, *, always: bool = False) -> None:
        """Scroll a position in a segment to the upper third of the page, if it is not visible (or ``always``)."""
        position = self.rows.position(key)
        if position is None:
            return
        shown = next(
            (placed for placed in self.visible if (placed.position, placed.number) == (position, segment)), None
        )
        if not always and shown is not None and self.covered_px <= shown.top + y <= self._last_line_px():
            return
        self._scroll(positions.moved(self.rows, ScrollPosition(key, segment, round(y)), -self.height() // 3))

    def _last_line_px(self) -> float:
        """The y coordinate below which ``scroll_to`` does not leave a position."""
        return self.height() - 2 * self.style_.line_px

    def end_of_view(self) -> Point:
        """The position in the text after what the page shows: there or below it, ``scroll_to`` would scroll."""
        bottom_px = self._last_line_px()
        shown = next((placed for placed in reversed(self.visible) if placed.top <= bottom_px), None)
        if shown is None or self._is_following_end:
            return Point(TAIL, 0, 0)
        if shown.bottom <= bottom_px and shown.number == len(self.rows.row(shown.position).segments) - 1:
            return Point(self.rows.key(shown.position + 1), 0, 0)
        offset = shown.laid.offset_at(QPointF(self.rows.width, bottom_px - shown.top))
        return Point(self.rows.key(shown.position), shown.number, offset)

    def _on_bar(self, value: int) -> None:
        if self._is_setting_bar:
            return
        if value >= self._bar.maximum():
            self.scroll_to_end()
        else:
            self._scroll(positions.at_distance(self.rows, float(value)))

    # ------------------------------------------------------------ appearance

    def set_font_size(self, size_px: int) -> None:
        """Set the text size; a value below the minimum is an offset to the default size."""
        self._size_px = size_px if size_px >= MIN_FONT_PX else max(TEXT_PX + size_px, MIN_FONT_PX)
        self._apply_style()

    def set_mono_font(self, font: TerminalFont) -> None:
        """Set the font of code."""
        self._mono = font
        self._apply_style()

    def _on_lexer(self) -> None:
        self.rows.color_code()
        if self.isVisible():
            self.arrange()

    def _on_theme(self) -> None:
        self._set_button_icon()
        self._apply_style()

    def _apply_style(self) -> None:
        self.style_ = Style(self.theme, self._size_px, self._mono)
        self.rows.lay_out_again(self.style_, self._column_width())
        self.restyled.emit()
        if self.isVisible():
            self.arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        width = self._column_width()
        if width != self.rows.width:
            self.rows.lay_out_again(self.style_, width)
        if self.isVisible():
            self.arrange()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._column_width() != self.rows.width:
            self.rows.lay_out_again(self.style_, self._column_width())
        self._show_frame()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._pacer.cancel()

    def sizeHint(self) -> QSize:
        return QSize(760, 480)

    def paintEvent(self, event: QPaintEvent) -> None:
        begin_s = time.monotonic()
        super().paintEvent(event)
        self._pacer.note_cost(time.monotonic() - begin_s)
