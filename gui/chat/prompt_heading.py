"""A line at the top of the page: the prompt of the answer that the user reads, once the prompt is out of view."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QRectF, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton

from gui.theme.tooltips import show_tooltip
from gui.wording import chat_texts
from session_host.protocol.untrusted_text import one_line
from session_host.structured.items import Item

from .drawing.prose import reads_from_right
from .page.page import MIN_LEAD_PAGE_PX, TranscriptPage
from .page.painting import BAR_PX

_AROUND_PX = 6
_TOOLTIP_CHARACTERS = 2000
_LINE_CHARACTERS = 500
"""More characters than a line shows; a prompt may have millions."""


class PromptHeading(QAbstractButton):
    """The line over the top of the page; a click goes to the prompt.

    It is over the text, not above it: the page does not move when the line appears.
    """

    def __init__(self, page: TranscriptPage) -> None:
        super().__init__(page)
        self._page = page
        self._item: Item | None = None
        self._searched: tuple[int, int] = -1, -1
        """The number of items, and the first one in view, when the prompt was last searched."""
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(lambda _checked: self._go())
        page.arranged.connect(self._arrange)
        page.restyled.connect(self._forget)
        self.hide()

    def _forget(self) -> None:
        self._searched = -1, -1

    def _arrange(self) -> None:
        """Show the prompt of the first item in view, unless the prompt is in view."""
        page = self._page
        first = page.visible[0].position if page.visible else 0
        searched = len(page.transcript), first
        if searched != self._searched:
            self._searched = searched
            item = self._prompt_above(first)
            if item is not self._item:
                self._item = item
                self._show(item)
        is_shown = self._item is not None and page.height() >= MIN_LEAD_PAGE_PX
        height = round(page.style_.line_px) + 2 * _AROUND_PX
        page.covered_px = height if is_shown else 0
        if is_shown:
            self.setGeometry(0, 0, page.width() - BAR_PX, height)
            self.raise_()
        self.setVisible(is_shown)

    def _prompt_above(self, first: int) -> Item | None:
        """The prompt of an item's turn; None if the item is that prompt, or comes before all prompts."""
        transcript = self._page.transcript
        for position in range(min(first, len(transcript) - 1), -1, -1):
            if transcript[position].kind == "user":
                return None if position == first else transcript[position]
        return None

    def _show(self, item: Item | None) -> None:
        if item is not None:
            self.setText(one_line(item.text[:_LINE_CHARACTERS]).strip() or chat_texts.PROMPT_WITHOUT_TEXT())
            self.setAccessibleName(chat_texts.GO_TO_PROMPT(prompt=self.text()))
            self.update()

    def _go(self) -> None:
        if self._item is not None:
            self._page.scroll_to(self._item.id, 0, always=True)

    def paintEvent(self, _event: QPaintEvent) -> None:
        page, style = self._page, self._page.style_
        painter = QPainter(self)
        painter.fillRect(self.rect(), style.color("page"))
        left = round(page.column_left)
        line = QRect(left, 0, round(page.rows.width), self.height())
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
