"""The page of a chat without messages: where it works, what was talked about there, and what one can type."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QSpacerItem, QVBoxLayout, QWidget

from gui.input.keys import is_text
from gui.theme.controls import PlainLabel
from gui.theme.theme import Theme
from gui.theme.tokens import CHAT_PX, GAP_S_PX, SECONDARY_PX, TEXT_PX, font
from gui.wording import chat_texts

_TITLE_LARGER_PX = 5
_ROW_PX = 32
_ABOVE_PX, _ABOVE_SHARE = 48, 0.225
"""The room above the title, as long as all of the rest fits: at least so much, and this share of the page."""
_LINE_PX = 23
"""From one line about the project to the next."""
_MIN_HEIGHT_PX = 240
"""A lower page has no room for it."""


class FirstPageRow(NamedTuple):
    """Something that the user can go on with: its name, a detail at the right, and what opens it."""

    name: str
    detail: str
    run: Callable[[], object]


class FirstPageFacts(NamedTuple):
    """The content: the project's name, some lines about project and agent, earlier chats there, saved prompts."""

    project: str
    lines: tuple[str, ...] = ()
    chats: tuple[FirstPageRow, ...] = ()
    prompts: tuple[FirstPageRow, ...] = ()


class FirstPage(QWidget):
    """The page; its owner decides when it is shown, and tells it the column.

    Attributes:
        rows: the buttons of chats and prompts, from top to bottom.

    Signals:
        wanted(): it needs its facts, since it is about to be shown, or since they may have changed.
        left(): the keyboard goes back to the prompt.
        typed(str): the user typed a text.
    """

    wanted = Signal()
    left = Signal()
    typed = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._facts: FirstPageFacts | None = None
        self._above = QSpacerItem(0, _ABOVE_PX)
        self.rows: list[_Row] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.setAccessibleName(chat_texts.FIRST_PAGE())
        self.hide()

    def place(self, area: QRect) -> None:
        """Use this area of the page for texts; the grounds of rows are a little wider."""
        self.setGeometry(area.adjusted(-GAP_S_PX, 0, GAP_S_PX, 0))

    def set_wanted(self, *, wanted: bool, height: int) -> None:
        """Show it, or hide it, on a page of this height."""
        shows = wanted and height >= _MIN_HEIGHT_PX
        if shows and not self.isVisible():
            self.wanted.emit()
        self.setVisible(shows and self._facts is not None)

    def refresh(self) -> None:
        """Ask for the facts again if it is shown: some may have changed."""
        if self.isVisible():
            self.wanted.emit()

    @property
    def prompts(self) -> tuple[FirstPageRow, ...]:
        """The saved prompts that it shows, or showed last."""
        return self._facts.prompts if self._facts is not None else ()

    def show_facts(self, facts: FirstPageFacts) -> None:
        """Show these facts."""
        if facts == self._facts:
            return
        self._facts = facts
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.rows = []
        self._above = QSpacerItem(0, _ABOVE_PX)
        self._column.addItem(self._above)
        self._add_label(facts.project, CHAT_PX + _TITLE_LARGER_PX, bold=True)
        self._column.addSpacing(4)
        for line in facts.lines:
            self._add_label(line, TEXT_PX).setMinimumHeight(_LINE_PX)
        self._add_rows(chat_texts.CONTINUE_HERE(), facts.chats)
        self._add_rows(chat_texts.SAVED_PROMPTS(), facts.prompts)
        self._column.addSpacing(2 * GAP_S_PX)
        keys = chat_texts.FIRST_PAGE_KEYS(), chat_texts.INTO_FIRST_PAGE() if self.rows else ""
        self._add_label(chat_texts.joined(*keys), SECONDARY_PX)
        self._column.addStretch(1)
        self._leave_room_above()

    def _leave_room_above(self) -> None:
        if self._facts is None:
            return
        rest_px = self._column.sizeHint().height() - self._above.sizeHint().height()
        above_px = min(round(self.height() * _ABOVE_SHARE), self.height() - rest_px)
        self._above.changeSize(0, max(above_px, _ABOVE_PX))
        self._column.invalidate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._leave_room_above()

    def _add_label(self, text: str, size_px: int, *, bold: bool = False) -> PlainLabel:
        made = PlainLabel(text)
        made.setFont(font(size_px, bold=bold))
        if not bold:
            made.setProperty("kind", "secondary")
        made.setStyleSheet(f"QLabel {{ font-size: {size_px}px; }}")
        made.setWordWrap(True)
        made.setContentsMargins(GAP_S_PX, 0, GAP_S_PX, 0)
        made.setMinimumWidth(1)
        self._column.addWidget(made)
        return made

    def _add_rows(self, heading: str, rows: tuple[FirstPageRow, ...]) -> None:
        if not rows:
            return
        self._column.addSpacing(3 * GAP_S_PX)
        self._add_label(heading, SECONDARY_PX)
        self._column.addSpacing(4)
        for row in rows:
            made = _Row(self._theme, row)
            made.clicked.connect(lambda _checked, run=row.run: run())
            self.rows.append(made)
            self._column.addWidget(made)

    def take_keyboard(self) -> None:
        """Give the last row the keyboard focus, if it is shown."""
        if self.isVisible() and self.rows:
            self.rows[-1].setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        focused = next((at for at, row in enumerate(self.rows) if row.hasFocus()), None)
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if focused is not None and step is not None:
            if 0 <= focused + step < len(self.rows):
                self.rows[focused + step].setFocus(Qt.FocusReason.OtherFocusReason)
            elif step > 0:
                self.left.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.text() and is_text(event.text()) and not event.modifiers() & _WITH_COMMANDS:
            self.typed.emit(event.text())
        else:
            event.ignore()


_WITH_COMMANDS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier


class _Row(QPushButton):
    """A chat or a prompt: its name, and a detail at the right."""

    def __init__(self, theme: Theme, row: FirstPageRow) -> None:
        super().__init__()
        self._theme, self.row = theme, row
        self.setAccessibleName(chat_texts.joined(row.name, row.detail))
        self.setFixedHeight(_ROW_PX)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def minimumSizeHint(self) -> QSize:
        return QSize(1, _ROW_PX)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.click()
        elif event.key() in {Qt.Key.Key_Up, Qt.Key.Key_Down}:
            event.ignore()  # The page's.
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        if self.underMouse() or self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(tokens.color("accent") if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(tokens.color("hover"))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 6, 6)
        inside = self.rect().adjusted(GAP_S_PX, 0, -GAP_S_PX, 0)
        painter.setFont(font(SECONDARY_PX))
        painter.setPen(tokens.color("secondary"))
        detail_px = painter.fontMetrics().horizontalAdvance(self.row.detail) + GAP_S_PX
        painter.drawText(inside, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self.row.detail)
        painter.setFont(font(TEXT_PX))
        painter.setPen(tokens.color("text"))
        room = max(inside.width() - detail_px, 0)
        name = painter.fontMetrics().elidedText(self.row.name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(inside, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        painter.end()
