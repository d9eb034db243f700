"""The widget of an open request: the complete command or text, and the possible answers. Answer path, 1 of 15."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QShowEvent,
    QTextOption,
)
from PySide6.QtWidgets import (
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollBar,
    QVBoxLayout,
    QWidget,
)

from gui.chat.drawing.segment_layout import text_box
from gui.chat.drawing.style import Style
from gui.input.keys import ANSWER_KEYS, answer_key
from gui.screen_readers import announce
from gui.theme.controls import FlowLayout, PlainLabel, fit_buttons, set_look, show_text
from gui.theme.painting import paint_frame
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_S_PX, SECONDARY_PX
from gui.theme.tooltips import set_tooltip
from gui.wording import chat_texts
from session_host.protocol.messages import AnswerRequest
from session_host.protocol.untrusted_text import escaped, one_line
from session_host.structured.answers import hindrance
from session_host.structured.items import REJECTIONS, AgentRequest, OptionKind, digest

from .form import AnswerField, QuestionForm, option_button
from .seen import SeenSubject
from .words import readable, title_of

_MIN_VIEW_PX = 30
_SCROLL_KEYS = {Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Home, Qt.Key.Key_End}
_ORDER = ("allow_once", "reject_once", "choice", "allow_always", "reject_always", "cancel")
"""The order of the answers: those for this once are first."""
_LASTING: frozenset[OptionKind] = frozenset({"allow_always", "reject_always", "cancel"})
"""The answers that a brief card shows on demand."""
_PADDING_PX = 12
_BAR_PX = 4
"""The room for the coloured bar, added to the padding."""
_NARROW_PX = 140
"""A card that is narrower has less padding."""
_NARROW_PADDING_PX = 5
_MIN_SUBJECT_PX = 60
_SMALL_SUBJECT_PX = 160
"""The height of a long subject on a page with less room than ``_MIN_SUBJECT_PX``."""
_FRAME_PX = 22
_SIDES_PX = 24
"""The frame and the margins above and below the subject's lines, and beside them."""
_NARROW_SIDES_PX = 12
_BY_TAB = {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason}
_OTHER_PX = 150
"""The estimated height of everything but the subject."""
_WORDS_PX = 40
"""The height of the field for words, with the space above it."""

BY: Final = "window"
"""The key of ``items.PLACES`` for answers that are given on a card."""


class CardLook(NamedTuple):
    """How the widgets of requests look.

    Attributes:
        is_framed: whether they have a frame and a coloured bar of their own.
        room_px: the height that one may take; 0 for that of the page.
        key_of: returns the key of a kind of option, as the buttons name it.
        takes_words: whether the user can say, with a refusal, what to do instead.
        is_brief: whether the answers that last, and the exact text, are behind *More…*.
        asker: the name of the chat that asks, for screen readers; "" for the agent of the page.
    """

    is_framed: bool = True
    room_px: int = 0
    key_of: Callable[[str], str] = answer_key
    takes_words: bool = False
    is_brief: bool = False
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
    button: QPushButton
    needs_subject: bool


