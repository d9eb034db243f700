"""The form of a request with questions: one after the other, each with choices and a field."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QPushButton, QVBoxLayout, QWidget

from gui.input.held_keys import is_repeat
from gui.theme.theme import Theme
from gui.wording import chat_texts
from session_host.protocol.untrusted_text import escaped, legible, one_line
from session_host.structured.items import Question
from session_host.structured.takes import is_taken, taken_words

from .answers import AnswerField, ChoiceRow

_STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_Left: -1}
_DIGITS = 9
"""More choices have no key."""


class QuestionForm(QObject):
    """The answers that the user has given until now, and the widgets of one question after the other.

    Attributes:
        area: the rows of the shown question.
        number: the number of the shown question.

    Signals:
        changed: the user gave another answer.
        submitted: the user pressed Enter in a field or on a choice.
        stepped: another question is shown.
    """

    changed = Signal()
    submitted = Signal()
    stepped = Signal()

    def __init__(self, questions: Sequence[Question], theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._questions = questions
        self.number = 0
        self.area = QWidget(parent)
        column = QVBoxLayout(self.area)
        column.setContentsMargins(0, 0, 0, 0)
        self._fields: dict[str, AnswerField] = {}
        self._rows: dict[str, list[ChoiceRow]] = {question.id: [] for question in questions}
        self._chosen: dict[str, set[str]] = {question.id: set() for question in questions}
        """The chosen options of each question."""
        self._pages: list[QWidget] = []
        for question in questions:
            self._pages.append(page := QWidget())
            self._add_answers(question, page, theme)
            page.setVisible(len(self._pages) == 1)
            column.addWidget(page)

    def _add_answers(self, question: Question, page: QWidget, theme: Theme) -> None:
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for number, (option, meaning) in enumerate(question.described(), 1):
            digit = str(number) if number <= _DIGITS else ""
            row = ChoiceRow(theme, escaped(one_line(option)), escaped(one_line(meaning)), digit)
            row.setCheckable(True)
            row.setAutoExclusive(not question.several)
            row.toggled.connect(lambda on, option=option: self._select_option(question.id, option, on=on))
            row.installEventFilter(self)
            column.addWidget(row)
            self._rows[question.id].append(row)
        if question.free or not question.options:
            field = AnswerField()
            takes = taken_words(question)
            words = chat_texts.SOMETHING_ELSE() if question.options else chat_texts.YOUR_ANSWER()
            field.setPlaceholderText(chat_texts.YOUR_ANSWER_AS(takes=takes) if takes else words)
            field.setAccessibleName(question.shown_text)
            field.setAccessibleDescription(takes)
            if question.secret:
                field.setEchoMode(QLineEdit.EchoMode.Password)
            field.textChanged.connect(self.changed)
            field.returnPressed.connect(self.submitted)
            field.installEventFilter(self)
            self._fields[question.id] = field

    # ------------------------------------------------------------ the shown question

    @property
    def question(self) -> Question:
        """The shown question."""
        return self._questions[self.number]

    @property
    def field(self) -> AnswerField | None:
        """The field of the shown question, which is not in the area; None without one."""
        return self._fields.get(self.question.id)

    @property
    def fields(self) -> list[AnswerField]:
        """The fields of all questions."""
        return list(self._fields.values())

    @property
    def rows(self) -> list[ChoiceRow]:
        """The choices of the shown question."""
        return self._rows[self.question.id]

    @property
    def stops(self) -> list[QWidget]:
        """The choices and the field of the shown question, in the order in which arrow keys go through them."""
        return [*self.rows, *([self.field] if self.field is not None else [])]

    @property
    def all_stops(self) -> list[QWidget]:
        """The choices and the fields of all questions."""
        fields = self._fields
        return [
            stop
            for each in self._questions
            for stop in (*self._rows[each.id], *([fields[each.id]] if each.id in fields else []))
        ]

    @property
    def is_last(self) -> bool:
        """Whether no question follows the shown one."""
        return self.number == len(self._questions) - 1

    def step(self, by: int) -> None:
        """Show the next question, or the previous one."""
        self._pages[self.number].hide()
        self.number += by
        self._pages[self.number].show()
        self.stepped.emit()

    def choose(self, digit: int) -> bool:
        """Choose by a digit; returns whether there is such a choice."""
        rows = self.rows
        if not 1 <= digit <= min(len(rows), _DIGITS):
            return False
        row = rows[digit - 1]
        row.setFocus(Qt.FocusReason.TabFocusReason)
        row.click()
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter on a choice answers with it; where several can be chosen, with those that are. Arrows go on."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return super().eventFilter(watched, event)
        key = Qt.Key(event.key())
        is_enter = key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}
        if is_enter and is_repeat(event):
            return True  # The key that has answered the question before is still held.
        if isinstance(watched, QPushButton):
            if is_enter:
                if watched.autoExclusive():
                    watched.setChecked(True)
                self.submitted.emit()
                return True
            if not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier and event.text().isdecimal():
                return self.choose(int(event.text()))
            return key in _STEPS and self._go_on(watched, _STEPS[key])
        return key == Qt.Key.Key_Up and isinstance(watched, QLineEdit) and self._go_on(watched, -1)

    def _go_on(self, from_: QWidget, step: int) -> bool:
        """Move the keyboard to the next or previous choice or field of the question; returns whether there is one.

        As with Qt's own arrow keys, a choice that excludes the others takes the mark along.
        """
        stops = self.stops
        position = stops.index(from_) + step
        if not 0 <= position < len(stops):
            return False
        stop = stops[position]
        stop.setFocus(Qt.FocusReason.TabFocusReason if step > 0 else Qt.FocusReason.BacktabFocusReason)
        if isinstance(from_, QPushButton) and from_.autoExclusive() and isinstance(stop, QPushButton):
            stop.setChecked(from_.isChecked())
        return True

    # ------------------------------------------------------------ the answers

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
        field = self._fields.get(question.id)
        typed = [field.text()] if field is not None and field.text().strip() else []
        chosen = [option for option in question.options if option in self._chosen[question.id]]
        return [*chosen, *typed] if question.several else typed or chosen

    @property
    def is_begun(self) -> bool:
        """Whether the shown question has an answer."""
        return bool(self._given(self.question))

    @property
    def hint(self) -> str:
        """What the shown question still needs, or does not take; "" if its answer is good."""
        if not self._questions:
            return ""
        question = self.question
        if is_taken(question, given := self._given(question)):
            return ""
        name = one_line(legible(question.text.strip().split("\n")[0]))
        if not given:
            return chat_texts.still_to_answer(name)
        return chat_texts.TAKES(question=name, takes=taken_words(question))
