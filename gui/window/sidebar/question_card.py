"""A chat's question beside its row in the list: the card that its page has, over the page that is shown."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractSlider, QHBoxLayout, QLineEdit, QPushButton, QScrollBar, QVBoxLayout, QWidget

from gui.bridge.chat import Chat
from gui.chat.drawing.style import GUTTER_PX, MARGIN_PX
from gui.chat.page.page import RequestPage
from gui.chat.page.requests.card import CardLook, RequestCard
from gui.input.keys import ANSWER_KEYS, kind_of_answer
from gui.input.refused_keys import KEYS_AFTER_MS
from gui.screen_readers import announce
from gui.theme.controls import PlainLabel
from gui.theme.painting import paint_frame
from gui.theme.terminal import TerminalFont
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_S_PX
from gui.timers import single_shot
from gui.window.widgets.parts import button, show_text
from gui.wording import chat_texts
from session_host.protocol.messages import AnswerRequest
from session_host.standing.ages import short_age
from session_host.structured.items import AgentRequest

WIDTH_PX = 620
LARGEST_SHARE = 0.6
"""The most of the window's height that the question takes."""
BESIDE_PX = 8
"""The space between the list and the card, and around the card in a narrow window."""
_MIN_WIDTH_PX = 280
"""With less room beside the list, the card is over the list."""
_MIN_HEIGHT_PX = 320
_AROUND_PX = 90
"""The height of what is above and below the question's own widget."""
BUTTON_PAD_PX = 7
"""The padding of a quiet button: its text is where that of the page is."""
_RADIUS_PX = 10
_EDGE_PX = 3
_Action = QAbstractSlider.SliderAction
_SCROLL_ACTIONS = {
    Qt.Key.Key_Up: _Action.SliderSingleStepSub,
    Qt.Key.Key_Down: _Action.SliderSingleStepAdd,
    Qt.Key.Key_PageUp: _Action.SliderPageStepSub,
    Qt.Key.Key_PageDown: _Action.SliderPageStepAdd,
    Qt.Key.Key_Home: _Action.SliderToMinimum,
    Qt.Key.Key_End: _Action.SliderToMaximum,
}
_ENTER = {Qt.Key.Key_Return, Qt.Key.Key_Enter}