class RequestCard(QWidget):
    """A request of the agent, with its answers.

    Attributes:
        words: the field for what the user says with a refusal; None without one.

    Signals:
        resized(): the widget needs another height.
        reveal_requested(QWidget): this part has to be in view: the keyboard went to it, or it answers a key.
    """

    resized = Signal()
    reveal_requested = Signal(QWidget)

    _outcome = ""
    """The line that says how the request ended; "" while it is open."""
    words: AnswerField | None = None
    _more_button: QPushButton | None = None
    """Shows the answers of a brief card that are still hidden."""

    def __init__(
        self,
        theme: Theme,
        request: AgentRequest,
        parent: QWidget,
        answer: Callable[[AnswerRequest], object],
        short_directory: Callable[[str], str],
        look: CardLook = CardLook(),  # noqa: B008 - it cannot change
    ) -> None:
        super().__init__(parent)
        self._answer, self._look = answer, look
        self.request = request
        self.shown_digest = digest(request)
        self._shown = request = readable(request)
        self._theme = theme
        self._style = Style(theme, SECONDARY_PX + 1)
        self._is_sent = False
        self._is_hint_wanted = False
        """Whether the user looked at a button that cannot be pressed yet, or pressed its key."""
        self._is_exact = False
        """Whether the command and the answers are shown exactly as the agent states them."""
        self._refusal = ""
        """Why the last answer had no effect, until the user does something else about the request."""
        self._measured: tuple[int, float] = (0, 0.0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        asks = chat_texts.ASKS_AS(name=look.asker) if look.asker else chat_texts.ASKS()
        self.setAccessibleName(chat_texts.SPOKEN(kind=asks, text=request.title))
        self._labels: dict[QLabel, str] = {}
        self._title = self._label(title_of(request), "title")
        self._subject = self._make_subject()
        self.seen = SeenSubject(self, self._subject)
        self.seen.checked.connect(self._on_checked)
        self._message = self._label("", "secondary")
        self._rows: list[FlowLayout] = []
        self._form = QuestionForm(request.questions, self)
        self._form.changed.connect(self._on_form_changed)
        self._column = QVBoxLayout(self)
        self._pad(_PADDING_PX)
        self._column.setSpacing(GAP_S_PX)
        self._column.addWidget(self._title)
        if request.reason:
            reason = self._label(escaped(one_line(request.reason)), "secondary")
            self._column.addWidget(reason)
        if self._subject is not None:
            self._column.addWidget(self._subject, 1)
        if request.directory:
            directory = self._label(
                chat_texts.IN_DIRECTORY(directory=escaped(short_directory(request.directory))), "secondary"
            )
            self._column.addWidget(directory)
        if request != self.request:
            self._column.addWidget(self._label(chat_texts.REQUEST_TOO_LONG(), "failed"))
        elif not request.complete:
            self._column.addWidget(self._label(chat_texts.REQUEST_INCOMPLETE(), "failed"))
        is_title_asked = bool(request.questions) and self._is_title(request.questions[0].text)
        if is_title_asked:
            self._title.hide()  # The first question says it.
        for number, question in enumerate(request.questions):
            if number:
                self._column.addSpacing(GAP_S_PX)  # Its choices are nearer to a question than the previous answer.
            self._column.addWidget(self._label(question.shown_text, "title" if is_title_asked else ""))
            self._form.add_answers(question, self._column, self._add_row)
        self._shows_keys = False
        self._add_buttons()
        self._column.addWidget(self._message)
        self._message.hide()
        if request.questions:  # The form must not move under the pointer with the first answer.
            policy = self._message.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            self._message.setSizePolicy(policy)
        self._update_buttons()
        for stop in self.focus_order()[1:]:
            stop.installEventFilter(self)

    # ------------------------------------------------------------ parts

    def _label(self, text: str, kind: str) -> QLabel:
        widget = PlainLabel(text)
        widget.setProperty("kind", kind)
        widget.setWordWrap(True)
        widget.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._labels[widget] = text
        return widget

    def _make_subject(self) -> SubjectView | None:
        subject, kind = self._shown.subject, self._shown.kind
        if not subject or kind == "edit" or (kind == "question" and self._is_title(subject)):
            return None  # The page shows a diff, above this widget; the title shows a question's message.
        return SubjectView(escaped(self._shown.shown_subject))

    def _is_title(self, text: str) -> bool:
        """Whether the request's title is this whole text, in one line."""
        return " ".join(text.split()) == self._shown.title

    def _add_buttons(self) -> None:
        row = self._add_row()
        shown = self._shown
        self._choices = [
            self._choice(
                option.id,
                option.kind,
                option.name,
                option.label,
                needs_subject=bool(hindrance(shown, option, BY, seen_end=False)),
            )
            for option in shown.options
            if not hindrance(shown, option, BY)
        ]
        in_order = sorted(self._choices, key=lambda choice: _ORDER.index(choice.kind))
        if self._shown.questions:
            name = chat_texts.SEND_ANSWER()
            answer = self._choice("", "allow_once", name, name)
            self._form.submitted.connect(lambda: self._press(answer.button))
            self._choices.append(answer)
            in_order.insert(0, answer)
        for choice in in_order:
            row.addWidget(choice.button)
        self._exact_button: QPushButton | None = None
        if self._shown.has_more:
            self._exact_button = exact = option_button(chat_texts.SHOW_EXACTLY())
            exact.setProperty("kind", "quiet")
            exact.clicked.connect(self._on_exact_clicked)
            row.addWidget(exact)
        if self._look.is_brief:
            self._put_away(row, [choice.button for choice in in_order if choice.kind in _LASTING])
        if self._look.takes_words and (refusal := self.button_of("reject_once")) is not None:
            self._add_words(refusal)

    def _put_away(self, row: FlowLayout, lasting: Sequence[QPushButton]) -> None:
        """Hide these answers and *Show exactly* behind *More…*, unless there are no other answers."""
        hidden = [*lasting, *([self._exact_button] if self._exact_button is not None else [])]
        if not hidden or len(lasting) == len(self._choices):
            return
        for each in hidden:
            each.hide()
        self._more_button = more = option_button(chat_texts.MORE_ANSWERS())
        more.setProperty("kind", "quiet")
        more.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # After a click, the keys of answers still count.
        more.clicked.connect(lambda: self._show_all(hidden))
        row.addWidget(more)

    def show_put_away(self, button: QPushButton) -> bool:
        """Show the answers behind *More…* if this button is one of them; returns whether it was."""
        if self._more_button is None or not button.isHidden():
            return False
        self._more_button.click()
        return True

    def _show_all(self, hidden: Sequence[QPushButton]) -> None:
        """Show what was behind *More…*; the keyboard goes on to it."""
        if (more := self._more_button) is None:
            return
        had_focus, self._more_button = more.hasFocus(), None
        for each in hidden:
            each.show()
        if had_focus:
            next((each for each in hidden if each.isEnabled()), hidden[-1]).setFocus(Qt.FocusReason.TabFocusReason)
        more.hide()
        self.resized.emit()

    def _add_words(self, refusal: QPushButton) -> None:
        """Add the field for what to do instead; Enter there declines."""
        self.words = words = AnswerField()
        words.setPlaceholderText(chat_texts.SAY_INSTEAD())
        words.setAccessibleName(chat_texts.SAY_INSTEAD())
        words.returnPressed.connect(lambda: self._press(refusal) if words.text().strip() else None)
        self._column.addWidget(words)

    def _choice(self, option: str, kind: OptionKind, name: str, label: str, *, needs_subject: bool = False) -> _Choice:
        button = option_button(label)
        if kind == "allow_once":
            button.setProperty("kind", "primary")
        button.clicked.connect(lambda _checked: self._send(option, self._form.answers() | self._said(kind)))
        return _Choice(option, kind, name, label, button, needs_subject)

    def _said(self, kind: OptionKind) -> dict[str, str]:
        """The words of the field if the option declines, under the id "", which the dialects read as the reason."""
        words = self.words.text().strip() if self.words is not None and kind in REJECTIONS else ""
        return {"": words} if words else {}

    def _on_exact_clicked(self) -> None:
        self._is_exact = not self._is_exact
        if self._subject is not None:
            self._subject.setPlainText(escaped(self._shown.subject if self._is_exact else self._shown.shown_subject))
        self._name_buttons()
        self._measured = (0, 0.0)
        self.resized.emit()

    def _add_row(self) -> FlowLayout:
        holder = QWidget()
        self._column.addWidget(holder)
        row = FlowLayout(holder)
        self._rows.append(row)
        return row

    def show_keys(self, *, shown: bool) -> None:
        """Set whether the buttons show the keys that press them; before ``height_for``."""
        if shown == self._shows_keys:
            return
        self._shows_keys = shown
        self._name_buttons()

    def _name_buttons(self) -> None:
        for choice in self._choices:
            is_keys = self._shows_keys and choice.button is self.button_of(choice.kind)
            key = self._look.key_of(choice.kind) if is_keys else ""
            shown = escaped(one_line(choice.name if self._is_exact else choice.label))
            choice.button.setAccessibleName(chat_texts.OPTION_WITH_KEY(name=shown, key=key) if key else shown)
        if self._exact_button is not None:
            words = chat_texts.SHOW_SHORTENED() if self._is_exact else chat_texts.SHOW_EXACTLY()
            self._exact_button.setAccessibleName(words)

    @property
    def subject_bar(self) -> QScrollBar | None:
        """The scroll bar of the subject, in lines; None if the page shows it, or there is none."""
        return self._subject.verticalScrollBar() if self._subject is not None else None

    def focus_order(self) -> list[QWidget]:
        """The widgets that can have the keyboard focus, in tab order."""
        found: list[QWidget] = [self]
        if self._subject is not None:
            found.append(self._subject)
        inside = self.findChildren(QWidget)
        return [*found, *(widget for widget in inside if isinstance(widget, QLineEdit | QPushButton))]

    # ------------------------------------------------------------ whether the user has seen the subject

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.seen.check_soon()

    def _on_checked(self) -> None:
        if self._subject is not None:
            self._subject.show_needed_bar()
        if not self.seen.is_seen and any(is_in_view(choice.button) for choice in self._choices if choice.needs_subject):
            self._is_hint_wanted = True
        self._update_buttons()

    def _on_form_changed(self) -> None:
        self._refusal = ""
        self._update_buttons()

    def _update_buttons(self) -> None:
        hint = self._hint
        for choice in self._choices:
            is_allowed = self.seen.is_seen or not choice.needs_subject if choice.option else not self._form.hint
            choice.button.setEnabled(is_allowed and not self._is_sent)
            set_tooltip(choice.button, "" if is_allowed else hint)
            described = (self.accessibleName(), "" if is_allowed else hint)
            choice.button.setAccessibleDescription("\n".join(filter(None, described)))
        self.setAccessibleDescription(hint)
        is_begun = bool(self._form.answers()) if hint == self._form.hint else self.seen.is_partly_seen
        is_hint_shown = self._is_hint_wanted or is_begun
        text = self._refusal or (hint if is_hint_shown else "")
        if self._is_sent:
            text = self._outcome or chat_texts.ANSWER_SENT()
        if text != self._labels[self._message]:
            self._show_message(text)

    @property
    def is_answered_here(self) -> bool:
        """Whether the user has answered the request on this card, and was not told that it had no effect."""
        return self._is_sent

    @property
    def _hint(self) -> str:
        """Why the request cannot be allowed or answered yet; "" if it can, or after an answer."""
        if self._is_sent:
            return ""
        if self.seen.hint and any(choice.needs_subject for choice in self._choices):
            return self.seen.hint
        return self._form.hint

    def _show_message(self, text: str) -> None:
        self._labels[self._message] = text
        self._message.setText(text)
        self._message.setVisible(bool(text))
        self._measured = (0, 0.0)
        self.resized.emit()

    # ------------------------------------------------------------ answers

    def _press(self, button: QPushButton) -> None:
        if button.isEnabled():
            button.click()
        else:
            self.show_hint()

    def show_hint(self) -> None:
        """Show, and tell screen readers, why there can be no answer yet, unless there can be one in a moment."""
        hint = self._hint
        if not hint or (hint == self.seen.hint and self.seen.is_soon_seen):
            return
        self._is_hint_wanted, self._refusal = True, ""
        self._update_buttons()
        self.reveal_requested.emit(self._message)
        announce(self, hint)

    def button_of(self, kind: str) -> QPushButton | None:
        """The button that the key of this kind presses: the first option's of this kind, or a form's *Answer*."""
        return next((choice.button for choice in self._choices if choice.kind == kind), None)

    def answer_by_key(self, kind: str) -> bool:
        """Press the button of a kind; returns False if it cannot be pressed, or is not to be seen."""
        button = self.button_of(kind)
        if button is None or not (is_in_view(button) and button.isEnabled()):
            return False
        button.click()
        return True

    def _send(self, option: str, texts: dict[str, str]) -> None:
        self._is_sent, self._refusal = True, ""
        self._answer(AnswerRequest(self.request.id, option, self.shown_digest, texts))
        self._update_buttons()

    def show_refusal(self, reason: str) -> None:
        """Show why the answer had no effect, and let the user answer again."""
        self._is_sent, self._refusal = False, reason
        self._update_buttons()

    def show_outcome(self, outcome: str) -> None:
        """Show what became of the request, which is over: it cannot be answered any more."""
        self._is_sent, self._outcome = True, outcome
        self._update_buttons()

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

    def take_focus(self) -> None:
        """Take the keyboard focus: the first choice or field of a question, else the request itself."""
        (self._form.first_stop or self).setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not (self.hasFocus() or (self._subject is not None and self._subject.hasFocus())):
            event.ignore()  # A key for a button or field of the request.
            return
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        is_enter = self._look.is_framed and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}
        kind = (
            "allow_once" if is_enter else next((kind for kind, key in ANSWER_KEYS.items() if event.text() == key), "")
        )
        if plain and kind and not event.isAutoRepeat() and (button := self.button_of(kind)) is not None:
            self._press(button)
            return
        if event.key() == Qt.Key.Key_Escape:
            return  # Escape must not decline a request.
        event.ignore()

    # ------------------------------------------------------------ size and looks

    def set_style(self, style: Style) -> None:
        """Use the fonts of this style."""
        self._style = style
        self._measured = (0, 0.0)
        if self._subject is not None:
            self._subject.setFont(style.font(mono=True))
            self._subject.setTabStopDistance(style.code_wrapping.tabStopDistance())

    def _pad(self, padding_px: int) -> None:
        self._padding_px = padding_px if self._look.is_framed else 0
        bar_px, above_px = (_BAR_PX, max(padding_px, GAP_S_PX)) if self._look.is_framed else (0, 0)
        self._column.setContentsMargins(self._padding_px + bar_px, above_px, self._padding_px, above_px)

    def height_for(self, width: int, page_height: int) -> int:
        """The height at a width; a long subject scrolls."""
        is_narrow = width < _NARROW_PX
        self._pad(_NARROW_PADDING_PX if is_narrow else _PADDING_PX)
        if self._subject is not None:
            set_look(self._subject, "narrow", is_narrow)
        sides_px = 2 * self._padding_px + _BAR_PX
        if self._measured[0] != width:
            subject = self._subject
            height = 0.0
            if subject is not None:
                inner = width - sides_px - (_NARROW_SIDES_PX if is_narrow else _SIDES_PX)
                height = text_height(subject.toPlainText(), max(inner, 1), self._style) + _FRAME_PX
            self._measured = (width, height)
        height = self._measured[1]
        if self._subject is not None:
            # On a small page, the page scrolls in any case: another scroll bar inside it would be in the way.
            other_px = _OTHER_PX + (_WORDS_PX if self.words is not None else 0)
            is_small = is_narrow or page_height < other_px + _MIN_SUBJECT_PX
            max_height = max(page_height, _SMALL_SUBJECT_PX) if is_small else page_height - other_px
            self._subject.set_size(width, round(min(height, max_height)), fits=height <= max_height)
        for row in self._rows:
            fit_buttons(row, width - sides_px, is_narrow=is_narrow)
        for label, text in self._labels.items():
            show_text(label, text, width - sides_px)
        self._message.ensurePolished()  # Else its room has the height of another font until it is shown.
        self._message.setMinimumHeight(self._message.fontMetrics().height())
        column = self._column
        return max(column.heightForWidth(width) if column.hasHeightForWidth() else column.sizeHint().height(), 48)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._look.is_framed:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = self._theme.tokens
        line, line_px = ("accent", 2) if self.hasFocus() else ("border", 1)
        paint_frame(painter, QRectF(self.rect()), tokens.color(line), tokens.color("raised"), line_px=line_px)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tokens.color("needs_you_fill"))
        painter.drawRoundedRect(QRectF(3, 8, 3, self.height() - 16), 1.5, 1.5)
        painter.end()


