"""Questions before an action that cannot be undone, over the page or over the window."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from msgspec import Struct
from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import (
    QFont,
    QFontMetrics,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
    QTextDocument,
    QTextOption,
)
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from gui.input.held_keys import is_repeat
from gui.input.in_sight import InSight
from gui.input.refused_keys import KEYS_AFTER_MS
from gui.theme.controls import KeyButton, set_look
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, font
from gui.theme.tooltips import show_tooltip
from gui.timers import single_shot
from gui.window.sheets.sheet import ASK_PX, Sheet, button_row
from gui.window.widgets.parts import Scrolled, label, monospace_font, show_text, stack
from gui.wording import chat_texts, common_texts, page_texts
from session_host.protocol.untrusted_text import is_invisible

MAX_PX = 640
"""The height of all above the buttons: of the longest subject, with room for the texts."""
_BESIDE_PX = GAP_L_PX
"""The room beside the subject's lines, in the sheet."""
_ABOVE_AND_BELOW_PX = 6
"""The room that Qt wants above and below them, for no scroll bar."""
SUBJECT_LINES = 10
SUBJECT_CHARACTERS = 50_000
"""A longer subject is cut, and a line says so."""

_ANSWERS = {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape}
_SCROLLING = {Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown}


class Question(Struct, frozen=True):
    """A question to the user.

    Attributes:
        text: the question, one line.
        action: the label of the button for yes.
        on_yes: called if the user says yes; closing the question in any other way means no.
        detail: one line about the consequence.
        subject: the text that the question is about, "" for none.
        is_code: the subject is shown in the terminals' font with its own lines, else as a list of things.
        discards: yes ends or discards something: *Cancel* has the keyboard focus, and yes the colour of danger.
        fitted: returns the lines of code cut to a number of columns; None: they are not cut, but scrolled sideways.
    """

    text: str
    action: str
    on_yes: Callable[[], object]
    detail: str = ""
    subject: str = ""
    is_code: bool = False
    discards: bool = False
    fitted: Callable[[int], str] | None = None


class _Subject(QPlainTextEdit):
    """The subject's text, as high as its lines up to a limit."""

    _bar_px = 0
    """The height of the bar below lines that are not wrapped and too long."""
    _whole = ""
    """The text before its lines are cut."""
    _fitted: Callable[[int], str] | None = None

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "bare")  # On the sheet's own ground: what is asked has no frame in a frame.
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.document().setDocumentMargin(0)  # Its lines begin below the question.
        from_left = self.document().defaultTextOption()
        from_left.setTextDirection(Qt.LayoutDirection.LeftToRight)  # A name's script does not turn a whole line around.
        self.document().setDefaultTextOption(from_left)

    def show_text(self, text: str, *, is_code: bool, fitted: Callable[[int], str] | None) -> None:
        """Show code with its own lines, or other text with lines that are wrapped; see ``Question``."""
        wrapping = QPlainTextEdit.LineWrapMode
        self.setLineWrapMode(wrapping.NoWrap if is_code else wrapping.WidgetWidth)
        self.setFont(monospace_font() if is_code else font())
        self._whole, self._fitted = _readable(text), fitted
        room_px = ASK_PX - 2 * _BESIDE_PX
        widest = self._cut(room_px)
        self.setPlainText(widest)
        self._fit()
        longest = max(map(len, widest.splitlines()), default=0) if is_code else 0
        is_wide = longest * QFontMetrics(self.font()).averageCharWidth() > room_px
        self._bar_px = self.horizontalScrollBar().sizeHint().height() if is_wide else 0
        self.updateGeometry()

    def _cut(self, width_px: float) -> str:
        """The text with its lines cut to a width."""
        if self._fitted is None:
            return self._whole
        return _readable(self._fitted(int(width_px / QFontMetricsF(self.font()).horizontalAdvance("0"))))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if self._fitted is not None:
            text = self._cut(self.viewport().width() - 2 * self.document().documentMargin())
            if text != self.toPlainText():
                self.setPlainText(text)

    def viewportEvent(self, event: QEvent) -> bool:
        if not isinstance(event, QHelpEvent) or event.type() != QEvent.Type.ToolTip:
            return super().viewportEvent(event)
        block = self.cursorForPosition(event.pos()).block()
        whole = self._whole.split("\n")[block.blockNumber()]
        show_tooltip(event, "" if whole == block.text() else whole, self.viewport())
        return True

    def heightForWidth(self, width: int) -> int:
        line_px = _text_px("", self.font(), width)
        lines = self.blockCount()
        if self.lineWrapMode() != QPlainTextEdit.LineWrapMode.NoWrap:
            lines = round(_text_px(self.toPlainText(), self.font(), width - _BESIDE_PX) / line_px)
        return ceil(min(max(lines, 1), SUBJECT_LINES) * line_px) + _ABOVE_AND_BELOW_PX + self._bar_px

    def sizeHint(self) -> QSize:
        return QSize(ASK_PX, self.heightForWidth(ASK_PX))

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 0)


def _text_px(text: str, text_font: QFont, width_px: int) -> float:
    """The height of a text that is wrapped at a width. Its lines can be higher than the font's metrics say."""
    document = QTextDocument()
    document.setDefaultFont(text_font)
    document.setDocumentMargin(0)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    document.setDefaultTextOption(option)
    document.setPlainText(text)
    document.setTextWidth(width_px)
    return document.size().height()