class QuestionCard(QWidget):
    """One question of a chat, with the keyboard; closing it leaves the question open.

    The keys y and n answer, a shows the answers that last, Tab goes to the words of a refusal, Space scrolls, Enter
    opens the chat, Escape closes.

    Attributes:
        chat: the chat that asks; ``request``: what it asks.
        is_answered: whether an answer was given here.

    Signals:
        answered(AnswerRequest): the user answers.
        chat_requested(): the user opens the chat.
        closed(bool): it was closed; whether the keyboard is to go back to where it was.
    """

    answered = Signal(object)
    chat_requested = Signal()
    closed = Signal(bool)

    def __init__(
        self,
        theme: Theme,
        window: QWidget,
        chat: Chat,
        *,
        takes_words: bool,
        font: TerminalFont,
        size_px: int,
    ) -> None:
        """Make a card without a question.

        Args:
            theme: the looks.
            window: the window that it is over.
            chat: the chat that asks.
            takes_words: whether its agent hears what is said with a refusal.
            font: the font of code.
            size_px: the text size.
        """
        super().__init__(window)
        self._window = window
        self.chat = chat
        self.request: AgentRequest | None = None
        self._theme, self._takes_words = theme, takes_words
        self.is_answered = self._is_over = False
        self._row = QRect()
        self._keys_from = single_shot(self, KEYS_AFTER_MS)
        self._closing = single_shot(self, KEYS_AFTER_MS)
        """A key that is pressed again, or held, does not reach what is below an answered card."""
        self._closing.timeout.connect(lambda: self.close_card(gives_back=True))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._whose = button("", "quiet", self.chat_requested.emit)
        self._since = PlainLabel("")
        self._since.setProperty("kind", "secondary")
        head = QHBoxLayout()
        head.setContentsMargins(GUTTER_PX - BUTTON_PAD_PX, 0, MARGIN_PX, 0)
        head.addWidget(self._whose)
        head.addStretch(1)
        head.addWidget(self._since)
        self.page = RequestPage(
            theme, chat.record.origin.cwd, self, answer=self._on_answer, short_directory=chat.workplace.short_directory
        )
        self.page.set_mono_font(font)
        self.page.set_font_size(size_px)
        self.page.setFocusProxy(self)
        self._follow(self.page.scroller.bar)
        self._below = PlainLabel("")
        self._below.setProperty("kind", "secondary")
        self._below.setContentsMargins(GUTTER_PX, 0, 0, 0)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(1 + _EDGE_PX, GAP_S_PX, 1, GAP_S_PX)
        self._column.setSpacing(GAP_S_PX)
        self._column.addLayout(head)
        self._column.addWidget(self.page, 1)
        self._column.addWidget(self._below)
        window.installEventFilter(self)
        self.hide()

    def _follow(self, bar: QScrollBar) -> None:
        bar.valueChanged.connect(self._say_below)
        bar.rangeChanged.connect(self._say_below)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay inside of the window when it gets another size."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.place()
        return super().eventFilter(watched, event)

    # ------------------------------------------------------------ the question

    def ask(self, request: AgentRequest, row: QRect, more: int) -> None:
        """Show a request of the chat, with the keyboard.

        Args:
            request: the request.
            row: the chat's row, in the window's coordinates.
            more: how many requests of the chat are open behind it.
        """
        self.request, self._row = request, row
        self.is_answered = self._is_over = False
        self._keys_from.start()
        name = chat_texts.joined(self.chat.full_name, self.chat.agent_title)
        self._whose.setText(name)
        self._whose.setAccessibleName(chat_texts.OPEN_NAMED(name=self.chat.full_name))
        age = short_age(self.chat.since, datetime.now(UTC))
        self._since.setText(chat_texts.joined(age, chat_texts.MORE_QUESTIONS(count=more) if more else ""))
        self.setAccessibleName(chat_texts.SPOKEN(kind=chat_texts.ASKS_AS(name=name), text=request.title))
        look = CardLook(
            is_framed=False,
            room_px=self._room_px - _AROUND_PX,
            key_of=lambda kind: ANSWER_KEYS.get(kind, ""),
            takes_words=self._takes_words,
            is_brief=True,
            asker=name,
        )
        self.page.show_alone(request, look)
        self.show()
        self.raise_()
        self.place()
        card = self.card
        if card is not None:
            card.setFocusProxy(self)
            if card.subject_bar is not None:
                self._follow(card.subject_bar)
            card.resized.connect(self.place)
            if request.questions:
                card.take_focus()
            else:
                self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.page.scroller.scroll_to_start()
        self._say_below()

    @property
    def card(self) -> RequestCard | None:
        """The question's own widget, as on the chat's page."""
        return self.page.card

    @property
    def _room_px(self) -> int:
        """The most height that it takes."""
        height = self._window.height()
        return min(max(round(height * LARGEST_SHARE), _MIN_HEIGHT_PX), height - 2 * BESIDE_PX)

    def place(self) -> None:
        """Place it beside the row, inside of the window."""
        window = self._window.rect()
        left = self._row.right() + 1 + BESIDE_PX
        if window.width() - left - BESIDE_PX < _MIN_WIDTH_PX:
            left = BESIDE_PX
        width, room_px = min(WIDTH_PX, window.width() - left - BESIDE_PX), self._room_px
        policy = self._below.sizePolicy()
        policy.setRetainSizeWhenHidden(False)
        self._below.setSizePolicy(policy)
        self.setGeometry(left, self._row.top(), width, room_px)
        self._column.activate()
        self.page.scroller.arrange()
        self._below.hide()  # Arranging may have shown it.
        self._column.activate()
        wanted_px = room_px - self.page.height() + self.page.whole_px
        # The line below what scrolls keeps its place, so that nothing moves at the end.
        policy.setRetainSizeWhenHidden(wanted_px > room_px)
        self._below.setSizePolicy(policy)
        height = min(wanted_px, room_px)
        top = min(self._row.top(), window.height() - height - BESIDE_PX)
        self.setGeometry(left, max(top, BESIDE_PX), width, height)
        self._say_below()

    def _say_below(self) -> None:
        """Say how much of the subject, or that an answer, is below what is shown."""
        card = self.card
        bar = card.subject_bar if card is not None else None
        lines, has_more = 0, False
        if bar is not None and bar.maximum() > 0:
            lines = bar.maximum() - bar.value()
        elif card is not None:
            below_px = self.page.scroller.bar.maximum() - self.page.scroller.bar.value()
            lines, has_more = round((below_px - card.height()) / self.page.style_.code_line_px), below_px > 0
        text = chat_texts.lines_below(lines) if lines > 0 else chat_texts.MORE_BELOW() if has_more else ""
        show_text(self._below, "" if self._is_over else text)

    def refuse(self, reason: str) -> None:
        """Show why the answer had no effect."""
        self.is_answered = False
        if self.card is not None:
            self.card.show_refusal(reason)

    def end(self, outcome: str, *, closes: bool) -> None:
        """Show what became of the question, which is over; an answer given here closes the card soon."""
        self._is_over = True
        if self.card is not None:
            self.card.show_outcome(outcome)
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self._say_below()
        if closes:
            self._closing.start()

    def close_card(self, *, gives_back: bool) -> None:
        """Close it; the question stays open if it has no answer."""
        if self.isVisible():
            self._closing.stop()
            self.hide()
            self.closed.emit(gives_back)

    def _on_answer(self, answer: AnswerRequest) -> None:
        self.is_answered = True
        self.answered.emit(answer)

    # ------------------------------------------------------------ keyboard

    @property
    def takes_keys(self) -> bool:
        """Whether keys answer: at first they may be meant for what had the keyboard before."""
        return not (self._keys_from.isActive() or self._closing.isActive())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Use a key that no field or button of the question has used; none reaches what is below the card."""
        key, focused = event.key(), self._window.focusWidget()
        is_free = not isinstance(focused, QLineEdit | QPushButton)
        kind = kind_of_answer(event) or next(
            (kind for kind, letter in ANSWER_KEYS.items() if event.text() == letter and is_free), ""
        )
        if self._closing.isActive():
            self._closing.start()  # The key that answered is still held.
        elif key == Qt.Key.Key_Escape:
            self.close_card(gives_back=True)
        elif not self.takes_keys or event.isAutoRepeat():
            pass
        elif kind:
            self._press(kind)
        elif is_free and key in _ENTER:
            self.chat_requested.emit()
        elif is_free and key == Qt.Key.Key_Space:
            is_back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self._scrolled_bar.triggerAction(_Action.SliderPageStepSub if is_back else _Action.SliderPageStepAdd)
        elif is_free and key in _SCROLL_ACTIONS:
            self._scrolled_bar.triggerAction(_SCROLL_ACTIONS[Qt.Key(key)])
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.page.copy()

    def _press(self, kind: str) -> None:
        """Press the button of a kind of answer, or show it if it is behind *More…*.

        One that waits for the end of the subject does not jump there.
        """
        card = self.card
        button = card.button_of(kind) if card is not None else None
        if card is not None and button is not None and card.show_put_away(button):
            return
        if button is not None and button.isEnabled():
            button.click()
        elif button is not None and not self._is_over:
            announce(self, button.toolTip())

    @property
    def _scrolled_bar(self) -> QScrollBar:
        """The scroll bar of what the user reads: a long command scrolls by itself, all else with the page."""
        bar = self.card.subject_bar if self.card is not None else None
        return bar if bar is not None and bar.maximum() > 0 else self.page.scroller.bar

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Go round in the card; the words of a refusal come first."""
        if (card := self.card) is None:
            return True
        if not card.isVisible():
            self.page.show_request(card.request.id, takes_focus=False)
        order = sorted(card.focus_order()[1:], key=lambda part: part is not card.words)
        stops: list[QWidget] = [self, *(part for part in order if part.isVisible() and part.isEnabled())]
        focused = self._window.focusWidget()
        at = stops.index(focused) if focused in stops else 0
        reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        stops[(at + (1 if forward else -1)) % len(stops)].setFocus(reason)
        return True

    # ------------------------------------------------------------ looks

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = self._theme.tokens
        area = QRectF(self.rect())
        paint_frame(painter, area, tokens.color("border"), tokens.color("page"), radius_px=_RADIUS_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tokens.color("needs_you_fill"))
        painter.drawRoundedRect(QRectF(1, _RADIUS_PX, _EDGE_PX, self.height() - 2 * _RADIUS_PX), 1.5, 1.5)
        painter.end()