class SubjectView(QPlainTextEdit):
    """The subject of the request, such as a command. It scrolls if it is too long for its height."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._measured = (0, False)
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setAccessibleName(chat_texts.WHAT_WILL_RUN())
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setPlainText(text)
        self.setMinimumHeight(_MIN_VIEW_PX)

    def set_size(self, width: int, height: int, *, fits: bool) -> None:
        """Set the height at a width; a text that fits gets no scroll bar.

        Qt would show one before the widget has its size. The bar makes the lines shorter, and then it is needed.
        """
        self.setFixedHeight(height)
        if (width, fits) != self._measured:
            self._measured = width, fits
            policies = Qt.ScrollBarPolicy
            self.setVerticalScrollBarPolicy(policies.ScrollBarAlwaysOff if fits else policies.ScrollBarAsNeeded)

    def show_needed_bar(self) -> None:
        """Show a scroll bar if the text does not fit, against what was measured."""
        if self.verticalScrollBar().maximum() > 0:
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the keys that scroll to the page while there is nothing to scroll here."""
        if event.key() in _SCROLL_KEYS and self.verticalScrollBar().maximum() == 0:
            event.ignore()
        else:
            super().keyPressEvent(event)


def text_height(text: str, width: float, style: Style) -> float:
    """The height of a text in the font of code, wrapped to a width."""
    option = QTextOption(style.code_wrapping)
    box = text_box(
        text,
        font=style.font(mono=True),
        option=option,
        formats=[],
        position=QPointF(),
        width=width,
        line_px=0.0,
        color=style.text,
    )
    return box.height


def is_in_view(widget: QWidget) -> bool:
    """Whether the user can see a part of this widget."""
    return not widget.visibleRegion().isEmpty()