class QuestionSheet(Sheet):
    """One question over its parent, with the keyboard focus.

    Enter means yes, unless yes discards something; Escape or a click outside means no. A user who goes on typing does
    not answer: Enter after a letter is dropped like the letter, and Space presses only a button that Tab has chosen.
    A newer question replaces the shown one, which counts as answered with no. The question is hidden and shown together
    with its page.
    """

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, page_texts.QUESTION(), ASK_PX)
        self.question: Question | None = None
        self._sight = InSight(self.body)
        self._typing = single_shot(self, KEYS_AFTER_MS)
        """Runs after a key that was meant for the program: so is an Enter or a space soon after it."""
        self._is_chosen = False
        """Whether Tab has chosen the button with the keyboard focus."""
        self.title = label("", "title", wraps=True)
        self.detail = label("", "secondary", wraps=True)
        self.subject = _Subject()
        self.subject.setReadOnly(True)
        self.subject.setAccessibleName(page_texts.TEXT_TO_CONFIRM())
        self.subject.setTabChangesFocus(True)
        self.no, self.yes = KeyButton(common_texts.CANCEL(), ""), KeyButton(common_texts.OK(), "primary")
        self.no.clicked.connect(lambda _checked: self.dismiss())
        self.yes.clicked.connect(lambda _checked: self.accept())
        self.no.set_name(common_texts.CANCEL(), chat_texts.ESCAPE_KEY())
        set_look(self.body, "asks", "true")
        for one in (self.no, self.yes):
            one.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
            one.installEventFilter(self)
            one.setAutoDefault(False)  # ``keyPressEvent`` handles Enter, since a key that is still held must not count.
        inner = QWidget()
        stack(QVBoxLayout(inner), self.title, self.subject, self.detail, None, gap=GAP_M_PX)
        self.scrolled = Scrolled(inner, MAX_PX, page_texts.QUESTION())
        self.lay_out(self.scrolled, button_row(self.no, self.yes), wide=self.scrolled)
        self.closed.connect(self._forget)

    def ask(self, question: Question) -> None:
        """Show a question in place of a shown one."""
        self.question = question
        self._is_chosen = False
        self._typing.stop()
        self._sight.begin()
        self.title.setText(question.text)
        show_text(self.detail, question.detail)
        self.subject.show_text(question.subject, is_code=question.is_code, fitted=question.fitted)
        self.subject.setVisible(bool(question.subject))
        self.yes.set_name(question.action, "" if question.discards else chat_texts.SENDS())
        self.yes.set_kind("danger" if question.discards else "primary")
        self.body.setAccessibleName(f"{question.text} {question.detail}".strip())
        self.open()
        self.take_focus()

    def complete(self, question: Question, text: str) -> None:
        """Change the line of a question of which more is known now, if it is still shown."""
        if self.question is question:
            self.title.setText(text)
            self.body.setAccessibleName(f"{text} {question.detail}".strip())

    def take_focus(self) -> None:
        """Give a button the keyboard focus: that for yes, unless it discards something."""
        discards = self.question is not None and self.question.discards
        (self.no if discards else self.yes).setFocus(Qt.FocusReason.OtherFocusReason)

    def accept(self) -> None:
        """Answer yes."""
        question = self.question
        self.dismiss()
        if question is not None:
            question.on_yes()

    def _forget(self) -> None:
        self.question = None

    def focusNextPrevChild(self, forward: bool) -> bool:
        self._is_chosen = True
        return super().focusNextPrevChild(forward)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        is_space = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Space
        if is_space and event.type() == QEvent.Type.KeyPress and (self._typing.isActive() or not self._is_chosen):
            self._typing.start()
            return True
        return super().eventFilter(watched, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self.isAncestorOf(self.window().focusWidget()):
            self.take_focus()  # If the click closes the question, its page gets the focus.
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _ANSWERS and not self._sight.takes_keys:
            return
        if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            if is_repeat(event):
                return  # An Enter that is still held was meant for the program.
            if self._typing.isActive():
                self._typing.start()
            elif self.no.hasFocus():
                self.dismiss()
            else:
                self.accept()
        elif key in _SCROLLING:
            self._scroll(key)
        elif key == Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif event.text():
            self._typing.start()
        # Drop other keys: the program must not get them while a question is open.

    def _scroll(self, key: Qt.Key) -> None:
        """Scroll the subject; in a low window, scroll everything above the buttons."""
        is_down = key in {Qt.Key.Key_Down, Qt.Key.Key_PageDown}
        for area in (self.subject, self.scrolled):
            bar = area.verticalScrollBar()
            by = bar.pageStep() if key in {Qt.Key.Key_PageUp, Qt.Key.Key_PageDown} else bar.singleStep()
            previous = bar.value()
            bar.setValue(previous + (by if is_down else -by))
            if bar.value() != previous:
                return


def _readable(text: str) -> str:
    """A text for display: control characters become visible, long texts are cut."""
    shown = "".join(
        character
        if " " <= character <= "~" or character in "\n\t" or (character.isprintable() and not is_invisible(character))
        else _visible(character)
        for character in text[:SUBJECT_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n")
    )
    more = len(text) - SUBJECT_CHARACTERS
    return f"{shown}\n… {page_texts.MORE_CHARACTERS(n=more)}" if more > 0 else shown


def _visible(character: str) -> str:
    code = ord(character)
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else "\N{REPLACEMENT CHARACTER}"
