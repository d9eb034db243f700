"""The widget of an open request's answers, below what it asks. Answer path, 1 of 15."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from PySide6.QtCore import QEvent, QObject, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from gui.chat.content.requests import RequestLook, asks_in_title, readable
from gui.chat.drawing.code import ASKED_EDGE_PX
from gui.chat.drawing.style import Style
from gui.input.held_keys import is_repeat
from gui.input.in_sight import InSight
from gui.input.keys import ANSWER_KEYS, answer_key
from gui.screen_readers import announce
from gui.theme.controls import KeyButton, KeyCap, PlainLabel, set_look, show_text
from gui.theme.icons import Glyph, glyph_icon
from gui.theme.painting import paint_frame
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_S_PX, ICON_PX
from gui.theme.tooltips import set_tooltip
from gui.wording import chat_texts
from session_host.protocol.messages import AnswerRequest
from session_host.protocol.untrusted_text import escaped, one_line
from session_host.structured.answers import hindrance
from session_host.structured.items import REJECTIONS, AgentRequest, OptionKind, digest

from .answers import AnswerField, AnswerRow, ChoiceRow
from .form import QuestionForm
from .seen import SeenSubject
from .words import spoken_question

_ORDER = ("allow_once", "reject_once", "choice", "allow_always", "reject_always", "cancel")
"""The order of the answers: those for this once are first."""
_LASTING: frozenset[OptionKind] = frozenset({"allow_always", "reject_always", "cancel"})
"""The answers that are shown on demand."""
_RIGHT_PX, _NARROW_RIGHT_PX = 20, 4
_ANSWERS_RIGHT_PX = 10
"""The space right of texts, and of the row of answers."""
_ABOVE_PX, _TIGHT_PX = 8, 2
"""The space above the answers, and below a head that has all of what is asked."""
_BELOW_PX = 10
_LINE_ABOVE_PX = 4
_AROUND_PX = 4
"""The space between the answers and the sign that the request has the keyboard."""
_NARROW_PX = 140
_SCROLLS_FROM_PX = 380
"""In a narrower card, the line about what is below does not say which key scrolls."""
_BY_TAB = {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason}

BY: Final = "window"
"""The key of ``items.PLACES`` for answers that are given on a card."""


class CardLook(NamedTuple):
    """How the widgets of requests look.

    Attributes:
        key_of: returns the key of a kind of option, as the buttons name it.
        scroll_key: the key that scrolls what is asked.
        enters: whether Enter allows while the request itself has the keyboard.
        takes_words: whether the user can say, with a refusal, what to do instead.
        can_withdraw: whether the turn can be stopped.
        names_directory: whether the chat's own directory is named, too.
        asker: the name of the chat that asks, for screen readers; "" for the agent of the page.
    """

    key_of: Callable[[str], str] = answer_key
    scroll_key: str = chat_texts.PAGE_KEY()
    enters: bool = True
    takes_words: bool = False
    can_withdraw: bool = True
    names_directory: bool = False
    asker: str = ""


class _Choice(NamedTuple):
    """A button that answers: with an option, or with a form's answers alone if ``option`` is "".

    Attributes:
        name: the option's name as the agent states it; ``label``: as it is shown at first.
        needs_subject: whether the user must have seen the request's subject before.
    """

    option: str
    kind: OptionKind
    name: str
    label: str
    button: KeyButton | ChoiceRow
    needs_subject: bool = False


class RequestCard(QWidget):
    """The answers to a request of the agent.

    Attributes:
        words: the field for what the user says with a refusal; None without one.
        is_withdrawing: whether it asks if the question is to be withdrawn.

    Signals:
        resized(): the widget needs another height.
        reveal_requested(QWidget): this part has to be in view: the keyboard went to it, or it answers a key.
        looked(RequestLook): what is asked has to be shown in another way.
        withdrawn(): the user withdraws the question, and stops the turn.
    """

    resized = Signal()
    reveal_requested = Signal(QWidget)
    looked = Signal(object)
    withdrawn = Signal()

    _outcome = ""
    """The line that says how the request ended; "" while it is open."""
    words: AnswerField | None = None
    is_withdrawing = _is_rest_shown = False

    def __init__(
        self,
        theme: Theme,
        request: AgentRequest,
        parent: QWidget,
        answer: Callable[[AnswerRequest], object],
        short_directory: Callable[[str], str],
        look: CardLook = CardLook(),  # noqa: B008 - it cannot change
        directory: str = "",
    ) -> None:
        """Make the widget of a request of a chat in ``directory``."""
        super().__init__(parent)
        self._answer, self._look, self._theme = answer, look, theme
        self.request = request
        self.shown_digest = digest(request)
        self._shown = request = readable(request)
        self._is_sent = self._is_pinned = self._is_exact = self._shows_keys = False
        self._is_hint_wanted = False
        """Whether the user looked at a button that cannot be pressed yet, or pressed its key."""
        self._refusal = ""
        """Why the last answer had no effect, until the user does something else about the request."""
        self.ground = QColor()
        self.edge: QColor | None = None
        self._room: QSize | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        asks = chat_texts.ASKS_AS(name=look.asker) if look.asker else chat_texts.ASKS()
        self.setAccessibleName(chat_texts.SPOKEN(kind=asks, text=request.title))
        self._labels: dict[QLabel, str] = {}
        self._form = QuestionForm(request.questions, theme, self)
        self._form.changed.connect(self._on_form_changed)
        self._form.stepped.connect(self._on_stepped)
        self._question: QLabel | None = None
        if request.questions and not asks_in_title(request):
            self._question = self._label(self._form.question.shown_text, "")
        if request.directory and (look.names_directory or request.directory.rstrip("/") != directory.rstrip("/")):
            self._label(chat_texts.IN_DIRECTORY(directory=escaped(short_directory(request.directory))), "secondary")
        if request != self.request:
            self._label(chat_texts.REQUEST_TOO_LONG(), "failed")
        elif not request.complete:
            self._label(chat_texts.REQUEST_INCOMPLETE(), "failed")
        self._waits = self._make_waits()
        self._message = self._label("", "secondary")
        self._message.hide()
        self._row, self._withdrawing = AnswerRow(self), AnswerRow(self)
        self._more = QPushButton(self._row)
        self._more.setProperty("kind", "icon")
        self._more.setAutoDefault(True)
        self._more.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # After a click, the keys of answers still count.
        self._more.setIconSize(QSize(ICON_PX, ICON_PX))
        self._more.clicked.connect(lambda: self._show_rest(shown=not self._is_rest_shown))
        self._choices: list[_Choice] = []
        self._rest: list[ChoiceRow] = []
        """The answers that are shown on demand, and what else can be done."""
        self._exact: ChoiceRow | None = None
        self._make_answers()
        self._make_withdrawing()
        self._sight, self._withdrawing_sight = InSight(self), InSight(self._withdrawing)
        self.seen = SeenSubject(self)
        self.seen.checked.connect(self._on_checked)
        self._name_buttons()
        self._show_answers()
        self._update_buttons()
        for stop in self.focus_order()[1:]:
            stop.installEventFilter(self)

    # ------------------------------------------------------------ parts

    def _label(self, text: str, kind: str) -> QLabel:
        widget = PlainLabel(text, self)
        widget.setProperty("kind", kind)
        widget.setWordWrap(True)
        widget.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._labels[widget] = text
        return widget

    def _make_waits(self) -> QWidget:
        """The line about what is below or above, and the key that scrolls to it."""
        line = QWidget(self)
        self._below, self._scrolls = PlainLabel(), PlainLabel(chat_texts.SCROLLS())
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_S_PX // 2)
        row.addWidget(self._below, 1)
        self._scroll_key = KeyCap(self._look.scroll_key, line)
        row.addWidget(self._scroll_key)
        row.addWidget(self._scrolls)
        for label in (self._below, self._scrolls):
            label.setProperty("kind", "secondary")
        line.hide()
        return line

    def _make_answers(self) -> None:
        shown, look = self._shown, self._look
        allowed = [option for option in shown.options if not hindrance(shown, option, BY)]
        has_others = bool(shown.questions) or any(option.kind not in _LASTING for option in allowed)
        for option in allowed:
            choice = self._choice(
                option.id,
                option.kind,
                option.name,
                option.label,
                is_row=has_others and option.kind in _LASTING,
                needs_subject=bool(hindrance(shown, option, BY, seen_end=False)),
            )
            self._choices.append(choice)
        self._choices.sort(key=lambda choice: _ORDER.index(choice.kind))
        self._rest = [choice.button for choice in self._choices if isinstance(choice.button, ChoiceRow)]
        self._next: KeyButton | None = None
        if shown.questions:
            name = chat_texts.SEND_ANSWER()
            answer = self._choice("", "allow_once", name, name)
            self._choices.insert(0, answer)
            assert isinstance(answer.button, KeyButton)
            self._next = answer.button
            self._form.submitted.connect(lambda: self._press(answer.button))
            self._back = KeyButton(chat_texts.PREVIOUS_QUESTION())
            for part in (self._back, *self._form.fields):
                part.setParent(self._row)
                part.hide()
            self._back.clicked.connect(lambda _checked: self._form.step(-1))
        if shown.has_more:
            self._exact = self._row_of(chat_texts.SHOW_EXACTLY(), self._on_exact_clicked)
        if look.can_withdraw and not any(option.kind == "cancel" for option in shown.options):
            stop = self._row_of(chat_texts.WITHDRAW_AND_STOP(), self.ask_to_withdraw)
            stop.set_name(chat_texts.WITHDRAW_AND_STOP(), chat_texts.ESCAPE_KEY())
        self._more.hide()
        for row in self._rest:
            row.setParent(self)
            row.hide()
        if look.takes_words and not shown.questions and (refusal := self.button_of("reject_once")) is not None:
            self._add_words(refusal)

    def _row_of(self, name: str, act: Callable[[], object]) -> ChoiceRow:
        row = ChoiceRow(self._theme, name)
        row.clicked.connect(lambda _checked: act())
        self._rest.append(row)
        return row

    def _add_words(self, refusal: QPushButton) -> None:
        """Add the field for what to do instead; Enter there declines."""
        self.words = words = AnswerField(chat_texts.TO_FIELD(), chat_texts.SENDS())
        words.setParent(self._row)
        words.setPlaceholderText(chat_texts.SAY_INSTEAD())
        words.setAccessibleName(chat_texts.SAY_INSTEAD())
        words.returnPressed.connect(lambda: self._press(refusal) if words.text().strip() else None)
        words.textChanged.connect(self._paint_accent)
        words.focused.connect(self._paint_accent)

    def _choice(
        self,
        option: str,
        kind: OptionKind,
        name: str,
        label: str,
        *,
        is_row: bool = False,
        needs_subject: bool = False,
    ) -> _Choice:
        shown = escaped(one_line(label))
        button: KeyButton | ChoiceRow
        if is_row:
            button = ChoiceRow(self._theme, shown)
        else:
            button = KeyButton(shown, "primary" if kind == "allow_once" else "answer")
            button.setParent(self._row)
        button.clicked.connect(lambda _checked: self._on_choice(option, kind))
        return _Choice(option, kind, name, label, button, needs_subject)

    def _make_withdrawing(self) -> None:
        asks = PlainLabel(chat_texts.WITHDRAW_QUESTION(), self)
        asks.setWordWrap(True)
        withdraw, keep = KeyButton(chat_texts.WITHDRAW()), KeyButton(chat_texts.KEEP_OPEN())
        withdraw.set_name(chat_texts.WITHDRAW(), chat_texts.ESCAPE_KEY())
        withdraw.clicked.connect(lambda _checked: self.withdrawn.emit())
        keep.clicked.connect(lambda _checked: self.keep_open())
        self._keep = keep
        for part in (asks, withdraw, keep):
            part.setParent(self._withdrawing)
        self._withdrawing.show_parts([], asks, [withdraw, keep], None)
        self._withdrawing.hide()

    def _show_answers(self) -> None:
        """Show the row of answers: of a form, that of the shown question."""
        buttons = [choice.button for choice in self._choices if isinstance(choice.button, KeyButton)]
        more = self._more if self._rest else None
        if self._next is None:
            self._row.show_parts(buttons, self.words, [], more)
            return
        others = [each for each in buttons if each is not self._next]
        back = [self._back] if self._form.number else []
        parts = [*back, self._next, *others]
        field = self._form.field
        self._row.show_parts([] if field else parts, field, parts if field else [], more)

    # ------------------------------------------------------------ the other answers

    def show_put_away(self, button: QPushButton) -> bool:
        """Show the other answers if this button is one of them and they are hidden; returns whether it was."""
        if self._is_rest_shown or button not in self._rest:
            return False
        self._show_rest(shown=True)
        return True

    def _show_rest(self, *, shown: bool) -> None:
        had_focus, self._is_rest_shown = self._more.hasFocus(), shown
        for each in self._rest:
            each.setVisible(shown)
        self._name_more()
        if had_focus and shown:
            next((each for each in self._rest if each.isEnabled()), self._rest[-1]).setFocus(
                Qt.FocusReason.TabFocusReason
            )
        self.resized.emit()

    def _name_more(self) -> None:
        name = chat_texts.FEWER_ANSWERS() if self._is_rest_shown else chat_texts.MORE_ANSWERS()
        self._more.setAccessibleName(name)
        set_tooltip(self._more, name)

    def _on_exact_clicked(self) -> None:
        self._is_exact = not self._is_exact
        self._name_buttons()
        self._look_again()

    def _look_again(self) -> None:
        self.looked.emit(RequestLook(self._is_exact, self._form.number))
        self.resized.emit()

    # ------------------------------------------------------------ withdrawing

    def ask_to_withdraw(self) -> None:
        """Ask in the same row whether the question is to be withdrawn."""
        if not self._is_sent and self._look.can_withdraw and not self.is_withdrawing:
            self._set_withdrawing(on=True)
            announce(self, chat_texts.WITHDRAW_QUESTION())

    def show_withdrawing(self) -> None:
        """Scroll to the row that asks, if it is not in sight: of a request that is higher than the page, it may be."""
        if not is_in_view(self._withdrawing):
            self.reveal_requested.emit(self._withdrawing)

    def keep_open(self) -> None:
        """Show the answers again."""
        if self.is_withdrawing:
            self._set_withdrawing(on=False)

    def _set_withdrawing(self, *, on: bool) -> None:
        focused = self.window().focusWidget()
        had_focus = focused is not self and self.isAncestorOf(focused)
        self.is_withdrawing = on
        self._row.setVisible(not on)
        self._withdrawing.setVisible(on)
        if on and self._is_rest_shown:
            self._show_rest(shown=False)
        if had_focus:
            (self._keep if on else self).setFocus(Qt.FocusReason.OtherFocusReason)
        self.resized.emit()

    # ------------------------------------------------------------ names

    def show_keys(self, *, shown: bool) -> None:
        """Set whether the buttons show the keys that press them; before ``height_for``."""
        if shown != self._shows_keys:
            self._shows_keys = shown
            self._name_buttons()

    def _name_buttons(self) -> None:
        for choice in self._choices:
            is_keys = self._shows_keys and choice.button is self.button_of(choice.kind)
            key = self._look.key_of(choice.kind) if is_keys else ""
            name = choice.name if self._is_exact else choice.label
            if choice.button is self._next:
                name = chat_texts.SEND_ANSWER() if self._form.is_last else chat_texts.NEXT_QUESTION()
            shown = escaped(one_line(name))
            spoken = chat_texts.OPTION_WITH_KEY(name=shown, key=key) if key else shown
            choice.button.set_name(shown, chat_texts.SENDS() if choice.button is self._next else key, spoken)
        if self._exact is not None:
            self._exact.set_name(chat_texts.SHOW_SHORTENED() if self._is_exact else chat_texts.SHOW_EXACTLY())
        self._name_more()

    def focus_order(self) -> list[QWidget]:
        """The widgets that can have the keyboard focus, in tab order."""
        found: list[QWidget] = [self, *([self.words] if self.words is not None else []), *self._form.all_stops]
        found += [choice.button for choice in self._choices if choice.button not in self._rest]
        found += [self._back] if self._next is not None else []
        found += [self._more, *self._rest] if self._rest else []
        return [*found, *self._withdrawing.findChildren(KeyButton)]

    # ------------------------------------------------------------ whether the user has seen the subject

    @property
    def waits_for_subject(self) -> bool:
        """Whether an answer waits until the user has seen what is asked."""
        return not (self._is_sent or self.seen.is_seen) and any(choice.needs_subject for choice in self._choices)

    def show_below(self, lines: int, *, is_above: bool) -> None:
        """Say how many lines of what is asked are below what is shown, or that some are above, while answers wait."""
        text = ""
        if self.waits_for_subject:
            text = chat_texts.lines_below(lines) if lines > 0 else chat_texts.LINES_ABOVE() if is_above else ""
        for part in (self._scroll_key, self._scrolls):
            part.setVisible(lines > 0 and bool(text) and self.width() >= _SCROLLS_FROM_PX)
        if text != self._below.text():
            self._below.setText(text)
        if text and self._waits.isHidden():  # Afterwards it keeps its room, so that nothing moves at the end.
            self._waits.show()
            self.resized.emit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.seen.check_soon()

    def _on_checked(self) -> None:
        self._update_buttons()
        if self.seen.is_seen:
            self.show_below(0, is_above=True)

    def _on_form_changed(self) -> None:
        self._refusal = ""
        self._update_buttons()

    def _on_stepped(self) -> None:
        self._is_hint_wanted, self._refusal = False, ""
        self._sight.begin()
        if self._question is not None:
            self._labels[self._question] = self._form.question.shown_text
        self._name_buttons()
        self._show_answers()
        self._update_buttons()
        self._look_again()
        self.take_focus()
        announce(self, spoken_question(self._form.question))

    def _update_buttons(self) -> None:
        hint = self._hint
        for choice in self._choices:
            is_allowed = self.seen.is_seen or not choice.needs_subject if choice.option else not self._form.hint
            choice.button.setEnabled(is_allowed and not self._is_sent)
            set_tooltip(choice.button, "" if is_allowed else hint)
            described = (self.accessibleName(), "" if is_allowed else hint)
            choice.button.setAccessibleDescription("\n".join(filter(None, described)))
        self.setAccessibleDescription(hint)
        is_hint_shown = bool(hint) and hint == self._form.hint and (self._is_hint_wanted or self._form.is_begun)
        text = self._refusal or (hint if is_hint_shown else "")
        if self._is_sent:
            text = self._outcome or chat_texts.ANSWER_SENT()
        if text != self._labels[self._message]:
            self._show_message(text)

    def _paint_accent(self) -> None:
        """Enter in the field sends its words: then *Allow* is not what comes next."""
        has_words = self.words is not None and (self.words.hasFocus() or bool(self.words.text().strip()))
        for choice in self._choices:
            if choice.kind == "allow_once" and isinstance(choice.button, KeyButton):
                choice.button.set_kind("answer" if has_words else "primary")
                set_look(choice.button, "enters", self.hasFocus() and self._look.enters)

    @property
    def is_answered_here(self) -> bool:
        """Whether the user has answered the request on this card, and was not told that it had no effect."""
        return self._is_sent

    @property
    def _hint(self) -> str:
        """Why the request cannot be allowed or answered yet; "" if it can, or after an answer."""
        if self._is_sent:
            return ""
        if self.waits_for_subject:
            return self.seen.hint
        return self._form.hint

    def _show_message(self, text: str) -> None:
        self._labels[self._message] = text
        self._message.setText(text)
        self._message.setVisible(bool(text))
        self.resized.emit()

    # ------------------------------------------------------------ answers

    @property
    def takes_keys(self) -> bool:
        """Whether what it asks now has been in sight for long enough."""
        return (self._withdrawing_sight if self.is_withdrawing else self._sight).takes_keys

    def _press(self, button: QPushButton) -> None:
        if not self.takes_keys:
            return
        if button.isEnabled():
            button.click()
        else:
            self.show_hint()

    def show_hint(self) -> None:
        """Show, and tell screen readers, why there can be no answer yet, unless there can be one in a moment."""
        hint = self._hint
        if not hint or (self.waits_for_subject and self.seen.is_soon_seen):
            return
        self._is_hint_wanted, self._refusal = True, ""
        self._update_buttons()
        self.reveal_requested.emit(self._message if self._message.isVisible() else self._row)
        announce(self, hint)

    def button_of(self, kind: str) -> KeyButton | ChoiceRow | None:
        """The button that the key of this kind presses: the first option's of this kind, or a form's *Answer*."""
        return next((choice.button for choice in self._choices if choice.kind == kind), None)

    def answer_by_key(self, kind: str) -> bool:
        """Press the button of a kind; returns False if it cannot be pressed, or is not to be seen.

        One that is put away is shown first: what it allows is read before.
        """
        button = self.button_of(kind)
        if button is None:
            return False
        if self.isVisible() and not self.takes_keys:
            return is_in_view(self._withdrawing if self.is_withdrawing else self)
        if self.is_withdrawing:
            self.keep_open()
            return True
        if self.isVisible() and self.show_put_away(button):
            self.reveal_requested.emit(button)
            return True
        if not (is_in_view(button) and button.isEnabled()):
            return False
        button.click()
        return True

    def _said(self, kind: OptionKind) -> dict[str, str]:
        """The words of the field if the option declines, under the id "", which the dialects read as the reason."""
        words = self.words.text().strip() if self.words is not None and kind in REJECTIONS else ""
        return {"": words} if words else {}

    def _on_choice(self, option: str, kind: OptionKind) -> None:
        if not option and not self._form.is_last:
            self._form.step(1)
            return
        self._is_sent, self._refusal = True, ""
        texts = self._form.answers() | self._said(kind)
        self._answer(AnswerRequest(self.request.id, option, self.shown_digest, texts))
        self._update_buttons()

    def show_refusal(self, reason: str) -> None:
        """Show why the answer had no effect, and let the user answer again."""
        self._is_sent, self._refusal = False, reason
        self._update_buttons()

    def show_outcome(self, outcome: str) -> None:
        """Show what became of the request, which is over: it cannot be answered any more."""
        self.keep_open()
        self._is_sent, self._outcome = True, outcome
        self._update_buttons()
        self.show_below(0, is_above=True)

    # ------------------------------------------------------------ mouse and keyboard

    def acts_on_press(self, _point: QPointF, button: Qt.MouseButton, _modifiers: Qt.KeyboardModifier) -> bool:
        """Whether a press on the card may answer."""
        return button == Qt.MouseButton.LeftButton

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusIn and isinstance(event, QFocusEvent) and event.reason() in _BY_TAB:
            self.reveal_requested.emit(watched)
        is_press = event.type() == QEvent.Type.MouseButtonPress
        if is_press and isinstance(watched, QPushButton) and not watched.isEnabled():
            self.show_hint()  # Qt gives a press on a disabled button to no other widget.
        return bool(super().eventFilter(watched, event))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._paint_accent()
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._paint_accent()
        self.update()

    def take_focus(self) -> None:
        """Take the keyboard focus: the first choice or field of a question, else the request itself."""
        stops = self._form.stops if self._shown.questions else []
        (stops[0] if stops else self).setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if event.key() == Qt.Key.Key_Escape and plain and self.words is not None and self.words.hasFocus():
            self.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        if not self.hasFocus():
            event.ignore()  # A key for a button or field of the request.
            return
        is_enter = self._look.enters and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}
        kind = (
            "allow_once" if is_enter else next((kind for kind, key in ANSWER_KEYS.items() if event.text() == key), "")
        )
        if not (plain and kind) or is_repeat(event) or (button := self.button_of(kind)) is None:
            event.ignore()
        elif not self.takes_keys:
            pass
        elif self.is_withdrawing:
            self.keep_open()
        elif not self.show_put_away(button):
            self._press(button)

    # ------------------------------------------------------------ size and looks

    def set_style(self, style: Style) -> None:
        """Use the colours of this style."""
        self._more.setIcon(glyph_icon(Glyph.MORE, style.tokens, "secondary"))
        self.update()

    def set_pinned(self, *, pinned: bool) -> None:
        """Set whether it is over a part of what is asked, at the page's lower edge."""
        if pinned != self._is_pinned:
            self._is_pinned = pinned
            self.update()

    def height_for(self, width: int, left_px: int, room: QSize | None = None) -> int:
        """The height at a width, with texts that begin ``left_px`` from the left edge; arranges the parts.

        ``room`` is the page's size: with another one, all of what is asked may be on it.
        """
        if room != self._room:
            self._room = room
            self._waits.hide()
        is_narrow = width < _NARROW_PX
        right_px = _NARROW_RIGHT_PX if is_narrow else _RIGHT_PX
        answers_right_px = _NARROW_RIGHT_PX if is_narrow else _ANSWERS_RIGHT_PX
        inner = max(width - left_px - right_px, 1)
        y = 0

        def put(part: QWidget, height: int, above: int, *, is_wide: bool = False) -> None:
            nonlocal y
            y += above
            area = (
                QRect(self._edge_px, y, width - self._edge_px, height) if is_wide else QRect(left_px, y, inner, height)
            )
            part.setGeometry(area)
            y += height

        if self._question is not None:
            put(self._question, self._text_height(self._question, inner), 0)
        if self._shown.questions:
            for row in self._form.rows:
                row.fit(width - self._edge_px, left_px - self._edge_px, right_px)
            put(self._form.area, sum(row.height() for row in self._form.rows), 0, is_wide=True)
        for row in self._rest if self._is_rest_shown else ():
            row.fit(width - self._edge_px, left_px - self._edge_px, right_px)
            put(row, row.height(), 0, is_wide=True)
        for label in self._labels:
            if label not in {self._question, self._message}:
                put(label, self._text_height(label, inner), _LINE_ABOVE_PX)
        if not self._waits.isHidden():
            put(self._waits, self._below.fontMetrics().height(), _LINE_ABOVE_PX)
        if not self._message.isHidden():
            put(self._message, self._text_height(self._message, inner), _LINE_ABOVE_PX)
        shown = self._withdrawing if self.is_withdrawing else self._row
        answers_px = max(width - left_px - answers_right_px, 1)
        y += _ABOVE_PX if y or self._has_subject else _TIGHT_PX
        height = max(self._row.fit(answers_px), self._withdrawing.fit(answers_px) if self.is_withdrawing else 0)
        shown.setGeometry(left_px, y, answers_px, height)
        return y + height + _BELOW_PX

    @property
    def _edge_px(self) -> int:
        return ASKED_EDGE_PX if self.edge is not None else 0

    @property
    def _has_subject(self) -> bool:
        return bool(self._shown.subject) or bool(self._shown.reason)

    def _text_height(self, label: QLabel, width: int) -> int:
        label.ensurePolished()  # Else its room has the height of another font until it is shown.
        show_text(label, self._labels[label], width)
        return max(label.heightForWidth(width), label.fontMetrics().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, tokens = QPainter(self), self._theme.tokens
        if self._is_pinned:
            painter.fillRect(self.rect(), self.ground)
            painter.fillRect(QRectF(0, 0, self.width(), 1), tokens.color("hairline"))
            if self.edge is not None:
                painter.fillRect(QRectF(0, 0, ASKED_EDGE_PX, self.height()), self.edge)
        if self.hasFocus() and self.button_of("allow_once") is None:  # Else that button has the frame.
            around = QRectF(self._row.geometry()).adjusted(-_AROUND_PX, -_AROUND_PX, _AROUND_PX, _AROUND_PX)
            paint_frame(painter, around, tokens.color("accent"))
        painter.end()


def is_in_view(widget: QWidget) -> bool:
    """Whether the user can see a part of this widget."""
    return not widget.visibleRegion().isEmpty()
