"""A chat's question beside its row in the list: the card that its page has, over the page that is shown."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QAbstractSlider, QLineEdit, QPushButton, QVBoxLayout, QWidget

from gui.bridge.chat import Chat
from gui.chat.content.segments import Action
from gui.chat.page.page import RequestPage
from gui.chat.page.requests.card import CardLook, RequestCard
from gui.input.held_keys import is_repeat
from gui.input.in_sight import InSight
from gui.input.keys import ANSWER_KEYS, kind_of_answer
from gui.input.refused_keys import KEYS_AFTER_MS
from gui.screen_readers import announce
from gui.theme.painting import paint_frame
from gui.theme.terminal import TerminalFont
from gui.theme.theme import Theme
from gui.timers import single_shot
from gui.wording import chat_texts
from session_host.protocol.messages import AnswerRequest
from session_host.structured.items import AgentRequest

WIDTH_PX = 620
LARGEST_SHARE = 0.6
"""The most of the window's height that the question takes."""
BESIDE_PX = 8
"""The space between the list and the card, and around the card in a narrow window."""
_MIN_WIDTH_PX = 280
"""With less room beside the list, the card is over the list."""
_MIN_HEIGHT_PX = 320
_AROUND_PX = 4
"""The space around the question: its edge, and the corners."""
_GROWS_LINES = 2
"""If no more lines are below, the card is higher in place of a scroll bar."""
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
        self.is_answered = self._is_over = self._is_placing = False
        self._row = QRect()
        self._sight = InSight(self)
        self._closing = single_shot(self, KEYS_AFTER_MS)
        """A key that is pressed again, or held, does not reach what is below an answered card."""
        self._closing.timeout.connect(lambda: self.close_card(gives_back=True))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.page = RequestPage(
            theme, chat.record.origin.cwd, self, answer=self._on_answer, short_directory=chat.workplace.short_directory
        )
        self.page.set_mono_font(font)
        self.page.set_font_size(size_px)
        self.page.setFocusProxy(self)
        self.page.action_triggered.connect(self._on_action)
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(_AROUND_PX, _AROUND_PX, _AROUND_PX, _AROUND_PX)
        column.addWidget(self.page)
        window.installEventFilter(self)
        self.hide()

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
        self._sight.begin()
        name = chat_texts.joined(self.chat.full_name, self.chat.agent_and_account)
        self.setAccessibleName(chat_texts.SPOKEN(kind=chat_texts.ASKS_AS(name=name), text=request.title))
        look = CardLook(
            key_of=lambda kind: ANSWER_KEYS.get(kind, ""),
            scroll_key=chat_texts.SPACE_KEY(),
            enters=False,
            takes_words=self._takes_words,
            can_withdraw=False,
            names_directory=True,
            asker=name,
        )
        self.page.show_alone(request, look, more)
        self.show()
        self.raise_()
        self.place()
        card = self.card
        if card is not None:
            card.setFocusProxy(self)
            card.resized.connect(self.place)
            if request.questions:
                card.take_focus()
            else:
                self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.page.scroller.scroll_to_start()

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
        if self._is_placing:
            return
        window = self._window.rect()
        left = self._row.right() + 1 + BESIDE_PX
        if window.width() - left - BESIDE_PX < _MIN_WIDTH_PX:
            left = BESIDE_PX
        width, room_px, most_px = min(WIDTH_PX, window.width() - left - BESIDE_PX), self._room_px, window.height()
        self._is_placing = True
        self._fit(QRect(left, BESIDE_PX, width, most_px - 2 * BESIDE_PX))
        height = min(self.page.whole_px + 2 * _AROUND_PX, most_px - 2 * BESIDE_PX)
        if height > room_px + _GROWS_LINES * self.page.style_.code_line_px:  # A line or two are not scrolled for.
            height = room_px
        top = min(self._row.top(), most_px - height - BESIDE_PX)
        self._fit(QRect(left, max(top, BESIDE_PX), width, height))
        self._is_placing = False

    def _fit(self, area: QRect) -> None:
        self.setGeometry(area)
        self._column.activate()
        self.page.scroller.arrange()

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
        if closes:
            self._closing.start()

    def close_card(self, *, gives_back: bool) -> None:
        """Close it; the question stays open if it has no answer."""
        if self.isVisible():
            self._closing.stop()
            self.hide()
            self.closed.emit(gives_back)

    def _on_action(self, action: Action) -> None:
        if action.kind == "open_chat":
            self.chat_requested.emit()

    def _on_answer(self, answer: AnswerRequest) -> None:
        self.is_answered = True
        self.answered.emit(answer)

    # ------------------------------------------------------------ keyboard

    @property
    def takes_keys(self) -> bool:
        """Whether keys answer: at first they may be meant for what had the keyboard before."""
        return self._sight.takes_keys and not self._closing.isActive()

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
        elif not self.takes_keys or is_repeat(event):
            pass
        elif kind:
            self._press(kind)
        elif is_free and key in _ENTER:
            self.chat_requested.emit()
        elif is_free and key == Qt.Key.Key_Space:
            is_back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self.page.scroller.bar.triggerAction(_Action.SliderPageStepSub if is_back else _Action.SliderPageStepAdd)
        elif is_free and key in _SCROLL_ACTIONS:
            self.page.scroller.bar.triggerAction(_SCROLL_ACTIONS[Qt.Key(key)])
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.page.copy()

    def _press(self, kind: str) -> None:
        """Press the button of a kind of answer, or show it if it is put away.

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

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Go round in the card."""
        if (card := self.card) is None:
            return True
        if not card.isVisible():
            self.page.show_request(card.request.id, takes_focus=False)
        order = card.focus_order()[1:]
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
        paint_frame(painter, QRectF(self.rect()), tokens.color("border"), tokens.color("raised"), radius_px=_RADIUS_PX)
        inside = QPainterPath()
        inside.addRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), _RADIUS_PX - 1, _RADIUS_PX - 1)
        painter.setClipRect(QRectF(1, 0, _EDGE_PX, self.height()))
        painter.fillPath(inside, tokens.color("needs_you_fill"))
        painter.end()
