"""The form of a request with questions: choices and fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QPushButton, QVBoxLayout, QWidget

from gui.input.keys import kind_of_answer
from gui.theme.controls import FlowLayout, caption
from gui.wording import chat_texts
from session_host.protocol.untrusted_text import escaped, legible, one_line
from session_host.structured.items import Question
from session_host.structured.takes import is_taken, taken_words

_STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_Left: -1}


class QuestionForm(QObject):
    """The answers that the user has given until now.

    Signals:
        changed: the user gave another answer.
        submitted: the user pressed Enter in a field or on a choice.
    """

    changed = Signal()
    submitted = Signal()

    def __init__(self, questions: Sequence[Question], parent: QWidget) -> None:
        """Make a form without widgets; ``add_answers`` makes those of a question."""
        super().__init__(parent)
        self._questions = questions
        self._texts: dict[str, QLineEdit] = {}
        self._chosen: dict[str, set[str]] = {question.id: set() for question in questions}
        """The chosen options of each question."""
        self._stops: list[list[QWidget]] = []
        """The choices and the field of each question, in the order in which arrow keys go through them."""
        self.first_stop: QWidget | None = None
        """The first choice or field, to which the keyboard goes; None without questions."""

    def add_answers(self, question: Question, column: QVBoxLayout, add_row: Callable[[], FlowLayout]) -> None:
        """Add a question's choices in a row of their own, and its field, to a column."""
        stops: list[QWidget] = []
        self._stops.append(stops)
        if question.options:
            row = add_row()
            for option, meaning in question.described():
                button = option_button(
                    chat_texts.CHOICE_AND_MEANING(choice=option, meaning=meaning) if meaning else option
                )
                button.setProperty("kind", "chip")
                button.setCheckable(True)
                button.setAutoExclusive(not question.several)
                button.toggled.connect(lambda on, option=option: self._select_option(question.id, option, on=on))
                button.installEventFilter(self)
                row.addWidget(button)
                stops.append(button)
        if question.free or not question.options:
            field = AnswerField()
            takes = taken_words(question)
            field.setPlaceholderText(chat_texts.YOUR_ANSWER_AS(takes=takes) if takes else chat_texts.YOUR_ANSWER())
            field.setAccessibleName(question.shown_text)
            field.setAccessibleDescription(takes)
            if question.secret:
                field.setEchoMode(QLineEdit.EchoMode.Password)
            field.textChanged.connect(self.changed)
            field.returnPressed.connect(self.submitted)
            self._texts[question.id] = field
            field.installEventFilter(self)
            column.addWidget(field)
            stops.append(field)
        self.first_stop = self.first_stop or stops[0]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter on a choice answers with it; where several can be chosen, with those that are. Arrows go on."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return super().eventFilter(watched, event)
        key = Qt.Key(event.key())
        if isinstance(watched, QPushButton):
            if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                if watched.autoExclusive():
                    watched.setChecked(True)
                self.submitted.emit()
                return True
            return key in _STEPS and self._go_on(watched, _STEPS[key])
        return key == Qt.Key.Key_Up and isinstance(watched, QLineEdit) and self._go_on(watched, -1)

    def _go_on(self, from_: QWidget, step: int) -> bool:
        """Move the keyboard to the next or previous choice or field of the question; returns whether there is one.

        As with Qt's own arrow keys, a choice that excludes the others takes the mark along.
        """
        stops = next(stops for stops in self._stops if from_ in stops)
        position = stops.index(from_) + step
        if not 0 <= position < len(stops):
            return False
        stop = stops[position]
        stop.setFocus(Qt.FocusReason.TabFocusReason if step > 0 else Qt.FocusReason.BacktabFocusReason)
        if isinstance(from_, QPushButton) and from_.autoExclusive() and isinstance(stop, QPushButton):
            stop.setChecked(from_.isChecked())
        return True

    def _select_option(self, question: str, option: str, *, on: bool) -> None:
        if on:
            self._chosen[question].add(option)
        else:
            self._chosen[question].discard(option)
        self.changed.emit()

    def answers(self) -> dict[str, str]:
        """The answers by the ids of their questions.

        A typed one replaces a chosen one; if there can be several, each is a line, in the order of the options.
        """
        return {each.id: "\n".join(given) for each in self._questions if (given := self._given(each))}

    def _given(self, question: Question) -> list[str]:
        field = self._texts.get(question.id)
        typed = [field.text()] if field is not None and field.text().strip() else []
        chosen = [option for option in question.options if option in self._chosen[question.id]]
        return [*chosen, *typed] if question.several else typed or chosen

    @property
    def hint(self) -> str:
        """Which questions have no answer yet, or one that they do not take; "" if all have one."""
        wrong = [each for each in self._questions if not is_taken(each, self._given(each))]
        missing = [_name(each) for each in wrong if not self._given(each)]
        if missing or not wrong:
            return chat_texts.still_to_answer(missing) if missing else ""
        return chat_texts.TAKES(question=_name(wrong[0]), takes=taken_words(wrong[0]))


def _name(question: Question) -> str:
    return one_line(legible(question.text.strip().split("\n")[0]))


class AnswerField(QLineEdit):
    """A field for a text; it leaves the keys that answer the request to the chat."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if kind_of_answer(event):
            event.ignore()
        else:
            super().keyPressEvent(event)


def option_button(name: str) -> QPushButton:
    """A button with a name that comes from the agent."""
    name = escaped(one_line(name))
    widget = QPushButton(caption(name))
    widget.setAccessibleName(name)
    widget.setAutoDefault(True)  # Enter presses the button that has the keyboard.
    return widget
