"""The turns of a transcript: going from prompt to prompt, and the answer to a prompt."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QEvent, QRect, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton

from gui.theme.tooltips import show_tooltip
from gui.wording import chat_texts
from session_host.protocol.untrusted_text import one_line
from session_host.structured.items import Item
from session_host.structured.turns import answer_at, is_prompt, turn_at

from .drawing.segment_layout import reads_from_right
from .page.page import TranscriptPage
from .page.painting import BAR_PX
from .page.rail import Ticks
from .page.requests.cards import MIN_LEAD_PAGE_PX

_AROUND_PX = 6
_TOOLTIP_CHARACTERS = 2000
_LINE_CHARACTERS = 500
"""More characters than a line shows; a prompt may have millions."""


class ListedPrompt(NamedTuple):
    """A prompt, and what became of it; "" for a plain answer."""

    item: Item
    result: str


class TranscriptTurns:
    """The turns of one page; each begins with a prompt of the user."""

    def __init__(self, page: TranscriptPage) -> None:
        self._page = page
        self._at: tuple[str, float] | None = None
        """The prompt that the user went to, and the scroll position after that; invalid once the page is scrolled."""

    def go(self, by: int) -> None:
        """Go to the prompt before (-1) or after (1) the current prompt, else the first visible row."""
        prompts = self._prompts()
        start = self._position()
        found = [position for position in prompts if (position < start if by < 0 else position > start)]
        if found:
            self.go_to(self._page.transcript[found[-1] if by < 0 else found[0]].id)
        elif by > 0:
            self._page.scroller.scroll_to_end()

    def go_to(self, key: str) -> None:
        """Go to the prompt with this id."""
        self._page.scroller.scroll_to(key, 0, always=True)
        self._at = key, self._top()

    def has_listed(self) -> bool:
        """Whether there are prompts for a list."""
        return bool(self._prompts())

    def listed(self) -> list[ListedPrompt]:
        """The prompts, oldest first, as the ticks at the page's edge."""
        transcript, ticks = self._page.transcript, Ticks(self._page.rows)
        while ticks.read_on():
            pass
        turns = [(tick, turn_at(transcript, transcript.position(tick.key))) for tick in ticks.found]
        return [ListedPrompt(turn.prompts[0], tick.words(turn)) for tick, turn in turns]

    def answer_to(self, key: str) -> str:
        """The answer to the prompt with this id, as Markdown; "" for none."""
        position = self._page.rows.position(key)
        return answer_at(self._page.transcript, position) if position is not None else ""

    def copy_output(self) -> None:
        """Copy the answer to the current prompt, else to the last visible one, as Markdown."""
        if text := self._answer():
            QGuiApplication.clipboard().setText(text)

    def _prompts(self) -> list[int]:
        transcript = self._page.transcript
        return [position for position in range(transcript.queue_start) if is_prompt(transcript[position])]

    def _top(self) -> float:
        visible = self._page.visible
        return visible[0].position + visible[0].top / 1e6 if visible else -1.0

    def _position(self) -> int:
        """The start row of ``go``."""
        if self._at is not None and self._at[1] == self._top():
            position = self._page.rows.position(self._at[0])
            if position is not None:
                return position
        visible = self._page.visible
        if self._page.scroller.is_following_end or not visible:
            return len(self._page.transcript)
        return visible[0].position

    def _answer(self) -> str:
        """The agent's messages after the current prompt, or the last one before it with an answer; "" for none."""
        visible = self._page.visible
        last = visible[-1].position if visible else len(self._page.transcript) - 1
        if self._at is not None and self._at[1] == self._top():
            last = self._page.rows.position(self._at[0]) or 0
        before = [position for position in reversed(self._prompts()) if position <= last]
        return next(filter(None, (answer_at(self._page.transcript, position) for position in before)), "")


class PromptHeading(QAbstractButton):
    """The line over the top of the page; a click goes to the prompt.

    It is over the text, not above it: the page does not move when the line appears.
    """

    def __init__(self, page: TranscriptPage) -> None:
        super().__init__(page)
        self._page = page
        self._item: Item | None = None
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(lambda _checked: self._go())
        page.scroller.arranged.connect(self._arrange)
        self.hide()

    def _arrange(self) -> None:
        """Show the prompt of the first item below this line, unless that prompt's beginning is in view."""
        page = self._page
        height = round(page.style_.line_px) + 2 * _AROUND_PX
        item = self._prompt_above(height)
        if item is not self._item:
            self._item = item
            self._show(item)
        is_shown = self._item is not None and page.height() >= MIN_LEAD_PAGE_PX
        page.covered_px = height if is_shown else 0
        if is_shown:
            self.setGeometry(0, 0, page.width() - BAR_PX, height)
            self.raise_()
        self.setVisible(is_shown)

    def _prompt_above(self, height: float) -> Item | None:
        """The prompt of the turn at this height; None if its beginning is in view, or before all prompts."""
        transcript, first = self._page.transcript, -1
        for placed in self._page.visible:
            if placed.top >= height:
                break
            first = min(placed.position, len(transcript) - 1)
            is_begin = placed.number == 0 and placed.position == first
            if is_begin and placed.top >= 0 and transcript[first].kind == "user":
                return None  # The line would cover it.
        for position in range(first, -1, -1):
            if transcript[position].kind == "user":
                return transcript[position]
        return None

    def _show(self, item: Item | None) -> None:
        if item is not None:
            self.setText(one_line(item.text[:_LINE_CHARACTERS]).strip() or chat_texts.PROMPT_WITHOUT_TEXT())
            self.setAccessibleName(chat_texts.GO_TO_PROMPT(prompt=self.text()))
            self.update()

    def _go(self) -> None:
        if self._item is not None:
            self._page.scroller.scroll_to(self._item.id, 0, always=True)

    def paintEvent(self, _event: QPaintEvent) -> None:
        page, style = self._page, self._page.style_
        painter = QPainter(self)
        painter.fillRect(self.rect(), style.color("page"))
        left = round(page.column_left)
        line = QRect(left, 0, round(page.rows.widths.text), self.height())
        painter.setFont(style.font())
        painter.setPen(style.color("text" if self.underMouse() else "secondary"))
        shown = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, line.width())
        if reads_from_right(self.text()):
            painter.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # It mirrors the alignment, too.
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        hairline = 1 / self.devicePixelRatioF()
        painter.fillRect(QRectF(0, self.height() - hairline, self.width(), hairline), style.color("hairline"))
        painter.end()

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Enter, QEvent.Type.Leave):
            self.update()
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            item = self._item
            show_tooltip(event, item.text[:_TOOLTIP_CHARACTERS] if item is not None else "", self)
            return True
        return bool(super().event(event))
