"""The turns of a transcript: going from prompt to prompt, and the answer to a prompt."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QEvent, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton

from gui.theme.tokens import GAP_M_PX
from gui.theme.tooltips import show_tooltip
from gui.wording import chat_texts
from session_host.protocol.shown_duration import told_duration
from session_host.protocol.untrusted_text import one_line
from session_host.structured.items import Item
from session_host.structured.turns import TurnSpan, answer_at, is_prompt, took_ms, turn_at

from .content.items import first_sentence
from .content.segments import Face
from .drawing.segment_layout import reads_from_right
from .page.page import TranscriptPage
from .page.painting import BAR_PX
from .page.rail import PromptRail, Ticks

_TOOLTIP_CHARACTERS = 2000
_LINE_CHARACTERS = 500
"""More characters than a line shows; a prompt may have millions."""


class ListedPrompt(NamedTuple):
    """A prompt, and what became of it and how long that took."""

    item: Item
    result: str


class TranscriptTurns:
    """The turns of one page; each begins with a prompt of the user."""

    def __init__(self, page: TranscriptPage) -> None:
        self._page = page

    def go(self, by: int) -> None:
        """Go to the prompt before (-1) or after (1) the item that the user reads."""
        prompts = self._prompts()
        start = self._position()
        found = [position for position in prompts if (position < start if by < 0 else position > start)]
        if found:
            self.go_to(self._page.transcript[found[-1] if by < 0 else found[0]].id)
        elif by > 0:
            self._page.scroller.scroll_to_end()

    def go_to(self, key: str) -> None:
        """Go to the prompt with this id."""
        self._page.scroller.go_to_prompt(key)

    def has_listed(self) -> bool:
        """Whether there are prompts for a list."""
        return bool(self._prompts())

    def listed(self) -> list[ListedPrompt]:
        """The prompts, oldest first, as the ticks at the page's edge."""
        transcript, ticks = self._page.transcript, Ticks(self._page.rows)
        while ticks.read_on():
            pass
        turns = [(tick, turn_at(transcript, transcript.position(tick.key))) for tick in ticks.found]
        return [
            ListedPrompt(turn.prompts[0], chat_texts.joined(tick.words(turn), told_duration(took_ms(turn.facts))))
            for tick, turn in turns
        ]

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

    def _position(self) -> int:
        """The position from which ``go`` looks."""
        scroller = self._page.scroller
        is_at_end = scroller.is_following_end and scroller.gone_to is None
        return len(self._page.transcript) if is_at_end else scroller.position_here

    def _answer(self) -> str:
        """The agent's messages after the current prompt, or the last one before it with an answer; "" for none."""
        visible, last = self._page.visible, self._page.scroller.gone_to
        if last is None:
            last = visible[-1].position if visible else len(self._page.transcript) - 1
        before = [position for position in reversed(self._prompts()) if position <= last]
        return next(filter(None, (answer_at(self._page.transcript, position) for position in before)), "")


class PromptHeading(QAbstractButton):
    """The line over the top of the page: which prompt the user reads, and its beginning unless that is in sight.

    A click goes to the prompt. It is over the text, not above it: the page does not move when the line appears.
    """

    def __init__(self, page: TranscriptPage, rail: PromptRail) -> None:
        super().__init__(page)
        self._page, self._rail = page, rail
        self._item: Item | None = None
        self._facts = ""
        self._is_in_sight = False
        self._state: object = None
        """Which prompt is shown, and how."""
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(lambda _checked: self._go())
        page.scroller.has_heading = True
        page.scroller.arranged.connect(self._arrange)
        rail.read.connect(self._arrange)
        self.hide()

    def _arrange(self) -> None:
        """Show the prompt that the user reads, unless the page shows the chat from its beginning."""
        page, height = self._page, self._page.scroller.heading_px
        turn = page.scroller.turn_here() if height and not page.scroller.is_at_begin else None
        page.covered_px = height if turn is not None else 0
        if turn is not None:
            self._show(turn)
            self.setGeometry(0, 0, page.width() - BAR_PX, height)
            self.raise_()
        self.setVisible(turn is not None)

    def _show(self, turn: TurnSpan) -> None:
        item, is_in_sight = turn.prompts[0], self._page.scroller.is_in_sight(turn.begin)
        number, count = self._rail.ticks.place_of(item.id)
        state = item, is_in_sight, number, count
        if state == self._state:
            return
        self._state, self._item, self._is_in_sight = state, item, is_in_sight
        place = chat_texts.PROMPT_PLACE(number=number, count=count) if number else ""
        first = first_sentence(item.text[:_LINE_CHARACTERS].strip())
        first = one_line(first).strip() or chat_texts.PROMPT_WITHOUT_TEXT()
        shown = chat_texts.PROMPT_NUMBER(place=place) if self._is_in_sight and place else ""
        shown = shown if self._is_in_sight else first
        time = chat_texts.time_of(item.at_ms) if item.at_ms else ""
        facts = "   ".join(filter(None, ("" if self._is_in_sight else place, time)))
        self._facts = facts
        self.setText(shown)
        self.update()
        self.setAccessibleName(chat_texts.GO_TO_PROMPT(prompt=first))

    def _go(self) -> None:
        if self._item is not None:
            self._page.scroller.go_to_prompt(self._item.id)

    def paintEvent(self, _event: QPaintEvent) -> None:
        page, style = self._page, self._page.style_
        painter = QPainter(self)
        painter.fillRect(self.rect(), style.color("page"))
        line = QRectF(page.column_left, 0, page.rows.widths.text, self.height())
        if reads_from_right(self.text()):
            painter.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # It mirrors the alignment, too.
        facts_px = style.metrics(style.tiny_px).horizontalAdvance(self._facts)
        painter.setFont(style.font(style.tiny_px))
        painter.setPen(style.secondary)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self._facts)
        if not self._is_in_sight:
            painter.setFont(style.font(face=Face.BOLD))
        painter.setPen(style.color("secondary" if self._is_in_sight and not self.underMouse() else "text"))
        room = line.width() - facts_px - GAP_M_PX
        shown = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, round(room))
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        hairline = 1 / self.devicePixelRatioF()
        painter.fillRect(QRectF(0, self.height() - hairline, self.width(), hairline), style.color("hairline"))
        painter.end()

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Enter, QEvent.Type.Leave):
            self.update()
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            item = self._item if not self._is_in_sight else None
            show_tooltip(event, item.text[:_TOOLTIP_CHARACTERS] if item is not None else "", self)
            return True
        return bool(super().event(event))
