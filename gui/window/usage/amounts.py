"""The amounts at which the window asks before a turn: chosen from a list, or typed."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QLineEdit, QWidget

from gui.screen_readers import announce
from gui.settings.live import LiveSettings
from gui.settings.table import SETTINGS
from gui.theme.controls import set_look
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, font
from gui.window.widgets.parts import ChoiceBox, label, show_text
from gui.wording import usage_texts
from session_host.client.chats.settings import load_chat_settings
from session_host.errors import ConfigError
from session_host.standing.usage import number_words

_OFFERED = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
_SETTINGS = {"ask_at_chat": usage_texts.WHEN_CHAT, "ask_at_day": usage_texts.WHEN_DAY}
_BOX_PX = 116
_CARET_PX = 24


class Amounts(QWidget):
    """The amount for a chat and for a day; off at first. A value that is not offered is in the list, too."""

    def __init__(self, theme: Theme, settings: LiveSettings) -> None:
        super().__init__()
        self._settings = settings
        self.boxes: dict[str, AmountBox] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 36, 0, 0)
        grid.setVerticalSpacing(6)
        grid.setHorizontalSpacing(GAP_M_PX)
        grid.setColumnStretch(0, 1)
        head = label(usage_texts.ASK_BEFORE(), "heading")
        head.setFont(font(11, bold=True, capitals=True))
        grid.addWidget(head, 0, 0, 1, 2)
        for row, (name, text) in enumerate(_SETTINGS.items(), 1):
            box = self.boxes[name] = AmountBox(theme, usage_texts.ASK_WHEN(when=text()))
            box.chosen.connect(lambda typed, name=name: self._choose(name, typed))
            box.left.connect(self._show)
            grid.addWidget(label(text(), wraps=True), row, 0)
            grid.addWidget(box, row, 1, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(label(usage_texts.COUNTS(), "secondary", wraps=True), 3, 0, 1, 2)
        self._problem = label("", "problem", wraps=True)
        grid.addWidget(self._problem, 4, 0, 1, 2)
        settings.files_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        """Show the values of the file; what is being typed stays."""
        try:
            chosen = load_chat_settings(self._settings.directory)
        except ConfigError as error:
            show_text(self._problem, str(error))
            return
        if not any(box.is_invalid for box in self.boxes.values()):
            show_text(self._problem, "")
        for name, box in self.boxes.items():
            if not box.is_typed:
                box.show_amount(getattr(chosen, name))

    def _choose(self, name: str, typed: str) -> None:
        """Write what the user has chosen or typed; none removes the value."""
        box = self.boxes[name]
        [setting] = [each for each in SETTINGS if each.key == name]
        try:
            amount: float | None = float(typed.replace(",", ".")) if typed else 0.0  # Many keypads have a comma alone.
        except ValueError:
            amount = None
        problem = setting.kind.problem(amount)
        box.set_invalid(invalid=bool(problem))
        if problem:
            show_text(self._problem, usage_texts.NOT_AN_AMOUNT(problem=problem))
            announce(self._problem, self._problem.text())
            return
        box.is_typed = False
        try:
            self._settings.write({name: amount or None}, "chats")
        except ConfigError as error:
            show_text(self._problem, str(error))
        else:
            self._show()


class AmountBox(ChoiceBox):
    """A field for an amount, with a list of some.

    Signals:
        chosen(text): the user has chosen or typed an amount; "" for none.
        left: the user does not want what was typed.

    Attributes:
        is_typed: whether the field has a text that is not an amount yet.
        is_invalid: whether that text is refused.
    """

    chosen = Signal(str)
    left = Signal()

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme)
        self.is_typed = self.is_invalid = False
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setCompleter(None)  # type: ignore[arg-type]
        self.setFixedWidth(_BOX_PX)
        field = self.field
        field.setPlaceholderText(usage_texts.NO_AMOUNT())
        for each in (self, field):
            each.setAccessibleName(name)
        field.textEdited.connect(self._on_typed)
        field.editingFinished.connect(self._on_entered)
        self.activated.connect(self._on_chosen)

    @property
    def field(self) -> QLineEdit:
        """The field for the text."""
        field = self.lineEdit()
        assert field is not None
        return field

    def show_amount(self, amount: float) -> None:
        """Show an amount, 0 for none, and offer it with the others."""
        self.set_invalid(invalid=False)
        self.clear()
        self.addItem(usage_texts.NO_AMOUNT(), 0.0)
        for each in sorted({*_OFFERED, amount} - {0.0}):
            self.addItem(number_words(each).replace(",", ""), each)
        self.setCurrentIndex(self.findData(amount))
        if not amount:
            self.setEditText("")

    def set_invalid(self, *, invalid: bool) -> None:
        """Show whether what was typed is refused."""
        if invalid != self.is_invalid:
            self.is_invalid = invalid
            set_look(self, "invalid", invalid)

    def _on_typed(self) -> None:
        self.is_typed = True

    def _on_entered(self) -> None:
        if self.is_typed:
            self.chosen.emit(self.field.text().strip())

    def _on_chosen(self, index: int) -> None:
        self.is_typed = False
        self.chosen.emit(repr(self.itemData(index)) if index else "")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.is_typed:
            self.is_typed = False
            self.set_invalid(invalid=False)
            self.left.emit()
            return
        super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Open the list at the caret, which Qt does not draw."""
        if event.position().x() >= self.width() - _CARET_PX:
            self.showPopup()
            return
        super().mousePressEvent(event)
