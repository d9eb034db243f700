"""The line over the prompt box that asks whether a prompt is sent, since what agents cost has reached an amount."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from gui.chat.content.segments import Action
from gui.input.in_sight import InSight
from gui.theme.controls import FlowLayout, KeyButton, PlainLabel, set_look
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_S_PX
from gui.theme.tooltips import set_tooltip
from gui.wording import chat_texts
from session_host.protocol.untrusted_text import one_line
from session_host.structured.items import Item

_SIDE_PX, _WORDS_PX = 4, 20
_LINE_CHARACTERS = 500


class AmountLine(QWidget):
    """The question, and below it the prompt that it is about.

    Attributes:
        item: the id of the prompt; "" while nothing is asked.
        buttons: send this one, ask from a higher amount on, do not send it now.
    """

    def __init__(self, theme: Theme, run: Callable[[Action], object]) -> None:
        """Make it hidden; ``run`` does what the user chooses."""
        super().__init__()
        self._theme, self._run = theme, run
        self.item = self._text = ""
        self._sight = InSight(self)
        self._words = PlainLabel()
        self._words.setWordWrap(True)
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._words.setMinimumWidth(1)
        send, more, later = (
            KeyButton(chat_texts.SEND_THIS_ONE()),
            KeyButton(""),
            KeyButton(chat_texts.NOT_NOW(), "quiet"),
        )
        self.buttons = (send, more, later)
        for button, kind in zip(self.buttons, ("send_asked", "raise_amount", "withdraw"), strict=True):
            button.clicked.connect(lambda _checked, kind=kind: self.act(kind))
        more.hide()
        self._holder = QWidget()
        self._flow = FlowLayout(self._holder)
        for button in self.buttons:
            self._flow.addWidget(button)
        self._holder.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._row.setSpacing(GAP_S_PX)
        self._row.addWidget(self._words, 1)
        self._row.addWidget(self._holder)
        self._prompt = _Prompt(theme)
        column = QVBoxLayout(self)
        column.setContentsMargins(_SIDE_PX, 2, 0, 4)
        column.setSpacing(GAP_S_PX)
        column.addLayout(self._row)
        column.addWidget(self._prompt)
        self.hide()

    def show_asked(self, prompt: Item | None, font: QFont) -> None:
        """Ask about a prompt of the queue; None for none."""
        if prompt is None:
            self.item = ""
            self.hide()
            return
        if prompt.id != self.item:
            self.item = prompt.id
            self._sight.begin()
            self.show_next_amount("")
        words = chat_texts.AMOUNT_REACHED(words=one_line(prompt.title))
        self._words.setText(words)
        self.setAccessibleName(words)
        self._prompt.show_text(one_line(prompt.text[:_LINE_CHARACTERS]).strip(), prompt.text, font)
        self.show()
        self._fit()

    def show_next_amount(self, text: str) -> None:
        """Offer a higher amount, from which on it is asked; "" for none."""
        more = self.buttons[1]
        more.set_name(chat_texts.FROM_NOW_ON(amount=text) if text else "")
        more.setVisible(bool(text))
        self._fit()

    def act(self, kind: str) -> None:
        """Do what a button says, by the kind of its action."""
        if self.item and self._sight.takes_keys:
            self._run(Action(kind, self.item))  # type: ignore[arg-type]

    @property
    def question_px(self) -> int:
        """The height of the question, to the line below it."""
        return self._prompt.y() - GAP_S_PX // 2

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Put the buttons beside the words if both have room, else below them."""
        room = self.contentsRect().width() - _SIDE_PX
        keys = (chat_texts.SENDS(), "", chat_texts.ESCAPE_KEY())
        for button, key in zip(self.buttons, keys, strict=True):
            name = button.accessibleName()
            button.set_name(name, key)
            set_look(button, "narrow", button is self.buttons[2])
        words = self._words.fontMetrics().horizontalAdvance(self._words.text()) + GAP_S_PX
        is_beside = words + self._flow.sizeHint().width() + GAP_S_PX <= room
        beside, below = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._row.setDirection(beside if is_beside else below)
        if not is_beside:
            for button in self.buttons:
                button.fit(max(room, 1), is_narrow=room < self._flow.sizeHint().width())
        self._flow.invalidate()
        self._holder.setFixedHeight(
            self._flow.heightForWidth(self._flow.sizeHint().width() if is_beside else max(room, 1))
        )
        self._words.setFixedHeight(max(self._words.heightForWidth(words if is_beside else max(room, 1)), _WORDS_PX))


class _Prompt(QWidget):
    """The prompt that is asked about, in one line."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._text = ""
        theme.changed.connect(self.update)

    def show_text(self, text: str, whole: str, font: QFont) -> None:
        """Show a text in a font; its tool tip has the whole one."""
        self._text = text or chat_texts.PROMPT_WITHOUT_TEXT()
        self.setFont(font)
        self.setFixedHeight(self.fontMetrics().lineSpacing() + GAP_S_PX)
        self.setAccessibleName(self._text)
        set_tooltip(self, whole if whole.strip() != text else "")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self._theme.tokens.color("text"))
        painter.setFont(self.font())
        shown = painter.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(QRect(0, 0, self.width(), self.height()), Qt.AlignmentFlag.AlignVCenter, shown)
        painter.end()
